//! What stored messages come to in the counts: for a visitor who is erased, for data that were not
//! counted before, and to hold the counts against. Messages are read one record at a time.

use std::collections::BTreeSet;
use std::ops::Range;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::history::Change;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::profile::INACTIVITY;
use firstglance_engine::{MessageKind, Model, Profile, Timestamp, VisitorId};

use super::batch::Batch;
use super::consents::Consents;
use super::contribution::{Contribution, records_within};
use super::counters::{self, Tally};
use super::days::Day;
use super::exposures::{self, Exposures, Gathered};
use super::funnels::{self, Told};
use super::record::{MessageRecord, StoredMessage, VisitorRecord};
use super::seen::{self, Buckets};
use super::{EmbeddedError, keys};
use crate::changes;
use crate::circumstances::Touched;
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, Step, Week};

/// Visitors, or records of messages, in one batch.
const AT_ONCE: usize = 500;

/// Names and periods in one batch, at which it is written however few visitors they are of.
const MOST_COUNTS: usize = 20_000;

/// What a visitor's stored messages come to.
pub(super) struct Stored {
    /// All but what is counted of [`Self::days`].
    pub(super) tally: Tally,
    /// Days on which something brought the visitor, with all that did.
    pub(super) days: Vec<(u32, Day)>,
    /// What of content they tell; it is counted in no tally here.
    pub(super) exposures: Exposures,
    /// Goals that they tell of; what is counted of funnels is in no tally here.
    pub(super) told: Vec<Told>,
    /// When the last of them was received.
    pub(super) received_at: Timestamp,
    /// From when and up to when there were messages that are no longer stored, or cannot be read.
    pub(super) unsure: Option<(Timestamp, Timestamp)>,
}

impl Stored {
    pub(super) fn read(
        (tree, calendar): (&sled::Tree, &Calendar),
        visitor: &VisitorId,
        record: &VisitorRecord,
    ) -> Result<Self, EmbeddedError> {
        let mut all = Contribution::new(calendar);
        let mut times = Vec::new();
        let mut numbers = BTreeSet::new();
        let mut gathered = Gathered::default();
        let mut earliest = Profile::new();
        let mut consents = Consents::default();
        let mut received_at = Timestamp::MIN;
        for entry in tree.scan_prefix(keys::messages(visitor)) {
            let (key, bytes) = entry?;
            // What cannot be read is as if it were not there.
            let (Some((_, number)), Ok(stored)) = (
                keys::message_record_of(&key),
                MessageRecord::from_bytes(&bytes),
            ) else {
                continue;
            };
            numbers.insert(number);
            received_at = received_at.max(stored.received_at);
            let (times, consents) = (&mut times, &mut consents);
            take_in(
                (&mut all, &mut gathered, &mut earliest),
                &stored,
                |_| true,
                |at| {
                    times.push(at);
                    if let Some(consent) = stored.consent {
                        consents.take_in(calendar, at, consent);
                    }
                },
            );
        }
        let profile = &record.profile;
        // Of those that were removed for their age the store notes up to when that was.
        let whole = numbers.range(..record.records).count() as u64 == record.records;
        let missing = record.records.saturating_sub(record.removed) > numbers.len() as u64;
        let unsure = missing.then_some((profile.first_seen, profile.last_seen));
        times.sort_unstable();
        let mut last: Option<Timestamp> = None;
        for at in &times {
            if last.is_none_or(|last| *at > last.plus(INACTIVITY)) {
                all.count(*at, Metric::Sessions, "", 1);
            }
            last = Some(*at);
        }
        let first = match times.first() {
            Some(first) if whole => Some(*first),
            _ => (profile.events > 0).then_some(profile.first_seen),
        };
        if let Some(first) = first {
            all.count(first, Metric::NewVisitors, "", 1);
            let first = calendar.week(first);
            let days = all.periods.iter().filter(|one| one.step == Step::Day);
            let mut weeks: BTreeSet<Week> = days.map(|day| Week::of_day(day.number)).collect();
            weeks.insert(first);
            for week in weeks.range(first..) {
                all.tally.returned(first, *week, 1);
            }
        }
        let touched = if whole { &earliest } else { profile };
        if let Some(first) = Touched::first(touched) {
            all.new_by_origin(&first, 1);
        }
        for period in &all.periods {
            all.tally.count_in(*period, Metric::Visitors, "", 1);
        }
        consents.count(|day, name| all.tally.count_in(day, Metric::Consents, name, 1));
        let days = all.days.into_iter().filter(|(_, day)| day.is_arrival());
        Ok(Self {
            tally: all.tally.into_tally(),
            days: days.collect(),
            told: std::mem::take(&mut gathered.goals),
            exposures: gathered.into_exposures(),
            received_at,
            unsure,
        })
    }

    /// Of which times messages are gone, given up to when any of theirs were removed for their age.
    pub(super) fn gone(&self, removed_until: Option<Timestamp>) -> Gone {
        let removed = removed_until.map(|until| (Timestamp::MIN, until));
        Gone([self.unsure, removed])
    }
}

/// Times of which messages of a visitor are gone.
pub(super) struct Gone([Option<(Timestamp, Timestamp)>; 2]);

