//! Merges and their undoing against a plain model: whatever is said, repeated, undone and undone again,
//! persons are what follows from everything that was said and is not taken back.

use std::collections::BTreeSet;

use firstglance_engine::UserId;
use firstglance_engine::json::{Clock, SharedFields, read_message};

use super::verify::verified;
use super::*;
use crate::store::Ground;
use crate::store::joining::MOST_VISITORS;
use crate::store::merges::{Cause, Link, MergeChange};

type Everything = BTreeMap<Vec<u8>, Vec<u8>>;

const START: Timestamp = Timestamp::from_milliseconds(1_700_000_000_000);

/// Seconds from one step to the next.
const STEP: u32 = 1_000;

/// Names of visitors and users; some are both.
const NAMES: [&str; 6] = ["a", "ab", "b", "c", "x", "y"];

fn at(seconds: u32) -> Timestamp {
    START.plus(Milliseconds(u64::from(seconds) * 1_000))
}

fn visitor(name: &str) -> VisitorId {
    VisitorId::parse(name).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// How a message names a user.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Track,
    Identify,
    /// And that who was called by this name before is the user.
    Alias(usize),
}

#[derive(Clone, Copy, Debug)]
struct Said {
    visitor: usize,
    id: u16,
    user: Option<usize>,
    how: How,
    /// Seconds since the start.
    at: u32,
}

impl Said {
    fn raw(&self) -> String {
        let what = match self.how {
            How::Track => r#""type":"track","event":"E""#.to_owned(),
            How::Identify => r#""type":"identify""#.to_owned(),
            How::Alias(previous) => {
                format!(r#""type":"alias","previousId":"{}""#, NAMES[previous])
            }
        };
        let user = match self.user {
            Some(user) => format!(r#""userId":"{}","#, NAMES[user]),
            None => String::new(),
        };
        format!(
            r#"{{"messageId":"m{}","anonymousId":"{}",{user}"timestamp":"{}",{what}}}"#,
            self.id,
            NAMES[self.visitor],
            at(self.at)
        )
    }
}

fn request(raws: &[String], received: u32) -> Commit {
    let clock = Clock {
        received_at: at(received),
        sent_at: None,
    };
    let read = |raw: &String| NewMessage {
        message: read_message(raw, None, &SharedFields::default(), clock).unwrap(),
        raw: raw.as_str().into(),
    };
    Commit {
        received_at: at(received),
        consent: None,
        context: None,
        messages: raws.iter().map(read).collect(),
        claim: None,
    }
}

fn send(store: &Embedded, messages: &[Said], received: u32) -> Committed {
    let raws: Vec<String> = messages.iter().map(Said::raw).collect();
    runtime()
        .block_on(store.commit(request(&raws, received)))
        .unwrap()
}

fn undo(store: &Embedded, merge: u64, now: u32) -> Undone {
    let undo = Undo {
        merge,
        token: "1a2b".into(),
        name: "Anna".into(),
        now: at(now),
    };
    runtime().block_on(store.undo(undo)).unwrap()
}

fn merges(store: &Embedded, filter: MergeFilter) -> Vec<KeptMerge> {
    runtime()
        .block_on(store.merges(filter, None, 1_000))
        .unwrap()
}

fn all(store: &Embedded) -> Vec<KeptMerge> {
    merges(store, MergeFilter::All)
}

fn person(store: &Embedded, of: &str) -> Vec<String> {
    let person = runtime().block_on(store.person(&visitor(of))).unwrap();
    person.visitors().map(|(id, _)| id.to_string()).collect()
}

/// What is said of whom, in pairs of names: of a visitor and a user, or of two users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pair {
    Is(usize, usize),
    Same(usize, usize),
}

impl Pair {
    fn same(one: usize, other: usize) -> Self {
        Self::Same(one.min(other), one.max(other))
    }

