//! Ingest: from the bytes of a request to what the store is asked to commit.
//!
//! Authenticates, bounds and validates. A request is refused as a whole only when nothing in it
//! can be trusted; otherwise each message is judged by itself, and good ones are kept beside bad
//! ones. Never waits for anything and knows nothing of HTTP but what the caller passes in.

mod address;
mod completion;
mod envelope;
mod error;
mod forget;
mod import;
mod limit;
mod link;
mod pace;
mod refusal;
mod rename;
mod sender;

use std::borrow::Cow;

use firstglance_engine::json::{Clock, Refusal, RefusalCode, SharedFields, read_message};
use firstglance_engine::model::Consent;
use firstglance_engine::{Message, Timestamp, VisitorId};

use crate::cookie;
use crate::store::{Claim, ClaimDigest, Commit, NewMessage};
use envelope::Envelope;
pub use envelope::write_key;
pub use error::IngestError;
pub use forget::{Forget, forget};
pub use import::{import, imported_consent};
pub use limit::{Share, Wait};
pub use link::{Link, LinkKind, Opened, link};
use pace::Pace;
pub use refusal::{AUTOMATED, Refused, Why};
pub use sender::{KeptAddress, Sender};

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Largest message, in bytes of JSON.
pub const MAX_MESSAGE_BYTES: usize = 32 * 1024;

/// Largest context of a batch, in bytes of JSON: it is stored once with each visitor's messages.
pub const MAX_CONTEXT_BYTES: usize = 8 * 1024;

/// Most messages of a batch.
pub const MAX_MESSAGES: usize = 1_000;

/// Most messages that a page can have dropped between two batches. No page captures as many.
pub const MAX_DROPPED: u32 = 1_000_000;

/// Types that messages can have.
pub const TYPES: [&str; 6] = ["track", "page", "screen", "identify", "alias", "group"];

/// What a request's address says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Several messages in `batch`.
    Batch,
    /// One message of this type, which is the body.
    Single(&'static str),
}

/// A request, as far as ingest is concerned.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What its address says.
    pub form: Form,
    /// Its body.
    pub body: &'a [u8],
    /// The write key from its headers, where there is one.
    pub header_key: Option<&'a str>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Who sent it, where that is told without an identifier on the device. It takes the place of
    /// whatever name a page gives that says to keep none.
    pub daily_visitor: Option<&'a VisitorId>,
    /// What is told of the sender besides.
    pub sender: Sender<'a>,
}

/// A request whose messages have been judged.
#[derive(Debug)]
pub struct Judged {
    /// What is to be committed: the good messages.
    pub commit: Commit,
    /// The place in the request of each of them.
    places: Vec<usize>,
    /// The others.
    pub refused: Vec<Refused>,
    /// Whether the visitor allows a cookie, as far as this request says.
    pub cookie_allowed: bool,
    /// Messages that the page had to drop, by its own account.
    pub dropped: u32,
}