impl Gone {
    /// Whether a time has any of them.
    pub(super) fn has(&self, within: &Range<Timestamp>) -> bool {
        let mut times = self.0.iter().flatten();
        times.any(|(from, to)| *from < within.end && within.start <= *to)
    }
}

/// What the stored messages of a visitor's day come to.
pub(super) fn day(
    tree: &sled::Tree,
    calendar: &Calendar,
    visitor: &VisitorId,
    day: Period,
) -> Result<Day, EmbeddedError> {
    let mut all = Contribution::new(calendar);
    let range = calendar.range(day);
    for entry in records_within(tree, visitor, &range) {
        let (_, bytes) = entry?;
        let stored = MessageRecord::from_bytes(&bytes)?;
        take_in(
            (&mut all, &mut Gathered::default(), &mut Profile::new()),
            &stored,
            |one| range.contains(&one.timestamp),
            |_| {},
        );
    }
    Ok(all.days.remove(&day.number).unwrap_or_default())
}

/// Takes in messages of a record, and into `earliest` what the first touch follows from. Says when each
/// was that is not a change.
fn take_in(
    (all, gathered, earliest): (&mut Contribution<'_>, &mut Gathered, &mut Profile),
    stored: &MessageRecord,
    wanted: impl Fn(&StoredMessage) -> bool,
    mut was: impl FnMut(Timestamp),
) {
    let model = Model::new();
    let shared = SharedFields::read(stored.context.as_deref()).unwrap_or_default();
    // By the sender's clock, which is not stored, it may lie in what was the future then.
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    for one in stored.messages.iter().filter(|one| wanted(one)) {
        if *one.kind == *changes::STORED {
            let circumstances = changes::circumstances_of(&one.raw);
            if let Some(kind) = changes::kind_of(&one.raw) {
                all.change(one.timestamp, &kind, &circumstances);
            } else if let Some(reached) = changes::reached_of(&one.raw, one.timestamp) {
                all.goal(&reached, &circumstances);
                gathered.told(reached, &circumstances);
            }
            continue;
        }
        was(one.timestamp);
        match read_message(&one.raw, Some(&one.kind), &shared, clock) {
            Ok(mut message) => {
                message.timestamp = one.timestamp;
                all.message(&message);
                gathered.message(&message);
                let first = earliest.first_touch().map(|first| first.at);
                let is_page = matches!(message.kind, MessageKind::Page { .. });
                if is_page && first.is_none_or(|first| message.timestamp <= first) {
                    earliest.fold(&message, &model);
                }
            }
            // It was taken by other rules than those of today: that it was there counts.
            Err(_) => all.seen(one.timestamp, &one.kind),
        }
    }
}

/// Marks changes that were stored before there was a mark. Only for data of that time: by now a message
/// from outside may look like one. Begun again after an interruption it comes to the same.
pub(super) fn mark_changes(
    tree: &sled::Tree,
    progress: &mut dyn FnMut(u64),
) -> Result<(), EmbeddedError> {
    let mut batch = Batch::default();
    let (mut looked, mut count) = (0, 0);
    for entry in tree.scan_prefix(keys::MESSAGES) {
        let (key, bytes) = entry?;
        looked += 1;
        progress(looked);
        // What cannot be read stays as it is.
        let Ok(mut stored) = MessageRecord::from_bytes(&bytes) else {
            continue;
        };
        let mut any = false;
        for one in stored.messages.iter_mut().filter(|one| is_change(one)) {
            if !was_sent(tree, &key, one)? {
                one.kind = changes::STORED.into();
                any = true;
            }
        }
        if any {
            batch.insert(key, stored.to_bytes());
            count += 1;
        }
        if count == AT_ONCE {
            std::mem::take(&mut batch).apply(tree)?;
            count = 0;
        }
    }
    batch.apply(tree)?;
    Ok(())
}

/// Whether a message has the id that the change has which it tells.
fn is_change(stored: &StoredMessage) -> bool {
    if *stored.kind != *changes::KIND || !stored.id.starts_with(changes::ID_PREFIX) {
        return false;
    }
    let change = changes::kind_of(&stored.raw).map(|kind| Change {
        at: stored.timestamp,
        kind,
        reason: "".into(),
    });
    change.is_some_and(|change| changes::message_id(&change) == *stored.id)
}

/// Whether a message came from outside: the ids of those are remembered.
fn was_sent(tree: &sled::Tree, key: &[u8], one: &StoredMessage) -> Result<bool, EmbeddedError> {
    let Some(visitor) = keys::owner_of(key) else {
        return Ok(false);
    };
    let Some(bytes) = tree.get(keys::visitor(&visitor))? else {
        return Ok(false);
    };
    let Ok(record) = VisitorRecord::from_bytes(&bytes) else {
        return Ok(false);
    };
    let mut buckets = Buckets::new(&visitor, tree);
    Ok(record.seen.knows(seen::digest_of(&one.id), &mut buckets)?)
}

/// What was counted anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recounted {
    pub(super) visitors: u64,
    /// Visitors whose records cannot be read.
    pub(super) unreadable: u64,
}

