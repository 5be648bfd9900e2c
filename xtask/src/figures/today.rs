//! Today: the hours of the site's own day, beside days like it; leads by stage; rising interests.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use super::check::Check;
use super::console::Grid;
use super::world::{DAY, HOUR, Message, World, day};

/// Days before today that are looked at.
const BEFORE: i64 = 13;

/// The beginning of the site's day so many days ago, and whether it is a working day.
fn midnight(world: &World, days: i64) -> Result<(u64, bool)> {
    let now = Timestamp::from_millisecond(world.now.cast_signed())?;
    let now = Zoned::new(now, TimeZone::get("Europe/Amsterdam")?);
    let date = now.date().checked_sub(Span::new().days(days))?;
    let start = date
        .to_zoned(TimeZone::get("Europe/Amsterdam")?)?
        .start_of_day()?;
    let at = u64::try_from(start.timestamp().as_millisecond()).context("before 1970")?;
    Ok((at, date.weekday().to_monday_one_offset() <= 5))
}

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let (today, _) = midnight(world, 0)?;
    let visits = world.visits.iter().filter(|at| **at >= today).count();
    let views = world
        .messages()
        .filter(|one| one.at >= today && one.kind == "page")
        .count();
    let new = world
        .visitors
        .values()
        .filter(|messages| messages[0].at >= today)
        .count();
    let staged = world.staged();
    let prospects = staged.filter(|(change, from, _)| *from == "cold" && change.at >= today);
    let prospects = prospects.count();
    for (name, count) in [
        ("visits", visits),
        ("views", views),
        ("new", new),
        ("prospects", prospects),
    ] {
        let row = grid.rows.iter().find(|row| row[0] == name);
        let found = row.map_or("missing", |row| &*row[1]);
        check.number(name, found, count as f64);
    }
    let row = grid.rows.iter().find(|row| row[0] == "consent");
    let found = row.map_or("missing", |row| &*row[1]);
    match full(&consents(world, world.today)) {
        Some(share) => check.number("consent", found, share),
        None => check.text("consent", found, ""),
    }
    Ok(())
}

/// The consents of the page, the furthest first.
const CONSENTS: [&str; 3] = ["granted", "segments", "session"];

/// How many visitors of a day of UTC had which as the furthest consent of theirs.
fn consents(world: &World, day: u64) -> [usize; 3] {
    let mut counts = [0; 3];
    for messages in world.visitors.values() {
        let of_day = messages.iter().filter(|one| one.day() == day);
        let place = |one: &Message| CONSENTS.iter().position(|name| *name == one.consent);
        if let Some(furthest) = of_day.filter_map(place).min() {
            counts[furthest] += 1;
        }
    }
    counts
}

/// The part that consents to everything.
fn full(consents: &[usize; 3]) -> Option<f64> {
    let all: usize = consents.iter().sum();
    (all > 0).then(|| consents[0] as f64 / all as f64)
}

pub(super) fn consent(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let days = (0..=13).map(|back| world.today - back);
    let expected: Vec<(u64, [usize; 3])> = days
        .map(|day| (day, consents(world, day)))
        .filter(|(_, of)| of.iter().sum::<usize>() > 0)
        .collect();
    check.number("days", &grid.rows.len().to_string(), expected.len() as f64);
    for (row, (day, counts)) in grid.rows.iter().zip(&expected) {
        let at = Timestamp::from_millisecond((day * DAY).cast_signed())?;
        check.text("day", &row[0], &at.strftime("%Y-%m-%d").to_string());
        let share = full(counts).unwrap_or_default();
        check.number(&row[0], grid.cell(row, "Full consent")?, share);
        let columns = ["Everything", "Segments only", "This session only"];
        for (column, count) in columns.into_iter().zip(counts) {
            check.number(&row[0], grid.cell(row, column)?, *count as f64);
        }
    }
    Ok(())
}

