//! The audit of merges: which visitor came to which person, which persons became one, by what, and
//! what was undone. An entry is written with the very change that it tells, and only an erasure ever
//! takes one out.
//!
//! Says by names and ids alone what happened: nothing of what a message holds, and of whoever undid
//! something no more than the token's id and name.

use std::collections::BTreeMap;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Timestamp, UserId, VisitorId};

use super::joining::Membership;
use crate::schema::{Schema, has, may_have, moment, object, one_of, text, truth};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeEntry {
    /// When the collector heard of it.
    pub at: Timestamp,
    /// What happened.
    pub change: MergeChange,
    /// By what.
    pub cause: Cause,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeChange {
    /// A visitor came to a person, perhaps from another.
    Joined {
        /// The visitor.
        visitor: VisitorId,
        /// What was known before.
        from: Option<Membership>,
        /// What is known since, and the moment when it was said.
        to: Membership,
    },
    /// An alias said that two users are one person.
    Merged {
        /// The name before.
        previous: UserId,
        /// The name since.
        user: UserId,
        /// When it was said.
        said: Timestamp,
    },
    /// A merge was undone.
    Undone(Undoing),
    /// The undo of a merge was undone.
    Restored(Undoing),
}

/// An undo, or the undo of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoing {
    /// The number of the entry that was undone.
    pub of: u64,
    /// What that says.
    pub link: Link,
    /// What had been taken back of the link until then.
    pub before: Option<TakenBack>,
    /// Whom the visitor was said to be until then.
    pub from: Option<UserId>,
    /// And since.
    pub to: Option<UserId>,
}

/// What messages say of persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A visitor is a user.
    Membership(VisitorId, UserId),
    /// Two users are one person.
    Names(UserId, UserId),
}

/// By what it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A message.
    Message {
        /// Its id.
        id: Box<str>,
        /// Its type.
        kind: Box<str>,
        /// Whose message it was.
        sender: VisitorId,
    },
    /// An administrator.
    Admin {
        /// Id of the token.
        token: Box<str>,
        /// Whose that is.
        name: Box<str>,
    },
    /// The message of somebody who has been erased since.
    Erased,
}

/// What an undo takes back: whatever was said of a link up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// The moment, by the messages' own time.
    pub until: Timestamp,
    /// The number of the entry that says so.
    pub by: u64,
}

/// What is remembered of a visitor's being a user, beyond the membership itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MembershipLink {
    /// What was taken back.
    pub taken_back: Option<TakenBack>,
    /// When it was first said again, by an `identify` or `alias`.
    pub said_again: Option<Timestamp>,
    /// When it was last said by another message that did not count.
    pub passed_over: Option<Timestamp>,
    /// When another visitor's alias last said so and something later was known already.
    pub said_by_others: Option<Timestamp>,
}

impl MembershipLink {
    /// Whether what was said then is taken back.
    #[must_use]
    pub fn covers(&self, said: Timestamp) -> bool {
        self.taken_back.is_some_and(|taken| said <= taken.until)
    }

    /// Takes in that it is said, and says as of when it counts; not at all where it is taken back.
    /// Libraries repeat a user's name in every message, so that after an undo only whoever says it
    /// on purpose is believed.
    pub fn hear(&mut self, said: Timestamp, on_purpose: bool) -> Option<Timestamp> {
        if self.taken_back.is_none() {
            return Some(said);
        }
        if self.covers(said) {
            return None;
        }
        if on_purpose {
            let again = self.said_again.map_or(said, |again| again.min(said));
            self.said_again = Some(again);
            return Some(self.passed_over.map_or(said, |passed| passed.max(said)));
        }
        if self.said_again.is_some_and(|again| again <= said) {
            return Some(said);
        }
        self.passed_over = self.passed_over.max(Some(said));
        None
    }
}

/// What is remembered of two users' being one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesLink {
    /// When it was said; the latest of what was not known already.
    pub said: Timestamp,
    /// What was taken back.
    pub taken_back: Option<TakenBack>,
}

