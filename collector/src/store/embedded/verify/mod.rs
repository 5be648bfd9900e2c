//! Verification: whether what is stored fits together, record by record, and the repair of whatever
//! follows from something else.
//!
//! The messages are what counts. Profiles, the memory of message ids, lists and their sizes, and counts
//! follow from them and can be made anew; persons and memberships are held against each other. A message is
//! never removed and never changed, and a profile is never made anew from messages of which some are
//! missing: it knows more than they do.
//!
//! Nobody else may have the data meanwhile. Reads one visitor at a time, and of that one a record of
//! messages at a time.

mod counts;
mod lists;
mod merges;
mod persons;
mod refold;
mod visitor;

use std::fmt;
use std::path::Path;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{Timestamp, VisitorId};
use sled::IVec;

use self::counts::Counts;
use self::lists::Lists;
use super::batch::Batch;
use super::folder::StoreFolder;
use super::record::VisitorRecord;
use super::{EmbeddedError, content, erased, keys, notes, open_tree, opening, refused};
use crate::clock;
use crate::store::ProfileFold;
use crate::store::calendar::Calendar;

/// What is to be done about findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are told.
    Look,
    /// They are told, and what follows from something else is made anew.
    Repair,
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// A key that is none of ours.
    Key,
    /// A value that cannot be read.
    Record,
    /// A message that is not what its record says.
    Message,
    /// Records of messages that are no longer there.
    Missing,
    /// A profile that is not what its messages come to.
    Profile,
    /// The memory of message ids, where it does not have a message or contradicts itself.
    MessageIds,
    /// A visitor who says to be of a person that does not have them.
    Membership,
    /// A person with visitors that are not of it, or merged without an end.
    Person,
    /// What says whom an entry of the audit of merges is about, or what is remembered of a merge.
    Merge,
    /// A list that is not what profiles say, or its size.
    List,
    /// A count that is not what the messages come to.
    Count,
}

impl FindingKind {
    /// The name in a finding's line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Record => "record",
            Self::Message => "message",
            Self::Missing => "missing",
            Self::Profile => "profile",
            Self::MessageIds => "message_ids",
            Self::Membership => "membership",
            Self::Person => "person",
            Self::Merge => "merge",
            Self::List => "list",
            Self::Count => "count",
        }
    }
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Whose: a visitor, a user, a list or a key, as people can read it.
    pub about: String,
    /// What is wrong, in words.
    pub detail: String,
    /// Whether it has been put right.
    pub repaired: bool,
}

/// What was read, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Visitors.
    pub visitors: u64,
    /// Messages, without the changes that are told among them.
    pub messages: u64,
    /// Names of persons.
    pub persons: u64,
    /// Entries of the audit of merges.
    pub merges: u64,
    /// Profiles whose evidence is not what their messages come to by the present configuration:
    /// they were counted by an earlier one. These are no findings.
    pub counted_otherwise: u64,
    /// Findings.
    pub findings: u64,
    /// Findings that have been put right.
    pub repaired: u64,
}

impl fmt::Display for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            visitors,
            messages,
            persons,
            merges,
            counted_otherwise,
            findings,
            repaired,
        } = self;
        write!(
            out,
            "{visitors} visitors, {messages} messages, {persons} names of persons, {merges} merges: "
        )?;
        match (findings, repaired) {
            (0, _) => write!(out, "everything fits")?,
            (findings, 0) => write!(out, "{findings} findings")?,
            (findings, repaired) => write!(out, "{findings} findings, {repaired} repaired")?,
        }
        if *counted_otherwise > 0 {
            write!(
                out,
                "; {counted_otherwise} profiles were counted by an earlier configuration"
            )?;
        }
        Ok(())
    }
}

/// Reads everything in a folder that nobody else has, and tells what does not fit.
///
/// # Errors
/// [`EmbeddedError`] when the folder cannot be read at all, or a repair cannot be written.
pub fn verify(
    folder: &Path,
    fold: &ProfileFold,
    mode: Mode,
    told: &mut dyn FnMut(&Finding),
    progress: &mut dyn FnMut(&Verified),
) -> Result<Verified, EmbeddedError> {
    verify_at(folder, fold, mode, clock::now(), told, progress)
}

/// The same at another moment: it says which counts are kept.
pub(super) fn verify_at(
    folder: &Path,
    fold: &ProfileFold,
    mode: Mode,
    now: Timestamp,
    told: &mut dyn FnMut(&Finding),
    progress: &mut dyn FnMut(&Verified),
) -> Result<Verified, EmbeddedError> {
    let folder = StoreFolder::open(folder)?;
    let (pointer, tree, calendar) = open_tree(&folder, None)?;
    opening::whole(folder.path(), &tree)?;
    let by = (fold, &calendar);
    let verified = walk(&tree, by, (mode, now), told, progress)?;
    if verified.repaired > 0 {
        tree.flush()?;
        folder.file(pointer.number)?.sync_data()?;
    }
    Ok(verified)
}

/// Reads everything in a tree.
pub(super) fn walk(
    tree: &sled::Tree,
    (fold, calendar): (&ProfileFold, &Calendar),
    (mode, now): (Mode, Timestamp),
    told: &mut dyn FnMut(&Finding),
    progress: &mut dyn FnMut(&Verified),
) -> Result<Verified, EmbeddedError> {
    let mut verifier = Verifier {
        tree,
        fold,
        calendar,
        mode,
        told,
        verified: Verified::default(),
        strangers: false,
    };
    verifier.other_keys()?;
    verifier.visitors(progress)?;
    verifier.persons()?;
    verifier.merges()?;
    Lists::check(&mut verifier)?;
    Counts::check(&mut verifier, now)?;
    Ok(verifier.verified)
}

