//! The statistics against SciPy and statsmodels: `tests/statistics/reference.json` holds what those say,
//! and `cargo xtask statistics` asks them again.

use std::path::Path;

use serde_json::Value;

use super::mismatch::{self, visitors_needed};
use super::posterior::{Posterior, probabilities_of_best};
use super::revenue::Mean;

fn reference() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/statistics/reference.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn cases(reference: &Value, name: &str) -> Vec<Value> {
    let cases = reference[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn posterior(counts: &Value) -> Posterior {
    Posterior::of(counts[0].as_u64().unwrap(), counts[1].as_u64().unwrap())
}

#[track_caller]
fn near(ours: f64, theirs: f64, most: f64, about: &Value) {
    assert!(
        (ours - theirs).abs() <= most,
        "{ours} and {theirs}: {about}"
    );
}

#[test]
fn intervals_of_rates() {
    for case in cases(&reference(), "intervals") {
        let interval = posterior(&case["counts"]).interval();
        let (low, high) = (number(&case["low"]), number(&case["high"]));
        let most = (high - low) * 1e-6;
        near(interval.low, low, most, &case);
        near(interval.high, high, most, &case);
    }
}

#[test]
fn lifts() {
    for case in cases(&reference(), "lifts") {
        let lift = posterior(&case["variant"]).lift_over(&posterior(&case["control"]));
        near(lift.probability, number(&case["probability"]), 1e-6, &case);
        for (ours, name) in [
            (lift.interval.low, "low"),
            (lift.estimate, "estimate"),
            (lift.interval.high, "high"),
        ] {
            let theirs = number(&case[name]);
            near(ours, theirs, (1.0 + theirs) * 1e-5, &case);
        }
    }
}

#[test]
fn the_best_of_several() {
    for case in cases(&reference(), "best") {
        let rates: Vec<Posterior> = case["rates"]
            .as_array()
            .unwrap()
            .iter()
            .map(posterior)
            .collect();
        for (place, ours) in probabilities_of_best(&rates).into_iter().enumerate() {
            near(ours, number(&case["probabilities"][place]), 1e-6, &case);
        }
    }
}

#[test]
fn shares_that_do_not_fit() {
    for case in cases(&reference(), "shared_out") {
        let counts = case["counts"].as_array().unwrap().iter();
        let counts: Vec<u64> = counts.map(|one| one.as_u64().unwrap()).collect();
        let shares: Vec<f64> = case["shares"]
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .collect();
        let theirs = number(&case["p"]);
        let ours = mismatch::probability(&counts, &shares).unwrap();
        near(ours, theirs, theirs * 1e-8, &case);
    }
    // Too few to say anything.
    assert_eq!(mismatch::probability(&[40, 1], &[0.9, 0.1]), None);
    assert_eq!(mismatch::probability(&[40], &[1.0]), None);
}

#[test]
fn revenue() {
    for case in cases(&reference(), "revenues") {
        let mean = |side: &Value| {
            let visitors = side["visitors"].as_u64().unwrap();
            let mean = Mean::of(visitors, number(&side["sum"]), number(&side["squares"])).unwrap();
            let interval = mean.interval();
            for (ours, name) in [
                (mean.mean, "mean"),
                (mean.error, "error"),
                (interval.low, "low"),
                (interval.high, "high"),
            ] {
                near(ours, number(&side[name]), 1e-9, side);
            }
            mean
        };
        let (variant, control) = (mean(&case["variant"]), mean(&case["control"]));
        let lift = variant.lift_over(&control).unwrap();
        near(lift.probability, number(&case["probability"]), 1e-9, &case);
        assert!(lift.interval.low < lift.estimate && lift.estimate < lift.interval.high);
    }
    assert_eq!(Mean::of(1, 5.0, 25.0), None);
    let nothing = Mean::of(10, 0.0, 0.0).unwrap();
    assert_eq!(nothing.lift_over(&nothing), None);
}

#[test]
fn how_many_are_needed() {
    for case in cases(&reference(), "needed") {
        let needed = visitors_needed(number(&case["rate"]), number(&case["lift"])).unwrap();
        let theirs = case["visitors"].as_u64().unwrap();
        assert!(
            needed.abs_diff(theirs) <= 1,
            "{needed} and {theirs}: {case}"
        );
    }
    assert_eq!(visitors_needed(0.0, 0.1), None);
    assert_eq!(visitors_needed(0.5, 1.5), None);
}
