//! Other trackers, to be run beside Firstglance: fetched when they are needed, at the exact
//! versions of `tests/peers/package-lock.json`.
//!
//! They live in the target folder. Nothing of them is committed, shipped, or run while it is
//! installed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::{Workspace, run};

/// The folder with the list of packages and its lock file.
const LISTED: &str = "tests/peers";

/// Installs the packages unless they are there; returns the folder that has `node_modules`.
///
/// # Errors
///
/// When npm fails, above all without a network.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    tools::ensure_node(workspace)?;
    let folder = workspace.target.join("peers");
    let listed = workspace.root.join(LISTED);
    let lock = fs::read_to_string(listed.join("package-lock.json"))
        .with_context(|| format!("no file {LISTED}/package-lock.json"))?;
    // Written when everything is there, so it also tells an interrupted installation.
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(listed.join(name), folder.join(name))
            .with_context(|| format!("could not copy {LISTED}/{name}"))?;
    }
    tools::announce(
        &format!(
            "the other trackers of {LISTED}, into {}",
            workspace.shown(&folder)
        ),
        "npm ci",
    );
    run(tools::npm_ci(workspace).current_dir(&folder))?;
    fs::write(&installed, lock)?;
    Ok(folder)
}
