//! Makes what a page loads: the loader, the script and the WebAssembly module, each also compressed.
//!
//! The script is `tracker-wasm/page/` bundled into one file. Each file of `tracker-wasm/parts/` is a part that few pages need, a script
//! of its own. Loader, script, module and parts name each other by the hash of their content, and
//! the browser checks each of them but the loader.
//!
//! The result lies in `target/assets/`, from where the collector's build script embeds it. Files
//! that did not change are not written, so that cargo does not compile the collector again; when
//! no input changed, nothing but the tracker's own compilation runs at all. Never touches the
//! collector.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::console;
use crate::module;
use crate::tools;
use crate::tracker;
use crate::workspace::{Workspace, capture, run};

const LOADER: &str = "tracker-wasm/loader/loader.js";
const LOADER_NAME: &str = "fg.js";
/// The folder of the page's script, and the module in it that starts it.
const PAGE: &str = "tracker-wasm/page";
const PAGE_MAIN: &str = "tracker-wasm/page/main.js";
/// The folder of the parts, and those that are one: the others are shared by them.
const PARTS_FOLDER: &str = "tracker-wasm/parts";
const PARTS: [&str; 10] = [
    "consent", "debug", "derived", "errors", "forms", "media", "preview", "remote", "typing",
    "vitals",
];
/// The part that knows the others, so that the script needs to know none but it.
const DIRECTORY: &str = "directory";
/// The part that the loader knows: it may be needed before the script is there.
const CONTENT: &str = "content";
/// The modules, each by its title, with the tracker's features: what most pages load, and what those
/// of sites load that have configured interests, segments or a score, in its place.
const MODULES: [(&str, &[&str]); 2] = [(WITH_RULES, &["rules"]), ("WebAssembly", &[])];
/// The title of the module that stands in the place of the other.
pub(crate) const WITH_RULES: &str = "WebAssembly with rules";
const SCRIPT_PLACEHOLDER: &str = "__INTEGRITY__";
const CONTENT_PLACEHOLDER: &str = "__CONTENT__";
pub(crate) const COMPRESS: &str = include_str!("compress.mjs");

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
    console::build(workspace)?;

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

    let mut modules = Vec::new();
    let mut module = Vec::new();
    for (title, features) in MODULES {
        let path = tracker::compile(workspace, features)?;
        module.extend(
            fs::read(&path).with_context(|| format!("no module at {}", workspace.shown(&path)))?,
        );
        modules.push((title, path));
    }

    let work = workspace.target.join("assets-work");
    let fingerprint = fingerprint(workspace, &module, loader.as_bytes(), &page)?;
    bring_up_to_date(&work, &workspace.assets(), &fingerprint, |made| {
        make(workspace, &modules, &loader_path, &work, made)
    })?;
    let titles = fs::read_to_string(work.join(TITLES)).context("the titles of the assets")?;
    measure(&workspace.assets(), &titles)
}

/// Makes what lies in a folder anew where it is not what was made of the same last time; `make` puts it
/// into the folder that it is given.
pub(crate) fn bring_up_to_date(
    work: &Path,
    folder: &Path,
    fingerprint: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let stamp = work.join("stamp");
    let current = || describe(fingerprint, folder);
    let built = fs::read_to_string(&stamp).ok();
    if built.is_some() && built == current() {
        return Ok(());
    }
    let made = work.join("made");
    recreate(&made)?;
    make(&made)?;
    synchronise(&made, folder)?;
    let description = current().context("files vanished while they were made")?;
    Ok(fs::write(&stamp, description)?)
}

/// Writes files into a folder, each also compressed.
pub(crate) fn write_compressed(
    workspace: &Workspace,
    folder: &Path,
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Result<()> {
    let mut compress = workspace.command("node");
    compress.args(["--input-type=module", "--eval", COMPRESS, "--"]);
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content)?;
        compress.arg(path);
    }
    run(&mut compress)
}

/// What each asset is: a line with its name and its title.
const TITLES: &str = "titles";

