//! The engine on this machine: criterion's own figures and the size of profiles, as one table of
//! ratios to the fold of one page view.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace::{Workspace, capture, run as run_command};

const SEGMENTS: [usize; 3] = [10, 100, 1_000];

/// The programs, one by criterion and one by itself.
const PROGRAMS: [&str; 2] = ["evaluation", "memory"];

fn command(workspace: &Workspace, programs: &[&str], short: bool) -> Command {
    let profile = if short { "bench-short" } else { "bench" };
    let mut command = workspace.cargo();
    command
        .args(["bench", "--quiet", "--package", "firstglance-engine"])
        .args(["--features", "explain", "--profile", profile])
        .args(programs.iter().flat_map(|name| ["--bench", name]));
    command
}

/// Compiles both for a short round.
pub(super) fn prepare(workspace: &Workspace) -> Result<()> {
    run_command(command(workspace, &PROGRAMS, true).arg("--no-run"))
}

pub(super) fn run(workspace: &Workspace, short: bool) -> Result<()> {
    let [evaluation, memory] = PROGRAMS;
    let bench = |name: &str| {
        let mut command = command(workspace, &[name], short);
        command.arg("--");
        command
    };
    let (warm_up, measure) = if short { ("0.2", "0.5") } else { ("1", "4") };
    run_command(
        bench(evaluation)
            .args(["--warm-up-time", warm_up, "--measurement-time", measure])
            .args(["--output-format", "bencher"]),
    )?;
    let mut memory = bench(memory);
    if short {
        memory.arg("--short");
    }
    let memory = capture(&mut memory)?;

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
    Ok(())
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
