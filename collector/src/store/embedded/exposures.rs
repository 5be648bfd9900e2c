//! What is remembered of a visitor's exposures to content: for each slot what was seen first and when,
//! how often each variant was seen and clicked, and which goals were reached in time after the first
//! sight. It is what the stored messages come to, in whatever order they came, and what is counted of
//! content is the sum of it over all visitors.
//!
//! A visitor without exposures has no such record. Messages that tell nothing of content and reach no
//! goal neither read nor write it.

use std::collections::BTreeMap;
use std::ops::Range;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{
    Evaluation, Message, MessageId, Milliseconds, Model, Timestamp, VisitorId,
};

use super::batch::Batch;
use super::contribution::records_within;
use super::counters::{Few, Tally};
use super::funnels::Told;
use super::record::MessageRecord;
use super::{EmbeddedError, keys};
use crate::changes;
use crate::circumstances::Circumstances;
use crate::effect::{Arm, Cell, Exposure, Reached, Shown, WINDOW};
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period};

const VERSION: u8 = 1;

/// Slots of one visitor; what is said of further ones does not count.
const MOST_SLOTS: usize = 64;

/// Variants and arms of one slot that a visitor saw; further ones do not count.
const MOST_SHOWN: usize = 16;

/// Goals of one slot that a visitor reached; further ones do not count.
const MOST_GOALS: usize = 100;

/// Most that one visitor's reaching a goal counts for, in hundredths: what a hundred times the most of
/// one event would be says more of whoever sends it than of the content.
const MOST_HUNDREDTHS: u64 = 100_000_000;

/// What new messages tell.
#[derive(Debug, Default)]
pub(super) struct News {
    exposures: Vec<(Exposure, bool, Option<Box<str>>)>,
    reached: Vec<(Reached, Circumstances, MessageId)>,
}

impl News {
    /// Takes in a message, and the goals that it has reached, given the evaluation after it was folded.
    pub(super) fn take_in(
        &mut self,
        message: &Message,
        reached: Vec<(Reached, Circumstances)>,
        (model, evaluation): (&Model, &Evaluation),
    ) {
        if let Some(exposure) = Exposure::of(message) {
            let is_known = exposure.is_known(model);
            let segment = exposure.segment(model, evaluation);
            self.exposures.push((exposure, is_known, segment));
        }
        for (one, circumstances) in reached {
            self.reached.push((one, circumstances, message.id.clone()));
        }
    }

    /// Goals that were reached, under which circumstances, and by which messages.
    pub(super) fn reached(&self) -> &[(Reached, Circumstances, MessageId)] {
        &self.reached
    }

    /// Takes it into what is remembered of a visitor, and into the counts. `last_seen` is when the
    /// visitor was last seen before; nothing where it is a new one.
    pub(super) fn add_to(
        &self,
        tally: &mut Tally,
        (tree, calendar): (&sled::Tree, &Calendar),
        visitor: &VisitorId,
        last_seen: Option<Timestamp>,
        batch: &mut Batch,
    ) -> Result<(), EmbeddedError> {
        if self.exposures.is_empty() && self.reached.is_empty() {
            return Ok(());
        }
        let before = match last_seen {
            None => None,
            Some(_) => read(tree, visitor)?,
        };
        if before.is_none() && self.exposures.is_empty() {
            return Ok(());
        }
        let before = before.unwrap_or_default();
        let mut after = before.clone();
        let mut earlier = Vec::new();
        for (exposure, is_known, segment) in &self.exposures {
            let slot = &exposure.slot;
            if after.take_in(exposure, *is_known, segment.as_deref(), Room::Bounded)
                && !earlier.contains(slot)
            {
                earlier.push(slot.clone());
            }
        }
        for (id, slot) in &mut after.slots {
            let Some(within) = slot.window() else {
                continue;
            };
            if earlier.contains(id) {
                slot.goals.clear();
                if last_seen.is_some_and(|last| last >= within.start) {
                    let records = records_within(tree, visitor, &within);
                    stored_goals(records, |one, _| slot.reach(&one))?;
                }
            }
            for (one, ..) in &self.reached {
                slot.reach(one);
            }
        }
        if before == after {
            return Ok(());
        }
        let mut counts = Few::default();
        before.count(calendar, |day, metric, name, number| {
            counts.count_in(day, metric, name, -number);
        });
        after.count(calendar, |day, metric, name, number| {
            counts.count_in(day, metric, name, number)
        });
        counts.add_to(tally);
        batch.insert(keys::exposures(visitor), after.to_bytes());
        Ok(())
    }
}

/// Tells goals that a visitor has reached, of what is stored in some records, and the text that tells it.
pub(super) fn stored_goals(
    records: sled::Iter,
    mut tell: impl FnMut(Reached, &str),
) -> Result<(), EmbeddedError> {
    for record in records {
        let (_, bytes) = record?;
        for one in MessageRecord::from_bytes(&bytes)?.messages {
            if *one.kind == *changes::STORED
                && let Some(reached) = changes::reached_of(&one.raw, one.timestamp)
            {
                tell(reached, &one.raw);
            }
        }
    }
    Ok(())
}

