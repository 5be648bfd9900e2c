//! Makes what a page loads: the loader, the script and the WebAssembly module, each also compressed.
//!
//! The script is `tracker-wasm/page/` with the glue of wasm-bindgen, which it imports as `engine`,
//! bundled into one file. Each file of `tracker-wasm/parts/` is a part that few pages need, a script
//! of its own. Loader, script, module and parts name each other by the hash of their content, and
//! the browser checks each of them but the loader.
//!
//! The result lies in `target/assets/`, from where the collector's build script embeds it. Files
//! that did not change are not written, so that cargo does not compile the collector again; when
//! no input changed, nothing but the tracker's own compilation runs at all. Never touches the
//! collector.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::glue::{self, IMPORT_MODULE, SHORT_IMPORT_MODULE};
use crate::tools;
use crate::tracker;
use crate::workspace::{Workspace, capture, run};

const LOADER: &str = "tracker-wasm/loader/loader.js";
const LOADER_NAME: &str = "fg.js";
/// The folder of the page's script, and the module in it that starts it.
const PAGE: &str = "tracker-wasm/page";
const PAGE_MAIN: &str = "tracker-wasm/page/main.js";
/// The name by which the script imports the glue.
const ENGINE_MODULE: &str = "engine";
/// The folder of the parts, and those that are one: the others are shared by them.
const PARTS_FOLDER: &str = "tracker-wasm/parts";
const PARTS: [&str; 4] = ["consent", "debug", "errors", "vitals"];
const SCRIPT_PLACEHOLDER: &str = "__SCRIPT__";
const INTEGRITY_PLACEHOLDER: &str = "__INTEGRITY__";
const COMPRESS: &str = include_str!("compress.mjs");

/// The loader decides whether the browser is new enough, so an old one must be able to read it.
/// `import()` stays as it is: only a module can load a module, and the loader guards the call.
const LOADER_OPTIONS: [&str; 6] = [
    "--minify",
    "--format=iife",
    "--target=es2017",
    "--supported:dynamic-import=true",
    "--charset=utf8",
    "--legal-comments=none",
];

/// The script runs beside a module with the features below, so the first browsers that have them
/// all are its floor.
const SCRIPT_TARGET: &str = "--target=chrome96,firefox79,safari15";

const TERSER_OPTIONS: [&str; 7] = [
    "--module",
    "--toplevel",
    "--ecma=2021",
    "--compress",
    "passes=3,ecma=2021,hoist_funs,sequences=false,lhs_constants=false",
    "--mangle",
    "--comments=false",
];

/// What rustc's `wasm32-unknown-unknown` and wasm-bindgen use, and not more.
pub(crate) const WASM_OPT_OPTIONS: [&str; 17] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-reference-types",
    "--enable-multivalue",
    // Flat code lets the second round find more that is the same: one part in a hundred.
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--converge",
    "-Oz",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--zero-filled-memory",
];

/// One file that a page loads.
pub(crate) struct Asset {
    /// What it is, for the size table.
    pub(crate) title: String,
    /// Whether a page loads it only where something asks for it.
    pub(crate) is_optional: bool,
    /// Its bytes as they are.
    pub(crate) raw: u64,
    /// Its bytes after gzip -9.
    pub(crate) gzip: u64,
    /// Its bytes after brotli 11.
    pub(crate) brotli: u64,
}

/// Brings `target/assets/` up to date.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<Asset>> {
    tools::ensure_wasm_target(workspace)?;
    tools::ensure_npm_packages(workspace)?;
    tracker::check_versions(workspace)?;

    let loader_path = workspace.root.join(LOADER);
    let loader = fs::read_to_string(&loader_path)
        .with_context(|| format!("the loader {LOADER} cannot be read"))?;
    check_placeholders(&loader).with_context(|| format!("the loader {LOADER}"))?;

    let mut page = Vec::new();
    for folder in [PAGE, PARTS_FOLDER] {
        page.extend(
            read_scripts(&workspace.root.join(folder))
                .with_context(|| format!("the scripts in {folder} cannot be read"))?,
        );
    }

    let module_path = tracker::compile(workspace)?;
    let module = fs::read(&module_path)
        .with_context(|| format!("no module at {}", workspace.shown(&module_path)))?;

    let work = workspace.target.join("assets-work");
    let fingerprint = fingerprint(workspace, &module, loader.as_bytes(), &page)?;
    let stamp = work.join("stamp");
    let current = || describe(&fingerprint, &workspace.assets());
    let built = fs::read_to_string(&stamp).ok();
    if built.is_none() || built != current() {
        let made = work.join("made");
        recreate(&made)?;
        make(workspace, &module_path, &loader_path, &work, &made)?;
        synchronise(&made, &workspace.assets())?;
        let description = current().context("the assets vanished while they were made")?;
        fs::write(&stamp, description)?;
    }
    let titles = fs::read_to_string(work.join(TITLES)).context("the titles of the assets")?;
    measure(&workspace.assets(), &titles)
}

