//! Counts against what is stored: after whatever was committed, settled and erased, and made anew.

use std::collections::BTreeSet;

use firstglance_engine::json::{Clock, SharedFields, read_message};

use super::*;
use crate::store::Ground;
use crate::store::counting::{Metric, Step as Length};

/// When visits may begin, in seconds: some so near each other that what comes between makes them one,
/// and no more than a profile tells apart.
const BEGINNINGS: [u32; 7] = [0, 3_000, 6_000, 90_000, 93_500, 180_000, 400_000];

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_500_000_000);

/// Visitor, id, which of the beginnings, seconds after it.
type Said = (usize, u16, usize, u32);

fn at(said: &Said) -> Timestamp {
    NOW.minus(Milliseconds(500_000_000))
        .plus(Milliseconds(u64::from(BEGINNINGS[said.2] + said.3) * 1_000))
}

/// A message as it comes from outside. What it is follows from its id.
fn raw(said: &Said) -> String {
    let (visitor, id, ..) = *said;
    let common = format!(
        r#""messageId":"m{id}","anonymousId":"{}","timestamp":"{}""#,
        VISITORS[visitor],
        at(said)
    );
    let path = ["e-bikes", "bakfietsen", "helmen"][usize::from(id) % 3];
    let url = format!("https://h.example/{path}/{id}");
    match id % 5 {
        0 => format!(r#"{{"type":"page",{common},"context":{{"page":{{"url":"{url}"}}}}}}"#),
        1 => format!(
            r#"{{"type":"page",{common},"context":{{"page":{{"url":"{url}?utm_source=s{}&utm_medium=email&utm_campaign=c"}}}}}}"#,
            id % 3
        ),
        2 => format!(
            r#"{{"type":"page",{common},"context":{{"page":{{"url":"{url}","referrer":"https://www.google.com/"}}}}}}"#
        ),
        3 => format!(
            r#"{{"type":"track","event":"Page Engaged",{common},"properties":{{"path":"/{path}/{id}","active_seconds":{},"scroll_percent":100}}}}"#,
            f64::from(id) * 1.5
        ),
        _ => format!(r#"{{"type":"track","event":"Event {}",{common}}}"#, id % 4),
    }
}

fn read(raw: &str, received_at: Timestamp) -> Message {
    let clock = Clock {
        received_at,
        sent_at: None,
    };
    read_message(raw, None, &SharedFields::default(), clock).unwrap()
}

fn commit_of(raw: impl IntoIterator<Item = String>, received_at: Timestamp) -> Commit {
    let messages = raw.into_iter().map(|raw| NewMessage {
        message: read(&raw, received_at),
        raw: raw.into(),
    });
    Commit {
        received_at,
        context: None,
        messages: messages.collect(),
        claim: None,
    }
}

fn total(store: &Embedded, metric: Metric, step: Length) -> u64 {
    let last = Period::of(step, NOW);
    let counts = store.counts(metric, step.first_kept(NOW), last);
    let counts = runtime().block_on(counts).unwrap();
    counts.iter().map(|count| count.count).sum()
}

fn counters(store: &Embedded) -> Vec<(sled::IVec, sled::IVec)> {
    let all = store.tree.scan_prefix(keys::COUNTERS);
    all.map(Result::unwrap).collect()
}

fn assert_counts(store: &Embedded, known: &BTreeMap<(usize, u16), Said>) {
    let differences = store.check(NOW).unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    for step in Length::ALL {
        let distinct = |of: &dyn Fn(&Said) -> (usize, u32)| {
            known.values().map(of).collect::<BTreeSet<_>>().len() as u64
        };
        let there = |said: &Said| (said.0, Period::of(step, at(said)).number);
        for (metric, expected) in [
            (Metric::Messages, known.len() as u64),
            (
                Metric::Events,
                known.keys().filter(|(_, id)| id % 5 > 2).count() as u64,
            ),
            (
                Metric::Arrivals,
                known
                    .keys()
                    .filter(|(_, id)| matches!(id % 5, 1 | 2))
                    .count() as u64,
            ),
            (Metric::Visitors, distinct(&there)),
            (Metric::NewVisitors, distinct(&|said| (said.0, 0))),
            (Metric::Sessions, sessions(known)),
        ] {
            assert_eq!(total(store, metric, step), expected, "{metric:?} {step:?}");
        }
        let moved = total(store, Metric::StageEntries, step);
        assert_eq!(moved, total(store, Metric::StageExits, step));
    }
    assert_origins(store, known);
    let sizes = runtime().block_on(store.list_sizes()).unwrap();
    let in_segments = sizes.iter().map(|size| match size.list {
        List::Segment(_) => size.visitors,
        List::Stage(_) => 0,
    });
    let entered = total(store, Metric::SegmentEntries, Length::Day);
    let left = total(store, Metric::SegmentExits, Length::Day);
    assert_eq!(entered - left, in_segments.sum::<u64>());
}

fn sessions(known: &BTreeMap<(usize, u16), Said>) -> u64 {
    let mut count = 0;
    for visitor in 0..VISITORS.len() {
        let mut times: Vec<Timestamp> = known
            .values()
            .filter(|said| said.0 == visitor)
            .map(at)
            .collect();
        times.sort();
        let half_an_hour = Milliseconds::from_minutes(30);
        let apart = |pair: &&[Timestamp]| pair[1].since(pair[0]) > half_an_hour;
        count += u64::from(!times.is_empty()) + times.windows(2).filter(apart).count() as u64;
    }
    count
}

fn assert_origins(store: &Embedded, known: &BTreeMap<(usize, u16), Said>) {
    let day = |said: &Said| Period::of(Length::Day, at(said)).number;
    let mut arrived = BTreeSet::new();
    let mut seen: BTreeMap<(usize, u32), (u32, f64)> = BTreeMap::new();
    for said in known.values() {
        let id = said.1;
        let (views, seconds) = seen.entry((said.0, day(said))).or_default();
        match id % 5 {
            3 => *seconds += f64::from(id) * 1.5,
            0..3 => *views += 1,
            _ => {}
        }
        match id % 5 {
            1 => arrived.insert((said.0, day(said), format!("s{}", id % 3))),
            2 => arrived.insert((said.0, day(said), "google.com".to_owned())),
            _ => false,
        };
    }
    let engaged = arrived.iter().filter(|(visitor, day, _)| {
        let (views, seconds) = seen[&(*visitor, *day)];
        views >= 2 || seconds >= 10.0
    });
    let engaged = engaged.count() as u64;
    let visitors = arrived.len() as u64;
    assert_eq!(total(store, Metric::ArrivedVisitors, Length::Day), visitors);
    assert_eq!(total(store, Metric::EngagedVisitors, Length::Day), engaged);
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Said>),
    Settle(u32),
    Erase(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let said = (0..3_usize, 0..120_u16, 0..BEGINNINGS.len(), 0..1_700_u32);
    prop_oneof![
        6 => prop::collection::vec(said, 1..12).prop_map(Step::Commit),
        1 => (0..90_000_u32).prop_map(Step::Settle),
        1 => (0..3_usize).prop_map(Step::Erase),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn counts_are_what_messages_say(steps in prop::collection::vec(step(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let runtime = runtime();
        // Everything said since its visitor was erased last, the first of each id.
        let mut known: BTreeMap<(usize, u16), Said> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Commit(all) => {
                    let commit = commit_of(all.iter().map(raw), NOW);
                    runtime.block_on(store.commit(commit)).unwrap();
                    for said in all {
                        known.entry((said.0, said.1)).or_insert(said);
                    }
                }
                Step::Settle(seconds) => {
                    let all = VISITORS.map(|one| VisitorId::parse(one).unwrap()).to_vec();
                    let moment = NOW.minus(Milliseconds(u64::from(seconds) * 1_000));
                    runtime.block_on(store.settle(all, moment)).unwrap();
                }
                Step::Erase(visitor) => {
                    erase(&store, visitor);
                    known.retain(|(one, _), _| *one != visitor);
                }
            }
            assert_counts(&store, &known);
        }
        let before = counters(&store);
        contribution::rebuild(&store.tree, NOW, &mut |_| {}).unwrap();
        prop_assert_eq!(counters(&store), before);
        assert_counts(&store, &known);
        for visitor in 0..3 {
            erase(&store, visitor);
        }
        prop_assert!(counters(&store).is_empty());
        prop_assert!(store.tree.scan_prefix(keys::DAYS).next().is_none());
    }
}

/// Erased as of long ago, so that what is said of later is taken in.
fn erase(store: &Embedded, visitor: usize) {
    let erasure = Erasure {
        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
        ground: Ground::Owner,
        now: NOW.minus(Milliseconds(500_000_001)),
    };
    runtime().block_on(store.erase(erasure)).unwrap();
}

fn named(number: u32, at: Timestamp) -> String {
    format!(
        r#"{{"type":"track","event":"Event {number}","messageId":"m{number}","anonymousId":"a","timestamp":"{at}"}}"#
    )
}

#[test]
fn names_without_room_count_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    let room = Metric::Events.room().unwrap();
    for numbers in [0..70, 70..150, 150..170] {
        let commit = commit_of(numbers.map(|number| named(number, NOW)), NOW);
        runtime.block_on(store.commit(commit)).unwrap();
    }
    let today = Period::of(Length::Day, NOW);
    let counts = store.counts(Metric::Events, today, today);
    let counts = runtime.block_on(counts).unwrap();
    let others: Vec<u64> = (counts.iter().filter(|count| count.name.is_none()))
        .map(|count| count.count)
        .collect();
    assert_eq!(others, [170 - room]);
    assert_eq!(counts.len() as u64, room + 1);
    assert_eq!(store.check(NOW).unwrap(), Vec::<String>::new());
    erase(&store, 0);
    assert_eq!(counters(&store), []);
}

#[test]
fn what_is_older_than_is_kept_is_not_counted_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    let days = |days| NOW.minus(Milliseconds::from_days(days));
    let old = [named(1, days(900)), named(2, days(20)), named(3, days(1))];
    let commit = commit_of(old, NOW);
    runtime.block_on(store.commit(commit)).unwrap();
    let count = |step| {
        let first = Period { step, number: 0 };
        let first = Period {
            number: Period::of(step, days(1_000)).number,
            ..first
        };
        let all = store.counts(Metric::Messages, first, Period::of(step, NOW));
        let all = runtime.block_on(all).unwrap();
        all.iter().map(|count| count.count).sum::<u64>()
    };
    assert_eq!((count(Length::Hour), count(Length::Day)), (1, 2));
    let later = NOW.plus(Milliseconds::from_days(30));
    let commit = commit_of([named(4, NOW)], later);
    runtime.block_on(store.commit(commit)).unwrap();
    assert_eq!((count(Length::Hour), count(Length::Day)), (0, 3));
    assert_eq!(store.check(later).unwrap(), Vec::<String>::new());
}

#[test]
fn a_check_tells_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said: Vec<Said> = (0..40).map(|id| (usize::from(id) % 3, id, 3, 60)).collect();
    let commit = commit_of(said.iter().map(raw), NOW);
    runtime().block_on(store.commit(commit)).unwrap();
    assert_eq!(store.check(NOW).unwrap(), Vec::<String>::new());
    for prefix in [keys::LISTS, keys::SIZES, keys::COUNTERS] {
        let first = store.tree.scan_prefix(prefix).next();
        let (key, bytes) = first.unwrap().unwrap();
        store.tree.remove(&key).unwrap();
        let differences = store.check(NOW).unwrap();
        assert_eq!(differences.len(), 1, "{differences:?}");
        store.tree.insert(&key, bytes).unwrap();
    }
    let today = Period::of(Length::Day, NOW);
    let wrong = keys::counter(today, Metric::Events, "Never");
    store.tree.insert(wrong, &9_u64.to_be_bytes()).unwrap();
    let list = List::Segment("nothing".into());
    let position = ListPosition::of(&VisitorId::parse("nobody").unwrap(), NOW);
    store
        .tree
        .insert(keys::listed(&list, &position), &[])
        .unwrap();
    assert_eq!(store.check(NOW).unwrap().len(), 2);
}

