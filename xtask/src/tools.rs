//! The tools that the build and the tests need: found, or installed where that is safe.
//!
//! Every installation is announced. What cannot be installed from here is named together with the
//! command that brings it. Never installs into the system without being root on a Debian system.

use std::env;
use std::fs::{self, File};
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
    let present = || Path::new(library.trim()).is_dir();
    if present() {
        return Ok(());
    }
    if !answers(workspace.command("rustup").arg("--version")) {
        bail!(
            "the Rust target {WASM_TARGET} is missing, and so is rustup, which would bring it.\n\
             With rustup: rustup target add {WASM_TARGET}\n\
             With Debian's own Rust: apt-get install libstd-rust-dev-wasm32"
        );
    }
    let _turn = installing(workspace)?;
    if present() {
        return Ok(());
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
    let present = || answers(workspace.cargo().args([subcommand, "--version"]));
    if present() {
        return Ok(());
    }
    if !answers(workspace.command("rustup").arg("--version")) {
        bail!(
            "cargo {subcommand} is missing, and so is rustup, which would bring it with: \
             rustup component add {component}"
        );
    }
    let _turn = installing(workspace)?;
    if present() {
        return Ok(());
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
    let present = || modified(&installed).is_some_and(|installed| installed >= wanted);
    if present() {
        return Ok(());
    }
    let _turn = installing(workspace)?;
    if present() {
        return Ok(());
    }
    announce("the npm packages of package-lock.json", "npm ci");
    run(&mut npm_ci(workspace))
}

/// The command that installs exactly what the lock file of its folder says.
pub(crate) fn npm_ci(workspace: &Workspace) -> Command {
    let mut command = workspace.command(npm_program());
    // No package needs its installation script, and not running any is one risk less.
    command.args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]);
    command
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

/// npm itself, in a folder that the caller names.
pub(crate) fn npm(workspace: &Workspace) -> Command {
    workspace.command(npm_program())
}

/// What Debian packages bring, each proved by a command that succeeds where it is there.
pub(crate) fn ensure_debian_packages(
    workspace: &Workspace,
    proofs: &[&[&str]],
    packages: &[&str],
) -> Result<()> {
    let missing = || {
        proofs.iter().find_map(|proof| {
            let (program, arguments) = proof.split_first()?;
            (!answers(workspace.command(program).args(arguments))).then(|| proof.join(" "))
        })
    };
    let Some(proof) = missing() else {
        return Ok(());
    };
    if !may_use_apt() {
        bail!(
            "this command fails, so something is missing: {proof}\nOn Debian as root: apt-get install {}",
            packages.join(" ")
        );
    }
    apt_install(workspace, packages)?;
    match missing() {
        Some(proof) => bail!(
            "apt-get installed {}, yet this command fails: {proof}",
            packages.join(" and ")
        ),
        None => Ok(()),
    }
}

/// Node and npm, new enough.
pub(crate) fn ensure_node(workspace: &Workspace) -> Result<()> {
    let present = || {
        answers(workspace.command("node").arg("--version"))
            && answers(workspace.command(npm_program()).arg("--version"))
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
    run(npm(workspace).current_dir(&folder).args([
        "install",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]))?;
    install_python_packages(workspace, &folder.join("python"), &requirements)?;
    fs::write(installed, versions)?;
    Ok(folder)
}

/// What holds `/openapi.json` against a collector, at the versions that `tests/openapi` names; answers
/// the folder of the programs.
pub(crate) fn ensure_openapi(workspace: &Workspace) -> Result<PathBuf> {
    let packages = "schemathesis and openapi-spec-validator";
    ensure_python_packages(workspace, "openapi", packages)
}

/// What the statistics are held against, at the versions that `tests/statistics` names; answers the
/// Python that has it.
pub(crate) fn ensure_statistics(workspace: &Workspace) -> Result<PathBuf> {
    let programs = ensure_python_packages(workspace, "statistics", "SciPy and statsmodels")?;
    Ok(programs.join("python"))
}

/// The packages that a folder of the tests names with their versions, in an environment of their own;
/// answers the folder of its programs.
fn ensure_python_packages(workspace: &Workspace, tests: &str, packages: &str) -> Result<PathBuf> {
    let folder = workspace.target.join(tests);
    let environment = folder.join("python");
    let programs = environment.join(PYTHON_PROGRAMS);
    let requirements = workspace
        .root
        .join("tests")
        .join(tests)
        .join("requirements.txt");
    let versions = fs::read_to_string(&requirements)?;
    // Written last, so that an interrupted installation is not taken for a finished one.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == versions) {
        return Ok(programs);
    }
    ensure_python(workspace)?;
    fs::create_dir_all(&folder)?;
    announce(packages, "pip");
    install_python_packages(workspace, &environment, &requirements)?;
    fs::write(installed, versions)?;
    Ok(programs)
}

/// Where an environment of Python's has its programs.
const PYTHON_PROGRAMS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// A new environment with exactly these packages.
fn install_python_packages(
    workspace: &Workspace,
    environment: &Path,
    requirements: &Path,
) -> Result<()> {
    run(workspace
        .command("python3")
        .args(["-m", "venv", "--clear"])
        .arg(environment))?;
    run(workspace
        .command(environment.join(PYTHON_PROGRAMS).join("python"))
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-deps", "--requirement"])
        .arg(requirements))
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

/// A program that is found, or brought by a Debian package.
struct Browser {
    /// What it is called in messages.
    name: &'static str,
    /// The variable of the environment that names another one.
    variable: &'static str,
    /// Names that it may have in the path.
    programs: &'static [&'static str],
    /// Where it may be besides.
    elsewhere: &'static [&'static str],
    package: &'static str,
    /// How it is installed where there is no Debian package.
    advice: &'static str,
}