/// What each asset is: a line with its name and its title.
const TITLES: &str = "titles";

/// Everything from the compiled tracker to the files and their compressed forms, into the folder `made`.
fn make(
    workspace: &Workspace,
    module: &Path,
    loader: &Path,
    work: &Path,
    made: &Path,
) -> Result<()> {
    let bound = work.join("bound");
    recreate(&bound)?;
    bind(workspace, module, &bound)?;

    let optimised = work.join("optimised.wasm");
    run(tools::node_tool(workspace, "wasm-opt")
        .args(WASM_OPT_OPTIONS)
        .arg(bound.join("fg_bg.wasm"))
        .arg("-o")
        .arg(&optimised))?;
    let wasm = fs::read(&optimised)?;
    let wasm_name = format!("fg-{}.wasm", content_hash(&wasm));

    let mut files = vec![("WebAssembly", wasm_name, wasm.clone())];
    let mut parts = Vec::new();
    for part in PARTS {
        let entry = workspace.root.join(PARTS_FOLDER).join(format!("{part}.js"));
        let script = bundle(workspace, work, &entry, &[])?.into_bytes();
        parts.push(format!("\"{part}\":{}", reference(&script)));
        files.push((part, script_name(&script), script));
    }
    let script = bundle(
        workspace,
        work,
        &workspace.root.join(PAGE_MAIN),
        &[
            format!(
                "--alias:{ENGINE_MODULE}={}",
                bound.join("glue.js").display()
            ),
            format!("--define:WASM={}", reference(&wasm)),
            format!("--define:PARTS={{{}}}", parts.join(",")),
        ],
    )?
    .into_bytes();

    let loader = capture(
        tools::node_tool(workspace, "esbuild")
            .arg(loader)
            .args(LOADER_OPTIONS)
            .arg("--log-level=warning"),
    )?;
    check_placeholders(&loader).context("the loader after its minification")?;
    let loader = fill_placeholders(&loader, &script_name(&script), &integrity(&script));
    files.push(("script", script_name(&script), script));
    files.push((
        "loader",
        LOADER_NAME.to_owned(),
        loader.trim_end().as_bytes().to_vec(),
    ));

    let mut compress = workspace.command("node");
    compress.args(["--input-type=module", "--eval", COMPRESS, "--"]);
    let mut titles = String::new();
    for (title, name, content) in files {
        titles += &format!("{name} {title}\n");
        let path = made.join(name);
        fs::write(&path, content)?;
        compress.arg(path);
    }
    fs::write(work.join(TITLES), titles)?;
    run(&mut compress)
}

/// Tells browsers that all of a script is needed at once: compiled while it loads, and not function
/// by function on the page's thread. A comment for those that do not know it.
const EAGER: &str = "//# allFunctionsCalledOnLoad";

/// Bundles a script and what it imports into one file, as small as two minifiers make it.
fn bundle(workspace: &Workspace, work: &Path, entry: &Path, more: &[String]) -> Result<String> {
    let script = capture(
        tools::node_tool(workspace, "esbuild")
            .arg(entry)
            .args(more)
            .args(["--bundle", "--minify", "--format=esm", "--charset=utf8"])
            .args([
                "--legal-comments=none",
                "--log-level=warning",
                SCRIPT_TARGET,
            ]),
    )?;
    // A second minifier finds what the first does not look for: one part in twenty-five.
    let bundled = work.join("script.js");
    fs::write(&bundled, script)?;
    let script = capture(
        tools::node_tool(workspace, "terser")
            .arg(&bundled)
            .args(TERSER_OPTIONS),
    )?;
    Ok(format!("{EAGER}\n{}", script.trim_end()))
}

fn script_name(content: &[u8]) -> String {
    format!("fg-{}.js", content_hash(content))
}

/// By what a script knows another file: the hash in its name, and what the browser checks.
fn reference(content: &[u8]) -> String {
    format!("[\"{}\",\"{}\"]", content_hash(content), integrity(content))
}

