//! Interests: who wants what, by what first brought them, and which pages feed it. How strong an interest
//! is at this moment is the engine's to say, so exported profiles say it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;

use super::check::Check;
use super::console::Grid;
use super::segments::label;
use super::world::{Origin, World};

/// Days that the page shows.
const SHOWN: u64 = 28;

/// The strength from which somebody is strongly interested, and how far exported ones may be off.
const STRONGLY: f64 = 0.7;
const ROUNDED: f64 = 0.0006;

/// What a profile is exported with: interests that are so weak are left out.
fn strengths(profile: &Value) -> impl Iterator<Item = (&str, f64)> {
    let all = profile["interests"].as_object().into_iter().flatten();
    all.filter_map(|(id, strength)| Some((id.as_str(), strength.as_f64()?)))
}

/// Whether somebody is interested: then the topic is a segment by itself. Strengths are exported rounded,
/// and would not tell.
fn is_interested(profile: &Value, id: &str) -> bool {
    let segments = profile["segments"].as_array().into_iter().flatten();
    segments
        .filter_map(Value::as_str)
        .any(|segment| segment == id)
}

/// Visitors by topic who are interested, given a part of what brought each first.
fn counted(
    world: &World,
    of: impl Fn(Option<&Origin>) -> String,
) -> BTreeMap<(String, String), f64> {
    let mut counts = BTreeMap::new();
    for profile in &world.profiles {
        let visitor = profile["visitor_id"].as_str().unwrap_or_default();
        let first = world.first_touch(visitor);
        for (id, _) in strengths(profile) {
            if is_interested(profile, id) {
                let key = (label(world, id), of(first.as_ref()));
                *counts.entry(key).or_default() += 1.0;
            }
        }
    }
    counts
}

fn by_topic(world: &World) -> BTreeMap<String, f64> {
    let counts = counted(world, |_| String::new()).into_iter();
    counts.map(|((topic, _), count)| (topic, count)).collect()
}

pub(super) fn topics(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let interested = by_topic(world);
    check.by_name(grid, "Interested", &interested)?;
    let all = world.visitors.len() as f64;
    let share = interested
        .iter()
        .map(|(name, count)| (name.clone(), count / all));
    check.by_name(grid, "Share", &share.collect())?;
    for row in &grid.rows {
        let (mut surely, mut perhaps) = (0.0, 0.0);
        for profile in &world.profiles {
            let own = strengths(profile).filter(|(id, _)| label(world, id) == row[0]);
            for (_, strength) in own {
                surely += f64::from(u8::from(strength > STRONGLY + ROUNDED));
                perhaps += f64::from(u8::from(strength >= STRONGLY - ROUNDED));
            }
        }
        let found = grid.cell(row, "Strongly")?.parse().unwrap_or(f64::NAN);
        let what = format!("{}: {found} are not between {surely} and {perhaps}", row[0]);
        check.holds(&what, (surely..=perhaps).contains(&found));
    }
    Ok(())
}

/// Rows are topics and further columns what first brought their visitors.
fn crossed(
    world: &World,
    grid: &Grid,
    check: &mut Check,
    of: impl Fn(Option<&Origin>) -> String,
) -> Result<()> {
    let counts = counted(world, of);
    for row in &grid.rows {
        for (column, found) in grid.columns.iter().zip(row).skip(1) {
            if column != "Interested" {
                let count = counts.get(&(row[0].clone(), column.clone()));
                let count = count.copied().unwrap_or_default();
                check.number(&format!("{}, {column}", row[0]), found, count);
            }
        }
    }
    for ((topic, column), count) in counts {
        let is_there = grid.rows.iter().any(|row| row[0] == topic);
        // Whom nothing brought, and campaigns for which there is no room, have no column.
        if grid.columns.contains(&column) && !is_there {
            check.number(&format!("{topic}, {column}"), "missing", count);
        }
    }
    Ok(())
}

pub(super) fn channels(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    check.by_name(grid, "Interested", &by_topic(world))?;
    crossed(world, grid, check, |first| {
        first.map_or_else(String::new, |first| first.channel().to_owned())
    })
}

pub(super) fn campaigns(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    crossed(world, grid, check, |first| {
        first.map_or_else(String::new, |first| first.campaign.clone())
    })
}

/// Views of pages by the topics that they declare.
pub(super) fn pages(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let mut views: BTreeMap<(String, String), f64> = BTreeMap::new();
    for view in world.since(SHOWN).filter(|one| one.kind == "page") {
        let topics: BTreeSet<&str> = view.topics().collect();
        for topic in topics {
            *views
                .entry((topic.to_owned(), view.path.clone()))
                .or_default() += 1.0;
        }
    }
    for row in &grid.rows {
        let count = views
            .get(&(row[0].clone(), row[1].clone()))
            .copied()
            .unwrap_or_default();
        check.number(
            &format!("{} {}", row[0], row[1]),
            grid.cell(row, "Page views")?,
            count,
        );
    }
    Ok(())
}

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let interested = world
        .profiles
        .iter()
        .filter(|profile| strengths(profile).any(|(id, _)| is_interested(profile, id)));
    let row = grid.rows.iter().find(|row| row[0] == "interested");
    let found = row.map_or("missing", |row| &*row[1]);
    check.number("interested", found, interested.count() as f64);
    Ok(())
}
