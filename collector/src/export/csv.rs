//! Rows as CSV: RFC 4180, in UTF-8 without a byte order mark, the names of the columns first.
//!
//! A spreadsheet runs as a formula what begins like one, whoever wrote it: such a text gets an
//! apostrophe in front, which spreadsheets do not show. Where a spreadsheet expects another separator
//! than the comma, as it does in many countries, a cell begins there, and so does a row at each end of a
//! line, whatever the quotes say: so the same holds after these. JSON says such a sign by its number, and
//! stays the same JSON.
//! Source: OWASP, "CSV Injection".

use std::borrow::Cow;

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::ExportError;
use super::table::{Cell, Column, Kind, on_one_line};

/// Signs with which a formula begins, also in their wide forms.
const OF_FORMULAS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Signs at which a cell or a row ends for some spreadsheets.
const ENDS: [char; 4] = [';', '\t', '\r', '\n'];

/// See the module.
pub(super) struct Csv {
    columns: &'static [Column],
    writer: Writer<Vec<u8>>,
}

/// A table of texts as CSV, the names of the columns first.
///
/// # Errors
/// When it cannot be written.
pub fn of_texts<'a>(
    rows: impl IntoIterator<Item = Vec<Cow<'a, str>>>,
) -> Result<Vec<u8>, ExportError> {
    let mut writer = writer();
    for row in rows {
        for cell in row {
            writer.write_field(text_without_formulas(&cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer
        .into_inner()
        .map_err(|error| ExportError::form(&error))
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(Vec::new())
}

impl Csv {
    pub(super) fn new(columns: &'static [Column]) -> Result<Self, ExportError> {
        let mut writer = writer();
        writer.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { columns, writer })
    }

    pub(super) fn add(&mut self, row: &[Cell]) -> Result<(), ExportError> {
        for (column, cell) in self.columns.iter().zip(row) {
            match cell {
                Cell::Nothing => self.writer.write_field("")?,
                Cell::Text(text) => {
                    let text = match column.kind {
                        Kind::Json => json_without_formulas(text).into(),
                        _ => text_without_formulas(text),
                    };
                    self.writer.write_field(text.as_bytes())?;
                }
                Cell::Integer(integer) => self.writer.write_field(integer.to_string())?,
                Cell::Number(number) => self.writer.write_field(number.to_string())?,
                Cell::Moment(moment) => self.writer.write_field(moment.to_string())?,
            }
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    /// What was written since the last time.
    pub(super) fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        // Between two rows a writer remembers nothing but how many cells a row has.
        let written = std::mem::replace(&mut self.writer, writer());
        written
            .into_inner()
            .map_err(|error| ExportError::form(&error))
    }
}

/// A text in which no cell begins like a formula.
fn text_without_formulas(text: &str) -> Cow<'_, str> {
    if !text.contains(OF_FORMULAS) && !text.starts_with(ENDS) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 1);
    // A spreadsheet may leave out what stands before the first sign that is to be seen.
    if text.starts_with(ENDS) {
        safe.push('\'');
    }
    let mut begins = true;
    for sign in text.chars() {
        if begins && OF_FORMULAS.contains(&sign) {
            safe.push('\'');
        }
        // Quotes may be taken for those of a cell.
        begins = ENDS.contains(&sign) || (begins && sign == '"');
        safe.push(sign);
    }
    Cow::Owned(safe)
}

/// The same JSON on one line, in which no cell begins like a formula.
fn json_without_formulas(json: &str) -> String {
    let json = on_one_line(json.to_owned());
    // It begins with a bracket, and what ends a cell of it is within a text.
    if !json.contains(';') {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 5);
    let mut begins = false;
    for sign in json.chars() {
        if begins && OF_FORMULAS.contains(&sign) {
            safe.push_str(&format!("\\u{:04x}", u32::from(sign)));
        } else {
            safe.push(sign);
        }
        begins = sign == ';';
    }
    safe
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::form(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for (text, safe) in [
            ("a", "a"),
            ("a=1", "a=1"),
            ("", ""),
            ("=1", "'=1"),
            ("＠a", "'＠a"),
            ("\t=1", "'\t'=1"),
            ("\na", "'\na"),
            ("a;=1;b-1", "a;'=1;b-1"),
            ("a;\"=1", "a;\"'=1"),
            ("a\r\n-1\t+1", "a\r\n'-1\t'+1"),
            ("'=1", "'=1"),
        ] {
            assert_eq!(text_without_formulas(text), safe);
        }
        for (json, safe) in [
            (r#"{"a":"=1"}"#, r#"{"a":"=1"}"#),
            (r#"{"a;":"b;=1;c;-"}"#, r#"{"a;":"b;\u003d1;c;\u002d"}"#),
            ("[\n-1,\t-2,\"\\n-3\"]", r#"[ -1, -2,"\n-3"]"#),
            (r#"["a;＝"]"#, r#"["a;\uff1d"]"#),
        ] {
            assert_eq!(json_without_formulas(json), safe);
            let [one, other] = [json, safe].map(serde_json::from_str::<serde_json::Value>);
            assert_eq!(one.unwrap(), other.unwrap());
        }
    }
}
