//! Erasures: nothing of the visitor stays, nothing of anybody else goes, whatever else is under way
//! and whenever the disk fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use firstglance_engine::UserId;

use super::*;
use crate::store::{ClaimDigest, Ground};

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

pub(super) fn visitor(number: usize) -> VisitorId {
    VisitorId::parse(VISITORS[number]).unwrap()
}

fn erasure(number: usize, ground: Ground, seconds: u32) -> Erasure {
    Erasure {
        visitor: visitor(number),
        ground,
        now: NOW.plus(Milliseconds(u64::from(seconds) * 1_000)),
    }
}

pub(super) fn erase(store: &Embedded, number: usize, ground: Ground) -> Erased {
    let erasure = erasure(number, ground, 100_000);
    runtime().block_on(store.erase(erasure)).unwrap()
}

pub(super) fn take_in(store: &Embedded, messages: &[Message]) -> Committed {
    runtime().block_on(store.commit(commit(messages))).unwrap()
}

/// Everything in the store but the layout's version, by which calendar it is counted, how far groups and the audit of merges are, and
/// what is remembered of erasures; of counts what they come to.
pub(super) fn everything(store: &Embedded) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = store.tree().iter().map(Result::unwrap);
    let beside = [
        keys::VERSION,
        keys::COUNTED_BY,
        keys::GROUP,
        keys::RESIDUE,
        keys::MERGES,
        keys::LATEST,
    ];
    let kept = entries.filter(|(key, _)| {
        !beside.contains(&&key[..]) && !keys::is_counter(key) && !key.starts_with(keys::ERASED)
    });
    let counters = counters_of(store).into_iter();
    kept.map(|(key, value)| (key.to_vec(), value.to_vec()))
        .chain(counters.map(|(key, count)| (key, count.to_be_bytes().to_vec())))
        .collect()
}

/// Enough for message ids to be moved into buckets, of several persons.
pub(super) fn busy(number: usize, user: Option<&str>) -> Vec<Message> {
    let mut messages: Vec<Message> = (0..120_u16)
        .map(|id| message(number, id, u32::from(id) * 600))
        .collect();
    if let Some(user) = user {
        let last = messages.last_mut().unwrap();
        last.user_id = Some(UserId::parse(user).unwrap());
        last.kind = MessageKind::Identify {
            traits: Properties::new(),
        };
    }
    messages
}

#[test]
fn nothing_of_the_visitor_stays_and_nothing_of_others_goes() {
    let others = tempfile::tempdir().unwrap();
    let without = open(others.path());
    take_in(&without, &busy(0, Some("jo")));
    take_in(&without, &busy(2, None));

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take_in(&store, &busy(0, Some("jo")));
    take_in(&store, &busy(1, Some("jo")));
    take_in(&store, &busy(2, None));
    let person = runtime().block_on(store.person(&visitor(0))).unwrap();
    assert_eq!(person.visitors().count(), 2);

    assert_eq!(erase(&store, 1, Ground::Cookie), Erased::Done);
    assert_eq!(everything(&store), everything(&without));
    let person = runtime().block_on(store.person(&visitor(0))).unwrap();
    let left: Vec<&VisitorId> = person.visitors().map(|(id, _)| id).collect();
    assert_eq!(left, [&visitor(0)]);
    assert_eq!(erase(&store, 1, Ground::Cookie), Erased::Unknown);

    // With the last of its visitors the person goes too.
    assert_eq!(erase(&store, 0, Ground::Owner), Erased::Done);
    assert_eq!(erase(&store, 2, Ground::Owner), Erased::Done);
    assert_eq!(everything(&store), BTreeMap::new());
}

#[test]
fn users_that_are_one_person_stay_one_while_anybody_is_left() {
    let alias = || {
        let mut alias = message(1, 500, 1);
        alias.user_id = Some(UserId::parse("jo@example.nl").unwrap());
        alias.kind = MessageKind::Alias {
            previous_id: "jo".into(),
        };
        alias
    };
    for (erased, together) in [(&[0][..], true), (&[0, 1], false)] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        take_in(&store, &busy(0, Some("jo")));
        take_in(&store, &[alias()]);
        for number in erased {
            erase(&store, *number, Ground::Owner);
        }
        // With the last goes what tells that there was somebody of these names.
        assert_eq!(everything(&store).is_empty(), !together);
        // Browsers that come later, each by another name.
        for (number, user) in [(0, "jo"), (2, "jo@example.nl")] {
            let mut identify = message(number, 501, 200_000);
            identify.user_id = Some(UserId::parse(user).unwrap());
            take_in(&store, &[identify]);
        }
        let person = runtime().block_on(store.person(&visitor(0))).unwrap();
        assert_eq!(person.visitors().count(), if together { 3 } else { 1 });
    }
}

