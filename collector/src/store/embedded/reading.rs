//! Counts as they are told: read from the counters, with what was counted and is in none of them yet.
//! Changes nothing, and waits for nobody: whoever writes may go on meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::blocks::{Block, BlockSums, Blocks};
use super::counters::{self, Changes, Latest};
use super::{EmbeddedError, keys};
use crate::store::calendar::Calendar;
use crate::store::counting::{Count, Metric, Period, Sum};

/// How often a reader begins anew that was overtaken by what it reads: more often than that it
/// cannot be, in the time that it takes.
const MOST_TRIES: usize = 16;

/// The counts of a metric from one period to another, both included, of the same length.
pub(super) fn counts(
    (tree, calendar): (&sled::Tree, &Calendar),
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
    unless_overtaken(tree, |pending| {
        let wanted = |period, of| of == metric && (first..=last).contains(&period);
        let changes = pending.changes_of((tree, calendar), wanted)?;
        let numbers = first.number..=last.number;
        let places = numbers.map(|number| (Period { number, ..first }, metric));
        let mut all = Vec::new();
        read(tree, places, changes, &mut all, take_in)?;
        Ok(all)
    })
}

/// What the counts of metrics are together from one period to another, both included, of the same
/// length. What days long past came to is kept, and not read again.
pub(super) fn sums(
    (tree, calendar): (&sled::Tree, &Calendar),
    blocks: &Blocks,
    metrics: &[Metric],
    (first, last): (Period, Period),
) -> Result<Vec<Sum>, EmbeddedError> {
    let take_in =
        |all: &mut Sums, _, metric, name: Option<&str>, count| all.add(metric, name, count);
    let all = unless_overtaken(tree, |pending| {
        let wanted = |period, of| metrics.contains(&of) && (first..=last).contains(&period);
        let changes = pending.changes_of((tree, calendar), wanted)?;
        // Those of which something is pending, which a block does not have.
        let fresh: BTreeSet<(Block, Metric)> = changes.keys().filter_map(place).collect();
        let mut all = Sums::default();
        let mut apart = Vec::new();
        for metric in metrics {
            let mut day = first.number;
            while day <= last.number {
                let period = Period {
                    number: day,
                    ..first
                };
                let whole = Block::of(period).filter(|block| {
                    let (begin, end) = block.days();
                    begin == period && end <= last && !fresh.contains(&(*block, *metric))
                });
                let Some(block) = whole else {
                    apart.push((period, *metric));
                    day += 1;
                    continue;
                };
                let sums = block_sums(tree, blocks, block, *metric)?;
                for (name, count) in &sums.named {
                    all.add(*metric, Some(name), *count);
                }
                if let Some(others) = sums.others {
                    all.add(*metric, None, others);
                }
                day = block.days().1.number + 1;
            }
        }
        read(tree, apart, changes, &mut all, take_in)?;
        Ok(all)
    })?;
    Ok(all.into_sums())
}

/// The block and the metric of a day's counter.
fn place(key: &[u8]) -> Option<(Block, Metric)> {
    let block = keys::period_of(key).and_then(Block::of)?;
    Some((block, keys::metric_of(key)?))
}

/// What the counters of a metric come to in a block.
fn block_sums(
    tree: &sled::Tree,
    blocks: &Blocks,
    block: Block,
    metric: Metric,
) -> Result<Arc<BlockSums>, EmbeddedError> {
    let moment = match blocks.get(block, metric) {
        Ok(kept) => return Ok(kept),
        Err(moment) => moment,
    };
    let (first, last) = block.days();
    let days = (first.number..=last.number).map(|number| (Period { number, ..first }, metric));
    let take_in =
        |all: &mut Sums, _, metric, name: Option<&str>, count| all.add(metric, name, count);
    let mut all = Sums::default();
    read(tree, days, Changes::default(), &mut all, take_in)?;
    let named = all.named.remove(&metric).unwrap_or_default();
    let sums = Arc::new(BlockSums {
        named: named.into_iter().collect(),
        others: all.others.remove(&metric),
    });
    blocks.put(block, metric, moment, sums.clone());
    Ok(sums)
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

/// Reads with what is pending, and anew where it was overtaken meanwhile.
fn unless_overtaken<T>(
    tree: &sled::Tree,
    read: impl Fn(&Latest) -> Result<T, EmbeddedError>,
) -> Result<T, EmbeddedError> {
    let mut tries = 0;
    loop {
        let pending = Latest::load(tree)?;
        let all = read(&pending)?;
        tries += 1;
        // Else what was pending may by now be in the counters as well.
        if tries == MOST_TRIES || Latest::load(tree)?.times == pending.times {
            return Ok(all);
        }
    }
}

/// Takes the counters of some periods and metrics in, and in place of them what they have changed to.
fn read<T>(
    tree: &sled::Tree,
    places: impl IntoIterator<Item = (Period, Metric)>,
    mut changes: Changes,
    all: &mut T,
    take_in: impl Fn(&mut T, Period, Metric, Option<&str>, u64),
) -> Result<(), EmbeddedError> {
    let mut tell = |period, metric, key: &[u8], count| {
        match keys::counted(key).ok_or(EmbeddedError::Key)? {
            keys::Counted::Name(name) => take_in(all, period, metric, Some(name), count),
            keys::Counted::OtherNames => take_in(all, period, metric, None, count),
        }
        Ok::<(), EmbeddedError>(())
    };
    for (period, metric) in places {
        for entry in tree.scan_prefix(keys::counters(period, metric)) {
            let (key, bytes) = entry?;
            let count = match changes.take(&key) {
                Some(count) => count,
                None => counters::number(&bytes)?,
            };
            tell(period, metric, &key, count)?;
        }
    }
    for (key, count) in changes.into_all() {
        let period = keys::period_of(&key).ok_or(EmbeddedError::Key)?;
        let metric = keys::metric_of(&key).ok_or(EmbeddedError::Key)?;
        tell(period, metric, &key, count)?;
    }
    Ok(())
}
