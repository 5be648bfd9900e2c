//! `DELETE /admin/v1/profiles/{id}`: erases one visitor, or with `?person` all visitors of the
//! person. Says who was erased.

use firstglance_engine::VisitorId;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::{App, query};
use super::told;
use crate::clock;
use crate::store::{Erased, Erasure, Ground};

/// How often others are looked for who joined the person meanwhile.
const MOST_LOOKS: usize = 16;

pub(super) async fn answer(app: &App, uri: &Uri, visitor: VisitorId) -> Result<Answer, HttpError> {
    let mut erased = Vec::new();
    if query::parameter(uri, "person").is_some() {
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
    if erased.is_empty() {
        return Err(HttpError::Visitor);
    }
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
