//! `target/release/firstglance`: the collector with what a page loads inside it.

use anyhow::Result;

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
