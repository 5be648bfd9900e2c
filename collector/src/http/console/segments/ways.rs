//! The ways into a segment: what visitors had seen in the visit in which they came in.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::parts::{Cell, Column, Span, Table, Value};
use super::super::view::View;
use crate::http::error::HttpError;
use crate::store::counting::{Metric, counted_name};

/// Ways that are shown, those that most went first.
const MOST: usize = 12;

/// The table of a segment.
pub(super) async fn show(view: &View<'_>, id: &str, span: Span) -> Result<Markup, HttpError> {
    let store = &view.app.store;
    let counts = store
        .sums(vec![Metric::SegmentPaths], span.first, span.last)
        .await?;
    let counted = counted_name(id);
    let mut ways: BTreeMap<String, u64> = BTreeMap::new();
    for count in counts {
        let way = count.name.as_deref().and_then(|name| name.split_once('\n'));
        if let Some((segment, way)) = way
            && *segment == *counted
        {
            *ways.entry(way.replace('\n', " → ")).or_default() += count.count;
        }
    }
    let all: u64 = ways.values().sum();
    let mut ways: Vec<(String, u64)> = ways.into_iter().collect();
    ways.sort_by_key(|(way, count)| (std::cmp::Reverse(*count), way.clone()));
    let rows = ways.into_iter().take(MOST).map(|(way, count)| {
        let share = count as f64 / all.max(1) as f64;
        vec![
            Cell::text(way),
            Cell::count(count).with_bar(share),
            Value::Share(share).into(),
        ]
    });
    let table = Table {
        id: "ways",
        caption: view.say("Typical ways in", "Gewone wegen erin").to_owned(),
        columns: vec![
            Column::new(view.say("Pages of the visit, the oldest first", "Pagina's van het bezoek, de oudste eerst")).meaning(view.say(
                "The groups of the last pages of the visit in which the visitor came in: the first part of each path.",
                "De groepen van de laatste pagina's van het bezoek waarin de bezoeker erbij kwam: het eerste deel van elk pad.",
            )),
            Column::new(view.say("Came in", "Erbij")).meaning(view.say(
                "How often visitors came in this way in the chosen days. Who came in by time alone, or when the segment was changed, is in none.",
                "Hoe vaak bezoekers in de gekozen dagen zo binnenkwamen. Wie alleen door tijd of een wijziging van het segment binnenkwam, staat nergens.",
            )),
            Column::new(view.say("Share", "Aandeel")),
        ],
        rows: rows.collect(),
        empty: html! { p { (view.say("Nobody came in after seeing pages in these days.", "In deze dagen kwam niemand binnen na het zien van pagina's.")) } },
    };
    Ok(table.show(view))
}
