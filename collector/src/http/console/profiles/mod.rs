//! Profiles: who the visitors are, found by what they are in, want and came by. Changes nothing, but for
//! what `actions` does where a form is sent.

mod actions;
mod columns;
mod course;
mod filters;
mod one;
mod person;
mod reasons;
mod timeline;
mod who;

use maud::{Markup, html};

pub(super) use self::actions::{access, erase, export, undo};
pub(super) use self::one::show as one;

use super::parts::{Table, Tone, empty, notice};
use super::view::View;
use super::{HttpError, Shown};
use crate::http::finding::{Finding, Found};
use crate::token::Role;
use columns::Chosen;

/// Visitors on a page, and in a file of the table.
const SHOWN: usize = 50;
const IN_FILE: usize = 500;

/// Profiles that one request reads: what is looked for among more, the next request looks for.
const MOST_READ: usize = 2_048;

/// The list.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let chosen = Chosen::of(view);
    let mut finding = Finding::of(view.uri)?;
    if let Some(moment) = filters::moment(view, "seen_after")? {
        finding = finding.seen_since(moment);
    }
    if let Some(moment) = filters::moment(view, "first_seen_after")? {
        finding = finding.first_seen_since(moment);
    }
    if let Some(moment) = filters::moment(view, "brought_after")? {
        finding = finding.brought_since(moment);
    }
    let limit = match view.parameter("csv") {
        Some(_) => IN_FILE,
        None => SHOWN,
    };
    let found = finding.run(view.app, limit, MOST_READ).await?;
    view.told(found.visitors.len());
    let offered = filters::Offered::of(view).await?;
    let content = html! {
        (done(view))
        (filters::form(view, &offered, &chosen))
        div id="found" {
            (table(view, &found, &chosen).show(view))
            (pager(view, &found))
        }
        (whole(view))
    };
    Ok(Shown::Page(
        view.say("Profiles", "Profielen").to_owned(),
        content,
    ))
}

fn table(view: &View<'_>, found: &Found, chosen: &Chosen) -> Table {
    let is_filtered = filters::is_any(view);
    let advice = match (is_filtered, found.next.is_some()) {
        (_, true) => {
            html! { p { (view.say("Nobody among those looked at so far. Look further below.", "Niemand onder wie er tot nu toe bekeken is. Zoek hieronder verder.")) } }
        }
        (true, false) => {
            html! { p { (view.say("Nobody is all of this. Leave out a filter, or ", "Niemand is dit allemaal. Laat een filter weg, of ")) a href=(view.link("profiles", &[])) { (view.say("see everybody", "bekijk iedereen")) } "." } }
        }
        (false, false) => {
            html! { p { (view.say("Visitors appear here as soon as your pages send something. ", "Bezoekers verschijnen hier zodra uw pagina's iets sturen. ")) a href=(view.link("live", &[])) { (view.say("See whether they do", "Kijk of dat zo is")) } "." } }
        }
    };
    let title = match is_filtered {
        true => view.say("Nobody was found", "Er is niemand gevonden"),
        false => view.say("No visitors yet", "Nog geen bezoekers"),
    };
    Table {
        id: "visitors",
        caption: view
            .say(
                "Visitors, those seen latest first",
                "Bezoekers, de laatst geziene eerst",
            )
            .to_owned(),
        columns: chosen.heads(view),
        rows: chosen.rows(view, &found.visitors),
        empty: empty(title, &advice),
    }
}

/// On to further visitors. The address says from where on, so that the page stays what it was when
/// others come meanwhile.
fn pager(view: &View<'_>, found: &Found) -> Markup {
    let is_first = view.parameter("cursor").is_none();
    let looked = view.language.count(found.read as u64);
    let is_short = found.visitors.len() < SHOWN && found.next.is_some();
    html! {
        nav class="pager" aria-label=(view.say("Further visitors", "Meer bezoekers")) {
            @if !is_first {
                a class="button" href=(view.with("cursor", "")) { (view.say("Back to the first", "Terug naar de eersten")) }
            }
            @if let Some(next) = &found.next {
                a class="button" href=(view.with("cursor", next)) rel="next" {
                    @match is_short {
                        true => (view.say("Look further", "Verder zoeken")),
                        false => (view.say("Next", "Volgende")),
                    }
                }
            }
            @if is_short {
                span class="quiet" {
                    (view.say("Profiles looked at for this page: ", "Voor deze pagina bekeken profielen: ")) (looked)
                }
            }
        }
    }
}

/// The whole of it, as files.
fn whole(view: &View<'_>) -> Markup {
    let segment = view.parameter("segment").unwrap_or_default();
    let link = |what: &str, format: &str| {
        view.link(
            "export",
            &[("what", what), ("format", format), ("segment", &segment)],
        )
    };
    html! {
        details class="export" {
            summary { (view.say("Export everything", "Alles exporteren")) }
            p class="quiet" {
                @match segment.is_empty() {
                    true => (view.say("All that is stored of all visitors. The audit log says who took it.", "Alles wat van alle bezoekers is opgeslagen. Het auditlog zegt wie het heeft opgehaald.")),
                    false => (view.say("All that is stored of the visitors in the chosen segment. The audit log says who took it.", "Alles wat is opgeslagen van de bezoekers in het gekozen segment. Het auditlog zegt wie het heeft opgehaald.")),
                }
            }
            ul {
                @for (what, label) in [
                    ("profiles", view.say("Profiles", "Profielen")),
                    ("events", view.say("Events", "Gebeurtenissen")),
                    ("changes", view.say("Changes of segment and stage", "Wisselingen van segment en fase")),
                ] {
                    li {
                        (label) ": "
                        @for (place, format) in ["csv", "ndjson", "parquet"].into_iter().enumerate() {
                            @if place > 0 { ", " }
                            a href=(link(what, format)) download { (format) span class="visually-hidden" { ": " (label) } }
                        }
                    }
                }
            }
        }
    }
}

/// What was just done.
fn done(view: &View<'_>) -> Markup {
    let erased: Option<u64> = view.parameter("erased").and_then(|text| text.parse().ok());
    let Some(erased) = erased.filter(|_| view.may(Role::Erase)) else {
        return html! {};
    };
    let count = view.language.count(erased);
    let title = match erased {
        1 => view
            .say("The visitor was erased", "De bezoeker is gewist")
            .to_owned(),
        _ => format!(
            "{count} {}",
            view.say(
                "browsers of one person were erased",
                "browsers van een persoon zijn gewist"
            )
        ),
    };
    notice(
        Tone::Good,
        &title,
        &html! { p { (view.say("Events, profile and identity are gone, and whatever was counted of them. Messages that were still on their way will not bring them back.", "Gebeurtenissen, profiel en identiteit zijn weg, en alles wat ervan geteld was. Berichten die nog onderweg waren brengen ze niet terug.")) } },
    )
}