/// The hash by which a browser checks a file, as Subresource Integrity (W3C) has it.
fn integrity(content: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

/// Runs wasm-bindgen and shrinks its pair: `glue.js` (bundled, not yet minified) and `fg_bg.wasm`.
fn bind(workspace: &Workspace, module: &Path, bound: &Path) -> Result<()> {
    // The standard library was compiled with reference types, which puts a table for the page's
    // objects and the glue that fills it into every module. The engine holds no such object.
    let mut bytes = fs::read(module)?;
    const FEATURE: &[u8] = b"+\x0freference-types";
    if let Some(at) = bytes
        .windows(FEATURE.len())
        .position(|window| window == FEATURE)
    {
        bytes[at] = b'-';
    }
    let mut output = Bindgen::new()
        .input_bytes("fg", bytes)
        .out_name("fg")
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen could not read the tracker")?;
    let has_imports = output.wasm_mut().imports.iter().next().is_some();
    let glue = glue::replace_parts(output.js(), has_imports)?;
    output.emit(bound)?;
    fs::write(bound.join("fg.js"), glue)?;

    // Bundled first: only then is it known which exports of the module are still called.
    let glue = capture(
        tools::node_tool(workspace, "esbuild")
            .arg(bound.join("fg.js"))
            .args(["--bundle", "--format=esm", "--charset=utf8"])
            .args(["--tree-shaking=true", "--log-level=warning", SCRIPT_TARGET]),
    )?;

    let used = glue::used_exports(&glue)?;
    let module = output.wasm_mut();
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !used.contains(&export.name))
        .map(|export| export.id())
        .collect();
    for id in unused {
        module.exports.delete(id);
    }
    let exports = glue::shorten(module.exports.iter().map(|export| export.name.clone()));
    for export in module.exports.iter_mut() {
        if let Some(short) = exports.get(&export.name) {
            export.name.clone_from(short);
        }
    }
    if let Some(missing) = used.iter().find(|name| !exports.contains_key(*name)) {
        bail!("the glue calls `{missing}`, which the module does not export");
    }
    let imports = glue::shorten(
        module
            .imports
            .iter()
            .filter(|import| import.module == IMPORT_MODULE)
            .map(|import| import.name.clone()),
    );
    for import in module.imports.iter_mut() {
        if import.module == IMPORT_MODULE
            && let Some(short) = imports.get(&import.name)
        {
            import.name.clone_from(short);
            SHORT_IMPORT_MODULE.clone_into(&mut import.module);
        }
    }
    fs::write(
        bound.join("glue.js"),
        glue::rename(&glue, &imports, &exports)?,
    )?;
    fs::write(bound.join("fg_bg.wasm"), module.emit_wasm())?;
    Ok(())
}

/// A loader without these would ask for a file that does not exist.
fn check_placeholders(loader: &str) -> Result<()> {
    for (placeholder, what) in [
        (SCRIPT_PLACEHOLDER, "the name of the script"),
        (INTEGRITY_PLACEHOLDER, "the script's hash"),
    ] {
        if !loader.contains(placeholder) {
            bail!("lacks the placeholder {placeholder}, where {what} belongs");
        }
    }
    Ok(())
}

fn fill_placeholders(loader: &str, script: &str, integrity: &str) -> String {
    loader
        .replace(SCRIPT_PLACEHOLDER, script)
        .replace(INTEGRITY_PLACEHOLDER, integrity)
}

/// Changes whenever one of the inputs does, this build's own code and tools included.
fn fingerprint(workspace: &Workspace, module: &[u8], loader: &[u8], page: &[u8]) -> Result<String> {
    let npm_lock = fs::read(workspace.root.join("package-lock.json"))?;
    let cargo_lock = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let versions = tracker::locked_versions(&cargo_lock, "wasm-bindgen-cli-support").join(" ");
    let node = capture(workspace.command("node").arg("--version"))?;
    let inputs: [&[u8]; 7] = [
        module,
        loader,
        page,
        &npm_lock,
        versions.as_bytes(),
        node.as_bytes(),
        concat!(
            include_str!("assets.rs"),
            include_str!("glue.rs"),
            include_str!("tracker.rs"),
            include_str!("compress.mjs")
        )
        .as_bytes(),
    ];
    Ok(inputs.map(content_hash).join("-"))
}

/// All scripts in a folder and the folders in it, one after the other, each with its path.
fn read_scripts(folder: &Path) -> Result<Vec<u8>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            all.extend(read_scripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            all.extend(path.as_os_str().as_encoded_bytes());
            all.extend(fs::read(&path)?);
        }
    }
    Ok(all)
}

