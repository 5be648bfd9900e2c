//! `GET /v1/model`: the compiled configuration for the page. It is the same for every visitor and
//! holds nothing that the pages do not show anyway.

use bytes::Bytes;
use firstglance_engine::codec::Encode as _;
use hyper::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY,
};
use hyper::{Request, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, empty, set, set_text, with_body};
use super::compression::Coding;
use super::error::HttpError;
use super::openapi::{Operation, Reply, if_none_match, not_modified};
use super::{App, assets, loader, query};
use crate::config::{Config, Tracker};
use crate::hexadecimal::hexadecimal;
use crate::schema::text;

/// The model's text, as it is and compressed, and what tells it from others.
pub(super) struct Compiled {
    text: Bytes,
    gzip: Option<Bytes>,
    version: String,
    etag: String,
    options: String,
}

impl Compiled {
    pub(super) fn new(config: &Config) -> Self {
        let text = config.page_model.to_text().into_bytes();
        let version = hexadecimal(&Sha256::digest(&text)[..8]);
        Self {
            // Once, at the start: what pages load is compressed when it is built, and there is no
            // configuration then.
            gzip: loader::gzip(&text).ok().map(Bytes::from),
            text: text.into(),
            etag: format!("W/\"{version}\""),
            version,
            options: options(config),
        }
    }
}

/// Of a text that is encoded already, only this means something else in a query string.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// What the page's script is to do, as a query string that `URLSearchParams` reads: `search`
/// always, everything else only where it differs from its default.
///
/// `search` is a list. Names of search parameters may have any character, also commas: each is
/// percent-encoded by itself, they are joined by commas, and the list is encoded once more as
/// every value of a query string is. Who reads it gets the list from `URLSearchParams`, splits it
/// at the commas and decodes each name once.
fn options(config: &Config) -> String {
    let names: Vec<String> = config
        .site
        .search_parameters
        .iter()
        .map(|name| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string())
        .collect();
    let names = names.join(",");
    let mut options = format!("search={}", utf8_percent_encode(&names, ENCODED));
    let (tracker, usual) = (&config.tracker, Tracker::default());
    for (name, value, usual) in [
        ("hash_routes", tracker.hash_routes, usual.hash_routes),
        ("errors", tracker.errors, usual.errors),
        ("web_vitals", tracker.web_vitals, usual.web_vitals),
        ("forms", tracker.forms, usual.forms),
        ("media", tracker.media, usual.media),
        ("cookieless", tracker.cookieless, usual.cookieless),
        ("rules", config.has_rules(), false),
    ] {
        if value != usual {
            options.push_str(&format!("&{name}={}", u8::from(value)));
        }
    }
    if let Some(selector) = &tracker.scroll_container {
        let selector = utf8_percent_encode(selector, NON_ALPHANUMERIC);
        options.push_str(&format!("&scroll_container={selector}"));
    }
    options
}

/// What the page's script must know before, or without, the module that reads the model.
const CONSENT_HEADER: &str = "x-firstglance-consent";
const OPTIONS_HEADER: &str = "x-firstglance-options";
const VERSION_HEADER: &str = "x-firstglance-version";

pub(super) fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    // A request that names none means the site that it was sent to.
    if let Some(site) = query::parameter(request.uri(), "site")
        && site != app.site.write_key
    {
        return Err(HttpError::Site);
    }
    let present = app.contents.present();
    let compiled = &present.compiled;
    let mut answer = if assets::matches(request.headers(), &compiled.etag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let accepted = request.headers().get(ACCEPT_ENCODING);
        let accepted = accepted.and_then(|header| header.to_str().ok());
        let gzip = match Coding::choose(accepted, &[Coding::Gzip]) {
            Coding::Gzip => compiled.gzip.as_ref(),
            _ => None,
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
        (OPTIONS_HEADER, &compiled.options),
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
            "x-firstglance-consent, x-firstglance-options, x-firstglance-version",
        ),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

pub(super) fn describe() -> Operation {
    let mut model = Reply::empty(StatusCode::OK, "The model, for the module that reads it.")
        .content("text/plain; charset=utf-8", text());
    let mut unchanged = not_modified();
    for name in [
        ETAG.as_str(),
        CONSENT_HEADER,
        OPTIONS_HEADER,
        VERSION_HEADER,
    ] {
        model = model.header(name, text());
        unchanged = unchanged.header(name, text());
    }
    Operation::new("The compiled configuration, for the page's script")
        .takes(if_none_match())
        .gives(model)
        .gives(unchanged)
}
