//! What a group has read so far: records of visitors and persons, each read once, and written once
//! where it changed. So several requests of one group see what each other changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{UserId, VisitorId};

use super::batch::Batch;
use super::index::{self, Sizes};
use super::record::{PersonRecord, VisitorRecord};
use super::{EmbeddedError, keys};
use crate::store::joining::{Membership, PersonEntry, Register};

/// A visitor's record.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) record: VisitorRecord,
    /// Whether the visitor is known at this point of the group.
    pub(super) known: bool,
    pub(super) changed: bool,
    /// Whether the visitor was erased in this group.
    pub(super) erased: bool,
    /// Keys of the entries in lists that are stored.
    pub(super) listed: Vec<Vec<u8>>,
}

/// See the module.
pub(super) struct Records<'a> {
    pub(super) tree: &'a sled::Tree,
    visitors: BTreeMap<VisitorId, Held>,
    /// And whether it changed.
    persons: BTreeMap<UserId, (PersonEntry, bool)>,
}

impl<'a> Records<'a> {
    pub(super) const fn new(tree: &'a sled::Tree) -> Self {
        Self {
            tree,
            visitors: BTreeMap::new(),
            persons: BTreeMap::new(),
        }
    }

    pub(super) fn visitor(&mut self, visitor: &VisitorId) -> Result<&mut Held, EmbeddedError> {
        // Almost always there already: an id is cloned for the first look alone.
        if !self.visitors.contains_key(visitor) {
            let stored = self.tree.get(keys::visitor(visitor))?;
            let held = match stored {
                None => Held::default(),
                Some(bytes) => {
                    let record = VisitorRecord::from_bytes(&bytes)?;
                    Held {
                        listed: index::entries(visitor, &record.profile),
                        record,
                        known: true,
                        changed: false,
                        erased: false,
                    }
                }
            };
            self.visitors.insert(visitor.clone(), held);
        }
        self.visitors.get_mut(visitor).ok_or(EmbeddedError::Key)
    }

    fn held_person(&mut self, user: &UserId) -> Result<&mut (PersonEntry, bool), EmbeddedError> {
        match self.persons.entry(user.clone()) {
            Entry::Occupied(held) => Ok(held.into_mut()),
            Entry::Vacant(place) => {
                let entry = match self.tree.get(keys::person(user))? {
                    None => PersonEntry::default(),
                    Some(bytes) => PersonRecord::from_bytes(&bytes)?.0,
                };
                Ok(place.insert((entry, false)))
            }
        }
    }

    /// Puts what changed into a batch. Says whether anything did.
    pub(super) fn write(self, batch: &mut Batch) -> Result<bool, EmbeddedError> {
        let mut any = false;
        let mut sizes = Sizes::default();
        for (visitor, held) in self.visitors {
            if held.changed {
                any = true;
                batch.insert(keys::visitor(&visitor), held.record.to_bytes());
                let listed = index::entries(&visitor, &held.record.profile);
                sizes.change(&held.listed, &listed, batch);
            } else if held.erased {
                any = true;
                batch.remove(keys::visitor(&visitor));
                sizes.change(&held.listed, &[], batch);
            }
        }
        sizes.write(self.tree, batch)?;
        for (user, (entry, changed)) in self.persons {
            if !changed {
                continue;
            }
            any = true;
            let key = keys::person(&user);
            // One of whom nothing is known reads as one that is not there, and names nobody.
            if entry == PersonEntry::default() {
                batch.remove(key);
            } else {
                batch.insert(key, PersonRecord(entry).to_bytes());
            }
        }
        Ok(any)
    }

    /// Takes a visitor out of everything that is written here.
    pub(super) fn erase(&mut self, visitor: &VisitorId) -> Result<(), EmbeddedError> {
        let held = self.visitor(visitor)?;
        *held = Held {
            erased: true,
            listed: std::mem::take(&mut held.listed),
            ..Held::default()
        };
        Ok(())
    }
}

impl Register for Records<'_> {
    type Error = EmbeddedError;

    fn person(&mut self, user: &UserId) -> Result<&PersonEntry, EmbeddedError> {
        Ok(&self.held_person(user)?.0)
    }

    fn change_person(&mut self, user: &UserId) -> Result<&mut PersonEntry, EmbeddedError> {
        let (entry, changed) = self.held_person(user)?;
        *changed = true;
        Ok(entry)
    }

    fn membership(
        &mut self,
        visitor: &VisitorId,
    ) -> Result<Option<Option<Membership>>, EmbeddedError> {
        let held = self.visitor(visitor)?;
        Ok(held.known.then(|| held.record.person.clone()))
    }

    fn set_membership(
        &mut self,
        visitor: &VisitorId,
        membership: Membership,
    ) -> Result<(), EmbeddedError> {
        let held = self.visitor(visitor)?;
        held.record.person = Some(membership);
        held.changed = true;
        Ok(())
    }
}
