//! Opens the engine's files, and says what is wrong with them in words of its own: sled panics over
//! some kinds of damage, and over others it forgets what was behind them.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::mark::Mark;
use super::{EmbeddedError, keys};

/// The first layout.
const FIRST_LAYOUT: &str = "1";

/// Bytes of sled's page cache.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of sled's segments. What is larger than a quarter of one, sled puts into a file of its own
/// that nothing ever flushes; a leaf of 17 of our largest records, which are visitors with every
/// table of their profiles full, stays below that. It is the most that sled takes.
const SEGMENT_BYTES: usize = 16 * 1024 * 1024;

/// What the names of snapshots begin with that are not used any more.
pub(super) const SET_ASIDE: &str = "damaged-";

/// Opens what is in a folder, or makes it.
pub(super) fn open(folder: &Path) -> Result<sled::Db, EmbeddedError> {
    match attempt(folder) {
        Err(damage @ EmbeddedError::Damaged { .. }) => {
            // A snapshot only spares reading the log again, which is whole without it.
            if !set_aside_snapshots(folder)? {
                return Err(damage);
            }
            tracing::warn!(%damage, "the log is read again from its beginning");
            attempt(folder)
        }
        opened => opened,
    }
}

fn attempt(folder: &Path) -> Result<sled::Db, EmbeddedError> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None);
    let damaged = |reason: String| EmbeddedError::Damaged {
        path: folder.to_owned(),
        reason,
    };
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(tree)) => Ok(tree),
        // The first layout had smaller segments, and nothing else differs that sled
        // would refuse.
        Ok(Err(sled::Error::Unsupported(_))) => Err(EmbeddedError::Layout(FIRST_LAYOUT.to_owned())),
        Ok(Err(error @ sled::Error::Corruption { .. })) => Err(damaged(error.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(panic) => {
            let reason = panic.downcast_ref::<String>().map(String::as_str);
            let reason = reason.or(panic.downcast_ref::<&str>().copied());
            Err(damaged(reason.unwrap_or("no reason was given").to_owned()))
        }
    }
}

/// Whether there were any.
fn set_aside_snapshots(folder: &Path) -> io::Result<bool> {
    let mut any = false;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") {
            fs::rename(&path, path.with_file_name(format!("{SET_ASIDE}{name}")))?;
            any = true;
        }
    }
    Ok(any)
}

/// Makes sure that everything is there that was acknowledged. The answer is the mark, and the number
/// of the last group.
pub(super) fn whole(folder: &Path, tree: &sled::Db) -> Result<(Mark, u64), EmbeddedError> {
    let stored = tree.get(keys::GROUP)?;
    let group = match stored.as_deref().map(<[u8; 8]>::try_from) {
        None => 0,
        Some(Ok(number)) => u64::from_be_bytes(number),
        Some(Err(_)) => return Err(EmbeddedError::Key),
    };
    let mark = Mark::open(folder)?;
    let acknowledged = mark.read()?;
    if acknowledged > group {
        let path: PathBuf = mark.path().to_owned();
        return Err(EmbeddedError::Missing {
            missing: acknowledged - group,
            path,
        });
    }
    Ok((mark, group))
}
