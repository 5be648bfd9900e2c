//! Programs that conditions are worked out from: where a visitor came from, their device, local time.
//! Each is in the model once, and only where a condition uses it.

use firstglance_engine::origin;
use firstglance_engine::program::{Instruction, Measure, Operator, Test, TextSource, Which};
use jiff::tz::TimeZone;

use super::code::{Code, Name};

/// A helper. Those of a touch are of the first where that is true, and else of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) enum Helper {
    /// Place of the referrer among [`origin::names`].
    Referrer(bool),
    /// Its kind, a place among [`origin::KINDS`].
    ReferrerKind(bool),
    /// Place of what `utm_source` or the referrer names.
    Source(bool),
    /// Its kind.
    SourceKind(bool),
    /// Place among [`origin::CHANNELS`].
    Channel(bool),
    /// Place among [`DEVICES`].
    Device,
    /// Whether the visitor searched for the site itself.
    BrandSearch,
    /// Minutes since the epoch.
    Minute,
    /// Minutes since the epoch by the clocks of the site's zone.
    LocalMinute,
    /// Days since the epoch by them.
    LocalDay,
    /// Day of the era of 400 years that begins in March.
    DayOfEra,
    /// Year of the era.
    YearOfEra,
    /// Day of the year that begins in March.
    DayOfYear,
    /// Month of it.
    MonthOfYear,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    MinuteOfHour,
    /// 1, Monday, to 7.
    Weekday,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

/// Kinds of devices.
pub(in crate::config) const DEVICES: [&str; 5] = ["desktop", "mobile", "tablet", "bot", "unknown"];

/// What user agents of each kind have, in the order in which they are tried. An Android device that
/// does not call itself mobile is a tablet, as Google tells the makers of browsers.
const AGENTS: [(f64, &[&str]); 5] = [
    (
        3.0,
        &[
            "*bot*",
            "*crawl*",
            "*spider*",
            "*slurp*",
            "*headless*",
            "*lighthouse*",
        ],
    ),
    (
        2.0,
        &["*ipad*", "*tablet*", "*kindle*", "*silk/*", "*playbook*"],
    ),
    (1.0, &["*mobi*", "*iphone*", "*ipod*", "*windows phone*"]),
    (2.0, &["*android*"]),
    (
        0.0,
        &["*windows*", "*macintosh*", "*x11*", "*cros*", "*linux*"],
    ),
];

/// What helpers are made from.
#[derive(Debug)]
pub(in crate::config) struct Site<'a> {
    pub(in crate::config) zone: &'a TimeZone,
    pub(in crate::config) brand_terms: &'a [String],
}

impl Helper {
    /// Its code.
    pub(in crate::config) fn code(self, site: &Site<'_>) -> Code {
        let touch = |first| if first { Which::First } else { Which::Last };
        let read = |helper| Name::Helper(helper);
        match self {
            Self::Referrer(first) => Code::Postfix(origin::referrer(touch(first)), vec![]),
            Self::ReferrerKind(first) => {
                Code::Postfix(origin::kind(), vec![read(Self::Referrer(first))])
            }
            Self::Source(first) => Code::Postfix(
                origin::source(touch(first)),
                vec![read(Self::Referrer(first))],
            ),
            Self::SourceKind(first) => {
                Code::Postfix(origin::kind(), vec![read(Self::Source(first))])
            }
            Self::Channel(first) => Code::Postfix(
                origin::channel(touch(first)),
                vec![read(Self::SourceKind(first))],
            ),
            Self::Device => device(),
            Self::BrandSearch => Code::Postfix(origin::brand(Which::Any, site.brand_terms), vec![]),
            Self::LocalMinute => local_minute(site.zone),
            other => other.calendar(),
        }
    }

