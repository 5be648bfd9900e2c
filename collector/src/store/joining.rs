//! Joining: which visitors are one person's, as messages say it. One set of rules for the store
//! and for `firstglance replay`.
//!
//! A message with a user id joins its visitor to that user's person. A visitor belongs to one
//! person at most: what was said latest counts, by the messages' own time, so that the order of
//! their arrival does not matter. An alias joins the visitor that was called by the name before,
//! where one is known, and merges the person of that name with the new one; nothing else merges
//! persons. A visitor whose own person is merged goes along.
//!
//! A person has at most [`MOST_VISITORS`] visitors; further ones stay by themselves. Nothing here
//! ever touches a profile: a person is a set, see [`firstglance_engine::Person`].
//!
//! What changes is told to the register, which may keep it, see [`super::merges`]; and what was taken
//! back by an undo does not count: of a visitor and a user, or of two users, whatever was said up to
//! the undo. After it a visitor's being the user counts again when an `identify` or `alias` says so;
//! other messages, in which libraries repeat the name, count only from then on.

use std::collections::BTreeMap;
use std::convert::Infallible;

use firstglance_engine::{Message, MessageKind, Timestamp, UserId, VisitorId};

use super::merges::{Cause, MembershipLink, MergeChange, MergeEntry, NamesLink};

/// Visitors of a person at most: more browsers than anybody has, and few enough to be read at once.
pub const MOST_VISITORS: usize = 64;

/// The user that a visitor was last said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The user. The visitor belongs to the person that this user is now part of.
    pub user: UserId,
    /// When it was said.
    pub at: Timestamp,
}

/// What is known of a user's person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonEntry {
    /// The person that this one was merged into; it has no visitors of its own then.
    pub merged_into: Option<UserId>,
    /// How many merges lie below at most. The higher of two persons takes in the other, so that a
    /// chain of merges is never longer than the logarithm of their number.
    pub height: u8,
    /// The visitors, sorted.
    pub visitors: Vec<VisitorId>,
}

/// Where memberships and persons are kept.
pub trait Register {
    /// Why they could not be read.
    type Error;

    /// What is known of a user's person; made where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn person(&mut self, user: &UserId) -> Result<&PersonEntry, Self::Error>;

    /// The same, to be changed.
    ///
    /// # Errors
    /// When it cannot be read.
    fn change_person(&mut self, user: &UserId) -> Result<&mut PersonEntry, Self::Error>;

    /// Whether a visitor is known, and the membership.
    ///
    /// # Errors
    /// When it cannot be read.
    fn membership(
        &mut self,
        visitor: &VisitorId,
    ) -> Result<Option<Option<Membership>>, Self::Error>;

    /// Sets the membership of a known visitor.
    ///
    /// # Errors
    /// When it cannot be read.
    fn set_membership(
        &mut self,
        visitor: &VisitorId,
        membership: Option<Membership>,
    ) -> Result<(), Self::Error>;

    /// Whether anything was ever taken back: else nobody asks what of a link was.
    fn has_taken_back(&self) -> bool {
        false
    }

    /// What is remembered of a visitor's being a user.
    ///
    /// # Errors
    /// When it cannot be read.
    fn membership_link(
        &mut self,
        _visitor: &VisitorId,
        _user: &UserId,
    ) -> Result<Option<MembershipLink>, Self::Error> {
        Ok(None)
    }

    /// Remembers it.
    fn set_membership_link(&mut self, _visitor: &VisitorId, _user: &UserId, _link: MembershipLink) {
    }

    /// What is remembered of two users' being one person.
    ///
    /// # Errors
    /// When it cannot be read.
    fn names_link(
        &mut self,
        _one: &UserId,
        _other: &UserId,
    ) -> Result<Option<NamesLink>, Self::Error> {
        Ok(None)
    }

    /// Remembers it.
    fn set_names_link(&mut self, _one: &UserId, _other: &UserId, _link: NamesLink) {}

    /// Remembers whether a visitor is said to be a user whose person is full.
    fn turn_away(&mut self, _user: &UserId, _visitor: &VisitorId, _away: bool) {}

    /// Keeps what has happened.
    fn tell(&mut self, _entry: MergeEntry) {}
}

/// A message, and when it came.
#[derive(Clone, Copy, Debug)]
struct Saying<'a> {
    message: &'a Message,
    received_at: Timestamp,
}

