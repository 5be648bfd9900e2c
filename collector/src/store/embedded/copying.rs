//! Copies the whole tree into a new folder while the present one goes on being written.
//!
//! The engine gives space back late or never, and what was erased stays in its file until something
//! else is written in its place. So from time to time everything that counts is copied, a chunk of
//! keys at a time, between the committer's groups; what a group changes at or before the last key
//! copied goes into the copy as well. When all is there the two are compared, a chunk at a time. When
//! they are the same and on disk, the copy takes the place of the tree (`folder`), and the old files
//! are removed. A backup is such a copy that is written into
//! a file instead.
//!
//! Never takes more than a fifth of the committer's time, or [`TURN`] where that is more, and what one
//! flush costs: what takes longer, to
//! open a folder and to flush many bytes, other threads do. Where copying fails, the copy goes and
//! the tree stays; only the moment in which the copy takes the tree's place must not fail.

use std::collections::VecDeque;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use firstglance_engine::{Milliseconds, Timestamp};
use sled::IVec;

use super::batch::Batch;
use super::committer::Asked;
use super::flusher::Data;
use super::folder::{Pointer, ROOT, StoreFolder};
use super::{EmbeddedError, archive, keys};
use crate::store::{BackedUp, Compacted, StoreError};

/// How long is copied at least before the committer looks after requests again.
const TURN: Duration = Duration::from_millis(1);

/// A turn's part of the time since the one before.
const PART: u32 = 4;

/// Bytes that are read and written at once: less than what is done in a turn.
const CHUNK_BYTES: usize = 32 * 1024;

/// Bytes that are copied before they are brought to the disk. Were it all of them at once, the
/// device would be busy with them while groups wait for it.
const UNSYNCED_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of the disk that copying leaves free: what comes in needs them more.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

/// How long bytes of what was erased may stay in the file.
const RESIDUE_WAIT: Milliseconds = Milliseconds::from_days(1);

/// A file below this is not copied for its size: the engine's files take some megabytes anyway.
const SMALL_BYTES: u64 = 128 * 1024 * 1024;

/// How many times its size a file may have grown before it is copied.
const GROWTH: u64 = 3;

/// The tree that counts, for those who read.
pub(super) struct Current(RwLock<sled::Db>);

impl Current {
    pub(super) const fn new(tree: sled::Db) -> Self {
        Self(RwLock::new(tree))
    }

    /// The tree as of now. Who keeps it goes on reading what it holds, without what comes later.
    pub(super) fn tree(&self) -> sled::Db {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, tree: sled::Db) -> sled::Db {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut current, tree)
    }
}

/// What a copy is made for.
pub(super) enum Job {
    /// To take the tree's place.
    Compact(Asked<Compacted>),
    /// To be written into a file that does not exist yet, after these smaller files.
    Backup {
        to: PathBuf,
        files: Vec<(String, Vec<u8>)>,
        answer: Asked<BackedUp>,
    },
}

impl Job {
    fn refuse(self, error: &StoreError) {
        match self {
            Self::Compact(answer) => drop(answer.send(Err(error.clone()))),
            Self::Backup { answer, .. } => drop(answer.send(Err(error.clone()))),
        }
    }
}

/// Tells the committer that it can go on.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// See the module.
pub(super) struct Copier {
    folder: StoreFolder,
    current: Arc<Current>,
    pointer: Pointer,
    /// The highest number that a folder has had.
    last_number: u64,
    /// Since when the tree's file has bytes of what was erased.
    residue: Option<Timestamp>,
    last_turn: Instant,
    waiting: VecDeque<Job>,
    stage: Stage,
    wake: Wake,
}

enum Stage {
    Idle,
    /// A folder is made.
    Opening {
        job: Job,
        number: u64,
        opened: Receiver<Result<sled::Db, EmbeddedError>>,
    },
    Copying(Copy),
    /// What was copied is brought to the disk.
    Syncing(Copy, Receiver<Result<(), EmbeddedError>>),
}

struct Copy {
    job: Job,
    number: u64,
    tree: sled::Db,
    phase: Phase,
    /// The last key copied, or compared.
    cursor: Option<IVec>,
    unsynced: usize,
    /// Since when the copy's own file has bytes of what was erased.
    residue: Option<Timestamp>,
    started: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Keys up to the last one are copied.
    Copying,
    /// All are, and those up to the last one are the same.
    Comparing,
    /// All are the same.
    Whole,
}

