//! Where things are, and how other programs are called.
//!
//! Finds the workspace's root and target folder and hands out commands that run there. Never
//! decides what to build and never installs anything.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The folders that every command needs.
pub(crate) struct Workspace {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, absolute.
    pub(crate) target: PathBuf,
    cargo: OsString,
    /// Whether the collector's build script finds the assets without being told.
    usual_folders: bool,
}

impl Workspace {
    /// Asks cargo itself, so that `CARGO_TARGET_DIR` and cargo's own configuration both count.
    pub(crate) fn locate() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir
            .parent()
            .context("the xtask folder has no parent folder")?
            .to_path_buf();
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());

        // In the caller's folder, not in the root: a relative `CARGO_TARGET_DIR` is relative to it.
        let text = capture(
            Command::new(&cargo)
                .args(["metadata", "--no-deps", "--format-version=1"])
                .arg("--manifest-path")
                .arg(root.join("Cargo.toml")),
        )?;
        let metadata: serde_json::Value =
            serde_json::from_str(&text).context("cargo metadata did not answer in JSON")?;
        let folder = |name| {
            metadata
                .get(name)
                .and_then(serde_json::Value::as_str)
                .map(PathBuf::from)
        };
        let target = folder("target_directory").context("cargo metadata names no target folder")?;
        let usual_folders = target == root.join("target")
            && folder("build_directory").is_none_or(|build| build == target);
        Ok(Self {
            root,
            target,
            cargo,
            usual_folders,
        })
    }

    /// A cargo command in the root, with the same target folder and with the assets of this build.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target);
        // The collector's build script finds the default folder by itself. Naming it only when it
        // lies elsewhere keeps a plain `cargo build` from seeing a changed environment and
        // compiling the collector again.
        if !self.usual_folders {
            command.env("FIRSTGLANCE_ASSETS", self.assets());
        }
        command
    }

    /// Any other program, in the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Any other program, in the root, behind everything else that runs: it takes of the processor what
    /// nobody else wants.
    pub(crate) fn behind(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        if cfg!(not(unix)) {
            return self.command(program);
        }
        let mut command = self.command("nice");
        command.args(["-n", "19"]).arg(program);
        command
    }

    /// What the console loads.
    pub(crate) fn console(&self) -> PathBuf {
        self.target.join("console")
    }

    /// What a page loads, ready for the collector to embed.
    pub(crate) fn assets(&self) -> PathBuf {
        self.target.join("assets")
    }

    /// The collector as `cargo xtask build` leaves it.
    pub(crate) fn collector(&self) -> PathBuf {
        self.target
            .join("release")
            .join(format!("firstglance{}", env::consts::EXE_SUFFIX))
    }

    /// A path as a reader wants to see it: relative to the root where that is possible.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// Runs a command with its output on this terminal; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown_command(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("could not start: {line}"))?;
    if !status.success() {
        bail!("this command failed ({status}): {line}");
    }
    Ok(())
}

/// Runs a command and returns what it wrote; its complaints are part of the error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = shown_command(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start: {line}"))?;
    if !output.status.success() {
        bail!(
            "this command failed ({}): {line}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("not UTF-8: the output of {line}"))
}

/// The command as one would type it, without its folder and the environment.
fn shown_command(command: &Command) -> String {
    let program = Path::new(command.get_program());
    std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            if word.chars().any(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("bin/cargo");
        command.args(["test", "--", "two words"]);
        assert_eq!(shown_command(&command), "cargo test -- 'two words'");
    }
}
