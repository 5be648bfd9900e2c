//! The counts that the administrator's addresses tell day by day: pages are made of the same.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use super::world::{Message, World};
use crate::server::Server;

/// Days that are asked for.
const DAYS: u64 = 30;

/// By day and name.
type Counts = BTreeMap<(u64, String), f64>;

/// Each metric that a count of messages can tell.
pub(super) fn checks(server: &Server, world: &World) -> Result<Vec<Check>> {
    let named = |name: &'static str, counts: Counts| -> Result<Check> {
        let mut check = Check::new("trends", name);
        let path = format!("/admin/v1/trends?metric={name}&step=day&days={DAYS}");
        let answer = server.client().json(&path)?;
        compare(&mut check, &answer, counts)?;
        Ok(check)
    };
    let by = |name: fn(&Message) -> Option<String>, amount: fn(&Message) -> f64| -> Counts {
        let mut counts = Counts::new();
        for message in world.since(DAYS) {
            if let Some(name) = name(message) {
                *counts.entry((message.day(), name)).or_default() += amount(message);
            }
        }
        counts
    };
    let one = |_: &Message| 1.0;
    let mut sessions = Counts::new();
    for at in &world.visits {
        *sessions
            .entry((super::world::day(*at), String::new()))
            .or_default() += 1.0;
    }
    let (mut visitors, mut new) = (Counts::new(), Counts::new());
    for messages in world.visitors.values() {
        let mut days: Vec<u64> = messages.iter().map(Message::day).collect();
        *new.entry((days[0], String::new())).or_default() += 1.0;
        days.dedup();
        for day in days {
            *visitors.entry((day, String::new())).or_default() += 1.0;
        }
    }
    Ok(vec![
        named("messages", by(|one| Some(one.kind.clone()), one))?,
        named(
            "events",
            by(|one| (one.kind == "track").then(|| one.event.clone()), one),
        )?,
        named("visitors", visitors)?,
        named("new_visitors", new)?,
        named("sessions", sessions)?,
        named(
            "page_views",
            by(|one| (one.kind == "page").then(|| one.path.clone()), one),
        )?,
        named(
            "landings",
            by(|one| one.is_arrival().then(|| one.path.clone()), one),
        )?,
        named(
            "page_time",
            by(
                |one| (one.active() > 0).then(|| one.path.clone()),
                |one| one.active() as f64,
            ),
        )?,
    ])
}

fn compare(check: &mut Check, answer: &Value, mut counts: Counts) -> Result<()> {
    let points = answer.get("points").and_then(Value::as_array);
    for point in points.context("no points")? {
        let at = point
            .get("at")
            .and_then(Value::as_str)
            .context("a point of no time")?;
        let at = firstglance_engine::Timestamp::parse(at)
            .map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
        let day = super::world::day(at.as_milliseconds());
        let found: Vec<(&str, f64)> = match point.get("names").and_then(Value::as_array) {
            Some(names) => names
                .iter()
                .filter_map(|one| Some((one.get("name")?.as_str()?, one.get("count")?.as_f64()?)))
                .collect(),
            None => vec![(
                "",
                point
                    .get("count")
                    .and_then(Value::as_f64)
                    .context("no count")?,
            )],
        };
        for (name, count) in found {
            let expected = counts.remove(&(day, name.to_owned())).unwrap_or_default();
            check.number(&format!("day {day} {name}"), &count.to_string(), expected);
        }
    }
    for ((day, name), expected) in counts {
        check.number(&format!("day {day} {name}"), "missing", expected);
    }
    Ok(())
}
