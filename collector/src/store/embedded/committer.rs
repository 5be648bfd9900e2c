//! The committer: one thread that turns all waiting requests into one batch and one flush.
//!
//! The slower the disk, the more requests share a flush, so throughput holds up while latency
//! stays that of a flush or two. Requests of a group are taken in the order in which they came;
//! what they change is worked out visitor by visitor, in the order of the keys.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use firstglance_engine::VisitorId;
use firstglance_engine::codec::Encode;
use subtle::ConstantTimeEq as _;
use tokio::sync::{mpsc, oneshot};

use super::record::{FULL_BYTES, LONGEST_SPAN, MessageRecord, StoredMessage, VisitorRecord};
use super::seen::{self, Buckets};
use super::{EmbeddedError, Failure, Sync, keys};
use crate::store::{Claim, Commit, Committed, NewMessage, ProfileFold, StoreError};

/// Most requests of a group, and most bytes of messages: beyond these a larger group saves nothing
/// and only costs memory.
const GROUP_REQUESTS: usize = 512;
const GROUP_BYTES: usize = 2 * 1024 * 1024;

/// A request that waits.
pub(super) struct Pending {
    pub(super) commit: Commit,
    pub(super) answer: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Pending {
    fn bytes(&self) -> usize {
        let messages = self.commit.messages.iter();
        messages.map(|new| new.raw.len()).sum()
    }
}

pub(super) struct Committer {
    tree: sled::Db,
    fold: ProfileFold,
    sync: Sync,
    failure: Failure,
}

impl Committer {
    pub(super) fn new(tree: sled::Db, fold: ProfileFold, sync: Sync, failure: Failure) -> Self {
        Self {
            tree,
            fold,
            sync,
            failure,
        }
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Pending>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut bytes = first.bytes();
            let mut commits = vec![first.commit];
            let mut answers = vec![first.answer];
            while commits.len() < GROUP_REQUESTS && bytes < GROUP_BYTES {
                let Ok(next) = waiting.try_recv() else { break };
                bytes += next.bytes();
                commits.push(next.commit);
                answers.push(next.answer);
            }
            match self.failure.check().and_then(|()| self.commit(commits)) {
                Ok(committed) => {
                    for (answer, committed) in answers.into_iter().zip(committed) {
                        // Whoever asked may have gone away.
                        let _ = answer.send(Ok(committed));
                    }
                }
                Err(error) => {
                    for answer in answers {
                        let _ = answer.send(Err(error.clone()));
                    }
                }
            }
        }
    }

    fn commit(&mut self, commits: Vec<Commit>) -> Result<Vec<Committed>, StoreError> {
        // sled has been seen to panic; a panic here must not let requests wait for ever.
        match catch_unwind(AssertUnwindSafe(|| self.write(commits))) {
            Ok(Ok(committed)) => Ok(committed),
            Ok(Err(error)) => Err(self.failure.set(&error.to_string())),
            Err(_) => Err(self.failure.set("the committer panicked")),
        }
    }

    fn write(&mut self, commits: Vec<Commit>) -> Result<Vec<Committed>, EmbeddedError> {
        let (batch, committed) = prepare(&self.tree, &self.fold, commits)?;
        if let Some(batch) = batch {
            self.tree.apply_batch(batch)?;
            self.tree.flush()?;
            (self.sync)()?;
        }
        Ok(committed)
    }
}

/// One request as the group sees it.
struct Request {
    received_at: firstglance_engine::Timestamp,
    context: Option<Box<str>>,
    claim: Option<Claim>,
    messages: Vec<Option<NewMessage>>,
}

