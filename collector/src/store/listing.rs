//! Lists: visitors by segment and by stage, those seen latest first.
//!
//! A visitor is in the list of all, and in those of the segments and of the stage that were recorded
//! for them. Each list is in the order of when they were last seen, to [`STEP`]; visitors of the same step are in the
//! order of their ids. So reading one is reading a range, and whoever does one thing after the other
//! does not move each time.
//!
//! A place in a list, a [`Position`], can be gone on from later, whatever has been written in
//! between: of visitors who have done nothing since, none is left out and none is told twice. Whoever
//! came back meanwhile stands at the top, and not where they were.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use firstglance_engine::model::Consent;
use firstglance_engine::{Milliseconds, Profile, Timestamp, VisitorId};

/// How exactly lists are in the order of time.
pub const STEP: Milliseconds = Milliseconds::from_minutes(10);

/// Which list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Everybody: whoever changes from one stage to another while it is read stays where they are.
    All,
    /// Visitors of a stage, by its id; without one, those who were never seen to leave the first.
    Stage(Option<Box<str>>),
    /// Visitors in a segment, by its id.
    Segment(Box<str>),
}

impl List {
    /// The lists that a profile is in.
    pub fn of(profile: &Profile) -> impl Iterator<Item = Self> {
        let stage = Self::Stage(profile.recorded_stage().map(Into::into));
        let segments = profile.recorded_segments();
        [Self::All, stage]
            .into_iter()
            .chain(segments.map(|id| Self::Segment(id.into())))
    }
}

/// Where a visitor stands in every list that has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The step in which they were last seen, counted from the beginning of 1970.
    pub step: u64,
    /// Who.
    pub visitor: VisitorId,
}

impl Position {
    /// Where a visitor stands who was last seen then.
    #[must_use]
    pub fn of(visitor: &VisitorId, last_seen: Timestamp) -> Self {
        Self {
            step: last_seen.as_milliseconds() / STEP.0,
            visitor: visitor.clone(),
        }
    }

    /// Whether whoever stands here, and all after it, was last seen before a moment.
    #[must_use]
    pub fn is_before(&self, moment: Timestamp) -> bool {
        self.step.saturating_add(1).saturating_mul(STEP.0) <= moment.as_milliseconds()
    }
}

/// For clients to bring back: a text that an address can hold as it is.
impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{}.{}", self.step, self.visitor);
        formatter.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

/// What a client brought is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none that an answer of this collector has given")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoPosition)?;
        let plain = String::from_utf8(plain).map_err(|_| NoPosition)?;
        let (step, visitor) = plain.split_once('.').ok_or(NoPosition)?;
        Ok(Self {
            step: step.parse().map_err(|_| NoPosition)?,
            visitor: VisitorId::parse(visitor).map_err(|_| NoPosition)?,
        })
    }
}

/// A visitor in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Where.
    pub position: Position,
    /// What is known of them.
    pub profile: Profile,
    /// The consent that their page said last, if it said one.
    pub consent: Option<Consent>,
}

/// How many visitors a list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSize {
    /// The list.
    pub list: List,
    /// Their number.
    pub visitors: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_as_text() {
        let visitor = VisitorId::parse("a.b c").unwrap();
        let position = Position::of(&visitor, Timestamp::from_milliseconds(1_700_000_000_000));
        assert_eq!(position.to_string().parse(), Ok(position.clone()));
        assert!(position.is_before(Timestamp::from_milliseconds(1_700_000_600_000)));
        assert!(!position.is_before(Timestamp::from_milliseconds(1_700_000_000_000)));
        for wrong in [
            "",
            ".",
            "1",
            "1.",
            "-1.a",
            "x.a",
            "1.a\n",
            "99999999999999999999.a",
        ] {
            for text in [wrong, &URL_SAFE_NO_PAD.encode(wrong)] {
                assert_eq!(text.parse::<Position>(), Err(NoPosition), "{wrong}");
            }
        }
    }
}
