//! The tables `[[slot]]`.

use firstglance_engine::content::{Choice, MOST_CONTROL, Shares};
use firstglance_engine::text::slug;

use super::super::fields::Field;
use super::super::fields::content as fields;
use super::super::interest::{Ids, title};
use super::super::problem::{Problems, choice, suggestion};
use super::super::table::{Placed, Table};
use super::{MOST_SLOTS, Names};

/// Names of the ways to choose.
pub(in crate::config) const WAYS: &[&str] = &Choice::NAMES;

/// How much explores at least and at most, in percent. Less would find out nothing, more would learn
/// for nothing.
const FLOORS: std::ops::RangeInclusive<u8> = 1..=50;

/// Most segments that shares are learned apart for.
const MOST_APART: usize = 20;

/// A slot as it was written.
#[derive(Debug)]
pub(in crate::config) struct WrittenSlot {
    pub(in crate::config) id: Placed<String>,
    pub(in crate::config) label: Box<str>,
    pub(in crate::config) control: u8,
    pub(in crate::config) choice: Choice,
    pub(in crate::config) goal: Option<Placed<String>>,
    pub(in crate::config) floor: u8,
}

/// Reads all of them, reporting ids that occur twice.
pub(super) fn read_all(
    root: &Table<'_>,
    names: &Names<'_>,
    problems: &mut Problems<'_>,
) -> Vec<WrittenSlot> {
    let mut ids = Ids::of("slot");
    let mut slots = Vec::new();
    let tables = root.tables(&fields::SLOT, problems);
    if let Some(extra) = tables.get(MOST_SLOTS) {
        problems.add(
            extra.span.clone(),
            format!("there are {} slots", tables.len()),
            format!("there may be {MOST_SLOTS}; leave out those that no page has"),
        );
        return slots;
    }
    for table in &tables {
        let label = table.text(&fields::LABEL, problems);
        let id = ids.read(table, &fields::ID, problems);
        let control = percent(table, &fields::CONTROL, 0..=MOST_CONTROL, problems);
        let choice = way(table, names, problems);
        let goal = table.text(&fields::GOAL, problems);
        let floor = percent(table, &fields::FLOOR, FLOORS, problems);
        let Some(id) = id else {
            continue;
        };
        let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
        slots.push(WrittenSlot {
            id,
            label,
            control,
            choice,
            goal: goal.map(|goal| Placed {
                value: goal.value.to_owned(),
                span: goal.span,
            }),
            floor,
        });
    }
    slots
}

/// A whole number of hundredths.
fn percent(
    table: &Table<'_>,
    field: &Field,
    range: std::ops::RangeInclusive<u8>,
    problems: &mut Problems<'_>,
) -> u8 {
    let usual = field.number() as u8;
    let Some(number) = table.number(field, problems) else {
        return usual;
    };
    let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
    if number.value.fract() == 0.0 && (least..=most).contains(&number.value) {
        return number.value as u8;
    }
    problems.add(
        number.span,
        format!("\"{}\" is {}", field.name, number.value),
        format!("it must be a whole number of percent from {least} to {most}"),
    );
    usual
}

/// How one of several variants is chosen.
fn way(table: &Table<'_>, names: &Names<'_>, problems: &mut Problems<'_>) -> Choice {
    let way = table.text(&fields::CHOOSE, problems);
    let by = table.texts(&fields::BY, problems);
    let said = way.as_ref().map_or(fields::CHOOSE.text(), |way| way.value);
    if said == "automatic" {
        let by = by.unwrap_or_default();
        return Choice::Automatic(apart(by, names, problems));
    }
    for field in [fields::BY, fields::FLOOR] {
        if let Some(span) = table.span_of(&field) {
            problems.add(
                span,
                format!(
                    "\"{}\" says how shares are learned, and this slot learns none",
                    field.name
                ),
                "leave it out, or write choose = \"automatic\"",
            );
        }
    }
    match (said, way) {
        ("even", _) => Choice::Even,
        ("first", _) | (_, None) => Choice::First,
        (_, Some(way)) => {
            let right = match suggestion(way.value, WAYS) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("it may be {}", choice(WAYS)),
            };
            problems.add(way.span, format!("\"choose\" is {:?}", way.value), right);
            Choice::First
        }
    }
}

/// Shares that nobody has learned yet: apart for these segments, and for everybody else.
fn apart(by: Vec<Placed<&str>>, names: &Names<'_>, problems: &mut Problems<'_>) -> Vec<Shares> {
    let mut shares: Vec<Shares> = Vec::new();
    if let Some(extra) = by.get(MOST_APART) {
        let wrong = format!("\"by\" has {} segments", by.len());
        let right = format!("it may have {MOST_APART}: each has to learn for itself");
        problems.add(extra.span.clone(), wrong, right);
        return shares;
    }
    for one in by {
        let id = one.value;
        let known = names.segments.iter().any(|segment| segment == id)
            || names.interests.iter().any(|interest| **interest == *id);
        let by_itself = names.found && !id.is_empty() && slug(id) == id;
        if !known && !by_itself {
            let segments = names.segments.iter().map(String::as_str);
            let all: Vec<&str> = segments
                .chain(names.interests.iter().map(|interest| &**interest))
                .collect();
            let right = match suggestion(id, &all) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => "name a segment or an interest of this configuration".to_owned(),
            };
            problems.add(one.span, format!("there is no segment {id:?}"), right);
        } else if shares
            .iter()
            .any(|share| share.segment.as_deref() == Some(id))
        {
            let wrong = format!("\"by\" has {id:?} twice");
            problems.add(one.span, wrong, "leave one out");
        } else {
            shares.push(Shares {
                segment: Some(id.into()),
                weights: Vec::new(),
            });
        }
    }
    shares.push(Shares::default());
    shares
}
