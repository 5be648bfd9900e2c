//! Reads messages from JSON text, says exactly what is wrong with those it refuses, and corrects
//! the sender's clock.
//!
//! It never panics on any bytes and never keeps more than the bounds below. Unknown fields are
//! passed over: the collector keeps the message as it came.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use alloc::borrow::Cow;
use core::cell::Cell;
use core::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::campaign::{self, Campaign};
use crate::id::{MessageId, UserId, VisitorId};
use crate::message::{Context, Message, MessageKind, PageContext};
use crate::time::{Milliseconds, Timestamp};
use crate::value::{Properties, Value};

/// Deepest nesting of properties and traits.
const MAX_DEPTH: usize = 16;

/// Most names and values in properties, or in traits, at any depth.
const MAX_VALUES: usize = 1_000;

/// A message may lie this far ahead of the server's clock after correction.
const MOST_AHEAD: Milliseconds = Milliseconds::from_minutes(5);

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RefusalCode {
    /// It is not JSON, or a field has a wrong type.
    Malformed,
    /// `type` is absent.
    MissingType,
    /// `type` is none of the six.
    UnknownType,
    /// `messageId` is absent.
    MissingMessageId,
    /// Neither `anonymousId` nor `userId` is there.
    MissingVisitor,
    /// An id is empty, too long or unprintable.
    InvalidId,
    /// `timestamp` is absent.
    MissingTimestamp,
    /// A moment is no RFC 3339 date and time.
    InvalidTimestamp,
    /// The moment lies in the future.
    FutureTimestamp,
    /// A field that the type calls for is absent.
    MissingField,
    /// Properties are nested too deeply.
    TooDeep,
    /// There are too many properties.
    TooManyProperties,
}

impl RefusalCode {
    /// The code as it stands in answers and metrics.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::MissingType => "missing_type",
            Self::UnknownType => "unknown_type",
            Self::MissingMessageId => "missing_message_id",
            Self::MissingVisitor => "missing_visitor",
            Self::InvalidId => "invalid_id",
            Self::MissingTimestamp => "missing_timestamp",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::FutureTimestamp => "future_timestamp",
            Self::MissingField => "missing_field",
            Self::TooDeep => "too_deep",
            Self::TooManyProperties => "too_many_properties",
        }
    }
}

/// A message that is refused: why, where and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// The field, as a path within the message; empty when it is the message itself.
    pub field: &'static str,
    /// What is wrong and what would be right, in a sentence.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl core::error::Error for Refusal {}

fn refuse<T>(
    code: RefusalCode,
    field: &'static str,
    detail: impl Into<String>,
) -> Result<T, Refusal> {
    Err(Refusal {
        code,
        field,
        detail: detail.into(),
    })
}

/// The two clocks of a request.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When the request arrived, by the server's clock.
    pub received_at: Timestamp,
    /// When the request was sent, by the sender's clock (`sentAt`).
    pub sent_at: Option<Timestamp>,
}

impl Clock {
    /// A moment of the sender's clock as the server's clock would have had it: `timestamp` and
    /// the difference between `received_at` and `sent_at`.
    /// Source: Segment, "Spec: Common Fields", Timestamps.
    fn correct(self, timestamp: Timestamp) -> Timestamp {
        match self.sent_at {
            Some(sent) if sent <= self.received_at => timestamp.plus(self.received_at.since(sent)),
            Some(sent) => timestamp.minus(sent.since(self.received_at)),
            None => timestamp,
        }
    }
}

/// What a batch says once for all its messages.
#[derive(Clone, Debug, Default)]
pub struct SharedFields {
    /// Context of messages that say nothing else themselves.
    pub context: Context,
}

impl SharedFields {
    /// Reads the `context` of a batch.
    ///
    /// # Errors
    /// [`Refusal`] says what is wrong with it.
    pub fn read(context: Option<&str>) -> Result<Self, Refusal> {
        let Some(json) = context else {
            return Ok(Self::default());
        };
        let Object(context): Object<RawContext<'_>> =
            serde_json::from_str(json).map_err(|error| malformed(&error))?;
        Ok(Self {
            context: context.typed(&Context::default()),
        })
    }
}

