//! The store: what the collector asks of whatever keeps its data.
//!
//! A store keeps, for each visitor, the messages as they came and the profile folded from them,
//! and, by the rules in [`joining`], which visitors are one person's.
//! It promises three things. A commit is *atomic*: messages, profile and the memory of message ids
//! change together or not at all. It is *durable* when it answers: on disk, or refused. And a
//! message counts *once*: the same visitor and message id a second time is a duplicate, in
//! whatever request, process or year it comes.
//!
//! The trait never names a storage engine and never assumes that this process is the only writer:
//! the read-modify-write of a profile happens inside the store's own transaction, through
//! [`ProfileFold`].

pub mod audit;
pub mod calendar;
pub mod content;
pub mod counting;
pub mod embedded;
pub mod feed;
pub mod joining;
pub mod listing;
pub mod merges;
pub mod meter;
mod origin;
pub mod refused;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use firstglance_engine::history::Change;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::model::Consent;
use firstglance_engine::{
    Evaluation, Message, Milliseconds, Model, Person, Profile, Timestamp, UserId, VisitorId,
};

use crate::effect::Goal;
use crate::journey::Funnel;
use audit::AuditEntry;
use calendar::Calendar;
use content::{ContentVersion, NewContent, Posting};
use counting::{Count, Metric, Period, Sum};
use feed::Feed;
use listing::{List, ListSize, Listed, Position as ListPosition};
use merges::{KeptMerge, MergeFilter, Undo, Undone};
use meter::Meter;
use refused::{RefusedMessage, RefusedPage, Shelf};

