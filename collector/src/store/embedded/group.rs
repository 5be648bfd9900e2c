//! A group: what the requests that share a flush change, worked out before anything is written.
//!
//! Requests are taken in the order in which they came, so that the outcome never depends on which
//! of them happened to share a flush; within a group profiles are folded visitor by visitor, in the
//! order of time. Changes of segments and stage go into the timeline with the messages that caused
//! them, in the same batch, and are never folded themselves.
//!
//! An erasure is a group by itself, and so is an undo: what they change is looked up in what is stored,
//! and a batch that is not applied yet cannot be looked into.

use std::collections::BTreeMap;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::model::Consent;
use firstglance_engine::{Message, Timestamp, VisitorId};
use subtle::ConstantTimeEq as _;

use super::batch::Batch;
use super::contribution::Contribution;
use super::counters::{self, Latest, Tally};
use super::days::Day;
use super::erased::ErasedVisitors;
use super::exposures::{self, News};
use super::folding::{self, Folding, Made, Shared};
use super::funnels;
use super::held::Records;
use super::keeping::tell;
use super::merges::Merges;
use super::record::VisitorRecord;
use super::recount::Stored;
use super::refused::Shelves;
use super::seen::{self, Buckets};
use super::{EmbeddedError, keys};
use crate::store::calendar::Calendar;
use crate::store::feed::FedMessage;
use crate::store::joining;
use crate::store::refused::RefusedMessage;
use crate::store::{
    Claim, ClaimDigest, Commit, Committed, Erased, Erasure, Ground, NewMessage, ProfileFold,
};

/// One request as the group sees it.
pub(super) struct Request {
    pub(super) received_at: Timestamp,
    pub(super) consent: Option<Consent>,
    pub(super) context: Option<Box<str>>,
    claim: Option<Claim>,
    messages: Vec<Option<NewMessage>>,
}

/// For each visitor its requests, in the order in which they came, and its messages in each.
type Parts = BTreeMap<VisitorId, Vec<(usize, Vec<usize>)>>;

/// See the module.
pub(super) struct Group<'a> {
    fold: &'a ProfileFold,
    pub(super) calendar: &'a Calendar,
    pub(super) records: Records<'a>,
    pub(super) merges: &'a mut Merges,
    erased: &'a mut ErasedVisitors,
    shelves: &'a mut Shelves,
    pub(super) counted: &'a mut Latest,
    pub(super) batch: Batch,
    /// Whether the batch has something that is none of the records.
    pub(super) more: bool,
    tally: Tally,
    /// Whether it takes somebody out of the counts.
    uncounts: bool,
    /// Up to when counts may have more than what is stored tells of any more: of whoever goes after
    /// messages of theirs have gone.
    pub(super) unsure: Option<Timestamp>,
    /// The latest moment that anything of the group knows.
    now: Timestamp,
    /// Whether it has refused messages.
    refused: bool,
    /// What is told of what was taken in, where somebody listens.
    fed: Option<Vec<FedMessage>>,
}

/// What is to be written.
pub(super) struct Written {
    pub(super) batch: Batch,
    /// Whether somebody waits until it is on disk.
    pub(super) awaited: bool,
}

impl<'a> Group<'a> {
    pub(super) fn new(
        (tree, calendar): (&'a sled::Tree, &'a Calendar),
        fold: &'a ProfileFold,
        erased: &'a mut ErasedVisitors,
        shelves: &'a mut Shelves,
        counted: &'a mut Latest,
        merges: &'a mut Merges,
    ) -> Self {
        let records = Records::new(tree);
        let records = if merges.has_undone() {
            records
        } else {
            records.nothing_undone()
        };
        Self {
            fold,
            calendar,
            records,
            merges,
            erased,
            shelves,
            counted,
            batch: Batch::default(),
            more: false,
            tally: Tally::default(),
            uncounts: false,
            unsure: None,
            now: Timestamp::MIN,
            refused: false,
            fed: None,
        }
    }

