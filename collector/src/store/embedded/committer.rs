//! The committer: one thread that turns all waiting requests into one batch and one flush.
//!
//! The slower the disk, the more requests share a flush, so throughput holds up while latency
//! stays that of a flush or two. What a group changes is the work of `group`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use firstglance_engine::{Timestamp, VisitorId};
use tokio::sync::{mpsc, oneshot};

use super::group::Group;
use super::{EmbeddedError, Failure, Sync};
use crate::store::{Commit, Committed, ProfileFold, StoreError};

/// Most requests of a group, and most bytes of messages: beyond these a larger group saves nothing
/// and only costs memory.
const GROUP_REQUESTS: usize = 512;
const GROUP_BYTES: usize = 2 * 1024 * 1024;

/// A request that waits.
pub(super) enum Pending {
    Commit {
        commit: Commit,
        answer: oneshot::Sender<Result<Committed, StoreError>>,
    },
    /// Records what time alone has changed of visitors.
    Settle {
        visitors: Vec<VisitorId>,
        now: Timestamp,
        answer: oneshot::Sender<Result<usize, StoreError>>,
    },
}

impl Pending {
    fn bytes(&self) -> usize {
        match self {
            Self::Commit { commit, .. } => commit.messages.iter().map(|new| new.raw.len()).sum(),
            // About what a record of a visitor takes.
            Self::Settle { visitors, .. } => visitors.len() * 4_096,
        }
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
            let mut group = vec![first];
            while group.len() < GROUP_REQUESTS && bytes < GROUP_BYTES {
                let Ok(next) = waiting.try_recv() else { break };
                bytes += next.bytes();
                group.push(next);
            }
            self.answer(group);
        }
    }

    /// Commits a group and answers each of its requests. Whoever asked may have gone away.
    fn answer(&mut self, group: Vec<Pending>) {
        let (mut commits, mut committing) = (Vec::new(), Vec::new());
        let (mut settles, mut settling) = (Vec::new(), Vec::new());
        for pending in group {
            match pending {
                Pending::Commit { commit, answer } => {
                    commits.push(commit);
                    committing.push(answer);
                }
                Pending::Settle {
                    visitors,
                    now,
                    answer,
                } => {
                    settles.push((visitors, now));
                    settling.push(answer);
                }
            }
        }
        match self
            .failure
            .check()
            .and_then(|()| self.commit(commits, settles))
        {
            Ok((committed, settled)) => {
                for (answer, committed) in committing.into_iter().zip(committed) {
                    let _ = answer.send(Ok(committed));
                }
                for (answer, settled) in settling.into_iter().zip(settled) {
                    let _ = answer.send(Ok(settled));
                }
            }
            Err(error) => {
                for answer in committing {
                    let _ = answer.send(Err(error.clone()));
                }
                for answer in settling {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn commit(&mut self, commits: Vec<Commit>, settles: Settles) -> Result<Done, StoreError> {
        // sled has been seen to panic; a panic here must not let requests wait for ever.
        match catch_unwind(AssertUnwindSafe(|| self.write(commits, settles))) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.failure.set(&error.to_string())),
            Err(_) => Err(self.failure.set("the committer panicked")),
        }
    }

    fn write(&mut self, commits: Vec<Commit>, settles: Settles) -> Result<Done, EmbeddedError> {
        let mut group = Group::new(&self.tree, &self.fold);
        let committed = group.take_in(commits)?;
        // After what came in, so that nobody is settled who has just come back.
        let mut settled = Vec::with_capacity(settles.len());
        for (visitors, now) in settles {
            settled.push(group.settle(&visitors, now)?);
        }
        if let Some(batch) = group.into_batch() {
            self.tree.apply_batch(batch)?;
            self.tree.flush()?;
            (self.sync)()?;
        }
        Ok((committed, settled))
    }
}

/// Visitors to settle and the moment, of each request.
type Settles = Vec<(Vec<VisitorId>, Timestamp)>;

/// What is answered to each commit, and to each settling.
type Done = (Vec<Committed>, Vec<usize>);
