//! The parts of a web address, as far as events need them: host, path, query parameters.
//!
//! The server's side: the page has the browser's own, and tells the engine the parts. It never
//! fails: what does not look like an address simply has no host.

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

/// Decodes `+` and percent escapes of a query part. Broken escapes stay as they are; bytes that are
/// not UTF-8 become U+FFFD.
///
/// Source: WHATWG URL standard, application/x-www-form-urlencoded parsing.
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'+' | b'%')) {
        return Cow::Borrowed(text);
    }
    let bytes = percent_decoded(
        text.bytes()
            .map(|byte| if byte == b'+' { b' ' } else { byte }),
    );
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Decodes a path, as the browser's `decodeURIComponent` does. One that it refuses stays as it is,
/// and so does one that hides control characters.
#[must_use]
pub fn decode_path(path: &str) -> Cow<'_, str> {
    if !path.bytes().any(|byte| byte == b'%') {
        return Cow::Borrowed(path);
    }
    let mut escapes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'%');
    let broken = escapes.any(|(at, _)| {
        let digits = path.as_bytes().get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    match String::from_utf8(percent_decoded(path.bytes())) {
        Ok(decoded) if !broken && decoded.chars().all(|one| one >= ' ') => Cow::Owned(decoded),
        _ => Cow::Borrowed(path),
    }
}

fn percent_decoded(mut bytes: impl Iterator<Item = u8> + Clone) -> Vec<u8> {
    let mut decoded = Vec::new();
    while let Some(first) = bytes.next() {
        let mut rest = bytes.clone();
        match (first, rest.next().and_then(hex), rest.next().and_then(hex)) {
            (b'%', Some(high), Some(low)) => {
                bytes = rest;
                decoded.push(high << 4 | low);
            }
            _ => decoded.push(first),
        }
    }
    decoded
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
            ("%ff", "\u{fffd}"),
            ("%e2%82%acx", "€x"),
            ("%+1", "% 1"),
            ("%00", "\0"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }

    #[test]
    fn paths() {
        for (path, expected) in [
            ("/a/b", "/a/b"),
            ("/caf%C3%A9/a+b", "/café/a+b"),
            ("/100%/x", "/100%/x"),
            ("/%ff", "/%ff"),
            ("/%0a%41", "/%0a%41"),
            ("/%2F%20", "// "),
        ] {
            assert_eq!(decode_path(path), expected, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_escaped_is_decoded(text in "\\PC*") {
            let escaped: String = text.bytes().map(|byte| std::format!("%{byte:02x}")).collect();
            proptest::prop_assert_eq!(decode(&escaped), text);
        }

        #[test]
        fn nothing_breaks_it(text in "\\PC*") {
            let address = Address::split(&text);
            let _ = address.parameters().count();
        }
    }
}
