//! `/admin/v1/segments`: every segment and how many visitors are in it, as it was recorded: what time
//! alone has changed counts once the sweep has found it. Browsers are counted, not persons.
//!
//! The sizes of the store's lists are told; no profile is read for it, but one for the name of a
//! segment that pages have declared and nobody configured.
//!
//! `?days=N` tells for each of the last days how many came in and left, and the size at its end: worked
//! out from the present size, back through what came and went.

use std::collections::BTreeMap;

use firstglance_engine::Snapshot;
use firstglance_engine::json::JsonWriter;
use firstglance_engine::snapshot::first_stage;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, query as query_of};
use super::super::{App, query};
use crate::clock;
use crate::schema::{count, has, list, may_have, moment, object, text, truth, whole};
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, counted_name};
use crate::store::listing::List;

/// Segments that nobody configured are told up to so many, the largest: pages may declare any
/// number.
const MOST_TOLD: usize = 500;

/// Days of a trend at most.
const MOST_DAYS: u32 = 366;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let trends = Trends::of(app, uri).await?;
    let mut sizes: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut stages: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut visitors = 0;
    for size in app.store.list_sizes().await? {
        match size.list {
            List::Segment(id) => {
                sizes.insert(id, size.visitors);
            }
            List::Stage(stage) => {
                let stage = stage.unwrap_or_else(|| first_stage(&app.model()).into());
                *stages.entry(stage).or_default() += size.visitors;
            }
            List::All => visitors = size.visitors,
        }
    }

    let mut body = JsonWriter::default();
    body.open('{');
    body.name("segments");
    body.open('[');
    // A configured segment stands before the interest of the same id.
    let model = app.model();
    let segments = model.segments.iter().map(|one| (&one.id, &one.label));
    let interests = model.interests.iter().map(|one| (&one.id, &one.label));
    let mut told: Vec<&str> = Vec::new();
    for (id, label) in segments.chain(interests) {
        if !told.contains(&&**id) {
            told.push(id);
            let size = sizes.remove(id).unwrap_or(0);
            write(&mut body, id, label, size, true, trends.as_ref());
        }
    }
    let mut others: Vec<(Box<str>, u64)> = sizes.into_iter().collect();
    others.sort_by(|(one, size), (other, larger)| (larger, one).cmp(&(size, other)));
    for (id, size) in others.into_iter().take(MOST_TOLD) {
        let label = label(app, &id).await?;
        write(&mut body, &id, &label, size, false, trends.as_ref());
    }
    body.close(']');
    body.name("stages");
    body.open('[');
    for (id, size) in stages {
        body.open('{');
        body.name("id");
        body.text(&id);
        body.name("size");
        body.integer(size);
        body.close('}');
    }
    body.close(']');
    body.name("visitors");
    body.integer(visitors);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// What a page calls the topic of a segment that nobody configured: as the visitor knows it who was
/// seen last; its id where nobody does any more.
async fn label(app: &App, id: &str) -> Result<Box<str>, HttpError> {
    let newest = app.store.list(vec![List::Segment(id.into())], None, 1);
    let found = newest.await?.into_iter().find_map(|listed| {
        let snapshot = Snapshot::of(&listed.profile, &app.model(), clock::now());
        let mut interests = snapshot.interests.into_iter();
        interests.find(|one| *one.id == *id).map(|one| one.label)
    });
    Ok(found.unwrap_or_else(|| id.into()))
}

/// What came into segments and left them, day by day.
struct Trends {
    calendar: Calendar,
    first: Period,
    last: Period,
    /// By the segment's name as it is counted.
    changes: BTreeMap<Box<str>, BTreeMap<u32, Change>>,
}

/// What came in and left on a day.
#[derive(Clone, Copy, Default)]
struct Change {
    entered: u64,
    left: u64,
}

impl Trends {
    /// Nothing where none is asked for.
    async fn of(app: &App, uri: &Uri) -> Result<Option<Self>, HttpError> {
        let Some(days) = query::parameter(uri, "days").filter(|days| !days.is_empty()) else {
            return Ok(None);
        };
        let days: Option<u32> = days.parse().ok();
        let days = days.filter(|days| (1..=MOST_DAYS).contains(days));
        let days = days.ok_or_else(|| HttpError::Query {
            name: "days",
            detail: format!("\"days\" must be a whole number from 1 to {MOST_DAYS}"),
        })?;
        let calendar = app.store.calendar();
        let (first, last) = calendar.last_days(days, clock::now());
        let mut changes: BTreeMap<Box<str>, BTreeMap<u32, Change>> = BTreeMap::new();
        for metric in [Metric::SegmentEntries, Metric::SegmentExits] {
            for count in app.store.counts(metric, first, last).await? {
                // Of segments that had no room nothing is known of a single one.
                let Some(name) = count.name else { continue };
                let days = changes.entry(name).or_default();
                let change = days.entry(count.period.number).or_default();
                match metric {
                    Metric::SegmentExits => change.left = count.count,
                    _ => change.entered = count.count,
                }
            }
        }
        Ok(Some(Self {
            calendar: calendar.clone(),
            first,
            last,
            changes,
        }))
    }

    fn write(&self, json: &mut JsonWriter, id: &str, size: u64) {
        let none = BTreeMap::new();
        let changes = self.changes.get(&*counted_name(id)).unwrap_or(&none);
        let mut days = Vec::new();
        let mut at_end = size;
        for number in (self.first.number..=self.last.number).rev() {
            let change = changes.get(&number).copied().unwrap_or_default();
            days.push((number, change, at_end));
            at_end = (at_end + change.left).saturating_sub(change.entered);
        }
        json.name("trend");
        json.open('[');
        for (number, change, size) in days.into_iter().rev() {
            json.open('{');
            json.name("at");
            let period = Period {
                number,
                ..self.first
            };
            json.moment(self.calendar.start(period));
            json.text_member("date", &period.date().to_string());
            for (name, count) in [
                ("entered", change.entered),
                ("left", change.left),
                ("size", size),
            ] {
                json.name(name);
                json.integer(count);
            }
            json.close('}');
        }
        json.close(']');
    }
}

fn write(
    json: &mut JsonWriter,
    id: &str,
    label: &str,
    size: u64,
    configured: bool,
    trends: Option<&Trends>,
) {
    json.open('{');
    json.name("id");
    json.text(id);
    json.name("label");
    json.text(label);
    json.name("size");
    json.integer(size);
    json.name("configured");
    json.bool(configured);
    if let Some(trends) = trends {
        trends.write(json, id, size);
    }
    json.close('}');
}

pub(super) fn describe() -> Operation {
    let day = object([
        has(
            "at",
            moment().about("The day's beginning, by the site's time zone."),
        ),
        has("date", text().with("format", "date")),
        has("entered", count()),
        has("left", count()),
        has("size", count().about("At the end of the day.")),
    ]);
    let segment = object([
        has("id", text()),
        has("label", text()),
        has("size", count()),
        has(
            "configured",
            truth().about("Whether the configuration names it."),
        ),
        may_have(
            "trend",
            list(day).about("Oldest first; where `days` is given."),
        ),
    ]);
    let stage = object([has("id", text()), has("size", count())]);
    Operation::new("Segments and stages, and how many visitors are in each")
        .details("Browsers are counted, not persons.")
        .takes(query_of(
            "days",
            whole(1, MOST_DAYS.into()).or_empty(),
            "How many came in and left on each of so many last days, and the size at its end.",
        ))
        .gives(Reply::json(
            "Those there are.",
            object([
                has("segments", list(segment)),
                has("stages", list(stage)),
                has("visitors", count().about("All there are.")),
            ]),
        ))
}
