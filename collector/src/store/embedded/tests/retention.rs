//! Retention: what is too old goes and nothing else, and what is forgotten of ids is what went.

use super::erasures::{busy, take_in, visitor};
use super::*;
use crate::upkeep;

const START: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

fn days(days: u64) -> Milliseconds {
    Milliseconds::from_days(days)
}

fn expire(store: &Embedded, retention: Retention, now: Timestamp) -> Expired {
    let pause = std::time::Duration::ZERO;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime
        .block_on(upkeep::expire(store, retention, now, pause))
        .unwrap()
}

fn ids(store: &Embedded, number: usize) -> Vec<String> {
    let timeline = runtime().block_on(store.timeline(&visitor(number), None, 10_000));
    let ids = timeline
        .unwrap()
        .into_iter()
        .map(|entry| entry.message_id.to_string());
    ids.filter(|id| !id.starts_with("fg-")).collect()
}

/// Everything but what was counted, which stays.
fn everything(store: &Embedded) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut all = super::erasures::everything(store);
    all.retain(|key, _| !key.starts_with(keys::COUNTS));
    all
}

fn received(at: Timestamp, messages: &[Message]) -> Commit {
    let mut commit = commit(messages);
    commit.received_at = at;
    commit
}

#[test]
fn old_messages_go_and_their_evidence_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let retention = Retention {
        events: days(30),
        profiles: days(800),
    };
    // A message a day, each of its own request; enough that ids lie in buckets.
    let daily: Vec<Message> = (0..100_u16)
        .map(|id| message(0, id, u32::from(id) * 86_400))
        .collect();
    for one in &daily {
        runtime()
            .block_on(store.commit(received(one.timestamp, std::slice::from_ref(one))))
            .unwrap();
    }
    let before = runtime()
        .block_on(store.visitor(&visitor(0)))
        .unwrap()
        .unwrap();
    let now = START.plus(days(99));
    let expired = expire(&store, retention, now);
    assert!(
        expired.records >= 69 && expired.visitors == 0,
        "{expired:?}"
    );
    let left: Vec<String> = (69..100).map(|id| format!("m{id}")).collect();
    assert_eq!(ids(&store, 0), left);
    let after = runtime()
        .block_on(store.visitor(&visitor(0)))
        .unwrap()
        .unwrap();
    assert_eq!(after, before);
    let record = store.record(&visitor(0)).unwrap().unwrap();
    assert_eq!(record.removed, expired.records as u64);
    assert_eq!(expire(&store, retention, now), Expired::default());
    // Ids of what is stored are known, those of what went are not.
    let again = take_in(&store, &daily).new;
    assert_eq!(again, (0..100).map(|id| id < 69).collect::<Vec<_>>());
}

#[test]
fn what_came_lately_stays_however_old_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let retention = Retention {
        events: days(30),
        profiles: days(60),
    };
    let history: Vec<Message> = (0..10_u16)
        .map(|id| message(0, id, u32::from(id) * 86_400))
        .collect();
    let brought = START.plus(days(500));
    runtime()
        .block_on(store.commit(received(brought, &history)))
        .unwrap();
    assert_eq!(
        expire(&store, retention, brought.plus(days(6))),
        Expired::default()
    );
    let copies = runtime().block_on(store.commit(received(brought.plus(days(6)), &history)));
    assert!(!copies.unwrap().new.contains(&true));
    let expired = expire(&store, retention, brought.plus(days(8)));
    assert_eq!((expired.records, expired.visitors), (0, 1));
    assert_eq!(everything(&store), BTreeMap::new());
}

#[test]
fn who_was_not_seen_for_long_goes_as_a_whole() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, without) = (open(folder.path()), open(other.path()));
    for store in [&store, &without] {
        let late: Vec<Message> = busy(0, Some("jo"))
            .into_iter()
            .map(|mut one| {
                one.timestamp = one.timestamp.plus(days(50));
                one
            })
            .collect();
        take_in(store, &late);
    }
    take_in(&store, &busy(1, Some("jo")));
    let retention = Retention {
        events: days(400),
        profiles: days(60),
    };
    let now = START.plus(days(70));
    let expired = expire(&store, retention, now);
    assert_eq!((expired.records, expired.visitors), (0, 1));
    assert_eq!(everything(&store), everything(&without));
}
