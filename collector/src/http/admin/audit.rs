//! `/admin/v1/audit`: who read or erased what, latest first, a page at a time; with `visitor=ID`
//! only what concerns that visitor.

use firstglance_engine::VisitorId;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, limit, query as query_of};
use super::super::{App, query};
use super::told;
use crate::schema::{count, has, id, list, moment, object, text, whole};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Entries read from the store at once, and by one request. What is not found among them is looked
/// for by the next request, from the cursor on.
const READ_AT_ONCE: usize = 1_024;
const MOST_READ: usize = 16_384;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let mut before = query::number_cursor(uri)?;
    let wanted = match query::parameter(uri, "visitor") {
        None => None,
        Some(id) => {
            let visitor = VisitorId::parse(&id).map_err(|error| HttpError::Query {
                name: "visitor",
                detail: format!("\"visitor\" {error}"),
            })?;
            Some(app.cookie.pseudonym(&visitor))
        }
    };
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("entries");
    body.open('[');
    let mut shown = 0;
    let mut read = 0;
    let next = 'reading: loop {
        let page = app.store.notes(before, READ_AT_ONCE).await?;
        let last_page = page.len() < READ_AT_ONCE;
        for (number, entry) in page {
            if shown == limit || read == MOST_READ {
                break 'reading before;
            }
            read += 1;
            before = Some(number);
            if wanted.is_none() || entry.visitor.as_deref() == wanted.as_deref() {
                body.open('{');
                entry.write_members(&mut body);
                body.close('}');
                shown += 1;
            }
        }
        if last_page {
            break None;
        }
    };
    body.close(']');
    body.name("next");
    match next {
        Some(number) => body.text(&number.to_string()),
        None => body.null(),
    }
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), shown))
}

pub(super) fn describe() -> Operation {
    let entry = object([
        has("at", moment()),
        has("token", object([has("id", text()), has("name", text())])),
        has("route", text()),
        has(
            "visitor",
            text()
                .or_null()
                .about("A digest that only this site's key makes."),
        ),
        has("status", whole(100, 599).or_null()),
        has("count", count().or_null()),
    ]);
    Operation::new("Who read or erased what, latest first")
        .takes(query_of(
            "visitor",
            id(),
            "Only what concerns this visitor.",
        ))
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text().matching(query::NUMBER)))
        .gives(Reply::json(
            "A page of the log.",
            object([
                has("entries", list(entry).holding(0, MOST)),
                has("next", text().or_null()),
            ]),
        ))
}
