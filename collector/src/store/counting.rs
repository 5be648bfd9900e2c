//! Counts: what happened on the site in each hour and each day of UTC, kept as messages arrive.
//!
//! A message counts in the periods of its own time, once, as it is stored once. Hours are kept for
//! 14 days and days for 800; what is older than that when it arrives is stored and not counted.
//! Visitors are counted anew in each period: those of a day are not the sum of its hours.
//!
//! Names come from pages and addresses, so from anybody. Each metric has room for so many of them in
//! each period, the first that come; what comes under further names counts together, as others. A
//! name tells of nobody by an e-mail address: see [`counted_name`].

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use firstglance_engine::origin::channel_of;
use firstglance_engine::profile::Touch;
use firstglance_engine::text::clip;
use firstglance_engine::{Campaign, Milliseconds, Timestamp};

/// Longest name, and longest part of an origin, in bytes.
const LONGEST_NAME: usize = 80;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An hour.
    Hour,
    /// A day of UTC.
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

    /// How long one is.
    #[must_use]
    pub const fn length(self) -> Milliseconds {
        match self {
            Self::Hour => Milliseconds::from_minutes(60),
            Self::Day => Milliseconds::from_days(1),
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

    /// The earliest period that is kept at a moment.
    #[must_use]
    pub const fn first_kept(self, now: Timestamp) -> Period {
        Period::of(self, now.minus(Milliseconds::from_days(self.days_kept())))
    }
}

/// An hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// Which of the two.
    pub step: Step,
    /// Which one, counted from the beginning of 1970.
    pub number: u32,
}

impl Period {
    /// The one that has a moment.
    #[must_use]
    pub const fn of(step: Step, at: Timestamp) -> Self {
        // A timestamp ends in the year 9999: its hours are some seventy million.
        let number = (at.as_milliseconds() / step.length().0) as u32;
        Self { step, number }
    }

    /// When it begins.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::MIN.plus(Milliseconds(self.number as u64 * self.step.length().0))
    }

    /// From its beginning to that of the next.
    #[must_use]
    pub const fn range(self) -> Range<Timestamp> {
        let start = self.start();
        start..start.plus(self.step.length())
    }

    /// The day that it is, or is an hour of.
    #[must_use]
    pub const fn day(self) -> Self {
        let hours = match self.step {
            Step::Hour => 24,
            Step::Day => 1,
        };
        Self {
            step: Step::Day,
            number: self.number / hours,
        }
    }

    /// Whether it is still kept at a moment.
    #[must_use]
    pub const fn is_kept(self, now: Timestamp) -> bool {
        self.number >= self.step.first_kept(now).number
    }
}

/// A week of UTC, from Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Week(u32);

impl Week {
    /// Days from the Monday before the first day of 1970 to that day.
    const OFFSET: u32 = 3;

    /// The one that has a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self::of_day(Period::of(Step::Day, at).number)
    }

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

    /// From its beginning to that of the next.
    #[must_use]
    pub const fn range(self) -> Range<Timestamp> {
        self.monday().start()..self.plus(1).monday().start()
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
}

impl Metric {
    /// Those that are told as they are; the others are for `/admin/v1/results`.
    pub const TOLD: [Self; 15] = [
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
    ];

    /// Those of journeys through the site that are not told as they are.
    pub const OF_JOURNEYS: [Self; 2] = [Self::PageTopics, Self::Returns];

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

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let told = Self::TOLD.into_iter().chain(Self::OF_CONTENT);
        told.chain(Self::OF_JOURNEYS)
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
            Self::PageViews => "page_views",
            Self::PageTime => "page_time",
            Self::Landings => "landings",
            Self::PageTopics => "page_topics",
            Self::Returns => "returns",
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
                | Self::PageViews
                | Self::PageTime
                | Self::Landings
                | Self::PageTopics
                | Self::Returns
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
            // Weeks since the first are no more than days are kept for.
            Self::Visitors | Self::NewVisitors | Self::Sessions | Self::Returns => None,
            Self::Messages => Some(8),
            Self::Events => Some(100),
            Self::StageEntries | Self::StageExits => Some(50),
            Self::SegmentEntries | Self::SegmentExits => Some(500),
            Self::PageViews | Self::PageTime | Self::Landings | Self::PageTopics => Some(500),
            Self::Arrivals | Self::ArrivedVisitors | Self::EngagedVisitors => Some(400),
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

/// What brought somebody to a page, as far as it is counted apart: not which click it was, nor which
/// of a campaign's links.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Host of the page before; empty where there was none.
    pub referrer: String,
    /// `utm_source`.
    pub source: String,
    /// `utm_medium`.
    pub medium: String,
    /// `utm_campaign`.
    pub campaign: String,
    /// The parameter of an advertising platform's click id.
    pub click_id: String,
}

