//! The names of the events that the tracker captures and the engine understands, and of their
//! properties. Site owners may send any other name; those are counted by name.

/// A page was viewed; messages of the type `page` are named so.
pub const PAGE_VIEWED: &str = "Page Viewed";
/// Active time and scroll depth on a page, since the last such event of the same page view.
pub const PAGE_ENGAGED: &str = "Page Engaged";
/// A click on a link.
pub const LINK_CLICKED: &str = "Link Clicked";
/// A click on a button.
pub const BUTTON_CLICKED: &str = "Button Clicked";
/// A search on the site.
pub const SITE_SEARCHED: &str = "Site Searched";
/// The same, as Segment's e-commerce specification names it.
pub const PRODUCTS_SEARCHED: &str = "Products Searched";
/// A form was submitted.
pub const FORM_SUBMITTED: &str = "Form Submitted";
/// A variant of a slot was seen, or its default by somebody who is held out. Like any event that the
/// engine does not know it counts by its name, and as it declares no topics it is no evidence.
pub const CONTENT_VIEWED: &str = "Content Viewed";
/// A link or button in a slot was clicked. No evidence either: the click itself is.
pub const CONTENT_CLICKED: &str = "Content Clicked";
/// What leaves the page under consent *segments*: derived results, no address and no text.
pub const SEGMENTS_DERIVED: &str = "Segments Derived";

/// Names of properties.
pub mod property {
    /// Path of the page, without query.
    pub const PATH: &str = "path";
    /// Topics that the page, or what was clicked, declares: a list of labels.
    pub const TOPICS: &str = "topics";
    /// Keywords that the page declares.
    pub const KEYWORDS: &str = "keywords";
    /// Words of text on the page.
    pub const WORDS: &str = "words";
    /// Active seconds since the last such event of the same page view.
    pub const ACTIVE_SECONDS: &str = "active_seconds";
    /// Active seconds of this page view before this event's.
    pub const ACTIVE_SECONDS_BEFORE: &str = "active_seconds_before";
    /// Deepest scroll of this page view so far, 0 to 100.
    pub const SCROLL_PERCENT: &str = "scroll_percent";
    /// Deepest scroll of this page view at the last such event.
    pub const SCROLL_PERCENT_BEFORE: &str = "scroll_percent_before";
    /// Deepest scroll of this page view so far, in CSS pixels.
    pub const SCROLL_PIXELS: &str = "scroll_pixels";
    /// What was searched for.
    pub const QUERY: &str = "query";
    /// Text of what was clicked.
    pub const TEXT: &str = "text";
    /// Address that a link leads to.
    pub const HREF: &str = "href";
    /// Ids of segments.
    pub const SEGMENTS: &str = "segments";
    /// Id of a slot.
    pub const SLOT: &str = "slot";
    /// Id of a slot's variant that is shown, or would be to somebody who is not held out.
    pub const VARIANT: &str = "variant";
    /// Whether the visitor is held out; only there where they are.
    pub const CONTROL: &str = "control";
}
