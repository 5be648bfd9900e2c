//! Exposures: that a visitor saw content in a slot, or clicked it, as a message tells.

use firstglance_engine::content::{Choice, shares_of};
use firstglance_engine::{Evaluation, Message, MessageKind, Model, Timestamp, events};

use crate::store::counting::counted_name;

/// Longest id of a slot, variant or segment that is told apart, in bytes; the rest is cut off.
const LONGEST_ID: usize = 64;

/// Who sees the content, and who is held out and sees the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// Those who see the variant.
    Variant,
    /// Those who would have seen it, and saw the default.
    Control,
}

impl Arm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Variant, Self::Control];

    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Variant => "variant",
            Self::Control => "control",
        }
    }
}

/// What was shown where, and in which arm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// Id of the variant: of control, of the one that would have been shown.
    pub variant: Box<str>,
    /// See [`Arm`].
    pub arm: Arm,
}

/// What a message tells of content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Id of the slot.
    pub slot: Box<str>,
    /// What was there.
    pub shown: Shown,
    /// Whether it was clicked, and not seen.
    pub is_click: bool,
    /// When.
    pub at: Timestamp,
}

impl Exposure {
    /// What a message tells; nothing of most messages, and of one without a slot or a variant.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        let MessageKind::Track { event, properties } = &message.kind else {
            return None;
        };
        let is_click = match &**event {
            events::CONTENT_VIEWED => false,
            events::CONTENT_CLICKED => true,
            _ => return None,
        };
        let is_control = matches!(
            properties.get(events::property::CONTROL),
            Some(firstglance_engine::Value::Bool(true))
        );
        Some(Self {
            slot: id(properties.text(events::property::SLOT)?)?,
            shown: Shown {
                variant: id(properties.text(events::property::VARIANT)?)?,
                arm: if is_control {
                    Arm::Control
                } else {
                    Arm::Variant
                },
            },
            is_click,
            at: message.timestamp,
        })
    }

    /// Whether slot and variant are in force.
    #[must_use]
    pub fn is_known(&self, model: &Model) -> bool {
        Self::knows(model, &self.slot, &self.shown.variant)
    }

    /// Whether a slot and a variant are in force.
    #[must_use]
    pub fn knows(model: &Model, slot: &str, variant: &str) -> bool {
        let slot = model.slot(slot);
        slot.is_some_and(|slot| slot.variant(variant).is_some())
    }

    /// The segment for which the slot's shares are learnt that the visitor is in; nothing where it is
    /// none of them.
    #[must_use]
    pub fn segment(&self, model: &Model, evaluation: &Evaluation) -> Option<Box<str>> {
        let Choice::Automatic(shares) = &model.slot(&self.slot)?.choice else {
            return None;
        };
        shares_of(shares, model, evaluation)?.segment.clone()
    }
}

/// An id as it is told apart. Anybody may have made it up.
fn id(text: &str) -> Option<Box<str>> {
    let name = counted_name(text.trim());
    let name = firstglance_engine::text::clip(&name, LONGEST_ID);
    (!name.is_empty()).then(|| name.into())
}
