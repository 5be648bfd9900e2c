//! System: what is stored, and what came in each of the last hours.

use std::collections::BTreeMap;

use anyhow::Result;

use super::check::Check;
use super::console::Grid;
use super::world::{HOUR, World};

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let row = grid.rows.iter().find(|row| row[0] == "visitors");
    let found = row.map_or("missing", |row| &*row[1]);
    check.number("visitors", found, world.visitors.len() as f64);
    Ok(())
}

pub(super) fn messages(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let mut hours: BTreeMap<(u64, &str), f64> = BTreeMap::new();
    for message in world.messages() {
        *hours.entry((message.at / HOUR, &message.kind)).or_default() += 1.0;
    }
    for row in &grid.rows {
        let at = firstglance_engine::Timestamp::parse(&row[0]);
        let at = at.map_err(|error| anyhow::anyhow!("{}: {error}", row[0]))?;
        for (kind, found) in grid.columns.iter().zip(row).skip(1) {
            let count = hours.get(&(at.as_milliseconds() / HOUR, &**kind)).copied();
            check.number(
                &format!("{} {kind}", row[0]),
                found,
                count.unwrap_or_default(),
            );
        }
    }
    Ok(())
}
