//! Touches: where a visitor came from, first and last.
//!
//! The first touch is the earliest page view, whatever brought it. The last touch is the latest
//! page view that something brought: a campaign, a click id or another site; a visitor who comes
//! back by typing the address keeps the last touch they had, as is usual in web analytics.

use alloc::string::String;

use crate::address::{Address, bare_host};
use crate::campaign::Campaign;
use crate::event::Page;
use crate::text::{clip, cut};
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
    pub(super) fn of_entry(entry: &'a Entry) -> Self {
        let (path, rest) = cut(&entry.value, b'\n').unwrap_or_default();
        let (referrer, campaign) = cut(rest, b'\n').unwrap_or_default();
        Self {
            at: entry.last,
            path,
            referrer,
            campaign: Campaign::from_lines(campaign),
        }
    }
}

impl Profile {
    /// Takes in where a page view came from.
    pub(super) fn arrived(&mut self, at: Timestamp, page: &Page<'_>, campaign: &Campaign) {
        let site = Address::split(page.url);
        let referrer = bare_host(Address::split(page.referrer).host);
        let referrer = if referrer.eq_ignore_ascii_case(bare_host(site.host)) {
            ""
        } else {
            clip(referrer, MAX_TEXT_BYTES)
        };
        let mut origin = String::from(clip(page.path, MAX_TEXT_BYTES));
        origin.push('\n');
        origin.push_str(referrer);
        origin.push('\n');
        origin.push_str(campaign.as_lines());
        let earlier = self
            .entries
            .one(EntryKind::FirstTouch)
            .is_none_or(|first| (at, &*origin) < (first.last, &*first.value));
        if earlier {
            let first = self.entries.touch(EntryKind::FirstTouch, "", at);
            first.count = 1;
            first.last = at;
            first.value = origin.as_str().into();
        }
        if !referrer.is_empty() || !campaign.is_empty() {
            self.entries.learn(EntryKind::LastTouch, "", &origin, at);
        }
    }
}
