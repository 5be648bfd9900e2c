//! Backups of a data folder: the store's data and the small files beside it, in one file.
//!
//! The secrets go along: without the key of the cookies every browser would be a new visitor, and
//! without the tokens nobody could ask anything. So a backup is as secret as the folder. The salt
//! by which visitors without an identifier are named for a day does not go along: kept longer than
//! its day, it would tell what it is there to forget.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use firstglance_engine::Timestamp;

use crate::cookieless;
use crate::data;
use crate::store::{BackedUp, Backup, Store, StoreError};

/// Where a running collector puts the backups that it makes.
const FOLDER: &str = "backups";

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The data folder cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    Disk {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store could not.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A backup that lies in the folder of backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBackup {
    /// The name of its file.
    pub name: String,
    /// When it was begun.
    pub at: Timestamp,
    /// Bytes of the file.
    pub bytes: u64,
}

/// How much room a disk has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that this process may still write.
    pub free: u64,
    /// Bytes of the whole.
    pub all: u64,
}

/// Makes backups of a data folder that this process holds.
#[derive(Clone, Debug)]
pub struct Backups {
    data: PathBuf,
}

impl Backups {
    /// Of this data folder.
    #[must_use]
    pub const fn of(data: PathBuf) -> Self {
        Self { data }
    }

    /// Makes one in the data folder's own folder of backups. Says where.
    ///
    /// # Errors
    /// [`BackupError`] when there is none then.
    pub async fn make(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(PathBuf, BackedUp), BackupError> {
        let folder = self.folder();
        let made = fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        made.map_err(|source| BackupError::Disk {
            path: folder.clone(),
            source,
        })?;
        let to = folder.join(file_name(now));
        let made = self.make_at(store, to.clone()).await?;
        Ok((to, made))
    }

    /// Those that lie in the folder of backups, the latest first.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn all(&self) -> io::Result<Vec<KeptBackup>> {
        let entries = match fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if let Some(at) = made_at(&name) {
                let bytes = entry.metadata()?.len();
                all.push(KeptBackup { name, at, bytes });
            }
        }
        all.sort_by(|one, other| other.name.cmp(&one.name));
        Ok(all)
    }

    /// The folder of backups.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.data.join(FOLDER)
    }

    /// Bytes that are free on the disk of the data folder, and all that it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn room(&self) -> io::Result<Room> {
        let disk = rustix::fs::statvfs(&self.data)?;
        Ok(Room {
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            all: disk.f_blocks.saturating_mul(disk.f_frsize),
        })
    }

    /// Makes one in a file that does not exist yet.
    ///
    /// # Errors
    /// [`BackupError`] when there is none then.
    pub async fn make_at(&self, store: &dyn Store, to: PathBuf) -> Result<BackedUp, BackupError> {
        let files = self.files().map_err(|source| BackupError::Disk {
            path: self.data.clone(),
            source,
        })?;
        Ok(store.back_up(Backup { to, files }).await?)
    }

    /// The small files that go along.
    fn files(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.data)? {
            let entry = entry?;
            // A name that is not UTF-8 is none of ours.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if entry.file_type()?.is_file() && goes_along(&name) {
                files.push((name, fs::read(entry.path())?));
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The name of a backup made at a moment.
#[must_use]
pub fn file_name(now: Timestamp) -> String {
    let moment = now.to_string().replace(':', "-");
    format!("firstglance-{moment}.backup")
}

/// The moment that a backup's name says; nothing where it is the name of something else.
fn made_at(name: &str) -> Option<Timestamp> {
    let moment = name.strip_prefix("firstglance-")?.strip_suffix(".backup")?;
    let (day, time) = moment.split_once('T')?;
    Timestamp::parse(&format!("{day}T{}", time.replace('-', ":"))).ok()
}

/// Whether a file of a data folder is part of a backup.
#[must_use]
pub fn goes_along(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.file_name().is_some_and(|file| file == name);
    plain
        && ![data::LOCK, data::RESTORING, cookieless::FILE].contains(&name)
        && path.extension().is_none_or(|extension| extension != "new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_when() {
        for text in ["2026-11-24T13:59:59.999Z", "2026-11-24T13:00:00Z"] {
            let at = Timestamp::parse(text).unwrap();
            assert_eq!(made_at(&file_name(at)), Some(at));
        }
        for other in [
            "",
            "firstglance-.backup",
            "firstglance-x.backup",
            "a.backup",
        ] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }

    #[test]
    fn what_goes_along() {
        for (name, expected) in [
            ("cookie-key", true),
            ("admin-token", true),
            ("lock", false),
            ("daily-salt", false),
            ("cookie-key.new", false),
            ("restoring", false),
            ("../cookie-key", false),
            ("a/b", false),
            ("..", false),
            ("", false),
        ] {
            assert_eq!(goes_along(name), expected, "{name}");
        }
    }
}
