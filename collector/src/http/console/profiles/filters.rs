//! The filters of the list: a form whose fields are the parameters of the address.

use firstglance_engine::Timestamp;
use firstglance_engine::model::Consent;
use firstglance_engine::origin::CHANNELS;
use jiff::civil::Date;
use maud::{Markup, html};

use super::columns::{Chosen, Kind};
use super::who;
use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::store::listing::List;

/// What makes a list shorter.
const FILTERS: [&str; 16] = [
    "segment",
    "also",
    "stage",
    "interest",
    "channel",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "without",
    "text",
    "consent",
    "seen_after",
    "first_seen_after",
    "brought_after",
];

/// Those of them that numbers of other pages lead to.
const BY_NUMBERS: [&str; 8] = [
    "also",
    "source",
    "medium",
    "term",
    "content",
    "without",
    "first_seen_after",
    "brought_after",
];

/// Topics that nobody configured which are offered, those with most visitors.
const MOST_FOUND: usize = 50;

/// Whether anything is filtered.
pub(super) fn is_any(view: &View<'_>) -> bool {
    FILTERS.iter().any(|name| view.parameter(name).is_some())
}

/// What of filters that name a moment the address says: a day of the site's zone, or a moment.
///
/// # Errors
/// When it is neither.
pub(super) fn moment(view: &View<'_>, name: &'static str) -> Result<Option<Timestamp>, HttpError> {
    let Some(text) = view.parameter(name) else {
        return Ok(None);
    };
    let wrong = || HttpError::Query {
        name,
        detail: format!("{name:?} must be a day such as 2026-05-31, or a moment with its zone"),
    };
    if let Ok(moment) = Timestamp::parse(&text) {
        return Ok(Some(moment));
    }
    let day: Date = text.parse().map_err(|_| wrong())?;
    let start = day.to_zoned(view.zone().clone()).map_err(|_| wrong())?;
    let start = start.timestamp().as_millisecond();
    Ok(Some(Timestamp::from_milliseconds(start.max(0))))
}

/// What can be chosen.
pub(super) struct Offered {
    /// Id and label.
    segments: Vec<(String, String)>,
    interests: Vec<(String, String)>,
    stages: Vec<String>,
}

impl Offered {
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn of(view: &View<'_>) -> Result<Self, HttpError> {
        let model = view.app.model();
        let pair = |id: &str, label: &str| (id.to_owned(), label.to_owned());
        let mut segments: Vec<_> = model
            .segments
            .iter()
            .map(|one| pair(&one.id, &one.label))
            .collect();
        let mut interests: Vec<_> = model
            .interests
            .iter()
            .map(|one| pair(&one.id, &one.label))
            .collect();
        let mut sizes = view.app.store.list_sizes().await?;
        sizes.sort_by_key(|size| std::cmp::Reverse(size.visitors));
        let found = sizes.into_iter().filter_map(|size| match size.list {
            List::Segment(id) => Some(id),
            List::All | List::Stage(_) => None,
        });
        let known = |id: &str, among: &[(String, String)]| among.iter().any(|(one, _)| one == id);
        let found: Vec<_> = found
            .filter(|id| !known(id, &segments) && !known(id, &interests))
            .take(MOST_FOUND)
            .map(|id| pair(&id, &view.called(&id)))
            .collect();
        interests.extend(found);
        // An interest that is strong enough is a segment as well.
        let more: Vec<_> = interests
            .iter()
            .filter(|(id, _)| !known(id, &segments))
            .cloned()
            .collect();
        segments.extend(more);
        let mut stages: Vec<String> = model.stages.iter().map(|id| id.to_string()).collect();
        if stages.is_empty() {
            stages.push(firstglance_engine::snapshot::first_stage(&model).to_owned());
        }
        Ok(Self {
            segments,
            interests,
            stages,
        })
    }
}

