//! Goals: what the owner wants visitors to do, and what it is worth.
//!
//! A goal is reached by a message: one of its name, or the one after which its condition holds and
//! before which it did not. Whatever is counted of goals follows from these moments, which are told in
//! the visitor's timeline, so another definition changes nothing that was told before it.

use firstglance_engine::program::holds;
use firstglance_engine::{Evaluation, Message, MessageKind, Model, Profile, Timestamp};

/// One `[[goal]]` of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// By what it is reached.
    pub by: ReachedBy,
    /// What reaching it is worth.
    pub value: Option<GoalValue>,
}

/// By what a goal is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachedBy {
    /// An event of this name.
    Event(Box<str>),
    /// The event by which the condition of this program of the model comes to hold.
    Condition(usize),
}

/// What reaching a goal is worth, in the owner's currency.
#[derive(Clone, Debug, PartialEq)]
pub enum GoalValue {
    /// Always the same.
    Fixed(f64),
    /// What the event's property of this name says; nothing where that is no number.
    Property(Box<str>),
}

/// Most that reaching a goal once counts for, in the owner's currency: what is said beyond it is a
/// mistake or hostile, and would drown everything else.
pub const MOST_VALUE: f64 = 1_000_000.0;

/// A goal that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The goal's id.
    pub goal: Box<str>,
    /// When.
    pub at: Timestamp,
    /// What it is worth, in hundredths of the owner's currency.
    pub hundredths: u64,
}

impl Goal {
    /// That a message reached it.
    fn reached(&self, message: &Message) -> Reached {
        let value = match &self.value {
            None => 0.0,
            Some(GoalValue::Fixed(value)) => *value,
            Some(GoalValue::Property(name)) => {
                let properties = message.kind.properties();
                let value = properties.and_then(|properties| properties.get(name));
                // Libraries of some languages send decimals as texts.
                let number = value.and_then(|value| match value.as_text() {
                    Some(text) => text.trim().parse().ok(),
                    None => value.as_number(),
                });
                number.unwrap_or(0.0)
            }
        };
        // A number that is none becomes 0 by the cast.
        let hundredths = (value.clamp(0.0, MOST_VALUE) * 100.0).round() as u64;
        Reached {
            goal: self.id.clone(),
            at: message.timestamp,
            hundredths,
        }
    }
}

/// Looks for goals in one visitor's messages, in the order in which they are folded.
#[derive(Debug)]
pub struct Watching<'a> {
    goals: &'a [Goal],
    /// For each goal, whether its condition holds at present; false where it has none.
    held: Vec<bool>,
}

impl<'a> Watching<'a> {
    /// Begins before the first message. Where conditions are watched, the evaluation is brought to the
    /// profile's last moment, and else left alone.
    #[must_use]
    pub fn begin(
        goals: &'a [Goal],
        profile: &Profile,
        model: &Model,
        evaluation: &mut Evaluation,
    ) -> Self {
        let mut conditions = goals.iter();
        let watches = conditions.any(|goal| matches!(goal.by, ReachedBy::Condition(_)));
        let mut held = Vec::new();
        if watches {
            if profile.events > 0 {
                *evaluation = Evaluation::of(profile, model, profile.last_seen);
            }
            held.extend(goals.iter().map(|goal| goal.holds(evaluation)));
        }
        Self { goals, held }
    }

    /// What a message has reached, given the evaluation after it was folded.
    pub fn after(&mut self, message: &Message, evaluation: &Evaluation) -> Vec<Reached> {
        let mut reached = Vec::new();
        for (place, goal) in self.goals.iter().enumerate() {
            let is_reached = match &goal.by {
                ReachedBy::Event(name) => {
                    matches!(&message.kind, MessageKind::Track { event, .. } if event == name)
                }
                ReachedBy::Condition(_) => {
                    let holds = goal.holds(evaluation);
                    let held = self.held.get_mut(place);
                    let before = held.map(|held| std::mem::replace(held, holds));
                    holds && before == Some(false)
                }
            };
            if is_reached {
                reached.push(goal.reached(message));
            }
        }
        reached
    }
}

impl Goal {
    fn holds(&self, evaluation: &Evaluation) -> bool {
        match self.by {
            ReachedBy::Event(_) => false,
            ReachedBy::Condition(program) => holds(evaluation.value(program)),
        }
    }
}
