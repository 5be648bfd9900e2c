//! Where a character of a text stands in the configuration that has it in quotes.

/// For each byte of a text's value, and its end, how far from the opening quotes it was written.
/// Escapes make them differ, and so does the line break that may follow three quotes.
pub(super) fn places(written: &str, value: &str) -> Vec<usize> {
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    let opening = quotes
        .into_iter()
        .find(|quotes| written.starts_with(quotes));
    let opening = opening.unwrap_or("");
    let is_basic = opening.starts_with('"');
    let mut at = opening.len();
    if opening.len() == 3 {
        let rest = written.get(at..).unwrap_or_default();
        at += ["\r\n", "\n"]
            .into_iter()
            .find(|line| rest.starts_with(line))
            .map_or(0, str::len);
    }
    let mut places = Vec::with_capacity(value.len() + 1);
    for character in value.chars() {
        let rest = written.get(at..).unwrap_or_default();
        if is_basic {
            at += continued(rest);
        }
        let rest = written.get(at..).unwrap_or_default();
        let length = match rest.strip_prefix('\\') {
            Some(escaped) if is_basic => 1 + escape(escaped),
            _ if character == '\n' && rest.starts_with("\r\n") => 2,
            _ => character.len_utf8(),
        };
        places.extend(std::iter::repeat_n(at, character.len_utf8()));
        at += length;
    }
    places.push(at);
    places
}

/// Length of what an escape has after its backslash.
fn escape(escaped: &str) -> usize {
    match escaped.bytes().next() {
        Some(b'x') => 3,
        Some(b'u') => 5,
        Some(b'U') => 9,
        _ => 1,
    }
}

/// Length of backslashes at ends of lines, and of the space after them, which are no text.
fn continued(written: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = written
        .get(length..)
        .and_then(|rest| rest.strip_prefix('\\'))
    {
        let space = rest.len() - rest.trim_start().len();
        if !rest.get(..space).is_some_and(|space| space.contains('\n')) {
            break;
        }
        length += 1 + space;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_quotes() {
        for (written, value, expected) in [
            ("'abc'", "abc", vec![1, 2, 3, 4]),
            ("\"a\\\"b\"", "a\"b", vec![1, 2, 4, 5]),
            ("\"\\u00e9b\"", "éb", vec![1, 1, 7, 8]),
            ("'''\nab'''", "ab", vec![4, 5, 6]),
            ("'''\r\na\r\nb'''", "a\nb", vec![5, 6, 8, 9]),
            ("\"\"\"a\\\n   b\"\"\"", "ab", vec![3, 9, 10]),
        ] {
            assert_eq!(places(written, value), expected, "{written}");
        }
    }
}