    fn of(link: &Link) -> Self {
        let name = |text: &str| NAMES.iter().position(|name| *name == text).unwrap();
        match link {
            Link::Membership(visitor, user) => {
                Self::Is(name(visitor.as_str()), name(user.as_str()))
            }
            Link::Names(one, other) => Self::same(name(one.as_str()), name(other.as_str())),
        }
    }
}

/// Everything that was said, and what is taken back at present.
#[derive(Default)]
struct Plain {
    seen: HashSet<(usize, u16)>,
    events: BTreeMap<usize, u64>,
    said: Vec<(Pair, u32, bool)>,
    /// For each pair its undos, one upon the other: number and second.
    undone: BTreeMap<Pair, Vec<(u64, u32)>>,
    /// What entries say: a pair and a second, or the undo of what, or the undo of which undo.
    entries: BTreeMap<u64, Meant>,
}

#[derive(Clone, Copy, Debug)]
enum Meant {
    Said(Pair, u32),
    Undone(Pair, u64),
    Restored(u64),
}

impl Plain {
    fn take_in(&mut self, said: Said) {
        if !self.seen.insert((said.visitor, said.id)) {
            return;
        }
        *self.events.entry(said.visitor).or_default() += 1;
        let Some(user) = said.user else { return };
        let on_purpose = said.how != How::Track;
        let mut pairs = vec![Pair::Is(said.visitor, user)];
        if let How::Alias(previous) = said.how {
            if self.events.contains_key(&previous) {
                pairs.push(Pair::Is(previous, user));
            }
            if previous != user {
                pairs.push(Pair::same(previous, user));
            }
        }
        for pair in pairs {
            self.said.push((pair, said.at, on_purpose));
        }
    }

    fn until(&self, pair: Pair) -> Option<u32> {
        let undone = self.undone.get(&pair)?;
        undone.last().map(|(_, until)| *until)
    }

    /// Pairs that count, and when they were said last.
    fn counting(&self) -> BTreeMap<Pair, u32> {
        let mut counting = BTreeMap::new();
        for (pair, at, on_purpose) in &self.said {
            let counts = match self.until(*pair) {
                None => true,
                Some(until) => {
                    let again = |(other, again, on_purpose): &(Pair, u32, bool)| {
                        other == pair && *on_purpose && *again > until && again <= at
                    };
                    *at > until && (*on_purpose || self.said.iter().any(again))
                }
            };
            if counts {
                let latest = counting.entry(*pair).or_insert(*at);
                *latest = (*latest).max(*at);
            }
        }
        counting
    }

    fn person(&self, of: usize) -> Vec<&'static str> {
        let counting = self.counting();
        let user_of = |visitor: usize| {
            let said = counting.iter().filter_map(|(pair, at)| match pair {
                Pair::Is(one, user) if *one == visitor => Some((*at, NAMES[*user], *user)),
                _ => None,
            });
            said.max().map(|(_, _, user)| user)
        };
        let mut names = vec![NAMES[of]];
        if let Some(user) = user_of(of) {
            let mut users = BTreeSet::from([user]);
            loop {
                let before = users.len();
                for pair in counting.keys() {
                    if let Pair::Same(one, other) = pair
                        && (users.contains(one) || users.contains(other))
                    {
                        users.extend([*one, *other]);
                    }
                }
                if users.len() == before {
                    break;
                }
            }
            let same = |one: &&usize| user_of(**one).is_some_and(|user| users.contains(&user));
            names = self
                .events
                .keys()
                .filter(same)
                .map(|one| NAMES[*one])
                .collect();
        }
        names.sort_unstable();
        names
    }

    /// What is answered to an undo, as a kind of answer, and what it changes.
    fn undo(&mut self, number: u64, by: u64, now: u32) -> &'static str {
        let mut meant = number;
        let entry = loop {
            match self.entries[&meant] {
                Meant::Restored(of) => {
                    let Meant::Undone(_, merge) = self.entries[&of] else {
                        panic!("a restoring is of an undo");
                    };
                    meant = merge;
                }
                entry => break entry,
            }
        };
        match entry {
            Meant::Said(pair, said) => {
                if self.until(pair).is_some_and(|until| said <= until) {
                    return "already";
                }
                let latest = self.said.iter().filter(|(one, _, _)| *one == pair);
                let latest = latest.map(|(_, at, _)| *at).max().unwrap();
                let undos = self.undone.entry(pair).or_default();
                undos.push((by, now.max(latest)));
                self.entries.insert(by, Meant::Undone(pair, meant));
            }
            Meant::Undone(pair, _) => {
                let undos = self.undone.entry(pair).or_default();
                match undos.iter().position(|(one, _)| *one == meant) {
                    None => return "already",
                    Some(place) if place + 1 < undos.len() => return "below",
                    Some(_) => undos.pop(),
                };
                self.entries.insert(by, Meant::Restored(meant));
            }
            Meant::Restored(_) => panic!("followed above"),
        }
        "done"
    }

    /// Entries that have come since it was asked last.
    fn learn(&mut self, all: &[KeptMerge]) {
        for kept in all {
            let seconds = |at: Timestamp| (at.since(START).0 / 1_000) as u32;
            let meant = match &kept.entry.change {
                MergeChange::Joined { visitor, to, .. } => {
                    let link = Link::Membership(visitor.clone(), to.user.clone());
                    Meant::Said(Pair::of(&link), seconds(to.at))
                }
                MergeChange::Merged {
                    previous,
                    user,
                    said,
                } => {
                    let link = Link::Names(previous.clone(), user.clone());
                    Meant::Said(Pair::of(&link), seconds(*said))
                }
                _ => continue,
            };
            self.entries.entry(kept.number).or_insert(meant);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<Said>),
    /// The same as was sent in a step before, as it is or under other ids.
    Again(prop::sample::Index, bool),
    Undo(prop::sample::Index),
    /// What happened last, which is more often a merge that counts.
    UndoLast(usize),
    Restart,
}

