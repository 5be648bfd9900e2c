//! What is remembered of links beside memberships and persons: what an undo took back, and which users
//! aliases have made one person. Only what is said on purpose, late or undone is written here, so that
//! a visitor who is who they were costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use firstglance_engine::codec::{Encode, Reader, Writer};
use firstglance_engine::{Timestamp, UserId, VisitorId};

use super::batch::Batch;
use super::{EmbeddedError, keys};
use crate::store::merges::{MembershipLink, NamesLink, TakenBack};

const VERSION: u8 = 1;

/// Users of a person at most that are taken apart at once: they are looked at while commits wait.
pub(super) const MOST_USERS: usize = 65_536;

impl Encode for TakenBack {
    fn encode(&self, out: &mut Writer) {
        self.until.encode(out);
        out.integer(self.by);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            until: Timestamp::decode(reader),
            by: reader.integer(),
        }
    }
}

impl Encode for MembershipLink {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        self.taken_back.encode(out);
        self.said_again.encode(out);
        self.passed_over.encode(out);
        self.said_by_others.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        version(reader);
        Self {
            taken_back: Option::decode(reader),
            said_again: Option::decode(reader),
            passed_over: Option::decode(reader),
            said_by_others: Option::decode(reader),
        }
    }
}

impl Encode for NamesLink {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        self.said.encode(out);
        self.taken_back.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        version(reader);
        Self {
            said: Timestamp::decode(reader),
            taken_back: Option::decode(reader),
        }
    }
}

pub(super) fn version(reader: &mut Reader<'_>) {
    use firstglance_engine::codec::DecodeError;
    let version = reader.byte();
    if version != VERSION {
        reader.fail(DecodeError::Version(version));
    }
}

/// What is remembered of a visitor's being any user.
pub(super) fn of_visitor(
    tree: &sled::Tree,
    visitor: &VisitorId,
) -> Result<BTreeMap<UserId, MembershipLink>, EmbeddedError> {
    let mut links = BTreeMap::new();
    for entry in tree.scan_prefix(keys::membership_links(visitor)) {
        let (key, value) = entry?;
        links.insert(membership_of(&key)?.1, MembershipLink::from_bytes(&value)?);
    }
    Ok(links)
}

/// Visitor and user of a key.
pub(super) fn membership_of(key: &[u8]) -> Result<(VisitorId, UserId), EmbeddedError> {
    let ids = keys::two_ids(key, keys::MEMBERSHIP_LINKS).ok_or(EmbeddedError::Key)?;
    Ok((visitor(ids.0)?, user(ids.1)?))
}

/// The two users of a key.
pub(super) fn names_of(key: &[u8]) -> Result<(UserId, UserId), EmbeddedError> {
    let ids = keys::two_ids(key, keys::NAMES_LINKS).ok_or(EmbeddedError::Key)?;
    Ok((user(ids.0)?, user(ids.1)?))
}

/// User and visitor of a key of those for whom there was no room.
pub(super) fn turned_away_of(key: &[u8]) -> Result<(UserId, VisitorId), EmbeddedError> {
    let ids = keys::two_ids(key, keys::TURNED_AWAY).ok_or(EmbeddedError::Key)?;
    Ok((user(ids.0)?, visitor(ids.1)?))
}

fn user(text: &str) -> Result<UserId, EmbeddedError> {
    UserId::parse(text).map_err(|_| EmbeddedError::Key)
}

fn visitor(text: &str) -> Result<VisitorId, EmbeddedError> {
    VisitorId::parse(text).map_err(|_| EmbeddedError::Key)
}

/// All users that are one person with a user, itself among them; nothing where there are too many.
/// `known` says of a link what is not stored yet.
pub(super) fn users_of_person(
    tree: &sled::Tree,
    of: &UserId,
    known: impl Fn(&UserId, &UserId) -> Option<NamesLink>,
    most: usize,
) -> Result<Option<BTreeSet<UserId>>, EmbeddedError> {
    let mut users = BTreeSet::from([of.clone()]);
    let mut waiting = vec![of.clone()];
    while let Some(next) = waiting.pop() {
        for entry in tree.scan_prefix(keys::names_links(&next)) {
            let (key, value) = entry?;
            let (_, other) = names_of(&key)?;
            let link = match known(&next, &other) {
                Some(link) => link,
                None => NamesLink::from_bytes(&value)?,
            };
            if !link.holds() || users.contains(&other) {
                continue;
            }
            if users.len() >= most {
                return Ok(None);
            }
            users.insert(other.clone());
            waiting.push(other);
        }
    }
    Ok(Some(users))
}

/// Whether there was no room in the person of some users for anybody but a visitor.
pub(super) fn turn_away_others(
    tree: &sled::Tree,
    users: &BTreeSet<UserId>,
    visitor: &VisitorId,
) -> Result<bool, EmbeddedError> {
    for user in users {
        for key in tree.scan_prefix(keys::turned_away(user)).keys() {
            if turned_away_of(&key?)?.1 != *visitor {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Writes links for merges of persons from before there were any, so that they can be told from those
/// that are undone. Nobody can undo them: by what they came about is not known.
pub(super) fn make_up(tree: &sled::Tree) -> Result<(), EmbeddedError> {
    use super::record::PersonRecord;
    for entry in tree.scan_prefix(keys::PERSONS) {
        let (key, value) = entry?;
        // What cannot be read is told by verification, and stands in nobody's way before.
        let (Some(user), Ok(PersonRecord(person))) =
            (keys::user_of(&key), PersonRecord::from_bytes(&value))
        else {
            continue;
        };
        if let Some(into) = person.merged_into {
            let mut batch = Batch::default();
            put(&user, &into, &NamesLink::OF_OLD, &mut batch);
            batch.apply(tree)?;
        }
    }
    Ok(())
}

/// Puts a link of two users into a batch.
pub(super) fn put(one: &UserId, other: &UserId, link: &NamesLink, batch: &mut Batch) {
    let bytes = link.to_bytes();
    batch.insert(keys::names_link(one, other), bytes.clone());
    batch.insert(keys::names_link(other, one), bytes);
}
