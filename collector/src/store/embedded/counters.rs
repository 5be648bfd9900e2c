//! The counts of `store::counting` in the tree: a number for each period, metric and name, and what is
//! yet to be added to them, see [`Latest`]. They change in the batch that changes what they follow
//! from.
//!
//! A metric has room in a period for so many names, in the order in which they come. As long as anything
//! is counted under others, no further name gets a place, so that what went there stays there, and an
//! erasure takes away what the visitor's messages had added where they had added it. Nothing here reads a
//! message.

use std::collections::BTreeMap;

use firstglance_engine::Timestamp;
use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};

use super::batch::Batch;
use super::days::Settled;
use super::{EmbeddedError, keys, record};
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, Step, Week};

/// Counters removed at once, when their time is over.
const AT_ONCE: usize = 1_000;

/// Groups of which counts may be pending.
const MOST_GROUPS: u32 = 64;

/// Bytes of counts that may be pending: little beside the messages of a group.
const MOST_BYTES: usize = 16 * 1024;

const LATEST_VERSION: u8 = 1;

/// By how much counts change. What adds up is held by hour alone, and a day's worked out of that; but of
/// an hour in which a day begins it is held by day as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<(Period, Metric), BTreeMap<Box<str>, i64>>);

/// The same of few things: of a visitor's messages in one request, say. They are found by looking
/// through them, which is sooner done than sorting them.
#[derive(Debug, Default)]
pub(super) struct Few {
    counts: Vec<(Period, Metric, Box<str>, i64)>,
    /// Where they went when they were many.
    more: Tally,
}

/// Counts that are few.
const FEW: usize = 32;

impl Few {
    /// Counts in one period. For what adds up, an hour.
    pub(super) fn count_in(&mut self, period: Period, metric: Metric, name: &str, number: i64) {
        let same = |one: &&mut (Period, Metric, Box<str>, i64)| {
            one.0 == period && one.1 == metric && *one.2 == *name
        };
        if let Some(found) = self.counts.iter_mut().find(same) {
            found.3 = found.3.saturating_add(number);
            return;
        }
        if self.counts.len() == FEW {
            let counts = std::mem::take(&mut self.counts);
            for (period, metric, name, number) in counts {
                self.more.count_in(period, metric, &name, number);
            }
        }
        self.counts.push((period, metric, name.into(), number));
    }

    /// Counts what adds up at a moment.
    pub(super) fn count(
        &mut self,
        calendar: &Calendar,
        at: Timestamp,
        metric: Metric,
        name: &str,
        number: i64,
    ) {
        let hour = Period::hour(at);
        self.count_in(hour, metric, name, number);
        if calendar.day_of(hour).is_none() {
            self.count_in(calendar.day(at), metric, name, number);
        }
    }

    /// Counts a visitor who was there in a week, given that of their first message.
    pub(super) fn returned(&mut self, first: Week, week: Week, number: i64) {
        let later = week.since(first).to_string();
        self.count_in(first.monday(), Metric::Returns, &later, number);
    }

    /// Adds them to others.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        tally.add(&self.more, 1);
        for (period, metric, name, number) in self.counts.iter().filter(|one| one.3 != 0) {
            tally.count_in(*period, *metric, name, *number);
        }
    }

    pub(super) fn into_tally(mut self) -> Tally {
        let mut tally = std::mem::take(&mut self.more);
        self.add_to(&mut tally);
        tally
    }
}

/// The same for each period, by the names of a tally.
type ByPeriod<'a> = BTreeMap<(Period, Metric), BTreeMap<&'a str, i64>>;

impl Tally {
    /// Counts in one period. For what adds up, an hour.
    pub(super) fn count_in(&mut self, period: Period, metric: Metric, name: &str, number: i64) {
        let names = self.0.entry((period, metric)).or_default();
        match names.get_mut(name) {
            // What pages say that something is worth can be as much as anybody likes.
            Some(count) => *count = count.saturating_add(number),
            None => {
                names.insert(name.into(), number);
            }
        }
    }

    /// Adds another as often as is said: -1 takes it away.
    pub(super) fn add(&mut self, other: &Self, times: i64) {
        for ((period, metric), names) in &other.0 {
            for (name, number) in names {
                self.count_in(*period, *metric, name, number.saturating_mul(times));
            }
        }
    }

