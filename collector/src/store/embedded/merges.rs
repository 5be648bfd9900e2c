//! The audit of merges in the tree: entries by number, and for each visitor and user which are about
//! them. An entry is added in the batch of what it tells; numbers are never used twice.

use std::collections::BTreeSet;

use firstglance_engine::{UserId, VisitorId};

use super::batch::Batch;
use super::held::Records;
use super::merge_record::{from_bytes, to_bytes};
use super::{EmbeddedError, keys, links, record};
use crate::store::joining::{self, Register as _};
use crate::store::merges::{
    Cause, KeptMerge, Link, MembershipLink, MergeChange, MergeEntry, MergeFilter, NamesLink,
    TakenBack,
};

/// Undos of one link that may lie one upon the other before nobody follows them any more.
const MOST_UNDOS: usize = 1_000;

/// How far the audit is.
#[derive(Debug)]
pub(super) struct Merges {
    next: u64,
    /// Whether anything was ever undone.
    undone: bool,
}

impl Merges {
    /// That of a tree, which has one: see [`Merges::begin`].
    pub(super) fn load(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        let stored = tree.get(keys::MERGES)?.ok_or(EmbeddedError::Key)?;
        read_counter(&stored)
            .map(|(next, undone)| Self { next, undone })
            .ok_or(EmbeddedError::Key)
    }

    /// Begins it in a tree. Data without it have no links between users either.
    pub(super) fn begin(tree: &sled::Tree) -> Result<(), EmbeddedError> {
        links::make_up(tree)?;
        let mut batch = Batch::default();
        let none = Self {
            next: 1,
            undone: false,
        };
        none.write(&mut batch);
        Ok(batch.apply(tree)?)
    }

    /// Whether anything was ever undone.
    pub(super) const fn has_undone(&self) -> bool {
        self.undone
    }

    /// The number that the next entry gets.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Adds entries.
    pub(super) fn add(&mut self, entries: &[MergeEntry], batch: &mut Batch) {
        for entry in entries {
            batch.insert(keys::merge(self.next), to_bytes(entry));
            for key in rows(self.next, entry) {
                batch.insert(key, &[]);
            }
            self.next += 1;
            self.undone |= matches!(entry.change, MergeChange::Undone(_));
        }
        if !entries.is_empty() {
            self.write(batch);
        }
    }

    fn write(&self, batch: &mut Batch) {
        let mut bytes = self.next.to_be_bytes().to_vec();
        bytes.push(u8::from(self.undone));
        batch.insert(keys::MERGES, bytes);
    }
}

/// The number of the next entry, and whether anything was ever undone.
pub(super) fn read_counter(bytes: &[u8]) -> Option<(u64, bool)> {
    let (next, undone) = bytes.split_first_chunk::<8>()?;
    let undone = match undone {
        [0] => false,
        [1] => true,
        _ => return None,
    };
    Some((u64::from_be_bytes(*next), undone))
}

/// Keys that say whom an entry is about.
pub(super) fn rows(number: u64, entry: &MergeEntry) -> Vec<Vec<u8>> {
    let visitors = entry.visitors();
    let visitors = visitors.into_iter().map(keys::merges_of_visitor);
    let users = entry.users();
    let users = users.into_iter().map(keys::merges_of_user);
    let row = |mut key: Vec<u8>| {
        key.extend_from_slice(&number.to_be_bytes());
        key
    };
    visitors.chain(users).map(row).collect()
}

/// An entry; nothing where there is none of that number.
pub(super) fn entry(tree: &sled::Tree, number: u64) -> Result<Option<MergeEntry>, EmbeddedError> {
    let stored = tree.get(keys::merge(number))?;
    let entry = stored.map(|bytes| from_bytes(&bytes));
    Ok(entry.transpose()?)
}

/// Numbers of entries whose keys begin so, below a number, the latest first.
fn numbers<'a>(
    tree: &'a sled::Tree,
    begins: &[u8],
    before: u64,
) -> impl Iterator<Item = Result<u64, EmbeddedError>> + use<'a> {
    let start = [begins, &0_u64.to_be_bytes()].concat();
    let end = [begins, &before.to_be_bytes()].concat();
    tree.range(start..end).rev().map(|entry| {
        let (key, _) = entry?;
        let (_, number) = keys::merge_of(&key).ok_or(EmbeddedError::Key)?;
        Ok(number)
    })
}

