//! Interests: what counts as evidence that a visitor is interested in a topic, and how evidence
//! becomes a score.
//!
//! **Evidence** is measured in pages: 1 is one page about the topic, read to its end.
//! A view alone is [`WEIGHT_VIEW`]; reading adds up to [`WEIGHT_READING`] by
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
//! Powers come from `libm` in the page and on the server, so that both get the same bits.

use crate::codec::{Encode, Reader, Writer};
use crate::time::{Milliseconds, Timestamp};

/// Evidence of a page view that nothing more is known of by Firstglance's own tracker, which
/// reports reading separately.
pub const WEIGHT_VIEW: f64 = 0.1;
/// Evidence that reading a page to its end adds.
pub const WEIGHT_READING: f64 = 0.9;
/// Evidence of a page view reported by a library that does not measure reading: between a bounce
/// and a page read.
pub const WEIGHT_UNMEASURED_VIEW: f64 = 0.4;
/// Evidence of a search on the site.
pub const WEIGHT_SEARCH: f64 = 1.5;
/// Evidence of arriving through a campaign about the topic.
pub const WEIGHT_CAMPAIGN: f64 = 1.0;
/// Evidence of a click on something about the topic.
pub const WEIGHT_CLICK: f64 = 0.3;
/// Evidence of a form about the topic that was submitted.
pub const WEIGHT_FORM: f64 = 3.0;
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

/// One, halved so many times: `2^−times`, for times from 0 on; exact for whole numbers.
///
/// `libm`'s own power of two looks up four kilobytes of constants, a fifth of what a page may load.
/// Whole halvings are an exponent of the number, and the rest is a small power of e.
fn halved(times: f64) -> f64 {
    // Below the smallest normal number nothing is left that could count.
    if times >= 1_022.0 {
        return 0.0;
    }
    let whole = libm::floor(times);
    let rest = libm::exp(-(times - whole) * core::f64::consts::LN_2);
    rest * f64::from_bits((1_023 - whole as u64) << 52)
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
                (halved(times) / libm::exp2(-times) - 1.0).abs() < 1e-15,
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
