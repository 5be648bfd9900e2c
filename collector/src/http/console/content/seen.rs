//! Pages as visitors of a segment see them: what the latest of them would be shown now, and a link by
//! which the site itself can be looked at as one of them.

use std::collections::BTreeMap;

use firstglance_engine::Evaluation;
use firstglance_engine::content::{Decision, Outcome, decide};
use maud::{Markup, html};

use super::super::HttpError;
use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use crate::http::apart;
use crate::store::listing::List;
use crate::token::Role;

/// Visitors who are looked at.
const LATEST: usize = 100;

/// Segments that may be chosen.
const MOST_SEGMENTS: usize = 200;

/// A choice of a segment, and what is seen in it.
pub(super) async fn part(view: &View<'_>) -> Result<Markup, HttpError> {
    let segments = segments(view).await?;
    let chosen = view.parameter("segment");
    let table = match &chosen {
        Some(segment) => Some(shown(view, segment).await?),
        None => None,
    };
    let days = view.parameter("days");
    Ok(html! {
        section class="panel" aria-labelledby="seen" {
            h2 id="seen" { (view.say("As a visitor of a segment", "Als een bezoeker van een segment")) }
            @if segments.is_empty() {
                p { (view.say("Nobody is in a segment yet.", "Er zit nog niemand in een segment.")) }
            } @else {
                form method="get" action=(view.link("content", &[])) class="filters" {
                    @if let Some(days) = days { input type="hidden" name="days" value=(days); }
                    (choice(view, &segments, chosen.as_deref()))
                    button type="submit" { (view.say("Show what they see", "Toon wat zij zien")) }
                }
                @if view.may(Role::Operate) {
                    form method="post" action=(view.link("content/preview", &[])) class="filters" {
                        (view.csrf())
                        (choice(view, &segments, chosen.as_deref()))
                        label { (view.say("Page", "Pagina")) input name="page" value="/" required; }
                        button type="submit" { (view.say("Make a link to the site", "Maak een link naar de site")) }
                    }
                }
            }
            @if let Some(table) = table { (table.show(view)) }
        }
    })
}

fn choice(view: &View<'_>, segments: &[(String, u64)], chosen: Option<&str>) -> Markup {
    html! {
        label {
            (view.say("Segment", "Segment"))
            select name="segment" {
                @for (segment, visitors) in segments {
                    option value=(segment) selected[chosen == Some(segment)] {
                        (view.called(segment)) " (" (view.language.count(*visitors)) ")"
                    }
                }
            }
        }
    }
}

/// Segments that anybody is in, the largest first.
async fn segments(view: &View<'_>) -> Result<Vec<(String, u64)>, HttpError> {
    let sizes = view.app.store.list_sizes().await?;
    let mut segments: Vec<(String, u64)> = sizes
        .into_iter()
        .filter_map(|size| match size.list {
            List::Segment(id) if size.visitors > 0 => Some((id.into(), size.visitors)),
            _ => None,
        })
        .collect();
    segments.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    segments.truncate(MOST_SEGMENTS);
    Ok(segments)
}

/// What the latest visitors of a segment would be shown now, in each slot.
async fn shown(view: &View<'_>, segment: &str) -> Result<Table, HttpError> {
    let app = view.app;
    let latest = app
        .store
        .list(vec![List::Segment(segment.into())], None, LATEST)
        .await?;
    view.told(latest.len());
    let (model, now, total) = (app.model(), view.now, latest.len());
    let counted = {
        let model = model.clone();
        apart(move || {
            let mut counted: BTreeMap<(usize, Seen), u64> = BTreeMap::new();
            for listed in &latest {
                let evaluation = Evaluation::of(&listed.profile, &model, now);
                for (place, slot) in model.slots.iter().enumerate() {
                    let name = listed.position.visitor.as_str();
                    let decision = decide(slot, &model, &evaluation, name, now, "");
                    *counted.entry((place, Seen::of(&decision))).or_default() += 1;
                }
            }
            counted
        })
        .await?
    };
    let rows = counted.into_iter().filter_map(|((place, seen), visitors)| {
        let slot = model.slots.get(place)?;
        let share = visitors as f64 / total.max(1) as f64;
        let what = match &seen {
            Seen::Variant(id) => slot
                .variant(id)
                .map_or_else(|| id.to_string(), |variant| variant.label.to_string()),
            Seen::HeldOut => view
                .say("the default (held out)", "de standaard (controle)")
                .to_owned(),
            Seen::Default => view.say("the default", "de standaard").to_owned(),
        };
        Some(vec![
            Cell::text(&*slot.label),
            Cell::text(what),
            Cell::count(visitors),
            Cell::from(Value::Share(share)).with_bar(share),
        ])
    });
    let column = |english, dutch| Column::new(view.say(english, dutch));
    let caption = format!(
        "{}: {}",
        view.say(
            "What the latest visitors see now",
            "Wat de laatste bezoekers nu zien"
        ),
        view.called(segment)
    );
    Ok(Table {
        id: "seen",
        caption,
        columns: vec![
            column("Slot", "Slot"),
            column("Sees", "Ziet"),
            column("Visitors", "Bezoekers").meaning(format!(
                "{} {}",
                view.say(
                    "Of the visitors of the segment who were seen last, as they are at this moment; at most",
                    "Van de bezoekers van het segment die het laatst gezien zijn, zoals zij op dit moment zijn; hoogstens",
                ),
                LATEST
            )),
            column("Part of them", "Deel van hen"),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nobody of this segment was found", "Van dit segment is niemand gevonden"),
            &html! { p { (view.say("Choose another one, or name a slot first.", "Kies een ander, of noem eerst een slot.")) } },
        ),
    })
}

/// What somebody sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Variant(Box<str>),
    HeldOut,
    Default,
}

impl Seen {
    fn of(decision: &Decision<'_>) -> Self {
        match decision.outcome {
            Outcome::Variant(arm) => Self::Variant(arm.id().into()),
            Outcome::Control(_) => Self::HeldOut,
            Outcome::Default => Self::Default,
        }
    }
}
