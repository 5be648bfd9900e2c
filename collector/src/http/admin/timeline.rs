//! `/admin/v1/profiles/{id}/timeline`: a visitor's messages as they came, in the order of their
//! time.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Timestamp, VisitorId};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{self, Operation, Reply, limit, shapes};
use super::super::{App, query};
use super::told;
use crate::schema::{has, list, object, text};
use crate::store::{Position, TimelineEntry};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

pub(super) async fn answer(app: &App, uri: &Uri, visitor: &VisitorId) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let after = query::cursor(uri, position)?;
    // One more than is shown tells whether there is a next page.
    let mut entries = app.store.timeline(visitor, after, limit + 1).await?;
    if entries.is_empty() && app.store.visitor(visitor).await?.is_none() {
        return Err(HttpError::Visitor);
    }
    let more = entries.len() > limit;
    entries.truncate(limit);

    let mut body = JsonWriter::default();
    body.open('{');
    body.name("events");
    body.open('[');
    for entry in &entries {
        write(&mut body, entry);
    }
    body.close(']');
    body.name("next");
    match entries.last().filter(|_| more) {
        Some(last) => body.text(&cursor(last.position)),
        None => body.null(),
    }
    body.close('}');
    Ok(told(
        json(StatusCode::OK, body.into_string()),
        entries.len(),
    ))
}

/// Writes a message of a timeline.
pub(super) fn write(json: &mut JsonWriter, entry: &TimelineEntry) {
    json.open('{');
    json.name("messageId");
    json.text(&entry.message_id);
    json.name("type");
    json.text(&entry.kind);
    json.name("timestamp");
    json.moment(entry.position.timestamp);
    json.name("receivedAt");
    json.moment(entry.received_at);
    json.name("message");
    json.raw(&entry.raw);
    if let Some(consent) = entry.consent {
        json.text_member("consent", consent.name());
    }
    if let Some(context) = &entry.context {
        json.name("batchContext");
        json.raw(context);
    }
    json.close('}');
}

pub(in crate::http) fn cursor(position: Position) -> String {
    format!(
        "{}-{}-{}",
        position.timestamp.as_milliseconds(),
        position.record,
        position.index
    )
}

pub(in crate::http) fn position(cursor: &str) -> Option<Position> {
    let mut parts = cursor.split('-');
    let position = Position {
        timestamp: Timestamp::from_milliseconds(parts.next()?.parse().ok()?),
        record: parts.next()?.parse().ok()?,
        index: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(position)
}

pub(super) fn describe() -> Operation {
    let place = text().matching("^[0-9]{1,13}-[0-9]{1,19}-[0-9]{1,9}$");
    Operation::new("A visitor's messages and changes, in the order of their time")
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(openapi::cursor(place))
        .gives(Reply::json(
            "A page of them.",
            object([
                has("events", list(shapes::stored_message()).holding(0, MOST)),
                has("next", text().or_null()),
            ]),
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors() {
        let here = Position {
            timestamp: Timestamp::from_milliseconds(1_700_000_000_000),
            record: 7,
            index: 3,
        };
        assert_eq!(position(&cursor(here)), Some(here));
        for broken in ["", "1", "1-2", "1-2-3-4", "a-b-c", "--", "1-2-99999999999"] {
            assert_eq!(position(broken), None, "{broken}");
        }
    }
}
