//! `firstglance compact`: gives space back while no collector runs. A running one does it by itself,
//! and at once on `POST /admin/v1/compact`.

use std::path::PathBuf;

use super::{Failure, bytes, offline};
use crate::data::DataFolder;
use crate::store::{Compact, Compacted, Store as _};

/// Give space back, and let the bytes of erased visitors leave the disk
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance compact --data /var/lib/firstglance")]
pub(super) struct Arguments {
    /// The folder for everything that is kept; no collector may be running on it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let data = DataFolder::open_existing(&arguments.data)?;
    offline(&data, async |store| {
        if let Compacted::Done { before, after } = store.compact(Compact::Now).await? {
            eprintln!("{} before, {} after", bytes(before), bytes(after));
        }
        Ok(())
    })
}
