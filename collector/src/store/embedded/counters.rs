//! The counts of `store::counting` in the tree: a number for each period, metric and name. They change
//! in the batch that changes what they follow from.
//!
//! A metric has room in a period for so many names, in the order in which they come. As long as anything
//! is counted under others, no further name gets a place, so that what went there stays there, and an
//! erasure takes away what the visitor's messages had added where they had added it. Nothing here reads a
//! message.

use std::collections::BTreeMap;

use firstglance_engine::Timestamp;

use super::{EmbeddedError, keys};
use crate::store::counting::{Count, Metric, Period, Step};

/// Counters removed at once, when their time is over.
const AT_ONCE: usize = 1_000;

/// By how much counts change. What adds up is held by hour alone: a day's is worked out of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<(Period, Metric), BTreeMap<Box<str>, i64>>);

/// The same for each period, by the names of a tally.
type ByPeriod<'a> = BTreeMap<(Period, Metric), BTreeMap<&'a str, i64>>;

impl Tally {
    /// Counts in one period. For what adds up, an hour.
    pub(super) fn count_in(&mut self, period: Period, metric: Metric, name: &str, number: i64) {
        let names = self.0.entry((period, metric)).or_default();
        match names.get_mut(name) {
            Some(count) => *count += number,
            None => {
                names.insert(name.into(), number);
            }
        }
    }

    /// Counts what adds up at a moment.
    pub(super) fn count(&mut self, at: Timestamp, metric: Metric, name: &str, number: i64) {
        self.count_in(Period::of(Step::Hour, at), metric, name, number);
    }

    /// Adds another as often as is said: -1 takes it away.
    pub(super) fn add(&mut self, other: &Self, times: i64) {
        for ((period, metric), names) in &other.0 {
            for (name, number) in names {
                self.count_in(*period, *metric, name, number * times);
            }
        }
    }

    /// How many counts it has.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Hours and days that are kept at a moment.
    pub(super) fn by_period(&self, now: Timestamp) -> ByPeriod<'_> {
        let mut all = ByPeriod::new();
        for ((period, metric), names) in &self.0 {
            let day = (metric.adds_up() && period.step == Step::Hour).then(|| period.day());
            for period in [Some(*period), day].into_iter().flatten() {
                if !period.is_kept(now) {
                    continue;
                }
                let counts = all.entry((period, *metric)).or_default();
                for (name, number) in names {
                    *counts.entry(&**name).or_default() += number;
                }
            }
        }
        all
    }

    /// Puts the counts that change into a batch, but those of periods that are kept no more.
    pub(super) fn write(
        &self,
        tree: &sled::Tree,
        now: Timestamp,
        batch: &mut sled::Batch,
    ) -> Result<(), EmbeddedError> {
        self.write_where(tree, now, |_, _| true, batch)
    }

    /// The same of those that are wanted.
    pub(super) fn write_where(
        &self,
        tree: &sled::Tree,
        now: Timestamp,
        wanted: impl Fn(Period, Metric) -> bool,
        batch: &mut sled::Batch,
    ) -> Result<(), EmbeddedError> {
        for ((period, metric), names) in self.by_period(now) {
            if wanted(period, metric) {
                write_names(tree, period, metric, &names, batch)?;
            }
        }
        Ok(())
    }
}

/// Where a name is counted: at its own place, or where there is none for it with all others.
pub(super) fn place_of(
    tree: &sled::Tree,
    period: Period,
    metric: Metric,
    name: &str,
) -> Result<Vec<u8>, EmbeddedError> {
    let own = keys::counter(period, metric, name);
    if metric.room().is_none() || tree.contains_key(&own)? {
        Ok(own)
    } else {
        Ok(keys::other_names(period, metric))
    }
}

fn write_names(
    tree: &sled::Tree,
    period: Period,
    metric: Metric,
    names: &BTreeMap<&str, i64>,
    batch: &mut sled::Batch,
) -> Result<(), EmbeddedError> {
    let other_names = keys::other_names(period, metric);
    // The places taken, where there are free ones for names that come anew.
    let mut free: Option<u64> = None;
    let mut others = 0;
    for (name, number) in names.iter().filter(|(_, number)| **number != 0) {
        let key = keys::counter(period, metric, name);
        if let Some(before) = tree.get(&key)? {
            set(batch, key, add(self::number(&before)?, *number));
            continue;
        }
        let Some(room) = metric.room() else {
            set(batch, key, add(0, *number));
            continue;
        };
        let left = match &mut free {
            Some(left) => left,
            none => {
                let left = if tree.contains_key(&other_names)? {
                    0
                } else {
                    room.saturating_sub(taken(tree, period, metric)?)
                };
                none.insert(left)
            }
        };
        if *number > 0 && *left > 0 {
            *left -= 1;
            set(batch, key, add(0, *number));
        } else {
            others += number;
        }
    }
    if others != 0 {
        let before = read(tree, &other_names)?;
        set(batch, other_names, add(before, others));
    }
    Ok(())
}