impl Origin {
    /// Of what a page view says.
    #[must_use]
    pub fn new(referrer: &str, campaign: &Campaign) -> Self {
        Self {
            referrer: counted_name(referrer).into_owned(),
            source: counted_name(campaign.get("utm_source")).into_owned(),
            medium: counted_name(campaign.get("utm_medium")).into_owned(),
            campaign: counted_name(campaign.get("utm_campaign")).into_owned(),
            click_id: Campaign::click_id_name(campaign.as_lines()).to_owned(),
        }
    }

    /// The name under which it is counted: its parts, a line each.
    #[must_use]
    pub fn to_name(&self) -> String {
        let Self {
            referrer,
            source,
            medium,
            campaign,
            click_id,
        } = self;
        [referrer, source, medium, campaign, click_id]
            .map(String::as_str)
            .join("\n")
    }

    /// Of the name under which it was counted.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let mut parts = name.split('\n').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self {
            referrer: next(),
            source: next(),
            medium: next(),
            campaign: next(),
            click_id: next(),
        }
    }

    /// Its channel, by the engine's rules of today.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        let pairs = [
            ("utm_source", &*self.source),
            ("utm_medium", &*self.medium),
            ("utm_campaign", &*self.campaign),
            (&*self.click_id, "1"),
        ];
        channel_of(&Touch {
            at: Timestamp::MIN,
            path: "/",
            referrer: &self.referrer,
            campaign: Campaign::from_pairs(pairs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let at = Timestamp::parse("2026-11-24T13:59:59.999Z").unwrap();
        for (step, start) in [
            (Step::Hour, "2026-11-24T13:00:00Z"),
            (Step::Day, "2026-11-24T00:00:00Z"),
        ] {
            let period = Period::of(step, at);
            assert_eq!(period.start(), Timestamp::parse(start).unwrap());
            assert_eq!(Period::of(step, period.start()), period);
            assert!(period.is_kept(at));
            assert_eq!(period.day(), Period::of(Step::Day, at));
            let kept = Milliseconds::from_days(step.days_kept());
            assert!(period.is_kept(at.plus(kept)));
            assert!(!period.is_kept(at.plus(kept).plus(step.length())));
        }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let at = |text| Timestamp::parse(text).unwrap();
        let week = Week::of(at("2026-11-25T12:00:00Z"));
        let (monday, next) = (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        assert_eq!(week.range(), monday..next);
        assert_eq!((Week::of(monday), Week::of(next)), (week, week.plus(1)));
        assert_eq!(Week::of(next).since(week), 1);
        assert_eq!(week.since(Week::of(next)), 0);
        assert_eq!(Week::of(Timestamp::MIN).range().start, Timestamp::MIN);
    }

    #[test]
    fn names() {
        for step in Step::ALL {
            assert_eq!(step.name().parse(), Ok(step));
        }
        for metric in Metric::TOLD {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        for metric in Metric::OF_CONTENT.into_iter().chain(Metric::OF_JOURNEYS) {
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

    #[test]
    fn origins_and_their_channels() {
        let long = format!("{}\n", "x".repeat(300));
        for (referrer, pairs, channel) in [
            ("google.com", vec![], "Organic Search"),
            ("", vec![("gclid", "abc")], "Paid Search"),
            (
                "",
                vec![("utm_source", "news"), ("utm_medium", "email")],
                "Email",
            ),
            ("a.example", vec![("utm_campaign", &*long)], "Referral"),
        ] {
            let origin = Origin::new(referrer, &Campaign::from_pairs(pairs));
            assert_eq!(origin.channel(), channel, "{origin:?}");
            let name = origin.to_name();
            assert_eq!(Origin::of_name(&name), origin);
            assert!(name.len() < 400 && !name.contains("abc"));
        }
    }
}
