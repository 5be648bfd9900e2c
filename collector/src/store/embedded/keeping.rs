//! How messages and what they changed are put into a visitor's timeline: in records that are neither too
//! long nor too large. Nothing here reads what is stored.

use firstglance_engine::codec::Encode as _;
use firstglance_engine::history::Change;
use firstglance_engine::model::Consent;
use firstglance_engine::{Timestamp, VisitorId};

use super::batch::Batch;
use super::exposures::News;
use super::keys;
use super::record::{FULL_BYTES, LONGEST_SPAN, MessageRecord, StoredMessage};
use crate::changes;
use crate::circumstances::Circumstances;
use crate::store::NewMessage;

/// A message as it is stored.
pub(super) fn stored(new: NewMessage) -> StoredMessage {
    StoredMessage {
        timestamp: new.message.timestamp,
        id: new.message.id.as_str().into(),
        kind: new.message.kind.name().into(),
        raw: new.raw,
    }
}

/// Puts messages into a visitor's timeline, given the number of the next record.
pub(super) fn keep(
    batch: &mut Batch,
    visitor: &VisitorId,
    records: &mut u64,
    (received_at, consent, context): (Timestamp, Option<Consent>, Option<&str>),
    messages: Vec<StoredMessage>,
) {
    for messages in split(messages) {
        let Some(first) = messages.first() else {
            continue;
        };
        let key = keys::message_record(visitor, first.timestamp, *records);
        *records += 1;
        let stored = MessageRecord {
            received_at,
            consent,
            context: context.map(Into::into),
            messages,
        };
        batch.insert(key, stored.to_bytes());
    }
}

/// Puts changes, and goals that were reached, into a visitor's timeline, given the
/// number of the next record.
pub(super) fn tell(
    batch: &mut Batch,
    visitor: &VisitorId,
    records: &mut u64,
    received_at: Timestamp,
    changed: &[(Change, Circumstances)],
    news: &News,
) {
    let reached = news.reached().iter();
    let reached = reached.map(|(reached, circumstances, by)| StoredMessage {
        timestamp: reached.at,
        id: changes::reached_id(reached, by).into(),
        kind: changes::STORED.into(),
        raw: changes::reached_message(reached, by, visitor, circumstances).into(),
    });
    let told = changed.iter().map(|(change, circumstances)| StoredMessage {
        timestamp: change.at,
        id: changes::message_id(change).into(),
        kind: changes::STORED.into(),
        raw: changes::message(change, visitor, circumstances).into(),
    });
    let told = told.chain(reached).collect();
    keep(batch, visitor, records, (received_at, None, None), told);
}

/// Messages in the order of time, in records that are neither too long nor too large.
fn split(mut messages: Vec<StoredMessage>) -> Vec<Vec<StoredMessage>> {
    messages.sort_by_key(|message| message.timestamp);
    let mut records: Vec<Vec<StoredMessage>> = Vec::with_capacity(1);
    let mut bytes = 0;
    for stored in messages {
        bytes += stored.raw.len();
        match records.last_mut() {
            Some(record)
                if bytes <= FULL_BYTES
                    && record.first().is_some_and(|first| {
                        stored.timestamp.since(first.timestamp) <= LONGEST_SPAN
                    }) =>
            {
                record.push(stored);
            }
            _ => {
                bytes = stored.raw.len();
                records.push(vec![stored]);
            }
        }
    }
    records
}
