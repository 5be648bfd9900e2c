//! The history of a profile: when it entered and left each segment and stage, and why.
//!
//! Kept beside the profile's fold and never read by it: what a visitor is in at a moment is always
//! worked out from what they did. A change is recorded with the event that caused it, or, where only
//! time did, at the moment itself to [`RESOLUTION`], when the next event or a look at the profile
//! finds it.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{Encode as _, Writer};
use crate::evaluation::{Evaluation, RESOLUTION};
use crate::explain::{Question, Trace, TraceValue, explain};
use crate::json::JsonWriter;
use crate::model::Model;
use crate::profile::{EntryKind, Profile};
use crate::snapshot::{self, Snapshot};
use crate::text::{clip, cut};
use crate::time::{Milliseconds, Timestamp};

#[cfg(feature = "json")]
use crate::evaluation::Settled;
#[cfg(feature = "json")]
use crate::message::{Message, MessageKind};

/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 240;

/// Conditions named in a reason at most.
const MOST_NAMED: usize = 3;

/// A change of what a visitor is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub kind: ChangeKind,
    /// Why, in words.
    pub reason: Box<str>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The visitor entered the segment of this id.
    Entered(Box<str>),
    /// The visitor left it.
    Left(Box<str>),
    /// The visitor came from one stage to another. Everybody starts in the first.
    Stage {
        /// The stage before.
        from: Box<str>,
        /// The stage after.
        to: Box<str>,
    },
}

impl Change {
    /// The name of the event that the change is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.kind {
            ChangeKind::Entered(_) => "Segment Entered",
            ChangeKind::Left(_) => "Segment Left",
            ChangeKind::Stage { .. } => "Stage Changed",
        }
    }

    /// Writes what the change is as members of the present object.
    pub fn write_members(&self, json: &mut JsonWriter) {
        match &self.kind {
            ChangeKind::Entered(id) | ChangeKind::Left(id) => {
                json.name("segment");
                json.text(id);
            }
            ChangeKind::Stage { from, to } => {
                json.name("from");
                json.text(from);
                json.name("to");
                json.text(to);
            }
        }
        json.name("reason");
        json.text(&self.reason);
    }
}

impl Profile {
    /// The latest changes, oldest first.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .entries
            .of(EntryKind::Change)
            .filter_map(|entry| {
                let (what, reason) = cut(&entry.value, b'\n')?;
                let (one, other) = cut(what, b' ').unwrap_or((what, ""));
                let kind = match one.get(..1)? {
                    "+" => ChangeKind::Entered(one.get(1..)?.into()),
                    "-" => ChangeKind::Left(one.get(1..)?.into()),
                    _ => ChangeKind::Stage {
                        from: one.get(1..)?.into(),
                        to: other.into(),
                    },
                };
                Some(Change {
                    at: entry.last,
                    kind,
                    reason: reason.into(),
                })
            })
            .collect();
        changes.sort_by(|one, other| (one.at, one.name()).cmp(&(other.at, other.name())));
        changes
    }

    fn keep(&mut self, change: &Change) {
        let what = match &change.kind {
            ChangeKind::Entered(id) => format!("+{id}"),
            ChangeKind::Left(id) => format!("-{id}"),
            ChangeKind::Stage { from, to } => format!("={from} {to}"),
        };
        let mut name = Writer::default();
        change.at.encode(&mut name);
        let name = format!("{}{what}", name.as_text());
        let value = format!("{what}\n{}", change.reason);
        self.entries
            .learn(EntryKind::Change, &name, &value, change.at);
    }

    /// Takes in one message like [`Profile::fold_with`], and records what it changes, which is the
    /// answer: oldest first.
    #[cfg(feature = "json")]
    pub fn fold_recorded(
        &mut self,
        message: &Message,
        model: &Model,
        evaluation: &mut Evaluation,
    ) -> Vec<Change> {
        let event = || describe(message);
        let mut changes = Vec::new();
        let mut before = Before::of(self, model);
        self.fold_with(
            message,
            model,
            evaluation,
            &mut |profile, evaluation, settled| {
                let why = match settled {
                    Settled::Time => None,
                    Settled::Event => Some(&event as &dyn Fn() -> String),
                };
                changes.extend(record(profile, evaluation, model, &before, why));
                before = Before::of(profile, model);
            },
        );
        changes
    }

    /// Records what time alone has changed up to a moment.
    pub fn settle_recorded(&mut self, model: &Model, now: Timestamp) -> Vec<Change> {
        if self.events == 0 || now < self.last_seen.plus(RESOLUTION) {
            return Vec::new();
        }
        let before = Before::of(self, model);
        let evaluation = Evaluation::of(self, model, now);
        evaluation.settle(self, model);
        record(self, &evaluation, model, &before, None)
    }
}

