//! The fold: what each event changes in a profile.
//!
//! Numbers from outside are bounded here (one event's active time, scroll to 100, weights to one
//! event's worth); nothing in an event can make a profile grow past its bounds.

use crate::address::Address;
use crate::event::{Engagement, Event, EventKind};
use crate::interest;
use crate::model::Model;
use crate::text::clip;
use crate::time::{Milliseconds, Timestamp};

use super::topics;
use super::{EntryKind, Profile};

/// Longest active time that one event may report: the tracker reports more often.
const MOST_ACTIVE: Milliseconds = Milliseconds::from_minutes(60);

/// Longest search, click, label or name of an event that is kept, in bytes.
const MAX_SAID_BYTES: usize = 80;

impl Profile {
    /// Takes in one event of this visitor. The caller has dropped duplicates.
    pub fn take_in(&mut self, event: &Event<'_>, model: &Model) {
        let at = event.at;
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
        match &event.kind {
            EventKind::Viewed { campaign, measured } => {
                self.page_views += 1;
                self.page(path, at).count += 1;
                self.arrived(at, &event.page, campaign);
                let weight = if *measured {
                    interest::WEIGHT_VIEW
                } else {
                    interest::WEIGHT_UNMEASURED_VIEW
                };
                self.credit(event, path, event.page.title, weight, model);
            }
            EventKind::Engaged(engagement) => self.engaged(event, path, engagement, model),
            EventKind::Searched { query } => {
                let query = query.trim_ascii();
                if !query.is_empty() {
                    self.mention(EntryKind::Search, query, at);
                    self.observe(interest::WEIGHT_SEARCH, at);
                }
            }
            EventKind::Clicked { text, href } => {
                self.clicks += 1;
                let named = if text.is_empty() { href } else { text };
                self.mention(EntryKind::Click, named, at);
                // The page a link leads to says what the click is about, not the page it is on.
                let target = Address::split(href).path;
                self.credit(event, target, text, interest::WEIGHT_CLICK, model);
            }
            EventKind::Submitted => {
                self.mention(EntryKind::Named, crate::events::FORM_SUBMITTED, at);
                self.credit(event, path, event.page.title, interest::WEIGHT_FORM, model);
            }
            EventKind::Named { name } => {
                self.mention(EntryKind::Named, name, at);
                if !event.topics.is_empty() {
                    self.credit(event, "", "", interest::WEIGHT_CLICK, model);
                }
            }
            EventKind::Identified { traits } => {
                for (name, value) in *traits {
                    self.entries.learn(EntryKind::Trait, name, value, at);
                }
            }
            EventKind::Seen => {}
        }
    }

    /// Learns who the visitor is, and their browser's language.
    pub fn learn(&mut self, kind: EntryKind, value: &str, at: Timestamp) {
        if !value.is_empty() {
            self.entries.learn(kind, "", value, at);
        }
    }

    fn engaged(&mut self, event: &Event<'_>, path: &str, read: &Engagement, model: &Model) {
        let active = read.active.min(MOST_ACTIVE);
        let before = read.active_before.min(MOST_ACTIVE);
        let scroll = read.scroll.min(100);
        self.active.0 += active.0;
        let page = self.page(path, event.at);
        page.active.0 += active.0;
        page.scroll = page.scroll.max(scroll);
        let after = Milliseconds(before.0 + active.0);
        let gain = interest::reading(after, scroll, read.words)
            - interest::reading(before, read.scroll_before.min(scroll), read.words);
        let weight = interest::WEIGHT_READING * gain.max(0.0);
        self.credit(event, path, event.page.title, weight, model);
    }

    /// The entry of a page. Views are counted by the caller: reading is not another view.
    fn page(&mut self, path: &str, at: Timestamp) -> &mut super::Entry {
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
            },
        );
    }
}
