//! `firstglance check`: says whether configurations are in order, each and together, and everything
//! that is not.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::Failure;
use crate::config;

/// Check the configurations of one or more sites and report everything that is wrong with them
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance check firstglance.toml\n  \
                  firstglance check /etc/firstglance/shop.toml /etc/firstglance/blog.toml")]
pub(super) struct Arguments {
    /// The configurations, or folders of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let configs = config::load_all(&arguments.files).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    let mut output = io::stdout();
    for file in configs {
        let summary = file.config.summary();
        writeln!(output, "{}: fine: {summary}", file.path.display())?;
    }
    Ok(())
}
