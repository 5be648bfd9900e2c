//! Rows as CSV: RFC 4180, in UTF-8 without a byte order mark, the names of the columns first.
//!
//! A spreadsheet runs as a formula what begins like one, whoever wrote it: such a text gets an
//! apostrophe in front, which spreadsheets do not show.
//! Source: OWASP, "CSV Injection".

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::ExportError;
use super::table::{Cell, Column};

/// Signs with which a formula begins.
const OF_FORMULAS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// See the module.
pub(super) struct Csv(Writer<Vec<u8>>);

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(Vec::new())
}

impl Csv {
    pub(super) fn new(columns: &[Column]) -> Result<Self, ExportError> {
        let mut writer = writer();
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self(writer))
    }

    pub(super) fn add(&mut self, row: &[Cell]) -> Result<(), ExportError> {
        for cell in row {
            match cell {
                Cell::Nothing => self.0.write_field("")?,
                Cell::Text(text) if text.starts_with(OF_FORMULAS) => {
                    self.0.write_field(format!("'{text}"))?;
                }
                Cell::Text(text) => self.0.write_field(text)?,
                Cell::Integer(integer) => self.0.write_field(integer.to_string())?,
                Cell::Number(number) => self.0.write_field(number.to_string())?,
                Cell::Moment(moment) => self.0.write_field(moment.to_string())?,
            }
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        // Between two rows a writer remembers nothing but how many cells a row has.
        let written = std::mem::replace(&mut self.0, writer());
        written
            .into_inner()
            .map_err(|error| ExportError::form(&error))
    }
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::form(&error)
    }
}
