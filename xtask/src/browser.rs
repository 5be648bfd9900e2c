//! The page's modules in node, and the tests in a real Chromium: several files at a time, because most
//! of their time they wait for what a page does after some seconds.
//!
//! A browser on a busy machine is late now and then: a file that fails is run once more, alone. What
//! fails twice is wrong; what fails once is said as well.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, bail};

use crate::workspace::{Workspace, run as run_command};
use crate::{build, tools};

const PAGE_TESTS: &str = "tests/page";
const BROWSER_TESTS: &str = "tests/browser";

/// Files that run at a time.
const AT_ONCE: usize = 3;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    build::build(workspace)?;
    let chromium = tools::ensure_chromium(workspace)?;
    let mut files = tests_in(workspace, PAGE_TESTS)?;
    files.extend(tests_in(workspace, BROWSER_TESTS)?);
    // The longest first, lest all wait for one of them at the end.
    let length = |file: &PathBuf| fs::metadata(workspace.root.join(file)).map_or(0, |of| of.len());
    files.sort_by_key(|file| Reverse(length(file)));
    let player = |file: &Path| {
        let mut player = workspace.command("node");
        player
            .arg("--test")
            .arg(file)
            .env("FIRSTGLANCE_BIN", workspace.collector())
            .env("CHROMIUM", &chromium);
        player
    };
    let failed = play_all(files, &player)?;
    for file in &failed {
        println!("\n{} failed and is run once more", file.display());
        run_command(&mut player(file))?;
    }
    for file in &failed {
        println!("{} failed once and then passed", file.display());
    }
    Ok(())
}

/// Runs all files; those that failed.
fn play_all(
    files: Vec<PathBuf>,
    player: &(impl Fn(&Path) -> Command + Sync),
) -> Result<Vec<PathBuf>> {
    let next = Mutex::new(files.into_iter());
    let failed = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        loop {
            let file = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(file) = file else { return Ok(()) };
            let output = player(&file).stdin(Stdio::null()).output()?;
            // As a whole, so that one file's lines do not stand between another's.
            let mut out = io::stdout().lock();
            out.write_all(&output.stdout)?;
            out.write_all(&output.stderr)?;
            if !output.status.success() {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push(file);
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done?,
                Err(_) => bail!("a thread that runs tests ended"),
            }
        }
        Ok(())
    })?;
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The files with tests in a folder, because node learned to list them only in version 21.
fn tests_in(workspace: &Workspace, folder: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if let Ok(entries) = fs::read_dir(workspace.root.join(folder)) {
        for entry in entries {
            let name = entry?.file_name();
            if name.to_string_lossy().ends_with(".test.mjs") {
                files.push(PathBuf::from(folder).join(name));
            }
        }
    }
    if files.is_empty() {
        bail!("there are no files {folder}/*.test.mjs");
    }
    Ok(files)
}
