//! Messages that were refused, as they are kept for the owner to look into.

use firstglance_engine::{Timestamp, VisitorId};

/// A message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedMessage {
    /// When it was received.
    pub received_at: Timestamp,
    /// Which of the two shelves it lies on.
    pub shelf: Shelf,
    /// Why, as answers name it.
    pub reason: Box<str>,
    /// The field at fault, as a path within the request.
    pub place: Box<str>,
    /// Why, in a sentence.
    pub detail: Box<str>,
    /// Its id, where it can be read.
    pub message_id: Option<Box<str>>,
    /// Whose it is, where that can be read.
    pub visitor: Option<VisitorId>,
    /// The beginning of the text it came as.
    pub raw: Box<str>,
}

/// Where a refused message lies. Each shelf has its own bounds, so that what there is much of does
/// not push out the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// There is something wrong with the message.
    Faulty,
    /// Nothing is wrong with it, but no person made it.
    Automated,
}

/// Some of the refused messages of a shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedPage {
    /// They, each with its number, the newest first. Later ones of a shelf have greater numbers.
    pub messages: Vec<(u64, RefusedMessage)>,
    /// Before which number there may be more; there may be even where none was found here.
    pub next: Option<u64>,
}
