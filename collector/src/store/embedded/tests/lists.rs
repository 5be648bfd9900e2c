//! Lists against what all profiles say: after whatever was committed, settled and erased, and made
//! anew.

use std::collections::BTreeSet;

use super::*;
use crate::store::Ground;

/// All that is in the lists, read in pages of two.
fn listed(store: &Embedded, list: &List) -> Vec<ListPosition> {
    let runtime = runtime();
    let mut all: Vec<ListPosition> = Vec::new();
    loop {
        let page = runtime
            .block_on(store.list(vec![list.clone()], all.last().cloned(), 2))
            .unwrap();
        let more = page.len() == 2;
        all.extend(page.into_iter().map(|one| one.position));
        if !more {
            return all;
        }
    }
}

/// The lists as the profiles say that they are.
fn expected(store: &Embedded) -> BTreeMap<List, Vec<ListPosition>> {
    let visitors = runtime().block_on(store.visitors(None, 100)).unwrap();
    let mut lists: BTreeMap<List, Vec<ListPosition>> = BTreeMap::new();
    for (visitor, profile) in &visitors {
        for list in List::of(profile) {
            let position = ListPosition::of(visitor, profile.last_seen);
            lists.entry(list).or_default().push(position);
        }
    }
    for list in lists.values_mut() {
        list.sort_by(|one, other| (other.step, &one.visitor).cmp(&(one.step, &other.visitor)));
    }
    lists
}

fn assert_lists(store: &Embedded) {
    let expected = expected(store);
    let sizes = runtime().block_on(store.list_sizes()).unwrap();
    let sizes: BTreeMap<List, u64> = (sizes.into_iter())
        .map(|size| (size.list, size.visitors))
        .collect();
    let wanted = expected
        .iter()
        .map(|(list, all)| (list.clone(), all.len() as u64));
    assert_eq!(sizes, wanted.collect());
    for (list, all) in &expected {
        assert_eq!(listed(store, list), *all, "{list:?}");
    }
    let kept = store.tree().scan_prefix(keys::LISTS).count();
    assert_eq!(kept, expected.values().map(Vec::len).sum::<usize>());
}

/// Pages that were read to their end, which makes interests strong.
fn reading(visitor: usize, id: u16, seconds: u32) -> Message {
    let mut properties = Properties::new();
    let topic = ["e-bikes", "bakfietsen", "helmen"][usize::from(id) % 3];
    properties.set_text("path", &format!("/{topic}/{id}"));
    for (name, value) in [("active_seconds", 240.0), ("scroll_percent", 100.0)] {
        properties.set(name, firstglance_engine::Value::Number(value));
    }
    Message {
        kind: MessageKind::Track {
            event: "Page Engaged".into(),
            properties,
        },
        ..message(visitor, id, seconds)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(usize, u16, u32)>),
    Settle(u32),
    Erase(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let messages = prop::collection::vec((0..3_usize, 0..150_u16, 0..4_000_000_u32), 1..12);
    prop_oneof![
        6 => messages.prop_map(Step::Commit),
        1 => (0..30_000_000_u32).prop_map(Step::Settle),
        1 => (0..3_usize).prop_map(Step::Erase),
    ]
}

fn moment(seconds: u32) -> Timestamp {
    message(0, 0, seconds).timestamp
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lists_are_what_profiles_say(steps in prop::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let runtime = runtime();
        for step in steps {
            match step {
                Step::Commit(messages) => {
                    let messages: Vec<Message> = messages
                        .iter()
                        .map(|(visitor, id, seconds)| match id % 2 {
                            0 => message(*visitor, *id, *seconds),
                            _ => reading(*visitor, *id, *seconds),
                        })
                        .collect();
                    runtime.block_on(store.commit(commit(&messages))).unwrap();
                }
                Step::Settle(seconds) => {
                    let all = VISITORS.map(|one| VisitorId::parse(one).unwrap()).to_vec();
                    runtime.block_on(store.settle(all, moment(seconds))).unwrap();
                }
                Step::Erase(visitor) => {
                    let erasure = Erasure {
                        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
                        ground: Ground::Owner,
                        now: moment(0),
                    };
                    runtime.block_on(store.erase(erasure)).unwrap();
                }
            }
            assert_lists(&store);
        }
        index::rebuild(&store.tree()).unwrap();
        assert_lists(&store);
    }
}

#[test]
fn whoever_does_nothing_is_told_once_whatever_is_written_in_between() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let runtime = runtime();
    let named = |number: u32, seconds: u32| {
        let mut one = message(0, 1, seconds);
        one.visitor = VisitorId::parse(&format!("v{number:03}")).unwrap();
        one.id = MessageId::parse(&format!("m{number}-{seconds}")).unwrap();
        one
    };
    let first: Vec<Message> = (0..100).map(|number| named(number, number * 300)).collect();
    runtime.block_on(store.commit(commit(&first))).unwrap();
    let mut told: Vec<ListPosition> = Vec::new();
    let mut came_back = BTreeSet::new();
    for turn in 0.. {
        let page = runtime
            .block_on(store.list(vec![List::All], told.last().cloned(), 7))
            .unwrap();
        let more = page.len() == 7;
        told.extend(page.into_iter().map(|one| one.position));
        if !more {
            break;
        }
        // Some come back, and somebody is new, at each turn.
        for number in [turn * 13 % 100, 200 + turn] {
            came_back.insert(format!("v{number:03}"));
            let later = [named(number, 1_000_000 + turn)];
            runtime.block_on(store.commit(commit(&later))).unwrap();
        }
    }
    let names: Vec<&str> = told.iter().map(|one| one.visitor.as_str()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for number in 0..100 {
        let name = format!("v{number:03}");
        assert!(
            names.contains(&&*name) || came_back.contains(&name),
            "{name}"
        );
    }
}