    /// The civil calendar from days since the epoch. Source: H. Hinnant, "chrono-Compatible
    /// Low-Level Date Algorithms", `civil_from_days`.
    fn calendar(self) -> Code {
        use Operator::{Add, Floor, Less, LessOrEqual, Multiply, Subtract};
        let read = |helper| Code::Read(Name::Helper(helper));
        let with = |operator, code, number| Code::two(operator, code, Code::number(number));
        let whole = |code, number| with(Floor, code, number);
        let rest = |code: Code, number| {
            let multiple = with(Multiply, whole(code.clone(), number), number);
            Code::two(Subtract, code, multiple)
        };
        // Days since the first of March of the year 0.
        let shifted = || with(Add, read(Self::LocalDay), 719_468.0);
        match self {
            Self::Minute => whole(Code::Push(Instruction::Measure(Measure::Now)), 60_000.0),
            Self::LocalDay => whole(read(Self::LocalMinute), 1_440.0),
            Self::Hour => whole(rest(read(Self::LocalMinute), 1_440.0), 60.0),
            Self::MinuteOfHour => rest(read(Self::LocalMinute), 60.0),
            // The epoch was a Thursday.
            Self::Weekday => with(Add, rest(with(Add, read(Self::LocalDay), 3.0), 7.0), 1.0),
            Self::DayOfEra => rest(shifted(), 146_097.0),
            Self::YearOfEra => {
                let day = || read(Self::DayOfEra);
                let days = Code::two(Subtract, day(), whole(day(), 1_460.0));
                let days = Code::two(Add, days, whole(day(), 36_524.0));
                whole(Code::two(Subtract, days, whole(day(), 146_096.0)), 365.0)
            }
            Self::DayOfYear => {
                let year = || read(Self::YearOfEra);
                let days = with(Multiply, year(), 365.0);
                let days = Code::two(Add, days, whole(year(), 4.0));
                let days = Code::two(Subtract, days, whole(year(), 100.0));
                Code::two(Subtract, read(Self::DayOfEra), days)
            }
            Self::MonthOfYear => {
                let day = with(Multiply, read(Self::DayOfYear), 5.0);
                whole(with(Add, day, 2.0), 153.0)
            }
            Self::DayOfMonth => {
                let month = with(Multiply, read(Self::MonthOfYear), 153.0);
                let start = whole(with(Add, month, 2.0), 5.0);
                with(Add, Code::two(Subtract, read(Self::DayOfYear), start), 1.0)
            }
            Self::Month => {
                let month = || read(Self::MonthOfYear);
                let this_year = with(Less, month(), 10.0);
                Code::select(
                    this_year,
                    with(Add, month(), 3.0),
                    with(Subtract, month(), 9.0),
                )
            }
            Self::Year => {
                let era = with(Multiply, whole(shifted(), 146_097.0), 400.0);
                let year = Code::two(Add, read(Self::YearOfEra), era);
                // January and February are at the end of the year that begins in March.
                Code::two(Add, year, with(LessOrEqual, read(Self::Month), 2.0))
            }
            _ => Code::number(f64::NAN),
        }
    }
}

fn test(source: TextSource, test: Test, with: &str) -> Code {
    Code::Push(Instruction::Test {
        source,
        name: Box::default(),
        test,
        with: with.into(),
    })
}

fn device() -> Code {
    let unknown = Code::number(4.0);
    AGENTS
        .iter()
        .rev()
        .fold(unknown, |rest, (place, patterns)| {
            let tests = patterns
                .iter()
                .map(|pattern| test(TextSource::Agent, Test::Matches, pattern));
            Code::select(Code::any(tests), Code::number(*place), rest)
        })
}

/// The years whose changes of the clock are known to a model.
const YEARS: (&str, &str) = ("2020-01-01T00:00:00Z", "2051-01-01T00:00:00Z");

/// Minutes by the clocks of a zone: those of the epoch, what the zone is ahead at first, and what
/// each change of its clocks adds. Most zones go to and fro by one hour, so the changes are
/// counted, and the count multiplied by the length.
fn local_minute(zone: &TimeZone) -> Code {
    let minute = || Code::Read(Name::Helper(Helper::Minute));
    let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap_or_default();
    let (from, to) = (moment(YEARS.0), moment(YEARS.1));
    let first = zone.to_offset(from).seconds() / 60;
    let mut before = first;
    let mut changes: Vec<(i64, i32)> = Vec::new();
    for change in zone
        .following(from)
        .take_while(|change| change.timestamp() < to)
    {
        let after = change.offset().seconds() / 60;
        if after != before {
            changes.push((
                change.timestamp().as_second().div_euclid(60),
                after - before,
            ));
        }
        before = after;
    }
    let mut lengths: Vec<i32> = changes.iter().map(|(_, length)| length.abs()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let offset = lengths
        .into_iter()
        .fold(Code::number(f64::from(first)), |offset, length| {
            let count = count(&changes, length, &minute);
            let sum = Code::two(Operator::Multiply, count, Code::number(f64::from(length)));
            Code::two(Operator::Add, offset, sum)
        });
    Code::two(Operator::Add, minute(), offset)
}

/// How many of the changes of this length forward have come, less those back.
#[allow(clippy::cast_precision_loss)] // Minutes since the epoch are far below 2^53.
fn count(changes: &[(i64, i32)], length: i32, minute: &dyn Fn() -> Code) -> Code {
    let mut count: Option<Code> = None;
    for (at, change) in changes.iter().filter(|(_, change)| change.abs() == length) {
        let come = Code::two(Operator::GreaterOrEqual, minute(), Code::number(*at as f64));
        count = Some(match (count, *change > 0) {
            (Some(count), true) => Code::two(Operator::Add, count, come),
            (Some(count), false) => Code::two(Operator::Subtract, count, come),
            (None, true) => come,
            (None, false) => Code::two(Operator::Subtract, Code::number(0.0), come),
        });
    }
    count.unwrap_or(Code::number(0.0))
}
