//! Segment's libraries, as they are published, against a real collector: every message of theirs is
//! kept exactly once. They are installed into the target folder and are no part of the product.

use std::path::PathBuf;

use anyhow::Result;

use crate::workspace::{Workspace, run as run_command};
use crate::{build, tools};

const TEST: &str = "tests/sdks/sdks.test.mjs";

/// What the user can choose.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Takes this collector and builds none.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Installs the libraries and runs the tests.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    tools::ensure_npm_packages(workspace)?;
    let chromium = tools::ensure_chromium(workspace)?;
    let sdks = tools::ensure_sdks(workspace)?;
    run_command(
        workspace
            .command("node")
            .args(["--test", TEST])
            .env("FIRSTGLANCE_BIN", binary)
            .env("FIRSTGLANCE_SDKS", sdks)
            .env("CHROMIUM", chromium),
    )
}