const CHROMIUM: Browser = Browser {
    name: "Chromium",
    variable: "CHROMIUM",
    programs: &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ],
    elsewhere: &[
        "/usr/bin/chromium",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
    package: "chromium",
    advice: "macOS: brew install --cask chromium",
};

const FIREFOX: Browser = Browser {
    name: "Firefox",
    variable: "FIREFOX",
    programs: &["firefox-esr", "firefox"],
    elsewhere: &[
        "/usr/bin/firefox-esr",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
    ],
    package: "firefox-esr",
    advice: "macOS: brew install --cask firefox",
};

/// A Chromium that the browser tests can drive.
pub(crate) fn ensure_chromium(workspace: &Workspace) -> Result<PathBuf> {
    CHROMIUM.ensure(workspace)
}

/// A Firefox that the browser tests can drive.
pub(crate) fn ensure_firefox(workspace: &Workspace) -> Result<PathBuf> {
    FIREFOX.ensure(workspace)
}

impl Browser {
    fn ensure(&self, workspace: &Workspace) -> Result<PathBuf> {
        if let Some(chosen) = env::var_os(self.variable) {
            let chosen = PathBuf::from(chosen);
            if !chosen.is_file() {
                bail!(
                    "{} names {}, which is not a file",
                    self.variable,
                    workspace.shown(&chosen)
                );
            }
            return Ok(chosen);
        }
        let find = || find_program(self.programs, self.elsewhere);
        if let Some(found) = find() {
            return Ok(found);
        }
        let Self {
            name,
            variable,
            package,
            advice,
            ..
        } = self;
        let advice = format!(
            "Debian: apt-get install {package}\n{advice}\n\
             One that is installed elsewhere: {variable}=/path/to/it cargo xtask …"
        );
        if !may_use_apt() {
            bail!("no {name} was found for the browser tests.\n{advice}");
        }
        apt_install(workspace, &[package])?;
        find().with_context(|| {
            format!("apt-get installed {package}, yet no such program is there.\n{advice}")
        })
    }
}

/// WebKitGTK with its WebDriver, and a screen without a monitor for it.
pub(crate) fn ensure_webkit(workspace: &Workspace) -> Result<()> {
    const PROGRAMS: [&str; 2] = ["WebKitWebDriver", "Xvfb"];
    const PACKAGES: [&str; 2] = ["webkit2gtk-driver", "xvfb"];
    let missing = || {
        PROGRAMS
            .iter()
            .find(|program| find_program(&[**program], &[]).is_none())
    };
    if missing().is_none() {
        return Ok(());
    }
    if may_use_apt() {
        apt_install(workspace, &PACKAGES)?;
    }
    if let Some(program) = missing() {
        bail!(
            "no {program} was found for the tests in WebKitGTK.\n\
             Debian: apt-get install {}\n\
             Without WebKitGTK: --browser chromium --browser firefox",
            PACKAGES.join(" ")
        );
    }
    Ok(())
}

/// The first that is there: by these names in the path, then at these places.
fn find_program(names: &[&str], elsewhere: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)))
        .chain(elsewhere.iter().map(PathBuf::from))
        .find(|candidate| candidate.is_file())
}

/// Installs Debian packages; the caller has asked `may_use_apt`.
fn apt_install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    let _turn = installing(workspace)?;
    announce(&packages.join(" and "), "apt-get");
    run(apt(workspace).arg("update"))?;
    run(apt(workspace)
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
}

/// Unpacks Debian packages into a folder, without installing them.
pub(crate) fn unpack_debian_packages(
    workspace: &Workspace,
    packages: &[&str],
    folder: &Path,
) -> Result<()> {
    if !may_use_apt() {
        bail!(
            "Debian packages are needed, and can be fetched only on Debian as root: {}",
            packages.join(" ")
        );
    }
    let fetched = tempfile::tempdir()?;
    eprintln!("Fetching {} (with apt-get).", packages.join(" and "));
    run(apt(workspace).arg("update"))?;
    run(apt(workspace)
        .current_dir(fetched.path())
        .arg("download")
        // Else it complains that its own user cannot write there.
        .args(["-o", "APT::Sandbox::User=root"])
        .args(packages))?;
    for entry in fs::read_dir(fetched.path())? {
        run(workspace
            .command("dpkg-deb")
            .arg("--extract")
            .arg(entry?.path())
            .arg(folder))?;
    }
    Ok(())
}

fn apt(workspace: &Workspace) -> Command {
    let mut command = workspace.command("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
    command
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

fn npm_program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// Waits for whoever installs something now: commands that run side by side would want the same. The
/// turn ends with what is returned; whoever has it looks again whether anything is missing.
fn installing(workspace: &Workspace) -> Result<File> {
    fs::create_dir_all(&workspace.target)?;
    let turn = File::create(workspace.target.join("installing"))?;
    turn.lock()
        .context("whether something is being installed cannot be known")?;
    Ok(turn)
}

/// Says what is being installed, and with what.
pub(crate) fn announce(what: &str, with: &str) {
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
