//! `firstglance compact`: gives space back while no collector runs. A running one does it by itself,
//! and at once on `POST /admin/v1/compact`.

use std::sync::Arc;

use firstglance_engine::Model;

use super::opened::Which;
use super::{Failure, bytes};
use crate::store::{Compact, Compacted};

/// Give space back, and let the bytes of erased visitors leave the disk
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance compact --data /var/lib/firstglance")]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // Nothing is folded that would need the configuration.
    let model = Arc::new(Model::default());
    arguments
        .which
        .with_store((model, None), true, async |store| {
            if let Compacted::Done { before, after } = store.compact(Compact::Now).await? {
                eprintln!("{} before, {} after", bytes(before), bytes(after));
            }
            Ok(())
        })
}
