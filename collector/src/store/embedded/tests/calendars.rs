//! Days by another zone: what is counted anew, what cannot be any more, and what was broken off. That
//! counts come to what messages say by every zone, and after a change of it, is tried beside what else is
//! tried of counts.

use super::counts::{assert_same, commit_of, findings};
use super::*;
use crate::store::counting::{Period, Step};
use crate::store::embedded::counted_by::CountedBy;
use crate::store::{Erasure, Ground};

const START: Timestamp = Timestamp::from_milliseconds(1_697_500_000_000);

const DAYS: u64 = 24;

const NOW: Timestamp = START.plus(Milliseconds::from_days(DAYS));

/// Of two visitors, something every three hours of three weeks.
fn raw() -> impl Iterator<Item = (Timestamp, String)> {
    (0..DAYS * 16).map(|id| {
        let at = START.plus(Milliseconds::from_minutes(id * 90));
        let common = format!(
            r#""messageId":"m{id}","anonymousId":"{}","timestamp":"{at}""#,
            VISITORS[(id % 2) as usize]
        );
        let raw = match id % 5 {
            0 => format!(r#"{{"type":"track","event":"Event {}",{common}}}"#, id % 3),
            _ => format!(
                r#"{{"type":"page",{common},"context":{{"page":{{"url":"https://h.example/{}?utm_source=s&utm_medium=email"}}}}}}"#,
                id % 4
            ),
        };
        (at, raw)
    })
}

/// A store that has counted them by a zone.
fn counted(folder: &Path, zone: &str) -> Embedded {
    let calendar = calendar(zone);
    let fold = ProfileFold::new(Arc::new(Model::default()));
    let store = Embedded::open_by(folder, fold, &calendar).unwrap();
    for (at, raw) in raw() {
        let commit = commit_of([raw], at.plus(Milliseconds(1)));
        runtime().block_on(store.commit(commit)).unwrap();
    }
    store
}

fn calendar(zone: &str) -> Calendar {
    Calendar::of(&jiff::tz::db().get(zone).unwrap())
}

fn close(store: &Embedded) {
    runtime().block_on(store.close()).unwrap();
}

/// The same store with its days by another zone.
fn by(store: Embedded, folder: &Path, zone: &str) -> Embedded {
    close(&store);
    count_by(&store, zone, NOW);
    drop(store);
    let store = open(folder);
    assert_eq!(store.calendar().name(), zone);
    store
}

/// Counters of days, or of hours.
fn counters(store: &Embedded, wanted: impl Fn(Period) -> bool) -> BTreeMap<Vec<u8>, u64> {
    let mut all = counters_of(store);
    all.retain(|key, _| wanted(keys::period_of(key).unwrap()));
    all
}

#[test]
fn counted_anew_it_is_as_if_it_had_been_counted_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = counted(folder.path(), "UTC");
    for zone in ZONES.into_iter().chain(["UTC"]) {
        store = by(store, folder.path(), zone);
        assert_eq!(findings(&store, Mode::Look, NOW), [], "{zone}");
        let fresh_folder = tempfile::tempdir().unwrap();
        let fresh = counted(fresh_folder.path(), zone);
        assert_same(&counters_of(&fresh), &counters_of(&store));
        let days = |store: &Embedded| -> Vec<_> {
            let days = store.tree().scan_prefix(keys::DAYS);
            days.map(Result::unwrap).collect()
        };
        assert_eq!(days(&fresh), days(&store), "{zone}");
        close(&fresh);
    }
}

/// Of messages that are gone the counts stay what they are.
#[test]
fn what_is_gone_keeps_its_numbers() {
    for zone in ZONES {
        let folder = tempfile::tempdir().unwrap();
        let store = counted(folder.path(), "UTC");
        let retention = Retention {
            events: Milliseconds::from_days(12),
            profiles: Milliseconds::from_days(800),
        };
        let visitors = || {
            let all = VISITORS.map(|visitor| VisitorId::parse(visitor).unwrap());
            all.into_iter().take(2)
        };
        let gone = runtime()
            .block_on(store.expire(visitors().collect(), retention, NOW))
            .unwrap();
        assert!(gone.records > 40, "{gone:?}");
        let until = counters::unsure(&store.tree()).unwrap().unwrap();
        let before = counters_of(&store);
        let store = by(store, folder.path(), zone);
        let last = store.calendar().day(until);
        let is_gone = |period: Period| period.step == Step::Day && period <= last;
        let hours = |period: Period| period.step == Step::Hour;
        assert_same(
            &counters(&store, hours),
            &before
                .iter()
                .filter(|(key, _)| hours(keys::period_of(key).unwrap()))
                .map(|(key, count)| (key.clone(), *count))
                .collect(),
        );
        let after = counters_of(&store);
        for (key, count) in before
            .iter()
            .filter(|(key, _)| is_gone(keys::period_of(key).unwrap()))
        {
            assert!(after.get(key) >= Some(count), "{zone}: {key:?}");
        }
        let fresh_folder = tempfile::tempdir().unwrap();
        let fresh = counted(fresh_folder.path(), zone);
        let is_whole = |period: Period| !is_gone(period);
        assert_same(&counters(&fresh, is_whole), &counters(&store, is_whole));
        close(&fresh);
        assert_eq!(findings(&store, Mode::Look, NOW), [], "{zone}");
        for visitor in visitors() {
            let erasure = Erasure {
                visitor,
                ground: Ground::Owner,
                now: NOW,
            };
            runtime().block_on(store.erase(erasure)).unwrap();
            assert_eq!(findings(&store, Mode::Look, NOW), [], "{zone}");
        }
    }
}

