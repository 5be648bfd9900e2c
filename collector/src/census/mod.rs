//! The census: what visitors are now, told of all of them at once: how segments overlap, who is in which
//! stage, what they are interested in and what had brought them. What happened is counted as it happens
//! (see [`crate::store::counting`]); what *is* changes with time alone, so it is looked at again and again.
//!
//! A pass over all stored profiles, in the background and in no hurry, whenever something changed, and
//! seldom where passes take long. The latest result is kept in memory, with the moment that it is of, and
//! is bounded whatever pages declare. Visitors are browsers, as in every list. It changes nothing.

mod collecting;
mod counting;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use firstglance_engine::Timestamp;

pub use counting::{Counting, Subject};

/// Segments of which it is told how they overlap: the configured and posted ones first, then the largest
/// topics.
pub const MOST_SEGMENTS: usize = 64;

/// Topics that are told apart.
pub const MOST_TOPICS: usize = 1_000;

/// Campaigns of a topic that are told apart.
pub const MOST_CAMPAIGNS: usize = 40;

/// Parts of equal width into which strengths are counted.
pub const STRENGTHS: usize = 10;

/// The name of what is counted together because there was no room, or nothing was said.
pub const OTHERS: &str = "";

/// See the module. Before the first pass it is empty and of no moment.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// The moment that it is of.
    pub at: Option<Timestamp>,
    /// All visitors.
    pub visitors: u64,
    /// Segments told of, in the order of the model, then the largest topics.
    pub segments: Vec<Segment>,
    /// Ids of the stages, in their order.
    pub stages: Vec<Box<str>>,
    /// Visitors in each stage.
    pub in_stages: Vec<u64>,
    /// Topics by id: configured interests, and what was found.
    pub topics: BTreeMap<Box<str>, Topic>,
    /// Visitors by the channel that first brought them.
    pub channels: BTreeMap<Box<str>, u64>,
    /// Visitors of whom an interest is strong enough to be a segment.
    pub interested: u64,
}

/// What is told of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Its id.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// Visitors in it.
    pub size: u64,
    /// How many of them are in each segment that is told of, in their order; in itself all of them.
    pub overlap: Vec<u64>,
    /// How many of them are in each stage, in their order.
    pub stages: Vec<u64>,
    /// How many of them have reached a goal, as far as their profiles know.
    pub converted: u64,
}

/// What is told of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// What people call it.
    pub label: Box<str>,
    /// Visitors of whom there is any evidence for it.
    pub known: u64,
    /// Visitors who are so interested that it is a segment.
    pub interested: u64,
    /// Visitors by strength: those of less than a tenth first.
    pub strengths: [u64; STRENGTHS],
    /// Interested visitors by the channel that first brought them.
    pub channels: BTreeMap<Box<str>, u64>,
    /// Interested visitors by the campaign that first brought them; under [`OTHERS`] those of further
    /// campaigns. Who came by none is in none.
    pub campaigns: BTreeMap<Box<str>, u64>,
}

impl Census {
    /// The segment of an id, where it is told of.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&Segment> {
        self.segments.iter().find(|one| *one.id == *id)
    }

    /// Share of a segment's members who have reached a goal; nothing where nobody is in it.
    #[must_use]
    pub fn conversion(&self, id: &str) -> Option<f64> {
        let segment = self.segment(id).filter(|one| one.size > 0)?;
        Some(segment.converted as f64 / segment.size as f64)
    }

    /// What a topic or segment is called; its id where that is not known.
    #[must_use]
    pub fn label(&self, id: &str) -> Box<str> {
        let topic = || self.topics.get(id).map(|topic| topic.label.clone());
        let segment = self.segment(id).map(|segment| segment.label.clone());
        segment.or_else(topic).unwrap_or_else(|| id.into())
    }
}

/// The latest census. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Latest(Arc<ArcSwap<Census>>);

impl Latest {
    /// That of this moment.
    #[must_use]
    pub fn present(&self) -> Arc<Census> {
        self.0.load_full()
    }

    fn put(&self, census: Census) {
        self.0.store(Arc::new(census));
    }
}
