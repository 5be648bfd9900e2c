//! What a visitor's new messages add to the counts, worked out as they arrive. It comes to what
//! `recount` makes of the same messages once they are stored, in whatever order they came.
//!
//! Visits are told apart by the latest one that the profile knows; for a message from before that the
//! stored ones around it are looked at. So no other record of visits is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use firstglance_engine::attribution::{Attribution, WHOLE};
use firstglance_engine::codec::Encode as _;
use firstglance_engine::events::property;
use firstglance_engine::history::{Change, ChangeKind};
use firstglance_engine::profile::{EntryKind, INACTIVITY, MOST_ACTIVE, Sessions};
use firstglance_engine::text::{clip, slug};
use firstglance_engine::{Message, MessageKind, Milliseconds, Profile, Timestamp, VisitorId};

use super::batch::Batch;
use super::counters::Few;
use super::days::{self, Day, Settled};
use super::exposures::number;
use super::record::{LONGEST_SPAN, MessageRecord};
use super::{EmbeddedError, keys, recount};
use crate::changes;
use crate::circumstances::{Circumstances, Touched};
use crate::effect::Reached;
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Origin, Period, Step, Week, counted_name};

/// Topics of one page view that are counted, as many as are evidence.
const MOST_TOPICS: usize = 5;

/// Longest slug of a topic, in bytes.
const LONGEST_TOPIC: usize = 60;

/// What a profile was before something was taken in.
#[derive(Debug, Default)]
struct Before {
    events: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
    first_touch: FirstTouch,
}

/// What first brought the visitor.
#[derive(Debug, Default)]
enum FirstTouch {
    /// They saw no page yet.
    #[default]
    None,
    /// What comes now may have been before it.
    Known(Touched),
    /// It stays.
    Settled,
}

