//! The demo: the collector in the foreground, with the demo site on it.
//!
//! Ends with the collector: Ctrl-C and SIGTERM are passed on, so that the collector finishes what
//! it has begun, and its exit code becomes this command's own. Never removes data.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::build;
use crate::client::Client;
use crate::workspace::Workspace;

/// How long the collector may take to open its data.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Folder for the demo's data [default: target/demo-data].
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Builds, starts, tells where everything is, and waits.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<ExitCode> {
    build::build(workspace)?;
    let data = match options.data {
        // Relative to the caller's folder, while the collector runs in the root.
        Some(data) => std::path::absolute(data)?,
        None => workspace.target.join("demo-data"),
    };
    let mut collector = workspace.command(workspace.collector());
    collector
        .args(["serve", "--config", "site-demo/firstglance.toml", "--data"])
        .arg(&data)
        .arg("--listen")
        .arg(options.listen.to_string())
        .args(["--site", "site-demo/pages"]);
    // On a taken port somebody else would answer for the collector, which is about to say so itself.
    let taken = TcpListener::bind(options.listen).is_err();
    let mut collector = start(&mut collector)?;
    if taken || !wait_until_ready(&mut collector, options.listen)? {
        return Ok(exit_code(collector.wait()?));
    }
    print_addresses(workspace, options.listen, &data);
    Ok(exit_code(collector.wait()?))
}

fn print_addresses(workspace: &Workspace, listen: SocketAddr, data: &Path) {
    let token_file = data.join("admin-token");
    let token = match fs::read_to_string(&token_file) {
        Ok(token) => token.trim().to_owned(),
        Err(error) => format!("unknown: {} ({error})", workspace.shown(&token_file)),
    };
    println!();
    println!("The demo runs. Ctrl-C stops it.");
    println!("  Site         http://{listen}/");
    println!("  Console      http://{listen}/console");
    println!("  Admin token  {token}");
    println!("  Data         {}", workspace.shown(data));
    println!("For example:");
    println!(
        "  curl -H \"Authorization: Bearer $(cat '{}')\" http://{listen}/admin/v1/profiles",
        token_file.display()
    );
    println!();
}

/// False when the collector ended instead; it has said why.
fn wait_until_ready(collector: &mut Child, listen: SocketAddr) -> Result<bool> {
    let client = Client::new(&reachable(listen), None);
    let begun = Instant::now();
    loop {
        if collector.try_wait()?.is_some() {
            return Ok(false);
        }
        if client.is_ready() {
            return Ok(true);
        }
        if begun.elapsed() > READY_WITHIN {
            collector.kill()?;
            collector.wait()?;
            anyhow::bail!(
                "the collector was not ready within {} seconds",
                READY_WITHIN.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// `0.0.0.0` is an address to listen on, not one to call.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// In a process group of its own: a Ctrl-C at the terminal then reaches this process only, and the
/// collector gets it exactly once, from here.
#[cfg(unix)]
fn start(collector: &mut Command) -> Result<Child> {
    use std::os::unix::process::CommandExt as _;

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    // Before the start, so that no signal falls between.
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let child = collector
        .process_group(0)
        .stdin(std::process::Stdio::null())
        .spawn()
        .context("the collector could not be started")?;
    let process = Pid::from_child(&child);
    thread::spawn(move || {
        for signal in signals.forever() {
            let signal = if signal == SIGINT {
                Signal::INT
            } else {
                Signal::TERM
            };
            // An error means that it has ended already, and then this process ends as well.
            let _ = kill_process(process, signal);
        }
    });
    Ok(child)
}

/// Elsewhere the console itself tells both processes.
#[cfg(not(unix))]
fn start(collector: &mut Command) -> Result<Child> {
    collector
        .spawn()
        .context("the collector could not be started")
}

/// The collector's own code; 128 and the signal's number when a signal ended it, as shells do.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status
        .code()
        .or_else(|| signal.map(|signal| 128 + signal))
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_called_on_this_machine() -> Result<()> {
        assert_eq!(
            reachable("0.0.0.0:7700".parse()?),
            "127.0.0.1:7700".parse()?
        );
        assert_eq!(reachable("[::]:7700".parse()?), "[::1]:7700".parse()?);
        assert_eq!(reachable("10.0.0.1:80".parse()?), "10.0.0.1:80".parse()?);
        Ok(())
    }
}
