//! Content that was posted: JSON of the shape of the configuration's tables.
//!
//! It is made TOML and read like the configuration, so that there is one reader and one set of
//! sentences. Problems are told where they are in what was posted.

use std::fmt;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::place::places;
use super::super::problem::{Problem, Problems};

/// Bytes that a posted text may have.
const MOST_BYTES: usize = 256 * 1024;

/// The members that it may have.
const MEMBERS: [&str; 2] = ["slot", "variant"];

/// Slots and variants that were posted. Whether they are in order only the configuration beside
/// which they stand can tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    json: Map<String, Value>,
    toml: String,
}

/// What is wrong with posted content, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentProblem {
    /// Which value: `variant[1].html`; empty for all of it.
    pub place: String,
    /// Line and column in a text, from 1.
    pub at: Option<(usize, usize)>,
    /// What is wrong.
    pub wrong: String,
    /// What would be right; empty when that is plain.
    pub right: String,
}

impl fmt::Display for ContentProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.place)?;
        if let Some((line, column)) = self.at {
            write!(formatter, " {line}:{column}")?;
        }
        let colon = if self.place.is_empty() { "" } else { ": " };
        write!(formatter, "{colon}{}", self.wrong)?;
        if self.right.is_empty() {
            return Ok(());
        }
        write!(formatter, "; {}", self.right)
    }
}

impl ContentProblem {
    pub(in crate::config) fn whole(wrong: impl Into<String>, right: &str) -> Self {
        Self {
            place: String::new(),
            at: None,
            wrong: wrong.into(),
            right: right.to_owned(),
        }
    }
}

impl Posted {
    /// Reads what was posted.
    ///
    /// # Errors
    /// Where it is no JSON, or cannot be content whatever the configuration is.
    pub fn parse(json: &str) -> Result<Self, ContentProblem> {
        if json.len() > MOST_BYTES {
            let wrong = format!("this has {} bytes", json.len());
            let right = format!("it may have {MOST_BYTES}");
            return Err(ContentProblem::whole(wrong, &right));
        }
        let right = "it must be an object with the lists \"slot\" and \"variant\"";
        let read = serde_json::from_str::<Map<String, Value>>(json);
        let json = read.map_err(|error| ContentProblem::whole(error.to_string(), right))?;
        Self::of(json)
    }

    fn of(json: Map<String, Value>) -> Result<Self, ContentProblem> {
        for name in json.keys() {
            if !MEMBERS.contains(&name.as_str()) {
                let wrong = format!("there is no member {name:?}");
                return Err(ContentProblem::whole(wrong, "it may be slot or variant"));
            }
        }
        let toml = toml::to_string(&json).map_err(|error| {
            let right = "a value is a text, a number, true, false, a list or an object, never null";
            ContentProblem::whole(error.to_string(), right)
        })?;
        Ok(Self { json, toml })
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.json.clone()).to_string()
    }

    /// Each slot by itself, with its id.
    #[must_use]
    pub fn slots(&self) -> Vec<(String, Self)> {
        let list = |name: &str| self.json.get(name).and_then(Value::as_array);
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let mut slots = Vec::new();
        for slot in list("slot").into_iter().flatten() {
            let Some(id) = text(slot, "id") else {
                continue;
            };
            let variants = list("variant").into_iter().flatten();
            let variants = variants.filter(|variant| text(variant, "slot").as_ref() == Some(&id));
            let json = Map::from_iter([
                ("slot".to_owned(), Value::Array(vec![slot.clone()])),
                (
                    "variant".to_owned(),
                    Value::Array(variants.cloned().collect()),
                ),
            ]);
            if let Ok(alone) = Self::of(json) {
                slots.push((id, alone));
            }
        }
        slots
    }

    /// Several together, as one.
    #[must_use]
    pub fn joined(all: &[Self]) -> Self {
        let mut json = Map::new();
        for name in MEMBERS {
            let lists = all.iter().filter_map(|one| one.json.get(name)?.as_array());
            json.insert(
                name.to_owned(),
                Value::Array(lists.flatten().cloned().collect()),
            );
        }
        // What could be written one by one can be together.
        let toml = toml::to_string(&json).unwrap_or_default();
        Self { json, toml }
    }

    /// The text that is read.
    pub(in crate::config) fn text(&self) -> &str {
        &self.toml
    }
}

/// A posted text that is read: tells problems where they are in it.
pub(in crate::config) struct Reading<'a> {
    text: &'a str,
    pub(in crate::config) fields: Spanned<DeTable<'a>>,
}

impl<'a> Reading<'a> {
    /// Reads a text, reporting what is no TOML.
    pub(in crate::config) fn of(text: &'a str, problems: &mut Problems<'_>) -> Self {
        let (fields, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            problems.syntax(&error);
        }
        Self { text, fields }
    }
    /// What was reported, told for who posted it.
    pub(in crate::config) fn told(&self, problems: Problems<'_>) -> Vec<ContentProblem> {
        let found = problems.into_found().into_iter();
        found.map(|(at, problem)| self.tell(at, problem)).collect()
    }

    fn tell(&self, at: usize, problem: Problem) -> ContentProblem {
        let mut place = String::new();
        let mut inner = None;
        within(self.fields.get_ref(), at, &mut place, &mut inner);
        let at = inner.and_then(|(span, value): (Range<usize>, &str)| {
            let written = self.text.get(span.clone())?;
            let offset = at.checked_sub(span.start).filter(|offset| *offset > 0)?;
            let places = places(written, value);
            let byte = places.iter().position(|place| *place >= offset)?;
            let before = value.get(..value.floor_char_boundary(byte))?;
            let line = before.rfind('\n').map_or(0, |newline| newline + 1);
            let column = before.get(line..)?.chars().count() + 1;
            Some((before.matches('\n').count() + 1, column))
        });
        ContentProblem {
            place,
            at,
            wrong: problem.wrong,
            right: problem.right,
        }
    }
}

/// The innermost value at a place: its path, and where it is a text, that.
fn within<'a>(
    fields: &'a DeTable<'a>,
    at: usize,
    path: &mut String,
    inner: &mut Option<(Range<usize>, &'a str)>,
) {
    for (key, value) in fields {
        if key.span().contains(&at) || covers(value, at) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key.get_ref());
            into(value, at, path, inner);
            return;
        }
    }
}

fn covers(value: &Spanned<DeValue<'_>>, at: usize) -> bool {
    let inside = match value.get_ref() {
        DeValue::Array(items) => items.iter().any(|item| covers(item, at)),
        DeValue::Table(fields) => {
            let mut fields = fields.iter();
            fields.any(|(key, value)| key.span().contains(&at) || covers(value, at))
        }
        _ => false,
    };
    inside || value.span().contains(&at)
}

fn into<'a>(
    value: &'a Spanned<DeValue<'a>>,
    at: usize,
    path: &mut String,
    inner: &mut Option<(Range<usize>, &'a str)>,
) {
    match value.get_ref() {
        DeValue::Array(items) => {
            if let Some(place) = items.iter().position(|item| covers(item, at)) {
                path.push_str(&format!("[{place}]"));
                if let Some(item) = items.get(place) {
                    into(item, at, path, inner);
                }
            }
        }
        DeValue::Table(fields) => within(fields, at, path, inner),
        DeValue::String(text) => *inner = Some((value.span(), text)),
        _ => {}
    }
}
