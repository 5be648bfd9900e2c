//! `firstglance check`: says whether a configuration is in order, and everything that is not.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::Failure;
use crate::config::Config;

/// Check a configuration and report everything that is wrong with it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance check firstglance.toml")]
pub(super) struct Arguments {
    /// The configuration
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::load(&arguments.file)?;
    writeln!(
        io::stdout(),
        "{}: fine: {}",
        arguments.file.display(),
        config.summary()
    )?;
    Ok(())
}
