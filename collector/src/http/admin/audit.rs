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
use crate::store::audit::AuditEntry;

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Entries read from the store at once, and by one request. What is not found among them is looked
/// for by the next request, from the cursor on.
const READ_AT_ONCE: usize = 1_024;
const MOST_READ: usize = 16_384;

/// Some of the log.
pub(in crate::http) struct Page {
    /// The latest first.
    pub(in crate::http) entries: Vec<AuditEntry>,
    /// Before which number there may be more.
    pub(in crate::http) next: Option<u64>,
}

/// Entries before a number that somebody wants, the latest first, at most so many.
pub(in crate::http) async fn page(
    app: &App,
    is_wanted: impl Fn(&AuditEntry) -> bool,
    mut before: Option<u64>,
    limit: usize,
) -> Result<Page, HttpError> {
    let mut entries = Vec::new();
    let mut read = 0;
    loop {
        let page = app.store.notes(before, READ_AT_ONCE).await?;
        let last_page = page.len() < READ_AT_ONCE;
        for (number, entry) in page {
            if entries.len() == limit || read == MOST_READ {
                let next = before;
                return Ok(Page { entries, next });
            }
            read += 1;
            before = Some(number);
            if is_wanted(&entry) {
                entries.push(entry);
            }
        }
        if last_page {
            let next = None;
            return Ok(Page { entries, next });
        }
    }
}

/// How the log names the visitor whose id a parameter has; nothing where it is not given.
pub(in crate::http) fn wanted_visitor(app: &App, uri: &Uri) -> Result<Option<String>, HttpError> {
    let Some(id) = query::parameter(uri, "visitor") else {
        return Ok(None);
    };
    let visitor = VisitorId::parse(&id).map_err(|error| HttpError::Query {
        name: "visitor",
        detail: format!("\"visitor\" {error}"),
    })?;
    Ok(Some(app.cookie.pseudonym(&visitor)))
}

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = query::number_cursor(uri)?;
    let wanted = wanted_visitor(app, uri)?;
    let is_wanted =
        |entry: &AuditEntry| wanted.is_none() || entry.visitor.as_deref() == wanted.as_deref();
    let page = page(app, is_wanted, before, limit).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("entries");
    body.open('[');
    for entry in &page.entries {
        body.open('{');
        entry.write_members(&mut body);
        body.close('}');
    }
    body.close(']');
    body.name("next");
    match page.next {
        Some(number) => body.text(&number.to_string()),
        None => body.null(),
    }
    body.close('}');
    let count = page.entries.len();
    Ok(told(json(StatusCode::OK, body.into_string()), count))
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
