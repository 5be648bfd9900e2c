//! On what a browser runs, in the terms of Segment's specification, "Spec: Common Fields".

use std::sync::LazyLock;

use woothee::parser::Parser;

/// What a browser runs on. Nothing stands where the text does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// `desktop`, `mobile`, `tablet` or `appliance`.
    pub kind: Option<&'static str>,
    /// Name of the operating system.
    pub system: Option<Box<str>>,
    /// Its version.
    pub system_version: Option<Box<str>>,
    /// Name of the browser.
    pub browser: Option<Box<str>>,
    /// Its version.
    pub browser_version: Option<Box<str>>,
}

/// User-agent client hints, as the headers have them; empty where there are none. They tell what
/// browsers no longer write into their user agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// `Sec-CH-UA`.
    pub brands: &'a str,
    /// `Sec-CH-UA-Mobile`.
    pub mobile: &'a str,
    /// `Sec-CH-UA-Platform`.
    pub platform: &'a str,
    /// `Sec-CH-UA-Platform-Version`, which browsers send only where they are asked to.
    pub platform_version: &'a str,
}

/// Longest name or version that is kept, in bytes.
const LONGEST: usize = 60;

impl Device {
    /// What a user agent tells.
    #[must_use]
    pub fn of(agent: &str) -> Self {
        static PARSER: LazyLock<Parser> = LazyLock::new(Parser::new);
        let Some(read) = PARSER.parse(agent) else {
            return Self::default();
        };
        let is_tablet = read.os == "iPad" || (read.os == "Android" && !agent.contains("Mobile"));
        let kind = match read.category {
            "pc" => Some("desktop"),
            "smartphone" if is_tablet => Some("tablet"),
            "smartphone" | "mobilephone" => Some("mobile"),
            "appliance" => Some("appliance"),
            _ => None,
        };
        let (system, version) = match read.os {
            "iPhone" | "iPod" => ("iOS", &*read.os_version),
            "iPad" => ("iPadOS", &*read.os_version),
            "Mac OSX" => ("macOS", &*read.os_version),
            windows if windows.starts_with("Windows") => match windows.split_once(' ') {
                Some(("Windows", version)) => ("Windows", version),
                _ => (windows, ""),
            },
            other => (other, &*read.os_version),
        };
        Self {
            kind,
            system: said(system),
            system_version: said(version),
            browser: said(read.name),
            browser_version: said(read.version),
        }
    }

    /// With what client hints tell, which goes before.
    #[must_use]
    pub fn with(mut self, hints: &Hints<'_>) -> Self {
        let plain = |text: &str| said(text.trim().trim_matches('"'));
        if let Some(platform) = plain(hints.platform) {
            // What the user agent says of the version is no longer true where there are hints.
            self.system_version = plain(hints.platform_version);
            self.system = Some(platform);
        }
        match hints.mobile.trim() {
            "?1" if self.kind != Some("tablet") => self.kind = Some("mobile"),
            "?0" if self.kind == Some("mobile") => self.kind = Some("tablet"),
            _ => {}
        }
        // The brand that is nobody else's stands beside the engine's and a made-up one.
        let brands = hints.brands.split(", ").filter_map(|brand| {
            let (name, version) = brand.split_once("\";v=\"")?;
            Some((name.strip_prefix('"')?, version.strip_suffix('"')?))
        });
        let own = |name: &str| name != "Chromium" && !name.contains("Brand") && name.is_ascii();
        if let Some((name, version)) = brands.into_iter().find(|(name, _)| own(name)) {
            let name = match name {
                "Google Chrome" => "Chrome",
                "Microsoft Edge" => "Edge",
                other => other,
            };
            // The user agent has the whole version.
            if self.browser.as_deref() != Some(name) {
                self.browser_version = said(version);
            }
            self.browser = said(name);
        }
        self
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

fn said(text: &str) -> Option<Box<str>> {
    let is_plain = |one: char| !one.is_control();
    (!text.is_empty() && text != "UNKNOWN" && text.len() <= LONGEST && text.chars().all(is_plain))
        .then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(device: &Device) -> String {
        let texts = [
            &device.system,
            &device.system_version,
            &device.browser,
            &device.browser_version,
        ];
        let texts = texts.map(|text| text.as_deref().unwrap_or("-"));
        format!("{} {}", device.kind.unwrap_or("-"), texts.join(" "))
    }

    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

    #[test]
    fn devices() {
        for (agent, expected) in [
            (WINDOWS, "desktop Windows 10 Chrome 142.0.0.0"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "desktop macOS 10.15.7 Safari 26.0",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                "mobile iOS 18.6 Safari 18.6",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
                "tablet iPadOS 17.4 Safari 17.4",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "mobile Android 10 SamsungBrowser 28.0",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "tablet Android 14 Chrome 142.0.0.0",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "desktop Linux - Firefox 145.0",
            ),
            ("nonsense", "- - - - -"),
            ("", "- - - - -"),
        ] {
            assert_eq!(shown(&Device::of(agent)), expected, "{agent}");
        }
    }

    #[test]
    fn hints_go_before() {
        let chrome =
            "\"Chromium\";v=\"142\", \"Google Chrome\";v=\"142\", \"Not_A Brand\";v=\"99\"";
        for (brands, mobile, platform, version, expected) in [
            (
                chrome,
                "?0",
                "\"Windows\"",
                "\"15.0.0\"",
                "desktop Windows 15.0.0 Chrome 142.0.0.0",
            ),
            (
                chrome,
                "?0",
                "\"macOS\"",
                "",
                "desktop macOS - Chrome 142.0.0.0",
            ),
            (
                "\"Not(A:Brand\";v=\"8\", \"Chromium\";v=\"142\", \"Brave\";v=\"142\"",
                "?1",
                "",
                "",
                "mobile Windows 10 Brave 142",
            ),
            (
                "nonsense",
                "x",
                "\"\u{1}\"",
                "",
                "desktop Windows 10 Chrome 142.0.0.0",
            ),
            ("", "", "", "", "desktop Windows 10 Chrome 142.0.0.0"),
        ] {
            let hints = Hints {
                brands,
                mobile,
                platform,
                platform_version: version,
            };
            assert_eq!(
                shown(&Device::of(WINDOWS).with(&hints)),
                expected,
                "{brands}"
            );
        }
    }
}
