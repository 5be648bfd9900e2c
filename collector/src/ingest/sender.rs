//! What is told of a request's sender beside its body: the browser's device, the country, and what of
//! the address may be kept. It goes into the context that is stored with the messages, in the fields of
//! Segment's specification ("Spec: Common Fields"), and only where the sender said nothing itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use firstglance_engine::Message;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::agent::{Agents, Device};

/// See the module. The default tells nothing, finds no robots and keeps no address.
#[derive(Clone, Debug, Default)]
pub struct Sender<'a> {
    /// What tells robots; nothing where nobody is to be taken for one.
    pub robots: Option<&'a Agents>,
    /// The user agent of the request, where that is a visitor's browser and no server.
    pub browser: Option<&'a str>,
    /// Whether the request came from a data centre.
    pub is_data_centre: bool,
    /// What the browser runs on.
    pub device: Device,
    /// The country, in two letters.
    pub country: Option<String>,
    /// The address, cut, where it may be kept.
    pub address: Option<String>,
    /// What of addresses may be kept.
    pub addresses: KeptAddress,
}

/// What is kept of a visitor's network address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptAddress {
    /// Nothing.
    #[default]
    None,
    /// The network: of an IPv4 address 24 bits, of an IPv6 address 48.
    Truncated,
}

impl KeptAddress {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::None, Self::Truncated];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Truncated => "truncated",
        }
    }

    /// What may be kept of an address.
    #[must_use]
    pub fn of(self, address: IpAddr) -> Option<String> {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
        };
        match self {
            Self::None => None,
            Self::Truncated => Some(IpAddr::to_string(&network)),
        }
    }
}

/// Members of an object, each as it came. Names may hold escapes, which only an owned text can stand
/// for.
type Members<'a> = BTreeMap<Cow<'a, str>, Cow<'a, RawValue>>;

fn members(json: &str) -> Option<Members<'_>> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).ok()?;
    let members = members.into_iter();
    Some(
        members
            .map(|(name, value)| (name, Cow::Borrowed(value)))
            .collect(),
    )
}

impl Sender<'_> {
    /// The context with what is told besides. What is no object stays as it is.
    pub(super) fn complete<'c>(&self, context: Option<&'c str>) -> Option<Cow<'c, str>> {
        let device = &self.device;
        let told = [
            (["device", "type"], device.kind),
            (["os", "name"], device.system.as_deref()),
            (["os", "version"], device.system_version.as_deref()),
            (["browser", "name"], device.browser.as_deref()),
            (["browser", "version"], device.browser_version.as_deref()),
            (["location", "country"], self.country.as_deref()),
            (["ip", ""], self.address.as_deref()),
        ];
        let unchanged = context.map(Cow::Borrowed);
        if told.iter().all(|(_, value)| value.is_none()) {
            return unchanged;
        }
        let Some(given) = members(context.unwrap_or("{}")) else {
            return unchanged;
        };
        let mut all = given.clone();
        for (path, value) in told {
            let Some(value) = value.and_then(|value| to_raw_value(value).ok()) else {
                continue;
            };
            let [name, below] = path;
            if below.is_empty() {
                all.entry(name.into()).or_insert(Cow::Owned(value));
                continue;
            }
            // What a sender says of a device is all that is said of it.
            if given.contains_key(name) {
                continue;
            }
            let so_far = all.get(name).map_or("{}", |object| object.get()).to_owned();
            let Some(mut object) = members(&so_far) else {
                continue;
            };
            object.insert(below.into(), Cow::Owned(value));
            if let Ok(object) = to_raw_value(&object) {
                all.insert(name.into(), Cow::Owned(object));
            }
        }
        match serde_json::to_string(&all) {
            Ok(text) => Some(Cow::Owned(text)),
            Err(_) => unchanged,
        }
    }

    /// The text of a message without its `context.ip`, or with what may be kept of it.
    pub(super) fn without_address<'r>(&self, raw: &'r str) -> Cow<'r, str> {
        self.changed(raw, |members| {
            let context = self.changed_context(members.get("context")?.get())?;
            members.insert("context".into(), Cow::Owned(context));
            Some(())
        })
    }

    /// A context without its `ip`, or with what may be kept of it.
    pub(super) fn context_without_address<'r>(&self, context: &'r str) -> Cow<'r, str> {
        self.changed(context, |members| self.cut_address(members))
    }

    fn changed<'r>(
        &self,
        raw: &'r str,
        change: impl FnOnce(&mut Members<'_>) -> Option<()>,
    ) -> Cow<'r, str> {
        // A name may be written with escapes. Almost nobody sends either.
        if !raw.contains("\"ip\"") && !raw.contains("\\u") {
            return Cow::Borrowed(raw);
        }
        let changed = members(raw).and_then(|mut members| {
            change(&mut members)?;
            serde_json::to_string(&members).ok()
        });
        changed.map_or(Cow::Borrowed(raw), Cow::Owned)
    }

    fn changed_context(&self, context: &str) -> Option<Box<RawValue>> {
        let mut members = members(context)?;
        self.cut_address(&mut members)?;
        to_raw_value(&members).ok()
    }

    fn cut_address(&self, members: &mut Members<'_>) -> Option<()> {
        let given = members.remove("ip")?;
        let address: Option<IpAddr> = serde_json::from_str(given.get()).ok();
        if let Some(kept) = address.and_then(|address| self.addresses.of(address)) {
            members.insert("ip".into(), Cow::Owned(to_raw_value(&kept).ok()?));
        }
        Some(())
    }

    /// Whether it is a browser, which may be a program's.
    pub(super) const fn is_browser_of_anybody(&self) -> bool {
        self.robots.is_some() && self.browser.is_some()
    }

    /// Which robot made a message, if one did. What a message says of its browser goes before what the
    /// request says: a server sends for others.
    pub(super) fn robot(&self, message: &Message, is_driven: bool) -> Option<String> {
        let robots = self.robots?;
        if is_driven {
            return Some("a browser that a program drives".to_owned());
        }
        if self.is_data_centre {
            return Some("a program in a data centre".to_owned());
        }
        let agent = message.context.agent.as_deref().or(self.browser)?;
        let shown = || firstglance_engine::text::clip(agent, 200);
        robots
            .read(agent)
            .is_robot
            .then(|| format!("the robot {:?}", shown()))
    }
}