/// The form.
pub(super) fn form(view: &View<'_>, offered: &Offered, chosen: &Chosen) -> Markup {
    let stages: Vec<_> = offered
        .stages
        .iter()
        .map(|id| (id.clone(), id.clone()))
        .collect();
    let channels: Vec<_> = CHANNELS
        .iter()
        .map(|name| ((*name).to_owned(), (*name).to_owned()))
        .collect();
    let consents = Consent::ALL.map(|one| {
        (
            one.name().to_owned(),
            who::consent(view, Some(one)).to_owned(),
        )
    });
    let value = |name: &str| view.parameter(name).unwrap_or_default();
    let path = view.link("profiles", &[]);
    html! {
        form method="get" action=(path) class="filters" role="search"
            aria-label=(view.say("Find visitors", "Zoek bezoekers")) {
            label { (view.say("Text", "Tekst"))
                input type="search" name="text" value=(value("text")) maxlength="200"
                    placeholder=(view.say("id, e-mail, search, page", "id, e-mail, zoekterm, pagina"));
            }
            (choice(view, "segment", view.say("Segment", "Segment"), &offered.segments))
            (choice(view, "stage", view.say("Stage", "Fase"), &stages))
            (choice(view, "interest", view.say("Interest", "Interesse"), &offered.interests))
            (choice(view, "channel", label_of(view, "channel"), &channels))
            label { (label_of(view, "campaign"))
                input type="text" name="campaign" value=(value("campaign")) maxlength="200";
            }
            (choice(view, "consent", view.say("Consent", "Toestemming"), &consents))
            label { (view.say("Seen since", "Gezien sinds"))
                input type="date" name="seen_after" value=(day(&value("seen_after")));
            }
            // What few ask for is there once it is asked for, as by a number of another page.
            @for name in BY_NUMBERS {
                @if let Some(value) = view.parameter(name) {
                    @match name {
                        "first_seen_after" | "brought_after" => label { (label_of(view, name))
                            input type="date" name=(name) value=(day(&value));
                        },
                        _ => label { (label_of(view, name))
                            input type="text" name=(name) value=(value) maxlength="200";
                        },
                    }
                }
            }
            div class="filter-actions" {
                button type="submit" class="primary" { (view.say("Show", "Toon")) }
                @if is_any(view) { a class="button" href=(path) { (view.say("Everybody", "Iedereen")) } }
            }
            details class="columns" {
                summary { (view.say("Columns", "Kolommen")) }
                fieldset {
                    legend { (view.say("Columns of the table", "Kolommen van de tabel")) }
                    @for kind in Kind::ALL {
                        label class="check" {
                            input type="checkbox" name="columns" value=(kind.name()) checked[chosen.has(kind)];
                            (kind.label(view))
                        }
                    }
                }
            }
        }
    }
}

/// What a filter is called. Who was brought since a moment, is looked for by any touch since then.
fn label_of<'a>(view: &View<'_>, name: &str) -> &'a str {
    match (name, view.parameter("brought_after").is_some()) {
        ("source", false) => view.say("First source", "Eerste bron"),
        ("source", true) => view.say("Source", "Bron"),
        ("medium", false) => view.say("First medium", "Eerste medium"),
        ("medium", true) => view.say("Medium", "Medium"),
        ("term", false) => view.say("First term", "Eerste zoekterm"),
        ("term", true) => view.say("Term", "Zoekterm"),
        ("content", false) => view.say("First advertisement or link", "Eerste advertentie of link"),
        ("content", true) => view.say("Advertisement or link", "Advertentie of link"),
        ("channel", true) => view.say("Channel", "Kanaal"),
        ("channel", false) => view.say("First channel", "Eerste kanaal"),
        ("campaign", true) => view.say("Campaign", "Campagne"),
        ("campaign", false) => view.say("First campaign", "Eerste campagne"),
        ("also", _) => view.say("Also in segment", "Ook in segment"),
        ("without", _) => view.say("Without", "Zonder"),
        ("first_seen_after", _) => view.say("First seen since", "Eerst gezien sinds"),
        _ => view.say("Brought since", "Gebracht sinds"),
    }
}

/// The day of a field for days; a moment is shown as its day.
fn day(text: &str) -> &str {
    text.get(..10).unwrap_or_default()
}

fn choice(view: &View<'_>, name: &str, label: &str, offered: &[(String, String)]) -> Markup {
    let present = view.parameter(name).unwrap_or_default();
    let is_known = present.is_empty() || offered.iter().any(|(id, _)| *id == present);
    html! {
        label { (label)
            select name=(name) {
                option value="" { (view.say("any", "alle")) }
                @if !is_known { option value=(present) selected { (present) } }
                @for (id, label) in offered {
                    option value=(id) selected[*id == present] { (label) }
                }
            }
        }
    }
}
