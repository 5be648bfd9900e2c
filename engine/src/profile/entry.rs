//! Entries: the one small table in which a profile keeps what a visitor did and said.
//!
//! Pages, searches, clicks, topics, traits and touches differ in what they mean and not in how they
//! are kept: each is named by a kind and a text, counted, dated and bounded. One table for all
//! keeps the page's module at half the size that a list for each would need.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Encode, Reader, Writer};
use crate::interest::Evidence;
use crate::text::clip;
use crate::time::{Milliseconds, Timestamp};

/// What an entry is about, and what its fields say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A page, by path: views, active time, deepest scroll.
    Page,
    /// A search, by query.
    Search,
    /// A click, by what it says.
    Click,
    /// Another event, by name.
    Named,
    /// A topic, by slug: evidence; `value` is the label.
    Topic,
    /// A trait, by name: `value` is its JSON text.
    Trait,
    /// The earliest page view: `text` is empty, `value` the origin.
    FirstTouch,
    /// The latest page view that something brought, likewise.
    LastTouch,
    /// The person's name in the owner's systems: `value`.
    User,
    /// The browser's language: `value`.
    Language,
}

/// The kinds, and how many of each are kept. What exceeds a bound replaces what is oldest; of
/// topics, what has the least evidence.
pub const KINDS: [(EntryKind, usize); 10] = [
    (EntryKind::Page, 40),
    (EntryKind::Search, 16),
    (EntryKind::Click, 16),
    (EntryKind::Named, 32),
    (EntryKind::Topic, 32),
    (EntryKind::Trait, 48),
    (EntryKind::FirstTouch, 1),
    (EntryKind::LastTouch, 1),
    (EntryKind::User, 1),
    (EntryKind::Language, 1),
];

/// Longest text of an entry, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 200;
/// Longest value of an entry, in bytes: an origin is nine parameters, a path and a host.
const MAX_VALUE_BYTES: usize = 2_600;

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is about.
    pub kind: EntryKind,
    /// Its name among those of its kind.
    pub text: Box<str>,
    /// See [`EntryKind`].
    pub value: Box<str>,
    /// How often.
    pub count: u64,
    /// When last; for what has a value, when it was said.
    pub last: Timestamp,
    /// Active time.
    pub active: Milliseconds,
    /// Deepest scroll, 0 to 100.
    pub scroll: u8,
    /// Evidence as it counted at `last`.
    pub evidence: f64,
}

impl Entry {
    /// The evidence, which is valid at `last`.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        Evidence::known(self.evidence, self.last)
    }
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries(Vec<Entry>);

impl Entries {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The entries of a kind, in no particular order.
    pub fn of(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.kind == kind)
    }

    /// The only entry of a kind.
    #[must_use]
    pub fn one(&self, kind: EntryKind) -> Option<&Entry> {
        self.of(kind).next()
    }

    /// The entry of a kind and text, made where there is none, counted once more.
    pub(super) fn touch(&mut self, kind: EntryKind, text: &str, at: Timestamp) -> &mut Entry {
        let text = clip(text, MAX_TEXT_BYTES);
        let known = self
            .0
            .iter()
            .position(|entry| entry.kind == kind && &*entry.text == text);
        let place = known.unwrap_or_else(|| self.add(kind, text, at));
        let entry = &mut self.0[place];
        entry.count += 1;
        entry
    }

    /// Adds an entry at the end, or in the place of the one that matters least.
    fn add(&mut self, kind: EntryKind, text: &str, at: Timestamp) -> usize {
        let entry = Entry {
            kind,
            text: text.into(),
            value: Box::default(),
            count: 0,
            last: at,
            active: Milliseconds(0),
            scroll: 0,
            evidence: 0.0,
        };
        let mut least: Option<usize> = None;
        let mut kept = 0;
        for (place, other) in self.0.iter().enumerate() {
            if other.kind != kind {
                continue;
            }
            kept += 1;
            let matters_less = least
                .and_then(|least| self.0.get(least))
                .is_none_or(|least| {
                    (other.evidence, other.last, &other.text)
                        < (least.evidence, least.last, &least.text)
                });
            if matters_less {
                least = Some(place);
            }
        }
        match least {
            Some(least) if kept >= KINDS[kind as usize].1 => {
                self.0[least] = entry;
                least
            }
            _ => {
                self.0.push(entry);
                self.0.len() - 1
            }
        }
    }

    /// Learns the value of an entry: the latest counts, and of two from the same millisecond the
    /// greater one, so that the order of arrival does not matter.
    pub(super) fn learn(&mut self, kind: EntryKind, text: &str, value: &str, at: Timestamp) {
        let value = clip(value, MAX_VALUE_BYTES);
        let entry = self.touch(kind, text, at);
        if entry.count == 1 || (at, value) > (entry.last, &*entry.value) {
            entry.last = at;
            entry.value = value.into();
        }
    }
}

impl Encode for Entry {
    fn encode(&self, out: &mut Writer) {
        out.byte(self.kind as u8);
        out.text(&self.text);
        out.text(&self.value);
        out.integer(self.count);
        self.last.encode(out);
        out.integer(self.active.0);
        out.byte(self.scroll);
        out.float(self.evidence);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let kind = KINDS.get(usize::from(reader.byte()));
        if kind.is_none() {
            reader.fail(DecodeError::Invalid("kind of entry"));
        }
        Self {
            kind: kind.map_or(EntryKind::Named, |(kind, _)| *kind),
            text: reader.text().into(),
            value: reader.text().into(),
            count: reader.integer(),
            last: Timestamp::decode(reader),
            active: Milliseconds(reader.integer()),
            scroll: reader.byte(),
            evidence: reader.float(),
        }
    }
}

impl Encode for Entries {
    fn encode(&self, out: &mut Writer) {
        out.list(&self.0);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self(reader.list())
    }
}
