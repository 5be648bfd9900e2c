//! What counts of past days come to, in blocks of some days: kept in memory once it was read, so that a
//! year is read at once. A block that is written to is forgotten, and what was being read of it meanwhile
//! is not kept. Holds no more than there is room for, and nothing that is not in the counters.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::batch::Batch;
use super::keys;
use crate::store::counting::{Metric, Period, Step};

/// Days of a block.
const DAYS: u32 = 8;

/// Names that are kept of all blocks together: some twenty million bytes.
const MOST_NAMES: usize = 200_000;

/// A number of days that are kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Block(u32);

impl Block {
    /// The one that has a day; nothing where the period is no day.
    pub(super) fn of(period: Period) -> Option<Self> {
        (period.step == Step::Day).then_some(Self(period.number / DAYS))
    }

    /// Its days, both included.
    pub(super) fn days(self) -> (Period, Period) {
        let first = self.0 * DAYS;
        let day = |number| Period {
            step: Step::Day,
            number,
        };
        (day(first), day(first + (DAYS - 1)))
    }
}

/// What a metric came to in a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BlockSums {
    pub(super) named: Vec<(Box<str>, u64)>,
    pub(super) others: Option<u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Blocks(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<Block, HashMap<Metric, Arc<BlockSums>>>,
    names: usize,
    /// How many writes of a block have begun and ended: while one is under way, it is odd.
    writes: HashMap<Block, u64>,
}

/// Up to which write what was read is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u64);

impl Blocks {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Whoever panicked with it has left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a metric in a block; else the moment that its reading begins at.
    pub(super) fn get(&self, block: Block, metric: Metric) -> Result<Arc<BlockSums>, Moment> {
        let kept = self.kept();
        let found = kept.of.get(&block).and_then(|of| of.get(&metric));
        let writes = kept.writes.get(&block).copied().unwrap_or(0);
        found.cloned().ok_or(Moment(writes))
    }

    /// Keeps what was read of a block, where it was not written to since then.
    pub(super) fn put(&self, block: Block, metric: Metric, since: Moment, sums: Arc<BlockSums>) {
        let mut kept = self.kept();
        let writes = kept.writes.get(&block).copied().unwrap_or(0);
        if writes != since.0 || writes % 2 == 1 {
            return;
        }
        if kept.names + sums.named.len() > MOST_NAMES {
            kept.of.clear();
            kept.names = 0;
        }
        // Two may have read the same.
        let names = sums.named.len();
        let before = kept.of.entry(block).or_default().insert(metric, sums);
        kept.names += names;
        kept.names -= before.map_or(0, |before| before.named.len());
    }

    /// Writes a batch: what is kept of the days whose counters it has is forgotten.
    pub(super) fn written<T>(&self, batch: &Batch, write: impl FnOnce() -> T) -> T {
        let days = batch.keys().filter_map(keys::period_of);
        let blocks: BTreeSet<Block> = days.filter_map(Block::of).collect();
        if blocks.is_empty() {
            return write();
        }
        let writing = Writing(self, &blocks);
        writing.count();
        let written = write();
        drop(writing);
        written
    }
}

/// A write that has begun, and ends whatever becomes of it.
struct Writing<'a>(&'a Blocks, &'a BTreeSet<Block>);

impl Writing<'_> {
    fn count(&self) {
        let mut kept = self.0.kept();
        for block in self.1 {
            *kept.writes.entry(*block).or_default() += 1;
            if let Some(gone) = kept.of.remove(block) {
                let names: usize = gone.values().map(|sums| sums.named.len()).sum();
                kept.names -= names;
            }
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> Period {
        Period {
            step: Step::Day,
            number,
        }
    }

    fn batch(days: &[u32]) -> Batch {
        let mut batch = Batch::default();
        batch.insert(keys::GROUP, &[1]);
        for number in days {
            let key = keys::counter(day(*number), Metric::Events, "a");
            batch.insert(key, &1_u64.to_be_bytes());
        }
        batch
    }

    fn sums(names: usize) -> Arc<BlockSums> {
        let names = (0..names).map(|name| (name.to_string().into(), 1));
        Arc::new(BlockSums {
            named: names.collect(),
            others: None,
        })
    }

    #[test]
    fn blocks_have_each_day_once() {
        for number in 0..100 {
            let (first, last) = Block::of(day(number)).unwrap().days();
            assert!((first..=last).contains(&day(number)));
            assert_eq!(Block::of(first), Block::of(last));
            assert_eq!(last.number - first.number + 1, DAYS);
        }
        let hour = Period {
            step: Step::Hour,
            number: 7,
        };
        assert_eq!(Block::of(hour), None);
    }

    #[test]
    fn what_is_written_to_is_not_kept() {
        let blocks = Blocks::default();
        let (one, other) = (Block(2), Block(3));
        let began = [one, other].map(|block| blocks.get(block, Metric::Events).unwrap_err());
        for (block, moment) in [one, other].into_iter().zip(began) {
            blocks.put(block, Metric::Events, moment, sums(3));
            assert_eq!(blocks.get(block, Metric::Events).unwrap(), sums(3));
        }
        // One is written to: gone while that lasts, and what is read meanwhile is not kept.
        blocks.written(&batch(&[DAYS * 2, DAYS * 3 - 1]), || {
            let moment = blocks.get(one, Metric::Events).unwrap_err();
            blocks.put(one, Metric::Events, moment, sums(3));
            assert!(blocks.get(one, Metric::Events).is_err());
            assert!(blocks.get(other, Metric::Events).is_ok());
        });
        // Nor what began to be read before.
        blocks.put(one, Metric::Events, began[0], sums(3));
        let moment = blocks.get(one, Metric::Events).unwrap_err();
        blocks.put(one, Metric::Events, moment, sums(4));
        assert_eq!(blocks.get(one, Metric::Events).unwrap(), sums(4));
        // A batch without counters changes nothing.
        blocks.written(&batch(&[]), || ());
        assert!(blocks.get(one, Metric::Events).is_ok());
    }

    #[test]
    fn there_is_so_much_room() {
        let blocks = Blocks::default();
        for number in 0..10 {
            for _ in 0..2 {
                let moment = Moment(0);
                blocks.put(Block(number), Metric::Events, moment, sums(MOST_NAMES / 4));
            }
            let kept = blocks.kept();
            let all = kept.of.values().flat_map(HashMap::values);
            let names: usize = all.map(|sums| sums.named.len()).sum();
            assert_eq!(names, kept.names);
            assert!(names <= MOST_NAMES);
        }
    }
}
