//! The committer: one thread that turns all waiting requests into one batch and one flush. Where
//! there are erasures or undos among them it is a batch more for each of these, and still one flush.
//!
//! The slower the disk, the more requests share a flush, so throughput holds up while latency
//! stays that of a flush or two. What a group changes is the work of `group`; `flusher` waits for the
//! device and answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use firstglance_engine::{Timestamp, VisitorId};
use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;
use super::blocks::Blocks;
use super::copying::{Copier, Job};
use super::counters::Latest;
use super::disk::Disk;
use super::erased::ErasedVisitors;
use super::flusher::{Applied, Data, Flusher};
use super::group::{Group, Written};
use super::mark::Mark;
use super::merges::Merges;
use super::notes::Notes;
use super::refused::Shelves;
use super::undo::ReadAhead;
use super::{EmbeddedError, Failure, content, keys};
use crate::store::audit::AuditEntry;
use crate::store::calendar::Calendar;
use crate::store::content::{NewContent, Posting};
use crate::store::feed::{FedMessage, Feed};
use crate::store::merges::{Undo, Undone};
use crate::store::meter::Meter;
use crate::store::refused::RefusedMessage;
use crate::store::{
    Commit, Committed, Compact, Compacted, Erased, Erasure, Expired, ProfileFold, Retention,
    StoreError,
};

/// Most requests of a group, and most bytes of messages: beyond these a larger group saves nothing
/// and only costs memory.
const GROUP_REQUESTS: usize = 512;
const GROUP_BYTES: usize = 2 * 1024 * 1024;

/// A request that waits.
pub(super) enum Pending {
    Commit {
        commit: Commit,
        answer: Asked<Committed>,
    },
    /// Records what time alone has changed of visitors.
    Settle {
        visitors: Vec<VisitorId>,
        now: Timestamp,
        answer: Asked<usize>,
    },
    Erase {
        erasure: Erasure,
        answer: Asked<Erased>,
    },
    /// Keeps messages that were refused.
    Refuse(Vec<RefusedMessage>),
    /// Adds to the audit log.
    Note {
        entry: AuditEntry,
        answer: Asked<()>,
    },
    /// Keeps a version of what was posted.
    Post {
        posting: Posting,
        new: NewContent,
        answer: Asked<u64>,
    },
    /// Undoes a merge.
    Undo {
        undo: Undo,
        ahead: ReadAhead,
        answer: Asked<Undone>,
    },
    /// Removes what is too old.
    Expire { old: Old, answer: Asked<Expired> },
    Compact {
        when: Compact,
        answer: Asked<Compacted>,
    },
    /// Copies everything.
    Copy(Job),
    /// Says that something that was done elsewhere is done.
    Wake,
}

/// Visitors of whom is removed what is too old at a moment.
pub(super) struct Old {
    pub(super) visitors: Vec<VisitorId>,
    pub(super) retention: Retention,
    pub(super) now: Timestamp,
}

impl Pending {
    fn bytes(&self) -> usize {
        match self {
            Self::Commit { commit, .. } => commit.messages.iter().map(|new| new.raw.len()).sum(),
            // About what a record of a visitor takes.
            Self::Settle { visitors, .. } => visitors.len() * 4_096,
            Self::Erase { .. } | Self::Note { .. } | Self::Undo { .. } => 4_096,
            Self::Post { new, .. } => new.content.len(),
            Self::Refuse(refused) => refused.iter().map(|one| one.raw.len()).sum(),
            Self::Expire { old, .. } => old.visitors.len() * 65_536,
            Self::Compact { .. } | Self::Copy(_) | Self::Wake => 0,
        }
    }
}

pub(super) struct Committer {
    data: Arc<Data>,
    fold: ProfileFold,
    calendar: Calendar,
    disk: Arc<dyn Disk>,
    /// Number of the last group.
    group: u64,
    flusher: Flusher,
    failure: Failure,
    erased: ErasedVisitors,
    feed: Feed,
    copier: Copier,
    shelves: Shelves,
    counted: Latest,
    blocks: Arc<Blocks>,
    notes: Notes,
    merges: Merges,
}

