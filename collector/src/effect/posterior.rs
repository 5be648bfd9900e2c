//! What is believed of a rate after so many of so many did something: the beta distribution that
//! follows from believing nothing before, and what two or more of them say about each other.
//!
//! All of it by integration over a grid, so that the same counts give the same answer everywhere: no
//! chance is in it. The error is below 1e-6 for every probability and below a thousandth of the
//! standard deviation for every bound; `tests/statistics` holds it against SciPy. Visits of robots or
//! wrong counts it cannot know of.

/// Parts of the grid.
const PARTS: usize = 2_048;

/// How far the grid reaches, in standard deviations: beyond it, even where a distribution falls off
/// as slowly as these can, there is less than 1e-15.
const REACH: f64 = 40.0;

/// How much of a distribution is outside an interval, on each side: of one of 95 %.
const OUTSIDE: f64 = 0.025;

/// Steps in which a bound is narrowed down by halves.
const HALVINGS: usize = 60;

/// What is so near is there: far below what is told of it, and above the error of the grid.
const NEAR: f64 = 1e-12;

/// Largest ratio of two rates that is told.
const MOST_RATIO: f64 = 1e6;

/// See the module.
#[derive(Clone, Debug)]
pub struct Posterior {
    start: f64,
    step: f64,
    /// At the borders of the parts and in their middles, in turn.
    density: Vec<f64>,
    /// Up to each border.
    cumulative: Vec<f64>,
}

/// The bounds between which something lies with a probability of 95 %, as much of the rest below as
/// above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower one.
    pub low: f64,
    /// The upper one.
    pub high: f64,
}

/// How a rate compares with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// By what part it is greater: 0.1 for a tenth; the median.
    pub estimate: f64,
    /// The same at the bounds.
    pub interval: Interval,
    /// How probable it is that it is greater at all.
    pub probability: f64,
}

impl Posterior {
    /// Of so many who did it among so many.
    #[must_use]
    pub fn of(did: u64, among: u64) -> Self {
        let (did, not) = (did as f64, among.saturating_sub(did) as f64);
        let (a, b) = (did + 1.0, not + 1.0);
        let mean = a / (a + b);
        let deviation = (a * b / (a + b + 1.0)).sqrt() / (a + b);
        let start = (mean - REACH * deviation).max(0.0);
        let end = (mean + REACH * deviation).min(1.0);
        let step = (end - start) / PARTS as f64;
        // The logarithm, so that nothing overflows; where nobody did it, 0 times minus infinity is 0.
        let times = |count: f64, logarithm: f64| {
            if count == 0.0 { 0.0 } else { count * logarithm }
        };
        let at = |x: f64| times(did, x.ln()) + times(not, (-x).ln_1p());
        let peak = if did + not == 0.0 {
            0.0
        } else {
            at(did / (did + not))
        };
        let points = 0..=2 * PARTS;
        let mut density: Vec<f64> = points
            .map(|point| (at((start + step * point as f64 / 2.0).min(1.0)) - peak).exp())
            .collect();
        let mut cumulative = Vec::with_capacity(PARTS + 1);
        let mut sum = 0.0;
        cumulative.push(sum);
        for part in density.windows(3).step_by(2) {
            if let [left, middle, right] = part {
                // Simpson's rule.
                sum += (left + 4.0 * middle + right) * step / 6.0;
            }
            cumulative.push(sum);
        }
        density.iter_mut().for_each(|value| *value /= sum);
        cumulative.iter_mut().for_each(|value| *value /= sum);
        Self {
            start,
            step,
            density,
            cumulative,
        }
    }

