//! Counts, and what is remembered of visitors' days and exposures, against the messages.
//!
//! Of a time of which messages are gone (of a visitor whose records are not all there, or who went
//! after some of them had gone) the counts know more than what is left: there they may be higher, and
//! only what is too low is wrong. Visits are not looked at there, for the beginning of one depends on
//! what was before it.
//!
//! In memory it holds as many numbers as there are counters, which are bounded.

use std::collections::{BTreeMap, BTreeSet};

use firstglance_engine::codec::{DecodeError, Encode as _};
use firstglance_engine::{Timestamp, VisitorId};

use super::{FindingKind, Mode, Verifier, shown};
use crate::effect::Exposure;
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, Step};
use crate::store::embedded::batch::Batch;
use crate::store::embedded::counters::{self, Changes, Latest, Tally};
use crate::store::embedded::days::Day;
use crate::store::embedded::exposures::Exposures;
use crate::store::embedded::funnels::{Funnels, Told};
use crate::store::embedded::record::VisitorRecord;
use crate::store::embedded::recount::{self, Stored};
use crate::store::embedded::{EmbeddedError, keys};

/// What the counters of one metric in one period come to.
#[derive(Default)]
struct Compared {
    counted: u64,
    meant: u64,
    /// Whether any of them is not what it should be.
    wrong: bool,
    /// Counters that have less than they should, and what they should have.
    low: Vec<(Vec<u8>, u64)>,
}

/// See the module.
pub(super) struct Counts<'a> {
    calendar: &'a Calendar,
    now: Timestamp,
    /// What counters come to that something is pending for.
    pending: Changes,
    /// Up to when counts may have more than what is stored.
    until: Option<Timestamp>,
    /// By key.
    meant: BTreeMap<Vec<u8>, i64>,
    unsure: Unsure<'a>,
}

/// Days of which messages are gone: where by a day's number more such times begin than end, or as
/// many fewer.
struct Unsure<'a> {
    calendar: &'a Calendar,
    times: BTreeMap<u32, i64>,
}

impl Unsure<'_> {
    fn add(&mut self, from: Timestamp, to: Timestamp) {
        let [first, last] = [from, to].map(|at| self.calendar.day(at));
        self.add_days(first, last);
    }

    fn add_days(&mut self, first: Period, last: Period) {
        *self.times.entry(first.number).or_default() += 1;
        *self.times.entry(last.plus(1).number).or_default() -= 1;
    }

    /// The numbers of days from which on it is so or not.
    fn into_steps(self) -> BTreeMap<u32, bool> {
        let steps = self.times.into_iter().scan(0, |times, (day, change)| {
            *times += change;
            Some((day, *times > 0))
        });
        steps.collect()
    }
}

impl<'a> Counts<'a> {
    pub(super) fn check(verifier: &mut Verifier<'a>, now: Timestamp) -> Result<(), EmbeddedError> {
        let (tree, calendar) = (verifier.tree, verifier.calendar);
        let mut counts = Self {
            calendar,
            now,
            pending: pending(verifier)?,
            until: counters::unsure(tree)?,
            meant: BTreeMap::new(),
            unsure: Unsure {
                calendar,
                times: BTreeMap::new(),
            },
        };
        let mut latest = now;
        for entry in tree.scan_prefix(keys::VISITORS) {
            let (key, value) = entry?;
            let read = (keys::visitor_of(&key), VisitorRecord::from_bytes(&value));
            let (Some(visitor), Ok(record)) = read else {
                // Told already; and nobody knows since when they were there.
                counts.unsure.add(Timestamp::MIN, Timestamp::MAX);
                continue;
            };
            let stored = Stored::read((tree, calendar), &visitor, &record)?;
            latest = latest.max(stored.received_at);
            counts.visitor(verifier, &visitor, stored, record.removed > 0)?;
        }
        strangers(verifier, &mut counts.unsure)?;
        if verifier.strangers {
            counts.unsure.add(Timestamp::MIN, Timestamp::MAX);
        }
        if let Some(until) = counts.until {
            counts.unsure.add(Timestamp::MIN, until);
        }
        // The clock of whoever verifies may be behind that by which the last message was received.
        counts.now = latest;
        counts.compare(verifier)
    }

