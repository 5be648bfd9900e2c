//! Makes a store from a backup.

use std::path::Path;

use super::EmbeddedError;
use super::archive::{self, ArchiveError};
use super::batch::Batch;
use super::folder::{ROOT, StoreFolder};
use crate::store::BackedUp;

/// Bytes that are written at once.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Why a backup could not be restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The backup cannot be read.
    #[error("{0}")]
    Archive(#[from] ArchiveError),
    /// The store cannot be written.
    #[error("{0}")]
    Store(#[from] EmbeddedError),
    /// A small file cannot be written.
    #[error("{0}")]
    File(String),
}

/// Reads a backup to its end and says what is in it.
///
/// # Errors
/// [`ArchiveError`] when it is damaged or of another version.
pub fn check_backup(path: &Path) -> Result<BackedUp, ArchiveError> {
    archive::read(path, |_| Ok(()))
}

/// Makes a store from a backup, in a folder without one; its small files are given out.
///
/// # Errors
/// [`RestoreError`] when the backup cannot be read or the folder not be written. What is in the
/// folder then must not be used.
pub fn restore(
    path: &Path,
    folder: &Path,
    mut file: impl FnMut(&str, &[u8]) -> Result<(), String>,
) -> Result<BackedUp, RestoreError> {
    let folder = StoreFolder::open(folder).map_err(EmbeddedError::from)?;
    let tree = folder.tree(ROOT)?;
    let mut batch = Batch::default();
    let mut bytes = 0;
    let restored = archive::read(path, |entry| {
        match entry {
            archive::Entry::File { name, content } => {
                file(&name, &content).map_err(RestoreError::File)?;
            }
            archive::Entry::Record { key, value } => {
                bytes += key.len() + value.len();
                batch.insert(key, value);
                if bytes >= CHUNK_BYTES {
                    let full = std::mem::take(&mut batch);
                    full.apply(&tree).map_err(EmbeddedError::from)?;
                    bytes = 0;
                }
            }
        }
        Ok::<(), RestoreError>(())
    })?;
    let finish = || -> Result<(), EmbeddedError> {
        batch.apply(&tree)?;
        tree.flush()?;
        folder.file(ROOT)?.sync_data()?;
        Ok(folder.sync_names(ROOT)?)
    };
    finish()?;
    Ok(restored)
}
