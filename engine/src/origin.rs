//! Where visitors come from: the name and kind of a referrer, and the channel of a touch.
//!
//! One decision list for everything: the tables below become programs, which the page, the
//! conditions and the collector's own API all run. Nothing here ever looks a host up.
//!
//! Sources: Google Analytics help, "Default channel group", for the channels, their order and what
//! each takes; the lists of search engines, social networks and assistants of Matomo
//! (github.com/matomo-org/searchengine-and-social-list) and Snowplow's referer-parser for names and
//! hosts; the platforms' own documentation for what their click ids mean.

#[cfg(feature = "explain")]
mod brand;
#[cfg(feature = "explain")]
mod channel;
#[cfg(feature = "explain")]
mod sites;
#[cfg(all(test, feature = "explain"))]
mod tests;

#[cfg(feature = "explain")]
pub use brand::{BrandWords, brand};
#[cfg(feature = "explain")]
pub use channel::{CHANNELS, Grouping, channel, channel_of, referrer_of};
#[cfg(feature = "explain")]
pub use sites::{KINDS, kind, names, referrer, source};
