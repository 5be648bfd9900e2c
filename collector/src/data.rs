//! The data folder: made if need be, held by one process at a time, with the secrets in it.
//!
//! Secrets are drawn at the first start and never written anywhere else. Nothing here knows what
//! the store keeps in its own folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::config::SiteId;

/// Name of the folder that has the folders of named sites.
pub const SITES: &str = "sites";

/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;

/// Name of the file that whoever has the folder holds a lock on.
pub const LOCK: &str = "lock";

/// Name of the file that lies in a folder until everything is in it.
pub const RESTORING: &str = "restoring";

/// A secret.
pub type Secret = [u8; SECRET_BYTES];

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A restore was broken off in it.
    #[error(
        "{path}: a restore into this folder was broken off; empty the folder and restore again",
        path = .path.display()
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("{path}: the data folder is in use by another process", path = .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// It cannot be made or written.
    #[error("{path}: cannot write to the data folder: {source}", path = .path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in it is not what it should be.
    #[error("{path}: {reason}", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// A data folder that this process holds until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Held, never read: the lock lasts as long as the open file.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where there is none, and takes hold of it.
    ///
    /// # Errors
    /// [`DataError`] when it is in use or cannot be written.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let folder = Self::hold(path)?;
        if path.join(RESTORING).exists() {
            return Err(DataError::Unfinished {
                path: path.to_owned(),
            });
        }
        Ok(folder)
    }

    /// Makes a folder that cannot be used before [`DataFolder::complete`].
    ///
    /// # Errors
    /// As [`DataFolder::open`].
    pub fn open_new(path: &Path) -> Result<Self, DataError> {
        let folder = Self::hold(path)?;
        folder.file(RESTORING).write(b"")?;
        Ok(folder)
    }

    /// Says that everything is in a new folder.
    ///
    /// # Errors
    /// [`DataError`] when that cannot be said; the folder cannot be used then.
    pub fn complete(&self) -> Result<(), DataError> {
        self.file(RESTORING).remove()
    }

    fn hold(path: &Path) -> Result<Self, DataError> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| DataError::Unwritable { path, source }
        };
        // What visitors do is nobody else's business on this machine either.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unwritable(path))?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(unwritable(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(DataError::Unwritable {
                path: lock_path,
                source,
            }),
        }
    }

    /// The folder of a named site below this one; made where there is none. The site without a name
    /// has this one itself.
    ///
    /// # Errors
    /// As [`DataFolder::open`].
    pub fn of_site(&self, id: &SiteId) -> Result<Self, DataError> {
        let folder = Self::open(&self.path.join(SITES).join(id.as_str()))?;
        // The names above it: what a folder forgets is lost with all that is below.
        for above in [self.path.join(SITES), self.path.clone()] {
            let synced = File::open(&above).and_then(|above| above.sync_all());
            synced.map_err(|source| DataError::Unwritable {
                path: above,
                source,
            })?;
        }
        Ok(folder)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store keeps its files.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// A file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> DataFile {
        DataFile::at(&self.path, name)
    }

    /// The secret of that name and the file it lies in; drawn at the first start.
    ///
    /// # Errors
    /// [`DataError`] when it can be neither read nor made.
    pub fn secret<T>(
        &self,
        name: &str,
        write: impl Fn(&Secret) -> Vec<u8>,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(T, PathBuf), DataError> {
        let file = self.file(name);
        let bytes = match file.read()? {
            Some(bytes) => bytes,
            None => {
                let mut secret = Secret::default();
                getrandom::fill(&mut secret)
                    .map_err(|error| DataError::Random(error.to_string()))?;
                let bytes = write(&secret);
                file.write(&bytes)?;
                bytes
            }
        };
        let secret = read(&bytes).ok_or_else(|| DataError::Damaged {
            path: file.path.clone(),
            reason: "this is not a secret that firstglance wrote; remove the file and start \
                     again to get a new one"
                .to_owned(),
        })?;
        Ok((secret, file.path))
    }
}

/// A small file in the data folder. It is there as a whole or not at all, and nobody but the owner
/// of the process can read it.
#[derive(Clone, Debug)]
pub struct DataFile {
    folder: PathBuf,
    path: PathBuf,
}

impl DataFile {
    /// A file in a data folder that another process may hold.
    #[must_use]
    pub fn at(folder: &Path, name: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            path: folder.join(name),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it belong to whom the folder belongs to: only they are meant to read it, whoever wrote
    /// it.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be given away.
    pub fn give_to_owner_of_folder(&self) -> Result<(), DataError> {
        let give = || -> io::Result<()> {
            let (folder, file) = (fs::metadata(&self.folder)?, fs::metadata(&self.path)?);
            if folder.uid() == file.uid() {
                return Ok(());
            }
            chown(&self.path, Some(folder.uid()), Some(folder.gid()))
        };
        give().map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> DataError {
        DataError::Unwritable {
            path: self.path.clone(),
            source,
        }
    }

    /// What is in it, as far as a secret may reach; nothing where it is not there.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be read.
    pub fn read(&self) -> Result<Option<Vec<u8>>, DataError> {
        self.read_up_to(4_096)
    }

    /// At most so many bytes of what is in it; nothing where it is not there.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be read.
    pub fn read_up_to(&self, most: u64) -> Result<Option<Vec<u8>>, DataError> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(file) => match file.take(most).read_to_end(&mut bytes) {
                Ok(_) => Ok(Some(bytes)),
                Err(error) => Err(self.failed(error)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Puts something in the place of what was in it, on disk when this returns.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be written; then what was in it still is.
    pub fn write(&self, bytes: &[u8]) -> Result<(), DataError> {
        self.write_whole(bytes).map_err(|error| self.failed(error))
    }

    fn write_whole(&self, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path.with_extension("new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes it, where it is there.
    ///
    /// # Errors
    /// [`DataError`] when it cannot be removed.
    pub fn remove(&self) -> Result<(), DataError> {
        let removed = match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => removed,
        };
        removed
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_stay_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let read = |bytes: &[u8]| Secret::try_from(bytes).ok();
        let data = DataFolder::open(&path).unwrap();
        let (first, file) = data.secret("key", |secret| secret.to_vec(), read).unwrap();
        let (second, _) = data.secret("key", |secret| secret.to_vec(), read).unwrap();
        assert_eq!(first, second);
        assert_ne!(first, Secret::default());
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        let damaged = data.secret("key", |secret| secret.to_vec(), read);
        assert!(matches!(damaged, Err(DataError::Damaged { .. })));
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = DataFolder::open(folder.path()).unwrap();
        assert!(matches!(
            DataFolder::open(folder.path()),
            Err(DataError::InUse { .. })
        ));
        drop(held);
        assert!(DataFolder::open(folder.path()).is_ok());
    }
}