/// The walk.
struct Verifier<'a> {
    tree: &'a sled::Tree,
    fold: &'a ProfileFold,
    calendar: &'a Calendar,
    mode: Mode,
    told: &'a mut dyn FnMut(&Finding),
    verified: Verified,
    /// Whether there are messages of visitors who have no record.
    strangers: bool,
}

impl Verifier<'_> {
    /// Tells what cannot be put right.
    fn tell(&mut self, kind: FindingKind, about: impl ToString, detail: impl ToString) {
        self.tell_as(kind, about, detail, false);
    }

    /// Tells what can be put right, and is, where that was asked for.
    fn tell_repaired(&mut self, kind: FindingKind, about: impl ToString, detail: impl ToString) {
        self.tell_as(kind, about, detail, self.mode == Mode::Repair);
    }

    fn tell_as(
        &mut self,
        kind: FindingKind,
        about: impl ToString,
        detail: impl ToString,
        repaired: bool,
    ) {
        self.verified.findings += 1;
        self.verified.repaired += u64::from(repaired);
        (self.told)(&Finding {
            kind,
            about: about.to_string(),
            detail: detail.to_string(),
            repaired,
        });
    }

    /// Writes a repair.
    fn write(&self, batch: Batch) -> Result<(), EmbeddedError> {
        if self.mode == Mode::Repair {
            batch.apply(self.tree)?;
        }
        Ok(())
    }

    /// Keys of no visitor and no person, and those that are nobody's.
    fn other_keys(&mut self) -> Result<(), EmbeddedError> {
        for entry in self.tree.iter() {
            let (key, value) = entry?;
            let ours = match key.first() {
                Some(b'v') => key == keys::VERSION,
                Some(b'c') => key == keys::COUNTED_BY,
                Some(b'r') => key == keys::RESIDUE && value.len() == 8,
                Some(b'g') => key == keys::GROUP && value.len() == 8,
                Some(b'p') => keys::visitor_of(&key).is_some(),
                Some(b'u') => keys::user_of(&key).is_some(),
                Some(b'w') => keys::exposures_of(&key).is_some(),
                Some(b'f') => keys::funnels_of(&key).is_some(),
                Some(b'e') => {
                    keys::message_record_of(&key).is_some() && keys::owner_of(&key).is_some()
                }
                Some(b'm') => keys::bucket_of(&key).is_some() && keys::owner_of(&key).is_some(),
                Some(b'x') => {
                    if !erased::is_readable(&key, &value) {
                        self.tell(FindingKind::Record, shown(&key), "no erasure can be read");
                    }
                    true
                }
                Some(b'd') => {
                    if !refused::is_readable(&key, &value) {
                        let wrong = "no refused message can be read";
                        self.tell(FindingKind::Record, shown(&key), wrong);
                    }
                    true
                }
                Some(b'l') => {
                    if !notes::is_readable(&key, &value) {
                        let wrong = "no entry of the audit log can be read";
                        self.tell(FindingKind::Record, shown(&key), wrong);
                    }
                    true
                }
                Some(b'o' | b'q') => {
                    if !content::is_readable(&key, &value) {
                        let wrong = "no version of what was posted can be read";
                        self.tell(FindingKind::Record, shown(&key), wrong);
                    }
                    true
                }
                Some(b'j') => self.is_of_merges(&key, &value),
                // Held against the profiles and the messages as a whole.
                Some(b'i' | b't') => true,
                Some(b'a') => {
                    [keys::UNSURE, keys::LATEST].contains(&&*key)
                        || keys::day_of(&key).is_some()
                        || keys::is_counter(&key)
                }
                _ => false,
            };
            if !ours {
                self.tell(FindingKind::Key, shown(&key), "this key is not one of ours");
            }
        }
        Ok(())
    }

    fn visitors(&mut self, progress: &mut dyn FnMut(&Verified)) -> Result<(), EmbeddedError> {
        for entry in self.tree.scan_prefix(keys::VISITORS) {
            let (key, value) = entry?;
            if let Some(visitor) = keys::visitor_of(&key) {
                self.visitor(&visitor, Some(&value))?;
                progress(&self.verified);
            }
        }
        // Whoever has messages or ids of them and no record.
        let mut last: Option<VisitorId> = None;
        for prefix in [keys::MESSAGES, keys::BUCKETS] {
            for key in self.tree.scan_prefix(prefix).keys() {
                let Some(visitor) = keys::owner_of(&key?) else {
                    continue;
                };
                if last.as_ref() == Some(&visitor) {
                    continue;
                }
                if !self.tree.contains_key(keys::visitor(&visitor))? {
                    self.visitor(&visitor, None)?;
                    progress(&self.verified);
                }
                last = Some(visitor);
            }
        }
        Ok(())
    }

    /// All records of the visitors that can be read.
    fn readable(
        &self,
    ) -> impl Iterator<Item = Result<(VisitorId, VisitorRecord), EmbeddedError>> + use<'_> {
        let read = |entry: sled::Result<(IVec, IVec)>| {
            let (key, value) = match entry {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let visitor = keys::visitor_of(&key)?;
            let record = VisitorRecord::from_bytes(&value).ok()?;
            Some(Ok((visitor, record)))
        };
        self.tree.scan_prefix(keys::VISITORS).filter_map(read)
    }
}

/// A key as people can read it.
fn shown(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}
