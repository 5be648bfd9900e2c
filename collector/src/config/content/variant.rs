//! The tables `[[variant]]`.

use std::collections::HashMap;

use firstglance_engine::Timestamp;
use firstglance_engine::content::{CONTROL, Content, DEFAULT};

use super::super::fields::Field;
use super::super::fields::content as fields;
use super::super::interest::{id, title};
use super::super::problem::{Problems, Written as Place, suggestion};
use super::super::table::{Placed, Scalar, Table};
use super::{MOST_VARIANTS, WrittenSlot, markup};

/// What fields look like, for error messages.
const FORM: &str = "it must be names and texts, such as fields = { title = \"Book a test ride\", \
                    link = \"/test-ride/\" }";

/// Most fields.
const MOST_FIELDS: usize = 50;

/// The greatest rank.
const LAST: f64 = 1_000_000.0;

/// A variant as it was written.
#[derive(Debug)]
pub(in crate::config) struct WrittenVariant<'a> {
    /// Id of its slot.
    pub(in crate::config) slot: String,
    pub(in crate::config) id: Placed<String>,
    pub(in crate::config) label: Box<str>,
    pub(in crate::config) when: Option<Placed<&'a str>>,
    pub(in crate::config) rank: Option<Placed<u32>>,
    pub(in crate::config) from: Option<Timestamp>,
    pub(in crate::config) until: Option<Timestamp>,
    pub(in crate::config) content: Content,
}

/// Reads all of them.
pub(super) fn read_all<'a>(
    root: &Table<'a>,
    slots: &[WrittenSlot],
    problems: &mut Problems<'_>,
) -> Vec<WrittenVariant<'a>> {
    let mut variants = Vec::new();
    let tables = root.tables(&fields::VARIANT, problems);
    if let Some(extra) = tables.get(MOST_VARIANTS) {
        problems.add(
            extra.span.clone(),
            format!("there are {} variants", tables.len()),
            format!("there may be {MOST_VARIANTS}; leave out those whose time is over"),
        );
        return variants;
    }
    let mut ids: HashMap<(String, String), usize> = HashMap::new();
    let mut ranks: HashMap<(String, u32), usize> = HashMap::new();
    for (index, table) in tables.iter().enumerate() {
        let Some(variant) = read(table, slots, problems) else {
            continue;
        };
        let WrittenVariant { slot, id, rank, .. } = &variant;
        if let Some(first) = ids.insert((slot.clone(), id.value.clone()), index) {
            problems.add(
                id.span.clone(),
                format!("the id {:?} is taken by variant {}", id.value, first + 1),
                "each variant of a slot needs an id of its own",
            );
        }
        if let Some(rank) = rank
            && let Some(first) = ranks.insert((slot.clone(), rank.value), index)
        {
            problems.add(
                rank.span.clone(),
                format!(
                    "variant {} of the slot {slot:?} has the rank {} as well",
                    first + 1,
                    rank.value
                ),
                "say which comes first: each needs a rank of its own, or none, and then their order \
                 decides",
            );
        }
        variants.push(variant);
    }
    variants
}

fn read<'a>(
    table: &Table<'a>,
    slots: &[WrittenSlot],
    problems: &mut Problems<'_>,
) -> Option<WrittenVariant<'a>> {
    let slot = slot(table, slots, problems);
    let label = table.text(&fields::VARIANT_LABEL, problems);
    let id = id(table, &fields::VARIANT_ID, problems);
    if let Some(id) = &id
        && [DEFAULT, CONTROL].contains(&id.value.as_str())
    {
        problems.add(
            id.span.clone(),
            format!("\"id\" is {:?}", id.value),
            "choose another: by this name those are told who see what the page itself has",
        );
    }
    let when = table.text(&fields::WHEN, problems);
    let rank = rank(table, problems);
    let from = moment(table, &fields::FROM, problems);
    let until = moment(table, &fields::UNTIL, problems);
    if let (Some(from), Some(until)) = (&from, &until)
        && from.value >= until.value
    {
        problems.add(
            until.span.clone(),
            "\"until\" is not after \"from\"".to_owned(),
            "nobody would ever see it: say when it ends, or leave \"until\" out",
        );
    }
    let content = content(table, problems);
    let (slot, id, content) = (slot?, id?, content?);
    Some(WrittenVariant {
        slot,
        label: label.map_or_else(|| title(&id.value), |label| label.value.into()),
        id,
        when,
        rank,
        from: from.map(|from| from.value),
        until: until.map(|until| until.value),
        content,
    })
}

