//! `firstglance verify`: whether what is stored fits together, and the repair of what does not. One
//! line of JSON on standard output for each finding, one line for people on standard error.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;

use firstglance_engine::json::JsonWriter;

use super::opened::Which;
use super::{Failure, configuration};
use crate::data::DataFolder;
use crate::store::ProfileFold;
use crate::store::embedded::{Finding, Mode, Verified, verify};

/// Visitors between two updates of the line that shows progress.
const SHOWN_EVERY: u64 = 1_000;

/// Check that everything that is stored fits together, and repair what follows from messages
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance verify --config firstglance.toml --data \
                  /var/lib/firstglance --repair\n\n\
                  The collector must not be running on the folder. Each finding is a line of JSON \
                  on standard output; the exit code is 0 where nothing is wrong, or everything that \
                  was is repaired. A repair never removes or changes a message."
)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Make anew what does not fit and follows from the messages
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let fold = ProfileFold::new(configuration(&arguments.config)?.rules());
    let path = arguments.which.folder();
    if !path.join("store").is_dir() {
        let wrong = format!("{}: there are no data of firstglance here", path.display());
        return Err(Failure(wrong));
    }
    let data = DataFolder::open(&path)?;
    let mode = if arguments.repair {
        Mode::Repair
    } else {
        Mode::Look
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut unwritten = None;
    let mut told = |finding: &Finding| {
        if let Err(error) = writeln!(out, "{}", line(finding)) {
            unwritten.get_or_insert(error);
        }
    };
    let verified = verify(&data.store(), &fold, mode, &mut told, &mut show)
        .map_err(|error| format!("{}: cannot read the store: {error}", path.display()))?;
    clear();
    out.flush()?;
    if let Some(error) = unwritten {
        return Err(format!("cannot write the findings: {error}").into());
    }
    if verified.findings > verified.repaired {
        return Err(Failure(verified.to_string()));
    }
    // The exit code says it where this cannot be printed.
    let _ = writeln!(io::stderr(), "{verified}");
    Ok(())
}

fn line(finding: &Finding) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    json.text_member("finding", finding.kind.name());
    json.text_member("about", &finding.about);
    json.text_member("detail", &finding.detail);
    json.name("repaired");
    json.bool(finding.repaired);
    json.close('}');
    json.into_string()
}

/// Shows on a terminal how far it is.
fn show(verified: &Verified) {
    let mut terminal = io::stderr();
    if verified.visitors.is_multiple_of(SHOWN_EVERY) && terminal.is_terminal() {
        let Verified {
            visitors, findings, ..
        } = verified;
        // Progress that cannot be shown is not worth a failure.
        let _ = write!(
            terminal,
            "\r\u{1b}[K{visitors} visitors, {findings} findings"
        )
        .and_then(|()| terminal.flush());
    }
}

fn clear() {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r\u{1b}[K").and_then(|()| terminal.flush());
    }
}
