//! Everything that continuous integration runs, as named steps.
//!
//! A failed step does not stop the others, except those that need its result. Each step brings
//! what it needs, so that any of them can be run alone. Several run as processes of their own, side by
//! side (`plan`); what each of them says is shown as a whole, in the order of the steps (`lanes`).
//! Never changes a source file.

mod lanes;
mod plan;
mod steps;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use crate::workspace::Workspace;
use lanes::{Done, Lanes};
use plan::{Outcome, Plan};
use steps::{STEPS, Step};

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs this step only; may be given more than once.
    #[arg(long, value_name = "STEP", value_parser = step_names())]
    only: Vec<String>,
    /// Lists the steps and runs nothing.
    #[arg(long)]
    list: bool,
    /// What the steps of a run are started with: plays one of them and says nothing of its own.
    #[arg(long, hide = true, value_name = "STEP", value_parser = step_names())]
    play: Option<String>,
}

fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.iter().map(|step| step.name))
}

/// Runs the steps; false when one failed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    if options.list {
        for step in STEPS {
            println!("{:<16} {}", step.name, step.what);
        }
        return Ok(true);
    }
    if let Some(name) = &options.play {
        let mut played = STEPS.iter().filter(|step| step.name == name);
        played.try_for_each(|step| (step.run)(workspace))?;
        return Ok(true);
    }
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name))
        .collect();

    let begun = Instant::now();
    let done = Lanes::new(workspace, Plan::new(steps), begun)?.run()?;
    let (summary, sound) = summary(&done, begun.elapsed());
    print!("\n{summary}");
    Ok(sound)
}

/// A line a step, then the count, which counts a step that could not run as failed.
fn summary(done: &[Done], whole: Duration) -> (String, bool) {
    let mut text = String::new();
    let mut failed = 0;
    for (step, outcome, took) in done {
        let word = match outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotRun(_) => "NOT RUN",
        };
        failed += usize::from(!matches!(outcome, Outcome::Passed));
        text += &format!("{:<16} {word:<8} {:>8}\n", step.name, clock(*took));
    }
    text += &format!("{:<25} {:>8}\n", "side by side", clock(whole));
    text += &format!("{} passed, {failed} failed\n", done.len() - failed);
    (text, failed == 0)
}

/// Minutes and seconds.
fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_the_steps() {
        let took = Duration::from_secs(61);
        let (text, sound) = summary(
            &[
                (&STEPS[0], Outcome::Passed, took),
                (&STEPS[1], Outcome::Failed, took),
                (&STEPS[5], Outcome::NotRun(STEPS[1].name), took),
            ],
            2 * took,
        );
        assert!(!sound);
        assert!(text.contains("assets           FAILED      01:01\n"));
        assert!(text.ends_with("side by side                 02:02\n1 passed, 2 failed\n"));
        let (text, sound) = summary(&[(&STEPS[0], Outcome::Passed, took)], took);
        assert!(sound && text.ends_with("\n1 passed, 0 failed\n"));
    }
}
