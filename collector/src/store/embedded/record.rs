//! What lies under the keys: the visitor's record and records of messages, in the engine's binary
//! form, each starting with its version.

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{Milliseconds, Profile, Timestamp};

use super::seen::Seen;
use crate::store::ClaimDigest;

const VERSION: u8 = 1;

/// A record of messages never spans more than this, so that reading a timeline from a moment on
/// knows how far back it has to start.
pub(super) const LONGEST_SPAN: Milliseconds = Milliseconds::from_minutes(60);

/// A record of messages is closed when it holds this many bytes of JSON: sled rewrites a leaf, up to
/// 17 records, as a whole.
pub(super) const FULL_BYTES: usize = 16 * 1024;

/// One visitor.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct VisitorRecord {
    /// What the visitor's own browser proves itself with.
    pub(super) claim: Option<ClaimDigest>,
    /// Records of messages written so far: the number of the next.
    pub(super) records: u64,
    pub(super) seen: Seen,
    pub(super) profile: Profile,
}

impl Encode for VisitorRecord {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        match &self.claim {
            None => out.byte(0),
            Some(digest) => {
                out.byte(1);
                for byte in digest {
                    out.byte(*byte);
                }
            }
        }
        out.integer(self.records);
        self.seen.encode(out);
        self.profile.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        version(reader);
        let claimed = reader.choice(&[false, true], false, "claim");
        let claim = claimed.then(|| [(); 16].map(|()| reader.byte()));
        Self {
            claim,
            records: reader.integer(),
            seen: Seen::decode(reader),
            profile: Profile::decode(reader),
        }
    }
}

/// Messages of one visitor from one request, oldest first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MessageRecord {
    pub(super) received_at: Timestamp,
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
        out.byte(VERSION);
        self.received_at.encode(out);
        self.context.encode(out);
        out.list(&self.messages);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        version(reader);
        Self {
            received_at: Timestamp::decode(reader),
            context: Option::decode(reader),
            messages: reader.list(),
        }
    }
}

fn version(reader: &mut Reader<'_>) {
    let version = reader.byte();
    if version != VERSION {
        reader.fail(DecodeError::Version(version));
    }
}
