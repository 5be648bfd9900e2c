//! Packs pages on their way out, for whoever looks from a phone: tables pack to a tenth. Streams and
//! files that are packed already leave as they are.
//!
//! A page has both a secret and what its address says. That somebody could learn the one from the length
//! of the other needs requests that other sites make in somebody's name, and those carry no cookie here:
//! it is strict.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};

use crate::http::answer::{Answer, Body, set_text};
use crate::http::apart;
use crate::http::compression::Coding;

/// Shorter ones gain nothing.
const SHORTEST: usize = 1_400;

/// The answer as it leaves.
pub(super) async fn packed(answer: Answer, request: &Request<()>) -> Answer {
    let header = |name| {
        let found = answer.headers().get(name);
        found.and_then(|value: &hyper::header::HeaderValue| value.to_str().ok())
    };
    let is_text = header(CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("text/html") || kind.starts_with("text/csv"));
    if !is_text || header(CONTENT_ENCODING).is_some() {
        return answer;
    }
    let accepted = request.headers().get(ACCEPT_ENCODING);
    let accepted = accepted.and_then(|header| header.to_str().ok());
    let coding = Coding::choose(accepted, &[Coding::Gzip]);
    let (head, body) = answer.into_parts();
    let whole = match body {
        Body::Whole(whole) => whole,
        pieces @ Body::Pieces(_) => return Answer::from_parts(head, pieces),
    };
    let bytes = match whole.collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(never) => match never {},
    };
    let with = |bytes: Bytes| Answer::from_parts(head.clone(), Body::Whole(Full::new(bytes)));
    let whole = bytes.clone();
    let pack = move || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&whole).and_then(|()| encoder.finish())
    };
    let mut answer = match coding {
        Coding::Gzip if bytes.len() >= SHORTEST => match apart(pack).await {
            Ok(Ok(packed)) => {
                let mut answer = with(packed.into());
                set_text(&mut answer, CONTENT_ENCODING, coding.name());
                answer
            }
            Ok(Err(_)) | Err(_) => with(bytes),
        },
        _ => with(bytes),
    };
    set_text(&mut answer, VARY, "Accept-Encoding");
    answer
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::http::answer::with_body;
    use hyper::StatusCode;

    #[tokio::test]
    async fn long_pages_are_packed_for_whoever_wants_it() {
        let long = "<tr><td>1</td></tr>".repeat(500);
        for (kind, accepted, text, expected) in [
            ("text/html; charset=utf-8", "gzip, br", &*long, true),
            ("text/csv; charset=utf-8", "gzip", &*long, true),
            ("text/html; charset=utf-8", "br", &*long, false),
            ("text/html; charset=utf-8", "gzip", "short", false),
            ("application/json", "gzip", &*long, false),
        ] {
            let mut answer = with_body(StatusCode::OK, text.to_owned());
            set_text(&mut answer, CONTENT_TYPE, kind);
            let request = Request::builder().header(ACCEPT_ENCODING, accepted);
            let answer = packed(answer, &request.body(()).unwrap()).await;
            let is_packed = answer.headers().contains_key(CONTENT_ENCODING);
            assert_eq!(is_packed, expected, "{kind} {accepted}");
            let Body::Whole(whole) = answer.into_body() else {
                panic!("a whole body stays one");
            };
            let bytes = whole.collect().await.unwrap().to_bytes();
            let mut read = String::new();
            if is_packed {
                assert!(bytes.len() < text.len() / 5);
                let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
                decoder.read_to_string(&mut read).unwrap();
            } else {
                read = String::from_utf8(bytes.to_vec()).unwrap();
            }
            assert_eq!(read, text);
        }
    }
}
