//! What needs attention: what somebody should look at now, each with what to do. Where there is nothing,
//! it says so.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Tone, notice};
use super::super::view::View;
use super::consent::Consents;
use super::heading;
use super::hours::{self, Hours};
use crate::effect::Results;
use crate::http::slots::mismatches;
use crate::store::counting::{Metric, Sum};
use crate::store::refused::Shelf;
use crate::token::Role;

/// Days on each of which a page must have been viewed for its silence to be told.
const EVERY_DAY: u32 = 7;

/// Views that must be usual by now for none to be strange: by chance it would be one time in three
/// thousand.
const LEAST_EXPECTED: f64 = 8.0;

/// Silent pages that are named.
const MOST_NAMED: usize = 5;

/// Refused messages that are looked at.
const REFUSED: usize = 200;

/// Days of which the shares of a slot are tested.
const DAYS_OF_CONTENT: u32 = 28;

/// The part of the page.
pub(super) async fn show(
    view: &View<'_>,
    hours: &Hours,
    views: &hours::Counts,
    consents: &Consents,
) -> Result<Markup, HttpError> {
    let mut told: Vec<Markup> = Vec::new();
    told.extend(store(view));
    told.extend(silence(view, hours, views));
    told.extend(silent_pages(view, views).await?);
    told.extend(consents.attention(view));
    told.extend(refused(view, hours).await?);
    told.extend(slots(view).await?);
    Ok(html! {
        section id="attention" aria-label=(view.say("What needs attention", "Wat aandacht vraagt")) {
            (heading(view.say("What needs attention", "Wat aandacht vraagt")))
            @if told.is_empty() {
                (notice(Tone::Good, view.say("Nothing needs attention", "Niets vraagt aandacht"), &html! {
                    (view.say(
                        "Pages that are viewed every day are viewed today, messages are in order, and the store takes them in.",
                        "Pagina's die elke dag bekeken worden, worden dat vandaag ook, berichten zijn in orde, en de opslag neemt ze op.",
                    ))
                }))
            }
            @for one in told { (one) }
        }
    })
}

fn store(view: &View<'_>) -> Option<Markup> {
    let error = view.app.store.ready().err()?;
    Some(notice(
        Tone::Bad,
        view.say("The store takes nothing in", "De opslag neemt niets op"),
        &html! {
            p { (error) }
            p { (view.say(
                "Pages keep what they could not send and send it later. Look at the log of the collector, and restart it.",
                "Pagina's bewaren wat ze niet konden sturen en sturen het later. Kijk in het logboek van de collector, en start hem opnieuw.",
            )) }
        },
    ))
}

/// Nothing came for more than an hour in which much usually does.
fn silence(view: &View<'_>, hours: &Hours, views: &hours::Counts) -> Option<Markup> {
    let (count, usual) = hours::last_two_hours(views, hours);
    let usual = usual.filter(|usual| *usual >= LEAST_EXPECTED && count == 0)?;
    let number = view.language.number(usual, 0);
    Some(notice(
        Tone::Bad,
        view.say(
            "Nothing came for more than an hour",
            "Meer dan een uur kwam er niets binnen",
        ),
        &html! { p {
            (view.say("Usually an hour at this time has about", "Een uur op dit moment heeft gewoonlijk ongeveer")) " " (number) " "
            (view.say("page views. Is the script tag still in the pages?", "paginaweergaven. Staat de scripttag nog in de pagina's?")) " "
            a href=(view.link("live", &[])) { (view.say("See what comes in", "Zie wat er binnenkomt")) }
        } },
    ))
}

/// Pages that were viewed every day and are not today.
async fn silent_pages(view: &View<'_>, views: &hours::Counts) -> Result<Option<Markup>, HttpError> {
    let (first, today) = view.calendar().last_days(EVERY_DAY + 1, view.now);
    let mut pages: BTreeMap<Box<str>, BTreeMap<u32, u64>> = BTreeMap::new();
    for count in view
        .app
        .store
        .counts(Metric::PageViews, first, today)
        .await?
    {
        if let Some(path) = count.name {
            *pages
                .entry(path)
                .or_default()
                .entry(count.period.number)
                .or_default() += count.count;
        }
    }
    let part = hours::part_of_day(views, view.calendar(), view.now);
    let silent = silent(&pages, today.number, part);
    if silent.is_empty() {
        return Ok(None);
    }
    let more = silent.len().saturating_sub(MOST_NAMED);
    Ok(Some(notice(
        Tone::Warning,
        view.say(
            "Pages that were viewed every day have no view today",
            "Pagina's die elke dag bekeken werden, zijn vandaag niet bekeken",
        ),
        &html! {
            ul {
                @for (path, usual) in silent.iter().take(MOST_NAMED) {
                    li { bdi { (path) } " (" (view.say("usually", "gewoonlijk")) " " (view.language.number(*usual, 0)) " " (view.say("by now", "op dit moment")) ")" }
                }
                @if more > 0 { li { (view.say("and others:", "en andere:")) " " (view.language.count(more as u64)) } }
            }
            p { (view.say(
                "Were they removed or renamed, or is the script tag missing there?",
                "Zijn ze verwijderd of hernoemd, of ontbreekt daar de scripttag?",
            )) }
        },
    )))
}

