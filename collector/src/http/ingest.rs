//! `POST /v1/batch` and the addresses for single messages. A 2xx means that everything it calls
//! accepted is on disk.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use firstglance_engine::VisitorId;
use firstglance_engine::json::JsonWriter;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, SET_COOKIE,
};
use hyper::{Request, StatusCode};

use super::answer::{Answer, json, set_text, write_error};
use super::body::Unread;
use super::error::HttpError;
use super::{App, me};
use crate::clock;
use crate::cookie::Attributes;
use crate::ingest::{self, Form, Refused};
use crate::store::Committed;

const FORWARDED_PROTOCOL: HeaderName = HeaderName::from_static("x-forwarded-proto");

pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    body: &mut Unread,
    form: Form,
) -> Result<Answer, HttpError> {
    let headers = request.headers();
    acceptable(headers)?;
    let header_key = basic_user(headers);
    let own = me::visitor(app, headers);
    let secure = came_by_tls(headers);
    let held = body.read(&app.limits, &app.held).await?;
    let judged = ingest::judge(
        ingest::Request {
            form,
            body: &held.bytes,
            header_key: header_key.as_deref(),
            received_at: clock::now(),
        },
        &app.site.write_key,
    )?;
    let claimed = judged.commit.claim.as_ref();
    let claimed: Option<VisitorId> = claimed.map(|claim| claim.visitor.clone());
    let committed = if judged.commit.messages.is_empty() {
        Committed {
            new: Vec::new(),
            claim_holds: false,
        }
    } else {
        app.store.commit(judged.commit).await?
    };
    // The budget covers the body until nothing of it waits any more.
    drop(held);

    let stored = !committed.new.is_empty();
    let mut answer = report(&committed, &judged.refused);
    // Who proves to be somebody is that one, whatever cookie an earlier answer left behind.
    let visitor = claimed.filter(|_| committed.claim_holds).or(own);
    if let Some(visitor) = visitor
        && stored
        && judged.cookie_allowed
    {
        let attributes = Attributes {
            secure,
            domain: app.site.cookie_domain.as_deref(),
        };
        let cookie = app.cookie.issue(&visitor, attributes);
        set_text(&mut answer, SET_COOKIE, &cookie);
    }
    Ok(answer)
}

/// Whether the browser reached the first proxy by TLS, as that proxy says.
fn came_by_tls(headers: &HeaderMap) -> bool {
    headers
        .get(FORWARDED_PROTOCOL)
        .and_then(|protocols| protocols.to_str().ok())
        .and_then(|protocols| protocols.split(',').next())
        .is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

/// Whether the body is what it must be, by its own account. Beacons and the tracker send JSON as
/// `text/plain`, which needs no preflight.
fn acceptable(headers: &HeaderMap) -> Result<(), HttpError> {
    let text = |name| {
        let header: Option<&hyper::header::HeaderValue> = headers.get(name);
        header.map_or(Ok(""), |header| header.to_str())
    };
    let coding = text(CONTENT_ENCODING).map_err(|_| HttpError::Encoding)?;
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        return Err(HttpError::Encoding);
    }
    let media = text(CONTENT_TYPE).map_err(|_| HttpError::MediaType)?;
    let media = media.split(';').next().unwrap_or_default().trim();
    let known = ["", "application/json", "text/plain"];
    if known.iter().any(|known| media.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(HttpError::MediaType)
    }
}

/// The user name of Basic authentication, which the Segment libraries put the write key into.
fn basic_user(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let user = decoded
        .split_once(':')
        .map_or(decoded.as_str(), |(user, _)| user);
    Some(user.to_owned())
}

/// Tells which messages were taken and which were not. An error only where none was.
fn report(committed: &Committed, refused: &[Refused]) -> Answer {
    let accepted = committed.new.iter().filter(|new| **new).count();
    let duplicates = committed.new.len() - accepted;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("accepted");
    body.integer(accepted as u64);
    body.name("duplicates");
    body.integer(duplicates as u64);
    body.name("refused");
    body.open('[');
    for refused in refused {
        refused.write(&mut body);
    }
    body.close(']');
    let status = match refused {
        [first, rest @ ..] if committed.new.is_empty() => {
            let message: Cow<'_, str> = if rest.is_empty() {
                "the message was refused".into()
            } else {
                "every message was refused".into()
            };
            let message = format!("{message}: {}", first.why);
            write_error(&mut body, "all_refused", &message, Some(&first.place));
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::OK,
    };
    body.close('}');
    json(status, body.into_string())
}
