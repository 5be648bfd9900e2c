//! Lists and their sizes against the profiles.

use std::collections::BTreeMap;

use super::{FindingKind, Verifier};
use crate::store::embedded::{EmbeddedError, index, keys};

/// One list, by what its entries' keys begin with.
#[derive(Default)]
struct List {
    /// Visitors who are in it, by their profiles.
    meant: u64,
    /// Of those, the ones whom it does not have.
    lost: u64,
    /// Entries it has.
    entries: u64,
    /// Entries it says that it has.
    size: u64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Lists(BTreeMap<Vec<u8>, List>);

impl Lists {
    pub(super) fn check(verifier: &mut Verifier<'_>) -> Result<(), EmbeddedError> {
        let mut lists = Self::default();
        for read in verifier.readable() {
            let (visitor, record) = read?;
            for key in index::entries(&visitor, &record.profile) {
                let there = verifier.tree.contains_key(&key)?;
                let list = lists.of(&key);
                list.meant += 1;
                list.lost += u64::from(!there);
            }
        }
        for key in verifier.tree.scan_prefix(keys::LISTS).keys() {
            lists.of(&key?).entries += 1;
        }
        for entry in verifier.tree.scan_prefix(keys::SIZES) {
            let (key, value) = entry?;
            let size = <[u8; 8]>::try_from(&*value).map_or(0, u64::from_be_bytes);
            let list = key.strip_prefix(keys::SIZES).unwrap_or_default();
            lists.0.entry(list.to_vec()).or_default().size = size;
        }
        let mut any = false;
        for (name, list) in lists.0 {
            let List {
                meant,
                lost,
                entries,
                size,
            } = list;
            if lost == 0 && meant == entries && entries == size {
                continue;
            }
            any = true;
            let about = match keys::list_of_size(&keys::size(&name)) {
                Some(list) => format!("{list:?}"),
                None => super::shown(&name),
            };
            let wrong = format!(
                "{meant} visitors should be in the list; it has {entries} entries, lacks {lost} \
                 visitors, and says to have {size}"
            );
            verifier.tell_repaired(FindingKind::List, about, wrong);
        }
        if any && verifier.mode == super::Mode::Repair {
            index::rebuild(verifier.tree)?;
        }
        Ok(())
    }

    /// The list of an entry; those that are nobody's are counted under no name.
    fn of(&mut self, entry: &[u8]) -> &mut List {
        let name = keys::list_of(entry).unwrap_or_default();
        if !self.0.contains_key(name) {
            self.0.insert(name.to_vec(), List::default());
        }
        self.0.entry(name.to_vec()).or_default()
    }
}