pub(super) fn hours(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let (today, is_working) = midnight(world, 0)?;
    let visits = &world.visits;
    let first = visits.iter().min().copied().unwrap_or_default();
    let within = |from: u64| {
        visits
            .iter()
            .filter(|at| (from..from + HOUR).contains(*at))
            .count() as f64
    };
    let mut alike = Vec::new();
    for days in 1..=BEFORE {
        let (at, working) = midnight(world, days)?;
        if working == is_working && at + DAY > first / HOUR * HOUR {
            alike.push(at);
        }
    }
    for (row, hour) in grid.rows.iter().zip(0_u64..) {
        let at = today + hour * HOUR;
        let found = grid.cell(row, "Today")?;
        // The present hour is not over.
        if at + HOUR > world.now {
            check.text(&row[0], found, "");
        } else {
            check.number(&row[0], found, within(at));
        }
        let usual: f64 = alike.iter().map(|day| within(day + hour * HOUR)).sum();
        let found = grid.cell(row, "Usual")?;
        check.number(
            &format!("{}, usual", row[0]),
            found,
            usual / alike.len() as f64,
        );
    }
    Ok(())
}

pub(super) fn stages(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let (today, _) = midnight(world, 0)?;
    let (week, _) = midnight(world, 6)?;
    let count = |is_entered: bool, since: u64| {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for (_, from, to) in world.staged().filter(|(change, ..)| change.at >= since) {
            let stage = if is_entered { to } else { from };
            *counts.entry(named(world, stage)).or_default() += 1.0;
        }
        counts
    };
    let mut sizes: BTreeMap<String, f64> = BTreeMap::new();
    for profile in &world.profiles {
        let stage = profile["stage"].as_str().unwrap_or_default();
        *sizes.entry(named(world, stage)).or_default() += 1.0;
    }
    let expected = [
        sizes,
        count(true, today),
        count(false, today),
        count(true, week),
        count(false, week),
    ];
    for (column, expected) in grid.columns.iter().skip(1).zip(&expected) {
        check.by_name(grid, column, expected)?;
    }
    Ok(())
}

/// What people call a stage; of those whom the score leaves out, that they are no leads.
fn named(world: &World, stage: &str) -> String {
    match stage {
        "disqualified" => "No leads".to_owned(),
        stage => world.label("stage", stage),
    }
}

pub(super) fn rising(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let (middle, first) = (world.today - 6, world.today - 13);
    let (mut this, mut before) = (BTreeMap::new(), BTreeMap::new());
    for (at, id) in world.entered() {
        let day = day(at);
        if world.label("segment", id) != id || day < first {
            continue;
        }
        let counts = if day >= middle {
            &mut this
        } else {
            &mut before
        };
        *counts.entry(id.to_owned()).or_insert(0.0) += 1.0;
    }
    let rises = this
        .iter()
        .filter(|(id, count)| **count > before.get(*id).copied().unwrap_or_default());
    let rises: Vec<(&String, &f64)> = rises.collect();
    check.number(
        "rising",
        &grid.rows.len().to_string(),
        rises.len().min(10) as f64,
    );
    for row in &grid.rows {
        let found = rises
            .iter()
            .find(|(id, _)| row[0].to_lowercase().replace(' ', "-") == **id);
        let Some((id, now)) = found else {
            check.wrong(format!("{} does not rise", row[0]));
            continue;
        };
        let before = before.get(*id).copied().unwrap_or_default();
        let views = world.messages().filter(|one| {
            let is_about = one.topics().any(|topic| topic.to_lowercase() == **id);
            one.kind == "page" && one.day() >= middle && is_about
        });
        let expected = [**now, before, **now - before, views.count() as f64];
        for (column, expected) in grid.columns.iter().skip(1).zip(expected) {
            check.number(
                &format!("{id}, {column}"),
                grid.cell(row, column)?,
                expected,
            );
        }
    }
    Ok(())
}
