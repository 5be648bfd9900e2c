//! Verification: silent about whatever the store itself has written, and for each kind of damage the
//! finding it is and the repair that follows.

use firstglance_engine::UserId;
use firstglance_engine::codec::Encode as _;
use firstglance_engine::json::{Clock, SharedFields, read_message};

use super::*;
use crate::store::Ground;
use crate::store::counting::{Metric, Period};
use crate::store::embedded::batch::Batch;
use crate::store::embedded::record::{MessageRecord, PersonRecord};
use crate::store::embedded::verify::verify_at;
use crate::store::merges::{NamesLink, Undo, Undone};

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

/// A request as ingest makes one of JSON.
fn request(messages: &[String]) -> Commit {
    // The sender's clock is far ahead: what is stored has other times than the texts say.
    let clock = Clock {
        received_at: NOW,
        sent_at: Some(NOW.plus(Milliseconds::from_days(48))),
    };
    let context = r#"{"locale":"nl-NL","userAgent":"Mozilla/5.0"}"#;
    let shared = SharedFields::read(Some(context)).unwrap();
    let read = |raw: &String| NewMessage {
        message: read_message(raw, None, &shared, clock).unwrap(),
        raw: raw.as_str().into(),
    };
    Commit {
        received_at: NOW,
        consent: None,
        context: Some(context.into()),
        messages: messages.iter().map(read).collect(),
        claim: None,
    }
}

