//! Three times as much as the collector can take in: memory stays where it is, what cannot be taken
//! is refused with a time to come back, what is acknowledged is stored and nothing else is, and
//! soon after it all is as before.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::{Proof, folder};
use crate::load::{finish, number};
use crate::progress;
use crate::server::{Server, WRITE_KEY};

/// By how much more than it can take in.
const TIMES: f64 = 3.0;

/// More than requests that may wait in the collector.
const CONNECTIONS: &str = "2500";

/// The most memory may be so many times what it was in the first half of the time.
const FLAT: f64 = 1.5;

/// How long it may take until a request is answered as fast as before.
const RECOVERY: Duration = Duration::from_secs(10);

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    let seconds = if proof.short { 10 } else { 300 };
    let folder = folder()?;
    let server = Server::start(&proof.settings(folder.path())?)?;
    let address = server.address().to_string();
    let send = ["send", "--address", &address, "--write-key", WRITE_KEY];
    let calm = proof
        .load
        .run(&[&send[..], &["--connections", "64", "--seconds", "3"]].concat())?;
    let capacity = number(&calm, "/acknowledged")? / number(&calm, "/seconds")?;
    let usual = number(&calm, "/batch/p50")? / 1_000.0;
    proof.row(
        "overload: capacity, batches a second",
        format!("{capacity:.0}"),
    );

    let rate = (capacity * TIMES).to_string();
    let (length, token) = (seconds.to_string(), server.token().to_owned());
    // Visitors that nobody has sent for yet, so that what is stored can be compared.
    let over = [
        "--connections",
        CONNECTIONS,
        "--seconds",
        &length,
        "--rate",
        &rate,
        "--visitors",
        "20000",
        "--first-visitor",
        "1000000",
        "--verify",
        &token,
    ];
    let mut child = proof.load.start(&[&send[..], &over[..]].concat())?;
    let begun = Instant::now();
    let (mut early, mut most, mut most_at) = (0, 0, Duration::ZERO);
    while child.try_wait()?.is_none() {
        let memory = server.memory()?.now;
        if memory > most {
            (most, most_at) = (memory, begun.elapsed());
        }
        if begun.elapsed() < Duration::from_secs(seconds) / 2 {
            early = early.max(memory);
        }
        progress::show(&format!(
            "overload: {} of {seconds} s, {} MB",
            begun.elapsed().as_secs(),
            memory / 1_000_000
        ));
        thread::sleep(Duration::from_millis(200));
    }
    let line = finish(child)?;
    let (sent, took) = (number(&line, "/sent")?, number(&line, "/seconds")?);
    proof.row(
        "overload: batches sent a second",
        format!("{:.0}", sent / took),
    );
    let count = |name: &str| number(&line, name);
    proof.row("overload: acknowledged batches", count("/acknowledged")?);
    let busy = count("/busy")?;
    proof.must("overload: refused for now (503)", busy, busy > 0.0);
    for (title, pointer) in [
        (
            "overload: refused without Retry-After",
            "/busy_without_delay",
        ),
        ("overload: other answers", "/other"),
        ("overload: broken connections", "/broken"),
        ("overload: acknowledged and not stored", "/verified/lost"),
        (
            "overload: refused and stored all the same",
            "/verified/not_acknowledged_but_stored",
        ),
    ] {
        let figure = count(pointer)?;
        proof.must(title, figure, figure == 0.0);
    }
    // What is acknowledged is read back when the time is over.
    proof.row(
        "overload: memory was at its most at, of seconds of load",
        format!("{} {seconds}", most_at.as_secs()),
    );
    let growth = most as f64 / early.max(1) as f64;
    let megabytes = |bytes: u64| bytes / 1_000_000;
    proof.must(
        "overload: memory, first half and most, in MB",
        format!("{} {}", megabytes(early), megabytes(most)),
        growth <= FLAT,
    );
    recovery(proof, &send, usual)
}

/// How long it takes until batches are answered as they were before.
fn recovery(proof: &mut Proof<'_>, send: &[&str], usual: f64) -> Result<()> {
    let begun = Instant::now();
    let calm = loop {
        let more = ["--connections", "64", "--seconds", "1"];
        let line: Value = proof.load.run(&[send, &more[..]].concat())?;
        let busy = number(&line, "/busy")? + number(&line, "/broken")?;
        let median = line.pointer("/batch/p50").and_then(Value::as_f64);
        let as_before = median.is_some_and(|median| median / 1_000.0 < 5.0 * usual.max(1.0));
        if busy == 0.0 && as_before {
            break true;
        }
        if begun.elapsed() > RECOVERY {
            break false;
        }
    };
    let took = format!("{:.1} s", begun.elapsed().as_secs_f64());
    proof.must("overload: as before after", took, calm);
    Ok(())
}
