//! Interests: what visitors want, which channels and campaigns bring those who want it, and which pages
//! feed it. What visitors want now is the census's; pages are counted as they are seen. Topics that were
//! found by themselves can be named or merged: that posts an interest of those topics, as
//! `/admin/v1/segments/definitions` takes it, and leaves all other topics alone.

mod feeding;
mod naming;
mod one;

use maud::{Markup, html};

use super::parts::{Cell, Column, Figure, Span, Table, Tone, Value, empty, notice};
use super::view::View;
use super::{HttpError, Shown};
use crate::census::{Census, OTHERS, STRENGTHS, Topic};
use crate::config::Source;

pub(super) use naming::{name, unname};
pub(super) use one::show as one;

/// Topics in tables, the largest.
const MOST: usize = 40;

/// Campaigns beside topics, the largest.
const MOST_CAMPAIGNS: usize = 12;

/// The page.
pub(super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let census = view.app.census();
    let topics = largest(&census);
    let span = Span::of(view, 28)?;
    let feeding = feeding::table(view, span, None).await?;
    let content = html! {
        @if let Some(saved) = view.parameter("saved") {
            (notice(Tone::Good, view.say("Saved and in force", "Opgeslagen en van kracht"), &html! { p {
                bdi { (saved) } " – "
                (view.say(
                    "from now on its topics count under this name, for pages and for visitors. What visitors did before stays under the old topics, and fades.",
                    "vanaf nu tellen de onderwerpen onder deze naam, voor pagina's en voor bezoekers. Wat bezoekers eerder deden blijft onder de oude onderwerpen, en vervaagt.",
                ))
            } }))
        }
        (super::census::as_of(view, &census))
        div class="figures" {
            (Figure {
                id: "interested",
                label: view.say("Interested visitors", "Bezoekers met interesse").to_owned(),
                value: Value::Count(census.interested),
                definition: view.say(
                    "Visitors (browsers) with at least one interest of a strength of 50% or more: as much as two pages about it, read to their end, within a few days.",
                    "Bezoekers (browsers) met ten minste één interesse met een sterkte van 50% of meer: zoveel als twee uitgelezen pagina's erover binnen enkele dagen.",
                ).to_owned(),
                compared: Some(format!("{} {}", view.language.share(share(census.interested, census.visitors)), view.say("of all visitors", "van alle bezoekers"))),
                href: Some(view.profiles(&[("interest", "*")])),
            }.show(view))
            (Figure {
                id: "topics",
                label: view.say("Topics", "Onderwerpen").to_owned(),
                value: Value::Count(census.topics.len() as u64),
                definition: view.say("Topics for which there is any evidence from a stored visitor.", "Onderwerpen waarvoor er van een opgeslagen bezoeker enig bewijs is.").to_owned(),
                compared: None,
                href: None,
            }.show(view))
        }
        (topics_table(view, &census, &topics))
        (channels(view, &census, &topics))
        (campaigns(view, &topics))
        (span.picker(view))
        (feeding.show(view))
        (naming::forms(view, &census))
    };
    Ok(Shown::Page(
        view.say("Interests", "Interesses").to_owned(),
        content,
    ))
}

