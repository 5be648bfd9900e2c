//! `GET /v1/pixel.gif`: an image that nobody sees, for pages without scripts and for e-mails; and
//! `/v1/pixel/TYPE?data=…`, Segment's Pixel Tracking API, whose parameter is a whole message.
//!
//! The answer is always the image, whatever became of the message, so that nothing broken is ever
//! shown; the status and a header say what became of it. 200 means on disk.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::answer::{Answer, set, set_text, with_body};
use super::error::HttpError;
use super::{App, link, query};
use crate::clock;
use crate::ingest::{Form, LinkKind};

/// One transparent pixel as GIF89a.
static IMAGE: [u8; 43] = *b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\
    !\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Says what went wrong, for whoever builds the page or e-mail.
const ERROR: HeaderName = HeaderName::from_static("firstglance-error");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Senders write either alphabet, and pad or do not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Answers with the image. `kind` is the type of the message where the address names one.
pub(super) async fn answer(app: &App, request: &Request<()>, kind: Option<&'static str>) -> Answer {
    let recorded = match kind {
        None => link::record(app, request, LinkKind::Pixel).await,
        Some(_) if *request.method() == Method::HEAD => Ok(()),
        Some(kind) => whole_message(app, request, kind).await,
    };
    match recorded {
        Ok(()) => image(StatusCode::OK),
        Err(error) => refused(app, &error),
    }
}

/// The image, where nothing was recorded.
pub(super) fn refused(app: &App, error: &HttpError) -> Answer {
    app.metrics.refused_request(error.tag());
    let mut answer = image(error.status());
    set_text(&mut answer, ERROR, error.tag());
    if let Some((name, value)) = error.header() {
        set(&mut answer, name, value);
    }
    answer
}

fn image(status: StatusCode) -> Answer {
    let mut answer = with_body(status, &IMAGE[..]);
    for (name, value) in [
        (CONTENT_TYPE, "image/gif"),
        // Each time it is shown is one more event.
        (CACHE_CONTROL, "no-store, private"),
        // Pages that isolate themselves may show it.
        (RESOURCE_POLICY, "cross-origin"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    answer
}

async fn whole_message(
    app: &App,
    request: &Request<()>,
    kind: &'static str,
) -> Result<(), HttpError> {
    let body = message(request)?;
    link::take_in(app, request, Form::Single(kind), &body, clock::now()).await
}

/// The message in an address.
///
/// # Errors
/// [`HttpError`] where there is none.
pub(super) fn message(request: &Request<()>) -> Result<Vec<u8>, HttpError> {
    let wrong = |detail: &str| HttpError::Query {
        name: "data",
        detail: detail.to_owned(),
    };
    let data = query::parameter(request.uri(), "data");
    let data = data.ok_or_else(|| wrong("\"data\" is missing; it must be a message in base64"))?;
    // A plus sign that nobody escaped is a space by now.
    let data = data.replace(' ', "+");
    let body = STANDARD.decode(&data).or_else(|_| URL_SAFE.decode(&data));
    body.map_err(|_| wrong("\"data\" is no base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_whole() {
        assert_eq!(IMAGE.len(), 43);
        assert!(IMAGE.starts_with(b"GIF89a\x01\x00\x01\x00") && IMAGE.ends_with(b";"));
    }

    #[test]
    fn base64_as_it_comes() {
        for text in ["+/+/YQ==", "+/+/YQ", "-_-_YQ==", "-_-_YQ"] {
            let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
            assert_eq!(decoded.unwrap(), b"\xfb\xff\xbfa", "{text}");
        }
    }
}