fn said() -> impl Strategy<Value = Said> {
    let how = prop_oneof![
        2 => Just(How::Track),
        2 => Just(How::Identify),
        2 => (0..6_usize).prop_map(How::Alias),
    ];
    let user = prop_oneof![1 => Just(None), 6 => (2..6_usize).prop_map(Some)];
    (0..6_usize, 0..400_u16, user, how, 0..40_000_u32).prop_map(|(visitor, id, user, how, at)| {
        Said {
            visitor,
            id,
            // Nobody can be called something else without a name.
            user: user.or(matches!(how, How::Alias(_)).then_some(2)),
            how,
            at,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    prop_oneof![
        6 => prop::collection::vec(said(), 1..5).prop_map(Step::Send),
        2 => (which(), any::<bool>()).prop_map(|(which, same)| Step::Again(which, same)),
        3 => which().prop_map(Step::Undo),
        3 => (0..4_usize).prop_map(Step::UndoLast),
        1 => Just(Step::Restart),
    ]
}

fn check(store: &Embedded, plain: &Plain) -> Result<(), TestCaseError> {
    for (one, events) in &plain.events {
        let id = visitor(NAMES[*one]);
        let person = runtime().block_on(store.person(&id)).unwrap();
        let names: Vec<&str> = person.visitors().map(|(id, _)| id.as_str()).collect();
        prop_assert_eq!(
            &names,
            &plain.person(*one),
            "the person of {:?}",
            NAMES[*one]
        );
        let own = person.visitors().find(|(one, _)| **one == id).unwrap().1;
        prop_assert_eq!(own.events, *events);
    }
    Ok(())
}

fn kind(undone: &Undone) -> &'static str {
    match undone {
        Undone::Done { .. } => "done",
        Undone::Already { .. } => "already",
        Undone::Below { .. } => "below",
        Undone::Unknown => "unknown",
        Undone::TooLarge { .. } => "too large",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_same_as_if_what_is_undone_had_never_been_said(
        steps in prop::collection::vec(step(), 4..24),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        let mut plain = Plain::default();
        let mut sent: Vec<Vec<Said>> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            // Messages are older than the moment in which they come, many of them by little.
            let now = (number as u32 + 1) * STEP;
            match step {
                Step::Send(mut messages) => {
                    for one in &mut messages {
                        one.at = match one.at {
                            late if late < 15_000 => late % now,
                            at => now - 1 - at % STEP,
                        };
                    }
                    send(&store, &messages, now);
                    messages.iter().for_each(|one| plain.take_in(*one));
                    sent.push(messages);
                }
                Step::Again(which, same) if !sent.is_empty() => {
                    let mut messages = which.get(&sent).clone();
                    for one in &mut messages {
                        one.id += if same { 0 } else { 1_000 + number as u16 };
                    }
                    send(&store, &messages, now);
                    messages.iter().for_each(|one| plain.take_in(*one));
                }
                Step::Undo(_) | Step::UndoLast(_) => {
                    let known = all(&store);
                    plain.learn(&known);
                    let place = match step {
                        Step::Undo(which) if !known.is_empty() => which.index(known.len()),
                        Step::UndoLast(place) if place < known.len() => place,
                        _ => continue,
                    };
                    let by = known[0].number + 1;
                    let expected = plain.undo(known[place].number, by, now);
                    let undone = undo(&store, known[place].number, now);
                    prop_assert_eq!(kind(&undone), expected, "{:?}", known[place]);
                    let latest = all(&store).remove(0).number;
                    prop_assert_eq!(latest, if expected == "done" { by } else { by - 1 });
                }
                Step::Restart => {
                    runtime().block_on(store.close()).unwrap();
                    drop(store);
                    store = open(folder.path());
                }
                Step::Again(..) => {}
            }
            check(&store, &plain)?;
        }
        // What is told of entries is what the next undo would be answered.
        let known = all(&store);
        plain.learn(&known);
        for kept in &known {
            if let Meant::Said(pair, said) = plain.entries[&kept.number] {
                let undone = plain.until(pair).is_some_and(|until| said <= until);
                prop_assert_eq!(kept.undone_by.is_some(), undone, "{:?}", kept);
            }
        }
        runtime().block_on(store.close()).unwrap();
        drop(store);
        let (found, findings) = verified(folder.path(), Mode::Look);
        prop_assert_eq!(findings, []);
        prop_assert_eq!(found.merges, known.len() as u64);
    }
}

/// A message of anybody, with whatever else it says.
fn says(visitor: &str, id: &str, seconds: u32, what: &str) -> String {
    let at = at(seconds);
    format!(r#"{{"messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}",{what}}}"#)
}

fn identify(visitor: &str, user: &str, seconds: u32) -> String {
    let what = format!(r#""type":"identify","userId":"{user}""#);
    says(
        visitor,
        &format!("{visitor}-is-{user}-{seconds}"),
        seconds,
        &what,
    )
}

fn track(visitor: &str, user: &str, seconds: u32) -> String {
    let what = format!(r#""type":"track","event":"E","userId":"{user}""#);
    says(
        visitor,
        &format!("{visitor}-{user}-{seconds}"),
        seconds,
        &what,
    )
}

fn alias(visitor: &str, previous: &str, user: &str, seconds: u32) -> String {
    let what = format!(r#""type":"alias","previousId":"{previous}","userId":"{user}""#);
    says(
        visitor,
        &format!("{previous}-now-{user}-{seconds}"),
        seconds,
        &what,
    )
}

fn take(store: &Embedded, raws: &[String], received: u32) {
    let committed = store.commit(request(raws, received));
    let committed = runtime().block_on(committed).unwrap();
    assert!(committed.new.iter().all(|new| *new), "{raws:?}");
}

fn erase(store: &Embedded, of: &str, now: u32) {
    let erasure = Erasure {
        visitor: visitor(of),
        ground: Ground::Owner,
        now: at(now),
    };
    assert_eq!(
        runtime().block_on(store.erase(erasure)).unwrap(),
        Erased::Done
    );
}

fn done(undone: &Undone) -> bool {
    kind(undone) == "done"
}

/// All of the audit of merges as it lies in the tree.
fn stored(store: &Embedded) -> Everything {
    let entries = store.tree().scan_prefix(keys::MERGES).map(Result::unwrap);
    let own = |(key, value): (sled::IVec, sled::IVec)| (key.to_vec(), value.to_vec());
    entries.map(own).collect()
}

/// Kinds of entries, the oldest first.
fn kinds(store: &Embedded, filter: MergeFilter) -> Vec<String> {
    let told = merges(store, filter).into_iter().rev().map(|kept| {
        let mut json = firstglance_engine::json::JsonWriter::default();
        kept.write(&mut json, crate::store::merges::Reader::Operator);
        let json: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
        json["kind"].as_str().unwrap().to_owned()
    });
    told.collect()
}

/// Where the text is, in any key or value.
fn found(store: &Embedded, text: &str) -> Vec<String> {
    let has = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|some| some == text.as_bytes())
    };
    let entries = store.tree().iter().map(Result::unwrap);
    let with = entries.filter(|(key, value)| has(key) || has(value));
    with.map(|(key, _)| key.escape_ascii().to_string())
        .collect()
}

#[test]
fn an_entry_says_who_came_from_where_by_what() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take(&store, &[identify("a", "x", 5)], 10);
    take(&store, &[track("a", "y", 6), alias("b", "a", "z", 7)], 20);
    let all = all(&store);
    let numbers: Vec<u64> = all.iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    let sender = |kept: &KeptMerge| match &kept.entry.cause {
        Cause::Message { id, kind, sender } => format!("{id} {kind} {sender}"),
        other => panic!("{other:?}"),
    };
    let joined = |kept: &KeptMerge| match &kept.entry.change {
        MergeChange::Joined { visitor, from, to } => {
            let from = from.as_ref().map_or("", |from| from.user.as_str());
            format!("{visitor}: {from}>{} {}", to.user, to.at.since(START).0)
        }
        MergeChange::Merged { previous, user, .. } => format!("{previous}={user}"),
        other => panic!("{other:?}"),
    };
    let told: Vec<(String, String)> = all.iter().map(|one| (joined(one), sender(one))).collect();
    let expected = [
        ("a=z", "a-now-z-7 alias b"),
        ("a: y>z 7000", "a-now-z-7 alias b"),
        ("b: >z 7000", "a-now-z-7 alias b"),
        ("a: x>y 6000", "a-y-6 track a"),
        ("a: >x 5000", "a-is-x-5 identify a"),
    ];
    assert_eq!(
        told,
        expected.map(|(one, two)| (one.to_owned(), two.to_owned()))
    );
    assert_eq!((all[0].entry.at, all[4].entry.at), (at(20), at(10)));

    let numbers = |filter| -> Vec<u64> {
        merges(&store, filter)
            .into_iter()
            .map(|kept| kept.number)
            .collect()
    };
    assert_eq!(numbers(MergeFilter::Visitor(visitor("a"))), [4, 2, 1]);
    assert_eq!(numbers(MergeFilter::Visitor(visitor("b"))), [5, 4, 3]);
    assert_eq!(numbers(MergeFilter::User(user("y"))), [4, 2]);
    assert!(numbers(MergeFilter::User(user("nobody"))).is_empty());
    assert_eq!(
        numbers(MergeFilter::PersonOf(visitor("a"))),
        [5, 4, 3, 2, 1]
    );
    let page = store.merges(MergeFilter::All, Some(4), 2);
    let page = runtime().block_on(page).unwrap();
    assert_eq!(
        page.iter().map(|one| one.number).collect::<Vec<_>>(),
        [3, 2]
    );
}

/// Nothing is written of messages by which nobody comes to anybody.
#[test]
fn who_is_who_they_were_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let known = [
        identify("a", "x", 100),
        identify("b", "y", 100),
        alias("b", "z", "y", 101),
    ];
    take(&store, &known, 200);
    let before = stored(&store);
    for number in 0..20 {
        let again = [
            track("a", "x", 110 + number),
            // Late, of the same user and of another.
            track("a", "x", number),
            track("b", "x", 20 + number),
            identify("b", "w", 20 + number),
            alias("b", "z", "y", 130 + number),
            says(
                "a",
                &format!("page{number}"),
                150 + number,
                r#""type":"page""#,
            ),
            says(
                "new",
                &format!("page{number}"),
                150 + number,
                r#""type":"page""#,
            ),
        ];
        take(&store, &again, 200);
    }
    assert_eq!(stored(&store), before);
}

#[test]
fn back_and_forth_between_names_of_one_person_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    take(
        &store,
        &[identify("a", "x", 1), alias("b", "x", "y", 2)],
        10,
    );
    let mut counts = Vec::new();
    for number in 0..20 {
        let user = if number % 2 == 0 { "y" } else { "x" };
        take(&store, &[track("a", user, 10 + number)], 40);
        counts.push(all(&store).len());
    }
    assert_eq!(counts[..3], [4, 5, 5]);
    assert_eq!(counts[19], 5);
    // Each of the two can be undone.
    let undone = undo(&store, all(&store)[0].number, 50);
    assert!(
        matches!(undone, Undone::Done { together: true, .. }),
        "{undone:?}"
    );
    assert_eq!(person(&store, "a"), ["a", "b"]);
    assert!(done(&undo(&store, 4, 50)));
    assert_eq!(person(&store, "a"), ["a"]);
}

/// What browsers and libraries do after an undo: they go on as before.
#[test]
fn after_an_undo_only_who_says_it_on_purpose_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    take(
        &store,
        &[identify("a", "x", 10), identify("b", "x", 20)],
        100,
    );
    take(&store, &[track("b", "x", 30)], 100);
    assert_eq!(person(&store, "a"), ["a", "b"]);
    assert!(done(&undo(&store, 2, 200)));
    assert_eq!(
        (person(&store, "a"), person(&store, "b")),
        (vec!["a".into()], vec!["b".into()])
    );
    for _ in 0..2 {
        // The same once more is a duplicate; under another id it is as old as it was.
        let same = store.commit(request(&[identify("b", "x", 20)], 300));
        assert_eq!(runtime().block_on(same).unwrap().new, [false]);
        for (id, seconds) in [("again", 20), ("late", 199), ("later", 200)] {
            let what = r#""type":"identify","userId":"x""#;
            let again = says("b", &format!("{id}{}", all(&store).len()), seconds, what);
            let _ = runtime()
                .block_on(store.commit(request(&[again], 300)))
                .unwrap();
            assert_eq!(person(&store, "b"), ["b"], "{id}");
        }
        runtime().block_on(store.close()).unwrap();
        drop(store);
        store = open(folder.path());
    }
    // A name that is repeated is no new word; somebody else's name is.
    take(&store, &[track("b", "x", 210)], 300);
    assert_eq!(person(&store, "b"), ["b"]);
    take(
        &store,
        &[track("b", "y", 220), identify("c", "y", 221)],
        300,
    );
    assert_eq!(person(&store, "b"), ["b", "c"]);
    take(
        &store,
        &[identify("b", "x", 230), track("b", "x", 240)],
        300,
    );
    assert_eq!(person(&store, "b"), ["a", "b"]);
    assert_eq!(person(&store, "c"), ["c"]);
    // That can be undone as well, and each undo again.
    let second = all(&store)[0].number;
    assert_eq!(kind(&undo(&store, 2, 400)), "already");
    assert!(done(&undo(&store, second, 400)));
    assert_eq!(person(&store, "b"), ["b", "c"]);
    let (first_undo, second_undo) = (3, all(&store)[0].number);
    assert_eq!(
        undo(&store, first_undo, 410),
        Undone::Below { first: second_undo }
    );
    assert!(done(&undo(&store, second_undo, 410)));
    assert_eq!(person(&store, "b"), ["a", "b"]);
    assert_eq!(undo(&store, second_undo, 420), Undone::Already { by: None });
    // Who undoes the undo of an undo undoes the merge.
    assert!(done(&undo(&store, all(&store)[0].number, 430)));
    assert_eq!(person(&store, "b"), ["b", "c"]);
    for unknown in [0, 99, u64::MAX] {
        assert_eq!(undo(&store, unknown, 440), Undone::Unknown);
    }
}

