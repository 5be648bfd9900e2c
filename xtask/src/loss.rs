//! The proof that nothing is lost: scripted visitors in real browsers, what they did held against
//! what arrived, for Firstglance and, beside it, for other trackers.
//!
//! The cases are played by `tests/loss`; here they are started, shown and judged. Other trackers
//! are counted and never judged.

mod report;

use std::io::{BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{build, peers, tools};
use report::{Line, Report};

const PLAYER: &str = "tests/loss/run.mjs";
const BROWSERS: [&str; 3] = ["chromium", "firefox", "webkit"];
const TRACKERS: [&str; 5] = [
    report::FIRSTGLANCE,
    "plausible",
    "snowplow",
    "posthog",
    "rudderstack",
];

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Plays this case only; may be given more than once.
    #[arg(long = "case", value_name = "CASE")]
    cases: Vec<String>,
    /// Uses this browser only; may be given more than once.
    #[arg(long = "browser", value_name = "BROWSER", value_parser = PossibleValuesParser::new(BROWSERS))]
    browsers: Vec<String>,
    /// Counts this tracker only; may be given more than once.
    #[arg(long = "tracker", value_name = "TRACKER", value_parser = PossibleValuesParser::new(TRACKERS))]
    trackers: Vec<String>,
    /// The quick cases in Chromium with Firstglance alone, as continuous integration wants them.
    #[arg(long)]
    pub(crate) short: bool,
    /// Prints a JSON line for each case, browser and tracker instead of the table.
    #[arg(long)]
    json: bool,
    /// Lists the cases and plays none.
    #[arg(long)]
    list: bool,
    /// Tests this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
}

impl Options {
    /// What continuous integration plays, with the collector that it has built.
    pub(crate) fn short(binary: PathBuf) -> Self {
        Self {
            cases: Vec::new(),
            browsers: Vec::new(),
            trackers: Vec::new(),
            short: true,
            json: false,
            list: false,
            binary: Some(binary),
        }
    }

    fn browser(&self, name: &str) -> bool {
        wanted(&self.browsers, name, !self.short || name == BROWSERS[0])
    }

    /// Whether anything of other makers is needed: their trackers, or the routers of apps.
    fn others(&self) -> bool {
        !self.short
            || self.trackers.iter().any(|name| name != report::FIRSTGLANCE)
            || self.cases.iter().any(|name| name.starts_with("routes"))
    }
}

/// Whether a name was asked for; `usual` where nothing was.
fn wanted(asked: &[String], name: &str, usual: bool) -> bool {
    if asked.is_empty() {
        usual
    } else {
        asked.iter().any(|each| each == name)
    }
}

/// Plays the cases and prints the table.
///
/// # Errors
///
/// When Firstglance lost what the browser let it keep or counted anything twice, when a case could
/// not be played, and when what is needed cannot be brought.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    tools::ensure_npm_packages(workspace)?;
    let mut player = workspace.command("node");
    player.arg(PLAYER);
    if options.list {
        for line in crate::workspace::capture(player.arg("--list"))?.lines() {
            let each: Value = serde_json::from_str(line)?;
            let text = |name: &str| each.get(name).and_then(Value::as_str).unwrap_or_default();
            println!("{:<16} {}", text("case"), text("what"));
        }
        return Ok(());
    }

    if options.browser("chromium") {
        player.env("CHROMIUM", tools::ensure_chromium(workspace)?);
    }
    if options.browser("firefox") {
        player.env("FIREFOX", tools::ensure_firefox(workspace)?);
    }
    if options.browser("webkit") {
        tools::ensure_webkit(workspace)?;
    }
    if options.others() {
        player.env("FIRSTGLANCE_PEERS", peers::ensure(workspace)?);
    }
    let binary = match &options.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => {
            build::build(workspace)?;
            workspace.collector()
        }
    };
    if !binary.is_file() {
        bail!("there is no collector at {}", binary.display());
    }
    player.env("FIRSTGLANCE_BIN", binary);

    for (option, values) in [
        ("--case", &options.cases),
        ("--browser", &options.browsers),
        ("--tracker", &options.trackers),
    ] {
        for value in values {
            player.args([option, value]);
        }
    }
    if options.short {
        player.arg("--short");
    }
    let report = play(&mut player, options.json)?;
    if !options.json {
        print!("{}", report.table());
    }
    let faults = report.faults();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// Runs the player and takes in its lines as they come.
fn play(player: &mut std::process::Command, json: bool) -> Result<Report> {
    let mut child = player
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start node")?;
    let output = child.stdout.take().context("node has no output")?;
    let mut report = Report::default();
    for text in BufReader::new(output).lines() {
        let text = text?;
        let value: Value = serde_json::from_str(&text)
            .with_context(|| format!("{PLAYER} wrote something else than JSON: {text}"))?;
        if let Some(planned) = value.get("planned").and_then(Value::as_u64) {
            report.planned = planned;
            continue;
        }
        let line = Line::read(&value)
            .with_context(|| format!("{PLAYER} wrote a line that is none: {text}"))?;
        progress(&format!(
            "{} of {}: {} in {}, {}",
            report.lines.len() + 1,
            report.planned,
            line.case,
            line.browser,
            line.tracker
        ));
        report.lines.push(line);
        if json {
            println!("{text}");
        }
    }
    progress("");
    let status = child.wait()?;
    if !status.success() {
        bail!("node {PLAYER} failed ({status})");
    }
    Ok(report)
}

/// One line that is written over, on a terminal only.
fn progress(line: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // Progress that cannot be shown is not worth a failure.
        let _ = write!(terminal, "\r\u{1b}[K{line}").and_then(|()| terminal.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_run_needs_chromium_and_nothing_of_others() {
        let mut options = Options::short(PathBuf::new());
        assert!(options.browser("chromium") && !options.browser("firefox"));
        assert!(!options.others());
        options.browsers.push("firefox".into());
        assert!(options.browser("firefox") && !options.browser("chromium"));
        options.trackers.push("posthog".into());
        assert!(options.others());
    }
}