/// Everything from the compiled tracker to the files and their compressed forms, into the folder `made`.
fn make(
    workspace: &Workspace,
    modules: &[(&'static str, PathBuf)],
    loader: &Path,
    work: &Path,
    made: &Path,
) -> Result<()> {
    let mut files = Vec::new();
    let mut references = Vec::new();
    for (title, module) in modules {
        let optimised = work.join("optimised.wasm");
        module::optimise(workspace, module, &optimised)?;
        let wasm = fs::read(&optimised)?;
        references.push(reference(&wasm));
        files.push((*title, format!("fg-{}.wasm", content_hash(&wasm)), wasm));
    }
    let part = |name: &str, more: &[String]| {
        let entry = workspace.root.join(PARTS_FOLDER).join(format!("{name}.js"));
        bundle(workspace, work, &entry, more).map(String::into_bytes)
    };
    let mut parts = Vec::new();
    for name in PARTS {
        let script = part(name, &[])?;
        parts.push(format!("\"{name}\":{}", reference(&script)));
        files.push((name, script_name(&script), script));
    }
    let parts = format!("--define:PARTS={{{}}}", parts.join(","));
    let content = part(CONTENT, std::slice::from_ref(&parts))?;
    let content_integrity = integrity(&content);
    files.push((CONTENT, script_name(&content), content));
    let directory = part(DIRECTORY, &[parts])?;
    let script = bundle(
        workspace,
        work,
        &workspace.root.join(PAGE_MAIN),
        &[
            format!("--define:WASM=[{}]", references.join(",")),
            format!("--define:DIRECTORY={}", reference(&directory)),
        ],
    )?
    .into_bytes();
    files.push((DIRECTORY, script_name(&directory), directory));

    let loader = capture(
        tools::node_tool(workspace, "esbuild")
            .arg(loader)
            .args(LOADER_OPTIONS)
            .arg("--log-level=warning"),
    )?;
    check_placeholders(&loader).context("the loader after its minification")?;
    let loader = fill_placeholders(&loader, &integrity(&script), &content_integrity);
    files.push(("script", script_name(&script), script));
    files.push((
        "loader",
        LOADER_NAME.to_owned(),
        loader.trim_end().as_bytes().to_vec(),
    ));

    let titles: String = files
        .iter()
        .map(|(title, name, _)| format!("{name} {title}\n"))
        .collect();
    fs::write(work.join(TITLES), titles)?;
    let files = files.into_iter().map(|(_, name, content)| (name, content));
    write_compressed(workspace, made, files)
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

/// By what a script knows another file: what the browser checks, from which its name follows.
fn reference(content: &[u8]) -> String {
    format!("\"{}\"", integrity(content))
}

/// The hash by which a browser checks a file, as Subresource Integrity (W3C) has it.
fn integrity(content: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

/// A loader without these would ask for files that do not exist.
fn check_placeholders(loader: &str) -> Result<()> {
    for (placeholder, what) in [
        (SCRIPT_PLACEHOLDER, "the script's hash"),
        (
            CONTENT_PLACEHOLDER,
            "the hash of the part that adapts the page",
        ),
    ] {
        if !loader.contains(placeholder) {
            bail!("lacks the placeholder {placeholder}, where {what} belongs");
        }
    }
    Ok(())
}

fn fill_placeholders(loader: &str, script: &str, content: &str) -> String {
    loader
        .replace(SCRIPT_PLACEHOLDER, script)
        .replace(CONTENT_PLACEHOLDER, content)
}

/// Changes whenever one of the inputs does, this build's own code and tools included.
fn fingerprint(workspace: &Workspace, module: &[u8], loader: &[u8], page: &[u8]) -> Result<String> {
    let npm_lock = fs::read(workspace.root.join("package-lock.json"))?;
    let node = capture(workspace.command("node").arg("--version"))?;
    let inputs: [&[u8]; 6] = [
        module,
        loader,
        page,
        &npm_lock,
        node.as_bytes(),
        concat!(
            include_str!("assets.rs"),
            include_str!("module.rs"),
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
            is_optional: PARTS.contains(&title)
                || [CONTENT, DIRECTORY, WITH_RULES].contains(&title),
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

/// What tells one release's files from another's in their names: the beginning of [`integrity`], with
/// what may not stand in a name as `_`. So whoever knows that knows the name.
pub(crate) fn content_hash(content: &[u8]) -> String {
    let digest = STANDARD.encode(Sha256::digest(content));
    let name = |sign: char| {
        if sign.is_ascii_alphanumeric() {
            sign
        } else {
            '_'
        }
    };
    digest.chars().take(10).map(name).collect()
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
        let error = check_placeholders("'__INTEGRITY__'").map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains(CONTENT_PLACEHOLDER)));
        assert!(check_placeholders("__INTEGRITY__ __CONTENT__").is_ok());
        assert_eq!(
            fill_placeholders("__INTEGRITY__ __CONTENT__ __INTEGRITY__", "one", "two"),
            "one two one"
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
        let mut known = [&PARTS[..], &[CONTENT, DIRECTORY]].concat();
        known.sort_unstable();
        assert_eq!(found, known);
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
