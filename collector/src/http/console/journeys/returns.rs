//! Who comes back: visitors by the week in which they first came, and in which weeks after it they were
//! there again.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use crate::store::counting::{Metric, Week};

/// Weeks that are shown, this one included.
const WEEKS: u32 = 12;

/// The part of the page.
pub(super) async fn show(view: &View<'_>) -> Result<Markup, HttpError> {
    let present = view.calendar().week(view.now);
    let first = present.minus(WEEKS - 1);
    let (from, to) = (first.monday(), present.monday());
    let mut weeks: BTreeMap<Week, BTreeMap<u32, u64>> = BTreeMap::new();
    for count in view.app.store.counts(Metric::Returns, from, to).await? {
        let later = count.name.and_then(|name| name.parse::<u32>().ok());
        if let Some(later) = later {
            let week = weeks.entry(Week::of_day(count.period.number)).or_default();
            *week.entry(later).or_default() += count.count;
        }
    }
    Ok(table(view, present, &weeks).show(view))
}

fn table(view: &View<'_>, present: Week, weeks: &BTreeMap<Week, BTreeMap<u32, u64>>) -> Table {
    // The strongest shade is of the largest share that came back, so that differences can be seen.
    let shares = weeks.values().flat_map(|later| {
        let all = later.get(&0).copied().unwrap_or(0).max(1) as f64;
        later
            .iter()
            .filter(|(later, _)| **later > 0)
            .map(move |(_, count)| *count as f64 / all)
    });
    let most = shares.fold(0.0, f64::max);
    let rows = weeks.iter().rev().map(|(week, later)| {
        let all = later.get(&0).copied().unwrap_or(0);
        let mut row = vec![Cell::from(Value::Day(week.monday())), Cell::count(all)];
        row.extend((1..WEEKS).map(|weeks| {
            if week.plus(weeks) > present || all == 0 {
                return Value::Nothing.into();
            }
            let share = later.get(&weeks).copied().unwrap_or(0) as f64 / all as f64;
            Cell::from(Value::Share(share)).shaded(if most > 0.0 { share / most } else { 0.0 })
        }));
        row
    });
    let mut columns = vec![
        Column::new(view.say("Week of", "Week van")).meaning(view.say(
            "The Monday of the week in which a visitor was first seen.",
            "De maandag van de week waarin een bezoeker voor het eerst is gezien.",
        )),
        Column::new(view.say("New visitors", "Nieuwe bezoekers")).meaning(view.without_list(
            "Visitors who were first seen in that week. A visitor is a browser.",
            "Bezoekers die in die week voor het eerst zijn gezien. Een bezoeker is een browser.",
        )),
    ];
    columns.extend((1..WEEKS).map(|weeks| {
        let column = Column::new(format!("+{weeks}"));
        match weeks {
            1 => column.meaning(view.say(
                "The share of them who were there again one week later, on any day of that week; +2 is two weeks later, and so on. The present week is not over.",
                "Het aandeel van hen dat een week later weer kwam, op welke dag van die week ook; +2 is twee weken later, enzovoort. De huidige week is nog niet voorbij.",
            )),
            _ => column,
        }
    }));
    Table {
        id: "returns",
        caption: view
            .say("Who comes back, by week", "Wie terugkomt, per week")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say(
                "Nobody was here in the last weeks",
                "In de afgelopen weken was hier niemand",
            ),
            &html! { p { (view.say(
                "From the first visitor on, each week gets a row here, and a column for each week after it.",
                "Vanaf de eerste bezoeker krijgt elke week hier een rij, en een kolom voor elke week erna.",
            )) } },
        ),
    }
}
