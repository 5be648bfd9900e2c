//! The snapshot: what a profile means at a moment, by the model in force.
//!
//! Interests take in searches and the last campaign here and not in the fold, so that a search
//! made before the visitor saw the topic counts as well, and a change of terms counts at once.
//!
//! The lead score is the evidence of all topics as a number from 0 to 100: 50 stands for
//! [`SCORE_HALF_EVIDENCE`] pages read. Stages are thresholds of the score.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::interest::{self, saturate};
use crate::json::JsonWriter;
use crate::model::{InterestRule, Model};
use crate::profile::{EntryKind, Profile};
use crate::text;
use crate::time::Timestamp;

/// Evidence, in pages read, at which the lead score is 50.
pub const SCORE_HALF_EVIDENCE: f64 = 8.0;

/// Searches of one text that count, so that one query repeated does not outweigh all else.
const MOST_SEARCHES: u64 = 3;

/// How near a visitor is to becoming a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Score below 20.
    Cold,
    /// Score from 20.
    Warm,
    /// Score from 50.
    Hot,
}

impl Stage {
    /// The stage's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Hot => "hot",
        }
    }

    fn of_score(score: f64) -> Self {
        if score >= 50.0 {
            Self::Hot
        } else if score >= 20.0 {
            Self::Warm
        } else {
            Self::Cold
        }
    }
}

/// One interest and how strong it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Interest {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// 0 to 1; see [`crate::interest`].
    pub score: f64,
}

/// What a profile means at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Interests, strongest first; of equal ones by id.
    pub interests: Vec<Interest>,
    /// How well the visitor's interests are known, 0 to 1.
    pub confidence: f64,
    /// Ids of the segments that the visitor is in, sorted.
    pub segments: Vec<Box<str>>,
    /// Lead score, 0 to 100.
    pub score: f64,
    /// Stage by lead score.
    pub stage: Stage,
}

impl Snapshot {
    /// Evaluates a profile at a moment.
    #[must_use]
    pub fn of(profile: &Profile, model: &Model, now: Timestamp) -> Self {
        let mut interests = Vec::new();
        for entry in profile.entries.of(EntryKind::Topic) {
            let rule = model.interest(&entry.text);
            let half_life = model.half_life(&entry.text);
            let evidence = entry.evidence().at(now, half_life)
                + said_about(profile, model, &entry.text, rule, now);
            let label = rule.map_or(&entry.value, |rule| &rule.label);
            rank(&mut interests, &entry.text, label, evidence);
        }
        for rule in &model.interests {
            let mut topics = profile.entries.of(EntryKind::Topic);
            if !topics.any(|entry| entry.text == rule.id) {
                let said = said_about(profile, model, &rule.id, Some(rule), now);
                rank(&mut interests, &rule.id, &rule.label, said);
            }
        }
        let mut segments: Vec<Box<str>> = Vec::new();
        for interest in &interests {
            if interest.score >= interest::SEGMENT_SCORE {
                let place = segments.iter().position(|known| *known > interest.id);
                segments.insert(place.unwrap_or(segments.len()), interest.id.clone());
            }
        }
        let observed = profile.observed.at(now, interest::DEFAULT_HALF_LIFE);
        let score = 100.0 * saturate(observed, SCORE_HALF_EVIDENCE);
        Self {
            interests,
            confidence: saturate(observed, interest::HALF_EVIDENCE),
            segments,
            score,
            stage: Stage::of_score(score),
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
        for interest in &self.interests {
            json.open('{');
            json.name("id");
            json.text(&interest.id);
            json.name("label");
            json.text(&interest.label);
            json.name("score");
            json.rounded(interest.score, 3);
            json.close('}');
        }
        json.close(']');
        json.name("confidence");
        json.rounded(self.confidence, 3);
        json.name("score");
        json.rounded(self.score, 1);
        json.name("stage");
        json.text(self.stage.name());
    }
}

/// Puts an interest in its place by score; equal ones by id.
fn rank(interests: &mut Vec<Interest>, id: &str, label: &str, evidence: f64) {
    if evidence <= 0.0 {
        return;
    }
    let score = saturate(evidence, interest::HALF_EVIDENCE);
    let place = interests
        .iter()
        .position(|known| known.score < score || (known.score == score && *known.id > *id));
    let interest = Interest {
        id: id.into(),
        label: label.into(),
        score,
    };
    interests.insert(place.unwrap_or(interests.len()), interest);
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

/// Evidence from what the visitor said: searches, and the term and name of the last campaign.
fn said_about(
    profile: &Profile,
    model: &Model,
    id: &str,
    rule: Option<&InterestRule>,
    now: Timestamp,
) -> f64 {
    let half_life = model.half_life(id);
    let about = |said: &str| match rule {
        Some(rule) if !rule.terms.is_empty() => rule.covers_text(said),
        _ => text::about(&text::slug(said), id),
    };
    let mut evidence = 0.0;
    for search in profile.entries.of(EntryKind::Search) {
        if about(&search.text) {
            evidence += search.count.min(MOST_SEARCHES) as f64
                * interest::WEIGHT_SEARCH
                * interest::remaining(now.since(search.last), half_life);
        }
    }
    if let Some(touch) = profile.last_touch()
        && ["utm_term", "utm_campaign"]
            .iter()
            .any(|parameter| about(touch.campaign.get(parameter)))
    {
        evidence += interest::WEIGHT_CAMPAIGN * interest::remaining(now.since(touch.at), half_life);
    }
    evidence
}
