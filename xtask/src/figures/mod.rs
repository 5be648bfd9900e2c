//! Every figure of the console, held against a count of the exported messages that shares no code with
//! the collector; and what is known of the traffic, held against what the console says of it.
//!
//! A collector is started on an empty folder, visitors are sent to it whose truth is known, and each
//! table of each page is fetched as CSV. A table that nothing is held against is a failure, unless it is
//! named with the reason. Never changes anything but its own folder.

mod api;
mod campaigns;
mod check;
pub(crate) mod console;
mod content;
mod interests;
mod journeys;
mod known;
mod profiles;
mod segments;
mod system;
mod today;
mod world;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build;
use crate::progress;
use crate::random::milliseconds_now;
use crate::server::{Server, Settings};
use crate::traffic;
use crate::workspace::Workspace;

use self::check::Check;
use self::console::{Console, Grid};
use self::world::World;

/// Visitors, days and seed of a short round.
const VISITORS: u32 = 2_000;
const DAYS: u32 = 21;
const SEED: u64 = 1;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many visitors come.
    #[arg(long, value_name = "NUMBER", default_value_t = VISITORS)]
    pub(crate) visitors: u32,
    /// Within how many days.
    #[arg(long, value_name = "NUMBER", default_value_t = DAYS)]
    pub(crate) days: u32,
    /// The same number gives the same visitors.
    #[arg(long, value_name = "NUMBER", default_value_t = SEED)]
    pub(crate) seed: u64,
    /// Looks at this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Looks at this page only; may be given more than once.
    #[arg(long, value_name = "PAGE")]
    pub(crate) page: Vec<String>,
}

impl Options {
    /// A short round.
    pub(crate) const fn short(binary: Option<PathBuf>) -> Self {
        Self {
            visitors: VISITORS,
            days: DAYS,
            seed: SEED,
            binary,
            page: Vec::new(),
        }
    }
}

/// What a table is held against.
struct Against {
    page: &'static str,
    table: &'static str,
    compare: fn(&World, &Grid, &mut Check) -> Result<()>,
}

const fn against(
    page: &'static str,
    table: &'static str,
    compare: fn(&World, &Grid, &mut Check) -> Result<()>,
) -> Against {
    Against {
        page,
        table,
        compare,
    }
}

/// Each table of each page, and what it is held against.
const TABLES: &[Against] = &[
    against("today", FIGURES, today::figures),
    against("today", "hours", today::hours),
    against("today", "stages", today::stages),
    against("today", "rising", today::rising),
    against("today", "consent", today::consent),
    against("segments", "segments", segments::list),
    against("segments", "overlap", segments::overlap),
    against("segments", "stages", segments::stages),
    against("segments/e-bikes", FIGURES, segments::figures),
    against("segments/e-bikes", "trend", segments::trend),
    against("segments/e-bikes", "overlaps", segments::overlaps),
    against("profiles", "visitors", profiles::visitors),
    against("interests", FIGURES, interests::figures),
    against("interests", "interests", interests::topics),
    against("interests", "channels", interests::channels),
    against("interests", "campaigns", interests::campaigns),
    against("interests", "pages", interests::pages),
    against("system", FIGURES, system::figures),
    against("system", "messages", system::messages),
    against("campaigns", FIGURES, campaigns::figures),
    against("campaigns", "days", campaigns::days),
    against("campaigns", "origins", campaigns::origins),
    against("campaigns", "models", campaigns::attribution),
    against("campaigns", "attribution", campaigns::attribution),
    against("campaigns", "brand", campaigns::brand),
    against("campaigns?by=campaign", "origins", campaigns::by_campaign),
    against("campaigns?by=source", "origins", campaigns::by_source),
    against("campaigns?by=medium", "origins", campaigns::by_medium),
    against("campaigns?by=term", "origins", campaigns::by_term),
    against("campaigns?by=content", "origins", campaigns::by_content),
    against("content", "slots", content::slots),
    against("content/aanbod", FIGURES, content::figures),
    against("content/aanbod", "arms", content::offer),
    against("content/aanbod", "lifts", content::lifts),
    against("content/aanbod", "course", content::course),
    against("content/aanbod?goal=koop", "arms", content::offer_sold),
    against("content/hero", "arms", content::hero),
    against("journeys", FIGURES, journeys::figures),
    against("journeys", "entries", journeys::entries),
    against("journeys", "ways", journeys::steps),
    against("journeys", "whole-ways", journeys::whole_ways),
    against("journeys", "funnel", journeys::funnel),
    against("journeys", "returns", journeys::returns),
];

