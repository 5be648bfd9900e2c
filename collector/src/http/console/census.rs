//! Tables of the census that several pages show: what visitors are now, and of which moment that is.

use maud::{Markup, html};

use super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::view::View;
use crate::census::{Census, Segment};

/// Segments of the map of overlaps.
const MOST_SHOWN: usize = 20;

/// Of which moment the census is.
pub(super) fn as_of(view: &View<'_>, census: &Census) -> Markup {
    html! {
        @match census.at {
            Some(at) => p class="quiet" {
                (view.say("As of", "Stand van")) " " (view.moment(at)) ". "
                (view.say(
                    "All stored profiles are looked at again when something has changed.",
                    "Alle opgeslagen profielen worden opnieuw bekeken als er iets is veranderd.",
                ))
            },
            None => (notice(
                Tone::Plain,
                view.say("Still being counted", "Wordt nog geteld"),
                &html! { p { (view.say(
                    "The collector has started just now and goes through all profiles. Reload this page in a moment.",
                    "De collector is net gestart en gaat alle profielen langs. Laad deze pagina zo opnieuw.",
                )) } },
            )),
        }
    }
}

/// Segments of the census that have anybody: the first ones.
fn shown(census: &Census) -> Vec<(usize, &Segment)> {
    let segments = census.segments.iter().enumerate();
    segments
        .filter(|(_, one)| one.size > 0)
        .take(MOST_SHOWN)
        .collect()
}

/// How segments overlap: of those in a row, the share who are in the column as well.
pub(super) fn overlap(view: &View<'_>, census: &Census) -> Markup {
    let shown = shown(census);
    let mut columns = vec![
        Column::new(view.say("Of those in …", "Van wie zit in …")),
        Column::new(view.say("Visitors", "Bezoekers")),
    ];
    let names = shown
        .iter()
        .map(|(_, one)| Column::new(one.label.to_string()));
    columns.extend(names);
    let rows = shown.iter().map(|(place, segment)| {
        let mut row = vec![
            Cell::text(segment.label.to_string())
                .to(view.link(&format!("segments/{}", segment.id), &[])),
            Cell::count(segment.size).to(view.profiles(&[("segment", &segment.id)])),
        ];
        row.extend(shown.iter().map(|(other, with)| {
            if place == other {
                return Value::Nothing.into();
            }
            let both = segment.overlap.get(*other).copied().unwrap_or(0);
            let share = both as f64 / segment.size as f64;
            let cell = Cell::from(Value::Share(share)).shaded(share);
            match both {
                0 => cell,
                _ => cell.to(view.profiles(&[("segment", &segment.id), ("also", &with.id)])),
            }
        }));
        row
    });
    let table = Table {
        id: "overlap",
        caption: view
            .say("How segments overlap", "Hoe segmenten overlappen")
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say(
                "Nobody is in any segment yet",
                "Er zit nog niemand in een segment",
            ),
            &html! { p { (view.say("Once visitors are, this says who is in two at once.", "Zodra dat zo is, staat hier wie in twee tegelijk zit.")) } },
        ),
    };
    html! {
        section class="heat" {
            (table.show(view))
            p class="quiet" { (view.say(
                "Each row: of the visitors in that segment, the share who are in the segment of the column as well.",
                "Elke rij: van de bezoekers in dat segment het aandeel dat ook in het segment van de kolom zit.",
            )) }
            (as_of(view, census))
        }
    }
}

/// In which stages those of each segment are.
pub(super) fn stages(view: &View<'_>, census: &Census) -> Markup {
    let mut columns = vec![
        Column::new(view.say("Segment", "Segment")),
        Column::new(view.say("Visitors", "Bezoekers")),
    ];
    columns.extend(
        census
            .stages
            .iter()
            .map(|stage| Column::new(stage.to_string())),
    );
    let all = Segment {
        label: view.say("All visitors", "Alle bezoekers").into(),
        size: census.visitors,
        stages: census.in_stages.clone(),
        ..Segment::default()
    };
    let mut segments = vec![(0, &all)];
    segments.extend(shown(census));
    segments.retain(|(_, one)| one.size > 0);
    let rows = segments.iter().map(|(_, segment)| {
        let mut row = vec![
            match segment.id.is_empty() {
                true => Cell::text(segment.label.to_string()),
                false => Cell::text(segment.label.to_string())
                    .to(view.link(&format!("segments/{}", segment.id), &[])),
            },
            Cell::count(segment.size).to(view.profiles(&[("segment", &segment.id)])),
        ];
        row.extend(census.stages.iter().enumerate().map(|(place, stage)| {
            let count = segment.stages.get(place).copied().unwrap_or(0);
            Cell::count(count)
                .to(view.profiles(&[("segment", &segment.id), ("stage", stage)]))
                .shaded(count as f64 / segment.size as f64)
        }));
        row
    });
    let table = Table {
        id: "stages",
        caption: view
            .say(
                "Stages of those in each segment",
                "Fasen van wie in elk segment zit",
            )
            .to_owned(),
        columns,
        rows: rows.collect(),
        empty: empty(
            view.say("There are no visitors yet", "Er zijn nog geen bezoekers"),
            &html! { p { (view.say("Install the tag; the first page view makes the first visitor.", "Plaats de tag; de eerste paginaweergave maakt de eerste bezoeker.")) } },
        ),
    };
    html! { (table.show(view)) }
}
