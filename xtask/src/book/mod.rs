//! The book: `docs/` as pages for browsers in `target/book`, with the reference that the collector
//! prints, and no link that leads nowhere.
//!
//! mdBook makes the pages. It is a feature of this package that only this command switches on: nobody
//! else waits for it to be compiled. Never changes what is in `docs/`.

mod links;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::workspace::{Workspace, capture, run as run_command};

/// The pages that the collector prints.
const REFERENCE: [&str; 3] = ["configuration", "conditions", "http"];

/// What the user can choose.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Takes the reference from this collector and builds none.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
}

/// Makes the book and gives the folder that has it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let collector = match &options.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => {
            run_command(workspace.cargo().args([
                "build",
                "--quiet",
                "--package",
                "firstglance",
                "--bins",
            ]))?;
            workspace.target.join("debug/firstglance")
        }
    };
    let folder = workspace.target.join("book-source");
    source::gather(workspace, &folder)?;
    for page in REFERENCE {
        let text = capture(workspace.command(&collector).args(["reference", page]))?;
        source::write(&folder.join(format!("src/reference/{page}.md")), &text)?;
    }
    make(workspace, &folder)?;
    let book = workspace.target.join("book");
    let broken = links::broken(&book)?;
    if !broken.is_empty() {
        bail!("links that lead nowhere:\n  {}", broken.join("\n  "));
    }
    Ok(book)
}

/// Makes pages of the folder's sources, by this program where it can.
fn make(workspace: &Workspace, folder: &Path) -> Result<()> {
    if cfg!(feature = "book") {
        return pages(folder);
    }
    run_command(
        workspace
            .cargo()
            .args(["run", "--quiet", "--package", "xtask", "--features", "book"])
            .args(["--", "book-pages"])
            .arg(folder),
    )
}

/// What a program with the feature does.
#[cfg(feature = "book")]
pub(crate) fn pages(folder: &Path) -> Result<()> {
    mdbook_driver::MDBook::load(folder)?.build()
}

/// Nobody calls this: [`make`] starts a program that can.
#[cfg(not(feature = "book"))]
pub(crate) fn pages(_: &Path) -> Result<()> {
    bail!("this program was built without the feature `book`")
}
