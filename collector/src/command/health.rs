//! `firstglance health`: asks a collector whether it can take messages, for supervisors that can run
//! a command and nothing else.

use std::time::Duration;

use hyper::{Method, Uri};

use super::Failure;
use super::asking::{self, Question};

/// Ask a collector whether it is ready; exit with 0 where it is, and with 1 where it is not
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance health --url http://127.0.0.1:7700/readyz")]
pub(super) struct Arguments {
    /// What to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7700/readyz", value_parser = asking::url)]
    url: Uri,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let url = &arguments.url;
    let (status, body) = asking::ask(Question {
        method: Method::GET,
        url: url.clone(),
        token: None,
        patience: Some(Duration::from_secs(arguments.timeout)),
    })?;
    if status.is_success() {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&body);
    Err(Failure(format!("{url}: {status}: {}", body.trim())))
}
