//! One segment: how large it is and how that went, who its members are, its condition in the editor, and
//! its versions.

use firstglance_engine::text::slug;
use maud::{Markup, html};
use percent_encoding::percent_decode_str;

use super::super::parts::{Cell, Chart, Column, Figure, Shape, Span, Table, Tone, Value, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::editor::{self, Draft};
use super::{Movement, Sizes, meaning_of_size, versions, ways};
use crate::config::{ContentProblem, SegmentText, Source};
use crate::store::content::MOST as MOST_VERSIONS;
use crate::token::Role;

/// The page of a segment.
pub(in super::super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let id = percent_decode_str(view.part).decode_utf8();
    let id = id.map_err(|_| HttpError::Route)?.into_owned();
    let present = view.app.contents.present().clone();
    let written = present.segments.iter().find(|one| *one.id == *id).cloned();
    let sizes = Sizes::of(view).await?;
    let interest = present.model.interest(&id);
    let is_known = written.is_some() || interest.is_some() || sizes.of.contains_key(&*id);
    if !is_known {
        return Err(HttpError::Route);
    }
    let draft = written.as_ref().map(|text| draft_of(view, text));
    let label = view.called(&id);
    let content = page(view, &id, written.as_ref(), draft.as_ref(), &sizes).await?;
    Ok(Shown::Page(label.into(), content))
}

fn draft_of(view: &View<'_>, text: &SegmentText) -> Draft {
    Draft {
        id: text.id.to_string(),
        label: text.label.to_string(),
        description: text.description.to_string(),
        when: text.when.to_string(),
        note: String::new(),
        based_on: view.app.contents.present().rules_number(),
        is_new: false,
    }
}

/// A segment that is not there yet. `when` in the address begins its condition.
pub(in super::super) async fn new(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft {
        when: view.parameter("when").unwrap_or_default(),
        label: view.parameter("label").unwrap_or_default(),
        based_on: view.app.contents.present().rules_number(),
        is_new: true,
        ..Draft::default()
    };
    let draft = Draft {
        id: slug(&draft.label),
        ..draft
    };
    Ok(Shown::Page(
        view.say("New segment", "Nieuw segment").to_owned(),
        alone(view, &draft, &[]),
    ))
}

/// The editor and nothing else.
pub(super) fn alone(view: &View<'_>, draft: &Draft, wrong: &[ContentProblem]) -> Markup {
    html! {
        p { a href=(view.link("segments", &[])) { "← " (view.say("All segments", "Alle segmenten")) } }
        (editor::form(view, draft, wrong))
    }
}

async fn page(
    view: &View<'_>,
    id: &str,
    written: Option<&SegmentText>,
    draft: Option<&Draft>,
    sizes: &Sizes,
) -> Result<Markup, HttpError> {
    let span = Span::of(view, 28)?;
    let movement = Movement::of(view, span).await?;
    let census = view.app.census();
    let kept = versions::of_segment(view, id, MOST_VERSIONS).await?;
    let (entered, left) = movement.total(id);
    let profiles = view.profiles(&[("segment", id)]);
    let ways = ways::show(view, id, span).await?;
    let saved = view.parameter("saved");
    Ok(html! {
        p { a href=(view.link("segments", &[])) { "← " (view.say("All segments", "Alle segmenten")) } }
        @if let Some(number) = &saved {
            (notice(Tone::Good, view.say("Saved and in force", "Opgeslagen en van kracht"), &html! { p {
                (view.say("Version", "Versie")) " " (number) ". "
                (view.say(
                    "Pages get it with their next request; visitors who do nothing are evaluated again in the background, so sizes follow.",
                    "Pagina's krijgen het bij hun volgende verzoek; bezoekers die niets doen worden op de achtergrond opnieuw beoordeeld, dus de aantallen volgen.",
                ))
            } }))
        }
        @if let Some(text) = written {
            @if !text.description.is_empty() { p class="lead" { bdi { (text.description) } } }
            p { span class="badge" { (from(view, text)) } " " code { (id) } }
        } @else {
            p { span class="badge" { (view.say("An interest, which is a segment by itself from a strength of 50%", "Een interesse, die vanzelf een segment is vanaf een sterkte van 50%")) } " " code { (id) } }
        }
        (span.picker(view))
        div class="figures" {
            (Figure {
                id: "size",
                label: view.say("Visitors in it", "Bezoekers erin").to_owned(),
                value: Value::Count(sizes.size(id)),
                definition: meaning_of_size(view),
                compared: Some(format!("{} {}", view.language.share(sizes.share(id)), view.say("of all visitors", "van alle bezoekers"))),
                href: Some(profiles),
            }.show(view))
            (Figure {
                id: "entered",
                label: view.say("Came in", "Erbij").to_owned(),
                value: Value::Count(entered),
                definition: view.say("How often visitors came into the segment in these days. No list has them: a profile tells where somebody is, and their timeline when they came and went.", "Hoe vaak bezoekers in deze dagen in het segment kwamen. Er is geen lijst van: een profiel vertelt waar iemand in zit, en de tijdlijn wanneer die kwam en ging.").to_owned(),
                compared: None,
                href: None,
            }.show(view))
            (Figure {
                id: "left",
                label: view.say("Left", "Eraf").to_owned(),
                value: Value::Count(left),
                definition: view.say("How often visitors left the segment in these days. No list has them: their timelines tell when they came and went.", "Hoe vaak bezoekers het segment in deze dagen verlieten. Er is geen lijst van: hun tijdlijnen vertellen wanneer ze kwamen en gingen.").to_owned(),
                compared: None,
                href: None,
            }.show(view))
            @if let Some(share) = census.conversion(id) {
                (Figure {
                    id: "conversion",
                    label: view.say("Conversion", "Conversie").to_owned(),
                    value: Value::Share(share),
                    definition: view.say("Share of the present members who have reached any goal at any time, as their profiles know. The list has all members; a profile tells its goals.", "Aandeel van wie er nu in zit dat ooit een doel heeft bereikt, zoals hun profielen weten. De lijst heeft alle leden; een profiel vertelt de doelen.").to_owned(),
                    compared: None,
                    href: Some(view.profiles(&[("segment", id)])),
                }.show(view))
            }
        }
        (trend(view, id, span, &movement, sizes.size(id)))
        @match draft {
            Some(draft) if view.may(Role::Operate) => {
                h2 id="edit" { (view.say("Condition", "Voorwaarde")) }
                (editor::form(view, draft, &[]))
                @if written.is_some_and(|text| text.source == Source::Posted) { (removal(view, draft, written)) }
            },
            Some(draft) => {
                h2 { (view.say("Condition", "Voorwaarde")) }
                pre class="code panel" { bdi { (draft.when) } }
            },
            None => {},
        }
        (ways)
        (overlaps(view, id, &census))
        @if written.is_some() || !kept.is_empty() { (versions::history(view, &kept)) }
    })
}

fn from<'a>(view: &View<'a>, text: &SegmentText) -> &'a str {
    match (text.source, text.replaces) {
        (Source::File, _) => view.say(
            "Written in the configuration file; saving here takes its place",
            "Geschreven in het configuratiebestand; opslaan hier komt daarvoor in de plaats",
        ),
        (Source::Posted, false) => view.say("Written in the console", "Geschreven in de console"),
        (Source::Posted, true) => view.say(
            "Written in the console, in place of the one in the configuration file",
            "Geschreven in de console, in plaats van het segment in het configuratiebestand",
        ),
    }
}