#[test]
fn persons_part_whatever_lies_upon_their_merge() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let messages = [
        identify("a", "u", 1),
        identify("b", "v", 2),
        identify("c", "w", 3),
        alias("a", "v", "u", 4),
        alias("c", "w", "v", 5),
    ];
    take(&store, &messages, 10);
    assert_eq!(person(&store, "a"), ["a", "b", "c"]);
    let wrong = all(&store).into_iter().find(|kept| {
        matches!(&kept.entry.change, MergeChange::Merged { user, .. } if user.as_str() == "u")
    });
    let wrong = wrong.unwrap().number;
    assert!(done(&undo(&store, wrong, 20)));
    assert_eq!(
        (person(&store, "a"), person(&store, "c")),
        (vec!["a".into()], vec!["b".into(), "c".into()])
    );
    // Who names a user later comes to the right one.
    take(
        &store,
        &[
            identify("d", "v", 21),
            identify("e", "u", 22),
            identify("f", "w", 23),
        ],
        30,
    );
    assert_eq!(person(&store, "a"), ["a", "e"]);
    assert_eq!(person(&store, "b"), ["b", "c", "d", "f"]);
    // The same alias, sent by somebody else with the same time, redoes nothing; a new one does.
    take(&store, &[alias("z", "v", "u", 4)], 30);
    assert_eq!(person(&store, "b"), ["b", "c", "d", "f"]);
    take(&store, &[alias("z", "v", "u", 25)], 30);
    assert_eq!(person(&store, "b"), ["a", "b", "c", "d", "e", "f", "z"]);
    assert_eq!(
        kinds(&store, MergeFilter::User(user("v"))).last().unwrap(),
        "merged"
    );
}