/// The fingerprint and what lies in the folder; nothing when the folder cannot be read.
fn describe(fingerprint: &str, folder: &Path) -> Option<String> {
    let mut lines = BTreeSet::new();
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?.to_owned();
        lines.insert(format!("{name} {}\n", content_hash(&fs::read(&path).ok()?)));
    }
    Some(format!("{fingerprint}\n{}", String::from_iter(lines)))
}

/// Makes `to` equal to `from`, touching only what differs.
fn synchronise(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let mut wanted = BTreeSet::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let content = fs::read(entry.path())?;
        if fs::read(&target).ok().as_ref() != Some(&content) {
            // A rename, so that a build that runs at the same time never sees half a file.
            fs::rename(entry.path(), &target)
                .with_context(|| format!("could not write {}", target.display()))?;
        }
        wanted.insert(entry.file_name());
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !wanted.contains(&entry.file_name()) {
            fs::remove_file(entry.path())
                .with_context(|| format!("could not remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// The sizes of what lies in the assets folder: first what a page always loads, in its order. They
/// were made the other way round, for each names the one before.
fn measure(folder: &Path, titles: &str) -> Result<Vec<Asset>> {
    let size = |name: &str| -> Result<u64> {
        let metadata = fs::metadata(folder.join(name));
        Ok(metadata
            .with_context(|| format!("{name} is missing among the assets"))?
            .len())
    };
    let mut assets = Vec::new();
    for line in titles.lines().rev() {
        let (name, title) = line.split_once(' ').context("a title without a name")?;
        assets.push(Asset {
            title: title.to_owned(),
            is_optional: PARTS.contains(&title),
            raw: size(name)?,
            gzip: size(&format!("{name}.gz"))?,
            brotli: size(&format!("{name}.br"))?,
        });
    }
    assets.sort_by_key(|asset| asset.is_optional);
    Ok(assets)
}

/// An empty folder, whatever was there.
fn recreate(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    Ok(())
}

/// Ten hexadecimal digits of FNV-1a (128 bits, folded): enough to tell one release's files from
/// another's. Both come from here, so nobody is looking for collisions.
fn content_hash(content: &[u8]) -> String {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = content.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    });
    let folded = (hash ^ (hash >> 64)) & 0xff_ffff_ffff;
    format!("{folded:010x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_name_and_other_content_another() {
        assert_eq!(content_hash(b"one"), content_hash(b"one"));
        assert_ne!(content_hash(b"one"), content_hash(b"two"));
        assert_eq!(content_hash(b"").len(), 10);
    }

    #[test]
    fn both_placeholders_are_needed_and_all_are_filled() {
        let error = check_placeholders("'__SCRIPT__'").map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains(INTEGRITY_PLACEHOLDER)));
        assert!(check_placeholders("__SCRIPT__ __INTEGRITY__").is_ok());
        assert_eq!(
            fill_placeholders("__SCRIPT__ __INTEGRITY__ __SCRIPT__", "s.js", "sha"),
            "s.js sha s.js"
        );
    }

    #[test]
    fn every_part_has_a_script_and_every_script_is_a_part_or_shared() -> Result<()> {
        let workspace = Workspace::locate()?;
        let mut found = Vec::new();
        for entry in fs::read_dir(workspace.root.join(PARTS_FOLDER))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            found.extend(name.strip_suffix(".js").map(str::to_owned));
        }
        found.retain(|name| name != "kit");
        found.sort();
        assert_eq!(found, PARTS);
        Ok(())
    }

    #[test]
    fn a_changed_or_moved_script_is_noticed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let inner = folder.path().join("inner");
        fs::create_dir_all(&inner)?;
        fs::write(inner.join("a.js"), "1")?;
        fs::write(folder.path().join("notes.txt"), "2")?;
        let before = read_scripts(folder.path())?;
        fs::write(folder.path().join("notes.txt"), "3")?;
        assert_eq!(read_scripts(folder.path())?, before);
        fs::rename(inner.join("a.js"), folder.path().join("a.js"))?;
        assert_ne!(read_scripts(folder.path())?, before);
        Ok(())
    }

    #[test]
    fn synchronising_leaves_equal_files_alone_and_removes_stale_ones() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(&from)?;
        fs::create_dir_all(&to)?;
        fs::write(to.join("same"), "1")?;
        fs::write(to.join("stale"), "2")?;
        let before = fs::metadata(to.join("same"))?.modified()?;
        fs::write(from.join("same"), "1")?;
        fs::write(from.join("new"), "3")?;

        synchronise(&from, &to)?;

        assert_eq!(fs::metadata(to.join("same"))?.modified()?, before);
        assert_eq!(fs::read_to_string(to.join("new"))?, "3");
        assert!(!to.join("stale").exists());
        Ok(())
    }
}
