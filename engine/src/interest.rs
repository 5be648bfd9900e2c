//! Interests: what counts as evidence that a visitor is interested in a topic, and how evidence
//! becomes a score.
//!
//! **Evidence** is measured in pages: 1 is one page about the topic, read to its end.
//! A view alone is [`Weights::view`]; reading adds up to [`Weights::reading`] by
//! the lesser of `active time ÷ time the text calls for` and the deepest scroll, so that neither an
//! open tab nor a quick scroll to the bottom is taken for reading. A search on the site is worth more
//! than a page, because the visitor said it in their own words; a campaign's term is worth as much
//! as a page; a click is a small sign. Each event adds only the *difference* it makes, so that the
//! order in which events arrive does not matter.
//!
//! **Decay** is exponential: after one half-life evidence counts for half. A running sum and the
//! moment it was valid at are enough, so an event costs O(1), and an event that arrives late is
//! discounted to the sum's moment instead. Source: G. Cormode, V. Shkapenyuk, D. Srivastava,
//! B. Xu, "Forward Decay: A Practical Time Decay Model for Streaming Systems", ICDE 2009.
//!
//! **Score**: `1 − 2^(−evidence ÷ HALF_EVIDENCE)`, which grows from 0 towards 1 and is 0.5 at
//! [`HALF_EVIDENCE`] for every topic and every visitor.
//!
//! **Confidence** is the same curve over all evidence of all topics: a score of 0 with a high
//! confidence says "not interested", with a low one "not known yet".
//!
//! Only additions, multiplications and divisions of 64-bit floats are used, which IEEE 754 defines
//! to the bit, so that page and server get the same ones.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::campaign::Campaign;
use crate::codec::{Encode, Reader, Writer};
use crate::model::{InterestRule, Model};
use crate::profile::{EntryKind, Profile};
use crate::text;
use crate::time::{Milliseconds, Timestamp};

/// What counts for how much, in pages read to their end. A configuration may set each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// A page view of which nothing more is known yet: a bounce is little.
    pub view: f64,
    /// What reading a page to its end adds. A view and its reading are one page.
    pub reading: f64,
    /// A page view reported by a library that does not measure reading: between a bounce and a page
    /// read.
    pub unmeasured_view: f64,
    /// A search on the site: more than a page, because the visitor said it in their own words.
    pub search: f64,
    /// Arriving through a campaign about the topic: the click on it was a choice, as a page is.
    pub campaign: f64,
    /// A click on something about the topic: a small sign, for the page behind it counts as well.
    pub click: f64,
    /// A form about the topic that was submitted: two searches' worth, for nothing a visitor does
    /// costs them more.
    pub form: f64,
}

impl Weights {
    /// Where nothing is configured.
    pub const DEFAULT: Self = Self {
        view: 0.1,
        reading: 0.9,
        unmeasured_view: 0.4,
        search: 1.5,
        campaign: 1.0,
        click: 0.3,
        form: 3.0,
    };
}

impl Default for Weights {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Topics taken from keywords or the path are guesses: they get this share of the evidence.
pub const GUESS_SHARE: f64 = 0.5;

/// Evidence at which the score is one half: less than two pages read to their end, so that the
/// second one within a few days makes an interest.
pub const HALF_EVIDENCE: f64 = 1.5;
/// Half-life of evidence where the configuration names none.
pub const DEFAULT_HALF_LIFE: Milliseconds = Milliseconds::from_days(14);
/// Score from which an interest is by itself a segment.
pub const SEGMENT_SCORE: f64 = 0.5;

/// A sum of evidence that decays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    sum: f64,
    at: Timestamp,
}

impl Evidence {
    /// No evidence.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sum: 0.0,
            at: Timestamp::MIN,
        }
    }

    /// So much evidence, as it counts at a moment.
    #[must_use]
    pub const fn known(sum: f64, at: Timestamp) -> Self {
        Self { sum, at }
    }

    /// The sum, and the moment that it is valid at.
    #[must_use]
    pub const fn parts(self) -> (f64, Timestamp) {
        (self.sum, self.at)
    }

    /// Adds so much evidence of a moment, before or after what is there.
    pub fn add(&mut self, weight: f64, at: Timestamp, half_life: Milliseconds) {
        if at >= self.at {
            self.sum = self.at(at, half_life) + weight;
            self.at = at;
        } else {
            self.sum += weight * remaining(self.at.since(at), half_life);
        }
    }

    /// The evidence as it counts at a moment. Before its last event nothing has decayed yet.
    #[must_use]
    pub fn at(&self, now: Timestamp, half_life: Milliseconds) -> f64 {
        self.sum * remaining(now.since(self.at), half_life)
    }
}

/// What is left of evidence after so much time, 0 to 1.
#[must_use]
pub fn remaining(age: Milliseconds, half_life: Milliseconds) -> f64 {
    if age.0 == 0 {
        return 1.0;
    }
    halved(age.0 as f64 / half_life.0.max(1) as f64)
}

