//! Events: what the profile takes in, one flat, borrowed form of everything that can happen.
//!
//! The page makes events as they happen and writes them to the wire; the server reads messages of
//! any sender and sees them as events. Both fold the same thing.

use crate::campaign::Campaign;
use crate::time::{Milliseconds, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind<'a>,
    /// On which page.
    pub page: Page<'a>,
    /// Topics that the page, or what was clicked, declares: labels, one a line.
    pub topics: &'a str,
    /// Keywords that the page declares, one a line.
    pub keywords: &'a str,
}

/// The page of an event. Empty texts mean "not known".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page<'a> {
    /// Whole address.
    pub url: &'a str,
    /// Path without query.
    pub path: &'a str,
    /// Title.
    pub title: &'a str,
    /// Address of the page before.
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
        /// Where it leads; empty for a button.
        href: &'a str,
    },
    /// A form was submitted.
    Submitted,
    /// Something else happened.
    Named {
        /// Its name.
        name: &'a str,
    },
    /// The visitor turned out to be a person.
    Identified {
        /// Names of traits and their values, as JSON texts.
        traits: &'a [(&'a str, &'a str)],
    },
    /// Something that changes no more than when the visitor was last seen.
    Seen,
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
