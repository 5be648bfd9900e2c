//! The tables `[[segment]]`, of the configuration and of what was posted.

use super::content::Source;
use super::fields::rules as fields;
use super::interest::{Ids, title};
use super::problem::Problems;
use super::table::{Placed, Table};

/// Most segments.
const MAX_SEGMENTS: usize = 1_000;

/// A segment as it was written.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) id: Placed<String>,
    pub(super) label: Box<str>,
    pub(super) description: Option<&'a str>,
    pub(super) when: Placed<&'a str>,
    pub(super) source: Source,
    /// Whether it takes the place of one of the configuration's.
    pub(super) replaces: bool,
}

/// A segment as it was written, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentText {
    /// Its id.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// Who is meant; empty where nobody has said it.
    pub description: Box<str>,
    /// The condition.
    pub when: Box<str>,
    /// Where it was written.
    pub source: Source,
    /// Whether it takes the place of one of the configuration's.
    pub replaces: bool,
}

impl Written<'_> {
    pub(super) fn to_text(&self) -> SegmentText {
        SegmentText {
            id: self.id.value.as_str().into(),
            label: self.label.clone(),
            description: self.description.unwrap_or_default().into(),
            when: self.when.value.into(),
            source: self.source,
            replaces: self.replaces,
        }
    }
}

/// Puts posted segments in the places of those of the same ids, and the others after all.
pub(super) fn join<'a>(
    mut segments: Vec<Written<'a>>,
    posted: Vec<Written<'a>>,
    problems: &mut Problems<'_>,
) -> Vec<Written<'a>> {
    for mut one in posted {
        let full = segments.len() >= MAX_SEGMENTS;
        let mut known = segments.iter_mut();
        if let Some(known) = known.find(|known| known.id.value == one.id.value) {
            one.replaces = true;
            *known = one;
        } else if full {
            problems.add(
                one.id.span.clone(),
                format!("there are {MAX_SEGMENTS} segments already"),
                "leave out those that nobody uses",
            );
        } else {
            segments.push(one);
        }
    }
    segments
}

/// Reads all of them in one text, reporting ids that occur twice.
pub(super) fn read_all<'a>(
    root: &Table<'a>,
    source: Source,
    problems: &mut Problems<'_>,
) -> Vec<Written<'a>> {
    let mut ids = Ids::of("segment");
    let mut segments = Vec::new();
    let tables = root.tables(&fields::SEGMENT, problems);
    if let Some(extra) = tables.get(MAX_SEGMENTS) {
        problems.add(
            extra.span.clone(),
            format!("there are {} segments", tables.len()),
            format!("there may be {MAX_SEGMENTS}; leave out those that nobody uses"),
        );
        return segments;
    }
    for table in &tables {
        let label = table.text(&fields::LABEL, problems);
        let id = ids.read(table, &fields::ID, problems);
        let description = table.text(&fields::DESCRIPTION, problems);
        let when = table.text(&fields::WHEN, problems);
        table.missing(&fields::WHEN, "say who is in it", problems);
        if let (Some(id), Some(when)) = (id, when) {
            let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
            segments.push(Written {
                id,
                label,
                description: description.map(|text| text.value),
                when,
                source,
                replaces: false,
            });
        }
    }
    segments
}