impl NamesLink {
    /// Of two who are one person by what nobody remembers.
    pub const OF_OLD: Self = Self {
        said: Timestamp::from_milliseconds(0),
        taken_back: None,
    };

    /// Whether the two are one person by this.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.covers(self.said)
    }

    /// Whether what was said then is taken back.
    #[must_use]
    pub fn covers(&self, said: Timestamp) -> bool {
        self.taken_back.is_some_and(|taken| said <= taken.until)
    }
}

/// Everything that was said of one visitor, and what follows from it: whatever was said latest and
/// is not taken back.
#[derive(Debug, Default)]
pub struct Said {
    links: BTreeMap<UserId, MembershipLink>,
    /// For each user when it was last said, and when first on purpose after it was taken back.
    users: BTreeMap<UserId, (Timestamp, Option<Timestamp>)>,
}

impl Said {
    /// Of a visitor of whom this is remembered.
    #[must_use]
    pub fn of(links: BTreeMap<UserId, MembershipLink>) -> Self {
        let mut said = Self {
            links,
            users: BTreeMap::new(),
        };
        // Messages may be gone that said so.
        for (user, link) in said.links.clone() {
            let on_purpose = link.said_by_others.into_iter().chain(link.said_again);
            on_purpose.for_each(|at| said.hear(&user, at, true));
            let passed_over = link.passed_over.into_iter();
            passed_over.for_each(|at| said.hear(&user, at, false));
        }
        said
    }

    /// Takes in that the visitor was said to be a user.
    pub fn hear(&mut self, user: &UserId, said: Timestamp, on_purpose: bool) {
        let link = self.links.get(user).copied().unwrap_or_default();
        if link.covers(said) {
            return;
        }
        let again = link.said_again.into_iter();
        let again = again.chain(on_purpose.then_some(said)).min();
        let (latest, first) = match self.users.get_mut(user) {
            Some(known) => known,
            None => self.users.entry(user.clone()).or_insert((said, again)),
        };
        *latest = (*latest).max(said);
        *first = first.iter().copied().chain(again).min();
    }

    /// Forgets that the visitor was said to be a user, and says when it was last.
    pub fn forget(&mut self, user: &UserId) -> Option<Timestamp> {
        self.users.remove(user).map(|(latest, _)| latest)
    }

    /// What was first said again on purpose of a user.
    #[must_use]
    pub fn again(&self, user: &UserId) -> Option<Timestamp> {
        self.users.get(user).and_then(|(_, again)| *again)
    }

    /// What follows.
    #[must_use]
    pub fn membership(&self) -> Option<Membership> {
        let counts = |(user, (at, again)): (&UserId, &(Timestamp, Option<Timestamp>))| {
            let taken_back = self.links.get(user).and_then(|link| link.taken_back);
            // Passed over until it was said again on purpose.
            let holds = taken_back.is_none() || again.is_some_and(|again| again <= *at);
            holds.then(|| Membership {
                user: user.clone(),
                at: *at,
            })
        };
        let all = self.users.iter().filter_map(counts);
        all.max_by(|one, other| (one.at, &one.user).cmp(&(other.at, &other.user)))
    }
}

/// Which entries are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeFilter {
    /// All.
    All,
    /// Those about a visitor, and those that messages of that visitor caused.
    Visitor(VisitorId),
    /// Those that name a user.
    User(UserId),
    /// Those about any visitor of the person that a visitor belongs to, or any user that one of
    /// them is.
    PersonOf(VisitorId),
}

/// An entry as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMerge {
    /// Its number.
    pub number: u64,
    /// What it says.
    pub entry: MergeEntry,
    /// The number of the undo that is in force against it. Of an undo that was undone, where it is
    /// not known any more, its own.
    pub undone_by: Option<u64>,
}

impl MergeEntry {
    /// Users that it names, each once.
    #[must_use]
    pub fn users(&self) -> Vec<&UserId> {
        let mut users = match &self.change {
            MergeChange::Joined { from, to, .. } => {
                let from = from.as_ref().map(|from| &from.user);
                from.into_iter().chain([&to.user]).collect()
            }
            MergeChange::Merged { previous, user, .. } => vec![previous, user],
            MergeChange::Undone(undoing) | MergeChange::Restored(undoing) => match &undoing.link {
                Link::Membership(_, user) => vec![user],
                Link::Names(one, other) => vec![one, other],
            },
        };
        users.sort_unstable();
        users.dedup();
        users
    }

