//! Persons and memberships against each other.

use std::collections::BTreeMap;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{UserId, VisitorId};

use super::{FindingKind, Verifier, shown};
use crate::store::embedded::batch::Batch;
use crate::store::embedded::held::Records;
use crate::store::embedded::record::{PersonRecord, VisitorRecord};
use crate::store::embedded::{EmbeddedError, keys, merges};
use crate::store::joining::{MOST_VISITORS, Membership, Register as _};

/// Merges that may lie one above the other: the logarithm of more persons than there are people.
const MOST_MERGES: usize = 64;

/// What is to be put right: for each person those who go and those who come.
#[derive(Default)]
struct Changes(BTreeMap<UserId, (Vec<VisitorId>, Vec<VisitorId>)>);

impl Verifier<'_> {
    pub(super) fn persons(&mut self) -> Result<(), EmbeddedError> {
        let mut changes = Changes::default();
        for entry in self.tree.scan_prefix(keys::PERSONS) {
            let (key, value) = entry?;
            let Some(user) = keys::user_of(&key) else {
                continue;
            };
            self.verified.persons += 1;
            match PersonRecord::from_bytes(&value) {
                Ok(PersonRecord(entry)) => self.person(&user, &entry, &mut changes)?,
                Err(error) => {
                    let wrong = format!("the person cannot be read: {error}");
                    self.tell(FindingKind::Record, shown(&key), wrong);
                }
            }
        }
        self.memberships(&mut changes)?;
        self.put_right(changes)
    }

    fn person(
        &mut self,
        user: &UserId,
        entry: &crate::store::joining::PersonEntry,
        changes: &mut Changes,
    ) -> Result<(), EmbeddedError> {
        if entry.merged_into.is_some() {
            if !entry.visitors.is_empty() {
                let wrong = "the person is merged into another and has visitors of its own";
                self.tell(FindingKind::Person, user, wrong);
            }
            if self.root(user)?.is_none() {
                let wrong = "the person is merged into others without an end";
                self.tell(FindingKind::Person, user, wrong);
            }
            return Ok(());
        }
        if !entry.visitors.is_sorted_by(|one, other| one < other)
            || entry.visitors.len() > MOST_VISITORS
        {
            let wrong = "the person's visitors are not in order, or too many";
            self.tell(FindingKind::Person, user, wrong);
        }
        for visitor in &entry.visitors {
            let wrong = match self.membership(visitor)? {
                Known::Unreadable => continue,
                Known::Nobody => "is not known",
                Known::Visitor(None) => "is said to be nobody's",
                Known::Visitor(Some(membership)) => match self.root(&membership.user)? {
                    Some(root) if root == *user => continue,
                    _ => "is of another",
                },
            };
            let wrong = format!("the visitor {:?} of the person {wrong}", visitor.as_str());
            self.tell_repaired(FindingKind::Person, user, wrong);
            let (going, _) = changes.0.entry(user.clone()).or_default();
            going.push(visitor.clone());
        }
        Ok(())
    }

    fn memberships(&mut self, changes: &mut Changes) -> Result<(), EmbeddedError> {
        let mut lost = Vec::new();
        let mut undone = Vec::new();
        for read in self.readable() {
            let (visitor, record) = read?;
            let Some(membership) = &record.person else {
                continue;
            };
            // Told by itself where it cannot be read.
            let link = merges::membership_link(self.tree, &visitor, &membership.user);
            if link.is_ok_and(|link| link.is_some_and(|link| link.covers(membership.at))) {
                undone.push((visitor.clone(), membership.user.clone()));
            }
            // Merged without an end: told with the person.
            let Some(root) = self.root(&membership.user)? else {
                continue;
            };
            let entry = self.tree.get(keys::person(&root))?;
            let entry = entry.map(|bytes| PersonRecord::from_bytes(&bytes));
            let visitors = match entry {
                None => Vec::new(),
                Some(Ok(PersonRecord(entry))) => entry.visitors,
                // Told with the person.
                Some(Err(_)) => continue,
            };
            // A full person takes nobody more.
            if visitors.len() < MOST_VISITORS && !visitors.contains(&visitor) {
                lost.push((visitor, root));
            }
        }
        for (visitor, user) in undone {
            let wrong = format!("the visitor is {:?}, which was undone", user.as_str());
            self.tell(FindingKind::Membership, &visitor, wrong);
        }
        for (visitor, root) in lost {
            let wrong = format!("the person {:?} does not have the visitor", root.as_str());
            self.tell_repaired(FindingKind::Membership, &visitor, wrong);
            let (_, coming) = changes.0.entry(root).or_default();
            coming.push(visitor);
        }
        Ok(())
    }

    fn put_right(&self, changes: Changes) -> Result<(), EmbeddedError> {
        let mut records = Records::new(self.tree);
        for (user, (going, coming)) in changes.0 {
            let entry = records.change_person(&user)?;
            entry.visitors.retain(|one| !going.contains(one));
            for visitor in coming {
                if let Err(place) = entry.visitors.binary_search(&visitor)
                    && entry.visitors.len() < MOST_VISITORS
                {
                    entry.visitors.insert(place, visitor);
                }
            }
        }
        let mut batch = Batch::default();
        records.write(&mut batch)?;
        self.write(batch)
    }

    /// The name under which a user's person is kept; nothing where merges have no end.
    pub(super) fn root(&self, user: &UserId) -> Result<Option<UserId>, EmbeddedError> {
        let mut root = user.clone();
        for _ in 0..MOST_MERGES {
            let stored = self.tree.get(keys::person(&root))?;
            let entry = stored.map(|bytes| PersonRecord::from_bytes(&bytes));
            match entry {
                Some(Ok(PersonRecord(entry))) => match entry.merged_into {
                    Some(next) => root = next,
                    None => return Ok(Some(root)),
                },
                None | Some(Err(_)) => return Ok(Some(root)),
            }
        }
        Ok(None)
    }

    fn membership(&self, visitor: &VisitorId) -> Result<Known, EmbeddedError> {
        Ok(match self.tree.get(keys::visitor(visitor))? {
            None => Known::Nobody,
            Some(bytes) => match VisitorRecord::from_bytes(&bytes) {
                Ok(record) => Known::Visitor(record.person),
                Err(_) => Known::Unreadable,
            },
        })
    }
}

/// What is known of a visitor.
enum Known {
    Nobody,
    Unreadable,
    Visitor(Option<Membership>),
}
