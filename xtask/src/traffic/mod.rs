//! Believable visitors for the demo site, of whom everything is known: who is interested in what, what
//! brought them, who buys, and which content helps by how much. They come through the public HTTP API,
//! as pages send, at times in the past, as fast as the collector takes them.
//!
//! The same seed and start give the same messages. Asks nothing of the collector but that it takes them.

mod chance;
mod crowd;
mod message;
mod people;
mod sending;
mod site;
mod truth;
mod visit;
// The same client as the load of the benchmarks has: one that costs next to nothing.
#[path = "../../../collector/benches/load/wire.rs"]
mod wire;

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use firstglance_engine::Timestamp;
use serde_json::{Value, json};

use crate::progress;
use crate::random::milliseconds_now;
use crate::workspace::Workspace;

use self::crowd::{Crowd, DAY};
use self::sending::{Settings, Tally};
use self::site::Site;
use self::wire::Connection;

/// How often progress is shown.
const SHOWN: Duration = Duration::from_millis(200);

/// What the user can choose.
#[derive(clap::Args, Clone)]
pub(crate) struct Options {
    /// How many visitors come.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    pub(crate) visitors: u32,
    /// Within how many days.
    #[arg(long, value_name = "NUMBER", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=800))]
    pub(crate) days: u32,
    /// The same number gives the same visitors.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Address of the collector. Each visitor has a network address, which only a collector believes that
    /// has this machine among its trusted proxies, as one on this machine has; another would take all
    /// for one sender and make it wait, see [limits] in its configuration.
    #[arg(long, value_name = "ADDRESS", default_value = "http://127.0.0.1:7700")]
    pub(crate) url: String,
    /// The site's key [default: that of its configuration].
    #[arg(long, value_name = "KEY")]
    pub(crate) write_key: Option<String>,
    /// When the first day begins [default: so many days ago].
    #[arg(long, value_name = "RFC3339")]
    pub(crate) start: Option<String>,
    /// Writes what must be told of this traffic into a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Configuration of the site that is visited [default: site-demo/firstglance.toml].
    #[arg(long, value_name = "FILE")]
    pub(crate) site_config: Option<PathBuf>,
    /// How many connections send at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 192, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub(crate) connections: u16,
    /// Packs requests, as servers' libraries do.
    #[arg(long)]
    pub(crate) gzip: bool,
    /// Tells each visit in fewer messages: attention once a page, and no clicks on links.
    #[arg(long)]
    pub(crate) brief: bool,
    /// Adds each visitor to the file of the truth: what they are, want, and were brought by.
    #[arg(long, requires = "truth")]
    pub(crate) each: bool,
    /// Sends nothing, and shows how fast it could.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            visitors: 1_000,
            days: 21,
            seed: 1,
            url: "http://127.0.0.1:7700".to_owned(),
            write_key: None,
            start: None,
            truth: None,
            site_config: None,
            connections: 192,
            gzip: false,
            brief: false,
            each: false,
            dry_run: false,
        }
    }
}

/// Sends, and says in one line of JSON what.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut line = visit(workspace, options)?;
    if let Some(truth) = line.pointer_mut("/truth").and_then(Value::as_object_mut) {
        // It is in the file, and too much for a line.
        truth.remove("each");
    }
    println!("{line}");
    Ok(())
}