    fn visitor(
        &mut self,
        verifier: &mut Verifier<'_>,
        visitor: &VisitorId,
        stored: Stored,
        removed: bool,
    ) -> Result<(), EmbeddedError> {
        let calendar = self.calendar;
        let gone = stored.gone(self.until.filter(|_| removed));
        let mut tally = stored.tally;
        if let Some((from, to)) = stored.unsure {
            self.unsure.add(from, to);
        }
        let is_unsure = |day: Period| gone.has(&calendar.range(day));
        let tree = verifier.tree;
        let mut meant: BTreeMap<u32, Day> = stored.days.into_iter().collect();
        for entry in tree.scan_prefix(keys::days(visitor)) {
            let (key, value) = entry?;
            let Some((_, number)) = keys::day_of(&key) else {
                continue;
            };
            let is = Day::from_bytes(&value).ok();
            let should = meant.remove(&number);
            let step = Step::Day;
            let day = Period { step, number };
            if !calendar.is_kept(day, self.now) {
                continue;
            }
            let fits = match (&is, &should) {
                (Some(is), Some(should)) => is.may_be(should),
                _ => false,
            };
            match is {
                Some(is) if fits || is_unsure(day) => is.count(number, &mut tally, 1),
                _ => remember(verifier, visitor, number, should.as_ref(), &mut tally)?,
            }
        }
        for (number, day) in &meant {
            let step = Step::Day;
            let number = *number;
            let period = Period { step, number };
            if calendar.is_kept(period, self.now) && !is_unsure(period) {
                remember(verifier, visitor, number, Some(day), &mut tally)?;
            }
        }
        let gone = removed || stored.unsure.is_some();
        let exposures = seen(verifier, visitor, &stored.exposures, gone)?;
        exposures.count(calendar, |day, metric, name, number| {
            tally.count_in(day, metric, name, number)
        });
        let funnels = reached(verifier, visitor, &stored.told, gone)?;
        funnels.count(calendar, |day, metric, name, number| {
            tally.count_in(day, metric, name, number)
        });
        for ((period, metric), names) in tally.by_period(calendar, self.now) {
            for (name, number) in names {
                let has = |own: &[u8]| self.pending.has(own);
                let key = counters::place_of((tree, has), period, metric, name)?;
                *self.meant.entry(key).or_default() += number;
            }
        }
        Ok(())
    }

    fn compare(mut self, verifier: &mut Verifier<'_>) -> Result<(), EmbeddedError> {
        let mut compared: BTreeMap<(Period, Metric), Compared> = BTreeMap::new();
        let mut take = |key: Vec<u8>, counted: Option<u64>, meant: i64| {
            let (Some(period), Some(metric)) = (keys::period_of(&key), keys::metric_of(&key))
            else {
                // A key that is nobody's has been told already.
                return;
            };
            if !self.calendar.is_kept(period, self.now) {
                return;
            }
            let (is, meant) = (counted.unwrap_or(0), u64::try_from(meant).unwrap_or(0));
            let both = compared.entry((period, metric)).or_default();
            both.counted += is;
            both.meant += meant;
            both.wrong |= counted != (meant > 0).then_some(meant);
            if is < meant {
                both.low.push((key, meant));
            }
        };
        for entry in verifier.tree.scan_prefix(keys::COUNTS) {
            let (key, value) = entry?;
            let meant = self.meant.remove(&*key).unwrap_or(0);
            // One that cannot be read is wrong, whatever was meant.
            let counted = match self.pending.take(&key) {
                Some(counted) => (counted > 0).then_some(counted),
                None => Some(counters::number(&value).unwrap_or(0)),
            };
            take(key.to_vec(), counted, meant);
        }
        for (key, counted) in self.pending.into_all() {
            let meant = self.meant.remove(&*key).unwrap_or(0);
            take(key, (counted > 0).then_some(counted), meant);
        }
        for (key, meant) in std::mem::take(&mut self.meant) {
            take(key, None, meant);
        }
        let unsure = self.unsure.into_steps();
        let mut anew = BTreeSet::new();
        let mut raised = Batch::default();
        for ((period, metric), both) in compared {
            let (first, last) = self.calendar.days_of(period);
            let last = last.plus(metric.days_of_one_count() - 1).number;
            let first = first.number;
            let before = unsure.range(..=first).next_back();
            let mut within = before.into_iter().chain(unsure.range(first..=last));
            let unsure = within.any(|(_, unsure)| *unsure);
            let at_least = if unsure { "at least " } else { "" };
            let wrong = if unsure {
                metric != Metric::Sessions && !both.low.is_empty()
            } else {
                both.wrong
            };
            if !wrong {
                continue;
            }
            if unsure {
                for (key, meant) in &both.low {
                    raised.insert(&**key, &meant.to_be_bytes());
                }
            } else {
                anew.insert((period, metric));
            }
            let about = format!(
                "{} of the {} {}",
                metric.name(),
                period.step.name(),
                match period.step {
                    Step::Hour => self.calendar.start(period).to_string(),
                    Step::Day => period.date().to_string(),
                }
            );
            let Compared { counted, meant, .. } = both;
            let wrong = if counted == meant {
                format!("{counted} are counted, and not under the names that the messages say")
            } else {
                format!("{counted} are counted, and the messages come to {at_least}{meant}")
            };
            verifier.tell_repaired(FindingKind::Count, about, wrong);
        }
        verifier.write(raised)?;
        if !anew.is_empty() && verifier.mode == Mode::Repair {
            recount::some((verifier.tree, self.calendar), self.now, &anew)?;
        }
        Ok(())
    }
}

