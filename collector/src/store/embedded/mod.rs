//! The embedded store: sled, in a folder of this machine.
//!
//! All that changes together goes through one thread (`committer`) into one atomic batch of one
//! tree (`keys`). What is known of sled 0.34.7 on Linux and met here: `flush()` ends in
//! `sync_file_range`, which does not empty the device's cache, so `sync_data()` on the file
//! follows each flush; its periodic flush is switched off; its cache is bounded.
//!
//! Never answers a commit before it is on disk, and after a failed write or flush never again:
//! what memory and disk hold may then differ, and only a restart finds out.

mod archive;
mod batch;
mod committer;
mod copying;
mod disk;
mod erased;
mod flusher;
mod folder;
mod folding;
mod group;
mod held;
mod index;
mod keys;
mod migration;
mod notes;
mod record;
mod refused;
mod retention;
mod seen;
#[cfg(test)]
mod tests;
mod timeline;
mod verification;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use firstglance_engine::codec::{DecodeError, Encode};
use firstglance_engine::{Person, Profile, Timestamp, VisitorId};
use tokio::sync::{mpsc, oneshot};

use super::audit::AuditEntry;
use super::listing::{List, ListSize, Listed, Position as ListPosition};
use super::refused::{RefusedMessage, RefusedPage, Shelf};
use super::{
    BackedUp, Backup, Commit, Committed, Compact, Compacted, Erased, Erasure, Expired, Later,
    Position, ProfileFold, Retention, Store, StoreError, TimelineEntry, joining,
};
pub use archive::ArchiveError;
use committer::{Committer, Old, Pending};
use copying::{Copier, Current, Job};
use disk::{Disk, Plain, Synced};
use flusher::Data;
use folder::{Pointer, StoreFolder};
use held::Records;
use record::VisitorRecord;
use verification::Verification;
pub use verification::{Finding, Repair, Verified};

/// Version of the layout in [`keys`].
const LAYOUT: [u8; 1] = *b"3";

/// Requests that may wait for the committer; more are asked to come back later.
const WAITING: usize = 1_024;

/// Makes sure that what was flushed survives a loss of power.
pub type Sync = Box<dyn FnMut() -> io::Result<()> + Send>;

/// What went wrong inside the embedded store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// sled failed.
    #[error("{0}")]
    Engine(#[from] sled::Error),
    /// The file system failed.
    #[error("{0}")]
    Disk(#[from] io::Error),
    /// A record cannot be read.
    #[error("{0}")]
    Record(#[from] DecodeError),
    /// A key cannot be read.
    #[error("a key in the store is not one of ours")]
    Key,
    /// The data were written by another version of this program.
    #[error("the data have the layout {0:?}, which this version of firstglance does not know")]
    Layout(String),
    /// The file that says which data count is not one of ours.
    #[error("{path}: this does not say which data are the current ones", path = .0.display())]
    Pointer(PathBuf),
    /// An older version of this program has written beside the data of this one.
    #[error(
        "{path}: an older version of firstglance has written here after this one; move the files \
         db, conf, blobs and snap.* into an empty folder and open that with this version to read \
         what it took in",
        path = .0.display()
    )]
    Former(PathBuf),
    /// The disk is almost full.
    #[error("the disk has {free} bytes left; some of them must stay free for what comes in")]
    Space {
        /// Bytes that are free.
        free: u64,
    },
    /// Something that another thread did was broken off.
    #[error("a thread was broken off")]
    Thread,
}

/// The embedded store.
pub struct Embedded {
    current: Arc<Current>,
    queue: Mutex<Option<mpsc::Sender<Pending>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failure: Failure,
}

/// Why nothing is acknowledged any more; unset while all is well.
#[derive(Clone, Default)]
struct Failure(Arc<OnceLock<Arc<str>>>);

impl Failure {
    fn check(&self) -> Result<(), StoreError> {
        match self.0.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Failed(reason.clone())),
        }
    }

    /// Keeps the first reason.
    fn set(&self, reason: &str) -> StoreError {
        let reason = self.0.get_or_init(|| {
            tracing::error!(reason, "the store failed; nothing is taken in any more");
            reason.into()
        });
        StoreError::Failed(reason.clone())
    }
}

impl Embedded {
    /// Opens the store in a folder, which is made if need be.
    ///
    /// # Errors
    /// [`EmbeddedError`] when the folder cannot be written or its data cannot be read.
    pub fn open(folder: &Path, fold: ProfileFold) -> Result<Self, EmbeddedError> {
        Self::open_on(folder, fold, Arc::new(Plain))
    }