/// Evidence as a score from 0 up to but not including 1.
#[must_use]
pub fn saturate(evidence: f64, half: f64) -> f64 {
    1.0 - halved(evidence.max(0.0) / half)
}

/// One, halved so many times: `2^−times`, for times from 0 on; exact for whole numbers, and else
/// within one part in 10^13.
///
/// Whole halvings are an exponent of the number. The rest is `e^x` for x between −0.7 and 0: the
/// first six terms of its Taylor series at x/256, nested (Horner), and the result squared eight
/// times. A mathematics library would be as large as half of the fold in the page's module.
fn halved(times: f64) -> f64 {
    // Below the smallest normal number nothing is left that could count.
    if times >= 1_022.0 {
        return 0.0;
    }
    let whole = times as u64;
    let x = (whole as f64 - times) * (core::f64::consts::LN_2 / 256.0);
    let mut rest = 1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x / 120.0))));
    for _ in 0..8 {
        rest *= rest;
    }
    rest * f64::from_bits((1_023 - whole) << 52)
}

/// How far a page was read, 0 to 1.
///
/// The time a text calls for is half of what silent reading at 238 words a minute takes, for
/// people skim the web, and between 8 and 120 seconds; 20 seconds where the length is not known.
/// Source of the rate: M. Brysbaert, "How many words do we read per minute? A review and
/// meta-analysis of reading rate", Journal of Memory and Language 109, 2019.
#[must_use]
pub fn reading(active: Milliseconds, scroll_percent: u8, words: u32) -> f64 {
    let called_for = match words {
        0 => 20.0,
        words => (f64::from(words) / 238.0 * 60.0 * 0.5).clamp(8.0, 120.0),
    };
    let time = active.as_seconds() / called_for;
    time.min(f64::from(scroll_percent.min(100)) / 100.0)
}

/// One interest and how strong it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interest {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// 0 to 1.
    pub score: f64,
}

/// By how much an interest is ahead of the next one, 0 to 1.
#[must_use]
pub fn margin(ranked: &[Interest], place: usize) -> f64 {
    let score = |place: usize| ranked.get(place).map_or(0.0, |interest| interest.score);
    score(place) - score(place + 1)
}

/// How well a profile's interests are known, 0 to 1.
#[must_use]
pub fn confidence(profile: &Profile, now: Timestamp) -> f64 {
    saturate(profile.observed.at(now, DEFAULT_HALF_LIFE), HALF_EVIDENCE)
}

/// Evidence, in pages read, at which [`engagement`] is 50.
pub const ENGAGEMENT_HALF_EVIDENCE: f64 = 8.0;

/// All that a visitor has done, as a number from 0 to 100: the lead score where none is configured.
#[must_use]
pub fn engagement(profile: &Profile, now: Timestamp) -> f64 {
    let observed = profile.observed.at(now, DEFAULT_HALF_LIFE);
    100.0 * saturate(observed, ENGAGEMENT_HALF_EVIDENCE)
}

/// Searches of one text that count, so that one query repeated does not outweigh all else.
pub(crate) const MOST_SEARCHES: u64 = 3;

/// The interests of a profile at a moment, strongest first; of equal ones by id.
///
/// Searches and the last campaign are taken in here and not in the fold, so that a search made
/// before the visitor saw the topic counts as well, and a change of terms counts at once.
#[must_use]
pub fn rank(profile: &Profile, model: &Model, now: Timestamp) -> Vec<Interest> {
    let said = Said::of(profile);
    let mut interests = Vec::new();
    let mut put = |id: &str, label: &str, evidence: f64| {
        if evidence <= 0.0 {
            return;
        }
        let score = saturate(evidence, HALF_EVIDENCE);
        let place = interests.iter().position(|known: &Interest| {
            known.score < score || (known.score == score && *known.id > *id)
        });
        let interest = Interest {
            id: id.into(),
            label: label.into(),
            score,
        };
        interests.insert(place.unwrap_or(interests.len()), interest);
    };
    for entry in profile.entries.of(EntryKind::Topic) {
        let rule = model.interest(&entry.text);
        let half_life = model.half_life(&entry.text);
        let evidence =
            entry.evidence().at(now, half_life) + said.about(model, &entry.text, rule, now);
        let label = rule.map_or(&entry.value, |rule| &rule.label);
        put(&entry.text, label, evidence);
    }
    for rule in model.rules() {
        if profile.entries.find(EntryKind::Topic, &rule.id).is_none() {
            let evidence = said.about(model, &rule.id, Some(rule), now);
            put(&rule.id, &rule.label, evidence);
        }
    }
    interests
}