    /// How many counts it has.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Hours and days that are kept at a moment.
    pub(super) fn by_period(&self, calendar: &Calendar, now: Timestamp) -> ByPeriod<'_> {
        let mut all = ByPeriod::new();
        let [hour, day] = [Step::Hour, Step::Day].map(|step| calendar.first_kept(step, now));
        for ((period, metric), names) in &self.0 {
            let is_of_day = metric.adds_up() && period.step == Step::Hour;
            let its_day = is_of_day.then(|| calendar.day_of(*period)).flatten();
            for period in [Some(*period), its_day].into_iter().flatten() {
                let first_kept = match period.step {
                    Step::Hour => hour,
                    Step::Day => day,
                };
                if period < first_kept {
                    continue;
                }
                let counts = all.entry((period, *metric)).or_default();
                for (name, number) in names {
                    let count: &mut i64 = counts.entry(&**name).or_default();
                    *count = count.saturating_add(*number);
                }
            }
        }
        all
    }

    /// Raises counters that have less. Nothing may be pending.
    pub(super) fn raise(&self, tree: &sled::Tree, batch: &mut Batch) -> Result<(), EmbeddedError> {
        let mut meant: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
        for ((period, metric), names) in &self.0 {
            for (name, number) in names {
                let key = place_of((tree, |_: &[u8]| false), *period, *metric, name)?;
                let all = meant.entry(key).or_default();
                *all = all.saturating_add(*number);
            }
        }
        for (key, meant) in meant {
            let meant = u64::try_from(meant).unwrap_or(0);
            let is = tree.get(&key)?.map_or(0, |bytes| stored(&bytes));
            if is < meant {
                batch.insert(key, &meant.to_be_bytes());
            }
        }
        Ok(())
    }

    /// What the counters come to that it changes, where its periods are kept and wanted.
    pub(super) fn changes(
        &self,
        tree: &sled::Tree,
        (calendar, now): (&Calendar, Timestamp),
        wanted: impl Fn(Period, Metric) -> bool,
    ) -> Result<Changes, EmbeddedError> {
        let mut changes = Changes::default();
        for ((period, metric), names) in self.by_period(calendar, now) {
            if wanted(period, metric) {
                changes.add(tree, period, metric, &names)?;
            }
        }
        Ok(changes)
    }
}

impl Encode for Tally {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.0.len() as u64);
        for ((period, metric), names) in &self.0 {
            out.byte(match period.step {
                Step::Hour => 0,
                Step::Day => 1,
            });
            out.integer(period.number.into());
            out.byte(keys::number_of(*metric));
            out.integer(names.len() as u64);
            for (name, number) in names {
                out.text(name);
                // The sign in the last bit.
                out.integer((number.unsigned_abs() << 1) | u64::from(*number < 0));
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let mut tally = Self::default();
        for _ in 0..reader.count() {
            let step = reader.choice(&Step::ALL, Step::Hour, "step");
            let number = u32::try_from(reader.integer()).unwrap_or(u32::MAX);
            let period = Period { step, number };
            let metric = keys::metric_of_number(reader.byte());
            if metric.is_none() {
                reader.fail(DecodeError::Invalid("metric"));
            }
            for _ in 0..reader.count() {
                let name = reader.text();
                let number = reader.integer();
                let count = i64::try_from(number >> 1).unwrap_or(i64::MAX);
                let count = if number & 1 == 1 { -count } else { count };
                if let Some(metric) = metric {
                    tally.count_in(period, metric, name, count);
                }
            }
        }
        tally
    }
}

/// What counters come to, by key: 0 is no counter, for a name may be one that was erased.
#[derive(Debug, Default)]
pub(super) struct Changes(BTreeMap<Vec<u8>, u64>);

impl Changes {
    fn add(
        &mut self,
        tree: &sled::Tree,
        period: Period,
        metric: Metric,
        names: &BTreeMap<&str, i64>,
    ) -> Result<(), EmbeddedError> {
        let other_names = keys::other_names(period, metric);
        // The places that are free, where names come anew.
        let mut free: Option<u64> = None;
        let mut others = 0;
        for (name, number) in names.iter().filter(|(_, number)| **number != 0) {
            let key = keys::counter(period, metric, name);
            if let Some(before) = tree.get(&key)? {
                self.0.insert(key, add(stored(&before), *number));
                continue;
            }
            let Some(room) = room(metric, name) else {
                self.0.insert(key, add(0, *number));
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
                self.0.insert(key, add(0, *number));
            } else {
                others = number.saturating_add(others);
            }
        }
        if others != 0 {
            let before = tree.get(&other_names)?;
            let before = before.map_or(0, |bytes| stored(&bytes));
            self.0.insert(other_names, add(before, others));
        }
        Ok(())
    }

