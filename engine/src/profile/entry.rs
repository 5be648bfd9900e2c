//! Entries: the one small table in which a profile keeps what a visitor did and said.
//!
//! Pages, searches, clicks, topics, traits and touches differ in what they mean and not in how they
//! are kept: each is named by a kind and a text, counted, dated and bounded. One table for all
//! keeps the page's module at half the size that a list for each would need.
//!
//! However absurd what comes from outside is (a title of a megabyte, a million topics, a year of
//! active time in one event), a profile's form never exceeds 256 KiB, half of that in the page: so
//! many entries of each kind, and so many bytes of each text. Typical ones have 1 to 7 kB.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use crate::codec::{Encode, Reader, Writer};
use crate::interest::Evidence;
use crate::program::number_of;
use crate::text::{clip, pieces};
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
    /// A page view that something brought, by its moment: `value` is the origin.
    Touch,
    /// The person's name in the owner's systems: `value`.
    User,
    /// The browser's language: `value`.
    Language,
    /// The browser's user agent: `value`.
    Agent,
    /// The stage that the visitor was last found in: `value` is its id, `last` since when.
    Stage,
    /// What a condition counts, by the model's text for it; see [`Entry::times`].
    Watch,
    /// A segment, by id, that the visitor is in or was in: `scroll` is 1 or 0, `last` since when,
    /// `count` how often they came in, `value` why it last changed. The page keeps none.
    Segment,
    /// What a topic's evidence comes from, see `explain`. The page keeps none.
    Source,
    /// A change of a segment or stage, see `history`. The page keeps none.
    Change,
}

/// The kinds, in the order of their numbers.
const KINDS: [EntryKind; 16] = [
    EntryKind::Page,
    EntryKind::Search,
    EntryKind::Click,
    EntryKind::Named,
    EntryKind::Topic,
    EntryKind::Trait,
    EntryKind::FirstTouch,
    EntryKind::Touch,
    EntryKind::User,
    EntryKind::Language,
    EntryKind::Agent,
    EntryKind::Stage,
    EntryKind::Watch,
    EntryKind::Segment,
    EntryKind::Source,
    EntryKind::Change,
];

/// How many entries of each kind are kept, in the order of the kinds. What exceeds a bound replaces
/// what is oldest; of topics, what has the least evidence.
const MOST: [u8; 16] = [40, 16, 16, 32, 32, 48, 1, 12, 1, 1, 1, 1, 64, 128, 48, 32];

impl EntryKind {
    /// All kinds.
    pub const ALL: [Self; 16] = KINDS;

    /// How many entries of the kind are kept.
    #[must_use]
    pub fn most(self) -> usize {
        MOST[self as usize].into()
    }
}

/// Times that are kept of what a condition counts: counts within a window are exact up to this.
pub const MAX_TIMES: usize = 64;

/// Longest text of an entry, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 200;
/// Longest value of a touch, in bytes: an origin is nine parameters, a path and a host.
const MAX_ORIGIN_BYTES: usize = 2_600;
/// Longest value of another entry that somebody stated, in bytes.
const MAX_VALUE_BYTES: usize = 500;

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
    /// When it was seen, the latest [`MAX_TIMES`], latest first; kept of what a condition counts.
    pub times: Vec<Timestamp>,
}

impl Entry {
    /// The evidence, which is valid at `last`.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        Evidence::known(self.evidence, self.last)
    }

    /// Of two entries of a kind, the one of which this is less matters less.
    fn importance(&self) -> (f64, Timestamp, &str) {
        (self.evidence, self.last, &self.text)
    }

    /// Takes in what another browser of the same person has under the same name.
    fn absorb(&mut self, other: &Self, half_life: Milliseconds) {
        self.count += other.count;
        self.active.0 += other.active.0;
        let stated = (other.last, &other.value) > (self.last, &self.value);
        match self.kind {
            EntryKind::Topic | EntryKind::Source => {
                let mut evidence = self.evidence();
                evidence.add(other.evidence, other.last, half_life);
                (self.evidence, self.last) = evidence.parts();
                if self.value.is_empty() {
                    self.value = other.value.clone();
                }
                return;
            }
            EntryKind::Watch => {
                let mut evidence = self.evidence();
                evidence.add(other.evidence, other.last, watch_half_life(&self.text));
                for at in &other.times {
                    self.note(*at);
                }
                (self.evidence, _) = evidence.parts();
            }
            EntryKind::FirstTouch => {
                self.count = 1;
                if (other.last, &other.value) < (self.last, &self.value) {
                    self.value = other.value.clone();
                    self.last = other.last;
                }
                return;
            }
            EntryKind::Segment if stated => {
                self.value = other.value.clone();
                self.scroll = other.scroll;
            }
            EntryKind::Segment => {}
            _ => {
                if stated {
                    self.value = other.value.clone();
                }
                self.scroll = self.scroll.max(other.scroll);
            }
        }
        self.last = self.last.max(other.last);
    }

    /// Notes another time of what a condition counts, and adds it to the sum that decays.
    pub(super) fn seen(&mut self, at: Timestamp) {
        let half_life = watch_half_life(&self.text);
        let mut evidence = self.evidence();
        if half_life.0 > 0 {
            evidence.add(1.0, at, half_life);
        }
        self.note(at);
        (self.evidence, _) = evidence.parts();
    }

    /// Notes another time.
    fn note(&mut self, at: Timestamp) {
        let place = self.times.iter().position(|known| *known < at);
        self.times.insert(place.unwrap_or(self.times.len()), at);
        self.times.truncate(MAX_TIMES);
        self.last = self.last.max(at);
    }
}

/// The entries of a kind. One code for all who look through them.
#[derive(Clone, Debug)]
pub struct OfKind<'a> {
    rest: &'a [Entry],
    kind: EntryKind,
}

