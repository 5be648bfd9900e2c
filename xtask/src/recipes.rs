//! The recipes of `docs/recipes/` on real sites: builds the sites of `tests/recipes/` in
//! `target/recipes/` and runs their tests in Chromium, before a real collector.
//!
//! What a site is built from is installed there, from its own lock file. Never changes what is in
//! `tests/recipes/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValuesParser;

use crate::build;
use crate::tools;
use crate::workspace::{Workspace, run as run_command};

/// The sites as they are written, and their tests.
const WRITTEN: &str = "tests/recipes";
/// The package that sites built from modules depend on.
const PACKAGE: &str = "tracker-wasm/package";
/// By this name the tests learn where the built sites are.
const BUILT_VARIABLE: &str = "FIRSTGLANCE_RECIPES";
/// A collector that is built already.
const COLLECTOR_VARIABLE: &str = "FIRSTGLANCE_BIN";

/// Debian's WordPress and its theme. They are only unpacked: installed, they would bring a web
/// server that starts at once.
const WORDPRESS: [&str; 2] = ["wordpress", "wordpress-theme-twentytwentythree"];
/// The web server that puts pages together.
const NGINX: [&str; 1] = ["nginx"];
/// What WordPress runs on: commands that show that it is there, and the packages that bring it.
const WORDPRESS_PROOFS: [&[&str]; 2] = [&["php", "--ri", "mysqli"], &["mariadbd", "--version"]];
const WORDPRESS_NEEDS: [&str; 3] = ["php-cli", "php-mysql", "mariadb-server-core"];

/// What esbuild does for a site that has a router. Vue compiles the sites' templates in the browser.
const BUNDLE_OPTIONS: [&str; 9] = [
    "--bundle",
    "--splitting",
    "--format=esm",
    "--jsx=automatic",
    "--alias:vue=vue/dist/vue.esm-bundler.js",
    "--define:__VUE_OPTIONS_API__=true",
    "--define:__VUE_PROD_DEVTOOLS__=false",
    "--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false",
    "--log-level=warning",
];
/// In development, frameworks run effects twice and tell of what they do not like.
const MODES: [&str; 2] = ["production", "development"];

struct Site {
    name: &'static str,
    /// Whether it is quick enough for each run of continuous integration.
    short: bool,
    build: fn(&Workspace, &str) -> Result<()>,
}

const SITES: [Site; 8] = [
    Site {
        name: "package",
        short: true,
        build: package,
    },
    Site {
        name: "plain",
        short: true,
        build: |_, _| Ok(()),
    },
    Site {
        name: "gtm",
        short: true,
        build: |_, _| Ok(()),
    },
    Site {
        name: "react-router",
        short: true,
        build: |workspace, name| bundle(workspace, name, "src/main.jsx"),
    },
    Site {
        name: "vue-router",
        short: true,
        build: |workspace, name| bundle(workspace, name, "src/main.js"),
    },
    Site {
        name: "next",
        short: false,
        build: next,
    },
    Site {
        name: "wordpress",
        short: false,
        build: wordpress,
    },
    Site {
        name: "server",
        short: false,
        build: nginx,
    },
];

/// What the user can choose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leaves out the sites that take long to build or are fetched: Next.js, WordPress and nginx.
    #[arg(long)]
    pub(crate) short: bool,
    /// Only this site; may be given more than once.
    #[arg(long, value_name = "SITE", value_parser = site_names())]
    pub(crate) site: Vec<String>,
}

fn site_names() -> PossibleValuesParser {
    PossibleValuesParser::new(SITES.iter().map(|site| site.name))
}

/// Builds the sites that are wanted and runs their tests.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let wanted: Vec<&Site> = SITES
        .iter()
        .filter(|site| site.short || !options.short)
        .filter(|site| options.site.is_empty() || options.site.iter().any(|name| name == site.name))
        .collect();
    if wanted.is_empty() {
        bail!("none of these sites is among the short ones");
    }
    tools::ensure_npm_packages(workspace)?;
    let chromium = tools::ensure_chromium(workspace)?;
    let collector = match env::var_os(COLLECTOR_VARIABLE) {
        Some(given) => PathBuf::from(given),
        None => {
            build::build(workspace)?;
            workspace.collector()
        }
    };
    let mut tests = vec![format!("{WRITTEN}/documents.test.mjs")];
    for site in wanted {
        (site.build)(workspace, site.name)
            .with_context(|| format!("the site {} cannot be built", site.name))?;
        tests.push(format!("{WRITTEN}/{}.test.mjs", site.name));
    }
    run_command(
        workspace
            .command("node")
            .args(["--test", "--test-concurrency=1"])
            .args(tests)
            .env(BUILT_VARIABLE, built(workspace))
            .env(COLLECTOR_VARIABLE, collector)
            .env("CHROMIUM", chromium),
    )
}

