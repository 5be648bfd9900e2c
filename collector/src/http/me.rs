//! `GET /v1/me`: what is known of the visitor whose browser asks. Who that is only the cookie
//! says, never anything else in the request.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Profile, Snapshot, VisitorId, snapshot};
use hyper::header::{COOKIE, HeaderMap};
use hyper::{Request, StatusCode};

use super::App;
use super::answer::{Answer, json};
use super::error::HttpError;
use super::openapi::{self, Operation, Reply, Security, shapes};
use crate::clock;
use crate::schema::{amount, count, has, list, may_have, object, text, truth};

/// The visitor that the request's cookie proves.
pub(super) fn visitor(app: &App, headers: &HeaderMap) -> Option<VisitorId> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .find_map(|header| app.cookie.visitor(header))
}

pub(super) async fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    let known = match visitor(app, request.headers()) {
        None => None,
        Some(visitor) => {
            let profile = app.store.visitor(&visitor).await?;
            profile.map(|profile| (visitor, profile))
        }
    };
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("known");
    body.bool(known.is_some());
    let profile = match known {
        None => Profile::default(),
        Some((visitor, profile)) => {
            body.name("visitor");
            body.text(visitor.as_str());
            profile
        }
    };
    Snapshot::of(&profile, &app.model(), clock::now()).write_members(&mut body);
    snapshot::write_visit_members(&profile, &mut body);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

pub(super) fn describe() -> Operation {
    let mut members = vec![
        has(
            "known",
            truth().about("Whether the cookie names a visitor."),
        ),
        may_have("visitor", text()),
    ];
    members.extend(shapes::snapshot());
    members.extend([
        has("visits", count()),
        has("pageViews", count()),
        has("activeSeconds", amount()),
        has("searches", list(text())),
        has("campaign", shapes::campaign().or_null()),
        has("referrer", text().or_null()),
    ]);
    Operation::new("What is known of the visitor whose browser asks")
        .security(Security::Cookie)
        .gives(Reply::json(
            "That of the cookie's visitor, else of nobody.",
            object(members),
        ))
        .fails(openapi::using_the_store())
        .fails([openapi::too_many(), HttpError::Origin])
}
