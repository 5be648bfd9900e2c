//! The steps, and what each of them runs.

use anyhow::Result;

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

/// A step.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// Steps before it without whose result it would only fail.
    pub(super) needs: &'static [&'static str],
    /// Where it compiles, unless that takes no time.
    pub(super) place: Place,
    /// What it leaves of the machine to another step.
    pub(super) room: Room,
    pub(super) run: fn(&Workspace) -> Result<()>,
}

/// A folder of compilations. Cargo lets one command at a time into each, and the other waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    None,
    Debug,
    Release,
}

/// What a step leaves of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Room beside it.
    Shared,
    /// All the room that others want: it takes what they leave.
    Behind,
    /// None but behind it: it measures, or sends as much as ever it can.
    Alone,
}

impl Step {
    const fn new(
        name: &'static str,
        what: &'static str,
        needs: &'static [&'static str],
        run: fn(&Workspace) -> Result<()>,
    ) -> Self {
        Self {
            name,
            what,
            needs,
            place: Place::None,
            room: Room::Shared,
            run,
        }
    }

    const fn compiles_in(self, place: Place) -> Self {
        Self { place, ..self }
    }

    const fn with(self, room: Room) -> Self {
        Self { room, ..self }
    }
}

/// In the order in which they are shown, and begun where nothing stands against it.
pub(super) const STEPS: &[Step] = &[
    Step::new("format", "cargo fmt --check", &[], format),
    Step::new(
        "assets",
        "what a page loads: loader, glue and WebAssembly",
        &[],
        |workspace| assets::build(workspace).map(drop),
    ),
    Step::new("build", "the release binary", &["assets"], |workspace| {
        build::build(workspace).map(drop)
    })
    .compiles_in(Place::Release),
    Step::new(
        "clippy",
        "clippy on everything, warnings are errors",
        // The collector embeds them.
        &["assets"],
        clippy,
    )
    .compiles_in(Place::Debug),
    Step::new(
        "clippy-tracker",
        "clippy on the tracker as WebAssembly",
        &[],
        clippy_tracker,
    )
    .compiles_in(Place::Debug),
    Step::new(
        "cargo-test",
        "cargo test --workspace",
        &["assets"],
        |workspace| {
            // The list of robots is one of them.
            tools::ensure_npm_packages(workspace)?;
            run_command(workspace.cargo().args(["test", "--workspace"]))
        },
    )
    .compiles_in(Place::Debug),
    Step::new("size", "the size budget", &["assets"], |workspace| {
        size::report(&assets::build(workspace)?)
    }),
    Step::new(
        "browser",
        "the page's modules in node, and the tests in a real Chromium",
        &["build"],
        browser::run,
    ),
    Step::new(
        "benches",
        "the benchmarks are compiled",
        &[],
        bench::prepare,
    )
    .with(Room::Behind),
    Step::new(
        "fuzz-targets",
        "the fuzz targets are compiled",
        // The list of robots that the collector embeds is among what they bring.
        &["assets"],
        |workspace| fuzz::build(workspace, FUZZ_MINUTES).map(drop),
    )
    .with(Room::Behind),
    Step::new(
        "book",
        "the book: no link in it leads nowhere",
        &["build"],
        |workspace| {
            let binary = Some(workspace.collector());
            book::run(workspace, &book::Options { binary }).map(drop)
        },
    )
    .compiles_in(Place::Debug)
    .with(Room::Behind),
    Step::new(
        "types",
        "the declarations for TypeScript: right uses compile, wrong ones do not",
        &[],
        types,
    ),
    Step::new(
        "recipes",
        "the recipes' sites, those that are built quickly",
        &["build"],
        |workspace| {
            let options = recipes::Options {
                short: true,
                site: Vec::new(),
            };
            recipes::run(workspace, &options)
        },
    ),
    Step::new(
        "loss",
        "nothing is lost in a real Chromium, the quick cases",
        &["build"],
        loss,
    ),
    Step::new(
        "sdks",
        "Segment's libraries, unmodified, against the collector",
        &["build"],
        |workspace| sdks::run(workspace, &sdks::Options::default()),
    ),
    Step::new(
        "openapi",
        "what /openapi.json says is true, few examples of each",
        &["build"],
        |workspace| openapi::run(workspace, &openapi::Options::short()),
    ),
    Step::new(
        "figures",
        "every figure of the console against a count of the exported messages",
        &["build"],
        |workspace| {
            let binary = Some(workspace.collector());
            figures::run(workspace, &figures::Options::short(binary))
        },
    ),
    Step::new(
        "kill-loop",
        "a short round of the crash proof",
        &["build"],
        kill,
    ),
    Step::new(
        "parity",
        "page and collector give the same answer, a short round",
        // The page's module is one of them, compiled once.
        &["assets"],
        |workspace| {
            let options = parity::Options {
                streams: PARITY_STREAMS,
                seed: None,
            };
            parity::run(workspace, &options)
        },
    ),
    Step::new(
        "proof",
        "short rounds of what the collector promises when things go wrong",
        &["build"],
        |workspace| proof::run(workspace, &proof::Options::short()),
    )
    .compiles_in(Place::Debug)
    .with(Room::Alone),
    Step::new(
        "bench",
        "the benchmarks, a short round",
        &["benches"],
        |workspace| {
            let options = bench::Options {
                short: true,
                part: None,
            };
            bench::run(workspace, &options)
        },
    )
    .with(Room::Alone),
    Step::new(
        "fuzz",
        "the fuzz targets, five seconds each",
        &["fuzz-targets"],
        |workspace| {
            let options = fuzz::Options {
                minutes: FUZZ_MINUTES,
                target: Vec::new(),
                jobs: 2,
            };
            fuzz::run(workspace, &options)
        },
    )
    .with(Room::Alone),
];

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
}
