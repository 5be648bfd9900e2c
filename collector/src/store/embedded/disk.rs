//! The disk as the store uses it: three operations, of which each may fail. Nothing else of the
//! store writes what is acknowledged.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use super::batch::Batch;
use super::{EmbeddedError, Sync};

/// See the module. Tests let each operation fail.
pub(super) trait Disk: Send + std::marker::Sync + 'static {
    /// Puts a group into memory and into the log that is being written.
    fn apply(&self, tree: &sled::Tree, batch: &Batch) -> Result<(), EmbeddedError> {
        Ok(batch.apply(tree)?)
    }

    /// Hands the log to the operating system.
    fn flush(&self, tree: &sled::Tree) -> Result<(), EmbeddedError> {
        tree.flush()?;
        Ok(())
    }

    /// Makes sure that what was flushed survives a loss of power.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// What is used outside of tests.
pub(super) struct Plain;

impl Disk for Plain {}

/// One that syncs in another way.
pub(super) struct Synced(Mutex<Sync>);

impl Synced {
    pub(super) fn new(sync: Sync) -> Self {
        Self(Mutex::new(sync))
    }
}

impl Disk for Synced {
    fn sync(&self, _file: &File) -> io::Result<()> {
        let mut sync = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sync()
    }
}
