//! Results: what the visitors of a slot came to, gathered from what is counted.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::exposure::{Arm, Shown};
use super::posterior::{Lift, Posterior};
use super::revenue::Mean;
use crate::store::counting::Metric;

/// What some visitors came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many they are.
    pub visitors: u64,
    /// How often they saw content of the slot.
    pub impressions: u64,
    /// How often they clicked in it.
    pub clicks: u64,
    /// How many of them clicked.
    pub clickers: u64,
    /// How many of them reached the goal.
    pub conversions: u64,
    /// What that was worth, in hundredths of the owner's currency.
    pub revenue: u64,
    /// See [`Metric::RevenueSquares`].
    pub squares: u64,
}

/// How those who saw a variant compare with those who were held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// By the part of visitors who clicked.
    pub clicks: Lift,
    /// By the part of visitors who reached the goal.
    pub conversions: Lift,
    /// By what a visitor is worth; nothing where that cannot be compared.
    pub revenue: Option<Lift>,
}

impl Numbers {
    /// Takes in a count.
    fn add(&mut self, metric: Metric, count: u64) {
        let number = match metric {
            Metric::ContentVisitors => &mut self.visitors,
            Metric::ContentImpressions => &mut self.impressions,
            Metric::ContentClicks => &mut self.clicks,
            Metric::ContentClickers => &mut self.clickers,
            Metric::Conversions => &mut self.conversions,
            Metric::Revenue => &mut self.revenue,
            Metric::RevenueSquares => &mut self.squares,
            _ => return,
        };
        *number = number.saturating_add(count);
    }

    fn with(mut self, other: &Self) -> Self {
        for (metric, count) in [
            (Metric::ContentVisitors, other.visitors),
            (Metric::ContentImpressions, other.impressions),
            (Metric::ContentClicks, other.clicks),
            (Metric::ContentClickers, other.clickers),
            (Metric::Conversions, other.conversions),
            (Metric::Revenue, other.revenue),
            (Metric::RevenueSquares, other.squares),
        ] {
            self.add(metric, count);
        }
        self
    }

    /// What is believed of the part that clicks.
    #[must_use]
    pub fn click_rate(&self) -> Posterior {
        Posterior::of(self.clickers, self.visitors)
    }

    /// What is believed of the part that reaches the goal.
    #[must_use]
    pub fn conversion_rate(&self) -> Posterior {
        Posterior::of(self.conversions, self.visitors)
    }

    /// What a visitor is worth, in the owner's currency.
    #[must_use]
    pub fn worth(&self) -> Option<Mean> {
        Mean::of(
            self.visitors,
            self.revenue as f64 / 100.0,
            self.squares as f64 / 100.0,
        )
    }

    /// How these compare with those who were held out; nothing where one of them is nobody.
    #[must_use]
    pub fn compared_with(&self, control: &Self) -> Option<Comparison> {
        if self.visitors == 0 || control.visitors == 0 {
            return None;
        }
        let (ours, theirs) = (self.worth(), control.worth());
        Some(Comparison {
            clicks: self.click_rate().lift_over(&control.click_rate()),
            conversions: self.conversion_rate().lift_over(&control.conversion_rate()),
            revenue: ours
                .zip(theirs)
                .and_then(|(ours, theirs)| ours.lift_over(&theirs)),
        })
    }
}

/// A count of some metric, under a name where it has one.
pub type Counted<'a> = (Metric, Option<&'a str>, u64);

/// What the visitors of one slot came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    cells: BTreeMap<(Shown, Option<Box<str>>), Numbers>,
}

impl Results {
    /// Of all that is counted of content, what is about each slot; of goals, what is about the slot's.
    #[must_use]
    pub fn of_slots<'a, 'g>(
        counts: impl IntoIterator<Item = Counted<'a>>,
        goal: impl Fn(&str) -> Option<&'g str>,
    ) -> BTreeMap<Box<str>, Self> {
        Self::gathered(counts, |cell, of| {
            // What is known of the slot alone says nothing of any goal.
            (of.is_none() || of == goal(&cell.slot)).then(|| cell.slot.clone())
        })
    }

    /// What is about one slot, with the goal that is asked for.
    #[must_use]
    pub fn of<'a>(
        counts: impl IntoIterator<Item = Counted<'a>>,
        slot: &str,
        goal: Option<&str>,
    ) -> Self {
        let mut all = Self::gathered(counts, |cell, of| {
            (*cell.slot == *slot && (of.is_none() || of == goal)).then_some(())
        });
        all.remove(&()).unwrap_or_default()
    }

    fn gathered<'a, K: Ord>(
        counts: impl IntoIterator<Item = Counted<'a>>,
        key: impl Fn(&Cell, Option<&str>) -> Option<K>,
    ) -> BTreeMap<K, Self> {
        let mut all: BTreeMap<K, Self> = BTreeMap::new();
        for (metric, name, count) in counts {
            let Some((cell, goal)) = name.and_then(Cell::of_name) else {
                continue;
            };
            let Some(key) = key(&cell, goal) else {
                continue;
            };
            let cells = &mut all.entry(key).or_default().cells;
            let numbers = cells.entry((cell.shown, cell.segment)).or_default();
            numbers.add(metric, count);
        }
        all
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Ids of the variants, sorted.
    #[must_use]
    pub fn variants(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = self
            .cells
            .keys()
            .map(|(shown, _)| &*shown.variant)
            .collect();
        ids.dedup();
        ids
    }

    /// The segments that were told apart, sorted.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        let segments = self
            .cells
            .keys()
            .filter_map(|(_, segment)| segment.as_deref());
        let mut segments: Vec<&str> = segments.collect();
        segments.sort_unstable();
        segments.dedup();
        segments
    }

    /// What those came to that something holds of.
    fn sum(&self, holds: impl Fn(&Shown, Option<&str>) -> bool) -> Numbers {
        let cells = self.cells.iter();
        let wanted = cells.filter(|((shown, segment), _)| holds(shown, segment.as_deref()));
        wanted.fold(Numbers::default(), |sum, (_, numbers)| sum.with(numbers))
    }

    /// What the visitors of a variant and an arm came to.
    #[must_use]
    pub fn of_variant(&self, variant: &str, arm: Arm) -> Numbers {
        self.sum(|shown, _| *shown.variant == *variant && shown.arm == arm)
    }

    /// The same of one segment only; of those in none of those told apart, where none is named.
    #[must_use]
    pub fn of_segment(&self, segment: Option<&str>, variant: &str, arm: Arm) -> Numbers {
        self.sum(|shown, of| of == segment && *shown.variant == *variant && shown.arm == arm)
    }

    /// What all visitors of an arm came to.
    #[must_use]
    pub fn of_arm(&self, arm: Arm) -> Numbers {
        self.sum(|shown, _| shown.arm == arm)
    }
}
