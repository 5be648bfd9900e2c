//! What a page loads: the loader, and the hashed files behind it.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use hyper::{Request, StatusCode};

use super::answer::{Answer, empty, set, set_text, with_body};
use super::compression::Coding;
use crate::assets::Asset;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A hashed file never changes; the loader may be a little old while a newer one is fetched.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FIVE_MINUTES: &str = "public, max-age=300, stale-while-revalidate=86400";

/// One file, in the forms in which it can be sent.
pub(super) struct Served {
    /// For the header `Content-Type`.
    pub(super) content_type: &'static str,
    /// Whether the name changes with the content.
    pub(super) immutable: bool,
    pub(super) identity: Bytes,
    pub(super) gzip: Option<Bytes>,
    pub(super) brotli: Option<Bytes>,
    /// For the header `ETag`.
    pub(super) etag: Cow<'static, str>,
}

impl Served {
    pub(super) fn of(asset: &'static Asset) -> Self {
        Self {
            content_type: asset.content_type,
            immutable: asset.immutable,
            identity: Bytes::from_static(asset.identity),
            gzip: Some(Bytes::from_static(asset.gzip)),
            brotli: Some(Bytes::from_static(asset.brotli)),
            etag: Cow::Borrowed(asset.etag),
        }
    }
}

pub(super) fn answer(asset: &Served, request: &Request<()>) -> Answer {
    let accepted = request
        .headers()
        .get(ACCEPT_ENCODING)
        .and_then(|header| header.to_str().ok());
    let mut answer = if matches(request.headers(), &asset.etag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        let brotli = asset.brotli.as_ref().map(|bytes| (Coding::Brotli, bytes));
        let gzip = asset.gzip.as_ref().map(|bytes| (Coding::Gzip, bytes));
        let forms = [brotli, gzip, Some((Coding::Identity, &asset.identity))];
        let forms: Vec<_> = forms.into_iter().flatten().collect();
        let offered: Vec<Coding> = forms.iter().map(|(coding, _)| *coding).collect();
        let coding = Coding::choose(accepted, &offered);
        let chosen = forms.into_iter().find(|(form, _)| *form == coding);
        let bytes = chosen.map_or(&asset.identity, |(_, bytes)| bytes);
        let mut answer = with_body(StatusCode::OK, bytes.clone());
        set(
            &mut answer,
            CONTENT_TYPE,
            HeaderValue::from_static(asset.content_type),
        );
        if coding != Coding::Identity {
            set(
                &mut answer,
                CONTENT_ENCODING,
                HeaderValue::from_static(coding.name()),
            );
        }
        answer
    };
    let cache = if asset.immutable {
        FOR_EVER
    } else {
        FIVE_MINUTES
    };
    set_text(&mut answer, ETAG, &asset.etag);
    for (name, value) in [
        (CACHE_CONTROL, cache),
        (VARY, "Accept-Encoding"),
        // Any site may load it; it says nothing about anybody.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (RESOURCE_POLICY, "cross-origin"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    answer
}

/// Whether `If-None-Match` names the tag; tags are compared weakly, as RFC 9110 has it here.
pub(super) fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(','))
        .any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    static ASSET: Asset = Asset {
        name: "fg-1.wasm",
        content_type: "application/wasm",
        immutable: true,
        identity: b"identity",
        gzip: b"gzip",
        brotli: b"brotli",
        etag: "W/\"1\"",
    };

    fn ask(headers: &[(HeaderName, &str)]) -> Answer {
        let mut request = Request::new(());
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        answer(&Served::of(&ASSET), &request)
    }

    #[test]
    fn forms() {
        for (accepted, expected) in [("br", Some("br")), ("gzip", Some("gzip")), ("x", None)] {
            let answer = ask(&[(ACCEPT_ENCODING, accepted)]);
            let header = |name| {
                let value = answer.headers().get(name);
                value.map(|value: &HeaderValue| value.to_str().unwrap())
            };
            assert_eq!(header(CONTENT_ENCODING), expected);
            assert_eq!(header(VARY), Some("Accept-Encoding"));
            assert_eq!(header(CONTENT_TYPE), Some("application/wasm"));
            assert_eq!(header(CACHE_CONTROL), Some(FOR_EVER));
        }
    }

    #[test]
    fn not_modified() {
        for (tags, expected) in [
            ("W/\"1\"", 304),
            ("\"1\"", 304),
            ("\"0\", \"1\"", 304),
            ("*", 304),
            ("\"2\"", 200),
        ] {
            let answer = ask(&[(IF_NONE_MATCH, tags)]);
            assert_eq!(answer.status(), expected, "{tags}");
        }
    }
}
