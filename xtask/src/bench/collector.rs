//! The collector under load, on the same cores as what makes the load: how much it takes in, beside
//! what a bare server, its store's engine alone and a file do with the same bytes; how soon it
//! answers; what it needs of memory, disk and time to start.
//!
//! Figures of a shared machine are worth little: what counts are the ratios of one run.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::build;
use crate::load::{Load, number};
use crate::progress;
use crate::server::{Server, Settings, WRITE_KEY};
use crate::workspace::Workspace;

/// Profiles stored where nothing else is asked for: few, and many.
const PROFILES: [u64; 2] = [10_000, 1_000_000];
const SHORT_PROFILES: [u64; 1] = [10_000];

const CONNECTIONS: usize = 64;

/// Batches that share a flush in the baselines: while those of one half of the connections are being
/// flushed, the others' come in.
const GROUP: usize = CONNECTIONS / 2;

/// Passes over the same profiles after which the disk must have levelled off.
const PASSES: usize = 10;

/// What the user can choose.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Profiles that are stored while it is measured; may be given more than once
    /// [default: ten thousand and a million].
    #[arg(long, value_name = "NUMBER")]
    profiles: Vec<u64>,
    /// Measures this collector instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
}

/// What one measurement needs.
struct Bench {
    load: Load,
    /// As the README installs it, and with the demo shop's rules.
    installed: Settings,
    settings: Settings,
    seconds: String,
    rows: Vec<Row>,
}

/// A line of the table.
struct Row {
    title: String,
    figure: String,
    /// The figure's share of each baseline.
    ratios: Vec<(&'static str, f64)>,
    goal: &'static str,
}

pub(super) fn run(workspace: &Workspace, short: bool, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    let load = Load::build(workspace, short)?;
    let folder = tempfile::Builder::new()
        .prefix("firstglance-bench-")
        .tempdir()?;
    let mut bench = Bench {
        load,
        installed: Settings::just_installed(
            workspace,
            binary.clone(),
            &folder.path().join("installed"),
        )?,
        settings: Settings::new(workspace, binary, folder.path())?,
        seconds: (if short { "2" } else { "8" }).to_owned(),
        rows: Vec::new(),
    };
    let profiles = match (&options.profiles[..], short) {
        ([], true) => &SHORT_PROFILES[..],
        ([], false) => &PROFILES[..],
        (chosen, _) => chosen,
    };
    let measured = bench.all(folder.path(), profiles, short);
    progress::clear();
    print!("{}", table(&bench.rows));
    measured
}

impl Bench {
    fn all(&mut self, folder: &Path, profiles: &[u64], short: bool) -> Result<()> {
        self.parsing()?;
        let just_installed = memory_of(&self.installed)?;
        self.row(
            "memory, empty, just installed",
            just_installed,
            &[],
            "≤ 20 MB",
        );
        let with_rules = memory_of(&self.settings)?;
        self.row("memory, empty, the demo shop's rules", with_rules, &[], "");
        for (place, stored) in profiles.iter().enumerate() {
            self.with_profiles(folder, *stored, place == 0)?;
        }
        self.rewriting(folder, short)
    }

