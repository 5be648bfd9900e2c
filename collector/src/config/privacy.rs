//! The table `[privacy]`: what is kept of visitors beside what they send.

use super::fields::service as fields;
use super::problem::Problems;
use super::site::one_of;
use super::table::Table;
use crate::ingest::KeptAddress;

/// What is kept of visitors beside what they send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Of their network addresses.
    pub address: KeptAddress,
}

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Privacy {
    let Some(table) = root.table(&fields::PRIVACY, problems) else {
        return Privacy::default();
    };
    let addresses = KeptAddress::ALL.map(|one| (one.name(), one));
    Privacy {
        address: one_of(&table, &fields::ADDRESS, &addresses, problems),
    }
}
