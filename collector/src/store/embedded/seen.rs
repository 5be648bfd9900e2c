//! Remembers the ids of a visitor's messages, so that each counts once.
//!
//! Most visitors send few messages, and one key for each would cost more than all the rest: so the
//! latest ids lie inside the visitor's own record, and only when those become many are they moved
//! into *buckets* beside it. There are 16 to the power of `level` buckets, an id lies in the one
//! that its first bits name, and when buckets fill the level rises. A look-up reads one bucket
//! however many messages there were. An id is forgotten when its message is removed (`retention`), and
//! never before: eight bytes for each message that is stored are all that this can come to.
//!
//! An id is kept as the first 64 bits of its SHA-256. Among a million messages of one visitor the
//! chance that any two share those is one in forty million.

use std::collections::BTreeMap;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{MessageId, VisitorId};
use sha2::{Digest, Sha256};

use super::batch::Batch;
use super::keys;

/// Ids kept inside the visitor's record.
const RECENT: usize = 48;

/// Ids that a bucket holds on average when the level rises.
const FULL: u64 = 256;

/// Buckets multiply by two to this power with each level.
const BITS_PER_LEVEL: u8 = 4;

const HIGHEST_LEVEL: u8 = 4;

/// Digest of a message id.
pub(super) type IdDigest = u64;

pub(super) fn digest(id: &MessageId) -> IdDigest {
    digest_of(id.as_str())
}

/// The same of an id that is stored.
pub(super) fn digest_of(id: &str) -> IdDigest {
    let digest = Sha256::digest(id.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

/// The ids of a bucket.
pub(super) fn ids_of(bytes: &[u8]) -> Vec<IdDigest> {
    let (ids, _) = bytes.as_chunks::<8>();
    ids.iter().map(|id| u64::from_le_bytes(*id)).collect()
}

/// The part that lies in the visitor's record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    level: u8,
    /// Ids in buckets.
    moved: u64,
    recent: Vec<IdDigest>,
}

/// Reads and keeps the buckets of one visitor while a group is prepared.
pub(super) struct Buckets<'a> {
    visitor: &'a VisitorId,
    /// Nothing where what is stored does not count.
    tree: Option<&'a sled::Tree>,
    /// Sorted ids by level and bucket, and whether they differ from what is stored.
    held: BTreeMap<(u8, u16), (Vec<IdDigest>, bool)>,
}

impl<'a> Buckets<'a> {
    pub(super) const fn new(visitor: &'a VisitorId, tree: &'a sled::Tree) -> Self {
        Self {
            visitor,
            tree: Some(tree),
            held: BTreeMap::new(),
        }
    }

    /// Those of a visitor who has none, whatever is stored.
    pub(super) const fn empty(visitor: &'a VisitorId) -> Self {
        Self {
            visitor,
            tree: None,
            held: BTreeMap::new(),
        }
    }

    fn bucket(
        &mut self,
        level: u8,
        bucket: u16,
    ) -> Result<&mut (Vec<IdDigest>, bool), sled::Error> {
        use std::collections::btree_map::Entry;
        match self.held.entry((level, bucket)) {
            Entry::Occupied(held) => Ok(held.into_mut()),
            Entry::Vacant(place) => {
                let stored = match self.tree {
                    Some(tree) => tree.get(keys::bucket(self.visitor, level, bucket))?,
                    None => None,
                };
                let ids = stored.map_or_else(Vec::new, |bytes| ids_of(&bytes));
                Ok(place.insert((ids, false)))
            }
        }
    }

    /// Puts what differs into a batch.
    pub(super) fn write(self, batch: &mut Batch) {
        for ((level, bucket), (ids, changed)) in self.held {
            if !changed {
                continue;
            }
            let key = keys::bucket(self.visitor, level, bucket);
            if ids.is_empty() {
                batch.remove(key);
            } else {
                let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
                batch.insert(key, bytes);
            }
        }
    }
}

impl Seen {
    fn bucket_of(level: u8, id: IdDigest) -> u16 {
        let bits = u32::from(level * BITS_PER_LEVEL);
        // The shift of a 64-bit number by 64 has no meaning: level 0 has one bucket.
        id.checked_shr(64 - bits).unwrap_or(0) as u16
    }

    fn buckets(level: u8) -> u64 {
        1 << (level * BITS_PER_LEVEL)
    }

    /// Whether the id is new; it is remembered from then on.
    pub(super) fn observe(
        &mut self,
        id: IdDigest,
        buckets: &mut Buckets<'_>,
    ) -> Result<bool, sled::Error> {
        if self.knows(id, buckets)? {
            return Ok(false);
        }
        self.recent.push(id);
        if self.recent.len() > RECENT {
            self.move_recent(buckets)?;
        }
        Ok(true)
    }

