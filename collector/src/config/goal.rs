//! The tables `[[goal]]`.

use super::content::WrittenSlot;
use super::fields::goal as fields;
use super::interest::{Ids, title};
use super::problem::{Problems, choice, suggestion};
use super::table::{Placed, Scalar, Table};
use crate::effect::{Goal, GoalValue, MOST_VALUE, ReachedBy};

/// Most goals.
const MAX_GOALS: usize = 50;

/// Longest name of an event or property, in bytes.
const LONGEST_NAME: usize = 200;

/// A goal as it was written.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) id: Placed<String>,
    label: Box<str>,
    pub(super) by: By<'a>,
    value: Option<GoalValue>,
}

/// By what it is reached.
#[derive(Debug)]
pub(super) enum By<'a> {
    Event(Box<str>),
    When(Placed<&'a str>),
}

impl Written<'_> {
    /// The condition, where it has one.
    pub(super) fn when(&self) -> Option<&Placed<&str>> {
        match &self.by {
            By::Event(_) => None,
            By::When(when) => Some(when),
        }
    }

    /// The goal, given the program of its condition.
    pub(super) fn with_program(&self, program: usize) -> Goal {
        Goal {
            id: self.id.value.as_str().into(),
            label: self.label.clone(),
            by: match &self.by {
                By::Event(name) => ReachedBy::Event(name.clone()),
                By::When(_) => ReachedBy::Condition(program),
            },
            value: self.value.clone(),
        }
    }
}

/// Reads all of them, reporting ids that occur twice.
pub(super) fn read_all<'a>(root: &Table<'a>, problems: &mut Problems<'_>) -> Vec<Written<'a>> {
    let mut ids = Ids::of("goal");
    let mut goals = Vec::new();
    let tables = root.tables(&fields::GOAL, problems);
    if let Some(extra) = tables.get(MAX_GOALS) {
        problems.add(
            extra.span.clone(),
            format!("there are {} goals", tables.len()),
            format!("there may be {MAX_GOALS}; leave out those that nobody looks at"),
        );
        return goals;
    }
    for table in &tables {
        let label = table.text(&fields::LABEL, problems);
        let id = ids.read(table, &fields::ID, problems);
        let by = by(table, problems);
        let value = value(table, problems);
        if let (Some(id), Some(by)) = (id, by) {
            let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
            goals.push(Written {
                id,
                label,
                by,
                value,
            });
        }
    }
    goals
}

/// Reports slots whose goal is none of these.
pub(super) fn named(goals: &[Written<'_>], slots: &[WrittenSlot], problems: &mut Problems<'_>) {
    let known: Vec<&str> = goals.iter().map(|goal| goal.id.value.as_str()).collect();
    for goal in slots.iter().filter_map(|slot| slot.goal.as_ref()) {
        if known.contains(&goal.value.as_str()) {
            continue;
        }
        let right = match suggestion(&goal.value, &known) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None if known.is_empty() => format!("add a [[goal]] with id = {:?}", goal.value),
            None => format!("it may be {}", choice(&known)),
        };
        let wrong = format!("there is no goal {:?}", goal.value);
        problems.add(goal.span.clone(), wrong, right);
    }
}

fn by<'a>(table: &Table<'a>, problems: &mut Problems<'_>) -> Option<By<'a>> {
    let event = table.text(&fields::EVENT, problems);
    let when = table.text(&fields::WHEN, problems);
    match (event, when) {
        (Some(_), Some(when)) => {
            problems.add(
                when.span,
                "[[goal]] has an event and a when".to_owned(),
                "leave out one of them; an event can be asked for in a when: \
                 'events(\"Order Completed\") >= 1 && visits >= 2'",
            );
            None
        }
        (Some(event), None) if event.value.trim().is_empty() => {
            let wrong = "\"event\" is empty".to_owned();
            problems.add(
                event.span,
                wrong,
                "write the event's name, such as event = \"Order Completed\"",
            );
            None
        }
        (Some(event), None) if event.value.len() > LONGEST_NAME => {
            let wrong = format!("\"event\" has {} bytes", event.value.len());
            problems.add(
                event.span,
                wrong,
                format!("it may have {LONGEST_NAME} at most"),
            );
            None
        }
        (Some(event), None) => Some(By::Event(event.value.into())),
        (None, Some(when)) => Some(By::When(when)),
        (None, None) => {
            if !table.has(&fields::EVENT) && !table.has(&fields::WHEN) {
                problems.add(
                    table.span.clone(),
                    "[[goal]] has neither event nor when".to_owned(),
                    "say by what it is reached, such as event = \"Order Completed\"",
                );
            }
            None
        }
    }
}

fn value(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<GoalValue> {
    let right = "write a number, such as value = 25, or the name of the event's property that has \
                 it, such as value = \"revenue\"";
    let value = table.scalar(&fields::VALUE, right, problems)?;
    match value.value {
        Scalar::Number(number) if (0.0..=MOST_VALUE).contains(&number) => {
            Some(GoalValue::Fixed(number))
        }
        Scalar::Number(number) => {
            problems.add(
                value.span,
                format!("\"value\" is {number}"),
                format!("a value is between 0 and {MOST_VALUE}"),
            );
            None
        }
        Scalar::Text(name) if !name.trim().is_empty() && name.len() <= LONGEST_NAME => {
            Some(GoalValue::Property(name.into()))
        }
        Scalar::Text(name) => {
            problems.add(value.span, format!("\"value\" is {name:?}"), right);
            None
        }
        Scalar::Truth(truth) => {
            problems.add(value.span, format!("\"value\" is {truth}"), right);
            None
        }
    }
}
