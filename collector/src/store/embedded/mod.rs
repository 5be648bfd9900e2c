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
mod blocks;
mod committer;
mod consents;
mod content;
mod contribution;
mod copying;
mod counted_by;
mod counters;
mod days;
mod disk;
mod erased;
mod exposures;
mod flusher;
mod folder;
mod folding;
mod funnels;
mod garbage;
mod group;
mod held;
mod index;
mod keeping;
mod keys;
mod leaving;
mod links;
mod mark;
mod merge_record;
mod merges;
mod migration;
mod notes;
mod opening;
mod packed;
mod pages;
mod reading;
mod record;
mod recount;
mod refused;
mod restoring;
mod retention;
mod seen;
mod side_by_side;
#[cfg(test)]
mod tests;
mod timeline;
mod undo;
mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use firstglance_engine::codec::{DecodeError, Encode};
use firstglance_engine::{Person, Profile, Timestamp, UserId, VisitorId};
use tokio::sync::{mpsc, oneshot};

use super::audit::AuditEntry;
use super::calendar::Calendar;
use super::content::{ContentVersion, NewContent, Posting};
use super::counting::{Count, Metric, Period, Sum};
use super::feed::Feed;
use super::listing::{List, ListSize, Listed, Position as ListPosition};
use super::merges::{KeptMerge, MergeFilter, Undo, Undone};
use super::meter::Meter;
use super::refused::{RefusedMessage, RefusedPage, Shelf};
use super::{
    BackedUp, Backup, Commit, Committed, Compact, Compacted, Erased, Erasure, Expired, Later,
    Position, ProfileFold, Retention, SaidConsent, Store, StoreError, StoredPage, TimelineEntry,
    joining,
};
use blocks::Blocks;
use committer::{Committer, Old, Pending};
use copying::{Copier, Current, Job};
use disk::{Disk, Plain, Synced};
use flusher::Data;
use folder::{Pointer, StoreFolder};
use held::Records;
use record::VisitorRecord;
use undo::ReadAhead;

/// Version of the layout in [`keys`].
const LAYOUT: &[u8] = b"7";

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
    /// sled found its files damaged, or panicked over them.
    #[error(
        "the files in {path} are damaged: {reason}. Restore them from a backup; if there is none, keep \
         a copy of the folder before anything else is tried", path = .path.display()
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What sled said.
        reason: String,
    },
    /// Requests that were acknowledged are missing.
    #[error(
        "the end of the log is damaged: {missing} groups of requests that were acknowledged are not \
         there any more. Restore the data from a backup; or, to go on with what is left, remove the \
         file {path} and start again", path = .path.display()
    )]
    Missing {
        /// How many groups: each is what shared a flush.
        missing: u64,
        /// The file that knows of them.
        path: PathBuf,
    },
    /// What says which files count cannot be read.
    #[error(
        "{path}: this file does not name the files that count. Restore the data from a backup", path = .0.display()
    )]
    Pointer(PathBuf),
    /// Two stores lie in one folder.
    #[error(
        "{path}: there are two stores here: the one that counts, and files \"db\", \"conf\" and \"snap…\" that \
         an older version of firstglance has written beside it. Move those away, then start again; the older \
         version can read them", path = .0.display()
    )]
    Former(PathBuf),
    /// There is too little room on the disk for a copy.
    #[error("only {free} bytes of the disk are free, which is too little for a copy")]
    Space {
        /// Bytes.
        free: u64,
    },
    /// A copy is not what it is a copy of.
    #[error("the copy differs from what was copied; it is not used")]
    Copy,
    /// A thread of the store ended where it must not.
    #[error("a thread of the store ended")]
    Thread,
    /// The data were written by another version of this program.
    #[error("the data have the layout {0:?}, which this version of firstglance does not know")]
    Layout(String),
}

pub use archive::ArchiveError;
pub use restoring::{RestoreError, check_backup, restore};
pub use verify::{Finding, FindingKind, Mode, Verified, verify};

