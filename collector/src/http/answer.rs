//! Answers: the few shapes that endpoints give, with the headers that all of them carry.

use bytes::Bytes;
use firstglance_engine::json::JsonWriter;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

use super::error::HttpError;

/// An answer.
pub type Answer = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer of this status with a body.
#[must_use]
pub fn with_body(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    // Nothing here is ever to be taken for something else than it says it is.
    set(
        &mut answer,
        X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
}

/// An answer in JSON that no cache keeps.
#[must_use]
pub fn json(status: StatusCode, text: String) -> Answer {
    let mut answer = with_body(status, text);
    set(&mut answer, CONTENT_TYPE, JSON);
    set(&mut answer, CACHE_CONTROL, NO_STORE);
    answer
}

/// An answer without a body.
#[must_use]
pub fn empty(status: StatusCode) -> Answer {
    with_body(status, Bytes::new())
}

/// Sets a header.
pub fn set(answer: &mut Answer, name: HeaderName, value: HeaderValue) {
    answer.headers_mut().insert(name, value);
}

/// Sets a header to a text; a text that cannot stand in a header is left out.
pub fn set_text(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        set(answer, name, value);
    }
}

/// Writes the member `error` of the present object.
pub fn write_error(json: &mut JsonWriter, code: &str, message: &str, place: Option<&str>) {
    json.name("error");
    json.open('{');
    json.name("code");
    json.text(code);
    json.name("message");
    json.text(message);
    if let Some(place) = place {
        json.name("where");
        json.text(place);
    }
    json.close('}');
}

impl From<HttpError> for Answer {
    fn from(error: HttpError) -> Self {
        let mut body = JsonWriter::default();
        body.open('{');
        write_error(
            &mut body,
            error.tag(),
            &error.to_string(),
            error.place().as_deref(),
        );
        body.close('}');
        let mut answer = json(error.status(), body.into_string());
        if let Some((name, value)) = error.header() {
            set(&mut answer, name, value);
        }
        answer
    }
}