#[test]
fn data_without_counts_get_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let now = clock::now();
    let runtime = runtime();
    let said = (0..12_u32).map(|id| {
        format!(
            r#"{{"type":"track","event":"Page Engaged","messageId":"m{id}","anonymousId":"a","timestamp":"{now}","properties":{{"path":"/e-bikes/{id}","active_seconds":240,"scroll_percent":100}}}}"#
        )
    });
    runtime
        .block_on(store.commit(commit_of(said, now)))
        .unwrap();
    let before = counters(&store);
    let entered = keys::counter(
        Period::of(Length::Day, now),
        Metric::SegmentEntries,
        "e-bikes",
    );
    assert!(store.tree.contains_key(&entered).unwrap());
    // As they were stored before there were counts.
    for entry in store.tree.scan_prefix(keys::MESSAGES) {
        let (key, bytes) = entry.unwrap();
        let mut stored = record::MessageRecord::from_bytes(&bytes).unwrap();
        for one in &mut stored.messages {
            if &*one.kind == crate::changes::STORED {
                one.kind = crate::changes::KIND.into();
            }
        }
        store.tree.insert(key, stored.to_bytes()).unwrap();
    }
    counters::clear(&store.tree).unwrap();
    store.tree.remove(keys::COUNTING).unwrap();
    runtime.block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(counters(&store), before);
    assert_eq!(store.check(now).unwrap(), Vec::<String>::new());
}
