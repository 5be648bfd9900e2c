//! What the head of a request says about it, to all endpoints that pages send to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Request;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};

use super::App;
use super::compression::Coding;
use super::connection::Encrypted;
use super::error::HttpError;
use crate::cookie::Attributes;

const FORWARDED_PROTOCOL: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Attributes of the visitor cookie in the answer to a request.
pub(super) fn cookie_attributes<'a>(app: &'a App, request: &Request<()>) -> Attributes<'a> {
    Attributes {
        secure: came_by_tls(request),
        domain: app.site.cookie_domain.as_deref(),
    }
}

/// Whether the browser reached this process by TLS, or the first proxy, as that proxy says.
pub(super) fn came_by_tls(request: &Request<()>) -> bool {
    if request.extensions().get::<Encrypted>().is_some() {
        return true;
    }
    request
        .headers()
        .get(FORWARDED_PROTOCOL)
        .and_then(|protocols| protocols.to_str().ok())
        .and_then(|protocols| protocols.split(',').next())
        .is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

/// How the body is packed, where it is what it must be by its own account. Beacons and the tracker
/// send JSON as `text/plain`, which needs no preflight.
pub(super) fn acceptable(headers: &HeaderMap) -> Result<Coding, HttpError> {
    let text = |name| {
        let header: Option<&hyper::header::HeaderValue> = headers.get(name);
        header.map_or(Ok(""), |header| header.to_str())
    };
    let coding = text(CONTENT_ENCODING).map_err(|_| HttpError::Encoding)?;
    let coding = match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Coding::Identity,
        "gzip" | "x-gzip" => Coding::Gzip,
        "br" => Coding::Brotli,
        _ => return Err(HttpError::Encoding),
    };
    // Of several lines only the first was read.
    if headers.get_all(CONTENT_ENCODING).iter().count() > 1 {
        return Err(HttpError::Encoding);
    }
    let media = text(CONTENT_TYPE).map_err(|_| HttpError::MediaType)?;
    let media = media.split(';').next().unwrap_or_default().trim();
    // The last is what common HTTP clients say of bytes about which they are told nothing, as
    // RudderStack's library for Node.js does not of what it compresses.
    let known = [
        "",
        "application/json",
        "application/x-ndjson",
        "text/plain",
        "application/x-www-form-urlencoded",
    ];
    if known.iter().any(|known| media.eq_ignore_ascii_case(known)) {
        Ok(coding)
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
