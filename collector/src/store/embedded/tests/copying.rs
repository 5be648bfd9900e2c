//! Copies of the tree: nothing that was erased is left in any file, nothing else is lost, whatever
//! is written meanwhile and wherever the process ends.

use std::fs;
use std::sync::mpsc::sync_channel;

use tokio::sync::oneshot::channel;

use super::erasures::{busy, erase, everything, take_in, visitor};
use super::*;
use crate::store::Ground;
use crate::store::embedded::batch::Batch;

/// Whether any file below a folder has a text in it.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = fs::read(&path).unwrap();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

fn compact(store: &Embedded) -> (u64, u64) {
    match runtime().block_on(store.compact(Compact::Now)).unwrap() {
        Compacted::Done { before, after } => (before, after),
        Compacted::NotDue => panic!("it was asked for"),
    }
}

#[test]
fn nothing_of_who_was_erased_is_left_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take_in(&store, &busy(0, Some("jo")));
    let secrets = ["ab", "anna@example.nl", "secret words"];
    let mut known = commit(&busy(1, Some("anna@example.nl")));
    for new in &mut known.messages {
        new.raw = "{\"text\":\"secret words\"}".into();
    }
    known.context = Some("{\"locale\":\"secret words\"}".into());
    runtime().block_on(store.commit(known)).unwrap();
    let before = everything(&store);
    assert_eq!(erase(&store, 1, Ground::Owner), Erased::Done);
    let left = everything(&store);
    assert!(left.len() < before.len());
    // The engine keeps them: otherwise this would show nothing.
    assert!(holds(folder.path(), secrets[1]) && holds(folder.path(), secrets[2]));

    compact(&store);
    assert_eq!(everything(&store), left);
    for secret in &secrets[1..] {
        assert!(!holds(folder.path(), secret), "{secret}");
    }
    // As the keys have it: the id alone is two letters that are anywhere.
    assert!(!holds(folder.path(), "pab\0") && !holds(folder.path(), "eab\0"));
    assert!(holds(folder.path(), "pa\0"));

    // What comes later goes where it can be found again.
    take_in(&store, &[message(2, 1, 1)]);
    let left = everything(&store);
    runtime().block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(everything(&store), left);
    assert!(store.tree().get(keys::RESIDUE).unwrap().is_none());
}

#[test]
fn it_is_due_a_day_after_an_erasure() {
    let folder = tempfile::tempdir().unwrap();
    let due = |store: &Embedded, hours: u64| {
        let now = Timestamp::from_milliseconds(1_700_000_000_000)
            .plus(Milliseconds(100_000_000))
            .plus(Milliseconds::from_minutes(hours * 60));
        let outcome = runtime().block_on(store.compact(Compact::IfDue(now)));
        outcome.unwrap() != Compacted::NotDue
    };
    let store = open(folder.path());
    take_in(&store, &busy(0, None));
    assert!(!due(&store, 1_000));
    take_in(&store, &busy(1, None));
    erase(&store, 0, Ground::Owner);
    assert!(!due(&store, 23));
    // A restart does not forget it.
    runtime().block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    assert!(!due(&store, 23));
    assert!(due(&store, 24));
    assert!(!due(&store, 1_000));
}

/// A text that packs to no less than three quarters of its length.
fn noise(length: usize) -> String {
    let mut number = 7_u64;
    let digits = std::iter::repeat_with(|| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + (number >> 58) as u8)
    });
    digits.take(length).collect()
}

#[test]
fn space_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for round in 0..12_u16 {
        let messages: Vec<Message> = (0..60).map(|id| message(0, round * 60 + id, 1)).collect();
        let mut commit = commit(&messages);
        for new in &mut commit.messages {
            new.raw = noise(30_000).into();
        }
        runtime().block_on(store.commit(commit)).unwrap();
    }
    erase(&store, 0, Ground::Owner);
    take_in(&store, &busy(1, None));
    let (before, after) = compact(&store);
    assert!(before > 16 << 20, "{before}");
    assert!(after < before / 2, "{after} of {before}");
    assert_eq!(store.tree().size_on_disk().unwrap(), after);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            // Another thread may be removing it.
            let _ = fs::copy(entry.path(), to);
        }
    }
}

/// Everything of a tree but what says how it was copied.
fn entries(tree: &sled::Db) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = tree.iter().map(Result::unwrap);
    let kept = entries.filter(|(key, _)| key != keys::RESIDUE);
    kept.map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

