//! The log: lines for people on a terminal, JSON elsewhere, on standard error. What is logged is
//! chosen by `FIRSTGLANCE_LOG`, such as `debug` or `firstglance_collector=debug`.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// The environment variable.
const VARIABLE: &str = "FIRSTGLANCE_LOG";

/// sled tells of every start and every segment.
const DEFAULT: &str = "info,sled=warn";

/// Starts logging. A filter that cannot be read counts as none.
pub(super) fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A second start, in tests, changes nothing.
    let _ = if io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
}
