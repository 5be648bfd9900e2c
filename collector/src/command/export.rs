//! `firstglance export`: everything, or what belongs to a segment, of a data folder that nobody
//! serves, to standard output.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use firstglance_engine::{Model, Timestamp};

use super::opened::Which;
use super::progress::Progress;
use super::{Failure, configuration};
use crate::clock;
use crate::export::{Export, ExportError, Exported, Format, What, pieces};
use crate::store::Store;

/// Write profiles, events or changes of a data folder to standard output
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance export --data /var/lib/firstglance --what events \
                  --format parquet > events.parquet\n  firstglance export --data \
                  /var/lib/firstglance --config firstglance.toml --what profiles --format csv \
                  --segment ready-to-buy > leads.csv"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// One row for each visitor, for each message, or for each change of segment or stage
    #[arg(long, default_value = "events", value_parser = names(&What::ALL.map(What::name)).try_map(|name| name.parse::<What>()))]
    what: What,
    /// In which form
    #[arg(long, default_value = "ndjson", value_parser = names(&Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>()))]
    format: Format,
    /// Only of visitors who are in this segment now
    #[arg(long, value_name = "ID", requires = "config")]
    segment: Option<String>,
    /// The configuration, which says what segments and scores mean; without it profiles have only
    /// the interests that pages declare
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The moment at which profiles are evaluated; the present when absent
    #[arg(long, value_name = "RFC3339", value_parser = super::replay::moment)]
    now: Option<Timestamp>,
}

fn names(names: &[&'static str]) -> PossibleValuesParser {
    PossibleValuesParser::new(names.iter().copied())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let model = match &arguments.config {
        Some(path) => Arc::new(configuration(path)?.model),
        None => Arc::new(Model::default()),
    };
    let export = |store: Arc<dyn Store>| Export {
        store,
        model: model.clone(),
        what: arguments.what,
        format: arguments.format,
        segment: arguments.segment.as_deref().map(Into::into),
        now: arguments.now.unwrap_or_else(clock::now),
    };
    let work = async |store| write(export(store)).await;
    arguments
        .which
        .with_store((model.clone(), None), true, work)
}

async fn write(export: Export) -> Result<(), Failure> {
    let (put, mut taken) = pieces();
    let mut progress = Progress::new();
    let tell = move |done: Exported| {
        progress.show(|| format!("{} visitors, {} rows", done.visitors, done.rows));
    };
    let exporting = tokio::spawn(export.run(put, tell));
    let mut out = BufWriter::new(io::stdout());
    let mut written = Ok(());
    while let Some(piece) = taken.next().await {
        // Broken off: why says who broke it off.
        let Ok(piece) = piece else { break };
        written = out.write_all(&piece);
        if written.is_err() {
            break;
        }
    }
    drop(taken);
    let exported = exporting.await?;
    written.and_then(|()| out.flush())?;
    match exported {
        Ok(_) => Ok(()),
        Err(ExportError::Gone(_)) => Err(Failure("nothing more could be written".to_owned())),
        Err(error) => Err(error.into()),
    }
}
