//! A disk that fails once, at each operation of a scenario in turn: nothing is acknowledged from
//! then on, and what was acknowledged is there after a restart.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::store::embedded::batch::Batch;
use crate::store::embedded::disk::Disk;
use crate::store::merges::{Undo, Undone};
use crate::store::{Erasure, Ground};

/// What a failed operation has done before it fails: an error does not say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaves {
    Nothing,
    All,
}

/// A disk whose operation of this number fails.
pub(super) struct Failing {
    number: usize,
    leaves: Leaves,
    done: AtomicUsize,
}

impl Failing {
    pub(super) const fn new(number: usize, leaves: Leaves) -> Self {
        Self {
            number,
            leaves,
            done: AtomicUsize::new(0),
        }
    }

    fn operation<E: From<io::Error>>(
        &self,
        operate: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        if self.done.fetch_add(1, Ordering::SeqCst) != self.number {
            return operate();
        }
        if let Leaves::All = self.leaves {
            operate()?;
        }
        Err(io::Error::other("the disk is on fire").into())
    }
}

impl Disk for Failing {
    fn apply(&self, tree: &sled::Tree, batch: &Batch) -> Result<(), EmbeddedError> {
        self.operation(|| Ok(batch.apply(tree)?))
    }

    fn flush(&self, tree: &sled::Tree) -> Result<(), EmbeddedError> {
        self.operation(|| {
            tree.flush()?;
            Ok(())
        })
    }

    fn sync(&self, _file: &fs::File) -> io::Result<()> {
        self.operation(|| Ok::<(), io::Error>(()))
    }
}

/// What is asked of the store, one after the other.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Messages of a visitor with ids from a number on.
    Send(usize, u16, u16),
    Forget(usize),
}

const SCENARIO: [Step; 10] = [
    Step::Send(0, 0, 3),
    Step::Send(1, 0, 1),
    // Some of these are duplicates.
    Step::Send(0, 1, 5),
    Step::Send(0, 1, 5),
    // Enough that ids move into buckets of their own.
    Step::Send(2, 0, 60),
    Step::Forget(1),
    Step::Send(2, 50, 20),
    Step::Forget(2),
    Step::Send(0, 8, 1),
    Step::Send(1, 100, 2),
];

const SECOND: i64 = 1_700_000_000_000;

fn visitor(number: usize) -> VisitorId {
    VisitorId::parse(VISITORS[number]).unwrap()
}

/// Whether it was acknowledged.
fn ask(store: &Embedded, step: Step, number: usize) -> Result<(), StoreError> {
    let runtime = runtime();
    match step {
        Step::Send(visitor, first, count) => {
            let messages: Vec<Message> = (first..first + count)
                .map(|id| message(visitor, id, 100 * number as u32 + u32::from(id)))
                .collect();
            runtime.block_on(store.commit(commit(&messages))).map(drop)
        }
        Step::Forget(forgotten) => {
            let erasure = Erasure {
                visitor: visitor(forgotten),
                ground: Ground::Owner,
                now: Timestamp::from_milliseconds(SECOND).plus(Milliseconds(1_000 * number as u64)),
            };
            runtime.block_on(store.erase(erasure)).map(drop)
        }
    }
}

/// Ids of each visitor after the first steps.
fn stored_after(steps: usize) -> Vec<BTreeMap<String, ()>> {
    let mut stored = vec![BTreeMap::new(); VISITORS.len()];
    for step in &SCENARIO[..steps] {
        match *step {
            Step::Send(visitor, first, count) => {
                let ids = (first..first + count).map(|id| (format!("m{id}"), ()));
                stored[visitor].extend(ids);
            }
            Step::Forget(visitor) => stored[visitor].clear(),
        }
    }
    stored
}

/// What the store has; and that each profile counts what its timeline holds.
fn stored(store: &Embedded) -> Vec<BTreeMap<String, ()>> {
    let runtime = runtime();
    let mut all = Vec::new();
    for number in 0..VISITORS.len() {
        let visitor = visitor(number);
        let timeline = runtime
            .block_on(store.timeline(&visitor, None, 1_000))
            .unwrap();
        let ids: Vec<String> = (timeline.iter())
            .map(|entry| entry.message_id.to_string())
            .filter(|id| !id.starts_with("fg-"))
            .collect();
        let profile = runtime.block_on(store.visitor(&visitor)).unwrap();
        let events = profile.map_or(0, |profile| profile.events);
        assert_eq!(events, ids.len() as u64, "profile and timeline differ");
        let distinct: BTreeMap<String, ()> = ids.iter().cloned().map(|id| (id, ())).collect();
        assert_eq!(distinct.len(), ids.len(), "something is there twice");
        all.push(distinct);
    }
    all
}

