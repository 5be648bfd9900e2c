//! `/admin/v1/…`: what the owner may see and do, with the administrator's token. No page of another
//! origin gets anything from here.

mod erase;
mod person;
mod profile;
mod profiles;
mod segments;
mod timeline;
mod why;

use firstglance_engine::VisitorId;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::error::HttpError;
use super::{App, Shared, Sites, query};

/// Answers a request to a path below `/admin/v1/`.
pub(super) async fn answer(
    sites: &Sites,
    request: &Request<()>,
    path: &str,
) -> Result<Answer, HttpError> {
    // Before anything else: who has no token does not learn what exists.
    authorise(sites.shared(), request.headers())?;
    let app = meant(sites, request)?;
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
        ["segments"] => segments::answer(app).await,
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
pub(super) fn authorise(shared: &Shared, headers: &HeaderMap) -> Result<(), HttpError> {
    let header = headers.get(AUTHORIZATION).ok_or(HttpError::Token)?;
    let header = header.to_str().map_err(|_| HttpError::Token)?;
    match header.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer") && shared.token.is(token.trim()) =>
        {
            Ok(())
        }
        _ => Err(HttpError::Token),
    }
}

/// The site that an administrator means.
fn meant<'a>(sites: &'a Sites, request: &Request<()>) -> Result<&'a App, HttpError> {
    let named = query::parameter(request.uri(), "site");
    let found = match &named {
        Some(id) => sites.of_id(id),
        None => sites.only().or_else(|| sites.of_host(request.headers())),
    };
    found.map(|app| &**app).ok_or_else(|| {
        let ids: Vec<&str> = sites.all().map(|app| app.site.id()).collect();
        HttpError::Query {
            name: "site",
            detail: format!("\"site\" must say which site is meant: {}", ids.join(", ")),
        }
    })
}

/// The visitor of a percent-encoded part of a path.
fn visitor(encoded: &str) -> Result<VisitorId, HttpError> {
    let id = percent_decode_str(encoded).decode_utf8();
    let id = id.map_err(|_| HttpError::Visitor)?;
    VisitorId::parse(&id).map_err(|_| HttpError::Visitor)
}
