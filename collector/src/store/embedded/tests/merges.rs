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
    #![proptest_config(ProptestConfig::with_cases(64))]

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

fn identify(visitor: usize, id: u16, user: usize, at: u32) -> Said {
    Said {
        visitor,
        id,
        user: Some(user),
        how: How::Identify,
        at,
    }
}
