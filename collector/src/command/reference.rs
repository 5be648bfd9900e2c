//! `firstglance reference`: prints what can be configured, asked in a condition or asked by HTTP.

use std::io::{self, Write as _};

use super::Failure;
use crate::reference::Page;

/// Print every field, every name of conditions or every address of this version, as Markdown
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance reference configuration\n  \
                  firstglance reference conditions | less")]
pub(super) struct Arguments {
    /// What to print
    #[arg(value_name = "PAGE")]
    page: Page,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    io::stdout().write_all(arguments.page.markdown().as_bytes())?;
    Ok(())
}
