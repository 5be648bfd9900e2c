//! Who would have been in a segment at an earlier moment.
//!
//! A profile is a fold of messages, so that of an earlier moment is what the messages up to then come to.
//! Whoever has done nothing since then, and whose counted events are those of the segment, has that very
//! profile stored; of the others the messages are folded again, by the candidate's own model, so that
//! events which nobody has counted so far count as if somebody always had. What counts is when messages
//! happened, not when they arrived. Messages that are too old to be kept cannot be folded: whoever has
//! lost some is told of by what is left, and counted.
//!
//! To fold everybody again takes as long as it takes: there is a bound, and what was not reached is said.

use std::sync::Arc;
use std::time::{Duration, Instant};

use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::{Evaluation, Message, Model, Profile, Timestamp, VisitorId};
use tokio::task::JoinSet;

use super::{Candidate, Member, Sample};
use crate::scan::{Pace, Progress, scan};
use crate::store::{Source, Store, StoreError, TimelineEntry};

/// Visitors whose messages are folded again, at most.
const MOST_FOLDED: usize = 1_000_000;

/// Messages of a visitor read at once.
const READ_AT_ONCE: usize = 512;

/// Who would have been in a segment at a moment.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The moment.
    pub at: Timestamp,
    /// Visitors who were known then.
    pub visitors: u64,
    /// Those who would have been in it then.
    pub members: u64,
    /// Those of all visitors who would be in it now, had its events always been counted.
    pub now: u64,
    /// Those who would have been in it then and are now.
    pub still: u64,
    /// Those of the earlier ones who were seen latest.
    pub sample: Vec<Member>,
    /// Visitors whose messages were folded again.
    pub folded: u64,
    /// Those of them of whom older messages are kept no more.
    pub incomplete: u64,
    /// Visitors for whom there was no time.
    pub left: u64,
    /// How long it took to find out.
    pub took: Duration,
}

#[derive(Default)]
struct Collected {
    visitors: u64,
    members: u64,
    now: u64,
    still: u64,
    sample: Sample,
    folded: u64,
    incomplete: u64,
    left: u64,
    /// Those whose messages have to be folded, with the number of events in their profiles.
    to_fold: Vec<(VisitorId, u64)>,
}

