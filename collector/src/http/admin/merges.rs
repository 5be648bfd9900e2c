//! `/admin/v1/merges`: which visitors came to which persons and by what, latest first, a page at a time;
//! with `visitor=ID` or `person=USER` only what concerns these. `POST /admin/v1/merges/{id}/undo`
//! undoes one.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{UserId, VisitorId};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::{App, query};
use super::{Asked, Concerned, told};
use crate::clock;
use crate::store::merges::{MergeFilter, Reader, Undo, Undone};

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1_000;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = match query::parameter(uri, "cursor") {
        None => None,
        Some(cursor) => Some(cursor.parse::<u64>().map_err(|_| HttpError::Query {
            name: "cursor",
            detail: "\"cursor\" must be the \"next\" of the answer before".to_owned(),
        })?),
    };
    // One more than is shown tells whether there is a next page.
    let mut merges = app.store.merges(filter(uri)?, before, limit + 1).await?;
    let more = merges.len() > limit;
    merges.truncate(limit);
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("merges");
    body.open('[');
    for merge in &merges {
        merge.write(&mut body, Reader::Operator);
    }
    body.close(']');
    body.name("next");
    match merges.last().filter(|_| more) {
        Some(last) => body.text(&last.number.to_string()),
        None => body.null(),
    }
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), merges.len()))
}

/// Whose merges are asked for.
fn filter(uri: &Uri) -> Result<MergeFilter, HttpError> {
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
    let (entry, together) = match asked.app.store.undo(undo).await? {
        Undone::Done { entry, together } => (entry, together),
        Undone::Unknown => return Err(HttpError::Merge),
        Undone::Already { by } => return Err(HttpError::Undone { by }),
        Undone::Below { first } => return Err(HttpError::UndoFirst { first }),
        Undone::TooLarge { most } => return Err(HttpError::TooManyUsers { most }),
    };
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("merge");
    entry.write(&mut body, Reader::Operator);
    body.name("together");
    body.bool(together);
    body.close('}');
    let mut answer = told(json(StatusCode::OK, body.into_string()), 1);
    if let Some(visitor) = entry.entry.visitor() {
        let concerned = Concerned(visitor.clone());
        answer.extensions_mut().insert(concerned);
    }
    Ok(answer)
}
