//! Folds what is new in a group, visitor by visitor, on several cores where there is enough of it:
//! of all that a group takes this is the most, and no visitor's depends on another's.

use std::sync::{Mutex, PoisonError};
use std::thread;

use firstglance_engine::history::Change;
use firstglance_engine::{Evaluation, Profile, VisitorId};

use super::contribution::Contribution;
use super::exposures::News;
use crate::circumstances::Circumstances;
use crate::effect::Watching;
use crate::store::{NewMessage, ProfileFold};

/// Messages for which another thread is worth its start.
const WORTH: usize = 48;

/// Threads at most: those that answer requests want the other cores.
const MOST_THREADS: usize = 4;

/// A visitor's new messages, and what folding them came to.
pub(super) struct Folding {
    pub(super) visitor: VisitorId,
    /// For each request, by its number in the group, what of it is new.
    pub(super) fresh: Vec<(usize, Vec<NewMessage>)>,
    pub(super) profile: Profile,
    /// What the messages changed, oldest first, and under which circumstances.
    pub(super) changed: Vec<(Change, Circumstances)>,
    /// What the messages add to the counts.
    pub(super) contribution: Contribution,
    /// What they tell of content and goals.
    pub(super) news: News,
}

impl Folding {
    fn messages(&self) -> usize {
        self.fresh.iter().map(|(_, new)| new.len()).sum()
    }

    /// Folds in the order of time.
    fn run(&mut self, fold: &ProfileFold) {
        let mut in_time: Vec<&NewMessage> = self.fresh.iter().flat_map(|(_, new)| new).collect();
        in_time.sort_by_key(|new| new.message.timestamp);
        let mut evaluation = Evaluation::new();
        let earliest = in_time.first().map(|new| new.message.timestamp);
        let earliest = earliest.unwrap_or_default();
        self.contribution = Contribution::after(&self.profile, earliest);
        let rules = fold.rules();
        let (goals, model) = (&rules.goals, &*rules.model);
        let mut watching = Watching::begin(goals, &self.profile, model, &mut evaluation);
        for new in in_time {
            self.contribution.message(&new.message);
            let visits = &self.profile.sessions;
            self.contribution.visit(visits, new.message.timestamp);
            let changed = fold.apply(&mut self.profile, &mut evaluation, &new.message);
            let changed = with_circumstances(&self.profile, changed);
            self.contribution.changes(&changed);
            self.changed.extend(changed);
            let reached = watching.after(&new.message, &evaluation);
            let reached = reached.into_iter().map(|reached| {
                let circumstances = Circumstances::of_goal(&self.profile, reached.at);
                (reached, circumstances)
            });
            let reached: Vec<_> = reached.collect();
            self.contribution.goals(&reached);
            self.news
                .take_in(&new.message, reached, (model, &evaluation));
        }
    }
}

/// Changes, and what was known of the visitor then, given the profile after them.
pub(super) fn with_circumstances(
    profile: &Profile,
    changed: Vec<Change>,
) -> Vec<(Change, Circumstances)> {
    let changed = changed.into_iter().map(|change| {
        let circumstances = Circumstances::of_change(profile, &change);
        (change, circumstances)
    });
    changed.collect()
}

/// Folds all of them.
pub(super) fn run(foldings: &mut [Folding], fold: &ProfileFold) {
    let messages: usize = foldings.iter().map(Folding::messages).sum();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (messages / WORTH).min(cores).min(MOST_THREADS);
    let next = Mutex::new(foldings.iter_mut());
    let work = || {
        loop {
            let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            match one {
                Some(folding) => folding.run(fold),
                None => return,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads are to be had, this one does all of it.
            let _ = thread::Builder::new()
                .name("folding".to_owned())
                .spawn_scoped(scope, work);
        }
        work();
    });
}
