//! The tools that the build and the tests need: found, or installed where that is safe.
//!
//! Every installation is announced. What cannot be installed from here is named together with the
//! command that brings it. Never installs into the system without being root on a Debian system.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, capture, run};

/// The compilation target of the tracker.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// What the npm packages in the lock file ask for.
const NODE_AT_LEAST: u32 = 20;

/// The standard library for WebAssembly.
pub(crate) fn ensure_wasm_target(workspace: &Workspace) -> Result<()> {
    let library = capture(workspace.command(rustc()).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]))?;
    if Path::new(library.trim()).is_dir() {
        return Ok(());
    }
    if !answers(workspace.command("rustup").arg("--version")) {
        bail!(
            "the Rust target {WASM_TARGET} is missing, and so is rustup, which would bring it.\n\
             With rustup: rustup target add {WASM_TARGET}\n\
             With Debian's own Rust: apt-get install libstd-rust-dev-wasm32"
        );
    }
    announce(&format!("the Rust target {WASM_TARGET}"), "rustup");
    run(workspace
        .command("rustup")
        .args(["target", "add", WASM_TARGET]))
}

/// `clippy` or `rustfmt`: present as a cargo command, or added by rustup.
pub(crate) fn ensure_component(
    workspace: &Workspace,
    component: &str,
    subcommand: &str,
) -> Result<()> {
    if answers(workspace.cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    if !answers(workspace.command("rustup").arg("--version")) {
        bail!(
            "cargo {subcommand} is missing, and so is rustup, which would bring it with: \
             rustup component add {component}"
        );
    }
    announce(&format!("the Rust component {component}"), "rustup");
    run(workspace
        .command("rustup")
        .args(["component", "add", component]))
}

/// Node, npm and the packages of `package-lock.json`.
pub(crate) fn ensure_npm_packages(workspace: &Workspace) -> Result<()> {
    ensure_node(workspace)?;
    // npm writes this file last, so it also tells an interrupted installation from a finished one.
    let installed = workspace.root.join("node_modules/.package-lock.json");
    let lock = workspace.root.join("package-lock.json");
    let wanted = modified(&lock).with_context(|| format!("no file {}", lock.display()))?;
    if modified(&installed).is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    announce("the npm packages of package-lock.json", "npm ci");
    // No package needs its installation script, and not running any is one risk less.
    run(workspace.command(npm()).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))
}

/// A program of an npm package, ready to be given arguments.
pub(crate) fn node_tool(workspace: &Workspace, name: &str) -> Command {
    let suffix = if cfg!(windows) { ".cmd" } else { "" };
    workspace.command(
        workspace
            .root
            .join(format!("node_modules/.bin/{name}{suffix}")),
    )
}

fn ensure_node(workspace: &Workspace) -> Result<()> {
    let present = || {
        answers(workspace.command("node").arg("--version"))
            && answers(workspace.command(npm()).arg("--version"))
    };
    if !present() {
        if !may_use_apt() {
            bail!(
                "node or npm is missing (at least version {NODE_AT_LEAST} of node is needed).\n\
                 On Debian or Ubuntu: apt-get install nodejs npm\n\
                 On macOS: brew install node"
            );
        }
        apt_install(workspace, &["nodejs", "npm"])?;
        if !present() {
            bail!("node and npm are still missing after their installation");
        }
    }
    let version = capture(workspace.command("node").arg("--version"))?;
    match major_version(&version) {
        Some(major) if major >= NODE_AT_LEAST => Ok(()),
        _ => bail!(
            "node {} is too old: version {NODE_AT_LEAST} or later is needed",
            version.trim()
        ),
    }
}

/// Segment's libraries at the versions that `tests/sdks` names; answers their folder.
pub(crate) fn ensure_sdks(workspace: &Workspace) -> Result<PathBuf> {
    ensure_node(workspace)?;
    let wanted = workspace.root.join("tests/sdks");
    let folder = workspace.target.join("sdks");
    let requirements = wanted.join("requirements.txt");
    let lock = fs::read_to_string(wanted.join("package-lock.json"))?;
    let versions = lock + &fs::read_to_string(&requirements)?;
    // Written last, so that an interrupted installation is not taken for a finished one.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == versions) {
        return Ok(folder);
    }
    ensure_python(workspace)?;
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(wanted.join(file), folder.join(file))?;
    }
    announce("Segment's libraries for the tests", "npm and pip");
    // Not `npm ci`: it wants native parts of other systems in the lock file, which nobody uses here.
    run(workspace.command(npm()).current_dir(&folder).args([
        "install",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))?;
    let python = folder.join("python");
    run(workspace
        .command("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&python))?;
    let program = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    run(workspace
        .command(python.join(program))
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-deps", "--requirement"])
        .arg(&requirements))?;
    fs::write(installed, versions)?;
    Ok(folder)
}

/// Python with what makes an environment of its own.
fn ensure_python(workspace: &Workspace) -> Result<()> {
    let present = || {
        let mut command = workspace.command("python3");
        answers(command.args(["-c", "import ensurepip, venv"]))
    };
    if present() {
        return Ok(());
    }
    if !may_use_apt() {
        bail!(
            "python3 with venv is missing.\n\
             On Debian or Ubuntu: apt-get install python3 python3-venv\n\
             On macOS: brew install python"
        );
    }
    apt_install(workspace, &["python3", "python3-venv"])?;
    if !present() {
        bail!("python3 with venv is still missing after its installation");
    }
    Ok(())
}

/// A Chromium that the browser tests can drive.
pub(crate) fn ensure_chromium(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("CHROMIUM") {
        let chosen = PathBuf::from(chosen);
        if !chosen.is_file() {
            bail!(
                "CHROMIUM names {}, which is not a file",
                workspace.shown(&chosen)
            );
        }
        return Ok(chosen);
    }
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    let advice = "Debian: apt-get install chromium\n\
                  macOS: brew install --cask chromium\n\
                  One that is installed elsewhere: CHROMIUM=/path/to/chromium cargo xtask test";
    if !may_use_apt() {
        bail!("no Chromium was found for the browser tests.\n{advice}");
    }
    apt_install(workspace, &["chromium"])?;
    find_chromium().with_context(|| {
        format!("apt-get installed chromium, yet no such program is there.\n{advice}")
    })
}

fn find_chromium() -> Option<PathBuf> {
    const NAMES: [&str; 4] = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    const ELSEWHERE: [&str; 3] = [
        "/usr/bin/chromium",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    let path = env::var_os("PATH").unwrap_or_default();
    NAMES
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)))
        .chain(ELSEWHERE.iter().map(PathBuf::from))
        .find(|candidate| candidate.is_file())
}

/// Installs Debian packages; the caller has asked `may_use_apt`.
fn apt_install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    announce(&packages.join(" and "), "apt-get");
    let apt = || {
        let mut command = workspace.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        command
    };
    run(apt().arg("update"))?;
    run(apt()
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
}

/// Whether this is a Debian (or its descendant) on which we are root.
fn may_use_apt() -> bool {
    is_root()
        && Path::new("/etc/debian_version").exists()
        && answers(Command::new("apt-get").arg("--version"))
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// The compiler that cargo would call.
pub(crate) fn rustc() -> std::ffi::OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn announce(what: &str, with: &str) {
    eprintln!("Installing {what} (with {with}).");
}

/// Whether a command can be started and succeeds.
fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// `v20.11.1` is 20.
fn major_version(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_node() {
        assert_eq!(major_version("v20.11.1\n"), Some(20));
        assert_eq!(major_version("v9.0.0"), Some(9));
        assert_eq!(major_version("unknown"), None);
    }
}