/// All entries about a visitor that can be read; others are told by verification.
pub(super) fn of_visitor(
    tree: &sled::Tree,
    visitor: &VisitorId,
) -> Result<Vec<(u64, MergeEntry)>, EmbeddedError> {
    let mut found = Vec::new();
    for number in numbers(tree, &keys::merges_of_visitor(visitor), u64::MAX) {
        let number = number?;
        match entry(tree, number) {
            Ok(Some(entry)) => found.push((number, entry)),
            Ok(None) | Err(EmbeddedError::Record(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Entries, the latest first.
pub(super) fn read(
    tree: &sled::Tree,
    filter: &MergeFilter,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<KeptMerge>, EmbeddedError> {
    let begins = match filter {
        MergeFilter::All => vec![keys::MERGE_ENTRIES.to_vec()],
        MergeFilter::Visitor(visitor) => vec![keys::merges_of_visitor(visitor)],
        MergeFilter::User(user) => vec![keys::merges_of_user(user)],
        MergeFilter::PersonOf(visitor) => of_person(tree, visitor)?,
    };
    let before = before.unwrap_or(u64::MAX);
    let mut latest = BTreeSet::new();
    for begins in begins {
        for number in numbers(tree, &begins, before).take(limit) {
            latest.insert(number?);
        }
    }
    let mut found = Vec::new();
    for number in latest.into_iter().rev().take(limit) {
        if let Some(entry) = entry(tree, number)? {
            found.push(kept(tree, number, entry)?);
        }
    }
    Ok(found)
}

/// What the keys of entries about a person begin with.
fn of_person(tree: &sled::Tree, visitor: &VisitorId) -> Result<Vec<Vec<u8>>, EmbeddedError> {
    let mut records = Records::new(tree);
    let mut users = BTreeSet::new();
    let mut begins = Vec::new();
    for one in joining::visitors_of(&mut records, visitor)? {
        if let Some(Some(membership)) = records.membership(&one)? {
            users.insert(membership.user);
        }
        begins.push(keys::merges_of_visitor(&one));
    }
    begins.extend(users.iter().map(keys::merges_of_user));
    Ok(begins)
}

/// The entry of the merge that a restoring brought back, and its number; nothing where it is not kept
/// any more. Whatever else is asked for is what is given.
pub(super) fn meant(
    tree: &sled::Tree,
    mut number: u64,
) -> Result<Option<(u64, MergeEntry)>, EmbeddedError> {
    loop {
        let Some(found) = entry(tree, number)? else {
            return Ok(None);
        };
        let MergeChange::Restored(restoring) = &found.change else {
            return Ok(Some((number, found)));
        };
        match entry(tree, restoring.of)? {
            Some(MergeEntry {
                change: MergeChange::Undone(undone),
                ..
            // Entries name earlier ones alone.
            }) if undone.of < number => number = undone.of,
            _ => return Ok(None),
        }
    }
}

/// An entry, and what has become of it.
fn kept(tree: &sled::Tree, number: u64, entry: MergeEntry) -> Result<KeptMerge, EmbeddedError> {
    let undone_by = match &entry.change {
        MergeChange::Joined { visitor, to, .. } => {
            let link = membership_link(tree, visitor, &to.user)?.unwrap_or_default();
            link.taken_back.filter(|_| link.covers(to.at))
        }
        MergeChange::Merged {
            previous,
            user,
            said,
        } => {
            let link = names_link(tree, previous, user)?;
            let covered = link.filter(|link| link.covers(*said));
            covered.and_then(|link| link.taken_back)
        }
        MergeChange::Undone(undoing) => {
            let now = taken_back(tree, &undoing.link)?;
            return Ok(KeptMerge {
                undone_by: (!is_in_force(tree, number, now)?).then_some(number),
                number,
                entry,
            });
        }
        MergeChange::Restored(_) => {
            let undone_by = match meant(tree, number)? {
                Some((of, meant)) if of != number => kept(tree, of, meant)?.undone_by,
                _ => None,
            };
            return Ok(KeptMerge {
                number,
                entry,
                undone_by,
            });
        }
    };
    Ok(KeptMerge {
        number,
        entry,
        undone_by: undone_by.map(|taken| taken.by),
    })
}

/// What is taken back of a link at present.
pub(super) fn taken_back(
    tree: &sled::Tree,
    link: &Link,
) -> Result<Option<TakenBack>, EmbeddedError> {
    Ok(match link {
        Link::Membership(visitor, user) => {
            membership_link(tree, visitor, user)?.and_then(|link| link.taken_back)
        }
        Link::Names(one, other) => names_link(tree, one, other)?.and_then(|link| link.taken_back),
    })
}

/// Whether an undo is what takes a link back, or lies below what does.
pub(super) fn is_in_force(
    tree: &sled::Tree,
    number: u64,
    mut now: Option<TakenBack>,
) -> Result<bool, EmbeddedError> {
    for _ in 0..MOST_UNDOS {
        let Some(taken) = now else { return Ok(false) };
        if taken.by == number {
            return Ok(true);
        }
        let Some(MergeEntry {
            change: MergeChange::Undone(upper),
            ..
        }) = entry(tree, taken.by)?
        else {
            return Ok(false);
        };
        now = upper.before;
    }
    Ok(false)
}

pub(super) fn membership_link(
    tree: &sled::Tree,
    visitor: &VisitorId,
    user: &UserId,
) -> Result<Option<MembershipLink>, EmbeddedError> {
    record::read(tree, &keys::membership_link(visitor, user))
}

pub(super) fn names_link(
    tree: &sled::Tree,
    one: &UserId,
    other: &UserId,
) -> Result<Option<NamesLink>, EmbeddedError> {
    record::read(tree, &keys::names_link(one, other))
}

/// Takes out what is kept about a visitor, and says which users that named. What a message of theirs
/// says of others stays, without a word of whose message it was.
pub(super) fn erase(
    tree: &sled::Tree,
    visitor: &VisitorId,
    batch: &mut Batch,
) -> Result<BTreeSet<UserId>, EmbeddedError> {
    let mut users = BTreeSet::new();
    let begins = keys::merges_of_visitor(visitor);
    for number in numbers(tree, &begins, u64::MAX) {
        let number = number?;
        let Some(mut entry) = whole_or_erased(tree, number, &begins, batch)? else {
            continue;
        };
        users.extend(entry.users().into_iter().cloned());
        for row in rows(number, &entry) {
            batch.remove(row);
        }
        if entry.visitor() == Some(visitor) {
            batch.remove(keys::merge(number));
        } else {
            entry.cause = Cause::Erased;
            batch.insert(keys::merge(number), to_bytes(&entry));
            for row in rows(number, &entry) {
                batch.insert(row, &[]);
            }
        }
    }
    for key in tree.scan_prefix(keys::membership_links(visitor)).keys() {
        let key = key?;
        users.insert(links::membership_of(&key)?.1);
        batch.remove(key);
    }
    Ok(users)
}

/// An entry about whom a key of this beginning says; where it cannot be read it goes as a whole, for it
/// may say anything.
fn whole_or_erased(
    tree: &sled::Tree,
    number: u64,
    begins: &[u8],
    batch: &mut Batch,
) -> Result<Option<MergeEntry>, EmbeddedError> {
    match entry(tree, number) {
        Ok(Some(entry)) => Ok(Some(entry)),
        Ok(None) | Err(EmbeddedError::Record(_)) => {
            batch.remove(keys::merge(number));
            batch.remove([begins, &number.to_be_bytes()].concat());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Takes out what is kept about users of whom no visitor is left: entries that are about no visitor, and
/// that they are one person with anybody.
pub(super) fn erase_users(
    tree: &sled::Tree,
    users: &BTreeSet<UserId>,
    batch: &mut Batch,
) -> Result<(), EmbeddedError> {
    for user in users {
        let begins = keys::merges_of_user(user);
        for number in numbers(tree, &begins, u64::MAX) {
            let number = number?;
            let Some(entry) = whole_or_erased(tree, number, &begins, batch)? else {
                continue;
            };
            if entry.visitor().is_none() {
                batch.remove(keys::merge(number));
                for row in rows(number, &entry) {
                    batch.remove(row);
                }
            }
        }
        for key in tree.scan_prefix(keys::names_links(user)).keys() {
            let key = key?;
            let (_, other) = links::names_of(&key)?;
            batch.remove(key);
            batch.remove(keys::names_link(&other, user));
        }
    }
    Ok(())
}
