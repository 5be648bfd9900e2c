//! One topic: how strongly visitors want it, what brought them, which pages feed it, and what it is
//! called.

use maud::{Markup, html};
use percent_encoding::percent_decode_str;

use super::super::parts::{Cell, Chart, Column, Figure, Shape, Span, Table, Value};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{feeding, naming, origin_of, share};
use crate::census::{OTHERS, STRENGTHS, Topic};

/// The page of a topic.
pub(in super::super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let id = percent_decode_str(view.part).decode_utf8();
    let id = id.map_err(|_| HttpError::Route)?.into_owned();
    let census = view.app.census();
    let is_rule = view.app.model().interest(&id).is_some();
    let nothing = Topic::default();
    let span = Span::of(view, 28)?;
    let feeding = feeding::table(view, span, Some(&id)).await?;
    let topic = match census.topics.get(&*id) {
        Some(topic) => topic,
        // Pages declare it since the last census, or nobody has evidence for it any more.
        None if is_rule || !feeding.rows.is_empty() => &nothing,
        None => return Err(HttpError::Route),
    };
    let label = view.called(&id);
    let content = html! {
        p { a href=(view.link("interests", &[])) { "← " (view.say("All interests", "Alle interesses")) } }
        p { span class="badge" { (origin_of(view, &id)) } " " code { (id) } }
        div class="figures" {
            (Figure {
                id: "interested",
                label: view.say("Interested", "Geïnteresseerd").to_owned(),
                value: Value::Count(topic.interested),
                definition: view.say("Visitors (browsers) whose interest has a strength of 50% or more at the moment of the count.", "Bezoekers (browsers) van wie de interesse op het moment van tellen een sterkte van 50% of meer heeft.").to_owned(),
                compared: Some(format!("{} {}", view.language.share(share(topic.interested, census.visitors)), view.say("of all visitors", "van alle bezoekers"))),
                href: Some(view.profiles(&[("interest", &id)])),
            }.show(view))
            (Figure {
                id: "known",
                label: view.say("Any evidence", "Enig bewijs").to_owned(),
                value: Value::Count(topic.known),
                definition: view.say("Visitors with any evidence for the topic, however weak.", "Bezoekers met enig bewijs voor het onderwerp, hoe zwak ook.").to_owned(),
                compared: None,
                href: Some(view.profiles(&[("interest", &format!("{id}:0"))])),
            }.show(view))
        }
        (strengths(view, topic))
        div class="grid" {
            (brought(view, "topic-channels", view.say("By first channel", "Naar eerste kanaal"), &id, "channel", topic.channels.iter()))
            (brought(view, "topic-campaigns", view.say("By first campaign", "Naar eerste campagne"), &id, "campaign", topic.campaigns.iter()))
        }
        (super::super::census::as_of(view, &census))
        (span.picker(view))
        (feeding.show(view))
        (naming::of_one(view, &census, &id, &label))
    };
    Ok(Shown::Page(label.into(), content))
}

fn strengths(view: &View<'_>, topic: &Topic) -> Markup {
    let rows = topic.strengths.iter().enumerate().map(|(place, count)| {
        let width = 100 / STRENGTHS;
        let name = format!("{}–{}%", place * width, (place + 1) * width);
        vec![Cell::text(name), Cell::count(*count)]
    });
    let any = topic.known > 0;
    Chart {
        shape: Shape::Bars,
        definition: view.say(
            "Visitors with any evidence, by the strength of their interest at the moment of the count. From 50% on they are in the segment of the topic.",
            "Bezoekers met enig bewijs, naar de sterkte van hun interesse op het moment van tellen. Vanaf 50% zitten ze in het segment van het onderwerp.",
        ).to_owned(),
        table: Table {
            id: "strengths",
            caption: view.say("How strong the interest is", "Hoe sterk de interesse is").to_owned(),
            columns: vec![
                Column::new(view.say("Strength", "Sterkte")),
                Column::new(view.say("Visitors", "Bezoekers")),
            ],
            rows: if any { rows.collect() } else { Vec::new() },
            empty: html! { p { (view.say("Nobody has shown any interest in it yet.", "Nog niemand heeft er interesse in getoond.")) } },
        },
    }
    .show(view)
}

fn brought<'a>(
    view: &View<'_>,
    id: &'static str,
    caption: &str,
    topic: &str,
    parameter: &str,
    counts: impl Iterator<Item = (&'a Box<str>, &'a u64)>,
) -> Markup {
    let mut counts: Vec<(&str, u64)> = counts.map(|(name, count)| (&**name, *count)).collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let rows = counts.into_iter().map(|(name, count)| {
        let cell = Cell::count(count).with_bar(share(count, all));
        match name {
            OTHERS => vec![Cell::text(view.say("Others", "Andere")), cell],
            name => vec![
                Cell::text(name),
                cell.to(view.profiles(&[("interest", topic), (parameter, name)])),
            ],
        }
    });
    Table {
        id,
        caption: caption.to_owned(),
        columns: vec![
            Column::new(view.say("First touch", "Eerste contact")),
            Column::new(view.say("Interested", "Geïnteresseerd")).meaning(view.say(
                "Interested visitors whom this brought to the site first.",
                "Geïnteresseerde bezoekers die dit het eerst naar de site bracht.",
            )),
        ],
        rows: rows.collect(),
        empty: html! { p { (view.say("Nobody yet.", "Nog niemand.")) } },
    }
    .show(view)
}
