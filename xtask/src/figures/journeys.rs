//! Journeys: entry pages, ways to a goal, the funnel, and who comes back.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::check::Check;
use super::console::Grid;
use super::world::{self, DAY, Message, World};

/// Days that the page shows.
const SHOWN: u64 = 28;

/// Weeks that it shows.
const WEEKS: u64 = 12;

/// Groups of pages that are kept of a way.
const LONGEST_WAY: usize = 8;

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let visits = world.visits.iter();
    let visits = visits.filter(|at| world.is_shown(**at, SHOWN)).count() as f64;
    let views = world.since(SHOWN).filter(|one| one.kind == "page").count() as f64;
    let time: u64 = world.since(SHOWN).map(Message::active).sum();
    let time = (time as f64 / visits).floor() / 1_000.0;
    let expected = [
        ("visits", visits),
        ("views", views),
        ("views-per-visit", views / visits),
        ("time-per-visit", time),
    ];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    check.by_name(grid, "value", &expected.into())
}

pub(super) fn entries(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let (mut landings, mut views, mut time) = (Counts::new(), Counts::new(), Counts::new());
    for message in world.since(SHOWN) {
        if message.kind == "page" {
            *views.entry(message.path.clone()).or_default() += 1.0;
            if message.is_arrival() {
                *landings.entry(message.path.clone()).or_default() += 1.0;
            }
        }
        *time.entry(message.path.clone()).or_default() += message.active() as f64;
    }
    // Pages to which nothing led are not listed, and those to which least did are one row.
    views.retain(|path, _| landings.contains_key(path));
    let listed = |path: &String| grid.rows.iter().any(|row| row[0] == *path);
    let together = |counts: Counts| {
        let mut rows = Counts::new();
        for (path, count) in counts {
            let row = if listed(&path) {
                path
            } else {
                OTHERS.to_owned()
            };
            *rows.entry(row).or_default() += count;
        }
        rows
    };
    time.retain(|path, _| views.contains_key(path));
    let (landings, views, time) = (together(landings), together(views), together(time));
    let all: f64 = landings.values().sum();
    let shares = landings
        .iter()
        .map(|(path, count)| (path.clone(), count / all));
    check.by_name(grid, "Share", &shares.collect())?;
    let each = views.iter().map(|(path, views)| {
        let time = time.get(path).copied().unwrap_or_default();
        (path.clone(), (time / views).floor() / 1_000.0)
    });
    check.by_name(grid, "Active time a view", &each.collect())?;
    check.by_name(grid, "Entries", &landings)?;
    check.by_name(grid, "Page views", &views)
}

/// What the pages are called to which least led.
const OTHERS: &str = "(other pages)";

type Counts = BTreeMap<String, f64>;

/// The week of a day, from Monday.
const fn week(day: u64) -> u64 {
    (day + 3) / 7
}

pub(super) fn returns(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let present = week(world.today);
    let mut weeks: BTreeMap<u64, BTreeMap<u64, f64>> = BTreeMap::new();
    for messages in world.visitors.values() {
        let first = week(messages[0].day());
        let seen: BTreeSet<u64> = messages.iter().map(|one| week(one.day())).collect();
        for seen in seen {
            *weeks
                .entry(first)
                .or_default()
                .entry(seen - first)
                .or_default() += 1.0;
        }
    }
    weeks.retain(|first, _| first + WEEKS > present);
    check.number("weeks", &grid.rows.len().to_string(), weeks.len() as f64);
    for row in &grid.rows {
        let monday = grid.cell(row, "Week of")?;
        let at = firstglance_engine::Timestamp::parse(&format!("{monday}T00:00:00Z"));
        let at = at.map_err(|error| anyhow::anyhow!("{monday}: {error}"))?;
        let none = BTreeMap::new();
        let first = week(at.as_milliseconds() / DAY);
        let later = weeks.get(&first).unwrap_or(&none);
        let all = later.get(&0).copied().unwrap_or_default();
        check.number(
            &format!("{monday}, new"),
            grid.cell(row, "New visitors")?,
            all,
        );
        for weeks in 1..WEEKS {
            let found = grid.cell(row, &format!("+{weeks}"))?;
            if first + weeks > present {
                check.text(&format!("{monday} +{weeks}"), found, "");
            } else {
                let came = later.get(&weeks).copied().unwrap_or_default();
                check.number(&format!("{monday} +{weeks}"), found, came / all);
            }
        }
    }
    Ok(())
}

/// The groups of pages of the visit before a moment, each page where it was seen last.
fn way(messages: &[Message], until: u64) -> Vec<String> {
    let begun = world::visits(messages).into_iter();
    let begun = begun.filter(|at| *at <= until).max().unwrap_or_default();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let pages = messages
        .iter()
        .filter(|one| one.kind == "page" && (begun..=until).contains(&one.at));
    for page in pages {
        last.insert(&page.path, page.at);
    }
    let mut pages: Vec<(u64, &str)> = last.into_iter().map(|(path, at)| (at, path)).collect();
    pages.sort_unstable();
    let mut groups: Vec<String> = Vec::new();
    for (_, path) in pages {
        let group = match path[1..].split_once('/') {
            Some((first, _)) => format!("/{first}"),
            None => path.to_owned(),
        };
        if groups.last() != Some(&group) {
            groups.push(group);
        }
    }
    groups.split_off(groups.len().saturating_sub(LONGEST_WAY))
}

