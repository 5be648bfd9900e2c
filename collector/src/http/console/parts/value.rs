//! A value as it is shown, as it is written into CSV, and as a chart reads it.

use firstglance_engine::{Milliseconds, Timestamp};
use jiff::tz::TimeZone;

use crate::http::console::language::Language;
use crate::store::counting::Period;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::http::console) enum Value {
    /// There is none.
    Nothing,
    /// A text, perhaps from outside.
    Text(String),
    /// How many.
    Count(u64),
    /// A number with so many decimals.
    Number(f64, usize),
    /// A share, 0 to 1.
    Share(f64),
    /// An amount in hundredths of the owner's currency.
    Money(i64),
    /// A moment, to the minute.
    Moment(Timestamp),
    /// A day.
    Day(Period),
    /// How long.
    Duration(Milliseconds),
    /// So many bytes.
    Bytes(u64),
}

impl Value {
    /// For people.
    pub(in crate::http::console) fn shown(&self, language: Language, zone: &TimeZone) -> String {
        match self {
            Self::Nothing => "–".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => language.count(*count),
            Self::Number(number, decimals) => language.number(*number, *decimals),
            Self::Share(share) => language.share(*share),
            Self::Money(hundredths) => language.number(*hundredths as f64 / 100.0, 2),
            Self::Moment(at) => language.moment(*at, zone),
            Self::Day(day) => language.date(day.date()),
            Self::Duration(time) => language.duration(time.0),
            Self::Bytes(bytes) => language.bytes(*bytes),
        }
    }

    /// For programs: with a point before decimals, moments by RFC 3339, amounts in whole units,
    /// durations in seconds.
    pub(in crate::http::console) fn plain(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(count) | Self::Bytes(count) => count.to_string(),
            Self::Number(number, _) | Self::Share(number) => number.to_string(),
            Self::Money(hundredths) => {
                let sign = if *hundredths < 0 { "-" } else { "" };
                let amount = hundredths.unsigned_abs();
                format!("{sign}{}.{:02}", amount / 100, amount % 100)
            }
            Self::Moment(at) => at.to_string(),
            Self::Day(day) => day.date().to_string(),
            Self::Duration(time) => format!("{}.{:03}", time.0 / 1_000, time.0 % 1_000),
        }
    }

    /// Whether it stands on the right, with digits under digits.
    pub(in crate::http::console) const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Count(_)
                | Self::Number(..)
                | Self::Share(_)
                | Self::Money(_)
                | Self::Duration(_)
                | Self::Bytes(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people_and_for_programs() {
        let day = Period::of_date("2026-05-31".parse().unwrap()).unwrap();
        for (value, shown, plain) in [
            (Value::Nothing, "–", ""),
            (Value::Text("=1".to_owned()), "=1", "=1"),
            (Value::Count(1_200), "1.200", "1200"),
            (Value::Share(0.128), "13%", "0.128"),
            (Value::Money(-123_405), "−1.234,05", "-1234.05"),
            (Value::Day(day), "31 mei 2026", "2026-05-31"),
            (Value::Duration(Milliseconds(61_500)), "1 min 1 s", "61.500"),
            (Value::Bytes(999), "999 B", "999"),
            (Value::Bytes(1_260_000), "1,3 MB", "1260000"),
            (Value::Bytes(73_000_000_000), "73 GB", "73000000000"),
        ] {
            assert_eq!(value.shown(Language::Dutch, &TimeZone::UTC), shown);
            assert_eq!(value.plain(), plain);
        }
    }
}
