//! Sample-ratio mismatch: whether visitors were shared out as the configuration says. Where they were
//! not, something is wrong with how they are shown, sent or counted, and no comparison is worth
//! anything.

use statrs::function::gamma::gamma_ur;

/// A mismatch is told where what was counted would be rarer than this by chance. It is looked at often,
/// so it takes more than what is usual for a single look.
pub const TOLD_BELOW: f64 = 0.001;

/// Fewest visitors that must be expected in each arm for the test to say anything.
const LEAST_EXPECTED: f64 = 5.0;

/// How probable it is that counts are as far from their shares as these, or farther, where nothing is
/// wrong: Pearson's chi-square test. Shares need not add up to one. Nothing where there are too few.
#[must_use]
pub fn probability(counts: &[u64], shares: &[f64]) -> Option<f64> {
    let total = counts.iter().sum::<u64>() as f64;
    let whole: f64 = shares.iter().sum();
    if counts.len() < 2 || counts.len() != shares.len() || whole <= 0.0 {
        return None;
    }
    let mut distance = 0.0;
    for (count, share) in counts.iter().zip(shares) {
        let expected = total * share / whole;
        if expected < LEAST_EXPECTED {
            return None;
        }
        distance += (*count as f64 - expected).powi(2) / expected;
    }
    if distance == 0.0 {
        return Some(1.0);
    }
    let freedom = counts.len() as f64 - 1.0;
    Some(gamma_ur(freedom / 2.0, distance / 2.0))
}

/// How many visitors each arm needs so that a rate that is greater by this part of itself is noticed
/// four times in five, where one time in twenty something is taken for a difference that is none:
/// the usual approximation for two proportions. Nothing where no number is enough.
#[must_use]
pub fn visitors_needed(rate: f64, lift: f64) -> Option<u64> {
    const FALSE_ALARM: f64 = 1.959_963_984_540_054;
    const NOTICED: f64 = 0.841_621_233_572_914_3;
    let other = rate * (1.0 + lift);
    if !(rate > 0.0 && other > 0.0 && rate < 1.0 && other < 1.0) || lift == 0.0 {
        return None;
    }
    let mean = (rate + other) / 2.0;
    let spread = |rate: f64| rate * (1.0 - rate);
    let both =
        FALSE_ALARM * (2.0 * spread(mean)).sqrt() + NOTICED * (spread(rate) + spread(other)).sqrt();
    let needed = (both / (rate - other)).powi(2).ceil();
    (needed < 1e15).then_some(needed as u64)
}
