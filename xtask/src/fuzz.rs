//! Builds the fuzz targets with libFuzzer on the stable compiler, runs them, and prints a table.
//!
//! What they find lies in `target/fuzz/found/<target>/`, what they learned in
//! `target/fuzz/corpus/<target>/`; a round begins with both that and `fuzz/seeds/<target>/`. Never
//! changes a source file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;

use crate::tools;
use crate::workspace::{Workspace, capture, run as run_command};

/// The targets, and the longest input of each in bytes.
const TARGETS: [(&str, u32); 10] = [
    ("address", 4_096),
    ("condition", 400),
    ("content", 2_000),
    ("fold", 600),
    ("forget", 1_024),
    ("head", 2_048),
    ("ingest", 8_192),
    ("link", 4_096),
    ("model", 4_096),
    ("request", 4_096),
];

/// Coverage as libFuzzer reads it. The compiler has the pass; only nightly's flag for it is new.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Seconds that one input may take, on a machine that does other things as well.
const PATIENCE: u32 = 20;

/// Minutes below which it is not worth while to compile with all optimisation.
const SHORT: f64 = 0.5;

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) minutes: f64,
    /// Runs this target only; may be given more than once.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(TARGETS.map(|(name, _)| name)))]
    pub(crate) target: Vec<String>,
    /// Targets that run at the same time.
    #[arg(long, default_value_t = 2)]
    pub(crate) jobs: usize,
}

/// Builds, runs and reports; a finding is an error.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let folder = folder(workspace);
    let programs = build(workspace, options.minutes)?;
    let mut chosen: Vec<_> = TARGETS
        .into_iter()
        .filter(|(name, _)| {
            options.target.is_empty() || options.target.iter().any(|one| one == name)
        })
        .collect();
    let seconds = (options.minutes * 60.0).max(1.0) as u64;
    let mut running: Vec<Round> = Vec::new();
    let mut done = Vec::new();
    while !chosen.is_empty() || !running.is_empty() {
        if let Some((name, longest)) = chosen.pop_if(|_| running.len() < options.jobs.max(1)) {
            running.push(Round::begin(
                workspace, &folder, &programs, name, longest, seconds,
            )?);
            continue;
        }
        std::thread::sleep(Duration::from_millis(100));
        let mut place = 0;
        while place < running.len() {
            if running[place].child.try_wait()?.is_some() {
                done.push(running.swap_remove(place).end()?);
            } else {
                place += 1;
            }
        }
    }
    report(workspace, &programs, done)
}

/// Builds the programs for rounds of that length; returns their folder.
pub(crate) fn build(workspace: &Workspace, minutes: f64) -> Result<PathBuf> {
    let folder = folder(workspace);
    let profile = if minutes < SHORT { "short" } else { "release" };
    let host = host(workspace)?;
    run_command(
        workspace
            .cargo()
            .current_dir(workspace.root.join("fuzz"))
            .env("CARGO_TARGET_DIR", &folder)
            .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
            .args(["build", "--locked", "--profile", profile])
            .args(["--bins", "--target", &host]),
    )?;
    Ok(folder.join(host).join(profile))
}

/// Where all of it lies.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fuzz")
}

/// The machine for which is compiled. Named, so that build scripts are compiled without these flags.
fn host(workspace: &Workspace) -> Result<String> {
    let version = capture(workspace.command(tools::rustc()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("the compiler does not say for which machine it compiles")?;
    Ok(host.to_owned())
}

/// A target at work.
struct Round {
    name: &'static str,
    child: Child,
    log: PathBuf,
    found: PathBuf,
    before: usize,
    begun: Instant,
}

/// What came of it.
struct Outcome {
    name: &'static str,
    took: Duration,
    executions: u64,
    edges: u64,
    findings: Vec<PathBuf>,
    /// Whether it ended as it should; without a finding this is a failure too.
    sound: bool,
    log: PathBuf,
}

impl Round {
    fn begin(
        workspace: &Workspace,
        folder: &Path,
        programs: &Path,
        name: &'static str,
        longest: u32,
        seconds: u64,
    ) -> Result<Self> {
        let (corpus, found) = (
            folder.join("corpus").join(name),
            folder.join("found").join(name),
        );
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let log = folder.join(format!("{name}.log"));
        let before = files(&found)?.len();
        let child = workspace
            .behind(programs.join(name))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={longest}"))
            .arg(format!("-timeout={PATIENCE}"))
            .arg(format!("-report_slow_units={PATIENCE}"))
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", found.display()))
            .arg(&corpus)
            .arg(workspace.root.join("fuzz/seeds").join(name))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("could not start the target {name}"))?;
        println!(
            "{name} runs for {seconds} s; its log is {}",
            workspace.shown(&log)
        );
        Ok(Self {
            name,
            child,
            log,
            found,
            before,
            begun: Instant::now(),
        })
    }

    fn end(mut self) -> Result<Outcome> {
        let sound = self.child.wait()?.success();
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        let number = |text: &str| text.split_whitespace().next()?.parse().ok();
        let last = |key: &str| {
            log.rsplit_once(key)
                .and_then(|(_, rest)| number(rest))
                .unwrap_or(0)
        };
        let mut findings = files(&self.found)?;
        // The newest are this round's.
        findings.sort_by_key(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
        Ok(Outcome {
            name: self.name,
            took: self.begun.elapsed(),
            executions: last("stat::number_of_executed_units:"),
            edges: last("cov: "),
            findings: findings.split_off(self.before.min(findings.len())),
            sound,
            log: self.log,
        })
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        all.push(entry?.path());
    }
    Ok(all)
}

fn report(workspace: &Workspace, programs: &Path, mut outcomes: Vec<Outcome>) -> Result<()> {
    outcomes.sort_by_key(|outcome| outcome.name);
    println!(
        "\n{:<12}{:>8}{:>14}{:>10}{:>8}{:>10}",
        "target", "minutes", "executions", "exec/s", "edges", "findings"
    );
    let mut failed = 0;
    for outcome in &outcomes {
        let seconds = outcome.took.as_secs_f64();
        println!(
            "{:<12}{:>8.1}{:>14}{:>10.0}{:>8}{:>10}",
            outcome.name,
            seconds / 60.0,
            outcome.executions,
            outcome.executions as f64 / seconds,
            outcome.edges,
            outcome.findings.len()
        );
        failed += usize::from(!outcome.sound || !outcome.findings.is_empty());
    }
    for outcome in &outcomes {
        for finding in &outcome.findings {
            let (program, finding) = (programs.join(outcome.name), workspace.shown(finding));
            println!("\nto repeat: {} {finding}", workspace.shown(&program));
        }
        if !outcome.sound {
            println!(
                "\n{} ended before its time: {}",
                outcome.name,
                workspace.shown(&outcome.log)
            );
        }
    }
    if failed > 0 {
        bail!("{failed} of {} targets found something", outcomes.len());
    }
    Ok(())
}
