//! The pace of page views: nobody looks at pages as fast as a program fetches them.
//!
//! Looks at one request, by the messages' own times: what waited in a browser for a connection comes
//! at once, and was not looked at at once. So the same request, sent again, is judged the same.

use std::collections::BTreeMap;

use firstglance_engine::message::MessageKind;
use firstglance_engine::{Message, Milliseconds, Timestamp, VisitorId};

/// Page views within [`WITHIN`] that a person may make, going back and forth.
pub(super) const MOST: usize = 30;

/// See [`MOST`].
const WITHIN: Milliseconds = Milliseconds(10_000);

/// See the module.
#[derive(Default)]
pub(super) struct Pace {
    /// Times of page views that a person may have made, in order.
    pages: BTreeMap<VisitorId, Vec<Timestamp>>,
}

impl Pace {
    /// Whether a message is a page view for which there was no time.
    pub(super) fn is_inhuman(&mut self, message: &Message) -> bool {
        if !matches!(message.kind, MessageKind::Page { .. }) {
            return false;
        }
        let at = message.timestamp;
        let pages = self.pages.entry(message.visitor.clone()).or_default();
        let first = pages.partition_point(|page| *page < at.minus(WITHIN));
        let after = pages.partition_point(|page| *page <= at);
        let last = pages.partition_point(|page| *page <= at.plus(WITHIN));
        if last - first >= MOST {
            return true;
        }
        pages.insert(after, at);
        false
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::json::{Clock, SharedFields, read_message};
    use proptest::prelude::*;

    use super::*;

    fn page(visitor: &str, kind: &str, milliseconds: i64) -> Message {
        let at = Timestamp::from_milliseconds(1_700_000_000_000 + milliseconds);
        let raw = format!(
            r#"{{"type":"{kind}","event":"x","messageId":"m","anonymousId":"{visitor}","timestamp":"{at}"}}"#
        );
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        read_message(&raw, None, &SharedFields::default(), clock).unwrap()
    }

    /// How many of these are too fast.
    fn inhuman(messages: impl IntoIterator<Item = Message>) -> usize {
        let mut pace = Pace::default();
        let messages = messages.into_iter();
        messages.filter(|one| pace.is_inhuman(one)).count()
    }

    #[test]
    fn what_is_too_fast() {
        for (name, messages, expected) in [
            (
                "as many as may be",
                (0..30).map(|n| page("a", "page", n)).collect(),
                0,
            ),
            (
                "more",
                (0..47)
                    .map(|n| page("a", "page", n * 10))
                    .collect::<Vec<_>>(),
                17,
            ),
            (
                "backwards",
                (0..47).map(|n| page("a", "page", -n * 10)).collect(),
                17,
            ),
            (
                "a page every third of a second",
                (0..200).map(|n| page("a", "page", n * 400)).collect(),
                0,
            ),
            (
                "of several visitors",
                (0..60)
                    .map(|n| page(["a", "b"][n % 2], "page", 0))
                    .collect(),
                0,
            ),
            (
                "what is no page",
                (0..60).map(|n| page("a", "track", n)).collect(),
                0,
            ),
        ] {
            assert_eq!(inhuman(messages), expected, "{name}");
        }
    }

    proptest! {
        /// In every span of that length there is room for so many, and none is taken away where there
        /// were no more.
        #[test]
        fn whatever_the_order(times in prop::collection::vec(0..60_000_i64, 0..200)) {
            let mut pace = Pace::default();
            let mut kept: Vec<i64> = Vec::new();
            for time in &times {
                let near = kept.iter().filter(|other| (*other - time).abs() <= 10_000).count();
                let found = pace.is_inhuman(&page("a", "page", *time));
                prop_assert_eq!(found, near >= MOST);
                if !found {
                    kept.push(*time);
                }
            }
        }
    }
}