impl Saying<'_> {
    /// Whether it is made to say who somebody is.
    const fn is_on_purpose(&self) -> bool {
        is_on_purpose(&self.message.kind)
    }

    fn entry(&self, change: MergeChange) -> MergeEntry {
        MergeEntry {
            at: self.received_at,
            change,
            cause: Cause::Message {
                id: self.message.id.as_str().into(),
                kind: self.message.kind.name().into(),
                sender: self.message.visitor.clone(),
            },
        }
    }
}

/// Whether a message is made to say who somebody is.
#[must_use]
pub const fn is_on_purpose(kind: &MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::Identify { .. } | MessageKind::Alias { .. }
    )
}

/// Takes in what a message says of persons, which came at a moment. It must be new, and its visitor
/// known.
///
/// # Errors
/// When the register cannot be read.
pub fn take_in<R: Register>(
    register: &mut R,
    message: &Message,
    received_at: Timestamp,
) -> Result<(), R::Error> {
    let Some(user) = &message.user_id else {
        return Ok(());
    };
    let saying = Saying {
        message,
        received_at,
    };
    join(register, &message.visitor, user, saying)?;
    if let MessageKind::Alias { previous_id } = &message.kind {
        if let Ok(visitor) = VisitorId::parse(previous_id) {
            join(register, &visitor, user, saying)?;
        }
        if let Ok(previous) = UserId::parse(previous_id) {
            merge(register, &previous, user, saying)?;
        }
    }
    Ok(())
}

/// Takes a visitor out of the person that it belongs to. The others of the person stay, and while
/// there are any, so does what was said of its users.
///
/// # Errors
/// When the register cannot be read.
pub fn leave<R: Register>(register: &mut R, visitor: &VisitorId) -> Result<(), R::Error> {
    let Some(Some(membership)) = register.membership(visitor)? else {
        return Ok(());
    };
    let root = root(register, &membership.user)?;
    take_out(register, &root, &membership.user, visitor)
}

/// The name under which a user's person is kept.
///
/// # Errors
/// When the register cannot be read.
pub fn root<R: Register>(register: &mut R, user: &UserId) -> Result<UserId, R::Error> {
    let mut root = user.clone();
    while let Some(next) = register.person(&root)?.merged_into.clone() {
        root = next;
    }
    Ok(root)
}

/// Takes a visitor who is said to be a user out of that user's person.
fn take_out<R: Register>(
    register: &mut R,
    root: &UserId,
    user: &UserId,
    visitor: &VisitorId,
) -> Result<(), R::Error> {
    if register.person(root)?.visitors.contains(visitor) {
        let entry = register.change_person(root)?;
        entry.visitors.retain(|one| one != visitor);
    } else {
        register.turn_away(user, visitor, false);
    }
    Ok(())
}

/// Puts a visitor who is said to be a user into that user's person, where there is room.
fn put_in<R: Register>(
    register: &mut R,
    root: &UserId,
    user: &UserId,
    visitor: &VisitorId,
) -> Result<(), R::Error> {
    let entry = register.person(root)?;
    if let Err(place) = entry.visitors.binary_search(visitor) {
        if entry.visitors.len() < MOST_VISITORS {
            let entry = register.change_person(root)?;
            entry.visitors.insert(place, visitor.clone());
        } else {
            register.turn_away(user, visitor, true);
        }
    }
    Ok(())
}

/// Moves a visitor from the person of one membership to that of another. Says whether the two are
/// the same person.
///
/// # Errors
/// When the register cannot be read.
pub fn move_to<R: Register>(
    register: &mut R,
    visitor: &VisitorId,
    before: Option<&Membership>,
    now: Option<&Membership>,
) -> Result<bool, R::Error> {
    let into = match now {
        Some(now) => Some(root(register, &now.user)?),
        None => None,
    };
    let mut same = false;
    if let Some(before) = before {
        let from = root(register, &before.user)?;
        same = into.as_ref() == Some(&from);
        if same && register.person(&from)?.visitors.contains(visitor) {
            return Ok(true);
        }
        take_out(register, &from, &before.user, visitor)?;
    }
    if let (Some(now), Some(into)) = (now, into) {
        put_in(register, &into, &now.user, visitor)?;
    }
    Ok(same)
}