    /// The visitor that it is about.
    #[must_use]
    pub const fn visitor(&self) -> Option<&VisitorId> {
        match &self.change {
            MergeChange::Joined { visitor, .. } => Some(visitor),
            MergeChange::Merged { .. } => None,
            MergeChange::Undone(undoing) | MergeChange::Restored(undoing) => match &undoing.link {
                Link::Membership(visitor, _) => Some(visitor),
                Link::Names(..) => None,
            },
        }
    }

    /// The visitor that it is about, and the one whose message caused it.
    #[must_use]
    pub fn visitors(&self) -> Vec<&VisitorId> {
        let sender = match &self.cause {
            Cause::Message { sender, .. } => Some(sender),
            Cause::Admin { .. } | Cause::Erased => None,
        };
        let mut visitors: Vec<&VisitorId> = self.visitor().into_iter().chain(sender).collect();
        visitors.dedup();
        visitors
    }
}

/// Who reads an entry.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// Who may know what others did.
    Operator,
    /// Who may see visitors: not told are names of administrators.
    Viewer,
    /// Whoever a visitor is: not told are ids of other visitors' messages, and names of
    /// administrators.
    Visitor(&'a VisitorId),
}

impl Reader<'_> {
    fn may_see(self, sender: &VisitorId) -> bool {
        match self {
            Self::Operator | Self::Viewer => true,
            Self::Visitor(visitor) => visitor == sender,
        }
    }
}

impl KeptMerge {
    /// What [`Self::write`] writes.
    #[must_use]
    pub fn describe() -> Schema {
        let number = || text().matching("^[0-9]+$");
        let message = object([
            has("id", text()),
            has("type", text()),
            has("visitor", text()),
            may_have("timestamp", moment()),
        ]);
        let token = object([has("id", text()), has("name", text())]);
        object([
            has("id", number()),
            has("at", moment()),
            has(
                "kind",
                one_of(["joined", "moved", "merged", "undone", "restored"]),
            ),
            has("visitor", text().or_null()),
            has("from", text().or_null()),
            has("to", text().or_null()),
            has("message", message.or_null()),
            has("token", token.or_null()),
            has("of", number().or_null()),
            has("undone", truth()),
            has("undoneBy", number().or_null()),
        ])
    }

    /// What an undo is answered, of which this is the entry.
    #[must_use]
    pub fn undone(&self, together: bool) -> String {
        let mut json = JsonWriter::default();
        json.open('{');
        json.name("merge");
        self.write(&mut json, Reader::Operator);
        json.name("together");
        json.bool(together);
        json.close('}');
        json.into_string()
    }

