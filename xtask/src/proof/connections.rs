//! Connections that say nothing, that never end what they say, and that are left by those who made
//! them: nobody else notices, and memory stays bounded.

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Proof, folder};
use crate::load::number;
use crate::server::{Server, WRITE_KEY};

/// As many as anybody expects a server to bear, and more than the collector takes at a time.
const CONNECTIONS: [u64; 2] = [10_000, 18_000];

/// Files that are needed beside the connections.
const OTHER_FILES: u64 = 500;

/// Milliseconds within which others must be answered; a shared machine takes some of them.
const PATIENCE: f64 = 2_000.0;

/// Bytes of memory for each connection that is held.
const MOST_EACH: u64 = 40 * 1024;

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    let seconds = if proof.short { "2" } else { "8" };
    let allowed = files(CONNECTIONS[1] + OTHER_FILES)?;
    for (connections, sends, title) in [
        (CONNECTIONS[0], "nothing", "silent from the start"),
        (CONNECTIONS[0], "request", "silent after a request"),
        (CONNECTIONS[0], "line", "silent within a head"),
        (CONNECTIONS[0], "part", "silent within a body"),
        (CONNECTIONS[1], "request", "more than there is room for"),
    ] {
        let title = format!("{connections} connections, {title}");
        if connections + OTHER_FILES > allowed {
            proof.row(&format!("{title}: skipped, files allowed"), allowed);
            continue;
        }
        let folder = folder()?;
        let server = Server::start(&proof.settings(folder.path())?)?;
        let before = server.memory()?.now;
        let address = server.address().to_string();
        let line = proof.load.run(&[
            "idle",
            "--address",
            &address,
            "--connections",
            &connections.to_string(),
            "--sends",
            sends,
            "--seconds",
            seconds,
        ])?;
        let count = |pointer: &str| number(&line, pointer);
        proof.row(&format!("{title}: held"), count("/held")?);
        let unanswered = count("/unanswered")? + count("/refused")?;
        let answered = count("/answered")?;
        proof.must(
            &format!("{title}: others answered, not answered"),
            format!("{answered} {unanswered}"),
            unanswered == 0.0 && answered > 0.0,
        );
        let slowest = count("/slowest_ms")?;
        proof.must(
            &format!("{title}: slowest of them"),
            format!("{slowest:.0} ms"),
            slowest < PATIENCE,
        );
        let most = server.memory()?.most.saturating_sub(before);
        proof.must(
            &format!("{title}: memory for each"),
            format!("{} kB", most / connections / 1_000),
            most < MOST_EACH * connections,
        );
        // The load has gone, and its connections are half open until they are found out.
        let send = ["send", "--address", &address, "--write-key", WRITE_KEY];
        let line = proof
            .load
            .run(&[&send[..], &["--connections", "8", "--seconds", "1"]].concat())?;
        let failed = number(&line, "/other")? + number(&line, "/broken")?;
        let acknowledged = number(&line, "/acknowledged")?;
        proof.must(
            &format!("{title}: batches acknowledged, failed after it"),
            format!("{acknowledged} {failed}"),
            failed == 0.0 && acknowledged > 0.0,
        );
    }
    Ok(())
}

/// Raises the limit of open files as far as it may be, for the load and the collector both. Says how
/// many there may be.
fn files(wanted: u64) -> Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let present = current.unwrap_or(u64::MAX);
    if present >= wanted {
        return Ok(present);
    }
    // Root may go beyond what it was given.
    let raised = Rlimit {
        current: Some(wanted),
        maximum: maximum.map(|maximum| maximum.max(wanted)),
    };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        return Ok(wanted);
    }
    let most = maximum.unwrap_or(wanted).min(wanted);
    let raised = Rlimit {
        current: Some(most),
        maximum,
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")?;
    Ok(most)
}
