//! The store's folder: which of the folders in it holds the data.
//!
//! | name | what it is |
//! |---|---|
//! | `current` | names the folder that counts, and its size when it was copied |
//! | `data-00000001` | the engine's files; one is current, any other a left-over |
//! | `db`, `conf`, `blobs`, `snap.*` | the engine's files as layout 2 had them |
//!
//! `current` is replaced as a whole and on disk before anything that it does not name any more is
//! removed. So whenever the process ends there is exactly one folder that counts, and it is whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::EmbeddedError;

/// Bytes of sled's page cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of sled's segments. What is larger than a quarter of one, sled puts into a file of its own
/// that nothing ever flushes; a leaf of 17 of our largest records, which are visitors with every
/// table of their profiles full, stays below that. It is the most that sled takes.
const SEGMENT_BYTES: usize = 16 * 1024 * 1024;

/// The file that names what is current.
const CURRENT: &str = "current";

/// What the names of the folders begin with.
const DATA: &str = "data-";

/// The word that stands in `current` while files of layout 2 may still lie beside it.
const MIGRATED: &str = "migrated";

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The folder's number.
    pub(super) number: u64,
    /// Bytes that its files had when it was made.
    pub(super) bytes: u64,
    /// Whether files of layout 2 beside it have been copied into it, and are to be removed.
    pub(super) migrated: bool,
}

impl Pointer {
    fn to_text(self) -> String {
        let Self { number, bytes, .. } = self;
        let migrated = if self.migrated { MIGRATED } else { "" };
        format!("{number} {bytes} {migrated}\n")
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let pointer = Self {
            number: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            migrated: match words.next()? {
                "" => false,
                MIGRATED => true,
                _ => return None,
            },
        };
        words.next().is_none().then_some(pointer)
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

    /// The folder of a number.
    pub(super) fn data(&self, number: u64) -> PathBuf {
        self.0.join(format!("{DATA}{number:08}"))
    }

    /// What counts; nothing where the store is new or has an older layout.
    pub(super) fn current(&self) -> Result<Option<Pointer>, EmbeddedError> {
        match fs::read_to_string(self.0.join(CURRENT)) {
            Ok(text) => match Pointer::from_text(&text) {
                Some(pointer) => Ok(Some(pointer)),
                None => Err(EmbeddedError::Pointer(self.0.join(CURRENT))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
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
        File::open(&self.0)?.sync_all()
    }

    /// Whether the engine's files lie here themselves, as layout 2 had them.
    pub(super) fn has_former(&self) -> bool {
        self.0.join("db").exists()
    }

    /// Removes the files of layout 2.
    pub(super) fn remove_former(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name == "blobs" {
                fs::remove_dir_all(entry.path())?;
            } else if matches!(&*name, "db" | "conf") || name.starts_with("snap.") {
                fs::remove_file(entry.path())?;
            }
        }
        File::open(&self.0)?.sync_all()
    }

    /// Removes every folder of data but one.
    pub(super) fn remove_others(&self, current: Option<u64>) -> io::Result<()> {
        let current = current.map(|number| self.data(number));
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(DATA) && Some(&path) != current.as_ref() {
                fs::remove_dir_all(&path)?;
            }
        }
        File::open(&self.0)?.sync_all()
    }

    /// Removes a folder of data.
    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        match fs::remove_dir_all(self.data(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        File::open(&self.0)?.sync_all()
    }

    /// Opens the engine on the folder of a number, made if need be. Its name is on disk when this
    /// returns.
    pub(super) fn tree(&self, number: u64) -> Result<sled::Db, EmbeddedError> {
        let path = self.data(number);
        let new = !path.exists();
        let tree = engine(&path)?;
        if new {
            sync_new_folder(&path)?;
        }
        Ok(tree)
    }

    /// The file that holds everything in the folder of a number.
    pub(super) fn file(&self, number: u64) -> io::Result<File> {
        File::open(self.data(number).join("db"))
    }
}

/// Opens the engine on a folder.
pub(super) fn engine(path: &Path) -> sled::Result<sled::Db> {
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None)
        .open()
}

/// Makes the names of a new folder and its files durable: a file whose folder forgets it is lost.
fn sync_new_folder(folder: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_current_is_read_as_a_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreFolder::open(folder.path()).unwrap();
        assert_eq!(store.current().unwrap(), None);
        for migrated in [false, true] {
            let pointer = Pointer {
                number: 7,
                bytes: 99,
                migrated,
            };
            store.point_to(pointer).unwrap();
            assert_eq!(store.current().unwrap(), Some(pointer));
        }
        for broken in [
            "",
            "7",
            "7 99",
            "7 99 ",
            "x 99 \n",
            "7 99 \nmore",
            "7 99  \n",
        ] {
            fs::write(folder.path().join(CURRENT), broken).unwrap();
            let read = store.current();
            assert!(matches!(read, Err(EmbeddedError::Pointer(_))), "{broken:?}");
        }
    }
}
