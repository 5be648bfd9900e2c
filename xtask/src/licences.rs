//! What is embedded of others: the licences of the npm packages of which parts reach a browser, word for
//! word as they come with them, and the names, versions and licences of the crates in the collector.
//! Everything is read from what the build uses anyway; nothing is asked of anybody's server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::workspace::{Workspace, capture};

/// Packages of which parts are embedded: those of the console, and the one that pages may ask for.
const PACKAGES: [&str; 3] = ["htmx.org", "uplot", "web-vitals"];

/// What names a file with a licence may have.
const TEXTS: [&str; 3] = ["LICENSE", "LICENSE.md", "LICENSE.txt"];

/// The package whose program embeds them.
const COLLECTOR: &str = "firstglance";

/// As the console reads it.
pub(crate) fn gathered(workspace: &Workspace) -> Result<Vec<u8>> {
    let packages = PACKAGES.iter().map(|name| package(workspace, name));
    let packages: Vec<Value> = packages.collect::<Result<_>>()?;
    let crates = crates(workspace)?;
    Ok(serde_json::to_vec(
        &json!({ "packages": packages, "crates": crates }),
    )?)
}

fn package(workspace: &Workspace, name: &str) -> Result<Value> {
    let folder = workspace.root.join("node_modules").join(name);
    let about = fs::read_to_string(folder.join("package.json"))
        .with_context(|| format!("no package {name}"))?;
    let about: Value = serde_json::from_str(&about)?;
    let mut texts = TEXTS.iter().map(|file| folder.join(file));
    let text = texts.find_map(|path| fs::read_to_string(path).ok());
    let text = text.with_context(|| format!("the package {name} brings no licence"))?;
    Ok(json!({
        "name": name,
        "version": about["version"],
        "licence": about["license"],
        "text": text,
    }))
}

/// The crates that are in the collector on this machine, without the workspace's own and without what
/// only builds or tests it.
fn crates(workspace: &Workspace) -> Result<Vec<Value>> {
    let rustc = capture(Command::new("rustc").arg("-vV"))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not tell its host")?;
    let metadata = capture(
        workspace
            .cargo()
            .args(["metadata", "--format-version=1", "--locked"])
            .args(["--filter-platform", host, "--manifest-path"])
            .arg(workspace.root.join("Cargo.toml")),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut packages = BTreeMap::new();
    for one in list(&metadata["packages"]) {
        packages.insert(id(&one["id"]), one);
    }
    let mut needs = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = list(&node["deps"]).into_iter().filter(|dependency| {
            let kinds = list(&dependency["dep_kinds"]);
            kinds.iter().any(|kind| kind["kind"].is_null())
        });
        let normal: Vec<String> = normal.map(|dependency| id(&dependency["pkg"])).collect();
        needs.insert(id(&node["id"]), normal);
    }
    let mut waiting: Vec<String> = packages
        .iter()
        .filter(|(_, one)| one["name"] == COLLECTOR && one["source"].is_null())
        .map(|(id, _)| id.clone())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(one) = waiting.pop() {
        if found.insert(one.clone()) {
            waiting.extend(needs.get(&one).cloned().unwrap_or_default());
        }
    }
    let others = packages
        .iter()
        .filter(|(id, one)| found.contains(*id) && !one["source"].is_null());
    let told = others.map(|(_, one)| {
        json!({ "name": one["name"], "version": one["version"], "licence": one["license"] })
    });
    let mut told: Vec<Value> = told.collect();
    told.sort_by_key(|one| (id(&one["name"]), id(&one["version"])));
    Ok(told)
}