impl Copier {
    pub(super) fn new(
        folder: StoreFolder,
        current: Arc<Current>,
        pointer: Pointer,
        wake: Wake,
    ) -> Result<Self, EmbeddedError> {
        let residue = match current.tree().get(keys::RESIDUE)? {
            None => None,
            Some(bytes) => {
                let bytes = <[u8; 8]>::try_from(&bytes[..]).map_err(|_| EmbeddedError::Key)?;
                Some(Timestamp::from_milliseconds(i64::from_be_bytes(bytes)))
            }
        };
        Ok(Self {
            folder,
            current,
            pointer,
            last_number: pointer.number,
            residue,
            last_turn: Instant::now(),
            waiting: VecDeque::new(),
            stage: Stage::Idle,
            wake,
        })
    }

    /// Whether the tree is to be copied at a moment: for what was erased in it, or for its size.
    pub(super) fn is_due(&self, now: Timestamp) -> Result<bool, EmbeddedError> {
        if !matches!(self.stage, Stage::Idle) {
            return Ok(false);
        }
        let residue = self.residue.is_some_and(|at| now.since(at) >= RESIDUE_WAIT);
        let bytes = self.current.tree().size_on_disk()?;
        Ok(residue || bytes > self.pointer.bytes.max(SMALL_BYTES).saturating_mul(GROWTH))
    }

    /// Takes on a job. One is done after the other.
    pub(super) fn take_on(&mut self, job: Job) {
        self.waiting.push_back(job);
    }

    /// Whether there is something to do that nobody else does at present.
    pub(super) fn is_busy(&self) -> bool {
        match self.stage {
            Stage::Idle => !self.waiting.is_empty(),
            Stage::Copying(_) => true,
            Stage::Opening { .. } | Stage::Syncing(..) => false,
        }
    }

    /// Adds to a batch that something was erased in it, unless that is known already.
    pub(super) fn note_residue(&mut self, batch: &mut Batch) {
        let Some(at) = batch.residue() else { return };
        if self.residue.is_none() {
            batch.insert(keys::RESIDUE, &at.as_milliseconds().to_be_bytes());
            self.residue = Some(at);
        }
        if let Stage::Copying(copy) | Stage::Syncing(copy, _) = &mut self.stage {
            copy.residue.get_or_insert(at);
        }
    }

    /// Takes a batch that the tree has into the copy, as far as that has got.
    pub(super) fn mirror(&mut self, batch: &Batch) {
        let (Stage::Copying(copy) | Stage::Syncing(copy, _)) = &mut self.stage else {
            return;
        };
        let Copy { phase, cursor, .. } = &*copy;
        let there = |key: &[u8]| {
            key != keys::RESIDUE
                && (*phase != Phase::Copying || cursor.as_deref().is_some_and(|last| key <= last))
        };
        if let Err(error) = batch.apply_where(&copy.tree, there) {
            self.abandon(&error.into());
        }
    }