/// How large it was at the end of each day: worked out from the present size, back through what came and
/// went.
fn trend(view: &View<'_>, id: &str, span: Span, movement: &Movement, size: u64) -> Markup {
    let days = movement.days(id);
    let mut size = size;
    let mut rows = Vec::new();
    let each: Vec<_> = span.each().collect();
    for day in each.into_iter().rev() {
        let (entered, left) = days
            .and_then(|days| days.get(&day.number))
            .copied()
            .unwrap_or((0, 0));
        rows.push(vec![
            Value::Day(day).into(),
            Cell::count(size),
            Cell::count(entered),
            Cell::count(left),
        ]);
        size = (size + left).saturating_sub(entered);
    }
    rows.reverse();
    Chart {
        shape: Shape::Lines,
        definition: view
            .say(
                "Size at the end of each day, worked out from the present size, back through what came and went; and how many came in and left on that day.",
                "Omvang aan het eind van elke dag, berekend uit de huidige omvang, terug langs wat erbij kwam en wegging; en hoeveel er die dag bij kwamen en weggingen.",
            )
            .to_owned(),
        table: Table {
            id: "trend",
            caption: view.say("Size and movement", "Omvang en beweging").to_owned(),
            columns: vec![
                Column::new(view.say("Day", "Dag")),
                Column::new(view.say("Size", "Omvang")),
                Column::new(view.say("Came in", "Erbij")),
                Column::new(view.say("Left", "Eraf")),
            ],
            rows,
            empty: html! {},
        },
    }
    .show(view)
}