fn built(workspace: &Workspace) -> PathBuf {
    workspace.target.join("recipes")
}

/// The package as it is, for a page that loads modules without building anything.
fn package(workspace: &Workspace, _: &str) -> Result<()> {
    replace(
        &workspace.root.join(PACKAGE),
        &built(workspace).join("served/firstglance"),
    )
}

/// A site with a router, bundled once for each mode.
fn bundle(workspace: &Workspace, name: &str, entry: &str) -> Result<()> {
    let folder = install(workspace, name)?;
    for mode in MODES {
        let output = format!("built/{mode}");
        // The names of parts depend on their content, and those of earlier ones would stay.
        remove(&folder.join(&output))?;
        let mut esbuild = tools::node_tool(workspace, "esbuild");
        esbuild
            .current_dir(&folder)
            .arg(entry)
            .args(BUNDLE_OPTIONS)
            .arg(format!("--outdir={output}"))
            .arg(format!("--conditions={mode}"))
            .arg(format!("--define:process.env.NODE_ENV=\"{mode}\""));
        run_command(&mut esbuild)?;
    }
    Ok(())
}

fn next(workspace: &Workspace, name: &str) -> Result<()> {
    let folder = install(workspace, name)?;
    run_command(
        Command::new("node")
            .current_dir(folder)
            .args(["node_modules/next/dist/bin/next", "build"])
            .env("NEXT_TELEMETRY_DISABLED", "1"),
    )
}

/// Brings a site up to date in the folder where it is built, with what it depends on.
fn install(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let source = workspace.root.join(WRITTEN).join(name);
    let folder = built(workspace).join(name);
    let shared = built(workspace).join("package");
    replace(&workspace.root.join(PACKAGE), &shared)?;
    clear(&folder)?;
    copy(&source, &folder)?;

    // What is installed is what the lock file names, and the package as it is now.
    let mut wanted = fs::read(source.join("package-lock.json"))?;
    append(&shared, &mut wanted)?;
    let stamp = folder.join("node_modules/.recipe");
    if fs::read(&stamp).ok().as_deref() != Some(wanted.as_slice()) {
        eprintln!("Installing the npm packages of {WRITTEN}/{name} (with npm ci).");
        // As a reader gets the package: packed, and not as a link to this folder.
        run_command(
            tools::npm(workspace)
                .current_dir(&folder)
                .args(["ci", "--install-links", "--ignore-scripts"])
                .args(["--no-audit", "--no-fund", "--loglevel=error"]),
        )?;
        fs::write(&stamp, wanted)?;
    }
    Ok(folder)
}

/// Unpacks WordPress, and sees to it that what it runs on is installed.
fn wordpress(workspace: &Workspace, name: &str) -> Result<()> {
    tools::ensure_debian_packages(workspace, &WORDPRESS_PROOFS, &WORDPRESS_NEEDS)?;
    let folder = built(workspace).join(name);
    if folder.join("usr/share/wordpress/wp-load.php").exists() {
        return Ok(());
    }
    remove(&folder)?;
    fs::create_dir_all(&folder)?;
    tools::unpack_debian_packages(workspace, &WORDPRESS, &folder)
}

/// A server that is not started by being installed.
fn nginx(workspace: &Workspace, name: &str) -> Result<()> {
    let folder = built(workspace).join(name);
    if folder.join("usr/sbin/nginx").exists() {
        return Ok(());
    }
    remove(&folder)?;
    fs::create_dir_all(&folder)?;
    tools::unpack_debian_packages(workspace, &NGINX, &folder)
}

/// Makes one folder like another.
fn replace(source: &Path, target: &Path) -> Result<()> {
    remove(target)?;
    copy(source, target)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes what a site was before, but for what is installed and what a build may use again.
fn clear(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if ["node_modules", ".next"].iter().any(|kept| name == *kept) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn copy(source: &Path, target: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source).with_context(|| format!("no folder {}", source.display()))? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Appends the files of a folder, in the order of their names.
fn append(folder: &Path, content: &mut Vec<u8>) -> Result<()> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    for file in files {
        content.extend(fs::read(file)?);
    }
    Ok(())
}
