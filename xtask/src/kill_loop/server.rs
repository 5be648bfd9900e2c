//! A collector that the proof starts and kills. Never leaves one running.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;

const READY_WITHIN: Duration = Duration::from_secs(60);

/// What is the same in every round.
pub(super) struct Settings {
    pub(super) binary: PathBuf,
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
}

/// A running collector; killed when dropped.
pub(super) struct Server {
    process: Child,
    address: SocketAddr,
    token: String,
    /// From the start of the process until it took requests.
    pub(super) started_in: Duration,
}

impl Server {
    /// Starts and waits until the collector is ready.
    pub(super) fn start(settings: &Settings) -> Result<Self> {
        let begun = Instant::now();
        let (process, address) = spawn(settings)?;
        let mut server = Self {
            process,
            address,
            token: String::new(),
            started_in: Duration::ZERO,
        };
        let client = Client::new(&address, None);
        while !client.is_ready() {
            if let Some(status) = server.process.try_wait()? {
                bail!(
                    "the collector ended ({status}) instead of taking requests:\n{}",
                    last_lines(settings)
                );
            }
            if begun.elapsed() > READY_WITHIN {
                bail!(
                    "the collector was not ready within {} seconds:\n{}",
                    READY_WITHIN.as_secs(),
                    last_lines(settings)
                );
            }
            thread::sleep(Duration::from_millis(2));
        }
        server.started_in = begun.elapsed();
        let token = settings.data.join("admin-token");
        server.token = fs::read_to_string(&token)
            .with_context(|| format!("no admin token at {}", token.display()))?
            .trim()
            .to_owned();
        Ok(server)
    }

    /// Starts, and kills in the middle of the start.
    pub(super) fn start_and_kill(settings: &Settings, after: Duration) -> Result<()> {
        let (mut process, _) = spawn(settings)?;
        thread::sleep(after);
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with the admin token.
    pub(super) fn client(&self) -> Client {
        Client::new(&self.address, Some(self.token.clone()))
    }

    /// SIGKILL: the process gets no chance to finish anything.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the collector ended by itself ({status}) before it was killed");
        }
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(settings: &Settings) -> Result<(Child, SocketAddr)> {
    // Free at this moment; the next round takes another.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let log = File::options()
        .create(true)
        .append(true)
        .open(&settings.log)?;
    let process = Command::new(&settings.binary)
        .arg("serve")
        .arg("--config")
        .arg(&settings.config)
        .arg("--data")
        .arg(&settings.data)
        .arg("--listen")
        .arg(address.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("could not start {}", settings.binary.display()))?;
    Ok((process, address))
}

/// The end of the collector's log.
fn last_lines(settings: &Settings) -> String {
    let log = fs::read(&settings.log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
