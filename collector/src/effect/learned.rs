//! What was learned: the shares of all slots that learn theirs, as they are kept from step to step and
//! over restarts, and how they come into a model.

use std::collections::BTreeMap;

use firstglance_engine::Model;
use firstglance_engine::content::{Choice, Slot};

use super::allocation::{self, Outcome};
use super::exposure::Arm;
use super::results::Results;

/// Weights of all variants of a slot together; each is a whole number of ten-thousandths.
const WHOLE: f64 = 10_000.0;

/// Shares by variant.
type Shares = BTreeMap<Box<str>, u32>;

/// Shares of the variants, in ten-thousandths, by slot and segment; for everybody else by the empty
/// name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Learned(BTreeMap<Box<str>, BTreeMap<Box<str>, Shares>>);

/// By what a slot learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// Whether it is by a goal, and not by clicks.
    pub by_goal: bool,
    /// The part of visitors that is shared out equally.
    pub floor: f64,
}

impl Learned {
    /// Learns from what the visitors of a slot came to; for the model's other slots nothing changes.
    pub fn learn(&mut self, slot: &Slot, results: &Results, lesson: Lesson) {
        let Choice::Automatic(apart) = &slot.choice else {
            return;
        };
        let before = self.0.remove(&slot.id).unwrap_or_default();
        let mut after = BTreeMap::new();
        for shares in apart {
            let segment = shares.segment.as_deref();
            let name = segment.unwrap_or_default();
            let outcomes = slot.variants.iter().map(|variant| {
                let numbers = results.of_segment(segment, &variant.id, Arm::Variant);
                let did = if lesson.by_goal {
                    numbers.conversions
                } else {
                    numbers.clickers
                };
                (did, numbers.visitors)
            });
            let outcomes: Vec<Outcome> = outcomes.collect();
            let former = weights(slot, before.get(name));
            let now = allocation::shares(former.as_deref(), &outcomes, lesson.floor);
            let now = slot.variants.iter().zip(now);
            let now = now.map(|(variant, share)| (variant.id.clone(), whole(share)));
            after.insert(name.into(), now.collect());
        }
        self.0.insert(slot.id.clone(), after);
    }

    /// Forgets slots that no longer learn.
    pub fn keep_only(&mut self, model: &Model) {
        let learns = |id: &str| {
            let slot = model.slot(id);
            slot.is_some_and(|slot| matches!(slot.choice, Choice::Automatic(_)))
        };
        self.0.retain(|id, _| learns(id));
    }

    /// Puts the shares into a model.
    pub fn apply_to(&self, model: &mut Model) {
        for slot in &mut model.slots {
            let Some(learned) = self.0.get(&slot.id) else {
                continue;
            };
            let of = |segment: Option<&str>| {
                let weights = weights(slot, learned.get(segment.unwrap_or_default()))?;
                Some(weights.into_iter().map(whole).collect())
            };
            let Choice::Automatic(apart) = &slot.choice else {
                continue;
            };
            let mut apart = apart.clone();
            for shares in &mut apart {
                if let Some(weights) = of(shares.segment.as_deref()) {
                    shares.weights = weights;
                }
            }
            slot.choice = Choice::Automatic(apart);
        }
    }
}

/// What was learned of a slot's variants, in their order, as parts of one; those that are new get as
/// much as the others have on average. Nothing where nothing was learned of any.
fn weights(slot: &Slot, learned: Option<&Shares>) -> Option<Vec<f64>> {
    let learned = learned?;
    let of = |id: &str| learned.get(id).map(|share| f64::from(*share));
    let known: Vec<f64> = slot.variants.iter().filter_map(|one| of(&one.id)).collect();
    let sum: f64 = known.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    let mean = sum / known.len() as f64;
    let all = slot.variants.iter().map(|one| of(&one.id).unwrap_or(mean));
    let all: Vec<f64> = all.collect();
    let sum: f64 = all.iter().sum();
    Some(all.into_iter().map(|share| share / sum).collect())
}

fn whole(share: f64) -> u32 {
    (share * WHOLE).round() as u32
}
