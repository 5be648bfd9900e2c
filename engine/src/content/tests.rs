use std::collections::BTreeMap;
use std::format;
use std::prelude::v1::*;
use std::vec;

use proptest::prelude::*;

use super::*;
use crate::interest::Interest;
use crate::model::{Model, Segment};
use crate::program::Program;

const VISITORS: usize = 20_000;

/// Names as the tracker makes them, and as few signs as can differ.
fn names() -> impl Iterator<Item = String> {
    (0..VISITORS).map(|number| match number % 2 {
        0 => format!("{number}"),
        _ => format!("3f2b8c1e-0000-4000-8000-{number:012x}"),
    })
}

fn variant(id: &str) -> Variant {
    Variant {
        id: id.into(),
        label: id.into(),
        program: None,
        from: None,
        until: None,
        content: Content::Html("<p>x</p>".into()),
    }
}

fn slot(id: &str, control: u8, choice: Choice, variants: &[&str]) -> Slot {
    Slot {
        id: id.into(),
        label: id.into(),
        control,
        choice,
        variants: variants.iter().map(|id| variant(id)).collect(),
    }
}

fn automatic(weights: &[u32]) -> Choice {
    Choice::Automatic(vec![Shares {
        segment: None,
        weights: weights.to_vec(),
    }])
}

/// Kind and arm of what a visitor of whom nothing is known sees.
fn seen(slot: &Slot, visitor: &str) -> (&'static str, String) {
    let evaluation = Evaluation::new();
    let decision = decide(
        slot,
        &Model::new(),
        &evaluation,
        visitor,
        Timestamp::MIN,
        "",
    );
    (
        decision.kind(),
        decision.arm().map_or("", |arm| arm.id()).to_owned(),
    )
}

/// Pearson's statistic of counts against what is expected.
fn chi_square(counts: &[(usize, f64)]) -> f64 {
    let of_one = |(count, expected): &(usize, f64)| (*count as f64 - expected).powi(2) / expected;
    counts.iter().map(of_one).sum()
}

/// Pearson's statistic of two answers of each visitor against their being independent.
fn dependence(pairs: impl Iterator<Item = (String, String)>) -> f64 {
    let mut table: BTreeMap<(String, String), usize> = BTreeMap::new();
    let (mut rows, mut columns) = (BTreeMap::new(), BTreeMap::new());
    let mut all = 0.0;
    for (row, column) in pairs {
        *rows.entry(row.clone()).or_insert(0.0) += 1.0;
        *columns.entry(column.clone()).or_insert(0.0) += 1.0;
        *table.entry((row, column)).or_default() += 1;
        all += 1.0;
    }
    let mut counts = Vec::new();
    for (row, of_row) in &rows {
        for (column, of_column) in &columns {
            let found = table.get(&(row.clone(), column.clone()));
            counts.push((found.copied().unwrap_or_default(), of_row * of_column / all));
        }
    }
    chi_square(&counts)
}

#[test]
fn as_many_are_held_out_as_is_said() {
    for id in ["hero", "a", "test-ride-offer"] {
        for percent in [1, 10, 50, 90] {
            let slot = slot(id, percent, Choice::First, &["x"]);
            let held = names()
                .filter(|name| seen(&slot, name).0 == "control")
                .count();
            let expected = VISITORS as f64 * f64::from(percent) / 100.0;
            let rest = VISITORS as f64 - expected;
            let statistic = chi_square(&[(held, expected), (VISITORS - held, rest)]);
            // One degree of freedom; one in ten thousand is greater by chance.
            assert!(statistic < 15.1, "{id} {percent}: {held}, {statistic}");
        }
    }
}

#[test]
fn shares_are_those_that_are_said() {
    for weights in [
        &[1, 1][..],
        &[1, 1, 1, 1, 1],
        &[7_000, 2_000, 1_000],
        &[1, 0, 9_999],
    ] {
        let ids = &["a", "b", "c", "d", "e"][..weights.len()];
        let slot = slot("hero", 0, automatic(weights), ids);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for name in names() {
            *counts.entry(seen(&slot, &name).1).or_default() += 1;
        }
        let sum = f64::from(weights.iter().sum::<u32>());
        let mut expected = Vec::new();
        for (id, weight) in ids.iter().zip(weights) {
            let found = counts.remove(*id).unwrap_or_default();
            if *weight == 0 {
                assert_eq!(found, 0);
            } else {
                expected.push((found, VISITORS as f64 * f64::from(*weight) / sum));
            }
        }
        assert!(counts.is_empty());
        // At most four degrees of freedom; one in ten thousand is greater by chance.
        let statistic = chi_square(&expected);
        assert!(statistic < 23.5, "{weights:?}: {expected:?}, {statistic}");
    }
}