/// Which pages are strangely silent, those first that usually have most, with how many views they usually
/// have by now.
fn silent(
    pages: &BTreeMap<Box<str>, BTreeMap<u32, u64>>,
    today: u32,
    part: f64,
) -> Vec<(&str, f64)> {
    let mut silent = Vec::new();
    for (path, days) in pages {
        let before = (1..=EVERY_DAY).map(|day| days.get(&(today - day.min(today))).copied());
        let before: Option<u64> = before.sum();
        let Some(before) = before.filter(|_| !days.contains_key(&today)) else {
            continue;
        };
        let usual = before as f64 / f64::from(EVERY_DAY) * part;
        if usual >= LEAST_EXPECTED {
            silent.push((&**path, usual));
        }
    }
    silent.sort_by(|one, other| other.1.total_cmp(&one.1));
    silent
}

/// Messages that were refused today, by reason.
async fn refused(view: &View<'_>, hours: &Hours) -> Result<Option<Markup>, HttpError> {
    let page = view
        .app
        .store
        .refused(Shelf::Faulty, None, None, REFUSED)
        .await?;
    let mut reasons: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut all: u64 = 0;
    for (_, one) in page.messages {
        if one.received_at >= hours.midnight() {
            *reasons.entry(one.reason).or_default() += 1;
            all += 1;
        }
    }
    if all == 0 {
        return Ok(None);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|(one, few), (other, many)| (many, one).cmp(&(few, other)));
    let title = format!(
        "{}{} {}",
        view.language.count(all),
        if all == REFUSED as u64 { "+" } else { "" },
        view.say(
            "messages were refused today",
            "berichten zijn vandaag geweigerd"
        ),
    );
    Ok(Some(notice(
        Tone::Warning,
        &title,
        &html! {
            ul { @for (reason, count) in &reasons { li { bdi { (reason) } ": " (view.language.count(*count)) } } }
            @if view.may(Role::Operate) {
                p { a href=(view.link("system", &[])) { (view.say("See which, and why", "Zie welke, en waarom")) } }
            } @else {
                p { (view.say("Whoever runs the collector can see them on the page System.", "Wie de collector beheert kan ze zien op de pagina Systeem.")) }
            }
        },
    )))
}

/// Slots whose visitors are not shared out as configured.
async fn slots(view: &View<'_>) -> Result<Option<Markup>, HttpError> {
    let model = view.app.model();
    if model.slots.is_empty() {
        return Ok(None);
    }
    let (first, last) = view.calendar().last_days(DAYS_OF_CONTENT, view.now);
    let visitors = vec![Metric::ContentVisitors];
    let visitors = view.app.store.sums(visitors, first, last).await?;
    let results = Results::of_slots(visitors.iter().map(Sum::told), |_| None);
    let wrong: Vec<_> = model
        .slots
        .iter()
        .filter(|slot| {
            let of = results.get(&slot.id);
            let tests = of.map(|results| mismatches(Some(slot), results));
            tests.into_iter().flatten().any(|test| test.is_told())
        })
        .collect();
    if wrong.is_empty() {
        return Ok(None);
    }
    Ok(Some(notice(
        Tone::Bad,
        view.say(
            "Content is not shared out as configured",
            "Content wordt niet verdeeld zoals ingesteld",
        ),
        &html! {
            ul { @for slot in wrong { li { a href=(view.link(&format!("content/{}", slot.id), &[])) { bdi { (slot.label) } } } } }
            p { (view.say(
                "Do not trust their results until it is known why: a script that changes the page before it counts, a cache, or a redirect for one variant alone.",
                "Vertrouw hun resultaten niet tot bekend is waarom: een script dat de pagina wijzigt voordat er geteld is, een cache, of een doorverwijzing voor maar één variant.",
            )) }
        },
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_strangely_silent() {
        let page = |days: &[(u32, u64)]| days.iter().copied().collect::<BTreeMap<u32, u64>>();
        let every = |count: u64| -> Vec<(u32, u64)> { (93..100).map(|day| (day, count)).collect() };
        let with = |mut days: Vec<(u32, u64)>, more: (u32, u64)| {
            days.push(more);
            days
        };
        let pages = [
            ("/silent", page(&every(40))),
            ("/more", page(&every(80))),
            ("/viewed", page(&with(every(40), (100, 1)))),
            ("/seldom", page(&every(10))),
            // Not on each of the days.
            ("/new", page(&every(40)[1..])),
        ];
        let pages = pages.map(|(path, days)| (Box::from(path), days)).into();
        assert_eq!(
            silent(&pages, 100, 0.5),
            [("/more", 40.0), ("/silent", 20.0)]
        );
        assert_eq!(silent(&pages, 100, 0.1), [("/more", 8.0)]);
        assert_eq!(silent(&pages, 100, 0.0), []);
    }
}
