//! Content: what slots and variants came to, and whether what is known to help is told to help.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use super::console::Grid;
use super::world::{DAY, Message, World};
use crate::server::Server;

/// The lift of each variant is not contradicted by the bounds that are told, and numbers are those of the
/// truth. Of twenty intervals one leaves out what it is of, so bounds alone would fail on some days.
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
                let bounds = low.zip(high);
                check.holds(
                    &format!("{slot} {variant}: {low:?} to {high:?} contradict {lift}"),
                    bounds.is_some_and(|(low, high)| is_likely(lift, low, high)),
                );
            }
        }
    }
    Ok(check)
}

/// How much wider than an interval of 95 % one is that leaves out what it is of once in ten thousand times.
const WIDER: f64 = 2.0;

/// Whether a lift can be what an interval of 95 % is of, of a ratio that is one more than the lift.
fn is_likely(lift: f64, low: f64, high: f64) -> bool {
    let (low, high) = ((1.0 + low).ln(), (1.0 + high).ln());
    let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
    ((1.0 + lift).ln() - middle).abs() <= WIDER * half
}

/// Days that the page shows.
const SHOWN: u64 = 28;

/// How long after the first sight a goal counts.
const WINDOW: u64 = 30 * DAY;

/// What the visitors of an arm did.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    visitors: f64,
    impressions: f64,
    clicks: f64,
    clickers: f64,
    conversions: f64,
    revenue: f64,
}

/// By variant and whether they were held out, of a slot and a goal.
fn arms(world: &World, slot: &str, goal: &str) -> BTreeMap<(String, bool), Numbers> {
    let mut arms: BTreeMap<(String, bool), Numbers> = BTreeMap::new();
    for messages in world.visitors.values() {
        let of = |message: &Message| {
            let held_out = message.properties.get("control").and_then(Value::as_bool);
            (message.text("variant").to_owned(), held_out == Some(true))
        };
        let told = |event: &'static str| {
            messages
                .iter()
                .filter(move |one| one.is(event) && one.text("slot") == slot)
        };
        let Some(first) = told("Content Viewed").next() else {
            continue;
        };
        if !world.is_shown(first.at, SHOWN) {
            continue;
        }
        for view in told("Content Viewed") {
            arms.entry(of(view)).or_default().impressions += 1.0;
        }
        for click in told("Content Clicked") {
            arms.entry(of(click)).or_default().clicks += 1.0;
        }
        let goals = world.goals(messages).into_iter();
        let reached: Vec<_> = goals
            .filter(|one| one.goal == goal && (first.at..=first.at + WINDOW).contains(&one.at))
            .collect();
        let has_clicked = told("Content Clicked").next().is_some();
        let numbers = arms.entry(of(first)).or_default();
        numbers.visitors += 1.0;
        numbers.clickers += f64::from(u8::from(has_clicked));
        numbers.conversions += f64::from(u8::from(!reached.is_empty()));
        numbers.revenue += reached
            .iter()
            .map(|one| one.value as f64 / 100.0)
            .sum::<f64>();
    }
    arms
}

/// The slot of the shop's own content.
const OFFER: &str = "aanbod";

pub(super) fn slots(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let told = world.messages().filter(|one| one.is("Content Viewed"));
    let slots: BTreeSet<&str> = told.map(|one| one.text("slot")).collect();
    check.holds("nobody saw a slot", !slots.is_empty());
    for slot in &slots {
        let label = world.label("slot", slot);
        let row = grid.rows.iter().find(|row| row[0] == label);
        let Some(row) = row else {
            check.wrong(format!("no row {label}"));
            continue;
        };
        let goal = world.slot_goal(slot);
        let arms = arms(world, slot, goal);
        let sum = |number: fn(&Numbers) -> f64| arms.values().map(number).sum::<f64>();
        for (column, count) in [
            ("Visitors", sum(|one| one.visitors)),
            ("Impressions", sum(|one| one.impressions)),
            ("Clicks", sum(|one| one.clicks)),
            ("Conversions", sum(|one| one.conversions)),
        ] {
            check.number(
                &format!("{label}, {column}"),
                grid.cell(row, column)?,
                count,
            );
        }
        lift(
            grid,
            row,
            &["Lift", "Lift, at least", "Lift, at most"],
            &arms,
            check,
        )?;
    }
    check.number("slots", &grid.rows.len().to_string(), slots.len() as f64);
    Ok(())
}

/// That a lift is near what the two rates say and between its bounds. That these are right is held
/// against other programs by `cargo xtask statistics`.
fn lift(
    grid: &Grid,
    row: &[String],
    columns: &[&str; 3],
    arms: &BTreeMap<(String, bool), Numbers>,
    check: &mut Check,
) -> Result<()> {
    let of = |held_out: bool| {
        let of_arm = arms.iter().filter(|((_, control), _)| *control == held_out);
        of_arm.fold((0.0, 0.0), |(all, did), (_, one)| {
            (all + one.visitors, did + one.conversions)
        })
    };
    let ((shown, did), (control, did_there)) = (of(false), of(true));
    let cells = [
        grid.cell(row, columns[0])?,
        grid.cell(row, columns[1])?,
        grid.cell(row, columns[2])?,
    ];
    if shown * control == 0.0 {
        for cell in cells {
            check.text(&row[0], cell, "");
        }
        return Ok(());
    }
    let [estimate, low, high] = cells.map(|cell| cell.parse::<f64>().unwrap_or(f64::NAN));
    let crude = (did / shown) / (did_there / control) - 1.0;
    check.holds(
        &format!("{}: {low} {estimate} {high} and not {crude}", row[0]),
        low < estimate && estimate < high && is_within(crude, low, high),
    );
    Ok(())
}