/// Tells that a visitor's day is not remembered as it was, makes it anew, and counts it so.
fn remember(
    verifier: &mut Verifier<'_>,
    visitor: &VisitorId,
    number: u32,
    meant: Option<&Day>,
    tally: &mut Tally,
) -> Result<(), EmbeddedError> {
    let step = Step::Day;
    let day = Period { step, number }.date();
    let wrong = format!("what brought the visitor on {day} is not what the messages say");
    verifier.tell_repaired(FindingKind::Count, visitor, wrong);
    let mut batch = Batch::default();
    let key = keys::day(visitor, number);
    match meant.map(Day::bounded) {
        Some(meant) => {
            meant.count(number, tally, 1);
            batch.insert(key, meant.to_bytes());
        }
        None => batch.remove(key),
    }
    verifier.write(batch)
}

/// What is remembered of a visitor's exposures, made anew where it is not what the messages say. Where
/// messages are gone, it knows more than they do.
fn seen(
    verifier: &mut Verifier<'_>,
    visitor: &VisitorId,
    meant: &Exposures,
    gone: bool,
) -> Result<Exposures, EmbeddedError> {
    let stored = verifier.tree.get(keys::exposures(visitor))?;
    let is = match &stored {
        None => Some(Exposures::default()),
        Some(bytes) => Exposures::from_bytes(bytes).ok(),
    };
    match is {
        Some(is) if is.may_be(meant) || (gone && stored.is_some()) => return Ok(is),
        _ => {}
    }
    let wrong = "what is remembered of exposures to content is not what the messages say";
    verifier.tell_repaired(FindingKind::Count, visitor, wrong);
    let model = verifier.fold.rules().model.clone();
    let made = meant.bounded(|slot, variant| Exposure::knows(&model, slot, variant));
    let mut batch = Batch::default();
    let key = keys::exposures(visitor);
    if made.is_empty() {
        batch.remove(key);
    } else {
        batch.insert(key, made.to_bytes());
    }
    verifier.write(batch)?;
    Ok(made)
}

/// What is remembered of how far a visitor came in funnels, made anew where it is not what the messages
/// say. Where messages are gone, it knows more than they do; and where nothing is remembered, nobody knows
/// which funnels were in force.
fn reached(
    verifier: &mut Verifier<'_>,
    visitor: &VisitorId,
    told: &[Told],
    gone: bool,
) -> Result<Funnels, EmbeddedError> {
    let Some(stored) = verifier.tree.get(keys::funnels(visitor))? else {
        return Ok(Funnels::default());
    };
    let made = match Funnels::from_bytes(&stored) {
        Ok(is) => {
            let made = is.anew(told);
            if gone || is == made {
                return Ok(is);
            }
            made
        }
        Err(_) => {
            let rules = verifier.fold.rules();
            Funnels::of(
                rules.funnels.iter().map(|funnel| funnel.steps.clone()),
                told,
            )
        }
    };
    let wrong = "what is remembered of funnels is not what the messages say";
    verifier.tell_repaired(FindingKind::Count, visitor, wrong);
    let mut batch = Batch::default();
    batch.insert(keys::funnels(visitor), made.to_bytes());
    verifier.write(batch)?;
    Ok(made)
}

