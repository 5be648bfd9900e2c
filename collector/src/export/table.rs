//! Rows and columns: what an export shows in every form that has columns.

use firstglance_engine::Timestamp;
use firstglance_engine::json::JsonWriter;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text as it came.
    Text,
    /// JSON.
    Json,
    /// A whole number that is not negative.
    Integer,
    /// A number.
    Number,
    /// A moment in UTC, to a millisecond.
    Moment,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A column of this name and kind.
pub(super) const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// What stands in a column of a row. It is of the column's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// It is not known.
    Nothing,
    /// Of a column of text or JSON.
    Text(String),
    /// See [`Kind::Integer`].
    Integer(u64),
    /// See [`Kind::Number`].
    Number(f64),
    /// See [`Kind::Moment`].
    Moment(Timestamp),
}

impl Cell {
    /// A text; an empty one is not known.
    pub(super) fn text(text: &str) -> Self {
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Text(text.to_owned())
        }
    }

    /// A text that may not be known.
    pub(super) fn maybe(text: Option<&str>) -> Self {
        Self::text(text.unwrap_or_default())
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Nothing => 1,
            Self::Text(text) => text.len() + 8,
            _ => 8,
        }
    }
}

/// The same JSON on one line, for whoever ends lines at more than their feed, and for terminals, which
/// some signs command.
#[must_use]
pub fn on_one_line(json: String) -> String {
    let is_plain = |sign: char| !(sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}'));
    if json.chars().all(is_plain) {
        return json;
    }
    let mut line = String::with_capacity(json.len() + 16);
    for sign in json.chars() {
        match sign {
            sign if is_plain(sign) => line.push(sign),
            // Between two members; within a text they are always escaped.
            '\0'..' ' => line.push(' '),
            sign => line.push_str(&format!("\\u{:04x}", u32::from(sign))),
        }
    }
    line
}

/// Writes a row as an object, a member for each column.
pub(super) fn write_object(json: &mut JsonWriter, columns: &[Column], row: &[Cell]) {
    json.open('{');
    for (column, cell) in columns.iter().zip(row) {
        json.name(column.name);
        match cell {
            Cell::Nothing => json.null(),
            Cell::Text(text) if column.kind == Kind::Json => json.raw(text),
            Cell::Text(text) => json.text(text),
            Cell::Integer(integer) => json.integer(*integer),
            Cell::Number(number) => json.number(*number),
            Cell::Moment(moment) => json.moment(*moment),
        }
    }
    json.close('}');
}
