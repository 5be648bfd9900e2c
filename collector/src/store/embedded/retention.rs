//! Retention: what is older than the owner wants to keep goes, a little at a time.
//!
//! A record of messages goes when its latest message is too old, and with it the memory of its
//! messages' ids: that is bounded by what is stored. Their evidence stays in the profile, where it
//! fades by itself; the visitor's record remembers how many went. A
//! visitor who has not been seen for too long goes as a whole. Neither touches what was received in
//! the last days ([`Retention::SHORTEST`]), so that history can be brought in, and a message that
//! is sent again is told from a new one.
//!
//! Looking for what is due reads without writing; only what is found goes through the committer,
//! which looks again.

use std::ops::Bound;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::{MessageId, Timestamp, VisitorId};

use super::group::Group;
use super::record::{LONGEST_SPAN, MessageRecord, VisitorRecord};
use super::seen::{self, Buckets};
use super::{EmbeddedError, keys};
use crate::store::{Expired, Retention};

/// Records of messages that are removed of a visitor at once.
const RECORDS_AT_ONCE: usize = 32;

/// Of the visitors after one, those of whom something may be due; and the last one looked at where
/// there are more.
pub(super) fn due(
    tree: &sled::Tree,
    after: Option<&VisitorId>,
    limit: usize,
    retention: Retention,
    now: Timestamp,
) -> Result<(Vec<VisitorId>, Option<VisitorId>), EmbeddedError> {
    let from = match after {
        None => Bound::Included(keys::VISITORS.to_vec()),
        Some(visitor) => Bound::Excluded(keys::visitor(visitor)),
    };
    let mut due = Vec::new();
    let mut last = None;
    let mut read = 0;
    for entry in tree.range((from, Bound::Unbounded)).take(limit) {
        let (key, bytes) = entry?;
        if !key.starts_with(keys::VISITORS) {
            return Ok((due, None));
        }
        let visitor = keys::visitor_of(&key).ok_or(EmbeddedError::Key)?;
        let record = VisitorRecord::from_bytes(&bytes)?;
        if is_idle(&record, retention, now) || has_old(tree, &visitor, retention, now)? {
            due.push(visitor.clone());
        }
        last = Some(visitor);
        read += 1;
    }
    Ok((due, last.filter(|_| read == limit)))
}

fn is_idle(record: &VisitorRecord, retention: Retention, now: Timestamp) -> bool {
    now.since(record.profile.last_seen) > retention.profiles
}

/// Whether the first record of messages is old.
fn has_old(
    tree: &sled::Tree,
    visitor: &VisitorId,
    retention: Retention,
    now: Timestamp,
) -> Result<bool, EmbeddedError> {
    match tree.scan_prefix(keys::messages(visitor)).keys().next() {
        None => Ok(false),
        Some(key) => {
            let (start, _) = keys::message_record_of(&key?).ok_or(EmbeddedError::Key)?;
            Ok(start < now.minus(retention.events))
        }
    }
}

impl Group<'_> {
    /// Removes what is due of a visitor, or as much of it as is removed at once.
    pub(super) fn expire(
        &mut self,
        visitor: &VisitorId,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Expired, EmbeddedError> {
        let mut expired = Expired::default();
        let held = self.records.visitor(visitor)?;
        if !held.known {
            return Ok(expired);
        }
        // What time alone has changed may have come later.
        let mut latest = held.record.profile.last_seen;
        let idle = is_idle(&held.record, retention, now);
        let tree = self.records.tree;
        let (oldest, settled) = (now.minus(retention.events), now.minus(Retention::SHORTEST));
        let mut until = None;
        let mut old = Vec::new();
        let mut ids = Vec::new();
        let mut recent = false;
        for entry in tree.scan_prefix(keys::messages(visitor)) {
            let (key, bytes) = entry?;
            let (start, _) = keys::message_record_of(&key).ok_or(EmbeddedError::Key)?;
            // No record after this one has a message before its own first.
            if !idle && (start >= oldest || old.len() == RECORDS_AT_ONCE) {
                break;
            }
            let record = MessageRecord::from_bytes(&bytes)?;
            recent |= record.received_at >= settled;
            if recent && idle {
                break;
            }
            let last = record.messages.last().map_or(start, |last| last.timestamp);
            latest = latest.max(last);
            if last >= oldest || record.received_at >= settled {
                continue;
            }
            until = until.max(Some(last));
            for message in &record.messages {
                // What tells a change has an id, but none that was ever looked for.
                if let Ok(id) = MessageId::parse(&message.id) {
                    ids.push(seen::digest_of(id.as_str()));
                }
            }
            old.push(key);
        }
        if idle && !recent {
            self.leave(visitor)?;
            // What they added to the counts stays.
            self.unsure = self.unsure.max(Some(latest));
            self.counted.settled.forget(visitor);
            self.remove_all(visitor, now)?;
            self.more = true;
            expired.visitors = 1;
            return Ok(expired);
        }
        if old.is_empty() {
            return Ok(expired);
        }
        self.unsure = self.unsure.max(until);
        expired.records = old.len();
        let held = self.records.visitor(visitor)?;
        held.changed = true;
        held.record.removed += old.len() as u64;
        let mut buckets = Buckets::new(visitor, tree);
        for id in ids {
            held.record.seen.forget(id, &mut buckets)?;
        }
        buckets.write(&mut self.batch);
        for key in old {
            self.batch.remove(key);
        }
        if let Some(until) = until {
            let end = self.calendar.day(until).number + 1;
            for key in (tree.range(keys::day(visitor, 0)..keys::day(visitor, end))).keys() {
                self.batch.remove(key?);
            }
        }
        self.batch.leaves_residue(now);
        self.more = true;
        Ok(expired)
    }
}

const _: () = assert!(LONGEST_SPAN.0 < Retention::SHORTEST.0);
