//! What lies under the keys: the visitor's record, records of messages and of persons, in the
//! engine's compact form, each starting with its version. That form is a text: what is binary is
//! written as integers.

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::json::{Clock, Refusal, SharedFields, read_message};
use firstglance_engine::model::Consent;
use firstglance_engine::{Message, Milliseconds, Profile, Timestamp, UserId, VisitorId};

use super::seen::Seen;
use super::{EmbeddedError, consents, packed};
use crate::store::joining::{Membership, PersonEntry};
use crate::store::{ClaimDigest, SaidConsent};

const VERSION: u8 = 2;

/// Version of the visitor's record.
const VISITOR_VERSION: u8 = 4;
/// Knew of no consent.
const WITHOUT_CONSENT: u8 = 3;
/// Nor of removals.
const WITHOUT_REMOVALS: u8 = 2;

/// Version of a record of messages that came under a consent; others are as they were.
const UNDER_CONSENT: u8 = 3;

/// A record of messages never spans more than this, so that reading a timeline from a moment on
/// knows how far back it has to start.
pub(super) const LONGEST_SPAN: Milliseconds = Milliseconds::from_minutes(60);

/// A record of messages is closed when it holds this many bytes of JSON: sled rewrites a leaf, up to
/// 17 records, as a whole.
pub(super) const FULL_BYTES: usize = 16 * 1024;

/// What lies under a key and is not packed; nothing where nothing does.
pub(super) fn read<T: Encode>(tree: &sled::Tree, key: &[u8]) -> Result<Option<T>, EmbeddedError> {
    let stored = tree.get(key)?;
    Ok(stored.map(|bytes| T::from_bytes(&bytes)).transpose()?)
}

/// One visitor.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct VisitorRecord {
    /// What the visitor's own browser proves itself with.
    pub(super) claim: Option<ClaimDigest>,
    /// Records of messages written so far: the number of the next.
    pub(super) records: u64,
    /// How many of them were removed for their age. While it is none, the profile is what the messages
    /// come to.
    pub(super) removed: u64,
    /// The user that the visitor was last said to be.
    pub(super) person: Option<Membership>,
    /// The consent that was said with the latest message that came with one.
    pub(super) consent: Option<SaidConsent>,
    pub(super) seen: Seen,
    pub(super) profile: Profile,
}

impl Encode for VisitorRecord {
    fn encode(&self, out: &mut Writer) {
        out.byte(VISITOR_VERSION);
        out.byte(u8::from(self.claim.is_some()));
        if let Some(digest) = &self.claim {
            let (halves, _) = digest.as_chunks::<8>();
            for half in halves {
                out.integer(u64::from_le_bytes(*half));
            }
        }
        out.integer(self.records);
        out.integer(self.removed);
        out.byte(u8::from(self.person.is_some()));
        if let Some(person) = &self.person {
            out.text(person.user.as_str());
            person.at.encode(out);
        }
        consents::encode(self.consent.map(|said| said.consent), out);
        if let Some(said) = self.consent {
            said.at.encode(out);
        }
        self.seen.encode(out);
        self.profile.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if !matches!(
            version,
            VISITOR_VERSION | WITHOUT_CONSENT | WITHOUT_REMOVALS
        ) {
            reader.fail(DecodeError::Version(version));
        }
        let claimed = reader.choice(&[false, true], false, "claim");
        let claim = claimed.then(|| {
            let mut digest = ClaimDigest::default();
            let (halves, _) = digest.as_chunks_mut::<8>();
            for half in halves {
                *half = reader.integer().to_le_bytes();
            }
            digest
        });
        let records = reader.integer();
        let removed = match version {
            WITHOUT_REMOVALS => 0,
            _ => reader.integer(),
        };
        let joined = reader.choice(&[false, true], false, "membership");
        let person = joined.then(|| (user(reader), Timestamp::decode(reader)));
        let consent = match version {
            VISITOR_VERSION => consents::decode(reader),
            _ => None,
        };
        let consent = consent.map(|consent| SaidConsent {
            consent,
            at: Timestamp::decode(reader),
        });
        Self {
            claim,
            records,
            removed,
            person: person.and_then(|(user, at)| Some(Membership { user: user?, at })),
            consent,
            seen: Seen::decode(reader),
            profile: Profile::decode(reader),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        packed::pack(self.to_text())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_text(&packed::unpack(bytes)?)
    }
}

/// Messages of one visitor from one request, oldest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MessageRecord {
    pub(super) received_at: Timestamp,
    /// Under which the request said that it came.
    pub(super) consent: Option<Consent>,
    pub(super) context: Option<Box<str>>,
    pub(super) messages: Vec<StoredMessage>,
}

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StoredMessage {
    pub(super) timestamp: Timestamp,
    pub(super) id: Box<str>,
    pub(super) kind: Box<str>,
    pub(super) raw: Box<str>,
}

