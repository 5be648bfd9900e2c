//! Who would be in a segment now, by what the stored profiles know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firstglance_engine::program::{change, holds};
use firstglance_engine::{Evaluation, Model, Profile, Timestamp};

use super::{Candidate, Member, Overlap, Overlaps, Sample};
use crate::scan::{Pace, Progress, scan};
use crate::store::{Store, StoreError};

/// Who would be in a segment now.
#[derive(Clone, Debug)]
pub struct Present {
    /// All visitors that are stored.
    pub visitors: u64,
    /// Those who would be in it.
    pub members: u64,
    /// Those of them who are not in what is in force under its id.
    pub entering: u64,
    /// Those who are in that and would be no more.
    pub leaving: u64,
    /// Those of them who were seen latest.
    pub sample: Vec<Member>,
    /// How many of them are in other segments: those with most of them first.
    pub overlaps: Vec<(Box<str>, Overlap)>,
    /// How long it took to find out.
    pub took: Duration,
}

/// The segment that is in force under the candidate's id, with no more of the model than it needs.
struct Before {
    model: Model,
    program: usize,
    /// Whether interests are those of the candidate's model.
    same_interests: bool,
}

impl Before {
    fn of(candidate: &Candidate) -> Option<Self> {
        let program = candidate.in_force.segment(&candidate.id)?.program;
        let mut model = (*candidate.in_force).clone();
        model.slots.clear();
        // Programs read those before them alone.
        model.programs.truncate(program + 1);
        Some(Self {
            same_interests: model.interests == candidate.model.interests
                && model.weights == candidate.model.weights,
            model,
            program,
        })
    }

    /// Whether somebody is in it, given what the candidate's model made of them at the same moment: to rank
    /// interests takes longer than all the rest, and they are the same.
    fn holds(&self, profile: &Profile, evaluation: &Evaluation) -> bool {
        let now = evaluation.now;
        let before = match self.same_interests {
            true => {
                let mut before = Evaluation {
                    values: Vec::new(),
                    ..evaluation.clone()
                };
                // Without values every program runs, whatever it depends on.
                before.update(profile, &self.model, now, change::VIEWED);
                before
            }
            false => Evaluation::of(profile, &self.model, now),
        };
        holds(before.value(self.program))
    }
}

#[derive(Default)]
struct Collected {
    visitors: u64,
    members: u64,
    entering: u64,
    leaving: u64,
    sample: Sample,
    overlaps: Overlaps,
}

/// Evaluates every stored profile at a moment.
///
/// # Errors
/// [`StoreError`] where something cannot be read.
pub async fn present(
    store: &Arc<dyn Store>,
    candidate: Candidate,
    now: Timestamp,
    progress: &Progress,
) -> Result<Present, StoreError> {
    let begun = Instant::now();
    // Only one that is in force already can have anybody to lose.
    let before = Before::of(&candidate);
    let look = move |collected: &mut Collected, visitor: &_, profile: &_| {
        let evaluation = Evaluation::of(profile, &candidate.model, now);
        let is_in = candidate.holds(&evaluation);
        let was_in = before
            .as_ref()
            .is_some_and(|before| before.holds(profile, &evaluation));
        collected.visitors += 1;
        collected.members += u64::from(is_in);
        collected.entering += u64::from(is_in && !was_in);
        collected.leaving += u64::from(was_in && !is_in);
        if is_in && collected.sample.wants(profile.last_seen) {
            let member = Member::of(visitor, profile, &evaluation);
            collected.sample.add(member);
        }
        collected.overlaps.add(&evaluation, &candidate, is_in);
    };
    let parts = scan(store, Pace::Waited, progress, Collected::default, look).await?;
    let mut all = Collected::default();
    for part in parts {
        all.visitors += part.visitors;
        all.members += part.members;
        all.entering += part.entering;
        all.leaving += part.leaving;
        all.sample.join(part.sample);
        all.overlaps.join(part.overlaps);
    }
    let overlaps = all.overlaps.0.into_iter();
    let mut overlaps: Vec<_> = overlaps.filter(|(_, overlap)| overlap.both > 0).collect();
    overlaps.sort_by(|(one, first), (other, second)| (second.both, one).cmp(&(first.both, other)));
    Ok(Present {
        visitors: all.visitors,
        members: all.members,
        entering: all.entering,
        leaving: all.leaving,
        sample: all.sample.0,
        overlaps,
        took: begun.elapsed(),
    })
}
