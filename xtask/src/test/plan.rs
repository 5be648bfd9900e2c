//! Which step is begun when. Starts nothing, waits for nothing, and knows no time.

use super::steps::{Place, Room, Step};

/// Steps that run at a time, beside one that runs behind them: as many as there are cores on the smallest
/// machine that this is for. Most of them compile on all cores, or wait for a browser.
const AT_ONCE: usize = 2;

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    /// The step that it needs, and that did not pass.
    NotRun(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done(Outcome),
}

/// The steps of a run and how far each of them is.
pub(super) struct Plan {
    pub(super) steps: Vec<&'static Step>,
    states: Vec<State>,
}

impl Plan {
    pub(super) fn new(steps: Vec<&'static Step>) -> Self {
        Self {
            states: vec![State::Waiting; steps.len()],
            steps,
        }
    }

    /// The first step that may begin now, which counts as running from then on.
    pub(super) fn begin(&mut self) -> Option<usize> {
        self.give_up();
        let place = (0..self.steps.len()).find(|place| self.may_begin(*place))?;
        self.states[place] = State::Running;
        Some(place)
    }

    /// A step that was running has come to its end.
    pub(super) fn end(&mut self, place: usize, outcome: Outcome) {
        self.states[place] = State::Done(outcome);
    }

    /// What came of a step, once it is known.
    pub(super) fn outcome(&self, place: usize) -> Option<Outcome> {
        match self.states[place] {
            State::Done(outcome) => Some(outcome),
            State::Waiting | State::Running => None,
        }
    }

    /// Steps that need what is not to be had any more are done, and so are those that need them.
    fn give_up(&mut self) {
        // A step needs only earlier ones.
        for place in 0..self.steps.len() {
            let missing = self.needed(place).find(
                |(_, state)| matches!(state, State::Done(outcome) if *outcome != Outcome::Passed),
            );
            if let Some((step, _)) = missing
                && self.states[place] == State::Waiting
            {
                self.states[place] = State::Done(Outcome::NotRun(step.name));
            }
        }
    }

    fn may_begin(&self, place: usize) -> bool {
        let step = self.steps[place];
        let running = self.with(State::Running);
        let beside = |other: &Step| {
            let rooms = [step.room, other.room];
            (!rooms.contains(&Room::Alone) || rooms.contains(&Room::Behind))
                && (step.place == Place::None || step.place != other.place)
        };
        let behind = |other: &Step| other.room == Room::Behind;
        let like_it = running.iter().filter(|other| behind(other) == behind(step));
        self.states[place] == State::Waiting
            && like_it.count() < if behind(step) { 1 } else { AT_ONCE }
            && running.into_iter().all(beside)
            && self
                .needed(place)
                .all(|(_, state)| state == State::Done(Outcome::Passed))
    }

    /// The steps of this run that a step needs.
    fn needed(&self, place: usize) -> impl Iterator<Item = (&'static Step, State)> {
        let needs = self.steps[place].needs;
        let all = self.steps.iter().copied().zip(self.states.iter().copied());
        all.filter(|(other, _)| needs.contains(&other.name))
    }

    fn with(&self, state: State) -> Vec<&'static Step> {
        let all = self.steps.iter().zip(&self.states);
        all.filter(|(_, one)| **one == state)
            .map(|(step, _)| *step)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::STEPS;
    use super::*;
    use crate::random::Random;

    fn all() -> Vec<&'static Step> {
        STEPS.iter().collect()
    }

    /// Plays a run in which steps end in an order by chance; gives what came of each, and holds all that
    /// must hold between.
    fn play(steps: Vec<&'static Step>, random: &mut Random, fails: &[&str]) -> Vec<Outcome> {
        let mut plan = Plan::new(steps);
        let mut running: Vec<usize> = Vec::new();
        loop {
            while let Some(place) = plan.begin() {
                running.push(place);
                let rooms = running.iter().map(|place| plan.steps[*place].room);
                let behind = rooms.filter(|room| *room == Room::Behind).count();
                assert!(behind <= 1 && running.len() - behind <= AT_ONCE);
                for (number, one) in running.iter().enumerate() {
                    for other in &running[number + 1..] {
                        let (one, other) = (plan.steps[*one], plan.steps[*other]);
                        let rooms = [one.room, other.room];
                        assert!(!rooms.contains(&Room::Alone) || rooms.contains(&Room::Behind));
                        assert!(one.place == Place::None || one.place != other.place);
                    }
                }
            }
            if running.is_empty() {
                break;
            }
            let place = running.swap_remove(random.place(running.len()));
            let failed = fails.contains(&plan.steps[place].name);
            plan.end(
                place,
                if failed {
                    Outcome::Failed
                } else {
                    Outcome::Passed
                },
            );
        }
        (0..plan.steps.len())
            .map(|place| plan.outcome(place).expect("every step comes to its end"))
            .collect()
    }

    #[test]
    fn all_steps_are_played_whichever_of_them_ends_first() {
        for seed in 0..200 {
            let outcomes = play(all(), &mut Random::new(seed), &[]);
            assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Passed));
        }
    }

    #[test]
    fn whoever_needs_what_failed_is_not_run_and_the_others_are() {
        for (number, failing) in STEPS.iter().enumerate() {
            let outcomes = play(all(), &mut Random::new(number as u64), &[failing.name]);
            for (step, outcome) in STEPS.iter().zip(&outcomes) {
                let lost = step.needs.iter().any(|needed| {
                    STEPS
                        .iter()
                        .zip(&outcomes)
                        .any(|(other, came)| other.name == *needed && *came != Outcome::Passed)
                });
                let expected = step.name != failing.name && !lost;
                assert_eq!(*outcome == Outcome::Passed, expected, "{}", step.name);
            }
        }
    }

    #[test]
    fn a_step_that_is_not_asked_for_holds_up_nobody() {
        for step in STEPS {
            let outcomes = play(vec![step], &mut Random::new(1), &[]);
            assert_eq!(outcomes, [Outcome::Passed]);
        }
    }
}