/// Whether what a visitor said, as a slug, is about a topic.
pub(crate) fn is_about(rule: Option<&InterestRule>, id: &str, slug: &str) -> bool {
    match rule {
        Some(rule) if !rule.terms.is_empty() => {
            rule.covers_slug(slug) || rule.topics().any(|topic| text::about(slug, topic))
        }
        _ => text::about(slug, id),
    }
}

/// What a visitor said: searches, and the term and name of the last campaign; as slugs.
struct Said(Vec<(alloc::string::String, Timestamp, u64)>);

impl Said {
    fn of(profile: &Profile) -> Self {
        let mut said = Vec::new();
        for search in profile.entries.of(EntryKind::Search) {
            let count = search.count.min(MOST_SEARCHES);
            said.push((text::slug(&search.text), search.last, count));
        }
        if let Some(touch) = profile.last_touch_entry() {
            let [.., lines] = touch.origin();
            for parameter in ["utm_term", "utm_campaign"] {
                let slug = text::slug(Campaign::value_in(lines, parameter));
                if !slug.is_empty() {
                    said.push((slug, touch.last, 0));
                }
            }
        }
        Self(said)
    }

    /// Evidence for a topic. The campaign counts once.
    fn about(&self, model: &Model, id: &str, rule: Option<&InterestRule>, now: Timestamp) -> f64 {
        let half_life = model.half_life(id);
        let mut evidence = 0.0;
        let mut campaign = false;
        for (slug, at, searches) in &self.0 {
            if !is_about(rule, id, slug) || (*searches == 0 && campaign) {
                continue;
            }
            let weight = if *searches == 0 {
                campaign = true;
                model.weights.campaign
            } else {
                *searches as f64 * model.weights.search
            };
            evidence += weight * remaining(now.since(*at), half_life);
        }
        evidence
    }
}

impl Encode for Evidence {
    fn encode(&self, out: &mut Writer) {
        out.float(self.sum);
        self.at.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let (sum, at) = (reader.float(), Timestamp::decode(reader));
        Self { sum, at }
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use proptest::prelude::*;

    const DAY: u64 = 86_400_000;

    fn at(day: u64) -> Timestamp {
        Timestamp::from_milliseconds((day * DAY) as i64)
    }

    #[test]
    fn half_is_left_after_a_half_life() {
        let mut evidence = Evidence::default();
        evidence.add(2.0, at(100), DEFAULT_HALF_LIFE);
        assert_eq!(evidence.at(at(100), DEFAULT_HALF_LIFE), 2.0);
        assert_eq!(evidence.at(at(114), DEFAULT_HALF_LIFE), 1.0);
        assert_eq!(evidence.at(at(128), DEFAULT_HALF_LIFE), 0.5);
        assert_eq!(evidence.at(at(90), DEFAULT_HALF_LIFE), 2.0);
    }

    #[test]
    fn scores() {
        assert_eq!(saturate(0.0, HALF_EVIDENCE), 0.0);
        assert_eq!(saturate(1.5, HALF_EVIDENCE), 0.5);
        assert_eq!(saturate(3.0, HALF_EVIDENCE), 0.75);
    }

    #[test]
    fn halving() {
        for (times, expected) in [
            (0.0, 1.0),
            (1.0, 0.5),
            (3.0, 0.125),
            (1_021.0, 2_f64.powi(-1_021)),
            (2_000.0, 0.0),
        ] {
            assert_eq!(halved(times), expected, "{times}");
        }
        for step in 0..10_000 {
            let times = f64::from(step) / 97.0;
            assert!(
                (halved(times) / (-times).exp2() - 1.0).abs() < 1e-13,
                "{times}"
            );
        }
    }

    #[test]
    fn how_far_pages_are_read() {
        for (seconds, scroll, words, expected) in [
            (0.0, 100, 0, 0.0),
            (20.0, 0, 0, 0.0),
            (20.0, 100, 0, 1.0),
            (5.0, 100, 0, 0.25),
            (20.0, 25, 0, 0.25),
            (3_600.0, 255, u32::MAX, 1.0),
            (8.0, 100, 1, 1.0),
            (30.0, 100, 952, 0.25),
        ] {
            let read = reading(Milliseconds::from_seconds(seconds), scroll, words);
            assert!(
                (read - expected).abs() < 1e-12,
                "{seconds} {scroll} {words}: {read}"
            );
        }
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut events in prop::collection::vec((0.0..3.0_f64, 0..4_000_u64), 1..20)) {
            let sum = |events: &[(f64, u64)]| {
                let mut evidence = Evidence::default();
                for &(weight, day) in events {
                    evidence.add(weight, at(day), DEFAULT_HALF_LIFE);
                }
                evidence.at(at(4_000), DEFAULT_HALF_LIFE)
            };
            let forward = sum(&events);
            events.reverse();
            prop_assert!((forward - sum(&events)).abs() <= 1e-9 * forward.max(1.0));
        }
    }
}
