//! The calendar of a site: of which day a moment is, and from when to when a day is, by the clocks of
//! the site's time zone. Knows nothing of what is counted in days, and never asks what time it is.
//!
//! A day has the number of its date, counted from 1970-01-01. It begins when the clocks first show its
//! date and ends when the next one begins, so that days follow each other without gap: they have 23 or 25
//! hours where clocks are changed, and no time at all where a date was left out. Hours are those since
//! the beginning of 1970 in every zone.

use std::ops::Range;
use std::sync::Arc;

use firstglance_engine::codec::{DecodeError, Encode, Reader, Writer};
use firstglance_engine::{Milliseconds, Timestamp};
use jiff::tz::TimeZone;

use super::counting::{HOUR, Period, Step, Week};

const VERSION: u8 = 1;

const DAY: i64 = Milliseconds::from_days(1).0 as i64;

/// See the module. Clones are the same calendar.
#[derive(Clone, Debug)]
pub struct Calendar(Arc<Zone>);

#[derive(Debug)]
struct Zone {
    name: Box<str>,
    /// By when they begin; the first one at the beginning of 1970.
    runs: Box<[Run]>,
}

/// A time in which the clocks are ahead by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    from: i64,
    /// By how many milliseconds.
    ahead: i64,
    /// The days that were reached before it and by its end. A clock that is set back over midnight
    /// does not bring the day before back.
    before: u32,
    last: u32,
}

impl Run {
    fn day(&self, at: i64) -> u32 {
        // Before 1970 there is nothing: west of Greenwich its first hours are of the first day.
        let day = (at + self.ahead).div_euclid(DAY);
        self.before.max(u32::try_from(day).unwrap_or(0))
    }
}

