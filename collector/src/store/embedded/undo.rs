//! Undoing a merge: what its entry says does not count any more, and whatever followed from it is
//! worked out anew from what else was said. Nothing is looked for that nobody has named: of a visitor
//! it is the visitor's own messages and entries, of users those that aliases have made one person.
//!
//! An undo is a group by itself and one batch. What it reads is stored, so nothing else may have
//! changed in its group before. A visitor's messages, which may be very many, are read before that and
//! elsewhere, see [`ReadAhead`]; in the group only those that came meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{Timestamp, UserId, VisitorId};

use super::group::Group;
use super::links::{self, MOST_USERS};
use super::merges::{self, is_in_force, taken_back};
use super::record::{MessageRecord, StoredMessage, VisitorRecord};
use super::{EmbeddedError, keys};
use crate::store::joining::{self, MOST_VISITORS, Membership, PersonEntry, Register as _};
use crate::store::merges::{
    Cause, KeptMerge, Link, MembershipLink, MergeChange, MergeEntry, NamesLink, Said, TakenBack,
    Undo, Undoing, Undone,
};

/// What is to become of a link.
struct Turn {
    of: u64,
    link: Link,
    before: Option<TakenBack>,
    after: Option<TakenBack>,
    restores: bool,
}

/// What a visitor's messages said of them up to a moment before the undo. What is there of an erased
/// visitor is of no use any more: with them has gone what could be undone.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    visitor: Option<VisitorId>,
    /// The number of the first record that was not read.
    below: u64,
    /// Whom a message named, when, and whether on purpose.
    said: Vec<(UserId, Timestamp, bool)>,
}

impl ReadAhead {
    /// Reads what the undo of an entry will need.
    pub(super) fn of(tree: &sled::Tree, merge: u64) -> Result<Self, EmbeddedError> {
        let entry = merges::meant(tree, merge)?;
        let visitor = entry.as_ref().and_then(|(_, entry)| entry.visitor());
        let Some(visitor) = visitor else {
            return Ok(Self::default());
        };
        // Before any of them is read: who comes later has a later number.
        let stored = tree.get(keys::visitor(visitor))?;
        let record = stored.map(|bytes| VisitorRecord::from_bytes(&bytes));
        let mut ahead = Self {
            visitor: Some(visitor.clone()),
            below: record.transpose()?.map_or(0, |record| record.records),
            said: Vec::new(),
        };
        let below = ahead.below;
        let said = &mut ahead.said;
        heard(
            tree,
            visitor,
            |number| number < below,
            |user, at, on_purpose| {
                said.push((user.clone(), at, on_purpose));
            },
        )?;
        Ok(ahead)
    }
}

/// What came of it.
struct Turned {
    from: Option<UserId>,
    to: Option<UserId>,
    together: bool,
}