    /// Like [`Embedded::open`], with another way to reach the disk: tests let it fail.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_with(folder: &Path, fold: ProfileFold, sync: Sync) -> Result<Self, EmbeddedError> {
        Self::open_on(folder, fold, Arc::new(Synced::new(sync)))
    }

    fn open_on(
        folder: &Path,
        fold: ProfileFold,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, EmbeddedError> {
        let folder = StoreFolder::open(folder)?;
        let (pointer, tree) = open_data(&folder)?;
        let data = Data {
            tree: tree.clone(),
            file: folder.file(pointer.number)?,
        };
        let failure = Failure::default();
        let (queue, waiting) = mpsc::channel(WAITING);
        let weak = queue.downgrade();
        let wake = Arc::new(move || {
            // Where the queue is full there is enough in it to wake the committer.
            if let Some(queue) = weak.upgrade() {
                let _ = queue.try_send(Pending::Wake);
            }
        });
        let current = Arc::new(Current::new(tree));
        let copier = Copier::new(folder, current.clone(), pointer, wake)?;
        let committer = Committer::new(data, fold, disk, failure.clone(), copier)?;
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || committer.run(waiting))?;
        Ok(Self {
            current,
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            failure,
        })
    }

    /// The tree as of now. It must not be kept: another takes its place, see `copying`.
    fn tree(&self) -> sled::Db {
        self.current.tree()
    }

    fn record(&self, visitor: &VisitorId) -> Result<Option<VisitorRecord>, EmbeddedError> {
        let stored = self.tree().get(keys::visitor(visitor))?;
        Ok(stored
            .map(|bytes| VisitorRecord::from_bytes(&bytes))
            .transpose()?)
    }

    /// Asks the committer and waits for its answer.
    fn ask<'a, T: Send + 'a>(
        &'a self,
        pending: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Pending + Send + 'a,
    ) -> Later<'a, T> {
        Box::pin(async move {
            self.failure.check()?;
            let (answer, answered) = oneshot::channel();
            {
                let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                let queue = queue.as_ref().ok_or(StoreError::Closing)?;
                queue
                    .try_send(pending(answer))
                    .map_err(|error| match error {
                        mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                        mpsc::error::TrySendError::Closed(_) => {
                            self.failure.set("the committer stopped")
                        }
                    })?;
            }
            match answered.await {
                Ok(outcome) => outcome,
                Err(_) => Err(self.failure.set("the committer stopped")),
            }
        })
    }

    /// Runs a read that may touch many records where it does not hold up other requests.
    fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&sled::Tree) -> Result<T, EmbeddedError> + Send + 'static,
    ) -> Later<'_, T> {
        let tree = self.tree();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read(&tree)).await;
            match read {
                Ok(result) => result.map_err(|error| unreadable(&error)),
                Err(_) => Err(StoreError::Failed("a read was broken off".into())),
            }
        })
    }
}

/// A failed read does not stop the store: what it holds is as safe as before.
fn unreadable(error: &EmbeddedError) -> StoreError {
    tracing::error!(%error, "a record cannot be read");
    StoreError::Failed(error.to_string().into())
}

