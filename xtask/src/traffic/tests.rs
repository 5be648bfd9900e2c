//! The same seed gives the same, and what is told as truth is what is sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::crowd::Crowd;
use super::message::Request;
use super::people::LIFTS;
use super::site::tests::demo;
use super::truth::Truth;

/// A Monday.
const START: u64 = 1_790_000_000_000 / super::DAY * super::DAY;

fn made(visitors: u32, seed: u64) -> (Vec<Request>, Truth) {
    let site = demo();
    let mut crowd = Crowd::new(&site, visitors, 21, seed, START);
    let mut requests = Vec::new();
    while let Some(more) = crowd.next() {
        requests.extend(more);
    }
    (requests, crowd.truth)
}

#[test]
fn the_same_seed_gives_the_same() {
    assert_eq!(made(40, 7), made(40, 7));
    assert_ne!(made(40, 7).0, made(40, 8).0);
}

#[test]
fn the_truth_is_what_is_sent() {
    let (requests, truth) = made(600, 3);
    let (mut kinds, mut events): (BTreeMap<String, u64>, BTreeMap<String, u64>) =
        Default::default();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let (mut messages, mut refused, mut value) = (0, 0, 0);
    let end = super::message::moment(START + 21 * super::DAY).to_string();
    for request in &requests {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let batch = body["batch"].as_array().unwrap();
        assert_eq!(batch.len(), request.messages as usize);
        refused += u64::from(request.refused);
        if request.refused == request.messages {
            continue;
        }
        for message in batch {
            let Some(kind) = message["type"].as_str().filter(|_| {
                message["messageId"]
                    .as_str()
                    .is_some_and(|id| !id.starts_with("wrong"))
            }) else {
                continue;
            };
            messages += 1;
            *kinds.entry(kind.to_owned()).or_default() += 1;
            if let Some(event) = message["event"].as_str() {
                *events.entry(event.to_owned()).or_default() += 1;
            }
            value += message["properties"]["revenue"].as_u64().unwrap_or(0);
            let visitor = message["anonymousId"].as_str().unwrap().to_owned();
            let at = message["timestamp"].as_str().unwrap().to_owned();
            assert!(at < end, "{message}");
            // Each visitor's in their order, but for orders, which come between visits.
            if message["event"] != "Order Completed" {
                let before = seen.insert(visitor, at.clone());
                assert!(before.is_none_or(|before| before < at), "{message}");
            }
        }
    }
    assert_eq!(messages, truth.messages());
    assert_eq!(refused, truth.refused.values().sum::<u64>());
    assert_eq!(value, truth.value());
    assert_eq!(seen.len() as u64, truth.visitors);
    let told = |counts: &BTreeMap<&str, u64>| -> BTreeMap<String, u64> {
        counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    assert_eq!(kinds, told(&truth.kinds));
    assert_eq!(events, told(&truth.events));
    assert!(
        truth.orders() > 5 && truth.identified > 20 && truth.second_devices > 2 && truth.robots > 0
    );
}

#[test]
fn what_is_said_to_be_better_is_better() {
    let (_, truth) = made(60_000, 5);
    let of = |name: &str| {
        let place = super::people::CAMPAIGNS
            .iter()
            .position(|one| one.name == name)
            .unwrap();
        let brought = &truth.brought[place];
        brought.asked as f64 / brought.visitors as f64
    };
    assert!(of("merk") > 1.3 * of("(direct)"));
    assert!(of("kinderfiets-actie") < 0.5 * of("(organic Google)"));
    for lift in &LIFTS {
        let [shown, control] = truth.arms[&("aanbod".to_owned(), lift.variant.to_owned())];
        let rate = |arm: super::truth::Arm| arm.conversions as f64 / arm.visitors as f64;
        let part = control.visitors as f64 / (control.visitors + shown.visitors) as f64;
        assert!((0.07..0.13).contains(&part), "{part}");
        let found = rate(shown) / rate(control) - 1.0;
        assert!(
            (found - lift.conversion).abs() < 0.5,
            "{}: {found}",
            lift.variant
        );
    }
}