/// Taking out what was posted.
fn removal(view: &View<'_>, draft: &Draft, written: Option<&SegmentText>) -> Markup {
    let replaces = written.is_some_and(|text| text.replaces);
    let (title, what) = match replaces {
        true => (
            view.say("Back to the configuration file's", "Terug naar die van het configuratiebestand"),
            view.say(
                "The segment in the configuration file takes its place again. This version stays in the history.",
                "Het segment uit het configuratiebestand komt weer in de plaats. Deze versie blijft in de geschiedenis.",
            ),
        ),
        false => (
            view.say("Remove this segment", "Dit segment verwijderen"),
            view.say(
                "Pages and conditions know it no more. This version stays in the history and can be put back.",
                "Pagina's en voorwaarden kennen het dan niet meer. Deze versie blijft in de geschiedenis en kan worden teruggezet.",
            ),
        ),
    };
    html! {
        details class="panel" {
            summary { (title) }
            form method="post" action=(view.link("segments/remove", &[])) {
                (view.csrf())
                input type="hidden" name="id" value=(draft.id);
                input type="hidden" name="based_on" value=(draft.based_on);
                p { (what) }
                button type="submit" class="danger" { (title) }
            }
        }
    }
}

fn overlaps(view: &View<'_>, id: &str, census: &crate::census::Census) -> Markup {
    let Some(segment) = census.segment(id) else {
        return html! {};
    };
    let mut others: Vec<(&crate::census::Segment, u64)> = census
        .segments
        .iter()
        .zip(segment.overlap.iter().copied())
        .filter(|(other, both)| *other.id != *id && *both > 0)
        .collect();
    others.sort_by_key(|(other, both)| (std::cmp::Reverse(*both), other.id.clone()));
    let rows = others.into_iter().take(20).map(|(other, both)| {
        let share = both as f64 / segment.size.max(1) as f64;
        vec![
            Cell::text(other.label.to_string())
                .to(view.link(&format!("segments/{}", other.id), &[])),
            Cell::count(both)
                .with_bar(share)
                .to(view.profiles(&[("segment", id), ("also", &other.id)])),
            Value::Share(share).into(),
            Value::Share(both as f64 / other.size.max(1) as f64).into(),
        ]
    });
    let table = Table {
        id: "overlaps",
        caption: view
            .say("Its visitors are also in", "Zijn bezoekers zitten ook in")
            .to_owned(),
        columns: vec![
            Column::new(view.say("Segment", "Segment")),
            Column::new(view.say("Both", "Allebei")).meaning(view.say(
                "Visitors who are in both.",
                "Bezoekers die in allebei zitten.",
            )),
            Column::new(view.say("Share of this one", "Aandeel van dit")),
            Column::new(view.say("Share of that one", "Aandeel van dat")),
        ],
        rows: rows.collect(),
        empty: html! { p { (view.say("None of them is in another segment.", "Niemand ervan zit in een ander segment.")) } },
    };
    html! {
        (table.show(view))
        (super::super::census::as_of(view, census))
    }
}
