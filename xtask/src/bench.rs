//! The benchmarks as one table: criterion's own on this machine, the size of profiles, and one
//! event in the page's module in a real Chromium. Never fails because something is slow.

use std::fs;

use anyhow::{Context, Result};
use firstglance_engine::codec::Encode as _;
use serde_json::{Value, json};

use crate::parity::modules;
use crate::tools;
use crate::workspace::{Workspace, capture, run as run_command};

/// The model that the engine's own benchmarks use.
#[path = "../../engine/benches/visitor/model.rs"]
mod model;

const CHROMIUM_LOOP: &str = "tests/browser/engine-bench.mjs";
const SEGMENTS: [usize; 3] = [10, 100, 1_000];
/// Segments of the model in Chromium, and what one event may cost there.
const PAGE_SEGMENTS: usize = 100;
const PAGE_BUDGET_MICROSECONDS: f64 = 50.0;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fewer and shorter rounds, as continuous integration wants them.
    #[arg(long)]
    pub(crate) short: bool,
    /// Only the page's module in Chromium.
    #[arg(long)]
    pub(crate) page: bool,
}

/// Runs all of them and prints the table.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.page {
        print_page(&in_chromium(workspace, options.short)?);
        return Ok(());
    }
    let bench = |name: &str| {
        let mut command = workspace.cargo();
        command
            .args(["bench", "--quiet", "--package", "firstglance-engine"])
            .args(["--features", "explain", "--bench", name, "--"]);
        command
    };
    let (warm_up, measure) = if options.short {
        ("0.2", "0.5")
    } else {
        ("1", "4")
    };
    run_command(
        bench("evaluation")
            .args(["--warm-up-time", warm_up, "--measurement-time", measure])
            .args(["--output-format", "bencher"]),
    )?;
    let mut memory = bench("memory");
    if options.short {
        memory.arg("--short");
    }
    let memory = capture(&mut memory)?;
    let page = in_chromium(workspace, options.short)?;

    let fold = median(workspace, "fold_page view")?;
    println!("\n{:<34}{:>12}{:>12}", "", "median µs", "of a fold");
    let row = |name: &str, time: f64| println!("{name:<34}{time:>12.2}{:>12.1}", time / fold);
    row("fold of a page view", fold);
    for segments in SEGMENTS {
        let full = median(workspace, &format!("full_{segments}"))?;
        row(&format!("{segments} segments, all of them"), full);
        for event in ["view", "search"] {
            let time = median(workspace, &format!("incremental {event}_{segments}"))?;
            row(&format!("{segments} segments, after a {event}"), time);
            println!("{:<34}{:>12.2} of all", "", time / full);
        }
    }
    println!("\n{:<34}{:>12}{:>12}", "profile after", "text", "in memory");
    for line in memory.lines() {
        let mut numbers = line.split(' ');
        let mut next = || numbers.next().unwrap_or_default();
        println!(
            "{:<34}{:>10} B{:>10} B",
            format!("{} events", next()),
            next(),
            next()
        );
    }
    print_page(&page);
    Ok(())
}

fn print_page(page: &Value) {
    let number = |name: &str| page.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    println!(
        "\none event and snapshot in Chromium, {PAGE_SEGMENTS} segments, {} events: median {:.1} µs, \
         95th percentile {:.1} µs (budget {PAGE_BUDGET_MICROSECONDS} µs: {})",
        number("events"),
        number("median"),
        number("p95"),
        if number("median") <= PAGE_BUDGET_MICROSECONDS {
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
}

/// Criterion's median, in microseconds.
fn median(workspace: &Workspace, name: &str) -> Result<f64> {
    let path = workspace
        .target
        .join("criterion")
        .join(name)
        .join("new/estimates.json");
    let path = if path.exists() {
        path
    } else {
        // A name with a slash is a folder in a folder.
        let name = name.replacen('_', "/", 1);
        workspace
            .target
            .join("criterion")
            .join(name)
            .join("new/estimates.json")
    };
    let text = fs::read_to_string(&path).with_context(|| format!("no file {}", path.display()))?;
    let estimates: Value = serde_json::from_str(&text)?;
    let nanoseconds = estimates
        .pointer("/median/point_estimate")
        .and_then(Value::as_f64);
    Ok(nanoseconds.context("criterion's estimates have no median")? / 1_000.0)
}

fn in_chromium(workspace: &Workspace, short: bool) -> Result<Value> {
    let chromium = tools::ensure_chromium(workspace)?;
    modules::build(workspace, "ordinary", &["rules"])?;
    let folder = modules::folder(workspace);
    let given = json!({
        "model": model::model(PAGE_SEGMENTS).to_text(),
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
