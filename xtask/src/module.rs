//! Makes the compiled tracker as small as it gets. Never changes what it does.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::tools;
use crate::workspace::{Workspace, run};

/// What the script calls, see `tracker-wasm/src/exports.rs`; the last two only for proofs. What
/// else the linker exports, nobody reads.
const EXPORTS: [&str; 13] = [
    "memory", "forget", "room", "text", "model", "profile", "save", "take", "snapshot", "decide",
    "slots", "parts", "explain",
];

/// What rustc's `wasm32-unknown-unknown` uses, and not more.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-reference-types",
    "--enable-multivalue",
];

const OPTIMISATIONS: [&str; 13] = [
    // Flat code lets the second round find more that is the same: one part in a hundred.
    "--flatten",
    "--rereloop",
    // Functions of their own have fewer locals, which compress better than the bytes of the calls.
    "--one-caller-inline-max-function-size=0",
    "-Oz",
    "-Oz",
    "--converge",
    "-Oz",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--zero-filled-memory",
    // The stack lies lowest and grows down: its last kilobyte is never reached, for nothing in the
    // module calls itself.
    "--low-memory-unused",
    "-Oz",
];

/// Optimises the module at `from` into one at `to`.
pub(crate) fn optimise(workspace: &Workspace, from: &Path, to: &Path) -> Result<()> {
    let graph = to.with_extension("exports.json");
    fs::write(&graph, export_graph().to_string())
        .with_context(|| format!("could not write {}", graph.display()))?;
    run(tools::node_tool(workspace, "wasm-metadce")
        .args(FEATURES)
        .arg("--graph-file")
        .arg(&graph)
        .arg(from)
        .arg("-o")
        .arg(to)
        // It lists what it dropped.
        .stdout(std::process::Stdio::null()))?;
    run(tools::node_tool(workspace, "wasm-opt")
        .args(FEATURES)
        .args(OPTIMISATIONS)
        .arg(to)
        .arg("-o")
        .arg(to))
}

/// The exports as what is reached from outside, in the form of `wasm-metadce`.
fn export_graph() -> Value {
    let mut graph: Vec<Value> = EXPORTS
        .iter()
        .map(|export| json!({"name": export, "export": export}))
        .collect();
    graph.push(json!({"name": "outside", "root": true, "reaches": EXPORTS}));
    graph.into()
}
