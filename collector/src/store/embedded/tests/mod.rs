//! The store against a plain fold: whatever way messages are cut into requests, repeated and
//! interrupted by restarts, profiles are those of each message taken once.

mod calendars;
mod changes;
mod copying;
mod counts;
mod effect;
mod erasures;
mod faults;
mod journeys;
mod lists;
mod merges;
mod persons;
mod refused;
mod retention;
mod tails;
mod verify;

use std::collections::{BTreeMap, HashSet};

use firstglance_engine::profile::EntryKind;
use firstglance_engine::{
    Context, Message, MessageId, MessageKind, Milliseconds, Model, Profile, Properties, Snapshot,
    Timestamp, VisitorId,
};
use proptest::prelude::*;

use super::*;
use crate::store::{Claim, NewMessage, Rules};

const VISITORS: [&str; 3] = ["a", "ab", "b"];

fn message(visitor: usize, id: u16, seconds: u32) -> Message {
    let path = format!("/e-bikes/{}", id % 7);
    let mut properties = Properties::new();
    properties.set_text("path", &path);
    Message {
        id: MessageId::parse(&format!("m{id}")).unwrap(),
        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
        user_id: None,
        timestamp: Timestamp::from_milliseconds(1_700_000_000_000)
            .plus(Milliseconds(u64::from(seconds) * 1_000)),
        context: Context::default(),
        kind: MessageKind::Page {
            name: None,
            properties,
        },
    }
}

fn commit(messages: &[Message]) -> Commit {
    Commit {
        received_at: Timestamp::from_milliseconds(1_700_000_000_000),
        consent: None,
        context: None,
        messages: messages
            .iter()
            .map(|message| NewMessage {
                message: message.clone(),
                raw: format!(
                    r#"{{"messageId":"{}","anonymousId":"{}","timestamp":"{}","properties":{{"path":"{}"}}}}"#,
                    message.id,
                    message.visitor,
                    message.timestamp,
                    message.path(),
                )
                .into(),
            })
            .collect(),
        claim: None,
    }
}

fn open(folder: &Path) -> Embedded {
    patiently(folder).unwrap()
}

fn patiently(folder: &Path) -> Result<Embedded, EmbeddedError> {
    patiently_by(folder, &Arc::new(Model::default()).into())
}

