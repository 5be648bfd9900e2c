//! The list of segments.

use maud::html;

use super::super::parts::{Cell, Column, Span, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{Movement, Sizes, meaning_of_size};
use crate::config::Source;
use crate::token::Role;

/// Segments of topics that nobody configured, at most: the largest.
const MOST_FOUND: usize = 100;

/// The page.
pub(in super::super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let span = Span::of(view, 28)?;
    let sizes = Sizes::of(view).await?;
    let movement = Movement::of(view, span).await?;
    let census = view.app.census();
    let present = view.app.contents.present().clone();
    let row = |id: &str, label: &str, where_from: &str| {
        let (entered, left) = movement.total(id);
        let page = format!("segments/{id}");
        let converted = census.conversion(id).map_or(Value::Nothing, Value::Share);
        vec![
            Cell::text(label).to(view.link(&page, &[])),
            Cell::count(sizes.size(id))
                .to(view.profiles(&[("segment", id)]))
                .with_bar(sizes.share(id)),
            Value::Share(sizes.share(id)).into(),
            Cell::count(entered),
            Cell::count(left),
            converted.into(),
            Cell::text(where_from),
        ]
    };
    let mut rows = Vec::new();
    for segment in &present.segments {
        let from = match (segment.source, segment.replaces) {
            (Source::File, _) => view.say("Configuration file", "Configuratiebestand"),
            (Source::Posted, false) => view.say("Console", "Console"),
            (Source::Posted, true) => view.say(
                "Console, in place of the file's",
                "Console, in plaats van die van het bestand",
            ),
        };
        rows.push(row(&segment.id, &segment.label, from));
    }
    let is_segment = |id: &str| present.segments.iter().any(|one| *one.id == *id);
    let interest = view.say("Interest", "Interesse");
    for rule in present
        .model
        .interests
        .iter()
        .filter(|one| !is_segment(&one.id))
    {
        rows.push(row(&rule.id, &rule.label, interest));
    }
    let is_known = |id: &str| is_segment(id) || present.model.interest(id).is_some();
    let mut found: Vec<(&str, u64)> = sizes.of.iter().map(|(id, size)| (&**id, *size)).collect();
    found.retain(|(id, _)| !is_known(id));
    found.sort_by(|(one, size), (other, larger)| (larger, one).cmp(&(size, other)));
    let topic = view.say("Topic found by itself", "Vanzelf gevonden onderwerp");
    for (id, _) in found.iter().take(MOST_FOUND) {
        rows.push(row(id, &view.called(id), topic));
    }
    let table = Table {
        id: "segments",
        caption: view.say("Segments", "Segmenten").to_owned(),
        columns: columns(view),
        rows,
        empty: empty(
            view.say("There is no segment yet", "Er is nog geen segment"),
            &html! { p { (view.say(
                "Write one: a condition such as interest(\"e-bikes\") >= 0.5 && visits >= 2 says who is in it. Topics that visitors turn out to be interested in are segments by themselves.",
                "Schrijf er een: een voorwaarde zoals interest(\"e-bikes\") >= 0.5 && visits >= 2 zegt wie erin zit. Onderwerpen waarin bezoekers interesse blijken te hebben zijn vanzelf segmenten.",
            )) } },
        ),
    };
    let left_out = present.rules_left_out.clone();
    let content = html! {
        @for (ids, problems) in &left_out {
            (notice(
                Tone::Bad,
                view.say("Left out, because it does not fit the configuration", "Weggelaten, want het past niet bij de configuratie"),
                &html! { p { strong { bdi { (ids) } } } @for problem in problems { p { bdi { (problem) } } } },
            ))
        }
        div class="actions segments-actions" {
            @if view.may(Role::Operate) {
                a class="button" href=(view.link("segments/new", &[])) { (view.say("New segment", "Nieuw segment")) }
            }
            a class="button" href=(view.link("segments/versions", &[])) { (view.say("Versions", "Versies")) }
        }
        (span.picker(view))
        (table.show(view))
        (super::super::census::overlap(view, &census))
        (super::super::census::stages(view, &census))
    };
    Ok(Shown::Page(
        view.say("Segments", "Segmenten").to_owned(),
        content,
    ))
}

fn columns(view: &View<'_>) -> Vec<Column> {
    vec![
        Column::new(view.say("Segment", "Segment")),
        Column::new(view.say("Visitors", "Bezoekers")).meaning(meaning_of_size(view)),
        Column::new(view.say("Share", "Aandeel")).meaning(view.say(
            "Of all visitors that are kept.",
            "Van alle bezoekers die bewaard zijn.",
        )),
        Column::new(view.say("Came in", "Erbij")).meaning(view.say(
            "How often visitors came into the segment in the chosen days. No list has them: a profile tells where somebody is, and their timeline when they came and went.",
            "Hoe vaak bezoekers in de gekozen dagen in het segment kwamen. Er is geen lijst van: een profiel vertelt waar iemand in zit, en de tijdlijn wanneer die kwam en ging.",
        )),
        Column::new(view.say("Left", "Eraf")).meaning(view.say(
            "How often visitors left it in the chosen days.",
            "Hoe vaak bezoekers het in de gekozen dagen verlieten.",
        )),
        Column::new(view.say("Conversion", "Conversie")).meaning(view.say(
            "Share of the present members who have reached any goal at any time, as their profiles know.",
            "Aandeel van wie er nu in zit dat ooit een doel heeft bereikt, zoals hun profielen weten.",
        )),
        Column::new(view.say("Written in", "Geschreven in")),
    ]
}