    /// Puts them into a batch.
    pub(super) fn write(self, batch: &mut Batch) {
        for (key, number) in self.0 {
            match number {
                0 => batch.remove(key),
                number => batch.insert(key, &number.to_be_bytes()),
            }
        }
    }

    /// What it has of a counter, and not any more.
    pub(super) fn take(&mut self, key: &[u8]) -> Option<u64> {
        self.0.remove(key)
    }

    /// The keys that it has.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.keys().map(Vec::as_slice)
    }

    /// Whether it has a counter.
    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.0.get(key).is_some_and(|number| *number > 0)
    }

    /// All that it has.
    pub(super) fn into_all(self) -> impl Iterator<Item = (Vec<u8>, u64)> {
        self.0.into_iter()
    }
}

/// What was counted and is not in the counters yet: one record that each group writes anew, for a
/// counter costs more than all the rest of counting. Whoever reads counters adds it to them.
#[derive(Debug, Default)]
pub(super) struct Latest {
    /// What need not be looked up to count.
    pub(super) settled: Settled,
    /// The first hour that was kept when all before it were seen to be gone.
    first_kept: Option<Period>,
    tally: Tally,
    /// Groups that it is of.
    groups: u32,
    /// When the last of them was taken in: what was kept then.
    at: Timestamp,
    /// How many times it was taken into the counters, so that a reader notices.
    pub(super) times: u64,
}

impl Latest {
    pub(super) fn load(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        Ok(record::read(tree, keys::LATEST)?.unwrap_or_default())
    }

    /// The same, and nothing where it cannot be read: messages are taken in all the same, for what they
    /// come to can be counted anew. Not here: of messages that are gone nothing else knows.
    pub(super) fn load_or_begin(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        match Self::load(tree) {
            Err(EmbeddedError::Record(error)) => {
                tracing::error!(
                    %error,
                    "what was counted last cannot be read: trends and campaigns of the time before \
                     this start may be too low until \"firstglance verify --repair\" has counted \
                     anew; messages and profiles are whole"
                );
                // Readers of counts would fail over it.
                tree.remove(keys::LATEST)?;
                Ok(Self::default())
            }
            loaded => loaded,
        }
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.tally.0.is_empty()
    }

    /// Takes in what a group has counted, and puts it into the group's batch. What takes something
    /// away is taken from the counters at once: no name of whoever is erased stays behind.
    pub(super) fn take_in(
        &mut self,
        (tree, calendar): (&sled::Tree, &Calendar),
        tally: &Tally,
        (now, at_once): (Timestamp, bool),
        batch: &mut Batch,
    ) -> Result<(), EmbeddedError> {
        if tally.0.is_empty() {
            return Ok(());
        }
        self.tally.add(tally, 1);
        self.groups += 1;
        self.at = now;
        if !at_once && self.groups < MOST_GROUPS {
            let bytes = self.to_bytes();
            if bytes.len() <= MOST_BYTES {
                batch.insert(keys::LATEST, bytes);
                return Ok(());
            }
        }
        self.settle(tree, calendar, batch)
    }