    /// Goes on for one turn. Says what counts from now on where that has changed.
    ///
    /// # Errors
    /// When nobody knows which of two trees counts after a restart: nothing may be acknowledged
    /// any more.
    pub(super) fn advance(&mut self) -> Result<Option<Data>, EmbeddedError> {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => {
                if let Some(job) = self.waiting.pop_front() {
                    self.begin(job);
                }
            }
            Stage::Opening {
                job,
                number,
                opened,
            } => match opened.try_recv() {
                Ok(Ok(tree)) => {
                    self.last_turn = Instant::now();
                    self.stage = Stage::Copying(Copy {
                        job,
                        number,
                        tree,
                        phase: Phase::Copying,
                        cursor: None,
                        unsynced: 0,
                        residue: None,
                        started: Instant::now(),
                    });
                }
                Err(TryRecvError::Empty) => {
                    self.stage = Stage::Opening {
                        job,
                        number,
                        opened,
                    };
                }
                Ok(Err(error)) => self.give_up(job, None, number, &error),
                Err(TryRecvError::Disconnected) => {
                    self.give_up(job, None, number, &EmbeddedError::Thread);
                }
            },
            Stage::Copying(mut copy) => {
                match copy.turn(&self.current.tree(), &mut self.last_turn) {
                    Ok(()) if copy.is_to_be_synced() => self.sync(copy),
                    Ok(()) => self.stage = Stage::Copying(copy),
                    Err(error) => self.give_up(copy.job, Some(copy.tree), copy.number, &error),
                }
            }
            Stage::Syncing(copy, synced) => match synced.try_recv() {
                Ok(Ok(())) if copy.phase == Phase::Whole => return self.finish(copy),
                Ok(Ok(())) => {
                    self.last_turn = Instant::now();
                    self.stage = Stage::Copying(copy);
                }
                Err(TryRecvError::Empty) => self.stage = Stage::Syncing(copy, synced),
                Ok(Err(error)) => self.give_up(copy.job, Some(copy.tree), copy.number, &error),
                Err(TryRecvError::Disconnected) => {
                    let error = EmbeddedError::Thread;
                    self.give_up(copy.job, Some(copy.tree), copy.number, &error);
                }
            },
        }
        Ok(None)
    }

    /// Does something elsewhere and wakes the committer when it is done.
    fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
    ) -> Receiver<Result<T, EmbeddedError>> {
        let (done, outcome) = sync_channel(1);
        let wake = self.wake.clone();
        let thread = std::thread::Builder::new().name("copier".to_owned());
        let spawned = thread.spawn(move || {
            // Nobody waits any more where the store was closed meanwhile.
            let _ = done.send(work());
            wake();
        });
        if let Err(error) = spawned {
            let (failed, outcome) = sync_channel(1);
            let _ = failed.send(Err(error.into()));
            (self.wake)();
            return outcome;
        }
        outcome
    }

    fn begin(&mut self, job: Job) {
        self.last_number += 1;
        let number = self.last_number;
        let folder = self.folder.clone();
        let opened = self.elsewhere(move || {
            require_space(&folder)?;
            let tree = folder.tree(number)?;
            folder.sync_names(number)?;
            Ok(tree)
        });
        self.stage = Stage::Opening {
            job,
            number,
            opened,
        };
    }

    fn sync(&mut self, mut copy: Copy) {
        copy.unsynced = 0;
        let (tree, number, folder) = (copy.tree.clone(), copy.number, self.folder.clone());
        let synced = self.elsewhere(move || {
            tree.flush()?;
            folder.file(number)?.sync_data()?;
            require_space(&folder)
        });
        self.stage = Stage::Syncing(copy, synced);
    }

    /// Everything is copied and almost all of it on disk.
    fn finish(&mut self, copy: Copy) -> Result<Option<Data>, EmbeddedError> {
        let synced = copy
            .note_residue()
            .and_then(|()| copy.tree.flush().map_err(EmbeddedError::from))
            .and_then(|_| Ok(self.folder.file(copy.number)?))
            .and_then(|file| {
                file.sync_data()?;
                Ok((file, copy.tree.size_on_disk()?))
            });
        let (file, bytes) = match synced {
            Ok(synced) => synced,
            Err(error) => {
                self.give_up(copy.job, Some(copy.tree), copy.number, &error);
                return Ok(None);
            }
        };
        let (tree, number) = (copy.tree, copy.number);
        let answer = match copy.job {
            Job::Compact(answer) => answer,
            Job::Backup { to, files, answer } => {
                let folder = self.folder.clone();
                drop(self.elsewhere(move || {
                    let written = archive::write(&to, &files, &tree);
                    drop(tree);
                    folder.remove(number)?;
                    let written = written.map_err(|error| StoreError::NotDone(error.into()));
                    let _ = answer.send(written);
                    Ok(())
                }));
                return Ok(None);
            }
        };
        let before = self.current.tree().size_on_disk()?;
        let former = self.pointer.number;
        self.pointer = Pointer {
            number,
            bytes,
            copied_from_root: former == ROOT,
        };
        self.folder.point_to(self.pointer)?;
        let old = self.current.replace(tree.clone());
        self.residue = copy.residue;
        let (folder, started) = (self.folder.clone(), copy.started);
        drop(self.elsewhere(move || {
            drop(old);
            if let Err(error) = folder.remove(former) {
                tracing::error!(%error, "what was copied cannot be removed; the next start tries again");
                let error = StoreError::NotDone(error.to_string().into());
                let _ = answer.send(Err(error));
                return Ok(());
            }
            let seconds = started.elapsed().as_secs_f64();
            tracing::info!(before, after = bytes, seconds, "compacted");
            let _ = answer.send(Ok(Compacted::Done {
                before,
                after: bytes,
            }));
            Ok(())
        }));
        Ok(Some(Data { tree, file }))
    }

    /// Leaves a copy that cannot be finished.
    fn abandon(&mut self, error: &EmbeddedError) {
        if let Stage::Copying(copy) | Stage::Syncing(copy, _) =
            std::mem::replace(&mut self.stage, Stage::Idle)
        {
            self.give_up(copy.job, Some(copy.tree), copy.number, error);
        }
    }

    fn give_up(&self, job: Job, tree: Option<sled::Db>, number: u64, error: &EmbeddedError) {
        tracing::error!(%error, "the store's data cannot be copied; they stay as they are");
        job.refuse(&StoreError::NotDone(error.to_string().into()));
        let folder = self.folder.clone();
        drop(self.elsewhere(move || {
            drop(tree);
            Ok(folder.remove(number)?)
        }));
    }

    /// Ends what is under way: there is nobody left to wait for it.
    pub(super) fn close(&mut self) {
        for job in self.waiting.drain(..) {
            job.refuse(&StoreError::Closing);
        }
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => {}
            // Where this does not remove the folder, the next start does.
            Stage::Opening { job, .. } => job.refuse(&StoreError::Closing),
            Stage::Copying(copy) | Stage::Syncing(copy, _) => {
                copy.job.refuse(&StoreError::Closing);
                drop(copy.tree);
                let _ = self.folder.remove(copy.number);
            }
        }
    }
}

