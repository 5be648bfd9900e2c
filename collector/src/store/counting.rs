//! Counts: what happened on the site in each hour and each day, kept as messages arrive.
//!
//! A message counts in the periods of its own time, once, as it is stored once. Days are those of the site's
//! own clocks, see [`Calendar`](super::calendar::Calendar); no day is made of a moment without one. Hours are kept for
//! 14 days and days for 800; what is older than that when it arrives is stored and not counted.
//! Visitors are counted anew in each period: those of a day are not the sum of its hours.
//!
//! Names come from pages and addresses, so from anybody. Each metric has room for so many of them in
//! each period, the first that come; what comes under further names counts together, as others. A
//! name tells of nobody by an e-mail address: see [`counted_name`].

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use firstglance_engine::attribution::Attribution;
use firstglance_engine::text::clip;
use firstglance_engine::{Milliseconds, Timestamp};
use jiff::civil::Date;

pub use super::origin::{Origin, Part, channel_of};

/// How long an hour is.
pub const HOUR: Milliseconds = Milliseconds::from_minutes(60);

/// Longest name, and longest part of an origin, in bytes.
const LONGEST_NAME: usize = 80;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An hour.
    Hour,
    /// A day by the clocks of the site.
    Day,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// Its name in addresses and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// For how many days it is kept: of days, two years and some to compare with.
    #[must_use]
    pub const fn days_kept(self) -> u64 {
        match self {
            Self::Hour => 14,
            Self::Day => 800,
        }
    }
}

/// An hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// Which of the two.
    pub step: Step,
    /// Which one, counted from the beginning of 1970; of a day, that of its date.
    pub number: u32,
}

impl Period {
    /// The hour that has a moment.
    #[must_use]
    pub const fn hour(at: Timestamp) -> Self {
        Self {
            step: Step::Hour,
            // A timestamp ends in the year 2099: its hours are some million.
            number: (at.as_milliseconds() / HOUR.0) as u32,
        }
    }

    /// The day of a date; nothing before 1970.
    #[must_use]
    pub fn of_date(date: Date) -> Option<Self> {
        let since = date.since(Date::constant(1970, 1, 1)).ok()?;
        Some(Self {
            step: Step::Day,
            number: since.get_days().try_into().ok()?,
        })
    }

    /// The date of a day.
    #[must_use]
    pub fn date(self) -> Date {
        let days = jiff::Span::new().days(self.number);
        Date::constant(1970, 1, 1).saturating_add(days)
    }

    /// The one so many later.
    #[must_use]
    pub const fn plus(self, periods: u32) -> Self {
        Self {
            number: self.number.saturating_add(periods),
            ..self
        }
    }

    /// The one so many earlier.
    #[must_use]
    pub const fn minus(self, periods: u32) -> Self {
        Self {
            number: self.number.saturating_sub(periods),
            ..self
        }
    }
}

/// A week of days, from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(u32);

impl Week {
    /// Days from the Monday before the first day of 1970 to that day.
    const OFFSET: u32 = 3;

    /// The one that has the day of a number.
    #[must_use]
    pub const fn of_day(number: u32) -> Self {
        Self((number + Self::OFFSET) / 7)
    }

    /// The one so many weeks later.
    #[must_use]
    pub const fn plus(self, weeks: u32) -> Self {
        Self(self.0.saturating_add(weeks))
    }

    /// The one so many weeks earlier.
    #[must_use]
    pub const fn minus(self, weeks: u32) -> Self {
        Self(self.0.saturating_sub(weeks))
    }

    /// How many weeks it is after another; none where it is before it.
    #[must_use]
    pub const fn since(self, other: Self) -> u32 {
        self.0.saturating_sub(other.0)
    }