fn join<R: Register>(
    register: &mut R,
    visitor: &VisitorId,
    user: &UserId,
    saying: Saying<'_>,
) -> Result<(), R::Error> {
    let Some(known) = register.membership(visitor)? else {
        return Ok(());
    };
    let mut at = saying.message.timestamp;
    if let Some(known) = known.as_ref().filter(|known| known.user == *user) {
        // The rule, and nothing but its time may change.
        if known.at < at {
            let user = user.clone();
            register.set_membership(visitor, Some(Membership { user, at }))?;
        }
        return Ok(());
    }
    let is_late = |at| (known.as_ref()).is_some_and(|known| (known.at, &known.user) >= (at, user));
    let on_purpose = saying.is_on_purpose();
    let mut said_again = false;
    if register.has_taken_back()
        && (on_purpose || !is_late(at))
        && let Some(mut link) = register.membership_link(visitor, user)?
    {
        let before = link;
        let heard = link.hear(at, on_purpose);
        if link != before {
            register.set_membership_link(visitor, user, link);
        }
        said_again = link.said_again != before.said_again;
        match heard {
            None => return Ok(()),
            Some(heard) => at = heard,
        }
    }
    if is_late(at) {
        if *visitor != saying.message.visitor {
            // Not among the visitor's own messages, and perhaps needed when the later one is undone.
            let link = register.membership_link(visitor, user)?;
            let mut link = link.unwrap_or_default();
            if link.said_by_others < Some(at) {
                link.said_by_others = Some(at);
                register.set_membership_link(visitor, user, link);
            }
        }
        return Ok(());
    }
    let membership = Membership {
        user: user.clone(),
        at,
    };
    register.set_membership(visitor, Some(membership.clone()))?;
    let same = move_to(register, visitor, known.as_ref(), Some(&membership))?;
    if same && !said_again {
        // Who goes back and forth between two names of one person goes nowhere: once is enough.
        if register.membership_link(visitor, user)?.is_some() {
            return Ok(());
        }
        register.set_membership_link(visitor, user, MembershipLink::default());
    }
    register.tell(saying.entry(MergeChange::Joined {
        visitor: visitor.clone(),
        from: known,
        to: membership,
    }));
    Ok(())
}

fn merge<R: Register>(
    register: &mut R,
    previous: &UserId,
    user: &UserId,
    saying: Saying<'_>,
) -> Result<(), R::Error> {
    let said = saying.message.timestamp;
    if previous == user {
        return Ok(());
    }
    let mut link = NamesLink {
        said,
        taken_back: None,
    };
    if let Some(known) = register.names_link(previous, user)? {
        link.taken_back = known.taken_back;
        if known.holds() {
            // An undo takes back what was said until then, also by a clock that is ahead.
            if known.said < said && saying.received_at < said {
                register.set_names_link(previous, user, link);
            }
            return Ok(());
        }
        if known.covers(said) {
            return Ok(());
        }
    }
    register.set_names_link(previous, user, link);
    register.tell(saying.entry(MergeChange::Merged {
        previous: previous.clone(),
        user: user.clone(),
        said,
    }));
    unite(register, previous, user)
}

/// Makes one person of two users.
///
/// # Errors
/// When the register cannot be read.
pub fn unite<R: Register>(
    register: &mut R,
    previous: &UserId,
    user: &UserId,
) -> Result<(), R::Error> {
    let (one, other) = (root(register, previous)?, root(register, user)?);
    if one == other {
        return Ok(());
    }
    let (one_height, other_height) = (
        register.person(&one)?.height,
        register.person(&other)?.height,
    );
    let (from, into) = if one_height > other_height {
        (other, one)
    } else {
        (one, other)
    };
    let entry = register.change_person(&from)?;
    let visitors = std::mem::take(&mut entry.visitors);
    entry.merged_into = Some(into.clone());
    let entry = register.change_person(&into)?;
    if one_height == other_height {
        entry.height = entry.height.saturating_add(1);
    }
    let mut away = Vec::new();
    for visitor in visitors {
        if let Err(place) = entry.visitors.binary_search(&visitor) {
            if entry.visitors.len() < MOST_VISITORS {
                entry.visitors.insert(place, visitor);
            } else {
                away.push(visitor);
            }
        }
    }
    for visitor in away {
        if let Some(Some(membership)) = register.membership(&visitor)? {
            register.turn_away(&membership.user, &visitor, true);
        }
    }
    Ok(())
}

/// All visitors of the person that a known visitor belongs to, itself included, sorted.
///
/// # Errors
/// When the register cannot be read.
pub fn visitors_of<R: Register>(
    register: &mut R,
    visitor: &VisitorId,
) -> Result<Vec<VisitorId>, R::Error> {
    if let Some(Some(membership)) = register.membership(visitor)? {
        let root = root(register, &membership.user)?;
        let visitors = &register.person(&root)?.visitors;
        // One that a full person did not take says the user's name and stays by itself.
        if visitors.contains(visitor) {
            return Ok(visitors.clone());
        }
    }
    Ok(vec![visitor.clone()])
}

