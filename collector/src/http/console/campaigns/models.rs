//! The models of attribution side by side: what they are called and mean, what each gives to what
//! brought visitors, as a chart of those that have most and a table of all. Nothing here counts.

use firstglance_engine::attribution::Attribution;
use maud::{Markup, html};

use super::Asked;
use super::figures::{By, Figures, Numbers};
use super::tables::{
    MOST_ROWS, dimension, filter_of, goals, money, most, no_room, not_given, not_known,
};
use crate::http::console::parts::{Cell, Chart, Column, Shape, Table};
use crate::http::console::view::View;

/// Rows of the chart.
const MOST_BARS: usize = 8;

/// What a model is called.
pub(super) fn name<'a>(view: &View<'_>, model: Attribution) -> &'a str {
    match model {
        Attribution::First => view.say("First touch", "Eerste contact"),
        Attribution::Last => view.say("Last touch", "Laatste contact"),
        Attribution::Linear => view.say("Linear", "Lineair"),
        Attribution::Position => view.say("Position-based", "Op positie"),
    }
}

/// What it means.
fn meaning_of<'a>(view: &View<'_>, model: Attribution) -> &'a str {
    match model {
        Attribution::First => view.say(
            "The first touch, the visitor's earliest page view, has the whole goal, whatever brought it.",
            "Het eerste contact, de vroegste paginaweergave van de bezoeker, krijgt het hele doel, wat het ook bracht.",
        ),
        Attribution::Last => view.say(
            "The last touch before the goal that something brought has the whole of it. Who types the address keeps the last touch they had.",
            "Het laatste contact voor het doel dat iets bracht, krijgt het hele doel. Wie het adres intypt, houdt het laatste contact.",
        ),
        Attribution::Linear => view.say(
            "Every touch before the goal has the same part in it.",
            "Elk contact voor het doel krijgt hetzelfde deel ervan.",
        ),
        Attribution::Position => view.say(
            "The first and the last touch have 40% each, and those between share the rest. Two touches have half each.",
            "Het eerste en het laatste contact krijgen elk 40%, en die ertussen delen de rest. Twee contacten krijgen elk de helft.",
        ),
    }
}

/// A row of both.
struct Compared<'a> {
    title: &'a str,
    /// What leads to the profiles behind it.
    filter: Option<(&'static str, &'a str)>,
    numbers: &'a Numbers,
}

impl Compared<'_> {
    /// The most that any model gives it.
    fn largest(&self) -> u64 {
        let parts = Attribution::ALL.map(|model| self.numbers.goals_by(model));
        parts.into_iter().max().unwrap_or(0)
    }
}

/// All that has a part in a goal by any model, the largest first.
fn compared<'a>(view: &View<'_>, by: By, figures: &'a Figures) -> Vec<Compared<'a>> {
    let mut all = Vec::new();
    for (name, numbers) in &figures.rows {
        all.push(Compared {
            filter: Some(filter_of(by, name.as_deref())),
            title: name.as_deref().unwrap_or(not_given(view, by)),
            numbers,
        });
    }
    for (title, numbers) in [
        (not_known(view), &figures.not_known),
        (no_room(view), &figures.no_room),
    ] {
        all.push(Compared {
            title,
            filter: None,
            numbers,
        });
    }
    all.retain(|one| one.largest() > 0);
    all.sort_by(|one, other| (other.largest(), one.title).cmp(&(one.largest(), other.title)));
    all
}

/// The four models side by side: a chart of the rows that have most, and a table of all.
pub(super) fn show(view: &View<'_>, asked: &Asked, figures: &Figures) -> Markup {
    let by = asked.by;
    let all = compared(view, by, figures);
    let columns = |value: bool| {
        let mut columns = vec![Column::new(dimension(view, by))];
        for one in Attribution::ALL {
            columns.push(Column::new(name(view, one)).meaning(meaning_of(view, one)));
        }
        if value {
            for one in Attribution::ALL {
                let label = format!("{}: {}", view.say("Value", "Waarde"), name(view, one));
                columns.push(Column::new(label).meaning(meaning_of(view, one)));
            }
        }
        columns
    };
    let none = || {
        html! { p { (view.say(
            "This goal was not reached in these days.",
            "Dit doel is in deze dagen niet bereikt.",
        )) } }
    };
    let goal = super::goal_label(view, asked);
    let chart = Chart {
        shape: Shape::Bars,
        definition: view
            .say(
                "What each has in the goals that were reached, by the four models. Where they differ, it brings visitors who come back by other ways, or is what they come back by.",
                "Het aandeel van elk in de bereikte doelen, volgens de vier modellen. Waar ze verschillen, brengt het bezoekers die langs andere wegen terugkomen, of komen ze daarlangs terug.",
            )
            .to_owned(),
        table: Table {
            id: "models",
            caption: format!("{goal}: {}", view.say("four models", "vier modellen")),
            columns: columns(false),
            rows: all
                .iter()
                .take(most(view, MOST_BARS))
                .map(|compared| {
                    let mut row = vec![Cell::text(compared.title)];
                    let numbers = compared.numbers;
                    row.extend(Attribution::ALL.map(|one| goals(numbers.goals_by(one)).into()));
                    row
                })
                .collect(),
            empty: none(),
        },
    };
    let top = all.first().map_or(0, Compared::largest);
    let rows = all.iter().take(most(view, MOST_ROWS)).map(|compared| {
        let numbers = compared.numbers;
        let name = Cell::text(compared.title);
        let mut row = vec![match &compared.filter {
            Some((parameter, value)) => name.to(view.profiles(&[(*parameter, *value)])),
            None => name,
        }];
        for one in Attribution::ALL {
            let part = numbers.goals_by(one);
            row.push(Cell::from(goals(part)).with_bar(part as f64 / top as f64));
        }
        row.extend(Attribution::ALL.map(|one| money(numbers.value_by(one)).into()));
        row
    });
    let table = Table {
        id: "attribution",
        caption: format!(
            "{goal}: {}",
            view.say("goals and value by model", "doelen en waarde per model")
        ),
        columns: columns(true),
        rows: rows.collect(),
        empty: none(),
    };
    html! { (chart.show(view)) (table.show(view)) }
}
