//! The store's folder: which of the files in it hold the data.
//!
//! | name | what it is |
//! |---|---|
//! | `db`, `conf`, `blobs`, `snap.*` | the engine's files, until they are copied for the first time |
//! | `data-00000001` | a folder with a copy of them; one is current, any other a left-over |
//! | `current` | names the folder that counts, and its size when it was made; there is none before the first copy |
//! | `acknowledged` | see `mark` |
//!
//! `current` is replaced as a whole and on disk before anything that it does not name any more is
//! removed. So whenever the process ends there is exactly one set of files that counts, and it is whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{EmbeddedError, opening};

/// The file that names what is current.
const CURRENT: &str = "current";

/// What the names of the folders begin with.
const DATA: &str = "data-";

/// The number of what lies in the store's folder itself.
pub(super) const ROOT: u64 = 0;

/// The word that stands in `current` while the files it was copied from may still lie beside it.
const FROM_ROOT: &str = "from-root";

/// What counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The folder's number.
    pub(super) number: u64,
    /// Bytes that its files had when it was made.
    pub(super) bytes: u64,
    /// Whether it is a copy of the files in the store's folder itself, and those are to be removed.
    pub(super) copied_from_root: bool,
}

impl Pointer {
    fn to_text(self) -> String {
        let Self { number, bytes, .. } = self;
        let from = if self.copied_from_root { FROM_ROOT } else { "" };
        format!("{number} {bytes} {from}\n")
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let pointer = Self {
            number: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            copied_from_root: match words.next()? {
                "" => false,
                FROM_ROOT => true,
                _ => return None,
            },
        };
        (words.next().is_none() && pointer.number != ROOT).then_some(pointer)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct StoreFolder(PathBuf);

impl StoreFolder {
    /// The folder at a path, which is made if need be.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the engine's files of a number lie.
    pub(super) fn data(&self, number: u64) -> PathBuf {
        match number {
            ROOT => self.0.clone(),
            number => self.0.join(format!("{DATA}{number:08}")),
        }
    }

    /// What counts.
    pub(super) fn current(&self) -> Result<Pointer, EmbeddedError> {
        match fs::read_to_string(self.0.join(CURRENT)) {
            Ok(text) => match Pointer::from_text(&text) {
                Some(pointer) => Ok(pointer),
                None => Err(EmbeddedError::Pointer(self.0.join(CURRENT))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Pointer::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes something else current, on disk when this returns.
    pub(super) fn point_to(&self, pointer: Pointer) -> io::Result<()> {
        let draft = self.0.join("current.new");
        let mut file = File::create(&draft)?;
        file.write_all(pointer.to_text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.0.join(CURRENT))?;
        self.sync()
    }

    /// Whether the engine's files lie here themselves.
    pub(super) fn has_root(&self) -> bool {
        self.0.join("db").exists()
    }

    /// Removes the engine's files of a number, where there are any.
    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        if number != ROOT {
            return match fs::remove_dir_all(self.data(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => self.sync(),
            };
        }
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name == "blobs" {
                fs::remove_dir_all(entry.path())?;
            } else if matches!(&*name, "db" | "conf")
                || name.starts_with("snap.")
                || name.starts_with(opening::SET_ASIDE)
            {
                fs::remove_file(entry.path())?;
            }
        }
        self.sync()
    }

    /// Removes every folder of data but the one of a number.
    pub(super) fn remove_others(&self, current: u64) -> io::Result<()> {
        let current = self.data(current);
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(DATA) && path != current {
                fs::remove_dir_all(&path)?;
            }
        }
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    /// Opens the engine on the files of a number, made if need be.
    pub(super) fn tree(&self, number: u64) -> Result<sled::Db, EmbeddedError> {
        opening::open(&self.data(number))
    }

    /// The file that holds everything of a number.
    pub(super) fn file(&self, number: u64) -> io::Result<File> {
        File::open(self.data(number).join("db"))
    }

    /// Makes the names of a number's new files durable: a file whose folder forgets it is lost.
    pub(super) fn sync_names(&self, number: u64) -> io::Result<()> {
        let folder = self.data(number);
        // sled writes this one without flushing it.
        File::open(folder.join("conf"))?.sync_all()?;
        for folder in folder.ancestors().take(4) {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_current_is_read_as_a_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreFolder::open(folder.path()).unwrap();
        assert_eq!(store.current().unwrap(), Pointer::default());
        for copied_from_root in [false, true] {
            let pointer = Pointer {
                number: 7,
                bytes: 99,
                copied_from_root,
            };
            store.point_to(pointer).unwrap();
            assert_eq!(store.current().unwrap(), pointer);
        }
        for broken in [
            "",
            "7",
            "7 99",
            "7 99 ",
            "x 99 \n",
            "0 99 \n",
            "7 99 \nmore",
            "7 99  \n",
        ] {
            fs::write(folder.path().join(CURRENT), broken).unwrap();
            let read = store.current();
            assert!(matches!(read, Err(EmbeddedError::Pointer(_))), "{broken:?}");
        }
    }
}
