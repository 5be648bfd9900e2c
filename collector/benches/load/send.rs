//! Sends batches over many connections and keeps account of what became of each.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use firstglance_collector::clock;
use serde_json::{Value, json};

use crate::bodies::{self, Body};
use crate::wire::{Connection, JSON};

/// Bytes of a thread's stack: there may be thousands of them.
const STACK: usize = 128 * 1024;

/// Questions a second of each connection that asks for what is known of its visitor.
const ASKED_A_SECOND: f64 = 100.0;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The collector.
    #[arg(long)]
    address: SocketAddr,
    /// The site's key.
    #[arg(long)]
    write_key: String,
    /// Connections that post, each as fast as it is answered.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Messages in a batch.
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Batches a second of all connections together; as many as can be where it is not given.
    #[arg(long)]
    rate: Option<f64>,
    /// Visitors whose batches these are, chosen by chance.
    #[arg(long, default_value_t = 10_000)]
    visitors: u64,
    /// The number of the first of them.
    #[arg(long, default_value_t = 0)]
    first_visitor: u64,
    /// Connections that ask beside that for what is known of their visitor.
    #[arg(long, default_value_t = 0)]
    me: usize,
    /// Reads back what is stored, with this token: the visitors must have been unknown before.
    #[arg(long)]
    verify: Option<String>,
    /// Ends when the first connection breaks.
    #[arg(long)]
    until_gone: bool,
    /// Ends when the first batch is refused.
    #[arg(long)]
    until_refused: bool,
    /// Reads nothing back now, and writes into this file what is to be read back later.
    #[arg(long)]
    account: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct CheckOptions {
    /// The collector.
    #[arg(long)]
    address: SocketAddr,
    /// The administrator's token.
    #[arg(long)]
    token: String,
    /// What an earlier run wrote.
    #[arg(long)]
    account: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct FillOptions {
    /// The collector.
    #[arg(long)]
    address: SocketAddr,
    /// The site's key.
    #[arg(long)]
    write_key: String,
    /// The number of the first visitor.
    #[arg(long, default_value_t = 0)]
    first_visitor: u64,
    /// How many visitors.
    #[arg(long)]
    visitors: u64,
}

/// What became of batches.
#[derive(Default)]
struct Tally {
    sent: u64,
    acknowledged: u64,
    events: u64,
    /// Answers that ask to come back later, and those of them that do not say when.
    busy: u64,
    busy_without_delay: u64,
    /// Other answers.
    other: u64,
    broken: u64,
    microseconds: Vec<u32>,
    /// For each visitor, messages that must be stored and those that may be.
    account: HashMap<u64, (u64, u64)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.events += other.events;
        self.busy += other.busy;
        self.busy_without_delay += other.busy_without_delay;
        self.other += other.other;
        self.broken += other.broken;
        self.microseconds.extend(other.microseconds);
        for (visitor, (stored, doubtful)) in other.account {
            let entry = self.account.entry(visitor).or_default();
            entry.0 += stored;
            entry.1 += doubtful;
        }
    }
}

/// Ids that no other run uses: no run sends more than one message a microsecond.
fn ids() -> AtomicU64 {
    AtomicU64::new(clock::now().as_milliseconds() * 1_000)
}

