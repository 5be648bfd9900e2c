//! What is counted of content against the messages: told here by what a visitor's timeline says alone,
//! after whatever was seen, clicked, reached, sent twice, late, joined and erased, across restarts.

use serde_json::Value;

use super::counts::{assert_same, commit_of, findings};
use super::*;
use crate::effect::{Arm, Cell, Goal, GoalValue, ReachedBy, Shown};
use crate::store::counting::{Metric, Period};
use crate::store::{Erasure, Ground};

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_500_000_000);

/// Visitor, id, hours before now.
type Said = (usize, u16, u32);

fn rules() -> Rules {
    let goal = |id: &str, value| Goal {
        id: id.into(),
        label: id.into(),
        by: ReachedBy::Event(format!("Reached {id}").into()),
        value,
    };
    let goals = [
        goal("sale", Some(GoalValue::Property("revenue".into()))),
        goal("lead", Some(GoalValue::Fixed(2.5))),
    ];
    Rules {
        funnels: Arc::default(),
        model: Arc::new(Model::default()),
        goals: goals.into(),
    }
}

fn open(folder: &Path) -> Embedded {
    patiently_by(folder, &rules()).unwrap()
}

/// A message as it comes from outside. What it is follows from its id.
fn raw((visitor, id, hours): &Said) -> String {
    let at = NOW.minus(Milliseconds::from_minutes(60 * u64::from(*hours)));
    let common = format!(
        r#""messageId":"m{id}","anonymousId":"{}","timestamp":"{at}""#,
        VISITORS[*visitor]
    );
    let slot = ["hero", "teaser"][usize::from(id / 8) % 2];
    let variant = ["a", "b", "b"][usize::from(id / 16) % 3];
    let control = ["", r#","control":true"#, r#","control":false"#][usize::from(id / 3) % 3];
    let content = format!(r#""properties":{{"slot":"{slot}","variant":"{variant}"{control}}}"#);
    match id % 8 {
        0..3 => format!(r#"{{"type":"track","event":"Content Viewed",{common},{content}}}"#),
        3 => format!(r#"{{"type":"track","event":"Content Clicked",{common},{content}}}"#),
        4 => format!(
            r#"{{"type":"track","event":"Reached sale",{common},"properties":{{"revenue":{}}}}}"#,
            f64::from(*id) * 0.37
        ),
        5 => format!(r#"{{"type":"track","event":"Reached lead",{common}}}"#),
        6 => format!(r#"{{"type":"identify","userId":"u{}",{common}}}"#, id % 3),
        // Says nothing of content.
        _ => format!(r#"{{"type":"track","event":"Content Viewed",{common}}}"#),
    }
}

type Counts = BTreeMap<(Period, Metric, String), u64>;

fn counted(store: &Embedded) -> Counts {
    let mut counts = Counts::new();
    for (key, number) in counters_of(store) {
        let metric = keys::metric_of(&key).unwrap();
        if Metric::OF_CONTENT.contains(&metric) {
            let keys::Counted::Name(name) = keys::counted(&key).unwrap() else {
                panic!("there is room for all of these");
            };
            counts.insert(
                (keys::period_of(&key).unwrap(), metric, name.into()),
                number,
            );
        }
    }
    counts
}

/// What a visitor's timeline says, told without any of the code that counts.
fn meant_of(store: &Embedded, visitor: &VisitorId, counts: &mut Counts) {
    let timeline = runtime().block_on(store.timeline(visitor, None, 100_000));
    let timeline: Vec<(Timestamp, Value)> = (timeline.unwrap().into_iter())
        .map(|entry| {
            let message = serde_json::from_str(&entry.raw).unwrap();
            (entry.position.timestamp, message)
        })
        .collect();
    for slot in ["hero", "teaser"] {
        let shown = |message: &Value| {
            let properties = &message["properties"];
            let control = properties["control"] == Value::Bool(true);
            let arm = if control { Arm::Control } else { Arm::Variant };
            let variant = properties["variant"].as_str()?.into();
            (properties["slot"] == *slot).then_some(Shown { variant, arm })
        };
        let of = |event: &str| -> Vec<(Timestamp, Shown)> {
            let all = timeline.iter().filter(|(_, one)| one["event"] == *event);
            all.filter_map(|(at, one)| Some((*at, shown(one)?)))
                .collect()
        };
        let (views, clicks) = (of("Content Viewed"), of("Content Clicked"));
        let Some((first, first_shown)) = views.iter().min() else {
            continue;
        };
        let day = day_of(store, *first);
        let cell = |shown: &Shown| Cell {
            is_known: false,
            slot: slot.into(),
            shown: shown.clone(),
            segment: None,
        };
        let mut add = |metric, name: String, number: u64| {
            *counts.entry((day, metric, name)).or_default() += number;
        };
        let own = cell(first_shown);
        add(Metric::ContentVisitors, own.to_name(), 1);
        if !clicks.is_empty() {
            add(Metric::ContentClickers, own.to_name(), 1);
        }
        for (_, shown) in &views {
            add(Metric::ContentImpressions, cell(shown).to_name(), 1);
        }
        for (_, shown) in &clicks {
            add(Metric::ContentClicks, cell(shown).to_name(), 1);
        }
        for goal in ["sale", "lead"] {
            let reached = timeline.iter().filter(|(at, one)| {
                let in_time = at.since(*first) < Milliseconds::from_days(30);
                one["event"] == format!("Reached {goal}") && *at >= *first && in_time
            });
            let worth: Vec<u64> = reached
                .map(|(_, one)| match one["properties"]["revenue"].as_f64() {
                    Some(revenue) => (revenue * 100.0).round() as u64,
                    None => 250,
                })
                .collect();
            if worth.is_empty() {
                continue;
            }
            let sum: u64 = worth.iter().sum();
            let name = own.to_name_of(goal);
            add(Metric::Conversions, name.clone(), 1);
            add(Metric::Revenue, name.clone(), sum);
            add(Metric::RevenueSquares, name, (sum * sum).div_ceil(100));
        }
    }
    counts.retain(|_, number| *number > 0);
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
    // Some of it so long ago that a goal comes too late.
    let said = (0..3_usize, 0..200_u16, 0..1_000_u32);
    prop_oneof![
        8 => prop::collection::vec(said, 1..16).prop_map(Step::Commit),
        1 => (0..3_usize).prop_map(Step::Erase),
        1 => Just(Step::Restart),
    ]
}

fn commit(store: &Embedded, said: &[Said]) {
    let commit = commit_of(said.iter().map(raw), NOW);
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
    fn counts_of_content_are_what_messages_say(
        steps in prop::collection::vec(step(), 1..16),
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        for step in &steps {
            match step {
                Step::Commit(said) => commit(&store, said),
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
        // What is remembered of visitors is made anew from their messages.
        let kept: Vec<_> = store.tree().scan_prefix(keys::EXPOSURES).map(Result::unwrap).collect();
        for (key, _) in &kept {
            store.tree().remove(key).unwrap();
        }
        let found = findings(&store, Mode::Repair, NOW);
        prop_assert_eq!(found.len(), kept.len());
        let anew: Vec<_> = store.tree().scan_prefix(keys::EXPOSURES).map(Result::unwrap).collect();
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
        prop_assert_eq!(store.tree().scan_prefix(keys::EXPOSURES).count(), 0);
    }
}

/// An example that can be followed by hand.
#[test]
fn a_click_a_sale_and_a_second_variant() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let message = |event: &str, id: u16, minutes: u64, properties: &str| {
        let at = NOW.plus(Milliseconds::from_minutes(minutes));
        format!(
            r#"{{"type":"track","event":"{event}","messageId":"m{id}","anonymousId":"a","timestamp":"{at}","properties":{properties}}}"#
        )
    };
    let a = r#"{"slot":"hero","variant":"a"}"#;
    let b = r#"{"slot":"hero","variant":"b"}"#;
    let late = Milliseconds::from_days(30).0 / 60_000 + 5;
    let messages = [
        message("Reached sale", 1, 4, r#"{"revenue":1000}"#),
        message("Content Viewed", 2, 5, a),
        message("Content Viewed", 3, 6, b),
        message("Content Clicked", 4, 7, b),
        message("Reached sale", 5, 8, r#"{"revenue":"19.99"}"#),
        message("Reached sale", 6, 9, r#"{"revenue":10}"#),
        message("Reached sale", 7, late, r#"{"revenue":1000}"#),
    ];
    // Each in a request of its own, the last first, and all of them twice.
    for raw in messages.iter().rev().chain(&messages) {
        let commit = commit_of([raw.clone()], NOW.plus(Milliseconds::from_days(40)));
        runtime().block_on(store.commit(commit)).unwrap();
    }
    let day = day_of(&store, NOW);
    let told: Vec<(&str, String, u64)> = (counted(&store).into_iter())
        .map(|((period, metric, name), number)| {
            assert_eq!(period, day);
            (metric.name(), name.replace('\n', "/"), number)
        })
        .collect();
    let expected = [
        ("content_visitors", "?hero/a/variant/", 1),
        ("content_clickers", "?hero/a/variant/", 1),
        ("content_impressions", "?hero/a/variant/", 1),
        ("content_impressions", "?hero/b/variant/", 1),
        ("content_clicks", "?hero/b/variant/", 1),
        ("conversions", "?hero/a/variant//sale", 1),
        ("revenue", "?hero/a/variant//sale", 2_999),
        ("revenue_squares", "?hero/a/variant//sale", 89_941),
    ];
    assert_eq!(
        told,
        expected.map(|(metric, name, number)| (metric, name.to_owned(), number))
    );
}

/// Who neither saw content nor reached a goal leaves nothing, and nothing is looked up for them.
#[test]
fn other_messages_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let other = (0..50).map(|id| (0, 8 * id + 6, 5)).collect::<Vec<Said>>();
    commit(&store, &other);
    // A goal without any content: it is told, and counts for nothing.
    commit(&store, &[(1, 4, 5)]);
    assert_eq!(store.tree().scan_prefix(keys::EXPOSURES).count(), 0);
    assert_eq!(counted(&store), Counts::new());
    let visitor = VisitorId::parse(VISITORS[1]).unwrap();
    let timeline = runtime()
        .block_on(store.timeline(&visitor, None, 10))
        .unwrap();
    assert!(
        timeline
            .iter()
            .any(|one| one.raw.contains(r#""goal":"sale""#))
    );
    // Not even by somebody who says it in the same words.
    let forged = timeline.iter().find(|one| one.raw.contains("Goal Reached"));
    let forged = forged
        .unwrap()
        .raw
        .replace(r#""anonymousId":"ab""#, r#""anonymousId":"b""#);
    commit(&store, &[(2, 0, 6)]);
    runtime()
        .block_on(store.commit(commit_of([forged], NOW)))
        .unwrap();
    assert!(
        counted(&store)
            .keys()
            .all(|(_, metric, _)| *metric != Metric::Conversions)
    );
    assert_eq!(findings(&store, Mode::Look, NOW), []);
}

/// Whatever slots anybody makes up, what is kept of them is bounded, and what is configured is told
/// apart however many there are.
#[test]
fn a_flood_of_slots_counts_together() {
    use firstglance_engine::content::{Choice, Content, Slot, Variant};
    let folder = tempfile::tempdir().unwrap();
    let variant = Variant {
        id: "a".into(),
        label: "A".into(),
        program: None,
        from: None,
        until: None,
        content: Content::Html("<p>".into()),
    };
    let slot = Slot {
        id: "hero".into(),
        label: "Hero".into(),
        control: 0,
        choice: Choice::First,
        variants: vec![variant],
    };
    let model = Model {
        slots: vec![slot],
        ..Model::default()
    };
    let fold = ProfileFold::new(Arc::new(model));
    let store = Embedded::open(folder.path(), fold).unwrap();
    let view = |visitor: &str, id: u32, slot: &str| {
        format!(
            r#"{{"type":"track","event":"Content Viewed","messageId":"m{id}","anonymousId":"{visitor}","timestamp":"{NOW}","properties":{{"slot":"{slot}","variant":"a"}}}}"#
        )
    };
    for first in (0..1_000).step_by(100) {
        let flood = (first..first + 100).map(|id| {
            let long = format!("{id}-{}", "x".repeat(500));
            view(&format!("v{}", id % 20), id, &long)
        });
        runtime()
            .block_on(store.commit(commit_of(flood, NOW)))
            .unwrap();
    }
    let known = [view("v0", 5_000, "hero"), view("late", 5_001, "hero")];
    runtime()
        .block_on(store.commit(commit_of(known, NOW)))
        .unwrap();
    let day = day_of(&store, NOW);
    let counts = runtime()
        .block_on(store.counts(Metric::ContentVisitors, day, day))
        .unwrap();
    let room = Metric::ContentVisitors.room().unwrap();
    assert_eq!(counts.len() as u64, room + 2);
    let others = counts.iter().find(|one| one.name.is_none()).unwrap();
    assert_eq!(others.count, 1_000 - room);
    let hero = counts
        .iter()
        .find(|one| one.name.as_deref() == Some("+hero\na\nvariant\n"));
    assert_eq!(hero.unwrap().count, 2);
    let kept: usize = (store
        .tree()
        .scan_prefix(keys::EXPOSURES)
        .map(Result::unwrap))
    .map(|(key, value)| key.len() + value.len())
    .sum();
    assert!(kept < 21 * 65 * 100, "{kept}");
    assert_eq!(findings(&store, Mode::Look, NOW), []);
}