impl Store for Embedded {
    fn commit(&self, commit: Commit) -> Later<'_, Committed> {
        self.ask(|answer| Pending::Commit { commit, answer })
    }

    fn settle(&self, visitors: Vec<VisitorId>, now: Timestamp) -> Later<'_, usize> {
        self.ask(move |answer| Pending::Settle {
            visitors,
            now,
            answer,
        })
    }

    // The bytes are in the file until it is copied.
    fn erase(&self, erasure: Erasure) -> Later<'_, Erased> {
        self.ask(|answer| Pending::Erase { erasure, answer })
    }

    fn person<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Person> {
        let visitor = visitor.clone();
        self.scan(move |tree| {
            let mut records = Records::new(tree);
            let mut person = Person::new();
            for one in joining::visitors_of(&mut records, &visitor)? {
                let held = records.visitor(&one)?;
                if held.known {
                    person.add(one, std::mem::take(&mut held.record.profile));
                }
            }
            Ok(person)
        })
    }

    fn visitor<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Option<Profile>> {
        // One key, almost always in the cache: moving it to another thread would cost more.
        Box::pin(async move {
            match self.record(visitor) {
                Ok(record) => Ok(record.map(|record| record.profile)),
                Err(error) => Err(unreadable(&error)),
            }
        })
    }

    fn timeline<'a>(
        &'a self,
        visitor: &'a VisitorId,
        after: Option<Position>,
        limit: usize,
    ) -> Later<'a, Vec<TimelineEntry>> {
        let visitor = visitor.clone();
        self.scan(move |tree| timeline::read(tree, &visitor, after, limit))
    }

    fn visitors(
        &self,
        after: Option<VisitorId>,
        limit: usize,
    ) -> Later<'_, Vec<(VisitorId, Profile)>> {
        use std::ops::Bound;
        self.scan(move |tree| {
            let from = match after {
                None => Bound::Included(keys::VISITORS.to_vec()),
                Some(visitor) => Bound::Excluded(keys::visitor(&visitor)),
            };
            let mut found = Vec::new();
            for entry in tree.range((from, Bound::Unbounded)).take(limit) {
                let (key, bytes) = entry?;
                if !key.starts_with(keys::VISITORS) {
                    break;
                }
                let visitor = keys::visitor_of(&key).ok_or(EmbeddedError::Key)?;
                found.push((visitor, VisitorRecord::from_bytes(&bytes)?.profile));
            }
            Ok(found)
        })
    }

    fn due(
        &self,
        after: Option<VisitorId>,
        limit: usize,
        retention: Retention,
        now: Timestamp,
    ) -> Later<'_, (Vec<VisitorId>, Option<VisitorId>)> {
        self.scan(move |tree| retention::due(tree, after.as_ref(), limit, retention, now))
    }

    fn expire(
        &self,
        visitors: Vec<VisitorId>,
        retention: Retention,
        now: Timestamp,
    ) -> Later<'_, Expired> {
        self.ask(move |answer| Pending::Expire {
            old: Old {
                visitors,
                retention,
                now,
            },
            answer,
        })
    }

    fn compact(&self, when: Compact) -> Later<'_, Compacted> {
        self.ask(move |answer| Pending::Compact { when, answer })
    }

    fn back_up(&self, backup: Backup) -> Later<'_, BackedUp> {
        self.ask(move |answer| {
            let Backup { to, files } = backup;
            Pending::Copy(Job::Backup { to, files, answer })
        })
    }

    fn note(&self, entry: AuditEntry) -> Later<'_, ()> {
        self.ask(|answer| Pending::Note { entry, answer })
    }

    fn notes(&self, before: Option<u64>, limit: usize) -> Later<'_, Vec<(u64, AuditEntry)>> {
        self.scan(move |tree| notes::read(tree, before, limit))
    }

    fn list(
        &self,
        lists: Vec<List>,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Later<'_, Vec<Listed>> {
        self.scan(move |tree| index::read(tree, &lists, after.as_ref(), limit))
    }

    fn list_sizes(&self) -> Later<'_, Vec<ListSize>> {
        self.scan(index::sizes)
    }

    fn ready(&self) -> Result<(), StoreError> {
        self.failure.check()?;
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref() {
            None => Err(StoreError::Closing),
            Some(queue) if queue.is_closed() => Err(self.failure.set("the committer stopped")),
            Some(_) => Ok(()),
        }
    }

    fn keep_refused(&self, refused: Vec<RefusedMessage>) -> usize {
        let count = refused.len();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue
            .as_ref()
            .is_some_and(|queue| queue.try_send(Pending::Refuse(refused)).is_ok());
        if sent { 0 } else { count }
    }

    fn refused(
        &self,
        shelf: Shelf,
        reason: Option<Box<str>>,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, RefusedPage> {
        self.scan(move |tree| refused::read(tree, shelf, reason.as_deref(), before, limit))
    }

    fn close(&self) -> Later<'_, ()> {
        // Without a sender the committer finishes what waits and ends.
        let taken = |mutex: &Mutex<Option<JoinHandle<()>>>| {
            mutex.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = taken(&self.thread);
        Box::pin(async move {
            if let Some(thread) = thread {
                let joined = tokio::task::spawn_blocking(move || thread.join()).await;
                if !matches!(joined, Ok(Ok(()))) {
                    return Err(self.failure.set("the committer stopped"));
                }
            }
            self.failure.check()
        })
    }
}

