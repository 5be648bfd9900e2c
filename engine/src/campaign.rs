//! Campaigns: the UTM parameters and the advertising platforms' click ids of an address.
//!
//! Sources: Google Analytics help, "Collect campaign data with custom URLs" (the nine `utm_`
//! parameters); the platforms' own documentation for their click ids.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use crate::address::Address;
use crate::text::{clip, cut, pieces};

/// Longest campaign value kept, in bytes.
pub const MAX_VALUE_BYTES: usize = 200;

/// What the address of a page says of the campaign that led there: UTM parameters and a click id.
///
/// Kept as one text, a line `name=value` for each that was given, in the order of [`FIELDS`] and
/// then [`CLICK_IDS`]: most page views have none, and a profile keeps only a few.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Campaign(Box<str>);

/// The UTM parameters of an address and their names in `context.campaign`: who sent the visitor, by
/// what kind of link, which campaign, paid search term, which link or advertisement, id of the
/// campaign, platform that directed the traffic, kind of creative, targeting criteria.
pub const FIELDS: [(&str, &str); 9] = [
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_campaign", "name"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("utm_id", "id"),
    ("utm_source_platform", "source_platform"),
    ("utm_creative_format", "creative_format"),
    ("utm_marketing_tactic", "marketing_tactic"),
];

/// A click id: the parameter that an advertising platform adds to the addresses it sends people to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClickId<'a> {
    /// The parameter, one of [`CLICK_IDS`].
    pub name: &'static str,
    /// The platform that it means.
    pub platform: &'static str,
    /// Its value.
    pub value: &'a str,
}

/// Click id parameters. The first that an address has counts.
pub const CLICK_IDS: [&str; 24] = [
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "fbclid",
    "igshid",
    "li_fat_id",
    "ttclid",
    "twclid",
    "epik",
    "ScCid",
    "rdt_cid",
    "qclid",
    "yclid",
    "tblci",
    "dicbo",
    "vmcid",
    "irclickid",
    "awc",
    "cjevent",
    "mc_eid",
    "_hsenc",
    "mkt_tok",
];

/// The platforms that [`CLICK_IDS`] mean, in the same order. Apart, because the page has no use for
/// them.
pub const PLATFORMS: [&str; 24] = [
    "Google Ads",
    "Google Ads",
    "Google Ads",
    "Google Display & Video 360",
    "Microsoft Advertising",
    "Facebook",
    "Instagram",
    "LinkedIn",
    "TikTok",
    "X",
    "Pinterest",
    "Snapchat",
    "Reddit",
    "Quora",
    "Yandex Direct",
    "Taboola",
    "Outbrain",
    "Yahoo",
    "Impact",
    "Awin",
    "CJ Affiliate",
    "Mailchimp",
    "HubSpot",
    "Marketo",
];

impl Campaign {
    /// Reads the UTM parameters and the click id of an address. Of a parameter given twice, the
    /// first counts.
    #[must_use]
    pub fn from_address(address: &Address<'_>) -> Self {
        Self::from_values(|wanted| {
            let mut given = address.parameters();
            given
                .find(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
                .map(|(_, value)| value)
        })
    }

    /// Asks for the value of each UTM parameter, and for click ids until there is one. Values are
    /// trimmed and cut to [`MAX_VALUE_BYTES`].
    pub fn from_values<'a>(value_of: impl Fn(&'static str) -> Option<Cow<'a, str>>) -> Self {
        let mut lines = String::new();
        let names = FIELDS.iter().map(|(name, _)| name).chain(&CLICK_IDS);
        for (place, name) in names.enumerate() {
            let Some(value) = value_of(name) else {
                continue;
            };
            let value = clip(value.trim_ascii(), MAX_VALUE_BYTES);
            if value.is_empty() {
                continue;
            }
            lines.push_str(name);
            lines.push('=');
            // A line break would start another parameter.
            lines.extend(value.chars().map(|one| if one < ' ' { ' ' } else { one }));
            lines.push('\n');
            if place >= FIELDS.len() {
                break;
            }
        }
        Self(lines.into())
    }

    /// A campaign as [`Campaign::as_lines`] gave it.
    #[must_use]
    pub fn from_lines(lines: &str) -> Self {
        Self(lines.into())
    }

    /// The text that the campaign is kept as.
    #[must_use]
    pub fn as_lines(&self) -> &str {
        &self.0
    }

    /// The value of a parameter, such as `utm_source`; empty when not given.
    #[must_use]
    pub fn get(&self, parameter: &str) -> &str {
        let mut given = pieces(&self.0, b'\n').filter_map(|line| cut(line, b'='));
        given
            .find(|(name, _)| *name == parameter)
            .map_or("", |(_, value)| value)
    }

    /// The click id, where there is one.
    #[must_use]
    pub fn click_id(&self) -> Option<ClickId<'_>> {
        CLICK_IDS
            .iter()
            .zip(PLATFORMS)
            .find_map(|(&name, platform)| {
                let value = self.get(name);
                (!value.is_empty()).then_some(ClickId {
                    name,
                    platform,
                    value,
                })
            })
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether UTM parameters were given.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        self.0.starts_with("utm_")
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::prelude::v1::*;

    use super::*;

    fn fields(campaign: &Campaign) -> String {
        let given = FIELDS
            .iter()
            .filter(|(name, _)| !campaign.get(name).is_empty());
        given
            .map(|(name, field)| format!("{field}={}", campaign.get(name)))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn campaigns_of_addresses() {
        for (address, expected) in [
            (
                "https://h/?utm_source=google&utm_medium=cpc&utm_campaign=herfst+2026&utm_term=e-bike&utm_content=a%26b",
                "source=google medium=cpc name=herfst 2026 term=e-bike content=a&b",
            ),
            ("https://h/?UTM_Source=Nieuwsbrief", "source=Nieuwsbrief"),
            ("https://h/?utm_source=a&utm_source=b", "source=a"),
            ("https://h/?utm_source=&utm_id=7", "id=7"),
            (
                "https://h/?utm_source=a%0Autm_medium%3Db",
                "source=a utm_medium=b",
            ),
            (
                "https://h/?utm_source_platform=p&utm_creative_format=f&utm_marketing_tactic=t",
                "source_platform=p creative_format=f marketing_tactic=t",
            ),
            ("https://h/?utm_sourcer=x", ""),
            ("https://h/#utm_source=x", ""),
        ] {
            let campaign = Campaign::from_address(&Address::split(address));
            assert_eq!(fields(&campaign), expected, "{address}");
            assert_eq!(campaign.is_empty(), expected.is_empty());
            assert_eq!(campaign.has_fields(), !expected.is_empty());
        }
    }

    #[test]
    fn values_are_bounded() {
        let address = format!("https://h/?utm_source={}é", "x".repeat(MAX_VALUE_BYTES - 1));
        let campaign = Campaign::from_address(&Address::split(&address));
        assert_eq!(campaign.get("utm_source").len(), MAX_VALUE_BYTES - 1);
    }

    #[test]
    fn click_ids_of_addresses() {
        for (name, platform) in CLICK_IDS.into_iter().zip(PLATFORMS) {
            let address = format!("https://h/?a=b&{name}=Abc-1");
            let campaign = Campaign::from_address(&Address::split(&address));
            let click_id = campaign.click_id().unwrap();
            assert_eq!((click_id.name, click_id.platform), (name, platform));
            assert_eq!(click_id.value, "Abc-1");
            assert!(!campaign.has_fields());
        }
        let campaign = Campaign::from_address(&Address::split("https://h/?gclid=&x=1"));
        assert_eq!(campaign.click_id(), None);
    }
}