    /// Its Monday.
    #[must_use]
    pub const fn monday(self) -> Period {
        Period {
            step: Step::Day,
            number: (self.0 * 7).saturating_sub(Self::OFFSET),
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Messages, by type.
    Messages,
    /// Events of the type `track`, by name.
    Events,
    /// Visitors of whom there is a message.
    Visitors,
    /// Visitors whose earliest message it is.
    NewVisitors,
    /// Visits, by when they began.
    Sessions,
    /// Visitors who entered a segment, by its id.
    SegmentEntries,
    /// Visitors who left it.
    SegmentExits,
    /// Visitors who came to a stage, by its id.
    StageEntries,
    /// Visitors who went from it to another.
    StageExits,
    /// Page views that something brought, by [`Origin`].
    Arrivals,
    /// Visitors who arrived, by origin; by day alone.
    ArrivedVisitors,
    /// Those of them who, on the same day, saw a second page or were active for ten seconds.
    EngagedVisitors,
    /// Visitors who first saw the content of a slot on this day, by
    /// [`Cell`](crate::effect::Cell). This and what follows is counted by day alone, on the day on
    /// which the visitor first saw any of the slot.
    ContentVisitors,
    /// Those of them who clicked something in the slot.
    ContentClickers,
    /// How often they saw its content.
    ContentImpressions,
    /// How often they clicked in it.
    ContentClicks,
    /// Those of them who reached a goal in time, by cell and goal.
    Conversions,
    /// What reaching goals was worth, in hundredths of the owner's currency.
    Revenue,
    /// The sum of the squares of what it was worth of each visitor, in hundreds of squared hundredths.
    RevenueSquares,
    /// Visitors whose first page view it is, by the origin of their first touch. This and what follows
    /// is counted by day alone.
    NewByOrigin,
    /// Visitors who came to a stage, by its id and the origin of their first touch, see
    /// [`Origin::beside`].
    StagesByOrigin,
    /// What touches have in goals that were reached, in millionths of a goal, by the goal's id and the
    /// origin of the touch: those of a goal are a million together.
    GoalsByOrigin(Attribution),
    /// What touches have in what reaching goals was worth, in hundredths of the owner's currency.
    ValueByOrigin(Attribution),
    /// Page views, by path. This and what follows is counted by day alone.
    PageViews,
    /// Active time on pages in milliseconds, by path.
    PageTime,
    /// Page views that something brought, by path.
    Landings,
    /// Page views, by path and each topic that the page declares, a line each.
    PageTopics,
    /// Visitors of whom there is a message in a week, by how many weeks after their first one it is;
    /// counted on the Monday of the week of the first, see [`Week`].
    Returns,
    /// Goals that were reached, by the goal and the groups of the pages of the visit before it, the oldest
    /// first, a line each. On the day on which it was.
    GoalPaths,
    /// Segments that were entered after pages were seen, by the segment and these.
    SegmentPaths,
    /// Visitors of whom there is a message that came under a consent, by the name of the furthest one of
    /// the day; by day alone.
    Consents,
    /// Visitors who reached a step of a funnel, on the day on which they reached its first, by
    /// [`Step`](crate::journey::Step).
    FunnelSteps,
}

impl Metric {
    /// Those that are told as they are; the others are for `/admin/v1/results`.
    pub const TOLD: [Self; 16] = [
        Self::Messages,
        Self::Events,
        Self::Visitors,
        Self::NewVisitors,
        Self::Sessions,
        Self::SegmentEntries,
        Self::SegmentExits,
        Self::StageEntries,
        Self::StageExits,
        Self::Arrivals,
        Self::ArrivedVisitors,
        Self::EngagedVisitors,
        Self::PageViews,
        Self::PageTime,
        Self::Landings,
        Self::Consents,
    ];

    /// Those of journeys through the site that are not told as they are.
    pub const OF_JOURNEYS: [Self; 5] = [
        Self::PageTopics,
        Self::Returns,
        Self::GoalPaths,
        Self::SegmentPaths,
        Self::FunnelSteps,
    ];

    /// Those of the effect of content.
    pub const OF_CONTENT: [Self; 7] = [
        Self::ContentVisitors,
        Self::ContentClickers,
        Self::ContentImpressions,
        Self::ContentClicks,
        Self::Conversions,
        Self::Revenue,
        Self::RevenueSquares,
    ];

    /// Those of what brought visitors who did something later.
    pub const OF_ORIGINS: [Self; 10] = [
        Self::NewByOrigin,
        Self::StagesByOrigin,
        Self::GoalsByOrigin(Attribution::First),
        Self::GoalsByOrigin(Attribution::Last),
        Self::GoalsByOrigin(Attribution::Linear),
        Self::GoalsByOrigin(Attribution::Position),
        Self::ValueByOrigin(Attribution::First),
        Self::ValueByOrigin(Attribution::Last),
        Self::ValueByOrigin(Attribution::Linear),
        Self::ValueByOrigin(Attribution::Position),
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let told = Self::TOLD.into_iter().chain(Self::OF_CONTENT);
        told.chain(Self::OF_ORIGINS).chain(Self::OF_JOURNEYS)
    }

    /// Its name in addresses and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Events => "events",
            Self::Visitors => "visitors",
            Self::NewVisitors => "new_visitors",
            Self::Sessions => "sessions",
            Self::SegmentEntries => "segment_entries",
            Self::SegmentExits => "segment_exits",
            Self::StageEntries => "stage_entries",
            Self::StageExits => "stage_exits",
            Self::Arrivals => "arrivals",
            Self::ArrivedVisitors => "arrived_visitors",
            Self::EngagedVisitors => "engaged_visitors",
            Self::ContentVisitors => "content_visitors",
            Self::ContentClickers => "content_clickers",
            Self::ContentImpressions => "content_impressions",
            Self::ContentClicks => "content_clicks",
            Self::Conversions => "conversions",
            Self::Revenue => "revenue",
            Self::RevenueSquares => "revenue_squares",
            Self::NewByOrigin => "new_by_origin",
            Self::StagesByOrigin => "stages_by_origin",
            Self::GoalsByOrigin(Attribution::First) => "goals_by_first_origin",
            Self::GoalsByOrigin(Attribution::Last) => "goals_by_last_origin",
            Self::GoalsByOrigin(Attribution::Linear) => "goals_by_linear_origin",
            Self::GoalsByOrigin(Attribution::Position) => "goals_by_position_origin",
            Self::ValueByOrigin(Attribution::First) => "value_by_first_origin",
            Self::ValueByOrigin(Attribution::Last) => "value_by_last_origin",
            Self::ValueByOrigin(Attribution::Linear) => "value_by_linear_origin",
            Self::ValueByOrigin(Attribution::Position) => "value_by_position_origin",
            Self::PageViews => "page_views",
            Self::PageTime => "page_time",
            Self::Landings => "landings",
            Self::PageTopics => "page_topics",
            Self::Returns => "returns",
            Self::GoalPaths => "goal_paths",
            Self::SegmentPaths => "segment_paths",
            Self::FunnelSteps => "funnel_steps",
            Self::Consents => "consents",
        }
    }