/// The process ends between any two steps of a copy, with writes all over the keys after each of
/// them: what is on disk then opens, and holds what was flushed.
#[test]
fn wherever_the_process_ends_one_whole_tree_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = StoreFolder::open(&path).unwrap();
    let (pointer, tree, _) = open_tree(&store, None).unwrap();
    for number in 0..3_000_u32 {
        let key = [b"p", &number.to_be_bytes()[..]].concat();
        tree.insert(key, vec![b'x'; 1_000]).unwrap();
    }
    tree.flush().unwrap();
    let current = Arc::new(Current::new(tree));
    let (woken, wakes) = sync_channel(16);
    let wake = Arc::new(move || {
        let _ = woken.try_send(());
    });
    let mut copier = Copier::new(store, current.clone(), pointer, wake).unwrap();
    let (answer, mut answered) = channel();
    copier.take_on(Job::Compact(answer));
    let mut steps = 0;
    let mut switched = false;
    while !switched {
        if !copier.is_busy() {
            wakes
                .recv_timeout(std::time::Duration::from_secs(20))
                .unwrap();
        }
        switched = copier.advance().unwrap().is_some();
        steps += 1;
        let tree = current.tree();
        let mut batch = Batch::default();
        for part in 0..8_u32 {
            let key = |number: u32| [b"p", &number.to_be_bytes()[..]].concat();
            batch.insert(key(part * 400 + steps), &b"changed"[..]);
            batch.remove(key(part * 400 + 399 - steps % 200));
            batch.insert(key(10_000 + part * 100 + steps), &b"new"[..]);
        }
        batch.apply(&tree).unwrap();
        copier.mirror(&batch);
        tree.flush().unwrap();
        // Steps of the same kind are many.
        if steps > 4 && steps % 16 != 0 && copier.is_busy() && !switched {
            continue;
        }
        let expected = entries(&tree);

        let ended = tempfile::tempdir().unwrap();
        copy_folder(&path, ended.path());
        let reopened = StoreFolder::open(ended.path()).unwrap();
        let (pointer, found, _) = open_tree(&reopened, None).unwrap();
        assert_eq!(entries(&found), expected, "after step {steps}");
        assert_eq!(pointer.number, u64::from(switched), "after step {steps}");
        assert!(!pointer.copied_from_root);
        let here = ended.path().join("db").exists();
        let copied = ended.path().join("data-00000001").exists();
        assert_eq!((here, copied), (!switched, switched), "after step {steps}");
    }
    assert!(steps > 3, "{steps}");
    while answered.try_recv().is_err() {
        wakes
            .recv_timeout(std::time::Duration::from_secs(20))
            .unwrap();
    }
    assert!(!path.join("db").exists());
}

/// What an older version that knows nothing of copies has begun beside one is told, and stays.
#[test]
fn two_stores_in_one_folder_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take_in(&store, &busy(0, None));
    for _ in 0..2 {
        compact(&store);
    }
    runtime().block_on(store.close()).unwrap();
    drop(store);
    // From here on nothing is left of what was copied first.
    drop(open(folder.path()));
    drop(opening::open(folder.path()).unwrap());
    let opened = patiently(folder.path()).map(|_| ());
    assert!(
        matches!(opened, Err(EmbeddedError::Former(_))),
        "{opened:?}"
    );
    assert!(folder.path().join("db").exists());
    assert!(folder.path().join("data-00000002").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is stored and erased while copies are made, it is as if none had been.
    #[test]
    fn nobody_notices(
        requests in prop::collection::vec((0..3_usize, 0..150_u16, 0..40_000_u32, 0..12_u8), 1..60),
    ) {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (copied, plain) = (open(one.path()), open(other.path()));
        let runtime = runtime();
        for store in [&copied, &plain] {
            for number in 0..3 {
                take_in(store, &busy(number, Some("jo")));
            }
        }
        runtime.block_on(async {
            let mut copies = Vec::new();
            for (number, id, seconds, kind) in &requests {
                if *kind == 0 {
                    let mut copy = copied.compact(Compact::Now);
                    // Polled once, so that it is asked for.
                    let polled = std::future::poll_fn(|context| {
                        std::task::Poll::Ready(copy.as_mut().poll(context))
                    }).await;
                    if polled.is_pending() {
                        copies.push(copy);
                    }
                }
                for store in [&copied, &plain] {
                    if *kind == 1 {
                        let erasure = Erasure {
                            visitor: visitor(*number),
                            ground: Ground::Owner,
                            now: Timestamp::from_milliseconds(1_700_000_000_000),
                        };
                        store.erase(erasure).await.unwrap();
                    } else {
                        let messages = [message(*number, *id, *seconds)];
                        store.commit(commit(&messages)).await.unwrap();
                    }
                }
            }
            for copy in copies {
                copy.await.unwrap();
            }
        });
        prop_assert_eq!(everything(&copied), everything(&plain));
        runtime.block_on(copied.close()).unwrap();
        drop(copied);
        let copied = open(one.path());
        prop_assert_eq!(everything(&copied), everything(&plain));
    }
}
