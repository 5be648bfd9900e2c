//! The wire format: what is read, what is refused and why, and that writing and reading agree.
#![cfg(feature = "json")]
#![allow(clippy::unwrap_used, missing_docs)]

use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::{Message, Properties, Timestamp, Value};
use proptest::prelude::*;

fn clock() -> Clock {
    Clock {
        received_at: Timestamp::parse("2026-11-23T12:00:00Z").unwrap(),
        sent_at: None,
    }
}

fn read(json: &str) -> Result<Message, String> {
    read_message(json, None, &SharedFields::default(), clock()).map_err(|refusal| {
        format!(
            "{} {}: {}",
            refusal.code.tag(),
            refusal.field,
            refusal.detail
        )
    })
}

#[test]
fn messages_that_are_refused() {
    let deep = format!(
        r#"{{"type":"track","event":"e","messageId":"m","anonymousId":"a","timestamp":"2026-11-23T11:00:00Z","properties":{{"x":{}1{}}}}}"#,
        "[".repeat(20),
        "]".repeat(20)
    );
    let deeper = "[".repeat(100_000);
    let many = format!(
        r#"{{"type":"track","event":"e","messageId":"m","anonymousId":"a","timestamp":"2026-11-23T11:00:00Z","properties":{{"x":[{}1]}}}}"#,
        "1,".repeat(999)
    );
    for (json, expected) in [
        ("", "malformed : EOF while parsing a value"),
        ("{", "malformed : EOF while parsing an object"),
        ("7", "malformed : invalid type: integer `7`"),
        (
            r#"["track","m","a"]"#,
            "malformed : invalid type: sequence, expected an object",
        ),
        (
            r#"{"type":"page","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z","context":[]}"#,
            "malformed : invalid type: sequence, expected an object",
        ),
        (
            r#"{"type":"track","type":"page"}"#,
            "malformed : duplicate field `type`",
        ),
        (r#"{"type":7}"#, "malformed : invalid type"),
        (r#"{"messageId":"m"}"#, "missing_type type: "),
        (r#"{"type":"track"}"#, "missing_message_id messageId: "),
        (
            r#"{"type":"track","messageId":""}"#,
            "invalid_id messageId: \"messageId\" must not be empty",
        ),
        (
            r#"{"type":"track","messageId":"m"}"#,
            "missing_visitor anonymousId: ",
        ),
        (
            r#"{"type":"track","messageId":"m","anonymousId":"","userId":null}"#,
            "missing_visitor anonymousId: ",
        ),
        (
            r#"{"type":"track","messageId":"m","anonymousId":"user:7"}"#,
            "invalid_id anonymousId: \"anonymousId\" must not start with",
        ),
        (
            r#"{"type":"track","messageId":"m","userId":"\u0000"}"#,
            "invalid_id userId: ",
        ),
        (
            r#"{"type":"track","messageId":"m","userId":"u"}"#,
            "missing_timestamp timestamp: ",
        ),
        (
            r#"{"type":"track","messageId":"m","userId":"u","timestamp":"today"}"#,
            "invalid_timestamp timestamp: \"timestamp\" is \"today\", which is not an RFC 3339",
        ),
        (
            r#"{"type":"track","messageId":"m","userId":"u","timestamp":"2026-11-23T12:05:01Z"}"#,
            "future_timestamp timestamp: ",
        ),
        (
            r#"{"type":"track","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z"}"#,
            "missing_field event: ",
        ),
        (
            r#"{"type":"alias","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z"}"#,
            "missing_field previousId: ",
        ),
        (
            r#"{"type":"group","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z"}"#,
            "missing_field groupId: ",
        ),
        (
            r#"{"type":"tracks","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z"}"#,
            "unknown_type type: \"type\" is \"tracks\"; it must be one of",
        ),
        (
            r#"{"type":"page","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z","properties":[]}"#,
            "malformed : expected an object",
        ),
        (
            &deep,
            "too_deep : properties and traits may be nested at most 16 deep",
        ),
        (&deeper, "malformed "),
        (
            &many,
            "too_many_properties : properties and traits may have at most 1000 names and values",
        ),
    ] {
        let refused = read(json).unwrap_err();
        let shown = &json[..json.len().min(120)];
        assert!(
            refused.starts_with(expected),
            "{shown}\n  got {refused}\n  not {expected}"
        );
    }
}

#[test]
fn clocks_of_senders_are_corrected() {
    for (timestamp, sent, expected) in [
        ("2026-11-23T11:59:00Z", None, "2026-11-23T11:59:00.000Z"),
        (
            "2026-11-23T11:59:00Z",
            Some("2026-11-23T12:00:00Z"),
            "2026-11-23T11:59:00.000Z",
        ),
        (
            "1990-01-01T00:00:00Z",
            Some("1990-01-01T00:01:00Z"),
            "2026-11-23T11:59:00.000Z",
        ),
        (
            "2050-01-01T00:00:00Z",
            Some("2050-01-01T00:01:00Z"),
            "2026-11-23T11:59:00.000Z",
        ),
    ] {
        let json =
            format!(r#"{{"type":"page","messageId":"m","userId":"u","timestamp":"{timestamp}"}}"#);
        let clock = Clock {
            sent_at: sent.map(|text| Timestamp::parse(text).unwrap()),
            ..clock()
        };
        let message = read_message(&json, None, &SharedFields::default(), clock).unwrap();
        assert_eq!(message.timestamp.to_string(), expected);
    }
}

#[test]
fn campaigns_come_from_the_context_or_from_the_address() {
    let fold = |context: &str| {
        let json = format!(
            r#"{{"type":"page","messageId":"m","userId":"u","timestamp":"2026-11-23T11:00:00Z","context":{context}}}"#
        );
        let mut profile = firstglance_engine::Profile::new();
        profile.fold(&read(&json).unwrap(), &firstglance_engine::Model::default());
        profile
            .last_touch()
            .map(|touch| touch.campaign.as_lines().to_owned())
    };
    let address = r#""page":{"url":"https://h/?utm_source=a&utm_campaign=b&gclid=c"}"#;
    for (context, expected) in [
        (
            format!("{{{address}}}"),
            "utm_source=a\nutm_campaign=b\ngclid=c\n",
        ),
        (
            format!(r#"{{{address},"campaign":{{"source":"x","name":"y"}}}}"#),
            "utm_source=x\nutm_campaign=y\n",
        ),
        (
            r#"{"click_id":{"name":"fbclid","value":"z"}}"#.to_owned(),
            "fbclid=z\n",
        ),
    ] {
        assert_eq!(fold(&context).as_deref(), Some(expected), "{context}");
    }
}

#[test]
fn a_batch_says_once_what_its_messages_share() {
    let shared = SharedFields::read(Some(
        r#"{"locale":"nl-NL","library":{"name":"firstglance","version":"1"},"page":{"url":"https://h/"}}"#,
    ))
    .unwrap();
    let own = r#"{"type":"page","messageId":"m","userId":7,"timestamp":"2026-11-23T11:00:00Z","context":{"page":{"path":"/x"}}}"#;
    let message = read_message(own, None, &shared, clock()).unwrap();
    assert_eq!(message.context.locale.as_deref(), Some("nl-NL"));
    assert_eq!(message.context.library.as_deref(), Some("firstglance"));
    assert_eq!(
        (&*message.context.page.path, &*message.context.page.url),
        ("/x", "")
    );
    assert_eq!(message.visitor.as_str(), "user:7");
    assert!(SharedFields::read(Some("[")).is_err());
}

proptest! {
    /// A value that the writer wrote is the value that the reader reads.
    #[test]
    fn what_is_written_is_read(number: f64, text in "\\PC{0,12}|[\"\\\\\n\t<&\u{0}]{1,4}", yes: bool) {
        let mut inner = Properties::new();
        inner.set("yes", Value::Bool(yes));
        let mut properties = Properties::new();
        properties.set("number", number);
        properties.set("whole", (number % 1e15).round());
        properties.set("text", &*text);
        properties.set("list", Value::List(vec![Value::Null, Value::Object(inner)]));
        let mut json = JsonWriter::default();
        json.open('{');
        for (name, value) in [("type", "page"), ("messageId", "m"), ("userId", "u"), ("timestamp", "2026-11-23T11:00:00Z")] {
            json.text_member(name, value);
        }
        json.name("properties");
        json.properties(&properties);
        json.close('}');
        let message = read(json.as_str());
        let message = message.as_ref().map(|message| message.kind.properties());
        prop_assert_eq!(message, Ok(Some(&properties)), "{}", json.as_str());
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC*|[\\[\\]{}\",:0-9a-z]*") {
        let _ = read(&text);
    }
}
