//! `POST /v1/forget`: erases the visitor whose browser asks. Who that is the cookie says, or the
//! secret that made the visitor known; never an id alone, which others may know.

use hyper::header::SET_COOKIE;
use hyper::{Request, StatusCode};

use super::answer::{Answer, empty, set_text};
use super::body::Unread;
use super::error::HttpError;
use super::{App, headers, me};
use crate::ingest::{self, Forget};
use crate::store::{Erased, Erasure, Ground};
use crate::{clock, cookie};

pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    body: &mut Unread,
) -> Result<Answer, HttpError> {
    headers::acceptable(request.headers())?;
    let header_key = headers::basic_user(request.headers());
    let own = me::visitor(app, request.headers());
    let held = body.read(&app.limits, &app.held).await?;
    let Forget { visitor, claim } =
        ingest::forget(&held.bytes, header_key.as_deref(), &app.site.write_key)?;
    let now = clock::now();
    // A browser may have a cookie of one visitor and the secret of another: both are its own.
    let other = visitor.filter(|named| own.as_ref() != Some(named));
    let proven = own.is_some();
    let grounds = [(own, Ground::Cookie), (other, Ground::Claim(claim))];
    for (visitor, ground) in grounds {
        let Some(visitor) = visitor else { continue };
        let erasure = Erasure {
            visitor,
            ground,
            now,
        };
        match app.store.erase(erasure).await? {
            Erased::Unproven if !proven => return Err(HttpError::Unproven),
            Erased::Unproven | Erased::Done | Erased::Unknown => {}
        }
    }
    let mut answer = empty(StatusCode::NO_CONTENT);
    let attributes = headers::cookie_attributes(app, request.headers());
    set_text(&mut answer, SET_COOKIE, &cookie::expired(attributes));
    Ok(answer)
}
