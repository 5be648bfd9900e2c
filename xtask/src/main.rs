//! The one developer entry: `cargo xtask …`.
//!
//! This file only knows the commands and their help; each command has a module of its own. Nothing
//! here is part of the product.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assets;
mod bench;
mod book;
mod browser;
mod build;
mod client;
mod console;
mod demo;
mod figures;
mod fuzz;
mod hooks;
mod kill_loop;
mod licences;
mod load;
mod loss;
mod module;
mod openapi;
mod parity;
mod peers;
mod progress;
mod proof;
mod random;
mod recipes;
mod sdks;
mod server;
mod size;
mod statistics;
mod test;
mod tools;
mod tracker;
mod traffic;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, tests, measures and demonstrates Firstglance.",
    after_help = "Example, from a fresh clone:\n  cargo xtask demo"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds target/release/firstglance, with the tracker inside it.
    #[command(after_help = "Example:\n  cargo xtask build\n  cargo xtask build --tracker-only")]
    Build {
        /// Stops after target/assets: loader, script and WebAssembly.
        #[arg(long)]
        tracker_only: bool,
    },
    /// Shows the bytes that a page loads, against the budget; fails when over.
    #[command(after_help = "Example:\n  cargo xtask size")]
    Size,
    /// Builds everything and runs the demo site until Ctrl-C.
    #[command(
        after_help = "Example:\n  cargo xtask demo --listen 127.0.0.1:8080 --data /tmp/demo-data"
    )]
    Demo(demo::Options),
    /// Sends visitors of whom everything is known to a collector that runs.
    #[command(
        after_help = "Example, beside `cargo xtask demo`:\n  cargo xtask traffic --visitors 2000 --days 21 --seed 7 --truth target/truth.json"
    )]
    Traffic(traffic::Options),
    /// Holds every figure of the console against a count of the exported messages.
    #[command(
        after_help = "Example:\n  cargo xtask figures\n  cargo xtask figures --binary target/debug/firstglance --page campaigns"
    )]
    Figures(figures::Options),
    /// Runs everything that continuous integration runs.
    #[command(
        after_help = "Example:\n  cargo xtask test\n  cargo xtask test --only clippy --only size"
    )]
    Test(test::Options),
    /// Kills the collector again and again and proves that nothing acknowledged is lost.
    #[command(after_help = "Example:\n  cargo xtask kill-loop --rounds 100 --seed 7")]
    KillLoop(kill_loop::Options),
    /// Proves what the collector promises when there is too much, too little, or damage.
    #[command(after_help = "Example:\n  cargo xtask proof --short\n  cargo xtask proof overload")]
    Proof(proof::Options),
    /// Proves that page and collector give the same answer, in a real Chromium.
    #[command(after_help = "Example:\n  cargo xtask parity --streams 300 --seed 7")]
    Parity(parity::Options),
    /// Measures the engine, its module in the page, the tracker in a whole page, and the collector.
    #[command(
        after_help = "Example:\n  cargo xtask bench\n  cargo xtask bench --short\n  cargo xtask bench page"
    )]
    Bench(bench::Options),
    /// Builds the recipes' sites and tries each of them in a real Chromium.
    #[command(
        after_help = "Example:\n  cargo xtask recipes --short\n  cargo xtask recipes --site next"
    )]
    Recipes(recipes::Options),
    /// Proves in real browsers that nothing is lost, beside other trackers.
    #[command(
        after_help = "Example:\n  cargo xtask loss --short\n  cargo xtask loss --case close-tab --browser firefox"
    )]
    Loss(loss::Options),
    /// Plays what pages do with their hooks, in Chromium and in Firefox.
    #[command(
        after_help = "Example:\n  cargo xtask hooks\n  cargo xtask hooks --browser firefox --screenshots target/hooks"
    )]
    Hooks(hooks::Options),
    /// Fetches the other trackers that run beside Firstglance in proofs and benchmarks.
    #[command(after_help = "Example:\n  cargo xtask peers")]
    Peers,
    /// Sends by Segment's libraries, unmodified, and proves that every message is kept once.
    #[command(
        after_help = "Example:\n  cargo xtask sdks\n  cargo xtask sdks --binary target/debug/firstglance"
    )]
    Sdks(sdks::Options),
    /// Holds /openapi.json against a running collector: what it says must be true.
    #[command(
        after_help = "Example:\n  cargo xtask openapi --short\n  cargo xtask openapi --examples 200 --seed 1"
    )]
    Openapi(openapi::Options),
    /// Makes the book of docs/ and the reference in target/book; a link that leads nowhere is an error.
    #[command(
        after_help = "Example:\n  cargo xtask book\n  cargo xtask book --binary target/release/firstglance"
    )]
    Book(book::Options),
    /// What `book` starts: makes pages of a folder of sources.
    #[command(hide = true, after_help = "Example:\n  cargo xtask book")]
    BookPages { folder: std::path::PathBuf },
    /// Asks SciPy and statsmodels again what the collector's statistics are held against.
    #[command(after_help = "Example:\n  cargo xtask statistics\n  cargo xtask statistics --update")]
    Statistics(statistics::Options),
    /// Fuzzes what reads bytes from outside; a finding is an error.
    #[command(
        after_help = "Example:\n  cargo xtask fuzz --minutes 10\n  cargo xtask fuzz --target fold --jobs 1"
    )]
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Build { tracker_only } => {
            if tracker_only {
                assets::build(&workspace)?;
                println!("{}", workspace.shown(&workspace.assets()));
            } else {
                build::build(&workspace)?;
                println!("{}", workspace.shown(&workspace.collector()));
            }
        }
        Command::Size => size::report(&assets::build(&workspace)?)?,
        Command::Demo(options) => return demo::run(&workspace, options),
        Command::Figures(options) => figures::run(&workspace, &options)?,
        Command::Traffic(options) => traffic::run(&workspace, &options)?,
        Command::Test(options) => {
            if !test::run(&workspace, &options)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Parity(options) => parity::run(&workspace, &options)?,
        Command::KillLoop(options) => kill_loop::run(&workspace, &options)?,
        Command::Proof(options) => proof::run(&workspace, &options)?,
        Command::Bench(options) => bench::run(&workspace, &options)?,
        Command::Recipes(options) => recipes::run(&workspace, &options)?,
        Command::Loss(options) => loss::run(&workspace, &options)?,
        Command::Hooks(options) => hooks::run(&workspace, &options)?,
        Command::Peers => println!("{}", workspace.shown(&peers::ensure(&workspace)?)),
        Command::Sdks(options) => sdks::run(&workspace, &options)?,
        Command::Openapi(options) => openapi::run(&workspace, &options)?,
        Command::Book(options) => {
            let book = book::run(&workspace, &options)?;
            println!("{}", workspace.shown(&book.join("index.html")));
        }
        Command::BookPages { folder } => book::pages(&folder)?,
        Command::Statistics(options) => statistics::run(&workspace, &options)?,
        Command::Fuzz(options) => fuzz::run(&workspace, &options)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_has_an_example() {
        use clap::CommandFactory as _;
        let command = Arguments::command();
        command.clone().debug_assert();
        for subcommand in command.get_subcommands() {
            let help = subcommand.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|help| help.starts_with("Example")),
                "{} has no example",
                subcommand.get_name()
            );
        }
    }
}