    /// Whether a day's count is the sum of those of its hours.
    #[must_use]
    pub const fn adds_up(self) -> bool {
        !matches!(
            self,
            Self::Visitors
                | Self::ArrivedVisitors
                | Self::EngagedVisitors
                | Self::NewByOrigin
                | Self::StagesByOrigin
                | Self::GoalsByOrigin(_)
                | Self::ValueByOrigin(_)
                | Self::PageViews
                | Self::PageTime
                | Self::Landings
                | Self::PageTopics
                | Self::Returns
                | Self::GoalPaths
                | Self::SegmentPaths
                | Self::FunnelSteps
                | Self::Consents
        ) && !self.is_of_content()
    }

    /// Whether it is counted of days and not of hours.
    #[must_use]
    pub const fn is_by_day_alone(self) -> bool {
        !self.adds_up() && !matches!(self, Self::Visitors)
    }

    /// How many days, from the one on which it is counted, what it counts may be of.
    #[must_use]
    pub const fn days_of_one_count(self) -> u32 {
        match self {
            Self::Returns => 7,
            _ => 1,
        }
    }

    /// Whether it is one of the effect of content.
    #[must_use]
    pub const fn is_of_content(self) -> bool {
        matches!(
            self,
            Self::ContentVisitors
                | Self::ContentClickers
                | Self::ContentImpressions
                | Self::ContentClicks
                | Self::Conversions
                | Self::Revenue
                | Self::RevenueSquares
        )
    }

    /// What the names begin with of which there may be so many in a period as [`Metric::room`] says:
    /// of content it is those that only pages know, for what is configured is bounded by itself.
    #[must_use]
    pub const fn bounded_names(self) -> &'static str {
        if self.is_of_content() {
            crate::effect::Cell::FOUND
        } else {
            ""
        }
    }

    /// For how many names there is room in a period; nothing where it has no names.
    #[must_use]
    pub const fn room(self) -> Option<u64> {
        match self {
            // Weeks since the first are no more than days are kept for, and funnels, their steps and
            // segments are configured.
            Self::Visitors
            | Self::NewVisitors
            | Self::Sessions
            | Self::Returns
            | Self::FunnelSteps => None,
            Self::GoalPaths => Some(1_000),
            Self::SegmentPaths => Some(500),
            Self::Messages | Self::Consents => Some(8),
            Self::Events => Some(100),
            Self::StageEntries | Self::StageExits => Some(50),
            Self::SegmentEntries | Self::SegmentExits => Some(500),
            Self::Arrivals
            | Self::ArrivedVisitors
            | Self::EngagedVisitors
            | Self::NewByOrigin
            | Self::StagesByOrigin
            | Self::GoalsByOrigin(_)
            | Self::ValueByOrigin(_) => Some(1_000),
            Self::PageViews | Self::PageTime | Self::Landings | Self::PageTopics => Some(500),
            Self::ContentVisitors
            | Self::ContentClickers
            | Self::ContentImpressions
            | Self::ContentClicks
            | Self::Conversions
            | Self::Revenue
            | Self::RevenueSquares => Some(200),
        }
    }
}

