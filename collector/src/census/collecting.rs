//! What one worker of a census collects, and what all of them come to.

use std::collections::{BTreeMap, HashMap};

use firstglance_engine::interest::SEGMENT_SCORE;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::program::holds;
use firstglance_engine::snapshot::{each_segment, stage};
use firstglance_engine::{Evaluation, Profile, Timestamp};

use super::{Census, MOST_CAMPAIGNS, MOST_TOPICS, OTHERS, STRENGTHS, Segment, Topic};
use crate::census::Subject;
use crate::effect::ReachedBy;
use crate::store::counting::Origin;

/// Origins whose channels are remembered: to work one out takes longer than to evaluate a profile.
const MOST_ORIGINS: usize = 4_096;

/// What a pass is about.
pub(super) struct Ask {
    pub(super) subject: Subject,
    pub(super) now: Timestamp,
    /// Segments told of, with their labels.
    pub(super) segments: Vec<(Box<str>, Box<str>)>,
    places: HashMap<Box<str>, usize>,
}

impl Ask {
    pub(super) fn new(
        subject: Subject,
        now: Timestamp,
        segments: Vec<(Box<str>, Box<str>)>,
    ) -> Self {
        let ids = segments.iter().enumerate();
        Self {
            places: ids.map(|(place, (id, _))| (id.clone(), place)).collect(),
            subject,
            now,
            segments,
        }
    }

    fn stages(&self) -> usize {
        self.subject.model.stages.len().max(1)
    }

    /// Whether a visitor has reached a goal, as far as the profile knows.
    fn has_converted(&self, profile: &Profile, evaluation: &Evaluation) -> bool {
        self.subject.goals.iter().any(|goal| match &goal.by {
            ReachedBy::Event(name) => profile.entries.find(EntryKind::Named, name).is_some(),
            ReachedBy::Condition(program) => holds(evaluation.value(*program)),
        })
    }
}

/// See the module.
pub(super) struct Collected {
    visitors: u64,
    interested: u64,
    sizes: Vec<u64>,
    /// Pairs of segments, row by row.
    overlaps: Vec<u64>,
    /// Segments by stages, row by row.
    by_stage: Vec<u64>,
    converted: Vec<u64>,
    in_stages: Vec<u64>,
    topics: HashMap<Box<str>, Topic>,
    channels: BTreeMap<Box<str>, u64>,
    origins: HashMap<Origin, &'static str>,
}

impl Collected {
    pub(super) fn new(segments: usize, stages: usize) -> Self {
        let stages = stages.max(1);
        Self {
            visitors: 0,
            interested: 0,
            sizes: vec![0; segments],
            overlaps: vec![0; segments * segments],
            by_stage: vec![0; segments * stages],
            converted: vec![0; segments],
            in_stages: vec![0; stages],
            topics: HashMap::new(),
            channels: BTreeMap::new(),
            origins: HashMap::new(),
        }
    }

    /// Adds a visitor.
    pub(super) fn add(&mut self, ask: &Ask, profile: &Profile) {
        let model = &ask.subject.model;
        let evaluation = Evaluation::of(profile, model, ask.now);
        self.visitors += 1;
        let mut is_in = Vec::new();
        each_segment(&evaluation, model, &mut |id| {
            is_in.extend(ask.places.get(id).copied());
        });
        let id = stage(&evaluation, profile, model);
        let stage = model.stages.iter().position(|one| **one == *id);
        let (stage, stages) = (stage.unwrap_or(0), ask.stages());
        bump(&mut self.in_stages, stage);
        let converted = !is_in.is_empty() && ask.has_converted(profile, &evaluation);
        for one in &is_in {
            bump(&mut self.sizes, *one);
            bump(&mut self.by_stage, one * stages + stage);
            if converted {
                bump(&mut self.converted, *one);
            }
            for other in &is_in {
                bump(&mut self.overlaps, one * ask.segments.len() + other);
            }
        }
        self.add_interests(profile, &evaluation);
    }

    fn add_interests(&mut self, profile: &Profile, evaluation: &Evaluation) {
        let (channel, campaign) = self.brought_by(profile);
        *self.channels.entry(channel.into()).or_default() += 1;
        let mut any = false;
        for interest in &evaluation.interests {
            if !self.topics.contains_key(&interest.id) && self.topics.len() >= MOST_TOPICS {
                continue;
            }
            let topic = self.topics.entry(interest.id.clone()).or_default();
            if is_better(&interest.label, &topic.label, &interest.id) {
                topic.label.clone_from(&interest.label);
            }
            topic.known += 1;
            let part = (interest.score * STRENGTHS as f64) as usize;
            bump(&mut topic.strengths, part.min(STRENGTHS - 1));
            if interest.score < SEGMENT_SCORE {
                continue;
            }
            any = true;
            topic.interested += 1;
            *topic.channels.entry(channel.into()).or_default() += 1;
            if !campaign.is_empty() {
                let full = topic.campaigns.len() >= MOST_CAMPAIGNS;
                let name = match full && !topic.campaigns.contains_key(&*campaign) {
                    true => OTHERS,
                    false => &campaign,
                };
                *topic.campaigns.entry(name.into()).or_default() += 1;
            }
        }
        self.interested += u64::from(any);
    }

