//! Takes out of a request what its visitors send too much of. How much that is, the caller knows.

use std::collections::BTreeMap;
use std::time::Duration;

use firstglance_engine::VisitorId;

use super::{Form, Judged, Refused, Why};

/// How many of a visitor's messages may be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of them.
    All,
    /// So many, from the first: it were more than any request could bring.
    First(u32),
    /// None at present; the same may be sent again after this time.
    None {
        /// How long to wait.
        wait: Duration,
    },
}

/// How long the sender has to wait, where one is to send everything again: nothing was taken in, and
/// something of it for no other reason than that it were too many.
pub type Wait = Option<Duration>;

impl Judged {
    /// Refuses the messages of visitors who send too many, and keeps those of others.
    ///
    /// A visitor's messages of one request are taken in together or not at all, so that a page, whose
    /// requests are of one visitor, is asked to send the whole request later and loses nothing.
    pub fn limit(&mut self, form: Form, mut share: impl FnMut(&VisitorId, u32) -> Share) -> Wait {
        let mut counts: BTreeMap<&VisitorId, u32> = BTreeMap::new();
        for new in &self.commit.messages {
            *counts.entry(&new.message.visitor).or_default() += 1;
        }
        let mut longest = None;
        let mut left: BTreeMap<VisitorId, u32> = BTreeMap::new();
        for (visitor, count) in counts {
            let taken = match share(visitor, count) {
                Share::All => continue,
                Share::First(taken) => taken,
                Share::None { wait } => {
                    longest = longest.max(Some(wait));
                    0
                }
            };
            left.insert(visitor.clone(), taken);
        }
        if left.is_empty() {
            return None;
        }
        let messages = std::mem::take(&mut self.commit.messages);
        let places = std::mem::take(&mut self.places);
        for (new, index) in messages.into_iter().zip(places) {
            match left.get_mut(&new.message.visitor) {
                Some(0) => {
                    let refused = Refused::new(form, index, &new.raw, Why::TooMany);
                    self.refused.push(refused);
                    continue;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            self.commit.messages.push(new);
            self.places.push(index);
        }
        self.refused.sort_by_key(|refused| refused.index);
        if self.commit.messages.is_empty() {
            // Nobody is made known by a request of which nothing is taken in.
            self.commit.claim = None;
            longest
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Timestamp;

    use super::super::{Request, Sender, judge};
    use super::*;

    const WAIT: Duration = Duration::from_secs(7);

    /// What is left of messages of these visitors, where one of each name may send so many.
    fn limited(visitors: &str, shares: &[(&str, Share)]) -> (String, Vec<usize>, Wait) {
        let messages = visitors.chars().enumerate().map(|(index, visitor)| {
            format!(
                r#"{{"type":"page","messageId":"{index}","anonymousId":"{visitor}","timestamp":"2026-01-02T03:04:05Z"}}"#
            )
        });
        let messages: Vec<String> = messages.collect();
        let body = format!(r#"{{"writeKey":"k","batch":[{}]}}"#, messages.join(","));
        let request = Request {
            form: Form::Batch,
            body: body.as_bytes(),
            header_key: None,
            received_at: Timestamp::parse("2026-01-02T03:04:06Z").unwrap(),
            daily_visitor: None,
            sender: Sender::default(),
        };
        let mut judged = judge(request, "k").unwrap();
        let wait = judged.limit(Form::Batch, |visitor, _| {
            let share = shares.iter().find(|(name, _)| *name == visitor.as_str());
            share.map_or(Share::All, |(_, share)| *share)
        });
        let kept = judged.commit.messages.iter();
        let kept = kept.map(|new| new.message.visitor.as_str()).collect();
        for refused in &judged.refused {
            assert_eq!(refused.why.tag(), "too_many");
        }
        let refused = judged.refused.iter().map(|refused| refused.index);
        (kept, refused.collect(), wait)
    }

    #[test]
    fn who_sends_too_many_does_not_hurt_others() {
        let none = Share::None { wait: WAIT };
        for (visitors, shares, expected) in [
            ("abab", &[][..], ("abab", vec![], None)),
            ("abab", &[("a", none)], ("bb", vec![0, 2], None)),
            ("aaab", &[("a", Share::First(2))], ("aab", vec![2], None)),
            ("aaa", &[("a", none)], ("", vec![0, 1, 2], Some(WAIT))),
            (
                "ab",
                &[("a", none), ("b", none)],
                ("", vec![0, 1], Some(WAIT)),
            ),
            ("", &[("a", none)], ("", vec![], None)),
        ] {
            let (kept, refused, wait) = limited(visitors, shares);
            assert_eq!((&*kept, refused, wait), expected, "{visitors}");
        }
    }
}
