//! Export: everything, or what belongs to a segment, in a form that other programs read.
//!
//! Reads the store a page at a time and hands over a piece at a time, so that memory is bounded
//! whatever is stored and however slowly it is taken; when nobody takes any more, nothing is read any
//! more. Writes nothing.
//!
//! Visitors come in the order of their ids, each once, with what was stored of them at the moment
//! when the reading reached them. Who is erased before that is not there; who becomes known meanwhile
//! is there where the reading had not passed their id. Of a visitor's messages those are there that
//! were stored when the reading reached that visitor; a message that comes meanwhile is there or not,
//! and never twice. What profiles mean is worked out for one moment, the beginning.

mod csv;
pub mod events;
mod parquet;
mod pieces;
pub mod profiles;
mod table;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Model, Profile, Snapshot, Timestamp, VisitorId};

use self::csv::Csv;
pub use self::csv::of_texts;
use self::parquet::Parquet;
use crate::store::{Position, Source, Store, StoreError};
pub use pieces::{BrokenOff, Gone, Pieces, Taken, pieces};
pub use table::{Cell, Column, Kind, on_one_line};

/// Visitors, and messages of a visitor, that are read at once.
const VISITORS_AT_ONCE: usize = 64;
const MESSAGES_AT_ONCE: usize = 256;

/// A piece is handed over when it has so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One row for each visitor.
    Profiles,
    /// One row for each message that came from outside.
    Events,
    /// One row for each change of segment or stage that is in a timeline.
    Changes,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// See the module `csv`.
    Csv,
    /// See the module `parquet`.
    Parquet,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Profiles, Self::Events, Self::Changes];

    /// The name in addresses and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Events => "events",
            Self::Changes => "changes",
        }
    }

    const fn columns(self) -> &'static [Column] {
        match self {
            Self::Profiles => profiles::COLUMNS,
            Self::Events | Self::Changes => events::COLUMNS,
        }
    }
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ndjson, Self::Csv, Self::Parquet];

    /// The name in addresses and on the command line, and what a file's name ends in.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// For the header `Content-Type`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// A text is none of some names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct NoSuchName(&'static str);

impl FromStr for What {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<Self, NoSuchName> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or(NoSuchName("profiles, events, changes"))
    }
}

impl FromStr for Format {
    type Err = NoSuchName;

    fn from_str(text: &str) -> Result<Self, NoSuchName> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or(NoSuchName("ndjson, csv, parquet"))
    }
}

/// Why an export ended before its end.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nobody takes it.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something cannot be written in that form.
    #[error("it cannot be written: {0}")]
    Form(Arc<str>),
}

impl ExportError {
    fn form(error: &dyn Display) -> Self {
        Self::Form(error.to_string().into())
    }
}

/// What to export, and from where.
#[derive(Clone)]
pub struct Export {
    /// From where.
    pub store: Arc<dyn Store>,
    /// By which profiles are evaluated.
    pub model: Arc<Model>,
    /// What.
    pub what: What,
    /// In which form.
    pub format: Format,
    /// Only of visitors who are in this segment at that moment.
    pub segment: Option<Box<str>>,
    /// The moment at which profiles are evaluated.
    pub now: Timestamp,
}

/// How far an export has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Visitors that were looked at.
    pub visitors: u64,
    /// Rows that were written.
    pub rows: u64,
}

impl Export {
    /// Exports, and says the end. Tells now and then how far it has come.
    ///
    /// # Errors
    /// [`ExportError`]; then the end was not said.
    pub async fn run(
        self,
        pieces: Pieces,
        mut tell: impl FnMut(Exported) + Send,
    ) -> Result<Exported, ExportError> {
        let mut form = Form::new(self.format, self.what.columns())?;
        let mut exported = Exported::default();
        let mut after: Option<VisitorId> = None;
        loop {
            let page = self.store.visitors(after, VISITORS_AT_ONCE).await?;
            let last_page = page.len() < VISITORS_AT_ONCE;
            after = page.last().map(|(visitor, _)| visitor.clone());
            for (visitor, profile) in page {
                self.visitor(&visitor, &profile, &mut form, &pieces, &mut exported)
                    .await?;
                exported.visitors += 1;
            }
            tell(exported);
            if last_page {
                break;
            }
        }
        pieces.put(form.finish()?).await?;
        pieces.end().await?;
        Ok(exported)
    }

