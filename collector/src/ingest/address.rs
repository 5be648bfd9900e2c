//! Network addresses in texts that are kept: a visitor's address is never written anywhere.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// What stands in the place of an address.
const REMOVED: &str = "[address]";

/// The text without whatever can be read as an address, in whatever field it stands.
pub(super) fn without_addresses(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    let mut rest = 0;
    while let Some(start) = text[rest..].find(is_part).map(|at| rest + at) {
        let end = text[start..]
            .find(|one| !is_part(one))
            .map_or(text.len(), |at| start + at);
        if is_address(&text[start..end]) && !is_version(&text[..start]) {
            out.push_str(&text[kept..start]);
            out.push_str(REMOVED);
            kept = end;
        }
        rest = end;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

const fn is_part(one: char) -> bool {
    one.is_ascii_hexdigit() || matches!(one, '.' | ':')
}

fn is_address(word: &str) -> bool {
    // A sentence ends in a dot, a name in a colon.
    let word = word.trim_matches('.');
    let word = word.strip_suffix(':').unwrap_or(word);
    word.len() > 2 && (word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok())
}

/// Whether what follows is the version of a product, as in `Chrome/142.0.0.0`.
fn is_version(before: &str) -> bool {
    let mut before = before.bytes().rev();
    before.next() == Some(b'/') && before.next().is_some_and(|one| one.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_an_address_goes() {
        for (text, expected) in [
            (r#"{"ip":"198.51.100.7"}"#, r#"{"ip":"[address]"}"#),
            ("198.51.100.7", "[address]"),
            ("at 198.51.100.7:4711.", "at [address]"),
            ("[2001:db8::7]:80 é", "[[address]]:80 é"),
            ("::ffff:198.51.100.7", "[address]"),
            ("http://198.51.100.7/a", "http://[address]/a"),
            ("1.2.3.4,5.6.7.8", "[address],[address]"),
            (
                "Chrome/142.0.0.0 Safari/537.36",
                "Chrome/142.0.0.0 Safari/537.36",
            ),
            ("2026-01-02T03:04:05.123Z", "2026-01-02T03:04:05.123Z"),
            ("::", "::"),
            ("é: café.", "é: café."),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text), expected, "{text}");
        }
    }
}