/// An answer that arrives later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps messages and profiles. See the module for what it promises.
pub trait Store: Send + Sync + 'static {
    /// Stores messages and folds them into the profiles of their visitors. The answer comes when
    /// all of it is on disk.
    fn commit(&self, commit: Commit) -> Later<'_, Committed>;

    /// What is known of a visitor.
    fn visitor<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Option<Profile>>;

    /// Which consent a visitor's page said last; nothing where it never said one.
    fn consent<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Option<SaidConsent>>;

    /// All visitors of the person that a visitor belongs to, itself included, and their profiles:
    /// at most [`joining::MOST_VISITORS`]. Nobody where the visitor is not known.
    fn person<'a>(&'a self, visitor: &'a VisitorId) -> Later<'a, Person>;

    /// Records what time alone has changed of visitors up to a moment, in profile and timeline.
    /// The answer, how many changes there were, comes when all of it is on disk.
    fn settle(&self, visitors: Vec<VisitorId>, now: Timestamp) -> Later<'_, usize>;

    /// Erases a visitor: messages, profile, the memory of message ids, and the place in a person,
    /// whose other visitors stay. All of it goes in one transaction; the answer comes when that is
    /// on disk.
    ///
    /// For some days after that, messages that were on their way do not make the visitor known
    /// again, see [`Ground`]: they are left out as if they were duplicates.
    fn erase(&self, erasure: Erasure) -> Later<'_, Erased>;

    /// A visitor's messages in the order of their time, at most so many, from the first one after
    /// a position.
    fn timeline<'a>(
        &'a self,
        visitor: &'a VisitorId,
        after: Option<Position>,
        limit: usize,
    ) -> Later<'a, Vec<TimelineEntry>>;

    /// The last of a visitor's messages, at most so many, in the order of their time.
    fn latest<'a>(&'a self, visitor: &'a VisitorId, limit: usize) -> Later<'a, Vec<TimelineEntry>>;

    /// Visitors and their profiles in the order of their ids, at most so many, from the first one
    /// after an id.
    fn visitors(
        &self,
        after: Option<VisitorId>,
        limit: usize,
    ) -> Later<'_, Vec<(VisitorId, Profile)>>;

    /// A page of visitors in the order of their ids, at most so many, from the first one after an id,
    /// whose profiles are still to be read: see [`StoredPage`]. Blocks its thread for the reading of
    /// some keys.
    ///
    /// # Errors
    /// [`StoreError`] where nothing can be read.
    fn stored_page(
        &self,
        after: Option<&VisitorId>,
        limit: usize,
    ) -> Result<StoredPage, StoreError>;

    /// Visitors who are in any of some lists, with their profiles, at most so many, from the first
    /// one after a position: those seen latest first, see [`listing`]. What is recorded decides, so
    /// what time alone has changed is in the lists once it was settled.
    fn list(
        &self,
        lists: Vec<List>,
        after: Option<ListPosition>,
        limit: usize,
    ) -> Later<'_, Vec<Listed>>;

    /// All lists that have anybody, and how many.
    fn list_sizes(&self) -> Later<'_, Vec<ListSize>>;

    /// Puts an entry into the audit log. The answer comes when it is on disk.
    fn note(&self, entry: AuditEntry) -> Later<'_, ()>;

    /// Entries of the audit log, latest first, at most so many, from the first one that is older
    /// than a number.
    fn notes(&self, before: Option<u64>, limit: usize) -> Later<'_, Vec<(u64, AuditEntry)>>;

    /// Entries of the audit of merges, latest first, at most so many, from the first one that is older
    /// than a number.
    fn merges(
        &self,
        filter: MergeFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, Vec<KeptMerge>>;

    /// Undoes a merge: from then on visitors and persons are as if what the entry says had never been
    /// said, up to this moment. All of it goes in one transaction; the answer comes when that is on
    /// disk.
    fn undo(&self, undo: Undo) -> Later<'_, Undone>;

    /// Keeps a version of what was posted and says its number. The answer comes when it is on disk.
    fn post(&self, posting: Posting, new: NewContent) -> Later<'_, u64>;

    /// Versions of what was posted, latest first, at most so many, from the first one before a number.
    fn versions(
        &self,
        posting: Posting,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, Vec<ContentVersion>>;

    /// The version of a number.
    fn version(&self, posting: Posting, number: u64) -> Later<'_, Option<ContentVersion>>;

    /// The version that is in force: the latest that is no draft.
    fn version_in_force(&self, posting: Posting) -> Later<'_, Option<ContentVersion>>;

    /// Whether commits can succeed at present.
    ///
    /// # Errors
    /// [`StoreError`] says why not.
    fn ready(&self) -> Result<(), StoreError>;

    /// Finishes what has been taken in and lets go of the data. Commits after this are refused.
    fn close(&self) -> Later<'_, ()>;

    /// By which calendar days are counted.
    fn calendar(&self) -> &Calendar;

    /// The counts of a metric from one period to another, both included and of the same length, in
    /// no particular order: see [`counting`]. What is not told is 0.
    fn counts(&self, metric: Metric, first: Period, last: Period) -> Later<'_, Vec<Count>>;

    /// The sums of them over these periods, of several metrics, in no particular order.
    fn sums(&self, metrics: Vec<Metric>, first: Period, last: Period) -> Later<'_, Vec<Sum>>;

    /// All visitors of the person that a user is, sorted; nobody where the user is not known.
    fn visitors_of_user<'a>(&'a self, user: &'a UserId) -> Later<'a, Vec<VisitorId>>;

    /// What was committed, told as it is on disk.
    fn feed(&self) -> &Feed;

    /// What it measures of itself.
    fn meter(&self) -> &Meter;

    /// Requests that wait at present.
    fn waiting(&self) -> usize;

    /// Bytes that the data take on disk.
    fn size(&self) -> Later<'_, u64>;
    /// Of at most so many visitors after an id those of whom something may be too old to be kept; and
    /// the last one looked at, where there are more.
    fn due(
        &self,
        after: Option<VisitorId>,
        limit: usize,
        retention: Retention,
        now: Timestamp,
    ) -> Later<'_, (Vec<VisitorId>, Option<VisitorId>)>;

    /// Removes what is too old of visitors, or a part of it: where records of messages were removed
    /// there may be more. Messages go with the memory of their ids, visitors with everything. The
    /// answer comes when that is on disk.
    fn expire(
        &self,
        visitors: Vec<VisitorId>,
        retention: Retention,
        now: Timestamp,
    ) -> Later<'_, Expired>;

    /// Gives space back, and with it the bytes of whatever was erased before: when it answers,
    /// nothing of that is left in the store's files. Commits go on meanwhile.
    fn compact(&self, when: Compact) -> Later<'_, Compacted>;

    /// Writes everything into one file: what was acknowledged before this was called is in it, and
    /// what is acknowledged meanwhile may be. Commits go on meanwhile.
    fn back_up(&self, backup: Backup) -> Later<'_, BackedUp>;

    /// Keeps messages that were refused, as far as there is room; the oldest make place. Nobody is
    /// told that they are kept, so nobody waits: they are written with what is written next. Says
    /// how many the store had no time for.
    fn keep_refused(&self, refused: Vec<RefusedMessage>) -> usize;

    /// Refused messages of a shelf before a number, the newest first, at most so many, and of one
    /// reason where one is named.
    fn refused(
        &self,
        shelf: Shelf,
        reason: Option<Box<str>>,
        before: Option<u64>,
        limit: usize,
    ) -> Later<'_, RefusedPage>;
}

/// Whom a profile that was read is told to.
pub type Look<'a> = dyn FnMut(&VisitorId, &Profile) + 'a;

/// Visitors whose profiles were found and not read yet, so that several threads can read several pages
/// at once.
pub struct StoredPage {
    /// The last of them; nobody where there is none.
    pub last: Option<VisitorId>,
    /// How many there are.
    pub visitors: usize,
    read: Box<ReadPage>,
}

/// Reads the profiles of a page.
type ReadPage = dyn FnOnce(&mut Look<'_>) -> Result<(), StoreError> + Send;

impl StoredPage {
    /// A page, and how its profiles are read.
    pub fn new(
        last: Option<VisitorId>,
        visitors: usize,
        read: impl FnOnce(&mut Look<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        Self {
            last,
            visitors,
            read: Box::new(read),
        }
    }

    /// Reads the profiles, in their order. Takes a thread for as long as that takes.
    ///
    /// # Errors
    /// [`StoreError`] where one cannot be read.
    pub fn read(self, look: &mut Look<'_>) -> Result<(), StoreError> {
        (self.read)(look)
    }
}

/// Why a store could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// More is asked than it can do at present; nothing was stored. The same may succeed later.
    #[error("the store is busy")]
    Busy,
    /// It is closing; nothing was stored. The same may succeed after a restart.
    #[error("the store is closing")]
    Closing,
    /// It could not do what was asked, and everything is as it was before.
    #[error("the store could not do that: {0}")]
    NotDone(Arc<str>),
    /// It failed and takes nothing more until somebody has looked at it and restarted.
    #[error("the store failed: {0}")]
    Failed(Arc<str>),
}

impl StoreError {
    /// Whether the same request may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Busy | Self::Closing | Self::NotDone(_) => true,
            Self::Failed(_) => false,
        }
    }
}

