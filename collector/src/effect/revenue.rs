//! What a visitor is worth on average, from the sums that are counted: how many visitors, what they
//! were worth together, and the sum of the squares. By the normal distribution, which means of many
//! visitors come near to; of few, or where few of them brought almost all, its bounds are too narrow.

use statrs::function::erf::erfc;

use super::posterior::{Interval, Lift};

/// Between so many standard deviations to both sides lies 95 % of a normal distribution.
const DEVIATIONS: f64 = 1.959_963_984_540_054;

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean of all visitors, also those who brought nothing.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Mean {
    /// Of so many visitors; nothing of fewer than two, of whom no spread can be told.
    #[must_use]
    pub fn of(visitors: u64, sum: f64, squares: f64) -> Option<Self> {
        if visitors < 2 {
            return None;
        }
        let count = visitors as f64;
        let mean = sum / count;
        let variance = ((squares - sum * mean) / (count - 1.0)).max(0.0);
        Some(Self {
            mean,
            error: (variance / count).sqrt(),
        })
    }

    /// The bounds of the mean.
    #[must_use]
    pub fn interval(&self) -> Interval {
        Interval {
            low: self.mean - DEVIATIONS * self.error,
            high: self.mean + DEVIATIONS * self.error,
        }
    }

    /// How it compares with another; nothing where that one is no more than nothing, or where nothing
    /// is known of how much they vary.
    #[must_use]
    pub fn lift_over(&self, other: &Self) -> Option<Lift> {
        let error = self.error.hypot(other.error);
        if other.mean <= 0.0 || error == 0.0 {
            return None;
        }
        let ratio = self.mean / other.mean;
        // How the ratio varies, by its slopes (the delta method).
        let spread = (self.error / other.mean).hypot(ratio * other.error / other.mean);
        Some(Lift {
            estimate: ratio - 1.0,
            interval: Interval {
                low: ratio - DEVIATIONS * spread - 1.0,
                high: ratio + DEVIATIONS * spread - 1.0,
            },
            probability: below((self.mean - other.mean) / error),
        })
    }
}

/// How much of the standard normal distribution is below a number.
fn below(x: f64) -> f64 {
    erfc(-x / core::f64::consts::SQRT_2) / 2.0
}
