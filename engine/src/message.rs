//! Messages: the six kinds of Segment's HTTP tracking specification, typed.
//!
//! What the engine does not use (integrations, unknown fields) is not here: the collector keeps
//! the message as it came beside the typed one.
//!
//! Source of names and meaning: Segment, "Spec: Common Fields" and the pages of each call.

use alloc::boxed::Box;

use crate::campaign::Campaign;
use crate::id::{MessageId, UserId, VisitorId};
use crate::time::Timestamp;
use crate::value::Properties;

/// One message about one visitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Names the message.
    pub id: MessageId,
    /// Names the browser or device; the user id's visitor where the message has no anonymous id.
    pub visitor: VisitorId,
    /// The site owner's own name for the person, once known.
    pub user_id: Option<UserId>,
    /// When it happened, by the server's clock as well as can be told.
    pub timestamp: Timestamp,
    /// Where it happened.
    pub context: Context,
    /// What happened.
    pub kind: MessageKind,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageKind {
    /// A page was viewed.
    Page {
        /// Name of the page, where the site gives one.
        name: Option<Box<str>>,
        /// Title, path, topics and the like.
        properties: Properties,
    },
    /// A screen of an app was viewed.
    Screen {
        /// Name of the screen.
        name: Option<Box<str>>,
        /// Anything about it.
        properties: Properties,
    },
    /// Something was done.
    Track {
        /// Its name, see [`crate::events`].
        event: Box<str>,
        /// Anything about it.
        properties: Properties,
    },
    /// The visitor turned out to be a person.
    Identify {
        /// What is known of the person.
        traits: Properties,
    },
    /// Two names are of one person.
    Alias {
        /// The name before.
        previous_id: Box<str>,
    },
    /// The person belongs to a group, such as a company.
    Group {
        /// The group's name.
        group_id: Box<str>,
        /// What is known of the group.
        traits: Properties,
    },
}

impl MessageKind {
    /// The `type` of the wire format.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Page { .. } => "page",
            Self::Screen { .. } => "screen",
            Self::Track { .. } => "track",
            Self::Identify { .. } => "identify",
            Self::Alias { .. } => "alias",
            Self::Group { .. } => "group",
        }
    }

    /// Properties or traits.
    #[must_use]
    pub const fn properties(&self) -> Option<&Properties> {
        match self {
            Self::Page { properties, .. }
            | Self::Screen { properties, .. }
            | Self::Track { properties, .. } => Some(properties),
            Self::Identify { traits } | Self::Group { traits, .. } => Some(traits),
            Self::Alias { .. } => None,
        }
    }
}

/// Where a message comes from (`context`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// The page.
    pub page: PageContext,
    /// The campaign and the advertising platform's click id that the page's address names
    /// (`context.campaign`, `context.click_id`).
    pub campaign: Campaign,
    /// Name of the library that made the message.
    pub library: Option<Box<str>>,
    /// Language, as BCP 47.
    pub locale: Option<Box<str>>,
    /// The browser's user agent (`context.userAgent`).
    pub agent: Option<Box<str>>,
}

/// The page of a message (`context.page`). Empty texts mean "not known".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageContext {
    /// Whole address.
    pub url: Box<str>,
    /// Path without query.
    pub path: Box<str>,
    /// Address of the page before.
    pub referrer: Box<str>,
    /// Title.
    pub title: Box<str>,
}