/// All visitors of the person that a user is, sorted. A visitor that a full person did not take is
/// not among them.
///
/// # Errors
/// When the register cannot be read.
pub fn visitors_of_user<R: Register>(
    register: &mut R,
    user: &UserId,
) -> Result<Vec<VisitorId>, R::Error> {
    let root = root(register, user)?;
    let mut visitors = register.person(&root)?.visitors.clone();
    // Known by the user's name alone, and in a person only where a message said so.
    let own = VisitorId::of_user(user);
    if register.membership(&own)?.is_some()
        && let Err(place) = visitors.binary_search(&own)
    {
        visitors.insert(place, own);
    }
    Ok(visitors)
}

/// A register in memory.
#[derive(Debug, Default)]
pub struct InMemory {
    persons: BTreeMap<UserId, PersonEntry>,
    visitors: BTreeMap<VisitorId, Option<Membership>>,
}

impl InMemory {
    /// Takes in a message of a visitor, who is known from then on.
    pub fn take_in(&mut self, message: &Message) {
        if !self.visitors.contains_key(&message.visitor) {
            self.visitors.insert(message.visitor.clone(), None);
        }
        let Ok(()) = take_in(self, message, message.timestamp);
    }

    /// See [`visitors_of`].
    pub fn visitors_of(&mut self, visitor: &VisitorId) -> Vec<VisitorId> {
        let Ok(visitors) = visitors_of(self, visitor);
        visitors
    }
}

impl Register for InMemory {
    type Error = Infallible;

    fn person(&mut self, user: &UserId) -> Result<&PersonEntry, Infallible> {
        Ok(self.persons.entry(user.clone()).or_default())
    }

    fn change_person(&mut self, user: &UserId) -> Result<&mut PersonEntry, Infallible> {
        Ok(self.persons.entry(user.clone()).or_default())
    }

    fn membership(
        &mut self,
        visitor: &VisitorId,
    ) -> Result<Option<Option<Membership>>, Infallible> {
        Ok(self.visitors.get(visitor).cloned())
    }

