//! Verification: reads everything that is stored and holds it against the messages as they came and
//! against itself; and repairs what follows from something else.
//!
//! | finding | what is wrong | repair |
//! |---|---|---|
//! | `key` | a key is none of ours | none |
//! | `record` | a record cannot be read, or contradicts its key | none |
//! | `orphan` | messages or ids of a visitor who has no record | none |
//! | `profile` | a profile does not count what its messages come to | folded anew, by a configuration |
//! | `duplicates` | a message is stored whose id is not remembered | remembered |
//! | `person` | visitor and person do not name each other | the visitor's word counts |
//! | `list` | lists or their sizes are not what profiles say | made anew |
//!
//! A profile is compared as far as it does not depend on the configuration, and only where its
//! messages go back to the beginning. Messages are never removed.

use std::collections::BTreeMap;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::json::{Clock, SharedFields, read_message};
use firstglance_engine::{
    Evaluation, Message, MessageId, Model, Profile, Timestamp, UserId, VisitorId,
};

use super::batch::Batch;
use super::held::Records;
use super::record::{LONGEST_SPAN, MessageRecord, PersonRecord, VisitorRecord};
use super::seen::{self, Buckets};
use super::{EmbeddedError, index, keys};
use crate::changes;
use crate::store::joining::{self, MOST_VISITORS};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind, as the module has it.
    pub kind: &'static str,
    /// What it is about: a visitor, a user, or a key in hexadecimal digits.
    pub about: String,
    /// What is wrong, in a few words.
    pub detail: String,
    /// Whether it was repaired.
    pub repaired: bool,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Visitors.
    pub visitors: u64,
    /// Messages of visitors, changes of segments among them.
    pub messages: u64,
    /// Visitors whose messages no longer go back to the beginning.
    pub shortened: u64,
}

/// What is to be done about findings.
#[derive(Clone, Copy, Debug)]
pub enum Repair<'a> {
    /// Nothing.
    Nothing,
    /// Whatever can be, and profiles where there is a model.
    All(Option<&'a Model>),
}

/// See the module. Nothing else may use the tree meanwhile.
pub(super) struct Verification<'a> {
    tree: &'a sled::Tree,
    repair: Repair<'a>,
    tell: &'a mut dyn FnMut(Finding),
    verified: Verified,
}

impl<'a> Verification<'a> {
    pub(super) fn new(
        tree: &'a sled::Tree,
        repair: Repair<'a>,
        tell: &'a mut dyn FnMut(Finding),
    ) -> Self {
        Self {
            tree,
            repair,
            tell,
            verified: Verified::default(),
        }
    }

    pub(super) fn run(mut self) -> Result<Verified, EmbeddedError> {
        self.keys()?;
        for entry in self.tree.scan_prefix(keys::VISITORS) {
            let (key, bytes) = entry?;
            let record = VisitorRecord::from_bytes(&bytes);
            if let (Some(visitor), Ok(record)) = (keys::visitor_of(&key), record) {
                self.visitor(&visitor, record)?;
            }
        }
        self.persons()?;
        self.lists()?;
        Ok(self.verified)
    }

    const fn repairs(&self) -> bool {
        matches!(self.repair, Repair::All(_))
    }

    fn find(&mut self, kind: &'static str, about: String, detail: String, repaired: bool) {
        (self.tell)(Finding {
            kind,
            about,
            detail,
            repaired,
        });
    }

    /// Every key, and whether what lies under it can be read.
    fn keys(&mut self) -> Result<(), EmbeddedError> {
        for entry in self.tree.iter() {
            let (key, bytes) = entry?;
            let wrong = match key.first() {
                Some(b'p') => keys::visitor_of(&key)
                    .ok_or("key")
                    .and_then(|_| readable(VisitorRecord::from_bytes(&bytes).is_ok())),
                Some(b'u') => owner(&key)
                    .and_then(|user| UserId::parse(user).ok())
                    .ok_or("key")
                    .and_then(|_| readable(PersonRecord::from_bytes(&bytes).is_ok())),
                Some(b'e') => self
                    .owned(&key)?
                    .and_then(|()| message_record(&key, &bytes)),
                Some(b'm') => self
                    .owned(&key)?
                    .and_then(|()| readable(bytes.len() % 8 == 0)),
                // Lists are compared as a whole; the others are read when the store is opened.
                Some(b'i' | b't' | b'v' | b'x' | b'r' | b'd' | b'l') => Ok(()),
                _ => Err("key"),
            };
            if let Err(kind) = wrong {
                let detail = match kind {
                    "key" => "this key is none of ours",
                    "orphan" => "the visitor has no record",
                    _ => "what lies under this key cannot be read, or is not what the key says",
                };
                let about = crate::command::hexadecimal(&key);
                self.find(kind, about, detail.to_owned(), false);
            }
        }
        Ok(())
    }

