//! The generator of load in `collector/benches/load`: built with the collector's optimisation, run
//! as a process of its own, read as one line of JSON.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::server::{Server, WRITE_KEY};
use crate::workspace::{Workspace, capture};

/// The program.
pub(crate) struct Load(PathBuf);

impl Load {
    /// Builds it. In short without optimisation: that takes seconds in place of minutes, and its
    /// figures mean little anyway.
    pub(crate) fn build(workspace: &Workspace, short: bool) -> Result<Self> {
        // For the whole workspace the dependencies are those that its tests have, compiled already.
        let (profile, of) = if short {
            ("dev", &["--workspace"][..])
        } else {
            ("bench", &["--package", "firstglance"][..])
        };
        let messages = capture(
            workspace
                .cargo()
                .arg("bench")
                .args(of)
                .args(["--bench", "load", "--profile", profile])
                .args(["--no-run", "--message-format=json-render-diagnostics"])
                .stderr(Stdio::inherit()),
        )?;
        let mut programs = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            (message.pointer("/target/name")?.as_str()? == "load").then_some(())?;
            Some(message.get("executable")?.as_str()?.into())
        });
        let program = programs.next_back();
        Ok(Self(
            program.context("cargo named no program for the load")?,
        ))
    }

    /// The program with arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Value> {
        finish(self.start(arguments)?)
    }

    /// Stores profiles of so many visitors.
    pub(crate) fn fill(&self, server: &Server, visitors: u64) -> Result<Value> {
        let (address, visitors) = (server.address().to_string(), visitors.to_string());
        self.run(&[
            "fill",
            "--address",
            &address,
            "--write-key",
            WRITE_KEY,
            "--visitors",
            &visitors,
        ])
    }

    /// Holds what is stored against the account of what was acknowledged.
    pub(crate) fn check(&self, server: &Server, account: &str) -> Result<Value> {
        let address = server.address().to_string();
        self.run(&[
            "check",
            "--address",
            &address,
            "--token",
            server.token(),
            "--account",
            account,
        ])
    }

    /// Starts it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child> {
        self.command(arguments)
            .spawn()
            .with_context(|| format!("could not start {}", self.0.display()))
    }
}

/// Waits for the line that it ends with.
pub(crate) fn finish(child: Child) -> Result<Value> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the load ended with {}", output.status);
    }
    serde_json::from_slice(&output.stdout).context("the load did not end with a line of JSON")
}

/// A number of its line.
pub(crate) fn number(line: &Value, pointer: &str) -> Result<f64> {
    let number = line.pointer(pointer).and_then(Value::as_f64);
    number.with_context(|| format!("no {pointer} in {line}"))
}