/// What is pending, which a repair takes into the counters first.
fn pending(verifier: &mut Verifier<'_>) -> Result<Changes, EmbeddedError> {
    let tree = verifier.tree;
    let mut pending = match Latest::load(tree) {
        Ok(pending) => pending,
        Err(error) => {
            let wrong = format!("what was counted last cannot be read: {error}");
            verifier.tell_repaired(FindingKind::Count, shown(keys::LATEST), wrong);
            let mut batch = Batch::default();
            batch.remove(keys::LATEST);
            verifier.write(batch)?;
            Latest::default()
        }
    };
    if verifier.mode == Mode::Look || pending.is_empty() {
        return pending.changes(tree, verifier.calendar);
    }
    let mut batch = Batch::default();
    pending.settle(tree, verifier.calendar, &mut batch)?;
    verifier.write(batch)?;
    Ok(Changes::default())
}

/// Days, exposures and funnels of visitors of whom nothing else is stored.
fn strangers(verifier: &mut Verifier<'_>, unsure: &mut Unsure<'_>) -> Result<(), EmbeddedError> {
    let (tree, calendar) = (verifier.tree, verifier.calendar);
    strangers_among(
        verifier,
        unsure,
        (keys::EXPOSURES, keys::exposures_of),
        |value, tell| {
            Exposures::from_bytes(value)?.count(calendar, |day, _, _, _| tell(day));
            Ok(())
        },
        "exposures of a visitor are remembered of whom nothing else is",
    )?;
    strangers_among(
        verifier,
        unsure,
        (keys::FUNNELS, keys::funnels_of),
        |value, tell| {
            Funnels::from_bytes(value)?.count(calendar, |day, _, _, _| tell(day));
            Ok(())
        },
        "funnels of a visitor are remembered of whom nothing else is",
    )?;
    for entry in tree.scan_prefix(keys::DAYS) {
        let (key, value) = entry?;
        let Some((visitor, number)) = keys::day_of(&key) else {
            continue;
        };
        if is_known(tree, &visitor)? {
            continue;
        }
        let day = Period {
            step: Step::Day,
            number,
        };
        unsure.add_days(day, day);
        if Day::from_bytes(&value).is_err() {
            let wrong = "what is remembered of a visitor's day cannot be read";
            verifier.tell_repaired(FindingKind::Count, shown(&key), wrong);
        } else {
            let wrong = "a day of a visitor is remembered of whom nothing else is";
            verifier.tell_repaired(FindingKind::Count, visitor, wrong);
        }
        let mut batch = Batch::default();
        batch.remove(key);
        verifier.write(batch)?;
    }
    Ok(())
}

/// Of whom something is remembered under a key.
type VisitorOf = fn(&[u8]) -> Option<VisitorId>;

/// Takes away what is remembered under keys of one kind of visitors of whom nothing else is stored; `days`
/// tells of which days something counts.
fn strangers_among(
    verifier: &mut Verifier<'_>,
    unsure: &mut Unsure<'_>,
    (prefix, visitor_of): (&[u8], VisitorOf),
    days: impl Fn(&[u8], &mut dyn FnMut(Period)) -> Result<(), DecodeError>,
    wrong: &'static str,
) -> Result<(), EmbeddedError> {
    let tree = verifier.tree;
    for entry in tree.scan_prefix(prefix) {
        let (key, value) = entry?;
        let Some(visitor) = visitor_of(&key) else {
            continue;
        };
        if is_known(tree, &visitor)? {
            continue;
        }
        let told = days(&value, &mut |day| unsure.add_days(day, day));
        if told.is_err() {
            // Nobody knows of which days.
            unsure.add(Timestamp::MIN, Timestamp::MAX);
        }
        verifier.tell_repaired(FindingKind::Count, visitor, wrong);
        let mut batch = Batch::default();
        batch.remove(key);
        verifier.write(batch)?;
    }
    Ok(())
}

/// Whether anything else than counts is stored of a visitor.
fn is_known(tree: &sled::Tree, visitor: &VisitorId) -> Result<bool, EmbeddedError> {
    let mut messages = tree.scan_prefix(keys::messages(visitor));
    Ok(tree.contains_key(keys::visitor(visitor))? || messages.next().is_some())
}
