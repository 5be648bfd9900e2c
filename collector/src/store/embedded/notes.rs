//! The audit log in the tree: entries by number, the oldest taken out as new ones come.

use super::batch::Batch;
use super::{EmbeddedError, keys};
use crate::store::audit::{AuditEntry, MOST, WINDOW};

/// Old entries taken out for each new one at most, so that a long log shrinks without a pause.
const OUT_AT_ONCE: usize = 4;

/// Where the log begins and ends.
#[derive(Debug)]
pub(super) struct Notes {
    /// Numbers from the oldest entry to the one that comes next.
    numbers: std::ops::Range<u64>,
}

impl Notes {
    /// That of a tree.
    pub(super) fn load(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        let mut all = tree.scan_prefix(keys::NOTES).keys();
        let number = |key: sled::IVec| keys::note_of(&key).ok_or(EmbeddedError::Key);
        let first = all.next().transpose()?.map(number).transpose()?;
        let last = all.next_back().transpose()?.map(number).transpose()?;
        let start = first.unwrap_or(0);
        let end = last.or(first).map_or(0, |last| last + 1);
        Ok(Self {
            numbers: start..end,
        })
    }

    /// Adds an entry, and takes out what is too old or too much.
    pub(super) fn add(
        &mut self,
        entry: &AuditEntry,
        tree: &sled::Tree,
        batch: &mut Batch,
    ) -> Result<(), EmbeddedError> {
        for _ in 0..OUT_AT_ONCE {
            let oldest = keys::note(self.numbers.start);
            let too_many = self.numbers.end - self.numbers.start >= MOST;
            if !too_many {
                let Some(bytes) = tree.get(&oldest)? else {
                    break;
                };
                let age = entry.at().since(from_bytes(&bytes)?.at());
                if age <= WINDOW {
                    break;
                }
            }
            batch.remove(oldest);
            self.numbers.start += 1;
        }
        let bytes = serde_json::to_vec(entry).map_err(|_| EmbeddedError::Key)?;
        batch.insert(keys::note(self.numbers.end), bytes);
        self.numbers.end += 1;
        Ok(())
    }
}

/// Entries, latest first.
pub(super) fn read(
    tree: &sled::Tree,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, AuditEntry)>, EmbeddedError> {
    let end = keys::note(before.unwrap_or(u64::MAX));
    let entries = tree.range(keys::note(0)..end).rev().take(limit);
    let mut found = Vec::new();
    for entry in entries {
        let (key, bytes) = entry?;
        let number = keys::note_of(&key).ok_or(EmbeddedError::Key)?;
        found.push((number, from_bytes(&bytes)?));
    }
    Ok(found)
}

/// Whether a key and its value are an entry.
pub(super) fn is_readable(key: &[u8], value: &[u8]) -> bool {
    keys::note_of(key).is_some() && from_bytes(value).is_ok()
}

fn from_bytes(bytes: &[u8]) -> Result<AuditEntry, EmbeddedError> {
    serde_json::from_slice(bytes).map_err(|_| EmbeddedError::Key)
}

#[cfg(test)]
mod tests {
    use firstglance_engine::{Milliseconds, Timestamp};

    use super::*;

    fn entry(milliseconds: u64) -> AuditEntry {
        let at = Timestamp::from_milliseconds(1_700_000_000_000).plus(Milliseconds(milliseconds));
        AuditEntry::asked(at, "1a2b", "Anna", "GET profiles")
    }

    fn add(notes: &mut Notes, tree: &sled::Tree, entry: &AuditEntry) {
        let mut batch = Batch::default();
        notes.add(entry, tree, &mut batch).unwrap();
        batch.apply(tree).unwrap();
    }

    #[test]
    fn bounded_by_age_and_number_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path()).unwrap();
        let mut notes = Notes::load(&tree).unwrap();
        assert_eq!(notes.numbers, 0..0);
        for number in 0..6 {
            add(&mut notes, &tree, &entry(number));
        }
        assert_eq!(Notes::load(&tree).unwrap().numbers, 0..6);
        let numbers = |before, limit| -> Vec<u64> {
            let read = read(&tree, before, limit).unwrap();
            read.into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(numbers(None, 2), [5, 4]);
        assert_eq!(numbers(Some(4), 9), [3, 2, 1, 0]);

        // A few go each time, however many are too old.
        let late = WINDOW.0 + 4;
        add(&mut notes, &tree, &entry(late));
        assert_eq!(numbers(None, 9), [6, 5, 4]);
        add(&mut notes, &tree, &entry(late));
        assert_eq!(numbers(None, 9), [7, 6, 5, 4]);
        assert_eq!(Notes::load(&tree).unwrap().numbers, 4..8);

        // A log that is full.
        let mut full = Notes {
            numbers: 4..4 + MOST,
        };
        add(&mut full, &tree, &entry(late));
        assert_eq!(full.numbers, 5..5 + MOST);
    }
}
