//! What the book is made from: a copy of `docs/`, with the files beside it that pages link to.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Where files from outside `docs/` lie in the book.
const OUTSIDE: &str = "files";

/// Copies everything, and leaves nothing there that was before.
pub(super) fn gather(workspace: &Workspace, folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let gathered = Gathered {
        root: &workspace.root,
        pages: &folder.join("src"),
    };
    gathered.folder(Path::new("docs"))?;
    let settings = gathered.pages.join("book.toml");
    fs::rename(settings, folder.join("book.toml")).context("docs/book.toml is missing")
}

/// Writes a file, and the folders that it lies in.
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

struct Gathered<'a> {
    root: &'a Path,
    pages: &'a Path,
}

impl Gathered<'_> {
    fn folder(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let target = self.pages.join(as_page(path.strip_prefix("docs")?));
            if entry.file_type()?.is_dir() {
                self.folder(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(entry.path())?;
                write(&target, self.with_files(&text, &path)?)?;
            } else {
                write(&target, fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }

    /// The text of a page, whose links out of `docs/` lead to copies.
    fn with_files(&self, text: &str, page: &Path) -> Result<String> {
        let mut parts = text.split("](");
        let mut changed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            changed.push_str("](");
            let target = part.split([')', '#']).next().unwrap_or_default();
            let meant = normal(&page.parent().unwrap_or(page).join(target));
            let is_outside = target.starts_with("..") && !meant.starts_with("docs");
            if !is_outside || !self.root.join(&meant).is_file() {
                changed.push_str(&as_page(Path::new(target)).display().to_string());
                changed.push_str(part.strip_prefix(target).unwrap_or_default());
                continue;
            }
            // What ends in .md is made a page where it is a chapter, and is left out where not.
            let name = meant.display().to_string();
            let name = name.strip_suffix(".md").unwrap_or(&name);
            let copy = Path::new(OUTSIDE).join(format!("{name}.txt"));
            write(&self.pages.join(&copy), fs::read(self.root.join(&meant))?)?;
            let up = page.components().count().saturating_sub(2);
            changed.push_str(&"../".repeat(up));
            changed.push_str(&copy.display().to_string());
            changed.push_str(part.strip_prefix(target).unwrap_or_default());
        }
        Ok(changed)
    }
}

/// A path in the book: what stands for a folder is its index there.
fn as_page(path: &Path) -> PathBuf {
    match path.file_name() {
        Some(name) if name == "README.md" => path.with_file_name("index.md"),
        _ => path.to_owned(),
    }
}

/// A path without `..` where it has a folder to leave.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_link_to_outside_goes_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let pages = folder.path().join("pages");
        write(&folder.path().join("packaging/unit"), "x").unwrap();
        let gathered = Gathered {
            root: folder.path(),
            pages: &pages,
        };
        let text = "[a](other.md#b) [b](../../packaging/unit) [c](../../none) [d](README.md#x)";
        let changed = gathered
            .with_files(text, Path::new("docs/recipes/page.md"))
            .unwrap();
        assert_eq!(
            changed,
            "[a](other.md#b) [b](../files/packaging/unit.txt) [c](../../none) [d](index.md#x)"
        );
        assert!(pages.join("files/packaging/unit.txt").is_file());
    }
}
