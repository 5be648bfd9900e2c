//! The person: all browsers that turned out to be one human being's.
//!
//! A person is a set of visitors, each with the profile of its own events, and never a profile into
//! which another was poured: so merging is the union of two sets (commutative, associative,
//! idempotent), nothing is counted twice however often it is merged, and a visitor that was joined
//! by mistake can be taken out again.

use alloc::collections::BTreeMap;

use crate::codec::Encode as _;
use crate::id::VisitorId;
use crate::model::Model;
use crate::profile::Profile;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person(BTreeMap<VisitorId, Profile>);

impl Person {
    /// Nobody yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a visitor. Of two profiles of the same visitor, one is what the other became: the one
    /// with more events stays.
    pub fn add(&mut self, visitor: VisitorId, profile: Profile) {
        let rank = |profile: &Profile| (profile.events, profile.last_seen, profile.to_text());
        match self.0.get_mut(&visitor) {
            Some(known) if rank(known) >= rank(&profile) => {}
            Some(known) => *known = profile,
            None => {
                self.0.insert(visitor, profile);
            }
        }
    }

    /// Takes a visitor out.
    pub fn remove(&mut self, visitor: &VisitorId) -> Option<Profile> {
        self.0.remove(visitor)
    }

    /// The union of two persons that are one.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for (visitor, profile) in other.0 {
            self.add(visitor, profile);
        }
        self
    }

    /// The visitors.
    pub fn visitors(&self) -> impl Iterator<Item = (&VisitorId, &Profile)> {
        self.0.iter()
    }

    /// One profile of all that they did. Visitors are taken in the order of their ids, so that the
    /// same set gives the same bits.
    #[must_use]
    pub fn profile(&self, model: &Model) -> Profile {
        let mut whole = Profile::new();
        for profile in self.0.values() {
            whole.absorb(profile, model);
        }
        whole
    }
}