impl<'a> Iterator for OfKind<'a> {
    type Item = &'a Entry;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a Entry> {
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            if first.kind == self.kind {
                return Some(first);
            }
        }
        None
    }
}

/// The table. The server, which asks it much more often than a page does, keeps it in the order of
/// the kinds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries(Vec<Entry>);

/// Whether the table has an order; it would be too long a code for the page.
const IS_ORDERED: bool = cfg!(feature = "explain");

impl Entries {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The entries of a kind, in no particular order.
    #[must_use]
    pub fn of(&self, kind: EntryKind) -> OfKind<'_> {
        OfKind {
            rest: self.0.get(self.group(kind)).unwrap_or_default(),
            kind,
        }
    }

    /// Where all entries of a kind are, and perhaps others.
    fn group(&self, kind: EntryKind) -> Range<usize> {
        if !IS_ORDERED {
            return 0..self.0.len();
        }
        let start = self.0.partition_point(|entry| entry.kind < kind);
        start..self.0.partition_point(|entry| entry.kind <= kind)
    }

    /// The entry of a kind and text.
    #[must_use]
    pub fn find(&self, kind: EntryKind, text: &str) -> Option<&Entry> {
        let found = self.0.get(self.place(kind, text))?;
        (!IS_ORDERED || found.kind == kind).then_some(found)
    }

    /// Where the entry of a kind and text is; where there is none, a place that has another or is past
    /// the end, at which one may be put.
    #[inline(never)]
    fn place(&self, kind: EntryKind, text: &str) -> usize {
        let group = self.group(kind);
        let mut place = group.start;
        while place < group.end
            && let Some(entry) = self.0.get(place)
            && (entry.kind != kind || *entry.text != *text)
        {
            place += 1;
        }
        place
    }

    /// All entries, in no particular order.
    #[must_use]
    pub fn all(&self) -> &[Entry] {
        &self.0
    }

    /// The only entry of a kind.
    #[must_use]
    pub fn one(&self, kind: EntryKind) -> Option<&Entry> {
        self.of(kind).next()
    }

    /// The entry of a kind and text, made where there is none, counted once more.
    pub(super) fn touch(&mut self, kind: EntryKind, text: &str, at: Timestamp) -> &mut Entry {
        let text = clip(text, MAX_TEXT_BYTES);
        let mut place = self.place(kind, text);
        if place == self.group(kind).end {
            let full = self.full(kind);
            let entry = Entry {
                kind,
                text: text.into(),
                value: Box::default(),
                count: 0,
                last: at,
                active: Milliseconds(0),
                scroll: 0,
                evidence: 0.0,
                times: Vec::new(),
            };
            match full {
                Some(full) => {
                    place = full;
                    self.0[place] = entry;
                }
                None if IS_ORDERED => self.0.insert(place, entry),
                None => self.0.push(entry),
            }
        }
        let entry = &mut self.0[place];
        entry.count += 1;
        entry
    }

    /// Where the entry is that matters least, when there are as many of a kind as are kept.
    fn full(&self, kind: EntryKind) -> Option<usize> {
        let mut least: Option<(usize, &Entry)> = None;
        let mut kept = 0;
        let group = self.group(kind);
        let entries = self.0.get(group.clone()).unwrap_or_default();
        for (place, entry) in group.zip(entries) {
            if entry.kind != kind {
                continue;
            }
            kept += 1;
            if least.is_none_or(|(_, least)| entry.importance() < least.importance()) {
                least = Some((place, entry));
            }
        }
        let (place, _) = least?;
        (kept >= kind.most()).then_some(place)
    }

    /// Takes in the entries of another browser of the same person.
    pub(super) fn absorb(&mut self, other: &Self, half_life: &dyn Fn(&Entry) -> Milliseconds) {
        for entry in &other.0 {
            let place = self.place(entry.kind, &entry.text);
            if place == self.group(entry.kind).end {
                self.0.insert(place, entry.clone());
            } else {
                self.0[place].absorb(entry, half_life(entry));
            }
        }
        for kind in KINDS {
            while self.of(kind).count() > kind.most() {
                let Some(least) = self.full(kind) else {
                    break;
                };
                self.0.remove(least);
            }
        }
    }

    /// Learns the value of an entry: the latest counts, and of two from the same millisecond the
    /// greater one, so that the order of arrival does not matter.
    pub(crate) fn learn(&mut self, kind: EntryKind, text: &str, value: &str, at: Timestamp) {
        let most = match kind {
            EntryKind::Touch => MAX_ORIGIN_BYTES,
            _ => MAX_VALUE_BYTES,
        };
        let value = clip(value, most);
        let entry = self.touch(kind, text, at);
        if entry.count == 1 || (at, value) > (entry.last, &*entry.value) {
            entry.last = at;
            entry.value = value.into();
        }
    }
}

/// The half-life of the sum that a watch keeps, its fourth line; zero for none.
fn watch_half_life(watch: &str) -> Milliseconds {
    let line = pieces(watch, b'\n').nth(3).unwrap_or_default();
    Milliseconds(number_of(line) as u64)
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
        out.list(&self.times);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            kind: reader.choice(&KINDS, EntryKind::Page, "kind"),
            text: reader.boxed(),
            value: reader.boxed(),
            count: reader.integer(),
            last: Timestamp::decode(reader),
            active: Milliseconds(reader.integer()),
            scroll: reader.byte(),
            evidence: reader.float(),
            times: reader.list(),
        }
    }
}

impl Encode for Entries {
    fn encode(&self, out: &mut Writer) {
        out.list(&self.0);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let mut entries: Vec<Entry> = reader.list();
        if IS_ORDERED {
            entries.sort_by_key(|entry| entry.kind);
        }
        Self(entries)
    }
}