impl Committer {
    pub(super) fn new(
        data: Data,
        (fold, calendar): (ProfileFold, Calendar),
        (disk, mark): (Arc<dyn Disk>, Mark),
        group: u64,
        failure: Failure,
        (feed, meter): (Feed, Meter),
        (copier, blocks): (Copier, Arc<Blocks>),
    ) -> Result<Self, EmbeddedError> {
        let erased = ErasedVisitors::load(&data.tree)?;
        let notes = Notes::load(&data.tree)?;
        let merges = Merges::load(&data.tree)?;
        let flusher = Flusher::start((disk.clone(), mark), failure.clone(), feed.clone(), meter)?;
        let shelves = Shelves::load(&data.tree)?;
        let counted = Latest::load_or_begin(&data.tree)?;
        Ok(Self {
            data: Arc::new(data),
            fold,
            calendar,
            disk,
            group,
            flusher,
            failure,
            erased,
            feed,
            copier,
            shelves,
            counted,
            blocks,
            notes,
            merges,
        })
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Pending>) {
        loop {
            let first = if self.copier.is_busy() {
                match waiting.try_recv() {
                    Ok(first) => Some(first),
                    Err(mpsc::error::TryRecvError::Empty) => None,
                    Err(mpsc::error::TryRecvError::Disconnected) => break,
                }
            } else {
                match waiting.blocking_recv() {
                    Some(first) => Some(first),
                    None => break,
                }
            };
            if let Some(first) = first {
                let mut bytes = first.bytes();
                let mut group = vec![first];
                while group.len() < GROUP_REQUESTS && bytes < GROUP_BYTES {
                    let Ok(next) = waiting.try_recv() else { break };
                    bytes += next.bytes();
                    group.push(next);
                }
                self.take(group);
            }
            self.copy();
        }
        self.copier.close();
        self.flusher.finish(&self.failure);
    }

