//! The console's pages beside the same pages of an empty store: how soon each answers, and how long it
//! takes to say who would be in a segment. Visitors are those of `cargo xtask traffic`.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::figures::console::Console;
use crate::progress;
use crate::server::{Server, Settings};
use crate::traffic;
use crate::workspace::Workspace;

/// Visitors where none are said: all that the goal is about, and few.
const PROFILES: u32 = 1_000_000;
const SHORT_PROFILES: u32 = 2_000;

/// How often each page is asked for.
const ROUNDS: usize = 40;
const SHORT_ROUNDS: usize = 10;

/// What a page may take.
const GOAL: Duration = Duration::from_millis(100);

/// What a preview may take of so many profiles.
const GOAL_OF_PREVIEW: (f64, f64) = (2.0, 100_000.0);

/// A condition that must look at everybody.
const CONDITION: &str = "interest(\"e-bikes\") >= 0.3 && visits >= 2 && !visited(\"/contact/*\")";

/// Pages that have more to say than those of the menu.
const BESIDE: [&str; 4] = [
    "segments/e-bikes",
    "campaigns?by=campaign&days=90",
    "content/aanbod",
    "profiles?segment=e-bikes",
];

/// What the user can choose.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Visitors that are stored [default: a million; in short, two thousand].
    #[arg(long, value_name = "NUMBER")]
    profiles: Option<u32>,
    /// Measures this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Stores in this folder and keeps it; measures those who are stored in it, if any are.
    #[arg(long, value_name = "FOLDER")]
    kept: Option<PathBuf>,
}

/// A page, and how long it took, sorted.
struct Measured {
    page: String,
    took: Vec<Duration>,
}

impl Measured {
    fn at(&self, share: f64) -> Duration {
        let place = (self.took.len() as f64 * share) as usize;
        let last = self.took.len().saturating_sub(1);
        self.took.get(place.min(last)).copied().unwrap_or_default()
    }
}

pub(super) fn run(workspace: &Workspace, short: bool, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    let temporary = tempfile::Builder::new()
        .prefix("firstglance-console-")
        .tempdir()?;
    let rounds = if short { SHORT_ROUNDS } else { ROUNDS };
    let nobody = Settings::new(workspace, binary.clone(), &temporary.path().join("empty"))?;
    let empty = {
        let server = Server::start(&nobody)?;
        measure(&signed_in(&server)?, rounds)?
    };

    let folder = options
        .kept
        .clone()
        .unwrap_or_else(|| temporary.path().join("full"));
    let settings = Settings::new(workspace, binary, &folder)?;
    if !settings.data.exists() {
        let usual = if short { SHORT_PROFILES } else { PROFILES };
        let mut server = Server::start(&settings)?;
        let sent = traffic::visit(
            workspace,
            &traffic::Options {
                visitors: options.profiles.unwrap_or(usual),
                brief: true,
                url: format!("http://{}", server.address()),
                ..traffic::Options::default()
            },
        )?;
        // As after any start: what has been written is on disk, and nothing of it is in memory.
        server.terminate()?;
        fs::write(folder.join("sent.json"), sent.to_string())?;
    }
    let sent = folder.join("sent.json");
    let sent = fs::read_to_string(&sent)
        .with_context(|| format!("nobody says who is stored: no {}", sent.display()))?;
    let sent: Value = serde_json::from_str(&sent)?;
    let number = |name: &str| {
        let number = sent.pointer(name).and_then(Value::as_f64);
        number.with_context(|| format!("what was sent does not say {name}"))
    };
    let server = Server::start(&settings)?;
    let console = signed_in(&server)?;
    let full = measure(&console, rounds)?;
    let preview = preview(&console)?;
    progress::clear();
    let visitors = number("/truth/visitors")?;
    println!(
        "{visitors} profiles and {} events, sent at {} events/s; started in {:.1} s",
        number("/truth/messages")?,
        number("/eventsASecond")?,
        server.started_in.as_secs_f64()
    );
    print!("{}", table(&empty, &full));
    let (seconds, of) = GOAL_OF_PREVIEW;
    let each = preview.as_secs_f64() / visitors * of;
    println!(
        "preview of a segment: {:.2} s, {each:.2} s for each 100,000 profiles (≤ {seconds} s)",
        preview.as_secs_f64()
    );
    Ok(())
}

fn signed_in(server: &Server) -> Result<Console> {
    Console::sign_in(server.address(), server.token())
}

/// How long each page takes, with a connection that is open.
fn measure(console: &Console, rounds: usize) -> Result<Vec<Measured>> {
    let site = console.site()?;
    let mut pages = console.pages(&site)?;
    let beside = BESIDE.into_iter().map(str::to_owned);
    pages.extend(beside);
    let mut measured = Vec::new();
    for page in pages {
        progress::show(&format!("page {page}"));
        let path = format!("{site}/{page}");
        // The first may be of a segment or a slot that nobody has been in yet.
        if console.get(&path).is_err() {
            continue;
        }
        let mut took = Vec::new();
        for _ in 0..rounds {
            took.push(console.get(&path)?.took);
        }
        took.sort_unstable();
        measured.push(Measured { page, took });
    }
    Ok(measured)
}

/// How long it takes to say who would be in a segment.
fn preview(console: &Console) -> Result<Duration> {
    progress::show("preview of a segment");
    let site = console.site()?;
    let form = console.get(&format!("{site}/segments/new"))?.html;
    let (_, csrf) = form
        .split_once("name=\"csrf\" value=\"")
        .context("the editor has no secret of the session")?;
    let csrf = csrf.split('"').next().unwrap_or_default();
    let fields = [
        ("csrf", csrf),
        ("label", "Tried"),
        ("id", "tried"),
        ("when", CONDITION),
    ];
    let begun = Instant::now();
    console.post(&format!("{site}/segments/preview"), &fields)?;
    Ok(begun.elapsed())
}

fn table(empty: &[Measured], full: &[Measured]) -> String {
    use std::fmt::Write as _;
    let shown = |took: Duration| format!("{:.1} ms", took.as_secs_f64() * 1_000.0);
    let mut text = format!(
        "{:<34} {:>12} {:>10} {:>10}  {}\n",
        "page", "empty, p50", "p50", "p95", "goal: p95 ≤ 100 ms"
    );
    for page in full {
        let without = empty.iter().find(|one| one.page == page.page);
        let without = without.map_or_else(|| "–".to_owned(), |one| shown(one.at(0.5)));
        let verdict = if page.at(0.95) <= GOAL { "" } else { "over" };
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "{:<34} {without:>12} {:>10} {:>10}  {verdict}",
            page.page,
            shown(page.at(0.5)),
            shown(page.at(0.95))
        );
    }
    text
}
