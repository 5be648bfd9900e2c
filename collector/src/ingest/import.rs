//! Messages of another time, from a file: judged as those of requests are, but for their clock.
//! They say themselves when they happened, and nobody's clock is corrected any more.

use firstglance_engine::json::{Clock, Refusal, RefusalCode, SharedFields, read_message};
use firstglance_engine::model::Consent;
use firstglance_engine::{Milliseconds, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{MAX_MESSAGE_BYTES, Why, completion};
use crate::store::NewMessage;

/// How far ahead of the present a message may lie.
const MOST_AHEAD: Milliseconds = Milliseconds::from_minutes(5);

/// Judges one message, which is an object on one line.
///
/// # Errors
/// [`Why`] it is refused.
pub fn import(raw: &str, now: Timestamp) -> Result<NewMessage, Why> {
    if raw.len() > MAX_MESSAGE_BYTES {
        return Err(Why::TooLarge { bytes: raw.len() });
    }
    if !raw.starts_with('{') {
        return Err(Why::NoObject);
    }
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: Some(Timestamp::MAX),
    };
    let read = |raw: &str| read_message(raw, None, &SharedFields::default(), clock);
    let new = match read(raw) {
        Ok(message) => NewMessage {
            message,
            raw: raw.into(),
        },
        // It is made of the text, so that the same line counts once.
        Err(refusal) if refusal.code == RefusalCode::MissingMessageId => {
            if !is_timed(raw) {
                return Err(Why::Invalid(Refusal {
                    code: RefusalCode::MissingTimestamp,
                    field: "timestamp",
                    detail: "\"timestamp\" is missing; it must say when the event happened"
                        .to_owned(),
                }));
            }
            let raw = completion::completed(raw, None, now).ok_or(Why::NoObject)?;
            let message = read(&raw).map_err(Why::Invalid)?;
            NewMessage { message, raw }
        }
        Err(refusal) => return Err(Why::Invalid(refusal)),
    };
    if new.message.timestamp > now.plus(MOST_AHEAD) {
        return Err(Why::Invalid(Refusal {
            code: RefusalCode::FutureTimestamp,
            field: "timestamp",
            detail: format!(
                "\"timestamp\" lies in the future: {}, while the clock says {now}",
                new.message.timestamp
            ),
        }));
    }
    Ok(new)
}

/// The consent under which a message says that it came, as exports write it.
#[must_use]
pub fn imported_consent(raw: &str) -> Option<Consent> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow, default)]
        consent: Option<&'a RawValue>,
    }
    // Most of what is brought in says none.
    if !raw.contains("\"consent\"") {
        return None;
    }
    let said: Said<'_> = serde_json::from_str(raw).ok()?;
    let name: String = serde_json::from_str(said.consent?.get()).ok()?;
    Consent::from_name(&name)
}

/// Whether a message says when it happened. One of another time did not just happen.
fn is_timed(raw: &str) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Times {
        #[serde(default)]
        timestamp: Option<IgnoredAny>,
        #[serde(default)]
        original_timestamp: Option<IgnoredAny>,
    }
    let times = serde_json::from_str::<Times>(raw);
    times.is_ok_and(|one| one.timestamp.is_some() || one.original_timestamp.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_another_time() {
        let now = Timestamp::parse("2026-01-02T03:04:05Z").unwrap();
        for (raw, expected) in [
            (
                r#"{"type":"page","messageId":"m","anonymousId":"a","timestamp":"2020-01-01T00:00:00Z","sentAt":"1999-01-01T00:00:00Z"}"#,
                Ok("2020-01-01T00:00:00.000Z"),
            ),
            (
                r#"{"type":"page","anonymousId":"a","timestamp":"2020-01-01T00:00:00Z"}"#,
                Ok("2020-01-01T00:00:00.000Z"),
            ),
            (
                r#"{"type":"page","messageId":"m","anonymousId":"a"}"#,
                Err("missing_timestamp"),
            ),
            (
                r#"{"type":"page","messageId":"m","anonymousId":"a","timestamp":"2026-01-02T03:10:05Z"}"#,
                Err("future_timestamp"),
            ),
            (
                r#"{"type":"page","anonymousId":"a"}"#,
                Err("missing_timestamp"),
            ),
            ("[]", Err("malformed")),
        ] {
            let judged = import(raw, now);
            let at = judged.as_ref().map(|new| new.message.timestamp.to_string());
            let at = at.as_deref().map_err(|why| why.tag());
            assert_eq!(at, expected, "{raw}");
        }
    }

    #[test]
    fn consent_that_exports_tell() {
        for (raw, expected) in [
            (r#"{"consent":"segments","a":1}"#, Some(Consent::Segments)),
            (r#"{"a":{"consent":"segments"}}"#, None),
            (r#"{"consent":"all"}"#, None),
            (r#"{"consent":{"categories":[]}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(imported_consent(raw), expected, "{raw}");
        }
    }
}
