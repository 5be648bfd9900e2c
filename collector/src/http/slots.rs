//! What slots came to, wherever it is told: the counts of some days, which variants there are, and
//! whether something is wrong. Writes nothing.

use std::collections::BTreeMap;

use firstglance_engine::Timestamp;
use firstglance_engine::content::{Choice, Slot, Variant};

use super::App;
use super::error::HttpError;
use crate::effect::mismatch::{self, TOLD_BELOW};
use crate::effect::posterior::{Posterior, probabilities_of_best};
use crate::effect::{Arm, Numbers, Results};
use crate::store::counting::{Count, Metric, Period, Sum};

/// The difference for which it is told how many visitors would show it.
pub(super) const NOTABLE: f64 = 0.2;

/// Days within which it is looked whether anybody saw a variant.
pub(super) const LOOKED_AT: u32 = 30;

/// What all that is counted of content on some days comes to.
pub(super) async fn sums(app: &App, first: Period, last: Period) -> Result<Vec<Sum>, HttpError> {
    let metrics = Metric::OF_CONTENT.to_vec();
    Ok(app.store.sums(metrics, first, last).await?)
}

/// All that is counted of content on some days, day by day.
pub(super) async fn counts(
    app: &App,
    first: Period,
    last: Period,
) -> Result<Vec<(Metric, Vec<Count>)>, HttpError> {
    let mut counts = Vec::new();
    for metric in Metric::OF_CONTENT {
        counts.push((metric, app.store.counts(metric, first, last).await?));
    }
    Ok(counts)
}

/// The configured variants by rank, then those that pages alone know.
pub(super) fn variants<'a>(slot: Option<&'a Slot>, results: &'a Results) -> Vec<&'a str> {
    let configured = slot.into_iter().flat_map(|slot| &slot.variants);
    let mut ids: Vec<&str> = configured.map(|variant| &*variant.id).collect();
    for id in results.variants() {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// How probable it is that each is the best, by the goal or else by clicks, where there are several to
/// compare.
pub(super) fn best(results: &Results, ids: &[&str], has_goal: bool) -> Vec<f64> {
    let shown = |id: &&str| results.of_variant(id, Arm::Variant);
    let numbers: Vec<Numbers> = ids.iter().map(shown).collect();
    if numbers.len() < 2 || numbers.iter().any(|one| one.visitors == 0) {
        return Vec::new();
    }
    let rate = |one: &Numbers| match has_goal {
        true => one.conversion_rate(),
        false => one.click_rate(),
    };
    let rates: Vec<Posterior> = numbers.iter().map(rate).collect();
    probabilities_of_best(&rates)
}

/// Visitors who first saw any content of a slot, or would have.
pub(super) fn visitors(results: &Results) -> u64 {
    let of = |arm| results.of_arm(arm).visitors;
    of(Arm::Variant) + of(Arm::Control)
}

/// By what visitors may not be shared out as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SharedBy {
    /// Whether they are held out.
    Control,
    /// Which variant they see.
    Variants,
}

impl SharedBy {
    /// Its name in answers.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Variants => "variants",
        }
    }
}

/// A test of whether visitors were shared out as they should be.
pub(super) struct Mismatch {
    pub(super) of: SharedBy,
    /// How probable it is that they are; nothing while there are too few.
    pub(super) probability: Option<f64>,
}

impl Mismatch {
    /// Whether it is to be told as a mistake.
    pub(super) fn is_told(&self) -> bool {
        self.probability
            .is_some_and(|probability| probability < TOLD_BELOW)
    }
}

/// What can be tested of a slot.
pub(super) fn mismatches(slot: Option<&Slot>, results: &Results) -> Vec<Mismatch> {
    let Some(slot) = slot else {
        return Vec::new();
    };
    let mut tests = Vec::new();
    if slot.control > 0 {
        let counts = Arm::ALL.map(|arm| results.of_arm(arm).visitors);
        let control = f64::from(slot.control);
        tests.push(Mismatch {
            of: SharedBy::Control,
            probability: mismatch::probability(&counts, &[100.0 - control, control]),
        });
    }
    let always = |variant: &Variant| {
        variant.program.is_none() && variant.from.is_none() && variant.until.is_none()
    };
    // Where any of them is for some visitors alone, nobody knows which shares there should be.
    if slot.choice == Choice::Even && slot.variants.iter().all(always) {
        let counts = slot.variants.iter().map(|variant| {
            let of = |arm| results.of_variant(&variant.id, arm).visitors;
            of(Arm::Variant) + of(Arm::Control)
        });
        let counts: Vec<u64> = counts.collect();
        tests.push(Mismatch {
            of: SharedBy::Variants,
            probability: mismatch::probability(&counts, &vec![1.0; counts.len()]),
        });
    }
    tests
}

