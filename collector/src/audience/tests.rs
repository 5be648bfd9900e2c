use super::*;

fn member(visitor: usize, seen: i64) -> Member {
    Member {
        visitor: VisitorId::parse(&format!("v{visitor}")).unwrap(),
        last_seen: Timestamp::from_milliseconds(seen),
        visits: 1,
        page_views: 1,
        interest: None,
    }
}

#[test]
fn a_sample_is_of_those_seen_latest_whoever_collects_them() {
    let mut whole = Sample::default();
    let mut parts = [Sample::default(), Sample::default(), Sample::default()];
    for visitor in 0..100 {
        // In no order, and some at the same moment.
        let seen = (visitor as i64 * 37) % 50;
        whole.add(member(visitor, seen));
        let part = &mut parts[visitor % 3];
        if part.wants(Timestamp::from_milliseconds(seen)) || part.0.len() < SAMPLE {
            part.add(member(visitor, seen));
        }
    }
    assert_eq!(whole.0.len(), SAMPLE);
    assert!(
        whole
            .0
            .is_sorted_by_key(|one| std::cmp::Reverse(one.last_seen))
    );
    let mut joined = Sample::default();
    for part in parts {
        joined.join(part);
    }
    let seen =
        |sample: &Sample| -> Vec<Timestamp> { sample.0.iter().map(|one| one.last_seen).collect() };
    assert_eq!(seen(&joined), seen(&whole));
}

#[test]
fn what_nobody_has_counted() {
    let model = |watches: &[&str]| {
        Arc::new(Model {
            watches: watches.iter().map(|watch| (*watch).into()).collect(),
            ..Model::default()
        })
    };
    let candidate = |in_force: &[&str], new: &[&str]| Candidate {
        model: model(new),
        id: "a".into(),
        in_force: model(in_force),
    };
    assert!(candidate(&["X"], &["X"]).uncounted().is_empty());
    let new = candidate(&["X"], &["X", "Form*\nform\n\"a\"", "Form*"]);
    assert_eq!(new.uncounted(), ["Form*".into()]);
}
