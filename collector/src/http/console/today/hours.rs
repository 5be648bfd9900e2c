//! The hours of today in the site's time zone, and the same hours of the days before: what is usual.
//! Counts are of whole hours of UTC; in zones that are half an hour off, an hour of the site is the one of
//! UTC in which it begins, but of what was before midnight nothing counts for today.

use std::collections::BTreeMap;

use firstglance_engine::Timestamp;
use jiff::tz::TimeZone;
use maud::html;

use super::super::HttpError;
use super::super::parts::{Cell, Column, Table, Value, empty};
use super::super::view::View;
use crate::store::Store;
use crate::store::calendar::Calendar;
use crate::store::counting::{Count, HOUR, Metric, Period, Step};

/// Days before today that are looked at: hours are kept for a day more.
const DAYS: i64 = 13;

/// Hours of a day, but where clocks are changed.
const OF_A_DAY: usize = 24;

/// What is counted in hours, by their number.
pub(super) type Counts = BTreeMap<u32, u64>;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    now: Timestamp,
    midnight: Timestamp,
    /// The first hour of today.
    today: Period,
    /// The first hours of the days before it, the latest first, and whether each is a working day as
    /// today is, or none as today is none.
    before: Vec<(Period, bool)>,
    /// For the name of each hour.
    first_hour: i8,
    /// The first hour of which anything is counted.
    begun: Option<u32>,
}

/// How much there is today, and usually by now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct So {
    pub(super) today: u64,
    pub(super) usual: Option<f64>,
}

impl Hours {
    /// Those of the day that has a moment.
    pub(super) fn of(now: Timestamp, zone: &TimeZone) -> Self {
        let midnights = midnights(now, zone);
        let (today, is_working, first_hour) = midnights.first().copied().unwrap_or((now, true, 0));
        let before = midnights.iter().skip(1);
        Self {
            now,
            midnight: today,
            today: Period::hour(today),
            before: before
                .map(|(at, working, _)| (Period::hour(*at), *working == is_working))
                .collect(),
            first_hour,
            begun: None,
        }
    }

    /// The same, given visits: days before the first of them are not usual days.
    pub(super) fn begun_with(mut self, visits: &Counts) -> Self {
        self.begun = visits.keys().next().copied();
        self
    }

    /// When today began.
    pub(super) const fn midnight(&self) -> Timestamp {
        self.midnight
    }

    fn earliest(&self) -> Period {
        self.before.last().map_or(self.today, |(first, _)| *first)
    }

    /// What is counted in all of these hours, under one name where one is given.
    pub(super) async fn read(
        &self,
        store: &dyn Store,
        metric: Metric,
        name: Option<&str>,
    ) -> Result<Counts, HttpError> {
        let last = Period::hour(self.now);
        let is_wanted = |count: &Count| name.is_none_or(|name| count.name.as_deref() == Some(name));
        let mut counts = Counts::new();
        let hours = store.counts(metric, self.earliest(), last).await?;
        for count in hours.into_iter().filter(is_wanted) {
            *counts.entry(count.period.number).or_default() += count.count;
        }
        if store.calendar().day_of(self.today).is_none() {
            let day = store.calendar().day(self.now);
            let of_today = store.counts(metric, day, day).await?;
            let of_today: u64 = of_today
                .iter()
                .filter(|one| is_wanted(one))
                .map(|one| one.count)
                .sum();
            let later: u64 = counts
                .range(self.today.number + 1..)
                .map(|(_, count)| count)
                .sum();
            counts.insert(self.today.number, of_today.saturating_sub(later));
        }
        Ok(counts)
    }

    /// How much there is today, and how much there usually is by now.
    pub(super) fn so_far(&self, counts: &Counts) -> So {
        let hour = Period::hour(self.now);
        let present = (hour.number - self.today.number) as usize;
        let today = (0..=present).map(|hour| at(counts, self.today, hour)).sum();
        let whole: Option<f64> = (0..present).map(|hour| self.usual(counts, hour)).sum();
        let part = part_of_hour(self.now);
        let usual = self.usual(counts, present).zip(whole);
        So {
            today,
            usual: usual.map(|(present, whole)| whole + present * part),
        }
    }

