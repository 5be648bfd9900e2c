//! `DELETE /admin/v1/profiles/{id}`: erases one visitor, or with `?person` all visitors of the
//! person. Says who was erased.

use firstglance_engine::VisitorId;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, flag};
use super::super::{App, query};
use super::told;
use crate::clock;
use crate::schema::{has, list, object, text};
use crate::store::{Erased, Erasure, Ground};

/// How often others are looked for who joined the person meanwhile.
const MOST_LOOKS: usize = 16;

pub(super) async fn answer(app: &App, uri: &Uri, visitor: VisitorId) -> Result<Answer, HttpError> {
    let erased = of(app, visitor, query::flag(uri, "person")?).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("erased");
    body.open('[');
    for visitor in &erased {
        body.text(visitor.as_str());
    }
    body.close(']');
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), erased.len()))
}

/// Erases a visitor, or all visitors of the person, and says who was erased.
///
/// # Errors
/// When nobody was known, or the store does not take it.
pub(in crate::http) async fn of(
    app: &App,
    visitor: VisitorId,
    person: bool,
) -> Result<Vec<VisitorId>, HttpError> {
    let mut erased = Vec::new();
    if person {
        // The named one is the way to the others, and goes last.
        for _ in 0..MOST_LOOKS {
            let person = app.store.person(&visitor).await?;
            let others = person.visitors().map(|(id, _)| id.clone());
            let others: Vec<VisitorId> = others.filter(|id| *id != visitor).collect();
            if others.is_empty() {
                break;
            }
            for other in others {
                erase(app, other, &mut erased).await?;
            }
        }
    }
    erase(app, visitor, &mut erased).await?;
    match erased.is_empty() {
        true => Err(HttpError::Visitor),
        false => Ok(erased),
    }
}

async fn erase(
    app: &App,
    visitor: VisitorId,
    erased: &mut Vec<VisitorId>,
) -> Result<(), HttpError> {
    let erasure = Erasure {
        visitor: visitor.clone(),
        ground: Ground::Owner,
        now: clock::now(),
    };
    if app.store.erase(erasure).await? == Erased::Done {
        erased.push(visitor);
    }
    Ok(())
}

pub(super) fn describe() -> Operation {
    let erased = object([has("erased", list(text()))]);
    Operation::new("Erases a visitor")
        .takes(flag("person", "All visitors of the person."))
        .gives(Reply::json("Who was erased.", erased))
}
