//! Hosts that the links of campaigns may lead to.

use super::origin;

/// A host, with its port where that is none of the usual ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClickHost {
    host: String,
    port: Option<u16>,
}

/// What one looks like, for error messages.
pub(super) const FORM: &str = "it must be the name of a host in lower case, such as \"shop.example.nl\", with a port where that \
     is neither 80 nor 443";

impl ClickHost {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.split_once(':') {
            None => (text, None),
            Some((host, port)) => {
                let number = port.parse::<u16>().ok()?;
                // Addresses name the usual ones only by leaving them out.
                if matches!(number, 0 | 80 | 443) || port.starts_with(['0', '+']) {
                    return None;
                }
                (host, Some(number))
            }
        };
        origin::is_host(host).then(|| Self {
            host: host.to_owned(),
            port,
        })
    }

    /// Whether it is this one. The port is given where it is none of the scheme's usual one.
    #[must_use]
    pub fn is(&self, host: &str, port: Option<u16>) -> bool {
        self.host == host && self.port == port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, host, port) in [
            ("shop.example.nl", "shop.example.nl", None),
            ("localhost:8080", "localhost", Some(8_080)),
        ] {
            assert!(ClickHost::parse(text).unwrap().is(host, port), "{text}");
            assert!(!ClickHost::parse(text).unwrap().is(host, Some(1)));
        }
        for text in [
            "",
            "Shop.nl",
            "https://a.nl",
            "a.nl/",
            "a.nl:443",
            "a.nl:",
            "a.nl:x",
            "*.a.nl",
            "a.nl.",
            "a@b.nl",
        ] {
            assert_eq!(ClickHost::parse(text), None, "{text}");
        }
    }
}