/// Checks everything in the store of a folder, which nobody else may have open, and repairs it as far
/// as is asked. Each finding is told as it is made.
///
/// # Errors
/// [`EmbeddedError`] when the store cannot be opened, read or written.
pub fn verify(
    folder: &Path,
    repair: Repair<'_>,
    tell: &mut dyn FnMut(Finding),
) -> Result<Verified, EmbeddedError> {
    let folder = StoreFolder::open(folder)?;
    let (pointer, tree) = open_data(&folder)?;
    let verified = Verification::new(&tree, repair, tell).run()?;
    tree.flush()?;
    folder.file(pointer.number)?.sync_data()?;
    Ok(verified)
}

/// Reads a backup to its end and says what is in it.
///
/// # Errors
/// [`ArchiveError`] when it is damaged or of another version.
pub fn check_backup(path: &Path) -> Result<BackedUp, ArchiveError> {
    archive::read(path, |_| Ok(()))
}

/// Makes a store from a backup, in a folder without one; its small files are given out.
///
/// # Errors
/// [`RestoreError`] when the backup cannot be read or the folder not be written. What is in the
/// folder then must not be used.
pub fn restore(
    path: &Path,
    folder: &Path,
    mut file: impl FnMut(&str, &[u8]) -> Result<(), String>,
) -> Result<BackedUp, RestoreError> {
    const CHUNK_BYTES: usize = 4 * 1024 * 1024;
    let folder = StoreFolder::open(folder).map_err(EmbeddedError::from)?;
    let tree = folder.tree(1)?;
    let mut batch = sled::Batch::default();
    let mut bytes = 0;
    let restored = archive::read(path, |entry| {
        match entry {
            archive::Entry::File { name, content } => {
                file(&name, &content).map_err(RestoreError::File)?;
            }
            archive::Entry::Record { key, value } => {
                bytes += key.len() + value.len();
                batch.insert(key, value);
                if bytes >= CHUNK_BYTES {
                    let batch = std::mem::take(&mut batch);
                    tree.apply_batch(batch).map_err(EmbeddedError::from)?;
                    bytes = 0;
                }
            }
        }
        Ok::<(), RestoreError>(())
    })?;
    let pointer = || -> Result<(), EmbeddedError> {
        tree.apply_batch(batch)?;
        tree.flush()?;
        folder.file(1)?.sync_data()?;
        let bytes = tree.size_on_disk()?;
        Ok(folder.point_to(Pointer {
            number: 1,
            bytes,
            migrated: false,
        })?)
    };
    pointer()?;
    Ok(restored)
}

/// Why a backup could not be restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error("{0}")]
    Archive(#[from] ArchiveError),
    /// The store cannot be written.
    #[error("{0}")]
    Store(#[from] EmbeddedError),
    /// A small file cannot be written.
    #[error("{0}")]
    File(String),
}

/// Opens the data that count, in the present layout, and removes what is left over beside them.
fn open_data(folder: &StoreFolder) -> Result<(Pointer, sled::Db), EmbeddedError> {
    let pointer = match folder.current()? {
        Some(pointer) => {
            if folder.has_former() && !pointer.migrated {
                return Err(EmbeddedError::Former(folder.path().to_owned()));
            }
            pointer
        }
        None => {
            folder.remove_others(None)?;
            if folder.has_former() {
                migration::migrate(folder)?
            } else {
                create(folder)?
            }
        }
    };
    folder.remove_others(Some(pointer.number))?;
    if pointer.migrated {
        folder.remove_former()?;
    }
    let tree = folder.tree(pointer.number)?;
    match tree.get(keys::VERSION)? {
        Some(version) if version == LAYOUT => {}
        version => {
            let version = version.unwrap_or_default();
            let version = String::from_utf8_lossy(&version).into_owned();
            return Err(EmbeddedError::Layout(version));
        }
    }
    let pointer = Pointer {
        migrated: false,
        ..pointer
    };
    if folder.current()? != Some(pointer) {
        folder.point_to(pointer)?;
    }
    Ok((pointer, tree))
}

/// Makes new data without anything in them.
fn create(folder: &StoreFolder) -> Result<Pointer, EmbeddedError> {
    let pointer = Pointer {
        number: 1,
        bytes: 0,
        migrated: false,
    };
    let tree = folder.tree(pointer.number)?;
    tree.insert(keys::VERSION, &LAYOUT)?;
    tree.flush()?;
    folder.file(pointer.number)?.sync_data()?;
    folder.point_to(pointer)?;
    Ok(pointer)
}
