//! The tables `[[score.rule]]`.

use super::condition::Asked;
use super::duration;
use super::fields::Field;
use super::fields::score as fields;
use super::problem::Problems;
use super::score::MOST;
use super::table::{Placed, Scalar, Table};

/// Most rules.
const MAX_RULES: usize = 200;

/// A rule.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    /// Its label, or a sentence that says what it does.
    pub(super) label: String,
    pub(super) points: f64,
    pub(super) points_for: Points<'a>,
}

/// What there are points for.
#[derive(Debug)]
pub(super) enum Points<'a> {
    /// While a condition holds.
    When(Placed<&'a str>),
    /// Each time that something happens.
    Event {
        name: Placed<&'a str>,
        property: Option<(String, Asked)>,
        cap: Option<f64>,
        /// In milliseconds; 0 where points stay for ever.
        half_life: u64,
    },
}

/// Reads all of them.
pub(super) fn read_all<'a>(score: &Table<'a>, problems: &mut Problems<'_>) -> Vec<Rule<'a>> {
    let tables = score.tables(&fields::RULE, problems);
    if let Some(extra) = tables.get(MAX_RULES) {
        problems.add(
            extra.span.clone(),
            format!("there are {} rules", tables.len()),
            format!("there may be {MAX_RULES}; join some with *"),
        );
        return Vec::new();
    }
    let rules = tables.iter().map(|table| read(table, problems));
    rules.collect::<Vec<_>>().into_iter().flatten().collect()
}

fn read<'a>(table: &Table<'a>, problems: &mut Problems<'_>) -> Option<Rule<'a>> {
    let label = table.text(&fields::RULE_LABEL, problems);
    let event = table.text(&fields::EVENT, problems);
    let when = table.text(&fields::WHEN, problems);
    let points = points(table, problems);
    let cap = positive(table, &fields::CAP, problems);
    let half_life = half_life(table, problems);
    let property = property(table, problems);
    let points_for = match (event, when) {
        (Some(_), Some(when)) => {
            problems.add(
                when.span,
                "[[score.rule]] has both event and when".to_owned(),
                "leave one out: event counts what happens, when gives points while it holds",
            );
            return None;
        }
        (None, None) => {
            if !table.has(&fields::EVENT) && !table.has(&fields::WHEN) {
                problems.add(
                    table.span.clone(),
                    "[[score.rule]] does not say what the points are for".to_owned(),
                    "add event = \"Form Submitted\" or when = 'interest(\"crm\") >= 0.5'",
                );
            }
            return None;
        }
        (None, Some(when)) => {
            for field in [fields::WHERE, fields::CAP, fields::HALF_LIFE] {
                if let Some(span) = table.span_of(&field) {
                    problems.add(
                        span,
                        format!("[[score.rule]] with when has no {}", field.name),
                        "leave it out: the points count while the condition holds",
                    );
                }
            }
            Points::When(when)
        }
        (Some(name), None) => Points::Event {
            name,
            property,
            cap,
            half_life,
        },
    };
    let points = points?;
    let label = label.map_or_else(
        || match &points_for {
            Points::When(when) => format!("{}: {points} points", when.value.trim()),
            Points::Event { name, .. } => format!("event {:?}: {points} points", name.value),
        },
        |label| label.value.to_owned(),
    );
    Some(Rule {
        label,
        points,
        points_for,
    })
}

fn points(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<f64> {
    let Some(points) = table.number(&fields::POINTS, problems) else {
        table.missing(&fields::POINTS, "add them", problems);
        return None;
    };
    if points.value != 0.0 && points.value.abs() <= MOST {
        return Some(points.value);
    }
    problems.add(
        points.span,
        format!("\"points\" is {}", points.value),
        "it may be up to 1000000, or negative, and not 0",
    );
    None
}

fn positive(table: &Table<'_>, field: &Field, problems: &mut Problems<'_>) -> Option<f64> {
    let number = table.number(field, problems)?;
    if number.value > 0.0 && number.value <= MOST {
        return Some(number.value);
    }
    problems.add(
        number.span,
        format!("\"{}\" is {}", field.name, number.value),
        "it must be more than 0 and at most 1000000; for negative points as well",
    );
    None
}

fn half_life(table: &Table<'_>, problems: &mut Problems<'_>) -> u64 {
    let Some(text) = table.text(&fields::HALF_LIFE, problems) else {
        return 0;
    };
    match duration::parse(text.value) {
        Ok(length) => length.0,
        Err(right) => {
            let wrong = format!("\"half_life\" is {:?}", text.value);
            problems.add(text.span, wrong, right);
            0
        }
    }
}

fn property(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<(String, Asked)> {
    let advice = "write one property and its value";
    let scalars = table.scalars(&fields::WHERE, advice, problems)?;
    let mut scalars = scalars.into_iter();
    let (name, value) = scalars.next()?;
    if let Some((_, extra)) = scalars.next() {
        problems.add(
            extra.span,
            "\"where\" has more than one property".to_owned(),
            "ask for one, or make an event of its own for it",
        );
    }
    let asked = match value.value {
        Scalar::Text(text) => Asked::Pattern(text),
        Scalar::Number(number) => Asked::Number(number),
        Scalar::Truth(truth) => Asked::Truth(truth),
    };
    Some((name, asked))
}

impl<'a> Rule<'a> {
    /// The condition of a rule that has one.
    pub(super) const fn when(&self) -> Option<&Placed<&'a str>> {
        match &self.points_for {
            Points::When(when) => Some(when),
            Points::Event { .. } => None,
        }
    }
}
