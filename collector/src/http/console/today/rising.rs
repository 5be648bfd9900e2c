//! Which interests rise: how many visitors came to have them in the last seven days, against the seven
//! before.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use crate::store::counting::Metric;

/// Interests that are shown.
const MOST: usize = 10;

/// What came in seven days, and in the seven before.
#[derive(Clone, Copy, Debug, Default)]
struct Weeks {
    this: u64,
    before: u64,
    /// Page views about it, in the last seven days.
    views: u64,
}

impl Weeks {
    const fn change(self) -> i64 {
        self.this.cast_signed() - self.before.cast_signed()
    }
}

/// The part of the page.
pub(super) async fn show(view: &View<'_>) -> Result<Markup, HttpError> {
    let (first, last) = view.calendar().last_days(14, view.now);
    let middle = last.minus(6);
    let mut interests: BTreeMap<Box<str>, Weeks> = BTreeMap::new();
    let model = view.app.model();
    let is_segment = |id: &str| model.segments.iter().any(|segment| *segment.id == *id);
    for count in view
        .app
        .store
        .counts(Metric::SegmentEntries, first, last)
        .await?
    {
        let Some(id) = count.name.filter(|id| !is_segment(id)) else {
            continue;
        };
        let weeks = interests.entry(id).or_default();
        match count.period < middle {
            true => weeks.before += count.count,
            false => weeks.this += count.count,
        }
    }
    for count in view
        .app
        .store
        .counts(Metric::PageTopics, middle, last)
        .await?
    {
        let name = count.name.unwrap_or_default();
        let topic = name.split_once('\n').map_or("", |(_, topic)| topic);
        if let Some(weeks) = interests.get_mut(topic) {
            weeks.views += count.count;
        }
    }
    let mut rising: Vec<(Box<str>, Weeks)> = interests.into_iter().collect();
    rising.retain(|(_, weeks)| weeks.change() > 0);
    rising.sort_by(|(one, few), (other, many)| {
        (many.change(), many.this, one).cmp(&(few.change(), few.this, other))
    });
    let names = view.names();
    let most = rising.first().map_or(1, |(_, weeks)| weeks.change()).max(1);
    let rows = rising.into_iter().take(MOST).map(|(id, weeks)| {
        let change = weeks.change();
        vec![
            Cell::text(names.called(&id)).to(view.profiles(&[("interest", &id)])),
            Cell::count(weeks.this),
            Cell::count(weeks.before),
            Cell::from(Value::Number(change as f64, 0)).with_bar(change as f64 / most as f64),
            Cell::count(weeks.views),
        ]
    });
    let table = Table {
        id: "rising",
        caption: view.say("Rising interests", "Stijgende interesses").to_owned(),
        columns: vec![
            Column::new(view.say("Interest", "Interesse")),
            Column::new(view.say("7 days", "7 dagen")).meaning(view.say(
                "How often a visitor came to have the interest in the last seven days, today among them: an interest of 0.5 or more.",
                "Hoe vaak een bezoeker de interesse kreeg in de laatste zeven dagen, vandaag inbegrepen: een interesse van 0,5 of meer.",
            )),
            Column::new(view.say("7 before", "7 ervoor")).meaning(view.say(
                "The same in the seven days before.",
                "Hetzelfde in de zeven dagen ervoor.",
            )),
            Column::new(view.say("Change", "Verschil")),
            Column::new(view.say("Page views", "Weergaven")).meaning(view.say(
                "Views in the last seven days of pages that declare this topic.",
                "Weergaven in de laatste zeven dagen van pagina's die dit onderwerp noemen.",
            )),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("No interest rises", "Geen interesse stijgt"),
            &html! { p { (view.say(
                "Interests come from what pages say they are about. Those of which there are more than the week before stand here.",
                "Interesses komen van waar pagina's zeggen over te gaan. Die waarvan er meer zijn dan de week ervoor staan hier.",
            )) } },
        ),
    };
    Ok(table.show(view))
}
