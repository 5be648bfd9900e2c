//! By which calendar days are counted, as the data themselves say it, and how those are counted anew that
//! were counted by another. Data that do not say it were counted by UTC.
//!
//! Before anything is counted anew it is on disk that it is under way and by which calendar, and after
//! everything is, that it is done: what was broken off begins again, whatever the configuration says by
//! then. Hours are the same in every zone and stay as they are.
//!
//! Messages that are gone cannot be counted anew. So days up to the last one that has such a message keep
//! the numbers that they had under the same date, or what the stored ones come to where that is more:
//! nothing is lost, and what counts there may be some hours off.

use std::collections::BTreeMap;
use std::fs::File;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{Timestamp, VisitorId};

use super::batch::Batch;
use super::counters::{self, Latest, Tally};
use super::days::Day;
use super::record::{self, VisitorRecord};
use super::recount::{self, Stored};
use super::{EmbeddedError, keys};
use crate::clock;
use crate::store::calendar::Calendar;
use crate::store::counting::{Period, Step};

const VERSION: u8 = 1;

/// Visitors in one batch.
const AT_ONCE: u64 = 500;

/// Counts and days in one batch, at which it is written however few visitors they are of.
const MOST_COUNTS: usize = 20_000;

/// Visitors between two lines of the log.
const TOLD_EVERY: u64 = 50_000;

/// What the data say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CountedBy {
    pub(super) calendar: Calendar,
    /// Whether everything is counted by it.
    pub(super) is_done: bool,
}

impl CountedBy {
    pub(super) fn put(&self, batch: &mut Batch) {
        batch.insert(keys::COUNTED_BY, self.to_bytes());
    }
}

/// Notes by which calendar new data are counted.
pub(super) fn begin(tree: &sled::Tree, calendar: Option<&Calendar>) -> Result<(), EmbeddedError> {
    let calendar = calendar.cloned().unwrap_or_default();
    let mut batch = Batch::default();
    let is_done = true;
    CountedBy { calendar, is_done }.put(&mut batch);
    Ok(batch.apply(tree)?)
}

/// Sees to it that days are counted by a calendar, or by the one that they are counted by. Says which that
/// is. Nothing else may write meanwhile.
pub(super) fn settle(
    tree: &sled::Db,
    calendar: Option<&Calendar>,
    disk: &File,
) -> Result<Calendar, EmbeddedError> {
    settle_at(tree, calendar, disk, clock::now())
}

/// The same at a moment: it says which counts are kept.
pub(super) fn settle_at(
    tree: &sled::Db,
    calendar: Option<&Calendar>,
    disk: &File,
    now: Timestamp,
) -> Result<Calendar, EmbeddedError> {
    let flushed = |batch: Batch| -> Result<(), EmbeddedError> {
        batch.apply(tree)?;
        tree.flush()?;
        Ok(disk.sync_data()?)
    };
    let said = match record::read::<CountedBy>(tree, keys::COUNTED_BY) {
        Err(EmbeddedError::Record(error)) => {
            tracing::warn!(%error, "by which time zone days were counted cannot be read");
            Some(CountedBy {
                calendar: Calendar::utc(),
                is_done: false,
            })
        }
        said => said?,
    };
    let is_said = said.is_some();
    let before = said.unwrap_or_else(|| CountedBy {
        calendar: Calendar::utc(),
        is_done: true,
    });
    let calendar = calendar.unwrap_or(&before.calendar).clone();
    let mut after = CountedBy {
        calendar: calendar.clone(),
        is_done: true,
    };
    let mut batch = Batch::default();
    if before.is_done && calendar.has_days_of(&before.calendar, now) {
        let is_other = after != before || calendar.name() != before.calendar.name();
        if !is_said || is_other {
            after.put(&mut batch);
            flushed(batch)?;
        }
        return Ok(calendar);
    }
    tracing::info!(
        zone = calendar.name(),
        before = before.calendar.name(),
        "counting the days anew, from the stored messages: they were counted by another time zone"
    );
    after.is_done = false;
    after.put(&mut batch);
    // What is pending was counted for the days of before.
    Latest::load_or_begin(tree)?.settle(tree, &before.calendar, &mut batch)?;
    flushed(batch)?;
    let visitors = count_anew((tree, &calendar), now, &mut |visitors| {
        if visitors.is_multiple_of(TOLD_EVERY) {
            tracing::info!(visitors, "counting the days anew");
        }
    })?;
    flushed(Batch::default())?;
    let mut batch = Batch::default();
    after.is_done = true;
    after.put(&mut batch);
    flushed(batch)?;
    let zone = calendar.name();
    tracing::info!(zone, visitors, "the days are counted anew");
    Ok(calendar)
}