/// The embedded store.
pub struct Embedded {
    current: Arc<Current>,
    blocks: Arc<Blocks>,
    calendar: Calendar,
    queue: Mutex<Option<mpsc::Sender<Pending>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    failure: Failure,
    feed: Feed,
    meter: Meter,
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
    /// Opens the store in a folder, which is made if need be. Days are counted as they have been until
    /// now; where nothing was yet, by UTC.
    ///
    /// # Errors
    /// [`EmbeddedError`] when the folder cannot be written or its data cannot be read.
    pub fn open(folder: &Path, fold: ProfileFold) -> Result<Self, EmbeddedError> {
        Self::open_on(folder, fold, None, Arc::new(Plain))
    }

    /// Like [`Embedded::open`], with days by a calendar. Where they were counted by another one until
    /// now, they are first counted anew, which takes a while.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_by(
        folder: &Path,
        fold: ProfileFold,
        calendar: &Calendar,
    ) -> Result<Self, EmbeddedError> {
        Self::open_on(folder, fold, Some(calendar), Arc::new(Plain))
    }

    /// Like [`Embedded::open_by`], with another way to reach the disk: tests let it fail.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_with(
        folder: &Path,
        fold: ProfileFold,
        calendar: &Calendar,
        sync: Sync,
    ) -> Result<Self, EmbeddedError> {
        Self::open_on(folder, fold, Some(calendar), Arc::new(Synced::new(sync)))
    }

    fn open_on(
        folder: &Path,
        fold: ProfileFold,
        calendar: Option<&Calendar>,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, EmbeddedError> {
        let folder = StoreFolder::open(folder)?;
        let (pointer, tree, calendar) = open_tree(&folder, calendar)?;
        let (mark, group) = opening::whole(folder.path(), &tree)?;
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
        let (feed, meter) = (Feed::default(), Meter::default());
        let told = (feed.clone(), meter.clone());
        let copier = Copier::new(folder, current.clone(), pointer, wake)?;
        let blocks = Arc::new(Blocks::default());
        let committer = Committer::new(
            data,
            (fold, calendar.clone()),
            (disk, mark),
            group,
            failure.clone(),
            told,
            (copier, blocks.clone()),
        )?;
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || committer.run(waiting))?;
        Ok(Self {
            current,
            blocks,
            calendar,
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            failure,
            feed,
            meter,
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

    fn consent<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Option<SaidConsent>> {
        Box::pin(async move {
            match self.record(visitor) {
                Ok(record) => Ok(record.and_then(|record| record.consent)),
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

    fn latest<'a>(&'a self, visitor: &'a VisitorId, limit: usize) -> Later<'a, Vec<TimelineEntry>> {
        let visitor = visitor.clone();
        self.scan(move |tree| timeline::latest(tree, &visitor, limit))
    }

    fn visitors(
        &self,
        after: Option<VisitorId>,
        limit: usize,
    ) -> Later<'_, Vec<(VisitorId, Profile)>> {
        self.scan(move |tree| {
            let mut found = Vec::new();
            pages::found(tree, after.as_ref(), limit, |visitor, bytes| {
                found.push((visitor, VisitorRecord::from_bytes(&bytes)?.profile));
                Ok(())
            })?;
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

    fn stored_page(
        &self,
        after: Option<&VisitorId>,
        limit: usize,
    ) -> Result<StoredPage, StoreError> {
        let page = pages::read(&self.tree(), after, limit);
        page.map_err(|error| unreadable(&error))
    }

    fn post(&self, posting: Posting, new: NewContent) -> Later<'_, u64> {
        self.ask(move |answer| Pending::Post {
            posting,
            new,
            answer,
        })
    }

    fn versions(
        &self,
        posting: Posting,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, Vec<ContentVersion>> {
        self.scan(move |tree| content::read(tree, posting, before, limit))
    }

    fn version(&self, posting: Posting, number: u64) -> Later<'_, Option<ContentVersion>> {
        self.scan(move |tree| content::one(tree, posting, number))
    }

    fn version_in_force(&self, posting: Posting) -> Later<'_, Option<ContentVersion>> {
        self.scan(move |tree| content::in_force(tree, posting))
    }

    fn merges(
        &self,
        filter: MergeFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, Vec<KeptMerge>> {
        self.scan(move |tree| merges::read(tree, &filter, before, limit))
    }

    fn undo(&self, undo: Undo) -> Later<'_, Undone> {
        let merge = undo.merge;
        Box::pin(async move {
            // Not on the committer's thread: a visitor may have sent very much.
            let ahead = self.scan(move |tree| ReadAhead::of(tree, merge)).await?;
            self.ask(|answer| Pending::Undo {
                undo,
                ahead,
                answer,
            })
            .await
        })
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

    fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    fn counts(&self, metric: Metric, first: Period, last: Period) -> Later<'_, Vec<Count>> {
        let calendar = self.calendar.clone();
        self.scan(move |tree| reading::counts((tree, &calendar), metric, first, last))
    }

    fn sums(&self, metrics: Vec<Metric>, first: Period, last: Period) -> Later<'_, Vec<Sum>> {
        let (blocks, calendar) = (self.blocks.clone(), self.calendar.clone());
        self.scan(move |tree| reading::sums((tree, &calendar), &blocks, &metrics, (first, last)))
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

    fn visitors_of_user<'a>(&'a self, user: &'a UserId) -> Later<'a, Vec<VisitorId>> {
        let user = user.clone();
        self.scan(move |tree| joining::visitors_of_user(&mut Records::new(tree), &user))
    }

    fn feed(&self) -> &Feed {
        &self.feed
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn waiting(&self) -> usize {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let free = queue.as_ref().map(mpsc::Sender::capacity);
        free.map_or(0, |free| WAITING.saturating_sub(free))
    }

    fn size(&self) -> Later<'_, u64> {
        let tree = self.tree();
        self.scan(move |_| Ok(tree.size_on_disk()?))
    }
}

/// Opens the data that count, in the present layout and counted by a calendar, or by the one that they are
/// counted by; what is left over beside them goes. New data are made where there are none.
fn open_tree(
    folder: &StoreFolder,
    calendar: Option<&Calendar>,
) -> Result<(Pointer, sled::Db, Calendar), EmbeddedError> {
    let pointer = folder.current()?;
    if pointer.copied_from_root {
        folder.remove(folder::ROOT)?;
    } else if pointer.number != folder::ROOT && folder.has_root() {
        return Err(EmbeddedError::Former(folder.path().to_owned()));
    }
    folder.remove_others(pointer.number)?;
    let tree = folder.tree(pointer.number)?;
    match tree.get(keys::VERSION)? {
        Some(version) if version == LAYOUT => {}
        Some(version) => {
            let disk = folder.file(pointer.number)?;
            migration::migrate(&tree, &version, &disk)?;
        }
        None => {
            merges::Merges::begin(&tree)?;
            counted_by::begin(&tree, calendar)?;
            tree.insert(keys::VERSION, LAYOUT)?;
            tree.flush()?;
            folder.file(pointer.number)?.sync_data()?;
            folder.sync_names(pointer.number)?;
        }
    }
    // Written before there was an audit of merges.
    if !tree.contains_key(keys::MERGES)? {
        merges::Merges::begin(&tree)?;
        tree.flush()?;
        folder.file(pointer.number)?.sync_data()?;
    }
    let calendar = counted_by::settle(&tree, calendar, &folder.file(pointer.number)?)?;
    let settled = Pointer {
        copied_from_root: false,
        ..pointer
    };
    if settled != pointer {
        folder.point_to(settled)?;
    }
    Ok((settled, tree, calendar))
}
