//! Where visits begin: the pages to which something brought visitors, and what they did there.

use std::collections::BTreeMap;

use firstglance_engine::Milliseconds;
use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Figure, Span, Table, Value, empty};
use super::super::view::View;
use crate::store::counting::{Metric, Period};

/// Pages that are shown.
const MOST: usize = 25;

/// What a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Page {
    landings: u64,
    views: u64,
    time: u64,
}

/// The pages of a time, those with most entries first, and what came under names that had no room.
#[derive(Debug, Default)]
struct Pages {
    by_path: BTreeMap<Box<str>, Page>,
    others: Page,
}

/// The part of the page.
pub(super) async fn show(view: &View<'_>, span: Span) -> Result<Markup, HttpError> {
    let store = &view.app.store;
    let mut pages = Pages::default();
    let mut visits = 0;
    let metrics = vec![
        Metric::Landings,
        Metric::PageViews,
        Metric::PageTime,
        Metric::Sessions,
    ];
    for sum in store.sums(metrics, span.first, span.last).await? {
        if sum.metric == Metric::Sessions {
            visits += sum.count;
            continue;
        }
        let page = match sum.name {
            Some(path) => pages.by_path.entry(path).or_default(),
            None => &mut pages.others,
        };
        match sum.metric {
            Metric::Landings => page.landings += sum.count,
            Metric::PageViews => page.views += sum.count,
            _ => page.time += sum.count,
        }
    }
    Ok(html! {
        (figures(view, span.first, visits, &pages))
        (table(view, span.first, pages).show(view))
    })
}

fn figures(view: &View<'_>, since: Period, visits: u64, pages: &Pages) -> Markup {
    let all = pages.by_path.values().chain([&pages.others]);
    let (views, time) = all.fold((0, 0), |(views, time), page| {
        (views + page.views, time + page.time)
    });
    let behind = view.profiles(&[("seen_after", &view.calendar().start(since).to_string())]);
    let per_visit = |number: u64| number as f64 / visits.max(1) as f64;
    let figures = [
        Figure {
            id: "visits",
            label: view.say("Visits", "Bezoeken").to_owned(),
            value: Value::Count(visits),
            definition: view.say("Visits that began in this period. A visit ends after 30 minutes without anything.", "Bezoeken die in deze periode begonnen. Een bezoek eindigt na 30 minuten zonder activiteit.").to_owned(),
            compared: None,
            href: Some(behind.clone()),
        },
        Figure {
            id: "views",
            label: view.say("Page views", "Paginaweergaven").to_owned(),
            value: Value::Count(views),
            definition: view.say("Pages that were viewed, each view once.", "Pagina's die zijn bekeken, elke keer één.").to_owned(),
            compared: None,
            href: Some(behind),
        },
        Figure {
            id: "views-per-visit",
            label: view.say("Pages in a visit", "Pagina's per bezoek").to_owned(),
            value: if visits == 0 { Value::Nothing } else { Value::Number(per_visit(views), 1) },
            definition: view.say("Page views divided by visits.", "Paginaweergaven gedeeld door bezoeken.").to_owned(),
            compared: None,
            href: None,
        },
        Figure {
            id: "time-per-visit",
            label: view.say("Active time in a visit", "Actieve tijd per bezoek").to_owned(),
            value: time.checked_div(visits).map_or(Value::Nothing, |time| Value::Duration(Milliseconds(time))),
            definition: view.say("Time in which somebody read, scrolled or typed with the page in front of them, divided by visits.", "Tijd waarin iemand las, scrolde of typte met de pagina in beeld, gedeeld door bezoeken.").to_owned(),
            compared: None,
            href: None,
        },
    ];
    html! { div class="figures" { @for figure in figures { (figure.show(view)) } } }
}

fn table(view: &View<'_>, since: Period, pages: Pages) -> Table {
    let since = view.calendar().start(since).to_string();
    let Pages { by_path, others } = pages;
    let total: u64 = by_path.values().map(|page| page.landings).sum();
    let total = total + others.landings;
    let mut entered: Vec<(Box<str>, Page)> = by_path
        .into_iter()
        .filter(|(_, page)| page.landings > 0)
        .collect();
    entered.sort_by(|(one, few), (other, many)| (many.landings, one).cmp(&(few.landings, other)));
    let row = |name: Cell, page: Page| {
        let share = page.landings as f64 / total.max(1) as f64;
        let time = match page.views {
            0 => Value::Nothing,
            views => Value::Duration(Milliseconds(page.time / views)),
        };
        vec![
            name,
            Cell::count(page.landings),
            Cell::from(Value::Share(share)).with_bar(share),
            Cell::count(page.views),
            time.into(),
        ]
    };
    let left_out = entered.len().saturating_sub(MOST);
    let mut rest = others;
    for (_, page) in entered.iter().skip(MOST) {
        rest.landings += page.landings;
        rest.views += page.views;
        rest.time += page.time;
    }
    let rows = entered.into_iter().take(MOST);
    let mut rows: Vec<Vec<Cell>> = rows
        .map(|(path, page)| {
            let seen = view.profiles(&[("text", &path), ("seen_after", &since)]);
            row(Cell::text(path).to(seen), page)
        })
        .collect();
    if left_out > 0 || rest.landings > 0 {
        rows.push(row(
            Cell::text(view.say("(other pages)", "(andere pagina's)")),
            rest,
        ));
    }
    Table {
        id: "entries",
        caption: view.say("Entry pages", "Binnenkomstpagina's").to_owned(),
        columns: vec![
            Column::new(view.say("Page", "Pagina")),
            Column::new(view.say("Entries", "Binnenkomsten")).meaning(view.say(
                "Page views that something outside the site brought: a search, an advertisement, a link elsewhere, an e-mail. Who types the address is not among them.",
                "Paginaweergaven waar iets buiten de site naartoe leidde: een zoekopdracht, een advertentie, een link elders, een e-mail. Wie het adres intypt telt hier niet mee.",
            )),
            Column::new(view.say("Share", "Aandeel")),
            Column::new(view.say("Page views", "Weergaven")).meaning(view.say(
                "All views of the page, also by who came from another page of the site.",
                "Alle weergaven van de pagina, ook vanaf een andere pagina van de site.",
            )),
            Column::new(view.say("Active time a view", "Actieve tijd per weergave")).meaning(view.say(
                "Time in which somebody was active on the page, divided by its views.",
                "Tijd waarin iemand actief was op de pagina, gedeeld door haar weergaven.",
            )),
        ],
        rows,
        empty: empty(
            view.say("Nothing brought anybody in this period", "In deze periode bracht niets iemand hierheen"),
            &html! { p { (view.say(
                "As soon as somebody comes from a search, a link or a campaign, the page where they arrive stands here. Choose a longer period above, or look at Live whether events come in.",
                "Zodra iemand via een zoekmachine, een link of een campagne komt, staat hier de pagina waar ze binnenkomen. Kies hierboven een langere periode, of kijk bij Live of er gebeurtenissen binnenkomen.",
            )) } },
        ),
    }
}
