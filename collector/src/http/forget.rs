//! `POST /v1/forget`: erases the visitor whose browser asks. Who that is the cookie says, or the
//! secret that made the visitor known; never an id alone, which others may know.

use hyper::header::SET_COOKIE;
use hyper::{Request, StatusCode};

use super::answer::{Answer, empty, set_text};
use super::body::Unread;
use super::error::HttpError;
use super::{App, headers, me};
use crate::clock;
use crate::ingest::{self, Forget};
use crate::store::{Erased, Erasure, Ground};

pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    body: &mut Unread,
) -> Result<Answer, HttpError> {
    let coding = headers::acceptable(request.headers())?;
    let header_key = headers::basic_user(request.headers());
    let own = me::visitor(app, request.headers());
    let held = body.read(app, coding).await?;
    let Forget { visitor, claim } =
        ingest::forget(&held.bytes, header_key.as_deref(), &app.site.write_key)?;
    let now = clock::now();
    // Only who is named, where somebody is: whoever was forgotten while nothing answered is asked for
    // again later, and the cookie is the next one's by then.
    let is_own = visitor.is_none() || visitor == own;
    let is_of_another = !is_own && own.is_some();
    let (visitor, ground) = if is_own {
        (own, Ground::Cookie)
    } else {
        (visitor, Ground::Claim(claim))
    };
    if let Some(visitor) = visitor {
        let erasure = Erasure {
            visitor,
            ground,
            now,
        };
        match app.store.erase(erasure).await? {
            Erased::Unproven => return Err(HttpError::Unproven),
            Erased::Done | Erased::Unknown => {}
        }
    }
    let mut answer = empty(StatusCode::NO_CONTENT);
    if is_of_another {
        return Ok(answer);
    }
    let attributes = headers::cookie_attributes(app, request);
    set_text(&mut answer, SET_COOKIE, &app.cookie.expired(attributes));
    Ok(answer)
}