#[test]
fn only_who_proves_it_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let digest = |byte: u8| -> Option<ClaimDigest> { Some([byte; 16]) };
    let mut first = commit(&[message(0, 1, 1)]);
    first.claim = Some(Claim {
        visitor: visitor(0),
        digest: digest(1),
    });
    runtime().block_on(store.commit(first)).unwrap();
    // Made known without a secret: nobody can ever prove to be that one.
    take_in(&store, &[message(1, 1, 1)]);
    let before = everything(&store);
    for (number, given, expected) in [
        (0, None, Erased::Unproven),
        (0, digest(2), Erased::Unproven),
        (1, None, Erased::Unproven),
        (1, digest(1), Erased::Unproven),
        (2, None, Erased::Unknown),
        (2, digest(1), Erased::Unknown),
    ] {
        assert_eq!(erase(&store, number, Ground::Claim(given)), expected);
        assert_eq!(everything(&store), before);
    }
    assert_eq!(erase(&store, 0, Ground::Claim(digest(1))), Erased::Done);
    assert!(everything(&store).len() < before.len());
}

/// What is late, by ground and time, and after a restart as before it.
#[test]
fn late_copies_do_not_make_a_visitor_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    take_in(&store, &[message(0, 1, 1)]);
    take_in(&store, &[message(1, 1, 1)]);
    let at = |number, ground| {
        let erasure = erasure(number, ground, 1_000);
        runtime().block_on(store.erase(erasure)).unwrap()
    };
    assert_eq!(at(0, Ground::Cookie), Erased::Done);
    assert_eq!(at(1, Ground::Owner), Erased::Done);
    for _ in 0..2 {
        for (number, seconds, new) in [
            (0, 1, false),
            (0, 1_000, false),
            (0, 2_000, false),
            (1, 1, false),
            (1, 1_000, false),
        ] {
            let mut late = commit(&[message(number, seconds as u16, seconds)]);
            late.claim = Some(Claim {
                visitor: visitor(number),
                digest: Some([1; 16]),
            });
            let committed = runtime().block_on(store.commit(late)).unwrap();
            assert_eq!(committed.new, [new], "{number} {seconds}");
            assert!(committed.erased && !committed.claim_holds);
        }
        assert_eq!(everything(&store), BTreeMap::new());
        runtime().block_on(store.close()).unwrap();
        drop(store);
        store = open(folder.path());
    }
    // The owner's erasure is no ban: what happens afterwards counts, what happened before does not.
    let both = [message(1, 7, 2_000), message(1, 1, 1)];
    let committed = take_in(&store, &both);
    assert_eq!((committed.new, committed.erased), (vec![true, false], true));
    let timeline = runtime().block_on(store.timeline(&visitor(1), None, 10));
    assert_eq!(timeline.unwrap().len(), 1);
    // Nor is any remembered for ever.
    let mut later = commit(&[message(0, 1, 1)]);
    later.received_at = NOW.plus(Milliseconds::from_days(8));
    let committed = runtime().block_on(store.commit(later)).unwrap();
    assert_eq!((committed.new, committed.erased), (vec![true], false));
    assert!(store.tree().scan_prefix(keys::ERASED).next().is_none());
}

#[derive(Clone, Debug)]
enum Asked {
    Commit(Vec<(usize, u16, u32)>),
    Erase(usize, Ground, u32),
}

#[derive(Debug, PartialEq)]
enum Answered {
    Committed(Committed),
    Erased(Erased),
}

fn asked() -> impl Strategy<Value = Asked> {
    let ground = prop_oneof![
        Just(Ground::Owner),
        Just(Ground::Cookie),
        Just(Ground::Claim(None)),
        Just(Ground::Claim(Some([1; 16]))),
    ];
    prop_oneof![
        3 => prop::collection::vec((0..3_usize, 0..60_u16, 0..4_000_u32), 1..30)
            .prop_map(Asked::Commit),
        1 => (0..3_usize, ground, 0..4_000_u32)
            .prop_map(|(visitor, ground, at)| Asked::Erase(visitor, ground, at)),
    ]
}

/// One request after the other, in the simplest way.
#[derive(Default)]
struct Plain {
    /// Ids of messages of those who are known.
    known: BTreeMap<usize, HashSet<u16>>,
    /// When, and whether altogether.
    erased: BTreeMap<usize, (u32, bool)>,
}

