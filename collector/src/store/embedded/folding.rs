//! Folds what is new in a group, visitor by visitor, and works out all that follows from it: what is
//! counted and what is written. Of all that a group takes this is the most, and no visitor's depends on
//! another's.

use firstglance_engine::history::Change;
use firstglance_engine::{Evaluation, Profile, Timestamp, VisitorId};

use super::batch::Batch;
use super::consents::Consents;
use super::contribution::Contribution;
use super::counters::{Few, Tally};
use super::days::{Day, Settled};
use super::exposures::News;
use super::funnels::{self, Told, Whose};
use super::group::Request;
use super::record::StoredMessage;
use super::{EmbeddedError, keeping, side_by_side};
use crate::circumstances::Circumstances;
use crate::effect::Watching;
use crate::store::calendar::Calendar;
use crate::store::feed::FedMessage;
use crate::store::{NewMessage, ProfileFold, SaidConsent};

/// Visitors for whom another thread is worth waking.
const WORTH: usize = 6;

/// What all visitors of a group share.
pub(super) struct Shared<'a> {
    pub(super) fold: &'a ProfileFold,
    pub(super) tree: &'a sled::Tree,
    pub(super) calendar: &'a Calendar,
    pub(super) requests: &'a [Request],
    /// The latest moment that anything of the group knows.
    pub(super) now: Timestamp,
    pub(super) settled: &'a Settled,
    /// Whether anybody listens to what is taken in.
    pub(super) is_heard: bool,
}

/// A visitor's new messages, and what folding them came to.
pub(super) struct Folding {
    pub(super) visitor: VisitorId,
    /// For each request, by its number in the group, what of it is new.
    pub(super) fresh: Vec<(usize, Vec<NewMessage>)>,
    /// The number of the visitor's next record of messages.
    pub(super) records: u64,
    /// How many records were removed for their age.
    pub(super) removed: u64,
    /// The consent that was said last.
    pub(super) consent: Option<SaidConsent>,
    pub(super) profile: Profile,
    pub(super) made: Result<Made, EmbeddedError>,
}

/// What is to be written and counted.
#[derive(Default)]
pub(super) struct Made {
    pub(super) batch: Batch,
    pub(super) counts: Few,
    /// What is counted of content and funnels.
    pub(super) tally: Tally,
    /// Days that may be settled, by their number.
    pub(super) settled: Vec<(u32, Day)>,
    /// What is told to those who listen.
    pub(super) fed: Vec<FedMessage>,
}

/// What folding came to, before anything is looked up for it.
struct Folded<'a> {
    /// What the messages changed, oldest first, and under which circumstances.
    changed: Vec<(Change, Circumstances)>,
    /// What the messages add to the counts.
    contribution: Contribution<'a>,
    /// What they tell of content and goals.
    news: News,
}

