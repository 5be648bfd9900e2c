//! Data of older layouts: those of layout 2 become ours, whenever that is broken off; others are
//! left alone.

use std::fs;

use super::erasures::{busy, everything, take_in};
use super::*;
use crate::store::embedded::folder::engine;
use crate::store::embedded::migration::migrate;

/// A visitor's record as layout 2 had it: the version, and no word of how far messages go back.
fn as_before(record: &VisitorRecord) -> Vec<u8> {
    assert_eq!(record.removed_until, None);
    let mut bytes = record.to_bytes();
    assert_eq!(bytes[0], 3);
    bytes[0] = 2;
    // After the claim, which these have not.
    assert_eq!(bytes[1..3], [0, 0]);
    bytes.remove(2);
    bytes
}

/// Writes what a store holds as layout 2 had it.
fn write_layout_2(store: &Embedded, folder: &Path) {
    let tree = engine(folder).unwrap();
    for entry in store.tree().iter() {
        let (key, value) = entry.unwrap();
        // There were no lists.
        if key.starts_with(keys::LISTS) || key.starts_with(keys::SIZES) {
            continue;
        }
        let value = match key[0] {
            b'p' => as_before(&VisitorRecord::from_bytes(&value).unwrap()),
            b'v' => b"2".to_vec(),
            _ => value.to_vec(),
        };
        tree.insert(key, value).unwrap();
    }
    tree.flush().unwrap();
}

#[test]
fn data_of_layout_2_become_ours() {
    let (new, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(new.path());
    for number in 0..3 {
        take_in(&store, &busy(number, Some("jo")));
    }
    write_layout_2(&store, old.path());
    // As a migration leaves it that was broken off before its end.
    fs::create_dir(old.path().join("data-00000001")).unwrap();
    fs::write(old.path().join("data-00000001/db"), "half").unwrap();

    let migrated = open(old.path());
    assert_eq!(everything(&migrated), everything(&store));
    assert!(!old.path().join("db").exists());
    let again = runtime().block_on(migrated.commit(commit(&busy(0, Some("jo")))));
    assert!(!again.unwrap().new.contains(&true));
    runtime().block_on(migrated.close()).unwrap();
    drop(migrated);
    assert_eq!(everything(&open(old.path())), everything(&store));
}

/// The new files are named, and the process ends before the old ones are removed.
#[test]
fn old_files_go_at_the_next_start() {
    let (new, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(new.path());
    take_in(&store, &busy(0, None));
    write_layout_2(&store, old.path());
    let folder = StoreFolder::open(old.path()).unwrap();
    assert!(migrate(&folder).unwrap().migrated);
    assert!(old.path().join("db").exists());
    assert_eq!(everything(&open(old.path())), everything(&store));
    assert!(!old.path().join("db").exists());
    assert!(!folder.current().unwrap().unwrap().migrated);
}

/// Who goes back to an older version and then forth again is told, and loses nothing.
#[test]
fn what_an_older_version_wrote_later_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    runtime().block_on(store.close()).unwrap();
    drop(store);
    drop(engine(folder.path()).unwrap());
    let opened = patiently(folder.path()).map(|_| ());
    assert!(
        matches!(opened, Err(EmbeddedError::Former(_))),
        "{opened:?}"
    );
    assert!(folder.path().join("db").exists());
}

#[test]
fn data_of_other_layouts_are_left_alone() {
    for (layout, segment_bytes) in [("1", 4 << 20), ("9", 16 << 20)] {
        let folder = tempfile::tempdir().unwrap();
        {
            let config = sled::Config::new().path(folder.path());
            let tree = config.segment_size(segment_bytes).open().unwrap();
            tree.insert(keys::VERSION, layout).unwrap();
            tree.flush().unwrap();
        }
        let opened = patiently(folder.path()).map(|_| ());
        match opened {
            Err(EmbeddedError::Layout(found)) => assert_eq!(found, layout),
            opened => panic!("{opened:?}"),
        }
        assert!(folder.path().join("db").exists());
    }
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.tree().insert(keys::VERSION, "4").unwrap();
    runtime().block_on(store.close()).unwrap();
    drop(store);
    let opened = patiently(folder.path()).map(|_| ());
    assert!(
        matches!(opened, Err(EmbeddedError::Layout(_))),
        "{opened:?}"
    );
}
