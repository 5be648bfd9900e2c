//! What a visitor sees in a slot, and why.

use crate::evaluation::Evaluation;
use crate::interest;
use crate::model::Model;
use crate::program::holds;
use crate::text::pieces;
use crate::time::Timestamp;

use super::{Choice, Eligibility, Shares, Slot, Variant, assignment};

/// One of several contents that a slot can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm<'a> {
    /// A variant of the model.
    Configured(&'a Variant),
    /// The name of a variant that stands in the page itself.
    Own(&'a str),
}

impl<'a> Arm<'a> {
    /// By what it is told from others.
    #[must_use]
    pub fn id(&self) -> &'a str {
        match self {
            Self::Configured(variant) => &variant.id,
            Self::Own(name) => name,
        }
    }
}

/// What a visitor sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// What stands in the page, because there is nothing else.
    Default,
    /// This.
    Variant(Arm<'a>),
    /// What stands in the page, so that the effect of this can be known.
    Control(Arm<'a>),
}

/// Why it is that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No variant is eligible.
    NoneEligible,
    /// The visitor has no name by which they could be assigned anything.
    Unnamed,
    /// It is the first of the eligible ones by rank.
    First,
    /// Shares decided among the eligible ones.
    Share,
}

impl Why {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoneEligible => "none eligible",
            Self::Unnamed => "unnamed",
            Self::First => "first",
            Self::Share => "share",
        }
    }
}

/// What a visitor sees, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What.
    pub outcome: Outcome<'a>,
    /// Why this one. Who is held out is so by their name alone, whatever else is the reason.
    pub why: Why,
}

impl<'a> Decision<'a> {
    /// The name of the kind in answers: `variant`, `control` or `default`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.outcome {
            Outcome::Default => super::DEFAULT,
            Outcome::Variant(_) => "variant",
            Outcome::Control(_) => super::CONTROL,
        }
    }

    /// What is shown, or would be to somebody who is not held out.
    #[must_use]
    pub const fn arm(&self) -> Option<Arm<'a>> {
        match self.outcome {
            Outcome::Default => None,
            Outcome::Variant(arm) | Outcome::Control(arm) => Some(arm),
        }
    }
}

/// Decides for an evaluated visitor at a moment.
///
/// `visitor` is the name that all of their pages have in common; a visitor without one sees only
/// what everybody would see, where nothing depends on who it is. `own` are the names of the page's
/// own variants that are for this visitor, one a line and by rank: they come after those of the
/// model, so where shares are said for the model's, only when none of these is eligible.
#[must_use]
pub fn decide<'a>(
    slot: &'a Slot,
    model: &Model,
    evaluation: &Evaluation,
    visitor: &str,
    now: Timestamp,
    own: &'a str,
) -> Decision<'a> {
    let is_eligible =
        |variant: &Variant| variant.eligibility(evaluation, now) == Eligibility::Eligible;
    let configured = || {
        let variants = slot.variants.iter().enumerate();
        let eligible = variants.filter(|(_, variant)| is_eligible(variant));
        eligible.map(|(place, variant)| (place, Arm::Configured(variant)))
    };
    let own = || {
        let names = pieces(own, b'\n').filter(|name| !name.is_empty());
        names.map(|name| (usize::MAX, Arm::Own(name)))
    };
    let all = || configured().chain(own());
    let Some((_, first)) = all().next() else {
        return Decision {
            outcome: Outcome::Default,
            why: Why::NoneEligible,
        };
    };
    let is_alone = all().nth(1).is_none();
    if visitor.is_empty() && (slot.control > 0 || !(is_alone || slot.choice == Choice::First)) {
        return Decision {
            outcome: Outcome::Default,
            why: Why::Unnamed,
        };
    }
    let least = |arms: &mut dyn Iterator<Item = (usize, Arm<'a>)>, weights: &[u32]| {
        let mut best: Option<(u64, u64, Arm<'a>)> = None;
        for (place, arm) in arms {
            let weight = u64::from(weights.get(place).copied().unwrap_or_default());
            let draw = assignment::draw(visitor, &slot.id, arm.id());
            // Draws are below 2 to the power of 31, so nothing overflows.
            let wins = best.is_none_or(|(least, of, _)| draw * of < least * weight);
            if weight > 0 && wins {
                best = Some((draw, weight, arm));
            }
        }
        best.map(|(_, _, arm)| arm)
    };
    let equal = |arms: &mut dyn Iterator<Item = (usize, Arm<'a>)>| {
        least(&mut arms.map(|(_, arm)| (0, arm)), &[1])
    };
    let chosen = match &slot.choice {
        Choice::First => None,
        Choice::Even => equal(&mut all()),
        Choice::Automatic(shares) => {
            let said = shares_of(shares, model, evaluation).map(|one| &*one.weights);
            least(&mut configured(), said.unwrap_or_default()).or_else(|| equal(&mut configured()))
        }
    };
    let (arm, why) = match chosen {
        Some(arm) if !is_alone => (arm, Why::Share),
        _ => (first, Why::First),
    };
    let outcome = if assignment::is_held_out(visitor, &slot.id, slot.control) {
        Outcome::Control(arm)
    } else {
        Outcome::Variant(arm)
    };
    Decision { outcome, why }
}

/// The shares that hold for an evaluated visitor.
#[must_use]
pub fn shares_of<'a>(
    shares: &'a [Shares],
    model: &Model,
    evaluation: &Evaluation,
) -> Option<&'a Shares> {
    shares.iter().find(|one| {
        let segment = one.segment.as_deref();
        segment.is_none_or(|id| is_in(id, model, evaluation))
    })
}

/// Whether an evaluated visitor is in a segment, as [`crate::snapshot::each_segment`] tells them.
fn is_in(id: &str, model: &Model, evaluation: &Evaluation) -> bool {
    if let Some(segment) = model.segment(id) {
        return holds(evaluation.value(segment.program));
    }
    let mut interests = evaluation.interests.iter();
    interests.any(|interest| *interest.id == *id && interest.score >= interest::SEGMENT_SCORE)
}