/// Counts everything anew, of the stored messages. Nothing else may write meanwhile. Begun again after
/// an interruption it comes to the same. What is told is how many visitors were counted so far.
///
/// Counts of messages that are not stored any more are gone after this.
pub(super) fn everything(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<Recounted, EmbeddedError> {
    counters::clear(tree, keys::COUNTS)?;
    let counted = (tree, calendar);
    recount(counted, now, |_, _| true, |_| true, true, progress)
}

/// The same for what is wanted of metrics and periods. Visitors' days are remembered anew where
/// `remembers` says so.
pub(super) fn wanted(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    wanted: impl Fn(Period, Metric) -> bool,
    remembers: impl Fn(Period) -> bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Recounted, EmbeddedError> {
    take_out(tree, &wanted)?;
    recount((tree, calendar), now, wanted, remembers, false, progress)
}

/// Takes out the counts of what is wanted of metrics and periods.
pub(super) fn take_out(
    tree: &sled::Tree,
    wanted: impl Fn(Period, Metric) -> bool,
) -> Result<(), EmbeddedError> {
    let mut batch = Batch::default();
    let mut count = 0;
    for key in tree.scan_prefix(keys::COUNTS).keys() {
        let key = key?;
        let counts = (keys::period_of(&key), keys::metric_of(&key));
        if let (Some(period), Some(metric)) = counts
            && keys::is_counter(&key)
            && wanted(period, metric)
        {
            batch.remove(key);
            count += 1;
        }
        if count == AT_ONCE {
            std::mem::take(&mut batch).apply(tree)?;
            count = 0;
        }
    }
    Ok(batch.apply(tree)?)
}

/// The same for some metrics in some periods.
pub(super) fn some(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    wanted: &BTreeSet<(Period, Metric)>,
) -> Result<Recounted, EmbeddedError> {
    for (period, metric) in wanted {
        counters::clear(tree, &keys::counters(*period, *metric))?;
    }
    let wanted = |period, metric| wanted.contains(&(period, metric));
    let counted = (tree, calendar);
    recount(counted, now, wanted, |_| false, false, &mut |_| {})
}

fn recount(
    (tree, calendar): (&sled::Tree, &Calendar),
    now: Timestamp,
    wanted: impl Fn(Period, Metric) -> bool,
    remembers: impl Fn(Period) -> bool,
    remembers_exposures: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Recounted, EmbeddedError> {
    let mut done = Recounted::default();
    let mut tally = Tally::default();
    let mut batch = Batch::default();
    let mut days = 0;
    for entry in tree.scan_prefix(keys::VISITORS) {
        let (key, bytes) = entry?;
        let (Some(visitor), Ok(record)) =
            (keys::visitor_of(&key), VisitorRecord::from_bytes(&bytes))
        else {
            done.unreadable += 1;
            continue;
        };
        let stored = Stored::read((tree, calendar), &visitor, &record)?;
        let made = count((tree, calendar), &visitor, &stored, &mut tally);
        for (number, day) in &stored.days {
            let day = day.bounded();
            let step = Step::Day;
            let number = *number;
            if remembers(Period { step, number }) {
                batch.insert(keys::day(&visitor, number), day.to_bytes());
                days += 1;
            }
        }
        if let Some(exposures) = made.filter(|_| remembers_exposures) {
            batch.insert(keys::exposures(&visitor), exposures.to_bytes());
            days += 1;
        }
        done.visitors += 1;
        progress(done.visitors);
        let many = done.visitors.is_multiple_of(AT_ONCE as u64);
        if many || tally.len() + days >= MOST_COUNTS {
            let counted = std::mem::take(&mut tally);
            let changes = counted.changes(tree, (calendar, now), &wanted)?;
            changes.write(&mut batch);
            std::mem::take(&mut batch).apply(tree)?;
            days = 0;
        }
    }
    let changes = tally.changes(tree, (calendar, now), &wanted)?;
    changes.write(&mut batch);
    batch.apply(tree)?;
    Ok(done)
}

/// Adds what a visitor counts for. The answer is what is to be remembered of their exposures, where nothing
/// is.
pub(super) fn count(
    (tree, calendar): (&sled::Tree, &Calendar),
    visitor: &VisitorId,
    stored: &Stored,
    tally: &mut Tally,
) -> Option<Exposures> {
    tally.add(&stored.tally, 1);
    for (number, day) in &stored.days {
        day.bounded().count(*number, tally, 1);
    }
    let kept = exposures::read(tree, visitor).ok().flatten();
    // What is remembered knows what was in force when it came.
    let is_there = kept.is_some();
    let exposures = kept.unwrap_or_else(|| stored.exposures.bounded(|_, _| false));
    exposures.count(calendar, |day, metric, name, number| {
        tally.count_in(day, metric, name, number);
    });
    // Nobody knows which funnels were in force where nothing is remembered of them.
    if let Ok(Some(funnels)) = funnels::read(tree, visitor) {
        funnels.count(calendar, |day, metric, name, number| {
            tally.count_in(day, metric, name, number);
        });
    }
    Some(exposures).filter(|exposures| !is_there && !exposures.is_empty())
}