impl Plain {
    fn answer(&mut self, asked: &Asked) -> Answered {
        match asked {
            Asked::Commit(messages) => {
                let mut committed = Committed {
                    new: Vec::new(),
                    claim_holds: false,
                    erased: false,
                };
                for (visitor, id, seconds) in messages {
                    let erasure = self.erased.get(visitor);
                    let late = erasure.is_some_and(|(at, retired)| *retired || seconds <= at);
                    committed.erased |= late;
                    let new = !late && self.known.entry(*visitor).or_default().insert(*id);
                    committed.new.push(new);
                }
                Answered::Committed(committed)
            }
            Asked::Erase(visitor, ground, at) => {
                let known = self.known.contains_key(visitor);
                let (outcome, retired) = match (ground, known) {
                    (Ground::Owner, true) => (Erased::Done, Some(false)),
                    (Ground::Owner | Ground::Claim(None), false) => (Erased::Unknown, None),
                    (Ground::Cookie, true) => (Erased::Done, Some(true)),
                    (Ground::Cookie | Ground::Claim(Some(_)), false) => {
                        (Erased::Unknown, Some(true))
                    }
                    // No message here comes with a secret.
                    (Ground::Claim(_), true) => (Erased::Unproven, None),
                };
                if let Some(retired) = retired {
                    self.known.remove(visitor);
                    let (latest, ever) = self.erased.entry(*visitor).or_insert((*at, false));
                    *latest = (*latest).max(*at);
                    *ever |= retired;
                }
                Answered::Erased(outcome)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_as_one_after_the_other(
        requests in prop::collection::vec(asked(), 1..25),
        restart_after in 0..25_usize,
        at_once in 1..8_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime();
        let mut store = open(folder.path());
        let mut plain = Plain::default();
        for (number, group) in requests.chunks(at_once).enumerate() {
            if number == restart_after {
                runtime.block_on(store.close()).unwrap();
                drop(store);
                store = open(folder.path());
            }
            let answers: Vec<Later<'_, Answered>> = group.iter().map(|asked| send(&store, asked)).collect();
            let answers = runtime.block_on(join(answers));
            for (asked, answered) in group.iter().zip(answers) {
                prop_assert_eq!(answered.unwrap(), plain.answer(asked), "{:?}", asked);
            }
        }
        let stored = runtime.block_on(store.visitors(None, 10)).unwrap();
        prop_assert_eq!(stored.len(), plain.known.len());
        for (number, ids) in &plain.known {
            let timeline = runtime.block_on(store.timeline(&visitor(*number), None, 10_000)).unwrap();
            let mut found: Vec<_> = timeline
                .iter()
                .map(|entry| entry.message_id.to_string())
                .filter(|id| !id.starts_with("fg-"))
                .collect();
            let mut expected: Vec<_> = ids.iter().map(|id| format!("m{id}")).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}

fn send<'a>(store: &'a Embedded, asked: &Asked) -> Later<'a, Answered> {
    match asked {
        Asked::Commit(messages) => {
            let messages: Vec<Message> = messages
                .iter()
                .map(|(v, id, s)| message(*v, *id, *s))
                .collect();
            let committed = store.commit(commit(&messages));
            Box::pin(async move { committed.await.map(Answered::Committed) })
        }
        Asked::Erase(number, ground, at) => {
            let erased = store.erase(erasure(*number, ground.clone(), *at));
            Box::pin(async move { erased.await.map(Answered::Erased) })
        }
    }
}

/// The disk fails at each flush in turn. What was acknowledged holds, and a visitor is there as a
/// whole or not at all.
#[test]
fn a_disk_that_fails_leaves_all_or_nothing() {
    for failing in 1..=4_usize {
        let folder = tempfile::tempdir().unwrap();
        let flushes = Arc::new(AtomicUsize::new(0));
        let counted = flushes.clone();
        let sync = move || match counted.fetch_add(1, Ordering::SeqCst) + 1 {
            number if number >= failing => Err(io::Error::other("the disk is on fire")),
            _ => Ok(()),
        };
        let fold = ProfileFold::new(Arc::new(Model::default()));
        let store =
            Embedded::open_with(folder.path(), fold, &Calendar::utc(), Box::new(sync)).unwrap();
        let committed = runtime().block_on(store.commit(commit(&busy(0, Some("jo")))));
        let other = runtime().block_on(store.commit(commit(&busy(1, Some("jo")))));
        let erased = runtime().block_on(store.erase(erasure(0, Ground::Cookie, 1)));
        let late = runtime().block_on(store.commit(commit(&[message(0, 1, 1)])));
        assert_eq!(committed.is_ok(), failing > 1);
        assert_eq!(other.is_ok(), failing > 2);
        assert_eq!(erased.is_ok(), failing > 3);
        // It changes nothing, so it needs no flush: but nobody is told so by a store that failed.
        assert_eq!(late.is_ok(), failing > 3);
        let _ = runtime().block_on(store.close());
        drop(store);

        let store = open(folder.path());
        let timeline = runtime().block_on(store.timeline(&visitor(0), None, 1_000));
        let events = timeline.unwrap().len();
        let known = runtime().block_on(store.visitor(&visitor(0))).unwrap();
        let keys = everything(&store);
        let own = keys.keys().any(|key| key[1..].starts_with(b"a\0"));
        assert_eq!(
            (known.is_some(), own),
            (events > 0, events > 0),
            "{failing}"
        );
        assert!(events == 0 || events >= 120);
        if erased.is_ok() {
            assert_eq!(events, 0);
            assert!(
                runtime()
                    .block_on(store.visitor(&visitor(1)))
                    .unwrap()
                    .is_some()
            );
        }
    }
}