impl Folding {
    /// Folds in the order of time.
    fn fold<'a>(&mut self, shared: &Shared<'a>) -> Folded<'a> {
        let fold = shared.fold;
        let mut in_time: Vec<&NewMessage> = self.fresh.iter().flat_map(|(_, new)| new).collect();
        in_time.sort_by_key(|new| new.message.timestamp);
        let mut evaluation = Evaluation::new();
        let earliest = in_time.first().map(|new| new.message.timestamp);
        let earliest = earliest.unwrap_or_default();
        let mut folded = Folded {
            changed: Vec::new(),
            contribution: Contribution::after(shared.calendar, &self.profile, earliest),
            news: News::default(),
        };
        let rules = fold.rules();
        let (goals, model) = (&rules.goals, &*rules.model);
        let mut watching = Watching::begin(goals, &self.profile, model, &mut evaluation);
        for new in in_time {
            folded.contribution.message(&new.message);
            let visits = &self.profile.sessions;
            folded.contribution.visit(visits, new.message.timestamp);
            let changed = fold.apply(&mut self.profile, &mut evaluation, &new.message);
            let changed = with_circumstances(&self.profile, changed);
            folded.contribution.changes(&changed);
            folded.changed.extend(changed);
            let reached = watching.after(&new.message, &evaluation);
            let reached = reached.into_iter().map(|reached| {
                let circumstances = Circumstances::of_goal(&self.profile, reached.at);
                (reached, circumstances)
            });
            let reached: Vec<_> = reached.collect();
            folded.contribution.goals(&reached);
            let news = &mut folded.news;
            news.take_in(&new.message, reached, (model, &evaluation));
        }
        folded
    }

    /// Folds, and works out what follows.
    fn run(&mut self, shared: &Shared<'_>) {
        let folded = self.fold(shared);
        self.made = self.make(folded, shared);
    }

    /// What the requests of the new messages said of consent.
    fn consents(&self, shared: &Shared<'_>) -> Consents {
        let mut consents = Consents::default();
        for (request, new) in &self.fresh {
            let request = shared.requests.get(*request);
            if let Some(consent) = request.and_then(|request| request.consent) {
                for one in new {
                    consents.take_in(shared.calendar, one.message.timestamp, consent);
                }
            }
        }
        consents
    }

    /// What is counted, and the timeline with the messages and what they changed.
    fn make(&mut self, folded: Folded<'_>, shared: &Shared<'_>) -> Result<Made, EmbeddedError> {
        let Folded {
            changed,
            contribution,
            news,
        } = folded;
        let (visitor, tree) = (&self.visitor, shared.tree);
        let calendar = shared.calendar;
        let mut made = Made::default();
        let last_seen = contribution.last_seen_before();
        if !news.reached().is_empty() {
            let whose = Whose {
                visitor,
                known: last_seen.is_some(),
                gone: self.removed > 0,
            };
            let told = news.reached().iter();
            let told = told.map(|(reached, circumstances, _)| Told::new(reached, circumstances));
            let in_force = &shared.fold.rules().funnels;
            let (tally, batch) = (&mut made.tally, &mut made.batch);
            funnels::add(
                told.collect(),
                (tree, calendar, &whose),
                in_force,
                tally,
                batch,
            )?;
        }
        let counted = (tree, calendar);
        let (tally, batch) = (&mut made.tally, &mut made.batch);
        news.add_to(tally, counted, visitor, last_seen, batch)?;
        let after = (&self.profile, shared.now);
        let settled = (shared.settled, &mut made.settled);
        made.counts = contribution.counts(tree, visitor, after, settled, &mut made.batch)?;
        self.consents(shared).add(
            &mut self.consent,
            (tree, calendar, visitor),
            &mut made.tally,
        )?;
        let mut received_at = None;
        for (request, new) in std::mem::take(&mut self.fresh) {
            let Some(source) = shared.requests.get(request) else {
                continue;
            };
            let at = source.received_at;
            received_at = received_at.max(Some(at));
            let stored: Vec<StoredMessage> = new.into_iter().map(keeping::stored).collect();
            let context = source.context.as_deref();
            if shared.is_heard {
                let message = |stored: &StoredMessage| FedMessage {
                    visitor: visitor.clone(),
                    timestamp: stored.timestamp,
                    received_at: at,
                    message_id: stored.id.clone(),
                    kind: stored.kind.clone(),
                    raw: stored.raw.clone(),
                    consent: source.consent,
                    context: context.map(Into::into),
                };
                made.fed.extend(stored.iter().map(message));
            }
            let batch = &mut made.batch;
            let request = (at, source.consent, context);
            keeping::keep(batch, visitor, &mut self.records, request, stored);
        }
        if let Some(at) = received_at {
            let (batch, records) = (&mut made.batch, &mut self.records);
            keeping::tell(batch, visitor, records, at, &changed, &news);
        }
        Ok(made)
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
pub(super) fn run(foldings: &mut [Folding], shared: &Shared<'_>) {
    side_by_side::each(foldings, WORTH, |folding| folding.run(shared));
}