/// What is remembered of a visitor.
pub(super) fn read(
    tree: &sled::Tree,
    visitor: &VisitorId,
) -> Result<Option<Exposures>, EmbeddedError> {
    super::record::read(tree, &keys::exposures(visitor))
}

/// Whether there is room for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Bounded,
    /// To find out what stored messages come to.
    Unbounded,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exposures {
    slots: BTreeMap<Box<str>, Slot>,
}

/// What is remembered of one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Slot {
    first: Option<First>,
    shown: BTreeMap<Shown, Often>,
    goals: BTreeMap<Box<str>, Attained>,
}

/// What was seen first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct First {
    at: Timestamp,
    shown: Shown,
    segment: Option<Box<str>>,
}

/// How often something was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Often {
    seen: u64,
    clicked: u64,
    is_known: bool,
}

/// A goal that was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Attained {
    times: u64,
    hundredths: u64,
}

impl Exposures {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes in an exposure. Says whether something was seen earlier than what was first until now:
    /// then goals are to be taken in anew.
    pub(super) fn take_in(
        &mut self,
        exposure: &Exposure,
        is_known: bool,
        segment: Option<&str>,
        room: Room,
    ) -> bool {
        let is_full = room == Room::Bounded && self.slots.len() >= MOST_SLOTS;
        if is_full && !self.slots.contains_key(&exposure.slot) {
            return false;
        }
        let slot = self.slots.entry(exposure.slot.clone()).or_default();
        let is_full = room == Room::Bounded && slot.shown.len() >= MOST_SHOWN;
        if !is_full || slot.shown.contains_key(&exposure.shown) {
            let often = slot.shown.entry(exposure.shown.clone()).or_default();
            often.is_known |= is_known;
            if exposure.is_click {
                often.clicked += 1;
            } else {
                often.seen += 1;
            }
        }
        if exposure.is_click {
            return false;
        }
        // Of two at the same moment it is always the same one.
        let is_first = slot
            .first
            .as_ref()
            .is_none_or(|first| (exposure.at, &exposure.shown) < (first.at, &first.shown));
        if !is_first {
            return false;
        }
        let is_earlier = (slot.first.as_ref()).is_none_or(|first| exposure.at < first.at);
        slot.first = Some(First {
            at: exposure.at,
            shown: exposure.shown.clone(),
            segment: segment.map(Into::into),
        });
        is_earlier
    }

    /// Takes in a goal that was reached, where it counts.
    pub(super) fn reach(&mut self, reached: &Reached) {
        for slot in self.slots.values_mut() {
            slot.reach(reached);
        }
    }

    /// Counts it as one visitor's: each number with the day, the metric and the name under which it is
    /// counted.
    pub(super) fn count(
        &self,
        calendar: &Calendar,
        mut tell: impl FnMut(Period, Metric, &str, i64),
    ) {
        for (id, slot) in &self.slots {
            let Some(first) = &slot.first else { continue };
            let day = calendar.day(first.at);
            let cell = |shown: &Shown| Cell {
                is_known: slot.shown.get(shown).is_some_and(|often| often.is_known),
                slot: id.clone(),
                shown: shown.clone(),
                segment: first.segment.clone(),
            };
            let own = cell(&first.shown);
            let name = own.to_name();
            tell(day, Metric::ContentVisitors, &name, 1);
            if slot.shown.values().any(|often| often.clicked > 0) {
                tell(day, Metric::ContentClickers, &name, 1);
            }
            for (shown, often) in &slot.shown {
                let name = cell(shown).to_name();
                tell(day, Metric::ContentImpressions, &name, number(often.seen));
                tell(day, Metric::ContentClicks, &name, number(often.clicked));
            }
            for (goal, attained) in &slot.goals {
                let name = own.to_name_of(goal);
                let revenue = attained.hundredths.min(MOST_HUNDREDTHS);
                let square = (revenue * revenue).div_ceil(100);
                tell(day, Metric::Conversions, &name, 1);
                tell(day, Metric::Revenue, &name, number(revenue));
                tell(day, Metric::RevenueSquares, &name, number(square));
            }
        }
    }

    /// The same with as much as is remembered, and what `is_known` says of slots and variants.
    pub(super) fn bounded(&self, is_known: impl Fn(&str, &str) -> bool) -> Self {
        let slots = self.slots.iter().take(MOST_SLOTS);
        let slots = slots.map(|(id, slot)| {
            let shown = slot.shown.iter().take(MOST_SHOWN);
            let shown = shown.map(|(shown, often)| {
                let is_known = is_known(id, &shown.variant);
                (shown.clone(), Often { is_known, ..*often })
            });
            let slot = Slot {
                first: slot.first.clone(),
                shown: shown.collect(),
                goals: slot.goals.clone(),
            };
            (id.clone(), slot)
        });
        Self {
            slots: slots.collect(),
        }
    }

