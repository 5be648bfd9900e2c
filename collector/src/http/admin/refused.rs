//! `/admin/v1/refused`: the latest messages that were refused, and why, the newest first.

use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, limit, query as query_of};
use super::super::{App, query};
use super::told;
use crate::ingest::AUTOMATED;
use crate::schema::{Schema, has, list, moment, object, text};
use crate::store::refused::{RefusedMessage, RefusedPage, Shelf};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Refused messages before a number, the newest first, at most so many: what robots sent where that is
/// the reason, else of what was at fault all or what is of one reason.
pub(in crate::http) async fn page(
    app: &App,
    reason: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> Result<RefusedPage, HttpError> {
    let shelf = match reason {
        Some(AUTOMATED) => Shelf::Automated,
        _ => Shelf::Faulty,
    };
    let reason = reason.map(Into::into);
    Ok(app.store.refused(shelf, reason, before, limit).await?)
}

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let reason = query::parameter(uri, "reason").filter(|reason| !reason.is_empty());
    let before = query::number_cursor(uri)?;
    let page = page(app, reason.as_deref(), before, limit).await?;

    let mut body = JsonWriter::default();
    body.open('{');
    body.name("refused");
    body.open('[');
    for (_, message) in &page.messages {
        write(&mut body, message);
    }
    body.close(']');
    body.name("next");
    match page.next {
        Some(next) => body.text(&next.to_string()),
        None => body.null(),
    }
    body.close('}');
    Ok(told(
        json(StatusCode::OK, body.into_string()),
        page.messages.len(),
    ))
}

pub(super) fn write(json: &mut JsonWriter, refused: &RefusedMessage) {
    json.open('{');
    json.name("receivedAt");
    json.moment(refused.received_at);
    for (name, text) in [
        ("code", &refused.reason),
        ("where", &refused.place),
        ("message", &refused.detail),
    ] {
        json.name(name);
        json.text(text);
    }
    let visitor = refused.visitor.as_ref().map(|visitor| visitor.as_str());
    for (name, text) in [
        ("messageId", refused.message_id.as_deref()),
        ("visitor", visitor),
    ] {
        json.name(name);
        match text {
            Some(text) => json.text(text),
            None => json.null(),
        }
    }
    // A text and not JSON: it may have been cut.
    json.name("text");
    json.text(&refused.raw);
    json.close('}');
}

pub(super) fn describe() -> Operation {
    Operation::new("The latest messages that were refused, and why")
        .details("What a robot sent lies apart: `reason=automated`.")
        .takes(query_of("reason", text(), "Only for this reason."))
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text().matching(query::NUMBER)))
        .gives(Reply::json(
            "A page of them, the newest first.",
            object([
                has("refused", list(shape()).holding(0, MOST)),
                has("next", text().or_null()),
            ]),
        ))
}

/// What [`write`] writes.
pub(super) fn shape() -> Schema {
    object([
        has("receivedAt", moment()),
        has("code", text()),
        has("where", text()),
        has("message", text()),
        has("messageId", text().or_null()),
        has("visitor", text().or_null()),
        has(
            "text",
            text().about("The beginning of the message as it came."),
        ),
    ])
}
