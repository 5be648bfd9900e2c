//! The page's module for proofs, with the plain glue of wasm-bindgen: as a page has it, and with
//! explanations. Never what a page loads; that is `assets`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::WASM_OPT_OPTIONS;
use crate::tools;
use crate::tracker;
use crate::workspace::{Workspace, run};

/// The folder in which both are made.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("proof")
}

/// Builds the module and its glue; returns their folder. `features` are those of the tracker.
pub(crate) fn build(workspace: &Workspace, name: &str, features: &[&str]) -> Result<PathBuf> {
    tools::ensure_wasm_target(workspace)?;
    tools::ensure_npm_packages(workspace)?;
    tracker::check_versions(workspace)?;
    let made = folder(workspace).join(name);
    fs::create_dir_all(&made)?;
    let compiled = tracker::compile_with(workspace, features)?;
    bind(workspace, &compiled, &made)?;
    Ok(made)
}

fn bind(workspace: &Workspace, module: &Path, made: &Path) -> Result<()> {
    let mut output = Bindgen::new()
        .input_path(module)
        .out_name("fg")
        .web(true)?
        .typescript(false)
        .generate_output()
        .context("wasm-bindgen could not read the tracker")?;
    output.emit(made)?;
    // Optimised like the page's own: what is proved must hold of that.
    let module = made.join("fg_bg.wasm");
    run(tools::node_tool(workspace, "wasm-opt")
        .args(WASM_OPT_OPTIONS)
        .arg(&module)
        .arg("-o")
        .arg(&module))
}