/// What is wrong with a slot that its configuration alone does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// The schedule of a variant is over.
    Over(Box<str>),
    /// Nobody has seen the slot.
    Unseen(Box<str>),
    /// Nobody has seen a variant.
    VariantUnseen(Box<str>),
    /// Visitors are not shared out as configured.
    Shared(SharedBy),
}

impl Mistake {
    /// What it is and what would be right, in words.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Over(variant) => format!(
                "the schedule of the variant {variant:?} is over: take it out, or give it another \"until\""
            ),
            Self::Unseen(slot) => format!(
                "nobody has seen it in {LOOKED_AT} days: a page needs an element with data-fg-slot={slot:?}, \
                 and somebody for whom a variant is"
            ),
            Self::VariantUnseen(variant) => format!(
                "nobody has seen the variant {variant:?} in {LOOKED_AT} days: one of a better rank takes its \
                 place, or its condition holds for nobody"
            ),
            Self::Shared(by) => format!(
                "visitors are not shared out as configured, by {}: do not trust the results until it is known why",
                by.name()
            ),
        }
    }

    /// The same in Dutch.
    pub(super) fn sentence_in_dutch(&self) -> String {
        match self {
            Self::Over(variant) => format!(
                "de periode van de variant {variant:?} is voorbij: haal hem weg, of geef hem een andere \"until\""
            ),
            Self::Unseen(slot) => format!(
                "niemand heeft het in {LOOKED_AT} dagen gezien: een pagina heeft een element met data-fg-slot={slot:?} \
                 nodig, en iemand voor wie er een variant is"
            ),
            Self::VariantUnseen(variant) => format!(
                "niemand heeft de variant {variant:?} in {LOOKED_AT} dagen gezien: een met een betere rang neemt zijn \
                 plaats in, of zijn voorwaarde geldt voor niemand"
            ),
            Self::Shared(SharedBy::Control) => {
                "bezoekers zijn niet verdeeld zoals ingesteld, over de controlegroep: \
                 vertrouw de resultaten niet voordat bekend is waarom"
                    .to_owned()
            }
            Self::Shared(SharedBy::Variants) => {
                "bezoekers zijn niet verdeeld zoals ingesteld, over de varianten: \
                 vertrouw de resultaten niet voordat bekend is waarom"
                    .to_owned()
            }
        }
    }
}

/// What is wrong with a slot, given what it came to in the last [`LOOKED_AT`] days.
pub(super) fn mistakes(slot: &Slot, results: &Results, now: Timestamp) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let is_over = |variant: &Variant| variant.until.is_some_and(|until| until <= now);
    for variant in slot.variants.iter().filter(|variant| is_over(variant)) {
        mistakes.push(Mistake::Over(variant.id.clone()));
    }
    if results.is_empty() {
        mistakes.push(Mistake::Unseen(slot.id.clone()));
        return mistakes;
    }
    let by_variant: BTreeMap<&str, u64> = (results.variants().into_iter())
        .map(|id| {
            let of = |arm| results.of_variant(id, arm).visitors;
            (id, of(Arm::Variant) + of(Arm::Control))
        })
        .collect();
    for variant in &slot.variants {
        let has_begun = variant.from.is_none_or(|from| from <= now);
        if has_begun && !is_over(variant) && !by_variant.contains_key(&*variant.id) {
            mistakes.push(Mistake::VariantUnseen(variant.id.clone()));
        }
    }
    let mismatches = mismatches(Some(slot), results);
    let told = mismatches.iter().filter(|one| one.is_told());
    mistakes.extend(told.map(|one| Mistake::Shared(one.of)));
    mistakes
}
