//! What the collector has seen of a site since it started, so that its owner can be told why nothing
//! arrives: when the loader and what it brings were last asked for, when messages last came, and which
//! keys and origins were refused.
//!
//! Costs a few stores of numbers where all is well, and a lock only where something is refused. Bounded,
//! whatever is sent: so many keys and origins, and so much of each. Is not kept on disk, says nothing of
//! any visitor, and decides nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use firstglance_engine::Timestamp;
use firstglance_engine::text::clip;

/// Keys, and origins, that are remembered: the latest.
const MOST: usize = 8;

/// Bytes of a key that are remembered: enough to recognise it, and not the key.
const KEY_BYTES: usize = 6;

/// Bytes of an origin.
const ORIGIN_BYTES: usize = 120;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    loader: Seen,
    files: Seen,
    messages: Seen,
    keys: Refusals,
    origins: Refusals,
}

/// When something last happened.
#[derive(Debug, Default)]
struct Seen(AtomicU64);

impl Seen {
    fn note(&self, now: Timestamp) {
        self.0.fetch_max(now.as_milliseconds(), Ordering::Relaxed);
    }

    fn last(&self) -> Option<Timestamp> {
        let last = i64::try_from(self.0.load(Ordering::Relaxed)).ok()?;
        (last > 0).then(|| Timestamp::from_milliseconds(last))
    }
}

/// The latest of one kind, the latest last.
#[derive(Debug, Default)]
struct Refusals(Mutex<Vec<Refusal>>);

/// What was refused, how often, and when last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The origin, or how the key begins; empty where nobody knows.
    pub(super) what: Box<str>,
    pub(super) count: u64,
    pub(super) last: Timestamp,
}

impl Refusals {
    fn note(&self, what: &str, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|one| *one.what == *what);
        let count = match known {
            Some(place) => all.remove(place).count,
            None => 0,
        };
        if all.len() == MOST {
            all.remove(0);
        }
        all.push(Refusal {
            what: what.into(),
            count: count.saturating_add(1),
            last: now,
        });
    }

    /// The latest first.
    fn since(&self, moment: Timestamp) -> Vec<Refusal> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = all.iter().rev().filter(|one| one.last >= moment);
        later.cloned().collect()
    }
}

impl Sightings {
    /// A page has asked for the loader.
    pub(super) fn loader(&self, now: Timestamp) {
        self.loader.note(now);
    }

    /// A page has asked for what the loader brings.
    pub(super) fn file(&self, now: Timestamp) {
        self.files.note(now);
    }

    /// New messages were taken in.
    pub(super) fn messages(&self, now: Timestamp) {
        self.messages.note(now);
    }

    /// Messages came with a key that is none of the site's.
    pub(super) fn wrong_key(&self, key: &str, now: Timestamp) {
        self.keys.note(clip(key, KEY_BYTES.min(key.len() / 2)), now);
    }

    /// Messages came from pages of an origin that may not send.
    pub(super) fn wrong_origin(&self, origin: &str, now: Timestamp) {
        self.origins.note(clip(origin, ORIGIN_BYTES), now);
    }

    pub(super) fn last_loader(&self) -> Option<Timestamp> {
        self.loader.last()
    }

    pub(super) fn last_file(&self) -> Option<Timestamp> {
        self.files.last()
    }

    pub(super) fn last_messages(&self) -> Option<Timestamp> {
        self.messages.last()
    }

    /// How the keys begin that were refused since a moment, the latest first.
    pub(super) fn wrong_keys(&self, since: Timestamp) -> Vec<Refusal> {
        self.keys.since(since)
    }

    /// The origins that were refused since a moment, the latest first.
    pub(super) fn wrong_origins(&self, since: Timestamp) -> Vec<Refusal> {
        self.origins.since(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn the_latest_are_remembered_and_no_more() {
        let sightings = Sightings::default();
        assert_eq!(sightings.last_loader(), None);
        sightings.loader(at(5));
        sightings.loader(at(3));
        assert_eq!(sightings.last_loader(), Some(at(5)));
        for number in 0..20 {
            sightings.wrong_origin(&format!("https://{number}.example"), at(number));
        }
        sightings.wrong_origin("https://15.example", at(30));
        let seen = sightings.wrong_origins(at(14));
        let told: Vec<(&str, u64)> = seen.iter().map(|one| (&*one.what, one.count)).collect();
        assert_eq!(
            told[..2],
            [("https://15.example", 2), ("https://19.example", 1)]
        );
        assert_eq!(seen.len(), 6);
        assert_eq!(sightings.wrong_origins(at(0)).len(), MOST);
    }

    #[test]
    fn no_key_is_remembered_whole() {
        let sightings = Sightings::default();
        for (key, kept) in [
            ("demo-fietsen-oud", "demo-f"),
            ("abc", "a"),
            ("é", ""),
            ("", ""),
        ] {
            sightings.wrong_key(key, at(1));
            assert_eq!(&*sightings.wrong_keys(at(0))[0].what, kept, "{key}");
        }
        sightings.wrong_origin(&"x".repeat(10_000), at(1));
        assert_eq!(sightings.wrong_origins(at(0))[0].what.len(), ORIGIN_BYTES);
    }
}