/// The figures of a page, as if they were a table.
const FIGURES: &str = "figures";

/// Addresses beside those of the menu, of which only what has a line in [`TABLES`] is compared.
fn beside() -> BTreeSet<&'static str> {
    let pages = TABLES.iter().map(|one| one.page);
    pages.filter(|page| page.contains(['/', '?'])).collect()
}

/// Tables that tell nothing of messages, each with what it is about.
const APART: &[(&str, &str, &str)] = &[
    ("system", "refused", "what was refused is not exported"),
    ("system", "rate", "of the process"),
    ("system", "growth", "of the disk"),
    ("live", "events", "of this very minute"),
    ("content", "versions", "nothing was posted"),
    ("today", "reading", "of this very minute"),
    (
        "journeys",
        "funnel-segments",
        "segments of then are the engine's to say",
    ),
];

/// Starts, fills, compares, and shows what came of it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    let folder = tempfile::Builder::new()
        .prefix("firstglance-figures-")
        .tempdir()?;
    let settings = Settings::new(workspace, binary, folder.path())?;
    more_control(&settings)?;
    let mut server = Server::start(&settings)?;
    progress::show("visitors come");
    let traffic = traffic::visit(
        workspace,
        &traffic::Options {
            visitors: options.visitors,
            days: options.days,
            seed: options.seed,
            url: format!("http://{}", server.address()),
            site_config: Some(settings.config.clone()),
            each: true,
            ..traffic::Options::default()
        },
    )?;
    progress::show("looking who has left segments meanwhile");
    server.terminate()?;
    let server = Server::start(&settings)?;
    let console = Console::sign_in(server.address(), server.token())?;
    settled(&console)?;
    progress::show("reading what is exported");
    let events = console.export("events")?;
    let config = std::fs::read_to_string(&settings.config)?.parse()?;
    let (profiles, changes) = (console.export("profiles")?, console.export("changes")?);
    let world = World::read(&events, profiles, &changes, milliseconds_now(), &config)?;
    drop(events);
    let truth = traffic.get("truth").context("the traffic has no truth")?;
    let mut checks = vec![sent(&world, truth)];
    checks.extend(api::checks(&server, &world)?);
    checks.push(content::truth(&server, truth)?);
    checks.push(known::interests(&world, truth)?);
    checks.push(known::consent(&world, truth));
    let site = console.site()?;
    checks.push(known::campaigns(&console, &site)?);
    let mut pages = console.pages(&site)?;
    let mut beside = beside();
    beside.retain(|one| pages.iter().any(|page| one.starts_with(&**page)));
    pages.extend(beside.into_iter().map(str::to_owned));
    for page in pages {
        let menu = page.split(['/', '?']).next().unwrap_or_default();
        if options.page.is_empty() || options.page.iter().any(|one| one == menu) {
            progress::show(&format!("page {page}"));
            checks.extend(tables(&console, &site, &page, &world));
        }
    }
    progress::clear();
    print!("{}", shown(&checks));
    let differing: usize = checks.iter().map(|check| check.differing).sum();
    if differing > 0 {
        bail!("{differing} figures differ from what was counted");
    }
    Ok(())
}