/// One message of a visitor: of what kind is in its number.
fn raw(visitor: usize, id: u16, seconds: u32) -> String {
    let name = VISITORS[visitor];
    let at = NOW.plus(Milliseconds(u64::from(seconds) * 1_000));
    let what = match id % 8 {
        0 => r#""type":"identify","userId":"jo","traits":{"city":"Utrecht","seats":4}"#.to_owned(),
        1 => r#""type":"track","event":"Products Searched","properties":{"query":"e-bike","path":"/zoek"}"#.to_owned(),
        2 => format!(
            r#""type":"track","event":"Page Engaged","properties":{{"path":"/e-bikes/{id}","active_seconds":200,"scroll_percent":90}}"#
        ),
        3 => format!(r#""type":"track","event":"Order {}","properties":{{}}"#, id % 3),
        4 if id > 40 => {
            r#""type":"alias","userId":"jo@example.nl","previousId":"jo""#.to_owned()
        }
        5 => format!(
            r#""type":"page","properties":{{"path":"/bakfietsen/{id}","url":"https://x.nl/?utm_source=s{}"}}"#,
            id % 5
        ),
        _ => format!(r#""type":"page","properties":{{"path":"/e-bikes/{}","title":"E-bikes"}}"#, id % 9),
    };
    format!(r#"{{"messageId":"m{id}","anonymousId":"{name}","timestamp":"{at}",{what}}}"#)
}

fn close(store: Embedded) {
    runtime().block_on(store.close()).unwrap();
}

/// What verification says of a folder.
pub(super) fn verified(folder: &Path, mode: Mode) -> (Verified, Vec<Finding>) {
    verified_at(folder, mode, NOW)
}

fn verified_at(folder: &Path, mode: Mode, now: Timestamp) -> (Verified, Vec<Finding>) {
    let fold = ProfileFold::new(Arc::new(Model::default()));
    let mut findings = Vec::new();
    let mut tries = 0;
    loop {
        let mut told = |finding: &Finding| findings.push(finding.clone());
        match verify_at(folder, &fold, mode, now, &mut told, &mut |_| {}) {
            Err(EmbeddedError::Engine(sled::Error::Io(_))) if tries < 200 => tries += 1,
            done => return (done.unwrap(), findings),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(usize, u16, u32)>),
    Settle(u32),
    Erase(usize),
    Expire(u64),
    Compact,
}

fn step() -> impl Strategy<Value = Step> {
    let messages = prop::collection::vec((0..3_usize, 0..400_u16, 0..4_000_000_u32), 1..60);
    prop_oneof![
        6 => messages.prop_map(Step::Commit),
        1 => (0..30_000_000_u32).prop_map(Step::Settle),
        1 => (0..3_usize).prop_map(Step::Erase),
        1 => (20..60_u64).prop_map(Step::Expire),
        1 => Just(Step::Compact),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_found_in_what_the_store_has_written(steps in prop::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let runtime = runtime();
        for step in steps {
            match step {
                Step::Commit(messages) => {
                    let messages: Vec<String> =
                        messages.iter().map(|(v, id, s)| raw(*v, *id, *s)).collect();
                    runtime.block_on(store.commit(request(&messages))).unwrap();
                }
                Step::Settle(seconds) => {
                    let all = VISITORS.map(|one| VisitorId::parse(one).unwrap()).to_vec();
                    let now = NOW.plus(Milliseconds(u64::from(seconds) * 1_000));
                    runtime.block_on(store.settle(all, now)).unwrap();
                }
                Step::Erase(visitor) => {
                    let erasure = Erasure {
                        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
                        ground: Ground::Owner,
                        now: NOW.minus(Milliseconds::from_days(6)),
                    };
                    runtime.block_on(store.erase(erasure)).unwrap();
                }
                Step::Expire(days) => {
                    let retention = Retention {
                        events: Milliseconds::from_days(10),
                        profiles: Milliseconds::from_days(30),
                    };
                    let all = VISITORS.map(|one| VisitorId::parse(one).unwrap()).to_vec();
                    let now = NOW.plus(Milliseconds::from_days(days));
                    runtime.block_on(store.expire(all, retention, now)).unwrap();
                }
                Step::Compact => {
                    runtime.block_on(store.compact(Compact::Now)).unwrap();
                }
            }
        }
        let known = runtime.block_on(store.visitors(None, 10)).unwrap().len();
        close(store);
        // After all moments to which visitors were settled: what was kept at those is kept no more.
        let now = NOW.plus(Milliseconds(30_000_000_000));
        let (verified, findings) = verified_at(folder.path(), Mode::Look, now);
        prop_assert_eq!(findings, []);
        prop_assert_eq!((verified.visitors, verified.counted_otherwise), (known as u64, 0));
    }
}

type Everything = BTreeMap<Vec<u8>, Vec<u8>>;

fn everything(tree: &sled::Tree) -> Everything {
    let entries = tree.iter().map(Result::unwrap);
    entries
        .map(|(key, value)| (key.to_vec(), value.to_vec()))
        .collect()
}

fn reopened(folder: &Path) -> sled::Db {
    let mut tries = 0;
    loop {
        let folder = StoreFolder::open(folder).unwrap();
        match open_tree(&folder, None) {
            Err(EmbeddedError::Engine(sled::Error::Io(_))) if tries < 200 => tries += 1,
            opened => return opened.unwrap().1,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn visitor(number: usize) -> VisitorId {
    VisitorId::parse(VISITORS[number]).unwrap()
}

fn change_record(tree: &sled::Tree, number: usize, change: impl Fn(&mut VisitorRecord)) {
    let key = keys::visitor(&visitor(number));
    let mut record = VisitorRecord::from_bytes(&tree.get(&key).unwrap().unwrap()).unwrap();
    change(&mut record);
    tree.insert(key, record.to_bytes()).unwrap();
}

fn today() -> Period {
    // Corrected by the clock of the sender, which is far ahead.
    Calendar::utc().day(NOW.minus(Milliseconds::from_days(48)))
}

fn first(tree: &sled::Tree, prefix: &[u8]) -> (sled::IVec, sled::IVec) {
    tree.scan_prefix(prefix).next().unwrap().unwrap()
}

fn change_person(tree: &sled::Tree, change: impl Fn(&mut joining::PersonEntry)) {
    let key = keys::person(&UserId::parse("jo").unwrap());
    let stored = tree.get(&key).unwrap().unwrap();
    let mut record = PersonRecord::from_bytes(&stored).unwrap();
    change(&mut record.0);
    tree.insert(key, record.to_bytes()).unwrap();
}

/// What is damaged, and what is to be found: whose, of which kind, and whether a repair brings back
/// all that was there.
type Damage = (
    &'static str,
    fn(&sled::Tree),
    &'static [(FindingKind, bool)],
    bool,
);

const DAMAGES: &[Damage] = {
    use FindingKind::{
        Count, Key, List as Listing, Membership, Merge, Message as OfMessage, MessageIds, Missing,
        Person, Profile as OfProfile, Record,
    };
    &[
        ("nothing", |_| {}, &[], true),
        (
            "a profile counts too much",
            |tree| change_record(tree, 1, |record| record.profile.events += 1),
            &[(OfProfile, true)],
            true,
        ),
        (
            "a profile is empty",
            |tree| change_record(tree, 1, |record| record.profile = Profile::new()),
            // Whoever was never seen stands elsewhere in the lists.
            &[(OfProfile, true), (Listing, true)],
            true,
        ),
        (
            "the number of records is too low",
            |tree| change_record(tree, 1, |record| record.records -= 1),
            &[(Missing, true)],
            true,
        ),
        (
            "records are said to have been removed",
            |tree| change_record(tree, 1, |record| record.removed = 2),
            &[(Missing, true)],
            true,
        ),
        (
            "no message id is remembered",
            |tree| {
                change_record(tree, 2, |record| record.seen = seen::Seen::default());
                let buckets = tree.scan_prefix(keys::buckets(&visitor(2)));
                for key in buckets.keys() {
                    tree.remove(key.unwrap()).unwrap();
                }
            },
            &[(MessageIds, true)],
            false,
        ),
        (
            "a bucket is cut",
            |tree| {
                let (key, value) = first(tree, &keys::buckets(&visitor(2)));
                tree.insert(key, &value[..value.len() - 3]).unwrap();
            },
            &[(MessageIds, true)],
            false,
        ),
        (
            "a visitor's record is cut",
            |tree| {
                let key = keys::visitor(&visitor(1));
                let value = tree.get(&key).unwrap().unwrap();
                tree.insert(key, &value[..value.len() / 2]).unwrap();
            },
            // As long as it cannot be read, nobody knows which lists it should be in.
            &[(Record, true), (Listing, true)],
            false,
        ),
        (
            "a visitor's record is gone",
            |tree| {
                tree.remove(keys::visitor(&visitor(1))).unwrap();
            },
            &[(Record, true), (Person, true), (Listing, true)],
            false,
        ),
        (
            "a record of messages is gone",
            |tree| {
                let (key, _) = first(tree, &keys::messages(&visitor(1)));
                tree.remove(key).unwrap();
            },
            &[(Missing, false)],
            false,
        ),
        (
            "a record of messages is cut",
            |tree| {
                let (key, value) = first(tree, &keys::messages(&visitor(1)));
                tree.insert(key, &value[..value.len() / 2]).unwrap();
            },
            &[(Record, false)],
            false,
        ),
        (
            "a message is another visitor's",
            |tree| {
                let (key, value) = first(tree, &keys::messages(&visitor(1)));
                let mut record = MessageRecord::from_bytes(&value).unwrap();
                let raw = record.messages[0].raw.replace("\"ab\"", "\"b\"");
                record.messages[0].raw = raw.into();
                tree.insert(key, record.to_bytes()).unwrap();
            },
            &[(OfMessage, false)],
            false,
        ),
        (
            "a person lacks a visitor",
            |tree| change_person(tree, |entry| drop(entry.visitors.remove(1))),
            &[(Membership, true)],
            true,
        ),
        (
            "a person has somebody else's visitor",
            |tree| {
                change_person(tree, |entry| {
                    entry.visitors.push(VisitorId::parse("nobody").unwrap());
                });
            },
            &[(Person, true)],
            true,
        ),
        (
            "a person is merged into itself",
            |tree| {
                let jo = UserId::parse("jo").unwrap();
                change_person(tree, |entry| {
                    entry.merged_into = Some(jo.clone());
                    entry.visitors.clear();
                });
            },
            &[(Person, false)],
            false,
        ),
        (
            "a list lacks a visitor",
            |tree| {
                let (key, _) = first(tree, keys::LISTS);
                tree.remove(key).unwrap();
            },
            &[(Listing, true)],
            true,
        ),
        (
            "a list says that it is longer",
            |tree| {
                let (key, _) = first(tree, keys::SIZES);
                tree.insert(key, &99_u64.to_be_bytes()).unwrap();
            },
            &[(Listing, true)],
            true,
        ),
        (
            "a counter is too high",
            |tree| {
                let key = keys::counter(today(), Metric::Messages, "track");
                tree.insert(key, &99_u64.to_be_bytes()).unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "counters are gone",
            |tree| {
                tree.remove(keys::counter(today(), Metric::Sessions, ""))
                    .unwrap();
                tree.remove(keys::counter(today(), Metric::Events, "Order 0"))
                    .unwrap();
            },
            &[(Count, true), (Count, true)],
            true,
        ),
        (
            "a counter is of what never happened",
            |tree| {
                let key = keys::counter(today(), Metric::Events, "Never");
                tree.insert(key, &1_u64.to_be_bytes()).unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "a counter cannot be read",
            |tree| {
                let key = keys::other_names(today(), Metric::Arrivals);
                tree.insert(key, b"many").unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "what was counted last cannot be read",
            |tree| drop(tree.insert(keys::LATEST, b"soon").unwrap()),
            // All else was counted already.
            &[(Count, true)],
            false,
        ),
        (
            "a visitor's day is gone",
            |tree| {
                let (key, _) = first(tree, &keys::days(&visitor(1)));
                tree.remove(key).unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "a visitor's day is another",
            |tree| {
                let (key, _) = first(tree, &keys::days(&visitor(1)));
                let (_, other) = first(tree, &keys::days(&visitor(0)));
                tree.insert(key, other).unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "a day is nobody's",
            |tree| {
                let nobody = VisitorId::parse("nobody").unwrap();
                tree.insert(keys::day(&nobody, today().number), b"")
                    .unwrap();
            },
            &[(Count, true)],
            true,
        ),
        (
            "keys are nobody's",
            |tree| {
                tree.insert(b"\xffx", b"").unwrap();
                tree.insert(b"p\x01\0", b"").unwrap();
            },
            &[(Key, false), (Key, false)],
            false,
        ),
        (
            "an erasure cannot be read",
            |tree| drop(tree.insert([b'x'; 17], b"soon").unwrap()),
            &[(Record, false)],
            false,
        ),
        (
            "an entry of the audit of merges cannot be read",
            |tree| drop(tree.insert(keys::merge(1), b"no").unwrap()),
            &[(Record, false)],
            false,
        ),
        (
            "what is remembered of a merge cannot be read",
            |tree| {
                let jo = UserId::parse("jo").unwrap();
                let key = keys::membership_link(&visitor(0), &jo);
                tree.insert(key, b"no").unwrap();
            },
            &[(Record, false)],
            false,
        ),
        (
            "an entry is not found by its visitor",
            |tree| {
                let (key, _) = first(tree, keys::MERGES_OF_VISITORS);
                tree.remove(key).unwrap();
            },
            &[(Merge, true)],
            true,
        ),
        (
            "an entry is gone",
            |tree| drop(tree.remove(keys::merge(2)).unwrap()),
            &[(Merge, true), (Merge, true)],
            false,
        ),
        (
            "a number would be given away twice",
            |tree| drop(tree.insert(keys::MERGES, b"\0\0\0\0\0\0\0\x01\0").unwrap()),
            &[(Merge, true)],
            true,
        ),
        (
            "users of an alias are not one person",
            |tree| {
                let mut batch = Batch::default();
                let [jo, mo] = ["jo", "mo"].map(|name| UserId::parse(name).unwrap());
                links::put(&jo, &mo, &NamesLink::OF_OLD, &mut batch);
                batch.apply(tree).unwrap();
            },
            // Told with each of the two, where it is not repaired.
            &[(Person, true), (Person, true)],
            false,
        ),
        (
            "no alias says that a person is merged",
            |tree| {
                let [jo, mo] = ["jo", "mo"].map(|name| UserId::parse(name).unwrap());
                let merged = PersonRecord(joining::PersonEntry {
                    merged_into: Some(jo),
                    ..joining::PersonEntry::default()
                });
                tree.insert(keys::person(&mo), merged.to_bytes()).unwrap();
            },
            &[(Person, true)],
            false,
        ),
        (
            "a person that has room has none for somebody",
            |tree| {
                let jo = UserId::parse("jo").unwrap();
                let key = keys::turned_away_visitor(&jo, &visitor(0));
                tree.insert(key, b"").unwrap();
            },
            &[(Merge, true)],
            true,
        ),
        (
            "a refused message cannot be read",
            |tree| drop(tree.insert(keys::refused_message(b'f', 1), b"no").unwrap()),
            &[(Record, false)],
            false,
        ),
    ]
};

#[test]
fn each_damage_is_found_and_repaired_as_far_as_it_can_be() {
    for (name, damage, expected, restored) in DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        for request_number in 0..8_u16 {
            let ids = request_number * 10..request_number * 10 + 10;
            // Of only one visitor there are so many that ids are in buckets.
            let messages: Vec<String> = ids
                .clone()
                .map(|id| raw(usize::from(id / 8 % 2), id % 32, u32::from(id) * 500))
                .chain(ids.map(|id| raw(2, id * 8 + 6, u32::from(id) * 500)))
                .collect();
            runtime()
                .block_on(store.commit(request(&messages)))
                .unwrap();
        }
        close(store);
        let tree = reopened(folder.path());
        assert!(
            tree.scan_prefix(keys::buckets(&visitor(2)))
                .next()
                .is_some()
        );
        let mut batch = Batch::default();
        let mut latest = counters::Latest::load(&tree).unwrap();
        latest.settle(&tree, &Calendar::utc(), &mut batch).unwrap();
        batch.apply(&tree).unwrap();
        let whole = everything(&tree);
        damage(&tree);
        tree.flush().unwrap();
        let damaged = everything(&tree);
        drop(tree);

        let (_, findings) = verified(folder.path(), Mode::Look);
        let mut kinds: Vec<FindingKind> = findings.iter().map(|one| one.kind).collect();
        // One for each list.
        kinds.dedup_by(|one, other| one == other && *one == FindingKind::List);
        let wanted: Vec<FindingKind> = expected.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, wanted, "{name}: {findings:?}");
        assert!(findings.iter().all(|one| !one.repaired), "{name}");
        let tree = reopened(folder.path());
        assert!(
            everything(&tree) == damaged,
            "{name}: looking changes nothing"
        );
        drop(tree);

        let (repaired, findings) = verified(folder.path(), Mode::Repair);
        let lasting: Vec<FindingKind> = (findings.iter().filter(|one| !one.repaired))
            .map(|one| one.kind)
            .collect();
        let wanted: Vec<FindingKind> = (expected.iter().filter(|(_, repaired)| !repaired))
            .map(|(kind, _)| *kind)
            .collect();
        assert_eq!(lasting, wanted, "{name}: {findings:?}");
        assert_eq!(repaired.findings - repaired.repaired, wanted.len() as u64);
        let tree = reopened(folder.path());
        let now = everything(&tree);
        drop(tree);
        let messages = |all: &Everything| -> Everything {
            let messages = all
                .iter()
                .filter(|(key, _)| key.starts_with(keys::MESSAGES));
            messages.map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        assert!(
            messages(&now) == messages(&damaged),
            "{name}: messages stay"
        );
        if *restored {
            let differing = now
                .iter()
                .filter(|(key, value)| whole.get(*key) != Some(value));
            let differing: Vec<String> = differing
                .map(|(key, _)| key.escape_ascii().to_string())
                .collect();
            // A profile that was folded anew need not remember its changes at the same moments.
            let others = differing.iter().filter(|key| !key.starts_with("pab"));
            assert_eq!(others.count(), 0, "{name}: {differing:?}");
            assert_eq!(now.len(), whole.len(), "{name}");
        }
        let (again, findings) = verified(folder.path(), Mode::Look);
        assert_eq!(again.findings, wanted.len() as u64, "{name}: {findings:?}");

        // Whatever was repaired, no message counts twice.
        if wanted.is_empty() {
            let store = open(folder.path());
            let copies: Vec<String> = (0..40).map(|id| raw(2, id * 8 + 6, 1)).collect();
            let committed = runtime().block_on(store.commit(request(&copies))).unwrap();
            assert!(committed.new.iter().all(|new| !new), "{name}");
            close(store);
        }
    }
}

/// A record that is made anew from messages does not know less of undos than the one before.
#[test]
fn a_repair_joins_nobody_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let messages: Vec<String> = (0..2).map(|one| raw(one, 8, 10 * one as u32)).collect();
    let runtime = runtime();
    runtime.block_on(store.commit(request(&messages))).unwrap();
    let undo = Undo {
        merge: 1,
        token: "1a2b".into(),
        name: "Anna".into(),
        now: NOW,
    };
    let undone = runtime.block_on(store.undo(undo)).unwrap();
    assert!(matches!(undone, Undone::Done { .. }), "{undone:?}");
    close(store);
    assert_eq!(verified(folder.path(), Mode::Look).1, []);
    let tree = reopened(folder.path());
    for number in 0..2 {
        tree.remove(keys::visitor(&visitor(number))).unwrap();
    }
    tree.flush().unwrap();
    drop(tree);
    let (_, findings) = verified(folder.path(), Mode::Repair);
    assert!(!findings.is_empty() && findings.iter().all(|one| one.repaired));
    assert_eq!(verified(folder.path(), Mode::Look).1, []);
    let tree = reopened(folder.path());
    let users = [0, 1].map(|number| {
        let stored = tree.get(keys::visitor(&visitor(number))).unwrap().unwrap();
        let person = VisitorRecord::from_bytes(&stored).unwrap().person;
        person.map(|membership| membership.user.to_string())
    });
    assert_eq!(users, [None, Some("jo".to_owned())]);
    // And one who is somebody all the same is told.
    change_record(&tree, 0, |record| {
        record.person = Some(joining::Membership {
            user: UserId::parse("jo").unwrap(),
            at: NOW.minus(Milliseconds::from_days(48)),
        });
    });
    tree.flush().unwrap();
    drop(tree);
    let (_, findings) = verified(folder.path(), Mode::Look);
    assert!(
        findings
            .iter()
            .any(|one| one.detail.contains("which was undone"))
    );
}
