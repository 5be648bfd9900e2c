//! What one visitor's messages add to the counts: worked out of messages as they arrive, and of the
//! stored ones when the visitor is erased or all is counted anew. The two come to the same, in whatever
//! order messages arrive; but a visit is what a profile's sessions tell apart.
//!
//! What is counted once a day for each visitor and origin is remembered in a small record for the
//! visitor's day, which is written only where it changes.

use std::collections::{BTreeMap, BTreeSet};

use firstglance_engine::codec::{Encode, Reader, Writer};
use firstglance_engine::history::{Change, ChangeKind};
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::profile::{INACTIVITY, Sessions};
use firstglance_engine::{Message, MessageKind, Milliseconds, Profile, Timestamp, VisitorId};

use super::counters::{self, Tally};
use super::record::{LONGEST_SPAN, MessageRecord, StoredMessage};
use super::{EmbeddedError, keys};
use crate::changes;
use crate::store::counting::{Metric, Origin, Period, Step, counted_name};

/// Origins remembered of a visitor's day; by further ones arrivals are counted and no visitors.
const MOST_ORIGINS: usize = 16;

/// Page views of a day that make a visitor engaged.
const ENGAGED_VIEWS: u64 = 2;

/// Active time of a day that makes a visitor engaged.
const ENGAGED_TIME: Milliseconds = Milliseconds(10_000);

/// Visitors in one batch where all is counted anew.
const AT_ONCE: usize = 500;

/// What is remembered of a visitor's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// Page views, up to what makes engaged.
    views: u64,
    /// Active time, up to what makes engaged.
    active: u64,
    /// Names of origins.
    origins: BTreeSet<Box<str>>,
}

impl Day {
    const fn is_engaged(&self) -> bool {
        self.views >= ENGAGED_VIEWS || self.active >= ENGAGED_TIME.0
    }

    /// Takes in more of the same day.
    fn add(&mut self, more: &Self) {
        self.views = (self.views + more.views).min(ENGAGED_VIEWS);
        self.active = self.active.saturating_add(more.active).min(ENGAGED_TIME.0);
        for origin in &more.origins {
            if self.origins.len() < MOST_ORIGINS {
                self.origins.insert(origin.clone());
            }
        }
    }

    /// Counts it as one visitor's.
    fn count(&self, day: Period, tally: &mut Tally, number: i64) {
        for origin in &self.origins {
            tally.count_in(day, Metric::ArrivedVisitors, origin, number);
            if self.is_engaged() {
                tally.count_in(day, Metric::EngagedVisitors, origin, number);
            }
        }
    }
}

impl Encode for Day {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.views);
        out.integer(self.active);
        out.integer(self.origins.len() as u64);
        for origin in &self.origins {
            out.text(origin);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            views: reader.integer(),
            active: reader.integer(),
            origins: (0..reader.count()).map(|_| reader.text().into()).collect(),
        }
    }
}

/// What a profile was before something was taken in.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    events: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Contribution {
    tally: Tally,
    before: Before,
    /// Periods that have a message.
    periods: BTreeSet<Period>,
    /// By the day's number.
    days: BTreeMap<u32, Day>,
}

impl Contribution {
    /// Of a visitor of whom a profile is known already.
    pub(super) fn after(profile: &Profile) -> Self {
        Self {
            before: Before {
                events: profile.events,
                first_seen: profile.first_seen,
                last_seen: profile.last_seen,
            },
            ..Self::default()
        }
    }

