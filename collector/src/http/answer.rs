//! Answers: the few shapes that endpoints give, with the headers that all of them carry.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use firstglance_engine::content::Content;
use firstglance_engine::json::JsonWriter;
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

use super::error::HttpError;
use crate::config::ContentProblem;
use crate::export::{BrokenOff, Taken};

/// An answer.
pub type Answer = Response<Body>;

/// The body of an answer.
pub enum Body {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// It comes in pieces. Where it is broken off, so is the connection: nobody takes it for whole.
    Pieces(Taken),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Pieces(pieces) => pieces
                .poll_next(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer of this status with a body.
#[must_use]
pub fn with_body(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    new(status, Body::Whole(Full::new(body.into())))
}

/// An answer whose body comes in pieces, which no cache keeps.
#[must_use]
pub fn in_pieces(media_type: &'static str, pieces: Taken) -> Answer {
    let mut answer = new(StatusCode::OK, Body::Pieces(pieces));
    set(
        &mut answer,
        CONTENT_TYPE,
        HeaderValue::from_static(media_type),
    );
    set(&mut answer, CACHE_CONTROL, NO_STORE);
    answer
}

fn new(status: StatusCode, body: Body) -> Answer {
    let mut answer = Response::new(body);
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

/// Writes the member `problems` of the present object: all that is wrong with posted content.
pub fn write_problems(json: &mut JsonWriter, problems: &[ContentProblem]) {
    json.name("problems");
    json.open('[');
    for problem in problems {
        json.open('{');
        json.name("where");
        json.text(&problem.place);
        if let Some((line, column)) = problem.at {
            json.name("line");
            json.integer(line as u64);
            json.name("column");
            json.integer(column as u64);
        }
        json.text_member("wrong", &problem.wrong);
        json.name("right");
        json.text(&problem.right);
        json.close('}');
    }
    json.close(']');
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
        if let HttpError::Content(problems) = &error {
            write_problems(&mut body, problems);
        }
        body.close('}');
        let mut answer = json(error.status(), body.into_string());
        if let Some((name, value)) = error.header() {
            set(&mut answer, name, value);
        }
        answer
    }
}

/// Writes what a variant shows, as a member of the present object.
pub(super) fn write_content(json: &mut JsonWriter, content: &Content) {
    match content {
        Content::Html(html) => {
            json.name("html");
            json.text(html);
        }
        Content::Fields(fields) => {
            json.name("fields");
            json.open('{');
            for (name, value) in fields {
                json.name(name);
                json.text(value);
            }
            json.close('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hyper::Request;
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::export::pieces;

    /// What a client gets of an answer in pieces whose end is said or not.
    async fn received(end: bool) -> String {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let service = service_fn(move |_: Request<Incoming>| async move {
            let (put, taken) = pieces();
            tokio::spawn(async move {
                put.put("first").await.unwrap();
                put.put("").await.unwrap();
                if end {
                    put.end().await.unwrap();
                }
            });
            Ok::<_, Infallible>(in_pieces("text/plain", taken))
        });
        let serving = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let serving = tokio::spawn(async move { drop(serving.await) });
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        serving.await.unwrap();
        text
    }

    #[tokio::test]
    async fn what_is_broken_off_does_not_look_complete() {
        let whole = received(true).await;
        assert!(whole.contains("\r\n5\r\nfirst\r\n"), "{whole}");
        assert!(whole.ends_with("\r\n0\r\n\r\n"), "{whole}");
        // Pieces that wait to be sent may be lost with the connection; that is the point of it.
        let broken = received(false).await;
        assert!(broken.starts_with("HTTP/1.1 200"), "{broken}");
        assert!(!broken.ends_with("0\r\n\r\n"), "{broken}");
    }
}
