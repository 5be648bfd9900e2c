//! The parts of a web address, as far as events need them: host, path, query parameters.
//!
//! A small reader and no full URL library, which would triple the size of the page's module. It
//! never fails: what does not look like an address simply has no host.

use alloc::string::String;
use alloc::vec::Vec;

use alloc::borrow::Cow;

use crate::text::{cut, pieces};

/// The parts of an address, borrowed from its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// `https`, or empty.
    pub scheme: &'a str,
    /// Host name without user and port, or empty.
    pub host: &'a str,
    /// Path from the first `/`; empty where there is none.
    pub path: &'a str,
    /// What is between `?` and `#`.
    pub query: &'a str,
    /// What follows `#`.
    pub fragment: &'a str,
}

impl<'a> Address<'a> {
    /// Splits an absolute address, or one relative to the host (`/path?query`).
    #[must_use]
    pub fn split(text: &'a str) -> Self {
        let (text, fragment) = cut(text, b'#').unwrap_or((text, ""));
        let (text, query) = cut(text, b'?').unwrap_or((text, ""));
        let mut address = Self {
            path: text,
            query,
            fragment,
            ..Self::default()
        };
        let Some((scheme, rest)) = cut(text, b':') else {
            return address;
        };
        let is_scheme =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if scheme.is_empty() || !scheme.bytes().all(is_scheme) {
            return address;
        }
        address.scheme = scheme;
        let Some(rest) = rest.strip_prefix("//") else {
            // `mailto:` and the like have neither host nor path.
            return Self {
                scheme,
                ..Self::default()
            };
        };
        let authority = cut(rest, b'/').map_or(rest, |(authority, _)| authority);
        address.path = rest.get(authority.len()..).unwrap_or_default();
        let host = cut(authority, b'@').map_or(authority, |(_, host)| host);
        address.host = match cut(host, b']') {
            // An IPv6 host keeps its brackets; a port can only follow them.
            Some((inside, _)) => host.get(..=inside.len()).unwrap_or(host),
            None => cut(host, b':').map_or(host, |(host, _)| host),
        };
        address
    }

    /// Names and values of the query, decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        pieces(self.query, b'&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = cut(pair, b'=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
    }
}

/// Decodes `+` and percent escapes of a query part. Broken escapes stay as they are, and so does a
/// text whose escapes do not make UTF-8.
///
/// Source: WHATWG URL standard, application/x-www-form-urlencoded parsing.
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        decoded.push(match (first, rest) {
            (b'+', _) => b' ',
            (b'%', [high, low, rest @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes = rest;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    match String::from_utf8(decoded) {
        Ok(decoded) => Cow::Owned(decoded),
        Err(_) => Cow::Borrowed(text),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

/// A host without a leading `www.`, which is how people name it.
#[must_use]
pub fn bare_host(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn parts() {
        for (text, scheme, host, path, query, fragment) in [
            (
                "https://www.example.nl/a/b?x=1&y=2#z",
                "https",
                "www.example.nl",
                "/a/b",
                "x=1&y=2",
                "z",
            ),
            ("http://h:8080", "http", "h", "", "", ""),
            ("http://u:p@h:8080/?q", "http", "h", "/", "q", ""),
            ("http://[::1]:80/a", "http", "[::1]", "/a", "", ""),
            ("/zoeken/?q=fiets", "", "", "/zoeken/", "q=fiets", ""),
            ("mailto:info@example.nl", "mailto", "", "", "", ""),
            ("", "", "", "", "", ""),
            (
                "android-app://com.google",
                "android-app",
                "com.google",
                "",
                "",
                "",
            ),
            ("?a=1", "", "", "", "a=1", ""),
            ("https://h#a?b", "https", "h", "", "", "a?b"),
        ] {
            let expected = Address {
                scheme,
                host,
                path,
                query,
                fragment,
            };
            assert_eq!(Address::split(text), expected, "{text}");
        }
    }

    #[test]
    fn decoding() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a+b", "a b"),
            ("caf%C3%A9", "café"),
            ("100%", "100%"),
            ("%zz%2", "%zz%2"),
            ("%ff", "%ff"),
            ("%00", "\0"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_breaks_it(text in "\\PC*") {
            let address = Address::split(&text);
            let _ = address.parameters().count();
        }
    }
}