/// The text names none of what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoneOf(Vec<&'static str>);

impl fmt::Display for NoneOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "must be one of {}", self.0.join(", "))
    }
}

impl FromStr for Step {
    type Err = NoneOf;

    fn from_str(text: &str) -> Result<Self, NoneOf> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| NoneOf(Self::ALL.map(Self::name).to_vec()))
    }
}

impl FromStr for Metric {
    type Err = NoneOf;

    fn from_str(text: &str) -> Result<Self, NoneOf> {
        let found = Self::TOLD.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| NoneOf(Self::TOLD.map(Self::name).to_vec()))
    }
}

/// A count of a metric in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// When.
    pub period: Period,
    /// Under which name, empty where the metric has none; nothing for all names that had no room.
    pub name: Option<Box<str>>,
    /// How many.
    pub count: u64,
}

/// What the counts of a metric and name are together in several periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Of what.
    pub metric: Metric,
    /// As in [`Count`].
    pub name: Option<Box<str>>,
    /// How many.
    pub count: u64,
}

impl Sum {
    /// The same without what it is kept in.
    #[must_use]
    pub fn told(&self) -> (Metric, Option<&str>, u64) {
        (self.metric, self.name.as_deref(), self.count)
    }
}

/// A name as it is counted: short, without control characters, and with `@` in place of each word
/// that has one. Counts outlive the messages that they are of, and an address would tell whose.
#[must_use]
pub fn counted_name(name: &str) -> Cow<'_, str> {
    if !name.contains(|one: char| one == '@' || one.is_control()) {
        return clip(name, LONGEST_NAME).into();
    }
    let plain = |one: char| if one.is_control() { ' ' } else { one };
    let name: String = name.chars().map(plain).collect();
    let words = name.split(' ');
    let words: Vec<&str> = words
        .map(|word| if word.contains('@') { "@" } else { word })
        .collect();
    clip(&words.join(" "), LONGEST_NAME).to_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let at = Timestamp::parse("2026-11-24T13:59:59.999Z").unwrap();
        let hour = Period::hour(at);
        assert_eq!(Period::hour(at.plus(Milliseconds(1))), hour.plus(1));
        assert_eq!(hour.plus(3).minus(3), hour);
        let first = Period::hour(Timestamp::MIN);
        assert_eq!((first.number, first.minus(1)), (0, first));
    }

    #[test]
    fn weeks_begin_on_mondays() {
        // 2026-11-23 is one.
        let monday = 20_780;
        let week = Week::of_day(monday);
        assert_eq!(week.monday().number, monday);
        assert_eq!(Week::of_day(monday + 6), week);
        assert_eq!(Week::of_day(monday - 1), week.minus(1));
        assert_eq!(week.plus(2).since(week), 2);
        assert_eq!(week.since(week.plus(1)), 0);
        assert_eq!(Week::of_day(0).monday().number, 0);
    }

    #[test]
    fn names() {
        for step in Step::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        for metric in Metric::TOLD {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        let beside = Metric::OF_ORIGINS.into_iter().chain(Metric::OF_JOURNEYS);
        for metric in Metric::OF_CONTENT.into_iter().chain(beside) {
            assert!(metric.name().parse::<Metric>().is_err());
        }
        assert!("week".parse::<Step>().is_err() && "".parse::<Metric>().is_err());
        assert_eq!(counted_name("a\nb\u{7f}"), "a b ");
        assert_eq!(
            counted_name("mail to jo@example.nl\nsent"),
            "mail to @ sent"
        );
        assert_eq!(counted_name(&"é".repeat(100)).len(), LONGEST_NAME);
    }
}
