//! Embeds what a page loads and what the console loads: turns the folders that `cargo xtask build`
//! fills into tables. And the list of robots that an npm package keeps, see [`robots`].
//!
//! What a page loads lies in `FIRSTGLANCE_ASSETS`, or `assets` in cargo's target folder; what the
//! console loads in `console` beside it. An empty or missing folder gives an empty table, so that
//! `cargo check` works in a fresh clone; half a folder is an error. Never builds the tracker itself.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

/// The one file whose name stays when its content changes.
const LOADER: &str = "fg.js";

/// What the names of all others begin with. There may be any number of them.
const HASHED: &str = "fg-";

/// What the names of the console's files begin with.
const OF_CONSOLE: &str = "console-";

fn main() -> ExitCode {
    match generate().and_then(|()| robots()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=FIRSTGLANCE_ASSETS");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let folder = match env::var_os("FIRSTGLANCE_ASSETS") {
        Some(folder) => {
            let folder = PathBuf::from(folder);
            if !folder.is_dir() {
                return Err(format!(
                    "FIRSTGLANCE_ASSETS names {}, which is not a folder",
                    folder.display()
                )
                .into());
            }
            folder
        }
        None => default_folder(&out, "assets")?,
    };
    let is_asset = |name: &str| name == LOADER || name.starts_with(HASHED);
    let table = table("ASSETS", &folder, is_asset)?;
    fs::write(out.join("assets.rs"), table)?;
    let folder = folder.with_file_name("console");
    let table = if folder.is_dir() {
        self::table("CONSOLE", &folder, |name| name.starts_with(OF_CONSOLE))?
    } else {
        self::table("CONSOLE", &default_folder(&out, "console")?, |_| true)?
    };
    fs::write(out.join("console.rs"), table)?;
    Ok(())
}

/// The files of a folder as a table in Rust, each in three forms.
fn table(
    title: &str,
    folder: &Path,
    belongs: impl Fn(&str) -> bool,
) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?
            .file_name()
            .into_string()
            .map_err(|name| format!("{} is not a name for an asset", name.display()))?;
        if !name.ends_with(".br") && !name.ends_with(".gz") {
            names.push(name);
        }
    }
    names.sort();

    let mut table = format!("static {title}: &[Asset] = &[\n");
    for name in names {
        if !belongs(&name) {
            return Err(format!(
                "{name} is neither {LOADER} nor a file of a hashed name, {HASHED}… or {OF_CONSOLE}…"
            )
            .into());
        }
        let identity = fs::canonicalize(folder.join(&name))?;
        let compressed = |ending: &str| {
            fs::canonicalize(folder.join(format!("{name}{ending}"))).map_err(|error| {
                format!("{name}{ending}: {error}; `cargo xtask build` makes the assets anew")
            })
        };
        let tag = fnv1a(&fs::read(&identity)?);
        // Debug formatting of strings and paths is a valid Rust literal for each of them.
        writeln!(
            table,
            "    Asset {{ name: {name:?}, content_type: {:?}, immutable: {}, identity: \
             include_bytes!({identity:?}), gzip: include_bytes!({:?}), brotli: \
             include_bytes!({:?}), etag: {:?} }},",
            content_type(&name)?,
            name != LOADER,
            compressed(".gz")?,
            compressed(".br")?,
            format!("W/\"{tag:016x}\""),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// The list of robots, as `npm ci` has brought it. Without the package the list is empty, so that
/// `cargo check` works in a fresh clone; `cargo xtask build` brings it first, and a test misses it.
fn robots() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets it")?);
    let list = package.join("../node_modules/crawler-user-agents/crawler-user-agents.json");
    println!("cargo::rerun-if-changed={}", list.display());
    let mut table = String::from("static ROBOTS: &[&str] = &[\n");
    match fs::read(&list) {
        Ok(text) => {
            let list: serde_json::Value = serde_json::from_slice(&text)?;
            let robots = list.as_array().ok_or("the list of robots is no list")?;
            for robot in robots {
                let pattern = robot["pattern"].as_str().ok_or("a robot has no pattern")?;
                writeln!(table, "    {pattern:?},")?;
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => println!(
            "cargo::warning=no robot will be known: `npm ci` brings the package crawler-user-agents"
        ),
        Err(error) => return Err(format!("{}: {error}", list.display()).into()),
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("robots.rs"), table)?;
    Ok(())
}

/// A folder in the target folder. Created when missing: cargo runs a build script that watches a
/// missing path again in every build. As it watches what is newer than the run, the folder is to look
/// old.
fn default_folder(out: &Path, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    // Cargo marks its target folder with this file, wherever `CARGO_TARGET_DIR` puts it.
    let target = match out
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
    {
        Some(target) => target.to_path_buf(),
        None => {
            let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets it")?;
            Path::new(&package).join("../target")
        }
    };
    let folder = target.join(name);
    if !folder.is_dir() {
        fs::create_dir_all(&folder)
            .map_err(|error| format!("could not create {}: {error}", folder.display()))?;
        // Where that cannot be, everything is compiled twice, and right.
        let _ = fs::File::open(&folder).and_then(|folder| folder.set_modified(UNIX_EPOCH));
    }
    Ok(folder)
}

/// Browsers insist on both: modules need a JavaScript type, streamed WebAssembly its own.
fn content_type(name: &str) -> Result<&'static str, Box<dyn Error>> {
    match name.rsplit_once('.') {
        Some((_, "js")) => Ok("text/javascript; charset=utf-8"),
        Some((_, "wasm")) => Ok("application/wasm"),
        Some((_, "css")) => Ok("text/css; charset=utf-8"),
        Some((_, "svg")) => Ok("image/svg+xml"),
        Some((_, "json")) => Ok("application/json"),
        _ => Err(format!("{name} has no known content type").into()),
    }
}

/// Tells one version of a file from the next; both are our own.
fn fnv1a(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