    /// Remembers what is taken in from here on, for the feed.
    pub(super) fn tell_what_it_takes_in(&mut self) {
        self.fed = Some(Vec::new());
    }

    /// What was remembered.
    pub(super) fn fed(&mut self) -> Vec<FedMessage> {
        self.fed.take().unwrap_or_default()
    }

    /// What is to be written; nothing where nothing changes.
    pub(super) fn into_batch(mut self) -> Result<Option<Written>, EmbeddedError> {
        let tree = self.records.tree;
        let when = (self.now, self.uncounts);
        self.counted
            .take_in((tree, self.calendar), &self.tally, when, &mut self.batch)?;
        if let Some(until) = self.unsure {
            counters::leave_unsure(tree, until, &mut self.batch)?;
        }
        let expired = self
            .counted
            .expire((tree, self.calendar), self.now, &mut self.batch)?;
        let told = self.records.told();
        self.merges.add(&told, &mut self.batch);
        let awaited = self.records.write(&mut self.batch)? || self.more;
        Ok((awaited || self.refused || expired).then_some(Written {
            batch: self.batch,
            awaited,
        }))
    }

    /// Keeps messages that were refused.
    pub(super) fn refuse(&mut self, messages: Vec<RefusedMessage>) {
        for message in messages {
            self.refused |= self.shelves.keep(message, self.erased, &mut self.batch);
        }
    }

    /// Takes in requests. Says what each is answered.
    pub(super) fn take_in(
        &mut self,
        commits: Vec<Commit>,
    ) -> Result<Vec<Committed>, EmbeddedError> {
        let mut committed: Vec<Committed> = Vec::with_capacity(commits.len());
        let mut requests: Vec<Request> = Vec::with_capacity(commits.len());
        let mut parts = Parts::new();
        for (request, commit) in commits.into_iter().enumerate() {
            for (index, new) in commit.messages.iter().enumerate() {
                let visitor = &new.message.visitor;
                let parts = match parts.get_mut(visitor) {
                    Some(parts) => parts,
                    None => parts.entry(visitor.clone()).or_default(),
                };
                match parts.last_mut() {
                    Some((last, indices)) if *last == request => indices.push(index),
                    _ => parts.push((request, vec![index])),
                }
            }
            committed.push(Committed {
                new: vec![false; commit.messages.len()],
                claim_holds: false,
                erased: false,
            });
            self.now = self.now.max(commit.received_at);
            self.more |= self.erased.expire(commit.received_at, &mut self.batch);
            requests.push(Request {
                received_at: commit.received_at,
                consent: commit.consent,
                context: commit.context,
                claim: commit.claim,
                messages: commit.messages.into_iter().map(Some).collect(),
            });
        }
        self.records.load(parts.keys())?;
        for (visitor, parts) in &parts {
            self.drop_duplicates(visitor, parts, &mut requests, &mut committed)?;
        }
        for request in &requests {
            for new in request.messages.iter().flatten() {
                self.join(&new.message, request.received_at)?;
            }
        }
        let mut foldings = Vec::with_capacity(parts.len());
        for (visitor, parts) in &parts {
            foldings.extend(self.fresh(visitor, parts, &mut requests)?);
        }
        folding::run(
            &mut foldings,
            &Shared {
                fold: self.fold,
                tree: self.records.tree,
                calendar: self.calendar,
                requests: &requests,
                now: self.now,
                settled: &self.counted.settled,
                is_heard: self.fed.is_some(),
            },
        );
        for folding in foldings {
            self.put(folding)?;
        }
        Ok(committed)
    }