    async fn visitor(
        &self,
        visitor: &VisitorId,
        profile: &Profile,
        form: &mut Form,
        pieces: &Pieces,
        exported: &mut Exported,
    ) -> Result<(), ExportError> {
        if self.what == What::Profiles || self.segment.is_some() {
            let snapshot = Snapshot::of(profile, &self.model, self.now);
            if let Some(segment) = &self.segment
                && !snapshot.segments.contains(segment)
            {
                return Ok(());
            }
            if self.what == What::Profiles {
                form.add(profiles::row(visitor, profile, &snapshot))?;
                exported.rows += 1;
                return form.hand_over(pieces).await;
            }
        }
        let mut after: Option<Position> = None;
        loop {
            let page = self
                .store
                .timeline(visitor, after, MESSAGES_AT_ONCE)
                .await?;
            let last_page = page.len() < MESSAGES_AT_ONCE;
            after = page.last().map(|entry| entry.position);
            for entry in page {
                if (entry.source == Source::Change) != (self.what == What::Changes) {
                    continue;
                }
                match form {
                    Form::Ndjson(_) => {
                        let line = events::message(&entry);
                        form.line(
                            &line.ok_or_else(|| {
                                ExportError::form(&"a stored message is no object")
                            })?,
                        );
                    }
                    _ => form.add(events::row(visitor, &entry))?,
                }
                exported.rows += 1;
                form.hand_over(pieces).await?;
            }
            if last_page {
                return Ok(());
            }
        }
    }
}

/// What becomes of rows.
enum Form {
    Ndjson(Ndjson),
    Csv(Box<Csv>, usize),
    Parquet(Box<Parquet>),
}

/// Objects, one a line.
struct Ndjson {
    columns: &'static [Column],
    text: String,
}

impl Form {
    fn new(format: Format, columns: &'static [Column]) -> Result<Self, ExportError> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson(Ndjson {
                columns,
                text: String::new(),
            }),
            Format::Csv => Self::Csv(Box::new(Csv::new(columns)?), 0),
            Format::Parquet => Self::Parquet(Box::new(Parquet::new(columns)?)),
        })
    }

    fn line(&mut self, line: &str) {
        if let Self::Ndjson(ndjson) = self {
            ndjson.text.push_str(line);
            ndjson.text.push('\n');
        }
    }

    fn add(&mut self, row: Vec<Cell>) -> Result<(), ExportError> {
        match self {
            Self::Ndjson(ndjson) => {
                let mut json = JsonWriter::default();
                table::write_object(&mut json, ndjson.columns, &row);
                ndjson
                    .text
                    .push_str(&table::on_one_line(json.into_string()));
                ndjson.text.push('\n');
                Ok(())
            }
            Self::Csv(csv, written) => {
                *written += row.iter().map(Cell::bytes).sum::<usize>();
                csv.add(&row)
            }
            Self::Parquet(parquet) => parquet.add(row),
        }
    }

    /// Hands over what there is, where that is enough for a piece.
    async fn hand_over(&mut self, pieces: &Pieces) -> Result<(), ExportError> {
        let ready = match self {
            Self::Ndjson(ndjson) => ndjson.text.len() >= PIECE_BYTES,
            Self::Csv(_, written) => *written >= PIECE_BYTES,
            Self::Parquet(parquet) => parquet.has_written(),
        };
        if ready {
            let piece = match self {
                Self::Ndjson(ndjson) => std::mem::take(&mut ndjson.text).into_bytes(),
                Self::Csv(csv, written) => {
                    *written = 0;
                    csv.take()?
                }
                Self::Parquet(parquet) => parquet.take()?,
            };
            pieces.put(piece).await?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Ndjson(ndjson) => Ok(ndjson.text.into_bytes()),
            Self::Csv(mut csv, _) => csv.take(),
            Self::Parquet(parquet) => parquet.finish(),
        }
    }
}