impl FirstTouch {
    fn before(profile: &Profile, earliest: Timestamp) -> Self {
        // Of nearly everybody it stays, and need not be read.
        match profile.entries.one(EntryKind::FirstTouch) {
            Some(first) if first.last < earliest => Self::Settled,
            _ => Touched::first(profile).map_or(Self::None, Self::Known),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Contribution<'a> {
    calendar: &'a Calendar,
    pub(super) tally: Few,
    before: Before,
    /// Hours and days that have a message.
    pub(super) periods: BTreeSet<Period>,
    /// By the day's number.
    pub(super) days: BTreeMap<u32, Day>,
    /// Moments of the messages, in the order in which they were taken in.
    times: Vec<Timestamp>,
    /// Places in these of moments from before the latest visit of then.
    late: Vec<usize>,
}

impl<'a> Contribution<'a> {
    /// Of nobody yet.
    pub(super) fn new(calendar: &'a Calendar) -> Self {
        Self {
            calendar,
            tally: Few::default(),
            before: Before::default(),
            periods: BTreeSet::new(),
            days: BTreeMap::new(),
            times: Vec::new(),
            late: Vec::new(),
        }
    }

    /// Of a visitor of whom a profile is known already, and messages of whom come from a moment on.
    pub(super) fn after(calendar: &'a Calendar, profile: &Profile, earliest: Timestamp) -> Self {
        Self {
            before: Before {
                events: profile.events,
                first_seen: profile.first_seen,
                last_seen: profile.last_seen,
                first_touch: FirstTouch::before(profile, earliest),
            },
            ..Self::new(calendar)
        }
    }

    /// When the visitor was last seen before; nothing where nothing was known of them.
    pub(super) fn last_seen_before(&self) -> Option<Timestamp> {
        (self.before.events > 0).then_some(self.before.last_seen)
    }

    /// Takes in a message.
    pub(super) fn message(&mut self, message: &Message) {
        let at = message.timestamp;
        self.seen(at, message.kind.name());
        match &message.kind {
            MessageKind::Track { event, .. } => {
                let name = counted_name(event);
                self.count(at, Metric::Events, &name, 1);
                let active = message.active().min(MOST_ACTIVE);
                if active.0 > 0 {
                    self.day(at).active(active);
                    let day = self.calendar.day(at);
                    let path = message.path();
                    let (path, time) = (counted_name(&path), active.0 as i64);
                    self.tally.count_in(day, Metric::PageTime, &path, time);
                }
            }
            MessageKind::Page { .. } => {
                let brought = message.brought_by();
                let origin = brought.map(|(referrer, campaign)| Origin::new(referrer, &campaign));
                let origin = origin.map(|origin| Box::from(origin.to_name()));
                let day = self.calendar.day(at);
                let path = message.path();
                let path = counted_name(&path);
                self.tally.count_in(day, Metric::PageViews, &path, 1);
                if let Some(origin) = &origin {
                    self.count(at, Metric::Arrivals, origin, 1);
                    self.tally.count_in(day, Metric::Landings, &path, 1);
                }
                self.topics(day, &path, message);
                self.day(at).view(origin);
            }
            _ => {}
        }
    }

    /// Takes in the topics that a page declares, each once.
    fn topics(&mut self, day: Period, path: &str, message: &Message) {
        let Some(properties) = message.kind.properties() else {
            return;
        };
        let mut told: Vec<String> = Vec::new();
        for label in properties.texts(property::TOPICS).take(MOST_TOPICS) {
            let topic = clip(&slug(label), LONGEST_TOPIC).to_owned();
            if topic.is_empty() || told.contains(&topic) {
                continue;
            }
            let name = format!("{path}\n{topic}");
            self.tally.count_in(day, Metric::PageTopics, &name, 1);
            told.push(topic);
        }
    }

    /// Takes in that there was a message of a type.
    pub(super) fn seen(&mut self, at: Timestamp, kind: &str) {
        self.count(at, Metric::Messages, kind, 1);
        let hour = Period::hour(at);
        let is_new = self.periods.insert(hour);
        if is_new || self.calendar.day_of(hour).is_none() {
            self.periods.insert(self.calendar.day(at));
        }
    }

    /// Counts what adds up at a moment.
    pub(super) fn count(&mut self, at: Timestamp, metric: Metric, name: &str, number: i64) {
        self.tally.count(self.calendar, at, metric, name, number);
    }

    fn day(&mut self, at: Timestamp) -> &mut Day {
        let day = self.calendar.day(at).number;
        self.days.entry(day).or_default()
    }

    /// Takes in the moment of a message, given the visits that the profile knew before it.
    pub(super) fn visit(&mut self, known: &Sessions, at: Timestamp) {
        match known.recent.last() {
            // The profile forgets visits, and does not say of which time.
            Some(latest) if at < latest.start => self.late.push(self.times.len()),
            latest => self.begins(at, latest.map(|latest| latest.end), None),
        }
        self.times.push(at);
    }

    /// Counts the visit that a moment begins, and takes away the one that it is the beginning of from
    /// now on: given the moment before it, its own included, and the visit that begins next.
    fn begins(&mut self, at: Timestamp, before: Option<Timestamp>, next: Option<Timestamp>) {
        if before.is_none_or(|before| at > before.plus(INACTIVITY)) {
            self.count(at, Metric::Sessions, "", 1);
        }
        if let Some(next) = next.filter(|next| *next <= at.plus(INACTIVITY)) {
            self.count(next, Metric::Sessions, "", -1);
        }
    }

    /// Takes in a change of segment or stage, and under which circumstances it was.
    pub(super) fn change(
        &mut self,
        at: Timestamp,
        kind: &ChangeKind,
        circumstances: &Circumstances,
    ) {
        let mut count = |metric, id: &str| self.count(at, metric, &counted_name(id), 1);
        match kind {
            ChangeKind::Entered(id) => {
                count(Metric::SegmentEntries, id);
                // Time alone changes something without anybody being there.
                if !circumstances.path.is_empty() {
                    let name = named_path(id, &circumstances.path);
                    let day = self.calendar.day(at);
                    self.tally.count_in(day, Metric::SegmentPaths, &name, 1);
                }
            }
            ChangeKind::Left(id) => count(Metric::SegmentExits, id),
            ChangeKind::Stage { from, to } => {
                count(Metric::StageExits, from);
                count(Metric::StageEntries, to);
                let first = circumstances.touches.first();
                let name = Origin::beside(to, first.map(|first| &first.origin));
                let day = self.calendar.day(at);
                self.tally.count_in(day, Metric::StagesByOrigin, &name, 1);
            }
        }
    }

    /// Takes in changes of segments and stage.
    pub(super) fn changes(&mut self, changed: &[(Change, Circumstances)]) {
        for (change, circumstances) in changed {
            self.change(change.at, &change.kind, circumstances);
        }
    }

    /// Takes in a goal that was reached, and under which circumstances.
    pub(super) fn goal(&mut self, reached: &Reached, circumstances: &Circumstances) {
        let day = self.calendar.day(reached.at);
        let path = named_path(&reached.goal, &circumstances.path);
        self.tally.count_in(day, Metric::GoalPaths, &path, 1);
        let touches = circumstances.touches.iter();
        let mut names: Vec<String> = touches
            .map(|touch| Origin::beside(&reached.goal, Some(&touch.origin)))
            .collect();
        if names.is_empty() {
            names.push(Origin::beside(&reached.goal, None));
        }
        for model in Attribution::ALL {
            for (metric, amount) in [
                (Metric::GoalsByOrigin(model), WHOLE),
                (Metric::ValueByOrigin(model), reached.hundredths),
            ] {
                for (name, part) in names.iter().zip(model.parts(names.len(), amount)) {
                    if part > 0 {
                        self.tally.count_in(day, metric, name, number(part));
                    }
                }
            }
        }
    }

    /// Takes in goals that were reached.
    pub(super) fn goals(&mut self, reached: &[(Reached, Circumstances)]) {
        for (reached, circumstances) in reached {
            self.goal(reached, circumstances);
        }
    }

    /// What arrived as counts; what is remembered of the visitor's days goes into a batch. The profile is
    /// the one after it. Days to which more may not add, by their number, go to those that were known to
    /// be settled.
    pub(super) fn counts(
        mut self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        (profile, now): (&Profile, Timestamp),
        (known, settled): (&Settled, &mut Vec<(u32, Day)>),
        batch: &mut Batch,
    ) -> Result<Few, EmbeddedError> {
        self.late_visits(tree, visitor)?;
        let first_touch = std::mem::take(&mut self.before.first_touch);
        self.first_touched(profile, &first_touch);
        let before = &self.before;
        if before.events == 0 || profile.first_seen < before.first_seen {
            let known = (before.events > 0).then_some(before.first_seen);
            self.count(profile.first_seen, Metric::NewVisitors, "", 1);
            if let Some(known) = known {
                self.count(known, Metric::NewVisitors, "", -1);
            }
        }
        self.returns(tree, visitor, profile, now)?;
        for period in std::mem::take(&mut self.periods) {
            let new = !self.was_there(tree, visitor, period)?;
            if new {
                self.tally.count_in(period, Metric::Visitors, "", 1);
            }
            if period.step == Step::Day
                && self.calendar.is_kept(period, now)
                && let Some(more) = self.days.remove(&period.number)
            {
                if known.has(visitor, period.number, &more) {
                    continue;
                }
                let day = self.remember(tree, visitor, (period, new), &more, now, batch)?;
                settled.extend(day.map(|day| (period.number, day)));
            }
        }
        Ok(self.tally)
    }

    /// Counts by what first brought the visitor, and takes away what was that until now.
    fn first_touched(&mut self, profile: &Profile, before: &FirstTouch) {
        let after = match before {
            FirstTouch::Settled => return,
            FirstTouch::None | FirstTouch::Known(_) => Touched::first(profile),
        };
        let before = match before {
            FirstTouch::Known(touched) => Some(touched),
            FirstTouch::None | FirstTouch::Settled => None,
        };
        if before != after.as_ref() {
            for (touched, times) in [(before, -1), (after.as_ref(), 1)] {
                if let Some(touched) = touched {
                    self.new_by_origin(touched, times);
                }
            }
        }
    }

    /// Counts a visitor by what first brought them.
    pub(super) fn new_by_origin(&mut self, first: &Touched, times: i64) {
        let (day, name) = (self.calendar.day(first.at), first.origin.to_name());
        self.tally.count_in(day, Metric::NewByOrigin, &name, times);
    }

    /// Counts the weeks in which the visitor was not there before. Where one of them is before all
    /// others, those that are stored count from it.
    fn returns(
        &mut self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), EmbeddedError> {
        let before = &self.before;
        let calendar = self.calendar;
        let first = calendar.week(profile.first_seen);
        let days = self.periods.iter().filter(|one| one.step == Step::Day);
        let weeks: BTreeSet<Week> = days.map(|day| Week::of_day(day.number)).collect();
        let known = (before.events > 0).then(|| calendar.week(before.first_seen));
        if let Some(known) =
            known.filter(|known| first < *known && calendar.is_kept(known.monday(), now))
        {
            let mut week = known;
            while week <= calendar.week(before.last_seen) {
                if self.was_in(tree, visitor, week)? {
                    self.tally.returned(known, week, -1);
                    self.tally.returned(first, week, 1);
                }
                week = week.plus(1);
            }
        }
        for week in weeks {
            if !self.was_in(tree, visitor, week)? {
                self.tally.returned(first, week, 1);
            }
        }
        Ok(())
    }

    /// Takes more of a day into what is remembered of it, and says what that is; nothing where nothing
    /// is. The day may have been one without messages until now.
    fn remember(
        &mut self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        (day, new): (Period, bool),
        more: &Day,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<Option<Day>, EmbeddedError> {
        let known = if new {
            None
        } else {
            days::read(tree, visitor, day.number)?
        };
        let before = match known {
            Some(known) => known,
            None if !more.is_arrival() => return Ok(None),
            None if new => Day::default(),
            None => recount::day(tree, self.calendar, visitor, day)?,
        };
        if before.has(more) {
            return Ok(Some(before));
        }
        let mut after = before.clone();
        after.add(more);
        for (times, of) in [(-1, &before), (1, &after)] {
            for (day, metric, origin) in of.counts(day.number) {
                self.tally.count_in(day, metric, origin, times);
            }
        }
        batch.insert(keys::day(visitor, day.number), after.to_bytes());
        if !before.is_arrival() {
            let first_kept = self.calendar.first_kept(Step::Day, now);
            days::expire(tree, visitor, first_kept, batch)?;
        }
        Ok(Some(after))
    }

    /// Counts the visits that moments from before the latest one begin.
    fn late_visits(&mut self, tree: &sled::Tree, visitor: &VisitorId) -> Result<(), EmbeddedError> {
        let mut late = std::mem::take(&mut self.late).into_iter().peekable();
        let mut arrived = BTreeSet::new();
        for (place, at) in std::mem::take(&mut self.times).into_iter().enumerate() {
            if late.peek().is_none() {
                break;
            }
            if late.next_if_eq(&place).is_some() {
                let around = at.minus(INACTIVITY)..at.plus(INACTIVITY).plus(Milliseconds(1));
                let mut near: BTreeSet<Timestamp> =
                    arrived.range(around.clone()).copied().collect();
                stored_times(tree, visitor, around, |time| {
                    near.insert(time);
                    true
                })?;
                let before = near.range(..=at).next_back().copied();
                let after = near.range(at.plus(Milliseconds(1))..).next().copied();
                // Where something came shortly before it, the next moment is no beginning; and with
                // this one before it, it is none any more.
                let next = after
                    .filter(|next| before.is_none_or(|before| *next > before.plus(INACTIVITY)));
                self.begins(at, before, next);
            }
            arrived.insert(at);
        }
        Ok(())
    }

    /// Whether a message of the period was stored before.
    fn was_there(
        &self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        period: Period,
    ) -> Result<bool, EmbeddedError> {
        let of = |at| self.calendar.period(period.step, at);
        self.was_within(tree, visitor, period, of, self.calendar.range(period))
    }

    /// Whether a message of the week was stored before.
    fn was_in(
        &self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        week: Week,
    ) -> Result<bool, EmbeddedError> {
        let of = |at| self.calendar.week(at);
        self.was_within(tree, visitor, week, of, self.calendar.range_of_week(week))
    }

    fn was_within<T: Ord>(
        &self,
        tree: &sled::Tree,
        visitor: &VisitorId,
        when: T,
        of: impl Fn(Timestamp) -> T,
        range: Range<Timestamp>,
    ) -> Result<bool, EmbeddedError> {
        let Before {
            events,
            first_seen,
            last_seen,
            ..
        } = self.before;
        if events == 0 {
            return Ok(false);
        }
        let [first, last] = [first_seen, last_seen].map(of);
        if when == first || when == last {
            return Ok(true);
        }
        if when < first || when > last {
            return Ok(false);
        }
        // It came late, between others: only what is stored can tell.
        let mut there = false;
        stored_times(tree, visitor, range, |_| {
            there = true;
            false
        })?;
        Ok(there)
    }
}

/// The name of a path to what has an id.
fn named_path(id: &str, path: &[Box<str>]) -> String {
    let mut name = counted_name(id).into_owned();
    for group in path {
        name.push('\n');
        name.push_str(group);
    }
    name
}

/// The moments of stored messages within a time, as long as more are wanted.
fn stored_times(
    tree: &sled::Tree,
    visitor: &VisitorId,
    within: Range<Timestamp>,
    mut more: impl FnMut(Timestamp) -> bool,
) -> Result<(), EmbeddedError> {
    for record in records_within(tree, visitor, &within) {
        let (_, bytes) = record?;
        for one in MessageRecord::from_bytes(&bytes)?.messages {
            let counts = *one.kind != *changes::STORED && within.contains(&one.timestamp);
            if counts && !more(one.timestamp) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The records of messages that may have one within a time.
pub(super) fn records_within(
    tree: &sled::Tree,
    visitor: &VisitorId,
    within: &Range<Timestamp>,
) -> sled::Iter {
    let first = keys::messages_from(visitor, within.start.minus(LONGEST_SPAN));
    tree.range(first..keys::messages_from(visitor, within.end))
}
