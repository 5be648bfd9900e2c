//! The tables `[[segment]]`.

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
    pub(super) when: Placed<&'a str>,
}

/// Reads all of them, reporting ids that occur twice.
pub(super) fn read_all<'a>(root: &Table<'a>, problems: &mut Problems<'_>) -> Vec<Written<'a>> {
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
        let when = table.text(&fields::WHEN, problems);
        table.missing(&fields::WHEN, "say who is in it", problems);
        if let (Some(id), Some(when)) = (id, when) {
            let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
            segments.push(Written { id, label, when });
        }
    }
    segments
}