/// Whether a batch's context says that a program drives the browser (`navigator.webdriver`).
pub(super) fn is_driven(context: Option<&str>) -> bool {
    #[derive(Deserialize)]
    struct Driven {
        automated: bool,
    }
    let driven: Option<Driven> = context.and_then(|context| serde_json::from_str(context).ok());
    driven.is_some_and(|driven| driven.automated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(addresses: KeptAddress) -> Sender<'static> {
        Sender {
            addresses,
            device: Device {
                kind: Some("mobile"),
                system: Some("iOS".into()),
                browser: Some("Saf\"ari".into()),
                ..Device::default()
            },
            country: Some("NL".to_owned()),
            address: addresses.of("198.51.100.7".parse().unwrap()),
            ..Sender::default()
        }
    }

    #[test]
    fn only_what_nobody_said_is_told() {
        for (context, addresses, expected) in [
            (
                None,
                KeptAddress::None,
                r#"{"browser":{"name":"Saf\"ari"},"device":{"type":"mobile"},"location":{"country":"NL"},"os":{"name":"iOS"}}"#,
            ),
            (
                Some(r#"{"os":{"version":1.50e3},"d\u0065vice":null,"location":"x","browser":{}}"#),
                KeptAddress::Truncated,
                r#"{"browser":{},"device":null,"ip":"198.51.100.0","location":"x","os":{"version":1.50e3}}"#,
            ),
            (Some("[]"), KeptAddress::Truncated, "[]"),
        ] {
            let found = sender(addresses).complete(context);
            assert_eq!(found.as_deref(), Some(expected));
        }
        assert_eq!(Sender::default().complete(None), None);
        assert_eq!(
            Sender::default().complete(Some(" {}")).as_deref(),
            Some(" {}")
        );
    }

    #[test]
    fn of_addresses_the_network_is_kept_at_most() {
        for (raw, none, truncated) in [
            (
                r#"{"a":1.50e3,"context":{"ip":"198.51.100.7","x":1}}"#,
                r#"{"a":1.50e3,"context":{"x":1}}"#,
                r#"{"a":1.50e3,"context":{"ip":"198.51.100.0","x":1}}"#,
            ),
            (
                r#"{"cont\u0065xt":{"\u0069p":"2001:db8:1:2::3"}}"#,
                r#"{"context":{}}"#,
                r#"{"context":{"ip":"2001:db8:1::"}}"#,
            ),
            (
                r#"{"context":{"ip":"::ffff:198.51.100.7"}}"#,
                r#"{"context":{}}"#,
                r#"{"context":{"ip":"198.51.100.0"}}"#,
            ),
            (
                r#"{"context":{"ip":[5]}}"#,
                r#"{"context":{}}"#,
                r#"{"context":{}}"#,
            ),
            (
                r#"{"context":{"ip":"x"}}"#,
                r#"{"context":{}}"#,
                r#"{"context":{}}"#,
            ),
        ] {
            for (addresses, expected) in [
                (KeptAddress::None, none),
                (KeptAddress::Truncated, truncated),
            ] {
                assert_eq!(sender(addresses).without_address(raw), expected, "{raw}");
            }
        }
        for untouched in [
            r#"{"properties":{"ip":"x"}}"#,
            r#"{"context":5,"ip":"x"}"#,
            "{\\u",
            "5",
        ] {
            let found = sender(KeptAddress::None).without_address(untouched);
            assert_eq!(found, untouched);
        }
        let context = sender(KeptAddress::None)
            .context_without_address(r#"{"ip":"198.51.100.7"}"#)
            .into_owned();
        assert_eq!(context, "{}");
    }

    #[test]
    fn who_says_to_be_driven() {
        for (context, expected) in [
            (Some(r#"{"automated":true}"#), true),
            (Some(r#"{"automated":false}"#), false),
            (Some(r#"{"automated":"yes"}"#), false),
            (Some("{}"), false),
            (None, false),
        ] {
            assert_eq!(is_driven(context), expected, "{context:?}");
        }
    }
}
