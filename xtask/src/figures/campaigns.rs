//! Campaigns: what brought visitors, what became of them, and which touch has what part in a goal.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::check::Check;
use super::console::Grid;
use super::world::{DAY, Message, Origin, World};

/// Days that the page shows.
const SHOWN: u64 = 28;

/// A goal in millionths.
const WHOLE: u64 = 1_000_000;

const MODELS: [&str; 4] = ["First touch", "Last touch", "Linear", "Position-based"];

/// What is counted of an origin.
#[derive(Clone, Debug, Default)]
struct Numbers {
    visitors: u64,
    engaged: u64,
    prospects: u64,
    stages: BTreeMap<String, u64>,
    goals: [u64; 4],
    value: [u64; 4],
}

/// An amount shared among touches by a model.
fn parts(model: usize, touches: usize, amount: u64) -> Vec<u64> {
    let equally = |count: usize, amount: u64| -> Vec<u64> {
        let (count, mut left) = (count as u64, amount % count.max(1) as u64);
        let part = |_| {
            let more = u64::from(left > 0);
            left = left.saturating_sub(1);
            amount / count + more
        };
        (0..count).map(part).collect()
    };
    match (model, touches) {
        (0, _) => (0..touches)
            .map(|place| if place == 0 { amount } else { 0 })
            .collect(),
        (1, _) => (0..touches)
            .map(|place| if place + 1 == touches { amount } else { 0 })
            .collect(),
        (3, 3..) => {
            let end = amount * 2 / 5;
            let mut parts = vec![end];
            parts.extend(equally(touches - 2, amount - 2 * end));
            parts.push(end);
            parts
        }
        _ => equally(touches, amount),
    }
}

/// All origins.
fn counted(world: &World) -> Result<BTreeMap<Origin, Numbers>> {
    let mut all: BTreeMap<Origin, Numbers> = BTreeMap::new();
    for messages in world.visitors.values() {
        let mut days: BTreeMap<u64, Vec<&Message>> = BTreeMap::new();
        for message in messages.iter().filter(|one| world.is_shown(one.at, SHOWN)) {
            days.entry(message.day()).or_default().push(message);
        }
        for messages in days.values() {
            let views = messages.iter().filter(|one| one.kind == "page").count();
            let active: u64 = messages.iter().map(|one| one.active()).sum();
            let arrivals = messages.iter().filter(|one| one.is_arrival());
            let origins: BTreeSet<Origin> = arrivals.map(|one| Origin::of(one)).collect();
            for origin in origins {
                let numbers = all.entry(origin).or_default();
                numbers.visitors += 1;
                numbers.engaged += u64::from(views >= 2 || active >= 10_000);
            }
        }
        let first = messages.iter().find(|one| one.kind == "page");
        if let Some(first) = first.filter(|first| world.is_shown(first.at, SHOWN)) {
            all.entry(Origin::of(first)).or_default().prospects += 1;
        }
        for reached in world.goals(messages) {
            if !world.is_shown(reached.at, SHOWN) {
                continue;
            }
            let touches = World::touches(messages, reached.at);
            for model in 0..MODELS.len() {
                let goals = parts(model, touches.len(), WHOLE);
                let value = parts(model, touches.len(), reached.value);
                for (origin, (goal, value)) in touches.iter().zip(goals.into_iter().zip(value)) {
                    let numbers = all.entry(origin.clone()).or_default();
                    numbers.goals[model] += goal;
                    numbers.value[model] += value;
                }
            }
        }
    }
    for (change, _, stage) in world.staged() {
        let messages = world.visitors.get(&change.visitor);
        let messages = messages.context("a change of somebody unknown")?;
        let first = World::touches(messages, change.at).into_iter().next();
        if let Some(first) = first.filter(|_| world.is_shown(change.at, SHOWN)) {
            let stages = &mut all.entry(first).or_default().stages;
            *stages.entry(world.label("stage", stage)).or_default() += 1;
        }
    }
    Ok(all)
}

/// The same put together by a name.
fn together(
    all: BTreeMap<Origin, Numbers>,
    name: impl Fn(&Origin) -> String,
) -> BTreeMap<String, Numbers> {
    let mut rows: BTreeMap<String, Numbers> = BTreeMap::new();
    for (origin, numbers) in all {
        let row = rows.entry(name(&origin)).or_default();
        row.visitors += numbers.visitors;
        row.engaged += numbers.engaged;
        row.prospects += numbers.prospects;
        for (stage, count) in numbers.stages {
            *row.stages.entry(stage).or_default() += count;
        }
        for model in 0..MODELS.len() {
            row.goals[model] += numbers.goals[model];
            row.value[model] += numbers.value[model];
        }
    }
    rows
}