/// What a visitor was in.
struct Before {
    last_seen: Timestamp,
    stage: Box<str>,
}

impl Before {
    fn of(profile: &Profile, model: &Model) -> Self {
        let stage = profile.entries.one(EntryKind::Stage);
        let first = || snapshot::first_stage(model).into();
        Self {
            last_seen: profile.last_seen,
            stage: stage.map_or_else(first, |stage| stage.value.clone()),
        }
    }
}

/// Compares what a profile is in with what it was in, and keeps the differences. Most events make
/// none, so nothing is copied before there is one. `event` says what happened.
fn record(
    profile: &mut Profile,
    evaluation: &Evaluation,
    model: &Model,
    before: &Before,
    event: Option<&dyn Fn() -> String>,
) -> Vec<Change> {
    let was_in = |id: &str| {
        let entry = profile.entries.find(EntryKind::Segment, id);
        entry.is_some_and(|entry| entry.scroll == 1)
    };
    let mut entered: Vec<Box<str>> = Vec::new();
    snapshot::each_segment(evaluation, model, &mut |id| {
        if !was_in(id) {
            entered.push(id.into());
        }
    });
    entered.sort();
    let left = profile.entries.of(EntryKind::Segment).filter(|entry| {
        let id = &entry.text;
        entry.scroll == 1 && !snapshot::is_in_segment(id, evaluation, model)
    });
    let mut kinds: Vec<ChangeKind> = left
        .map(|entry| ChangeKind::Left(entry.text.clone()))
        .chain(entered.into_iter().map(ChangeKind::Entered))
        .collect();
    let stage = snapshot::stage(evaluation, profile, model);
    if *stage != *before.stage {
        kinds.push(ChangeKind::Stage {
            from: before.stage.clone(),
            to: stage.into(),
        });
    }
    let event = event.filter(|_| !kinds.is_empty()).map(|event| event());
    let event = event.as_deref();
    let mut changes: Vec<Change> = kinds
        .into_iter()
        .map(|kind| {
            let (at, why) = match event {
                Some(event) => (profile.last_seen, event),
                None => moment(&kind, profile, model, before.last_seen, evaluation.now),
            };
            let reason = reason(&kind, why, evaluation, profile, model).into();
            Change { at, kind, reason }
        })
        .collect();
    changes.sort_by_key(|change| change.at);
    for change in &changes {
        match &change.kind {
            ChangeKind::Entered(id) => profile.mark(id, true, change),
            ChangeKind::Left(id) => profile.mark(id, false, change),
            ChangeKind::Stage { .. } => {}
        }
        profile.keep(change);
    }
    changes
}

/// When something changed without an event, and why: time passed, at some moment between two, to the
/// resolution (halving the time between finds one, whatever happened in between); or it was so at
/// the last event already, because browsers of one person were joined or the model is another.
fn moment(
    kind: &ChangeKind,
    profile: &Profile,
    model: &Model,
    mut from: Timestamp,
    mut to: Timestamp,
) -> (Timestamp, &'static str) {
    let changed = |at: Timestamp| {
        let there = Snapshot::of(profile, model, at);
        match kind {
            ChangeKind::Entered(id) => there.segments.contains(id),
            ChangeKind::Left(id) => !there.segments.contains(id),
            ChangeKind::Stage { to, .. } => there.stage == *to,
        }
    };
    if changed(from) {
        return (
            from,
            "joined with another browser, or a change of the configuration",
        );
    }
    while to.since(from) > RESOLUTION {
        let middle = from.plus(Milliseconds(to.since(from).0 / 2));
        if changed(middle) {
            to = middle;
        } else {
            from = middle;
        }
    }
    (to, "time passed")
}

