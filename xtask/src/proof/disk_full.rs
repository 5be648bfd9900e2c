//! A disk that is full: the collector says so and acknowledges nothing more; with room again and a
//! restart, all that it acknowledged is there and it goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{Proof, folder};
use crate::load::number;
use crate::server::{Server, WRITE_KEY};

/// Small, and large enough for a few thousand visitors.
const SMALL: &str = "size=160m";
const LARGE: &str = "remount,size=600m";

/// A file system in memory; unmounted when dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a process that is being killed may still have files in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(options: &str, at: &Path) -> Result<bool> {
    let status = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "tmpfs"])
        .arg(at)
        .stderr(std::process::Stdio::null())
        .status()
        .context("could not start: mount")?;
    Ok(status.success())
}

pub(super) fn run(proof: &mut Proof<'_>) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        proof.row("disk full: skipped", "needs root");
        return Ok(());
    }
    let folder = folder()?;
    let disk = folder.path().join("disk");
    fs::create_dir(&disk)?;
    if !mount(SMALL, &disk)? {
        proof.row("disk full: skipped", "cannot mount");
        return Ok(());
    }
    let _mounted = Mounted(disk.clone());
    let mut settings = proof.settings(folder.path())?;
    settings.data = disk.join("data");
    let account = folder.path().join("account.json");
    let account = account.to_string_lossy();

    let mut server = Server::start(&settings)?;
    let address = server.address().to_string();
    let seconds = if proof.short { "20" } else { "60" };
    let send = [
        "send",
        "--address",
        &address,
        "--write-key",
        WRITE_KEY,
        "--connections",
        "16",
    ];
    let fill = [
        "--seconds",
        seconds,
        "--visitors",
        "3000",
        "--verify",
        "later",
        "--account",
        &account,
    ];
    let line = proof
        .load
        .run(&[&send[..], &fill[..], &["--until-refused"]].concat())?;
    let acknowledged = number(&line, "/acknowledged")?;
    proof.must(
        "disk full: acknowledged batches",
        acknowledged,
        acknowledged > 0.0,
    );
    let refused = number(&line, "/busy")?;
    proof.must(
        "disk full: refused with Retry-After",
        refused,
        refused > 0.0,
    );
    let others = number(&line, "/other")? + number(&line, "/busy_without_delay")?;
    proof.must("disk full: other answers", others, others == 0.0);
    let readiness = readiness(&address)?;
    proof.must(
        "disk full: /readyz",
        readiness.status,
        readiness.status == 503,
    );
    proof.must(
        "disk full: its message names the reason",
        if readiness.names_the_reason() {
            "yes"
        } else {
            &readiness.message
        },
        readiness.names_the_reason(),
    );
    server.kill()?;
    drop(server);

    let status = Command::new("mount")
        .args(["-o", LARGE])
        .arg(&disk)
        .status()?;
    if !status.success() {
        bail!("the small file system could not be made larger");
    }
    let server = Server::start(&settings)?;
    let address = server.address().to_string();
    let checked = proof.load.check(&server, &account)?;
    for (title, pointer) in [
        ("disk full: events acknowledged and lost", "/lost"),
        (
            "disk full: events stored and never sent",
            "/not_acknowledged_but_stored",
        ),
    ] {
        let figure = number(&checked, pointer)?;
        proof.must(title, figure, figure == 0.0);
    }
    let again = [
        "send",
        "--address",
        &address,
        "--write-key",
        WRITE_KEY,
        "--seconds",
        "1",
    ];
    let line = proof.load.run(&again)?;
    let acknowledged = number(&line, "/acknowledged")?;
    let failed = number(&line, "/busy")? + number(&line, "/other")? + number(&line, "/broken")?;
    proof.must(
        "disk full: batches acknowledged, failed with room again",
        format!("{acknowledged} {failed}"),
        acknowledged > 0.0 && failed == 0.0,
    );
    Ok(())
}

struct Readiness {
    status: u16,
    message: String,
}

impl Readiness {
    fn names_the_reason(&self) -> bool {
        self.message.contains("space")
    }
}

fn readiness(address: &str) -> Result<Readiness> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .new_agent();
    let mut answer = agent.get(format!("http://{address}/readyz")).call()?;
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    let message = body.pointer("/error/message").and_then(Value::as_str);
    Ok(Readiness {
        status,
        message: message.unwrap_or_default().to_owned(),
    })
}
