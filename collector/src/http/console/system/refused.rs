//! Refused messages: how many for which reason, what to do about each, and the latest with the beginning
//! of what was sent. What robots send lies apart, for nothing is wrong with it.

use maud::{Markup, html};

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{LINES, Tab, pager};
use crate::http::admin;
use crate::http::query;
use crate::ingest::AUTOMATED;
use crate::openmetrics::samples;
use crate::store::refused::{RefusedMessage, RefusedPage};

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let reason = view.parameter("reason");
    let before = query::number_cursor(view.uri)?;
    let page = admin::refused::page(view.app, reason.as_deref(), before, LINES).await?;
    view.told(page.messages.len());
    let counted = view.app.metrics.text().map_err(|_| HttpError::Internal)?;
    let robots = reason.as_deref() == Some(AUTOMATED);
    let content = html! {
        (shelves(view, reason.as_deref()))
        @if robots {
            (notice(
                Tone::Plain,
                view.say("Nothing is wrong with these", "Hier is niets mis mee"),
                &html! { (view.say(
                    "A robot, a data centre or a pace that no person has: they are kept apart and are nobody's visit. Where they should count, say robots = \"visitors\" in [site].",
                    "Een robot, een datacentrum of een tempo dat geen mens heeft: ze worden apart bewaard en zijn niemands bezoek. Moeten ze meetellen, zet dan robots = \"visitors\" in [site].",
                )) },
            ))
        }
        (latest(view, &page, reason.as_deref()).show(view))
        (pager(view, page.next))
        (reasons(view, &counted, MESSAGES).show(view))
        (reasons(view, &counted, REQUESTS).show(view))
    };
    Ok(Tab::Refused.page(view, &content))
}

/// All that was at fault, what is of one reason, and what robots sent.
fn shelves(view: &View<'_>, reason: Option<&str>) -> Markup {
    let other = reason.filter(|reason| *reason != AUTOMATED);
    html! {
        nav class="choice" aria-label=(view.say("Which", "Welke")) {
            a href=(view.link("system/refused", &[])) aria-current=[reason.is_none().then_some("true")] {
                (view.say("At fault", "Fout"))
            }
            @if let Some(other) = other {
                a href=(view.with("cursor", "")) aria-current="true" { code { (other) } }
            }
            a href=(view.link("system/refused", &[("reason", AUTOMATED)]))
                aria-current=[(reason == Some(AUTOMATED)).then_some("true")] {
                (view.say("Of robots", "Van robots"))
            }
        }
    }
}

fn latest(view: &View<'_>, page: &RefusedPage, reason: Option<&str>) -> Table {
    let row = |(_, one): &(u64, RefusedMessage)| {
        let visitor = match &one.visitor {
            Some(visitor) => Cell::text(visitor.as_str()).to(view.profile(visitor)),
            None => Cell::from(Value::Nothing),
        };
        let of_reason = view.link("system/refused", &[("reason", &*one.reason)]);
        vec![
            Cell::from(Value::Moment(one.received_at)),
            Cell::text(&*one.reason).to(of_reason),
            Cell::text(&*one.place),
            Cell::text(&*one.detail),
            visitor,
            Cell::text(&*one.raw),
        ]
    };
    let all = view.link("system/refused", &[]);
    Table {
        id: "refused",
        caption: view
            .say("The latest, newest first", "De laatste, nieuwste eerst")
            .to_owned(),
        columns: vec![
            Column::new(view.say("Received", "Ontvangen")),
            Column::new(view.say("Reason", "Reden")),
            Column::new(view.say("Where", "Waar")).meaning(view.say(
                "The field at fault, as a path within the request.",
                "Het veld dat fout is, als pad binnen het verzoek.",
            )),
            Column::new(view.say("Why", "Waarom")),
            Column::new(view.say("Visitor", "Bezoeker")).meaning(view.say(
                "Whose the message would be, where that can be read.",
                "Van wie het bericht zou zijn, als dat te lezen is.",
            )),
            Column::new(view.say("Beginning of the message", "Begin van het bericht")).meaning(
                view.say(
                    "Up to 2,048 bytes of it as it came, without network addresses.",
                    "Tot 2.048 bytes ervan zoals het kwam, zonder netwerkadressen.",
                ),
            ),
        ],
        rows: page.messages.iter().map(row).collect(),
        empty: match (reason, page.next) {
            (None, None) => empty(
                view.say("Nothing was refused", "Er is niets geweigerd"),
                &html! { p { (view.say("Every message that came was in order.", "Elk bericht dat kwam was in orde.")) } },
            ),
            (_, Some(_)) => empty(
                view.say("None among these", "Hier niet bij"),
                &html! { p { (view.say("There are older ones: look further with the button below.", "Er zijn oudere: zoek verder met de knop hieronder.")) } },
            ),
            (Some(_), None) => empty(
                view.say("None of this reason", "Geen met deze reden"),
                &html! { p { a href=(all) { (view.say("Show all that was at fault", "Toon alles wat fout was")) } } },
            ),
        },
    }
}

