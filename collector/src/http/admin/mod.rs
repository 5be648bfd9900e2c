//! `/admin/v1/…`: what the owner may see and do, with the administrator's token. No page of another
//! origin gets anything from here.

mod campaigns;
mod erase;
mod periods;
mod person;
mod profile;
mod profiles;
mod segments;
mod timeline;
mod trends;
mod why;

use firstglance_engine::VisitorId;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;

use super::App;
use super::answer::Answer;
use super::error::HttpError;

/// Answers a request to a path below `/admin/v1/`.
pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    path: &str,
) -> Result<Answer, HttpError> {
    // Before anything else: who has no token does not learn what exists.
    authorise(app, request.headers())?;
    let uri = request.uri();
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        ["profiles", id] if request.method() == Method::DELETE => {
            erase::answer(app, uri, visitor(id)?).await
        }
        ["profiles"] => profiles::answer(app, uri).await,
        ["profiles", id] => profile::answer(app, &visitor(id)?).await,
        ["profiles", id, "timeline"] => timeline::answer(app, uri, &visitor(id)?).await,
        ["profiles", id, "why"] => why::answer(app, uri, &visitor(id)?).await,
        ["segments"] => segments::answer(app, uri).await,
        ["campaigns"] => campaigns::answer(app, uri).await,
        ["trends"] => trends::answer(app, uri).await,
        _ => Err(HttpError::Route),
    }
}

/// The methods that a path below `/admin/v1/` takes.
pub(super) fn methods(path: &str) -> &'static str {
    match path.strip_prefix("profiles/") {
        Some(id) if !id.contains('/') => "GET, HEAD, DELETE",
        _ => "GET, HEAD",
    }
}

/// Lets through who has the administrator's token.
pub(super) fn authorise(app: &App, headers: &HeaderMap) -> Result<(), HttpError> {
    let header = headers.get(AUTHORIZATION).ok_or(HttpError::Token)?;
    let header = header.to_str().map_err(|_| HttpError::Token)?;
    match header.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && app.token.is(token.trim()) =>
        {
            Ok(())
        }
        _ => Err(HttpError::Token),
    }
}

/// The visitor of a percent-encoded part of a path.
fn visitor(encoded: &str) -> Result<VisitorId, HttpError> {
    let id = percent_decode_str(encoded).decode_utf8();
    let id = id.map_err(|_| HttpError::Visitor)?;
    VisitorId::parse(&id).map_err(|_| HttpError::Visitor)
}
