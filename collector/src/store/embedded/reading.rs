//! Counts as they are told: read from the counters, with what was counted and is in none of them yet.
//! Changes nothing, and waits for nobody: whoever writes may go on meanwhile.

use std::collections::HashMap;

use super::counters::{self, Latest};
use super::{EmbeddedError, keys};
use crate::store::counting::{Count, Metric, Period, Sum};

/// How often a reader begins anew that was overtaken by what it reads: more often than that it
/// cannot be, in the time that it takes.
const MOST_TRIES: usize = 16;

/// The counts of a metric from one period to another, both included, of the same length.
pub(super) fn counts(
    tree: &sled::Tree,
    metric: Metric,
    first: Period,
    last: Period,
) -> Result<Vec<Count>, EmbeddedError> {
    let take_in = |all: &mut Vec<Count>, period, _, name: Option<&str>, count| {
        all.push(Count {
            period,
            name: name.map(Into::into),
            count,
        });
    };
    read(tree, &[metric], (first, last), take_in)
}

/// What the counts of metrics are together from one period to another, both included, of the same
/// length.
pub(super) fn sums(
    tree: &sled::Tree,
    metrics: &[Metric],
    first: Period,
    last: Period,
) -> Result<Vec<Sum>, EmbeddedError> {
    let take_in =
        |all: &mut Sums, _, metric, name: Option<&str>, count| all.add(metric, name, count);
    let all = read(tree, metrics, (first, last), take_in)?;
    Ok(all.into_sums())
}

/// Sums by metric and name. A name is kept once, however many periods have it.
#[derive(Debug, Default)]
struct Sums {
    named: HashMap<Metric, HashMap<Box<str>, u64>>,
    others: HashMap<Metric, u64>,
}

impl Sums {
    fn add(&mut self, metric: Metric, name: Option<&str>, count: u64) {
        let Some(name) = name else {
            let sum = self.others.entry(metric).or_default();
            *sum = sum.saturating_add(count);
            return;
        };
        let names = self.named.entry(metric).or_default();
        match names.get_mut(name) {
            Some(sum) => *sum = sum.saturating_add(count),
            None => {
                names.insert(name.into(), count);
            }
        }
    }

    fn into_sums(self) -> Vec<Sum> {
        let sum = |metric, name, count| Sum {
            metric,
            name,
            count,
        };
        let others = self.others.into_iter();
        let others = others.map(|(metric, count)| sum(metric, None, count));
        let named = self.named.into_iter().flat_map(|(metric, names)| {
            let names = names.into_iter();
            names.map(move |(name, count)| sum(metric, Some(name), count))
        });
        others.chain(named).collect()
    }
}

/// Takes counts in, with what is pending, and anew where they were overtaken meanwhile.
fn read<T: Default>(
    tree: &sled::Tree,
    metrics: &[Metric],
    (first, last): (Period, Period),
    take_in: impl Fn(&mut T, Period, Metric, Option<&str>, u64),
) -> Result<T, EmbeddedError> {
    let mut all = T::default();
    for _ in 0..MOST_TRIES {
        all = T::default();
        let pending = Latest::load(tree)?;
        let wanted = |period, of| metrics.contains(&of) && (first..=last).contains(&period);
        let mut changes = pending.changes_of(tree, wanted)?;
        let mut tell = |period, metric, key: &[u8], count| {
            match keys::counted(key).ok_or(EmbeddedError::Key)? {
                keys::Counted::Name(name) => take_in(&mut all, period, metric, Some(name), count),
                keys::Counted::OtherNames => take_in(&mut all, period, metric, None, count),
            }
            Ok::<(), EmbeddedError>(())
        };
        for number in first.number..=last.number {
            let period = Period { number, ..first };
            for metric in metrics {
                for entry in tree.scan_prefix(keys::counters(period, *metric)) {
                    let (key, bytes) = entry?;
                    match changes.take(&key) {
                        Some(count) => tell(period, *metric, &key, count)?,
                        None => tell(period, *metric, &key, counters::number(&bytes)?)?,
                    }
                }
            }
        }
        for (key, count) in changes.into_all() {
            let period = keys::period_of(&key).ok_or(EmbeddedError::Key)?;
            let metric = keys::metric_of(&key).ok_or(EmbeddedError::Key)?;
            tell(period, metric, &key, count)?;
        }
        // Else what was pending may by now be in the counters as well.
        if Latest::load(tree)?.times == pending.times {
            break;
        }
    }
    Ok(all)
}