/// What a table of reasons is about.
#[derive(Clone, Copy)]
struct Counted {
    id: &'static str,
    name: &'static str,
    caption: (&'static str, &'static str),
    nothing: (&'static str, &'static str),
    are_kept: bool,
}

const MESSAGES: Counted = Counted {
    id: "reasons",
    name: "firstglance_messages_refused_total",
    caption: (
        "Messages by reason, since the start of the process",
        "Berichten per reden, sinds het begin van het proces",
    ),
    nothing: ("No message was refused", "Geen bericht is geweigerd"),
    are_kept: true,
};

const REQUESTS: Counted = Counted {
    id: "requests-refused",
    name: "firstglance_requests_refused_total",
    caption: (
        "Requests refused as a whole, since the start of the process",
        "Verzoeken die in hun geheel zijn geweigerd, sinds het begin van het proces",
    ),
    nothing: ("No request was refused", "Geen verzoek is geweigerd"),
    are_kept: false,
};

fn reasons(view: &View<'_>, counted: &str, what: Counted) -> Table {
    let counts = samples(counted, what.name);
    let mut counts: Vec<(&str, u64)> = counts
        .map(|sample| (sample.label("reason"), sample.value as u64))
        .filter(|(_, count)| *count > 0)
        .collect();
    counts.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    let most = counts.first().map_or(1, |(_, count)| *count);
    let rows = counts.into_iter().map(|(reason, count)| {
        let name = Cell::text(reason);
        let name = match what.are_kept {
            true => name.to(view.link("system/refused", &[("reason", reason)])),
            false => name,
        };
        let share = count as f64 / most as f64;
        vec![
            name,
            Cell::count(count).with_bar(share),
            Cell::text(advice(view, reason)),
        ]
    });
    let say = |(english, dutch)| view.say(english, dutch);
    Table {
        id: what.id,
        caption: say(what.caption).to_owned(),
        columns: vec![
            Column::new(view.say("Reason", "Reden")),
            Column::new(view.say("How many", "Hoeveel")).meaning(view.say(
                "Since the collector was started; a restart begins anew.",
                "Sinds de collector is gestart; een herstart begint opnieuw.",
            )),
            Column::new(view.say("What to do", "Wat te doen")),
        ],
        rows: rows.collect(),
        empty: empty(
            say(what.nothing),
            &html! { p { (view.say("Since the start of the process all was in order.", "Sinds het begin van het proces was alles in orde.")) } },
        ),
    }
}

/// What to do about a reason.
fn advice<'t>(view: &View<'t>, reason: &str) -> &'t str {
    match reason {
        AUTOMATED => view.say("Nothing: robots are kept apart.", "Niets: robots worden apart gehouden."),
        "message_too_large" => view.say(
            "Send less in one message: what pages show does not belong into properties.",
            "Stuur minder in één bericht: wat pagina's tonen hoort niet in properties.",
        ),
        "too_many" => view.say(
            "A page in a loop, or one id for many people. Look at the visitor; [limits] says how much is allowed.",
            "Een pagina in een lus, of één id voor veel mensen. Bekijk de bezoeker; [limits] zegt hoeveel mag.",
        ),
        "future_timestamp" => view.say(
            "The sender's clock is ahead: send no timestamp, or sentAt beside it.",
            "De klok van de afzender loopt voor: stuur geen timestamp, of sentAt erbij.",
        ),
        "missing_visitor" | "invalid_id" => view.say(
            "The sender must say whose it is: an anonymousId or a userId, not empty and not too long.",
            "De afzender moet zeggen van wie het is: een anonymousId of userId, niet leeg en niet te lang.",
        ),
        "missing_write_key" | "wrong_write_key" | "unknown_site" => view.say(
            "The tag of a page, or a server, has no write key or another than the configuration.",
            "De tag van een pagina, of een server, heeft geen write key of een andere dan de configuratie.",
        ),
        "origin_not_allowed" => view.say(
            "A page of an origin that is not in allowed_origins: add it, if it is yours.",
            "Een pagina van een herkomst die niet in allowed_origins staat: voeg die toe als hij van u is.",
        ),
        "busy" | "closing" | "store_failed" | "not_done" => view.say(
            "The collector could not keep up, or could not write. Pages send it again; look at the overview.",
            "De collector kon het niet bijhouden of niet schrijven. Pagina's sturen het opnieuw; bekijk het overzicht.",
        ),
        _ => view.say(
            "What the sender sends is not as described in the documentation (HTTP); see the examples above.",
            "Wat de afzender stuurt is niet zoals de documentatie (HTTP) zegt; zie de voorbeelden hierboven.",
        ),
    }
}