    /// Whether an id is remembered.
    pub(super) fn knows(
        &self,
        id: IdDigest,
        buckets: &mut Buckets<'_>,
    ) -> Result<bool, sled::Error> {
        if self.recent.contains(&id) {
            return Ok(true);
        }
        if self.moved == 0 {
            return Ok(false);
        }
        let (ids, _) = buckets.bucket(self.level, Self::bucket_of(self.level, id))?;
        Ok(ids.binary_search(&id).is_ok())
    }

    /// How many ids a bucket has; nothing where it is not one of these, or not as it was written.
    pub(super) fn bucket_size(&self, level: u8, bucket: u16, bytes: &[u8]) -> Option<u64> {
        let ids = ids_of(bytes);
        let right = level == self.level
            && bytes.len() == ids.len() * 8
            && ids.is_sorted_by(|one, other| one < other)
            && ids.iter().all(|id| Self::bucket_of(level, *id) == bucket);
        right.then_some(ids.len() as u64)
    }

    /// Ids in buckets.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    /// Ids that are in no bucket.
    pub(super) fn recent(&self) -> impl Iterator<Item = IdDigest> + use<'_> {
        self.recent.iter().copied()
    }

    /// Forgets an id, whose message is stored no more.
    pub(super) fn forget(
        &mut self,
        id: IdDigest,
        buckets: &mut Buckets<'_>,
    ) -> Result<(), sled::Error> {
        if let Some(place) = self.recent.iter().position(|recent| *recent == id) {
            self.recent.remove(place);
        } else if self.moved > 0 {
            let (ids, changed) = buckets.bucket(self.level, Self::bucket_of(self.level, id))?;
            if let Ok(place) = ids.binary_search(&id) {
                ids.remove(place);
                *changed = true;
                self.moved -= 1;
            }
        }
        Ok(())
    }

    fn move_recent(&mut self, buckets: &mut Buckets<'_>) -> Result<(), sled::Error> {
        for id in std::mem::take(&mut self.recent) {
            Self::put(self.level, id, buckets)?;
            self.moved += 1;
        }
        while self.level < HIGHEST_LEVEL && self.moved > FULL * Self::buckets(self.level) {
            let old = self.level;
            self.level += 1;
            for bucket in 0..Self::buckets(old) {
                let (ids, changed) = buckets.bucket(old, bucket as u16)?;
                *changed = true;
                for id in std::mem::take(ids) {
                    Self::put(self.level, id, buckets)?;
                }
            }
        }
        Ok(())
    }

    fn put(level: u8, id: IdDigest, buckets: &mut Buckets<'_>) -> Result<(), sled::Error> {
        let (ids, changed) = buckets.bucket(level, Self::bucket_of(level, id))?;
        if let Err(place) = ids.binary_search(&id) {
            ids.insert(place, id);
            *changed = true;
        }
        Ok(())
    }
}

impl Encode for Seen {
    fn encode(&self, out: &mut Writer) {
        out.byte(self.level);
        out.integer(self.moved);
        out.integer(self.recent.len() as u64);
        for id in &self.recent {
            out.integer(*id);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let level = reader.byte();
        if level > HIGHEST_LEVEL {
            reader.fail(DecodeError::Invalid("level of message ids"));
        }
        let moved = reader.integer();
        let mut recent = Vec::with_capacity(RECENT + 1);
        for _ in 0..reader.count() {
            recent.push(reader.integer());
        }
        Self {
            level,
            moved,
            recent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Enough ids for every level but the last, each offered again at a later time, with the
    /// visitor's record written and read in between.
    #[test]
    fn each_id_is_new_once() {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path()).unwrap();
        let visitor = VisitorId::parse("v").unwrap();
        let id = |number: u64| digest(&MessageId::parse(&format!("m{number}")).unwrap());
        let mut known = HashSet::new();
        let mut seen = Seen::default();
        for group in 0..120_u64 {
            let mut buckets = Buckets::new(&visitor, &tree);
            for number in 0..100_u64 {
                let offered = [group * 100 + number, (group * 7 + number * 13) % 12_000];
                for number in offered {
                    let new = seen.observe(id(number), &mut buckets).unwrap();
                    assert_eq!(new, known.insert(number), "{number}");
                }
            }
            let mut batch = Batch::default();
            buckets.write(&mut batch);
            batch.apply(&tree).unwrap();
            seen = Seen::from_bytes(&seen.to_bytes()).unwrap();
        }
        assert_eq!(seen.level, 2);
    }
}