/// Reads one message. `default_type` is the type that the route says, for single messages.
///
/// # Errors
/// [`Refusal`] says what is wrong with it.
pub fn read_message(
    json: &str,
    default_type: Option<&str>,
    shared: &SharedFields,
    clock: Clock,
) -> Result<Message, Refusal> {
    use RefusalCode as Code;

    let Object(raw): Object<RawMessage<'_>> =
        serde_json::from_str(json).map_err(|error| malformed(&error))?;
    let Some(kind) = default_type.or(raw.kind.as_deref()) else {
        return refuse(
            Code::MissingType,
            "type",
            "\"type\" is missing; it must be one of track, page, screen, identify, alias, group",
        );
    };
    let id = match &raw.message_id {
        None => {
            return refuse(
                Code::MissingMessageId,
                "messageId",
                "\"messageId\" is missing; a unique text for each message lets a repeated \
                 request count once",
            );
        }
        Some(id) => MessageId::parse(id).or_else(|error| {
            refuse(
                Code::InvalidId,
                "messageId",
                format!("\"messageId\" {error}"),
            )
        })?,
    };
    let user_id =
        match raw.user_id.as_ref().map(Id::text).as_deref() {
            None | Some("") => None,
            Some(user) => Some(UserId::parse(user).or_else(|error| {
                refuse(Code::InvalidId, "userId", format!("\"userId\" {error}"))
            })?),
        };
    let visitor = match (raw.anonymous_id.as_ref().map(Id::text).as_deref(), &user_id) {
        (None | Some(""), Some(user)) => VisitorId::of_user(user),
        (None | Some(""), None) => {
            return refuse(
                Code::MissingVisitor,
                "anonymousId",
                "\"anonymousId\" and \"userId\" are both missing; at least one must say who it was",
            );
        }
        (Some(anonymous), _) => VisitorId::anonymous(anonymous).or_else(|error| {
            refuse(
                Code::InvalidId,
                "anonymousId",
                format!("\"anonymousId\" {error}"),
            )
        })?,
    };
    let Some(timestamp) = raw.timestamp.or(raw.original_timestamp) else {
        return refuse(
            Code::MissingTimestamp,
            "timestamp",
            "\"timestamp\" is missing; it must say when the event happened, such as \
             2026-11-23T13:52:54.123Z",
        );
    };
    let clock = Clock {
        sent_at: clock.sent_at.or(match &raw.sent_at {
            None => None,
            Some(text) => Some(moment(text, "sentAt")?),
        }),
        ..clock
    };
    let timestamp = clock.correct(moment(&timestamp, "timestamp")?);
    if timestamp > clock.received_at.plus(MOST_AHEAD) {
        return refuse(
            Code::FutureTimestamp,
            "timestamp",
            format!(
                "\"timestamp\" lies in the future: {timestamp}, while the server's clock says {}",
                clock.received_at
            ),
        );
    }
    let properties = raw.properties.unwrap_or_default();
    let traits = raw.traits.unwrap_or_default();
    let name = raw.name.filter(|name| !name.is_empty()).map(Into::into);
    let needed = |value: Option<Cow<'_, str>>, field, sentence: &str| match value {
        Some(value) if !value.trim().is_empty() => Ok(value.into()),
        _ => refuse(Code::MissingField, field, sentence),
    };
    let kind = match kind {
        "page" => MessageKind::Page { name, properties },
        "screen" => MessageKind::Screen { name, properties },
        "track" => MessageKind::Track {
            event: needed(
                raw.event,
                "event",
                "\"event\" is missing; a track message must name what was done",
            )?,
            properties,
        },
        "identify" => MessageKind::Identify { traits },
        "alias" => MessageKind::Alias {
            previous_id: needed(
                raw.previous_id.as_ref().map(Id::text),
                "previousId",
                "\"previousId\" is missing; an alias message must give the name before",
            )?,
        },
        "group" => MessageKind::Group {
            group_id: needed(
                raw.group_id.as_ref().map(Id::text),
                "groupId",
                "\"groupId\" is missing; a group message must name the group",
            )?,
            traits,
        },
        unknown => {
            let shown = crate::text::clip(unknown, 40);
            return refuse(
                Code::UnknownType,
                "type",
                format!(
                    "\"type\" is {shown:?}; it must be one of track, page, screen, identify, \
                     alias, group"
                ),
            );
        }
    };
    let context = match raw.context {
        None => shared.context.clone(),
        Some(Object(context)) => context.typed(&shared.context),
    };
    Ok(Message {
        id,
        visitor,
        user_id,
        timestamp,
        context,
        kind,
    })
}

fn moment(text: &str, field: &'static str) -> Result<Timestamp, Refusal> {
    Timestamp::parse(text).or_else(|error| {
        let shown = crate::text::clip(text, 40);
        refuse(
            RefusalCode::InvalidTimestamp,
            field,
            format!("\"{field}\" is {shown:?}, which {error}"),
        )
    })
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let detail = error.to_string();
    let code = if detail.contains(TOO_DEEP) || detail.contains("recursion limit") {
        RefusalCode::TooDeep
    } else if detail.contains(TOO_MANY) {
        RefusalCode::TooManyProperties
    } else {
        RefusalCode::Malformed
    };
    Refusal {
        code,
        field: "",
        detail,
    }
}