/// A link that others make as well is gone, and the persons are one all the same.
#[test]
fn an_undo_says_whether_others_hold_them_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let messages = [
        alias("a", "u", "v", 1),
        alias("a", "v", "w", 2),
        alias("a", "u", "w", 3),
    ];
    take(&store, &messages, 10);
    let merged: Vec<u64> = all(&store)
        .into_iter()
        .filter(|kept| matches!(kept.entry.change, MergeChange::Merged { .. }))
        .map(|kept| kept.number)
        .collect();
    let together = |merge| match undo(&store, merge, 20) {
        Undone::Done { together, .. } => together,
        other => panic!("{other:?}"),
    };
    assert!(together(merged[0]));
    assert!(!together(merged[1]));
}

/// A clock that is ahead does not outlast an undo.
#[test]
fn what_was_said_ahead_of_time_is_taken_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut messages = [
        identify("a", "u", 1),
        identify("b", "v", 2),
        alias("b", "u", "v", 3),
    ]
    .to_vec();
    messages.push(alias("b", "u", "v", 900));
    messages.push(identify("b", "v", 950));
    take(&store, &messages, 900);
    take(&store, &[], 10);
    let numbers: Vec<u64> = all(&store).into_iter().map(|kept| kept.number).collect();
    for number in numbers {
        assert!(done(&undo(&store, number, 10)));
    }
    let again = [
        ("u2", alias("c", "u", "v", 899)),
        ("v2", identify("b", "v", 949)),
    ];
    let again = again
        .map(|(id, raw)| raw.replacen("\"messageId\":\"", &format!("\"messageId\":\"{id}"), 1));
    take(&store, &again, 1_000);
    assert_eq!(
        (person(&store, "a"), person(&store, "b")),
        (vec!["a".into()], vec!["b".into()])
    );
}