/// Whether a lift by the two rates alone is between bounds. Where nobody did it on one side, or on
/// either, these rates say more than can be known: the lift is the least or the greatest that there is,
/// or none, and bounds never reach as far.
fn is_within(crude: f64, low: f64, high: f64) -> bool {
    let (least, greatest) = (crude == -1.0, crude == f64::INFINITY);
    crude.is_nan() || ((least || low < crude) && (greatest || crude < high))
}

/// The page of one slot.
fn slot(world: &World, slot: &str, goal: &str, grid: &Grid, check: &mut Check) -> Result<()> {
    let arms = arms(world, slot, goal);
    let mut left = arms.clone();
    for row in &grid.rows {
        let held_out = grid.cell(row, "Saw")?.starts_with("the default");
        let variant = left
            .keys()
            .find(|(id, control)| *control == held_out && world.variant_label(slot, id) == row[0])
            .cloned();
        let numbers = variant.and_then(|variant| left.remove(&variant));
        let numbers = numbers.unwrap_or_default();
        let variant = &row[0];
        for (column, count) in [
            ("Visitors", numbers.visitors),
            ("Impressions", numbers.impressions),
            ("Clicks", numbers.clicks),
            ("Clickers", numbers.clickers),
            ("Conversions", numbers.conversions),
            ("Value", numbers.revenue),
        ] {
            let what = format!("{variant} {held_out}, {column}");
            check.number(&what, grid.cell(row, column)?, count);
        }
        if numbers.visitors > 0.0 {
            let rate = numbers.conversions / numbers.visitors;
            check.number(
                &format!("{variant}, rate"),
                grid.cell(row, "Conversion rate")?,
                rate,
            );
        }
    }
    check.number("arms that are missing", "0", left.len() as f64);
    Ok(())
}

pub(super) fn offer(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    slot(world, OFFER, world.slot_goal(OFFER), grid, check)
}

pub(super) fn offer_sold(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    slot(world, OFFER, "koop", grid, check)
}

pub(super) fn hero(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    slot(world, "hero", world.slot_goal("hero"), grid, check)
}

/// The chart: each day it is what the visitors up to it say, so the last is what the slot says.
pub(super) fn course(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let arms = arms(world, OFFER, world.slot_goal(OFFER));
    let last = grid.rows.last().context("no days")?;
    lift(grid, last, &["Lift", "At least", "At most"], &arms, check)
}

pub(super) fn lifts(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let arms = arms(world, OFFER, world.slot_goal(OFFER));
    for row in grid.rows.iter().filter(|row| row[1] == "Conversions") {
        let own = arms.clone().into_iter();
        let own = own.filter(|((id, _), _)| row[0].starts_with(&world.variant_label(OFFER, id)));
        lift(
            grid,
            row,
            &["Lift", "At least", "At most"],
            &own.collect(),
            check,
        )?;
    }
    Ok(())
}

pub(super) fn figures(world: &World, grid: &Grid, check: &mut Check) -> Result<()> {
    let arms = arms(world, OFFER, world.slot_goal(OFFER));
    let of = |held_out: bool| {
        let of_arm = arms.iter().filter(|((_, control), _)| *control == held_out);
        of_arm.map(|(_, one)| one.visitors).sum::<f64>()
    };
    for (name, count) in [("shown", of(false)), ("control", of(true))] {
        let row = grid.rows.iter().find(|row| row[0] == name);
        check.number(name, row.map_or("missing", |row| &*row[1]), count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lift_of_nobody_lies_beyond_every_bound() {
        for (crude, low, high, within) in [
            (0.2, 0.1, 0.3, true),
            (0.1, 0.1, 0.3, false),
            (0.4, 0.1, 0.3, false),
            (-1.0, -0.99, -0.4, true),
            (-1.0, -0.99, -1.0, false),
            (f64::INFINITY, 0.4, 9.0, true),
            (f64::NAN, -0.5, 0.5, true),
        ] {
            assert_eq!(is_within(crude, low, high), within, "{crude}");
        }
    }

    #[test]
    fn what_chance_brings_is_likely_and_more_is_not() {
        for (lift, low, high, likely) in [
            (0.2, 0.1, 0.3, true),
            (0.8, -0.44, 0.71, true),
            (-0.6, -0.44, 0.71, true),
            (2.5, -0.44, 0.71, false),
            (-0.1, 0.1, 0.3, false),
            (f64::NAN, 0.1, 0.3, false),
        ] {
            assert_eq!(is_likely(lift, low, high), likely, "{lift}");
        }
    }
}
