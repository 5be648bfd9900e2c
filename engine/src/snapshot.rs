//! The snapshot: what a profile means at a moment, by the model in force, and how it is told.
//!
//! A visitor is in a segment when its condition holds, and in that of an interest, by its id, when
//! the interest is strong enough and no segment of that id is configured.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::evaluation::Evaluation;
use crate::interest::{self, Interest};
use crate::json::JsonWriter;
use crate::model::Model;
use crate::profile::{EntryKind, Profile};
use crate::program::holds;
use crate::time::Timestamp;

/// The stage where the model has none.
const NO_STAGE: &str = "cold";

/// What a profile means at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Interests, strongest first; of equal ones by id.
    pub interests: Vec<Interest>,
    /// How well the visitor's interests are known, 0 to 1.
    pub confidence: f64,
    /// Ids of the segments that the visitor is in, sorted.
    pub segments: Vec<Box<str>>,
    /// Lead score: 0 to 100 where the configuration says nothing else.
    pub score: f64,
    /// Id of the stage.
    pub stage: Box<str>,
}

impl Snapshot {
    /// Evaluates a profile at a moment.
    #[must_use]
    pub fn of(profile: &Profile, model: &Model, now: Timestamp) -> Self {
        Self::of_evaluation(&Evaluation::of(profile, model, now), profile, model)
    }

    /// What an evaluation of a profile comes to.
    #[must_use]
    pub fn of_evaluation(evaluation: &Evaluation, profile: &Profile, model: &Model) -> Self {
        let mut segments: Vec<Box<str>> = Vec::new();
        let mut enter = |id: &str| {
            let place = segments.iter().position(|known| **known > *id);
            segments.insert(place.unwrap_or(segments.len()), id.into());
        };
        each_segment(evaluation, model, &mut enter);
        Self {
            interests: evaluation.interests.clone(),
            confidence: evaluation.confidence,
            segments,
            score: score(evaluation, profile, model),
            stage: stage(evaluation, profile, model).into(),
        }
    }

    /// Writes `interests`, `segments`, `score` and `stage` as members of the present object.
    /// Scores are rounded to a thousandth, the lead score to a tenth.
    pub fn write_members(&self, json: &mut JsonWriter) {
        json.name("segments");
        json.open('[');
        for segment in &self.segments {
            json.text(segment);
        }
        json.close(']');
        json.name("interests");
        json.open('[');
        for (place, interest) in self.interests.iter().enumerate() {
            json.open('{');
            json.name("id");
            json.text(&interest.id);
            json.name("label");
            json.text(&interest.label);
            json.name("score");
            json.rounded(interest.score, 3);
            json.name("margin");
            json.rounded(interest::margin(&self.interests, place), 3);
            json.close('}');
        }
        json.close(']');
        json.name("confidence");
        json.rounded(self.confidence, 3);
        json.name("score");
        json.rounded(self.score, 1);
        json.name("stage");
        json.text(&self.stage);
    }
}

/// Tells the ids of the segments that an evaluated profile is in: the configured ones in the order
/// of their programs, then those of interests.
pub fn each_segment(evaluation: &Evaluation, model: &Model, tell: &mut dyn FnMut(&str)) {
    for segment in &model.segments {
        if cfg!(feature = "rules") && holds(evaluation.value(segment.program)) {
            tell(&segment.id);
        }
    }
    for interest in &evaluation.interests {
        if interest.score >= interest::SEGMENT_SCORE && model.segment(&interest.id).is_none() {
            tell(&interest.id);
        }
    }
}

/// Whether an evaluated profile is in a segment, one that [`each_segment`] tells. The server's side.
#[must_use]
pub fn is_in_segment(id: &str, evaluation: &Evaluation, model: &Model) -> bool {
    if let Some(segment) = model.segment(id) {
        return holds(evaluation.value(segment.program));
    }
    let mut interests = evaluation.interests.iter();
    interests.any(|interest| *interest.id == *id && interest.score >= interest::SEGMENT_SCORE)
}

/// The lead score of an evaluated profile.
#[must_use]
pub fn score(evaluation: &Evaluation, profile: &Profile, model: &Model) -> f64 {
    match model.score {
        Some(program) => evaluation.value(program),
        None => interest::engagement(profile, evaluation.now),
    }
}

/// The scores that reach the stages after the first, and those that are enough to stay, where the
/// configuration says nothing else.
pub const USUAL_STAGES: [(f64, f64); 2] = [(20.0, 15.0), (50.0, 40.0)];

/// The id of an evaluated profile's stage.
#[must_use]
pub fn stage<'a>(evaluation: &Evaluation, profile: &Profile, model: &'a Model) -> &'a str {
    let place = match model.stage {
        Some(program) => evaluation.value(program) as usize,
        None => usual_stage(evaluation, profile, model),
    };
    let stage = model.stages.get(place);
    stage.map_or(NO_STAGE, |id| id)
}

/// Which of the usual stages it is, counted from the first. A model without a program for it has
/// these.
fn usual_stage(evaluation: &Evaluation, profile: &Profile, model: &Model) -> usize {
    let score = score(evaluation, profile, model);
    let before = profile.entries.one(EntryKind::Stage);
    let mut is_in = false;
    let mut place = 0;
    for (number, (from, keep)) in USUAL_STAGES.into_iter().enumerate().rev() {
        // Who is in a later stage has passed this one.
        is_in |= before.is_some_and(|before| model.stages.get(number + 1) == Some(&before.value));
        let needed = if is_in { keep } else { from };
        if place == 0 && score >= needed {
            place = number + 1;
        }
    }
    place
}

/// The id of the stage in which everybody starts.
#[must_use]
pub fn first_stage(model: &Model) -> &str {
    model.stages.first().map_or(NO_STAGE, |id| id)
}

/// Writes what a visitor may see of their own profile as members of the present object: counts,
/// searches, and where they came from.
pub fn write_visit_members(profile: &Profile, json: &mut JsonWriter) {
    json.name("visits");
    json.integer(profile.sessions.count);
    json.name("pageViews");
    json.integer(profile.page_views);
    json.name("activeSeconds");
    json.rounded(profile.active.as_seconds(), 1);
    json.name("searches");
    json.open('[');
    for search in profile.recent(EntryKind::Search) {
        json.text(&search.text);
    }
    json.close(']');
    let last = profile.last_touch();
    json.name("campaign");
    match last.as_ref().filter(|touch| touch.campaign.has_fields()) {
        Some(touch) => json.campaign(&touch.campaign),
        None => json.null(),
    }
    json.name("referrer");
    match last.filter(|touch| !touch.referrer.is_empty()) {
        Some(touch) => json.text(touch.referrer),
        None => json.null(),
    }
}