#[test]
fn who_had_no_room_comes_back_where_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let identified: Vec<String> = (0..80)
        .map(|number| {
            let user = if number < 40 { "u" } else { "v" };
            identify(&format!("visitor{number:02}"), user, 1)
        })
        .collect();
    take(&store, &identified, 10);
    let count = |of: &str| person(&store, of).len();
    assert_eq!((count("visitor00"), count("visitor79")), (40, 40));
    take(
        &store,
        &[says(
            "visitor00",
            "al",
            5,
            r#""type":"alias","previousId":"v","userId":"u""#,
        )],
        10,
    );
    assert_eq!(count("visitor00"), MOST_VISITORS);
    let merged = all(&store)[0].number;
    assert!(done(&undo(&store, merged, 20)));
    assert_eq!((count("visitor00"), count("visitor79")), (40, 40));
    assert!(done(&undo(&store, merged + 1, 30)));
    assert_eq!(count("visitor00"), MOST_VISITORS);
    // One leaves by an undo, and one that had no room comes in.
    assert!(done(&undo(&store, 1, 40)));
    assert_eq!((count("visitor00"), count("visitor01")), (1, MOST_VISITORS));
    assert!(done(&undo(&store, merged + 2, 50)));
    assert_eq!((count("visitor01"), count("visitor79")), (39, 40));
    assert!(store.tree().scan_prefix(keys::TURNED_AWAY).next().is_none());
}

