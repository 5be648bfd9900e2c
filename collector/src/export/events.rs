//! Events: as messages that can be taken in again, and as rows.
//!
//! A message leaves as it came, but for what it needs to stand by itself: the context that its
//! request gave for all messages, the consent that it said, its type, and its time by the collector's clock. What is of its
//! way and not of itself is left out (`sentAt`, `writeKey`), so that nobody corrects its time again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use firstglance_engine::model::Consent;
use firstglance_engine::{Message, MessageKind, VisitorId, campaign};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::table::{Cell, Column, Kind, column, on_one_line};
use crate::store::TimelineEntry;

/// The columns, in order.
pub const COLUMNS: &[Column] = &[
    column("visitor_id", Kind::Text),
    column("user_id", Kind::Text),
    column("message_id", Kind::Text),
    column("type", Kind::Text),
    column("event", Kind::Text),
    column("timestamp", Kind::Moment),
    column("received_at", Kind::Moment),
    column("url", Kind::Text),
    column("path", Kind::Text),
    column("title", Kind::Text),
    column("referrer", Kind::Text),
    column("utm_source", Kind::Text),
    column("utm_medium", Kind::Text),
    column("utm_campaign", Kind::Text),
    column("utm_term", Kind::Text),
    column("utm_content", Kind::Text),
    column("utm_id", Kind::Text),
    column("utm_source_platform", Kind::Text),
    column("utm_creative_format", Kind::Text),
    column("utm_marketing_tactic", Kind::Text),
    column("click_id_name", Kind::Text),
    column("click_id", Kind::Text),
    column("language", Kind::Text),
    column("library", Kind::Text),
    column("properties", Kind::Json),
    column("traits", Kind::Json),
    column("consent", Kind::Text),
];

/// Names of members that a message does not need once it is stored.
const OF_THE_WAY: [&str; 3] = ["sentAt", "writeKey", "originalTimestamp"];

/// Members of an object, as they came.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// A stored message on one line, for whoever takes in messages of Segment's specification. Nothing
/// where what is stored is no object.
#[must_use]
pub fn message(entry: &TimelineEntry) -> Option<String> {
    let mut members: Members<'_> = serde_json::from_str(&entry.raw).ok()?;
    for name in OF_THE_WAY {
        members.remove(name);
    }
    let raw = |text: &str| serde_json::value::to_raw_value(text).ok();
    let (kind, id) = (raw(&entry.kind)?, raw(&entry.message_id)?);
    let (at, received) = (
        raw(&entry.position.timestamp.to_string())?,
        raw(&entry.received_at.to_string())?,
    );
    let consent = match entry.consent {
        Some(consent) => Some(raw(consent.name())?),
        None => None,
    };
    let context = context(members.get("context").copied(), entry.context.as_deref());
    for (name, value) in [
        ("type", Some(&kind)),
        ("messageId", Some(&id)),
        ("timestamp", Some(&at)),
        ("receivedAt", Some(&received)),
        ("consent", consent.as_ref()),
        ("context", context.as_ref()),
    ] {
        if let Some(value) = value {
            members.insert(name.into(), value);
        }
    }
    serde_json::to_string(&members).ok().map(on_one_line)
}

/// The message's own context, where it has one, with what the request's says besides.
fn context(own: Option<&RawValue>, shared: Option<&str>) -> Option<Box<RawValue>> {
    let shared: Members<'_> = serde_json::from_str(shared?).ok()?;
    let own: Members<'_> = match own {
        None => Members::new(),
        Some(own) => serde_json::from_str(own.get()).unwrap_or_default(),
    };
    let mut both = shared;
    both.extend(own);
    serde_json::value::to_raw_value(&both).ok()
}

