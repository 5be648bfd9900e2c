//! What is remembered of a visitor for funnels: of each that was in force when they reached a goal, how
//! far they came. It is what the goals in the visitor's timeline come to, in whatever order they came
//! there, and what is counted of funnels is the sum of it over all visitors. It names the steps of each
//! funnel, so that another configuration changes nothing that was counted.
//!
//! A visitor who reached no goal of any funnel has no such record, and messages that reach no goal
//! neither read nor write it.

use std::collections::BTreeMap;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{Timestamp, VisitorId};

use super::batch::Batch;
use super::counters::{Few, Tally};
use super::exposures::stored_goals;
use super::{EmbeddedError, keys};
use crate::changes;
use crate::circumstances::Circumstances;
use crate::effect::Reached;
use crate::journey::{Funnel, Progress, Step};
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period};

const VERSION: u8 = 1;

/// Funnels that are remembered of one visitor, those that are in force no longer among them; further ones
/// do not count for them.
const MOST_FUNNELS: usize = 40;

/// Ids of goals.
type Steps = Vec<Box<str>>;

/// A goal that was reached, as far as funnels need it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    at: Timestamp,
    goal: Box<str>,
    /// In which the visitor was then.
    segments: Vec<Box<str>>,
}

impl Told {
    pub(super) fn new(reached: &Reached, circumstances: &Circumstances) -> Self {
        Self {
            at: reached.at,
            goal: reached.goal.clone(),
            segments: circumstances.segments.clone(),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Funnels {
    /// When the latest goal was reached that is a step of any of them.
    latest: Timestamp,
    of: BTreeMap<Steps, Progress>,
}

impl Funnels {
    /// What goals come to, of funnels with these steps.
    pub(super) fn of(steps: impl IntoIterator<Item = Steps>, told: &[Told]) -> Self {
        let of = steps.into_iter().map(|steps| (steps, Progress::default()));
        let mut made = Self {
            latest: Timestamp::MIN,
            of: of.collect(),
        };
        made.take_in(told.to_vec());
        made
    }

    /// The same that goals come to, of the same funnels.
    pub(super) fn anew(&self, told: &[Told]) -> Self {
        Self::of(self.of.keys().cloned(), told)
    }

    /// Takes in goals that were reached later than all that it has.
    fn take_in(&mut self, mut told: Vec<Told>) {
        told.retain(|one| self.has_step(&one.goal));
        // What lies at the same moment always has the same order.
        told.sort_unstable();
        for moment in told.chunk_by(|one, other| one.at == other.at) {
            let Some(Told { at, .. }) = moment.first() else {
                continue;
            };
            let goals: Vec<(&str, &[Box<str>])> = moment
                .iter()
                .map(|one| (&*one.goal, &*one.segments))
                .collect();
            for (steps, progress) in &mut self.of {
                progress.take_in(steps, *at, &goals);
            }
            self.latest = *at;
        }
    }

    fn has_step(&self, goal: &str) -> bool {
        let mut steps = self.of.keys().flatten();
        steps.any(|step| **step == *goal)
    }

    /// Counts it as one visitor's: each number with the day, the metric and the name under which it is
    /// counted.
    pub(super) fn count(
        &self,
        calendar: &Calendar,
        mut tell: impl FnMut(Period, Metric, &str, i64),
    ) {
        for (steps, progress) in &self.of {
            let Some(first) = progress.reached.first() else {
                continue;
            };
            let day = calendar.day(*first);
            let funnel = Funnel::counted_as(steps);
            for number in 0..progress.reached.len() {
                let own = progress
                    .segments
                    .iter()
                    .map(|segment| Some(segment.clone()));
                for segment in std::iter::once(None).chain(own) {
                    let step = Step {
                        funnel: funnel.clone(),
                        number,
                        segment,
                    };
                    tell(day, Metric::FunnelSteps, &step.to_name(), 1);
                }
            }
        }
    }
}

/// What is remembered of a visitor.
pub(super) fn read(
    tree: &sled::Tree,
    visitor: &VisitorId,
) -> Result<Option<Funnels>, EmbeddedError> {
    super::record::read(tree, &keys::funnels(visitor))
}

/// Who has reached goals.
pub(super) struct Whose<'a> {
    pub(super) visitor: &'a VisitorId,
    /// Whether anything was known of them before.
    pub(super) known: bool,
    /// Whether messages of theirs are gone: what is stored does not tell all goals.
    pub(super) gone: bool,
}

/// Takes goals that a visitor has reached into what is remembered, and into the counts.
pub(super) fn add(
    new: Vec<Told>,
    (tree, calendar, whose): (&sled::Tree, &Calendar, &Whose<'_>),
    in_force: &[Funnel],
    tally: &mut Tally,
    batch: &mut Batch,
) -> Result<(), EmbeddedError> {
    let Some(earliest) = new.iter().map(|one| one.at).min() else {
        return Ok(());
    };
    let before = match whose.known {
        true => read(tree, whose.visitor)?,
        false => None,
    };
    let before = before.unwrap_or_default();
    let mut more = in_force
        .iter()
        .filter(|funnel| !before.of.contains_key(&funnel.steps))
        .take(MOST_FUNNELS.saturating_sub(before.of.len()))
        .map(|funnel| funnel.steps.clone())
        .peekable();
    let is_step = |one: &Told| {
        before.has_step(&one.goal)
            || in_force
                .iter()
                .any(|funnel| funnel.steps.contains(&one.goal))
    };
    if !new.iter().any(is_step) {
        return Ok(());
    }
    let is_late = earliest <= before.latest;
    let after = if more.peek().is_none() && !is_late {
        let mut after = before.clone();
        after.take_in(new);
        after
    } else {
        let mut told = match whose.known {
            true => stored(tree, whose.visitor)?,
            false => Vec::new(),
        };
        told.extend(new);
        let steps: Vec<Steps> = more.collect();
        let mut after = Funnels::of(steps, &told);
        let known = match whose.gone {
            // What it knows is more than what is stored: what came late adds nothing to it.
            true => {
                told.retain(|one| one.at > before.latest);
                let mut known = before.clone();
                known.take_in(told);
                known
            }
            false => before.anew(&told),
        };
        after.latest = after.latest.max(known.latest);
        after.of.extend(known.of);
        after
    };
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
    batch.insert(keys::funnels(whose.visitor), after.to_bytes());
    Ok(())
}

/// Goals that a visitor has reached, of what is stored.
fn stored(tree: &sled::Tree, visitor: &VisitorId) -> Result<Vec<Told>, EmbeddedError> {
    let mut told = Vec::new();
    stored_goals(tree.scan_prefix(keys::messages(visitor)), |reached, raw| {
        told.push(Told::new(&reached, &changes::circumstances_of(raw)));
    })?;
    Ok(told)
}

impl Encode for Funnels {
    fn encode(&self, out: &mut Writer) {
        let texts = |out: &mut Writer, texts: &[Box<str>]| {
            out.integer(texts.len() as u64);
            for text in texts {
                out.text(text);
            }
        };
        out.byte(VERSION);
        self.latest.encode(out);
        out.integer(self.of.len() as u64);
        for (steps, progress) in &self.of {
            texts(out, steps);
            out.integer(progress.reached.len() as u64);
            for at in &progress.reached {
                at.encode(out);
            }
            texts(out, &progress.segments);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        let texts = |reader: &mut Reader<'_>| -> Vec<Box<str>> {
            (0..reader.count()).map(|_| reader.text().into()).collect()
        };
        let latest = Timestamp::decode(reader);
        let mut of = BTreeMap::new();
        for _ in 0..reader.count() {
            let steps = texts(reader);
            let reached = (0..reader.count())
                .map(|_| Timestamp::decode(reader))
                .collect();
            let segments = texts(reader);
            of.insert(steps, Progress { reached, segments });
        }
        Self { latest, of }
    }
}
