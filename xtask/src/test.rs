//! Everything that continuous integration runs, as named steps.
//!
//! A failed step does not stop the others, except those that need its result. Each step brings
//! what it needs, so that any of them can be run alone. Steps run in turn; while those run that wait
//! for browsers, the fuzz targets are compiled behind them. Never changes a source file.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use crate::tools::{self, WASM_TARGET};
use crate::workspace::{Workspace, run as run_command};
use crate::{
    assets, bench, book, browser, build, figures, fuzz, kill_loop, loss, openapi, parity, proof,
    recipes, sdks, size,
};

/// Projects of the types' tests: without React, and with it.
const TYPE_TESTS: [&str; 2] = [
    "tests/types/tsconfig.json",
    "tests/types/tsconfig.react.json",
];
const KILL_ROUNDS: u64 = 5;
const PARITY_STREAMS: u64 = 300;
const FUZZ_MINUTES: f64 = 1.0 / 12.0;

struct Step {
    name: &'static str,
    what: &'static str,
    /// Steps without whose result this one would only fail again.
    needs: &'static [&'static str],
    run: fn(&Workspace) -> Result<()>,
}

const STEPS: [Step; 20] = [
    Step {
        name: "format",
        what: "cargo fmt --check",
        needs: &[],
        run: format,
    },
    Step {
        name: "assets",
        what: "what a page loads: loader, glue and WebAssembly",
        needs: &[],
        run: |workspace| assets::build(workspace).map(drop),
    },
    Step {
        name: "clippy",
        what: "clippy on everything, warnings are errors",
        needs: &[],
        run: clippy,
    },
    Step {
        name: "clippy-tracker",
        what: "clippy on the tracker as WebAssembly",
        needs: &[],
        run: clippy_tracker,
    },
    Step {
        name: "cargo-test",
        what: "cargo test --workspace",
        needs: &[],
        run: |workspace| {
            // The list of robots is one of them.
            tools::ensure_npm_packages(workspace)?;
            run_command(workspace.cargo().args(["test", "--workspace"]))
        },
    },
    Step {
        name: "build",
        what: "the release binary",
        needs: &["assets"],
        run: |workspace| build::build(workspace).map(drop),
    },
    Step {
        name: "size",
        what: "the size budget",
        needs: &["assets"],
        run: |workspace| size::report(&assets::build(workspace)?),
    },
    Step {
        name: "browser",
        what: "the page's modules in node, and the tests in a real Chromium",
        needs: &["build"],
        run: browser::run,
    },
    Step {
        name: "types",
        what: "the declarations for TypeScript: right uses compile, wrong ones do not",
        needs: &[],
        run: types,
    },
    Step {
        name: "recipes",
        what: "the recipes' sites, those that are built quickly",
        needs: &["build"],
        run: |workspace| {
            let options = recipes::Options {
                short: true,
                site: Vec::new(),
            };
            recipes::run(workspace, &options)
        },
    },
    Step {
        name: "loss",
        what: "nothing is lost in a real Chromium, the quick cases",
        needs: &["build"],
        run: loss,
    },
    Step {
        name: "sdks",
        what: "Segment's libraries, unmodified, against the collector",
        needs: &["build"],
        run: |workspace| sdks::run(workspace, &sdks::Options::default()),
    },
    Step {
        name: "openapi",
        what: "what /openapi.json says is true, few examples of each",
        needs: &["build"],
        run: |workspace| openapi::run(workspace, &openapi::Options::short()),
    },
    Step {
        name: "figures",
        what: "every figure of the console against a count of the exported messages",
        needs: &["build"],
        run: |workspace| {
            let binary = Some(workspace.collector());
            figures::run(workspace, &figures::Options::short(binary))
        },
    },
    Step {
        name: "book",
        what: "the book: no link in it leads nowhere",
        needs: &["build"],
        run: |workspace| {
            let binary = Some(workspace.collector());
            book::run(workspace, &book::Options { binary }).map(drop)
        },
    },
    Step {
        name: "kill-loop",
        what: "a short round of the crash proof",
        needs: &["build"],
        run: kill,
    },
    Step {
        name: "proof",
        what: "short rounds of what the collector promises when things go wrong",
        needs: &["build"],
        run: |workspace| proof::run(workspace, &proof::Options::short()),
    },
    Step {
        name: "parity",
        what: "page and collector give the same answer, a short round",
        needs: &[],
        run: |workspace| {
            let options = parity::Options {
                streams: PARITY_STREAMS,
                seed: None,
            };
            parity::run(workspace, &options)
        },
    },
    Step {
        name: "bench",
        what: "the benchmarks, a short round",
        needs: &[],
        run: |workspace| {
            let options = bench::Options {
                short: true,
                part: None,
            };
            bench::run(workspace, &options)
        },
    },
    Step {
        name: "fuzz",
        what: "the fuzz targets, five seconds each",
        needs: &[],
        run: |workspace| {
            let options = fuzz::Options {
                minutes: FUZZ_MINUTES,
                target: Vec::new(),
                jobs: 2,
            };
            fuzz::run(workspace, &options)
        },
    },
];

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Runs this step only; may be given more than once.
    #[arg(long, value_name = "STEP", value_parser = step_names())]
    only: Vec<String>,
    /// Lists the steps and runs nothing.
    #[arg(long)]
    list: bool,
}

