//! Exports of much more than memory should hold: each form leaves whole, and the collector's memory
//! is as high when the last of it leaves as when the first did.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{Proof, folder};
use crate::load::number;
use crate::progress;
use crate::server::Server;

/// What is asked for: parameters, and what the last bytes must be.
const EXPORTS: [(&str, &[u8]); 5] = [
    ("what=events&format=ndjson", b"}\n"),
    ("what=events&format=csv", b"\r\n"),
    ("what=events&format=parquet", b"PAR1"),
    ("what=profiles&format=ndjson", b"}\n"),
    ("what=profiles&format=parquet", b"PAR1"),
];

/// The most memory may be so many times what it was in the first half of the time.
const FLAT: f64 = 1.25;

/// Bytes of memory that an export may take beside what the store holds of what it has read.
const MOST: u64 = 128 * 1024 * 1024;

/// What an export came to.
struct Left {
    bytes: u64,
    lines: u64,
    took: Duration,
    /// Bytes of the collector's memory: before, in the first half of the time, and at most.
    before: u64,
    early: u64,
    most: u64,
}

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    let (visitors, times) = if proof.short {
        (3_000, 3)
    } else {
        (200_000, 5)
    };
    let folder = folder()?;
    let server = Server::start(&proof.settings(folder.path())?)?;
    let mut stored = 0.0;
    for time in 0..times {
        progress::show(&format!(
            "exports: {time} of {times} messages of each visitor"
        ));
        stored += number(&proof.load.fill(&server, visitors)?, "/events")?;
    }
    proof.row(
        "export: visitors, messages stored",
        format!("{visitors} {stored}"),
    );
    for (parameters, end) in EXPORTS {
        let left = export(&server, parameters, end)?;
        let title = parameters.replace("what=", "").replace("&format=", " as ");
        let title = format!("export of {title}");
        let megabytes = |bytes: u64| bytes / 1_000_000;
        proof.row(
            &format!("{title}: MB, seconds"),
            format!("{} {:.1}", megabytes(left.bytes), left.took.as_secs_f64()),
        );
        if parameters.ends_with("ndjson") {
            let expected = if parameters.contains("events") {
                stored
            } else {
                visitors as f64
            };
            proof.must(
                &format!("{title}: lines"),
                left.lines,
                left.lines as f64 == expected,
            );
        }
        let growth = left.most as f64 / left.early.max(1) as f64;
        proof.must(
            &format!("{title}: memory before, first half, most, in MB"),
            format!(
                "{} {} {}",
                megabytes(left.before),
                megabytes(left.early),
                megabytes(left.most)
            ),
            growth <= FLAT && left.most <= left.before + MOST,
        );
    }
    Ok(())
}

/// Takes an export as fast as it comes, and looks at the memory meanwhile.
fn export(server: &Server, parameters: &str, end: &[u8]) -> Result<Left> {
    let before = server.memory()?.now;
    let begun = Instant::now();
    let is_done = AtomicBool::new(false);
    let (taken, samples) = thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut samples = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                samples.push(server.memory()?.now);
                thread::sleep(Duration::from_millis(20));
            }
            Ok::<_, anyhow::Error>(samples)
        });
        let taken = take(server, parameters, end);
        is_done.store(true, Ordering::Relaxed);
        (taken, looking.join())
    });
    let took = begun.elapsed();
    let (bytes, lines) = taken?;
    let Ok(samples) = samples else {
        bail!("the look at the collector's memory panicked");
    };
    let samples = samples?;
    let most = samples.iter().copied().max().unwrap_or(before);
    let half = samples.len().div_ceil(2);
    let early = samples[..half].iter().copied().max().unwrap_or(before);
    Ok(Left {
        bytes,
        lines,
        took,
        before,
        early,
        most,
    })
}

/// Bytes and ends of lines of an answer that is whole.
fn take(server: &Server, parameters: &str, end: &[u8]) -> Result<(u64, u64)> {
    let agent = ureq::Agent::config_builder()
        .proxy(None)
        .build()
        .new_agent();
    let url = format!("http://{}/admin/v1/export?{parameters}", server.address());
    let mut answer = agent
        .get(&url)
        .header("Authorization", format!("Bearer {}", server.token()))
        .call()?;
    let mut body = answer.body_mut().as_reader();
    let mut buffer = vec![0; 256 * 1024];
    let mut last = Vec::new();
    let (mut bytes, mut lines) = (0, 0);
    loop {
        let read = body
            .read(&mut buffer)
            .with_context(|| format!("{url} was broken off"))?;
        if read == 0 {
            break;
        }
        let piece = &buffer[..read];
        bytes += read as u64;
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        last.extend_from_slice(&piece[piece.len().saturating_sub(end.len())..]);
        last.drain(..last.len().saturating_sub(end.len()));
    }
    if last != end {
        bail!("{url} ends with {last:?}");
    }
    Ok((bytes, lines))
}
