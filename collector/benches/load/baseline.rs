//! What the collector is measured against: each does a part of its work and nothing else.

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstglance_collector::clock;
use firstglance_collector::config::Config;
use firstglance_collector::ingest::{self, Form, Sender};
use firstglance_engine::codec::Encode as _;
use firstglance_engine::{Evaluation, Profile, Timestamp};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};

use crate::bodies::{Body, visitor};
use crate::send::mixed;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// An empty folder.
    #[arg(long)]
    folder: PathBuf,
    /// Bytes of a batch.
    #[arg(long)]
    batch_bytes: usize,
    /// Messages of a batch.
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// Bytes of a visitor's record.
    #[arg(long, default_value_t = 0)]
    record_bytes: usize,
    /// Makes each message a record of its own, as a store does that does not pack them.
    #[arg(long)]
    each: bool,
    /// Batches that share a flush.
    #[arg(long)]
    group: usize,
    /// Visitors.
    #[arg(long, default_value_t = 10_000)]
    visitors: u64,
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

/// Reads bodies and answers.
pub(crate) fn serve(listen: SocketAddr) -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async move {
                    let whole = request.into_body().collect().await;
                    let count = whole.map_or(0, |whole| whole.to_bytes().len());
                    let text = format!(r#"{{"accepted":{count},"duplicates":0,"refused":[]}}"#);
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

/// Bytes that differ from each other and do not compress by themselves.
fn noise(bytes: usize) -> Vec<u8> {
    let mut number = 7;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        number = mixed(number);
        noise.extend_from_slice(&number.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// For each batch one record of messages, or one for each message, and one of its visitor.
pub(crate) fn sled(options: &Options) -> Value {
    let tree = sled::Config::new()
        .path(&options.folder)
        .cache_capacity(64 * 1024 * 1024)
        .segment_size(16 * 1024 * 1024)
        .flush_every_ms(None)
        .open()
        .unwrap();
    let file = File::open(options.folder.join("db")).unwrap();
    let records = if options.each { options.batch } else { 1 };
    let messages = noise(options.batch_bytes / records.max(1));
    let record = noise(options.record_bytes);
    let first = u64::min(options.visitors, 1_000_000);
    for start in (0..first).step_by(1_000) {
        let mut batch = sled::Batch::default();
        for number in start..first.min(start + 1_000) {
            batch.insert(format!("p{}\0", visitor(number)).into_bytes(), &record[..]);
        }
        tree.apply_batch(batch).unwrap();
    }
    tree.flush().unwrap();
    measured(options, |group, chance| {
        let mut batch = sled::Batch::default();
        for number in 0..options.group as u64 {
            *chance = mixed(*chance);
            let name = visitor(*chance % options.visitors);
            let mut key = format!("e{name}\0").into_bytes();
            key.extend_from_slice(&clock::now().as_milliseconds().to_be_bytes());
            key.extend_from_slice(&(group * options.group as u64 + number).to_be_bytes());
            for place in 0..records as u64 {
                let mut key = key.clone();
                key.extend_from_slice(&place.to_be_bytes());
                batch.insert(key, &messages[..]);
            }
            if !record.is_empty() {
                batch.insert(format!("p{name}\0").into_bytes(), &record[..]);
            }
        }
        tree.apply_batch(batch).unwrap();
        tree.flush().unwrap();
        file.sync_data().unwrap();
    })
}

/// Batches and records one after the other.
pub(crate) fn file(options: &Options) -> Value {
    let path = options.folder.join("appended");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    let bytes = noise((options.batch_bytes + options.record_bytes) * options.group);
    measured(options, |_, _| {
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
    })
}

fn measured(options: &Options, mut group: impl FnMut(u64, &mut u64)) -> Value {
    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(options.seconds);
    let (mut groups, mut chance) = (0, 1);
    while Instant::now() < end {
        group(groups, &mut chance);
        groups += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let events = groups * options.group as u64 * options.batch as u64;
    json!({
        "seconds": seconds,
        "groups": groups,
        "events_a_second": events as f64 / seconds,
    })
}

/// A batch that came from nowhere in particular.
fn request(body: &[u8], received_at: Timestamp) -> ingest::Request<'_> {
    ingest::Request {
        form: Form::Batch,
        body,
        header_key: None,
        received_at,
        daily_visitor: None,
        sender: Sender::default(),
    }
}

/// Reading and validating, beside a parser that reads the same texts into values.
pub(crate) fn judge(batch: usize, seconds: f64) -> Value {
    let mut body = Body::new("k", batch);
    let now = clock::now();
    let bytes = body.of(1, 1, now).to_vec();
    let request = request(&bytes, now);
    let events = batch as u64;
    let judged = each(seconds / 2.0, || {
        let judged = ingest::judge(std::hint::black_box(request.clone()), "k").unwrap();
        assert_eq!(judged.commit.messages.len(), batch);
        events
    });
    let parsed = each(seconds / 2.0, || {
        let value: Value = serde_json::from_slice(std::hint::black_box(&bytes)).unwrap();
        assert!(value.is_object());
        events
    });
    json!({"microseconds_an_event": judged, "values_microseconds_an_event": parsed})
}

/// What a visitor's batch costs in memory: read, decode the record, fold, encode it.
pub(crate) fn fold(config: &Path, batch: usize, seconds: f64, batches: u32) -> Value {
    let config = Config::parse(&std::fs::read_to_string(config).unwrap()).unwrap();
    let mut body = Body::new("k", batch);
    let mut profile = Profile::default();
    let mut first_id = 0;
    let mut fold = 0.0;
    let mut code = 0.0;
    let mut rounds = 0_u32;
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end && rounds < batches {
        let now = clock::now();
        let bytes = body.of(1, first_id, now).to_vec();
        first_id += batch as u64;
        let judged = ingest::judge(request(&bytes, now), "k").unwrap();
        let begun = Instant::now();
        let mut evaluation = Evaluation::new();
        for new in &judged.commit.messages {
            profile.fold_recorded(&new.message, &config.model, &mut evaluation);
        }
        fold += begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        profile = Profile::from_bytes(&profile.to_bytes()).unwrap();
        code += begun.elapsed().as_secs_f64();
        rounds += 1;
    }
    let events = f64::from(rounds) * batch as f64;
    json!({
        "fold_microseconds_an_event": fold * 1e6 / events,
        "code_microseconds_a_batch": code * 1e6 / f64::from(rounds),
        "profile_bytes": profile.to_bytes().len(),
    })
}

/// Microseconds of each of what a call says that it has done.
fn each(seconds: f64, mut work: impl FnMut() -> u64) -> f64 {
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed().as_secs_f64() < seconds {
        done += work();
    }
    begun.elapsed().as_secs_f64() * 1e6 / done as f64
}