/// Counts all days anew. Says of how many visitors.
fn count_anew(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, EmbeddedError> {
    let gone = counters::unsure(tree)?;
    let until = gone.map(|gone| calendar.day(gone));
    let is_whole =
        |day: Period| day.step == Step::Day && until.is_none_or(|until| day.number > until.number);
    recount::take_out(tree, |period, _| is_whole(period))?;
    let mut visitors = 0;
    let mut tally = Tally::default();
    // Of days of which messages are gone.
    let mut rest = Tally::default();
    let mut batch = Batch::default();
    let mut days = 0;
    let mut write = |tally: &mut Tally, batch: &mut Batch| -> Result<(), EmbeddedError> {
        let counted = std::mem::take(tally);
        let changes = counted.changes(tree, (calendar, now), |period, _| is_whole(period))?;
        changes.write(batch);
        for ((period, metric), names) in counted.by_period(calendar, now) {
            if period.step == Step::Day && !is_whole(period) {
                for (name, number) in names {
                    rest.count_in(period, metric, name, number);
                }
            }
        }
        Ok(std::mem::take(batch).apply(tree)?)
    };
    for entry in tree.scan_prefix(keys::VISITORS) {
        let (key, bytes) = entry?;
        let read = (keys::visitor_of(&key), VisitorRecord::from_bytes(&bytes));
        let (Some(visitor), Ok(record)) = read else {
            continue;
        };
        let mut stored = Stored::read((tree, calendar), &visitor, &record)?;
        let gone = gone.filter(|_| record.removed > 0);
        stored.days = days_anew((tree, calendar), now, &visitor, (&stored, gone), &mut batch)?;
        days += stored.days.len();
        recount::count((tree, calendar), &visitor, &stored, &mut tally);
        visitors += 1;
        progress(visitors);
        if visitors.is_multiple_of(AT_ONCE) || tally.len() + days >= MOST_COUNTS {
            write(&mut tally, &mut batch)?;
            days = 0;
        }
    }
    write(&mut tally, &mut batch)?;
    let mut batch = Batch::default();
    rest.raise(tree, &mut batch)?;
    batch.apply(tree)?;
    Ok(visitors)
}

/// Remembers the days of a visitor anew, and says which count. Those of which messages of theirs are gone
/// stay as they are.
fn days_anew(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    visitor: &VisitorId,
    (stored, removed_until): (&Stored, Option<Timestamp>),
    batch: &mut Batch,
) -> Result<Vec<(u32, Day)>, EmbeddedError> {
    let gone = stored.gone(removed_until);
    let step = Step::Day;
    let is_gone = |number| gone.has(&calendar.range(Period { step, number }));
    let is_kept = |number| calendar.is_kept(Period { step, number }, now);
    let meant = stored.days.iter().filter(|(number, _)| !is_gone(*number));
    let mut days: BTreeMap<u32, Day> = meant
        .map(|(number, day)| (*number, day.bounded()))
        .collect();
    for (number, day) in days.iter().filter(|(number, _)| is_kept(**number)) {
        batch.insert(keys::day(visitor, *number), day.to_bytes());
    }
    for entry in tree.scan_prefix(keys::days(visitor)) {
        let (key, bytes) = entry?;
        let Some((_, number)) = keys::day_of(&key) else {
            continue;
        };
        match Day::from_bytes(&bytes) {
            Ok(day) if is_gone(number) => drop(days.insert(number, day)),
            _ if is_kept(number) && days.contains_key(&number) => {}
            _ => batch.remove(key),
        }
    }
    Ok(days.into_iter().collect())
}

impl Encode for CountedBy {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        out.byte(u8::from(self.is_done));
        self.calendar.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        Self {
            is_done: reader.choice(&[false, true], false, "calendar"),
            calendar: Calendar::decode(reader),
        }
    }
}
