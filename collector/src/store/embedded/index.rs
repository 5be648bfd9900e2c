//! The lists of `store::listing` in the tree, and how many visitors each has: entries that are keys
//! alone, and a number for each list. Both change in the batch that changes the profile they follow
//! from, and can be made anew from all profiles. Nothing here reads a message.

use std::collections::BTreeMap;
use std::ops::Bound;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{Profile, VisitorId};

use super::batch::Batch;
use super::counters::number;
use super::record::VisitorRecord;
use super::{EmbeddedError, keys};
use crate::store::listing::{List, ListSize, Listed, Position};

/// Profiles and entries in one batch where all lists are made anew.
const AT_ONCE: usize = 1_000;

/// Keys of the entries of a visitor.
pub(super) fn entries(visitor: &VisitorId, profile: &Profile) -> Vec<Vec<u8>> {
    let position = Position::of(visitor, profile.last_seen);
    List::of(profile)
        .map(|list| keys::listed(&list, &position))
        .collect()
}

/// How the sizes of lists change, by what the keys of their entries begin with.
#[derive(Debug, Default)]
pub(super) struct Sizes(BTreeMap<Vec<u8>, i64>);

impl Sizes {
    /// Puts the difference between a visitor's entries before and after into a batch.
    pub(super) fn change(&mut self, before: &[Vec<u8>], after: &[Vec<u8>], batch: &mut Batch) {
        // A visitor is in a handful of lists.
        for key in before.iter().filter(|key| !after.contains(key)) {
            batch.remove(&**key);
            self.count(key, -1);
        }
        for key in after.iter().filter(|key| !before.contains(key)) {
            batch.insert(&**key, &[]);
            self.count(key, 1);
        }
    }

    fn count(&mut self, entry: &[u8], difference: i64) {
        let Some(list) = keys::list_of(entry) else {
            return;
        };
        match self.0.get_mut(list) {
            Some(size) => *size += difference,
            None => {
                self.0.insert(list.to_vec(), difference);
            }
        }
    }

    /// Puts the sizes that changed into a batch.
    pub(super) fn write(self, tree: &sled::Tree, batch: &mut Batch) -> Result<(), EmbeddedError> {
        for (list, difference) in self.0 {
            if difference == 0 {
                continue;
            }
            let key = keys::size(&list);
            let before = tree.get(&key)?.map_or(Ok(0), |bytes| number(&bytes))?;
            match before.saturating_add_signed(difference) {
                0 => batch.remove(key),
                size => batch.insert(key, &size.to_be_bytes()),
            }
        }
        Ok(())
    }
}

/// Visitors who are in any of some lists, at most so many, from the first one after a position.
pub(super) fn read(
    tree: &sled::Tree,
    lists: &[List],
    after: Option<&Position>,
    limit: usize,
) -> Result<Vec<Listed>, EmbeddedError> {
    let mut open = Vec::with_capacity(lists.len());
    for list in lists {
        let from = match after {
            None => Bound::Included(keys::list(list)),
            Some(position) => Bound::Excluded(keys::listed(list, position)),
        };
        let mut entries = Entries {
            list: keys::list(list),
            range: tree.range((from, Bound::Unbounded)),
        };
        if let Some(first) = entries.next()? {
            open.push((first, entries));
        }
    }
    let mut found: Vec<Listed> = Vec::new();
    while found.len() < limit {
        let newest = (open.iter().enumerate())
            .min_by(|(_, (one, _)), (_, (other, _))| {
                (other.step, &one.visitor).cmp(&(one.step, &other.visitor))
            })
            .map(|(place, _)| place);
        let Some(newest) = newest else { break };
        let (position, entries) = &mut open[newest];
        let position = match entries.next()? {
            Some(next) => std::mem::replace(position, next),
            None => open.swap_remove(newest).0,
        };
        // Whoever is in several of the lists is told once.
        if found.last().is_some_and(|last| last.position == position) {
            continue;
        }
        // One that was erased since the range was opened has no record.
        if let Some(bytes) = tree.get(keys::visitor(&position.visitor))? {
            let record = VisitorRecord::from_bytes(&bytes)?;
            found.push(Listed {
                position,
                profile: record.profile,
                consent: record.consent.map(|said| said.consent),
            });
        }
    }
    Ok(found)
}

/// Entries of one list.
struct Entries {
    list: Vec<u8>,
    range: sled::Iter,
}

impl Entries {
    fn next(&mut self) -> Result<Option<Position>, EmbeddedError> {
        let Some(entry) = self.range.next() else {
            return Ok(None);
        };
        let (key, _) = entry?;
        match key.strip_prefix(&*self.list) {
            None => Ok(None),
            Some(rest) => keys::position_of(rest).map(Some).ok_or(EmbeddedError::Key),
        }
    }
}

/// The sizes of all lists that have anybody.
pub(super) fn sizes(tree: &sled::Tree) -> Result<Vec<ListSize>, EmbeddedError> {
    let mut all = Vec::new();
    for entry in tree.scan_prefix(keys::SIZES) {
        let (key, bytes) = entry?;
        let list = keys::list_of_size(&key).ok_or(EmbeddedError::Key)?;
        let visitors = number(&bytes)?;
        all.push(ListSize { list, visitors });
    }
    Ok(all)
}

/// Makes all lists anew from the profiles. Nothing else may write meanwhile. What it was doing when
/// it was interrupted is harmless: it can be begun again.
pub(super) fn rebuild(tree: &sled::Tree) -> Result<(), EmbeddedError> {
    for prefix in [keys::LISTS, keys::SIZES] {
        loop {
            let mut batch = Batch::default();
            let mut count = 0;
            for key in tree.scan_prefix(prefix).keys().take(AT_ONCE) {
                batch.remove(key?);
                count += 1;
            }
            if count == 0 {
                break;
            }
            batch.apply(tree)?;
        }
    }
    let mut sizes = Sizes::default();
    let mut batch = Batch::default();
    let mut count = 0;
    for entry in tree.scan_prefix(keys::VISITORS) {
        let (key, bytes) = entry?;
        let visitor = keys::visitor_of(&key).ok_or(EmbeddedError::Key)?;
        let profile = VisitorRecord::from_bytes(&bytes)?.profile;
        sizes.change(&[], &entries(&visitor, &profile), &mut batch);
        count += 1;
        if count == AT_ONCE {
            std::mem::take(&mut batch).apply(tree)?;
            count = 0;
        }
    }
    sizes.write(tree, &mut batch)?;
    batch.apply(tree)?;
    Ok(())
}