    /// Whether it may be what is remembered of what messages come to: where there was no room for all
    /// it does not have all. What was in force when they came, messages do not say.
    pub(super) fn may_be(&self, whole: &Self) -> bool {
        let is_full = self.slots.len() == MOST_SLOTS;
        (is_full || self.slots.len() == whole.slots.len())
            && self.slots.iter().all(|(id, slot)| {
                let other = whole.slots.get(id);
                other.is_some_and(|other| slot.may_be(other))
            })
    }
}

impl Slot {
    /// When a goal counts.
    fn window(&self) -> Option<Range<Timestamp>> {
        let first = self.first.as_ref()?;
        Some(first.at..first.at.plus(WINDOW))
    }

    fn reach(&mut self, reached: &Reached) {
        let counts = self
            .window()
            .is_some_and(|window| window.contains(&reached.at));
        let is_full = self.goals.len() >= MOST_GOALS && !self.goals.contains_key(&reached.goal);
        if counts && !is_full {
            let goal = self.goals.entry(reached.goal.clone()).or_default();
            goal.times += 1;
            goal.hundredths = goal.hundredths.saturating_add(reached.hundredths);
        }
    }

    fn may_be(&self, whole: &Self) -> bool {
        let first = |slot: &Self| {
            let first = slot.first.as_ref();
            first.map(|first| (first.at, first.shown.clone()))
        };
        let is_full = self.shown.len() == MOST_SHOWN;
        first(self) == first(whole)
            && self.goals == whole.goals
            && (is_full || self.shown.len() == whole.shown.len())
            && self.shown.iter().all(|(shown, often)| {
                let other = whole.shown.get(shown);
                other
                    .is_some_and(|other| (often.seen, often.clicked) == (other.seen, other.clicked))
            })
    }
}

pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Encode for Shown {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.variant);
        out.byte(match self.arm {
            Arm::Variant => 0,
            Arm::Control => 1,
        });
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            variant: reader.text().into(),
            arm: reader.choice(&Arm::ALL, Arm::Variant, "arm"),
        }
    }
}

impl Encode for Exposures {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        out.integer(self.slots.len() as u64);
        for (id, slot) in &self.slots {
            out.text(id);
            out.byte(u8::from(slot.first.is_some()));
            if let Some(first) = &slot.first {
                first.at.encode(out);
                first.shown.encode(out);
                out.text(first.segment.as_deref().unwrap_or_default());
            }
            out.integer(slot.shown.len() as u64);
            for (shown, often) in &slot.shown {
                shown.encode(out);
                out.integer(often.seen);
                out.integer(often.clicked);
                out.byte(u8::from(often.is_known));
            }
            out.integer(slot.goals.len() as u64);
            for (goal, attained) in &slot.goals {
                out.text(goal);
                out.integer(attained.times);
                out.integer(attained.hundredths);
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        let mut slots = BTreeMap::new();
        for _ in 0..reader.count() {
            let id = reader.text().into();
            let mut slot = Slot::default();
            if reader.choice(&[false, true], false, "sight") {
                slot.first = Some(First {
                    at: Timestamp::decode(reader),
                    shown: Shown::decode(reader),
                    segment: Some(reader.text())
                        .filter(|text| !text.is_empty())
                        .map(Into::into),
                });
            }
            for _ in 0..reader.count() {
                let shown = Shown::decode(reader);
                let often = Often {
                    seen: reader.integer(),
                    clicked: reader.integer(),
                    is_known: reader.choice(&[false, true], false, "origin"),
                };
                slot.shown.insert(shown, often);
            }
            for _ in 0..reader.count() {
                let goal = reader.text().into();
                let attained = Attained {
                    times: reader.integer(),
                    hundredths: reader.integer(),
                };
                slot.goals.insert(goal, attained);
            }
            slots.insert(id, slot);
        }
        Self { slots }
    }
}

/// Gathers what stored messages of a visitor tell, in whatever order they are read.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    exposures: Exposures,
    reached: Vec<Reached>,
    /// The same for funnels.
    pub(super) goals: Vec<Told>,
}

impl Gathered {
    /// Takes in a message.
    pub(super) fn message(&mut self, message: &Message) {
        if let Some(exposure) = Exposure::of(message) {
            self.exposures
                .take_in(&exposure, false, None, Room::Unbounded);
        }
    }

    /// Takes in a goal that the store has told beside the messages.
    pub(super) fn told(&mut self, reached: Reached, circumstances: &Circumstances) {
        self.goals.push(Told::new(&reached, circumstances));
        self.reached.push(reached);
    }

    /// What they come to.
    pub(super) fn into_exposures(mut self) -> Exposures {
        for one in &self.reached {
            self.exposures.reach(one);
        }
        self.exposures
    }
}

const _: () = assert!(WINDOW.0 > Milliseconds::from_days(1).0);
