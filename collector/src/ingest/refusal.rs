//! A message that is refused while others of the same request may be kept.

use std::borrow::Cow;

use firstglance_engine::id::MAX_ID_BYTES;
use firstglance_engine::json::{JsonWriter, Refusal};
use firstglance_engine::text::clip;
use firstglance_engine::{Timestamp, UserId, VisitorId};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::address::without_addresses;
use super::{Form, MAX_MESSAGE_BYTES};
use crate::store::refused::{RefusedMessage, Shelf};

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
    /// Whose it is, where that can be read.
    pub visitor: Option<VisitorId>,
    /// The beginning of the text it came as, without addresses; empty where it is no object.
    pub raw: Box<str>,
}

/// The name of [`Why::Automated`] in answers.
pub const AUTOMATED: &str = "automated";

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
    /// Its visitor has sent too many of late.
    #[error(
        "this visitor has sent more messages than one may in a minute; see [limits] in \
         firstglance.toml"
    )]
    TooMany,
    /// No person made it. Nothing is wrong with it; it is kept apart.
    #[error(
        "{by} sent it, and no person: it is kept apart, see /admin/v1/refused?reason=automated"
    )]
    Automated {
        /// What sent it.
        by: String,
    },
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
            Self::TooMany => "too_many",
            Self::Automated { .. } => AUTOMATED,
            Self::Invalid(refusal) => refusal.code.tag(),
        }
    }

    /// Whether nothing is wrong with it.
    #[must_use]
    pub const fn is_automated(&self) -> bool {
        matches!(self, Self::Automated { .. })
    }

    const fn field(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::NoObject | Self::TooMany | Self::Automated { .. } => "",
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
        let ids: Ids<'_> = serde_json::from_str(raw).unwrap_or_default();
        Self {
            index,
            message_id: ids
                .message_id
                .text()
                .map(|id| clip(&id, MAX_ID_BYTES).to_owned()),
            place,
            why,
            visitor: ids.visitor(),
            raw: kept(raw),
        }
    }

    /// As it is kept for the owner.
    #[must_use]
    pub fn to_keep(&self, received_at: Timestamp) -> RefusedMessage {
        RefusedMessage {
            received_at,
            shelf: match self.why {
                Why::Automated { .. } => Shelf::Automated,
                _ => Shelf::Faulty,
            },
            reason: self.why.tag().into(),
            place: (&*self.place).into(),
            detail: self.why.to_string().into(),
            message_id: self.message_id.as_deref().map(Into::into),
            visitor: self.visitor.clone(),
            raw: self.raw.clone(),
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

/// Bytes of a message's text that are kept, and so many more that no address is cut in two.
const KEPT_BYTES: usize = 2_048;
const LONGEST_ADDRESS: usize = 64;

/// What is kept of a message's text. What is no object says nothing of whose it is, and could not be
/// found when that visitor is erased.
fn kept(raw: &str) -> Box<str> {
    if !raw.starts_with('{') {
        return "".into();
    }
    let beginning = without_addresses(clip(raw, KEPT_BYTES + LONGEST_ADDRESS));
    clip(&beginning, KEPT_BYTES).into()
}

/// The ids of a message that is wrong in some other respect.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ids<'a> {
    #[serde(rename = "messageId", borrow)]
    message_id: Id<'a>,
    #[serde(rename = "anonymousId", borrow)]
    anonymous_id: Id<'a>,
    #[serde(rename = "userId", borrow)]
    user_id: Id<'a>,
}

/// Whatever stands where an id should.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Number(i64),
    Other(IgnoredAny),
}

impl Default for Id<'_> {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl Id<'_> {
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Other(_) => None,
        }
    }
}

impl Ids<'_> {
    fn visitor(&self) -> Option<VisitorId> {
        let anonymous = self.anonymous_id.text();
        let anonymous = anonymous.and_then(|id| VisitorId::anonymous(&id).ok());
        anonymous.or_else(|| {
            let user = UserId::parse(&self.user_id.text()?).ok()?;
            Some(VisitorId::of_user(&user))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept() {
        let long = format!("{{\"a\":\"{}\"}}", "é".repeat(2_000));
        for (raw, id, visitor, text) in [
            (
                r#"{"messageId":"m","anonymousId":"a","userId":"u"}"#,
                Some("m"),
                Some("a"),
                r#"{"messageId":"m","anonymousId":"a","userId":"u"}"#,
            ),
            (
                r#"{"userId":7,"messageId":[],"ip":"192.0.2.1"}"#,
                None,
                Some("user:7"),
                r#"{"userId":7,"messageId":[],"ip":"[address]"}"#,
            ),
            (r#"{"anonymousId":{}}"#, None, None, r#"{"anonymousId":{}}"#),
            (r#""anonymousId: a""#, None, None, ""),
            ("5", None, None, ""),
            (&long, None, None, &long[..2_048]),
        ] {
            let refused = Refused::new(Form::Batch, 0, raw, Why::NoObject);
            assert_eq!(refused.message_id.as_deref(), id, "{raw}");
            assert_eq!(refused.visitor.as_ref().map(VisitorId::as_str), visitor);
            assert_eq!(&*refused.raw, text);
        }
    }
}
