//! The audience of a segment that is not in force yet: who would be in it now, by the stored profiles,
//! and who would have been at an earlier moment, by the stored messages. Visitors are browsers, as in
//! every list of segments. Nothing in here changes anything.

mod earlier;
mod present;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use firstglance_engine::snapshot::{each_segment, is_in_segment};
use firstglance_engine::{Evaluation, Model, Profile, Timestamp, VisitorId};

pub use earlier::{Earlier, earlier};
pub use present::{Present, present};

/// Visitors of a sample.
pub const SAMPLE: usize = 20;

/// Segments of which it is told how much of the audience is in them: found topics come from pages, so
/// there is no end of them.
const MOST_SEGMENTS: usize = 2_000;

/// What is asked about.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// A model that has it among its segments.
    pub model: Arc<Model>,
    /// Its id there.
    pub id: Box<str>,
    /// The model that is in force.
    pub in_force: Arc<Model>,
}

impl Candidate {
    /// Whether an evaluation by the candidate's model is in it.
    fn holds(&self, evaluation: &Evaluation) -> bool {
        is_in_segment(&self.id, evaluation, &self.model)
    }

    /// Events that it counts and that nobody has counted so far, by name: of those a stored profile
    /// knows nothing.
    #[must_use]
    pub fn uncounted(&self) -> Vec<Box<str>> {
        let known = &self.in_force.watches;
        let new = self.model.watches.iter().filter(|one| !known.contains(one));
        let mut names: Vec<Box<str>> = new
            .map(|watch| watch.split('\n').next().unwrap_or_default().into())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Somebody of an audience.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Who.
    pub visitor: VisitorId,
    /// Their latest message.
    pub last_seen: Timestamp,
    /// Visits so far.
    pub visits: u64,
    /// Page views so far.
    pub page_views: u64,
    /// The strongest interest.
    pub interest: Option<Box<str>>,
}

impl Member {
    fn of(visitor: &VisitorId, profile: &Profile, evaluation: &Evaluation) -> Self {
        Self {
            visitor: visitor.clone(),
            last_seen: profile.last_seen,
            visits: profile.sessions.count,
            page_views: profile.page_views,
            interest: evaluation.interests.first().map(|one| one.label.clone()),
        }
    }
}

/// Those of an audience who were seen latest.
#[derive(Clone, Debug, Default)]
struct Sample(Vec<Member>);

impl Sample {
    /// Whether somebody seen at a moment would be among them.
    fn wants(&self, last_seen: Timestamp) -> bool {
        self.0.len() < SAMPLE || self.0.last().is_some_and(|last| last.last_seen < last_seen)
    }

    fn add(&mut self, member: Member) {
        let key = |one: &Member| (std::cmp::Reverse(one.last_seen), one.visitor.clone());
        let place = self.0.partition_point(|known| key(known) < key(&member));
        self.0.insert(place, member);
        self.0.truncate(SAMPLE);
    }

    fn join(&mut self, other: Self) {
        for member in other.0 {
            self.add(member);
        }
    }
}

/// How an audience and a segment overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Visitors in the segment.
    pub size: u64,
    /// Those of them who are in the audience as well.
    pub both: u64,
}

/// By the segment's id.
#[derive(Clone, Debug, Default)]
struct Overlaps(BTreeMap<Box<str>, Overlap>);

impl Overlaps {
    fn add(&mut self, evaluation: &Evaluation, candidate: &Candidate, is_in: bool) {
        each_segment(evaluation, &candidate.model, &mut |id| {
            if *id == *candidate.id {
                return;
            }
            if !self.0.contains_key(id) {
                if self.0.len() >= MOST_SEGMENTS {
                    return;
                }
                self.0.insert(id.into(), Overlap::default());
            }
            if let Some(overlap) = self.0.get_mut(id) {
                overlap.size += 1;
                overlap.both += u64::from(is_in);
            }
        });
    }

    fn join(&mut self, other: Self) {
        for (id, more) in other.0 {
            let overlap = self.0.entry(id).or_default();
            overlap.size += more.size;
            overlap.both += more.both;
        }
    }
}