impl Group<'_> {
    /// Undoes a merge. Nothing is changed but where the answer is that it is done.
    pub(super) fn undo(&mut self, undo: &Undo, ahead: &ReadAhead) -> Result<Undone, EmbeddedError> {
        let turn = match self.turn(undo)? {
            Ok(turn) => turn,
            Err(refused) => return Ok(refused),
        };
        let turned = match &turn.link {
            Link::Membership(visitor, user) => {
                let after = (turn.after, turn.restores);
                self.turn_membership(visitor, user, after, ahead)?
            }
            Link::Names(one, other) => match self.turn_names(one, other, turn.after)? {
                Some(turned) => turned,
                None => return Ok(Undone::TooLarge { most: MOST_USERS }),
            },
        };
        let undoing = Undoing {
            of: turn.of,
            link: turn.link,
            before: turn.before,
            from: turned.from,
            to: turned.to,
        };
        let entry = MergeEntry {
            at: undo.now,
            change: if turn.restores {
                MergeChange::Restored(undoing)
            } else {
                MergeChange::Undone(undoing)
            },
            cause: Cause::Admin {
                token: undo.token.clone(),
                name: undo.name.clone(),
            },
        };
        let number = self.merges.next();
        self.records.tell(entry.clone());
        Ok(Undone::Done {
            entry: KeptMerge {
                number,
                entry,
                undone_by: None,
            },
            together: turned.together,
        })
    }

    /// What an undo is to change, or why it cannot.
    fn turn(&mut self, undo: &Undo) -> Result<Result<Turn, Undone>, EmbeddedError> {
        let tree = self.records.tree;
        let by = self.merges.next();
        // Whoever undoes a restoring wants undone what it restored.
        let Some((number, entry)) = merges::meant(tree, undo.merge)? else {
            return Ok(Err(Undone::Unknown));
        };
        let (link, said) = match entry.change {
            MergeChange::Joined { visitor, to, .. } => (Link::Membership(visitor, to.user), to.at),
            MergeChange::Merged {
                previous,
                user,
                said,
            } => (Link::Names(previous, user), said),
            MergeChange::Undone(undoing) => {
                let now = taken_back(tree, &undoing.link)?;
                return Ok(match now {
                    Some(taken) if taken.by == number => Ok(Turn {
                        of: number,
                        before: now,
                        after: undoing.before,
                        link: undoing.link,
                        restores: true,
                    }),
                    Some(taken) if is_in_force(tree, number, now)? => {
                        Err(Undone::Below { first: taken.by })
                    }
                    _ => Err(Undone::Already { by: None }),
                });
            }
            MergeChange::Restored(_) => return Ok(Err(Undone::Unknown)),
        };
        let before = taken_back(tree, &link)?;
        if let Some(taken) = before.filter(|taken| said <= taken.until) {
            return Ok(Err(Undone::Already { by: Some(taken.by) }));
        }
        let mut until = undo.now.max(said);
        if let Link::Names(one, other) = &link {
            // A sender's clock may be ahead of ours.
            let known = merges::names_link(tree, one, other)?;
            until = until.max(known.map_or(until, |link| link.said));
        }
        Ok(Ok(Turn {
            of: number,
            link,
            before,
            after: Some(TakenBack { until, by }),
            restores: false,
        }))
    }

    /// Whom a visitor is said to be, from now on.
    fn turn_membership(
        &mut self,
        visitor: &VisitorId,
        user: &UserId,
        (after, restores): (Option<TakenBack>, bool),
        ahead: &ReadAhead,
    ) -> Result<Turned, EmbeddedError> {
        let tree = self.records.tree;
        let before = self.records.membership(visitor)?.flatten();
        let mut remembered = links::of_visitor(tree, visitor)?;
        let mut link = MembershipLink {
            // Read once: what is taken back now is known when all of it is read.
            taken_back: after.filter(|_| restores),
            said_again: None,
            passed_over: None,
            ..remembered.get(user).copied().unwrap_or_default()
        };
        remembered.insert(user.clone(), link);
        let mut said = said_of(tree, visitor, remembered, ahead)?;
        if let Some(before) = &before {
            said.hear(&before.user, before.at, true);
        }
        if restores {
            link.said_again = said.again(user).filter(|_| after.is_some());
        } else {
            // A sender's clock may be ahead of ours.
            let latest = said.forget(user);
            link.taken_back = after.map(|taken| TakenBack {
                until: taken.until.max(latest.unwrap_or(taken.until)),
                ..taken
            });
        }
        self.records.set_membership_link(visitor, user, link);
        let now = said.membership();
        if before != now {
            self.records.set_membership(visitor, now.clone())?;
            let moves = before.as_ref().map(|one| &one.user) != now.as_ref().map(|one| &one.user);
            if moves {
                let (before, now) = (before.as_ref(), now.as_ref());
                joining::move_to(&mut self.records, visitor, before, now)?;
                if let Some(before) = before {
                    self.admit(&before.user)?;
                }
            }
        }
        let together = match &now {
            None => false,
            Some(now) => {
                let root = joining::root(&mut self.records, &now.user)?;
                root == joining::root(&mut self.records, user)?
            }
        };
        let name = |membership: Option<Membership>| membership.map(|one| one.user);
        Ok(Turned {
            from: name(before),
            to: name(now),
            together,
        })
    }

    /// Whether two users are one person, from now on. Nothing where they are too many.
    fn turn_names(
        &mut self,
        one: &UserId,
        other: &UserId,
        after: Option<TakenBack>,
    ) -> Result<Option<Turned>, EmbeddedError> {
        let tree = self.records.tree;
        let link = merges::names_link(tree, one, other)?;
        let link = NamesLink {
            taken_back: after,
            ..link.unwrap_or(NamesLink::OF_OLD)
        };
        // Looked for before anything is changed, so that a refusal leaves nothing.
        let known = |first: &UserId, second: &UserId| {
            let same = (first, second) == (one, other) || (first, second) == (other, one);
            same.then_some(link)
        };
        let find = |user| links::users_of_person(tree, user, known, MOST_USERS);
        let Some(first) = find(one)? else {
            return Ok(None);
        };
        let together = first.contains(other);
        let mut persons = vec![first];
        if !together {
            let Some(second) = find(other)? else {
                return Ok(None);
            };
            persons.push(second);
        }
        self.records.set_names_link(one, other, link);
        if !together || link.holds() {
            self.divide(&persons)?;
        }
        Ok(Some(Turned {
            from: None,
            to: None,
            together,
        }))
    }

    /// Makes persons of sets of users, each with those visitors who are said to be one of its users.
    pub(super) fn divide(&mut self, persons: &[BTreeSet<UserId>]) -> Result<(), EmbeddedError> {
        let mut roots = BTreeSet::new();
        let mut visitors = BTreeSet::new();
        for user in persons.iter().flatten() {
            let root = joining::root(&mut self.records, user)?;
            if roots.insert(root.clone()) {
                visitors.extend(self.records.person(&root)?.visitors.iter().cloned());
            }
        }
        let mut users_of = Vec::with_capacity(visitors.len());
        for visitor in visitors {
            if let Some(Some(membership)) = self.records.membership(&visitor)? {
                users_of.push((visitor, membership.user));
            }
        }
        for users in persons {
            let kept = users.iter().find(|user| roots.contains(*user));
            let Some(root) = kept.or_else(|| users.first()) else {
                continue;
            };
            let mut own = Vec::new();
            for (visitor, user) in &users_of {
                if !users.contains(user) {
                    continue;
                }
                if own.len() < MOST_VISITORS {
                    own.push(visitor.clone());
                } else {
                    self.records.turn_away(user, visitor, true);
                }
            }
            for user in users {
                let meant = if user == root {
                    PersonEntry {
                        merged_into: None,
                        height: u8::from(users.len() > 1),
                        visitors: own.clone(),
                    }
                } else {
                    PersonEntry {
                        merged_into: Some(root.clone()),
                        ..PersonEntry::default()
                    }
                };
                if *self.records.person(user)? != meant {
                    *self.records.change_person(user)? = meant;
                }
            }
            self.admit(root)?;
        }
        Ok(())
    }

    /// Lets those in for whom a user's person had no room, as far as there is room now.
    fn admit(&mut self, user: &UserId) -> Result<(), EmbeddedError> {
        let tree = self.records.tree;
        let root = joining::root(&mut self.records, user)?;
        // One that is not full never turned anybody away, or what it turned away is here now.
        let records = &self.records;
        let known = |one: &UserId, other: &UserId| records.changed_names_link(one, other);
        let Some(users) = links::users_of_person(tree, user, known, MOST_USERS)? else {
            return Ok(());
        };
        for user in &users {
            for key in tree.scan_prefix(keys::turned_away(user)).keys() {
                let (_, visitor) = links::turned_away_of(&key?)?;
                let entry = self.records.person(&root)?;
                if entry.visitors.len() >= MOST_VISITORS {
                    return Ok(());
                }
                let Err(place) = entry.visitors.binary_search(&visitor) else {
                    continue;
                };
                let membership = self.records.membership(&visitor)?.flatten();
                if membership.is_some_and(|membership| membership.user == *user) {
                    let entry = self.records.change_person(&root)?;
                    entry.visitors.insert(place, visitor.clone());
                    self.records.turn_away(user, &visitor, false);
                }
            }
        }
        Ok(())
    }
}

