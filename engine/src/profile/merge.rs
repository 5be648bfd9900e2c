//! Merging: several browsers of one person as one profile.
//!
//! The profile that results is the one that folding all their events together in the order of time
//! would have made, to the rounding of decayed sums, except: what a full table has forgotten
//! (see [`super::Entries`]) is not remembered; the latest of the stages and of each segment's last
//! change stands, until the next event settles them; of two labels of a topic either may stand; and visits that only old, forgotten spans
//! would join are counted apart.

use crate::interest::DEFAULT_HALF_LIFE;
use crate::model::Model;
use crate::text::cut;

use super::{Entry, EntryKind, Profile};

impl Profile {
    /// Takes in what another browser of the same person did. The two must have no event in common:
    /// [`crate::person::Person`] sees to that.
    pub fn absorb(&mut self, other: &Self, model: &Model) {
        if other.events == 0 {
            return;
        }
        if self.events == 0 {
            *self = other.clone();
            return;
        }
        self.events += other.events;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.page_views += other.page_views;
        self.active.0 += other.active.0;
        self.clicks += other.clicks;
        self.sessions.absorb(&other.sessions);
        let (sum, at) = other.observed.parts();
        self.observed.add(sum, at, DEFAULT_HALF_LIFE);
        let half_life = |entry: &Entry| {
            let topic = match entry.kind {
                EntryKind::Source => cut(&entry.text, b'\n').map_or("", |(topic, _)| topic),
                _ => &entry.text,
            };
            model.half_life(topic)
        };
        self.entries.absorb(&other.entries, &half_life);
    }
}
