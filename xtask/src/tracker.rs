//! Compiles the tracker to WebAssembly, as small and as repeatable as cargo can make it.
//!
//! Never makes it smaller afterwards; that is `module`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tools::{self, WASM_TARGET};
use crate::workspace::{Workspace, capture, run};

/// Compiles the tracker with these features; returns the module's path. Each set of features has a
/// folder of its own, or each would be compiled again after another.
///
/// As a `cdylib` only: the package is an `rlib` as well, for its tests, and for such a pair cargo
/// leaves link-time optimisation out, whatever the profile says. It is worth a quarter of the bytes.
pub(crate) fn compile(workspace: &Workspace, features: &[&str]) -> Result<PathBuf> {
    let target = if features.is_empty() {
        workspace.target.clone()
    } else {
        workspace.target.join("modules").join(features.join("-"))
    };
    run(workspace
        .cargo()
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?)
        .args(["rustc", "--package", "firstglance-tracker"])
        .args(["--lib", "--crate-type", "cdylib", "--no-default-features"])
        .args(["--features", &features.join(",")])
        .args(["--target", WASM_TARGET, "--profile", "wasm"]))?;
    Ok(target
        .join(WASM_TARGET)
        .join("wasm/firstglance_tracker.wasm"))
}

/// Nothing in the module calls itself, so the linker's mebibyte of stack would only make every
/// page's memory larger, and addresses longer.
const STACK: &str = "-Clink-arg=-zstack-size=65536";

/// The caller's own flags, the stack, and prefixes that are cut from source paths. Panic messages carry such
/// paths: without this the module would name this machine's folders, at about 80 bytes each, and
/// differ from machine to machine.
fn flags(workspace: &Workspace) -> Result<String> {
    const SEPARATOR: &str = "\u{1f}";
    let mut all: Vec<String> = match std::env::var("CARGO_ENCODED_RUSTFLAGS") {
        Ok(encoded) => encoded
            .split(SEPARATOR)
            .filter(|flag| !flag.is_empty())
            .map(str::to_owned)
            .collect(),
        Err(_) => std::env::var("RUSTFLAGS")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
    };
    all.push(STACK.to_owned());
    let mut cut = |prefix: &Path, replacement: &str| {
        all.push(format!(
            "--remap-path-prefix={}={replacement}",
            prefix.display()
        ));
    };

    // First, because the last prefix that fits wins, and the others may lie inside this one.
    cut(&workspace.root, "");
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if let Some(sources) = cargo_home.map(|home| home.join("registry/src"))
        && let Ok(entries) = fs::read_dir(sources)
    {
        let mut registries: Vec<PathBuf> =
            entries.flatten().map(|registry| registry.path()).collect();
        registries.sort();
        for registry in registries {
            cut(&registry, "");
        }
    }

    // With the component `rust-src`, the compiler names the standard library where it lies here;
    // without it, by its commit. The latter everywhere.
    let sysroot = capture(
        workspace
            .command(tools::rustc())
            .args(["--print", "sysroot"]),
    )?;
    let version = capture(workspace.command(tools::rustc()).arg("-vV"))?;
    if let Some(commit) = version
        .lines()
        .find_map(|line| line.strip_prefix("commit-hash: "))
    {
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        cut(&library, &format!("/rustc/{commit}"));
    }
    Ok(all.join(SEPARATOR))
}