    fn row(
        &mut self,
        title: impl Into<String>,
        figure: String,
        ratios: &[(&'static str, f64)],
        goal: &'static str,
    ) {
        let title = title.into();
        progress::show(&format!("{title}: {figure}"));
        self.rows.push(Row {
            title,
            figure,
            ratios: ratios.to_vec(),
            goal,
        });
    }

    fn parsing(&mut self) -> Result<()> {
        let line = self.load.run(&["judge", "--seconds", &self.seconds])?;
        let judged = number(&line, "/microseconds_an_event")?;
        let values = number(&line, "/values_microseconds_an_event")?;
        let ratios = [("reading into values", judged / values)];
        self.row(
            "parse and validate, an event",
            format!("{judged:.2} µs"),
            &ratios,
            "",
        );
        let config = self.settings.config.to_string_lossy().into_owned();
        let line = self
            .load
            .run(&["fold", "--config", &config, "--seconds", &self.seconds])?;
        let fold = number(&line, "/fold_microseconds_an_event")?;
        let ratios = [("parse and validate", fold / judged)];
        self.row(
            "fold into a full profile, an event",
            format!("{fold:.2} µs"),
            &ratios,
            "",
        );
        Ok(())
    }

    /// Everything that is measured while so many profiles are stored; the baselines once.
    fn with_profiles(&mut self, folder: &Path, stored: u64, baselines: bool) -> Result<()> {
        let title = grouped(stored);
        progress::show(&format!("storing {title} profiles"));
        let _ = fs::remove_dir_all(&self.settings.data);
        let mut server = Server::start(&self.settings)?;
        let address = server.address().to_string();
        self.load.fill(&server, stored)?;
        let batches = self.send(&address, stored, &["--batch", "10"])?;
        let bytes = number(&batches, "/bytes")?;
        let events = number(&batches, "/events_a_second")?;
        let acknowledged = number(&batches, "/acknowledged")?;
        let ratios = if baselines {
            let record = self.record_bytes(acknowledged / stored as f64)?;
            self.baselines(folder, stored, bytes, record, events)?
        } else {
            Vec::new()
        };
        self.row(
            format!("{title} profiles: batches of 10"),
            format!("{} events/s", grouped(events as u64)),
            &ratios,
            "≥ 25,000; ≥ 0.6 of sled",
        );
        let singles = self.send(&address, stored, &["--batch", "1"])?;
        let single = number(&singles, "/events_a_second")?;
        self.row(
            format!("{title} profiles: single events"),
            format!("{} events/s", grouped(single as u64)),
            &[("batches of 10", single / events)],
            "",
        );
        let rate = (events / 10.0 / 2.0).to_string();
        let half = self.send(
            &address,
            stored,
            &["--batch", "10", "--rate", &rate, "--me", "2"],
        )?;
        let me = |name| Ok::<_, anyhow::Error>(number(&half, name)? / 1_000.0);
        let (p50, p99) = (me("/me/p50")?, me("/me/p99")?);
        self.row(
            format!("{title} profiles: /v1/me at half load"),
            format!("p50 {p50:.2} ms, p99 {p99:.2} ms"),
            &[],
            "p50 ≤ 0.3, p99 ≤ 5",
        );
        let memory = server.memory()?;
        self.row(
            format!("{title} profiles: memory, now and at most"),
            format!("{}, {}", megabytes(memory.now), megabytes(memory.most)),
            &[],
            "bounded",
        );
        let disk = size_of(&self.settings.data)?;
        self.row(format!("{title} profiles: disk"), megabytes(disk), &[], "");
        server.kill()?;
        drop(server);
        for when in ["after SIGKILL", "once more"] {
            let mut server = Server::start(&self.settings)?;
            let seconds = server.started_in.as_secs_f64();
            self.row(
                format!("{title} profiles: restart {when}"),
                format!("{seconds:.2} s"),
                &[],
                "≤ 1.5 s",
            );
            server.kill()?;
        }
        Ok(())
    }

    fn send(&self, address: &str, stored: u64, more: &[&str]) -> Result<Value> {
        let (connections, visitors) = (CONNECTIONS.to_string(), stored.to_string());
        let mut arguments = vec![
            "send",
            "--address",
            address,
            "--write-key",
            WRITE_KEY,
            "--connections",
            &connections,
            "--visitors",
            &visitors,
            "--seconds",
            &self.seconds,
        ];
        arguments.extend(more);
        let line = self.load.run(&arguments)?;
        let failed = number(&line, "/other")? + number(&line, "/broken")?;
        if failed > 0.0 {
            bail!("the collector refused what it was sent, or broke off: {line}");
        }
        Ok(line)
    }

    /// Bytes of a profile after so many batches, about those of the visitor's record.
    fn record_bytes(&self, batches: f64) -> Result<f64> {
        let config = self.settings.config.to_string_lossy().into_owned();
        let batches = (batches.round() as u64).max(1).to_string();
        let line = self.load.run(&[
            "fold",
            "--config",
            &config,
            "--seconds",
            "10",
            "--batches",
            &batches,
        ])?;
        number(&line, "/profile_bytes")
    }

    fn baselines(
        &self,
        folder: &Path,
        stored: u64,
        batch_bytes: f64,
        record_bytes: f64,
        events: f64,
    ) -> Result<Vec<(&'static str, f64)>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let server = Bare::start(&self.load, address)?;
        let bare = self.send(&address.to_string(), stored, &["--batch", "10"])?;
        drop(server);
        let mut ratios = vec![("bare hyper", events / number(&bare, "/events_a_second")?)];
        let ways: [(&str, &[&str]); 3] = [
            ("bare sled", &["sled"]),
            ("bare sled with a record an event", &["sled", "--each"]),
            ("a file", &["file"]),
        ];
        for (title, way) in ways {
            let folder = folder.join(way.concat());
            fs::create_dir_all(&folder)?;
            let options = [
                "--folder",
                &folder.to_string_lossy(),
                "--batch-bytes",
                &(batch_bytes as u64).to_string(),
                "--record-bytes",
                &(record_bytes as u64).to_string(),
                "--group",
                &GROUP.to_string(),
                "--visitors",
                &stored.to_string(),
                "--seconds",
                &self.seconds,
            ];
            let line = self.load.run(&[way, &options].concat())?;
            ratios.push((title, events / number(&line, "/events_a_second")?));
            fs::remove_dir_all(&folder)?;
        }
        Ok(ratios)
    }

    /// What the disk holds after each pass over the same profiles. What is left of it after the bytes
    /// that were sent is the engine's; it must not go on growing.
    fn rewriting(&mut self, folder: &Path, short: bool) -> Result<()> {
        let _ = fs::remove_dir_all(&self.settings.data);
        let server = Server::start(&self.settings)?;
        let visitors: u64 = if short { 5_000 } else { 50_000 };
        let mut sent = 0.0;
        let mut factors = Vec::new();
        for pass in 1..=PASSES {
            progress::show(&format!("pass {pass} of {PASSES}"));
            let line = self.load.fill(&server, visitors)?;
            sent += number(&line, "/events")? * number(&line, "/bytes_each")?;
            factors.push(size_of(folder)? as f64 / sent);
        }
        let shown: Vec<String> = factors.iter().map(|one| format!("{one:.1}")).collect();
        self.row(
            "disk for a byte sent, pass by pass",
            shown.join(" "),
            &[],
            "levels off",
        );
        Ok(())
    }
}

/// The bare server; killed when dropped.
struct Bare(Child);

impl Bare {
    fn start(load: &Load, address: SocketAddr) -> Result<Self> {
        let server = Self(load.start(&["server", "--listen", &address.to_string()])?);
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("the bare server did not start");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A file may go while it is looked at.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        bytes += if metadata.is_dir() {
            size_of(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

fn table(rows: &[Row]) -> String {
    use std::fmt::Write as _;
    let mut table = String::new();
    for row in rows {
        let ratios: Vec<String> = (row.ratios.iter())
            .map(|(title, ratio)| format!("{ratio:.2} of {title}"))
            .collect();
        let line = format!(
            "{:<45} {:>28}  {:<52} {}",
            row.title,
            row.figure,
            ratios.join(", "),
            row.goal
        );
        // Writing into a String cannot fail.
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}

/// What a collector needs that has just been started.
fn memory_of(settings: &Settings) -> Result<String> {
    let memory = Server::start(settings)?.memory()?;
    let [all, own] = [memory.now, memory.own].map(megabytes);
    Ok(format!("{all}, its own {own}"))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// A number with its digits in groups.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }
}