    /// Copies for a moment, where there is something to copy.
    fn copy(&mut self) {
        if self.failure.check().is_err() {
            // What memory holds may not be on disk: it must not become what counts.
            self.copier.close();
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| self.copier.advance())) {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(data))) => self.data = Arc::new(data),
            Ok(Err(error)) => drop(self.failure.set(&error.to_string())),
            Err(_) => drop(self.failure.set("copying panicked")),
        }
    }

    fn compact(&mut self, when: Compact, answer: Asked<Compacted>) {
        let due = self.failure.check().and_then(|()| match when {
            Compact::Now => Ok(true),
            Compact::IfDue(now) => {
                let due = self.copier.is_due(now);
                due.map_err(|error| StoreError::NotDone(error.to_string().into()))
            }
        });
        match due {
            Ok(true) => self.copier.take_on(Job::Compact(answer)),
            Ok(false) => drop(answer.send(Ok(Compacted::NotDue))),
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    /// Applies a group and hands it over to be flushed and answered.
    fn take(&mut self, group: Vec<Pending>) {
        let mut steps = Vec::new();
        let mut step = Step::default();
        let mut answers = Answers::default();
        for pending in group {
            let is_after = match pending {
                Pending::Erase { .. } | Pending::Expire { .. } => !step.undos.is_empty(),
                Pending::Undo { .. } => false,
                _ => step.is_by_itself(),
            };
            if is_after {
                steps.push(std::mem::take(&mut step));
            }
            match pending {
                Pending::Commit { commit, answer } => {
                    step.commits.push(commit);
                    answers.committing.push(answer);
                }
                Pending::Settle {
                    visitors,
                    now,
                    answer,
                } => {
                    step.settles.push((visitors, now));
                    answers.settling.push(answer);
                }
                Pending::Refuse(refused) => step.refused.extend(refused),
                Pending::Erase { erasure, answer } => {
                    step.erasures.push(erasure);
                    answers.erasing.push(answer);
                }
                Pending::Expire { old, answer } => {
                    step.expiries.push(old);
                    answers.expiring.push(answer);
                }
                Pending::Compact { when, answer } => self.compact(when, answer),
                Pending::Copy(job) => self.copier.take_on(job),
                Pending::Wake => {}
                Pending::Note { entry, answer } => {
                    step.notes.push(entry);
                    answers.noting.push(answer);
                }
                Pending::Post {
                    posting,
                    new,
                    answer,
                } => {
                    step.posted.push((posting, new));
                    answers.posting.push(answer);
                }
                Pending::Undo {
                    undo,
                    ahead,
                    answer,
                } => {
                    step.undos.push((undo, ahead));
                    answers.undoing.push(answer);
                }
            }
        }
        steps.push(step);
        let applied = self.failure.check().and_then(|()| self.apply(steps));
        match applied {
            Ok((done, changed)) => {
                let applied = Applied {
                    data: self.data.clone(),
                    answers,
                    done,
                    changed,
                };
                self.flusher.take(applied, &self.failure);
            }
            Err(error) => answers.refuse(&error),
        }
    }

    /// What is to be answered once it is on disk, and the group's number where anything is to be
    /// flushed.
    fn apply(&mut self, steps: Vec<Step>) -> Result<(Done, Option<u64>), StoreError> {
        // sled has been seen to panic; a panic here must not let requests wait for ever.
        match catch_unwind(AssertUnwindSafe(|| self.write(steps))) {
            Ok(Ok(applied)) => Ok(applied),
            Ok(Err(error)) => Err(self.failure.set(&error.to_string())),
            Err(_) => Err(self.failure.set("the committer panicked")),
        }
    }

    /// A group of nothing yet.
    fn group<'a>(&'a mut self, tree: &'a sled::Tree, fold: &'a ProfileFold) -> Group<'a> {
        Group::new(
            (tree, &self.calendar),
            fold,
            &mut self.erased,
            &mut self.shelves,
            &mut self.counted,
            &mut self.merges,
        )
    }

    fn write(&mut self, steps: Vec<Step>) -> Result<(Done, Option<u64>), EmbeddedError> {
        let data = self.data.clone();
        let mut done = Done::default();
        let mut any = false;
        let number = self.group + 1;
        let fold = self.fold.pinned();
        let is_heard = self.feed.is_heard();
        for step in steps {
            let mut group = self.group(&data.tree, &fold);
            if is_heard {
                group.tell_what_it_takes_in();
            }
            done.committed.extend(group.take_in(step.commits)?);
            done.fed.append(&mut group.fed());
            // After what came in, so that nobody is settled who has just come back.
            for (visitors, now) in step.settles {
                done.settled.push(group.settle(&visitors, now)?);
            }
            group.refuse(step.refused);
            let written = group.into_batch()?;
            any |= self.put(written, number)?;
            if !step.notes.is_empty() {
                let mut batch = Batch::default();
                for entry in &step.notes {
                    self.notes.add(entry, &data.tree, &mut batch)?;
                    done.noted.push(());
                }
                let awaited = true;
                any |= self.put(Some(Written { batch, awaited }), number)?;
            }
            for (posting, new) in &step.posted {
                let mut batch = Batch::default();
                // One at a time: each is numbered after what the tree has.
                let number = content::add(*posting, new, &data.tree, &mut batch)?;
                done.posted.push(number);
                let awaited = true;
                any |= self.put(Some(Written { batch, awaited }), number)?;
            }
            for erasure in &step.erasures {
                let mut group = self.group(&data.tree, &fold);
                let erased = group.erase(erasure)?;
                if is_heard && erased == Erased::Done {
                    // What this group has of them is not on disk yet, so that nobody was told of it.
                    done.fed
                        .retain(|message| message.visitor != erasure.visitor);
                    done.forgotten.push(erasure.visitor.clone());
                }
                done.erased.push(erased);
                let written = group.into_batch()?;
                any |= self.put(written, number)?;
            }
            for old in &step.expiries {
                let mut all = Expired::default();
                for visitor in &old.visitors {
                    let mut group = self.group(&data.tree, &fold);
                    let expired = group.expire(visitor, old.retention, old.now)?;
                    all.records += expired.records;
                    all.visitors += expired.visitors;
                    let written = group.into_batch()?;
                    any |= self.put(written, number)?;
                }
                done.expired.push(all);
            }
            for (undo, ahead) in &step.undos {
                let mut group = self.group(&data.tree, &fold);
                done.undone.push(group.undo(undo, ahead)?);
                let written = group.into_batch()?;
                any |= self.put(written, number)?;
            }
        }
        if any {
            // Here and not by the flusher: flushed beside another thread that writes, the engine lets
            // go later of what it replaces, and has a hundred megabytes more at a time.
            self.disk.flush(&data.tree)?;
            self.group = number;
        }
        Ok((done, any.then_some(number)))
    }

    /// Puts into memory what a group changes. Says whether anybody waits until it is on disk.
    fn put(&mut self, written: Option<Written>, number: u64) -> Result<bool, EmbeddedError> {
        let Some(Written { mut batch, awaited }) = written else {
            return Ok(false);
        };
        if awaited {
            batch.insert(keys::GROUP, &number.to_be_bytes());
        }
        self.copier.note_residue(&mut batch);
        let apply = || self.disk.apply(&self.data.tree, &batch);
        self.blocks.written(&batch, apply)?;
        self.copier.mirror(&batch);
        Ok(awaited)
    }
}

