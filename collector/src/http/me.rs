//! `GET /v1/me`: what is known of the visitor whose browser asks. Who that is only the cookie
//! says, never anything else in the request.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Profile, Snapshot, VisitorId, snapshot};
use hyper::header::{COOKIE, HeaderMap};
use hyper::{Request, StatusCode};

use super::App;
use super::answer::{Answer, json};
use super::error::HttpError;
use crate::clock;

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
    Snapshot::of(&profile, &app.model, clock::now()).write_members(&mut body);
    snapshot::write_visit_members(&profile, &mut body);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}
