//! Versions of what was posted in the tree, by number.

use super::batch::Batch;
use super::{EmbeddedError, keys};
use crate::store::content::{ContentVersion, MOST, NewContent, Posting};

/// Adds a version, and takes out the oldest where there are too many. Says its number.
pub(super) fn add(
    posting: Posting,
    new: &NewContent,
    tree: &sled::Tree,
    batch: &mut Batch,
) -> Result<u64, EmbeddedError> {
    let mut numbers = Vec::new();
    for key in tree.scan_prefix(keys::posted(posting)).keys() {
        numbers.push(keys::version_of(&key?).ok_or(EmbeddedError::Key)?.1);
    }
    // The present one stays what is in force where the new one is a draft.
    let kept = match new.draft {
        true => in_force(tree, posting)?.map(|version| version.number),
        false => None,
    };
    let too_many = (numbers.len() + 1).saturating_sub(MOST);
    let oldest = numbers.iter().filter(|number| Some(**number) != kept);
    for number in oldest.take(too_many) {
        batch.remove(keys::version(posting, *number));
    }
    let number = numbers.last().map_or(1, |last| last + 1);
    let bytes = new.to_bytes().ok_or(EmbeddedError::Key)?;
    batch.insert(keys::version(posting, number), bytes);
    Ok(number)
}

/// Versions, latest first.
pub(super) fn read(
    tree: &sled::Tree,
    posting: Posting,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<ContentVersion>, EmbeddedError> {
    let end = keys::version(posting, before.unwrap_or(u64::MAX));
    let kept = tree.range(keys::version(posting, 0)..end).rev().take(limit);
    kept.map(|entry| {
        let (key, bytes) = entry?;
        version(&key, &bytes)
    })
    .collect()
}

/// One version.
pub(super) fn one(
    tree: &sled::Tree,
    posting: Posting,
    number: u64,
) -> Result<Option<ContentVersion>, EmbeddedError> {
    let key = keys::version(posting, number);
    let found = tree.get(&key)?;
    found.map(|bytes| version(&key, &bytes)).transpose()
}

/// The version that is in force.
pub(super) fn in_force(
    tree: &sled::Tree,
    posting: Posting,
) -> Result<Option<ContentVersion>, EmbeddedError> {
    for entry in tree.scan_prefix(keys::posted(posting)).rev() {
        let (key, bytes) = entry?;
        let version = version(&key, &bytes)?;
        if !version.version.draft {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// Whether a key and its value are a version.
pub(super) fn is_readable(key: &[u8], value: &[u8]) -> bool {
    version(key, value).is_ok()
}

fn version(key: &[u8], value: &[u8]) -> Result<ContentVersion, EmbeddedError> {
    let (_, number) = keys::version_of(key).ok_or(EmbeddedError::Key)?;
    let version = NewContent::from_bytes(value).ok_or(EmbeddedError::Key)?;
    Ok(ContentVersion { number, version })
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Timestamp;

    use super::*;

    fn new(draft: bool) -> NewContent {
        NewContent {
            at: Timestamp::from_milliseconds(1_795_000_000_000),
            by: ("1a2b".into(), "Anna".into()),
            note: "Winter".into(),
            draft,
            restored: None,
            content: "{}".into(),
        }
    }

    fn add_one(tree: &sled::Tree, draft: bool) -> u64 {
        let mut batch = Batch::default();
        let number = add(Posting::Content, &new(draft), tree, &mut batch).unwrap();
        batch.apply(tree).unwrap();
        number
    }

    #[test]
    fn kept_in_order_and_bounded_and_never_without_what_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let tree = sled::open(folder.path()).unwrap();
        assert_eq!(in_force(&tree, Posting::Content).unwrap(), None);
        assert_eq!(
            [false, true, false].map(|draft| add_one(&tree, draft)),
            [1, 2, 3]
        );
        // Of rules there are none for that.
        assert_eq!(in_force(&tree, Posting::Rules).unwrap(), None);
        assert_eq!(add_one(&tree, true), 4);
        assert_eq!(
            in_force(&tree, Posting::Content).unwrap().unwrap().number,
            3
        );
        let numbers = |before, limit| -> Vec<u64> {
            let read = read(&tree, Posting::Content, before, limit).unwrap();
            read.into_iter().map(|one| one.number).collect()
        };
        assert_eq!(numbers(None, 2), [4, 3]);
        assert_eq!(numbers(Some(3), 9), [2, 1]);
        assert_eq!(
            one(&tree, Posting::Content, 2).unwrap().unwrap().version,
            new(true)
        );
        assert_eq!(one(&tree, Posting::Content, 9).unwrap(), None);
        for _ in 0..MOST {
            add_one(&tree, true);
        }
        assert_eq!(numbers(None, 1_000).len(), MOST);
        assert_eq!(
            in_force(&tree, Posting::Content).unwrap().unwrap().number,
            3
        );
        assert!(is_readable(
            &keys::version(Posting::Content, 3),
            &new(true).to_bytes().unwrap()
        ));
        assert!(!is_readable(b"o3", &new(true).to_bytes().unwrap()));
        assert!(!is_readable(
            &keys::version(Posting::Content, 3),
            b"{\"form\":2}"
        ));
    }
}