/// Judges a request.
///
/// # Errors
/// [`IngestError`] when the request is refused as a whole.
pub fn judge(request: Request<'_>, write_key: &str) -> Result<Judged, IngestError> {
    let envelope = Envelope::read(utf8(request.body)?, request.form)?;
    let given = envelope.write_key.as_deref().or(request.header_key);
    authenticate(given, write_key)?;
    let consent = consent(envelope.consent.as_deref())?;
    let claim = claim(envelope.claim.as_deref())?;
    let dropped = dropped(envelope.dropped)?;
    let sent_text = envelope.sent_at.clone();
    let sent_text = sent_text.as_deref();
    let sent_at = sent_at(sent_text)?;
    let context = envelope.context;
    let sender = &request.sender;
    let is_driven = sender::is_driven(context);
    let cookieless = envelope.cookieless;
    let daily_visitor = request.daily_visitor.filter(|_| cookieless);
    let messages = envelope.messages()?;
    if messages.len() > MAX_MESSAGES {
        return Err(IngestError::TooManyMessages {
            count: messages.len(),
        });
    }
    if context.is_some_and(|context| !context.starts_with('{')) {
        return Err(IngestError::InvalidField {
            field: "context",
            detail: "\"context\" must be an object".to_owned(),
        });
    }
    if let Some(context) = context.filter(|context| context.len() > MAX_CONTEXT_BYTES) {
        return Err(IngestError::InvalidField {
            field: "context",
            detail: format!(
                "\"context\" has {} bytes; it may have {MAX_CONTEXT_BYTES}",
                context.len()
            ),
        });
    }
    let shared = SharedFields::read(context).map_err(|refusal| IngestError::InvalidField {
        field: "context",
        detail: format!("\"context\" {}", refusal.detail),
    })?;
    let clock = Clock {
        received_at: request.received_at,
        sent_at,
    };

    let default_type = match request.form {
        Form::Single(name) => Some(name),
        Form::Batch => None,
    };
    let read = |raw: &str| read_message(raw, default_type, &shared, clock);
    let mut good = Vec::with_capacity(messages.len());
    let mut places = Vec::with_capacity(messages.len());
    let mut refused = Vec::new();
    let hasty = messages.len() > pace::MOST && sender.is_browser_of_anybody();
    let mut pace = hasty.then(Pace::default);
    for (index, raw) in messages.into_iter().enumerate() {
        let raw = &*sender.without_address(raw);
        let outcome = if raw.len() > MAX_MESSAGE_BYTES {
            Err(Why::TooLarge { bytes: raw.len() })
        } else if !raw.starts_with('{') {
            Err(Why::NoObject)
        } else {
            let complete = || completion::completed(raw, sent_text, request.received_at);
            judge_message(raw, read, complete)
        };
        let outcome = outcome.and_then(|new| match sender.robot(&new.message, is_driven) {
            None if pace
                .as_mut()
                .is_some_and(|pace| pace.is_inhuman(&new.message)) =>
            {
                let by = "a program that looks at pages faster than people do".to_owned();
                Err(Why::Automated { by })
            }
            None => Ok(new),
            Some(by) => Err(Why::Automated { by }),
        });
        match outcome {
            Ok(new) => {
                good.push(new);
                places.push(index);
            }
            Err(why) => refused.push(Refused::new(request.form, index, raw, why)),
        }
    }
    if let Some(visitor) = daily_visitor {
        name(&mut good, visitor);
    }
    // Who keeps nothing has nothing to prove; and a name that others share belongs to nobody.
    let claimed = only_visitor(&good).filter(|_| !cookieless);
    let claim = claimed.map(|visitor| Claim {
        visitor: visitor.clone(),
        digest: claim,
    });
    let context = context.map(|context| sender.context_without_address(context));
    let context = match consent {
        // Nothing but what follows from the page's own rules is to be known.
        Some(Consent::Segments) => context,
        _ => sender
            .complete(context.as_deref())
            .map(|told| told.into_owned().into()),
    };
    Ok(Judged {
        commit: Commit {
            received_at: request.received_at,
            consent,
            context: context.map(|context| (&*context).into()),
            messages: good,
            claim,
        },
        places,
        refused,
        dropped,
        cookie_allowed: !cookieless && matches!(consent, None | Some(Consent::Granted)),
    })
}

/// Reads a message; one that may lack what it lacks is completed and then read as if it had come so.
fn judge_message(
    raw: &str,
    read: impl Fn(&str) -> Result<Message, Refusal>,
    complete: impl Fn() -> Option<Box<str>>,
) -> Result<NewMessage, Why> {
    let refusal = match read(raw) {
        Ok(message) => {
            let raw = raw.into();
            return Ok(NewMessage { message, raw });
        }
        Err(refusal) => refusal,
    };
    match refusal.code {
        RefusalCode::MissingMessageId | RefusalCode::MissingTimestamp => {
            let raw = complete().ok_or(Why::Invalid(refusal))?;
            let message = read(&raw).map_err(Why::Invalid)?;
            Ok(NewMessage { message, raw })
        }
        _ => Err(Why::Invalid(refusal)),
    }
}

fn utf8(body: &[u8]) -> Result<&str, IngestError> {
    std::str::from_utf8(body).map_err(|error| IngestError::BadUtf8 {
        at: error.valid_up_to(),
    })
}

fn authenticate(given: Option<&str>, write_key: &str) -> Result<(), IngestError> {
    match given {
        Some(key) if key == write_key => Ok(()),
        Some(_) => Err(IngestError::WrongKey),
        None => Err(IngestError::MissingKey),
    }
}

