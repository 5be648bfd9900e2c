//! Content for places in pages: slots, their variants, and which of them a visitor sees.
//!
//! A variant is *eligible* for a visitor when its condition holds and its schedule allows it. Which
//! of the eligible ones is shown, and whether the visitor is held out, follows from the names of the
//! visitor and the slot alone (see [`assignment`]), so that page and server, today and tomorrow, say
//! the same without having asked each other. Nothing in here knows what a content is good for:
//! shares that learn are worked out elsewhere and come with the model.

pub mod assignment;
mod decide;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Encode, Reader, Writer};
use crate::evaluation::Evaluation;
use crate::program::holds;
use crate::time::Timestamp;

pub use decide::{Arm, Decision, Outcome, Why, decide, shares_of};

/// The greatest part of visitors that a slot may hold out, in percent: with fewer than a tenth of
/// them left to show something to, a slot has no purpose.
pub const MOST_CONTROL: u8 = 90;

/// The id by which the content that stands in the page is told.
pub const DEFAULT: &str = "default";

/// The name by which those are told who were held out.
pub const CONTROL: &str = "control";

/// A place in pages, and what may stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its id, a slug: `data-fg-slot` in the page.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// How many visitors in a hundred see the default although a variant is eligible, at most
    /// [`MOST_CONTROL`].
    pub control: u8,
    /// How one of several eligible variants is chosen.
    pub choice: Choice,
    /// By rank.
    pub variants: Vec<Variant>,
}

impl Slot {
    /// The variant of that id.
    #[must_use]
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| &*variant.id == id)
    }
}

/// How one of several eligible variants is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first.
    #[default]
    First,
    /// Any, with equal shares.
    Even,
    /// Any, with shares that are said: the first of these whose segment the visitor is in. Where
    /// none is, the shares are equal.
    Automatic(Vec<Shares>),
}

impl Choice {
    /// The names in configuration and answers.
    pub const NAMES: [&str; 3] = ["first", "even", "automatic"];

    /// The name of this one.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        let [first, even, automatic] = Self::NAMES;
        match self {
            Self::First => first,
            Self::Even => even,
            Self::Automatic(_) => automatic,
        }
    }
}

/// Shares of the variants of a slot among the visitors of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Id of the segment; everybody where there is none.
    pub segment: Option<Box<str>>,
    /// Weights of the slot's variants, in their order; only how they relate to each other counts.
    /// A variant without one has no share, and where no eligible one has any, shares are equal.
    pub weights: Vec<u32>,
}

/// What may stand in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its id, a slug, the only one of its name in the slot.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// The program that says whether it is for a visitor; for everybody where there is none.
    pub program: Option<usize>,
    /// When it begins.
    pub from: Option<Timestamp>,
    /// The first moment at which it is over.
    pub until: Option<Timestamp>,
    /// What it shows.
    pub content: Content,
}

/// What a variant shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Markup that has been made safe. Without U+0000.
    Html(Box<str>),
    /// Names and plain texts, which the page puts where its own markup says. Without control
    /// characters.
    Fields(Vec<(Box<str>, Box<str>)>),
}

/// Whether a variant may be shown to a visitor, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// It may.
    Eligible,
    /// Its condition does not hold.
    Condition,
    /// Its schedule has not begun.
    NotYet,
    /// Its schedule is over.
    Over,
}

impl Eligibility {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Condition => "condition",
            Self::NotYet => "not yet",
            Self::Over => "over",
        }
    }
}

impl Variant {
    /// Whether it may be shown to an evaluated visitor at a moment. The schedule is asked first: it
    /// is the owner's, and tells nothing of the visitor.
    #[must_use]
    pub fn eligibility(&self, evaluation: &Evaluation, now: Timestamp) -> Eligibility {
        if self.from.is_some_and(|from| now < from) {
            return Eligibility::NotYet;
        }
        if self.until.is_some_and(|until| now >= until) {
            return Eligibility::Over;
        }
        match self.program {
            Some(program) if !holds(evaluation.value(program)) => Eligibility::Condition,
            _ => Eligibility::Eligible,
        }
    }
}

impl Encode for Slot {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.label);
        out.byte(self.control);
        self.choice.encode(out);
        out.list(&self.variants);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            id: reader.boxed(),
            label: reader.boxed(),
            control: match reader.byte() {
                percent if percent <= MOST_CONTROL => percent,
                _ => {
                    reader.fail(DecodeError::Invalid("control"));
                    0
                }
            },
            choice: Choice::decode(reader),
            variants: reader.list(),
        }
    }
}

impl Encode for Choice {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::First => out.byte(0),
            Self::Even => out.byte(1),
            Self::Automatic(shares) => {
                out.byte(2);
                out.list(shares);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        match reader.choice(&[0, 1, 2], 0, "choice") {
            0 => Self::First,
            1 => Self::Even,
            _ => Self::Automatic(reader.list()),
        }
    }
}

impl Encode for Shares {
    fn encode(&self, out: &mut Writer) {
        self.segment.encode(out);
        out.list(&self.weights);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            segment: Option::decode(reader),
            weights: reader.list(),
        }
    }
}

impl Encode for Variant {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.label);
        out.integer(self.program.map_or(0, |program| program as u64 + 1));
        self.from.encode(out);
        self.until.encode(out);
        self.content.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            id: reader.boxed(),
            label: reader.boxed(),
            program: (reader.integer() as usize).checked_sub(1),
            from: Option::decode(reader),
            until: Option::decode(reader),
            content: Content::decode(reader),
        }
    }
}

impl Encode for Content {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Html(html) => {
                out.byte(0);
                out.text(html);
            }
            Self::Fields(fields) => {
                out.byte(1);
                out.list(fields);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        match reader.choice(&[0, 1], 0, "content") {
            0 => Self::Html(reader.boxed()),
            _ => Self::Fields(reader.list()),
        }
    }
}

#[cfg(test)]
mod tests;
