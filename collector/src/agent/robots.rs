//! Which user agents are those of robots: crawlers, link previews, monitors, libraries, browsers
//! without a window.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

// What `build.rs` has made of the package: one expression for each robot.
include!(concat!(env!("OUT_DIR"), "/robots.rs"));

/// Programs that load the images of an e-mail when somebody reads it, on the reader's behalf.
const ON_BEHALF: [&str; 2] = ["GoogleImageProxy", "YahooMailProxy"];

/// Whether a user agent says to be a robot's.
pub(super) fn is_robot(text: &str) -> bool {
    static ANY: LazyLock<Option<Regex>> = LazyLock::new(any);
    ANY.as_ref()
        .is_some_and(|any| any.is_match(text.as_bytes()))
        && !ON_BEHALF.iter().any(|program| text.contains(program))
}

/// One expression for all: a text is read once however many robots there are.
fn any() -> Option<Regex> {
    let alone: Vec<String> = ROBOTS.iter().map(|one| format!("(?:{one})")).collect();
    if alone.is_empty() {
        return None;
    }
    let built = RegexBuilder::new(&alone.join("|")).unicode(false).build();
    // A test has built it: only a list that nobody tested can fail.
    built
        .inspect_err(|error| tracing::error!(%error, "the list of robots cannot be used"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_and_browsers() {
        assert!(
            ROBOTS.len() > 500,
            "the list is not embedded: `npm ci` brings the package crawler-user-agents"
        );
        for (text, expected) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                true,
            ),
            (
                "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
                true,
            ),
            (
                "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
                true,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
                true,
            ),
            ("python-requests/2.32.3", true),
            ("curl/8.5.0", true),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                false,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                false,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 300.0",
                false,
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; CUBOT NOTE) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0 Mobile Safari/537.36",
                false,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                false,
            ),
            // Somebody reads an e-mail.
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                false,
            ),
            (
                "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_robot(text), expected, "{text}");
        }
    }
}
