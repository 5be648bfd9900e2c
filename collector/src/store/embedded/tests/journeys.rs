//! What is counted of ways and funnels against the messages: told here by what a visitor's timeline says
//! alone, after whatever was seen, reached, sent twice, late and erased, across restarts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::counts::{assert_same, commit_of, findings};
use super::*;
use crate::effect::{Goal, ReachedBy};
use crate::journey::{Funnel, Step as FunnelStep};
use crate::store::counting::{Metric, Period};
use crate::store::{Erasure, Ground, Retention};

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_500_000_000);

const FUNNELS: [&[&str]; 3] = [&["a", "b", "c"], &["b", "a"], &["c", "d"]];

const COUNTED: [Metric; 3] = [Metric::GoalPaths, Metric::SegmentPaths, Metric::FunnelSteps];

/// Visitor, id, minutes before now: so few that some are of one moment, and of one visit.
type Said = (usize, u16, u32);

fn funnel(steps: &[&str]) -> Funnel {
    Funnel {
        id: steps.join("-").into(),
        label: "".into(),
        steps: steps.iter().map(|step| Box::from(*step)).collect(),
    }
}

fn rules() -> Rules {
    let goals = ["a", "b", "c"].map(|id| Goal {
        id: id.into(),
        label: id.into(),
        by: ReachedBy::Event(format!("Reached {id}").into()),
        value: None,
    });
    Rules {
        model: Arc::new(Model::default()),
        goals: goals.into(),
        funnels: FUNNELS.map(funnel).into(),
    }
}

fn open(folder: &Path) -> Embedded {
    patiently_by(folder, &rules()).unwrap()
}

