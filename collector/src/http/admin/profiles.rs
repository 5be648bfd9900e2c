//! `/admin/v1/profiles`: visitors in the order of their ids, a page at a time, filtered by text,
//! segment and stage. What a visitor is in is worked out at the moment of the request.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::text::{folded, same_folded};
use firstglance_engine::{Profile, Snapshot, Timestamp, VisitorId};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::{App, query};
use super::told;
use crate::clock;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

/// Profiles read from the store at once.
const READ_AT_ONCE: usize = 256;

/// Profiles that one request reads. What is not found among them is looked for by the next
/// request, from the cursor on.
const MOST_READ: usize = 8_192;

/// Interests shown of each visitor.
const SHOWN_INTERESTS: usize = 3;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let text: String = query::parameter(uri, "text")
        .map(|text| folded(text.trim()).collect())
        .unwrap_or_default();
    let segment = query::parameter(uri, "segment").filter(|segment| !segment.is_empty());
    let stage = query::parameter(uri, "stage").filter(|stage| !stage.is_empty());
    let mut after = match query::parameter(uri, "cursor") {
        None => None,
        Some(cursor) => Some(VisitorId::parse(&cursor).map_err(|error| HttpError::Query {
            name: "cursor",
            detail: format!("\"cursor\" {error}"),
        })?),
    };

    let now = clock::now();
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("profiles");
    body.open('[');
    let mut shown = 0;
    let mut read = 0;
    let next = 'reading: loop {
        let page = app.store.visitors(after.clone(), READ_AT_ONCE).await?;
        let last_page = page.len() < READ_AT_ONCE;
        for (visitor, profile) in page {
            if shown == limit || read == MOST_READ {
                break 'reading after;
            }
            read += 1;
            let snapshot = Snapshot::of(&profile, &app.model, now);
            let in_segment = segment
                .as_ref()
                .is_none_or(|wanted| snapshot.segments.iter().any(|one| **one == **wanted));
            let in_stage = stage
                .as_ref()
                .is_none_or(|wanted| *snapshot.stage == **wanted);
            if in_segment && in_stage && mentions(&visitor, &profile, &text) {
                write(&mut body, &visitor, &profile, &snapshot);
                shown += 1;
            }
            after = Some(visitor);
        }
        if last_page {
            break None;
        }
    };
    body.close(']');
    body.name("next");
    match next {
        Some(visitor) => body.text(visitor.as_str()),
        None => body.null(),
    }
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), shown))
}

/// Whether the text, which is folded, occurs in what names the visitor: ids, traits, searches,
/// pages.
fn mentions(visitor: &VisitorId, profile: &Profile, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let occurs = |place: &str| {
        let place: String = folded(place).collect();
        place.contains(text) || same_folded(&place, text)
    };
    occurs(visitor.as_str())
        || [EntryKind::User, EntryKind::Trait]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.value)))
        || [EntryKind::Search, EntryKind::Page]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.text)))
}

fn write(json: &mut JsonWriter, visitor: &VisitorId, profile: &Profile, snapshot: &Snapshot) {
    json.open('{');
    write_summary(json, visitor, profile);
    json.name("interests");
    json.open('[');
    for interest in snapshot.interests.iter().take(SHOWN_INTERESTS) {
        json.open('{');
        json.name("id");
        json.text(&interest.id);
        json.name("label");
        json.text(&interest.label);
        json.name("score");
        json.rounded(interest.score, 3);
        json.close('}');
    }
    json.close(']');
    json.name("segments");
    json.open('[');
    for segment in &snapshot.segments {
        json.text(segment);
    }
    json.close(']');
    json.name("score");
    json.rounded(snapshot.score, 1);
    json.name("stage");
    json.text(&snapshot.stage);
    json.close('}');
}

/// Members that the list and the single profile have in common.
pub(super) fn write_summary(json: &mut JsonWriter, visitor: &VisitorId, profile: &Profile) {
    let moment = |json: &mut JsonWriter, name: &str, at: Timestamp| {
        json.name(name);
        json.moment(at);
    };
    json.name("id");
    json.text(visitor.as_str());
    json.name("userId");
    match profile.entries.one(EntryKind::User) {
        Some(user) => json.text(&user.value),
        None => json.null(),
    }
    moment(json, "firstSeen", profile.first_seen);
    moment(json, "lastSeen", profile.last_seen);
    for (name, count) in [
        ("visits", profile.sessions.count),
        ("pageViews", profile.page_views),
        ("events", profile.events),
    ] {
        json.name(name);
        json.integer(count);
    }
}
