//! `[server]`, `[retention]`, `[limits]` and `[privacy]`.

use firstglance_engine::Milliseconds;

use super::{Field, Kind, Preset, Section};
use crate::ingest::KeptAddress;

pub(crate) const SERVER: Section = Section {
    name: "server",
    title: "[server]",
    of: "field",
    what: "What the collector stands behind, and by what it proves who it is. See \
           [the client's address](../configuration.md#server) and [TLS](../operations.md#tls).",
    example: r#"[server]
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
certificate = "/etc/firstglance/certificate.pem"
key = "/etc/firstglance/key.pem"
"#,
    fields: &[TRUSTED_PROXIES, CERTIFICATE, KEY],
    inner: &[],
};

pub(crate) const TRUSTED_PROXIES: Field = Field {
    name: "trusted_proxies",
    kind: Kind::Texts,
    preset: Preset::Texts(&["127.0.0.0/8", "::1/128"]),
    example: "[\"127.0.0.1\", \"10.0.0.0/8\"]",
    what: "Addresses and networks whose `X-Forwarded-For` is believed.",
};

pub(crate) const CERTIFICATE: Field = Field {
    name: "certificate",
    kind: Kind::File,
    preset: Preset::Absent("plain HTTP"),
    example: "\"/etc/firstglance/certificate.pem\"",
    what: "With `key`: the certificate, and those between it and one that browsers know, as PEM. The \
           collector then speaks TLS itself.",
};

pub(crate) const KEY: Field = Field {
    name: "key",
    kind: Kind::File,
    preset: Preset::Absent("plain HTTP"),
    example: "\"/etc/firstglance/key.pem\"",
    what: "The private key of `certificate`, as PEM.",
};

pub(crate) const RETENTION: Section = Section {
    name: "retention",
    title: "[retention]",
    of: "field",
    what: "How long what visitors did is kept: at least `\"7d\"`. [Keeping the data](../keeping.md) says what \
           goes with it.",
    example: r#"[retention]
events = "180d"
profiles = "400d"
"#,
    fields: &[EVENTS, PROFILES],
    inner: &[],
};

pub(crate) const EVENTS: Field = Field {
    name: "events",
    kind: Kind::Length,
    preset: Preset::Length(Milliseconds::from_days(400)),
    example: "\"400d\"",
    what: "How long messages are kept, counted from their own time.",
};

pub(crate) const PROFILES: Field = Field {
    name: "profiles",
    kind: Kind::Length,
    preset: Preset::Length(Milliseconds::from_days(800)),
    example: "\"800d\"",
    what: "How long a visitor is kept, counted from when they were last seen.",
};

pub(crate) const LIMITS: Section = Section {
    name: "limits",
    title: "[limits]",
    of: "field",
    what: "How much one visitor and one address may send. See [limits](../configuration.md#limits) for what \
           becomes of what is too much.",
    example: r#"[limits]
visitor_events = 500
servers = ["192.0.2.1", "10.0.0.0/8"]
"#,
    fields: &[VISITOR_EVENTS, ADDRESS_REQUESTS, SERVERS],
    inner: &[],
};

pub(crate) const VISITOR_EVENTS: Field = Field {
    name: "visitor_events",
    kind: Kind::Number,
    preset: Preset::Number(1_000.0),
    example: "1000",
    what: "Messages of one visitor in a minute; `0` for no limit.",
};

pub(crate) const ADDRESS_REQUESTS: Field = Field {
    name: "address_requests",
    kind: Kind::Number,
    preset: Preset::Number(12_000.0),
    example: "12000",
    what: "Requests of one address in a minute, of an IPv6 address its network of 64 bits; `0` for no limit.",
};

pub(crate) const SERVERS: Field = Field {
    name: "servers",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"192.0.2.1\", \"10.0.0.0/8\"]",
    what: "Addresses and networks of your own servers, which are not limited and are never taken for robots.",
};

pub(crate) const PRIVACY: Section = Section {
    name: "privacy",
    title: "[privacy]",
    of: "field",
    what: "What is kept of visitors beside what they send.",
    example: r#"[privacy]
address = "truncated"
"#,
    fields: &[ADDRESS],
    inner: &[],
};

pub(crate) const ADDRESS: Field = Field {
    name: "address",
    kind: Kind::OneOf(|| KeptAddress::ALL.map(KeptAddress::name).into()),
    preset: Preset::Text(KeptAddress::None.name()),
    example: "\"truncated\"",
    what: "What is kept of a visitor's network address: nothing, or with `\"truncated\"` the network, 24 bits \
           of an IPv4 address and 48 of an IPv6 address.",
};