/// What messages are taken in by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What profiles are evaluated by.
    pub model: Arc<Model>,
    /// What visitors are to do. Conditions of goals are programs of the model.
    pub goals: Arc<[Goal]>,
    /// In which order they are to reach them.
    pub funnels: Arc<[Funnel]>,
}

impl From<Arc<Model>> for Rules {
    /// Without goals and funnels.
    fn from(model: Arc<Model>) -> Self {
        Self {
            model,
            goals: Arc::default(),
            funnels: Arc::default(),
        }
    }
}

/// How a message changes a profile; the store calls it inside its transaction. Clones are the same:
/// other rules for one are other ones for all.
#[derive(Clone, Debug)]
pub struct ProfileFold {
    rules: Arc<ArcSwap<Rules>>,
}

impl ProfileFold {
    /// Folds by these rules.
    #[must_use]
    pub fn new(rules: impl Into<Rules>) -> Self {
        Self {
            rules: Arc::new(ArcSwap::from_pointee(rules.into())),
        }
    }

    /// Folds by other rules from now on: whatever is committed after this has returned, and
    /// perhaps what is being committed.
    pub fn replace(&self, rules: impl Into<Rules>) {
        self.rules.store(Arc::new(rules.into()));
    }

    /// The rules of this moment.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// The same with the rules of this moment, whatever takes their place: what is worked out for one
    /// transaction is worked out by one model.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self {
            rules: Arc::new(ArcSwap::new(self.rules())),
        }
    }

    /// Takes one message into a profile and says what that changed. The evaluation is the
    /// profile's own, kept from message to message.
    pub fn apply(
        &self,
        profile: &mut Profile,
        evaluation: &mut Evaluation,
        message: &Message,
    ) -> Vec<Change> {
        profile.fold_recorded(message, &self.rules.load().model, evaluation)
    }

    /// Settles what time alone has changed up to a moment.
    pub fn settle(&self, profile: &mut Profile, now: Timestamp) -> Vec<Change> {
        profile.settle_recorded(&self.rules.load().model, now)
    }
}

/// The messages of one request.
#[derive(Clone, Debug)]
pub struct Commit {
    /// When the request arrived.
    pub received_at: Timestamp,
    /// The consent under which the request said that it came.
    pub consent: Option<Consent>,
    /// The context that the request gave for all its messages, as JSON.
    pub context: Option<Box<str>>,
    /// The messages.
    pub messages: Vec<NewMessage>,
    /// Whose browser says that it is this visitor's, and what proves it.
    pub claim: Option<Claim>,
}

/// Which consent a visitor's page said with the latest message that came with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidConsent {
    /// Which.
    pub consent: Consent,
    /// When that message happened.
    pub at: Timestamp,
}

/// A message and the text it came as.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// What it says.
    pub message: Message,
    /// As it came: JSON.
    pub raw: Box<str>,
}

