//! `/admin/v1/merges`: which visitors came to which persons and by what, latest first, a page at a time;
//! with `visitor=ID` or `person=USER` only what concerns these. `POST /admin/v1/merges/{id}/undo`
//! undoes one.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{UserId, VisitorId};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::shapes::user_id;
use super::super::openapi::{Operation, Reply, cursor, limit, part, query as query_of};
use super::super::{App, query};
use super::{Asked, Concerned, told};
use crate::clock;
use crate::schema::{has, id, list, object, text, truth};
use crate::store::merges::{KeptMerge, MergeFilter, Reader, Undo};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

/// Some of the audit.
pub(in crate::http) struct Page {
    /// The latest first.
    pub(in crate::http) merges: Vec<KeptMerge>,
    /// Before which number there are more.
    pub(in crate::http) next: Option<u64>,
}

/// What is asked for before a number, the latest first, at most so many.
pub(in crate::http) async fn page(
    app: &App,
    filter: MergeFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Page, HttpError> {
    // One more than is shown tells whether there is a next page.
    let mut merges = app.store.merges(filter, before, limit + 1).await?;
    let more = merges.len() > limit;
    merges.truncate(limit);
    let last = merges.last().filter(|_| more);
    let next = last.map(|last| last.number);
    Ok(Page { merges, next })
}

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = query::number_cursor(uri)?;
    let Page { merges, next } = page(app, filter(uri)?, before, limit).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("merges");
    body.open('[');
    for merge in &merges {
        merge.write(&mut body, Reader::Operator);
    }
    body.close(']');
    body.name("next");
    match next {
        Some(next) => body.text(&next.to_string()),
        None => body.null(),
    }
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), merges.len()))
}

/// Whose merges are asked for.
pub(in crate::http) fn filter(uri: &Uri) -> Result<MergeFilter, HttpError> {
    let visitor = query::parameter(uri, "visitor");
    let person = query::parameter(uri, "person");
    match (visitor, person) {
        (None, None) => Ok(MergeFilter::All),
        (Some(id), None) => {
            let visitor = VisitorId::parse(&id).map_err(|error| HttpError::Query {
                name: "visitor",
                detail: format!("\"visitor\" {error}"),
            })?;
            Ok(MergeFilter::Visitor(visitor))
        }
        (None, Some(id)) => {
            let user = UserId::parse(&id).map_err(|error| HttpError::Query {
                name: "person",
                detail: format!("\"person\" {error}"),
            })?;
            Ok(MergeFilter::User(user))
        }
        (Some(_), Some(_)) => Err(HttpError::Query {
            name: "person",
            detail: "either \"person\" or \"visitor\" may be given, not both".to_owned(),
        }),
    }
}

pub(super) async fn undo(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let merge = asked.part.parse().map_err(|_| HttpError::Merge)?;
    let undo = Undo {
        merge,
        token: asked.access.id.clone(),
        name: asked.access.name.clone(),
        now: clock::now(),
    };
    let (entry, together) = HttpError::unless_done(asked.app.store.undo(undo).await?)?;
    let mut answer = told(json(StatusCode::OK, entry.undone(together)), 1);
    if let Some(visitor) = entry.entry.visitor() {
        let concerned = Concerned(visitor.clone());
        answer.extensions_mut().insert(concerned);
    }
    Ok(answer)
}

pub(super) fn describe() -> Operation {
    let of_visitor = "Only what concerns this visitor, or came about by its messages.";
    let of_person = "Only what names this user id; not together with `visitor`.";
    Operation::new("Which visitors came to which persons and by what, latest first")
        .takes(query_of("visitor", id(), of_visitor))
        .takes(query_of("person", user_id(), of_person))
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text().matching(query::NUMBER)))
        .gives(Reply::json(
            "A page of the audit.",
            object([
                has("merges", list(KeptMerge::describe()).holding(0, MOST)),
                has("next", text().or_null()),
            ]),
        ))
}

pub(super) fn describe_undo() -> Operation {
    let together = truth().about("Whether the two are one person all the same.");
    let undone = object([
        has("merge", KeptMerge::describe()),
        has("together", together),
    ]);
    let number = text().matching(query::NUMBER);
    Operation::new("Undoes a merge, or the undo of one")
        .takes(part("id", number, "The id of the merge."))
        .gives(Reply::json("The entry that says so.", undone))
        .fails([
            HttpError::Merge,
            HttpError::Undone { by: None },
            HttpError::UndoFirst { first: 0 },
            HttpError::TooManyUsers { most: 0 },
        ])
}