/// Gives the messages of a page another name for their visitor.
fn name(messages: &mut [NewMessage], visitor: &VisitorId) {
    for new in messages {
        if !is_anonymous(&new.message.visitor) {
            continue;
        }
        new.message.visitor = visitor.clone();
        // It was read as an object before.
        if let Some(raw) = rename::renamed(&new.raw, visitor) {
            new.raw = raw.into();
        }
    }
}

/// The visitor, where all messages are of one that has an anonymous id.
fn only_visitor(messages: &[NewMessage]) -> Option<&VisitorId> {
    let (first, rest) = messages.split_first()?;
    let visitor = &first.message.visitor;
    let only = rest.iter().all(|other| other.message.visitor == *visitor);
    (is_anonymous(visitor) && only).then_some(visitor)
}

/// Whether a visitor is known by a browser's name for it, and not by that of a user.
fn is_anonymous(visitor: &VisitorId) -> bool {
    VisitorId::anonymous(visitor.as_str()).is_ok()
}

fn consent(text: Option<&str>) -> Result<Option<Consent>, IngestError> {
    let Some(text) = text else { return Ok(None) };
    match Consent::from_name(text) {
        Some(consent) => Ok(Some(consent)),
        None => Err(IngestError::InvalidField {
            field: "consent",
            detail: "\"consent\" must be granted, segments, session or denied".to_owned(),
        }),
    }
}

fn claim(text: Option<&str>) -> Result<Option<ClaimDigest>, IngestError> {
    let Some(text) = text else { return Ok(None) };
    match cookie::claim_digest(text) {
        Some(digest) => Ok(Some(digest)),
        None => Err(IngestError::InvalidField {
            field: "claim",
            detail: "\"claim\" must be a random text of 16 to 128 bytes".to_owned(),
        }),
    }
}

/// The count as it is in JSON, where a whole number may have a fraction of zero.
fn dropped(count: f64) -> Result<u32, IngestError> {
    let is_whole = count.fract() == 0.0 && (0.0..=f64::from(MAX_DROPPED)).contains(&count);
    is_whole
        .then_some(count as u32)
        .ok_or_else(|| IngestError::InvalidField {
            field: "dropped",
            detail: format!("\"dropped\" must be a whole number of at most {MAX_DROPPED}"),
        })
}

fn sent_at(text: Option<&str>) -> Result<Option<Timestamp>, IngestError> {
    let Some(text) = text else { return Ok(None) };
    match Timestamp::parse(text) {
        Ok(moment) => Ok(Some(moment)),
        Err(error) => Err(IngestError::InvalidField {
            field: "sentAt",
            detail: format!("\"sentAt\" {error}"),
        }),
    }
}

