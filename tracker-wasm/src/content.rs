//! Content for the page's slots, as its script asks for it.

use alloc::string::String;

use firstglance_engine::content::{self, Arm, Content, Decision};
use firstglance_engine::text::pieces;

use crate::{State, field, state, tell};

/// Ids of the model's slots, with a line break after each.
pub fn slots() -> String {
    let mut out = String::new();
    if let Some(state) = state() {
        for slot in &state.model.slots {
            tell(&mut out, &slot.id, "\n");
        }
    }
    out
}

/// What the visitor sees in a slot, at the moment of the latest snapshot.
///
/// `fields`, with U+0000 between: the visitor's name for assignment, the slot, and names of the
/// page's own variants that are for the visitor, one a line. The answer is empty for a slot that the
/// model does not have; else with U+0000 between: `variant`, `control` or `default`; the variant;
/// its markup; names and texts of its fields in turn, with a line break after each; and why. What
/// is in the page, as the default and own variants are, has neither markup nor fields, and neither
/// has what would have been shown to somebody who is held out.
pub fn decide(fields: &str) -> String {
    let Some(state) = state() else {
        return String::new();
    };
    let mut fields = pieces(fields, 0);
    let [visitor, slot, own] = [(); 3].map(|()| field(&mut fields));
    let State {
        profile,
        model,
        evaluation,
    } = state;
    let now = evaluation.now;
    evaluation.update(profile, model, now, 0);
    let slot = model.slot(slot);
    slot.map_or_else(String::new, |slot| {
        told(&content::decide(slot, model, evaluation, visitor, now, own))
    })
}

/// What [`decide`] answers.
#[must_use]
pub fn told(decision: &Decision<'_>) -> String {
    let mut out = String::new();
    tell(&mut out, decision.kind(), "\0");
    tell(&mut out, decision.arm().map_or("", |arm| arm.id()), "\0");
    let shown = match decision.outcome {
        content::Outcome::Variant(Arm::Configured(variant)) => Some(&variant.content),
        _ => None,
    };
    if let Some(Content::Html(html)) = shown {
        out.push_str(html);
    }
    tell(&mut out, "", "\0");
    if let Some(Content::Fields(fields)) = shown {
        for (name, value) in fields {
            tell(&mut out, name, "\n");
            tell(&mut out, value, "\n");
        }
    }
    tell(&mut out, "", "\0");
    out.push_str(decision.why.name());
    out
}