#[test]
fn one_answer_says_nothing_about_another() {
    let hero = slot("hero", 20, Choice::Even, &["a", "b", "c"]);
    let other = slot("offer", 20, Choice::Even, &["a", "b", "c"]);
    let held = |slot: &Slot, name: &str| seen(slot, name).0.to_owned();
    let arm = |slot: &Slot, name: &str| seen(slot, name).1;
    for (what, statistic) in [
        (
            "control and share",
            dependence(names().map(|name| (held(&hero, &name), arm(&hero, &name)))),
        ),
        (
            "control of two slots",
            dependence(names().map(|name| (held(&hero, &name), held(&other, &name)))),
        ),
        (
            "shares of two slots",
            dependence(names().map(|name| (arm(&hero, &name), arm(&other, &name)))),
        ),
    ] {
        // At most four degrees of freedom.
        assert!(statistic < 23.5, "{what}: {statistic}");
    }
}

#[test]
fn who_is_held_out_stays_so_when_more_are() {
    for name in names().take(2_000) {
        let held = [5, 10, 30, 90].map(|percent| assignment::is_held_out(&name, "hero", percent));
        assert!(held.is_sorted(), "{name}: {held:?}");
        assert!(!assignment::is_held_out(&name, "hero", 0));
    }
}

#[test]
fn nobody_moves_between_arms_that_others_change() {
    let ids = ["a", "b", "c"];
    let shown = |weights: &[u32]| -> Vec<String> {
        let slot = slot("hero", 0, automatic(weights), &ids);
        names()
            .take(4_000)
            .map(|name| seen(&slot, &name).1)
            .collect()
    };
    let before = shown(&[40, 40, 20]);
    // b has grown beside both, c beside a.
    let after = shown(&[30, 50, 20]);
    let mut moved = 0;
    for (one, other) in before.iter().zip(&after) {
        if one != other {
            moved += 1;
            assert!(
                [("a", "b"), ("a", "c"), ("c", "b")].contains(&(&**one, &**other)),
                "{one} {other}"
            );
        }
    }
    assert!(moved > 200);
    // Whoever saw the one that is taken away sees another; nobody else does.
    let without = shown(&[40, 0, 20]);
    for (one, other) in before.iter().zip(&without) {
        assert!(one == other || one == "b", "{one} {other}");
    }
    assert_eq!(shown(&[40, 40, 20]), before);
}

#[test]
fn what_is_eligible() {
    let at = Timestamp::from_milliseconds;
    let evaluation = Evaluation {
        values: vec![1.0, 0.0, f64::NAN],
        ..Evaluation::new()
    };
    for (program, from, until, now, expected) in [
        (None, None, None, 5, Eligibility::Eligible),
        (Some(0), Some(5), Some(6), 5, Eligibility::Eligible),
        (Some(1), None, None, 5, Eligibility::Condition),
        (Some(2), None, None, 5, Eligibility::Condition),
        (Some(9), None, None, 5, Eligibility::Condition),
        (Some(1), Some(6), None, 5, Eligibility::NotYet),
        (Some(0), None, Some(5), 5, Eligibility::Over),
    ] {
        let variant = Variant {
            program,
            from: from.map(at),
            until: until.map(at),
            ..variant("a")
        };
        assert_eq!(variant.eligibility(&evaluation, at(now)), expected);
    }
}

#[test]
fn decisions() {
    let evaluation = Evaluation {
        values: vec![1.0, 0.0],
        interests: vec![Interest {
            id: "crm".into(),
            label: "CRM".into(),
            score: 0.9,
        }],
        ..Evaluation::new()
    };
    let model = Model {
        programs: vec![Program::default(); 2],
        segments: vec![Segment {
            id: "warm".into(),
            label: "Warm".into(),
            program: 1,
        }],
        ..Model::new()
    };
    let mut hero = slot("hero", 0, Choice::First, &["a", "b"]);
    hero.variants[0].program = Some(1);
    let mut none = hero.clone();
    none.variants[1].program = Some(1);
    let mut held = hero.clone();
    held.control = 90;
    let segments = |weights: [&[u32]; 3]| {
        let ids = [Some("warm"), Some("crm"), None];
        let shares = ids.into_iter().zip(weights).map(|(id, weights)| Shares {
            segment: id.map(Into::into),
            weights: weights.to_vec(),
        });
        slot("hero", 0, Choice::Automatic(shares.collect()), &["a", "b"])
    };
    let of_interest = segments([&[1, 0], &[0, 1], &[1, 0]]);
    let unsaid = slot("hero", 0, automatic(&[]), &["a", "b"]);
    for (slot, visitor, own, expected) in [
        (&hero, "v", "", "variant b first"),
        (&hero, "", "", "variant b first"),
        (&hero, "v", "own", "variant b first"),
        (&none, "v", "", "default  none eligible"),
        (&none, "v", "\n", "default  none eligible"),
        (&none, "v", "own\nother", "variant own first"),
        (&held, "v", "", "control b first"),
        (&held, "", "", "default  unnamed"),
        (&of_interest, "v", "own", "variant b share"),
        (&of_interest, "", "", "default  unnamed"),
        (&unsaid, "v", "", "variant b share"),
        (&unsaid, "w", "", "variant b share"),
        (&unsaid, "y", "", "variant a share"),
    ] {
        let decision = decide(slot, &model, &evaluation, visitor, Timestamp::MIN, own);
        let arm = decision.arm().map_or("", |arm| arm.id());
        let told = format!("{} {arm} {}", decision.kind(), decision.why.name());
        assert_eq!(told, expected, "{visitor} {own:?}");
    }
}