/// A text field that may hold escapes.
type Field<'a> = Option<Cow<'a, str>>;

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str =
        r#"{"type":"page","messageId":"m1","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z"}"#;

    fn judge_text(form: Form, body: &str) -> Result<Judged, IngestError> {
        let request = Request {
            form,
            body: body.as_bytes(),
            header_key: None,
            received_at: Timestamp::parse("2026-01-02T03:04:06Z").unwrap(),
            daily_visitor: None,
            sender: Sender::default(),
        };
        judge(request, "k")
    }

    #[test]
    fn good_messages_are_kept_beside_bad_ones() {
        let body = format!(r#"{{"writeKey":"k","batch":[{MESSAGE},5,{{"messageId":"m2"}}]}}"#);
        let judged = judge_text(Form::Batch, &body).unwrap();
        assert_eq!(judged.commit.messages.len(), 1);
        assert_eq!(&*judged.commit.messages[0].raw, MESSAGE);
        let refused: Vec<_> = judged
            .refused
            .iter()
            .map(|one| (one.index, one.message_id.as_deref(), one.why.tag()))
            .collect();
        assert_eq!(
            refused,
            [(1, None, "malformed"), (2, Some("m2"), "missing_type")]
        );
    }

    #[test]
    fn what_was_dropped_is_a_whole_number_however_it_is_written() {
        for (dropped, expected) in [("7", 7), ("7.0", 7), ("1e6", MAX_DROPPED), ("null", 0)] {
            let body = format!(r#"{{"writeKey":"k","dropped":{dropped},"batch":[]}}"#);
            let judged = judge_text(Form::Batch, &body).unwrap();
            assert_eq!(judged.dropped, expected, "{dropped}");
        }
    }

    #[test]
    fn only_one_anonymous_visitor_can_be_claimed() {
        let other = MESSAGE.replace("\"a\"", "\"b\"");
        let user = MESSAGE.replace("anonymousId", "userId");
        for (messages, expected) in [
            (MESSAGE.to_owned(), Some("a")),
            (format!("{MESSAGE},{MESSAGE}"), Some("a")),
            (format!("{MESSAGE},{other}"), None),
            (user, None),
            (String::new(), None),
        ] {
            let body = format!(r#"{{"writeKey":"k","batch":[{messages}]}}"#);
            let judged = judge_text(Form::Batch, &body).unwrap();
            let claimed = judged.commit.claim.map(|claim| claim.visitor);
            assert_eq!(claimed.as_ref().map(VisitorId::as_str), expected, "{body}");
        }
    }

    #[test]
    fn consent_decides_about_the_cookie() {
        for (consent, expected) in [
            ("", true),
            (r#""consent":"granted","#, true),
            (r#""consent":"segments","#, false),
            (r#""consent":"session","#, false),
            (r#""consent":"denied","#, false),
        ] {
            let body = format!(r#"{{"writeKey":"k",{consent}"batch":[{MESSAGE}]}}"#);
            let judged = judge_text(Form::Batch, &body).unwrap();
            assert_eq!(judged.cookie_allowed, expected, "{consent}");
        }
    }

    #[test]
    fn who_keeps_no_identifier_is_named_by_the_collector() {
        let daily = VisitorId::anonymous("daily-x").unwrap();
        let user = MESSAGE.replace("anonymousId", "userId");
        let both = MESSAGE.replace(r#""type""#, r#""userId":"jo","type""#);
        let claim = r#""claim":"0123456789abcdef","#;
        for (said, on, expected) in [
            (
                r#""cookieless":true,"#,
                true,
                ["daily-x", "user:a", "daily-x"],
            ),
            (r#""cookieless":true,"#, false, ["a", "user:a", "a"]),
            (r#""cookieless":false,"#, true, ["a", "user:a", "a"]),
            (r#""cookieless":null,"#, true, ["a", "user:a", "a"]),
            ("", true, ["a", "user:a", "a"]),
        ] {
            let body =
                format!(r#"{{"writeKey":"k",{said}{claim}"batch":[{MESSAGE},{user},{both}]}}"#);
            let read = |body: &str| {
                let request = Request {
                    form: Form::Batch,
                    body: body.as_bytes(),
                    header_key: None,
                    received_at: Timestamp::parse("2026-01-02T03:04:06Z").unwrap(),
                    daily_visitor: on.then_some(&daily),
                    sender: Sender::default(),
                };
                judge(request, "k").unwrap()
            };
            let judged = read(&body);
            let visitors: Vec<&str> = (judged.commit.messages.iter())
                .map(|new| new.message.visitor.as_str())
                .collect();
            assert_eq!(visitors, expected, "{body}");
            let first = &judged.commit.messages[0].raw;
            assert_eq!(first.contains(r#""anonymousId":"a""#), expected[0] == "a");
            let one = read(&format!(
                r#"{{"writeKey":"k",{said}{claim}"batch":[{MESSAGE}]}}"#
            ));
            let kept = !said.contains("true");
            assert_eq!(
                (one.commit.claim.is_some(), one.cookie_allowed),
                (kept, kept)
            );
        }
        let error = judge_text(Form::Batch, r#"{"writeKey":"k","cookieless":1,"batch":[]}"#);
        assert_eq!(error.unwrap_err().tag(), "malformed_json");
    }

    #[test]
    fn a_single_message_is_the_body() {
        let body = MESSAGE.replace('{', r#"{"writeKey":"k","#);
        let judged = judge_text(Form::Single("page"), &format!(" {body}\n")).unwrap();
        assert_eq!(&*judged.commit.messages[0].raw, body);
    }

    #[test]
    fn the_senders_clock_is_corrected_and_bounded() {
        // By the server's clock it is 2026-01-02T03:04:06Z.
        for (timestamp, sent_at, expected) in [
            // A clock that is decades wrong, either way: ten seconds before it was sent.
            (
                "1990-01-01T00:00:00Z",
                "1990-01-01T00:00:10Z",
                "2026-01-02T03:03:56.000Z",
            ),
            (
                "2098-12-31T23:59:50Z",
                "2099-01-01T00:00:00Z",
                "2026-01-02T03:03:56.000Z",
            ),
            // Kept for a year, and sent by a clock that is right.
            (
                "2025-01-02T03:04:06Z",
                "2026-01-02T03:04:06Z",
                "2025-01-02T03:04:06.000Z",
            ),
            ("2026-01-02T03:04:00Z", "", "2026-01-02T03:04:00.000Z"),
            ("2026-01-02T03:09:06Z", "", "2026-01-02T03:09:06.000Z"),
            ("2026-01-02T03:09:06.001Z", "", "future_timestamp"),
            // After it was sent, or so far off that no clock can have been meant.
            (
                "2026-01-02T04:04:06Z",
                "2026-01-02T03:04:06Z",
                "future_timestamp",
            ),
            (
                "2026-01-02T03:04:06Z",
                "1970-01-01T00:00:00Z",
                "future_timestamp",
            ),
            // What just happened did so now, whatever the sender's clock says.
            ("", "1990-01-01T00:00:10Z", "2026-01-02T03:04:06.000Z"),
            ("", "2098-12-31T23:59:50Z", "2026-01-02T03:04:06.000Z"),
            ("", "", "2026-01-02T03:04:06.000Z"),
        ] {
            let field = |name: &str, text: &str| match text {
                "" => String::new(),
                _ => format!(r#""{name}":"{text}","#),
            };
            let (time, sent) = (field("timestamp", timestamp), field("sentAt", sent_at));
            let rest = r#""messageId":"m","type":"page","userId":"u"}"#;
            let batch = format!(r#"{{"writeKey":"k",{sent}"batch":[{{{time}{rest}]}}"#);
            let single = format!(r#"{{"writeKey":"k",{sent}{time}{rest}"#);
            for (form, body) in [(Form::Batch, batch), (Form::Single("page"), single)] {
                let judged = judge_text(form, &body).unwrap();
                let found = match judged.commit.messages.first() {
                    Some(new) => new.message.timestamp.to_string(),
                    None => judged.refused[0].why.tag().to_owned(),
                };
                assert_eq!(found, expected, "{body}");
            }
        }
        // What would lie before all time that can be written down is refused, or lies in the past.
        let body = r#"{"writeKey":"k","sentAt":"2099-12-31T23:59:59Z","batch":[
            {"messageId":"m","type":"page","userId":"u","timestamp":"1970-01-01T00:00:00Z"}]}"#;
        let judged = judge_text(Form::Batch, body).unwrap();
        let received_at = judged.commit.received_at;
        let past = |new: &NewMessage| new.message.timestamp < received_at;
        assert!(judged.commit.messages.iter().all(past));
    }

    #[test]
    fn requests_refused_as_a_whole() {
        let many = vec!["{}"; MAX_MESSAGES + 1].join(",");
        let long = "x".repeat(MAX_CONTEXT_BYTES);
        for (body, expected) in [
            ("{", "malformed_json"),
            ("[]", "malformed_json"),
            (r#"{"writeKey":"k"}"#, "invalid_field"),
            (r#"["k"]"#, "malformed_json"),
            ("", "malformed_json"),
            (r#"{"writeKey":"k","batch":5}"#, "malformed_json"),
            (r#"{"batch":[]}"#, "missing_write_key"),
            (r#"{"writeKey":"x","batch":[]}"#, "wrong_write_key"),
            (
                r#"{"writeKey":"k","sentAt":"x","batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","claim":"x","batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","consent":"x","batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","dropped":1000001,"batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","dropped":-1,"batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","dropped":1.5,"batch":[]}"#,
                "invalid_field",
            ),
            (
                r#"{"writeKey":"k","dropped":"5","batch":[]}"#,
                "malformed_json",
            ),
            (
                r#"{"writeKey":"k","context":[],"batch":[]}"#,
                "invalid_field",
            ),
            (
                &format!(r#"{{"writeKey":"k","context":{{"x":"{long}"}},"batch":[]}}"#),
                "invalid_field",
            ),
            (
                &format!(r#"{{"writeKey":"k","batch":[{many}]}}"#),
                "too_many_messages",
            ),
        ] {
            let error = judge_text(Form::Batch, body).unwrap_err();
            assert_eq!(error.tag(), expected, "{error}");
        }
    }
}
