//! `POST /v1/batch` and the addresses for single messages. A 2xx means that everything it calls
//! accepted is on disk.

use std::borrow::Cow;
use std::net::IpAddr;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::model::Consent;
use firstglance_engine::{Timestamp, VisitorId};
use hyper::header::{SET_COOKIE, USER_AGENT};
use hyper::{Request, StatusCode};

use super::answer::{Answer, json, set_text, write_error};
use super::body::Unread;
use super::error::HttpError;
use super::openapi::{self, Operation, Reply, Security, shapes};
use super::sender::{self, SentBy};
use super::{App, client_address, headers, me};
use crate::clock;
use crate::cookie::CLAIM_LENGTH;
use crate::cookieless::Sender;
use crate::ingest::{self, Form, IngestError, MAX_DROPPED, MAX_MESSAGES, Refused};
use crate::schema::{
    Member, Schema, count, has, list, may_have, moment, object, one_of, open_object, text, truth,
    whole,
};
use crate::store::Committed;

pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    body: &mut Unread,
    form: Form,
) -> Result<Answer, HttpError> {
    let coding = headers::acceptable(request.headers())?;
    let own = me::visitor(app, request.headers());
    let received_at = clock::now();
    let held = body.read(app, coding).await?;
    let taken = take_in(
        app,
        request,
        SentBy::Anybody,
        form,
        &held.bytes,
        received_at,
    )
    .await?;
    // The budget covers the body until nothing of it waits any more.
    drop(held);

    let mut answer = report(&taken.committed, &taken.refused);
    // Who proves to be somebody is that one, whatever cookie an earlier answer left behind.
    let visitor = taken.proven.or(own);
    if let Some(visitor) = visitor
        && !taken.committed.new.is_empty()
        && taken.cookie_allowed
        // Who was erased is not to be recognised again because a request was late.
        && !taken.committed.erased
    {
        let attributes = headers::cookie_attributes(app, request);
        let cookie = app.cookie.issue(&visitor, attributes);
        set_text(&mut answer, SET_COOKIE, &cookie);
    }
    Ok(answer)
}

/// What became of the messages of a request.
pub(super) struct Taken {
    committed: Committed,
    pub(super) refused: Vec<Refused>,
    /// The visitor that the sender proves to be.
    proven: Option<VisitorId>,
    cookie_allowed: bool,
}

/// Judges the messages of a body and commits the good ones. What was refused is counted and kept.
///
/// # Errors
/// [`HttpError`] when nothing was taken in and nothing is kept.
pub(super) async fn take_in(
    app: &App,
    request: &Request<()>,
    by: SentBy,
    form: Form,
    body: &[u8],
    received_at: Timestamp,
) -> Result<Taken, HttpError> {
    let header_key = headers::basic_user(request.headers());
    let address = client_address::of(request, &app.behind.trusted_proxies);
    let daily_visitor = daily_visitor(app, request, address, received_at)?;
    let mut judged = ingest::judge(
        ingest::Request {
            form,
            body,
            header_key: header_key.as_deref(),
            received_at,
            daily_visitor: daily_visitor.as_ref(),
            sender: sender::of(app, request, address, by),
        },
        &app.site.write_key,
    )
    .inspect_err(|error| {
        if matches!(error, IngestError::WrongKey) {
            let key = ingest::write_key(body).or_else(|| header_key.as_deref().map(Cow::Borrowed));
            app.sightings
                .wrong_key(&key.unwrap_or_default(), received_at);
        }
    })?;
    if !address.is_some_and(|address| app.limiters.is_own(address))
        && let Some(wait) = judged.limit(form, |visitor, count| app.limiters.events(visitor, count))
    {
        return Err(HttpError::too_many("more messages of one visitor", wait));
    }
    let claimed = judged.commit.claim.as_ref();
    let claimed: Option<VisitorId> = claimed.map(|claim| claim.visitor.clone());
    let committed = if judged.commit.messages.is_empty() {
        Committed {
            new: Vec::new(),
            claim_holds: false,
            erased: false,
        }
    } else {
        app.store.commit(judged.commit).await?
    };
    if committed.new.contains(&true) {
        app.sightings.messages(received_at);
    }
    app.metrics
        .answered(&committed, &judged.refused, judged.dropped);
    app.keep_refused(&judged.refused, received_at);
    Ok(Taken {
        proven: claimed.filter(|_| committed.claim_holds),
        committed,
        refused: judged.refused,
        cookie_allowed: judged.cookie_allowed,
    })
}

