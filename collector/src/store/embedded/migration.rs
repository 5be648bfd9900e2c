//! Migration: from the data of an older layout to the present one.
//!
//! Everything is copied into a folder of its own, each record in its present form; the old files
//! are removed when the new ones are on disk and named by `current` (`folder`). A migration that
//! was broken off begins anew at the next start, from old data that it never changed.
//!
//! | layout | what it had | what becomes of it |
//! |---|---|---|
//! | `1` | smaller segments, records in a form of bytes | refused: no release ever wrote it |
//! | `2` | the engine's files in the store's folder itself; visitors' records without how far their messages go back, no lists of visitors | copied, and the lists made |
//!
//! Records have versions of their own beside the layout's. The visitor's record is read in the form
//! before as well. A profile whose form the engine does not know makes its visitor unreadable, which
//! is an error and never an empty profile: whoever changes that form makes another layout, and has
//! its migration fold each profile anew from the messages or read the former form.

use firstglance_engine::codec::Encode as _;

use super::folder::{Pointer, StoreFolder, engine};
use super::record::VisitorRecord;
use super::{EmbeddedError, LAYOUT, index, keys};

/// Bytes copied at once.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Copies the data that lie in the folder as layout 2 had them. Says what is current then.
pub(super) fn migrate(folder: &StoreFolder) -> Result<Pointer, EmbeddedError> {
    let former = match engine(folder.path()) {
        // Layout 1 had smaller segments, which sled refuses.
        Err(sled::Error::Unsupported(_)) => return Err(EmbeddedError::Layout("1".to_owned())),
        opened => opened?,
    };
    match former.get(keys::VERSION)? {
        Some(version) if version == b"2" => {}
        // Broken off before anything could be stored.
        None if former.is_empty() => {}
        version => {
            let version = version.unwrap_or_default();
            let version = String::from_utf8_lossy(&version).into_owned();
            return Err(EmbeddedError::Layout(version));
        }
    }
    tracing::info!("the data have an older layout; they are copied into the present one");
    let number = 1;
    let tree = folder.tree(number)?;
    let mut batch = sled::Batch::default();
    let mut bytes = 0;
    for entry in former.iter() {
        let (key, value) = entry?;
        bytes += key.len() + value.len();
        if key.starts_with(keys::VISITORS) {
            let record = VisitorRecord::from_bytes(&value)?;
            batch.insert(key, record.to_bytes());
        } else {
            batch.insert(key, value);
        }
        if bytes >= CHUNK_BYTES {
            tree.apply_batch(std::mem::take(&mut batch))?;
            bytes = 0;
        }
    }
    batch.insert(keys::VERSION, &LAYOUT);
    tree.apply_batch(batch)?;
    index::rebuild(&tree)?;
    tree.flush()?;
    folder.file(number)?.sync_data()?;
    let pointer = Pointer {
        number,
        bytes: tree.size_on_disk()?,
        migrated: true,
    };
    folder.point_to(pointer)?;
    Ok(pointer)
}