    /// How much there usually is in an hour of a day like today; nothing where there was no such day
    /// since there is anything.
    pub(super) fn usual(&self, counts: &Counts, hour: usize) -> Option<f64> {
        let begun = self.begun?;
        let days = self.before.iter();
        let alike: Vec<u64> = days
            .filter(|(first, alike)| *alike && first.number + OF_A_DAY as u32 > begun)
            .map(|(first, _)| at(counts, *first, hour))
            .collect();
        let sum: u64 = alike.iter().sum();
        (!alike.is_empty()).then(|| sum as f64 / alike.len() as f64)
    }

    /// Today beside a usual day, hour by hour.
    pub(super) fn table(&self, view: &View<'_>, counts: &Counts) -> Table {
        let present = Period::hour(self.now).number - self.today.number;
        let hours = OF_A_DAY.max(present as usize + 1);
        let rows = (0..hours).map(|hour| {
            // What is not over would look as if there were less.
            let today = match hour >= present as usize {
                true => Value::Nothing,
                false => Value::Count(at(counts, self.today, hour)),
            };
            let usual = self.usual(counts, hour);
            let usual = usual.map_or(Value::Nothing, |usual| Value::Number(usual, 1));
            let name = (self.first_hour as usize + hour) % OF_A_DAY;
            vec![
                Cell::text(format!("{name:02}:00")),
                today.into(),
                usual.into(),
            ]
        });
        let rows: Vec<_> = match self.begun {
            None => Vec::new(),
            Some(_) => rows.collect(),
        };
        Table {
            id: "hours",
            caption: view.say("Visits by hour", "Bezoeken per uur").to_owned(),
            columns: vec![
                Column::new(view.say("Hour", "Uur")),
                Column::new(view.say("Today", "Vandaag")),
                Column::new(view.say("Usual", "Gebruikelijk")),
            ],
            rows,
            empty: empty(
                view.say(
                    "No visits in the last two weeks",
                    "Geen bezoeken in de afgelopen twee weken",
                ),
                &html! { p { (view.say(
                    "Put the script tag into your pages; the page Live says whether events come in.",
                    "Zet de scripttag in uw pagina's; de pagina Live laat zien of er gebeurtenissen binnenkomen.",
                )) } },
            ),
        }
    }
}

fn at(counts: &Counts, first: Period, hour: usize) -> u64 {
    let hour = first.number.saturating_add(hour as u32);
    counts.get(&hour).copied().unwrap_or(0)
}

/// The beginnings of today and of the days before it, whether each is a working day, and at which hour it
/// begins.
fn midnights(now: Timestamp, zone: &TimeZone) -> Vec<(Timestamp, bool, i8)> {
    let Ok(milliseconds) = i64::try_from(now.as_milliseconds()) else {
        return Vec::new();
    };
    let Ok(at) = jiff::Timestamp::from_millisecond(milliseconds) else {
        return Vec::new();
    };
    let today = at.to_zoned(zone.clone());
    let days = (0..=DAYS).filter_map(|day| {
        let date = today.date().checked_sub(jiff::Span::new().days(day)).ok()?;
        let start = date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
        let weekday = date.weekday().to_monday_one_offset();
        let at = Timestamp::from_milliseconds(start.timestamp().as_millisecond());
        Some((at, weekday <= 5, start.hour()))
    });
    days.collect()
}

/// How much of the present hour is over.
fn part_of_hour(now: Timestamp) -> f64 {
    (now.as_milliseconds() % HOUR.0) as f64 / HOUR.0 as f64
}

/// How much of a day is usually over by now, by what is counted in its hours.
pub(super) fn part_of_day(counts: &Counts, calendar: &Calendar, now: Timestamp) -> f64 {
    let today = calendar.day(now);
    let passed = |at: Timestamp| at.since(calendar.start(calendar.day(at))).0 as f64;
    let until_now = passed(now);
    let (mut so_far, mut whole) = (0.0, 0.0);
    for (number, count) in counts {
        let (step, number) = (Step::Hour, *number);
        let start = calendar.start(Period { step, number });
        if calendar.day(start) >= today {
            continue;
        }
        let count = *count as f64;
        let part = (until_now - passed(start)) / HOUR.0 as f64;
        whole += count;
        so_far += count * part.clamp(0.0, 1.0);
    }
    if whole > 0.0 { so_far / whole } else { 0.0 }
}