    /// How probable it is that the rate is below a number.
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        let place = (x - self.start) / self.step;
        if place <= 0.0 {
            return 0.0;
        }
        let part = place as usize;
        let Some([left, right]) = self.cumulative.get(part..part + 2) else {
            return 1.0;
        };
        let slope = |part: usize| self.density.get(2 * part).copied().unwrap_or_default();
        let (before, after) = (slope(part) * self.step, slope(part + 1) * self.step);
        // The cubic that has the values and the slopes of both borders.
        let t = place - part as f64;
        let (square, cube) = (t * t, t * t * t);
        left + (right - left) * (3.0 * square - 2.0 * cube)
            + before * (cube - 2.0 * square + t)
            + after * (cube - square)
    }

    /// The bounds of the rate.
    #[must_use]
    pub fn interval(&self) -> Interval {
        let end = self.start + self.step * PARTS as f64;
        let bound = |probability| {
            halve(
                self.start,
                end,
                |x| self.below(x) < probability,
                |low, high| (low + high) / 2.0,
            )
        };
        Interval {
            low: bound(OUTSIDE),
            high: bound(1.0 - OUTSIDE),
        }
    }

    /// The mean of a function of the rate.
    fn mean_of(&self, function: impl Fn(f64) -> f64) -> f64 {
        let mut sum = 0.0;
        for (point, density) in self.density.iter().enumerate() {
            let weight = match point {
                0 => 1.0,
                last if last == 2 * PARTS => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let x = self.start + self.step * point as f64 / 2.0;
            sum += weight * density * function(x);
        }
        sum * self.step / 6.0
    }

    /// How the rate compares with another.
    #[must_use]
    pub fn lift_over(&self, other: &Self) -> Lift {
        // Over the one whose rate the other's is stretched against: the steeper function of the two
        // would fall between the points of the grid.
        let ratio_is_below = |ratio: f64| {
            if ratio > 1.0 {
                1.0 - self.mean_of(|x| other.below(x / ratio))
            } else {
                other.mean_of(|x| self.below(ratio * x))
            }
        };
        let (own, theirs) = (self.interval(), other.interval());
        let near = (own.low / theirs.high, own.high / theirs.low);
        let bound = |probability| crossing(near, probability, ratio_is_below) - 1.0;
        Lift {
            estimate: bound(0.5),
            interval: Interval {
                low: bound(OUTSIDE),
                high: bound(1.0 - OUTSIDE),
            },
            probability: 1.0 - ratio_is_below(1.0),
        }
    }
}

/// The number up to which something holds.
fn halve(
    mut low: f64,
    mut high: f64,
    holds: impl Fn(f64) -> bool,
    middle: impl Fn(f64, f64) -> f64,
) -> f64 {
    for _ in 0..HALVINGS {
        let between = middle(low, high);
        if holds(between) {
            low = between;
        } else {
            high = between;
        }
    }
    middle(low, high)
}

/// Where a function of a ratio that grows reaches a value; the least or the largest ratio that is told where
/// it does so beyond. By the logarithms of ratios, which span many magnitudes, and by the Illinois method:
/// each look is an integral, and halving would take many. It is looked for around where it probably is.
fn crossing(near: (f64, f64), value: f64, function: impl Fn(f64) -> f64) -> f64 {
    let end = MOST_RATIO.ln();
    let above = |place: f64| function(place.exp()) - value;
    let (mut left, mut right) = (near.0.ln().max(-end), near.1.ln().min(end));
    let (mut below, mut beyond) = (above(left), above(right));
    let mut step = (right - left).max(NEAR);
    while below >= 0.0 {
        if left <= -end {
            return 1.0 / MOST_RATIO;
        }
        left = (left - step).max(-end);
        below = above(left);
        step *= 2.0;
    }
    while beyond <= 0.0 {
        if right >= end {
            return MOST_RATIO;
        }
        right = (right + step).min(end);
        beyond = above(right);
        step *= 2.0;
    }
    // An end that stays counts for less and less, or it would for ever.
    let (mut stayed_left, mut stayed_right) = (false, false);
    for _ in 0..HALVINGS {
        let between = (left * beyond - right * below) / (beyond - below);
        let there = above(between);
        if there.abs() <= NEAR || right - left <= NEAR {
            return between.exp();
        }
        if there < 0.0 {
            (left, below) = (between, there);
            if stayed_right {
                beyond /= 2.0;
            }
            (stayed_left, stayed_right) = (false, true);
        } else {
            (right, beyond) = (between, there);
            if stayed_left {
                below /= 2.0;
            }
            (stayed_left, stayed_right) = (true, false);
        }
    }
    f64::midpoint(left, right).exp()
}

