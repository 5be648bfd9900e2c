//! What is known of the traffic and must come out: which campaign is the best, and what visitors want.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::check::Check;
use super::console::{Console, Grid};
use super::world::{Message, World};

/// The campaigns whose visitors are known to ask for a test ride most often, and least.
const BEST: &str = "merk";
const WORST: &str = "kinderfiets-actie";

/// Visitors of a campaign below which its rate says too little.
const ENOUGH: f64 = 60.0;

/// Deviations within which chance keeps a rate.
const DEVIATIONS: f64 = 4.0;

/// Page views from which it can be known what somebody wants.
const VIEWS: u64 = 4;

/// The part of these visitors whose greatest interest must be what they are known to want. They look at
/// other things as well, one page in five.
const FOUND: f64 = 0.75;

/// Visitors by consent: each says the same in all its visits.
pub(super) fn consent(world: &World, truth: &Value) -> Check {
    let mut check = Check::new("truth", "consent");
    for name in ["granted", "segments", "session"] {
        let says = |messages: &&Vec<Message>| messages.iter().any(|one| one.consent == name);
        let found = world.visitors.values().filter(says).count();
        let known = truth.pointer(&format!("/consents/{name}"));
        let known = known.and_then(Value::as_f64).unwrap_or(0.0);
        check.number(name, &found.to_string(), known);
    }
    check
}

/// Of the campaigns, by the goals of those whom each brought first: the best and the worst.
pub(super) fn campaigns(console: &Console, site: &str) -> Result<Check> {
    let mut check = Check::new("truth", "campaigns");
    let page = console.get(&format!(
        "{site}/campaigns?by=campaign&goal=proefrit&model=first"
    ))?;
    let tables = Console::tables(&page.html);
    let table = |id: &str| {
        let link = tables
            .get(id)
            .with_context(|| format!("no table {id} of campaigns"))?;
        console.table(link)
    };
    let column = |grid: &Grid, name: &str| -> Result<BTreeMap<String, f64>> {
        let place = grid.column(name)?;
        let rows = grid.rows.iter();
        let rows = rows.map(|row| (row[0].clone(), row[place].parse().unwrap_or(0.0)));
        Ok(rows.collect())
    };
    let brought = column(&table("origins")?, "New prospects")?;
    let goals = column(&table("attribution")?, "First touch")?;
    let rates: Vec<Rate<'_>> = brought
        .iter()
        .filter(|(name, brought)| **brought >= ENOUGH && *name != "None given")
        .map(|(name, brought)| Rate {
            name,
            of: *brought,
            share: goals.get(name).copied().unwrap_or(0.0) / brought,
        })
        .collect();
    let of = |name: &str| rates.iter().find(|one| one.name == name);
    let (Some(best), Some(worst)) = (of(BEST), of(WORST)) else {
        check.why = Some("too few visitors to tell".to_owned());
        return Ok(check);
    };
    check.holds(
        &format!("{BEST} has more goals for each visitor than {WORST}"),
        best.share > worst.share,
    );
    for other in &rates {
        check.holds(
            &format!("{} may be no better than {BEST}", other.name),
            other.interval().0 <= best.interval().1,
        );
        check.holds(
            &format!("{} may be no worse than {WORST}", other.name),
            other.interval().1 >= worst.interval().0,
        );
    }
    Ok(check)
}

/// How often the visitors of a campaign reach the goal.
struct Rate<'a> {
    name: &'a str,
    of: f64,
    share: f64,
}

impl Rate<'_> {
    /// Between what the rate is that so many visitors were seen of, but for one time in ten thousand.
    /// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    fn interval(&self) -> (f64, f64) {
        let square = DEVIATIONS * DEVIATIONS / self.of;
        let middle = self.share + square / 2.0;
        let half =
            (square * self.share * (1.0 - self.share).max(0.0) + square * square / 4.0).sqrt();
        let whole = 1.0 + square;
        ((middle - half) / whole, (middle + half) / whole)
    }
}

/// What visitors want most is what they are known to want.
pub(super) fn interests(world: &World, truth: &Value) -> Result<Check> {
    let mut check = Check::new("truth", "interests");
    let each = truth
        .get("each")
        .and_then(Value::as_object)
        .context("nothing is known of visitors")?;
    let (mut found, mut of) = (0.0, 0.0);
    for profile in &world.profiles {
        let known = profile["visitor_id"].as_str().and_then(|id| each.get(id));
        let views = known
            .and_then(|known| known["pageViews"].as_u64())
            .unwrap_or(0);
        let wanted = known.and_then(|known| known["interest"].as_str());
        let interests = profile["interests"].as_object().into_iter().flatten();
        let greatest = interests.max_by(|one, other| {
            let strength = |value: &Value| value.as_f64().unwrap_or(0.0);
            strength(one.1).total_cmp(&strength(other.1))
        });
        if let (Some(wanted), Some((greatest, _)), VIEWS..) = (wanted, greatest, views) {
            of += 1.0;
            found += f64::from(u8::from(wanted.to_lowercase() == *greatest));
        }
    }
    check.holds(
        &format!("of {of} visitors {found} are told to want what they want"),
        of > 0.0 && found / of >= FOUND,
    );
    Ok(check)
}
