//! Compiles the tracker to WebAssembly, as small and as repeatable as cargo can make it.
//!
//! Never runs wasm-bindgen; it only sees to it that both halves of wasm-bindgen agree.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::tools::{self, WASM_TARGET};
use crate::workspace::{Workspace, capture, run};

/// Compiles the tracker; returns the module's path.
///
/// As a `cdylib` only: the package is an `rlib` as well, for its tests, and for such a pair cargo
/// leaves link-time optimisation out, whatever the profile says. It is worth a quarter of the bytes.
pub(crate) fn compile(workspace: &Workspace) -> Result<PathBuf> {
    compile_with(workspace, &[])
}

/// Compiles the tracker with features that no page needs, in a folder apart: the page's own would
/// be compiled again after each change of features.
pub(crate) fn compile_with(workspace: &Workspace, features: &[&str]) -> Result<PathBuf> {
    let target = if features.is_empty() {
        workspace.target.clone()
    } else {
        workspace.target.join("proof/cargo")
    };
    run(workspace
        .cargo()
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(workspace)?)
        .args(["rustc", "--package", "firstglance-tracker"])
        .args(["--lib", "--crate-type", "cdylib"])
        .args(["--features", &features.join(",")])
        .args(["--target", WASM_TARGET, "--profile", "wasm"]))?;
    Ok(target
        .join(WASM_TARGET)
        .join("wasm/firstglance_tracker.wasm"))
}

/// The caller's own flags, and prefixes that are cut from source paths. Panic messages carry such
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

/// wasm-bindgen's two halves only understand each other when they have the same version.
pub(crate) fn check_versions(workspace: &Workspace) -> Result<()> {
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock"))
        .context("Cargo.lock cannot be read")?;
    let library = locked_versions(&lock, "wasm-bindgen");
    let tool = locked_versions(&lock, "wasm-bindgen-cli-support");
    if library.len() != 1 || library != tool {
        bail!(
            "Cargo.lock has wasm-bindgen {} and wasm-bindgen-cli-support {}, which must be one \
             and the same version.\nTo bring them together: \
             cargo update wasm-bindgen wasm-bindgen-cli-support",
            library.join(" and "),
            tool.join(" and "),
        );
    }
    Ok(())
}

/// The versions of a package in `Cargo.lock`.
pub(crate) fn locked_versions<'a>(lock: &'a str, package: &str) -> Vec<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while let Some(line) = lines.next() {
        if line == name
            && let Some(version) = lines
                .next()
                .and_then(|line| line.strip_prefix("version = \""))
                .and_then(|rest| rest.strip_suffix('"'))
        {
            versions.push(version);
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions_from_the_lock() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \
                    \"a-b\"\nversion = \"4.5.6\"\n";
        assert_eq!(locked_versions(lock, "a"), ["1.2.3"]);
        assert_eq!(locked_versions(lock, "a-b"), ["4.5.6"]);
        assert!(locked_versions(lock, "b").is_empty());
    }
}
