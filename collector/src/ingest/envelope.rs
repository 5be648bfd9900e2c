//! The outside of a request's body: what it says once for all its messages. Looks into messages
//! only as far as to find where each begins and ends.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Field, Form, IngestError};

/// What the body of a batch says.
#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(rename = "writeKey", borrow, default)]
    write_key: Field<'a>,
    #[serde(rename = "sentAt", borrow, default)]
    sent_at: Field<'a>,
    #[serde(borrow, default)]
    claim: Field<'a>,
    #[serde(borrow, default)]
    consent: Field<'a>,
    #[serde(default)]
    cookieless: Option<bool>,
    #[serde(default)]
    dropped: Option<u64>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    batch: Option<Vec<&'a RawValue>>,
}

/// What a single message says beside itself. A claim is read from batches only: here it would be
/// stored with the message.
#[derive(Deserialize)]
struct Single<'a> {
    #[serde(rename = "writeKey", borrow, default)]
    write_key: Field<'a>,
    #[serde(borrow, default)]
    consent: Field<'a>,
}

/// The little that tells which site a body is for.
#[derive(Deserialize)]
struct Addressed<'a> {
    #[serde(rename = "writeKey", borrow, default)]
    write_key: Field<'a>,
}

/// The write key in a body, whatever else it is. Nothing where there is none, or where the body
/// cannot be read, which whoever judges it says better.
#[must_use]
pub fn write_key(body: &[u8]) -> Option<Cow<'_, str>> {
    let addressed: Addressed<'_> = parse(str::from_utf8(body).ok()?).ok()?;
    addressed.write_key
}

/// The outside of a body.
pub(super) struct Envelope<'a> {
    pub(super) write_key: Field<'a>,
    pub(super) sent_at: Field<'a>,
    pub(super) claim: Field<'a>,
    pub(super) consent: Field<'a>,
    /// Whether the page keeps no identifier.
    pub(super) cookieless: bool,
    /// Messages that the page had to drop since its last batch.
    pub(super) dropped: u64,
    pub(super) context: Option<&'a str>,
    messages: Option<Vec<&'a str>>,
}

impl<'a> Envelope<'a> {
    pub(super) fn read(text: &'a str, form: Form) -> Result<Self, IngestError> {
        match form {
            Form::Batch => {
                let batch: Batch<'a> = parse(text)?;
                let messages = batch
                    .batch
                    .map(|messages| messages.into_iter().map(RawValue::get).collect());
                Ok(Self {
                    write_key: batch.write_key,
                    sent_at: batch.sent_at,
                    claim: batch.claim,
                    consent: batch.consent,
                    cookieless: batch.cookieless.unwrap_or(false),
                    dropped: batch.dropped.unwrap_or(0),
                    context: batch.context.map(RawValue::get),
                    messages,
                })
            }
            Form::Single(_) => {
                let single: Single<'a> = parse(text)?;
                Ok(Self {
                    write_key: single.write_key,
                    sent_at: None,
                    claim: None,
                    consent: single.consent,
                    cookieless: false,
                    dropped: 0,
                    context: None,
                    messages: Some(vec![text.trim()]),
                })
            }
        }
    }

    /// The messages, each as the text it came as.
    pub(super) fn messages(self) -> Result<Vec<&'a str>, IngestError> {
        self.messages.ok_or(IngestError::InvalidField {
            field: "batch",
            detail: "\"batch\" is missing; it must be a list of messages".to_owned(),
        })
    }
}

/// Reads a body.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, IngestError> {
    // serde reads a list as an object without names; nobody means that.
    if text.trim_start().starts_with('[') {
        return Err(IngestError::Malformed {
            line: 1,
            column: 1,
            detail: "the body must be an object".to_owned(),
        });
    }
    serde_json::from_str(text).map_err(|error| {
        // The parser's sentence ends in the place, which is told apart here.
        let sentence = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        IngestError::Malformed {
            line: error.line(),
            column: error.column(),
            detail: sentence
                .strip_suffix(&place)
                .unwrap_or(&sentence)
                .to_owned(),
        }
    })
}