/// For each of several rates, how probable it is that it is the greatest.
#[must_use]
pub fn probabilities_of_best(rates: &[Posterior]) -> Vec<f64> {
    let mut all: Vec<f64> = (rates.iter().enumerate())
        .map(|(place, rate)| {
            rate.mean_of(|x| {
                let others = rates
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != place);
                others.map(|(_, other)| other.below(x)).product()
            })
        })
        .collect();
    // What is left of the error of the grid.
    let sum: f64 = all.iter().sum();
    if sum > 0.0 {
        all.iter_mut().for_each(|one| *one /= sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of whom nothing is known anything is as probable as anything else.
    #[test]
    fn nothing_is_known() {
        let nothing = Posterior::of(0, 0);
        for x in [0.0, 0.1, 0.5, 0.999, 1.0] {
            assert!((nothing.below(x) - x).abs() < 1e-9, "{x}");
        }
        let Interval { low, high } = nothing.interval();
        assert!((low - 0.025).abs() < 1e-9 && (high - 0.975).abs() < 1e-9);
        assert!((nothing.lift_over(&nothing).probability - 0.5).abs() < 1e-6);
    }

    #[test]
    fn the_best_are_one_altogether() {
        let rates = [(3, 10), (30, 100), (0, 5), (200, 900)];
        let rates = rates.map(|(did, among)| Posterior::of(did, among));
        let best = probabilities_of_best(&rates);
        assert!((best.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let pair = probabilities_of_best(&rates[..2]);
        let lift = rates[0].lift_over(&rates[1]);
        assert!((pair[0] - lift.probability).abs() < 1e-6);
        assert_eq!(probabilities_of_best(&rates[..1]), [1.0]);
        assert!(probabilities_of_best(&[]).is_empty());
    }

    /// What is found by few looks is what halving finds.
    #[test]
    fn crossings_are_where_halving_finds_them() {
        let (low, high) = (1.0 / MOST_RATIO, MOST_RATIO);
        let starts = [(low, high), (0.5, 2.0), (0.0, 1e-3), (1e3, f64::INFINITY)];
        for steepness in [0.2, 1.0, 9.0, 200.0, 5_000.0] {
            for middle in [1e-5, 0.3, 1.0, 7.0, 4e4] {
                let function = |place: f64| {
                    let far = steepness * (place / middle).ln();
                    1.0 / (1.0 + (-far).exp())
                };
                for value in [0.025, 0.5, 0.975] {
                    let below = |place: f64| function(place) < value;
                    let halved = halve(low, high, below, |low, high| (low * high).sqrt());
                    for near in starts {
                        let found = crossing(near, value, function);
                        let off = (found / halved - 1.0).abs();
                        assert!(off < 1e-7, "{steepness} {middle} {value}: {found} {halved}");
                    }
                }
            }
        }
    }

    /// Whatever the counts are, and also where they contradict each other.
    #[test]
    fn numbers_for_all_counts() {
        for (did, among) in [
            (0, 1),
            (1, 1),
            (5, 3),
            (0, 10_000_000),
            (10_000_000, 10_000_000),
        ] {
            let rate = Posterior::of(did, among);
            let Interval { low, high } = rate.interval();
            assert!(0.0 <= low && low < high && high <= 1.0, "{did} of {among}");
            let lift = rate.lift_over(&Posterior::of(1, 10));
            assert!(lift.interval.low <= lift.estimate && lift.estimate <= lift.interval.high);
            assert!((-1e-9..=1.0 + 1e-9).contains(&lift.probability));
        }
    }
}
