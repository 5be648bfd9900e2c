//! Requests: how many there were of each kind, and how long they took, since the process was started.
//! The same counts as `/metrics` has. What all sites have in common is not for who may see one of
//! several.

use maud::html;

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::Tab;
use crate::http::metrics;
use crate::openmetrics::{Steps, Within, samples};

/// Shares of which it is said within which time they were answered.
pub(super) const SHARES: [(f64, &str, &str); 3] = [
    (0.5, "Half within (ms)", "Helft binnen (ms)"),
    (0.95, "95% within (ms)", "95% binnen (ms)"),
    (0.99, "99% within (ms)", "99% binnen (ms)"),
];

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let own = view.app.metrics.text().map_err(|_| HttpError::Internal)?;
    let shared = view.sites.shared();
    let may_see_all = metrics::may_see_shared(view.sites, &view.session.access);
    let content = html! {
        @if may_see_all {
            (by_route(view, &metrics::of_requests(shared)?).show(view))
        } @else {
            (notice(
                Tone::Plain,
                view.say("Requests are not told by site", "Verzoeken worden niet per site geteld"),
                &html! { (view.say(
                    "This collector has several sites and your token is for one: what they have in common is shown to those who may see all.",
                    "Deze collector heeft meerdere sites en uw token is voor één: wat ze gemeen hebben ziet wie alles mag zien.",
                )) },
            ))
        }
        (flushes(view, &own).show(view))
    };
    Ok(Tab::Requests.page(view, &content))
}

/// A time in milliseconds.
pub(super) fn cell(within: Option<Within>) -> Cell {
    match within {
        None => Value::Nothing.into(),
        Some(Within::Step(seconds)) => {
            let time = seconds * 1_000.0;
            let decimals = match time {
                ..1.0 => 2,
                1.0..10.0 => 1,
                _ => 0,
            };
            Value::Number(time, decimals).into()
        }
        Some(Within::Beyond(seconds)) => Cell::text(format!("> {}", seconds * 1_000.0)),
    }
}

fn share_columns(view: &View<'_>) -> impl Iterator<Item = Column> {
    SHARES.map(|(_, english, dutch)| {
        Column::new(view.say(english, dutch)).meaning(view.say(
            "The end of the step of time that so many of them did not exceed, in milliseconds: times are counted in steps.",
            "Het eind van de tijdstap die zo veel ervan niet te boven ging, in milliseconden: tijden worden in stappen geteld.",
        ))
    }).into_iter()
}

fn by_route(view: &View<'_>, text: &str) -> Table {
    let times = Steps::by_label(text, "firstglance_http_request_seconds", "route");
    let answered: Vec<_> = samples(text, "firstglance_http_requests_total").collect();
    let mut routes: Vec<(&str, Steps)> = times.into_iter().collect();
    routes.sort_by(|one, other| other.1.count().total_cmp(&one.1.count()));
    let rows = routes.iter().map(|(route, steps)| {
        let of = |status: &str| {
            let counts = answered
                .iter()
                .filter(|one| one.label("route") == *route && one.label("status") == status);
            counts.map(|one| one.value as u64).sum::<u64>()
        };
        let [fine, led, refused, failed] = ["2xx", "3xx", "4xx", "5xx"].map(of);
        let mut row = vec![
            Cell::text(*route),
            Cell::count(fine + led),
            Cell::count(refused),
            Cell::count(failed),
        ];
        row.extend(SHARES.map(|(share, ..)| cell(steps.within(share))));
        row
    });
    let mut columns = vec![
        Column::new(view.say("Address", "Adres")),
        Column::new(view.say("Answered", "Beantwoord")).meaning(view.say(
            "Requests answered with success or with where to look (2xx and 3xx), since the start of the process.",
            "Verzoeken die met succes of met een verwijzing zijn beantwoord (2xx en 3xx), sinds het begin van het proces.",
        )),
        Column::new(view.say("Refused", "Geweigerd")).meaning(view.say(
            "Requests in which something was wrong (4xx).",
            "Verzoeken waar iets mis mee was (4xx).",
        )),
        Column::new(view.say("Failed", "Mislukt")).meaning(view.say(
            "Requests that the collector could not answer (5xx). Pages send these again.",
            "Verzoeken die de collector niet kon beantwoorden (5xx). Pagina's sturen ze opnieuw.",
        )),
    ];
    columns.extend(share_columns(view));
    Table {
        id: "requests",
        caption: view
            .say("Requests by address", "Verzoeken per adres")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(view.say("No request yet", "Nog geen verzoek"), &html! {}),
    }
}

/// How long it took until what came was on disk.
fn flushes(view: &View<'_>, text: &str) -> Table {
    let steps = Steps::by_label(text, "firstglance_store_flush_seconds", "");
    let rows = steps
        .values()
        .filter(|steps| steps.count() > 0.0)
        .map(|steps| {
            let mut row = vec![
                Cell::text(view.say("Written to the disk", "Naar de schijf geschreven")),
                Cell::count(steps.count() as u64),
            ];
            row.extend(SHARES.map(|(share, ..)| cell(steps.within(share))));
            row
        });
    let mut columns = vec![
        Column::new(view.say("What", "Wat")),
        Column::new(view.say("How often", "Hoe vaak")).meaning(view.say(
            "Requests that arrive together share one write; nothing is acknowledged before it is on disk.",
            "Verzoeken die samen komen delen één schrijfactie; niets wordt bevestigd voordat het op schijf staat.",
        )),
    ];
    columns.extend(share_columns(view));
    Table {
        id: "flushes",
        caption: view
            .say("Writes to the disk", "Schrijfacties naar de schijf")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say("Nothing was written yet", "Er is nog niets geschreven"),
            &html! { p { (view.say("Since the start of the process nothing came.", "Sinds het begin van het proces kwam er niets.")) } },
        ),
    }
}
