//! One event in the page's module, by itself in a real Chromium: what the engine alone costs there.

use std::fs;

use anyhow::{Context, Result};
use firstglance_engine::codec::Encode as _;
use serde_json::{Value, json};

use super::model;
use crate::parity::modules;
use crate::tools;
use crate::workspace::{Workspace, capture};

const CHROMIUM_LOOP: &str = "tests/browser/engine-bench.mjs";
/// Segments of the model, and what one event may cost with them.
const SEGMENTS: usize = 100;
const BUDGET_MICROSECONDS: f64 = 50.0;

pub(super) fn run(workspace: &Workspace, short: bool) -> Result<()> {
    let measured = measure(workspace, short)?;
    let number = |name: &str| {
        measured
            .get(name)
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    };
    println!(
        "\none event and snapshot in Chromium, {SEGMENTS} segments, {} events: median {:.1} µs, \
         95th percentile {:.1} µs (budget {BUDGET_MICROSECONDS} µs: {})",
        number("events"),
        number("median"),
        number("p95"),
        if number("median") <= BUDGET_MICROSECONDS {
            "held"
        } else {
            "NOT held"
        },
    );
    println!(
        "of which take_in {:.1} µs, snapshot {:.1} µs; without segments {:.1} µs",
        number("takeIn"),
        number("snapshot"),
        number("without"),
    );
    Ok(())
}

fn measure(workspace: &Workspace, short: bool) -> Result<Value> {
    let chromium = tools::ensure_chromium(workspace)?;
    modules::build(workspace, "ordinary", &["rules"])?;
    let folder = modules::folder(workspace);
    let given = json!({
        "model": model::model(SEGMENTS).to_text(),
        "without": model::model(0).to_text(),
        "topics": model::TOPICS,
        "events": if short { 2_000 } else { 6_000 },
    });
    fs::write(folder.join("bench.json"), given.to_string())?;
    let text = capture(
        workspace
            .command("node")
            .arg(CHROMIUM_LOOP)
            .env("FIRSTGLANCE_PROOF", &folder)
            .env("CHROMIUM", chromium),
    )?;
    serde_json::from_str(&text).context("the loop in Chromium did not answer in JSON")
}
