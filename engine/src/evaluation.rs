//! The evaluation: a profile's interests and the values of a model's programs at a moment, kept from
//! event to event, so that only what an event can have changed is worked out again.
//!
//! Here is also the order in which a visitor's events are taken in, for page and server alike:
//! what time has changed is settled, then the event is folded, then what it changed is settled.

use alloc::vec::Vec;

use crate::event::Event;
use crate::interest::{self, Interest};
use crate::model::Model;
use crate::profile::{EntryKind, Profile};
use crate::program::{Known, change};
use crate::snapshot;
use crate::time::{Milliseconds, Timestamp};

/// What has changed by time alone is settled when so much of it has passed since the last event.
/// This is the resolution of the moments at which stages and segments end by themselves; what a
/// profile means at a moment that somebody asks for is always exact.
pub const RESOLUTION: Milliseconds = Milliseconds::from_minutes(1);

/// Values on a program's stack for which the server makes room beforehand.
const STACK: usize = 32;

/// What an event says of the visitor besides what happened. Empty texts mean "not known".
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The person's name in the owner's systems.
    pub user: &'a str,
    /// The browser's language.
    pub language: &'a str,
    /// The browser's user agent.
    pub agent: &'a str,
}

/// What has been settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// What time has changed, up to an event.
    Time,
    /// What the event has changed.
    Event,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// The moment.
    pub now: Timestamp,
    /// Interests, strongest first; of equal ones by id.
    pub interests: Vec<Interest>,
    /// How well the interests are known, 0 to 1.
    pub confidence: f64,
    /// Values of the model's programs.
    pub values: Vec<f64>,
    /// What is to be evaluated again the next time, besides what has changed then.
    pub changed: u32,
}

impl Evaluation {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            now: Timestamp::MIN,
            interests: Vec::new(),
            confidence: 0.0,
            values: Vec::new(),
            changed: 0,
        }
    }

    /// A profile at a moment.
    #[must_use]
    pub fn of(profile: &Profile, model: &Model, now: Timestamp) -> Self {
        let mut evaluation = Self::new();
        evaluation.update(profile, model, now, change::ALL);
        evaluation
    }

    /// Evaluates again what can have changed, see [`change`], at the whole second before a moment. So
    /// a look at the profile right after an event finds everything done.
    pub fn update(&mut self, profile: &Profile, model: &Model, now: Timestamp, changed: u32) {
        let now = now.whole_second();
        let mut changed = changed | core::mem::take(&mut self.changed);
        if now != self.now {
            self.now = now;
            changed |= change::TIME;
        }
        if changed & (change::TIME | change::ANY) != 0 {
            self.interests = interest::rank(profile, model, now);
            self.confidence = interest::confidence(profile, now);
        }
        if changed == 0 {
            return;
        }
        let before = core::mem::take(&mut self.values);
        let mut stack = Vec::new();
        if cfg!(not(target_family = "wasm")) {
            self.values.reserve_exact(model.programs.len());
            stack.reserve(STACK);
        }
        for (place, program) in model.programs.iter().enumerate() {
            let value = match before.get(place) {
                Some(value) if program.depends_on & changed == 0 => *value,
                _ => program.run(&self.known(profile, model), &mut stack),
            };
            self.values.push(value);
        }
    }

    /// The value of a program; not-a-number where there is none.
    #[must_use]
    pub fn value(&self, program: usize) -> f64 {
        self.values.get(program).copied().unwrap_or(f64::NAN)
    }

    /// What programs read at this moment.
    #[must_use]
    pub fn known<'a>(&'a self, profile: &'a Profile, model: &'a Model) -> Known<'a> {
        Known {
            profile,
            model,
            now: self.now,
            interests: &self.interests,
            confidence: self.confidence,
            values: &self.values,
        }
    }

    /// Takes one event into a profile, keeps the evaluation up to date and the visitor's stage in
    /// the profile. Says what has been settled, so that others can keep what they want to know of
    /// it. An event that arrives late is folded and settled at the time of the latest one.
    pub fn take_in(
        &mut self,
        profile: &mut Profile,
        event: &Event<'_>,
        about: &About<'_>,
        model: &Model,
        settled: &mut dyn FnMut(&mut Profile, &Self, Settled),
    ) {
        if profile.events > 0 && event.at >= profile.last_seen.plus(RESOLUTION) {
            self.update(profile, model, event.at, 0);
            self.settle(profile, model);
            settled(profile, self, Settled::Time);
        }
        let changed = profile.take_in(event, model);
        profile.learn(EntryKind::Language, about.language, event.at);
        profile.learn(EntryKind::User, about.user, event.at);
        profile.learn(EntryKind::Agent, about.agent, event.at);
        self.update(profile, model, profile.last_seen, changed);
        self.settle(profile, model);
        settled(profile, self, Settled::Event);
    }

    /// Keeps the stage that the visitor is in.
    pub(crate) fn settle(&self, profile: &mut Profile, model: &Model) {
        let stage = snapshot::stage(self, profile, model);
        let before = profile.entries.one(EntryKind::Stage);
        // Everybody starts in the first, which is not worth the room.
        if stage != before.map_or(snapshot::first_stage(model), |before| &before.value) {
            profile.set(EntryKind::Stage, stage, self.now);
        }
    }
}