/// Waits until the collector has looked at everybody once, as it does after a start: who stays away leaves
/// segments, and visits of the past were long ago.
fn settled(console: &Console) -> Result<()> {
    let mut before = 0;
    for _ in 0..60 {
        std::thread::sleep(std::time::Duration::from_secs(2));
        let changes = console.export("changes")?.len();
        if changes == before {
            return Ok(());
        }
        before = changes;
    }
    bail!("who is in which segment changes without an end");
}

/// Half of those who would see something else see the default: few visitors are enough to tell.
fn more_control(settings: &Settings) -> Result<()> {
    let text = std::fs::read_to_string(&settings.config)?;
    let more = text.replacen("control = 10\n", "control = 50\n", 1);
    if more == text {
        bail!("the demo's configuration holds nobody out any more");
    }
    Ok(std::fs::write(&settings.config, more)?)
}

/// What is exported is what was sent.
fn sent(world: &World, truth: &Value) -> Check {
    let mut check = Check::new("export", "events");
    let count = |name: &str| truth.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX) as f64;
    for (name, found) in [
        ("messages", world.messages().count()),
        ("visitors", world.visitors.len()),
        (
            "pageViews",
            world.messages().filter(|one| one.kind == "page").count(),
        ),
        (
            "searches",
            world
                .messages()
                .filter(|one| one.is("Site Searched"))
                .count(),
        ),
        (
            "orders",
            world
                .messages()
                .filter(|one| one.is("Order Completed"))
                .count(),
        ),
    ] {
        check.number(name, &found.to_string(), count(name));
    }
    let value: f64 = world.messages().map(|one| one.number("revenue")).sum();
    check.number("value", &value.to_string(), count("value"));
    check
}

/// Each table of a page.
fn tables(console: &Console, site: &str, page: &str, world: &World) -> Vec<Check> {
    let mut checks = Vec::new();
    let html = match console.get(&format!("{site}/{page}")) {
        Ok(shown) => shown.html,
        Err(error) => {
            let mut check = Check::new(page, "");
            check.wrong(format!("{error:#}"));
            return vec![check];
        }
    };
    let figures = Console::figures(&html);
    let mut found: Vec<(String, Result<Grid>)> = Vec::new();
    if !figures.rows.is_empty() {
        found.push((FIGURES.to_owned(), Ok(figures)));
    }
    let links = Console::tables(&html).into_iter();
    found.extend(links.map(|(table, link)| (table, console.table(&link))));
    for (table, grid) in found {
        let mut check = Check::new(page, &table);
        let against = TABLES
            .iter()
            .find(|one| one.page == page && one.table == table);
        let apart = APART
            .iter()
            .find(|(other, id, _)| *other == page && *id == table);
        if against.is_none() && beside().contains(page) {
            continue;
        }
        match (against, apart) {
            (Some(against), _) => {
                let outcome = grid.and_then(|grid| (against.compare)(world, &grid, &mut check));
                check.outcome(outcome);
                if check.compared == 0 {
                    check.wrong("nothing of it was compared".to_owned());
                }
            }
            (None, Some((_, _, why))) => check.why = Some((*why).to_owned()),
            (None, None) => check.wrong("nothing is held against it".to_owned()),
        }
        checks.push(check);
    }
    checks
}

/// One table of all comparisons.
fn shown(checks: &[Check]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "{:<12} {:<24} {:>9} {:>9}\n",
        "page", "table", "compared", "differing"
    );
    for check in checks {
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{:<12} {:<24} {:>9} {:>9}  {}",
            check.page,
            check.table,
            check.compared,
            check.differing,
            check.why.as_deref().unwrap_or_default()
        );
        for told in &check.told {
            let _ = writeln!(text, "    {told}");
        }
    }
    let compared: usize = checks.iter().map(|check| check.compared).sum();
    let differing: usize = checks.iter().map(|check| check.differing).sum();
    let _ = writeln!(
        text,
        "{:<12} {:<24} {compared:>9} {differing:>9}",
        "all", ""
    );
    text
}