impl Copy {
    fn is_to_be_synced(&self) -> bool {
        self.phase == Phase::Whole || self.unsynced >= UNSYNCED_BYTES
    }

    /// Copies or compares what follows, for about one turn.
    fn turn(&mut self, from: &sled::Tree, last_turn: &mut Instant) -> Result<(), EmbeddedError> {
        let begun = Instant::now();
        let turn = TURN.max(begun.duration_since(*last_turn) / PART);
        while !self.is_to_be_synced() && begun.elapsed() < turn {
            let more = match self.phase {
                Phase::Copying => self.copy(from)?,
                Phase::Comparing => self.compare(from)?,
                Phase::Whole => break,
            };
            if !more {
                self.cursor = None;
                self.phase = match self.phase {
                    Phase::Copying => Phase::Comparing,
                    Phase::Comparing | Phase::Whole => Phase::Whole,
                };
            }
        }
        *last_turn = Instant::now();
        Ok(())
    }

    /// What follows after the last key.
    fn rest(&self) -> (Bound<IVec>, Bound<IVec>) {
        let start = self.cursor.clone();
        (
            start.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        )
    }

    /// Copies a chunk. Says whether there is more.
    fn copy(&mut self, from: &sled::Tree) -> Result<bool, EmbeddedError> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        for entry in from.range(self.rest()) {
            let (key, value) = entry?;
            bytes += key.len() + value.len();
            if key != keys::RESIDUE {
                batch.insert(key.clone(), value);
            }
            self.cursor = Some(key);
            if bytes >= CHUNK_BYTES {
                break;
            }
        }
        batch.apply(&self.tree)?;
        self.unsynced += bytes;
        Ok(bytes >= CHUNK_BYTES)
    }

    /// Compares a chunk. Says whether there is more.
    fn compare(&mut self, from: &sled::Tree) -> Result<bool, EmbeddedError> {
        let (ours, theirs) = (self.tree.range(self.rest()), from.range(self.rest()));
        let mut ours = ours.filter(counts);
        let mut bytes = 0;
        for entry in theirs.filter(counts) {
            let (key, value) = entry?;
            let (copied_key, copied) = ours.next().ok_or(EmbeddedError::Copy)??;
            if (&copied_key, &copied) != (&key, &value) {
                return Err(EmbeddedError::Copy);
            }
            bytes += key.len() + value.len();
            self.cursor = Some(key);
            if bytes >= CHUNK_BYTES {
                return Ok(true);
            }
        }
        match ours.next() {
            None => Ok(false),
            Some(_) => Err(EmbeddedError::Copy),
        }
    }

    /// Writes since when the copy has bytes of what was erased.
    fn note_residue(&self) -> Result<(), EmbeddedError> {
        if let Some(at) = self.residue {
            let value = at.as_milliseconds().to_be_bytes();
            self.tree.insert(keys::RESIDUE, &value)?;
        }
        Ok(())
    }
}

/// Whether an entry is one that both have, or cannot be read.
fn counts(entry: &sled::Result<(IVec, IVec)>) -> bool {
    !matches!(entry, Ok((key, _)) if key == keys::RESIDUE)
}

/// Refuses to fill the disk.
fn require_space(folder: &StoreFolder) -> Result<(), EmbeddedError> {
    let disk = rustix::fs::statvfs(folder.path()).map_err(std::io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < FREE_BYTES {
        return Err(EmbeddedError::Space { free });
    }
    Ok(())
}
