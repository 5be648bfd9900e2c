//! Touches: where a visitor came from, first, last and in between.
//!
//! The first touch is the earliest page view, whatever brought it. The other touches are page views
//! that something brought: a campaign, a click id or another site; the latest dozen are kept, for
//! attribution. The last touch is the latest of them: a visitor who comes back by typing the
//! address keeps the last touch they had, as is usual in web analytics.

use alloc::string::String;

use crate::address::bare_host;
use crate::campaign::Campaign;
use crate::codec::{Encode, Writer};
use crate::event::Page;
use crate::text::{self, clip, cut, pieces};
use crate::time::Timestamp;

use super::entry::MAX_TEXT_BYTES;
use super::{Entry, EntryKind, Profile};

/// One arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch<'a> {
    /// When.
    pub at: Timestamp,
    /// Path of the page.
    pub path: &'a str,
    /// Host of the referrer, without `www.`; empty when there is none or it is the site itself.
    pub referrer: &'a str,
    /// Campaign and click id.
    pub campaign: Campaign,
}

impl<'a> Touch<'a> {
    /// Reads the value of an entry: path, referrer and campaign, a line each.
    pub(crate) fn of_entry(entry: &'a Entry) -> Self {
        let [path, referrer, campaign] = entry.origin();
        Self {
            at: entry.last,
            path,
            referrer,
            campaign: Campaign::from_lines(campaign),
        }
    }
}

impl Entry {
    /// The value of a touch: path, referrer's host, and the campaign's lines.
    #[must_use]
    #[inline(never)]
    pub fn origin(&self) -> [&str; 3] {
        let (path, rest) = cut(&self.value, b'\n').unwrap_or_default();
        let (referrer, campaign) = cut(rest, b'\n').unwrap_or_default();
        [path, referrer, campaign]
    }
}

impl Profile {
    /// Takes in where a page view came from. Whether that changed a touch.
    pub(super) fn arrived(&mut self, at: Timestamp, page: &Page<'_>, campaign: &Campaign) -> bool {
        let referrer = bare_host(page.referrer);
        let referrer = if text::same_folded(referrer, bare_host(page.host)) {
            ""
        } else {
            clip(referrer, MAX_TEXT_BYTES)
        };
        let mut origin = String::new();
        for text in [clip(page.path, MAX_TEXT_BYTES), referrer] {
            // A line break would end it, and what follows would be taken for a campaign.
            origin.push_str(pieces(text, b'\n').next().unwrap_or_default());
            origin.push('\n');
        }
        origin.push_str(campaign.as_lines());
        let earlier = self
            .entries
            .one(EntryKind::FirstTouch)
            .is_none_or(|first| (at, &*origin) < (first.last, &*first.value));
        if earlier {
            self.set(EntryKind::FirstTouch, &origin, at).count = 1;
        }
        let brought = !referrer.is_empty() || !campaign.is_empty();
        if brought {
            let mut moment = Writer::default();
            at.encode(&mut moment);
            let moment = moment.as_text();
            self.entries.learn(EntryKind::Touch, moment, &origin, at);
        }
        brought || earlier
    }

    /// The entry of the last touch.
    #[must_use]
    pub fn last_touch_entry(&self) -> Option<&Entry> {
        let mut last: Option<&Entry> = None;
        for touch in self.entries.of(EntryKind::Touch) {
            if last.is_none_or(|known| touch.last > known.last) {
                last = Some(touch);
            }
        }
        last
    }
}