impl Calendar {
    /// The one of UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self::of(&TimeZone::UTC)
    }

    /// The one of a time zone.
    #[must_use]
    pub fn of(zone: &TimeZone) -> Self {
        let epoch = jiff::Timestamp::UNIX_EPOCH;
        let milliseconds = |seconds: i32| i64::from(seconds) * 1_000;
        let mut ahead = vec![(0, milliseconds(zone.to_offset(epoch).seconds()))];
        for change in zone.following(epoch) {
            let at = change.timestamp().as_millisecond();
            if at > number(Timestamp::MAX) {
                break;
            }
            ahead.push((at, milliseconds(change.offset().seconds())));
        }
        ahead.dedup_by_key(|(_, ahead)| *ahead);
        let name = zone.iana_name().unwrap_or("UTC");
        Self::of_runs(name.into(), &ahead)
    }

    fn of_runs(name: Box<str>, ahead: &[(i64, i64)]) -> Self {
        let mut before = 0;
        let ends = ahead.iter().skip(1).map(|(from, _)| *from);
        let ends = ends.chain([number(Timestamp::MAX) + 1]);
        let runs = ahead.iter().zip(ends).map(|((from, ahead), end)| {
            let mut run = Run {
                from: *from,
                ahead: *ahead,
                before,
                last: before,
            };
            run.last = run.day(end - 1);
            before = run.last;
            run
        });
        Self(Arc::new(Zone {
            name,
            runs: runs.collect(),
        }))
    }

    /// The name of its time zone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The day that has a moment.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Period {
        let at = number(at);
        let after = self.0.runs.partition_point(|run| run.from <= at);
        let run = self.0.runs.get(after.saturating_sub(1));
        Period {
            step: Step::Day,
            number: run.map_or(0, |run| run.day(at)),
        }
    }

    /// The hour or the day that has a moment.
    #[must_use]
    pub fn period(&self, step: Step, at: Timestamp) -> Period {
        match step {
            Step::Hour => Period::hour(at),
            Step::Day => self.day(at),
        }
    }

    /// The week that has a moment.
    #[must_use]
    pub fn week(&self, at: Timestamp) -> Week {
        Week::of_day(self.day(at).number)
    }

    /// When a period begins.
    #[must_use]
    pub fn start(&self, period: Period) -> Timestamp {
        match period.step {
            Step::Hour => Timestamp::MIN.plus(Milliseconds(u64::from(period.number) * HOUR.0)),
            Step::Day => self.start_of_day(period.number),
        }
    }

    fn start_of_day(&self, day: u32) -> Timestamp {
        let reached = self.0.runs.partition_point(|run| run.last < day);
        let Some(run) = self.0.runs.get(reached) else {
            return Timestamp::MAX;
        };
        let start = match day <= run.before {
            true => run.from,
            false => run.from.max(i64::from(day) * DAY - run.ahead),
        };
        Timestamp::from_milliseconds(start)
    }

    /// From the beginning of a period to that of the next.
    #[must_use]
    pub fn range(&self, period: Period) -> Range<Timestamp> {
        self.start(period)..self.start(period.plus(1))
    }

    /// From the beginning of a week to that of the next.
    #[must_use]
    pub fn range_of_week(&self, week: Week) -> Range<Timestamp> {
        self.start(week.monday())..self.start(week.plus(1).monday())
    }

    /// The days that have a part of a period, the first and the last.
    #[must_use]
    pub fn days_of(&self, period: Period) -> (Period, Period) {
        match period.step {
            Step::Day => (period, period),
            Step::Hour => {
                let start = self.start(period);
                let last = start.plus(Milliseconds(HOUR.0 - 1));
                (self.day(start), self.day(last))
            }
        }
    }

    /// The day that has all of a period; nothing for an hour in which a day begins, as some do where
    /// clocks are ahead by half hours.
    #[must_use]
    pub fn day_of(&self, period: Period) -> Option<Period> {
        let (first, last) = self.days_of(period);
        (first == last).then_some(first)
    }

    /// The earliest period that is kept at a moment.
    #[must_use]
    pub fn first_kept(&self, step: Step, now: Timestamp) -> Period {
        self.period(step, now.minus(Milliseconds::from_days(step.days_kept())))
    }

    /// Whether a period is still kept at a moment.
    #[must_use]
    pub fn is_kept(&self, period: Period, now: Timestamp) -> bool {
        period.number >= self.first_kept(period.step, now).number
    }

    /// So many days up to the one that has a moment, the first and the last.
    #[must_use]
    pub fn last_days(&self, days: u32, now: Timestamp) -> (Period, Period) {
        let last = self.day(now);
        (last.minus(days.saturating_sub(1)), last)
    }

    /// Whether the days that are kept at a moment, and those to come soon, are those of another one.
    #[must_use]
    pub fn has_days_of(&self, other: &Self, now: Timestamp) -> bool {
        let [first, last] = [
            self.first_kept(Step::Day, now).number,
            self.day(now).number + 2,
        ];
        (first..=last).all(|day| self.start_of_day(day) == other.start_of_day(day))
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self::utc()
    }
}

fn number(at: Timestamp) -> i64 {
    // It ends in the year 2099.
    i64::try_from(at.as_milliseconds()).unwrap_or(i64::MAX)
}

/// Calendars are the same where their days are.
impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        self.0.runs == other.0.runs
    }
}

impl Eq for Calendar {}

impl Encode for Calendar {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        out.text(&self.0.name);
        out.integer(self.0.runs.len() as u64);
        for run in &*self.0.runs {
            Timestamp::from_milliseconds(run.from).encode(out);
            // The sign in the last bit.
            out.integer((run.ahead.unsigned_abs() << 1) | u64::from(run.ahead < 0));
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        let name = reader.text().into();
        let mut ahead: Vec<(i64, i64)> = Vec::new();
        for _ in 0..reader.count() {
            let from = number(Timestamp::decode(reader));
            let value = reader.integer();
            let most = Milliseconds::from_days(2).0;
            let by = i64::try_from((value >> 1).min(most)).unwrap_or(0);
            let is_later = ahead.last().is_none_or(|(last, _)| *last < from);
            if !is_later || ahead.is_empty() != (from == 0) || value >> 1 > most {
                reader.fail(DecodeError::Invalid("calendar"));
                break;
            }
            ahead.push((from, if value & 1 == 1 { -by } else { by }));
        }
        if ahead.is_empty() {
            reader.fail(DecodeError::Invalid("calendar"));
            ahead.push((0, 0));
        }
        Self::of_runs(name, &ahead)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 9] = [
        "UTC",
        "Europe/Amsterdam",
        "Asia/Kolkata",
        "America/St_Johns",
        "Pacific/Apia",
        "America/New_York",
        "America/Asuncion",
        "Australia/Lord_Howe",
        "America/Havana",
    ];