#[test]
fn own_variants_take_part_in_equal_shares() {
    let even = slot("hero", 0, Choice::Even, &["a"]);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (model, evaluation) = (Model::new(), Evaluation::new());
    for name in names() {
        let decision = decide(&even, &model, &evaluation, &name, Timestamp::MIN, "b\nc");
        *counts
            .entry(decision.arm().unwrap().id().to_owned())
            .or_default() += 1;
    }
    let counts: Vec<_> = counts
        .values()
        .map(|count| (*count, VISITORS as f64 / 3.0))
        .collect();
    assert_eq!(counts.len(), 3);
    assert!(chi_square(&counts) < 18.5, "{counts:?}");
}

fn texts() -> impl Strategy<Value = Box<str>> {
    "\\PC{0,12}".prop_map(Into::into)
}

fn moments() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((0_i64..4_000_000_000_000).prop_map(Timestamp::from_milliseconds))
}

prop_compose! {
    fn variants()(
        id in texts(),
        label in texts(),
        program in proptest::option::of(0_usize..2_000),
        from in moments(),
        until in moments(),
        content in prop_oneof![
            texts().prop_map(Content::Html),
            proptest::collection::vec((texts(), texts()), 0..4).prop_map(Content::Fields),
        ],
    ) -> Variant {
        Variant { id, label, program, from, until, content }
    }
}

prop_compose! {
    fn all_shares()(
        segment in proptest::option::of(texts()),
        weights in proptest::collection::vec(any::<u32>(), 0..4),
    ) -> Shares {
        Shares { segment, weights }
    }
}

prop_compose! {
    fn slots()(
        id in texts(),
        label in texts(),
        control in 0..=MOST_CONTROL,
        choice in prop_oneof![
            Just(Choice::First),
            Just(Choice::Even),
            proptest::collection::vec(all_shares(), 0..3).prop_map(Choice::Automatic),
        ],
        variants in proptest::collection::vec(variants(), 0..4),
    ) -> Slot {
        Slot { id, label, control, choice, variants }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn slots_and_back(slots in proptest::collection::vec(slots(), 0..4)) {
        let model = Model { slots, ..Model::default() };
        let text = model.to_text();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            prop_assert!(Model::from_text(&text[..end]).is_err());
        }
        prop_assert_eq!(Model::from_text(&text), Ok(model));
    }

    /// What is decided is one of what there is, and the same whenever it is asked.
    #[test]
    fn anything_is_decided(slot in slots(), visitor in texts(), own in "[a-z\n]{0,8}", value: f64) {
        let evaluation = Evaluation { values: vec![value; 2_000], ..Evaluation::new() };
        let model = Model::new();
        let now = Timestamp::from_milliseconds(2_000_000_000_000);
        let decision = decide(&slot, &model, &evaluation, &visitor, now, &own);
        prop_assert_eq!(decide(&slot, &model, &evaluation, &visitor, now, &own), decision);
        match decision.arm() {
            Some(Arm::Configured(variant)) => {
                prop_assert_eq!(variant.eligibility(&evaluation, now), Eligibility::Eligible);
            }
            Some(Arm::Own(name)) => prop_assert!(own.lines().any(|line| line == name)),
            None => prop_assert!(decision.kind() == "default"),
        }
        prop_assert!(slot.control > 0 || !matches!(decision.outcome, Outcome::Control(_)));
    }
}

#[test]
fn impossible_controls_are_refused() {
    let mut out = Writer::default();
    slot("hero", 91, Choice::First, &[]).encode(&mut out);
    assert_eq!(
        Slot::from_text(out.as_text()),
        Err(DecodeError::Invalid("control"))
    );
}