#[test]
fn an_erasure_takes_what_is_about_the_visitor_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let messages = [
        identify("wilhelmina", "willie", 1),
        identify("bernard", "benny", 2),
        alias("wilhelmina", "bernard", "benny", 3),
        alias("wilhelmina", "benny", "ben", 4),
    ];
    take(&store, &messages, 10);
    assert!(done(&undo(&store, all(&store)[0].number, 20)));
    erase(&store, "wilhelmina", 30);
    assert_eq!(found(&store, "wilhelmina"), [""; 0]);
    assert_eq!(found(&store, "willie"), [""; 0]);
    // What her messages said of others is still there, and nobody says that they were hers; of the
    // name that nobody had but her there is nothing.
    assert_eq!(found(&store, "ben\0"), [""; 0]);
    let left = merges(&store, MergeFilter::All);
    let causes = left.iter().filter(|kept| kept.entry.cause == Cause::Erased);
    assert_eq!((causes.count(), left.len()), (1, 2), "{left:?}");
    assert!(done(&undo(&store, 2, 40)));
    erase(&store, "bernard", 50);
    for text in ["bernard", "benny", "Anna", "1a2b"] {
        assert_eq!(found(&store, text), [""; 0], "{text}");
    }
    assert_eq!(merges(&store, MergeFilter::All), []);
    assert_eq!(undo(&store, 2, 60), Undone::Unknown);
    assert_eq!(stored(&store).len(), 1, "{:?}", stored(&store).keys());
    // Numbers are never used again.
    runtime().block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    take(&store, &[identify("c", "x", 70)], 100);
    assert!(all(&store)[0].number > 6);
}

