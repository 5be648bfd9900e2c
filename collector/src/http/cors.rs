//! Which pages may send and ask: those of the site's own host, and those of the origins that
//! the owner has listed. A request without `Origin` does not come from a page of another site.

use hyper::StatusCode;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};

use super::answer::{Answer, empty, set};
use super::error::HttpError;
use super::openapi::{Operation, Reply};
use super::{App, Sites};
use crate::schema::text;

/// The origin of a request, where there is one and its pages may send and ask.
pub(super) fn allowed(
    sites: &Sites,
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, HttpError> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(None);
    };
    let text = origin.to_str().map_err(|_| HttpError::Origin)?;
    let is_own = || sites.is_own_host(app, headers) && is_same(text, headers);
    if app.site.lists(text) || is_own() {
        Ok(Some(origin.clone()))
    } else {
        Err(HttpError::Origin)
    }
}

/// Whether the page came from the host that is asked now.
pub(super) fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Lets the pages of an origin read the answer.
pub(super) fn permit(mut answer: Answer, origin: Option<HeaderValue>) -> Answer {
    if let Some(origin) = origin {
        set(&mut answer, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(
            &mut answer,
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        // How long to wait is for the sender's script.
        set(
            &mut answer,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Retry-After"),
        );
    }
    vary(answer)
}

/// Says that the answer depends on who asks.
pub(super) fn vary(mut answer: Answer) -> Answer {
    set(&mut answer, VARY, HeaderValue::from_static("Origin"));
    answer
}

/// The answer to a browser's question whether it may send.
pub(super) fn preflight() -> Answer {
    let mut answer = empty(StatusCode::NO_CONTENT);
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            // The last is what Segment's libraries say when they try again.
            "Authorization, Content-Encoding, Content-Type, X-Retry-Count",
        ),
        // The longest that a browser heeds is a day.
        (ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    answer
}

/// What a browser's question is answered with.
pub(super) fn describe() -> Operation {
    let about = "It may, where the answer names its origin.";
    let mut allowed = Reply::empty(StatusCode::NO_CONTENT, about);
    for name in [
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_MAX_AGE,
    ] {
        allowed = allowed.header(name.as_str(), text());
    }
    Operation::new("Whether a page of another origin may ask")
        .gives(allowed)
        .fails([HttpError::Origin, HttpError::WhichSite])
}