/// The present hour as far as it is over, and the one before it.
pub(super) fn last_two_hours(counts: &Counts, hours: &Hours) -> (u64, Option<f64>) {
    let present = Period::hour(hours.now).number;
    let count = |hour: u32| counts.get(&hour).copied().unwrap_or(0);
    let place = present.saturating_sub(hours.today.number) as usize;
    let usual = place
        .checked_sub(1)
        .and_then(|place| hours.usual(counts, place));
    (count(present) + count(present.saturating_sub(1)), usual)
}

const _: () = assert!(DAYS < Step::Hour.days_kept() as i64);

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn counts(all: &[(&str, u64)]) -> Counts {
        all.iter()
            .map(|(at, count)| (Period::hour(moment(at)).number, *count))
            .collect()
    }

    #[test]
    fn today_beside_days_like_it() {
        let zone = jiff::tz::db().get("Europe/Amsterdam").unwrap();
        // A Tuesday, 10:30 by the clocks of the site.
        let hours = Hours::of(moment("2026-11-24T09:30:00Z"), &zone);
        assert_eq!(hours.midnight(), moment("2026-11-23T23:00:00Z"));
        let visits = counts(&[
            // Monday, Friday, and a Saturday, which is no day like it.
            ("2026-11-22T23:00:00Z", 3),
            ("2026-11-23T09:00:00Z", 8),
            ("2026-11-20T09:00:00Z", 4),
            ("2026-11-20T20:00:00Z", 90),
            ("2026-11-21T09:00:00Z", 500),
            ("2026-11-23T22:00:00Z", 70),
            // Today.
            ("2026-11-23T23:00:00Z", 5),
            ("2026-11-24T09:00:00Z", 2),
        ]);
        let hours = hours.begun_with(&visits);
        let so = hours.so_far(&visits);
        // 3 at midnight and half of 12 at ten o'clock, of two days.
        assert_eq!(
            so,
            So {
                today: 7,
                usual: Some((3.0 + 6.0) / 2.0)
            }
        );
        assert_eq!(hours.usual(&visits, 21), Some(45.0));
        // Of something else there is usually nothing.
        let none = So {
            today: 0,
            usual: Some(0.0),
        };
        assert_eq!(hours.so_far(&Counts::new()), none);
        // Only what is of today: there is no usual day yet.
        let first = counts(&[("2026-11-24T09:00:00Z", 2)]);
        assert_eq!(
            hours.begun_with(&first).so_far(&first),
            So {
                today: 2,
                usual: None
            }
        );
    }

    #[test]
    fn a_day_on_which_clocks_are_changed() {
        let zone = jiff::tz::db().get("Europe/Amsterdam").unwrap();
        let hours = Hours::of(moment("2026-10-25T22:30:00Z"), &zone);
        assert_eq!(hours.midnight(), moment("2026-10-24T22:00:00Z"));
        assert_eq!(Period::hour(hours.now).number - hours.today.number, 24);
    }

    #[test]
    fn how_much_of_a_day_is_over() {
        let all = counts(&[
            ("2026-11-23T08:00:00Z", 10),
            ("2026-11-23T12:00:00Z", 4),
            ("2026-11-23T20:00:00Z", 6),
            // Of today nobody knows how much it will be.
            ("2026-11-24T08:00:00Z", 1_000),
        ]);
        for (zone, now, part) in [
            ("UTC", "2026-11-24T12:30:00Z", 0.6),
            ("UTC", "2026-11-24T00:00:00Z", 0.0),
            // There the last of yesterday's hours is of today.
            ("Asia/Kolkata", "2026-11-24T08:00:00Z", 0.0),
            ("Asia/Kolkata", "2026-11-24T10:00:00Z", 10.0 / 14.0),
        ] {
            let calendar = Calendar::of(&jiff::tz::db().get(zone).unwrap());
            assert_eq!(
                part_of_day(&all, &calendar, moment(now)),
                part,
                "{zone} {now}"
            );
            assert_eq!(part_of_day(&Counts::new(), &calendar, moment(now)), 0.0);
        }
    }
}
