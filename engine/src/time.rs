//! Moments and lengths of time, in milliseconds, and their RFC 3339 text.
//!
//! Never asks what time it is.

use alloc::string::String;

use core::fmt;

/// A length of time in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milliseconds(pub u64);

impl Milliseconds {
    /// A length of so many minutes.
    #[must_use]
    pub const fn from_minutes(minutes: u64) -> Self {
        Self(minutes * 60_000)
    }

    /// A length of so many days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self(days * 86_400_000)
    }

    /// Seconds, rounded to the millisecond; negative and not-a-number become zero, and anything
    /// over a year becomes a year.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        const YEAR: f64 = 366.0 * 86_400.0;
        if seconds.is_nan() || seconds <= 0.0 {
            return Self(0);
        }
        Self((seconds.min(YEAR) * 1_000.0 + 0.5) as u64)
    }

    /// The length in seconds.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z, from 1970 up to and including 2099.
///
/// Clocks of visitors are wrong in every possible way, so the type admits only moments that the
/// rest of the code can do arithmetic with; [`Timestamp::from_milliseconds`] clamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The first millisecond of the year 2100.
const END: u64 = 4_102_444_800_000;

impl Timestamp {
    /// The earliest moment there is.
    pub const MIN: Self = Self(0);
    /// The latest moment there is.
    pub const MAX: Self = Self(END - 1);

    /// Milliseconds since the Unix epoch, clamped to what the type admits.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        let milliseconds = if milliseconds < 0 {
            0
        } else {
            milliseconds as u64
        };
        Self(milliseconds).clamped()
    }

    const fn clamped(self) -> Self {
        if self.0 < END { self } else { Self::MAX }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_milliseconds(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Milliseconds {
        Milliseconds(self.0.saturating_sub(earlier.0))
    }

    /// This moment and a length of time, clamped.
    #[must_use]
    pub const fn plus(self, length: Milliseconds) -> Self {
        Self(self.0.saturating_add(length.0)).clamped()
    }

    /// This moment less a length of time, clamped.
    #[must_use]
    pub const fn minus(self, length: Milliseconds) -> Self {
        Self(self.0.saturating_sub(length.0))
    }

    /// The beginning of this second.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0 / 1_000 * 1_000)
    }

    /// Reads an RFC 3339 moment (`2026-11-23T13:52:54.123Z`, `2026-11-23T13:52:54+01:00`). A space
    /// or lower case letters in place of `T` and `Z` are read too; fractions past the millisecond
    /// are cut.
    ///
    /// # Errors
    /// [`TimestampError`] tells what is wrong.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let bytes = text.as_bytes();
        if bytes.len() < 20 {
            return Err(TimestampError::Format);
        }
        let number = |range: core::ops::Range<usize>| -> Result<i64, TimestampError> {
            let mut value = 0;
            for &byte in bytes.get(range).ok_or(TimestampError::Format)? {
                if !byte.is_ascii_digit() {
                    return Err(TimestampError::Format);
                }
                value = value * 10 + i64::from(byte - b'0');
            }
            Ok(value)
        };
        let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        if separators.iter().any(|&(at, byte)| bytes[at] != byte)
            || !matches!(bytes[10], b'T' | b't' | b' ')
        {
            return Err(TimestampError::Format);
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        if !(1..=12).contains(&month)
            || !(1..=days_of_month(year, month)).contains(&day)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return Err(TimestampError::Range);
        }
        let mut at = 19;
        let mut fraction = 0;
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            let start = at;
            let mut scale = 100;
            while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
                fraction += i64::from(digit - b'0') * scale;
                scale /= 10;
                at += 1;
            }
            if at == start {
                return Err(TimestampError::Format);
            }
        }
        let offset_minutes = match bytes.get(at) {
            Some(b'Z' | b'z') if bytes.len() == at + 1 => 0,
            Some(sign @ (b'+' | b'-')) if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
                let (hours, minutes) = (number(at + 1..at + 3)?, number(at + 4..at + 6)?);
                if hours > 23 || minutes > 59 {
                    return Err(TimestampError::Range);
                }
                let offset = hours * 60 + minutes;
                if *sign == b'+' { offset } else { -offset }
            }
            _ => return Err(TimestampError::Format),
        };
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60
            - offset_minutes * 60
            + second;
        let milliseconds = seconds * 1_000 + fraction;
        if milliseconds < 0 || milliseconds as u64 >= END {
            return Err(TimestampError::Range);
        }
        Ok(Self(milliseconds as u64))
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub const fn date(self) -> (u64, u64, u64) {
        let (year, month, day) = civil_from_days((self.0 / 86_400_000) as i64);
        (year as u64, month as u64, day as u64)
    }

    /// Appends the moment as RFC 3339 in UTC with milliseconds.
    pub fn write_rfc3339(self, out: &mut String) {
        let of_day = self.0 % 86_400_000;
        let (year, month, day) = self.date();
        digits(out, year, 4);
        for (separator, value, width) in [
            ('-', month, 2),
            ('-', day, 2),
            ('T', of_day / 3_600_000, 2),
            (':', of_day / 60_000 % 60, 2),
            (':', of_day / 1_000 % 60, 2),
            ('.', of_day % 1_000, 3),
        ] {
            out.push(separator);
            digits(out, value, width);
        }
        out.push('Z');
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(24);
        self.write_rfc3339(&mut text);
        formatter.write_str(&text)
    }
}

/// Why a text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampError {
    /// It does not have the form of RFC 3339.
    Format,
    /// It has the form, but no such moment exists, or it lies outside 1970 to 2099.
    Range,
}

impl fmt::Display for TimestampError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Format => "is not an RFC 3339 date and time such as 2026-11-23T13:52:54.123Z",
            Self::Range => "is not an existing date and time between 1970 and 2099",
        })
    }
}

impl core::error::Error for TimestampError {}

/// Appends the last `width` decimal digits of a number.
fn digits(out: &mut String, value: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (value / 10_u64.pow(place) % 10) as u8));
    }
}

const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]; same source.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_are_moments() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T13:52:54.123Z", 1_795_441_974_123),
            ("2026-11-23T13:52:54.123999Z", 1_795_441_974_123),
            ("2026-11-23T14:52:54.123+01:00", 1_795_441_974_123),
            ("2026-11-23 13:52:54.1z", 1_795_441_974_100),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2099-12-31T23:59:59.999Z", 4_102_444_799_999),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.0), Ok(expected), "{text}");
        }
    }

    #[test]
    fn texts_that_are_not() {
        use TimestampError::{Format, Range};
        for (text, expected) in [
            ("", Format),
            ("yesterday", Format),
            ("2026-11-23", Format),
            ("2026-11-23T13:52:54", Format),
            ("2026-11-23T13:52:54.Z", Format),
            ("2026-11-23T13:52:54+0100", Format),
            ("2026-11-23T13:52:54Zz", Format),
            ("2026-1é-23T13:52:54Z", Format),
            ("2026-13-23T13:52:54Z", Range),
            ("2025-02-29T13:52:54Z", Range),
            ("2026-11-23T24:52:54Z", Range),
            ("2100-01-01T00:00:00Z", Range),
            ("1969-12-31T23:59:59Z", Range),
            ("0000-00-00T00:00:00Z", Range),
        ] {
            assert_eq!(Timestamp::parse(text), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_back(milliseconds in 0..END) {
            let moment = Timestamp(milliseconds);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
        }
    }
}