/// How often the first goal of the configuration was reached, by way.
fn ways(world: &World) -> BTreeMap<Vec<String>, f64> {
    let mut ways = BTreeMap::new();
    for messages in world.visitors.values() {
        let reached = world.goals(messages).into_iter();
        for reached in
            reached.filter(|one| one.goal == world.first_goal && world.is_shown(one.at, SHOWN))
        {
            *ways.entry(way(messages, reached.at)).or_default() += 1.0;
        }
    }
    ways
}

pub(super) fn whole_ways(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let ways = ways(world);
    let all: f64 = ways.values().sum();
    let mut told = 0.0;
    for row in &grid.rows {
        let (name, found) = (&row[0], grid.cell(row, "Times")?);
        told += found.parse().unwrap_or(0.0);
        if name.starts_with('(') && !name.starts_with("(no page") {
            continue;
        }
        let groups: Vec<String> = match name.starts_with('(') {
            true => Vec::new(),
            false => name.split(" → ").map(str::to_owned).collect(),
        };
        let count = ways.get(&groups).copied().unwrap_or_default();
        check.number(name, found, count);
        check.number(
            &format!("{name}, share"),
            grid.cell(row, "Share")?,
            count / all,
        );
    }
    check.number("all ways", &told.to_string(), all);
    Ok(())
}

/// Where a step leads is drawn with small ones together: what is between two columns must be what is on
/// ways that are so long.
pub(super) fn steps(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let ways = ways(world);
    let mut told: BTreeMap<usize, f64> = BTreeMap::new();
    let mut exact: BTreeMap<(usize, String, String), f64> = BTreeMap::new();
    for (groups, count) in &ways {
        let latest: Vec<&String> = groups.iter().rev().take(5).collect();
        for (place, from) in latest.iter().enumerate() {
            let to = match place {
                0 => world.label("goal", world.first_goal),
                place => latest[place - 1].clone(),
            };
            *told.entry(place + 1).or_default() += count;
            *exact.entry((place + 1, (*from).clone(), to)).or_default() += count;
        }
    }
    let mut found: BTreeMap<usize, f64> = BTreeMap::new();
    for row in &grid.rows {
        let step: usize = grid.cell(row, "Steps before the goal")?.parse()?;
        let times = grid.cell(row, "Times")?;
        *found.entry(step).or_default() += times.parse::<f64>()?;
        let (from, to) = (grid.cell(row, "From")?, grid.cell(row, "To")?);
        if !from.starts_with('(') && !to.starts_with('(') {
            let expected = exact.get(&(step, from.to_owned(), to.to_owned())).copied();
            check.number(
                &format!("{from} → {to}, {step}"),
                times,
                expected.unwrap_or_default(),
            );
        }
    }
    for (step, expected) in told {
        let found = found.get(&step).copied().unwrap_or_default();
        check.number(
            &format!("all steps {step} before"),
            &found.to_string(),
            expected,
        );
    }
    Ok(())
}

/// Who reached the first goal of the funnel, and of them who reached each further one at or after the one
/// before it.
pub(super) fn funnel(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let steps = &world.funnel;
    let mut reached = vec![0.0; steps.len()];
    for messages in world.visitors.values() {
        let goals = world.goals(messages);
        let mut since = 0;
        for (place, step) in steps.iter().enumerate() {
            let at = goals
                .iter()
                .filter(|one| one.goal == step && one.at >= since)
                .map(|one| one.at);
            match at
                .min()
                .filter(|at| place > 0 || world.is_shown(*at, SHOWN))
            {
                Some(at) => since = at,
                None => break,
            }
            reached[place] += 1.0;
        }
    }
    check.number("steps", &grid.rows.len().to_string(), steps.len() as f64);
    for (place, row) in grid.rows.iter().enumerate().take(steps.len()) {
        let count = reached[place];
        let named = |column: &str| format!("{}, {column}", row[0]);
        check.number(&named("visitors"), grid.cell(row, "Visitors")?, count);
        check.number(
            &named("of the first"),
            grid.cell(row, "Of the first")?,
            count / reached[0],
        );
        match place.checked_sub(1) {
            Some(before) => check.number(
                &named("of the step before"),
                grid.cell(row, "Of the step before")?,
                count / reached[before],
            ),
            None => check.text(&row[0], grid.cell(row, "Of the step before")?, ""),
        }
        match reached.get(place + 1) {
            Some(next) => check.number(
                &named("went no further"),
                grid.cell(row, "Went no further")?,
                count - next,
            ),
            None => check.text(&row[0], grid.cell(row, "Went no further")?, ""),
        }
    }
    Ok(())
}
