//! The fold: what each event changes in a profile.
//!
//! Numbers from outside are bounded here (one event's active time, scroll to 100, weights to one
//! event's worth); nothing in an event can make a profile grow past its bounds.

use crate::event::{Engagement, Event, EventKind};
use crate::interest;
use crate::model::Model;
use crate::program::change;
use crate::text::{self, clip, cut};
use crate::time::{Milliseconds, Timestamp};

use super::topics;
use super::{Entry, EntryKind, Profile};

/// Longest active time that one event may report: the tracker reports more often.
pub const MOST_ACTIVE: Milliseconds = Milliseconds::from_minutes(60);

/// Longest search, click, label or name of an event that is kept, in bytes.
const MAX_SAID_BYTES: usize = 80;

impl Profile {
    /// Takes in one event of this visitor. The caller has dropped duplicates. The answer is what it
    /// changed, see [`change`].
    pub fn take_in(&mut self, event: &Event<'_>, model: &Model) -> u32 {
        let at = event.at;
        let mut changed = change::ANY;
        if self.events == 0 || at < self.first_seen {
            self.first_seen = at;
        }
        self.last_seen = self.last_seen.max(at);
        self.events += 1;
        self.sessions.observe(at);
        let path = if event.page.path.is_empty() {
            "/"
        } else {
            event.page.path
        };
        for watch in &model.watches {
            if cfg!(feature = "rules") && watched(watch, event) {
                changed |= change::WATCHED;
                self.entries.touch(EntryKind::Watch, watch, at).seen(at);
            }
        }
        match &event.kind {
            EventKind::Viewed { campaign, measured } => {
                self.page_views += 1;
                changed |= change::VIEWED;
                self.page(path, at).count += 1;
                if self.arrived(at, &event.page, campaign) {
                    changed |= change::ARRIVED;
                }
                let weight = if *measured {
                    model.weights.view
                } else {
                    model.weights.unmeasured_view
                };
                self.credit(event, path, event.page.title, weight, model);
            }
            EventKind::Engaged(engagement) => {
                changed |= change::ENGAGED;
                if self.engaged(event, path, engagement, model) {
                    changed |= change::VIEWED;
                }
            }
            EventKind::Searched { query } => {
                changed |= change::SEARCHED;
                if !query.is_empty() {
                    self.mention(EntryKind::Search, query, at);
                    self.observe(model.weights.search, at);
                }
            }
            EventKind::Clicked { text, path } => {
                self.clicks += 1;
                changed |= change::CLICKED;
                let named = if text.is_empty() { path } else { text };
                self.mention(EntryKind::Click, named, at);
                // The page a link leads to says what the click is about, not the page it is on.
                self.credit(event, path, text, model.weights.click, model);
            }
            EventKind::Submitted => {
                self.mention(EntryKind::Named, event.name, at);
                self.credit(event, path, event.page.title, model.weights.form, model);
            }
            EventKind::Named => {
                self.mention(EntryKind::Named, event.name, at);
                if !event.topics.is_empty() {
                    self.credit(event, "", "", model.weights.click, model);
                }
            }
            EventKind::Identified => {
                changed |= change::IDENTIFIED;
                for (name, value) in event.values() {
                    // What is nested stays in the event log.
                    if !matches!(value.bytes().next(), None | Some(b'[' | b'{')) {
                        self.entries.learn(EntryKind::Trait, name, value, at);
                    }
                }
            }
            EventKind::Seen => {}
        }
        changed
    }

    /// Learns who the visitor is, and what their browser says of itself.
    pub fn learn(&mut self, kind: EntryKind, value: &str, at: Timestamp) {
        if !value.is_empty() {
            self.entries.learn(kind, "", value, at);
        }
    }

    /// Keeps a value and since when it holds.
    pub(crate) fn set(&mut self, kind: EntryKind, value: &str, since: Timestamp) -> &mut Entry {
        let entry = self.entries.touch(kind, "", since);
        entry.value = value.into();
        entry.last = since;
        entry
    }

