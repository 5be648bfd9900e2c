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

use std::collections::BTreeMap;
use std::convert::Infallible;

use firstglance_engine::{Message, MessageKind, Timestamp, UserId, VisitorId};

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
        membership: Membership,
    ) -> Result<(), Self::Error>;
}

/// Takes in what a message says of persons. It must be new, and its visitor known.
///
/// # Errors
/// When the register cannot be read.
pub fn take_in<R: Register>(register: &mut R, message: &Message) -> Result<(), R::Error> {
    let Some(user) = &message.user_id else {
        return Ok(());
    };
    join(register, &message.visitor, user, message.timestamp)?;
    if let MessageKind::Alias { previous_id } = &message.kind {
        if let Ok(visitor) = VisitorId::parse(previous_id) {
            join(register, &visitor, user, message.timestamp)?;
        }
        if let Ok(previous) = UserId::parse(previous_id) {
            merge(register, &previous, user)?;
        }
    }
    Ok(())
}

/// Takes a visitor out of the person that it belongs to. The others of the person stay, and so does
/// what was said of its users.
///
/// # Errors
/// When the register cannot be read.
pub fn leave<R: Register>(register: &mut R, visitor: &VisitorId) -> Result<(), R::Error> {
    let Some(Some(membership)) = register.membership(visitor)? else {
        return Ok(());
    };
    let root = root(register, &membership.user)?;
    if register.person(&root)?.visitors.contains(visitor) {
        let entry = register.change_person(&root)?;
        entry.visitors.retain(|one| one != visitor);
    }
    Ok(())
}

/// The name under which the person of a known visitor is kept; nothing where it was never said who
/// the visitor is.
///
/// # Errors
/// When the register cannot be read.
pub fn root_of<R: Register>(
    register: &mut R,
    visitor: &VisitorId,
) -> Result<Option<UserId>, R::Error> {
    match register.membership(visitor)? {
        Some(Some(membership)) => root(register, &membership.user).map(Some),
        _ => Ok(None),
    }
}

/// The name under which a user's person is kept.
fn root<R: Register>(register: &mut R, user: &UserId) -> Result<UserId, R::Error> {
    let mut root = user.clone();
    while let Some(next) = register.person(&root)?.merged_into.clone() {
        root = next;
    }
    Ok(root)
}

fn join<R: Register>(
    register: &mut R,
    visitor: &VisitorId,
    user: &UserId,
    at: Timestamp,
) -> Result<(), R::Error> {
    let Some(known) = register.membership(visitor)? else {
        return Ok(());
    };
    if let Some(known) = &known
        && (known.at, &known.user) >= (at, user)
    {
        return Ok(());
    }
    let membership = Membership {
        user: user.clone(),
        at,
    };
    register.set_membership(visitor, membership)?;
    let before = match &known {
        // The rule, and nothing but its time has changed.
        Some(known) if known.user == *user => return Ok(()),
        Some(known) => Some(root(register, &known.user)?),
        None => None,
    };
    let now = root(register, user)?;
    if let Some(before) = before
        && before != now
        && register.person(&before)?.visitors.contains(visitor)
    {
        let entry = register.change_person(&before)?;
        entry.visitors.retain(|one| one != visitor);
    }
    let entry = register.person(&now)?;
    if let Err(place) = entry.visitors.binary_search(visitor)
        && entry.visitors.len() < MOST_VISITORS
    {
        let entry = register.change_person(&now)?;
        entry.visitors.insert(place, visitor.clone());
    }
    Ok(())
}

fn merge<R: Register>(register: &mut R, previous: &UserId, user: &UserId) -> Result<(), R::Error> {
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
    for visitor in visitors {
        if entry.visitors.len() < MOST_VISITORS
            && let Err(place) = entry.visitors.binary_search(&visitor)
        {
            entry.visitors.insert(place, visitor);
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
        let Ok(()) = take_in(self, message);
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
        membership: Membership,
    ) -> Result<(), Infallible> {
        self.visitors.insert(visitor.clone(), Some(membership));
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
