//! The log, on standard error: lines for people on a terminal and JSON elsewhere, unless
//! `--log-format` or `FIRSTGLANCE_LOG_FORMAT` says otherwise. What is logged is chosen by
//! `FIRSTGLANCE_LOG`, such as `debug` or `firstglance_collector=debug`.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum as _;
use tracing_subscriber::EnvFilter;

/// The environment variables.
const VARIABLE: &str = "FIRSTGLANCE_LOG";
const FORMAT_VARIABLE: &str = "FIRSTGLANCE_LOG_FORMAT";

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum LogFormat {
    /// An object a line, for programs.
    Json,
    /// For people.
    Text,
}

impl LogFormat {
    /// What was chosen; of the command line and the environment the command line counts.
    fn chosen(chosen: Option<Self>) -> Self {
        let by_variable = || Self::from_str(&std::env::var(FORMAT_VARIABLE).ok()?, true).ok();
        chosen
            .or_else(by_variable)
            .unwrap_or(if io::stderr().is_terminal() {
                Self::Text
            } else {
                Self::Json
            })
    }
}

/// sled tells of every start and every segment.
const DEFAULT: &str = "info,sled=warn";

/// Starts logging. A filter that cannot be read counts as none.
pub(super) fn start(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A second start, in tests, changes nothing.
    let _ = match LogFormat::chosen(format) {
        LogFormat::Text => builder
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