/// The columns that most tables have.
fn compare(grid: &Grid, check: &mut Check, rows: &BTreeMap<String, Numbers>) -> Result<()> {
    // Empty stands where there is nothing to count: who came by themselves arrived by nothing.
    let by = |number: fn(&Numbers) -> f64| -> BTreeMap<String, f64> {
        rows.iter()
            .map(|(name, numbers)| (name.clone(), number(numbers)))
            .collect()
    };
    let arrived = |mut counts: BTreeMap<String, f64>| {
        counts.retain(|_, count| *count > 0.0);
        counts
    };
    check.by_name(grid, "Visitors", &arrived(by(|one| one.visitors as f64)))?;
    check.by_name(grid, "Engaged", &arrived(by(|one| one.engaged as f64)))?;
    let share = by(|one| one.engaged as f64 / (one.visitors as f64).max(1.0));
    check.by_name(grid, "Engaged share", &arrived(share))?;
    check.by_name(grid, "New prospects", &by(|one| one.prospects as f64))?;
    let goals = by(|one| one.goals[1] as f64 / WHOLE as f64);
    check.by_name(grid, "Goals reached", &goals)?;
    check.by_name(grid, "Value", &by(|one| one.value[1] as f64 / 100.0))?;
    let stages: BTreeSet<&String> = rows.values().flat_map(|one| one.stages.keys()).collect();
    for stage in stages
        .into_iter()
        .filter(|stage| grid.columns.contains(stage))
    {
        let counts = rows.iter().map(|(name, one)| {
            let count = one.stages.get(stage).copied().unwrap_or_default();
            (name.clone(), count as f64)
        });
        check.by_name(grid, stage, &counts.collect())?;
    }
    Ok(())
}

fn by_channel(world: &World) -> Result<BTreeMap<String, Numbers>> {
    Ok(together(counted(world)?, |origin| {
        origin.channel().to_owned()
    }))
}

pub(super) fn origins(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    compare(grid, check, &by_channel(world)?)
}

/// By another dimension than the channel.
fn by_dimension(
    world: &World,
    grid: &Grid,
    check: &mut Check,
    of: fn(&Origin) -> String,
    none: &str,
) -> Result<()> {
    let rows = together(counted(world)?, |origin| {
        let name = of(origin);
        if name.is_empty() {
            none.to_owned()
        } else {
            name
        }
    });
    compare(grid, check, &rows)
}

pub(super) fn by_campaign(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    by_dimension(world, grid, check, |one| one.campaign.clone(), "None given")
}

pub(super) fn by_term(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    by_dimension(world, grid, check, |one| one.term.clone(), "None given")
}

pub(super) fn by_content(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    by_dimension(world, grid, check, |one| one.content.clone(), "None given")
}

pub(super) fn by_medium(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    by_dimension(world, grid, check, |one| one.medium.clone(), "None given")
}

pub(super) fn by_source(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let source = |one: &Origin| {
        if one.source.is_empty() {
            one.referrer.clone()
        } else {
            one.source.clone()
        }
    };
    by_dimension(world, grid, check, source, "None: they came by themselves")
}

pub(super) fn brand(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let rows = together(counted(world)?, |origin| {
        let told = format!("{} {}", origin.campaign, origin.term).to_lowercase();
        let named = match told.trim() {
            "" => "No campaign and no term",
            told if told.contains("wielrijk") => "Brand",
            _ => "Not brand",
        };
        named.to_owned()
    });
    compare(grid, check, &rows)
}

pub(super) fn attribution(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let mut rows = by_channel(world)?;
    rows.retain(|_, one| one.goals.iter().any(|goals| *goals > 0));
    for (place, model) in MODELS.iter().enumerate() {
        let goals = rows
            .iter()
            .map(|(name, one)| (name.clone(), one.goals[place] as f64 / WHOLE as f64));
        check.by_name(grid, model, &goals.collect())?;
        let column = format!("Value: {model}");
        if grid.columns.contains(&column) {
            let value = rows
                .iter()
                .map(|(name, one)| (name.clone(), one.value[place] as f64 / 100.0));
            check.by_name(grid, &column, &value.collect())?;
        }
    }
    Ok(())
}

pub(super) fn days(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let mut days: BTreeMap<(String, &str), f64> = BTreeMap::new();
    for messages in world.visitors.values() {
        let arrivals = messages.iter().filter(|one| one.is_arrival());
        let each: BTreeSet<(u64, Origin)> =
            arrivals.map(|one| (one.day(), Origin::of(one))).collect();
        for (day, origin) in each {
            let at = firstglance_engine::Timestamp::from_milliseconds((day * DAY).cast_signed());
            let day = at.to_string()[..10].to_owned();
            *days.entry((day, origin.channel())).or_default() += 1.0;
        }
    }
    for row in &grid.rows {
        let day = &row[0];
        let mut rest: f64 = days
            .iter()
            .filter(|((one, _), _)| one == day)
            .map(|(_, count)| count)
            .sum();
        for (column, found) in grid.columns.iter().zip(row).skip(1) {
            let known = days
                .iter()
                .find(|((one, channel), _)| one == day && channel == column);
            let count = match &**column {
                "Other channels" => rest,
                _ => known.map_or(0.0, |(_, count)| *count),
            };
            rest -= count;
            check.number(&format!("{day}, {column}"), found, count);
        }
    }
    Ok(())
}

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let all = together(counted(world)?, |_| String::new());
    let all = all.into_values().next().unwrap_or_default();
    let expected = [
        ("visitors", all.visitors as f64),
        ("engaged", all.engaged as f64 / all.visitors as f64),
        ("prospects", all.prospects as f64),
        ("goals", all.goals[1] as f64 / WHOLE as f64),
        ("value", all.value[1] as f64 / 100.0),
    ];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    check.by_name(grid, "value", &expected.into())
}