    /// Whether the page is new, and may stand in the place of another.
    fn engaged(&mut self, event: &Event<'_>, path: &str, read: &Engagement, model: &Model) -> bool {
        let active = read.active.min(MOST_ACTIVE);
        let before = read.active_before.min(MOST_ACTIVE);
        let scroll = read.scroll.min(100);
        self.active.0 += active.0;
        let page = self.page(path, event.at);
        page.active.0 += active.0;
        page.scroll = page.scroll.max(scroll);
        let new = page.count == 0;
        let after = Milliseconds(before.0 + active.0);
        let gain = interest::reading(after, scroll, read.words)
            - interest::reading(before, read.scroll_before.min(scroll), read.words);
        let weight = model.weights.reading * gain.max(0.0);
        self.credit(event, path, event.page.title, weight, model);
        new
    }

    /// The entry of a page. Views are counted by the caller: reading is not another view.
    fn page(&mut self, path: &str, at: Timestamp) -> &mut Entry {
        let page = self.entries.touch(EntryKind::Page, path, at);
        page.count -= 1;
        page.last = page.last.max(at);
        page
    }

    fn mention(&mut self, kind: EntryKind, said: &str, at: Timestamp) {
        let entry = self.entries.touch(kind, clip(said, MAX_SAID_BYTES), at);
        entry.last = entry.last.max(at);
    }

    fn observe(&mut self, weight: f64, at: Timestamp) {
        self.observed.add(weight, at, interest::DEFAULT_HALF_LIFE);
    }

    /// Adds evidence to the topics of an event, and once to all that is known of the visitor.
    fn credit(&mut self, event: &Event<'_>, path: &str, said: &str, weight: f64, model: &Model) {
        if weight <= 0.0 {
            return;
        }
        let at = event.at;
        self.observe(weight, at);
        topics::of_event(
            event.topics,
            event.keywords,
            path,
            said,
            model,
            &mut |id, label, share| {
                let entry = self.entries.touch(EntryKind::Topic, id, at);
                let mut evidence = entry.evidence();
                evidence.add(weight * share, at, model.half_life(id));
                (entry.evidence, entry.last) = evidence.parts();
                if entry.value.is_empty() {
                    entry.value = clip(label, MAX_SAID_BYTES).into();
                }
                #[cfg(feature = "explain")]
                self.keep_source(event, id, path, said, weight * share, model);
            },
        );
    }
}

#[cfg(feature = "explain")]
impl Profile {
    /// Keeps what a topic's evidence comes from: the topic, what kind of thing (`page`, `click`, `form`
    /// or the name of an event), and which, a line each. A view and its reading are one page.
    fn keep_source(
        &mut self,
        event: &Event<'_>,
        id: &str,
        path: &str,
        said: &str,
        weight: f64,
        model: &Model,
    ) {
        let (kind, which) = match event.kind {
            EventKind::Viewed { .. } | EventKind::Engaged(_) => ("page", path),
            EventKind::Clicked { .. } if said.is_empty() => ("click", path),
            EventKind::Clicked { .. } => ("click", said),
            EventKind::Submitted => ("form", path),
            _ => (event.name, path),
        };
        let source = alloc::format!("{id}\n{kind}\n{}", clip(which, MAX_SAID_BYTES));
        let entry = self.entries.touch(EntryKind::Source, &source, event.at);
        let mut evidence = entry.evidence();
        evidence.add(weight, event.at, model.half_life(id));
        (entry.evidence, entry.last) = evidence.parts();
    }
}

#[cfg(feature = "explain")]
impl Profile {
    /// Keeps that the visitor entered or left a segment, and why.
    pub(crate) fn learn_segment(&mut self, id: &str, is_in: bool, reason: &str, at: Timestamp) {
        let entry = self.entries.touch(EntryKind::Segment, id, at);
        if !is_in {
            // How often they came in is what is counted.
            entry.count -= 1;
        }
        entry.scroll = is_in.into();
        entry.last = at;
        entry.value = reason.into();
    }
}

/// Whether a condition counts an event.
fn watched(watch: &str, event: &Event<'_>) -> bool {
    let (name, property) = cut(watch, b'\n').unwrap_or((watch, ""));
    let (property, pattern) = cut(property, b'\n').unwrap_or_default();
    let (pattern, _) = cut(pattern, b'\n').unwrap_or((pattern, ""));
    let mut values = event.values();
    !event.name.is_empty()
        && text::matches(name, event.name)
        && (property.is_empty()
            || values.any(|(name, value)| name == property && text::matches(pattern, value)))
}
