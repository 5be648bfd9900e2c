//! `/admin/v1/segments`: every segment and how many visitors are in it, as it was recorded: what time
//! alone has changed counts once the sweep has found it. Browsers are counted, not persons.
//!
//! The sizes of the store's lists are told; no profile is read for it, but one for the name of a
//! segment that pages have declared and nobody configured.

use std::collections::BTreeMap;

use firstglance_engine::Snapshot;
use firstglance_engine::json::JsonWriter;
use firstglance_engine::snapshot::first_stage;
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply};
use crate::clock;
use crate::schema::{count, has, list, object, text, truth};
use crate::store::listing::List;

/// Segments that nobody configured are told up to so many, the largest: pages may declare any
/// number.
const MOST_TOLD: usize = 500;

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let mut sizes: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut stages: BTreeMap<Box<str>, u64> = BTreeMap::new();
    let mut visitors = 0;
    for size in app.store.list_sizes().await? {
        match size.list {
            List::Segment(id) => {
                sizes.insert(id, size.visitors);
            }
            List::Stage(stage) => {
                let stage = stage.unwrap_or_else(|| first_stage(&app.model).into());
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
    let segments = app.model.segments.iter().map(|one| (&one.id, &one.label));
    let interests = app.model.interests.iter().map(|one| (&one.id, &one.label));
    let mut told: Vec<&str> = Vec::new();
    for (id, label) in segments.chain(interests) {
        if !told.contains(&&**id) {
            told.push(id);
            write(&mut body, id, label, sizes.remove(id).unwrap_or(0), true);
        }
    }
    let mut others: Vec<(Box<str>, u64)> = sizes.into_iter().collect();
    others.sort_by(|(one, size), (other, larger)| (larger, one).cmp(&(size, other)));
    for (id, size) in others.into_iter().take(MOST_TOLD) {
        let label = label(app, &id).await?;
        write(&mut body, &id, &label, size, false);
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
        let snapshot = Snapshot::of(&listed.profile, &app.model, clock::now());
        let mut interests = snapshot.interests.into_iter();
        interests.find(|one| *one.id == *id).map(|one| one.label)
    });
    Ok(found.unwrap_or_else(|| id.into()))
}

fn write(json: &mut JsonWriter, id: &str, label: &str, size: u64, configured: bool) {
    json.open('{');
    json.name("id");
    json.text(id);
    json.name("label");
    json.text(label);
    json.name("size");
    json.integer(size);
    json.name("configured");
    json.bool(configured);
    json.close('}');
}

pub(super) fn describe() -> Operation {
    let segment = object([
        has("id", text()),
        has("label", text()),
        has("size", count()),
        has(
            "configured",
            truth().about("Whether the configuration names it."),
        ),
    ]);
    let stage = object([has("id", text()), has("size", count())]);
    Operation::new("Segments and stages, and how many visitors are in each")
        .details("Browsers are counted, not persons.")
        .gives(Reply::json(
            "Those there are.",
            object([
                has("segments", list(segment)),
                has("stages", list(stage)),
                has("visitors", count().about("All there are.")),
            ]),
        ))
}
