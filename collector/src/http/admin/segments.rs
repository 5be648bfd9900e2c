//! `/admin/v1/segments`: every segment and how many visitors are in it now.
//!
//! All profiles are evaluated for it, a chunk at a time and away from the threads that answer
//! requests. Browsers are counted, not persons.

use std::collections::BTreeMap;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Model, Profile, Snapshot, Timestamp, VisitorId};
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use crate::clock;

/// Profiles evaluated at once.
const READ_AT_ONCE: usize = 512;

/// Segments of topics that nobody configured and that are counted: pages may declare any number.
const MOST_COUNTED: usize = 10_000;

/// Of those, the largest are told.
const MOST_TOLD: usize = 500;

/// Label and visitors of each segment.
type Sizes = BTreeMap<Box<str>, (Box<str>, u64)>;

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let now = clock::now();
    let mut sizes = Sizes::new();
    for rule in &app.model.interests {
        sizes.insert(rule.id.clone(), (rule.label.clone(), 0));
    }
    // A configured segment stands before the interest of the same id.
    for segment in &app.model.segments {
        sizes.insert(segment.id.clone(), (segment.label.clone(), 0));
    }
    let mut after: Option<VisitorId> = None;
    let mut visitors = 0;
    loop {
        let page = app.store.visitors(after, READ_AT_ONCE).await?;
        let last_page = page.len() < READ_AT_ONCE;
        visitors += page.len() as u64;
        after = page.last().map(|(visitor, _)| visitor.clone());
        let model = app.model.clone();
        let counting = tokio::task::spawn_blocking(move || {
            count(&page, &model, now, &mut sizes);
            sizes
        });
        sizes = counting.await.map_err(|_| HttpError::Internal)?;
        if last_page {
            break;
        }
    }

    let mut body = JsonWriter::default();
    body.open('{');
    body.name("segments");
    body.open('[');
    let segments = app.model.segments.iter().map(|segment| &segment.id);
    let interests = app.model.interests.iter().map(|rule| &rule.id);
    for id in segments.chain(interests) {
        // Taken out, so that an id that is both is told once.
        if let Some((label, size)) = sizes.remove(id) {
            write(&mut body, id, &label, size, true);
        }
    }
    let mut others: Vec<_> = sizes.into_iter().collect();
    others.sort_by(|(one, (_, size)), (other, (_, larger))| (larger, one).cmp(&(size, other)));
    for (id, (label, size)) in others.into_iter().take(MOST_TOLD) {
        write(&mut body, &id, &label, size, false);
    }
    body.close(']');
    body.name("visitors");
    body.integer(visitors);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

fn count(page: &[(VisitorId, Profile)], model: &Model, now: Timestamp, sizes: &mut Sizes) {
    for (_, profile) in page {
        let snapshot = Snapshot::of(profile, model, now);
        for id in &snapshot.segments {
            if let Some((_, size)) = sizes.get_mut(id) {
                *size += 1;
            } else if sizes.len() < MOST_COUNTED {
                let label = snapshot.interests.iter().find(|one| one.id == *id);
                let label = label.map_or_else(|| id.clone(), |interest| interest.label.clone());
                sizes.insert(id.clone(), (label, 1));
            }
        }
    }
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
