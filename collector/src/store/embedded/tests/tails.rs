//! Damage to the end of the engine's files, as a loss of power or a bad disk leaves it: torn, zeroed
//! and flipped. Everything before it is there, nothing behind it is half there, and that something
//! is missing is said.

use std::fs::{self, OpenOptions};
use std::io::IsTerminal as _;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::faults::copy_of;
use super::*;

/// Groups that the damage must not reach, and all of them.
const SAFE: u16 = 6;
const ALL: u16 = 8;

#[derive(Clone, Copy, Debug)]
enum Damage {
    /// The file ends here.
    Torn,
    /// Nothing but zeros from here on.
    Zeroed,
    /// One bit is another.
    Flipped,
}

const DAMAGES: [Damage; 3] = [Damage::Torn, Damage::Zeroed, Damage::Flipped];

/// A copy of a store, in memory where there is such a folder: this opens thousands.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

fn send(store: &Embedded, group: u16) {
    let messages: Vec<Message> = (0..3)
        .map(|number| message(usize::from(number), group * 3 + number, u32::from(group)))
        .collect();
    runtime().block_on(store.commit(commit(&messages))).unwrap();
}

/// What a process that was killed left, where its last groups lie in its log, and its last snapshot.
fn killed(folder: &Path) -> (PathBuf, Range<u64>) {
    let data = folder.join("data");
    {
        let store = open(&data);
        send(&store, 0);
        runtime().block_on(store.close()).unwrap();
    }
    // Opened anew, so that there is a snapshot.
    let store = open(&data);
    (1..SAFE).for_each(|group| send(&store, group));
    let before = fs::read(data.join("db")).unwrap();
    (SAFE..ALL).for_each(|group| send(&store, group));
    let left = copy_of(&data, &folder.join("left"));
    let after = fs::read(left.join("db")).unwrap();
    let differs = |place: &usize| before.get(*place) != after.get(*place);
    let first = (0..after.len()).find(differs).unwrap();
    let last = (0..after.len()).rfind(differs).unwrap();
    (left, first as u64..last as u64 + 1)
}

fn damage(path: &Path, at: u64, damage: Damage) {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    match damage {
        Damage::Torn => file.set_len(at).unwrap(),
        Damage::Zeroed => file
            .write_all_at(&vec![0; (length - at) as usize], at)
            .unwrap(),
        Damage::Flipped => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            byte[0] ^= 1 << (at % 8);
            file.write_all_at(&byte, at).unwrap();
        }
    }
}

/// How many whole groups there are; that none is there in part, or twice.
fn groups(store: &Embedded) -> u16 {
    let mut counts = Vec::new();
    for visitor in VISITORS {
        let visitor = VisitorId::parse(visitor).unwrap();
        let timeline = runtime().block_on(store.timeline(&visitor, None, 100));
        let mut ids: Vec<String> = (timeline.unwrap().iter())
            .map(|entry| entry.message_id.to_string())
            .filter(|id| !id.starts_with("fg-"))
            .collect();
        let profile = runtime().block_on(store.visitor(&visitor)).unwrap();
        assert_eq!(profile.unwrap_or_default().events, ids.len() as u64);
        ids.dedup();
        counts.push(ids.len() as u16);
    }
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    counts[0]
}

/// Opens a damaged copy. What it answers is checked against what must be.
fn try_one(left: &Path, file: &str, at: u64, kind: Damage) -> String {
    let folder = scratch();
    let copy = copy_of(left, &folder.path().join("data"));
    damage(&copy.join(file), at, kind);
    let what = format!("{file}, {kind:?} at byte {at}");
    let outcome = match patiently(&copy) {
        Ok(store) => {
            assert_eq!(groups(&store), ALL, "{what}");
            "everything is there".to_owned()
        }
        Err(EmbeddedError::Missing { missing, path }) => {
            fs::remove_file(path).unwrap();
            let store = patiently(&copy).unwrap();
            let groups = groups(&store);
            assert!((SAFE..ALL).contains(&groups), "{what}: {groups} groups");
            assert_eq!(u64::from(ALL - groups), missing, "{what}");
            // And it goes on from there.
            send(&store, 20);
            "it says what is missing, and goes on with what is left".to_owned()
        }
        Err(error @ EmbeddedError::Damaged { .. }) => {
            assert!(error.to_string().contains("Restore them from a backup"));
            "it says that it is damaged".to_owned()
        }
        Err(error) => panic!("{what}: {error}"),
    };
    format!("{file} {kind:?}: {outcome}")
}

/// Where to damage what, and how: every byte of the last groups in every way, and every byte of the
/// snapshot in one; or one of so many bytes, each in the way after the one before it.
fn cases(left: &Path, range: Range<u64>, step: usize) -> Vec<(String, u64, Damage)> {
    let snapshot = fs::read_dir(left)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with("snap."))
        .unwrap();
    let length = fs::metadata(left.join(&snapshot)).unwrap().len();
    let log = range
        .flat_map(|at| DAMAGES.map(|kind| ("db".to_owned(), at, kind)))
        .step_by((step - 1) * DAMAGES.len() + 1);
    let snapshot = (0..length).step_by(step).map(|at| {
        let kind = DAMAGES[at as usize % DAMAGES.len()];
        (snapshot.clone(), at, kind)
    });
    log.chain(snapshot).collect()
}

fn try_all(step: usize) {
    let folder = scratch();
    let (left, range) = killed(folder.path());
    let cases = cases(&left, range, step);
    let seen = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    // Opening a store is work for one core.
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((file, at, kind)) = cases.get(number) else {
                        break;
                    };
                    if number.is_multiple_of(1_000) && std::io::stderr().is_terminal() {
                        eprint!("\r{number} of {} damaged stores", cases.len());
                    }
                    let outcome = try_one(&left, file, *at, *kind);
                    *seen.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    let seen: BTreeMap<String, usize> = seen.into_inner().unwrap();
    assert_eq!(seen.values().sum::<usize>(), cases.len());
    for (outcome, count) in seen {
        println!("{count:>6} {outcome}");
    }
}

#[test]
fn damage_at_some_bytes() {
    try_all(97);
}

/// Twenty minutes without optimisation, on two cores.
#[test]
#[ignore = "cargo xtask proof tails runs it"]
fn damage_at_every_byte() {
    try_all(1);
}