/// Who sends, where nothing on the device says so; nothing on sites that do not want to know.
pub(super) fn daily_visitor(
    app: &App,
    request: &Request<()>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<VisitorId>, HttpError> {
    let Some(salt) = &app.daily else {
        return Ok(None);
    };
    let user_agent = request.headers().get(USER_AGENT);
    let sender = Sender {
        write_key: &app.site.write_key,
        address: address.ok_or(HttpError::Internal)?,
        user_agent: user_agent.map_or(b"", |header| header.as_bytes()),
    };
    let visitor = salt.visitor(sender, now).map_err(|error| {
        tracing::error!(%error, "a visitor cannot be named");
        HttpError::Internal
    })?;
    Ok(Some(visitor))
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
    // Whoever kept apart is no fault of the sender's.
    let is_fault = |refused: &&Refused| !refused.why.is_automated();
    let status = match refused.iter().find(is_fault) {
        Some(first) if committed.new.is_empty() => {
            let message: Cow<'_, str> = if refused.len() == 1 {
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

/// A batch of messages.
pub(super) fn describe_batch() -> Operation {
    let mut members = envelope();
    members.extend([
        has(
            "batch",
            list(shapes::any_message()).holding(0, MAX_MESSAGES),
        ),
        may_have(
            "sentAt",
            moment()
                .or_null()
                .about("The sender's clock, by which `timestamp` is corrected."),
        ),
        may_have("claim", claim().or_null()),
        may_have(
            "cookieless",
            truth()
                .or_null()
                .about("Whether the page keeps no identifier."),
        ),
        may_have(
            "dropped",
            whole(0, MAX_DROPPED.into())
                .or_null()
                .about("How many messages the page had to drop since its last batch."),
        ),
        may_have(
            "context",
            shapes::context().about("What holds for all messages that say nothing else."),
        ),
    ]);
    described("Takes in several messages")
        .details(
            "Each message is judged by itself. 400 means that none was taken; with 200, `refused` \
             has those that were not. Everything that is called accepted is on disk.",
        )
        .json_body(open_object(members))
}

/// One message of this type.
pub(super) fn describe(kind: &str) -> Operation {
    let mut members = shapes::message_members(kind);
    members.extend(envelope());
    described("Takes in one message, of the type that the address names")
        .json_body(shapes::message_of(members))
}

/// What any body may say beside its messages.
fn envelope() -> Vec<Member> {
    let consent = one_of(Consent::ALL.map(Consent::name)).or_null();
    vec![
        may_have("writeKey", text().or_null()),
        may_have("consent", consent.about("What the visitor consents to.")),
    ]
}

/// The secret by which a browser proves that a visitor is its own.
pub(super) fn claim() -> Schema {
    let (least, most) = CLAIM_LENGTH.into_inner();
    text()
        .between(least, most)
        .about("A random text that proves that the visitor is the browser's own; in bytes.")
}

fn described(summary: &'static str) -> Operation {
    let report = [
        has("accepted", count()),
        has(
            "duplicates",
            count().about("Taken in before, by their `messageId`."),
        ),
        has("refused", list(Refused::describe())),
    ];
    let [accepted, duplicates, refused] = report.clone();
    let all_refused = object([
        accepted,
        duplicates,
        refused,
        has("error", openapi::error_member(["all_refused"])),
    ]);
    let cookie = text().about("The visitor cookie, where the browser is to have one.");
    Operation::new(summary)
        .details(
            "The body is JSON, also as `text/plain`, which needs no preflight; it may be compressed by \
             gzip or br.",
        )
        .security(Security::WriteKey)
        .gives(Reply::json("What became of them.", object(report)).may_say(SET_COOKIE.as_str(), cookie))
        .gives(
            Reply::empty(StatusCode::BAD_REQUEST, "Every message was refused.")
                .content("application/json", all_refused),
        )
        .fails(openapi::reading_json())
        .fails(openapi::using_the_store())
        .fails([openapi::too_many(), HttpError::Origin])
}
