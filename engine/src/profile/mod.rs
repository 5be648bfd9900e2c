//! The profile: all that is known of one visitor, folded from their events.
//!
//! It is small and bounded however long a visitor stays: totals are counts, and the table of
//! entries keeps only so many of each kind. The fold does not depend on the order in
//! which events arrive, except for what a full table has already forgotten. A profile never holds
//! ids of messages: dropping duplicates is the work of whoever stores it.

mod entry;
mod fold;
mod merge;
mod session;
mod topics;
mod touch;

pub use entry::{Entries, Entry, EntryKind, MAX_TIMES};
pub use fold::MOST_ACTIVE;
pub use session::{INACTIVITY, Sessions, Span};
pub use touch::Touch;

use alloc::vec::Vec;

use crate::codec::{DecodeError, Encode, Reader, Writer};
use crate::interest::Evidence;
use crate::time::{Milliseconds, Timestamp};

/// Version of the binary form.
const VERSION: u8 = 2;

/// All that is known of one visitor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Events folded.
    pub events: u64,
    /// The earliest event; without meaning before the first.
    pub first_seen: Timestamp,
    /// The latest event.
    pub last_seen: Timestamp,
    /// Visits.
    pub sessions: Sessions,
    /// Page views.
    pub page_views: u64,
    /// Time in which the visitor looked at a page and did something.
    pub active: Milliseconds,
    /// Clicks on links and buttons.
    pub clicks: u64,
    /// Evidence of all topics together, and of none: how well this visitor is known.
    pub observed: Evidence,
    /// What the visitor did and said.
    pub entries: Entries,
}

impl Profile {
    /// A visitor of whom nothing is known.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            events: 0,
            first_seen: Timestamp::MIN,
            last_seen: Timestamp::MIN,
            sessions: Sessions::new(),
            page_views: 0,
            active: Milliseconds(0),
            clicks: 0,
            observed: Evidence::new(),
            entries: Entries::new(),
        }
    }

    /// The entries of a kind, the most recent first.
    #[must_use]
    pub fn recent(&self, kind: EntryKind) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = Vec::new();
        for entry in self.entries.of(kind) {
            let earlier = |known: &&Entry| (known.last, &known.text) < (entry.last, &entry.text);
            let place = entries.iter().position(earlier).unwrap_or(entries.len());
            entries.insert(place, entry);
        }
        entries
    }

    /// The earliest page view.
    #[must_use]
    pub fn first_touch(&self) -> Option<Touch<'_>> {
        self.entries.one(EntryKind::FirstTouch).map(Touch::of_entry)
    }

    /// The latest page view that something brought.
    #[must_use]
    pub fn last_touch(&self) -> Option<Touch<'_>> {
        self.last_touch_entry().map(Touch::of_entry)
    }
}

impl Encode for Profile {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        self.first_seen.encode(out);
        self.last_seen.encode(out);
        out.integer(self.events);
        out.integer(self.page_views);
        out.integer(self.active.0);
        out.integer(self.clicks);
        self.sessions.encode(out);
        self.observed.encode(out);
        self.entries.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        Self {
            first_seen: Timestamp::decode(reader),
            last_seen: Timestamp::decode(reader),
            events: reader.integer(),
            page_views: reader.integer(),
            active: Milliseconds(reader.integer()),
            clicks: reader.integer(),
            sessions: Sessions::decode(reader),
            observed: Evidence::decode(reader),
            entries: Entries::decode(reader),
        }
    }
}