/// Sends, and gives what was sent and how.
pub(crate) fn visit(workspace: &Workspace, options: &Options) -> Result<Value> {
    let demo = workspace.root.join("site-demo");
    let config = options
        .site_config
        .clone()
        .unwrap_or_else(|| demo.join("firstglance.toml"));
    let mut site = Site::read(&config, &demo.join("pages"))?;
    if let Some(key) = &options.write_key {
        site.write_key.clone_from(key);
    }
    let start = start(options)?;
    let mut crowd = Crowd::new(&site, options.visitors, options.days, options.seed, start);
    crowd.brief = options.brief;
    let settings = Settings {
        address: address(&options.url)?,
        connections: options.connections.into(),
        origin: site.origin.clone(),
        gzip: options.gzip,
    };
    if !options.dry_run {
        reachable(&settings, &options.url)?;
    }
    let tally = Tally::default();
    let begun = Instant::now();
    let mut bar = Bar::new(options.visitors, begun);
    if options.dry_run {
        while let Some(requests) = crowd.next() {
            tally
                .requests
                .fetch_add(requests.len() as u64, Ordering::Relaxed);
            bar.show(&crowd, crowd.truth.messages());
        }
    } else {
        sending::send(&settings, &tally, |tally| {
            bar.show(&crowd, tally.answered());
            crowd.next()
        })?;
    }
    progress::clear();
    let seconds = begun.elapsed().as_secs_f64();
    let truth = &crowd.truth;
    let stored = tally.accepted.load(Ordering::Relaxed) + tally.duplicates.load(Ordering::Relaxed);
    if !options.dry_run && stored != truth.messages() {
        bail!(
            "{} messages were to be taken, and {stored} were",
            truth.messages()
        );
    }
    let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let mut told = truth.to_json(&site);
    if options.each {
        told["each"] = crowd.each();
    }
    if let Some(file) = &options.truth {
        let text = serde_json::to_string_pretty(&told)?;
        fs::write(file, text + "\n").with_context(|| format!("no truth at {}", file.display()))?;
    }
    Ok(json!({
        "seed": options.seed,
        "start": message::moment(start).to_string(),
        "days": options.days,
        "seconds": seconds,
        "eventsASecond": (truth.messages() as f64 / seconds).round(),
        "requests": count(&tally.requests),
        "bytes": count(&tally.bytes),
        "accepted": count(&tally.accepted),
        "duplicates": count(&tally.duplicates),
        "refused": count(&tally.refused),
        "askedToComeAgain": count(&tally.again),
        "truth": told,
    }))
}

/// When the first day begins: visits end before the present, so that none lies in the future.
fn start(options: &Options) -> Result<u64> {
    let now = milliseconds_now();
    let length = u64::from(options.days) * DAY;
    let Some(text) = &options.start else {
        return now
            .checked_sub(length)
            .context("the clock of this machine is wrong");
    };
    let start = Timestamp::parse(text).map_err(|error| anyhow::anyhow!("--start: {error}"))?;
    let start = start.as_milliseconds();
    if start + length > now {
        bail!(
            "--start and --days end at {}, which is in the future",
            message::moment(start + length)
        );
    }
    Ok(start)
}

/// The address that a URL names.
fn address(url: &str) -> Result<SocketAddr> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!("--url must begin with http://, and is {url:?}: this speaks no TLS");
    };
    let host = rest.trim_end_matches('/');
    if host.contains('/') {
        bail!("--url must be an address without a path, and is {url:?}");
    }
    let with_port = if host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut found = with_port
        .to_socket_addrs()
        .with_context(|| format!("--url {url:?} leads nowhere"))?;
    found
        .next()
        .with_context(|| format!("--url {url:?} leads nowhere"))
}

/// An error where nobody takes requests, before anything is made.
fn reachable(settings: &Settings, url: &str) -> Result<()> {
    let mut connection = Connection::new(settings.address);
    let answer = connection.get("/readyz", "").with_context(|| {
        format!("there is no collector at {url}; `cargo xtask demo` starts one")
    })?;
    if answer.status != 200 {
        bail!(
            "{url} is not ready: it answers {} to /readyz",
            answer.status
        );
    }
    Ok(())
}

/// How far it is.
struct Bar {
    begun: Instant,
    shown: Instant,
    visitors: u32,
}

impl Bar {
    const fn new(visitors: u32, begun: Instant) -> Self {
        Self {
            begun,
            shown: begun,
            visitors,
        }
    }

    fn show(&mut self, crowd: &Crowd<'_>, answered: u64) {
        if self.shown.elapsed() < SHOWN {
            return;
        }
        self.shown = Instant::now();
        let done = crowd.past();
        let rate = answered as f64 / self.begun.elapsed().as_secs_f64();
        progress::show(&format!(
            "{} {:>3.0} %  {} visitors  {answered} events, {rate:.0} a second",
            bar(done),
            done * 100.0,
            self.visitors,
        ));
    }
}

/// A part of one as a bar.
fn bar(part: f64) -> String {
    const LENGTH: usize = 30;
    let full = ((part * LENGTH as f64) as usize).min(LENGTH);
    format!("[{}{}]", "#".repeat(full), " ".repeat(LENGTH - full))
}

#[cfg(test)]
mod tests;