    /// Takes some counters out whose time is over, see [`expire`]. Looks only where an hour has passed
    /// since nothing was left of them.
    pub(super) fn expire(
        &mut self,
        (tree, calendar): (&sled::Tree, &Calendar),
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<bool, EmbeddedError> {
        let first_kept = calendar.first_kept(Step::Hour, now);
        if self.first_kept.is_some_and(|known| first_kept <= known) {
            return Ok(false);
        }
        let any = expire((tree, calendar), now, batch)?;
        if !any {
            self.first_kept = Some(first_kept);
        }
        Ok(any)
    }

    /// Takes all of it into the counters.
    pub(super) fn settle(
        &mut self,
        tree: &sled::Tree,
        calendar: &Calendar,
        batch: &mut Batch,
    ) -> Result<(), EmbeddedError> {
        self.changes(tree, calendar)?.write(batch);
        self.times = self.times.wrapping_add(1);
        self.groups = 0;
        self.tally = Tally::default();
        batch.insert(keys::LATEST, self.to_bytes());
        Ok(())
    }

    /// What the counters come to with it of what is wanted.
    pub(super) fn changes_of(
        &self,
        (tree, calendar): (&sled::Tree, &Calendar),
        wanted: impl Fn(Period, Metric) -> bool,
    ) -> Result<Changes, EmbeddedError> {
        self.tally.changes(tree, (calendar, self.at), wanted)
    }

    /// What the counters come to with it.
    pub(super) fn changes(
        &self,
        tree: &sled::Tree,
        calendar: &Calendar,
    ) -> Result<Changes, EmbeddedError> {
        self.tally.changes(tree, (calendar, self.at), |_, _| true)
    }
}

impl Encode for Latest {
    fn encode(&self, out: &mut Writer) {
        out.byte(LATEST_VERSION);
        out.integer(self.times);
        out.integer(self.groups.into());
        self.at.encode(out);
        self.tally.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != LATEST_VERSION {
            reader.fail(DecodeError::Version(version));
        }
        Self {
            settled: Settled::default(),
            first_kept: None,
            times: reader.integer(),
            groups: u32::try_from(reader.integer()).unwrap_or(u32::MAX),
            at: Timestamp::decode(reader),
            tally: Tally::decode(reader),
        }
    }
}

/// For how many names like this there is room in a period; nothing where each has a place of its own.
pub(super) fn room(metric: Metric, name: &str) -> Option<u64> {
    let is_bounded = name.starts_with(metric.bounded_names());
    metric.room().filter(|_| is_bounded)
}

/// Where a name is counted: at its own place, or where there is none for it with all others. Of what is
/// pending it is said which places it has.
pub(super) fn place_of(
    (tree, is_pending): (&sled::Tree, impl Fn(&[u8]) -> bool),
    period: Period,
    metric: Metric,
    name: &str,
) -> Result<Vec<u8>, EmbeddedError> {
    let own = keys::counter(period, metric, name);
    let has_own = room(metric, name).is_none() || is_pending(&own) || tree.contains_key(&own)?;
    Ok(if has_own {
        own
    } else {
        keys::other_names(period, metric)
    })
}

/// How many names have a place of those that are bounded.
fn taken(tree: &sled::Tree, period: Period, metric: Metric) -> Result<u64, EmbeddedError> {
    let mut count = 0;
    let names = keys::counter(period, metric, metric.bounded_names());
    for key in tree.scan_prefix(names).keys() {
        key?;
        count += 1;
    }
    Ok(count)
}

fn add(before: u64, number: i64) -> u64 {
    before.saturating_add_signed(number)
}

/// A counter; nothing where it cannot be read, which verification tells.
fn stored(bytes: &[u8]) -> u64 {
    number(bytes).unwrap_or(0)
}

pub(super) fn number(bytes: &[u8]) -> Result<u64, EmbeddedError> {
    let bytes = bytes.try_into().map_err(|_| EmbeddedError::Key)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Takes some counters out whose time is over. Says whether there were any.
fn expire(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    batch: &mut Batch,
) -> Result<bool, EmbeddedError> {
    let mut any = false;
    for step in Step::ALL {
        let until = keys::counters_of(calendar.first_kept(step, now));
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

/// Takes everything out whose key begins so. Begun again after an interruption it goes on.
pub(super) fn clear(tree: &sled::Tree, prefix: &[u8]) -> Result<(), EmbeddedError> {
    loop {
        let mut batch = Batch::default();
        let mut any = false;
        for key in tree.scan_prefix(prefix).keys().take(AT_ONCE) {
            batch.remove(key?);
            any = true;
        }
        if !any {
            return Ok(());
        }
        batch.apply(tree)?;
    }
}

/// Notes that up to a moment there may be counts of messages that nothing stored tells of any more:
/// of a visitor who goes after messages of theirs have gone.
pub(super) fn leave_unsure(
    tree: &sled::Tree,
    until: Timestamp,
    batch: &mut Batch,
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
