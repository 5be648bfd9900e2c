//! Sessions: visits, told apart by half an hour of inactivity.
//!
//! The last few are kept as spans of time, so that an event that arrives late joins the session it
//! belongs to, and one that fills a gap makes two sessions one. Order of arrival never matters
//! within the kept spans.

use alloc::vec::Vec;

use crate::codec::{DecodeError, Encode, Reader, Writer};
use crate::time::{Milliseconds, Timestamp};

/// A longer silence than this starts a new session. Source: the default of Google Analytics,
/// Matomo and Snowplow alike.
pub const INACTIVITY: Milliseconds = Milliseconds::from_minutes(30);

/// Spans kept.
const KEPT: usize = 8;

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first event.
    pub start: Timestamp,
    /// Its last event.
    pub end: Timestamp,
}

/// The visits of one visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// All there were, those no longer kept as a span included.
    pub count: u64,
    /// The latest ones, oldest first, never overlapping.
    pub recent: Vec<Span>,
}

impl Sessions {
    pub(super) const fn new() -> Self {
        Self {
            count: 0,
            recent: Vec::new(),
        }
    }

    /// Takes in the moment of an event.
    pub fn observe(&mut self, at: Timestamp) {
        let mut span = Span { start: at, end: at };
        let mut place = 0;
        self.count += 1;
        while let Some(known) = self.recent.get(place).copied()
            && known.start <= span.end.plus(INACTIVITY)
        {
            if span.start > known.end.plus(INACTIVITY) {
                place += 1;
                continue;
            }
            // It fills the gap, or was in that visit all along.
            span.start = span.start.min(known.start);
            span.end = span.end.max(known.end);
            self.recent.remove(place);
            self.count -= 1;
        }
        if self.recent.len() == KEPT {
            if place == 0 {
                // Older than all that is kept: it belongs to a visit that is counted already, or
                // to one that cannot be told apart from those any more.
                self.count -= 1;
                return;
            }
            self.recent.remove(0);
            place -= 1;
        }
        self.recent.insert(place, span);
    }
}

impl Sessions {
    /// Takes in the visits of another browser of the same person; those that touch become one.
    pub(super) fn absorb(&mut self, other: &Self) {
        let mut spans = self.recent.clone();
        spans.extend_from_slice(&other.recent);
        spans.sort_by_key(|span| (span.start, span.end));
        self.count += other.count;
        self.recent.clear();
        for span in spans {
            match self.recent.last_mut() {
                Some(last) if span.start <= last.end.plus(INACTIVITY) => {
                    last.end = last.end.max(span.end);
                    self.count -= 1;
                }
                _ => self.recent.push(span),
            }
        }
        let surplus = self.recent.len().saturating_sub(KEPT);
        self.recent.drain(..surplus);
    }
}

impl Encode for Span {
    fn encode(&self, out: &mut Writer) {
        self.start.encode(out);
        out.integer(self.end.since(self.start).0);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let start = Timestamp::decode(reader);
        let end = start.plus(Milliseconds(reader.integer()));
        Self { start, end }
    }
}

impl Encode for Sessions {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.count);
        out.list(&self.recent);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let (count, recent) = (reader.integer(), reader.list());
        if recent.len() > KEPT || count < recent.len() as u64 {
            reader.fail(DecodeError::Invalid("number"));
        }
        Self { count, recent }
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use proptest::prelude::*;

    fn observed(minutes: &[u64]) -> Sessions {
        let mut sessions = Sessions::default();
        for minute in minutes {
            sessions.observe(Timestamp::MIN.plus(Milliseconds::from_minutes(1_000_000 + minute)));
        }
        sessions
    }

    #[test]
    fn visits() {
        for (minutes, expected) in [
            (&[][..], 0),
            (&[0], 1),
            (&[0, 30, 60], 1),
            (&[0, 31], 2),
            (&[0, 60], 2),
            (&[0, 60, 30], 1),
            (&[60, 0, 30], 1),
            (&[0, 1_440, 2_880], 3),
        ] {
            assert_eq!(observed(minutes).count, expected, "{minutes:?}");
        }
    }

    #[test]
    fn old_visits_are_counted_and_forgotten() {
        let days: Vec<u64> = (0..20).map(|day| day * 1_440).collect();
        let sessions = observed(&days);
        assert_eq!((sessions.count, sessions.recent.len()), (20, KEPT));
    }

    proptest! {
        #[test]
        fn order_does_not_matter(
            (minutes, shuffled) in prop::collection::vec(0_u64..KEPT as u64 * 30, 0..30)
                .prop_flat_map(|minutes| (Just(minutes.clone()), Just(minutes).prop_shuffle()))
        ) {
            prop_assert_eq!(observed(&minutes), observed(&shuffled));
        }

        #[test]
        fn bytes_and_back(minutes in prop::collection::vec(0_u64..100_000, 0..30)) {
            let sessions = observed(&minutes);
            prop_assert_eq!(Sessions::from_bytes(&sessions.to_bytes()), Ok(sessions));
        }
    }
}
