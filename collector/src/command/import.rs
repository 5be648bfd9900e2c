//! `firstglance import`: messages of a file into a data folder that nobody serves. They are judged,
//! taken in once and folded as if they had been sent; what was taken in before is a duplicate, so an
//! import that was broken off is simply done once more.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use firstglance_engine::Timestamp;
use firstglance_engine::json::JsonWriter;
use firstglance_engine::model::Consent;

use super::opened::Which;
use super::progress::Progress;
use super::{Failure, configuration};
use crate::clock;
use crate::ingest::{self, MAX_MESSAGE_BYTES};
use crate::store::{Commit, NewMessage, Store, StoreError};

/// Messages that are committed at once, and bytes of them.
const AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 1024 * 1024;

/// Take messages from standard input into a data folder
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance import --data /var/lib/firstglance --config \
                  firstglance.toml < events.ndjson"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// The configuration, by which messages are folded into profiles
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where lines that are refused are told, as lines of JSON; standard error when absent
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    accepted: u64,
    duplicates: u64,
    erased: u64,
    refused: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = configuration(&arguments.config)?;
    let (rules, calendar) = (config.rules(), config.site.calendar());
    let mut refused: Box<dyn Write> = match &arguments.refused {
        None => Box::new(io::stderr()),
        Some(path) => {
            let file = File::create(path)
                .map_err(|error| format!("{}: cannot write: {error}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    };
    let input = io::stdin().lock();
    let work = async |store: Arc<dyn Store>| import(input, &*store, &mut refused).await;
    let counts = arguments
        .which
        .with_store((rules, Some(&calendar)), false, work)?;
    refused.flush()?;
    let Counts {
        accepted,
        duplicates,
        erased,
        ..
    } = counts;
    let mut json = JsonWriter::default();
    json.open('{');
    for (name, count) in [
        ("accepted", accepted),
        ("duplicates", duplicates),
        ("erased", erased),
        ("refused", counts.refused),
    ] {
        json.name(name);
        json.integer(count);
    }
    json.close('}');
    writeln!(io::stdout(), "{}", json.as_str())?;
    match counts.refused {
        0 => Ok(()),
        1 => Err(Failure("1 line was refused".to_owned())),
        some => Err(Failure(format!("{some} lines were refused"))),
    }
}

async fn import(
    mut input: impl BufRead,
    store: &dyn Store,
    refused: &mut dyn Write,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut progress = Progress::new();
    let mut waiting: Vec<Judged> = Vec::new();
    let mut waiting_bytes = 0;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        // A line without an end must not be read whole to be found too long.
        let most = MAX_MESSAGE_BYTES as u64 + 2;
        let read = io::Read::take(&mut input, most).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        let mut bytes = read;
        if line.last() != Some(&b'\n') {
            bytes += skip_line(&mut input)?;
        }
        let now = clock::now();
        match judge(&line, bytes, now) {
            None => {}
            Some(Ok(new)) => {
                waiting_bytes += new.0.raw.len();
                waiting.push(new);
            }
            Some(Err(problem)) => {
                counts.refused += 1;
                writeln!(refused, "{}", problem.line(number))?;
            }
        }
        if waiting.len() >= AT_ONCE || waiting_bytes >= BYTES_AT_ONCE {
            waiting_bytes = 0;
            commit(store, std::mem::take(&mut waiting), now, &mut counts).await?;
            progress.show(|| {
                format!(
                    "{number} lines: {} accepted, {} duplicates, {} refused",
                    counts.accepted, counts.duplicates, counts.refused
                )
            });
        }
    }
    if !waiting.is_empty() {
        commit(store, waiting, clock::now(), &mut counts).await?;
    }
    Ok(counts)
}

/// Reads on to the end of a line, and says how many bytes that were.
fn skip_line(input: &mut impl BufRead) -> io::Result<usize> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |end| end + 1);
        input.consume(read);
        skipped += read;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// Why a line is refused.
struct Problem {
    code: &'static str,
    detail: String,
}

impl Problem {
    /// As a line of JSON, without its end.
    fn line(&self, number: u64) -> String {
        let mut json = JsonWriter::default();
        json.open('{');
        json.name("line");
        json.integer(number);
        json.text_member("code", self.code);
        json.text_member("message", &self.detail);
        json.close('}');
        json.into_string()
    }
}

/// A message, and the consent under which it says that it came.
type Judged = (NewMessage, Option<Consent>);

/// Nothing for an empty line.
fn judge(line: &[u8], bytes: usize, now: Timestamp) -> Option<Result<Judged, Problem>> {
    let why = |why: &ingest::Why| Problem {
        code: why.tag(),
        detail: why.to_string(),
    };
    if bytes > line.len() {
        return Some(Err(why(&ingest::Why::TooLarge { bytes })));
    }
    match std::str::from_utf8(line) {
        Err(error) => Some(Err(Problem {
            code: "bad_utf8",
            detail: format!("byte {} is not UTF-8", error.valid_up_to() + 1),
        })),
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => {
            let new = ingest::import(text.trim(), now).map_err(|error| why(&error));
            Some(new.map(|new| (new, ingest::imported_consent(text))))
        }
    }
}

async fn commit(
    store: &dyn Store,
    messages: Vec<Judged>,
    now: Timestamp,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let mut under: BTreeMap<Option<&'static str>, Vec<NewMessage>> = BTreeMap::new();
    for (new, consent) in messages {
        let name = consent.map(Consent::name);
        under.entry(name).or_default().push(new);
    }
    for (name, messages) in under {
        let consent = name.and_then(Consent::from_name);
        commit_under(store, consent, messages, now, counts).await?;
    }
    Ok(())
}

async fn commit_under(
    store: &dyn Store,
    consent: Option<Consent>,
    messages: Vec<NewMessage>,
    now: Timestamp,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let committed = store
        .commit(Commit {
            received_at: now,
            consent,
            context: None,
            messages,
            claim: None,
        })
        .await?;
    let new = committed.new.iter().filter(|new| **new).count() as u64;
    let others = committed.new.len() as u64 - new;
    counts.accepted += new;
    // Of a group in which some were left out for an erasure it is not said which.
    if committed.erased {
        counts.erased += others;
    } else {
        counts.duplicates += others;
    }
    Ok(())
}