    /// Whether a key begins with a visitor who has a record.
    fn owned(&self, key: &[u8]) -> Result<Result<(), &'static str>, EmbeddedError> {
        let Some(visitor) = owner(key).and_then(|id| VisitorId::parse(id).ok()) else {
            return Ok(Err("key"));
        };
        let known = self.tree.contains_key(keys::visitor(&visitor))?;
        Ok(if known { Ok(()) } else { Err("orphan") })
    }

    fn visitor(
        &mut self,
        visitor: &VisitorId,
        mut record: VisitorRecord,
    ) -> Result<(), EmbeddedError> {
        self.verified.visitors += 1;
        let mut buckets = Buckets::new(visitor, self.tree);
        let mut messages = Vec::new();
        let mut forgotten = Vec::new();
        for entry in self.tree.scan_prefix(keys::messages(visitor)) {
            let (_, bytes) = entry?;
            // What cannot be read has been told.
            let Ok(stored) = MessageRecord::from_bytes(&bytes) else {
                continue;
            };
            let shared = SharedFields::read(stored.context.as_deref()).unwrap_or_default();
            for one in stored.messages {
                self.verified.messages += 1;
                let Ok(id) = MessageId::parse(&one.id) else {
                    continue;
                };
                let known = record.seen.has(seen::digest(&id), &mut buckets)?;
                // What tells a change was never a message; a message that looks like one was.
                if !known && changes::is_told(&one.id, &one.raw) {
                    continue;
                }
                if !known {
                    forgotten.push(id.clone());
                }
                let clock = Clock {
                    received_at: Timestamp::MAX,
                    sent_at: Some(Timestamp::MAX),
                };
                match read_message(&one.raw, Some(&one.kind), &shared, clock) {
                    Ok(message) => messages.push(Message {
                        id,
                        visitor: visitor.clone(),
                        timestamp: one.timestamp,
                        ..message
                    }),
                    Err(refusal) => {
                        let detail = format!("the message {}: {}", one.id, refusal.detail);
                        self.find("record", visitor.to_string(), detail, false);
                    }
                }
            }
        }
        let mut batch = Batch::default();
        let mut changed = false;
        if !forgotten.is_empty() {
            let detail = format!("{} ids are not remembered", forgotten.len());
            if self.repairs() {
                for id in forgotten {
                    record.seen.observe(seen::digest(&id), &mut buckets)?;
                }
                changed = true;
            }
            self.find("duplicates", visitor.to_string(), detail, changed);
        }
        buckets.write(&mut batch);
        if record.removed_until.is_some() {
            self.verified.shortened += 1;
        } else {
            messages.sort_by_key(|message| message.timestamp);
            let folded = folded(&messages, &Model::default());
            if let Some(detail) = difference(&record.profile, &folded) {
                let mut repaired = false;
                if let Repair::All(Some(model)) = self.repair {
                    record.profile = self::folded(&messages, model);
                    (changed, repaired) = (true, true);
                }
                self.find("profile", visitor.to_string(), detail, repaired);
            }
        }
        if changed {
            batch.insert(keys::visitor(visitor), record.to_bytes());
        }
        batch.apply(self.tree)?;
        Ok(())
    }

    /// Whether visitors and persons name each other.
    fn persons(&mut self) -> Result<(), EmbeddedError> {
        let mut wrong: Vec<(UserId, Vec<VisitorId>)> = Vec::new();
        for entry in self.tree.scan_prefix(keys::PERSONS) {
            let (key, bytes) = entry?;
            let user = owner(&key).and_then(|user| UserId::parse(user).ok());
            let (Some(user), Ok(PersonRecord(person))) = (user, PersonRecord::from_bytes(&bytes))
            else {
                continue;
            };
            let mut kept = Vec::new();
            for visitor in &person.visitors {
                let mut records = Records::new(self.tree);
                if joining::root_of(&mut records, visitor)?.as_ref() == Some(&user) {
                    kept.push(visitor.clone());
                }
            }
            if kept != person.visitors {
                wrong.push((user, kept));
            }
        }
        for (user, kept) in wrong {
            let detail = "it has visitors who are not of this person".to_owned();
            if self.repairs() {
                self.set_visitors(&user, kept)?;
            }
            self.find("person", user.to_string(), detail, self.repairs());
        }
        for entry in self.tree.scan_prefix(keys::VISITORS).keys() {
            let Some(visitor) = keys::visitor_of(&entry?) else {
                continue;
            };
            let mut records = Records::new(self.tree);
            let Some(user) = joining::root_of(&mut records, &visitor)? else {
                continue;
            };
            let stored = self.tree.get(keys::person(&user))?;
            let person = stored.and_then(|bytes| PersonRecord::from_bytes(&bytes).ok());
            let mut visitors = person.map_or_else(Vec::new, |person| person.0.visitors);
            if let Err(place) = visitors.binary_search(&visitor)
                && visitors.len() < MOST_VISITORS
            {
                let detail = format!("the person {user} does not have this visitor");
                if self.repairs() {
                    visitors.insert(place, visitor.clone());
                    self.set_visitors(&user, visitors)?;
                }
                self.find("person", visitor.to_string(), detail, self.repairs());
            }
        }
        Ok(())
    }

    fn set_visitors(&self, user: &UserId, visitors: Vec<VisitorId>) -> Result<(), EmbeddedError> {
        let key = keys::person(user);
        let stored = self.tree.get(&key)?;
        let mut person = match stored {
            None => PersonRecord::default(),
            Some(bytes) => PersonRecord::from_bytes(&bytes)?,
        };
        person.0.visitors = visitors;
        self.tree.insert(key, person.to_bytes())?;
        Ok(())
    }

    /// Whether lists and their sizes are what profiles say.
    fn lists(&mut self) -> Result<(), EmbeddedError> {
        let mut meant: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let mut missing = 0_u64;
        for entry in self.tree.scan_prefix(keys::VISITORS) {
            let (key, bytes) = entry?;
            let record = VisitorRecord::from_bytes(&bytes);
            let (Some(visitor), Ok(record)) = (keys::visitor_of(&key), record) else {
                continue;
            };
            for entry in index::entries(&visitor, &record.profile) {
                if !self.tree.contains_key(&entry)? {
                    missing += 1;
                }
                if let Some(list) = keys::list_of(&entry) {
                    *meant.entry(keys::size(list)).or_default() += 1;
                }
            }
        }
        let mut there: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for entry in self.tree.scan_prefix(keys::LISTS).keys() {
            if let Some(list) = keys::list_of(&entry?) {
                *there.entry(keys::size(list)).or_default() += 1;
            }
        }
        let mut sizes: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for entry in self.tree.scan_prefix(keys::SIZES) {
            let (key, bytes) = entry?;
            let size = <[u8; 8]>::try_from(&bytes[..]).map_or(u64::MAX, u64::from_be_bytes);
            sizes.insert(key.to_vec(), size);
        }
        for (wrong, detail) in [
            (missing > 0, format!("{missing} entries are missing")),
            (there != meant, "lists have other visitors".to_owned()),
            (sizes != meant, "sizes of lists are wrong".to_owned()),
        ] {
            if wrong {
                self.find("list", "lists".to_owned(), detail, self.repairs());
            }
        }
        if self.repairs() && (missing > 0 || there != meant || sizes != meant) {
            index::rebuild(self.tree)?;
        }
        Ok(())
    }
}

