//! Shares that learn: how many visitors see which variant of a slot, after what those before them did.
//!
//! Thompson sampling gives each variant as many visitors as it is probable to be the best by what is
//! known. That probability is integrated here and not drawn, so the same counts give the same shares
//! wherever and whenever they are worked out. A part of all visitors, the floor, is always shared out
//! equally, so that nothing is given up for good; and no share changes by more than [`MOST_CHANGE`] at
//! once, so that a lucky hour turns nothing over and few visitors are moved.

use super::posterior::{Posterior, probabilities_of_best};

/// By how much a share may change at once, as a part of all visitors.
pub const MOST_CHANGE: f64 = 0.1;

/// What a variant has come to: who did it, and among how many.
pub type Outcome = (u64, u64);

/// The shares that follow from what the variants came to: each a part of all visitors, one together.
/// `before` are the shares until now, equal ones where there are none; `floor` is the part that is
/// shared out equally.
#[must_use]
pub fn shares(before: Option<&[f64]>, outcomes: &[Outcome], floor: f64) -> Vec<f64> {
    let equal = 1.0 / outcomes.len().max(1) as f64;
    let rates: Vec<Posterior> = (outcomes.iter())
        .map(|(did, among)| Posterior::of(*did, *among))
        .collect();
    let wanted: Vec<f64> = (probabilities_of_best(&rates).into_iter())
        .map(|best| floor * equal + (1.0 - floor) * best)
        .collect();
    let sum: f64 = before.map_or(0.0, |before| before.iter().sum());
    let before: Vec<f64> = match before {
        Some(before) if before.len() == outcomes.len() && sum > 0.0 => {
            before.iter().map(|share| share / sum).collect()
        }
        _ => vec![equal; outcomes.len()],
    };
    let both = before.iter().zip(&wanted);
    let farthest = both.map(|(before, wanted)| (wanted - before).abs());
    let farthest = farthest.fold(0.0, f64::max);
    // All of them go the same part of their way, so that they stay one together.
    let part = if farthest > MOST_CHANGE {
        MOST_CHANGE / farthest
    } else {
        1.0
    };
    let both = before.iter().zip(&wanted);
    both.map(|(before, wanted)| before + (wanted - before) * part)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn one_together_and_never_far_from_before(
            outcomes in prop::collection::vec((0..500_u64, 0..5_000_u64), 1..6),
            floor in 0.01..0.5_f64,
            rounds in 1..30_usize,
        ) {
            let mut before = vec![1.0 / outcomes.len() as f64; outcomes.len()];
            for _ in 0..rounds {
                let after = shares(Some(&before), &outcomes, floor);
                prop_assert!((after.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                let least = floor / outcomes.len() as f64;
                for (before, after) in before.iter().zip(&after) {
                    prop_assert!((before - after).abs() <= MOST_CHANGE + 1e-9);
                    prop_assert!(*after >= least - 1e-9);
                }
                before = after;
            }
        }
    }

    #[test]
    fn what_works_gets_most_and_the_others_their_part() {
        let outcomes = [(50, 1_000), (90, 1_000), (48, 1_000)];
        let mut now = shares(None, &outcomes, 0.1);
        assert!((now[1] - (1.0 / 3.0 + MOST_CHANGE)).abs() < 1e-9, "{now:?}");
        for _ in 0..10 {
            now = shares(Some(&now), &outcomes, 0.1);
        }
        assert!(now[1] > 0.93 && now[0] > 0.033 && now[2] > 0.033, "{now:?}");
        // Of nothing, and after another number of variants.
        assert_eq!(shares(None, &[], 0.1), Vec::<f64>::new());
        assert_eq!(shares(Some(&[1.0]), &[(0, 0), (0, 0)], 0.1), [0.5, 0.5]);
    }
}
