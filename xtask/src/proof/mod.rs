//! Proofs of what the collector promises when things go wrong, each a command that prints a table
//! and fails where a promise is broken. `cargo xtask kill-loop` is the one about SIGKILL.
//!
//! They look at the collector from outside, as its users do; only the disks and the limits below it
//! are of their making.

mod connections;
mod disk_full;
mod exports;
mod overload;
mod stopping;
mod tails;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::build;
use crate::load::Load;
use crate::progress;
use crate::server::Settings;
use crate::workspace::Workspace;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Fewer and shorter rounds, as continuous integration wants them.
    #[arg(long, global = true)]
    pub(crate) short: bool,
    /// Tests this collector instead of building one.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) binary: Option<PathBuf>,
    /// One proof alone.
    #[command(subcommand)]
    pub(crate) name: Option<Name>,
}

impl Options {
    /// What continuous integration runs. The damaged tails are among the collector's own tests.
    pub(crate) const fn short() -> Self {
        Self {
            short: true,
            binary: None,
            name: None,
        }
    }
}

/// One proof.
#[derive(Clone, Copy, clap::Subcommand)]
pub(crate) enum Name {
    /// Three times as much as the collector can take in, for five minutes.
    #[command(after_help = "Example:\n  cargo xtask proof overload --short")]
    Overload,
    /// Ten thousand connections that say nothing, or never end what they say.
    #[command(after_help = "Example:\n  cargo xtask proof connections")]
    Connections,
    /// SIGTERM under load, again and again: nothing acknowledged is lost.
    #[command(after_help = "Example:\n  cargo xtask proof stopping")]
    Stopping,
    /// A disk that is full; needs root, for a small file system is mounted.
    #[command(after_help = "Example:\n  cargo xtask proof disk-full")]
    DiskFull,
    /// Exports of a million messages in every form: memory stays where it is.
    #[command(after_help = "Example:\n  cargo xtask proof exports --short")]
    Exports,
    /// The ends of the store's files torn, flipped and zeroed at every byte.
    #[command(after_help = "Example:\n  cargo xtask proof tails")]
    Tails,
}

/// What each proof needs.
struct Proof<'a> {
    workspace: &'a Workspace,
    load: Load,
    binary: PathBuf,
    short: bool,
    table: String,
    broken: Vec<String>,
}

/// Runs one proof, or all of them in turn.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    const ALL: [Name; 6] = [
        Name::Stopping,
        Name::DiskFull,
        Name::Overload,
        Name::Exports,
        Name::Connections,
        Name::Tails,
    ];
    // The collector's own tests have a short round of the tails, and one of making room; ten thousand
    // connections take minutes.
    let all = if options.short { &ALL[..4] } else { &ALL[..] };
    let mut proof = Proof {
        workspace,
        binary: build::under_test(workspace, options.binary.as_deref())?,
        load: Load::build(workspace, options.short)?,
        short: options.short,
        table: String::new(),
        broken: Vec::new(),
    };
    let chosen = match &options.name {
        Some(name) => std::slice::from_ref(name),
        None => all,
    };
    let outcome = chosen.iter().try_for_each(|name| match name {
        Name::Overload => overload::run(&mut proof),
        Name::Connections => connections::run(&mut proof),
        Name::Stopping => stopping::run(&mut proof),
        Name::DiskFull => disk_full::run(&mut proof),
        Name::Exports => exports::run(&mut proof),
        Name::Tails => tails::run(&mut proof),
    });
    progress::clear();
    print!("{}", proof.table);
    outcome?;
    if proof.broken.is_empty() {
        return Ok(());
    }
    bail!("promises were broken: {}", proof.broken.join("; "));
}

impl Proof<'_> {
    fn settings(&self, folder: &std::path::Path) -> Result<Settings> {
        Settings::new(self.workspace, self.binary.clone(), folder)
    }

    /// A line of the table.
    fn row(&mut self, title: &str, figure: impl std::fmt::Display) {
        progress::show(&format!("{title}: {figure}"));
        // Writing into a String cannot fail.
        let _ = writeln!(self.table, "{title:<58} {figure:>14}");
    }

    /// A line of the table, and whether it is as it must be.
    fn must(&mut self, title: &str, figure: impl std::fmt::Display, holds: bool) {
        self.row(title, &figure);
        if !holds {
            self.broken.push(format!("{title}: {figure}"));
        }
    }
}

fn folder() -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    Ok(builder.prefix("firstglance-proof-").tempdir()?)
}
