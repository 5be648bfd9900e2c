//! What pages do with their hooks, played in Chromium and in Firefox as their makers build them.
//!
//! The plays are in `tests/hooks`; here they are started, shown and judged.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{build, tools};

const PLAYER: &str = "tests/hooks/run.mjs";
const BROWSERS: [&str; 2] = ["chromium", "firefox"];

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Uses this browser only; may be given more than once.
    #[arg(long = "browser", value_name = "BROWSER", value_parser = PossibleValuesParser::new(BROWSERS))]
    browsers: Vec<String>,
    /// Leaves a picture of each state in this folder.
    #[arg(long, value_name = "FOLDER")]
    screenshots: Option<PathBuf>,
    /// Tests this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Plays them and prints a line for each.
///
/// # Errors
///
/// When one did not hold or could not be played, and when what is needed cannot be brought.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    tools::ensure_npm_packages(workspace)?;
    let wanted = |name: &str| {
        options.browsers.is_empty() || options.browsers.iter().any(|browser| browser == name)
    };
    let mut player = workspace.command("node");
    player.arg(PLAYER);
    if wanted("chromium") {
        player.env("CHROMIUM", tools::ensure_chromium(workspace)?);
    }
    if wanted("firefox") {
        player.env("FIREFOX", tools::ensure_firefox(workspace)?);
    }
    for browser in BROWSERS.into_iter().filter(|name| wanted(name)) {
        player.args(["--browser", browser]);
    }
    if let Some(folder) = &options.screenshots {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        player
            .arg("--screenshots")
            .arg(std::path::absolute(folder)?);
    }
    let binary = match &options.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => {
            build::build(workspace)?;
            workspace.collector()
        }
    };
    player.env("FIRSTGLANCE_BIN", binary).stdout(Stdio::piped());

    let mut child = player.spawn().context("node does not start")?;
    let lines = child.stdout.take().context("node has no output")?;
    for line in BufReader::new(lines).lines() {
        let play: Value = serde_json::from_str(&line?).context("a line that is no JSON")?;
        let text = |name: &str| play.get(name).and_then(Value::as_str).unwrap_or_default();
        let held = play.get("held") == Some(&Value::Bool(true));
        let word = if held { "held" } else { "FAILED" };
        println!("{:<9} {word:<7} {}", text("browser"), text("what"));
        if !held {
            println!("{}", text("error"));
        }
    }
    if !child.wait()?.success() {
        bail!("not everything held");
    }
    Ok(())
}
