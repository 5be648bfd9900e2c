//! The proof that page and collector give the same answer: random streams of events, folded here as
//! messages, the collector's way, and in a real Chromium by the page's module. Snapshots are
//! compared as texts, and so is what is to be seen in slots; interests, scores and all values of
//! programs to the bit; explanations and, where both explain, the profiles themselves.
//!
//! Never compares with expectations of its own: the page's answer is held against the collector's.

mod models;
pub(crate) mod modules;
mod streams;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Result, anyhow};
use firstglance_engine::codec::{Encode as _, Writer};
use firstglance_engine::content::decide;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::{Evaluation, Model, Profile, Timestamp};
use firstglance_tracker::explain::{answer, write_parts};
use firstglance_tracker::{content, told};
use serde_json::json;

use crate::random::{Random, seed_of_now};
use crate::tools;
use crate::workspace::{Workspace, run as run_command};
use streams::Visitor;

/// The test that replays the streams.
pub(crate) const TEST: &str = "tests/browser/parity.test.mjs";
/// Events of a stream at most.
const MOST_EVENTS: usize = 60;
/// After so many events the page's snapshot is compared.
const LOOK_EACH: u64 = 4;
/// How long after the last event the results are compared: at once, and when much has decayed.
const LATER: [i64; 4] = [0, 61_000, 5_000_000_000, 60_000_000_000];

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many streams.
    #[arg(long, default_value_t = 3_000)]
    pub(crate) streams: u64,
    /// Repeats the streams of an earlier run.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// Generates the streams, folds them here and has them replayed in Chromium.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let chromium = tools::ensure_chromium(workspace)?;
    modules::build(workspace, "ordinary", &["rules"])?;
    modules::build(workspace, "explained", &["rules", "explain"])?;
    let seed = options.seed.unwrap_or_else(seed_of_now);
    println!("{} streams, seed {seed}", options.streams);
    let folder = modules::folder(workspace);
    let cases = folder.join("streams.ndjson");
    write_cases(&cases, options.streams, seed)?;
    run_command(
        workspace
            .command("node")
            .args(["--test", TEST])
            .env("FIRSTGLANCE_PROOF", &folder)
            .env("CHROMIUM", chromium),
    )
}

fn write_cases(path: &Path, streams: u64, seed: u64) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for number in 0..streams {
        // A seed each, so that a stream stays what it is when others are added.
        let mut random = Random::new(seed.wrapping_add(number.wrapping_mul(0x1_0000_0001)));
        let case = case(&mut random).map_err(|error| anyhow!("stream {number}: {error}"))?;
        writeln!(out, "{case}")?;
    }
    out.flush()?;
    Ok(())
}

/// One stream with what it comes to.
fn case(random: &mut Random) -> Result<serde_json::Value> {
    let model = models::model(random);
    let mut parts = Writer::default();
    write_parts(&model, &mut parts);
    let mut visitor = Visitor::new(random);
    let mut profile = Profile::new();
    let mut evaluation = Evaluation::new();
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    let mut steps = Vec::new();
    for _ in 0..=random.place(MOST_EVENTS) {
        let step = visitor.step(random);
        let message = read_message(&step.message, None, &SharedFields::default(), clock)
            .map_err(|refusal| anyhow!("{}: {}", refusal.detail, step.message))?;
        profile.fold_with(&message, &model, &mut evaluation, &mut |_, _, _| {});
        let looked = random.below(LOOK_EACH) == 0;
        steps.push(json!({
            "at": step.at,
            "fields": step.fields,
            "values": step.values,
            "numbers": step.numbers,
            "message": step.message,
            // The next page begins with what was kept.
            "reload": random.below(8) == 0,
            "snapshot": looked.then(|| snapshot(&mut evaluation, &profile, &model, step.at)),
        }));
    }
    let mut asks = Vec::new();
    for later in LATER {
        let at = profile.last_seen.as_milliseconds() as i64 + later;
        let now = Timestamp::from_milliseconds(at);
        asks.push(json!({
            "at": at,
            "snapshot": snapshot(&mut evaluation, &profile, &model, at),
            "decisions": decisions(random, &evaluation, &model),
            "answer": answer(&mut evaluation, &profile, &model, now),
        }));
    }
    Ok(json!({
        "model": model.to_text(),
        "parts": parts.into_text(),
        "steps": steps,
        "asks": asks,
    }))
}

/// What a visitor of some name sees in each slot, as the page asks for it and is answered.
fn decisions(random: &mut Random, evaluation: &Evaluation, model: &Model) -> Vec<[String; 2]> {
    let mut all = Vec::new();
    for id in models::SLOTS {
        let visitor = format!("visitor-{}", random.below(10_000));
        let own = ["", "own\n", "own\nother\n"][random.place(3)];
        let told = model.slot(id).map_or_else(String::new, |slot| {
            let now = evaluation.now;
            content::told(&decide(slot, model, evaluation, &visitor, now, own))
        });
        all.push([format!("{visitor}\0{id}\0{own}"), told]);
    }
    all
}

/// What the page's module answers where the collector's own fold is in it.
fn snapshot(evaluation: &mut Evaluation, profile: &Profile, model: &Model, at: i64) -> String {
    evaluation.update(profile, model, Timestamp::from_milliseconds(at), 0);
    told(evaluation, profile, model)
}
