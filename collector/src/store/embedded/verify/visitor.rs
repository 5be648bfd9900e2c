//! One visitor: the record, the messages, the profile and the memory of message ids against each
//! other.

use std::collections::BTreeSet;

use firstglance_engine::VisitorId;
use firstglance_engine::codec::Encode as _;
use sled::IVec;

use super::refold::{self, Refold};
use super::{FindingKind, Mode, Verifier};
use crate::changes;
use crate::store::embedded::batch::Batch;
use crate::store::embedded::consents::Consents;
use crate::store::embedded::record::{LONGEST_SPAN, MessageRecord, StoredMessage, VisitorRecord};
use crate::store::embedded::seen::{self, Buckets, IdDigest, Seen};
use crate::store::embedded::{EmbeddedError, keys, links, undo};
use crate::store::merges::Said;

impl Verifier<'_> {
    /// A visitor and what is stored of them; nothing where there is no record.
    pub(super) fn visitor(
        &mut self,
        visitor: &VisitorId,
        stored: Option<&IVec>,
    ) -> Result<(), EmbeddedError> {
        self.verified.visitors += 1;
        let record = stored.map(|bytes| VisitorRecord::from_bytes(bytes));
        let wrong = match &record {
            Some(Ok(_)) => None,
            Some(Err(error)) => Some(format!("the visitor's record cannot be read: {error}")),
            None => Some("the visitor has messages and no record".to_owned()),
        };
        let record = record.and_then(Result::ok);
        let log = self.log(visitor, record.as_ref())?;
        let Some(record) = record else {
            let wrong = wrong.unwrap_or_default();
            if log.whole && log.fold.messages > 0 {
                self.tell_repaired(FindingKind::Record, visitor, wrong);
                let made = VisitorRecord {
                    // The browser proves itself with it no more, which takes nothing from anybody.
                    claim: None,
                    records: log.next,
                    removed: 0,
                    person: log.fold.said.membership(),
                    consent: log.consents.last(),
                    seen: Seen::default(),
                    profile: log.fold.profile.clone(),
                };
                self.remember(visitor, made, &log.ids)?;
                self.strangers |= self.mode == Mode::Look;
            } else {
                self.tell(FindingKind::Record, visitor, wrong);
                self.strangers = true;
            }
            return Ok(());
        };
        let mut made = VisitorRecord {
            records: record.records.max(log.next),
            removed: record.removed.min(log.gone),
            ..record.clone()
        };
        let mut changed = (made.records, made.removed) != (record.records, record.removed);
        if log.whole {
            match refold::compare(&record.profile, &log.fold.profile) {
                refold::Compared::Same => {}
                refold::Compared::CountedOtherwise => self.verified.counted_otherwise += 1,
                refold::Compared::Different(what) => {
                    let wrong = format!("{what} of the profile is not what the messages come to");
                    self.tell_repaired(FindingKind::Profile, visitor, wrong);
                    made.profile = log.fold.profile.clone();
                    changed = true;
                }
            }
            if record.consent != log.consents.last() {
                let wrong = "the consent said last is not what the messages say";
                self.tell_repaired(FindingKind::Record, visitor, wrong);
                made.consent = log.consents.last();
                changed = true;
            }
        }
        if let Some(wrong) = self.wrong_ids(visitor, &record.seen, &log)? {
            self.tell_repaired(FindingKind::MessageIds, visitor, wrong);
            return self.remember(visitor, made, &log.ids);
        }
        if changed {
            let mut batch = Batch::default();
            batch.insert(keys::visitor(visitor), made.to_bytes());
            self.write(batch)?;
        }
        Ok(())
    }

    /// Reads a visitor's messages, and tells which of them are wrong.
    fn log(
        &mut self,
        visitor: &VisitorId,
        record: Option<&VisitorRecord>,
    ) -> Result<Log, EmbeddedError> {
        let mut said = Said::of(links::of_visitor(self.tree, visitor).unwrap_or_default());
        undo::told(self.tree, visitor, &mut said)?;
        let mut log = Log {
            fold: Refold::of(said),
            consents: Consents::default(),
            ids: BTreeSet::new(),
            unknown: 0,
            next: 0,
            gone: 0,
            whole: true,
        };
        let mut buckets = Buckets::new(visitor, self.tree);
        let mut numbers = BTreeSet::new();
        for entry in self.tree.scan_prefix(keys::messages(visitor)) {
            let (key, value) = entry?;
            let Some((start, number)) = keys::message_record_of(&key) else {
                continue;
            };
            if !numbers.insert(number) {
                let wrong = format!("two records of messages have the number {number}");
                self.tell(FindingKind::Message, visitor, wrong);
            }
            log.next = log.next.max(number.saturating_add(1));
            let stored = match MessageRecord::from_bytes(&value) {
                Ok(stored) => stored,
                Err(error) => {
                    log.whole = false;
                    let wrong = format!("record {number} of the messages cannot be read: {error}");
                    self.tell(FindingKind::Record, visitor, wrong);
                    continue;
                }
            };
            if let Some(wrong) = misplaced(start, &stored) {
                let wrong = format!("record {number} of the messages {wrong}");
                self.tell(FindingKind::Message, visitor, wrong);
            }
            let fields = stored.shared();
            for message in &stored.messages {
                if *message.kind == *changes::STORED {
                    // Told by the fold, and never folded.
                    continue;
                }
                let digest = digest(message);
                let known = match record {
                    Some(record) => record.seen.knows(digest, &mut buckets)?,
                    None => true,
                };
                self.verified.messages += 1;
                if !log.ids.insert(digest) {
                    log.whole = false;
                    let wrong = format!("the message {:?} is stored twice", message.id);
                    self.tell(FindingKind::Message, visitor, wrong);
                    continue;
                }
                log.unknown += u64::from(!known);
                if let Some(consent) = stored.consent {
                    log.consents
                        .take_in(self.calendar, message.timestamp, consent);
                }
                let taken = log
                    .fold
                    .take_in(self.fold, visitor, message, fields.as_ref());
                if let Err(wrong) = taken {
                    log.whole = false;
                    let wrong = format!("the message {:?} {wrong}", message.id);
                    self.tell(FindingKind::Message, visitor, wrong);
                }
            }
        }
        let expected = record.map_or(log.next, |record| record.records);
        // Those that were removed for their age are not missing, and not there either.
        let removed = record.map_or(0, |record| record.removed);
        log.gone = expected.saturating_sub(numbers.range(..expected).count() as u64);
        let gone = log.gone;
        log.whole &= gone == 0;
        if gone > removed {
            let (missing, expected) = (gone - removed, expected - removed);
            let wrong = format!("{missing} of {expected} records of messages are not there");
            self.tell(FindingKind::Missing, visitor, wrong);
        } else if gone < removed {
            let wrong =
                format!("{removed} records of messages are said to be removed, and {gone} are");
            self.tell_repaired(FindingKind::Missing, visitor, wrong);
        }
        if log.next > expected {
            let wrong = format!(
                "the next record of messages would have the number {expected}, which is taken"
            );
            self.tell_repaired(FindingKind::Missing, visitor, wrong);
        }
        Ok(log)
    }

    /// What is wrong with the memory of message ids.
    fn wrong_ids(
        &self,
        visitor: &VisitorId,
        seen: &Seen,
        log: &Log,
    ) -> Result<Option<String>, EmbeddedError> {
        if log.unknown > 0 {
            let wrong = format!("{} messages could be taken in again", log.unknown);
            return Ok(Some(wrong));
        }
        let mut moved = 0;
        for entry in self.tree.scan_prefix(keys::buckets(visitor)) {
            let (key, value) = entry?;
            let Some((level, bucket)) = keys::bucket_of(&key) else {
                continue;
            };
            match seen.bucket_size(level, bucket, &value) {
                Some(ids) => moved += ids,
                None => {
                    return Ok(Some("a bucket of message ids cannot be read".to_owned()));
                }
            }
        }
        Ok((moved != seen.moved()).then(|| {
            let expected = seen.moved();
            format!("{moved} message ids are in buckets, and {expected} should be")
        }))
    }

    /// Writes a record with a new memory of message ids: those of the messages, and whatever was
    /// remembered before.
    fn remember(
        &self,
        visitor: &VisitorId,
        mut record: VisitorRecord,
        ids: &BTreeSet<IdDigest>,
    ) -> Result<(), EmbeddedError> {
        let mut all: BTreeSet<IdDigest> = record.seen.recent().collect();
        all.extend(ids);
        let mut batch = Batch::default();
        for entry in self.tree.scan_prefix(keys::buckets(visitor)) {
            let (key, value) = entry?;
            all.extend(seen::ids_of(&value));
            batch.remove(key);
        }
        record.seen = Seen::default();
        let mut buckets = Buckets::empty(visitor);
        for id in all {
            record.seen.observe(id, &mut buckets)?;
        }
        buckets.write(&mut batch);
        batch.insert(keys::visitor(visitor), record.to_bytes());
        self.write(batch)
    }
}

/// What a visitor's messages say.
struct Log {
    fold: Refold,
    consents: Consents,
    ids: BTreeSet<IdDigest>,
    /// Messages whose ids are not remembered.
    unknown: u64,
    /// The number of the record of messages after the last.
    next: u64,
    /// Records that are not there any more.
    gone: u64,
    /// Whether all messages there ever were have been folded.
    whole: bool,
}

fn digest(message: &StoredMessage) -> IdDigest {
    seen::digest_of(&message.id)
}

/// What is wrong with the place of a record of messages.
fn misplaced(start: firstglance_engine::Timestamp, stored: &MessageRecord) -> Option<&'static str> {
    let (Some(first), Some(last)) = (stored.messages.first(), stored.messages.last()) else {
        return Some("has none");
    };
    if first.timestamp != start {
        return Some("is not where its first message belongs");
    }
    if !stored.messages.is_sorted_by_key(|one| one.timestamp) {
        return Some("is not in the order of time");
    }
    (last.timestamp.since(first.timestamp) > LONGEST_SPAN).then_some("spans more time than any may")
}