/// Works out what a group changes, and what each request is answered. No batch where nothing
/// changes.
fn prepare(
    tree: &sled::Db,
    fold: &ProfileFold,
    commits: Vec<Commit>,
) -> Result<(Option<sled::Batch>, Vec<Committed>), EmbeddedError> {
    let mut committed: Vec<Committed> = Vec::with_capacity(commits.len());
    let mut requests: Vec<Request> = Vec::with_capacity(commits.len());
    // For each visitor its requests, in the order in which they came, and its messages in each.
    let mut visitors: BTreeMap<VisitorId, Vec<(usize, Vec<usize>)>> = BTreeMap::new();
    for (request, commit) in commits.into_iter().enumerate() {
        for (index, new) in commit.messages.iter().enumerate() {
            let visitor = &new.message.visitor;
            let parts = match visitors.get_mut(visitor) {
                Some(parts) => parts,
                None => visitors.entry(visitor.clone()).or_default(),
            };
            match parts.last_mut() {
                Some((last, indices)) if *last == request => indices.push(index),
                _ => parts.push((request, vec![index])),
            }
        }
        committed.push(Committed {
            new: vec![false; commit.messages.len()],
            claim_holds: false,
        });
        requests.push(Request {
            received_at: commit.received_at,
            context: commit.context,
            claim: commit.claim,
            messages: commit.messages.into_iter().map(Some).collect(),
        });
    }

    let mut batch = sled::Batch::default();
    let mut any = false;
    for (visitor, parts) in &visitors {
        let key = keys::visitor(visitor);
        let stored = tree.get(&key)?;
        let mut known = stored.is_some();
        let mut record = match stored {
            Some(bytes) => VisitorRecord::from_bytes(&bytes)?,
            None => VisitorRecord::default(),
        };
        let mut buckets = Buckets::new(visitor, tree);
        let mut fresh: Vec<(usize, Vec<NewMessage>)> = Vec::with_capacity(parts.len());
        for (request, indices) in parts {
            let source = &mut requests[*request];
            let outcome = &mut committed[*request];
            if let Some(claim) = source.claim.as_ref().filter(|one| one.visitor == *visitor) {
                outcome.claim_holds = settle(claim, known, &mut record);
            }
            known = true;
            let mut new = Vec::with_capacity(indices.len());
            for index in indices {
                let Some(message) = source.messages[*index].take() else {
                    continue;
                };
                let digest = seen::digest(&message.message.id);
                if record.seen.observe(digest, &mut buckets)? {
                    outcome.new[*index] = true;
                    new.push(message);
                }
            }
            if !new.is_empty() {
                fresh.push((*request, new));
            }
        }
        if fresh.is_empty() {
            continue;
        }
        any = true;
        let mut in_time: Vec<&NewMessage> = fresh.iter().flat_map(|(_, new)| new).collect();
        in_time.sort_by_key(|new| new.message.timestamp);
        for new in in_time {
            fold.apply(&mut record.profile, &new.message);
        }
        for (request, new) in fresh {
            let source = &requests[request];
            for messages in split(new) {
                let stored = MessageRecord {
                    received_at: source.received_at,
                    context: source.context.clone(),
                    messages,
                };
                let Some(first) = stored.messages.first() else {
                    continue;
                };
                let key = keys::message_record(visitor, first.timestamp, record.records);
                record.records += 1;
                batch.insert(key, stored.to_bytes());
            }
        }
        batch.insert(key, record.to_bytes());
        buckets.write(&mut batch);
    }
    Ok((any.then_some(batch), committed))
}

/// Whether a claim holds. The first request that makes a visitor known sets what later ones are
/// compared with.
fn settle(claim: &Claim, known: bool, record: &mut VisitorRecord) -> bool {
    if !known {
        record.claim = claim.digest;
        return true;
    }
    match (&record.claim, &claim.digest) {
        (Some(stored), Some(given)) => bool::from(stored.ct_eq(given)),
        _ => false,
    }
}

/// The messages of a request in the order of time, in records that are neither too long nor too
/// large.
fn split(mut new: Vec<NewMessage>) -> Vec<Vec<StoredMessage>> {
    new.sort_by_key(|new| new.message.timestamp);
    let mut records: Vec<Vec<StoredMessage>> = Vec::with_capacity(1);
    let mut bytes = 0;
    for new in new {
        let stored = StoredMessage {
            timestamp: new.message.timestamp,
            id: new.message.id.as_str().into(),
            kind: new.message.kind.name().into(),
            raw: new.raw,
        };
        bytes += stored.raw.len();
        match records.last_mut() {
            Some(record)
                if bytes <= FULL_BYTES
                    && record.first().is_some_and(|first| {
                        stored.timestamp.since(first.timestamp) <= LONGEST_SPAN
                    }) =>
            {
                record.push(stored);
            }
            _ => {
                bytes = stored.raw.len();
                records.push(vec![stored]);
            }
        }
    }
    records
}