pub(crate) fn send(options: &Options) -> Value {
    let ids = ids();
    let gone = AtomicBool::new(false);
    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(options.seconds);
    let (mut tally, mut asked) = (Tally::default(), Tally::default());
    thread::scope(|scope| {
        let spawn = |work| {
            thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
                .unwrap()
        };
        type Work<'a> = Box<dyn FnOnce() -> Tally + Send + 'a>;
        let senders: Vec<_> = (0..options.connections)
            .map(|number| {
                let (ids, gone) = (&ids, &gone);
                spawn(Box::new(move || one(options, number, ids, gone, end)) as Work<'_>)
            })
            .collect();
        let askers: Vec<_> = (0..options.me)
            .map(|number| {
                let ids = &ids;
                spawn(Box::new(move || me(options, number as u64, ids, end)) as Work<'_>)
            })
            .collect();
        for thread in senders {
            tally.add(thread.join().unwrap());
        }
        for thread in askers {
            asked.add(thread.join().unwrap());
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    let mut line = json!({
        "seconds": seconds,
        "sent": tally.sent,
        "acknowledged": tally.acknowledged,
        "events": tally.events,
        "events_a_second": tally.events as f64 / seconds,
        "busy": tally.busy,
        "busy_without_delay": tally.busy_without_delay,
        "other": tally.other,
        "broken": tally.broken,
        "bytes": Body::new(&options.write_key, options.batch).len(),
        "batch": percentiles(&mut tally.microseconds),
        "me": percentiles(&mut asked.microseconds),
        "me_other": asked.other + asked.broken,
    });
    if let Some(path) = &options.account {
        let account: Vec<_> = (tally.account.iter())
            .map(|(visitor, (stored, doubtful))| (visitor, stored, doubtful))
            .collect();
        std::fs::write(path, serde_json::to_vec(&account).unwrap()).unwrap();
    } else if let Some(token) = &options.verify {
        line["verified"] = verify(options.address, token, &tally.account);
    }
    line
}

/// One connection that posts.
fn one(
    options: &Options,
    number: usize,
    ids: &AtomicU64,
    gone: &AtomicBool,
    end: Instant,
) -> Tally {
    let mut tally = Tally::default();
    let mut body = Body::new(&options.write_key, options.batch);
    let mut connection = Connection::new(options.address);
    let mut chance = number as u64 + 1;
    let pause = options
        .rate
        .map(|rate| Duration::from_secs_f64(options.connections as f64 / rate));
    let mut turn = Instant::now();
    if let Some(pause) = pause {
        turn += pause.mul_f64(number as f64 / options.connections as f64);
    }
    loop {
        if let Some(pause) = pause {
            let now = Instant::now();
            if turn.min(end) > now {
                thread::sleep(turn.min(end) - now);
            }
            // Who is late sends at once, and is not late for ever after.
            turn = turn.max(now) + pause;
        }
        if Instant::now() >= end || gone.load(Ordering::Relaxed) {
            return tally;
        }
        chance = mixed(chance);
        let visitor = options.first_visitor + chance % options.visitors.max(1);
        let first_id = ids.fetch_add(options.batch as u64, Ordering::Relaxed);
        let bytes = body.of(visitor, first_id, clock::now());
        let begun = Instant::now();
        let answer = connection.post("/v1/batch", JSON, bytes);
        tally.sent += 1;
        let events = options.batch as u64;
        let keep = options.verify.is_some();
        match answer {
            Ok(answer) if answer.status == 200 => {
                tally.acknowledged += 1;
                tally.events += events;
                let took = begun.elapsed().as_micros();
                tally.microseconds.push(took.try_into().unwrap_or(u32::MAX));
                if keep {
                    tally.account.entry(visitor).or_default().0 += events;
                }
            }
            Ok(answer) if answer.status == 503 || answer.status == 429 => {
                tally.busy += 1;
                let failed = answer.body.windows(12).any(|some| some == b"store_failed");
                if keep && failed {
                    // It may be on disk all the same: that is what only a restart finds out.
                    tally.account.entry(visitor).or_default().1 += events;
                }
                if options.until_refused {
                    gone.store(true, Ordering::Relaxed);
                }
                tally.busy_without_delay += u64::from(answer.header("retry-after").is_none());
            }
            Ok(_) => tally.other += 1,
            Err(_) => {
                tally.broken += 1;
                if keep {
                    tally.account.entry(visitor).or_default().1 += events;
                }
                if options.until_gone {
                    gone.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// One connection that asks for what is known of its visitor, which it makes known first.
fn me(options: &Options, number: u64, ids: &AtomicU64, end: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut connection = Connection::new(options.address);
    let mut body = Body::new(&options.write_key, options.batch);
    let own = options.first_visitor + options.visitors + clock::now().as_milliseconds() + number;
    let first_id = ids.fetch_add(options.batch as u64, Ordering::Relaxed);
    let bytes = body.of(own, first_id, clock::now());
    let cookie = (connection.post("/v1/batch", JSON, bytes).ok())
        .and_then(|answer| {
            let cookie = answer.header("set-cookie")?;
            Some(cookie.split(';').next()?.to_owned())
        })
        .expect("the collector gives a new visitor a cookie");
    let headers = format!("Cookie: {cookie}\r\n");
    let pause = Duration::from_secs_f64(1.0 / ASKED_A_SECOND);
    while Instant::now() < end {
        thread::sleep(pause);
        let begun = Instant::now();
        match connection.get("/v1/me", &headers) {
            Ok(answer) if answer.body.starts_with(br#"{"known":true"#) => {
                let took = begun.elapsed().as_micros();
                tally.microseconds.push(took.try_into().unwrap_or(u32::MAX));
            }
            Ok(_) => tally.other += 1,
            Err(_) => tally.broken += 1,
        }
    }
    tally
}

/// Makes visitors known, many in a batch.
pub(crate) fn fill(options: &FillOptions) -> Value {
    const BATCH: usize = 250;
    let (next, events, ids) = (AtomicU64::new(0), AtomicU64::new(0), ids());
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut connection = Connection::new(options.address);
                loop {
                    let first = next.fetch_add(BATCH as u64, Ordering::Relaxed);
                    if first >= options.visitors {
                        return;
                    }
                    let count = (options.visitors - first).min(BATCH as u64);
                    let mut body = Body::new(&options.write_key, count as usize);
                    let first_id = ids.fetch_add(count, Ordering::Relaxed);
                    let visitor = options.first_visitor + first;
                    let bytes = body.of_each(visitor, first_id, clock::now());
                    loop {
                        let answer = connection.post("/v1/batch", JSON, bytes);
                        match answer.map(|answer| answer.status) {
                            Ok(200) => break,
                            Ok(503) => thread::sleep(Duration::from_millis(20)),
                            other => panic!("a batch was answered {other:?}"),
                        }
                    }
                    events.fetch_add(count, Ordering::Relaxed);
                }
            });
        }
    });
    json!({
        "seconds": begun.elapsed().as_secs_f64(),
        "events": events.into_inner(),
        "bytes_each": Body::new(&options.write_key, BATCH).len() / BATCH,
    })
}

/// Compares what is stored with what an earlier run kept account of.
pub(crate) fn check(options: &CheckOptions) -> Value {
    let account = std::fs::read(&options.account).unwrap();
    let account: Vec<(u64, u64, u64)> = serde_json::from_slice(&account).unwrap();
    let account = (account.into_iter())
        .map(|(visitor, stored, doubtful)| (visitor, (stored, doubtful)))
        .collect();
    verify(options.address, &options.token, &account)
}

/// Compares what is stored with what was acknowledged: all of that, nothing else, nothing twice.
fn verify(address: SocketAddr, token: &str, account: &HashMap<u64, (u64, u64)>) -> Value {
    let headers = format!("Authorization: Bearer {token}\r\n");
    let mut connection = Connection::new(address);
    let (mut lost, mut foreign, mut stored) = (0, 0, 0);
    for (visitor, (acknowledged, doubtful)) in account {
        let path = format!("/admin/v1/profiles/{}", bodies::visitor(*visitor));
        let answer = connection.get(&path, &headers).unwrap();
        let events = match answer.status {
            200 => {
                let profile: Value = serde_json::from_slice(answer.body).unwrap();
                profile["events"].as_u64().unwrap()
            }
            404 => 0,
            status => panic!("{path} was answered {status}"),
        };
        stored += events;
        lost += acknowledged.saturating_sub(events);
        foreign += events.saturating_sub(acknowledged + doubtful);
    }
    json!({
        "visitors": account.len(),
        "stored": stored,
        "lost": lost,
        "not_acknowledged_but_stored": foreign,
    })
}

fn percentiles(microseconds: &mut [u32]) -> Value {
    microseconds.sort_unstable();
    let at = |share: f64| {
        let place = (microseconds.len() as f64 * share) as usize;
        microseconds.get(place.min(microseconds.len().saturating_sub(1)))
    };
    json!({
        "count": microseconds.len(),
        "p50": at(0.5),
        "p99": at(0.99),
        "most": at(1.0),
    })
}

/// SplitMix64.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
