//! Segments: who is in them, how they overlap, who came and went. Who is in one at this moment is worked
//! out by the engine, so exported profiles say it; what is held against them here are the counts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use firstglance_engine::Timestamp;
use serde_json::Value;

use super::check::Check;
use super::console::Grid;
use super::world::{DAY, World, day as day_of};

/// Days that the page shows.
const SHOWN: u64 = 28;

/// Visitors of each segment, by what people call it.
fn members(world: &World) -> BTreeMap<String, BTreeSet<&str>> {
    let mut members: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for profile in &world.profiles {
        let visitor = profile["visitor_id"].as_str().unwrap_or_default();
        let segments = profile["segments"].as_array().into_iter().flatten();
        for segment in segments.filter_map(Value::as_str) {
            members
                .entry(label(world, segment))
                .or_default()
                .insert(visitor);
        }
    }
    members
}

/// What people call a segment: of a topic, the label that its pages declare.
pub(super) fn label(world: &World, id: &str) -> String {
    let label = world.label("segment", id);
    if label != id {
        return label;
    }
    if let Some(label) = world.topics.get(id) {
        return label.clone();
    }
    // Nobody declared it: a part of a path, spelled out.
    let mut spelled = id.replace('-', " ");
    if let Some(first) = spelled.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    spelled
}

fn sizes(members: &BTreeMap<String, BTreeSet<&str>>) -> BTreeMap<String, f64> {
    members
        .iter()
        .map(|(name, all)| (name.clone(), all.len() as f64))
        .collect()
}

pub(super) fn list(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let members = members(world);
    let all = world.visitors.len() as f64;
    check.by_name(grid, "Visitors", &sizes(&members))?;
    let share = members
        .iter()
        .map(|(name, of)| (name.clone(), of.len() as f64 / all));
    check.by_name(grid, "Share", &share.collect())?;
    let moves: [(&str, Vec<(u64, &str)>); 2] = [
        ("Came in", world.entered().collect()),
        ("Left", world.left().collect()),
    ];
    for (column, moves) in moves {
        let mut moved: BTreeMap<String, f64> = BTreeMap::new();
        for (_, id) in moves.iter().filter(|(at, _)| world.is_shown(*at, SHOWN)) {
            *moved.entry(label(world, id)).or_default() += 1.0;
        }
        // A topic that nobody is interested in any more has no row.
        moved.retain(|name, _| grid.rows.iter().any(|row| row[0] == *name));
        check.by_name(grid, column, &moved)?;
    }
    for row in &grid.rows {
        let none = BTreeSet::new();
        let of = members.get(&row[0]).unwrap_or(&none);
        let reached = of.iter().filter(|visitor| {
            world
                .visitors
                .get(**visitor)
                .is_some_and(|messages| !world.goals(messages).is_empty())
        });
        let found = grid.cell(row, "Conversion")?;
        if of.is_empty() {
            check.text(&format!("{}, conversion", row[0]), found, "");
        } else {
            let share = reached.count() as f64 / of.len() as f64;
            check.number(&format!("{}, conversion", row[0]), found, share);
        }
    }
    Ok(())
}

pub(super) fn overlap(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let members = members(world);
    check.by_name(grid, "Visitors", &sizes(&members))?;
    for row in &grid.rows {
        let Some(own) = members.get(&row[0]) else {
            continue;
        };
        for (column, found) in grid.columns.iter().zip(row).skip(2) {
            if *column == row[0] {
                check.text(&row[0], found, "");
            } else if let Some(other) = members.get(column) {
                let both = own.intersection(other).count() as f64;
                check.number(
                    &format!("{}, {column}", row[0]),
                    found,
                    both / own.len() as f64,
                );
            }
        }
    }
    Ok(())
}

pub(super) fn stages(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let mut members = members(world);
    let visitor = |profile: &'_ Value| {
        profile["visitor_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let everybody: Vec<String> = world.profiles.iter().map(visitor).collect();
    members.insert(
        "All visitors".to_owned(),
        everybody.iter().map(String::as_str).collect(),
    );
    check.by_name(grid, "Visitors", &sizes(&members))?;
    let stage_of: BTreeMap<String, &str> = world
        .profiles
        .iter()
        .map(|profile| {
            (
                visitor(profile),
                profile["stage"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    for stage in grid.columns.iter().skip(2) {
        let counts = members.iter().map(|(name, of)| {
            let there = of
                .iter()
                .filter(|visitor| stage_of.get(**visitor) == Some(&&**stage));
            (name.clone(), there.count() as f64)
        });
        check.by_name(grid, stage, &counts.collect())?;
    }
    Ok(())
}

/// One segment's page: the size at the end of each day, back through what came and went.
pub(super) fn trend(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let id = TRIED;
    let size = members(world)
        .get(&label(world, id))
        .map_or(0, BTreeSet::len) as f64;
    let by_day = |moves: &mut dyn Iterator<Item = (u64, &str)>| {
        let mut days: BTreeMap<u64, f64> = BTreeMap::new();
        for (at, _) in moves.filter(|(_, segment)| *segment == id) {
            *days.entry(day_of(at)).or_default() += 1.0;
        }
        days
    };
    let (entered, left) = (by_day(&mut world.entered()), by_day(&mut world.left()));
    let mut size = size;
    for row in grid.rows.iter().rev() {
        let day = Timestamp::parse(&format!("{}T00:00:00Z", row[0]));
        let day = day.map_err(|error| anyhow::anyhow!("{}: {error}", row[0]))?;
        let day = day.as_milliseconds() / DAY;
        let on_day = |days: &BTreeMap<u64, f64>| days.get(&day).copied().unwrap_or_default();
        let (entered, left) = (on_day(&entered), on_day(&left));
        for (column, count) in [("Size", size), ("Came in", entered), ("Left", left)] {
            check.number(
                &format!("{}, {column}", row[0]),
                grid.cell(row, column)?,
                count,
            );
        }
        size += left - entered;
    }
    Ok(())
}

/// The segment whose page is looked at.
pub(super) const TRIED: &str = "e-bikes";

pub(super) fn overlaps(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let members = members(world);
    let none = BTreeSet::new();
    let own = members.get(&label(world, TRIED)).unwrap_or(&none);
    let both: BTreeMap<String, f64> = members
        .iter()
        .filter(|(name, _)| **name != label(world, TRIED))
        .map(|(name, other)| (name.clone(), own.intersection(other).count() as f64))
        .filter(|(_, both)| *both > 0.0)
        .collect();
    check.by_name(grid, "Both", &both)?;
    let share = both
        .iter()
        .map(|(name, both)| (name.clone(), both / own.len() as f64));
    check.by_name(grid, "Share of this one", &share.collect())?;
    let share = both
        .iter()
        .map(|(name, both)| (name.clone(), both / members[name].len() as f64));
    check.by_name(grid, "Share of that one", &share.collect())
}

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let members = members(world);
    let none = BTreeSet::new();
    let own = members.get(&label(world, TRIED)).unwrap_or(&none);
    let moved = |moves: &mut dyn Iterator<Item = (u64, &str)>| {
        let own = moves.filter(|(at, id)| *id == TRIED && world.is_shown(*at, SHOWN));
        own.count() as f64
    };
    let reached = own.iter().filter(|visitor| {
        world
            .visitors
            .get(**visitor)
            .is_some_and(|messages| !world.goals(messages).is_empty())
    });
    let expected = [
        ("size", own.len() as f64),
        ("entered", moved(&mut world.entered())),
        ("left", moved(&mut world.left())),
        ("conversion", reached.count() as f64 / own.len() as f64),
    ];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    check.by_name(grid, "value", &expected.into())
}