/// How many names have a place.
fn taken(tree: &sled::Tree, period: Period, metric: Metric) -> Result<u64, EmbeddedError> {
    let mut count = 0;
    for key in tree.scan_prefix(keys::counters(period, metric)).keys() {
        key?;
        count += 1;
    }
    Ok(count)
}

fn add(before: u64, number: i64) -> u64 {
    before.saturating_add_signed(number)
}

/// A count of nothing is not kept: a name may be one that was erased.
fn set(batch: &mut sled::Batch, key: Vec<u8>, number: u64) {
    match number {
        0 => batch.remove(key),
        number => batch.insert(key, &number.to_be_bytes()),
    }
}

fn read(tree: &sled::Tree, key: &[u8]) -> Result<u64, EmbeddedError> {
    tree.get(key)?.map_or(Ok(0), |bytes| number(&bytes))
}

pub(super) fn number(bytes: &[u8]) -> Result<u64, EmbeddedError> {
    let bytes = bytes.try_into().map_err(|_| EmbeddedError::Key)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Takes some counters out whose time is over. Says whether there were any.
pub(super) fn expire(
    tree: &sled::Tree,
    now: Timestamp,
    batch: &mut sled::Batch,
) -> Result<bool, EmbeddedError> {
    let mut any = false;
    for step in Step::ALL {
        let until = keys::counters_of(step.first_kept(now));
        let first = keys::counters_of(Period { step, number: 0 });
        if first == until {
            continue;
        }
        for key in tree.range(first..until).keys().take(AT_ONCE) {
            batch.remove(key?);
            any = true;
        }
    }
    Ok(any)
}

/// The counts of a metric from one period to another, both included, of the same length.
pub(super) fn counts(
    tree: &sled::Tree,
    metric: Metric,
    first: Period,
    last: Period,
) -> Result<Vec<Count>, EmbeddedError> {
    let mut all = Vec::new();
    for number in first.number..=last.number {
        let period = Period { number, ..first };
        for entry in tree.scan_prefix(keys::counters(period, metric)) {
            let (key, bytes) = entry?;
            let name = match keys::counted(&key).ok_or(EmbeddedError::Key)? {
                keys::Counted::Name(name) => Some(name.into()),
                keys::Counted::OtherNames => None,
            };
            all.push(Count {
                period,
                name,
                count: self::number(&bytes)?,
            });
        }
    }
    Ok(all)
}

/// Takes everything out whose key begins so. Begun again after an interruption it goes on.
pub(super) fn clear(tree: &sled::Tree, prefix: &[u8]) -> Result<(), EmbeddedError> {
    loop {
        let mut batch = sled::Batch::default();
        let mut any = false;
        for key in tree.scan_prefix(prefix).keys().take(AT_ONCE) {
            batch.remove(key?);
            any = true;
        }
        if !any {
            return Ok(());
        }
        tree.apply_batch(batch)?;
    }
}

/// Notes that up to a moment there may be counts of messages that nothing stored tells of any more:
/// of a visitor who goes after messages of theirs have gone.
pub(super) fn leave_unsure(
    tree: &sled::Tree,
    until: Timestamp,
    batch: &mut sled::Batch,
) -> Result<(), EmbeddedError> {
    if unsure(tree)?.is_none_or(|known| known < until) {
        batch.insert(keys::UNSURE, &until.as_milliseconds().to_be_bytes());
    }
    Ok(())
}

/// Up to when that may be; nothing where it never is.
pub(super) fn unsure(tree: &sled::Tree) -> Result<Option<Timestamp>, EmbeddedError> {
    let Some(bytes) = tree.get(keys::UNSURE)? else {
        return Ok(None);
    };
    let milliseconds = i64::try_from(number(&bytes)?).map_err(|_| EmbeddedError::Key)?;
    Ok(Some(Timestamp::from_milliseconds(milliseconds)))
}
