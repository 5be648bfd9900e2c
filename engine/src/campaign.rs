//! Campaigns: the UTM parameters and the advertising platforms' click ids of an address.
//!
//! Sources: Google Analytics help, "Collect campaign data with custom URLs" (the nine `utm_`
//! parameters); the platforms' own documentation for their click ids.

use alloc::boxed::Box;
use alloc::string::String;

use crate::address::Address;
use crate::text::{self, Pieces, clip, cut, pieces};

/// Longest campaign value kept, in bytes.
pub const MAX_VALUE_BYTES: usize = 200;

/// What the address of a page says of the campaign that led there: UTM parameters and a click id.
///
/// Kept as one text, a line `name=value` for each that was given, in the order of [`fields`] and
/// then [`click_ids`]: most page views have none, and a profile keeps only a few.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Campaign(Box<str>);

/// The UTM parameters of an address, between spaces: who sent the visitor, by what kind of link,
/// which campaign, paid search term, which link or advertisement, id of the campaign, platform that
/// directed the traffic, kind of creative, targeting criteria.
///
/// One text, because a list of texts takes twice the room in the page's module.
const FIELDS: &str = "utm_source utm_medium utm_campaign utm_term utm_content utm_id \
    utm_source_platform utm_creative_format utm_marketing_tactic";

/// How many UTM parameters there are.
pub const FIELD_COUNT: usize = 9;

/// The UTM parameters, in order.
#[must_use]
pub const fn fields() -> Pieces<'static> {
    pieces(FIELDS, b' ')
}

/// The name of a UTM parameter in `context.campaign`.
#[must_use]
pub fn field_name(parameter: &str) -> &str {
    match parameter.get(4..) {
        Some("campaign") => "name",
        Some(name) => name,
        None => parameter,
    }
}

/// A click id: the parameter that an advertising platform adds to the addresses it sends people to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClickId<'a> {
    /// The parameter, one of [`click_ids`].
    pub name: &'static str,
    /// The platform that it means.
    pub platform: &'static str,
    /// Its value.
    pub value: &'a str,
}

/// Click id parameters, between spaces. The first that an address has counts.
pub const CLICK_IDS: &str = "gclid gbraid wbraid dclid msclkid fbclid igshid li_fat_id ttclid twclid \
    epik ScCid rdt_cid qclid yclid tblci dicbo vmcid irclickid awc cjevent mc_eid _hsenc mkt_tok";

/// The click id parameters, in order.
#[must_use]
pub const fn click_ids() -> Pieces<'static> {
    pieces(CLICK_IDS, b' ')
}

/// The platforms that [`click_ids`] mean, in the same order. Apart, because the page has no use for
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
        Self::from_pairs(address.parameters())
    }

    /// Reads them of names and values. White space around a value does not count.
    #[must_use]
    pub fn from_pairs<T: AsRef<str>>(pairs: impl IntoIterator<Item = (T, T)>) -> Self {
        // By the place of their names: a line for each, looked through for each name, would take the
        // collector longer than all else that it does with an address.
        let mut values = [const { String::new() }; FIELD_COUNT + PLATFORMS.len()];
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), text::trimmed(value.as_ref()));
            let mut names = fields().chain(click_ids());
            let Some(place) = names.position(|known| text::same_folded(name, known)) else {
                continue;
            };
            if let Some(kept) = values.get_mut(place)
                && kept.is_empty()
            {
                // A line break would start another parameter.
                let plain = |one| if one < ' ' { ' ' } else { one };
                kept.extend(clip(value, MAX_VALUE_BYTES).chars().map(plain));
            }
        }
        let mut kept = String::new();
        let mut clicked = false;
        for (place, (name, value)) in fields().chain(click_ids()).zip(&values).enumerate() {
            // One click id is enough.
            if value.is_empty() || (place >= FIELD_COUNT && core::mem::replace(&mut clicked, true))
            {
                continue;
            }
            for text in [name, "=", value, "\n"] {
                kept.push_str(text);
            }
        }
        Self(kept.into())
    }

    /// Reads them of lines `name=value`, the values trimmed; the page's way, whose browser takes
    /// addresses apart. Of click ids, the first in the order of `click_ids` counts. Values are cut
    /// to [`MAX_VALUE_BYTES`].
    #[must_use]
    pub fn from_parameters(lines: &str, click_ids: &str) -> Self {
        // Most addresses have no parameters, and there are thirty to look for; the page does that
        // once for a page view.
        if cfg!(not(target_family = "wasm")) && lines.is_empty() {
            return Self::default();
        }
        let mut kept = String::new();
        let mut keep = |name| {
            let value = clip(Self::value_in(lines, name), MAX_VALUE_BYTES);
            if !value.is_empty() {
                for text in [name, "=", value, "\n"] {
                    kept.push_str(text);
                }
            }
            !value.is_empty()
        };
        for name in fields() {
            keep(name);
        }
        pieces(click_ids, b' ').any(keep);
        Self(kept.as_str().into())
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
        Self::value_in(&self.0, parameter)
    }

    /// The value of a parameter in lines `name=value`; empty when not given.
    #[must_use]
    pub fn value_in<'a>(lines: &'a str, parameter: &str) -> &'a str {
        for line in pieces(lines, b'\n') {
            if let Some((name, value)) = cut(line, b'=')
                && !value.is_empty()
                && text::same_folded(name, parameter)
            {
                return value;
            }
        }
        ""
    }

    /// The click id's parameter in a campaign's lines: the last line, where it is no UTM parameter;
    /// empty where there is none.
    #[must_use]
    pub fn click_id_name(lines: &str) -> &str {
        for line in pieces(lines, b'\n') {
            if let Some((name, _)) = cut(line, b'=')
                && !is_field(name)
            {
                return name;
            }
        }
        ""
    }

    /// The click id, where there is one.
    #[must_use]
    pub fn click_id(&self) -> Option<ClickId<'_>> {
        click_ids().zip(PLATFORMS).find_map(|(name, platform)| {
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
        is_field(&self.0)
    }
}

/// Whether a parameter, or the first of a campaign's lines, is a UTM parameter.
#[must_use]
pub fn is_field(parameter: &str) -> bool {
    parameter.as_bytes().starts_with(b"utm_")
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::prelude::v1::*;

    use super::*;

    proptest::proptest! {
        /// Whatever the collector is given, it reads what the page reads of the same.
        #[test]
        fn pairs_are_read_like_lines(
            pairs in proptest::collection::vec(
                (
                    proptest::sample::select(&[
                        "utm_source", "UTM_Medium", "utm_campaign", "gclid", "fbclid", "q", "utm", "ScCid", "",
                    ][..]),
                    proptest::prop_oneof![
                        "[ -~]{0,6}",
                        "x{190,210}",
                        "\\PC{0,4}",
                    ],
                ),
                0..9,
            ),
        ) {
            let line = |(name, value): &(&str, String)| format!("{name}={}\n", text::trimmed(value));
            let lines: String = pairs.iter().map(line).collect();
            let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
            proptest::prop_assert_eq!(
                Campaign::from_pairs(pairs),
                Campaign::from_parameters(&lines, CLICK_IDS)
            );
        }
    }

    fn given(campaign: &Campaign) -> String {
        let given = fields().filter(|name| !campaign.get(name).is_empty());
        given
            .map(|name| format!("{}={}", field_name(name), campaign.get(name)))
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
            ("https://h/?utm_source=+%20&utm_source=b", "source=b"),
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
            assert_eq!(given(&campaign), expected, "{address}");
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
        for (name, platform) in click_ids().zip(PLATFORMS) {
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
