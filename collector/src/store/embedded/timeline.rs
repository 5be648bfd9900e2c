//! Reads a visitor's messages in the order of their time.
//!
//! Records are sorted by their first message, and those of different requests may overlap: so
//! messages wait in a heap until no record can follow that begins before them. No record spans
//! more than [`LONGEST_SPAN`], which says where reading from a position has to start, and, from the end
//! backwards, where it may stop.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use firstglance_engine::codec::Encode;
use firstglance_engine::{Timestamp, VisitorId};

use super::record::{LONGEST_SPAN, MessageRecord, StoredMessage};
use super::{EmbeddedError, keys};
use crate::changes;
use crate::store::{Position, Source, TimelineEntry};

/// Orders entries by where they stand.
struct ByPosition(TimelineEntry);

impl PartialEq for ByPosition {
    fn eq(&self, other: &Self) -> bool {
        self.0.position == other.0.position
    }
}

impl Eq for ByPosition {}

impl PartialOrd for ByPosition {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByPosition {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.position.cmp(&other.0.position)
    }
}

pub(super) fn read(
    tree: &sled::Tree,
    visitor: &VisitorId,
    after: Option<Position>,
    limit: usize,
) -> Result<Vec<TimelineEntry>, EmbeddedError> {
    let start = after.map_or(Timestamp::MIN, |after| after.timestamp.minus(LONGEST_SPAN));
    let all = keys::messages(visitor);
    let mut waiting = BinaryHeap::new();
    let mut found = Vec::new();
    for entry in tree.range(keys::messages_from(visitor, start)..) {
        let (key, bytes) = entry?;
        if !key.starts_with(&all) {
            break;
        }
        let (starts, record) = keys::message_record_of(&key).ok_or(EmbeddedError::Key)?;
        release(&mut waiting, &mut found, limit, |position| {
            (position.timestamp, position.record) < (starts, record)
        });
        if found.len() >= limit {
            return Ok(found);
        }
        for entry in entries(&bytes, record)? {
            if after.is_none_or(|after| entry.position > after) {
                waiting.push(Reverse(ByPosition(entry)));
            }
        }
    }
    release(&mut waiting, &mut found, limit, |_| true);
    Ok(found)
}

/// The last ones, at most so many.
pub(super) fn latest(
    tree: &sled::Tree,
    visitor: &VisitorId,
    limit: usize,
) -> Result<Vec<TimelineEntry>, EmbeddedError> {
    let mut kept = BinaryHeap::new();
    for stored in tree.scan_prefix(keys::messages(visitor)).rev() {
        let (key, bytes) = stored?;
        let (starts, record) = keys::message_record_of(&key).ok_or(EmbeddedError::Key)?;
        let is_before =
            |first: &Reverse<ByPosition>| first.0.0.position.timestamp > starts.plus(LONGEST_SPAN);
        if kept.len() >= limit && kept.peek().is_none_or(is_before) {
            break;
        }
        for entry in entries(&bytes, record)? {
            kept.push(Reverse(ByPosition(entry)));
            if kept.len() > limit {
                kept.pop();
            }
        }
    }
    let mut found: Vec<TimelineEntry> = kept.into_iter().map(|one| one.0.0).collect();
    found.sort_by_key(|entry| entry.position);
    Ok(found)
}

/// What a record holds, in its order.
fn entries(
    bytes: &[u8],
    record: u64,
) -> Result<impl Iterator<Item = TimelineEntry>, EmbeddedError> {
    let MessageRecord {
        messages,
        received_at,
        consent,
        context,
    } = MessageRecord::from_bytes(bytes)?;
    let entry = move |(index, message): (usize, StoredMessage)| {
        let (source, kind) = match &*message.kind {
            changes::STORED => (Source::Change, changes::KIND.into()),
            _ => (Source::Sender, message.kind),
        };
        TimelineEntry {
            position: Position {
                timestamp: message.timestamp,
                record,
                index: u32::try_from(index).unwrap_or(u32::MAX),
            },
            received_at,
            message_id: message.id,
            kind,
            source,
            raw: message.raw,
            consent,
            context: context.clone(),
        }
    };
    Ok(messages.into_iter().enumerate().map(entry))
}

fn release(
    waiting: &mut BinaryHeap<Reverse<ByPosition>>,
    found: &mut Vec<TimelineEntry>,
    limit: usize,
    settled: impl Fn(&Position) -> bool,
) {
    while found.len() < limit
        && waiting
            .peek()
            .is_some_and(|Reverse(first)| settled(&first.0.position))
    {
        if let Some(Reverse(first)) = waiting.pop() {
            found.push(first.0);
        }
    }
}
