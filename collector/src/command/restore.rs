//! `firstglance restore`: a data folder from a backup. The whole backup is checked before anything
//! of it is written, and only an empty folder is written into.

use std::fs;
use std::path::PathBuf;

use super::{Failure, bytes};
use crate::backup;
use crate::data::DataFolder;
use crate::store::embedded::{check_backup, restore};

/// Make a data folder from a backup
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance restore --from firstglance-2026-05-01T04-00-00.000Z.backup \
                  --data /var/lib/firstglance"
)]
pub(super) struct Arguments {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The folder to be made, or an empty one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { from, data } = arguments;
    let checked = check_backup(from)?;
    if fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) {
        let data = data.display();
        return Err(format!("{data}: the folder is not empty; restore into a new one").into());
    }
    let folder = DataFolder::open_new(data)?;
    let restored = restore(from, &folder.store(), |name, content| {
        // A backup is not trusted to name files elsewhere.
        if backup::goes_along(name) {
            return folder
                .file(name)
                .write(content)
                .map_err(|error| error.to_string());
        }
        Err(format!(
            "the backup has a file {name:?}, which is none of ours"
        ))
    })?;
    if restored != checked {
        return Err(format!("{}: the backup changed while it was read", from.display()).into());
    }
    folder.complete()?;
    eprintln!(
        "{}: {} records from {}",
        data.display(),
        restored.records,
        bytes(restored.bytes)
    );
    Ok(())
}
