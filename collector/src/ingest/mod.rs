//! Ingest: from the bytes of a request to what the store is asked to commit.
//!
//! Authenticates, bounds and validates. A request is refused as a whole only when nothing in it
//! can be trusted; otherwise each message is judged by itself, and good ones are kept beside bad
//! ones. Never waits for anything and knows nothing of HTTP but what the caller passes in.

mod envelope;
mod error;
mod forget;
mod refusal;

use std::borrow::Cow;

use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::model::Consent;
use firstglance_engine::{Timestamp, VisitorId};

use crate::cookie;
use crate::store::{Claim, ClaimDigest, Commit, NewMessage};
use envelope::Envelope;
pub use error::IngestError;
pub use forget::{Forget, forget};
pub use refusal::{Refused, Why};

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Largest message, in bytes of JSON.
pub const MAX_MESSAGE_BYTES: usize = 32 * 1024;

/// Largest context of a batch, in bytes of JSON: it is stored once with each visitor's messages.
pub const MAX_CONTEXT_BYTES: usize = 8 * 1024;

/// Most messages of a batch.
pub const MAX_MESSAGES: usize = 1_000;

/// What a request's address says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Several messages in `batch`.
    Batch,
    /// One message of this type, which is the body.
    Single(&'static str),
}

/// A request, as far as ingest is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What its address says.
    pub form: Form,
    /// Its body.
    pub body: &'a [u8],
    /// The write key from its headers, where there is one.
    pub header_key: Option<&'a str>,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// A request whose messages have been judged.
#[derive(Debug)]
pub struct Judged {
    /// What is to be committed: the good messages.
    pub commit: Commit,
    /// The others.
    pub refused: Vec<Refused>,
    /// Whether the visitor allows a cookie, as far as this request says.
    pub cookie_allowed: bool,
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
    let sent_at = sent_at(envelope.sent_at.as_deref())?;
    let context = envelope.context;
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

    let mut good = Vec::with_capacity(messages.len());
    let mut refused = Vec::new();
    for (index, raw) in messages.into_iter().enumerate() {
        let outcome = if raw.len() > MAX_MESSAGE_BYTES {
            Err(Why::TooLarge { bytes: raw.len() })
        } else if !raw.starts_with('{') {
            Err(Why::NoObject)
        } else {
            let default_type = match request.form {
                Form::Single(name) => Some(name),
                Form::Batch => None,
            };
            read_message(raw, default_type, &shared, clock).map_err(Why::Invalid)
        };
        match outcome {
            Ok(message) => good.push(NewMessage {
                message,
                raw: raw.into(),
            }),
            Err(why) => refused.push(Refused::new(request.form, index, raw, why)),
        }
    }
    let claim = only_visitor(&good).map(|visitor| Claim {
        visitor: visitor.clone(),
        digest: claim,
    });
    Ok(Judged {
        commit: Commit {
            received_at: request.received_at,
            context: context.map(Into::into),
            messages: good,
            claim,
        },
        refused,
        cookie_allowed: matches!(consent, None | Some(Consent::Granted)),
    })
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

/// The visitor, where all messages are of one that has an anonymous id.
fn only_visitor(messages: &[NewMessage]) -> Option<&VisitorId> {
    let (first, rest) = messages.split_first()?;
    let visitor = &first.message.visitor;
    let anonymous = VisitorId::anonymous(visitor.as_str()).is_ok();
    let only = rest.iter().all(|other| other.message.visitor == *visitor);
    (anonymous && only).then_some(visitor)
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
    fn a_single_message_is_the_body() {
        let body = MESSAGE.replace('{', r#"{"writeKey":"k","#);
        let judged = judge_text(Form::Single("page"), &format!(" {body}\n")).unwrap();
        assert_eq!(&*judged.commit.messages[0].raw, body);
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
