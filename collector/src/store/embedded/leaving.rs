//! A visitor who is removed leaves the person, and with the visitor goes what is kept of how they came
//! there. With the last of a person goes all that was ever said of its users.
//!
//! Like an undo it reads what is stored, so it is a group by itself.

use std::collections::BTreeSet;

use firstglance_engine::{Timestamp, UserId, VisitorId};

use super::group::Group;
use super::{EmbeddedError, keys, links, merges};
use crate::store::joining::{self, PersonEntry, Register as _};
use crate::store::merges::NamesLink;

impl Group<'_> {
    /// See the module.
    pub(super) fn leave(&mut self, visitor: &VisitorId) -> Result<(), EmbeddedError> {
        let tree = self.records.tree;
        let membership = self.records.membership(visitor)?.flatten();
        joining::leave(&mut self.records, visitor)?;
        let mut named = merges::erase(tree, visitor, &mut self.batch)?;
        named.extend(membership.map(|one| one.user));
        // An alias may have taken the visitor's own id for a user's name.
        let own = UserId::parse(visitor.as_str()).ok();
        named.extend(own.clone());
        while let Some(user) = named.pop_first() {
            let users = links::users_of_person(tree, &user, |_, _| None, usize::MAX)?;
            let users = users.unwrap_or_default();
            named.retain(|one| !users.contains(one));
            let root = joining::root(&mut self.records, &user)?;
            if self.records.person(&root)?.visitors.is_empty()
                && !links::turn_away_others(tree, &users, visitor)?
            {
                self.forget_users(&users)?;
            } else if let Some(own) = own.as_ref().filter(|own| users.contains(*own)) {
                self.forget_name(own, visitor, &users)?;
            }
        }
        Ok(())
    }

    /// Removes everything that lies under the name of a visitor who has left.
    pub(super) fn remove_all(
        &mut self,
        visitor: &VisitorId,
        now: Timestamp,
    ) -> Result<(), EmbeddedError> {
        let all = [
            keys::messages,
            keys::buckets,
            keys::days,
            keys::exposures,
            keys::funnels,
        ];
        for prefix in all.map(|of| of(visitor)) {
            for key in self.records.tree.scan_prefix(prefix).keys() {
                self.batch.remove(key?);
            }
        }
        self.records.erase(visitor)?;
        self.batch.leaves_residue(now);
        Ok(())
    }

    /// Forgets all that was said of users of whom nobody is left.
    fn forget_users(&mut self, users: &BTreeSet<UserId>) -> Result<(), EmbeddedError> {
        merges::erase_users(self.records.tree, users, &mut self.batch)?;
        for user in users {
            if *self.records.person(user)? != PersonEntry::default() {
                *self.records.change_person(user)? = PersonEntry::default();
            }
        }
        Ok(())
    }

    /// Forgets the id of a visitor as the name of a user, unless somebody goes by it. Who was one person
    /// by that name stays so.
    fn forget_name(
        &mut self,
        name: &UserId,
        visitor: &VisitorId,
        users: &BTreeSet<UserId>,
    ) -> Result<(), EmbeddedError> {
        let tree = self.records.tree;
        let root = joining::root(&mut self.records, name)?;
        for other in self.records.person(&root)?.visitors.clone() {
            let membership = self.records.membership(&other)?.flatten();
            if membership.is_some_and(|membership| membership.user == *name) {
                return Ok(());
            }
        }
        if links::turn_away_others(tree, &BTreeSet::from([name.clone()]), visitor)? {
            return Ok(());
        }
        let mut neighbours = Vec::new();
        for key in tree.scan_prefix(keys::names_links(name)).keys() {
            let (_, other) = links::names_of(&key?)?;
            if users.contains(&other) {
                neighbours.push(other);
            }
        }
        if let Some((first, others)) = neighbours.split_first() {
            for other in others {
                let link = self.records.names_link(first, other)?;
                if !link.is_some_and(|link| link.holds()) {
                    self.records.set_names_link(first, other, NamesLink::OF_OLD);
                }
            }
        }
        let mut rest = users.clone();
        rest.remove(name);
        self.divide(&[rest])?;
        self.forget_users(&BTreeSet::from([name.clone()]))
    }
}