/// Requests that need no more than one batch of messages, then one for each erasure and each undo.
#[derive(Default)]
struct Step {
    commits: Vec<Commit>,
    /// Visitors to settle and the moment.
    settles: Vec<(Vec<VisitorId>, Timestamp)>,
    erasures: Vec<Erasure>,
    expiries: Vec<Old>,
    refused: Vec<RefusedMessage>,
    notes: Vec<AuditEntry>,
    posted: Vec<(Posting, NewContent)>,
    undos: Vec<(Undo, ReadAhead)>,
}

impl Step {
    /// Whether it has anything that is done after all else.
    fn is_by_itself(&self) -> bool {
        !(self.erasures.is_empty() && self.expiries.is_empty() && self.undos.is_empty())
    }
}

/// What is answered to requests of each kind, in their order.
#[derive(Default)]
pub(super) struct Done {
    committed: Vec<Committed>,
    /// What the feed tells once it is on disk.
    pub(super) fed: Vec<FedMessage>,
    /// Whom the feed forgets before that.
    pub(super) forgotten: Vec<VisitorId>,
    settled: Vec<usize>,
    erased: Vec<Erased>,
    expired: Vec<Expired>,
    noted: Vec<()>,
    posted: Vec<u64>,
    undone: Vec<Undone>,
}

/// Where the answers to requests of each kind go, in their order.
#[derive(Default)]
pub(super) struct Answers {
    committing: Vec<Asked<Committed>>,
    settling: Vec<Asked<usize>>,
    erasing: Vec<Asked<Erased>>,
    expiring: Vec<Asked<Expired>>,
    noting: Vec<Asked<()>>,
    posting: Vec<Asked<u64>>,
    undoing: Vec<Asked<Undone>>,
}

impl Answers {
    /// Answers each request. Whoever asked may have gone away.
    pub(super) fn tell(self, done: Done) {
        tell(self.committing, done.committed);
        tell(self.settling, done.settled);
        tell(self.erasing, done.erased);
        tell(self.expiring, done.expired);
        tell(self.noting, done.noted);
        tell(self.posting, done.posted);
        tell(self.undoing, done.undone);
    }

    /// How many requests these are of.
    pub(super) fn count(&self) -> usize {
        self.committing.len()
            + self.settling.len()
            + self.erasing.len()
            + self.noting.len()
            + self.posting.len()
            + self.undoing.len()
    }

    /// Answers each with the same error.
    pub(super) fn refuse(self, error: &StoreError) {
        refuse(self.committing, error);
        refuse(self.settling, error);
        refuse(self.erasing, error);
        refuse(self.expiring, error);
        refuse(self.noting, error);
        refuse(self.posting, error);
        refuse(self.undoing, error);
    }
}

/// Where a request's answer goes.
pub(super) type Asked<T> = oneshot::Sender<Result<T, StoreError>>;

fn tell<T>(asked: Vec<Asked<T>>, answers: Vec<T>) {
    for (asked, answer) in asked.into_iter().zip(answers) {
        let _ = asked.send(Ok(answer));
    }
}

fn refuse<T>(asked: Vec<Asked<T>>, error: &StoreError) {
    for asked in asked {
        let _ = asked.send(Err(error.clone()));
    }
}