/// Within one process sled's own threads may hold the file for a moment after it was closed.
fn patiently_by(folder: &Path, rules: &Rules) -> Result<Embedded, EmbeddedError> {
    let mut tries = 0;
    loop {
        match Embedded::open(folder, ProfileFold::new(rules.clone())) {
            Err(EmbeddedError::Engine(sled::Error::Io(_))) if tries < 200 => tries += 1,
            opened => return opened,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Counters, with what is yet to be added to them.
fn counters_of(store: &Embedded) -> BTreeMap<Vec<u8>, u64> {
    let latest = counters::Latest::load(&store.tree()).unwrap();
    let mut all: BTreeMap<Vec<u8>, u64> = (store.tree().scan_prefix(keys::COUNTS))
        .map(Result::unwrap)
        .filter(|(key, _)| keys::is_counter(key))
        .map(|(key, value)| (key.to_vec(), counters::number(&value).unwrap()))
        .collect();
    let changes = latest.changes(&store.tree(), &store.calendar).unwrap();
    all.extend(changes.into_all());
    all.retain(|_, count| *count > 0);
    all
}

/// The day of a moment as a clock of the store's time zone shows it.
fn day_of(store: &Embedded, at: Timestamp) -> Period {
    let zone = jiff::tz::db().get(store.calendar.name()).unwrap();
    let at = i64::try_from(at.as_milliseconds()).unwrap();
    let at = jiff::Timestamp::from_millisecond(at).unwrap();
    Period::of_date(at.to_zoned(zone).date()).unwrap()
}

/// Counts the days of a store that is closed by another zone.
fn count_by(store: &Embedded, zone: &str, now: Timestamp) {
    let calendar = Calendar::of(&jiff::tz::db().get(zone).unwrap());
    let disk = tempfile::tempfile().unwrap();
    counted_by::settle_at(&store.tree(), Some(&calendar), &disk, now).unwrap();
}

/// Zones whose days are not those of UTC, in some of which clocks were changed in the time that tests
/// are about.
const ZONES: [&str; 6] = [
    "Europe/Amsterdam",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Apia",
    "America/New_York",
    "Pacific/Kiritimati",
];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// One request: visitor, message id and second of each message.
type Requests = Vec<Vec<(usize, u16, u32)>>;

/// Each message once, in the order of time, as far as requests tell it apart.
fn plain(requests: &Requests) -> BTreeMap<VisitorId, (Profile, Vec<String>)> {
    let mut seen = HashSet::new();
    let mut once: Vec<Message> = Vec::new();
    for (visitor, id, seconds) in requests.iter().flatten() {
        if seen.insert((*visitor, *id)) {
            once.push(message(*visitor, *id, *seconds));
        }
    }
    once.sort_by_key(|message| message.timestamp);
    let model = Model::default();
    let mut profiles: BTreeMap<VisitorId, (Profile, Vec<String>)> = BTreeMap::new();
    for message in once {
        let (profile, ids) = profiles.entry(message.visitor.clone()).or_default();
        profile.fold(&message, &model);
        ids.push(message.id.to_string());
    }
    profiles
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_as_a_plain_fold(
        requests in prop::collection::vec(
            prop::collection::vec((0..3_usize, 0..150_u16, 0..40_000_u32), 1..25),
            1..25,
        ),
        restart_after in 0..25_usize,
        at_once in 1..8_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime();
        let mut store = open(folder.path());
        let mut accepted = 0;
        for (number, group) in requests.chunks(at_once).enumerate() {
            if number == restart_after {
                runtime.block_on(store.close()).unwrap();
                drop(store);
                store = open(folder.path());
            }
            let commits: Vec<_> = group
                .iter()
                .map(|request| {
                    let messages: Vec<Message> =
                        request.iter().map(|(v, id, s)| message(*v, *id, *s)).collect();
                    store.commit(commit(&messages))
                })
                .collect();
            // Those of a group wait together; each is polled before any is answered.
            for committed in runtime.block_on(join(commits)) {
                accepted += committed.unwrap().new.iter().filter(|new| **new).count();
            }
        }
        let expected = plain(&requests);
        let events: u64 = expected.values().map(|(profile, _)| profile.events).sum();
        prop_assert_eq!(accepted as u64, events);
        let stored = runtime.block_on(store.visitors(None, 10)).unwrap();
        prop_assert_eq!(stored.len(), expected.len());
        for ((visitor, profile), (name, (wanted, ids))) in stored.iter().zip(&expected) {
            prop_assert_eq!(visitor, name);
            prop_assert_eq!(profile.events, wanted.events);
            prop_assert_eq!(profile.page_views, wanted.page_views);
            prop_assert_eq!((profile.first_seen, profile.last_seen), (wanted.first_seen, wanted.last_seen));
            prop_assert_eq!(profile.recent(EntryKind::Page), wanted.recent(EntryKind::Page));
            // Sums of floats depend on their order in the last bits.
            let now = wanted.last_seen;
            let found = Snapshot::of(profile, &Model::default(), now);
            let meant = Snapshot::of(wanted, &Model::default(), now);
            prop_assert!((found.score - meant.score).abs() < 1e-6);
            prop_assert_eq!(found.interests.len(), meant.interests.len());
            let timeline = runtime.block_on(store.timeline(visitor, None, 10_000)).unwrap();
            let times: Vec<_> = timeline.iter().map(|entry| entry.position).collect();
            prop_assert!(times.is_sorted());
            for limit in [0, 1, 2, times.len() / 2, times.len(), times.len() + 1] {
                let latest = runtime.block_on(store.latest(visitor, limit)).unwrap();
                let latest: Vec<_> = latest.iter().map(|entry| entry.position).collect();
                prop_assert_eq!(&*latest, &times[times.len().saturating_sub(limit)..]);
            }
            // Changes stand beside the messages that caused them.
            let mut found: Vec<String> = timeline
                .iter()
                .map(|entry| entry.message_id.to_string())
                .filter(|id| !id.starts_with("fg-"))
                .collect();
            let mut ids = ids.clone();
            found.sort_unstable();
            ids.sort_unstable();
            prop_assert_eq!(found, ids);
        }
    }
}

/// Waits for all of them, having started all of them first.
async fn join<T>(answers: Vec<Later<'_, T>>) -> Vec<Result<T, StoreError>> {
    use std::task::Poll;
    let mut waiting: Vec<_> = answers.into_iter().map(|answer| (answer, None)).collect();
    std::future::poll_fn(move |context| {
        let mut all = true;
        for (answer, outcome) in &mut waiting {
            if outcome.is_none() {
                match answer.as_mut().poll(context) {
                    Poll::Ready(ready) => *outcome = Some(ready),
                    Poll::Pending => all = false,
                }
            }
        }
        if all {
            let outcomes = waiting.drain(..).filter_map(|(_, outcome)| outcome);
            Poll::Ready(outcomes.collect())
        } else {
            Poll::Pending
        }
    })
    .await
}

#[test]
fn a_claim_is_settled_by_who_came_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let claimed = |id: u16, digest: Option<u8>| {
        let mut commit = commit(&[message(0, id, 0)]);
        commit.claim = Some(Claim {
            visitor: VisitorId::parse(VISITORS[0]).unwrap(),
            digest: digest.map(|byte| [byte; 16]),
        });
        store.commit(commit)
    };
    let commits = vec![
        claimed(1, Some(1)),
        claimed(2, Some(2)),
        claimed(3, None),
        claimed(1, Some(1)),
    ];
    let committed = runtime().block_on(join(commits));
    let holds: Vec<bool> = committed
        .into_iter()
        .map(|one| one.unwrap().claim_holds)
        .collect();
    assert_eq!(holds, [true, false, false, true]);
}

#[test]
fn a_full_queue_is_busy_and_a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let fold = ProfileFold::new(Arc::new(Model::default()));
    let (release, held) = std::sync::mpsc::channel::<()>();
    let sync = Box::new(move || {
        // Holds up the first flush until the queue is full.
        let _ = held.recv_timeout(std::time::Duration::from_secs(20));
        Ok(())
    });
    let store = Embedded::open_with(folder.path(), fold, &Calendar::utc(), sync).unwrap();
    let commits: Vec<_> = (0..WAITING as u32 + 1_100)
        .map(|number| store.commit(commit(&[message(0, 1, number)])))
        .collect();
    let outcomes = runtime().block_on(async {
        let joined = join(commits);
        let mut joined = std::pin::pin!(joined);
        // Everything is offered in the first poll; then the disk goes on.
        std::future::poll_fn(|context| {
            let polled = joined.as_mut().poll(context);
            let _ = release.send(());
            polled
        })
        .await
    });
    let busy = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(StoreError::Busy)))
        .count();
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(busy > 0);
    assert_eq!(busy + taken, outcomes.len());

    drop(release);
    runtime().block_on(store.close()).unwrap();
    let late = runtime().block_on(store.commit(commit(&[message(0, 9, 9)])));
    assert!(matches!(late, Err(StoreError::Closing)));
    assert!(store.ready().is_err());
}

