//! `GET /v1/model`: the compiled configuration for the page. It is the same for every visitor and
//! holds nothing that the pages do not show anyway.

use std::io::{self, Write as _};

use bytes::Bytes;
use firstglance_engine::Model;
use firstglance_engine::codec::Encode as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY,
};
use hyper::{Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, empty, set, set_text, with_body};
use super::compression::Coding;
use super::error::HttpError;
use super::{App, assets, query};
use crate::config::Site;

/// The model's text, as it is and compressed, and what tells it from others.
pub(super) struct Compiled {
    text: Bytes,
    gzip: Option<Bytes>,
    version: String,
    etag: String,
    search: String,
}

impl Compiled {
    pub(super) fn new(model: &Model, site: &Site) -> Self {
        use std::fmt::Write as _;
        let text = model.to_text().into_bytes();
        let mut version = String::new();
        for byte in &Sha256::digest(&text)[..8] {
            // Writing into a String cannot fail.
            let _ = write!(version, "{byte:02x}");
        }
        Self {
            gzip: gzip(&text).ok().map(Bytes::from),
            text: text.into(),
            etag: format!("W/\"{version}\""),
            version,
            search: search_names(site),
        }
    }
}

/// Once, at the start: the page's module is compressed at build time, the configuration is not
/// there yet then.
fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
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
        let accepted = request.headers().get(ACCEPT_ENCODING);
        let accepted = accepted.and_then(|header| header.to_str().ok());
        let gzip = match Coding::choose(accepted) {
            Coding::Identity => None,
            Coding::Gzip => compiled.gzip.as_ref(),
            // There is no such form, and whoever prefers it mostly takes the other as well.
            Coding::Brotli => {
                let also = accepted.is_some_and(|header| header.contains("gzip"));
                compiled.gzip.as_ref().filter(|_| also)
            }
        };
        let body = gzip.unwrap_or(&compiled.text).clone();
        let mut answer = with_body(StatusCode::OK, body);
        if gzip.is_some() {
            set(
                &mut answer,
                CONTENT_ENCODING,
                HeaderValue::from_static("gzip"),
            );
        }
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        set(&mut answer, CONTENT_TYPE, text);
        answer
    };
    set_text(&mut answer, ETAG, &compiled.etag);
    for (name, value) in [
        (CONSENT_HEADER, app.site.consent.name()),
        (SEARCH_HEADER, &compiled.search),
        (VERSION_HEADER, &compiled.version),
    ] {
        set_text(&mut answer, HeaderName::from_static(name), value);
    }
    for (name, value) in [
        (CACHE_CONTROL, "public, max-age=60"),
        (VARY, "Accept-Encoding"),
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