impl Profile {
    /// Ids of the segments that the visitor was in when that was recorded last.
    pub fn recorded_segments(&self) -> impl Iterator<Item = &str> {
        let all = self.entries.of(EntryKind::Segment);
        all.filter(|entry| entry.scroll == 1)
            .map(|entry| &*entry.text)
    }

    /// Id of the stage that was recorded last; nothing as long as it is the first.
    #[must_use]
    pub fn recorded_stage(&self) -> Option<&str> {
        self.entries
            .one(EntryKind::Stage)
            .map(|stage| &*stage.value)
    }

    fn mark(&mut self, id: &str, is_in: bool, change: &Change) {
        self.learn_segment(id, is_in, &change.reason, change.at);
    }
}

/// Why something changed, in words: the event, and the conditions that hold now, or do not any more.
fn reason(
    kind: &ChangeKind,
    why: &str,
    evaluation: &Evaluation,
    profile: &Profile,
    model: &Model,
) -> String {
    let mut reason = String::from(why);
    let (question, wanted) = match kind {
        ChangeKind::Entered(id) => (Question::Segment(id), true),
        ChangeKind::Left(id) => (Question::Segment(id), false),
        ChangeKind::Stage { .. } => {
            let score = snapshot::score(evaluation, profile, model);
            let mut json = JsonWriter::default();
            json.rounded(score, 1);
            reason.push_str(": score ");
            reason.push_str(json.as_str());
            return reason;
        }
    };
    if let Some(trace) = explain(question, evaluation, profile, model) {
        let mut leaves = Vec::new();
        trace.leaves(&mut leaves);
        leaves.retain(|leaf| leaf.value == TraceValue::Truth(wanted));
        for (place, leaf) in leaves.into_iter().take(MOST_NAMED).enumerate() {
            reason.push_str(match (place, wanted) {
                (0, true) => ": ",
                (0, false) => ": no longer ",
                _ => ", ",
            });
            reason.push_str(&leaf.source);
            if let Some(value) = only_value(leaf) {
                let mut json = JsonWriter::default();
                json.rounded(value, 2);
                reason.push_str(&format!(" ({})", json.as_str()));
            }
        }
    }
    clip(&reason, MAX_REASON_BYTES).into()
}

/// The number that a comparison looked at, where there is one.
fn only_value(leaf: &Trace) -> Option<f64> {
    leaf.parts.iter().find_map(|part| match part.value {
        TraceValue::Number(number) if number.is_finite() => Some(number),
        _ => None,
    })
}

/// A message in a few words.
#[cfg(feature = "json")]
fn describe(message: &Message) -> String {
    let said = |name: &str| {
        let own = message.kind.properties().and_then(|all| all.text(name));
        own.filter(|text| !text.is_empty())
    };
    let (name, about) = match &message.kind {
        MessageKind::Page { .. } => {
            let path = said("path").unwrap_or(&message.context.page.path);
            (crate::events::PAGE_VIEWED, path)
        }
        MessageKind::Track { event, .. } => {
            let about = said("query").or(said("text")).or(said("path"));
            (&**event, about.unwrap_or_default())
        }
        MessageKind::Screen { name, .. } => (name.as_deref().unwrap_or("Screen"), ""),
        MessageKind::Identify { .. } => ("Identified", ""),
        MessageKind::Alias { .. } => ("Joined", ""),
        MessageKind::Group { group_id, .. } => ("Joined the group", &**group_id),
    };
    let text = if about.is_empty() {
        name.into()
    } else {
        format!("{name} {}", clip(about, 80))
    };
    // A line break would end the reason where it is kept.
    text.chars()
        .map(|one| if one < ' ' { ' ' } else { one })
        .collect()
}