/// A browser's claim to be a visitor's own.
///
/// Whoever made a visitor known keeps a secret beside the id; only its digest is stored. Knowing
/// an id is thereby not enough to be taken for that visitor.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The visitor.
    pub visitor: VisitorId,
    /// Digest of the secret, where one was given.
    pub digest: Option<ClaimDigest>,
}

/// Digest of a claim's secret.
pub type ClaimDigest = [u8; 16];

/// A visitor to be erased.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// The visitor.
    pub visitor: VisitorId,
    /// By which right.
    pub ground: Ground,
    /// The present moment.
    pub now: Timestamp,
}

/// By which right a visitor is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The owner wants it. Messages that are older than the erasure are left out from then on; later
    /// ones make the visitor known anew, for nobody has told the browser or the owner's servers to
    /// use another id.
    Owner,
    /// The visitor wants it, and the browser's cookie proves who that is. The id is retired: whoever
    /// was told to forget it uses it no more, whatever its messages say of their time.
    Cookie,
    /// As before, and proven by the secret that the browser keeps, where its digest is the one that
    /// is stored. The digest is not there where the request has none.
    Claim(Option<ClaimDigest>),
}

/// What became of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Everything is erased.
    Done,
    /// There was nothing.
    Unknown,
    /// The claim does not hold. Everything is as before.
    Unproven,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// For each message, in order, whether it was new.
    pub new: Vec<bool>,
    /// Whether the claim holds: the visitor was unknown before this request, or the digest is the
    /// one stored then. False where nothing was claimed.
    pub claim_holds: bool,
    /// Whether messages were left out because their visitor had been erased.
    pub erased: bool,
}

/// How long what visitors did is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Messages, counted from their own time. Until then each counts once, by its id.
    pub events: Milliseconds,
    /// Visitors as a whole, counted from when they were last seen.
    pub profiles: Milliseconds,
}

impl Retention {
    /// Nothing that was received within this time is removed for its age.
    pub const SHORTEST: Milliseconds = Milliseconds::from_days(7);
}

impl Default for Retention {
    /// Messages for thirteen months and a little, so that a month can be compared with the same of
    /// the year before; visitors for twice as long.
    fn default() -> Self {
        Self {
            events: Milliseconds::from_days(400),
            profiles: Milliseconds::from_days(800),
        }
    }
}

/// What was removed for its age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Records of messages.
    pub records: usize,
    /// Visitors as a whole, with everything of theirs.
    pub visitors: usize,
}

/// When space is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compact {
    /// At once.
    Now,
    /// If at this moment there is much of it, or something was erased a day ago.
    IfDue(Timestamp),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compacted {
    /// It was not due.
    NotDue,
    /// Space was given back.
    Done {
        /// Bytes of the store's files before.
        before: u64,
        /// Bytes of them after.
        after: u64,
    },
}

/// A backup to be made.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The file, which must not exist yet.
    pub to: PathBuf,
    /// Small files that are to go with the data: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

/// A backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of the file.
    pub bytes: u64,
    /// Records of the store in it.
    pub records: u64,
    /// SHA-256 of everything in the file before the digest itself.
    pub sha256: [u8; 32],
}

/// Where a message stands in a visitor's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its time.
    pub timestamp: Timestamp,
    /// The record it lies in, counted for this visitor.
    pub record: u64,
    /// Its place in that record.
    pub index: u32,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Where it stands.
    pub position: Position,
    /// When the collector received it.
    pub received_at: Timestamp,
    /// Its id.
    pub message_id: Box<str>,
    /// Its type.
    pub kind: Box<str>,
    /// Where it is from.
    pub source: Source,
    /// As it came.
    pub raw: Box<str>,
    /// The consent under which its request said that it came.
    pub consent: Option<Consent>,
    /// Context that the request gave for all its messages.
    pub context: Option<Box<str>>,
}

impl TimelineEntry {
    /// The message, read again; nothing where it cannot be.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        let context = self.context.as_deref();
        read_again(&self.raw, &self.kind, context, self.position.timestamp)
    }
}

/// A stored message, of the time that is known of it.
fn read_again(raw: &str, kind: &str, context: Option<&str>, at: Timestamp) -> Option<Message> {
    // It was read before, and by the collector's clock.
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: Some(Timestamp::MAX),
    };
    let shared = SharedFields::read(context).unwrap_or_default();
    let message = read_message(raw, Some(kind), &shared, clock).ok()?;
    Some(Message {
        timestamp: at,
        ..message
    })
}

/// Where what stands in a timeline is from. The store remembers it, so that nothing that is sent passes
/// for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody sent it.
    Sender,
    /// The store tells a change of segment or stage, see [`crate::changes`].
    Change,
}