    fn calendar(zone: &str) -> Calendar {
        Calendar::of(&jiff::tz::db().get(zone).unwrap())
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn day(date: &str) -> Period {
        let number = at(&format!("{date}T00:00:00Z")).as_milliseconds() / DAY as u64;
        Period {
            step: Step::Day,
            number: number.try_into().unwrap(),
        }
    }

    #[test]
    fn days_are_those_of_the_clocks() {
        for (zone, date, start, hours) in [
            ("UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24.0),
            (
                "Europe/Amsterdam",
                "2026-03-28",
                "2026-03-27T23:00:00Z",
                24.0,
            ),
            (
                "Europe/Amsterdam",
                "2026-03-29",
                "2026-03-28T23:00:00Z",
                23.0,
            ),
            (
                "Europe/Amsterdam",
                "2026-03-30",
                "2026-03-29T22:00:00Z",
                24.0,
            ),
            (
                "Europe/Amsterdam",
                "2026-10-25",
                "2026-10-24T22:00:00Z",
                25.0,
            ),
            (
                "Europe/Amsterdam",
                "2026-10-26",
                "2026-10-25T23:00:00Z",
                24.0,
            ),
            ("Asia/Kolkata", "2026-11-24", "2026-11-23T18:30:00Z", 24.0),
            (
                "America/St_Johns",
                "2026-11-24",
                "2026-11-24T03:30:00Z",
                24.0,
            ),
            // Clocks were set back one minute after midnight: the hour that came again is of the day
            // that had begun.
            (
                "America/St_Johns",
                "2006-10-29",
                "2006-10-29T02:30:00Z",
                25.0,
            ),
            (
                "America/St_Johns",
                "2006-10-28",
                "2006-10-28T02:30:00Z",
                24.0,
            ),
            // A date that was left out, and those around it.
            ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24.0),
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0.0),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24.0),
            (
                "Australia/Lord_Howe",
                "2026-04-05",
                "2026-04-04T13:00:00Z",
                24.5,
            ),
            // Midnight was left out, and there were two of them.
            ("America/Havana", "2025-03-09", "2025-03-09T05:00:00Z", 23.0),
            ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", 25.0),
        ] {
            let calendar = calendar(zone);
            let range = calendar.range(day(date));
            assert_eq!(range.start, at(start), "{zone} {date}");
            let length = range.end.since(range.start);
            assert_eq!(length.0 as f64 / HOUR.0 as f64, hours, "{zone} {date}");
            if hours > 0.0 {
                assert_eq!(calendar.day(range.start), day(date), "{zone} {date}");
                let last = range.end.minus(Milliseconds(1));
                assert_eq!(calendar.day(last), day(date), "{zone} {date}");
            }
        }
    }

    #[test]
    fn hours_in_which_a_day_begins() {
        let hour = Period::hour(at("2026-11-23T18:30:00Z"));
        for (zone, split) in [
            ("UTC", false),
            ("Europe/Amsterdam", false),
            ("Asia/Kolkata", true),
        ] {
            let calendar = calendar(zone);
            assert_eq!(calendar.day_of(hour).is_none(), split, "{zone}");
            let (first, last) = calendar.days_of(hour);
            assert_eq!(last.number - first.number, u32::from(split), "{zone}");
        }
    }

    #[test]
    fn what_is_kept() {
        let now = at("2026-11-24T13:59:59.999Z");
        for zone in ZONES {
            let calendar = calendar(zone);
            for step in Step::ALL {
                let period = calendar.period(step, now);
                let kept = Milliseconds::from_days(step.days_kept());
                assert!(calendar.is_kept(period, now.plus(kept)), "{zone}");
                let later = calendar.range(period).end.plus(kept);
                // Clocks that were changed meanwhile make an hour of difference.
                assert!(!calendar.is_kept(period, later.plus(HOUR)), "{zone}");
            }
        }
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let calendar = calendar("Europe/Amsterdam");
        let week = calendar.week(at("2026-10-21T12:00:00Z"));
        let (monday, next) = (at("2026-10-18T22:00:00Z"), at("2026-10-25T23:00:00Z"));
        assert_eq!(calendar.range_of_week(week), monday..next);
        assert_eq!(calendar.week(monday), week);
        assert_eq!(calendar.week(next), week.plus(1));
        let first = calendar.week(Timestamp::MIN);
        assert_eq!(calendar.range_of_week(first).start, Timestamp::MIN);
    }

    #[test]
    fn which_have_the_same_days() {
        let now = at("2026-11-24T12:00:00Z");
        for (one, other, same) in [
            ("Europe/Amsterdam", "Europe/Berlin", true),
            ("Europe/Amsterdam", "Africa/Lagos", false),
            ("Europe/Amsterdam", "UTC", false),
            ("UTC", "Etc/UTC", true),
            ("UTC", "Africa/Abidjan", true),
        ] {
            let (one, other) = (calendar(one), calendar(other));
            assert_eq!(
                one.has_days_of(&other, now),
                same,
                "{} {}",
                one.name(),
                other.name()
            );
            assert_eq!(other.has_days_of(&one, now), same);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for zone in ZONES {
            let calendar = calendar(zone);
            let read = Calendar::from_bytes(&calendar.to_bytes()).unwrap();
            assert_eq!((&read, read.name()), (&calendar, zone));
        }
        let mut damaged = calendar("UTC").to_bytes();
        damaged.truncate(damaged.len() - 1);
        assert!(Calendar::from_bytes(&damaged).is_err());
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_day(
            zone in proptest::sample::select(&ZONES[..]),
            moment in 0..4_102_444_799_999_i64,
        ) {
            let calendar = calendar(zone);
            let moment = Timestamp::from_milliseconds(moment);
            for step in Step::ALL {
                let period = calendar.period(step, moment);
                let range = calendar.range(period);
                prop_assert!(range.contains(&moment), "{range:?}");
                prop_assert_eq!(range.end, calendar.start(period.plus(1)));
            }
            prop_assert!(calendar.range_of_week(calendar.week(moment)).contains(&moment));
            // What the calendar calls a day, the clocks do: but in an hour that came again after
            // midnight.
            let date = jiff::Timestamp::from_millisecond(moment.as_milliseconds() as i64)
                .unwrap()
                .to_zoned(jiff::tz::db().get(zone).unwrap())
                .date();
            let shown = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(i64::from(calendar.day(moment).number)))
                .unwrap();
            let first = jiff::civil::date(1970, 1, 1);
            let came_again = shown.yesterday().unwrap() == date
                && calendar.day(moment.minus(Milliseconds(HOUR.0))) == calendar.day(moment);
            prop_assert!(shown == date || date < first || came_again, "{shown} {date}");
        }

        #[test]
        fn days_follow_each_other(
            zone in proptest::sample::select(&ZONES[..]),
            first in 0..47_000_u32,
        ) {
            let calendar = calendar(zone);
            let mut before = calendar.range(Period { step: Step::Day, number: first });
            for number in first + 1..first + 400 {
                let range = calendar.range(Period { step: Step::Day, number });
                prop_assert_eq!(before.end, range.start);
                prop_assert!(range.start <= range.end);
                before = range;
            }
        }
    }
}
