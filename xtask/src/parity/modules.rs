//! The page's module for proofs, with the script that calls it: as a page has it, and with
//! explanations. Never what a page loads; that is `assets`.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::module;
use crate::tools;
use crate::tracker;
use crate::workspace::Workspace;

/// What calls the module.
const SCRIPT: &str = "tracker-wasm/page/module.js";

/// The folder in which both are made.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("proof")
}

/// Builds the module, with its script beside it; returns their folder. `features` are those of the tracker.
pub(crate) fn build(workspace: &Workspace, name: &str, features: &[&str]) -> Result<PathBuf> {
    tools::ensure_wasm_target(workspace)?;
    tools::ensure_npm_packages(workspace)?;
    let made = folder(workspace).join(name);
    fs::create_dir_all(&made)?;
    let compiled = tracker::compile(workspace, features)?;
    module::optimise(workspace, &compiled, &made.join("fg.wasm"))?;
    fs::copy(workspace.root.join(SCRIPT), made.join("module.js"))?;
    Ok(made)
}
