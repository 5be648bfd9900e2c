//! Keeps the latest messages that were refused, a shelf for each kind, each bounded by number and
//! bytes; the oldest leave.
//!
//! They are written with whatever is written next and never make anybody wait for the disk. What was
//! refused in the last moments before a loss of power may be missing; nobody was told otherwise.

use std::collections::BTreeMap;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::text::clip;
use firstglance_engine::{Timestamp, VisitorId};
use sha2::{Digest as _, Sha256};

use super::batch::Batch;
use super::erased::ErasedVisitors;
use super::{EmbeddedError, keys};
use crate::store::refused::{RefusedMessage, RefusedPage, Shelf};

/// Messages on a shelf, and bytes of their records.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of a message's text that are kept, and of each of the other texts.
const RAW_BYTES: usize = 2_048;
const TEXT_BYTES: usize = 300;

/// Records that one question reads. What is not found among them is looked for by the next one.
pub(super) const MOST_READ: usize = 2_000;

const VERSION: u8 = 1;

const SHELVES: [Shelf; 2] = [Shelf::Faulty, Shelf::Automated];

const fn letter(shelf: Shelf) -> u8 {
    match shelf {
        Shelf::Faulty => b'f',
        Shelf::Automated => b'a',
    }
}

/// Whether a key and its value are a refused message.
pub(super) fn is_readable(key: &[u8], value: &[u8]) -> bool {
    let shelf = |shelf| key.starts_with(&keys::refused(letter(shelf)));
    SHELVES.into_iter().any(shelf)
        && keys::refused_number(key).is_some()
        && Record::from_bytes(value).is_ok()
}

/// What is known in memory of a message on a shelf.
#[derive(Clone, Copy, Debug)]
struct Slip {
    bytes: usize,
    /// Digest of its visitor, so that an erasure need not read everything.
    visitor: Option<u64>,
}

#[derive(Debug, Default)]
struct Content {
    slips: BTreeMap<u64, Slip>,
    bytes: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    content: [Content; 2],
}

impl Shelves {
    /// Those of a tree.
    pub(super) fn load(tree: &sled::Tree) -> Result<Self, EmbeddedError> {
        let mut shelves = Self::default();
        for shelf in SHELVES {
            for entry in tree.scan_prefix(keys::refused(letter(shelf))) {
                let (key, bytes) = entry?;
                let number = keys::refused_number(&key).ok_or(EmbeddedError::Key)?;
                let message = Record::from_bytes(&bytes)?.0;
                let slip = Slip::of(&message, bytes.len());
                shelves.content[shelf as usize].put(number, slip);
            }
        }
        Ok(shelves)
    }

    /// Puts a message on its shelf, unless its visitor was erased, and takes off what is too much.
    /// Says whether anything is to be written.
    pub(super) fn keep(
        &mut self,
        mut message: RefusedMessage,
        erased: &ErasedVisitors,
        batch: &mut Batch,
    ) -> bool {
        if let Some(erasure) = message.visitor.as_ref().and_then(|one| erased.of(one))
            && erasure.concerns(message.received_at, message.received_at)
        {
            return false;
        }
        let shelf = message.shelf;
        let content = &mut self.content[shelf as usize];
        for text in [&mut message.reason, &mut message.place, &mut message.detail] {
            *text = clip(text, TEXT_BYTES).into();
        }
        message.raw = clip(&message.raw, RAW_BYTES).into();
        let last = content.slips.last_key_value();
        let number = last.map_or(0, |(number, _)| number + 1);
        let record = Record(message);
        let bytes = record.to_bytes();
        content.put(number, Slip::of(&record.0, bytes.len()));
        batch.insert(keys::refused_message(letter(shelf), number), bytes);
        while content.slips.len() > MOST || content.bytes > MOST_BYTES {
            let Some((number, slip)) = content.slips.pop_first() else {
                break;
            };
            content.bytes -= slip.bytes;
            batch.remove(keys::refused_message(letter(shelf), number));
        }
        true
    }

