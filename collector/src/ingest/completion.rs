//! Completes a message that Segment's specification allows to lack its id or its time, so that what
//! is stored says both. Only what is missing is added; never called for messages that have both.
//!
//! Source: Segment, "HTTP Tracking API Source" (its examples have no `messageId`) and "Spec: Common
//! Fields" (`timestamp` is left out where the event just happened).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use firstglance_engine::Timestamp;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::hexadecimal::hexadecimal;

/// Bytes of a digest that are enough to tell messages apart.
const ID_BYTES: usize = 16;

/// The text with `messageId` and `timestamp`; every other field is as it came. Nothing where the
/// text is no object.
pub(super) fn completed(
    raw: &str,
    sent_at: Option<&str>,
    received_at: Timestamp,
) -> Option<Box<str>> {
    // Keys may hold escapes, which only an owned text can stand for.
    let mut fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw).ok()?;
    let present = |fields: &BTreeMap<Cow<'_, str>, &RawValue>, name: &str| {
        fields.get(name).is_some_and(|value| value.get() != "null")
    };
    let has_time = present(&fields, "timestamp") || present(&fields, "originalTimestamp");
    let id = serde_json::value::to_raw_value(&id(raw, has_time)).ok()?;
    if !present(&fields, "messageId") {
        fields.insert("messageId".into(), &id);
    }
    // What just happened did so when it was sent: by the sender's clock, as all its times are.
    let sent_at = sent_at.map(str::to_owned);
    let now = sent_at.unwrap_or_else(|| received_at.to_string());
    let now = serde_json::value::to_raw_value(&now).ok()?;
    if !has_time {
        let own = fields.get("sentAt").copied();
        let own = own.filter(|own| own.get() != "null");
        fields.insert("timestamp".into(), own.unwrap_or(&now));
    }
    serde_json::to_string(&fields).ok().map(Into::into)
}

/// The same for the same message, so that a repeated request counts once. Where a message does not
/// say when it happened, the same text may well mean a second event, and each has an id of its own.
fn id(raw: &str, has_time: bool) -> String {
    /// Random in each process, so that ids of one do not come again in the next.
    static PROCESS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut digest = Sha256::new_with_prefix(raw);
    if !has_time {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        digest.update(PROCESS.hash_one("ids").to_le_bytes());
        digest.update(number.to_le_bytes());
    }
    format!("auto-{}", hexadecimal(&digest.finalize()[..ID_BYTES]))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn complete(raw: &str, sent_at: Option<&str>) -> Value {
        let received_at = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        serde_json::from_str(&completed(raw, sent_at, received_at).unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_missing_is_added() {
        let sent = Some("2020-01-01T00:00:00Z");
        for (raw, sent_at, id, timestamp) in [
            (r#"{"x":1.50e3}"#, None, None, "2026-01-02T03:04:05.000Z"),
            (r#"{}"#, sent, None, "2020-01-01T00:00:00Z"),
            (r#"{"sentAt":"then"}"#, None, None, "then"),
            (r#"{"sentAt":null}"#, sent, None, "2020-01-01T00:00:00Z"),
            (r#"{"timestamp":"t"}"#, sent, None, "t"),
            (r#"{"time\u0073tamp":"t"}"#, sent, None, "t"),
            (
                r#"{"messageId":"m","timestamp":null}"#,
                sent,
                Some("m"),
                "2020-01-01T00:00:00Z",
            ),
        ] {
            let message = complete(raw, sent_at);
            assert_eq!(message["timestamp"], timestamp, "{raw}");
            let given = message["messageId"].as_str().unwrap();
            assert!(
                id.map_or(given.len() == 37, |id| id == given),
                "{raw} {given}"
            );
        }
        let original = complete(r#"{"originalTimestamp":"t"}"#, sent);
        assert!(original.get("timestamp").is_none());
        let exact = completed(r#"{"messageId":"m","x":1.50e3}"#, sent, Timestamp::MAX).unwrap();
        assert!(exact.contains(r#""x":1.50e3"#));
        for raw in ["[]", "{", "5"] {
            assert_eq!(completed(raw, None, Timestamp::MAX), None);
        }
    }

    #[test]
    fn who_says_when_it_happened_may_repeat_it() {
        let id = |raw: &str| complete(raw, None)["messageId"].clone();
        let timed = r#"{"event":"a","timestamp":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(id(timed), id(timed));
        assert_ne!(id(timed), id(&timed.replace('a', "b")));
        assert_ne!(id(r#"{"event":"a"}"#), id(r#"{"event":"a"}"#));
    }
}