impl Collected {
    /// Adds somebody, given the profile of then, where there was one, and of now.
    fn add(&mut self, ask: &Ask, visitor: &VisitorId, then: Option<&Profile>, now: &Profile) {
        let candidate = &ask.candidate;
        let is_in = candidate.holds(&Evaluation::of(now, &candidate.model, ask.now));
        self.now += u64::from(is_in);
        let Some(then) = then else {
            return;
        };
        self.visitors += 1;
        let evaluation = Evaluation::of(then, &candidate.model, ask.at);
        if candidate.holds(&evaluation) {
            self.members += 1;
            self.still += u64::from(is_in);
            if self.sample.wants(then.last_seen) {
                self.sample.add(Member::of(visitor, then, &evaluation));
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.visitors += other.visitors;
        self.members += other.members;
        self.now += other.now;
        self.still += other.still;
        self.sample.join(other.sample);
        self.folded += other.folded;
        self.incomplete += other.incomplete;
        self.left += other.left;
        self.to_fold.extend(other.to_fold);
    }
}

/// What is asked.
struct Ask {
    candidate: Candidate,
    at: Timestamp,
    now: Timestamp,
    /// Whether what stored profiles have counted is not all that the candidate asks for.
    uncounted: bool,
}

/// Finds out who would have been in a segment at a moment, within a time.
///
/// # Errors
/// [`StoreError`] where something cannot be read.
pub async fn earlier(
    store: &Arc<dyn Store>,
    candidate: Candidate,
    (at, now): (Timestamp, Timestamp),
    most: Duration,
    progress: &Progress,
) -> Result<Earlier, StoreError> {
    let begun = Instant::now();
    let uncounted = !candidate.uncounted().is_empty()
        || candidate.model.interests != candidate.in_force.interests;
    let ask = Arc::new(Ask {
        candidate,
        at,
        now,
        uncounted,
    });
    let asked = ask.clone();
    let look = move |collected: &mut Collected, visitor: &VisitorId, profile: &Profile| {
        let ask = &*asked;
        let changed = || profile.changes().iter().any(|change| change.at > ask.at);
        if !ask.uncounted && profile.first_seen > ask.at {
            collected.add(ask, visitor, None, profile);
        } else if !ask.uncounted && profile.last_seen <= ask.at && !changed() {
            collected.add(ask, visitor, Some(profile), profile);
        } else if collected.to_fold.len() < MOST_FOLDED {
            collected.to_fold.push((visitor.clone(), profile.events));
        } else {
            collected.left += 1;
        }
    };
    let parts = scan(store, Pace::Waited, progress, Collected::default, look).await?;
    let mut all = Collected::default();
    for part in parts {
        all.join(part);
    }

    let to_fold = Arc::new(std::mem::take(&mut all.to_fold));
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
        let (store, ask) = (store.clone(), ask.clone());
        let (to_fold, next) = (to_fold.clone(), next.clone());
        workers.spawn(async move {
            let mut collected = Collected::default();
            while begun.elapsed() < most {
                let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some((visitor, events)) = to_fold.get(place) else {
                    break;
                };
                fold_one(&*store, &ask, visitor, *events, &mut collected).await?;
            }
            Ok(collected)
        });
    }
    while let Some(worker) = workers.join_next().await {
        let broken = |_| StoreError::NotDone("a backtest was broken off".into());
        let collected: Result<Collected, StoreError> = worker.map_err(broken)?;
        all.join(collected?);
    }
    all.left += to_fold.len() as u64 - all.folded;
    Ok(Earlier {
        at,
        visitors: all.visitors,
        members: all.members,
        now: all.now,
        still: all.still,
        sample: all.sample.0,
        folded: all.folded,
        incomplete: all.incomplete,
        left: all.left,
        took: begun.elapsed(),
    })
}

/// Folds the messages of a visitor again.
async fn fold_one(
    store: &dyn Store,
    ask: &Arc<Ask>,
    visitor: &VisitorId,
    events: u64,
    collected: &mut Collected,
) -> Result<(), StoreError> {
    let mut folding = Folding::default();
    let mut after = None;
    loop {
        let page = store.timeline(visitor, after, READ_AT_ONCE).await?;
        let last_page = page.len() < READ_AT_ONCE;
        after = page.last().map(|entry| entry.position);
        let asked = ask.clone();
        let folded = tokio::task::spawn_blocking(move || {
            for entry in page {
                folding.take_in(&entry, &asked.candidate.model, asked.at);
            }
            folding
        });
        let broken = |_| StoreError::NotDone("a backtest was broken off".into());
        folding = folded.await.map_err(broken)?;
        if last_page {
            break;
        }
    }
    let Folding { then, now, .. } = folding;
    // Nothing before the moment leaves nothing: a profile without events is nobody's.
    let then = then.unwrap_or_else(|| now.clone());
    collected.folded += 1;
    if now.events == 0 {
        // Erased meanwhile.
        return Ok(());
    }
    collected.incomplete += u64::from(now.events < events);
    let known = then.events > 0;
    collected.add(ask, visitor, known.then_some(&then), &now);
    Ok(())
}

/// A profile that is being folded.
#[derive(Default)]
struct Folding {
    /// As it was at the moment, once something after that has come.
    then: Option<Profile>,
    now: Profile,
    evaluation: Evaluation,
}

impl Folding {
    fn take_in(&mut self, entry: &TimelineEntry, model: &Model, at: Timestamp) {
        if entry.source == Source::Change {
            return;
        }
        // What cannot be read was folded by nobody.
        let Some(message) = message_of(entry) else {
            return;
        };
        if message.timestamp > at && self.then.is_none() {
            self.then = Some(self.now.clone());
        }
        self.now
            .fold_recorded(&message, model, &mut self.evaluation);
    }
}

/// A stored message as it was taken in.
fn message_of(entry: &TimelineEntry) -> Option<Message> {
    // By the sender's clock, which is not stored, it may lie in what was the future then.
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    let shared = SharedFields::read(entry.context.as_deref()).ok()?;
    let read = read_message(&entry.raw, Some(&entry.kind), &shared, clock);
    let mut message = read.ok()?;
    message.timestamp = entry.position.timestamp;
    Some(message)
}