    /// Takes in a message.
    pub(super) fn message(&mut self, message: &Message) {
        let at = message.timestamp;
        self.seen(at, message.kind.name());
        match &message.kind {
            MessageKind::Track { event, .. } => {
                self.tally
                    .count(at, Metric::Events, &counted_name(event), 1);
                let active = message.active().0.min(ENGAGED_TIME.0);
                if active > 0 {
                    self.day(at).add(&Day {
                        active,
                        ..Day::default()
                    });
                }
            }
            MessageKind::Page { .. } => {
                let brought = message.brought_by();
                let origin = brought.map(|(referrer, campaign)| Origin::new(referrer, &campaign));
                let origin = origin.map(|origin| Box::from(origin.to_name()));
                if let Some(origin) = &origin {
                    self.tally.count(at, Metric::Arrivals, origin, 1);
                }
                self.day(at).add(&Day {
                    views: 1,
                    origins: origin.into_iter().collect(),
                    ..Day::default()
                });
            }
            _ => {}
        }
    }

    fn seen(&mut self, at: Timestamp, kind: &str) {
        self.tally.count(at, Metric::Messages, kind, 1);
        for step in Step::ALL {
            self.periods.insert(Period::of(step, at));
        }
    }

    fn day(&mut self, at: Timestamp) -> &mut Day {
        let day = Period::of(Step::Day, at).number;
        self.days.entry(day).or_default()
    }

    /// Takes in what a message made of the visits.
    pub(super) fn sessions(&mut self, before: &Sessions, after: &Sessions) {
        if before == after {
            return;
        }
        let starts = |sessions: &Sessions| -> BTreeSet<Timestamp> {
            sessions.recent.iter().map(|span| span.start).collect()
        };
        let (old, new) = (starts(before), starts(after));
        let mut gone: Vec<Timestamp> = old.difference(&new).copied().collect();
        let come: Vec<Timestamp> = new.difference(&old).copied().collect();
        // A new one may have pushed out the oldest, which was a visit all the same.
        if before.count + (come.len() as u64) < after.count + gone.len() as u64 {
            gone.remove(0);
        }
        for start in gone {
            self.tally.count(start, Metric::Sessions, "", -1);
        }
        for start in come {
            self.tally.count(start, Metric::Sessions, "", 1);
        }
    }

    /// Takes in a change of segment or stage.
    pub(super) fn change(&mut self, at: Timestamp, kind: &ChangeKind) {
        let mut count = |metric, id: &str| self.tally.count(at, metric, &counted_name(id), 1);
        match kind {
            ChangeKind::Entered(id) => count(Metric::SegmentEntries, id),
            ChangeKind::Left(id) => count(Metric::SegmentExits, id),
            ChangeKind::Stage { from, to } => {
                count(Metric::StageExits, from);
                count(Metric::StageEntries, to);
            }
        }
    }

    pub(super) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes in changes of segments and stage.
    pub(super) fn changes(&mut self, changed: &[Change]) {
        for change in changed {
            self.change(change.at, &change.kind);
        }
    }

    /// Adds what arrived to the counts, and puts what is remembered of the visitor's days into a
    /// batch. The profile is the one after it.
    pub(super) fn add_to(
        mut self,
        tally: &mut Tally,
        tree: &sled::Tree,
        visitor: &VisitorId,
        profile: &Profile,
        batch: &mut sled::Batch,
    ) -> Result<(), EmbeddedError> {
        let before = self.before;
        if before.events == 0 || profile.first_seen < before.first_seen {
            self.tally
                .count(profile.first_seen, Metric::NewVisitors, "", 1);
            if before.events > 0 {
                self.tally
                    .count(before.first_seen, Metric::NewVisitors, "", -1);
            }
        }
        for period in std::mem::take(&mut self.periods) {
            if !self.was_there(tree, visitor, period)? {
                self.tally.count_in(period, Metric::Visitors, "", 1);
            }
        }
        for (number, more) in std::mem::take(&mut self.days) {
            let key = keys::day(visitor, number);
            let before = match tree.get(&key)? {
                None => Day::default(),
                Some(bytes) => Day::from_bytes(&bytes)?,
            };
            let mut after = before.clone();
            after.add(&more);
            if after != before {
                let period = Period {
                    step: Step::Day,
                    number,
                };
                before.count(period, &mut self.tally, -1);
                after.count(period, &mut self.tally, 1);
                batch.insert(key, after.to_bytes());
            }
        }
        tally.add(&self.tally, 1);
        Ok(())
    }