/// As a process leaves it that was ended while it counted anew.
#[test]
fn what_was_broken_off_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let zone = "Europe/Amsterdam";
    let store = counted(folder.path(), zone);
    let meant = counters_of(&store);
    close(&store);
    let tree = store.tree();
    let disk = tempfile::tempfile().unwrap();
    let mut batch = batch::Batch::default();
    let mut pending = counters::Latest::load(&tree).unwrap();
    pending.settle(&tree, store.calendar(), &mut batch).unwrap();
    let half_done = CountedBy {
        calendar: calendar(zone),
        is_done: false,
    };
    half_done.put(&mut batch);
    batch.apply(&tree).unwrap();
    let damage = || {
        for (place, key) in meant.keys().enumerate() {
            let is_day = keys::period_of(key).unwrap().step == Step::Day;
            match place % 3 {
                0 if is_day => drop(tree.remove(key).unwrap()),
                1 if is_day => drop(tree.insert(&**key, &7_u64.to_be_bytes()).unwrap()),
                _ => {}
            }
        }
        for entry in tree.scan_prefix(keys::DAYS).keys() {
            tree.remove(entry.unwrap()).unwrap();
        }
    };
    // By the calendar that it was to be counted by, whatever is configured now.
    damage();
    let settled = counted_by::settle_at(&tree, None, &disk, NOW).unwrap();
    assert_eq!(settled.name(), zone);
    assert_same(&meant, &counters_of(&store));
    // And by another one that is configured by then.
    for zone in ["America/New_York", "Europe/Amsterdam"] {
        let mut batch = batch::Batch::default();
        half_done.put(&mut batch);
        batch.apply(&tree).unwrap();
        damage();
        let calendar = calendar(zone);
        counted_by::settle_at(&tree, Some(&calendar), &disk, NOW).unwrap();
        let kept: CountedBy = record::read(&tree, keys::COUNTED_BY).unwrap().unwrap();
        assert!(kept.is_done && kept.calendar == calendar);
    }
    assert_same(&meant, &counters_of(&store));
    assert_eq!(findings(&store, Mode::Look, NOW), []);
}

#[test]
fn what_need_not_be_counted_anew_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = counted(folder.path(), "UTC");
    let utc = counters_of(&store);
    close(&store);
    let tree = store.tree();
    let disk = tempfile::tempfile().unwrap();
    let settle = |zone: Option<&str>| {
        let calendar = zone.map(calendar);
        let settled = counted_by::settle_at(&tree, calendar.as_ref(), &disk, NOW).unwrap();
        settled.name().to_owned()
    };
    // What does not say by which calendar it was counted was by UTC.
    tree.remove(keys::COUNTED_BY).unwrap();
    assert_eq!(settle(None), "UTC");
    tree.remove(keys::COUNTED_BY).unwrap();
    // A count that is wrong stays so unless all are made anew.
    let wrong = utc.keys().next().unwrap();
    tree.insert(&**wrong, &99_u64.to_be_bytes()).unwrap();
    let is_wrong = || {
        let count = tree.get(wrong).unwrap();
        count.is_some_and(|count| count == 99_u64.to_be_bytes())
    };
    for zone in ["UTC", "Africa/Abidjan"] {
        assert_eq!(settle(Some(zone)), zone);
        assert_eq!(settle(None), zone);
        assert!(is_wrong(), "{zone}");
    }
    assert_eq!(settle(Some("Europe/Amsterdam")), "Europe/Amsterdam");
    let amsterdam = counters_of(&store);
    assert!(!is_wrong() && utc != amsterdam);
    // Whoever says nothing changes nothing.
    assert_eq!(settle(None), "Europe/Amsterdam");
    assert_eq!(settle(Some("Europe/Berlin")), "Europe/Berlin");
    assert_same(&amsterdam, &counters_of(&store));
    // One that cannot be read is made anew, and so is what follows from it.
    tree.insert(keys::COUNTED_BY, b"soon").unwrap();
    assert_eq!(settle(Some("UTC")), "UTC");
    assert_same(&utc, &counters_of(&store));
    assert_eq!(settle(None), "UTC");
}