fn step_names() -> PossibleValuesParser {
    PossibleValuesParser::new(STEPS.iter().map(|step| step.name))
}

enum Outcome {
    Passed,
    Failed,
    /// A step that it needs failed.
    NotRun,
}

/// Runs the steps; false when one failed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> bool {
    if options.list {
        for step in &STEPS {
            println!("{:<16} {}", step.name, step.what);
        }
        return true;
    }
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|name| name == step.name))
        .collect();

    std::thread::scope(|scope| {
        let mut ahead = None;
        run_steps(&steps, |step| {
            // What the browser's steps leave of two cores is enough to compile them in.
            if step.name == "browser" && steps.iter().any(|step| step.name == "fuzz") {
                ahead = Some(scope.spawn(|| fuzz::build_ahead(workspace)));
            }
            // What came of it the step says itself.
            if step.name == "fuzz"
                && let Some(ahead) = ahead.take()
            {
                drop(ahead.join());
            }
            (step.run)(workspace)
        })
    })
}

/// Runs steps in turn; false when one failed.
fn run_steps(steps: &[&Step], mut play: impl FnMut(&Step) -> Result<()>) -> bool {
    let begun = Instant::now();
    let mut outcomes: Vec<(&Step, Outcome, Duration)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!(
            "\n== {} ({} of {}, {} elapsed): {}",
            step.name,
            number + 1,
            steps.len(),
            clock(begun.elapsed()),
            step.what
        );
        let missing = step.needs.iter().find(|needed| {
            outcomes.iter().any(|(earlier, outcome, _)| {
                earlier.name == **needed && !matches!(outcome, Outcome::Passed)
            })
        });
        let step_begun = Instant::now();
        let outcome = if let Some(missing) = missing {
            println!("not run, because {missing} did not pass");
            Outcome::NotRun
        } else if let Err(error) = play(step) {
            println!("{} failed: {error:#}", step.name);
            Outcome::Failed
        } else {
            Outcome::Passed
        };
        outcomes.push((step, outcome, step_begun.elapsed()));
    }

    let (summary, sound) = summary(&outcomes);
    print!("\n{summary}");
    sound
}

/// A line a step, then the count, which counts a step that could not run as failed.
fn summary(outcomes: &[(&Step, Outcome, Duration)]) -> (String, bool) {
    let mut text = String::new();
    let mut failed = 0;
    for (step, outcome, took) in outcomes {
        let word = match outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::NotRun => "NOT RUN",
        };
        failed += usize::from(!matches!(outcome, Outcome::Passed));
        text += &format!("{:<16} {word:<8} {:>8}\n", step.name, clock(*took));
    }
    text += &format!("{} passed, {failed} failed\n", outcomes.len() - failed);
    (text, failed == 0)
}

fn format(workspace: &Workspace) -> Result<()> {
    tools::ensure_component(workspace, "rustfmt", "fmt")?;
    run_command(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    tools::ensure_component(workspace, "clippy", "clippy")?;
    run_command(workspace.cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn clippy_tracker(workspace: &Workspace) -> Result<()> {
    tools::ensure_component(workspace, "clippy", "clippy")?;
    tools::ensure_wasm_target(workspace)?;
    run_command(
        workspace
            .cargo()
            .args(["clippy", "--package", "firstglance-tracker"])
            .args(["--target", WASM_TARGET, "--", "-D", "warnings"]),
    )
}

fn types(workspace: &Workspace) -> Result<()> {
    tools::ensure_npm_packages(workspace)?;
    TYPE_TESTS.iter().try_for_each(|project| {
        run_command(tools::node_tool(workspace, "tsc").args(["--project", project]))
    })
}

fn loss(workspace: &Workspace) -> Result<()> {
    build::build(workspace)?;
    loss::run(workspace, &loss::Options::short(workspace.collector()))
}

fn kill(workspace: &Workspace) -> Result<()> {
    kill_loop::run(
        workspace,
        &kill_loop::Options {
            rounds: KILL_ROUNDS,
            seed: None,
            binary: None,
            most_pause: kill_loop::MOST_PAUSE,
        },
    )
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
    fn a_step_needs_only_earlier_ones() {
        for (number, step) in STEPS.iter().enumerate() {
            for needed in step.needs {
                assert!(STEPS[..number].iter().any(|step| step.name == *needed));
            }
        }
    }

    #[test]
    fn the_last_line_counts_the_steps() {
        let took = Duration::from_secs(61);
        let (text, sound) = summary(&[
            (&STEPS[0], Outcome::Passed, took),
            (&STEPS[1], Outcome::Failed, took),
            (&STEPS[5], Outcome::NotRun, took),
        ]);
        assert!(!sound);
        assert!(text.contains("assets           FAILED      01:01\n"));
        assert!(text.ends_with("\n1 passed, 2 failed\n"));
        let (text, sound) = summary(&[(&STEPS[0], Outcome::Passed, took)]);
        assert!(sound && text.ends_with("\n1 passed, 0 failed\n"));
    }
}
