//! Remembers who was erased, so that copies of messages that were still on their way do not make
//! the visitor known again.
//!
//! What is kept is a digest of the id, when it was, and whether the id is retired altogether:
//! nothing from which the id could be told unless one knows it already. It is kept for [`WINDOW`],
//! for the latest [`MOST`] erasures, in memory and in the tree. Ids of messages are not kept: after
//! an erasure there is nothing left to tell a copy from.

use std::collections::{BTreeSet, HashMap};

use firstglance_engine::{Milliseconds, Timestamp, VisitorId};
use sha2::{Digest as _, Sha256};

use super::batch::Batch;
use super::{EmbeddedError, keys};

/// How long an erasure is remembered. Browsers and libraries give up far sooner.
pub(super) const WINDOW: Milliseconds = Milliseconds::from_days(7);

/// How many erasures are remembered; beyond, the oldest are not. In memory they take some megabytes.
pub(super) const MOST: usize = 65_536;

/// Digest of a visitor's id.
type IdDigest = [u8; 16];

/// One erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Erasure {
    at: Timestamp,
    /// Whether nothing more is to be taken in under the id; else it is what is older.
    retired: bool,
}

impl Erasure {
    /// Whether a message is to be left out.
    pub(super) fn concerns(&self, timestamp: Timestamp, received_at: Timestamp) -> bool {
        received_at.since(self.at) <= WINDOW && (self.retired || timestamp <= self.at)
    }

    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = self.at.as_milliseconds().to_be_bytes().to_vec();
        bytes.push(u8::from(self.retired));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, retired) = bytes.split_first_chunk::<8>()?;
        let retired = match retired {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let at = Timestamp::from_milliseconds(i64::from_be_bytes(*at));
        Some(Self { at, retired })
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ErasedVisitors {
    by_digest: HashMap<IdDigest, Erasure>,
    in_time: BTreeSet<(Timestamp, IdDigest)>,
}

impl ErasedVisitors {
    /// Those of a tree.
    pub(super) fn load(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        let mut erased = Self::default();
        for entry in tree.scan_prefix(keys::ERASED) {
            let (key, bytes) = entry?;
            let digest = key.strip_prefix(keys::ERASED).ok_or(EmbeddedError::Key)?;
            let digest = IdDigest::try_from(digest).map_err(|_| EmbeddedError::Key)?;
            let erasure = Erasure::from_bytes(&bytes).ok_or(EmbeddedError::Key)?;
            erased.put(digest, erasure);
        }
        Ok(erased)
    }

    fn put(&mut self, digest: IdDigest, erasure: Erasure) {
        if let Some(former) = self.by_digest.insert(digest, erasure) {
            self.in_time.remove(&(former.at, digest));
        }
        self.in_time.insert((erasure.at, digest));
    }

    /// The erasure of a visitor, where one is remembered.
    pub(super) fn of(&self, visitor: &VisitorId) -> Option<Erasure> {
        // Almost always: no digest is computed for nobody.
        if self.by_digest.is_empty() {
            return None;
        }
        self.by_digest.get(&digest(visitor)).copied()
    }

    /// Remembers an erasure from now on.
    pub(super) fn remember(
        &mut self,
        visitor: &VisitorId,
        at: Timestamp,
        retired: bool,
        batch: &mut Batch,
    ) {
        let digest = digest(visitor);
        let former = self.by_digest.get(&digest);
        let erasure = Erasure {
            at: former.map_or(at, |former| at.max(former.at)),
            retired: retired || former.is_some_and(|former| former.retired),
        };
        batch.insert(keys::erased(&digest), erasure.to_bytes());
        self.put(digest, erasure);
    }

    /// Forgets what is remembered no longer. Says whether anything was.
    pub(super) fn expire(&mut self, now: Timestamp, batch: &mut Batch) -> bool {
        let mut any = false;
        while let Some((at, digest)) = self.in_time.first().copied() {
            if self.in_time.len() <= MOST && now.since(at) <= WINDOW {
                break;
            }
            self.in_time.remove(&(at, digest));
            self.by_digest.remove(&digest);
            batch.remove(keys::erased(&digest));
            any = true;
        }
        any
    }
}

/// Whether a key and its value are an erasure.
pub(super) fn is_readable(key: &[u8], value: &[u8]) -> bool {
    let digest = key.strip_prefix(keys::ERASED);
    digest.is_some_and(|digest| IdDigest::try_from(digest).is_ok())
        && Erasure::from_bytes(value).is_some()
}

fn digest(visitor: &VisitorId) -> IdDigest {
    let digest = Sha256::new()
        .chain_update(b"firstglance erased visitor\0")
        .chain_update(visitor.as_str())
        .finalize();
    let mut first = IdDigest::default();
    first.copy_from_slice(&digest[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(milliseconds: u64) -> Timestamp {
        Timestamp::from_milliseconds(1_700_000_000_000).plus(Milliseconds(milliseconds))
    }

    #[test]
    fn what_concerns_a_message() {
        let (at, late) = (moment(1_000), moment(1_001));
        let over = at.plus(WINDOW).plus(Milliseconds(1));
        for (retired, timestamp, received_at, expected) in [
            (false, at, late, true),
            (false, late, late, false),
            (true, late, late, true),
            (true, at, over, false),
            (false, at, over, false),
        ] {
            let erasure = Erasure { at, retired };
            assert_eq!(Erasure::from_bytes(&erasure.to_bytes()), Some(erasure));
            assert_eq!(erasure.concerns(timestamp, received_at), expected);
        }
    }

    /// The tree holds what memory holds, whatever was remembered and forgotten.
    #[test]
    fn bounded_by_time_and_number() {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path()).unwrap();
        let mut erased = ErasedVisitors::default();
        let visitor = |number: usize| VisitorId::parse(&format!("v{number}")).unwrap();
        let mut batch = Batch::default();
        for number in 0..MOST + 10 {
            erased.remember(&visitor(number), moment(number as u64), true, &mut batch);
        }
        // A second time counts as the later one.
        erased.remember(&visitor(0), moment(MOST as u64 * 2), false, &mut batch);
        assert!(erased.expire(moment(MOST as u64), &mut batch));
        batch.apply(&tree).unwrap();
        let loaded = ErasedVisitors::load(&tree).unwrap();
        assert_eq!(loaded.by_digest, erased.by_digest);
        assert_eq!(loaded.in_time, erased.in_time);
        assert_eq!(loaded.in_time.len(), MOST);
        assert_eq!(loaded.of(&visitor(0)).map(|one| one.retired), Some(true));
        assert_eq!(loaded.of(&visitor(1)), None);
        assert!(loaded.of(&visitor(MOST)).is_some());

        let mut batch = Batch::default();
        assert!(!erased.expire(moment(MOST as u64), &mut batch));
        let later = moment(MOST as u64 * 2).plus(WINDOW).plus(Milliseconds(1));
        assert!(erased.expire(later, &mut batch));
        batch.apply(&tree).unwrap();
        assert!(ErasedVisitors::load(&tree).unwrap().in_time.is_empty());
    }
}
