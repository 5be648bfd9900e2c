//! The tracker in a whole page, in a real Chromium: its start, its events, its frames and its
//! storage. `tests/bench/page.mjs` measures; this prepares what it needs.

use std::fs;

use anyhow::Result;
use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use serde_json::json;

use super::model;
use crate::workspace::{Workspace, run as run_command};
use crate::{assets, peers, tools};

const BENCH: &str = "tests/bench/page.mjs";
/// Segments of a site that has rules of its own.
const SEGMENTS: usize = 100;

/// What the user can choose.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// One JSON object a line in place of the tables.
    #[arg(long)]
    json: bool,
    /// This measurement only; may be given more than once.
    #[arg(long, value_name = "MEASUREMENT", value_parser = ["start", "events", "frames", "storage"])]
    only: Vec<String>,
    /// Rounds, in each of which everything is measured once.
    #[arg(long, value_name = "NUMBER")]
    rounds: Option<u32>,
    /// Leaves the peers out: needs nothing from npm's registry.
    #[arg(long)]
    alone: bool,
}

pub(super) fn run(workspace: &Workspace, short: bool, options: &Options) -> Result<()> {
    let chromium = tools::ensure_chromium(workspace)?;
    assets::build(workspace)?;
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let of = |rules: bool, segments: usize, model: &Model| json!({ "rules": rules, "segments": segments, "text": model.to_text() });
    // A site as it comes, and one with interests, segments and stages of its own.
    let models = [
        of(false, 0, &Model::default()),
        of(true, SEGMENTS, &model::model(SEGMENTS)),
    ];
    let models_file = folder.join("models.json");
    fs::write(&models_file, json!(models).to_string())?;

    let alone = short || options.alone;
    let mut command = workspace.command("node");
    if !alone {
        command.env("FIRSTGLANCE_PEERS", peers::ensure(workspace)?);
    }
    command
        .arg(BENCH)
        .env("FIRSTGLANCE_ASSETS", workspace.assets())
        .env("FIRSTGLANCE_MODELS", models_file)
        .env("CHROMIUM", chromium);
    for (given, flag) in [
        (short, "--short"),
        (options.json, "--json"),
        (alone, "--alone"),
    ] {
        if given {
            command.arg(flag);
        }
    }
    for measurement in &options.only {
        command.args(["--only", measurement]);
    }
    if let Some(rounds) = options.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    run_command(&mut command)
}
