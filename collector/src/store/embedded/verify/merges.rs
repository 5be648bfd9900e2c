//! The audit of merges and what is remembered of links: against each other, against persons, and
//! against the visitors that they are about.
//!
//! An entry is never made up and never taken out. Which visitors and users it is about follows from
//! it, and that two users are one person from what aliases said. Where they are it already and nothing
//! says by what, as an older version leaves it, they stay so.

use firstglance_engine::codec::Encode as _;

use super::{FindingKind, Verifier, shown};
use crate::store::embedded::batch::Batch;
use crate::store::embedded::links::{self, MOST_USERS};
use crate::store::embedded::merge_record;
use crate::store::embedded::merges::{self, read_counter};
use crate::store::embedded::record::{PersonRecord, VisitorRecord};
use crate::store::embedded::{EmbeddedError, keys};
use crate::store::joining;
use crate::store::merges::{MembershipLink, NamesLink};

impl Verifier<'_> {
    /// Whether a key of the audit of merges is one of ours; tells what under it cannot be read.
    pub(super) fn is_of_merges(&mut self, key: &[u8], value: &[u8]) -> bool {
        let unreadable = match key.get(..2) {
            None => read_counter(value).is_none(),
            Some(keys::MERGE_ENTRIES) => {
                if key.len() != keys::merge(0).len() {
                    return false;
                }
                merge_record::from_bytes(value).is_err()
            }
            Some(keys::MEMBERSHIP_LINKS) => {
                if links::membership_of(key).is_err() {
                    return false;
                }
                MembershipLink::from_bytes(value).is_err()
            }
            Some(keys::NAMES_LINKS) => {
                if links::names_of(key).is_err() {
                    return false;
                }
                NamesLink::from_bytes(value).is_err()
            }
            Some(keys::TURNED_AWAY) => return links::turned_away_of(key).is_ok(),
            Some(begins @ (keys::MERGES_OF_VISITORS | keys::MERGES_OF_USERS)) => {
                let row = keys::merge_of(key).and_then(|(row, _)| row.strip_prefix(begins));
                return row.is_some_and(|row| row.last() == Some(&0));
            }
            Some(_) => return false,
        };
        if unreadable {
            let wrong = match key.get(..2) {
                Some(keys::MERGE_ENTRIES) => "an entry of the audit of merges cannot be read",
                _ => "what is remembered of a merge cannot be read",
            };
            self.tell(FindingKind::Record, shown(key), wrong);
        }
        true
    }

    pub(super) fn merges(&mut self) -> Result<(), EmbeddedError> {
        self.entries()?;
        self.rows()?;
        self.names()?;
        self.turned_away()
    }

    /// Each entry can be found by whom it is about, and no number is given away twice.
    fn entries(&mut self) -> Result<(), EmbeddedError> {
        let counter = self.tree.get(keys::MERGES)?;
        let counter = counter.and_then(|bytes| read_counter(&bytes));
        let mut next = 0;
        for stored in self.tree.scan_prefix(keys::MERGE_ENTRIES) {
            let (key, value) = stored?;
            let (Some((_, number)), Ok(entry)) =
                (keys::merge_of(&key), merge_record::from_bytes(&value))
            else {
                continue;
            };
            self.verified.merges += 1;
            next = next.max(number.saturating_add(1));
            let mut missing = Batch::default();
            let mut any = false;
            for row in merges::rows(number, &entry) {
                if !self.tree.contains_key(&row)? {
                    missing.insert(row, &[]);
                    any = true;
                }
            }
            if any {
                let wrong = "the merge is not found by whom it is about";
                self.tell_repaired(FindingKind::Merge, number, wrong);
                self.write(missing)?;
            }
        }
        if let Some((counted, undone)) = counter.filter(|(counted, _)| *counted < next) {
            let wrong = format!("the next merge would have the number {counted}, which is taken");
            self.tell_repaired(FindingKind::Merge, counted, wrong);
            let mut bytes = next.to_be_bytes().to_vec();
            bytes.push(u8::from(undone));
            let mut batch = Batch::default();
            batch.insert(keys::MERGES, bytes);
            self.write(batch)?;
        }
        Ok(())
    }

    /// What says whom an entry is about is not of one that is not there, or is about others.
    fn rows(&mut self) -> Result<(), EmbeddedError> {
        for begins in [keys::MERGES_OF_VISITORS, keys::MERGES_OF_USERS] {
            for key in self.tree.scan_prefix(begins).keys() {
                let key = key?;
                let Some((_, number)) = keys::merge_of(&key) else {
                    continue;
                };
                let stored = self.tree.get(keys::merge(number))?;
                let meant = match stored.map(|bytes| merge_record::from_bytes(&bytes)) {
                    None => false,
                    // Told by itself, and perhaps about this one.
                    Some(Err(_)) => true,
                    Some(Ok(entry)) => merges::rows(number, &entry).iter().any(|row| key == *row),
                };
                if !meant {
                    let wrong = format!("no merge {number} is about this");
                    self.remove(FindingKind::Merge, &key, &wrong)?;
                }
            }
        }
        Ok(())
    }

    /// Users whom an alias has joined are one person, and nobody else is.
    fn names(&mut self) -> Result<(), EmbeddedError> {
        for stored in self.tree.scan_prefix(keys::NAMES_LINKS) {
            let (key, value) = stored?;
            let (Ok((one, other)), Ok(link)) =
                (links::names_of(&key), NamesLink::from_bytes(&value))
            else {
                continue;
            };
            let back = self.tree.get(keys::names_link(&other, &one))?;
            if back.as_ref() != Some(&value) {
                let wrong = format!("that {:?} is the same person is not known", one.as_str());
                self.tell_repaired(FindingKind::Merge, &other, wrong);
                let mut batch = Batch::default();
                links::put(&one, &other, &link, &mut batch);
                self.write(batch)?;
            }
            let roots = (self.root(&one)?, self.root(&other)?);
            if let (Some(first), Some(second)) = roots
                && link.holds()
                && first != second
            {
                let wrong = format!("is the same person as {:?} by an alias", other.as_str());
                self.tell_repaired(FindingKind::Person, &one, wrong);
                let mut records = crate::store::embedded::held::Records::new(self.tree);
                joining::unite(&mut records, &one, &other)?;
                let mut batch = Batch::default();
                records.write(&mut batch)?;
                self.write(batch)?;
            }
        }
        for stored in self.tree.scan_prefix(keys::PERSONS) {
            let (key, value) = stored?;
            let (Some(user), Ok(PersonRecord(person))) =
                (keys::user_of(&key), PersonRecord::from_bytes(&value))
            else {
                continue;
            };
            let Some(into) = person.merged_into else {
                continue;
            };
            let users = links::users_of_person(self.tree, &user, |_, _| None, MOST_USERS);
            // What cannot be read is told by itself, and a person of more is not looked through.
            let Ok(Some(users)) = users else { continue };
            if !users.contains(&into) {
                let wrong = format!("is merged into {:?} and no alias says so", into.as_str());
                self.tell_repaired(FindingKind::Person, &user, wrong);
                let mut batch = Batch::default();
                links::put(&user, &into, &NamesLink::OF_OLD, &mut batch);
                self.write(batch)?;
            }
        }
        Ok(())
    }

    /// Those for whom there was no room are known, say so, and are not there all the same.
    fn turned_away(&mut self) -> Result<(), EmbeddedError> {
        for key in self.tree.scan_prefix(keys::TURNED_AWAY).keys() {
            let key = key?;
            let Ok((user, visitor)) = links::turned_away_of(&key) else {
                continue;
            };
            let record = match self.tree.get(keys::visitor(&visitor))? {
                None => None,
                Some(bytes) => match VisitorRecord::from_bytes(&bytes) {
                    Ok(record) => Some(record),
                    Err(_) => continue,
                },
            };
            let says_so = record.and_then(|record| record.person);
            let says_so = says_so.is_some_and(|membership| membership.user == user);
            let person = match self.root(&user)? {
                None => continue,
                Some(root) => self.tree.get(keys::person(&root))?,
            };
            let is_there = match person.map(|bytes| PersonRecord::from_bytes(&bytes)) {
                None => false,
                Some(Ok(PersonRecord(person))) => person.visitors.contains(&visitor),
                Some(Err(_)) => continue,
            };
            if !says_so || is_there {
                let wrong = "the visitor is not one for whom the person has no room";
                self.remove(FindingKind::Merge, &key, wrong)?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, kind: FindingKind, key: &[u8], wrong: &str) -> Result<(), EmbeddedError> {
        self.tell_repaired(kind, shown(key), wrong);
        let mut batch = Batch::default();
        batch.remove(key);
        self.write(batch)
    }
}
