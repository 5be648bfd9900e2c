//! What is remembered of a visitor's day on which something brought them to the site: what brought
//! them, each of which counts once, and whether they were engaged. Days on which nothing did are not
//! remembered: when something does, what came before is looked up among the messages.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use firstglance_engine::codec::{Encode, Reader, Writer};
use firstglance_engine::{Milliseconds, VisitorId};

use super::batch::Batch;
use super::counters::Tally;
use super::{EmbeddedError, keys};
use crate::store::counting::{Metric, Period, Step};

/// Origins remembered of a day; by further ones arrivals are counted and no visitors.
const MOST_ORIGINS: usize = 16;

/// Page views that make a visitor engaged.
const ENGAGED_VIEWS: u64 = 2;

/// Active time that makes a visitor engaged.
const ENGAGED_TIME: Milliseconds = Milliseconds(10_000);

/// Visitors of whom a day is held in memory: some two hundred bytes each.
const MOST_SETTLED: usize = 16_384;

/// Days taken out at once, when their time is over.
const AT_ONCE: usize = 8;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// Page views, up to what makes engaged.
    views: u64,
    /// Active time in milliseconds, up to what makes engaged.
    active: u64,
    /// Names of origins.
    origins: BTreeSet<Box<str>>,
}

impl Day {
    const fn is_engaged(&self) -> bool {
        self.views >= ENGAGED_VIEWS || self.active >= ENGAGED_TIME.0
    }

    /// Whether anything brought the visitor.
    pub(super) fn is_arrival(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Takes in a page view.
    pub(super) fn view(&mut self, origin: Option<Box<str>>) {
        self.views = (self.views + 1).min(ENGAGED_VIEWS);
        self.origins.extend(origin);
    }

    /// Takes in active time.
    pub(super) fn active(&mut self, active: Milliseconds) {
        self.active = self.active.saturating_add(active.0).min(ENGAGED_TIME.0);
    }

    /// Whether more of the same day changes nothing.
    pub(super) fn has(&self, more: &Self) -> bool {
        (self.views == ENGAGED_VIEWS || more.views == 0)
            && (self.active == ENGAGED_TIME.0 || more.active == 0)
            && (self.origins.len() == MOST_ORIGINS || more.origins.is_subset(&self.origins))
    }

    /// Takes in more of the same day.
    pub(super) fn add(&mut self, more: &Self) {
        self.views = (self.views + more.views).min(ENGAGED_VIEWS);
        self.active(Milliseconds(more.active));
        for origin in &more.origins {
            if self.origins.len() < MOST_ORIGINS {
                self.origins.insert(origin.clone());
            }
        }
    }

    /// Whether it may be what is remembered of a day that is this one: where there was no room for
    /// all origins it does not have all.
    pub(super) fn may_be(&self, whole: &Self) -> bool {
        (self.views, self.active) == (whole.views, whole.active)
            && self.origins.len() == whole.origins.len().min(MOST_ORIGINS)
            && self.origins.is_subset(&whole.origins)
    }

    /// The same with as many origins as are remembered.
    pub(super) fn bounded(&self) -> Self {
        let mut bounded = Self::default();
        bounded.add(self);
        bounded
    }

    /// The same with other names of origins.
    #[cfg(test)]
    pub(super) fn coarse(&self, name: impl Fn(&str) -> String) -> Self {
        let origins = self.origins.iter().map(|origin| name(origin).into());
        Self {
            origins: origins.collect(),
            ..self.clone()
        }
    }

    /// Counts it as one visitor's, or takes it away by -1.
    pub(super) fn count(&self, number: u32, tally: &mut Tally, times: i64) {
        for (day, metric, origin) in self.counts(number) {
            tally.count_in(day, metric, origin, times);
        }
    }

    /// What it counts once.
    pub(super) fn counts(&self, number: u32) -> impl Iterator<Item = (Period, Metric, &str)> {
        let step = Step::Day;
        let day = Period { step, number };
        let engaged = self.is_engaged().then_some(Metric::EngagedVisitors);
        self.origins.iter().flat_map(move |origin| {
            let metrics = [Some(Metric::ArrivedVisitors), engaged].into_iter();
            metrics
                .flatten()
                .map(move |metric| (day, metric, &**origin))
        })
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

/// Days to which no more of the same can add, of visitors who are there at present: to look each up
/// for each request would be most of what counting takes.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// The number of the day, and digests of its origins.
    days: HashMap<VisitorId, (u32, Vec<u64>)>,
    digests: RandomState,
}

impl Settled {
    /// Whether more of a day is known to change nothing.
    pub(super) fn has(&self, visitor: &VisitorId, number: u32, more: &Day) -> bool {
        let known = self.days.get(visitor).filter(|(day, _)| *day == number);
        known.is_some_and(|(_, origins)| {
            let mut more = more.origins.iter();
            more.all(|origin| origins.contains(&self.digests.hash_one(origin)))
        })
    }

    /// Remembers a day, where it is such a one.
    pub(super) fn remember(&mut self, visitor: &VisitorId, number: u32, day: &Day) {
        if day.views < ENGAGED_VIEWS || day.active < ENGAGED_TIME.0 {
            return;
        }
        // Those who have gone go with all others; who is there is soon remembered again.
        if self.days.len() >= MOST_SETTLED {
            self.days.clear();
        }
        let digests = day.origins.iter().map(|one| self.digests.hash_one(one));
        self.days
            .insert(visitor.clone(), (number, digests.collect()));
    }

    /// Forgets a visitor.
    pub(super) fn forget(&mut self, visitor: &VisitorId) {
        self.days.remove(visitor);
    }
}

/// What is remembered of a day.
pub(super) fn read(
    tree: &sled::Tree,
    visitor: &VisitorId,
    number: u32,
) -> Result<Option<Day>, EmbeddedError> {
    super::record::read(tree, &keys::day(visitor, number))
}

/// Takes days of a visitor out that are no longer counted.
pub(super) fn expire(
    tree: &sled::Tree,
    visitor: &VisitorId,
    first_kept: Period,
    batch: &mut Batch,
) -> Result<(), EmbeddedError> {
    let old = keys::day(visitor, 0)..keys::day(visitor, first_kept.number);
    for key in tree.range(old).keys().take(AT_ONCE) {
        batch.remove(key?);
    }
    Ok(())
}