/// The row of a stored message.
#[must_use]
pub fn row(visitor: &VisitorId, entry: &TimelineEntry) -> Vec<Cell> {
    let read = entry.message();
    let message = read.as_ref();
    let context = message.map(|message| &message.context);
    let page = context.map(|context| &context.page);
    let click = context.and_then(|context| context.campaign.click_id());
    let fields = Fields::read(&entry.raw);
    let mut row = vec![
        Cell::text(visitor.as_str()),
        Cell::maybe(message.and_then(|one| Some(one.user_id.as_ref()?.as_str()))),
        Cell::text(&entry.message_id),
        Cell::text(&entry.kind),
        Cell::maybe(message.and_then(name)),
        Cell::Moment(entry.position.timestamp),
        Cell::Moment(entry.received_at),
    ];
    // What a page view says of its page stands in its properties as well.
    let of_page = |from_context: Option<&str>, property: &str| {
        let said = message.and_then(|one| one.kind.properties()?.text(property));
        Cell::maybe(said.filter(|said| !said.is_empty()).or(from_context))
    };
    row.push(of_page(page.map(|page| &*page.url), "url"));
    row.push(of_page(page.map(|page| &*page.path), "path"));
    row.push(of_page(page.map(|page| &*page.title), "title"));
    row.push(of_page(page.map(|page| &*page.referrer), "referrer"));
    for parameter in campaign::fields() {
        row.push(Cell::maybe(
            context.map(|context| context.campaign.get(parameter)),
        ));
    }
    row.extend([
        Cell::maybe(click.as_ref().map(|click| click.name)),
        Cell::maybe(click.as_ref().map(|click| click.value)),
        Cell::maybe(context.and_then(|context| context.locale.as_deref())),
        Cell::maybe(context.and_then(|context| context.library.as_deref())),
        Cell::maybe(fields.properties.map(RawValue::get)),
        Cell::maybe(fields.traits.map(RawValue::get)),
        Cell::maybe(entry.consent.map(Consent::name)),
    ]);
    row
}

/// What was done, or which page, screen, group or name the message is about.
fn name(message: &Message) -> Option<&str> {
    match &message.kind {
        MessageKind::Track { event, .. } => Some(event),
        MessageKind::Page { name, .. } | MessageKind::Screen { name, .. } => name.as_deref(),
        MessageKind::Group { group_id, .. } => Some(group_id),
        MessageKind::Alias { previous_id } => Some(previous_id),
        MessageKind::Identify { .. } => None,
    }
}

/// Objects of a message, as they came.
#[derive(Default, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    traits: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    fn read(raw: &'a str) -> Self {
        serde_json::from_str(raw).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Timestamp;

    use super::*;
    use crate::store::{Position, Source};

    fn entry(raw: &str, context: Option<&str>) -> TimelineEntry {
        TimelineEntry {
            position: Position {
                timestamp: Timestamp::parse("2026-01-02T03:04:05.678Z").unwrap(),
                record: 0,
                index: 0,
            },
            received_at: Timestamp::parse("2026-01-02T03:04:06Z").unwrap(),
            message_id: "m".into(),
            kind: "page".into(),
            source: Source::Sender,
            raw: raw.into(),
            consent: None,
            context: context.map(Into::into),
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let visitor = VisitorId::parse("a").unwrap();
        for raw in [
            "{}",
            "5",
            r#"{"messageId":"m","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z"}"#,
        ] {
            assert_eq!(
                row(&visitor, &entry(raw, None)).len(),
                COLUMNS.len(),
                "{raw}"
            );
        }
        let utm: Vec<&str> = campaign::fields().collect();
        let named: Vec<&str> = COLUMNS.iter().map(|one| one.name).collect();
        assert!(named.windows(utm.len()).any(|some| *some == *utm));
    }

    #[test]
    fn a_message_stands_by_itself() {
        for (raw, context, expected) in [
            (
                "{\"messageId\":\"m\",\n \"sentAt\":\"x\",\"writeKey\":\"k\",\"timestamp\":\"1990-01-01T00:00:00Z\"}",
                None,
                r#"{"messageId":"m","receivedAt":"2026-01-02T03:04:06.000Z","timestamp":"2026-01-02T03:04:05.678Z","type":"page"}"#,
            ),
            (
                r#"{"context":{"page":{"url":"x"}},"properties":{"a": 1.50}}"#,
                Some(r#"{"locale":"nl","page":{"url":"y"}}"#),
                r#"{"context":{"locale":"nl","page":{"url":"x"}},"messageId":"m","properties":{"a": 1.50},"receivedAt":"2026-01-02T03:04:06.000Z","timestamp":"2026-01-02T03:04:05.678Z","type":"page"}"#,
            ),
        ] {
            assert_eq!(message(&entry(raw, context)).as_deref(), Some(expected));
        }
        assert_eq!(message(&entry("5", None)), None);
        let broken = message(&entry("{\"a\":\n[1,\r2]}", None)).unwrap();
        assert!(!broken.contains(['\n', '\r']), "{broken}");
    }
}
