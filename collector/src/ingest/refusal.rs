//! A message that is refused while others of the same request may be kept.

use std::borrow::Cow;

use firstglance_engine::id::MAX_ID_BYTES;
use firstglance_engine::json::{JsonWriter, Refusal};
use firstglance_engine::text::clip;
use serde::Deserialize;

use super::{Form, MAX_MESSAGE_BYTES};

/// A refused message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Its id, where it can be read.
    pub message_id: Option<String>,
    /// The field at fault, as a path within the request.
    pub place: String,
    /// Why.
    pub why: Why,
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is too large.
    #[error("the message has {bytes} bytes; it may have {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is not an object.
    #[error("a message must be an object")]
    NoObject,
    /// The engine cannot take it.
    #[error("{0}")]
    Invalid(Refusal),
}

impl Why {
    /// The reason's name in answers.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "message_too_large",
            Self::NoObject => "malformed",
            Self::Invalid(refusal) => refusal.code.tag(),
        }
    }

    const fn field(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::NoObject => "",
            Self::Invalid(refusal) => refusal.field,
        }
    }
}

impl Refused {
    pub(super) fn new(form: Form, index: usize, raw: &str, why: Why) -> Self {
        let place = match (form, why.field()) {
            (Form::Single(_), field) => field.to_owned(),
            (Form::Batch, "") => format!("batch[{index}]"),
            (Form::Batch, field) => format!("batch[{index}].{field}"),
        };
        Self {
            index,
            message_id: message_id(raw),
            place,
            why,
        }
    }

    /// Writes it as an object.
    pub fn write(&self, json: &mut JsonWriter) {
        json.open('{');
        json.name("index");
        json.integer(self.index as u64);
        json.name("messageId");
        match &self.message_id {
            Some(id) => json.text(id),
            None => json.null(),
        }
        json.name("code");
        json.text(self.why.tag());
        json.name("where");
        json.text(&self.place);
        json.name("message");
        json.text(&self.why.to_string());
        json.close('}');
    }
}

/// The id of a message that is wrong in some other respect.
fn message_id(raw: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId<'a> {
        #[serde(rename = "messageId", borrow)]
        message_id: Cow<'a, str>,
    }
    let read: OnlyId<'_> = serde_json::from_str(raw).ok()?;
    Some(clip(&read.message_id, MAX_ID_BYTES).to_owned())
}
