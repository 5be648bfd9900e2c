//! `target/release/firstglance`: the collector with what a page loads inside it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::assets::{self, Asset};
use crate::workspace::{Workspace, run};

/// Assets first, because the collector embeds them.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<Asset>> {
    let assets = assets::build(workspace)?;
    build_collector(workspace)?;
    Ok(assets)
}

/// The collector alone, with the assets as they are.
pub(crate) fn build_collector(workspace: &Workspace) -> Result<()> {
    run(workspace
        .cargo()
        .args(["build", "--release", "--package", "firstglance"]))
}

/// The collector that a proof runs: the one that the user names, or else one that is built now.
pub(crate) fn under_test(workspace: &Workspace, chosen: Option<&Path>) -> Result<PathBuf> {
    let binary = match chosen {
        Some(binary) => std::path::absolute(binary)?,
        None => {
            build(workspace)?;
            workspace.collector()
        }
    };
    if !binary.is_file() {
        bail!("there is no collector at {}", binary.display());
    }
    Ok(binary)
}
