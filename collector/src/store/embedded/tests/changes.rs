//! Changes of segments: recorded with what caused them, and by the sweep where only time did.

use firstglance_engine::history::ChangeKind;
use firstglance_engine::model::Segment;
use firstglance_engine::program::{Builder, Instruction, Operator};

use super::*;
use crate::sweep;

const HOUR: u64 = 3_600;

/// A segment of those who watched something within an hour.
fn model() -> Arc<Model> {
    let mut builder = Builder::default();
    for instruction in [
        Instruction::Count(0, HOUR * 1_000),
        Instruction::Number(1.0),
        Instruction::Operate(Operator::GreaterOrEqual),
    ] {
        builder.push(&instruction, &[]);
    }
    Arc::new(Model {
        watches: vec!["Video Watched".into()],
        programs: vec![builder.finish(None)],
        segments: vec![Segment {
            id: "watching".into(),
            label: "Watching".into(),
            program: 0,
        }],
        ..Model::default()
    })
}

fn watched(visitor: usize, id: u16, seconds: u32) -> Message {
    let mut message = message(visitor, id, seconds);
    message.kind = MessageKind::Track {
        event: "Video Watched".into(),
        properties: Properties::new(),
    };
    message
}

fn after(seconds: u64) -> Timestamp {
    Timestamp::from_milliseconds(1_700_000_000_000).plus(Milliseconds(seconds * 1_000))
}

/// Seconds, to a minute, and what is told of a visitor's changes in the timeline; the profile must
/// hold the same.
fn told(store: &Embedded, visitor: usize) -> Vec<(u64, String)> {
    let visitor = VisitorId::parse(VISITORS[visitor]).unwrap();
    let runtime = runtime();
    let timeline = runtime.block_on(store.timeline(&visitor, None, 1_000));
    let minute = |at: Timestamp| at.since(after(0)).0 / 60_000 * 60;
    let mut told = Vec::new();
    for entry in timeline.unwrap() {
        if !entry.message_id.starts_with("fg-") {
            continue;
        }
        let raw: serde_json::Value = serde_json::from_str(&entry.raw).unwrap();
        assert_eq!(raw["properties"]["segment"], "watching");
        assert_eq!(raw["anonymousId"], visitor.as_str());
        let event = raw["event"].as_str().unwrap().to_owned();
        told.push((minute(entry.position.timestamp), event));
    }
    let profile = runtime.block_on(store.visitor(&visitor)).unwrap().unwrap();
    let kept = profile.changes().into_iter().map(|change| {
        assert!(matches!(
            change.kind,
            ChangeKind::Entered(_) | ChangeKind::Left(_)
        ));
        (minute(change.at), change.name().to_owned())
    });
    assert_eq!(told, kept.collect::<Vec<_>>());
    told
}

fn entered(seconds: u64) -> (u64, String) {
    (seconds, "Segment Entered".to_owned())
}

fn left(seconds: u64) -> (u64, String) {
    (seconds, "Segment Left".to_owned())
}

#[test]
fn an_event_and_then_time() {
    let folder = tempfile::tempdir().unwrap();
    let model = model();
    let store = Embedded::open(folder.path(), ProfileFold::new(model.clone())).unwrap();
    let send = |messages: &[Message]| {
        runtime().block_on(store.commit(commit(messages))).unwrap();
    };
    let walk = |seconds: u64| {
        let walk = sweep::walk(
            &store,
            &model,
            sweep::Whom::Recent,
            || after(seconds),
            std::time::Duration::ZERO,
            |_| {},
        );
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime
            .enable_time()
            .build()
            .unwrap()
            .block_on(walk)
            .unwrap()
    };
    send(&[watched(0, 1, 60), message(1, 1, 0)]);
    assert_eq!(told(&store, 0), [entered(60)]);
    assert_eq!(told(&store, 1), []);

    // Sent again, or looked at too early, nothing changes.
    send(&[watched(0, 1, 60)]);
    assert_eq!(walk(HOUR), 0);
    // Time is settled where nothing happens, at the moment it was so, and once.
    assert_eq!(walk(HOUR * 5), 1);
    let (moment, _) = told(&store, 0).pop().unwrap();
    assert!((HOUR..=HOUR + 120).contains(&moment), "{moment}");
    assert_eq!(walk(HOUR * 6), 0);

    // What comes after finds it settled; without the sweep the next event settles it.
    send(&[
        watched(0, 2, 9 * HOUR as u32),
        message(0, 3, 12 * HOUR as u32),
    ]);
    let told = told(&store, 0);
    assert_eq!(told[..3], [entered(60), left(moment), entered(9 * HOUR)]);
    assert_eq!((told.len(), &*told[3].1), (4, "Segment Left"));
}

#[test]
fn who_stays_away_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let model = model();
    let store = Embedded::open(folder.path(), ProfileFold::new(model.clone())).unwrap();
    runtime()
        .block_on(store.commit(commit(&[watched(0, 1, 0)])))
        .unwrap();
    let now = || after(sweep::LONGEST_AWAY.0 / 1_000 + 1);
    let walk = sweep::walk(
        &store,
        &model,
        sweep::Whom::Recent,
        now,
        std::time::Duration::ZERO,
        |_| {},
    );
    assert_eq!(runtime().block_on(walk).unwrap(), 0);
    assert_eq!(told(&store, 0), [entered(0)]);
}

#[test]
fn nobody_can_forge_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), ProfileFold::new(model())).unwrap();
    let mut forged = message(0, 1, 0);
    let mut properties = Properties::new();
    properties.set_text("segment", "watching");
    forged.id = MessageId::parse("fg-0123456789abcdef").unwrap();
    forged.kind = MessageKind::Track {
        event: "Segment Entered".into(),
        properties,
    };
    runtime().block_on(store.commit(commit(&[forged]))).unwrap();
    let visitor = VisitorId::parse(VISITORS[0]).unwrap();
    let profile = runtime()
        .block_on(store.visitor(&visitor))
        .unwrap()
        .unwrap();
    assert!(profile.changes().is_empty());
    assert!(
        Snapshot::of(&profile, &model(), after(0))
            .segments
            .is_empty()
    );
}
