//! What happens by chance, the same for the same seed.

use crate::random::Random;

impl Random {
    /// Of a seed and what it is for: chances that do not depend on each other.
    pub(super) fn of(seed: u64, parts: &[u64]) -> Self {
        let mut state = seed;
        for part in parts {
            state = Self::new(state ^ part.wrapping_mul(0xd134_2543_de82_ef95)).next();
        }
        Self::new(state)
    }

    /// A number between 0 and 1.
    pub(super) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something happens that is so probable.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// The same with so many of a thousand.
    pub(super) fn of_thousand(&mut self, many: u64) -> bool {
        self.below(1_000) < many
    }

    /// A whole number of an exponential distribution with this mean, cut off at ten times that.
    pub(super) fn exponential(&mut self, mean: f64) -> u64 {
        let many = -mean * (1.0 - self.part()).ln();
        many.min(mean * 10.0) as u64
    }

    /// How often something happens until it does not, with this mean.
    pub(super) fn times(&mut self, mean: f64) -> u64 {
        let goes_on = mean / (mean + 1.0);
        let mut times = 0;
        while times < 40 && self.happens(goes_on) {
            times += 1;
        }
        times
    }

    /// A place in a list of weights.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let all: u32 = weights.clone().sum();
        let mut left = self.below(all.into());
        for (place, weight) in weights.enumerate() {
            match left.checked_sub(weight.into()) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// Two numbers of an id.
    pub(super) fn pair(&mut self) -> (u64, u64) {
        (self.next(), self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_come_out_as_probable_as_they_are() {
        let mut chance = Random::of(7, &[1, 2]);
        let many = 20_000;
        let count = |happened: &mut dyn FnMut() -> bool| {
            (0..many).filter(|_| happened()).count() as f64 / f64::from(many)
        };
        assert!((count(&mut || chance.happens(0.3)) - 0.3).abs() < 0.02);
        assert!((count(&mut || chance.of_thousand(120)) - 0.12).abs() < 0.02);
        assert!((count(&mut || chance.weighted([1, 0, 3].into_iter()) == 2) - 0.75).abs() < 0.02);
        let mean = (0..many).map(|_| chance.times(1.6)).sum::<u64>() as f64 / f64::from(many);
        assert!((mean - 1.6).abs() < 0.1, "{mean}");
        let mean =
            (0..many).map(|_| chance.exponential(50.0)).sum::<u64>() as f64 / f64::from(many);
        assert!((mean - 49.5).abs() < 2.0, "{mean}");
        assert_ne!(Random::of(7, &[1]).next(), Random::of(7, &[2]).next());
        assert_ne!(Random::of(7, &[1]).next(), Random::of(8, &[1]).next());
    }
}
