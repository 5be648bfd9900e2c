//! Profiles: each visitor in the list, as their messages and the exported profile say.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use super::console::Grid;
use super::world::{self, World};

/// Letters of an id that are shown; and how far scores may be off, which fade from moment to moment.
const SHORT: usize = 8;
const FADES: f64 = 0.01;

pub(super) fn visitors(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let profiles: BTreeMap<&str, &Value> = world
        .profiles
        .iter()
        .filter_map(|profile| Some((profile["visitor_id"].as_str()?, profile)))
        .collect();
    check.holds("nobody is listed", !grid.rows.is_empty());
    for row in &grid.rows {
        // Who is known is called by their name, and others by the beginning of their id.
        let name = row[0].trim_start_matches("Anonymous ");
        let seen = firstglance_engine::Timestamp::parse(grid.cell(row, "Last seen")?);
        let seen = seen.map_or(0, |seen| seen.as_milliseconds());
        let is_called = |profile: &&&Value| {
            let traits = &profile["traits"];
            let known = [
                &profile["visitor_id"],
                &profile["user_id"],
                &traits["name"],
                &traits["email"],
            ];
            known
                .iter()
                .filter_map(|one| one.as_str())
                .any(|one| one == name || (name.len() == SHORT && one.starts_with(name)))
        };
        // Who has two browsers is there twice.
        let found = profiles.values().filter(is_called).find(|profile| {
            let visitor = profile["visitor_id"].as_str().unwrap_or_default();
            let messages = world.visitors.get(visitor);
            messages
                .and_then(|all| all.last())
                .is_some_and(|last| last.at == seen)
        });
        let Some(profile) = found else {
            check.wrong(format!("nobody who is called {name} was last seen then"));
            continue;
        };
        let visitor = profile["visitor_id"]
            .as_str()
            .context("a profile of nobody")?;
        let messages = world
            .visitors
            .get(visitor)
            .context("a profile without messages")?;
        let visits = world::visits(messages).len() as f64;
        let first = world.first_touch(visitor);
        let channel = first.map_or("", |first| first.channel());
        check.number(
            &format!("{name}, visits"),
            grid.cell(row, "Visits")?,
            visits,
        );
        check.text(
            &format!("{name}, channel"),
            grid.cell(row, "First channel")?,
            channel,
        );
        check.text(
            &format!("{name}, stage"),
            grid.cell(row, "Stage")?,
            profile["stage"].as_str().unwrap_or_default(),
        );
        let score: f64 = grid.cell(row, "Score")?.parse().unwrap_or(f64::NAN);
        let exported = profile["score"].as_f64().unwrap_or_default();
        check.holds(
            &format!("{name}: a score of {score}, and not {exported}"),
            (score - exported).abs() <= FADES,
        );
    }
    Ok(())
}