fn share(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

/// Topics with most interested visitors first.
fn largest(census: &Census) -> Vec<(&str, &Topic)> {
    let mut topics: Vec<(&str, &Topic)> =
        census.topics.iter().map(|(id, one)| (&**id, one)).collect();
    topics.sort_by_key(|(id, one)| {
        (
            std::cmp::Reverse((one.interested, one.known)),
            (*id).to_owned(),
        )
    });
    topics
}

/// Where a topic is from: what names it, or that it was found.
fn origin_of(view: &View<'_>, id: &str) -> String {
    let present = view.app.contents.present();
    let interests = present.model.interests.iter().zip(&present.interests);
    for (rule, source) in interests {
        if *rule.id == *id {
            return match source {
                Source::File => view.say("Configuration file", "Configuratiebestand"),
                Source::Posted => view.say("Named in the console", "Benoemd in de console"),
            }
            .to_owned();
        }
        if rule.topics().any(|topic| topic == id) {
            return format!("{} {}", view.say("Counts as", "Telt als"), rule.label);
        }
    }
    view.say("Found by itself", "Vanzelf gevonden").to_owned()
}

fn nobody(view: &View<'_>) -> Markup {
    empty(
        view.say(
            "No interest is known yet",
            "Er is nog geen interesse bekend",
        ),
        &html! { p { (view.say(
            "Topics come by themselves from what pages declare (schema.org, meta tags, data-fg-topic), from keywords and from paths.",
            "Onderwerpen komen vanzelf uit wat pagina's zeggen (schema.org, meta-tags, data-fg-topic), uit trefwoorden en uit paden.",
        )) } },
    )
}

fn link_to(view: &View<'_>, id: &str) -> String {
    view.link(&format!("interests/{id}"), &[])
}

fn topics_table(view: &View<'_>, census: &Census, topics: &[(&str, &Topic)]) -> Markup {
    let rows = topics.iter().take(MOST).map(|(id, topic)| {
        let strong: u64 = topic.strengths.iter().skip(STRENGTHS * 3 / 4).sum();
        vec![
            Cell::text(view.called(id)).to(link_to(view, id)),
            Cell::count(topic.interested)
                .to(view.profiles(&[("interest", id)]))
                .with_bar(share(topic.interested, census.visitors)),
            Value::Share(share(topic.interested, census.visitors)).into(),
            Cell::count(strong).to(view.profiles(&[("interest", &format!("{id}:0.7"))])),
            Cell::count(topic.known).to(view.profiles(&[("interest", &format!("{id}:0"))])),
            Cell::text(origin_of(view, id)),
        ]
    });
    Table {
        id: "interests",
        caption: view.say("What visitors want now", "Wat bezoekers nu willen").to_owned(),
        columns: vec![
            Column::new(view.say("Topic", "Onderwerp")),
            Column::new(view.say("Interested", "Geïnteresseerd")).meaning(view.say(
                "Visitors (browsers) whose interest has a strength of 50% or more at the moment of the count.",
                "Bezoekers (browsers) van wie de interesse op het moment van tellen een sterkte van 50% of meer heeft.",
            )),
            Column::new(view.say("Share", "Aandeel")).meaning(view.say("Of all visitors that are kept.", "Van alle bezoekers die bewaard zijn.")),
            Column::new(view.say("Strongly", "Sterk")).meaning(view.say("Visitors whose interest has a strength of 70% or more.", "Bezoekers van wie de interesse een sterkte van 70% of meer heeft.")),
            Column::new(view.say("Any evidence", "Enig bewijs")).meaning(view.say("Visitors with any evidence for the topic, however weak.", "Bezoekers met enig bewijs voor het onderwerp, hoe zwak ook.")),
            Column::new(view.say("From", "Uit")),
        ],
        rows: rows.collect(),
        empty: nobody(view),
    }
    .show(view)
}

/// Topics by the channel that first brought those who are interested.
fn channels(view: &View<'_>, census: &Census, topics: &[(&str, &Topic)]) -> Markup {
    let mut channels: Vec<(&str, u64)> = census
        .channels
        .iter()
        .map(|(name, count)| (&**name, *count))
        .collect();
    channels.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let mut columns = vec![
        Column::new(view.say("Topic", "Onderwerp")),
        Column::new(view.say("Interested", "Geïnteresseerd")),
    ];
    columns.extend(channels.iter().map(|(name, _)| Column::new(*name)));
    let interested = topics
        .iter()
        .filter(|(_, one)| one.interested > 0)
        .take(MOST);
    let rows = interested.map(|(id, topic)| {
        let mut row = vec![
            Cell::text(view.called(id)).to(link_to(view, id)),
            Cell::count(topic.interested).to(view.profiles(&[("interest", id)])),
        ];
        row.extend(channels.iter().map(|(channel, _)| {
            let count = topic.channels.get(*channel).copied().unwrap_or(0);
            Cell::count(count)
                .to(view.profiles(&[("interest", id), ("channel", channel)]))
                .shaded(share(count, topic.interested))
        }));
        row
    });
    let table = Table {
        id: "channels",
        caption: view
            .say(
                "Which channel brought those who are interested",
                "Welk kanaal bracht wie geïnteresseerd is",
            )
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: nobody(view),
    };
    html! {
        section class="heat" {
            (table.show(view))
            p class="quiet" { (view.say(
                "Interested visitors by the channel of their first touch: what first brought them to the site. The darker, the larger the share of the topic.",
                "Geïnteresseerde bezoekers naar het kanaal van hun eerste contact: wat hen het eerst naar de site bracht. Hoe donkerder, hoe groter het aandeel van het onderwerp.",
            )) }
        }
    }
}

/// Topics by the campaign that first brought those who are interested.
fn campaigns(view: &View<'_>, topics: &[(&str, &Topic)]) -> Markup {
    let mut all: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (name, count) in topics.iter().flat_map(|(_, one)| &one.campaigns) {
        *all.entry(name).or_default() += count;
    }
    let mut all: Vec<(&str, u64)> = all
        .into_iter()
        .filter(|(name, _)| *name != OTHERS)
        .collect();
    all.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    all.truncate(MOST_CAMPAIGNS);
    let mut columns = vec![Column::new(view.say("Topic", "Onderwerp"))];
    columns.extend(all.iter().map(|(name, _)| Column::new(*name)));
    let brought = topics
        .iter()
        .filter(|(_, one)| !one.campaigns.is_empty())
        .take(MOST);
    let rows = brought.map(|(id, topic)| {
        let mut row = vec![Cell::text(view.called(id)).to(link_to(view, id))];
        row.extend(all.iter().map(|(campaign, _)| {
            let count = topic.campaigns.get(*campaign).copied().unwrap_or(0);
            Cell::count(count)
                .to(view.profiles(&[("interest", id), ("campaign", campaign)]))
                .shaded(share(count, topic.interested))
        }));
        row
    });
    let table = Table {
        id: "campaigns",
        caption: view
            .say(
                "Which campaign brought those who are interested",
                "Welke campagne bracht wie geïnteresseerd is",
            )
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say(
                "No campaign has brought anybody who is interested",
                "Geen campagne heeft iemand gebracht die geïnteresseerd is",
            ),
            &html! { p { (view.say("Give links in newsletters and advertisements a utm_campaign.", "Geef links in nieuwsbrieven en advertenties een utm_campaign.")) } },
        ),
    };
    html! {
        section class="heat" {
            (table.show(view))
            p class="quiet" { (view.say(
                "Interested visitors by utm_campaign of their first touch; the largest campaigns. Who came without one is not here.",
                "Geïnteresseerde bezoekers naar utm_campaign van hun eerste contact; de grootste campagnes. Wie er zonder kwam, staat hier niet.",
            )) }
        }
    }
}
