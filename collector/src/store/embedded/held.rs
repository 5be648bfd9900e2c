//! What a group has read so far: records of visitors and persons, each read once, and written once
//! where it changed. So several requests of one group see what each other changed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{UserId, VisitorId};

use super::batch::Batch;
use super::index::{self, Sizes};
use super::record::{PersonRecord, VisitorRecord};
use super::{EmbeddedError, keys, links, merges, side_by_side};
use crate::store::joining::{Membership, PersonEntry, Register};
use crate::store::merges::{MembershipLink, MergeEntry, NamesLink};

/// Records for which another thread is worth waking.
const WORTH: usize = 16;

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

impl Held {
    fn read(tree: &sled::Tree, visitor: &VisitorId) -> Result<Self, EmbeddedError> {
        let Some(bytes) = tree.get(keys::visitor(visitor))? else {
            return Ok(Self::default());
        };
        let record = VisitorRecord::from_bytes(&bytes)?;
        Ok(Self {
            listed: index::entries(visitor, &record.profile),
            record,
            known: true,
            changed: false,
            erased: false,
        })
    }
}

/// A record that changed, as it is written.
#[derive(Default)]
struct Written {
    key: Vec<u8>,
    bytes: Vec<u8>,
    /// Keys of the entries in lists that follow from it.
    listed: Vec<Vec<u8>>,
}

impl Written {
    fn new(visitor: &VisitorId, record: &VisitorRecord) -> Self {
        Self {
            key: keys::visitor(visitor),
            bytes: record.to_bytes(),
            listed: index::entries(visitor, &record.profile),
        }
    }
}

/// See the module.
pub(super) struct Records<'a> {
    pub(super) tree: &'a sled::Tree,
    visitors: BTreeMap<VisitorId, Held>,
    /// And whether it changed.
    persons: BTreeMap<UserId, (PersonEntry, bool)>,
    /// Links that changed.
    membership_links: BTreeMap<(VisitorId, UserId), MembershipLink>,
    names_links: BTreeMap<(UserId, UserId), NamesLink>,
    /// Who is said to be whom and has no room there, and who is not any more.
    turned_away: BTreeMap<(UserId, VisitorId), bool>,
    /// What is to be kept of what happened.
    told: Vec<MergeEntry>,
    /// Whether anything was ever undone.
    undone: bool,
}

impl<'a> Records<'a> {
    pub(super) const fn new(tree: &'a sled::Tree) -> Self {
        Self {
            tree,
            visitors: BTreeMap::new(),
            persons: BTreeMap::new(),
            membership_links: BTreeMap::new(),
            names_links: BTreeMap::new(),
            turned_away: BTreeMap::new(),
            told: Vec::new(),
            undone: true,
        }
    }

    /// Says that nothing was ever undone, so that nobody looks for it.
    pub(super) const fn nothing_undone(mut self) -> Self {
        self.undone = false;
        self
    }

    /// What happened since this was asked last.
    pub(super) fn told(&mut self) -> Vec<MergeEntry> {
        std::mem::take(&mut self.told)
    }

    /// What is remembered of two users, where it has changed.
    pub(super) fn changed_names_link(&self, one: &UserId, other: &UserId) -> Option<NamesLink> {
        self.names_links.get(&pair(one, other)).copied()
    }

    /// Reads visitors side by side.
    pub(super) fn load<'v>(
        &mut self,
        visitors: impl Iterator<Item = &'v VisitorId>,
    ) -> Result<(), EmbeddedError> {
        let tree = self.tree;
        let unread = visitors.filter(|visitor| !self.visitors.contains_key(*visitor));
        let mut loaded: Vec<_> = unread.map(|one| (one, Ok(Held::default()))).collect();
        side_by_side::each(&mut loaded, WORTH, |(visitor, held)| {
            *held = Held::read(tree, visitor);
        });
        for (visitor, held) in loaded {
            self.visitors.insert(visitor.clone(), held?);
        }
        Ok(())
    }

    pub(super) fn visitor(&mut self, visitor: &VisitorId) -> Result<&mut Held, EmbeddedError> {
        // Almost always there already: an id is cloned for the first look alone.
        if !self.visitors.contains_key(visitor) {
            let held = Held::read(self.tree, visitor)?;
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
        let changed = self.visitors.iter().filter(|(_, held)| held.changed);
        let mut written: Vec<_> = changed.map(|one| (one, Written::default())).collect();
        side_by_side::each(&mut written, WORTH, |((visitor, held), written)| {
            *written = Written::new(visitor, &held.record);
        });
        for ((_, held), written) in written {
            any = true;
            batch.insert(written.key, written.bytes);
            sizes.change(&held.listed, &written.listed, batch);
        }
        for (visitor, held) in &self.visitors {
            if held.erased && !held.changed {
                any = true;
                batch.remove(keys::visitor(visitor));
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
        for ((visitor, user), link) in self.membership_links {
            any = true;
            batch.insert(keys::membership_link(&visitor, &user), link.to_bytes());
        }
        for ((one, other), link) in self.names_links {
            any = true;
            links::put(&one, &other, &link, batch);
        }
        for ((user, visitor), away) in self.turned_away {
            any = true;
            let key = keys::turned_away_visitor(&user, &visitor);
            if away {
                batch.insert(key, &[]);
            } else {
                batch.remove(key);
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
        membership: Option<Membership>,
    ) -> Result<(), EmbeddedError> {
        let held = self.visitor(visitor)?;
        held.record.person = membership;
        held.changed = true;
        Ok(())
    }

    fn has_taken_back(&self) -> bool {
        self.undone
    }

    fn membership_link(
        &mut self,
        visitor: &VisitorId,
        user: &UserId,
    ) -> Result<Option<MembershipLink>, EmbeddedError> {
        match self.membership_links.get(&(visitor.clone(), user.clone())) {
            Some(link) => Ok(Some(*link)),
            None => merges::membership_link(self.tree, visitor, user),
        }
    }

    fn set_membership_link(&mut self, visitor: &VisitorId, user: &UserId, link: MembershipLink) {
        let key = (visitor.clone(), user.clone());
        self.membership_links.insert(key, link);
    }

    fn names_link(
        &mut self,
        one: &UserId,
        other: &UserId,
    ) -> Result<Option<NamesLink>, EmbeddedError> {
        match self.changed_names_link(one, other) {
            Some(link) => Ok(Some(link)),
            None => merges::names_link(self.tree, one, other),
        }
    }

    fn set_names_link(&mut self, one: &UserId, other: &UserId, link: NamesLink) {
        self.names_links.insert(pair(one, other), link);
    }

    fn turn_away(&mut self, user: &UserId, visitor: &VisitorId, away: bool) {
        let key = (user.clone(), visitor.clone());
        self.turned_away.insert(key, away);
    }

    fn tell(&mut self, entry: MergeEntry) {
        self.told.push(entry);
    }
}

/// Two users in the order in which they are held.
fn pair(one: &UserId, other: &UserId) -> (UserId, UserId) {
    let (first, second) = if one < other {
        (one, other)
    } else {
        (other, one)
    };
    (first.clone(), second.clone())
}
