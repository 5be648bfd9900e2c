//! Lengths of time as an owner writes them: `14d`, `12h`.

use firstglance_engine::Milliseconds;

/// The shortest and longest half-life that make sense.
const SHORTEST: Milliseconds = Milliseconds::from_minutes(1);
const LONGEST: Milliseconds = Milliseconds::from_days(3_650);

/// What a length of time looks like, for error messages.
pub(super) const FORM: &str =
    "it must be a whole number and m, h, d or w, such as \"12h\" or \"14d\"";

/// What range it may have, for error messages.
pub(super) const RANGE: &str = "it must be between \"1m\" and \"3650d\"";

/// A length of time as an owner writes it: `90d`.
///
/// # Errors
/// The sentence that says what would be right.
pub fn parse(text: &str) -> Result<Milliseconds, &'static str> {
    let unit = text.chars().next_back().ok_or(FORM)?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 1_440,
        'w' => 10_080,
        _ => return Err(FORM),
    };
    let number = &text[..text.len() - unit.len_utf8()];
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FORM);
    }
    let length = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(minutes * 60_000))
        .map(Milliseconds)
        .ok_or(RANGE)?;
    if (SHORTEST..=LONGEST).contains(&length) {
        Ok(length)
    } else {
        Err(RANGE)
    }
}

/// A length of time as an owner would write it, in whole minutes.
pub(super) fn written(length: Milliseconds) -> String {
    let minutes = length.0 / 60_000;
    match minutes {
        _ if minutes.is_multiple_of(1_440) => format!("{}d", minutes / 1_440),
        _ if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
        _ => format!("{minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, expected) in [
            ("14d", Ok(Milliseconds::from_days(14))),
            ("12h", Ok(Milliseconds::from_minutes(720))),
            ("90m", Ok(Milliseconds::from_minutes(90))),
            ("2w", Ok(Milliseconds::from_days(14))),
            ("", Err(FORM)),
            ("d", Err(FORM)),
            ("14", Err(FORM)),
            ("-1d", Err(FORM)),
            ("1.5d", Err(FORM)),
            ("14 d", Err(FORM)),
            ("14é", Err(FORM)),
            ("0d", Err(RANGE)),
            ("99999999999999999999d", Err(RANGE)),
            ("4000d", Err(RANGE)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
