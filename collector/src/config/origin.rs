//! Origins of web pages, as browsers send them in `Origin`: scheme, host and port, nothing else.

/// An origin in the form that browsers send: lower case, without the scheme's usual port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// What an origin looks like, for error messages.
pub(super) const FORM: &str =
    "it must be a scheme, a host and nothing else, such as \"https://www.example.nl\"";

impl Origin {
    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an origin as an owner writes it. A slash at the end is forgiven by nobody: browsers
    /// send none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://")?;
        let usual_port = match scheme {
            "https" => "443",
            "http" => "80",
            _ => return None,
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                let numeric = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
                if host.is_empty() || !host.bytes().all(numeric) {
                    return None;
                }
                let port = match rest {
                    "" => None,
                    rest => Some(rest.strip_prefix(':')?),
                };
                (&authority[..host.len() + 2], port)
            }
            None => {
                let (host, port) = match authority.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (authority, None),
                };
                if !is_host(host) {
                    return None;
                }
                (host, port)
            }
        };
        match port {
            None => Some(Self(format!("{scheme}://{host}"))),
            Some(port) if port == usual_port => Some(Self(format!("{scheme}://{host}"))),
            Some(port) => {
                let number: u16 = port.parse().ok()?;
                if number == 0 || port.starts_with(['0', '+']) {
                    return None;
                }
                Some(Self(format!("{scheme}://{host}:{number}")))
            }
        }
    }
}

/// Whether a text is the name of a host, in lower case.
pub(super) fn is_host(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| {
                    byte.is_ascii_lowercase()
                        || byte.is_ascii_digit()
                        || matches!(byte, b'-' | b'_')
                })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (text, expected) in [
            ("https://www.example.nl", Some("https://www.example.nl")),
            ("HTTPS://Example.nl:443", Some("https://example.nl")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://example.nl/", None),
            ("https://example.nl/pad", None),
            ("https://*.example.nl", None),
            ("https://a@example.nl", None),
            ("https://example.nl:0", None),
            ("https://example.nl:+80", None),
            ("https://example.nl:99999", None),
            ("https://", None),
            ("https://[::1", None),
            ("example.nl", None),
            ("ftp://example.nl", None),
            ("*", None),
            ("null", None),
        ] {
            let origin = Origin::parse(text);
            assert_eq!(origin.as_ref().map(Origin::as_str), expected, "{text}");
        }
    }
}
