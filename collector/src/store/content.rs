//! Versions of what was posted, content and rules: each is all that was posted at once, numbered, and
//! never changed.
//!
//! What is in force is the latest that is no draft; going back to an earlier one adds another with
//! the same content. Nothing in here is about any visitor.

use firstglance_engine::Timestamp;
use serde::{Deserialize, Serialize};

/// What there are versions of. Each is numbered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posting {
    /// Slots and variants.
    Content,
    /// Segments and interests.
    Rules,
}

impl Posting {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Content, Self::Rules];
}

/// Bytes of what an author says of a version.
pub const LONGEST_NOTE: usize = 1_000;

/// How many versions are kept. Beyond, the oldest go, but never the one that is in force.
pub const MOST: usize = 100;

/// A version to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContent {
    /// When it was posted.
    pub at: Timestamp,
    /// Id and name of the token by which it was posted.
    pub by: (Box<str>, Box<str>),
    /// What its author says of it.
    pub note: Box<str>,
    /// Whether it is only kept, to be looked at.
    pub draft: bool,
    /// The version whose content it has, where it was not posted anew.
    pub restored: Option<u64>,
    /// What was posted, as JSON.
    pub content: Box<str>,
}

/// A version that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentVersion {
    /// Its number, from 1.
    pub number: u64,
    /// What it is.
    pub version: NewContent,
}

/// As it is written.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Version of this form.
    form: u8,
    at: u64,
    token: Box<str>,
    name: Box<str>,
    note: Box<str>,
    draft: bool,
    restored: Option<u64>,
    content: Box<str>,
}

/// The form that is written.
const FORM: u8 = 1;

impl NewContent {
    /// The bytes that are kept; none where it cannot be written.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let written = Written {
            form: FORM,
            at: self.at.as_milliseconds(),
            token: self.by.0.clone(),
            name: self.by.1.clone(),
            note: self.note.clone(),
            draft: self.draft,
            restored: self.restored,
            content: self.content.clone(),
        };
        serde_json::to_vec(&written).ok()
    }

    /// What was kept; nothing for bytes that are none.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        (written.form == FORM).then(|| Self {
            at: Timestamp::from_milliseconds(i64::try_from(written.at).unwrap_or(i64::MAX)),
            by: (written.token, written.name),
            note: written.note,
            draft: written.draft,
            restored: written.restored,
            content: written.content,
        })
    }
}
