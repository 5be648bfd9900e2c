//! Events: what the profile takes in, one flat, borrowed form of everything that can happen.
//!
//! The page makes events as they happen and writes them to the wire; the server reads messages of
//! any sender and sees them as events. Both fold the same thing.

use crate::campaign::Campaign;
use crate::events;
use crate::text::pieces;
use crate::time::{Milliseconds, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind<'a>,
    /// Its name, by which conditions count it: [`crate::events`] names those that have a kind of
    /// their own. Empty where it has none.
    pub name: &'a str,
    /// Names of its properties, or of the traits learned, and their values as plain JSON texts, in
    /// turn, with U+0000 between. See [`Event::values`].
    pub values: &'a str,
    /// On which page.
    pub page: Page<'a>,
    /// Topics that the page, or what was clicked, declares: labels, one a line.
    pub topics: &'a str,
    /// Keywords that the page declares, one a line.
    pub keywords: &'a str,
}

impl<'a> Event<'a> {
    /// Names and values of its properties, or of the traits learned.
    pub fn values(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut parts = pieces(self.values, 0);
        core::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }
}

/// The page of an event. Empty texts mean "not known".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// Host of its address.
    pub host: &'a str,
    /// Path without query, decoded.
    pub path: &'a str,
    /// Title.
    pub title: &'a str,
    /// Host of the page before.
    pub referrer: &'a str,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind<'a> {
    /// A page was viewed.
    Viewed {
        /// Campaign and click id that led there.
        campaign: &'a Campaign,
        /// Whether what is read of the page is reported separately.
        measured: bool,
    },
    /// A page was read, since the last such event of the same view.
    Engaged(Engagement),
    /// Something was searched for on the site.
    Searched {
        /// What.
        query: &'a str,
    },
    /// A link or a button was clicked.
    Clicked {
        /// What it says.
        text: &'a str,
        /// Path of the page that it leads to, decoded; empty for a button.
        path: &'a str,
    },
    /// A form was submitted.
    Submitted,
    /// Something else happened, which only its name tells.
    Named,
    /// The visitor turned out to be a person, of whom the values tell.
    Identified,
    /// Something that changes no more than when the visitor was last seen.
    Seen,
}

impl<'a> EventKind<'a> {
    /// What an event of this name is, other than a page view.
    #[must_use]
    pub fn tracked(
        name: &str,
        query: &'a str,
        text: &'a str,
        path: &'a str,
        engagement: Engagement,
    ) -> Self {
        match name {
            events::PAGE_ENGAGED => Self::Engaged(engagement),
            events::SITE_SEARCHED | events::PRODUCTS_SEARCHED => Self::Searched { query },
            events::LINK_CLICKED | events::BUTTON_CLICKED => Self::Clicked { text, path },
            events::FORM_SUBMITTED => Self::Submitted,
            _ => Self::Named,
        }
    }
}

/// What was read of a page since the last report on the same page view. Differences, so that each
/// report counts once wherever it stands in the order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Engagement {
    /// Active time since the last report.
    pub active: Milliseconds,
    /// Active time up to the last report.
    pub active_before: Milliseconds,
    /// Deepest scroll so far, 0 to 100.
    pub scroll: u8,
    /// Deepest scroll up to the last report.
    pub scroll_before: u8,
    /// Words of text on the page; 0 when not known.
    pub words: u32,
}
