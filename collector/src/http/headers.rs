//! What the head of a request says about it, to all endpoints that pages send to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};

use super::App;
use super::error::HttpError;
use crate::cookie::Attributes;

const FORWARDED_PROTOCOL: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Attributes of the visitor cookie in the answer to a request.
pub(super) fn cookie_attributes<'a>(app: &'a App, headers: &HeaderMap) -> Attributes<'a> {
    Attributes {
        secure: came_by_tls(headers),
        domain: app.site.cookie_domain.as_deref(),
    }
}

/// Whether the browser reached the first proxy by TLS, as that proxy says.
fn came_by_tls(headers: &HeaderMap) -> bool {
    headers
        .get(FORWARDED_PROTOCOL)
        .and_then(|protocols| protocols.to_str().ok())
        .and_then(|protocols| protocols.split(',').next())
        .is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

/// Whether the body is what it must be, by its own account. Beacons and the tracker send JSON as
/// `text/plain`, which needs no preflight.
pub(super) fn acceptable(headers: &HeaderMap) -> Result<(), HttpError> {
    let text = |name| {
        let header: Option<&hyper::header::HeaderValue> = headers.get(name);
        header.map_or(Ok(""), |header| header.to_str())
    };
    let coding = text(CONTENT_ENCODING).map_err(|_| HttpError::Encoding)?;
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        return Err(HttpError::Encoding);
    }
    let media = text(CONTENT_TYPE).map_err(|_| HttpError::MediaType)?;
    let media = media.split(';').next().unwrap_or_default().trim();
    let known = ["", "application/json", "text/plain"];
    if known.iter().any(|known| media.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(HttpError::MediaType)
    }
}

/// The user name of Basic authentication, which the Segment libraries put the write key into.
pub(super) fn basic_user(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let user = decoded
        .split_once(':')
        .map_or(decoded.as_str(), |(user, _)| user);
    Some(user.to_owned())
}
