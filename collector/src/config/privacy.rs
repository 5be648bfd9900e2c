//! The table `[privacy]`: what is kept of visitors beside what they send.

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

const FIELDS: &[&str] = &["address"];

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Privacy {
    let Some(table) = root.table("privacy", "[privacy]", problems) else {
        return Privacy::default();
    };
    table.only(FIELDS, "field", problems);
    let addresses = KeptAddress::ALL.map(|one| (one.name(), one));
    Privacy {
        address: one_of(&table, "address", &addresses, problems),
    }
}
