//! The benchmarks, in parts that run alone or one after the other. Never fails because something is
//! slow: budgets stand beside the figures, and what has a baseline is told as a ratio.

mod allocation;
mod collector;
mod console;
mod engine;
mod module;
mod page;

use anyhow::Result;

use crate::workspace::Workspace;

/// The model that the engine's own benchmarks use.
#[path = "../../../engine/benches/visitor/model.rs"]
mod model;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fewer and shorter rounds, as continuous integration wants them.
    #[arg(long, global = true)]
    pub(crate) short: bool,
    /// One part alone.
    #[command(subcommand)]
    pub(crate) part: Option<Part>,
}

/// One part of the benchmarks.
#[derive(clap::Subcommand)]
pub(crate) enum Part {
    /// Folds, evaluations and profiles on this machine, by criterion.
    #[command(after_help = "Example:\n  cargo xtask bench engine --short")]
    Engine,
    /// One event in the page's module, by itself in a real Chromium.
    #[command(after_help = "Example:\n  cargo xtask bench module")]
    Module,
    /// The tracker in a whole page in a real Chromium, beside its peers.
    #[command(after_help = "Example:\n  cargo xtask bench page --only start --rounds 5 --json")]
    Page(page::Options),
    /// The collector under load, beside a bare server, its store's engine alone, and a file.
    #[command(after_help = "Example:\n  cargo xtask bench collector --short\n  \
                            cargo xtask bench collector --profiles 1000000 --profiles 4000000")]
    Collector(collector::Options),
    /// The console's pages with many visitors, beside those of an empty store.
    #[command(after_help = "Example:\n  cargo xtask bench console --short\n  \
                            cargo xtask bench console --profiles 100000")]
    Console(console::Options),
    /// Shares of variants that learn against equal ones, simulated.
    #[command(after_help = "Example:\n  cargo xtask bench allocation\n  \
                            cargo xtask bench allocation --short")]
    Allocation,
}

/// Compiles what takes long of a short round and measures nothing.
pub(crate) fn prepare(workspace: &Workspace) -> Result<()> {
    engine::prepare(workspace)
}

/// Runs a part, or all of them in turn.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let short = options.short;
    match &options.part {
        Some(Part::Engine) => engine::run(workspace, short),
        Some(Part::Module) => module::run(workspace, short),
        Some(Part::Page(chosen)) => page::run(workspace, short, chosen),
        Some(Part::Collector(chosen)) => collector::run(workspace, short, chosen),
        Some(Part::Console(chosen)) => console::run(workspace, short, chosen),
        Some(Part::Allocation) => allocation::run(short),
        None => {
            engine::run(workspace, short)?;
            module::run(workspace, short)?;
            page::run(workspace, short, &page::Options::default())?;
            allocation::run(short)?;
            // A short round of its load is in the proofs.
            if short {
                return Ok(());
            }
            collector::run(workspace, short, &collector::Options::default())?;
            console::run(workspace, short, &console::Options::default())
        }
    }
}