    /// Takes out of the requests what a visitor has sent before, and what an erasure concerns, and
    /// settles claims.
    fn drop_duplicates(
        &mut self,
        visitor: &VisitorId,
        parts: &[(usize, Vec<usize>)],
        requests: &mut [Request],
        committed: &mut [Committed],
    ) -> Result<(), EmbeddedError> {
        let tree = self.records.tree;
        let held = self.records.visitor(visitor)?;
        let mut known = held.known;
        let mut buckets = Buckets::new(visitor, tree);
        let erasure = self.erased.of(visitor);
        for (request, indices) in parts {
            let source = &mut requests[*request];
            let outcome = &mut committed[*request];
            if let Some(erasure) = erasure {
                let received_at = source.received_at;
                for index in indices {
                    let message = &mut source.messages[*index];
                    if message
                        .as_ref()
                        .is_some_and(|new| erasure.concerns(new.message.timestamp, received_at))
                    {
                        *message = None;
                        outcome.erased = true;
                    }
                }
                let left = |index: &usize| source.messages[*index].is_some();
                if !known && !indices.iter().any(left) {
                    // Nobody becomes known by this.
                    continue;
                }
            }
            if let Some(claim) = source.claim.as_ref().filter(|one| one.visitor == *visitor) {
                outcome.claim_holds = settle(claim, known, &mut held.record);
            }
            known = true;
            for index in indices {
                let Some(message) = &source.messages[*index] else {
                    continue;
                };
                let digest = seen::digest(&message.message.id);
                if held.record.seen.observe(digest, &mut buckets)? {
                    outcome.new[*index] = true;
                    held.changed = true;
                } else {
                    source.messages[*index] = None;
                }
            }
        }
        buckets.write(&mut self.batch);
        Ok(())
    }

    /// Erases a visitor, where the ground is good.
    pub(super) fn erase(&mut self, erasure: &Erasure) -> Result<Erased, EmbeddedError> {
        let visitor = &erasure.visitor;
        self.now = self.now.max(erasure.now);
        let held = self.records.visitor(visitor)?;
        let known = held.known;
        let retired = match &erasure.ground {
            Ground::Owner if known => false,
            Ground::Cookie => true,
            Ground::Claim(given) if known && !is_same(&held.record.claim, given) => {
                return Ok(Erased::Unproven);
            }
            // Who could have made the visitor known may also ask that it never becomes known.
            Ground::Claim(Some(_)) => true,
            // Nobody but for what was refused of them.
            Ground::Owner if self.shelves.erase(visitor, &mut self.batch) => {
                self.more = true;
                return Ok(Erased::Done);
            }
            Ground::Owner | Ground::Claim(None) => return Ok(Erased::Unknown),
        };
        if known {
            self.leave(visitor)?;
            self.uncount(visitor)?;
            self.remove_all(visitor, erasure.now)?;
        }
        self.more = true;
        if self.shelves.erase(visitor, &mut self.batch) {
            self.batch.leaves_residue(erasure.now);
        }
        self.erased
            .remember(visitor, erasure.now, retired, &mut self.batch);
        self.erased.expire(erasure.now, &mut self.batch);
        Ok(if known { Erased::Done } else { Erased::Unknown })
    }

    /// Takes out of the counts what the stored messages of a visitor have added.
    fn uncount(&mut self, visitor: &VisitorId) -> Result<(), EmbeddedError> {
        self.uncounts = true;
        self.counted.settled.forget(visitor);
        let tree = self.records.tree;
        let record = &self.records.visitor(visitor)?.record;
        let stored = Stored::read((tree, self.calendar), visitor, record)?;
        self.tally.add(&stored.tally, -1);
        for entry in tree.scan_prefix(keys::days(visitor)) {
            let (key, bytes) = entry?;
            if let (Some((_, number)), Ok(day)) = (keys::day_of(&key), Day::from_bytes(&bytes)) {
                day.count(number, &mut self.tally, -1);
            }
        }
        // One that cannot be read stands in nobody's way.
        if let Ok(Some(exposures)) = exposures::read(tree, visitor) {
            let tally = &mut self.tally;
            exposures.count(self.calendar, |day, metric, name, number| {
                tally.count_in(day, metric, name, -number);
            });
        }
        if let Ok(Some(funnels)) = funnels::read(tree, visitor) {
            let tally = &mut self.tally;
            funnels.count(self.calendar, |day, metric, name, number| {
                tally.count_in(day, metric, name, -number);
            });
        }
        self.unsure = self.unsure.max(stored.unsure.map(|(_, until)| until));
        Ok(())
    }

