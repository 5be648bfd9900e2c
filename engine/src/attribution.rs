//! Attribution: which of the touches before a goal have what part in it.
//!
//! Sources: Google Analytics help, "About the default MCF attribution models", for first interaction,
//! last interaction, linear and position-based (40 % to the first, 40 % to the last, the rest shared by
//! those between); HubSpot's knowledge base, "Understand attribution reporting", for the same four
//! under the names first touch, last touch, linear and U-shaped. One rule is this project's own for all
//! four, so that they can be held against each other: the first touch is the earliest page view,
//! whatever brought it, and further touches are those that something brought. Who comes back by typing
//! the address is brought by nothing.

use alloc::vec::Vec;

use crate::profile::{EntryKind, INACTIVITY, Profile, Touch};
use crate::time::Timestamp;

/// What all touches of a goal have together: a part is so many millionths.
pub const WHOLE: u64 = 1_000_000;

/// What the first and the last touch have each in the position-based model, in percent.
const ENDS: u64 = 40;

/// A way of giving touches their parts in a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribution {
    /// All to the first touch.
    First,
    /// All to the last touch before the goal.
    Last,
    /// To each touch the same.
    Linear,
    /// 40 % to the first and to the last, and the rest shared by those between; where there is none
    /// between, half to each.
    Position,
}

impl Attribution {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::First, Self::Last, Self::Linear, Self::Position];

    /// Its name in addresses and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Linear => "linear",
            Self::Position => "position",
        }
    }

    /// The parts of so many touches in an amount, oldest first: integers that are the amount together,
    /// to the last one. What a division leaves over goes to the earliest of those that share.
    #[must_use]
    pub fn parts(self, touches: usize, amount: u64) -> Vec<u64> {
        let mut parts = alloc::vec![0; touches];
        let Some(last) = touches.checked_sub(1) else {
            return parts;
        };
        match self {
            Self::First => parts[0] = amount,
            Self::Last => parts[last] = amount,
            Self::Linear => share(&mut parts, amount),
            Self::Position if last < 2 => share(&mut parts, amount),
            Self::Position => {
                let end = percent(amount, ENDS);
                parts[0] = end;
                parts[last] = end;
                share(&mut parts[1..last], amount - end - end);
            }
        }
        parts
    }
}

/// Shares an amount equally.
fn share(parts: &mut [u64], amount: u64) {
    let count = parts.len() as u64;
    for (place, part) in (0..).zip(parts) {
        *part = amount / count + u64::from(place < amount % count);
    }
}

/// So many percent of an amount, rounded down, of amounts of any size.
const fn percent(amount: u64, percent: u64) -> u64 {
    amount / 100 * percent + amount % 100 * percent / 100
}

impl Profile {
    /// What had brought the visitor up to a moment, oldest first: the first touch, and the later ones
    /// that are kept. The same origin again within half an hour, as when a page is loaded anew, is one
    /// touch.
    #[must_use]
    pub fn touches(&self, until: Timestamp) -> Vec<Touch<'_>> {
        let mut entries: Vec<_> = self.entries.of(EntryKind::FirstTouch).collect();
        let first = entries.first().map(|first| first.last);
        let later = self.entries.of(EntryKind::Touch);
        entries.extend(later.filter(|touch| Some(touch.last) != first));
        entries.retain(|touch| touch.last <= until);
        entries.sort_by_key(|touch| touch.last);
        entries.dedup_by(|later, earlier| {
            later.origin()[1..] == earlier.origin()[1..]
                && later.last <= earlier.last.plus(INACTIVITY)
        });
        entries.into_iter().map(Touch::of_entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use proptest::prelude::*;

    use super::*;
    use crate::campaign::Campaign;
    use crate::event::{Event, EventKind, Page};
    use crate::model::Model;

    #[test]
    fn the_models() {
        for (touches, model, expected) in [
            (0, Attribution::Linear, &[][..]),
            (1, Attribution::First, &[1_000_000]),
            (1, Attribution::Position, &[1_000_000]),
            (2, Attribution::First, &[1_000_000, 0]),
            (2, Attribution::Last, &[0, 1_000_000]),
            (2, Attribution::Position, &[500_000, 500_000]),
            (3, Attribution::Linear, &[333_334, 333_333, 333_333]),
            (3, Attribution::Position, &[400_000, 200_000, 400_000]),
            (
                4,
                Attribution::Position,
                &[400_000, 100_000, 100_000, 400_000],
            ),
        ] {
            assert_eq!(model.parts(touches, WHOLE), expected, "{model:?} {touches}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_the_whole(touches in 1_usize..40, amount in any::<u64>()) {
            for model in Attribution::ALL {
                let parts = model.parts(touches, amount);
                prop_assert_eq!(parts.len(), touches);
                let sum: u128 = parts.iter().map(|part| u128::from(*part)).sum();
                prop_assert_eq!(sum, u128::from(amount));
                let mut between = parts[1..touches.max(2) - 1].iter();
                prop_assert!(between.all(|part| parts[1].abs_diff(*part) <= 1));
            }
        }
    }

    #[test]
    fn touches_are_what_brought_somebody() {
        let at = |minutes: i64| Timestamp::from_milliseconds(1_700_000_000_000 + minutes * 60_000);
        let mut profile = Profile::new();
        for (minutes, referrer, source) in [
            (0, "", ""),
            (5, "shop.example", ""),
            (100, "google.com", ""),
            (110, "google.com", ""),
            (200, "google.com", ""),
            (300, "", "news"),
            (310, "", ""),
        ] {
            let campaign = Campaign::from_pairs([("utm_source", source)]);
            let event = Event {
                at: at(minutes),
                kind: EventKind::Viewed {
                    campaign: &campaign,
                    measured: true,
                },
                name: "",
                values: "",
                page: Page {
                    path: "/",
                    host: "shop.example",
                    referrer,
                    ..Page::default()
                },
                topics: "",
                keywords: "",
            };
            profile.take_in(&event, &Model::new());
        }
        let told = |until: i64| -> Vec<(String, String)> {
            let touches = profile.touches(at(until));
            let told = touches.iter().map(|touch| {
                let source = touch.campaign.get("utm_source");
                (touch.referrer.into(), source.into())
            });
            told.collect()
        };
        let told_of = |all: &[(&str, &str)]| -> Vec<(String, String)> {
            let all = all
                .iter()
                .map(|(one, other)| ((*one).into(), (*other).into()));
            all.collect()
        };
        let google = ("google.com", "");
        assert_eq!(told(-1), told_of(&[]));
        assert_eq!(told(99), told_of(&[("", "")]));
        assert_eq!(told(120), told_of(&[("", ""), google]));
        assert_eq!(
            told(400),
            told_of(&[("", ""), google, google, ("", "news")])
        );
    }
}
