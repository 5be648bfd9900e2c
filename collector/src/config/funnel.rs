//! The tables `[[funnel]]`.

use super::fields::funnel as fields;
use super::goal;
use super::interest::{Ids, title};
use super::problem::{Problems, choice, suggestion};
use super::table::Table;
use crate::journey::{Funnel, MOST_STEPS};

/// Most funnels.
const MAX_FUNNELS: usize = 20;

/// Reads all of them, reporting ids that occur twice and steps that are no goals.
pub(super) fn read_all(
    root: &Table<'_>,
    goals: &[goal::Written<'_>],
    problems: &mut Problems<'_>,
) -> Vec<Funnel> {
    let mut ids = Ids::of("funnel");
    let mut funnels = Vec::new();
    let tables = root.tables(&fields::FUNNEL, problems);
    if let Some(extra) = tables.get(MAX_FUNNELS) {
        problems.add(
            extra.span.clone(),
            format!("there are {} funnels", tables.len()),
            format!("there may be {MAX_FUNNELS}; leave out those that nobody looks at"),
        );
        return funnels;
    }
    let known: Vec<&str> = goals.iter().map(|goal| goal.id.value.as_str()).collect();
    for table in &tables {
        let label = table.text(&fields::LABEL, problems);
        let id = ids.read(table, &fields::ID, problems);
        let steps = steps(table, &known, problems);
        if let (Some(id), Some(steps)) = (id, steps) {
            funnels.push(Funnel {
                label: label.map_or_else(|| title(&id.value), |label| label.value.into()),
                id: id.value.into(),
                steps,
            });
        }
    }
    funnels
}

fn steps(table: &Table<'_>, known: &[&str], problems: &mut Problems<'_>) -> Option<Vec<Box<str>>> {
    if !table.has(&fields::STEPS) {
        table.missing(&fields::STEPS, "name goals in their order", problems);
        return None;
    }
    let steps = table.texts(&fields::STEPS, problems)?;
    let mut read: Vec<Box<str>> = Vec::new();
    let mut fine = true;
    for step in &steps {
        let wrong = if !known.contains(&step.value) {
            let right = match suggestion(step.value, known) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None if known.is_empty() => format!("add a [[goal]] with id = {:?}", step.value),
                None => format!("it may be {}", choice(known)),
            };
            Some((format!("there is no goal {:?}", step.value), right))
        } else if read.iter().any(|before| **before == *step.value) {
            let wrong = format!("the goal {:?} is a step twice", step.value);
            Some((wrong, "each goal may be one step".to_owned()))
        } else {
            None
        };
        if let Some((wrong, right)) = wrong {
            problems.add(step.span.clone(), wrong, right);
            fine = false;
        }
        read.push(step.value.into());
    }
    if !(2..=MOST_STEPS).contains(&steps.len()) {
        problems.add(
            table
                .span_of(&fields::STEPS)
                .unwrap_or_else(|| table.span.clone()),
            format!("\"steps\" has {}", steps.len()),
            format!("a funnel has 2 to {MOST_STEPS} steps"),
        );
        fine = false;
    }
    fine.then_some(read)
}
