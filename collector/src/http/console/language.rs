//! The two languages of the console, and how each writes numbers and dates. Texts stand where they
//! are used, both languages side by side, so that none can be missing. Knows nothing of what is shown.

use firstglance_engine::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What the console is read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Dutch,
}

impl Language {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Dutch];

    /// As in the attribute `lang`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dutch => "nl",
        }
    }

    /// Its name in itself.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Dutch => "Nederlands",
        }
    }

    /// The language of a code.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The first that a browser asks for, in the order in which it names them.
    pub(super) fn accepted(header: &str) -> Option<Self> {
        let mut tags = header.split(',').map(|tag| {
            let tag = tag.split(';').next().unwrap_or_default().trim();
            tag.split('-').next().unwrap_or_default()
        });
        tags.find_map(|tag| Self::of_code(&tag.to_ascii_lowercase()))
    }

    /// The text in this language.
    pub(super) const fn say<'a>(self, english: &'a str, dutch: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::Dutch => dutch,
        }
    }

    /// A count, in groups of three.
    pub(super) fn count(self, count: u64) -> String {
        let digits = count.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.char_indices() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                text.push(self.between_groups());
            }
            text.push(digit);
        }
        text
    }

    /// A number with so many decimals.
    pub(super) fn number(self, number: f64, decimals: usize) -> String {
        if !number.is_finite() {
            return "–".to_owned();
        }
        let text = format!("{:.decimals$}", number.abs());
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let sign = if number < 0.0 && !is_zero { "−" } else { "" };
        let whole = whole
            .parse()
            .map_or(whole.to_owned(), |count| self.count(count));
        match part {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}{}{part}", self.before_decimals()),
        }
    }

    /// A share between 0 and 1, in hundredths.
    pub(super) fn share(self, share: f64) -> String {
        let hundredths = share * 100.0;
        let decimals = usize::from(hundredths.abs() < 10.0 && hundredths != 0.0);
        format!("{}%", self.number(hundredths, decimals))
    }

    /// So many bytes, in the unit that is easiest to read.
    #[allow(clippy::cast_precision_loss)] // To two digits.
    pub(super) fn bytes(self, bytes: u64) -> String {
        let mut size = bytes as f64;
        let mut unit = "B";
        for larger in ["kB", "MB", "GB", "TB"] {
            if size < 1_000.0 {
                break;
            }
            (size, unit) = (size / 1_000.0, larger);
        }
        let decimals = usize::from(size < 10.0 && unit != "B");
        format!("{} {unit}", self.number(size, decimals))
    }

    /// How long something took.
    pub(super) fn duration(self, milliseconds: u64) -> String {
        let seconds = milliseconds / 1_000;
        match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, 0) if milliseconds > 0 => format!("{milliseconds} ms"),
            (0, 0, seconds) => format!("{seconds} s"),
            (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
            (hours, minutes, _) => {
                let hour = self.say("h", "u");
                format!("{hours} {hour} {minutes} min")
            }
        }
    }

    const fn between_groups(self) -> char {
        match self {
            Self::English => ',',
            Self::Dutch => '.',
        }
    }

    const fn before_decimals(self) -> char {
        match self {
            Self::English => '.',
            Self::Dutch => ',',
        }
    }

    /// A day, in a zone.
    pub(super) fn day(self, at: Timestamp, zone: &TimeZone) -> String {
        let Some(local) = local(at, zone) else {
            return at.to_string();
        };
        self.date(local.date())
    }

    /// A date.
    pub(super) fn date(self, date: Date) -> String {
        format!(
            "{} {} {}",
            date.day(),
            self.month(date.month()),
            date.year()
        )
    }

    /// A moment to the minute, in a zone.
    pub(super) fn moment(self, at: Timestamp, zone: &TimeZone) -> String {
        let Some(local) = local(at, zone) else {
            return at.to_string();
        };
        let time = format!("{:02}:{:02}", local.hour(), local.minute());
        format!("{} {time}", self.day(at, zone))
    }

    /// The time of day to the second, in a zone.
    pub(super) fn time(self, at: Timestamp, zone: &TimeZone) -> String {
        local(at, zone).map_or_else(
            || at.to_string(),
            |local| {
                let (hour, minute, second) = (local.hour(), local.minute(), local.second());
                format!("{hour:02}:{minute:02}:{second:02}")
            },
        )
    }

    fn month(self, month: i8) -> &'static str {
        let place = usize::try_from(month - 1).unwrap_or_default();
        let names = match self {
            Self::English => [
                "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
            ],
            Self::Dutch => [
                "jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
            ],
        };
        names.get(place).copied().unwrap_or_default()
    }
}

fn local(at: Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
    let milliseconds = i64::try_from(at.as_milliseconds()).ok()?;
    let at = jiff::Timestamp::from_millisecond(milliseconds).ok()?;
    Some(at.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let (english, dutch) = (Language::English, Language::Dutch);
        for (count, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(english.count(count), expected);
            assert_eq!(dutch.count(count), expected.replace(',', "."));
        }
        for (number, decimals, expected) in [
            (1_234.5, 1, "1.234,5"),
            (-0.04, 1, "0,0"),
            (-12.0, 0, "−12"),
            (f64::NAN, 1, "–"),
        ] {
            assert_eq!(dutch.number(number, decimals), expected);
        }
        for (share, expected) in [(0.0, "0%"), (0.034, "3.4%"), (0.5, "50%"), (1.0, "100%")] {
            assert_eq!(english.share(share), expected);
        }
        for (milliseconds, expected) in [
            (0, "0 s"),
            (7, "7 ms"),
            (61_000, "1 min 1 s"),
            (7_260_000, "2 u 1 min"),
        ] {
            assert_eq!(dutch.duration(milliseconds), expected);
        }
    }

    #[test]
    fn dates_are_of_the_zone() {
        let at = Timestamp::parse("2026-05-31T23:05:09Z").unwrap();
        let zone = jiff::tz::db().get("Europe/Amsterdam").unwrap();
        assert_eq!(Language::English.moment(at, &zone), "1 Jun 2026 01:05");
        assert_eq!(
            Language::Dutch.moment(at, &TimeZone::UTC),
            "31 mei 2026 23:05"
        );
        assert_eq!(Language::Dutch.time(at, &zone), "01:05:09");
    }

    #[test]
    fn languages_that_browsers_ask_for() {
        for (header, expected) in [
            ("nl-NL,nl;q=0.9,en;q=0.8", Some(Language::Dutch)),
            ("de, EN;q=0.5", Some(Language::English)),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), expected, "{header}");
        }
    }
}