    /// Whether a message of the period was stored before.
    fn was_there(
        &self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        period: Period,
    ) -> Result<bool, EmbeddedError> {
        let Before {
            events,
            first_seen,
            last_seen,
        } = self.before;
        if events == 0 {
            return Ok(false);
        }
        let [first, last] = [first_seen, last_seen].map(|at| Period::of(period.step, at));
        if period == first || period == last {
            return Ok(true);
        }
        if period < first || period > last {
            return Ok(false);
        }
        // It came late, between others: only what is stored can tell.
        let end = period.start().plus(period.step.length());
        let from = keys::messages_from(visitor, period.start().minus(LONGEST_SPAN));
        for entry in tree.range(from..keys::messages_from(visitor, end)) {
            let (_, bytes) = entry?;
            let stored = MessageRecord::from_bytes(&bytes)?;
            let there = |one: &StoredMessage| {
                one.kind.as_ref() != changes::STORED
                    && Period::of(period.step, one.timestamp) == period
            };
            if stored.messages.iter().any(there) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All that a visitor's stored messages have added.
    fn of_stored(
        tree: &sled::Tree,
        visitor: &VisitorId,
        profile: &Profile,
    ) -> Result<Self, EmbeddedError> {
        let mut all = Self::default();
        let mut times = Vec::new();
        for entry in tree.scan_prefix(keys::messages(visitor)) {
            let (_, bytes) = entry?;
            let stored = MessageRecord::from_bytes(&bytes)?;
            let shared = SharedFields::read(stored.context.as_deref()).unwrap_or_default();
            let clock = Clock {
                received_at: stored.received_at,
                sent_at: None,
            };
            for one in &stored.messages {
                if one.kind.as_ref() == changes::STORED {
                    if let Some(kind) = changes::kind_of(&one.raw) {
                        all.change(one.timestamp, &kind);
                    }
                    continue;
                }
                times.push(one.timestamp);
                match read_message(&one.raw, Some(&one.kind), &shared, clock) {
                    Ok(mut message) => {
                        message.timestamp = one.timestamp;
                        all.message(&message);
                    }
                    // It was taken by other rules than those of today: that it was there counts.
                    Err(_) => all.seen(one.timestamp, &one.kind),
                }
            }
        }
        times.sort_unstable();
        let mut last: Option<Timestamp> = None;
        for at in times {
            if last.is_none_or(|last| at > last.plus(INACTIVITY)) {
                all.tally.count(at, Metric::Sessions, "", 1);
            }
            last = Some(at);
        }
        if profile.events > 0 {
            let first = profile.first_seen;
            all.tally.count(first, Metric::NewVisitors, "", 1);
        }
        for period in &all.periods {
            all.tally.count_in(*period, Metric::Visitors, "", 1);
        }
        Ok(all)
    }

    /// The same with what is remembered of the visitor's days.
    pub(super) fn stored(
        tree: &sled::Tree,
        visitor: &VisitorId,
        profile: &Profile,
    ) -> Result<Tally, EmbeddedError> {
        let mut tally = Self::of_stored(tree, visitor, profile)?.tally;
        for entry in tree.scan_prefix(keys::days(visitor)) {
            let (key, bytes) = entry?;
            let number = keys::day_of(&key).ok_or(EmbeddedError::Key)?;
            let step = Step::Day;
            Day::from_bytes(&bytes)?.count(Period { step, number }, &mut tally, 1);
        }
        Ok(tally)
    }
}

/// Marks changes that were stored before there was a mark. Only for data of that time: by now a message
/// from outside may look like one. Begun again after an interruption it comes to the same.
pub(super) fn adopt_changes(tree: &sled::Tree) -> Result<(), EmbeddedError> {
    let mut batch = sled::Batch::default();
    let mut count = 0;
    for entry in tree.scan_prefix(keys::MESSAGES) {
        let (key, bytes) = entry?;
        let mut stored = MessageRecord::from_bytes(&bytes)?;
        let mut any = false;
        for one in &mut stored.messages {
            if *one.kind == *changes::KIND && is_change(one) {
                one.kind = changes::STORED.into();
                any = true;
            }
        }
        if any {
            batch.insert(key, stored.to_bytes());
            count += 1;
        }
        if count == AT_ONCE {
            tree.apply_batch(std::mem::take(&mut batch))?;
            count = 0;
        }
    }
    tree.apply_batch(batch)?;
    Ok(())
}

/// Whether a message has the id that the change has which it tells.
fn is_change(stored: &StoredMessage) -> bool {
    let change = changes::kind_of(&stored.raw).map(|kind| Change {
        at: stored.timestamp,
        kind,
        reason: "".into(),
    });
    change.is_some_and(|change| changes::message_id(&change) == *stored.id)
}

/// Counts everything anew, of the stored messages. Nothing else may write meanwhile. Begun again after
/// an interruption it comes to the same. What is told is how many visitors were counted so far.
///
/// Counts of messages that are not stored any more are gone after this.
pub(super) fn rebuild(
    tree: &sled::Tree,
    now: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<(), EmbeddedError> {
    counters::clear(tree)?;
    let mut done = 0;
    let mut tally = Tally::default();
    let mut batch = sled::Batch::default();
    let mut finish = |tally: &mut Tally, batch: &mut sled::Batch, done| {
        std::mem::take(tally).write(tree, now, batch)?;
        tree.apply_batch(std::mem::take(batch))?;
        progress(done);
        Ok::<(), EmbeddedError>(())
    };
    each_visitor(tree, |visitor, profile| {
        let mut all = Contribution::of_stored(tree, visitor, profile)?;
        for (number, day) in std::mem::take(&mut all.days) {
            let step = Step::Day;
            day.count(Period { step, number }, &mut all.tally, 1);
            batch.insert(keys::day(visitor, number), day.to_bytes());
        }
        tally.add(&all.tally, 1);
        done += 1;
        if done % AT_ONCE as u64 == 0 {
            finish(&mut tally, &mut batch, done)?;
        }
        Ok(())
    })?;
    finish(&mut tally, &mut batch, done)
}

/// Differences between the counts and what the stored messages say, each in words. Nothing else may
/// write meanwhile.
pub(super) fn check(tree: &sled::Tree, now: Timestamp) -> Result<Vec<String>, EmbeddedError> {
    let mut expected = BTreeMap::new();
    each_visitor(tree, |visitor, profile| {
        Contribution::stored(tree, visitor, profile)?.expected(tree, now, &mut expected)
    })?;
    let mut differences = Vec::new();
    let mut differ = |key: &[u8], is: i64, should: i64| {
        if is != should {
            let what = keys::describe_counter(key);
            differences.push(format!("{what} is {is} and should be {should}"));
        }
    };
    for entry in tree.scan_prefix(keys::COUNTERS) {
        let (key, bytes) = entry?;
        let period = keys::period_of(&key).ok_or(EmbeddedError::Key)?;
        if !period.is_kept(now) {
            continue;
        }
        let is = i64::try_from(counters::number(&bytes)?).unwrap_or(i64::MAX);
        differ(&key, is, expected.remove(&*key).unwrap_or(0));
    }
    for (key, should) in expected {
        differ(&key, 0, should);
    }
    Ok(differences)
}

fn each_visitor(
    tree: &sled::Tree,
    mut work: impl FnMut(&VisitorId, &Profile) -> Result<(), EmbeddedError>,
) -> Result<(), EmbeddedError> {
    for entry in tree.scan_prefix(keys::VISITORS) {
        let (key, bytes) = entry?;
        let visitor = keys::visitor_of(&key).ok_or(EmbeddedError::Key)?;
        let record = super::record::VisitorRecord::from_bytes(&bytes)?;
        work(&visitor, &record.profile)?;
    }
    Ok(())
}
