//! `/admin/v1/stream`: messages as they are committed, as server-sent events. Filtered by `type`,
//! `visitor` and `page`, the beginning of a path.
//!
//! Source: WHATWG, HTML Standard, "Server-sent events".

use std::time::Duration;

use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::{Timestamp, VisitorId};
use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::super::answer::{Answer, in_pieces, set};
use super::super::error::HttpError;
use super::super::{App, query};
use crate::export::{Gone, Pieces, pieces};
use crate::store::feed::{FedMessage, Heard, Listener};

/// How often something is sent where there is nothing to tell: proxies end what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Types that messages can have.
const TYPES: [&str; 6] = ["track", "page", "screen", "identify", "alias", "group"];

pub(super) fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let wanted = Wanted::of(uri)?;
    let turn = app.shared.streams.clone().try_acquire_owned();
    let turn = turn.map_err(|_| HttpError::Busy)?;
    let (put, taken) = pieces();
    let listener = app.store.feed().listen();
    let stopping = app.shared.stopping.subscribe();
    // Nobody waits for its end but the client, who sees it.
    drop(tokio::spawn(async move {
        // Gone is how most of them end.
        let _ = tell(wanted, listener, put, stopping).await;
        drop(turn);
    }));
    let mut answer = in_pieces("text/event-stream", taken);
    // What nginx collects before it sends it on would come too late.
    set(
        &mut answer,
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(answer)
}

async fn tell(
    wanted: Wanted,
    mut listener: Listener,
    pieces: Pieces,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Gone> {
    // The first line tells the client that it is connected.
    pieces.put(": connected\nretry: 3000\n\n").await?;
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let piece = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            () = pieces.gone() => return Err(Gone),
            _ = heartbeat.tick() => ": still here\n\n".to_owned(),
            heard = listener.next() => match heard {
                Heard::Message(message) if wanted.is(&message) => event(&message),
                Heard::Message(_) => continue,
                Heard::Missed(missed) => format!("event: dropped\ndata: {{\"count\":{missed}}}\n\n"),
                Heard::End => break,
            },
        };
        pieces.put(piece).await?;
    }
    pieces.put("event: end\ndata: {}\n\n").await?;
    pieces.end().await
}

/// Which messages are asked for: all of it must hold.
struct Wanted {
    kind: Option<Box<str>>,
    visitor: Option<VisitorId>,
    /// What the path begins with.
    page: Option<Box<str>>,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, HttpError> {
        let given = |name| query::parameter(uri, name).filter(|value| !value.is_empty());
        let wrong = |name, detail| HttpError::Query { name, detail };
        let kind = given("type");
        if kind.as_ref().is_some_and(|kind| !TYPES.contains(&&**kind)) {
            let detail = format!("\"type\" must be one of {}", TYPES.join(", "));
            return Err(wrong("type", detail));
        }
        let visitor = given("visitor").map(|id| VisitorId::parse(&id));
        let visitor = visitor.transpose();
        let visitor = visitor.map_err(|error| wrong("visitor", format!("\"visitor\" {error}")))?;
        Ok(Self {
            kind: kind.map(|kind| (&*kind).into()),
            visitor,
            page: given("page").map(|page| (&*page).into()),
        })
    }

    fn is(&self, message: &FedMessage) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == message.kind)
            && self
                .visitor
                .as_ref()
                .is_none_or(|visitor| *visitor == message.visitor)
            && self
                .page
                .as_ref()
                .is_none_or(|page| path(message).is_some_and(|path| path.starts_with(&**page)))
    }
}

/// The path of the page that a message is about.
fn path(message: &FedMessage) -> Option<Box<str>> {
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: Some(Timestamp::MAX),
    };
    let shared = SharedFields::read(message.context.as_deref()).unwrap_or_default();
    let read = read_message(&message.raw, Some(&message.kind), &shared, clock).ok()?;
    let property = read.kind.properties().and_then(|all| all.text("path"));
    match property {
        Some(path) if !path.is_empty() => Some(path.into()),
        _ => Some(read.context.page.path),
    }
}

fn event(message: &FedMessage) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    json.text_member("visitor", message.visitor.as_str());
    json.text_member("messageId", &message.message_id);
    json.text_member("type", &message.kind);
    json.name("timestamp");
    json.moment(message.timestamp);
    json.name("receivedAt");
    json.moment(message.received_at);
    json.name("message");
    json.raw(&message.raw);
    if let Some(context) = &message.context {
        json.name("batchContext");
        json.raw(context);
    }
    json.close('}');
    // An end of a line would end the event; between members it means nothing.
    let data = json.into_string().replace(['\n', '\r'], " ");
    format!("event: message\ndata: {data}\n\n")
}