    fn set_membership(
        &mut self,
        visitor: &VisitorId,
        membership: Option<Membership>,
    ) -> Result<(), Infallible> {
        self.visitors.insert(visitor.clone(), membership);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::{Context, MessageId, Properties};
    use proptest::prelude::*;

    use super::*;

    fn message(visitor: &str, user: &str, seconds: i64, previous: Option<&str>) -> Message {
        Message {
            id: MessageId::parse("m").unwrap(),
            visitor: VisitorId::parse(visitor).unwrap(),
            user_id: Some(UserId::parse(user).unwrap()),
            timestamp: Timestamp::from_milliseconds(seconds * 1_000),
            context: Context::default(),
            kind: match previous {
                Some(previous) => MessageKind::Alias {
                    previous_id: previous.into(),
                },
                None => MessageKind::Identify {
                    traits: Properties::new(),
                },
            },
        }
    }

    fn names(register: &mut InMemory, visitor: &str) -> Vec<String> {
        let visitors = register.visitors_of(&VisitorId::parse(visitor).unwrap());
        visitors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_an_alias_merges_persons() {
        let mut register = InMemory::default();
        register.take_in(&message("a", "x", 1, None));
        register.take_in(&message("b", "x", 2, None));
        register.take_in(&message("c", "y", 3, None));
        assert_eq!(names(&mut register, "a"), ["a", "b"]);
        // The browser is now somebody else's; the others stay who they are.
        register.take_in(&message("b", "y", 4, None));
        assert_eq!(names(&mut register, "a"), ["a"]);
        assert_eq!(names(&mut register, "b"), ["b", "c"]);
        register.take_in(&message("c", "y", 5, Some("x")));
        assert_eq!(names(&mut register, "a"), ["a", "b", "c"]);
        // Who names a merged user from now on means the whole person.
        register.take_in(&message("d", "x", 6, None));
        assert_eq!(names(&mut register, "d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_long_line_of_aliases_stays_short() {
        let mut register = InMemory::default();
        for number in 0..1_000 {
            let (before, now) = (format!("u{number}"), format!("u{}", number + 1));
            register.take_in(&message("v", &now, number, Some(&before)));
        }
        let mut longest = 0;
        for number in 0..1_000 {
            let mut user = UserId::parse(&format!("u{number}")).unwrap();
            let mut steps = 0;
            while let Some(next) = &register.persons[&user].merged_into {
                user = next.clone();
                steps += 1;
            }
            longest = longest.max(steps);
        }
        assert!(longest <= 10, "{longest}");
        assert_eq!(names(&mut register, "v"), ["v"]);
    }

    /// Counts what is asked and told beyond memberships and persons.
    #[derive(Default)]
    struct Counting {
        known: InMemory,
        asked: usize,
        told: usize,
        has_taken_back: bool,
    }

    impl Register for Counting {
        type Error = Infallible;

        fn person(&mut self, user: &UserId) -> Result<&PersonEntry, Infallible> {
            self.known.person(user)
        }

        fn change_person(&mut self, user: &UserId) -> Result<&mut PersonEntry, Infallible> {
            self.known.change_person(user)
        }

        fn membership(
            &mut self,
            visitor: &VisitorId,
        ) -> Result<Option<Option<Membership>>, Infallible> {
            let known = self.known.membership(visitor)?;
            Ok(Some(known.flatten()))
        }

        fn set_membership(
            &mut self,
            visitor: &VisitorId,
            membership: Option<Membership>,
        ) -> Result<(), Infallible> {
            self.known.set_membership(visitor, membership)
        }

        fn has_taken_back(&self) -> bool {
            self.has_taken_back
        }

        fn membership_link(
            &mut self,
            _: &VisitorId,
            _: &UserId,
        ) -> Result<Option<MembershipLink>, Infallible> {
            self.asked += 1;
            Ok(None)
        }

        fn set_membership_link(&mut self, _: &VisitorId, _: &UserId, _: MembershipLink) {
            self.told += 1;
        }

        fn names_link(&mut self, _: &UserId, _: &UserId) -> Result<Option<NamesLink>, Infallible> {
            self.asked += 1;
            Ok(None)
        }

        fn set_names_link(&mut self, _: &UserId, _: &UserId, _: NamesLink) {
            self.told += 1;
        }

        fn turn_away(&mut self, _: &UserId, _: &VisitorId, _: bool) {
            self.told += 1;
        }

        fn tell(&mut self, _: MergeEntry) {
            self.told += 1;
        }
    }

    #[test]
    fn who_is_who_they_were_is_asked_and_told_nothing_of() {
        for has_taken_back in [false, true] {
            let mut register = Counting {
                has_taken_back,
                ..Counting::default()
            };
            let mut take = |message: &Message| {
                let before = (register.asked, register.told);
                let Ok(()) = take_in(&mut register, message, message.timestamp);
                (register.asked - before.0, register.told - before.1)
            };
            let named = usize::from(has_taken_back);
            assert_eq!(take(&message("a", "x", 10, None)), (named, 1));
            let mut nobody = message("a", "x", 11, None);
            nobody.user_id = None;
            let mut track = message("a", "y", 5, None);
            track.kind = MessageKind::Track {
                event: "E".into(),
                properties: Properties::new(),
            };
            for message in [
                nobody,
                track,
                message("a", "x", 12, None),
                message("a", "x", 3, None),
            ] {
                assert_eq!(take(&message), (0, 0), "{message:?}");
            }
            // An identify that comes too late may be the first after an undo.
            assert_eq!(take(&message("a", "y", 5, None)), (named, 0));
            assert_eq!(take(&message("a", "y", 20, None)), (named, 1));
        }
    }

    proptest! {
        #[test]
        fn what_was_said_latest_counts_in_whatever_order(
            said in prop::collection::vec((0..3_usize, 0..3_usize, 0..9_i64), 1..20),
            seed in any::<prop::sample::Index>(),
        ) {
            let visitors = ["a", "b", "c"];
            let users = ["x", "y", "z"];
            let messages: Vec<Message> = said
                .iter()
                .map(|(visitor, user, at)| message(visitors[*visitor], users[*user], *at, None))
                .collect();
            let mut turned = messages.clone();
            turned.rotate_left(seed.index(messages.len()));
            turned.reverse();
            let (mut one, mut other) = (InMemory::default(), InMemory::default());
            messages.iter().for_each(|message| one.take_in(message));
            turned.iter().for_each(|message| other.take_in(message));
            for visitor in visitors {
                prop_assert_eq!(names(&mut one, visitor), names(&mut other, visitor));
            }
        }
    }
}
