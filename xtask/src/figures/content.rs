//! Content: what slots and variants came to, and whether what is known to help is told to help.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use crate::server::Server;

/// The lift of each variant lies between the bounds that are told, and numbers are those of the truth.
pub(super) fn truth(server: &Server, truth: &Value) -> Result<Check> {
    let mut check = Check::new("truth", "lift");
    let slots = truth
        .get("slots")
        .and_then(Value::as_object)
        .context("no slots")?;
    for (slot, variants) in slots {
        let answer = server
            .client()
            .json(&format!("/admin/v1/results?slot={slot}&days=60"))?;
        let told = answer
            .get("variants")
            .and_then(Value::as_array)
            .context("no variants")?;
        let told: BTreeMap<&str, &Value> = told
            .iter()
            .filter_map(|one| Some((one.get("variant")?.as_str()?, one)))
            .collect();
        for (variant, known) in variants.as_object().context("no variants")? {
            let Some(told) = told.get(&**variant) else {
                check.wrong(format!("{slot} has no {variant}"));
                continue;
            };
            for (arm, number) in [
                ("shown", "visitors"),
                ("shown", "impressions"),
                ("shown", "clicks"),
                ("control", "visitors"),
                ("control", "impressions"),
                ("control", "clicks"),
            ] {
                let at = format!("/{arm}/{number}");
                let (found, expected) = (told.pointer(&at), known.pointer(&at));
                let expected = expected
                    .and_then(Value::as_f64)
                    .context("the truth is incomplete")?;
                let found = found.map(Value::to_string).unwrap_or_default();
                check.number(
                    &format!("{slot} {variant} {arm} {number}"),
                    &found,
                    expected,
                );
            }
            if let Some(lift) = known.get("lift").and_then(Value::as_f64) {
                let bound = |name: &str| {
                    told.pointer(&format!("/conversionLift/{name}"))
                        .and_then(Value::as_f64)
                };
                let (low, high) = (bound("low"), bound("high"));
                let is_between = low
                    .zip(high)
                    .is_some_and(|(low, high)| (low..=high).contains(&lift));
                check.holds(
                    &format!("{slot} {variant}: {low:?} to {high:?} leaves out {lift}"),
                    is_between,
                );
            }
        }
    }
    Ok(check)
}