    /// Takes a visitor's messages off all shelves. Says whether there were any.
    pub(super) fn erase(&mut self, visitor: &VisitorId, batch: &mut Batch) -> bool {
        let mut any = false;
        let digest = digest(visitor);
        for shelf in SHELVES {
            let content = &mut self.content[shelf as usize];
            let theirs = content.slips.iter();
            let theirs: Vec<u64> = theirs
                .filter(|(_, slip)| slip.visitor == Some(digest))
                .map(|(number, _)| *number)
                .collect();
            any |= !theirs.is_empty();
            for number in theirs {
                if let Some(slip) = content.slips.remove(&number) {
                    content.bytes -= slip.bytes;
                }
                batch.remove(keys::refused_message(letter(shelf), number));
            }
        }
        any
    }
}

impl Content {
    fn put(&mut self, number: u64, slip: Slip) {
        self.bytes += slip.bytes;
        self.slips.insert(number, slip);
    }
}

impl Slip {
    fn of(message: &RefusedMessage, bytes: usize) -> Self {
        Self {
            bytes,
            visitor: message.visitor.as_ref().map(digest),
        }
    }
}

fn digest(visitor: &VisitorId) -> u64 {
    let digest = Sha256::digest(visitor.as_str());
    digest
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first))
}

/// Messages of a shelf before a number, the newest first, at most so many, of this reason.
pub(super) fn read(
    tree: &sled::Tree,
    shelf: Shelf,
    reason: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> Result<RefusedPage, EmbeddedError> {
    let letter = letter(shelf);
    let from = keys::refused_message(letter, 0);
    let range = match before {
        Some(before) => tree.range(from..keys::refused_message(letter, before)),
        None => tree.range(from..=keys::refused_message(letter, u64::MAX)),
    };
    let mut messages = Vec::new();
    let mut last = None;
    for (read, entry) in range.rev().enumerate() {
        if messages.len() == limit || read == MOST_READ {
            return Ok(RefusedPage {
                messages,
                next: last,
            });
        }
        let (key, bytes) = entry?;
        let number = keys::refused_number(&key).ok_or(EmbeddedError::Key)?;
        last = Some(number);
        let message = Record::from_bytes(&bytes)?.0;
        if reason.is_none_or(|reason| *message.reason == *reason) {
            messages.push((number, message));
        }
    }
    Ok(RefusedPage {
        messages,
        next: None,
    })
}

/// A refused message as it is stored.
struct Record(RefusedMessage);

impl Encode for Record {
    fn encode(&self, out: &mut Writer) {
        let message = &self.0;
        out.byte(VERSION);
        message.received_at.encode(out);
        out.byte(letter(message.shelf));
        for text in [&message.reason, &message.place, &message.detail] {
            text.encode(out);
        }
        message.message_id.encode(out);
        let visitor = message.visitor.as_ref();
        let visitor: Option<Box<str>> = visitor.map(|visitor| visitor.as_str().into());
        visitor.encode(out);
        message.raw.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        let received_at = Timestamp::decode(reader);
        let written = reader.byte();
        let shelf = SHELVES.into_iter().find(|shelf| letter(*shelf) == written);
        if shelf.is_none() {
            reader.fail(DecodeError::Invalid("shelf"));
        }
        let mut text = || reader.text().into();
        let (reason, place, detail) = (text(), text(), text());
        let message_id = Option::decode(reader);
        let visitor: Option<Box<str>> = Option::decode(reader);
        let visitor = visitor.map(|visitor| VisitorId::parse(&visitor));
        if matches!(visitor, Some(Err(_))) {
            reader.fail(DecodeError::Invalid("visitor"));
        }
        Self(RefusedMessage {
            received_at,
            shelf: shelf.unwrap_or(Shelf::Faulty),
            reason,
            place,
            detail,
            message_id,
            visitor: visitor.and_then(Result::ok),
            raw: reader.text().into(),
        })
    }
}
