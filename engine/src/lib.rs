//! The engine of Firstglance: what an event is, what a visitor's profile is, and what both mean.
//!
//! A [`Profile`] is a fold over [`Message`]s; interests, segments and stage are functions of the
//! profile and a [`Model`] (the compiled configuration). This crate is compiled twice, into the
//! WebAssembly module of the page and into the collector, so that both give the same answer.
//!
//! It never reads a clock, never draws a random number, never does I/O and never starts a thread:
//! times and ids come in as arguments. What the page does without is behind features: reading JSON
//! (`json`), and saying why (`explain`).

#![no_std]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
#[cfg(feature = "explain")]
pub mod attribution;
pub mod campaign;
pub mod codec;
#[cfg(feature = "rules")]
pub mod content;
pub mod evaluation;
pub mod event;
pub mod events;
#[cfg(feature = "explain")]
pub mod explain;
#[cfg(feature = "explain")]
pub mod history;
pub mod id;
pub mod interest;
pub mod json;
pub mod message;
pub mod model;
pub mod origin;
pub mod person;
pub mod profile;
pub mod program;
pub mod snapshot;
pub mod text;
pub mod time;
pub mod value;

pub use campaign::{Campaign, ClickId};
pub use evaluation::{About, Evaluation, Settled};
pub use event::{Event, EventKind};
pub use id::{MessageId, UserId, VisitorId};
pub use message::{Context, Message, MessageKind, PageContext};
pub use model::Model;
pub use person::Person;
pub use profile::Profile;
pub use snapshot::Snapshot;
pub use time::{Milliseconds, Timestamp};
pub use value::{Properties, Value};
