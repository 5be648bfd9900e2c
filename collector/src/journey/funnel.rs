//! Funnels: goals that follow each other, and how far a visitor came.
//!
//! A visitor is counted once in a funnel: from the first time that they reached its first step. Each
//! further step counts the first time that it is reached at or after the step before it. So it follows
//! from the goals that were reached and their moments alone, in whatever order they become known.
//!
//! What is counted is counted under a name that follows from the steps, so that a funnel with other steps
//! is another one, and one that only gets another label stays the same.

use firstglance_engine::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::hexadecimal::hexadecimal;

/// Most steps of a funnel.
pub const MOST_STEPS: usize = 10;

/// One `[[funnel]]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funnel {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// Ids of goals, each once, in the order in which they are to be reached.
    pub steps: Vec<Box<str>>,
}

/// A step of a funnel as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// See [`Funnel::counted_as`].
    pub funnel: Box<str>,
    /// Which step, from 0.
    pub number: usize,
    /// Only visitors who were in this segment at the first step.
    pub segment: Option<Box<str>>,
}

impl Funnel {
    /// The name under which a funnel of these steps is counted.
    #[must_use]
    pub fn counted_as(steps: &[Box<str>]) -> Box<str> {
        let digest = Sha256::digest(steps.join(" "));
        hexadecimal(&digest[..8]).into()
    }
}

impl Step {
    /// The name under which it is counted: its parts, a line each.
    #[must_use]
    pub fn to_name(&self) -> String {
        let segment = self.segment.as_deref().unwrap_or_default();
        format!("{}\n{}\n{segment}", self.funnel, self.number)
    }

    /// Of the name under which it was counted; nothing where it is none.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut parts = name.split('\n');
        let (funnel, number, segment) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            funnel: funnel.into(),
            number: number.parse().ok()?,
            segment: Some(segment)
                .filter(|segment| !segment.is_empty())
                .map(Into::into),
        })
    }
}

/// How far a visitor came in a funnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the steps were reached, from the first.
    pub reached: Vec<Timestamp>,
    /// Segments in which the visitor was at the first.
    pub segments: Vec<Box<str>>,
}

impl Progress {
    /// Takes in what was reached at one moment, later than everything that it has: for each goal its id
    /// and the segments in which the visitor was. Of one moment all of it together.
    pub fn take_in(&mut self, steps: &[Box<str>], at: Timestamp, goals: &[(&str, &[Box<str>])]) {
        while let Some(step) = steps.get(self.reached.len()) {
            let Some((_, segments)) = goals.iter().find(|(goal, _)| *goal == &**step) else {
                return;
            };
            if self.reached.is_empty() {
                self.segments = segments.to_vec();
            }
            self.reached.push(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_somebody_came() {
        let steps: Vec<Box<str>> = ["a", "b", "c"].map(Into::into).to_vec();
        for (told, expected) in [
            (&[(1, "b")][..], &[][..]),
            (&[(1, "a"), (2, "a"), (3, "c")], &[1]),
            (
                &[(1, "b"), (2, "a"), (3, "c"), (4, "b"), (5, "c")],
                &[2, 4, 5],
            ),
            // Of one moment none comes before another.
            (&[(1, "c"), (1, "b"), (1, "a")], &[1, 1, 1]),
        ] {
            let mut progress = Progress::default();
            for moment in told.chunk_by(|one, other| one.0 == other.0) {
                let goals: Vec<(&str, &[Box<str>])> =
                    moment.iter().map(|(_, goal)| (*goal, &[][..])).collect();
                let at = Timestamp::from_milliseconds(moment[0].0);
                progress.take_in(&steps, at, &goals);
            }
            let expected = expected.iter().copied().map(Timestamp::from_milliseconds);
            let expected: Vec<Timestamp> = expected.collect();
            assert_eq!(progress.reached, expected, "{told:?}");
        }
    }

    #[test]
    fn names() {
        let steps: Vec<Box<str>> = ["a", "b"].map(Into::into).to_vec();
        let funnel = Funnel::counted_as(&steps);
        assert_eq!(funnel.len(), 16);
        assert_ne!(funnel, Funnel::counted_as(&steps[..1]));
        for segment in [None, Some("x".into())] {
            let step = Step {
                funnel: funnel.clone(),
                number: 1,
                segment,
            };
            assert_eq!(Step::of_name(&step.to_name()), Some(step));
        }
        assert_eq!(Step::of_name("a\nb"), None);
    }
}