/// A message as it comes from outside. What it is follows from its id.
fn raw((visitor, id, minutes): &Said) -> String {
    let at = NOW.minus(Milliseconds::from_minutes(u64::from(*minutes)));
    let common = format!(
        r#""messageId":"m{id}","anonymousId":"{}","timestamp":"{at}""#,
        VISITORS[*visitor]
    );
    let goal = ["a", "b", "c"][usize::from(id / 2) % 3];
    let path = ["/", "/e-bikes/1", "/prijzen", "/e-bikes/2"][usize::from(id / 2) % 4];
    match id % 2 {
        0 => format!(r#"{{"type":"track","event":"Reached {goal}",{common}}}"#),
        _ => format!(
            r#"{{"type":"page",{common},"properties":{{"path":"{path}","topics":["E-bikes"]}}}}"#
        ),
    }
}

type Counts = BTreeMap<(Period, Metric, String), u64>;

fn counted(store: &Embedded) -> Counts {
    let mut counts = Counts::new();
    for (key, number) in counters_of(store) {
        let metric = keys::metric_of(&key).unwrap();
        if COUNTED.contains(&metric) {
            let keys::Counted::Name(name) = keys::counted(&key).unwrap() else {
                panic!("there is room for all of these");
            };
            let period = keys::period_of(&key).unwrap();
            counts.insert((period, metric, name.into()), number);
        }
    }
    counts
}

/// What a visitor's timeline says, told without any of the code that counts.
fn meant_of(store: &Embedded, visitor: &VisitorId, counts: &mut Counts) {
    let timeline = runtime().block_on(store.timeline(visitor, None, 100_000));
    let mut add = |at: Timestamp, metric, name: String| {
        let day = day_of(store, at);
        *counts.entry((day, metric, name)).or_default() += 1;
    };
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().into_iter().flatten();
        all.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    // By goal: when it was reached, and in which segments the visitor was.
    let mut reached: BTreeMap<String, BTreeSet<(Timestamp, Vec<String>)>> = BTreeMap::new();
    let mut sent = BTreeMap::new();
    for entry in timeline.unwrap() {
        let message: Value = serde_json::from_str(&entry.raw).unwrap();
        let at = entry.position.timestamp;
        let event = message["event"].as_str().unwrap_or_default();
        let properties = &message["properties"];
        if !entry.message_id.starts_with("fg-") {
            if let Some(goal) = event.strip_prefix("Reached ") {
                sent.entry(goal.to_owned())
                    .or_insert_with(BTreeSet::new)
                    .insert(at);
            }
            continue;
        }
        let path = texts(&properties["path"]).join("\n");
        match event {
            "Goal Reached" => {
                let goal = properties["goal"].as_str().unwrap().to_owned();
                let name = [&*goal, &*path].join("\n");
                add(at, Metric::GoalPaths, name.trim_end().to_owned());
                let segments = texts(&properties["segments"]);
                reached.entry(goal).or_default().insert((at, segments));
            }
            "Segment Entered" if !path.is_empty() => {
                let segment = properties["segment"].as_str().unwrap();
                add(at, Metric::SegmentPaths, format!("{segment}\n{path}"));
            }
            _ => {}
        }
    }
    let told = reached.iter().map(|(goal, all)| {
        let times = all.iter().map(|(at, _)| *at).collect::<BTreeSet<_>>();
        (goal.clone(), times)
    });
    assert_eq!(told.collect::<BTreeMap<_, _>>(), sent);
    for steps in FUNNELS {
        let of = funnel(steps);
        let mut from = Timestamp::MIN;
        let mut begun = None;
        for (number, step) in steps.iter().enumerate() {
            let all = reached.get(*step).into_iter().flatten();
            let Some((at, segments)) = all.filter(|(at, _)| *at >= from).min() else {
                break;
            };
            let (first, segments) = begun.get_or_insert_with(|| (*at, segments.clone()));
            from = *at;
            for segment in std::iter::once(None).chain(segments.iter().map(Some)) {
                let step = FunnelStep {
                    funnel: Funnel::counted_as(&of.steps),
                    number,
                    segment: segment.map(|segment| segment.as_str().into()),
                };
                add(*first, Metric::FunnelSteps, step.to_name());
            }
        }
    }
}

fn assert_counts(store: &Embedded) {
    let mut meant = Counts::new();
    for visitor in VISITORS {
        meant_of(store, &VisitorId::parse(visitor).unwrap(), &mut meant);
    }
    assert_same(&meant, &counted(store));
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Said>),
    Erase(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let said = (0..3_usize, 0..200_u16, 0..400_u32);
    prop_oneof![
        8 => prop::collection::vec(said, 1..12).prop_map(Step::Commit),
        1 => (0..3_usize).prop_map(Step::Erase),
        1 => Just(Step::Restart),
    ]
}

fn commit(store: &Embedded, said: impl IntoIterator<Item = String>) {
    let commit = commit_of(said, NOW);
    runtime().block_on(store.commit(commit)).unwrap();
}

/// Erased as of long ago, so that what is said of later is taken in.
fn erase(store: &Embedded, visitor: usize) {
    let erasure = Erasure {
        visitor: VisitorId::parse(VISITORS[visitor]).unwrap(),
        ground: Ground::Owner,
        now: NOW.minus(Milliseconds::from_days(50)),
    };
    runtime().block_on(store.erase(erasure)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn counts_of_journeys_are_what_messages_say(
        steps in prop::collection::vec(step(), 1..16),
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        for step in &steps {
            match step {
                Step::Commit(said) => commit(&store, said.iter().map(raw)),
                Step::Erase(visitor) => erase(&store, *visitor),
                Step::Restart => {
                    runtime().block_on(store.close()).unwrap();
                    drop(store);
                    store = open(folder.path());
                }
            }
            assert_counts(&store);
        }
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        let before = counted(&store);
        recount::everything((&store.tree(), &store.calendar), NOW, &mut |_| {}).unwrap();
        prop_assert_eq!(counted(&store), before.clone());
        // What is remembered and is not what messages say is made anew.
        let kept: Vec<_> = store.tree().scan_prefix(keys::FUNNELS).map(Result::unwrap).collect();
        for (key, value) in &kept {
            let told = funnels::Funnels::from_bytes(value).unwrap().anew(&[]);
            store.tree().insert(key, told.to_bytes()).unwrap();
        }
        let found = findings(&store, Mode::Repair, NOW);
        prop_assert_eq!(found.len(), kept.len());
        let anew: Vec<_> = store.tree().scan_prefix(keys::FUNNELS).map(Result::unwrap).collect();
        prop_assert_eq!(anew, kept);
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        prop_assert_eq!(counted(&store), before);
        runtime().block_on(store.close()).unwrap();
        count_by(&store, zone, NOW);
        drop(store);
        let store = open(folder.path());
        prop_assert_eq!(store.calendar.name(), zone);
        assert_counts(&store);
        prop_assert_eq!(findings(&store, Mode::Look, NOW), []);
        for visitor in 0..3 {
            erase(&store, visitor);
        }
        prop_assert_eq!(counted(&store), Counts::new());
        prop_assert_eq!(store.tree().scan_prefix(keys::FUNNELS).count(), 0);
    }
}

/// What is configured anew begins with what a visitor has reached before, as soon as they reach a goal;
/// and what was counted by what is no longer configured stays.
#[test]
fn other_funnels() {
    let folder = tempfile::tempdir().unwrap();
    let fold = ProfileFold::new(Rules {
        funnels: [funnel(&["a", "b"])].into(),
        ..rules()
    });
    let store = Embedded::open(folder.path(), fold.clone()).unwrap();
    let said = |id: u16, goal: &str, minutes: u64| {
        let at = NOW.minus(Milliseconds::from_minutes(minutes));
        format!(
            r#"{{"type":"track","event":"Reached {goal}","messageId":"m{id}","anonymousId":"a","timestamp":"{at}"}}"#
        )
    };
    commit(&store, [said(1, "a", 60), said(2, "c", 50)]);
    fold.replace(Rules {
        funnels: [funnel(&["a", "c", "b"])].into(),
        ..rules()
    });
    let reached = |steps: &[&str]| -> Vec<u64> {
        let funnel = Funnel::counted_as(&funnel(steps).steps);
        let counts = counted(&store);
        let of = counts.iter().filter_map(|((_, _, name), number)| {
            let step = FunnelStep::of_name(name)?;
            (step.funnel == funnel && step.segment.is_none()).then_some(*number)
        });
        of.collect()
    };
    assert_eq!(
        (reached(&["a", "b"]), reached(&["a", "c", "b"])),
        (vec![1], vec![])
    );
    commit(&store, [said(3, "b", 40)]);
    let expected = (vec![1, 1], vec![1, 1, 1]);
    assert_eq!((reached(&["a", "b"]), reached(&["a", "c", "b"])), expected);
    assert_eq!(findings(&store, Mode::Look, NOW), []);
    erase(&store, 0);
    assert_eq!(counted(&store), Counts::new());
}

/// Of goals whose messages are too old to be kept only what is remembered tells: what comes late takes
/// nothing of it away, and what comes after it counts.
#[test]
fn what_was_counted_of_goals_that_are_gone_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let said = |id: u16, goal: &str, minutes: u64| {
        let at = NOW.minus(Milliseconds::from_minutes(minutes));
        format!(
            r#"{{"type":"track","event":"Reached {goal}","messageId":"m{id}","anonymousId":"a","timestamp":"{at}"}}"#
        )
    };
    let reached = || -> Vec<u64> {
        let own = Funnel::counted_as(&funnel(FUNNELS[0]).steps);
        let counts = counted(&store);
        let of = counts.iter().filter_map(|((_, _, name), number)| {
            let step = FunnelStep::of_name(name)?;
            (step.funnel == own && step.segment.is_none()).then_some(*number)
        });
        of.collect()
    };
    commit(&store, [said(1, "a", 60), said(2, "b", 50)]);
    let later = NOW.plus(Milliseconds::from_days(30));
    let retention = Retention {
        events: Milliseconds::from_days(10),
        profiles: Milliseconds::from_days(400),
    };
    let visitor = VisitorId::parse("a").unwrap();
    let expired = store.expire(vec![visitor], retention, later);
    assert!(runtime().block_on(expired).unwrap().records > 0);
    assert_eq!(reached(), [1, 1]);
    for (message, expected) in [
        (said(3, "a", 55), &[1, 1][..]),
        (said(4, "c", 52), &[1, 1]),
        (said(5, "c", 40), &[1, 1, 1]),
    ] {
        commit(&store, [message]);
        assert_eq!(reached(), expected);
        assert_eq!(findings(&store, Mode::Look, later), []);
    }
}
