//! Profiles: each visitor in the list, as their messages and the exported profile say.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use super::console::Grid;
use super::world::{MINUTE, World};

/// Letters of an id that are shown, and how far exported scores may be off.
const SHORT: usize = 8;
const ROUNDED: f64 = 0.0006;

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
        let found = profiles.values().find(|profile| {
            let known = [
                &profile["visitor_id"],
                &profile["user_id"],
                &profile["traits"]["name"],
                &profile["traits"]["email"],
            ];
            known.iter().any(|one| {
                one.as_str().is_some_and(|one| {
                    one == name || (name.len() == SHORT && one.starts_with(name))
                })
            })
        });
        let Some(profile) = found else {
            check.wrong(format!("nobody is called {name}"));
            continue;
        };
        let visitor = profile["visitor_id"]
            .as_str()
            .context("a profile of nobody")?;
        let messages = world
            .visitors
            .get(visitor)
            .context("a profile without messages")?;
        let mut visits = 0.0;
        let mut before: Option<u64> = None;
        for message in messages {
            visits += f64::from(u8::from(
                before.is_none_or(|before| message.at > before + 30 * MINUTE),
            ));
            before = Some(message.at);
        }
        let first = World::touches(messages, u64::MAX).into_iter().next();
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
            (score - exported).abs() <= ROUNDED,
        );
        let seen = firstglance_engine::Timestamp::parse(grid.cell(row, "Last seen")?);
        let seen = seen.map_or(0, |seen| seen.as_milliseconds());
        check.holds(&format!("{name}, last seen"), Some(seen) == before);
    }
    Ok(())
}