/// Everything that was said of a visitor: by messages of their own, by those of others, and by what is
/// not there any more but has its entry.
fn said_of(
    tree: &sled::Tree,
    visitor: &VisitorId,
    links: BTreeMap<UserId, MembershipLink>,
    ahead: &ReadAhead,
) -> Result<Said, EmbeddedError> {
    let mut said = Said::of(links);
    told(tree, visitor, &mut said)?;
    let mut below = 0;
    if ahead.visitor.as_ref() == Some(visitor) {
        below = ahead.below;
        for (user, at, on_purpose) in &ahead.said {
            said.hear(user, *at, *on_purpose);
        }
    }
    heard(
        tree,
        visitor,
        |number| number >= below,
        |user, at, on_purpose| {
            said.hear(user, at, on_purpose);
        },
    )?;
    Ok(said)
}

/// Tells whom a visitor's messages name, of those records whose numbers are wanted.
fn heard(
    tree: &sled::Tree,
    visitor: &VisitorId,
    wanted: impl Fn(u64) -> bool,
    mut tell: impl FnMut(&UserId, Timestamp, bool),
) -> Result<(), EmbeddedError> {
    for entry in tree.scan_prefix(keys::messages(visitor)) {
        let (key, bytes) = entry?;
        if keys::message_record_of(&key).is_some_and(|(_, number)| !wanted(number)) {
            continue;
        }
        // What cannot be read is told by verification.
        let Ok(record) = MessageRecord::from_bytes(&bytes) else {
            continue;
        };
        let shared = record.shared();
        for message in record.messages.iter().filter(|one| names_a_user(one)) {
            if let Ok(message) = message.read(shared.as_ref())
                && let Some(user) = &message.user_id
            {
                let on_purpose = joining::is_on_purpose(&message.kind);
                tell(user, message.timestamp, on_purpose);
            }
        }
    }
    Ok(())
}

/// Takes in what entries say of a visitor.
pub(super) fn told(
    tree: &sled::Tree,
    visitor: &VisitorId,
    said: &mut Said,
) -> Result<(), EmbeddedError> {
    for (_, entry) in merges::of_visitor(tree, visitor)? {
        if let MergeChange::Joined {
            visitor: one,
            from,
            to,
        } = entry.change
            && one == *visitor
        {
            // They counted, whatever was taken back before.
            for membership in from.iter().chain([&to]) {
                said.hear(&membership.user, membership.at, true);
            }
        }
    }
    Ok(())
}

/// Whether a message may say who its visitor is: a look, before it is read.
fn names_a_user(message: &StoredMessage) -> bool {
    message.raw.contains("userId") || message.raw.contains("\\u")
}