    /// Takes in what a message says of persons. Its visitor is known from here on, and for nobody
    /// before.
    fn join(&mut self, message: &Message, received_at: Timestamp) -> Result<(), EmbeddedError> {
        self.records.visitor(&message.visitor)?.known = true;
        joining::take_in(&mut self.records, message, received_at)
    }

    /// A visitor's messages that are new, and the profile that they are to be folded into.
    fn fresh(
        &mut self,
        visitor: &VisitorId,
        parts: &[(usize, Vec<usize>)],
        requests: &mut [Request],
    ) -> Result<Option<Folding>, EmbeddedError> {
        let mut fresh: Vec<(usize, Vec<NewMessage>)> = Vec::with_capacity(parts.len());
        for (request, indices) in parts {
            let messages = &mut requests[*request].messages;
            let new = indices.iter().filter_map(|index| messages[*index].take());
            let new: Vec<NewMessage> = new.collect();
            if !new.is_empty() {
                fresh.push((*request, new));
            }
        }
        if fresh.is_empty() {
            return Ok(None);
        }
        let record = &mut self.records.visitor(visitor)?.record;
        Ok(Some(Folding {
            visitor: visitor.clone(),
            fresh,
            records: record.records,
            removed: record.removed,
            consent: record.consent,
            profile: std::mem::take(&mut record.profile),
            made: Ok(Made::default()),
        }))
    }

    /// Takes in what folding came to.
    fn put(&mut self, folding: Folding) -> Result<(), EmbeddedError> {
        let Folding {
            visitor,
            records,
            consent,
            profile,
            made,
            ..
        } = folding;
        let made = made?;
        made.counts.add_to(&mut self.tally);
        self.tally.add(&made.tally, 1);
        for (number, day) in &made.settled {
            self.counted.settled.remember(&visitor, *number, day);
        }
        self.batch.append(made.batch);
        if let Some(fed) = &mut self.fed {
            fed.extend(made.fed);
        }
        let record = &mut self.records.visitor(&visitor)?.record;
        record.profile = profile;
        record.records = records;
        record.consent = consent;
        Ok(())
    }

    /// Records what time alone has changed of visitors. Says how many changes there were.
    pub(super) fn settle(
        &mut self,
        visitors: &[VisitorId],
        now: Timestamp,
    ) -> Result<usize, EmbeddedError> {
        let mut count = 0;
        self.now = self.now.max(now);
        for visitor in visitors {
            let held = self.records.visitor(visitor)?;
            if !held.known {
                continue;
            }
            let changed = self.fold.settle(&mut held.record.profile, now);
            if !changed.is_empty() {
                held.changed = true;
                count += changed.len();
                let changed = folding::with_circumstances(&held.record.profile, changed);
                let mut contribution = Contribution::new(self.calendar);
                contribution.changes(&changed);
                contribution.tally.add_to(&mut self.tally);
                let none = News::default();
                let records = &mut held.record.records;
                tell(&mut self.batch, visitor, records, now, &changed, &none);
            }
        }
        Ok(count)
    }
}

/// Whether a claim holds. The first request that makes a visitor known sets what later ones are
/// compared with.
fn settle(claim: &Claim, known: bool, record: &mut VisitorRecord) -> bool {
    if !known {
        record.claim = claim.digest;
        return true;
    }
    is_same(&record.claim, &claim.digest)
}

/// Whether a claim's digest is the one that is stored.
fn is_same(stored: &Option<ClaimDigest>, given: &Option<ClaimDigest>) -> bool {
    match (stored, given) {
        (Some(stored), Some(given)) => bool::from(stored.ct_eq(given)),
        _ => false,
    }
}
