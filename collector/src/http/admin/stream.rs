//! `/admin/v1/stream`: messages as they are committed, as server-sent events. Filtered by `type`,
//! `visitor` and `page`, the beginning of a path.
//!
//! Whatever is sent carries the id of the place up to which the client has heard, also where the filter
//! left everything out, so that a client that comes back with it (`Last-Event-ID`, or `last_event_id` for
//! those that cannot set a header) goes on there: without a gap and without hearing anything twice, or
//! told of the gap.
//!
//! Source: WHATWG, HTML Standard, "Server-sent events".

use std::time::Duration;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Message, VisitorId};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{StatusCode, Uri};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::super::answer::{Answer, in_pieces, set};
use super::super::error::HttpError;
use super::super::openapi::{self, Operation, Reply};
use super::super::{App, query};
use crate::export::{Gone, Pieces, on_one_line, pieces};
use crate::ingest::TYPES;
use crate::schema::{count, id, may_have, object, one_of, text};
use crate::store::feed::{FedMessage, Heard, Listener, Place};

/// How often something is sent where there is nothing to tell: proxies end what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a client says that it has heard already.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn answer(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Answer, HttpError> {
    listening(app, uri, headers, event)
}

/// A stream whose messages are written in some way, each as the data of its event.
pub(in crate::http) fn listening(
    app: &App,
    uri: &Uri,
    headers: &HeaderMap,
    write: impl Fn(&FedMessage) -> String + Send + Sync + 'static,
) -> Result<Answer, HttpError> {
    let wanted = Wanted::of(uri)?;
    let heard = heard(uri, headers)?;
    let turn = app.shared.streams.clone().try_acquire_owned();
    let turn = turn.map_err(|_| HttpError::Busy)?;
    let (put, taken) = pieces();
    let listener = app.store.feed().listen_from(heard);
    let stopping = app.shared.stopping.subscribe();
    // Nobody waits for its end but the client, who sees it.
    drop(tokio::spawn(async move {
        // Gone is how most of them end.
        let _ = tell(wanted, write, listener, put, stopping).await;
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

/// Up to where the client has heard. A browser that comes back by itself asks the address that it asked
/// first, so that the header knows better.
fn heard(uri: &Uri, headers: &HeaderMap) -> Result<Option<Place>, HttpError> {
    let said = headers.get(&LAST_EVENT_ID);
    let said = said.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let said = said.filter(|text| !text.is_empty());
    let said = said.or_else(|| query::parameter(uri, "last_event_id"));
    let Some(text) = said.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let place = Place::parse(&text).ok_or_else(|| HttpError::Query {
        name: "last_event_id",
        detail: "\"last_event_id\" must be the id of an event of this stream".to_owned(),
    });
    place.map(Some)
}

async fn tell(
    wanted: Wanted,
    write: impl Fn(&FedMessage) -> String + Send + Sync,
    mut listener: Listener,
    pieces: Pieces,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Gone> {
    // The first line tells the client that it is connected.
    let place = listener.place();
    let first = format!(": connected\nretry: 3000\nid: {place}\n\n");
    pieces.put(first).await?;
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let piece = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => break,
            () = pieces.gone() => return Err(Gone),
            // Messages that were not wanted have been heard, too.
            _ = heartbeat.tick() => format!(": still here\nid: {}\n\n", listener.place()),
            heard = listener.next() => {
                let id = listener.place();
                match heard {
                    Heard::Message(message)
                        if wanted.is(&message.kind, &message.visitor, || message.message()) =>
                    {
                        // An end of a line would end the event.
                        let data = on_one_line(write(&message));
                        format!("event: message\nid: {id}\ndata: {data}\n\n")
                    }
                    Heard::Message(_) => continue,
                    Heard::Missed(missed) => left_out("dropped", Some(missed), id),
                    Heard::Gap(missed) => left_out("gap", missed, id),
                    Heard::End => break,
                }
            }
        };
        pieces.put(piece).await?;
    }
    pieces.put("event: end\ndata: {}\n\n").await?;
    pieces.end().await
}

/// Which messages are asked for: all of it must hold.
pub(in crate::http) struct Wanted {
    kind: Option<Box<str>>,
    visitor: Option<VisitorId>,
    /// What the path begins with.
    page: Option<Box<str>>,
}

impl Wanted {
    /// What the parameters of an address ask for.
    ///
    /// # Errors
    /// When one of them says what it cannot.
    pub(in crate::http) fn of(uri: &Uri) -> Result<Self, HttpError> {
        let given = |name| query::parameter(uri, name).filter(|value| !value.is_empty());
        let wrong = |name, detail| HttpError::Query { name, detail };
        let kind = given("type");
        if kind.as_ref().is_some_and(|kind| !TYPES.contains(&&**kind)) {
            let detail = format!("\"type\" must be one of {}", TYPES.join(", "));
            return Err(wrong("type", detail));
        }
        let visitor = given("visitor").map(|id| VisitorId::parse(id.trim()));
        let visitor = visitor.transpose();
        let visitor = visitor.map_err(|error| wrong("visitor", format!("\"visitor\" {error}")))?;
        Ok(Self {
            kind: kind.map(|kind| (&*kind).into()),
            visitor,
            page: given("page").map(|page| (&*page).into()),
        })
    }

    /// The only visitor that is asked for, where one is.
    pub(in crate::http) const fn visitor(&self) -> Option<&VisitorId> {
        self.visitor.as_ref()
    }

    /// Whether a message of some type and visitor is asked for. It is read only where that matters.
    pub(in crate::http) fn is(
        &self,
        kind: &str,
        visitor: &VisitorId,
        read: impl FnOnce() -> Option<Message>,
    ) -> bool {
        let begins = |page: &str| read().is_some_and(|message| message.path().starts_with(page));
        self.kind.as_deref().is_none_or(|wanted| wanted == kind)
            && self.visitor.as_ref().is_none_or(|wanted| wanted == visitor)
            && self.page.as_deref().is_none_or(begins)
    }
}

/// Says that messages are missing, and how many where that is known.
fn left_out(event: &str, count: Option<u64>, id: Place) -> String {
    let count = count.map_or("null".to_owned(), |count| count.to_string());
    format!("event: {event}\nid: {id}\ndata: {{\"count\":{count}}}\n\n")
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
    if let Some(consent) = message.consent {
        json.text_member("consent", consent.name());
    }
    if let Some(context) = &message.context {
        json.name("batchContext");
        json.raw(context);
    }
    json.close('}');
    json.into_string()
}

pub(super) fn describe() -> Operation {
    let about = "Server-sent events, each of this shape, until somebody ends it.";
    let events = Reply::empty(StatusCode::OK, about);
    let one = object([
        may_have("event", one_of(["message", "dropped", "gap", "end"])),
        may_have("id", text().matching(Place::PATTERN)),
        may_have("data", text().with("contentMediaType", "application/json")),
        may_have("retry", count()),
    ]);
    Operation::new("Messages as they are committed")
        .details(
            "Events are `message`, `dropped` with how many were left out because they were taken too slowly, \
             `gap` where what came after `last_event_id` is not held any more, with how many that are or \
             null, and `end`.",
        )
        .takes(openapi::query(
            "type",
            one_of(TYPES).or_empty(),
            "Only of this type.",
        ))
        .takes(openapi::query(
            "visitor",
            id().or_empty(),
            "Only of this visitor.",
        ))
        .takes(openapi::query(
            "page",
            text(),
            "Only where the path of the page begins so.",
        ))
        .takes(openapi::query(
            "last_event_id",
            text().matching(Place::PATTERN).or_empty(),
            "Goes on after the event with this id. The header `Last-Event-ID` says the same, and counts \
             before this.",
        ))
        .gives(events.content("text/event-stream", one))
}
