//! Under which consent visitors sent what came: what each one's page said last, and on each day the
//! furthest of what it said. Every visitor counts once a day, under that; who sends without saying a
//! consent, as servers do, counts under none.

use std::collections::BTreeMap;
use std::ops::Range;

use firstglance_engine::codec::{Encode as _, Reader, Writer};
use firstglance_engine::model::Consent;
use firstglance_engine::{Timestamp, VisitorId};

use super::EmbeddedError;
use super::contribution::records_within;
use super::counters::Tally;
use super::record::MessageRecord;
use crate::changes;
use crate::store::SaidConsent;
use crate::store::calendar::Calendar;
use crate::store::counting::{Metric, Period, Step};

/// How far a consent goes.
const fn reach(consent: Consent) -> u8 {
    match consent {
        Consent::Denied => 0,
        Consent::Session => 1,
        Consent::Segments => 2,
        Consent::Granted => 3,
    }
}

fn further(one: Consent, other: Consent) -> Consent {
    if reach(other) > reach(one) {
        other
    } else {
        one
    }
}

/// Of the same moment the one that allows less.
fn later(one: SaidConsent, other: SaidConsent) -> SaidConsent {
    let is_later = (other.at, reach(one.consent)) > (one.at, reach(other.consent));
    if is_later { other } else { one }
}

/// What messages said of consent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Consents {
    /// The furthest of each day, by its number.
    days: BTreeMap<u32, Consent>,
    last: Option<SaidConsent>,
}

impl Consents {
    /// Takes in a message of a moment.
    pub(super) fn take_in(&mut self, calendar: &Calendar, at: Timestamp, consent: Consent) {
        let said = SaidConsent { consent, at };
        self.last = Some(self.last.map_or(said, |last| later(last, said)));
        let day = calendar.day(at).number;
        let furthest = self.days.entry(day).or_insert(consent);
        *furthest = further(*furthest, consent);
    }

    /// The last of all.
    pub(super) const fn last(&self) -> Option<SaidConsent> {
        self.last
    }

    /// Counts all days, of a visitor of whom none was counted.
    pub(super) fn count(&self, mut count: impl FnMut(Period, &'static str)) {
        for (number, consent) in &self.days {
            count(day(*number), consent.name());
        }
    }

    /// Adds what new messages said to the counts, and to what was said last.
    pub(super) fn add(
        &self,
        known: &mut Option<SaidConsent>,
        (tree, calendar, visitor): (&sled::Tree, &Calendar, &VisitorId),
        tally: &mut Tally,
    ) -> Result<(), EmbeddedError> {
        for (number, consent) in &self.days {
            let before = match known {
                None => None,
                Some(known) => {
                    let latest = calendar.day(known.at).number;
                    if *number > latest {
                        None
                    } else if *number == latest && reach(*consent) <= reach(known.consent) {
                        // Almost always: what is counted goes at least as far.
                        continue;
                    } else {
                        furthest_stored(tree, visitor, &calendar.range(day(*number)))?
                    }
                }
            };
            let after = before.map_or(*consent, |before| further(before, *consent));
            if before == Some(after) {
                continue;
            }
            if let Some(before) = before {
                tally.count_in(day(*number), Metric::Consents, before.name(), -1);
            }
            tally.count_in(day(*number), Metric::Consents, after.name(), 1);
        }
        if let Some(last) = self.last {
            *known = Some(known.map_or(last, |known| later(known, last)));
        }
        Ok(())
    }
}

const fn day(number: u32) -> Period {
    let step = Step::Day;
    Period { step, number }
}

/// The furthest that stored messages of a day said.
fn furthest_stored(
    tree: &sled::Tree,
    visitor: &VisitorId,
    day: &Range<Timestamp>,
) -> Result<Option<Consent>, EmbeddedError> {
    let mut furthest: Option<Consent> = None;
    for entry in records_within(tree, visitor, day) {
        let (_, bytes) = entry?;
        let stored = MessageRecord::from_bytes(&bytes)?;
        let Some(consent) = stored.consent else {
            continue;
        };
        let mut messages = stored.messages.iter();
        if messages.any(|one| *one.kind != *changes::STORED && day.contains(&one.timestamp)) {
            furthest = Some(furthest.map_or(consent, |before| further(before, consent)));
        }
    }
    Ok(furthest)
}

/// Writes one that may be there, in a byte.
pub(super) fn encode(consent: Option<Consent>, out: &mut Writer) {
    out.byte(consent.map_or(0, |consent| reach(consent) + 1));
}

/// Reads what [`encode`] writes.
pub(super) fn decode(reader: &mut Reader<'_>) -> Option<Consent> {
    let all = [
        None,
        Some(Consent::Denied),
        Some(Consent::Session),
        Some(Consent::Segments),
        Some(Consent::Granted),
    ];
    reader.choice(&all, None, "consent")
}