const TOO_DEEP: &str = "properties and traits may be nested at most 16 deep";

const TOO_MANY: &str = "properties and traits may have at most 1000 names and values";

#[derive(Deserialize)]
struct RawMessage<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(rename = "messageId", borrow, default)]
    message_id: Option<Cow<'a, str>>,
    #[serde(rename = "anonymousId", borrow, default)]
    anonymous_id: Option<Id<'a>>,
    #[serde(rename = "userId", borrow, default)]
    user_id: Option<Id<'a>>,
    #[serde(borrow, default)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(rename = "originalTimestamp", borrow, default)]
    original_timestamp: Option<Cow<'a, str>>,
    #[serde(rename = "sentAt", borrow, default)]
    sent_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event: Option<Cow<'a, str>>,
    #[serde(rename = "previousId", borrow, default)]
    previous_id: Option<Id<'a>>,
    #[serde(rename = "groupId", borrow, default)]
    group_id: Option<Id<'a>>,
    #[serde(default)]
    properties: Option<Properties>,
    #[serde(default)]
    traits: Option<Properties>,
    #[serde(borrow, default)]
    context: Option<Object<RawContext<'a>>>,
}

/// An object. A derived reader alone would take a list for one as well, member by member.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(core::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(core::marker::PhantomData))
    }
}

/// Some senders give ids as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    Number(i64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl Id<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Text(text) => Cow::Borrowed(text),
        }
    }
}

#[derive(Deserialize)]
struct RawContext<'a> {
    #[serde(borrow, default)]
    page: Option<Object<RawPage<'a>>>,
    #[serde(default)]
    campaign: Option<Properties>,
    #[serde(default)]
    click_id: Option<Properties>,
    #[serde(default)]
    library: Option<Properties>,
    #[serde(borrow, default)]
    locale: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "userAgent")]
    user_agent: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    referrer: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
}

impl RawContext<'_> {
    /// The context, taking from the shared one what this one does not say.
    fn typed(self, shared: &Context) -> Context {
        let text = |text: Option<Cow<'_, str>>| text.unwrap_or_default().into();
        let given = (self.campaign.is_some() || self.click_id.is_some()).then(|| {
            let fields = campaign::fields().filter_map(|field| {
                let name = campaign::field_name(field);
                Some((field, self.campaign.as_ref()?.text(name)?))
            });
            let click_id = (self.click_id.as_ref())
                .and_then(|click_id| Some((click_id.text("name")?, click_id.text("value")?)));
            let click_id = click_id.filter(|(name, _)| !name.starts_with("utm_"));
            Campaign::from_pairs(fields.chain(click_id))
        });
        let library = self
            .library
            .and_then(|library| library.text("name").map(Into::into));
        Context {
            page: self.page.map_or_else(
                || shared.page.clone(),
                |Object(page)| PageContext {
                    url: text(page.url),
                    path: text(page.path),
                    referrer: text(page.referrer),
                    title: text(page.title),
                },
            ),
            campaign: given.unwrap_or_else(|| shared.campaign.clone()),
            library: library.or_else(|| shared.library.clone()),
            locale: self
                .locale
                .map(|locale| text(Some(locale)))
                .or_else(|| shared.locale.clone()),
            agent: self
                .user_agent
                .map(|agent| text(Some(agent)))
                .or_else(|| shared.agent.clone()),
        }
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let left = Cell::new(MAX_VALUES);
        let nested = Nested {
            depth: MAX_DEPTH,
            left: &left,
        };
        match nested.deserialize(deserializer)? {
            Value::Object(properties) => Ok(properties),
            _ => Err(de::Error::custom("expected an object")),
        }
    }
}

/// Reads a value that may be nested so many levels deep.
#[derive(Clone, Copy)]
struct Nested<'a> {
    depth: usize,
    /// Values that may yet come.
    left: &'a Cell<usize>,
}

impl Nested<'_> {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..*self }),
            None => Err(E::custom(TOO_DEEP)),
        }
    }

    /// Counts a value.
    fn one<E: de::Error>(&self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(E::custom(TOO_MANY)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(self.deeper()?)? {
            self.one()?;
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(Box<str>, Value)> = Vec::new();
        while let Some(name) = members.next_key::<Box<str>>()? {
            self.one()?;
            pairs.push((name, members.next_value_seed(self.deeper()?)?));
        }
        Ok(Value::Object(pairs.into_iter().collect()))
    }
}