/// What a process that is killed now leaves behind.
pub(super) fn copy_of(folder: &Path, into: &Path) -> PathBuf {
    fs::create_dir_all(into).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let to = into.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_of(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    into.to_owned()
}

#[test]
fn whichever_operation_fails_nothing_acknowledged_is_lost() {
    let mut number = 0;
    let mut leaves = Leaves::Nothing;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Failing::new(number, leaves));
        let fold = ProfileFold::new(Arc::new(Model::default()));
        let data = folder.path().join("data");
        let store = Embedded::open_on(&data, fold, None, disk.clone()).unwrap();
        let mut failed = None;
        for (place, step) in SCENARIO.into_iter().enumerate() {
            match (ask(&store, step, place), failed) {
                (Ok(()), None) => {}
                (Ok(()), Some(before)) => {
                    panic!("step {place} was acknowledged after the failure of {before}")
                }
                (Err(error), _) => {
                    assert!(!error.is_retryable(), "{error}");
                    assert!(error.to_string().contains("the disk is on fire"), "{error}");
                    assert!(store.ready().is_err());
                    failed.get_or_insert(place);
                }
            }
        }
        let Some(failed) = failed else {
            // There are no more operations than that.
            assert!(number > 20, "{number} operations");
            assert_eq!(stored(&store), stored_after(SCENARIO.len()));
            return;
        };
        let left = copy_of(&data, &folder.path().join("left"));
        assert!(runtime().block_on(store.close()).is_err());

        let store = open(&left);
        let found = stored(&store);
        // The step that failed may be there or not, and as a whole.
        assert!(
            found == stored_after(failed) || found == stored_after(failed + 1),
            "operation {number}, which leaves {leaves:?}: step {failed} failed, found {found:?}"
        );
        for (place, step) in SCENARIO.into_iter().enumerate().skip(failed) {
            ask(&store, step, place).unwrap();
        }
        assert_eq!(stored(&store), stored_after(SCENARIO.len()));
        (number, leaves) = match leaves {
            Leaves::Nothing => (number, Leaves::All),
            Leaves::All => (number + 1, Leaves::Nothing),
        };
    }
}

/// What is asked of the store about persons, one after the other, at the same moments.
const MERGING: [&str; 7] = [
    "a is jo", "b is jo", "c is mo", "jo is mo", "undo 4", "undo 2", "undo 5",
];

fn merge(store: &Embedded, what: &str, number: usize) -> Result<(), StoreError> {
    let user = |name: &str| firstglance_engine::UserId::parse(name).unwrap();
    let now = Timestamp::from_milliseconds(SECOND).plus(Milliseconds(1_000 * number as u64));
    if let Some(merge) = what.strip_prefix("undo ") {
        let undo = Undo {
            merge: merge.parse().unwrap(),
            token: "1a2b".into(),
            name: "Anna".into(),
            now,
        };
        let undone = runtime().block_on(store.undo(undo))?;
        assert!(matches!(undone, Undone::Done { .. }), "{undone:?}");
        return Ok(());
    }
    let (one, other) = what.split_once(" is ").unwrap();
    let mut message = message(0, number as u16, 0);
    message.timestamp = now;
    message.user_id = Some(user(other));
    if one.len() == 1 {
        message.visitor = VisitorId::parse(one).unwrap();
        message.kind = firstglance_engine::MessageKind::Identify {
            traits: Properties::new(),
        };
    } else {
        message.visitor = VisitorId::parse("c").unwrap();
        message.kind = firstglance_engine::MessageKind::Alias {
            previous_id: one.into(),
        };
    }
    let committed = store.commit(commit(&[message]));
    runtime().block_on(committed).map(drop)
}

/// All that is stored, but the number of groups.
fn everything(store: &Embedded) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = store.tree().iter().map(Result::unwrap);
    let others = entries.filter(|(key, _)| key != keys::GROUP);
    others
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

#[test]
fn whichever_operation_fails_a_merge_and_its_entry_and_an_undo_are_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut meant = vec![everything(&store)];
    for (place, what) in MERGING.into_iter().enumerate() {
        merge(&store, what, place).unwrap();
        meant.push(everything(&store));
    }
    let fold = || ProfileFold::new(Arc::new(Model::default()));
    for number in 0.. {
        for leaves in [Leaves::Nothing, Leaves::All] {
            let folder = tempfile::tempdir().unwrap();
            let disk = Arc::new(Failing {
                number,
                leaves,
                done: AtomicUsize::new(0),
            });
            let data = folder.path().join("data");
            let store = Embedded::open_on(&data, fold(), None, disk).unwrap();
            let merged = |(place, what): (usize, &&str)| merge(&store, what, place).is_err();
            let Some(failed) = MERGING.iter().enumerate().position(merged) else {
                assert!(number >= MERGING.len() * 3, "{number} operations");
                return;
            };
            let left = copy_of(&data, &folder.path().join("left"));
            assert!(runtime().block_on(store.close()).is_err());
            let store = open(&left);
            let found = everything(&store);
            assert!(
                found == meant[failed] || found == meant[failed + 1],
                "operation {number}, which leaves {leaves:?}: {:?} failed",
                MERGING[failed]
            );
        }
    }
}
