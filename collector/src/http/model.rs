//! `GET /v1/model`: the compiled configuration for the page. It is the same for every visitor and
//! holds nothing that the pages do not show anyway.

use bytes::Bytes;
use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue,
};
use hyper::{Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, empty, set, set_text, with_body};
use super::error::HttpError;
use super::{App, assets, query};
use crate::config::Site;

/// The model's text and its tag.
pub(super) struct Compiled {
    text: Bytes,
    etag: String,
    search: String,
}

impl Compiled {
    pub(super) fn new(model: &Model, site: &Site) -> Self {
        use std::fmt::Write as _;
        let text = model.to_text().into_bytes();
        let mut etag = String::from("\"");
        for byte in &Sha256::digest(&text)[..8] {
            // Writing into a String cannot fail.
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Self {
            text: text.into(),
            etag,
            search: search_names(site),
        }
    }
}

/// Names of search parameters, encoded as in an address, for they may have any character.
fn search_names(site: &Site) -> String {
    let names: Vec<String> = site
        .search_parameters
        .iter()
        .map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string())
        .collect();
    names.join(",")
}

/// What the page's script must know before, or without, the module that reads the model.
const CONSENT_HEADER: &str = "x-firstglance-consent";
const SEARCH_HEADER: &str = "x-firstglance-search";
const VERSION_HEADER: &str = "x-firstglance-version";

pub(super) fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    // One collector has one site, so a request that names none means that one.
    if let Some(site) = query::parameter(request.uri(), "site")
        && site != app.site.write_key
    {
        return Err(HttpError::Site);
    }
    let compiled = &app.compiled;
    let mut answer = if assets::matches(request.headers(), &compiled.etag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let mut answer = with_body(StatusCode::OK, compiled.text.clone());
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        set(&mut answer, CONTENT_TYPE, text);
        answer
    };
    set_text(&mut answer, ETAG, &compiled.etag);
    for (name, value) in [
        (CONSENT_HEADER, app.site.consent.name()),
        (SEARCH_HEADER, &compiled.search),
        (VERSION_HEADER, compiled.etag.trim_matches('"')),
    ] {
        set_text(&mut answer, HeaderName::from_static(name), value);
    }
    for (name, value) in [
        (CACHE_CONTROL, "public, max-age=60"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "x-firstglance-consent, x-firstglance-search, x-firstglance-version",
        ),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    Ok(answer)
}
