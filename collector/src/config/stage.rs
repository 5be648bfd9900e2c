//! The tables `[[score.stage]]`.

use firstglance_engine::snapshot::USUAL_STAGES;

use super::fields::score as fields;
use super::interest::{id, title};
use super::problem::Problems;
use super::score::DISQUALIFIED;
use super::table::Table;

/// Most stages.
const MAX_STAGES: usize = 20;

/// What share of where a stage begins keeps a visitor in it.
const KEEP: f64 = 0.8;

/// A stage of a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// The score that reaches it.
    pub from: f64,
    /// The score that is enough to stay in it.
    pub keep: f64,
}

/// The stages where none are configured.
pub(super) fn usual() -> Vec<Stage> {
    let stage = |id: &str, from: f64, keep: f64| Stage {
        id: id.into(),
        label: title(id),
        from,
        keep,
    };
    let [(warm, stays_warm), (hot, stays_hot)] = USUAL_STAGES;
    vec![
        stage("cold", 0.0, 0.0),
        stage("warm", warm, stays_warm),
        stage("hot", hot, stays_hot),
    ]
}

/// Reads all of them. `most` is the greatest score that there can be.
pub(super) fn read_all(score: &Table<'_>, most: f64, problems: &mut Problems<'_>) -> Vec<Stage> {
    let tables = score.tables(&fields::STAGE, problems);
    if tables.is_empty() {
        return usual();
    }
    if let Some(extra) = tables.get(MAX_STAGES) {
        problems.add(
            extra.span.clone(),
            format!("there are {} stages", tables.len()),
            format!("there may be {MAX_STAGES}"),
        );
        return usual();
    }
    let mut stages: Vec<Stage> = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let label = table.text(&fields::STAGE_LABEL, problems);
        let id = id(table, &fields::STAGE_ID, problems);
        let before = stages.last().map(|stage| stage.from);
        let from = from(table, place, before, most, problems);
        let keep = keep(table, place, from, problems);
        let Some(id) = id else {
            continue;
        };
        if id.value == DISQUALIFIED {
            problems.add(
                id.span.clone(),
                format!(
                    "the id {DISQUALIFIED:?} is that of the stage that [score] gives by itself"
                ),
                "choose another, or say who it is with disqualified = '…' in [score]",
            );
        } else if let Some(first) = stages.iter().position(|stage| *stage.id == *id.value) {
            problems.add(
                id.span.clone(),
                format!("the id {:?} is taken by stage {}", id.value, first + 1),
                "each stage needs an id of its own",
            );
        }
        let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
        stages.push(Stage {
            id: id.value.into(),
            label,
            from,
            keep,
        });
    }
    stages
}

fn from(
    table: &Table<'_>,
    place: usize,
    before: Option<f64>,
    most: f64,
    problems: &mut Problems<'_>,
) -> f64 {
    let fallback = before.unwrap_or(0.0);
    let Some(from) = table.number(&fields::FROM, problems) else {
        if place > 0 && !table.has(&fields::FROM) {
            problems.add(
                table.span.clone(),
                "[[score.stage]] has no from".to_owned(),
                "say from which score on, such as from = 20; only the first stage needs none",
            );
        }
        return fallback;
    };
    let wrong = format!("\"from\" is {}", from.value);
    if place == 0 {
        if from.value != 0.0 {
            let right = "the first stage is where everybody starts: leave it out";
            problems.add(from.span, wrong, right);
        }
        return 0.0;
    }
    if from.value <= fallback {
        let right = format!("stages stand in rising order, so it must be more than {fallback}");
        problems.add(from.span, wrong, right);
    } else if from.value > most {
        let right = format!("nobody gets there: the score goes to {most}");
        problems.add(from.span, wrong, right);
    }
    from.value
}

fn keep(table: &Table<'_>, place: usize, from: f64, problems: &mut Problems<'_>) -> f64 {
    let Some(keep) = table.number(&fields::KEEP, problems) else {
        return from * KEEP;
    };
    let wrong = format!("\"keep\" is {}", keep.value);
    if place == 0 {
        let right = "nobody leaves the first stage downwards: leave it out";
        problems.add(keep.span, wrong, right);
        return 0.0;
    }
    if keep.value <= 0.0 || keep.value > from {
        let right = format!("it must be more than 0 and at most from, which is {from}");
        problems.add(keep.span, wrong, right);
    }
    keep.value
}