const fn readable(readable: bool) -> Result<(), &'static str> {
    if readable { Ok(()) } else { Err("record") }
}

/// The id that a key begins with.
fn owner(key: &[u8]) -> Option<&str> {
    let rest = key.get(1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    core::str::from_utf8(&rest[..end]).ok()
}

/// Whether a record of messages can be read and is what its key says.
fn message_record(key: &[u8], bytes: &[u8]) -> Result<(), &'static str> {
    let (start, _) = keys::message_record_of(key).ok_or("key")?;
    let record = MessageRecord::from_bytes(bytes).map_err(|_| "record")?;
    let times: Vec<Timestamp> = record.messages.iter().map(|one| one.timestamp).collect();
    readable(
        times.is_sorted()
            && times.first() == Some(&start)
            && (times.last()).is_some_and(|last| last.since(start) <= LONGEST_SPAN),
    )
}

fn folded(messages: &[Message], model: &Model) -> Profile {
    let mut profile = Profile::new();
    let mut evaluation = Evaluation::new();
    for message in messages {
        profile.fold_recorded(message, model, &mut evaluation);
    }
    profile
}

/// What is different between a profile and the fold of its messages, whatever the configuration.
fn difference(stored: &Profile, folded: &Profile) -> Option<String> {
    let numbers = |profile: &Profile| {
        [
            ("events", profile.events),
            ("page views", profile.page_views),
            ("clicks", profile.clicks),
            ("milliseconds of activity", profile.active.0),
        ]
    };
    for ((name, stored), (_, folded)) in numbers(stored).into_iter().zip(numbers(folded)) {
        if stored != folded {
            return Some(format!(
                "{stored} {name}, and its messages come to {folded}"
            ));
        }
    }
    let seen = |profile: &Profile| (profile.first_seen, profile.last_seen);
    if seen(stored) != seen(folded) {
        return Some("first or last seen at another time than its messages say".to_owned());
    }
    None
}