impl MessageRecord {
    /// What the record says once for all its messages; nothing where it cannot be read.
    pub(super) fn shared(&self) -> Option<SharedFields> {
        SharedFields::read(self.context.as_deref()).ok()
    }
}

/// Why a stored message cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("came in a request whose context cannot be read")]
    Context,
    #[error("cannot be read: {0}")]
    Message(Refusal),
}

impl StoredMessage {
    /// The message as it was taken in.
    ///
    /// # Errors
    /// [`Unread`] tells what is wrong with it.
    pub(super) fn read(&self, shared: Option<&SharedFields>) -> Result<Message, Unread> {
        let shared = shared.ok_or(Unread::Context)?;
        // By the sender's clock, which is not stored, it may lie in what was the future then.
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        let read = read_message(&self.raw, Some(&self.kind), shared, clock);
        let mut message = read.map_err(Unread::Message)?;
        // Corrected by the sender's clock when it came.
        message.timestamp = self.timestamp;
        Ok(message)
    }
}

impl Encode for StoredMessage {
    fn encode(&self, out: &mut Writer) {
        self.timestamp.encode(out);
        self.id.encode(out);
        self.kind.encode(out);
        self.raw.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            timestamp: Timestamp::decode(reader),
            id: reader.text().into(),
            kind: reader.text().into(),
            raw: reader.text().into(),
        }
    }
}

impl Encode for MessageRecord {
    fn encode(&self, out: &mut Writer) {
        match self.consent {
            None => out.byte(VERSION),
            consent @ Some(_) => {
                out.byte(UNDER_CONSENT);
                consents::encode(consent, out);
            }
        }
        self.received_at.encode(out);
        self.context.encode(out);
        out.list(&self.messages);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        let consent = match version {
            UNDER_CONSENT => consents::decode(reader),
            VERSION => None,
            other => {
                reader.fail(DecodeError::Version(other));
                None
            }
        };
        Self {
            consent,
            received_at: Timestamp::decode(reader),
            context: Option::decode(reader),
            messages: reader.list(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        packed::pack(self.to_text())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_text(&packed::unpack(bytes)?)
    }
}

/// A user's person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PersonRecord(pub(super) PersonEntry);

impl Encode for PersonRecord {
    fn encode(&self, out: &mut Writer) {
        let PersonEntry {
            merged_into,
            height,
            visitors,
        } = &self.0;
        out.byte(VERSION);
        out.byte(u8::from(merged_into.is_some()));
        if let Some(user) = merged_into {
            out.text(user.as_str());
        }
        out.integer((*height).into());
        out.integer(visitors.len() as u64);
        for visitor in visitors {
            out.text(visitor.as_str());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        version(reader);
        let merged = reader.choice(&[false, true], false, "merge");
        let merged_into = if merged { user(reader) } else { None };
        let height = u8::try_from(reader.integer()).unwrap_or(u8::MAX);
        let mut visitors = Vec::new();
        for _ in 0..reader.count() {
            match VisitorId::parse(reader.text()) {
                Ok(visitor) => visitors.push(visitor),
                Err(_) => reader.fail(DecodeError::Invalid("visitor")),
            }
        }
        Self(PersonEntry {
            merged_into,
            height,
            visitors,
        })
    }
}

fn user(reader: &mut Reader<'_>) -> Option<UserId> {
    let user = UserId::parse(reader.text());
    if user.is_err() {
        reader.fail(DecodeError::Invalid("user"));
    }
    user.ok()
}

fn version(reader: &mut Reader<'_>) {
    let version = reader.byte();
    if version != VERSION {
        reader.fail(DecodeError::Version(version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_from_before_consent_was_kept() {
        let record = VisitorRecord {
            records: 7,
            removed: 2,
            ..VisitorRecord::default()
        };
        let mut before = Writer::default();
        before.byte(WITHOUT_CONSENT);
        before.byte(0);
        before.integer(record.records);
        before.integer(record.removed);
        before.byte(0);
        record.seen.encode(&mut before);
        record.profile.encode(&mut before);
        let read = VisitorRecord::from_text(&before.into_text());
        assert_eq!(read.as_ref(), Ok(&record));

        for consent in Consent::ALL.into_iter().map(Some).chain([None]) {
            let record = VisitorRecord {
                consent: consent.map(|consent| SaidConsent {
                    consent,
                    at: Timestamp::from_milliseconds(1_700_000_000_000),
                }),
                ..record.clone()
            };
            assert_eq!(VisitorRecord::from_bytes(&record.to_bytes()), Ok(record));
            let messages = MessageRecord {
                received_at: Timestamp::from_milliseconds(5),
                consent,
                context: None,
                messages: Vec::new(),
            };
            // What says none is written as it was before any could.
            let version = messages.to_text().into_bytes()[0];
            assert_eq!(version == VERSION, consent.is_none());
            assert_eq!(
                MessageRecord::from_bytes(&messages.to_bytes()),
                Ok(messages)
            );
        }
    }
}