/// An alias takes an id for a name, so that the name of a visitor may be that of a person.
#[test]
fn the_id_of_who_is_erased_is_no_name_either() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let called = |visitor, user, seconds| {
        let what = format!(r#""type":"alias","previousId":"wilhelmina","userId":"{user}""#);
        says(visitor, "alias", seconds, &what)
    };
    let messages = [
        says("wilhelmina", "page", 1, r#""type":"page""#),
        called("a", "u", 2),
        identify("b", "v", 3),
        called("c", "v", 4),
    ];
    take(&store, &messages, 10);
    assert_eq!(person(&store, "a"), ["a", "b", "c", "wilhelmina"]);
    erase(&store, "wilhelmina", 20);
    // Said in messages of others, who are still there.
    let keys = found(&store, "wilhelmina");
    assert!(keys.iter().all(|key| key.starts_with('e')), "{keys:?}");
    assert_eq!(person(&store, "a"), ["a", "b", "c"]);
    take(
        &store,
        &[identify("d", "u", 25), identify("e", "v", 26)],
        30,
    );
    assert_eq!(person(&store, "d"), ["a", "b", "c", "d", "e"]);
    runtime().block_on(store.close()).unwrap();
    drop(store);
    assert_eq!(verified(folder.path(), Mode::Look).1, []);
}

/// Data from before there was an audit: nothing of them changes, and what comes upon them can be undone.
#[test]
fn data_without_an_audit_open_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let messages = [
        identify("a", "u", 1),
        identify("b", "v", 2),
        alias("a", "v", "u", 3),
    ];
    take(&store, &messages, 10);
    let everything = |tree: &sled::Tree| -> Everything {
        let entries = tree.iter().map(Result::unwrap);
        let others = entries.filter(|(key, _)| !key.starts_with(keys::MERGES));
        others
            .map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    };
    for key in store.tree().scan_prefix(keys::MERGES).keys() {
        store.tree().remove(key.unwrap()).unwrap();
    }
    let before = everything(&store.tree());
    runtime().block_on(store.close()).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(everything(&store.tree()), before);
    assert_eq!(all(&store), []);
    take(
        &store,
        &[identify("c", "w", 4), alias("c", "w", "v", 5)],
        10,
    );
    assert_eq!(person(&store, "c"), ["a", "b", "c"]);
    let moved = all(&store).into_iter().map(|kept| kept.number);
    let moved: Vec<u64> = moved.collect();
    assert!(done(&undo(&store, moved[0], 20)));
    // The visitor has said the other name since.
    assert_eq!(person(&store, "c"), ["a", "b", "c"]);
    assert!(done(&undo(&store, moved[1], 20)));
    assert_eq!(
        (person(&store, "a"), person(&store, "c")),
        (vec!["a".into(), "b".into()], vec!["c".into()])
    );
    runtime().block_on(store.close()).unwrap();
    drop(store);
    assert_eq!(verified(folder.path(), Mode::Look).1, []);
}

/// A visitor's messages are read before an undo has its turn.
#[test]
fn what_comes_while_messages_are_read_ahead_counts_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said = |id, user, at| Said {
        visitor: 3,
        id,
        user: Some(user),
        how: How::Identify,
        at,
    };
    send(&store, &[said(1, 4, 10)], 10);
    send(&store, &[said(2, 5, 20)], 20);
    let merge = merges(&store, MergeFilter::All)[0].number;
    let ahead = undo::ReadAhead::of(&store.tree(), merge).unwrap();
    // Said after what was read, and of before what is undone.
    send(&store, &[said(3, 2, 15)], 30);
    let undo = Undo {
        merge,
        token: "1a2b".into(),
        name: "Anna".into(),
        now: at(40),
    };
    let undone = runtime().block_on(store.ask(|answer| Pending::Undo {
        undo,
        ahead,
        answer,
    }));
    let Undone::Done { entry, .. } = undone.unwrap() else {
        panic!("it can be undone");
    };
    let MergeChange::Undone(undoing) = entry.entry.change else {
        panic!("it is an undo");
    };
    assert_eq!(
        (undoing.from, undoing.to),
        (Some(user("y")), Some(user("b")))
    );
    runtime().block_on(store.close()).unwrap();
    drop(store);
    assert_eq!(verified(folder.path(), Mode::Look).1, []);
}