    /// Channel and campaign of the first touch; "Direct" and nothing where nothing is known of it.
    fn brought_by(&mut self, profile: &Profile) -> (&'static str, String) {
        let Some(touch) = profile.first_touch() else {
            return (NO_TOUCH, String::new());
        };
        let origin = Origin::new(touch.referrer, &touch.campaign);
        let campaign = origin.campaign.clone();
        if let Some(channel) = self.origins.get(&origin) {
            return (channel, campaign);
        }
        let channel = origin.channel();
        if self.origins.len() < MOST_ORIGINS {
            self.origins.insert(origin, channel);
        }
        (channel, campaign)
    }

    /// All that several workers have collected.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.visitors += other.visitors;
        self.interested += other.interested;
        for (ours, theirs) in [
            (&mut self.sizes, other.sizes),
            (&mut self.overlaps, other.overlaps),
            (&mut self.by_stage, other.by_stage),
            (&mut self.converted, other.converted),
            (&mut self.in_stages, other.in_stages),
        ] {
            for (one, more) in ours.iter_mut().zip(theirs) {
                *one += more;
            }
        }
        for (channel, more) in other.channels {
            *self.channels.entry(channel).or_default() += more;
        }
        for (id, more) in other.topics {
            if !self.topics.contains_key(&id) && self.topics.len() >= MOST_TOPICS {
                continue;
            }
            let topic = self.topics.entry(id.clone()).or_default();
            topic.join(&id, more);
        }
        self
    }

    /// What it comes to.
    pub(super) fn finish(self, ask: &Ask) -> Census {
        let (count, stages) = (ask.segments.len(), ask.stages());
        let row = |all: &[u64], place: usize, width: usize| {
            all.iter()
                .skip(place * width)
                .take(width)
                .copied()
                .collect()
        };
        let segments = ask.segments.iter().enumerate();
        let segments = segments.map(|(place, (id, label))| {
            let topic = self.topics.get(id).map(|topic| topic.label.clone());
            let label = topic
                .filter(|_| label.is_empty())
                .unwrap_or_else(|| label.clone());
            Segment {
                id: id.clone(),
                label: if label.is_empty() { id.clone() } else { label },
                size: self.sizes.get(place).copied().unwrap_or(0),
                overlap: row(&self.overlaps, place, count),
                stages: row(&self.by_stage, place, stages),
                converted: self.converted.get(place).copied().unwrap_or(0),
            }
        });
        Census {
            at: Some(ask.now),
            visitors: self.visitors,
            segments: segments.collect(),
            stages: ask.subject.model.stages.clone(),
            in_stages: self.in_stages,
            topics: self.topics.into_iter().collect(),
            channels: self.channels,
            interested: self.interested,
        }
    }
}

/// The channel of somebody of whom no page view is known.
const NO_TOUCH: &str = "Direct";

impl Topic {
    pub(super) fn join(&mut self, id: &str, other: Self) {
        if is_better(&other.label, &self.label, id) {
            self.label = other.label;
        }
        self.known += other.known;
        self.interested += other.interested;
        for (one, more) in self.strengths.iter_mut().zip(other.strengths) {
            *one += more;
        }
        for (channel, more) in other.channels {
            *self.channels.entry(channel).or_default() += more;
        }
        for (campaign, more) in other.campaigns {
            let full = self.campaigns.len() >= MOST_CAMPAIGNS;
            let name = match full && !self.campaigns.contains_key(&campaign) {
                true => OTHERS.into(),
                false => campaign,
            };
            *self.campaigns.entry(name).or_default() += more;
        }
    }
}

/// Whether a topic is better called this than that, in whatever order visitors are looked at: what pages
/// declare tells more than what was made of an address, which is the id in words.
fn is_better(label: &str, than: &str, id: &str) -> bool {
    let is_of_address = |label: &str| label.to_lowercase() == id.replace('-', " ");
    let key = |label: &'_ str| (is_of_address(label), label.to_owned());
    !label.is_empty() && label != than && (than.is_empty() || key(label) < key(than))
}

fn bump(counts: &mut [u64], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::is_better;

    #[test]
    fn what_pages_declare_is_the_better_name() {
        let id = "e-bikes";
        for (label, than, better) in [
            ("E-bikes", "E bikes", true),
            ("E bikes", "E-bikes", false),
            ("E bikes", "", true),
            ("", "", false),
            ("E-bikes", "E-bikes", false),
            ("E-BIKES", "E-bikes", true),
        ] {
            assert_eq!(is_better(label, than, id), better, "{label:?} {than:?}");
        }
    }
}
