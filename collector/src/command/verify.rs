//! `firstglance verify`: holds everything that is stored against the messages as they came. One line
//! of JSON for each finding on standard output, a summary on standard error.

use std::io::{self, Write as _};
use std::path::PathBuf;

use firstglance_engine::json::JsonWriter;

use super::{Failure, configuration};
use crate::data::DataFolder;
use crate::store::embedded::{Finding, Repair, verify};

/// Check everything that is stored, and repair what follows from something else
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance verify --data /var/lib/firstglance\n  \
                  firstglance verify --data /var/lib/firstglance --repair --config firstglance.toml\n\n\
                  Messages are never removed. Exit code 1 says that something is wrong and was not \
                  repaired."
)]
pub(super) struct Arguments {
    /// The folder for everything that is kept; no collector may be running on it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The configuration by which profiles are folded anew that have to be
    #[arg(long, value_name = "FILE", requires = "repair")]
    config: Option<PathBuf>,
    /// Repair what can be
    #[arg(long)]
    repair: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref().map(configuration).transpose()?;
    let data = DataFolder::open_existing(&arguments.data)?;
    super::require_store(&data)?;
    let repair = match arguments.repair {
        true => Repair::All(config.as_ref().map(|config| &config.model)),
        false => Repair::Nothing,
    };
    let (mut all, mut left) = (0_u64, 0_u64);
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let verified = verify(&data.store(), repair, &mut |finding| {
        all += 1;
        left += u64::from(!finding.repaired);
        if written.is_ok() {
            written = writeln!(out, "{}", line(&finding));
        }
    })?;
    written?;
    eprintln!(
        "{} visitors and {} messages; of {} visitors the messages no longer go back to the \
         beginning; {all} findings, {} of them repaired",
        verified.visitors,
        verified.messages,
        verified.shortened,
        all - left
    );
    match left {
        0 => Ok(()),
        _ => Err(Failure(format!("{left} findings are not repaired"))),
    }
}

fn line(finding: &Finding) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    json.text_member("finding", finding.kind);
    json.text_member("about", &finding.about);
    json.text_member("detail", &finding.detail);
    json.name("repaired");
    json.bool(finding.repaired);
    json.close('}');
    json.into_string()
}
