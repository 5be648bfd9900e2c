//! Leads by stage: how many there are now, and who came and went.

use std::collections::BTreeMap;

use firstglance_engine::snapshot::first_stage;
use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Table, Value};
use super::super::view::View;
use crate::config::DISQUALIFIED;
use crate::store::counting::{Metric, Period, counted_name};
use crate::store::listing::List;

/// Days of the longer time, today among them.
const DAYS: u32 = 7;

/// Who came and went.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    entered: u64,
    left: u64,
}

/// By the stage's id as it is counted.
type ByStage = BTreeMap<Box<str>, Moved>;

/// The part of the page.
pub(super) async fn show(view: &View<'_>) -> Result<Markup, HttpError> {
    let (first, last) = view.calendar().last_days(DAYS, view.now);
    let today = moved(view, last, last).await?;
    let week = moved(view, first, last).await?;
    let model = view.app.model();
    let mut sizes: BTreeMap<Box<str>, u64> = BTreeMap::new();
    for size in view.app.store.list_sizes().await? {
        if let List::Stage(stage) = size.list {
            let stage = stage.unwrap_or_else(|| first_stage(&model).into());
            *sizes.entry(stage).or_default() += size.visitors;
        }
    }
    let stages = view.app.contents.present().config.stages.clone();
    let mut named: Vec<(&str, &str)> = Vec::new();
    named.extend(stages.iter().map(|stage| (&*stage.id, &*stage.label)));
    // Those who are no leads, and stages that are no longer configured.
    for id in sizes.keys() {
        if !named.iter().any(|(known, _)| *known == &**id) {
            let label = match **id == *DISQUALIFIED {
                true => view.say("No leads", "Geen leads"),
                false => id,
            };
            named.push((id, label));
        }
    }
    let of = |all: &ByStage, id: &str| all.get(&*counted_name(id)).copied().unwrap_or_default();
    let rows = named.into_iter().map(|(id, label)| {
        let size = sizes.get(id).copied().unwrap_or(0);
        let (today, week) = (of(&today, id), of(&week, id));
        let change = |moved: Moved| moved.entered.cast_signed() - moved.left.cast_signed();
        vec![
            Cell::text(label).to(view.profiles(&[("stage", id)])),
            Cell::count(size).to(view.profiles(&[("stage", id)])),
            Cell::count(today.entered),
            Cell::count(today.left),
            Cell::count(week.entered),
            Cell::count(week.left),
            Cell::from(Value::Number(change(week) as f64, 0)),
        ]
    });
    let entered = view.say(
        "How often a visitor came to the stage since midnight. Who came to it, and left again, is in no list: it is told in their timelines.",
        "Hoe vaak een bezoeker sinds middernacht in de fase kwam. Van wie erin kwam, en weer wegging, is er geen lijst: hun tijdlijnen vertellen het.",
    );
    let left = view.say(
        "How often a visitor went from it to another. There is no list of them: it is told in their timelines.",
        "Hoe vaak een bezoeker eruit naar een andere ging. Er is geen lijst van: hun tijdlijnen vertellen het.",
    );
    let table = Table {
        id: "stages",
        caption: view.say("Leads by stage", "Leads per fase").to_owned(),
        columns: vec![
            Column::new(view.say("Stage", "Fase")),
            Column::new(view.say("Visitors", "Bezoekers")).meaning(view.say(
                "Visitors who are in the stage now, as it was last recorded.",
                "Bezoekers die nu in de fase zijn, zoals het laatst is vastgelegd.",
            )),
            Column::new(view.say("Came today", "Vandaag erbij")).meaning(entered),
            Column::new(view.say("Left today", "Vandaag eruit")).meaning(left),
            Column::new(view.say("Came in 7 days", "Erbij in 7 dagen")).meaning(view.say(
                "The same of the last seven days, today among them.",
                "Hetzelfde van de laatste zeven dagen, vandaag inbegrepen.",
            )),
            Column::new(view.say("Left in 7 days", "Eruit in 7 dagen")),
            Column::new(view.say("Change", "Verschil")).meaning(view.say(
                "Came minus left, in seven days. New visitors begin in the first stage without coming there from another.",
                "Erbij min eruit, in zeven dagen. Nieuwe bezoekers beginnen in de eerste fase zonder er uit een andere te komen.",
            )),
        ],
        rows: rows.collect(),
        empty: html! { p { (Value::Nothing.plain()) } },
    };
    Ok(table.show(view))
}

async fn moved(view: &View<'_>, first: Period, last: Period) -> Result<ByStage, HttpError> {
    let mut moved = ByStage::new();
    for metric in [Metric::StageEntries, Metric::StageExits] {
        for count in view.app.store.counts(metric, first, last).await? {
            let Some(name) = count.name else { continue };
            let of = moved.entry(name).or_default();
            match metric {
                Metric::StageEntries => of.entered += count.count,
                _ => of.left += count.count,
            }
        }
    }
    Ok(moved)
}
