//! The wire format: messages as JSON, as Segment's HTTP tracking specification has them.
//!
//! Reading messages, and seeing them as events, is the server's and behind the feature `json`.

mod write;

#[cfg(feature = "json")]
mod message;
#[cfg(feature = "json")]
mod read;

#[cfg(feature = "json")]
pub use read::{Clock, Refusal, RefusalCode, SharedFields, read_message};
pub use write::{JsonWriter, digits, plain};