/// The id of its slot.
fn slot(table: &Table<'_>, slots: &[WrittenSlot], problems: &mut Problems<'_>) -> Option<String> {
    let Some(slot) = table.text(&fields::OF_SLOT, problems) else {
        table.missing(&fields::OF_SLOT, "say where it stands", problems);
        return None;
    };
    if slots.iter().any(|known| known.id.value == slot.value) {
        return Some(slot.value.to_owned());
    }
    let known: Vec<&str> = slots.iter().map(|slot| slot.id.value.as_str()).collect();
    let right = match suggestion(slot.value, &known) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("add [[slot]] with id = {:?}", slot.value),
    };
    problems.add(
        slot.span,
        format!("there is no slot {:?}", slot.value),
        right,
    );
    None
}

fn rank(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Placed<u32>> {
    let number = table.number(&fields::RANK, problems)?;
    if number.value.fract() == 0.0 && (1.0..=LAST).contains(&number.value) {
        return Some(Placed {
            value: number.value as u32,
            span: number.span,
        });
    }
    problems.add(
        number.span,
        format!("\"rank\" is {}", number.value),
        format!("it must be a whole number from 1 to {LAST}"),
    );
    None
}

fn moment(
    table: &Table<'_>,
    field: &Field,
    problems: &mut Problems<'_>,
) -> Option<Placed<Timestamp>> {
    let text = table.text(field, problems)?;
    match Timestamp::parse(text.value) {
        Ok(value) => Some(Placed {
            value,
            span: text.span,
        }),
        Err(_) => {
            problems.add(
                text.span,
                format!("\"{}\" is {:?}", field.name, text.value),
                "it must be a moment with its offset, such as \"2026-12-01T00:00:00+01:00\"",
            );
            None
        }
    }
}

/// What it shows.
fn content(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Content> {
    let html = table.text(&fields::HTML, problems);
    let texts = fields(table, problems);
    match (table.span_of(&fields::HTML), table.span_of(&fields::FIELDS)) {
        (Some(_), Some(span)) => {
            problems.add(
                span,
                "[[variant]] has html and fields".to_owned(),
                "leave one out: fields are for the page's own markup",
            );
            None
        }
        (None, None) => {
            problems.add(
                table.span.clone(),
                "[[variant]] shows nothing".to_owned(),
                "say what, such as html = \"<h2>Book a test ride</h2>\"",
            );
            None
        }
        (None, Some(_)) => texts.map(Content::Fields),
        (Some(_), None) => {
            let html = html?;
            match markup::checked(html.value) {
                Ok(safe) => Some(Content::Html(safe)),
                Err(faults) => {
                    for fault in faults {
                        problems.within(&Place::toml(&html), &fault);
                    }
                    None
                }
            }
        }
    }
}

fn fields(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Vec<(Box<str>, Box<str>)>> {
    let scalars = table.scalars(&fields::FIELDS, "it must be names and texts", problems)?;
    if scalars.len() > MOST_FIELDS {
        let span = table
            .span_of(&fields::FIELDS)
            .unwrap_or_else(|| table.span.clone());
        let wrong = format!("\"fields\" has {} names", scalars.len());
        problems.add(span, wrong, format!("it may have {MOST_FIELDS}"));
        return None;
    }
    let mut fields = Vec::new();
    for (name, value) in scalars {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
        if name.is_empty() || !name.chars().all(plain) {
            problems.add(
                value.span,
                format!("\"fields\" has the name {name:?}"),
                "it must be letters, digits, - or _, such as title, as in data-fg-field=\"title\"",
            );
            continue;
        }
        match value.value {
            Scalar::Text(text) if !text.chars().any(char::is_control) => {
                fields.push((name.into(), text.into()));
            }
            Scalar::Text(_) => problems.add(
                value.span,
                format!("the field {name:?} has a line break or another control character"),
                "write it in one line, or use html",
            ),
            Scalar::Number(_) | Scalar::Truth(_) => {
                problems.add(value.span, format!("the field {name:?} is no text"), FORM)
            }
        }
    }
    Some(fields)
}