/// sled does not flush what it puts into files of their own, so nothing may ever get there.
#[test]
fn the_largest_messages_stay_in_the_flushed_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..60_u16 {
        let mut commit = commit(&[message(0, number, u32::from(number) * 7_200)]);
        commit.messages[0].raw = "x".repeat(crate::ingest::MAX_MESSAGE_BYTES).into();
        commit.context = Some("x".repeat(crate::ingest::MAX_CONTEXT_BYTES).into());
        runtime().block_on(store.commit(commit)).unwrap();
    }
    let own_files = std::fs::read_dir(folder.path().join("blobs")).unwrap();
    assert_eq!(own_files.count(), 0);
}

#[test]
fn the_largest_profiles_stay_in_the_flushed_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let long = |number: u16, bytes: usize| format!("{number:03}{}", "x".repeat(bytes - 3));
    let mut messages = Vec::new();
    for number in 0..160_u16 {
        let mut page = message(0, number, u32::from(number) * 3_600);
        let mut properties = Properties::new();
        properties.set_text("path", &long(number, 200));
        properties.set_text("topics", &long(number, 200));
        page.kind = MessageKind::Page {
            name: None,
            properties,
        };
        let parameters: String = (firstglance_engine::campaign::fields())
            .map(|field| {
                format!(
                    "{field}={}
",
                    long(number, 200)
                )
            })
            .collect();
        page.context.campaign = firstglance_engine::Campaign::from_lines(&parameters);
        messages.push(page);
    }
    let mut traits = Properties::new();
    for number in 0..32 {
        traits.set_text(&long(number, 190), &long(number, 2_600));
    }
    let mut identify = message(0, 1_000, 160 * 3_600);
    identify.kind = MessageKind::Identify { traits };
    messages.push(identify);
    // Enough for a full leaf.
    for number in 0..20 {
        let visitor = VisitorId::parse(&long(number, 190)).unwrap();
        for message in &mut messages {
            message.visitor = visitor.clone();
        }
        runtime().block_on(store.commit(commit(&messages))).unwrap();
    }
    let (_, profile) = runtime()
        .block_on(store.visitors(None, 1))
        .unwrap()
        .remove(0);
    println!("{} bytes", profile.to_bytes().len());
    let own_files = std::fs::read_dir(folder.path().join("blobs")).unwrap();
    assert_eq!(own_files.count(), 0);
}

#[test]
fn data_of_another_layout_are_left_alone() {
    // The first version had smaller segments.
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
    }
}