    /// Writes the entry as an object.
    pub fn write(&self, json: &mut JsonWriter, reader: Reader<'_>) {
        json.open('{');
        json.text_member("id", &self.number.to_string());
        json.name("at");
        json.moment(self.entry.at);
        let (kind, said) = match &self.entry.change {
            MergeChange::Joined { from: None, to, .. } => ("joined", Some(to.at)),
            MergeChange::Joined { to, .. } => ("moved", Some(to.at)),
            MergeChange::Merged { said, .. } => ("merged", Some(*said)),
            MergeChange::Undone(_) => ("undone", None),
            MergeChange::Restored(_) => ("restored", None),
        };
        json.text_member("kind", kind);
        let (from, to, of) = match &self.entry.change {
            MergeChange::Joined { from, to, .. } => {
                (from.as_ref().map(|from| &from.user), Some(&to.user), None)
            }
            MergeChange::Merged { previous, user, .. } => (Some(previous), Some(user), None),
            MergeChange::Undone(undoing) | MergeChange::Restored(undoing) => match &undoing.link {
                Link::Membership(..) => {
                    (undoing.from.as_ref(), undoing.to.as_ref(), Some(undoing.of))
                }
                Link::Names(one, other) => (Some(one), Some(other), Some(undoing.of)),
            },
        };
        member(json, "visitor", self.entry.visitor().map(VisitorId::as_str));
        member(json, "from", from.map(UserId::as_str));
        member(json, "to", to.map(UserId::as_str));
        json.name("message");
        match &self.entry.cause {
            Cause::Message { id, kind, sender } if reader.may_see(sender) => {
                json.open('{');
                json.text_member("id", id);
                json.text_member("type", kind);
                json.text_member("visitor", sender.as_str());
                if let Some(said) = said {
                    json.name("timestamp");
                    json.moment(said);
                }
                json.close('}');
            }
            _ => json.null(),
        }
        json.name("token");
        match (&self.entry.cause, reader) {
            (Cause::Admin { token, name }, Reader::Operator) => {
                json.open('{');
                json.text_member("id", token);
                json.text_member("name", name);
                json.close('}');
            }
            _ => json.null(),
        }
        member(json, "of", of.map(|of| of.to_string()).as_deref());
        json.name("undone");
        json.bool(self.undone_by.is_some());
        let undone_by = self.undone_by.filter(|by| *by != self.number);
        member(
            json,
            "undoneBy",
            undone_by.map(|by| by.to_string()).as_deref(),
        );
        json.close('}');
    }
}

fn member(json: &mut JsonWriter, name: &str, text: Option<&str>) {
    json.name(name);
    match text {
        Some(text) => json.text(text),
        None => json.null(),
    }
}

/// A merge to be undone.
#[derive(Clone, Debug)]
pub struct Undo {
    /// The number of its entry.
    pub merge: u64,
    /// Id of the token by which it is asked.
    pub token: Box<str>,
    /// Whose that is.
    pub name: Box<str>,
    /// The present moment.
    pub now: Timestamp,
}

/// What became of an undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It is done.
    Done {
        /// The entry that says so.
        entry: KeptMerge,
        /// Whether visitor and user, or the two users, are one person all the same: because others
        /// say so, or because it was an undo that was undone.
        together: bool,
    },
    /// There is no such entry, or not any more.
    Unknown,
    /// It was undone before.
    Already {
        /// By which entry, where that is known.
        by: Option<u64>,
    },
    /// A later undo of the same lies upon it.
    Below {
        /// The one that must be undone first.
        first: u64,
    },
    /// The person has more users than can be taken apart at once.
    TooLarge {
        /// How many can be.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(seconds * 1_000)
    }

    proptest! {
        /// What counts after an undo does not depend on the order in which it comes.
        #[test]
        fn whatever_comes_first_the_same_counts(
            all in prop::collection::vec((0..12_i64, any::<bool>()), 1..9),
            until in prop::option::of(0..12_i64),
        ) {
            let user = UserId::parse("jo").unwrap();
            let taken_back = until.map(|until| TakenBack { until: moment(until), by: 1 });
            let link = MembershipLink { taken_back, ..MembershipLink::default() };
            let mut kept = link;
            let mut latest = None;
            let mut said = Said::of(BTreeMap::from([(user.clone(), link)]));
            for (at, on_purpose) in &all {
                latest = latest.max(kept.hear(moment(*at), *on_purpose));
                said.hear(&user, moment(*at), *on_purpose);
            }
            let counts = all.iter().filter(|(at, _)| until.is_none_or(|until| {
                let again = |(again, on_purpose): &(i64, bool)| {
                    *on_purpose && *again > until && again <= at
                };
                *at > until && all.iter().any(again)
            }));
            let expected = counts.map(|(at, _)| moment(*at)).max();
            prop_assert_eq!(latest, expected);
            prop_assert_eq!(said.membership().map(|membership| membership.at), expected);
            // What is remembered without the messages is never more than they say.
            let remembered = Said::of(BTreeMap::from([(user, kept)])).membership();
            prop_assert!(remembered.is_none_or(|membership| Some(membership.at) <= expected));
        }
    }
}
