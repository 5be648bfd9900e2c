//! A collector that a proof or a benchmark starts, looks at from outside and ends. Never leaves one
//! running.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;
use crate::workspace::Workspace;

/// The write key in `site-demo/firstglance.toml`, whose configuration is used.
pub(crate) const WRITE_KEY: &str = "demo-fietsen";

const READY_WITHIN: Duration = Duration::from_secs(60);

/// What is the same at every start.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) config: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
}

impl Settings {
    /// The demo's configuration without its limits, because all that is sent comes from one address;
    /// with data and log in a folder.
    pub(crate) fn new(workspace: &Workspace, binary: PathBuf, folder: &Path) -> Result<Self> {
        const UNLIMITED: &str = "\n[limits]\nvisitor_events = 0\naddress_requests = 0\n";
        let demo = read(&workspace.root.join("site-demo/firstglance.toml"))?;
        Self::with(demo + UNLIMITED, binary, folder)
    }

    /// The configuration that the README gives to whoever installs a collector.
    pub(crate) fn just_installed(
        workspace: &Workspace,
        binary: PathBuf,
        folder: &Path,
    ) -> Result<Self> {
        let readme = read(&workspace.root.join("README.md"))?;
        let block = readme.split_once("```toml\n").map(|(_, rest)| rest);
        let config = block.and_then(|rest| rest.split_once("```"));
        let (config, _) = config.context("the README has no configuration")?;
        Self::with(config.to_owned(), binary, folder)
    }

    fn with(configuration: String, binary: PathBuf, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let config = folder.join("firstglance.toml");
        fs::write(&config, configuration)?;
        Ok(Self {
            binary,
            config,
            data: folder.join("data"),
            log: folder.join("collector.log"),
        })
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("no file {}", path.display()))
}

/// Bytes of memory.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// Of it what the process has for itself. The rest are pages of files, above all of the program's
    /// own: how many of them the system shows beside those that were asked for is its affair, and it
    /// takes them back where memory is wanted.
    pub(crate) own: u64,
    pub(crate) most: u64,
}

/// A running collector; killed when dropped.
pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
    token: String,
    /// From the start of the process until it took requests.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts and waits until the collector is ready.
    pub(crate) fn start(settings: &Settings) -> Result<Self> {
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

    /// The admin token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Bytes of memory: those in use now, and the most that ever were.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = read(Path::new(&path))?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            let kibibytes: Option<u64> = number.and_then(|number| number.parse().ok());
            let kibibytes = kibibytes.with_context(|| format!("no {name} in {path}"))?;
            Ok::<_, anyhow::Error>(kibibytes * 1_024)
        };
        Ok(Memory {
            now: bytes("VmRSS:")?,
            own: bytes("RssAnon:")?,
            most: bytes("VmHWM:")?,
        })
    }

    /// SIGTERM: the process may finish what is under way. Says how it ended.
    pub(crate) fn terminate(&mut self) -> Result<ExitStatus> {
        if let Some(status) = self.process.try_wait()? {
            bail!("the collector ended by itself ({status}) before it was asked to");
        }
        let pid = i32::try_from(self.process.id()).ok();
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("the collector's number is none")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(self.process.wait()?)
    }

    /// Starts, and kills in the middle of the start.
    pub(crate) fn start_and_kill(settings: &Settings, after: Duration) -> Result<()> {
        let (mut process, _) = spawn(settings)?;
        thread::sleep(after);
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with the admin token.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address, Some(self.token.clone()))
    }

    /// SIGKILL: the process gets no chance to finish anything.
    pub(crate) fn kill(&mut self) -> Result<()> {
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
