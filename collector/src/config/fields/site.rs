//! `[site]`.

use super::super::Robots;
use super::super::consent::DefaultConsent;
use super::{Field, Kind, Preset, Section};

pub(crate) const SITE: Section = Section {
    name: "site",
    title: "[site]",
    of: "field",
    what: "The site: who may send, from where, and what holds for its visitors. The one table that \
           every configuration has.",
    example: r#"[site]
write_key = "my-shop"
allowed_origins = ["https://www.example.nl"]
"#,
    fields: &[
        ID,
        WRITE_KEY,
        HOSTS,
        NAME,
        ALLOWED_ORIGINS,
        BRAND_TERMS,
        SEARCH_PARAMETERS,
        CONSENT,
        COOKIE_DOMAIN,
        CLICK_HOSTS,
        ROBOTS,
        DATA_CENTRES,
        COUNTRY_DATABASE,
        TIMEZONE,
    ],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Absent("none"),
    example: "\"shop\"",
    what: "Tells the site from others of the same collector: 1 to 40 lower-case letters, digits and `-`. \
           See [several sites](../configuration.md#several-sites).",
};

pub(crate) const WRITE_KEY: Field = Field {
    name: "write_key",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"my-site\"",
    what: "Names the site in requests: 1 to 100 letters, digits, `-`, `_` or `.`. It stands in the pages \
           and is no secret.",
};

pub(crate) const HOSTS: Field = Field {
    name: "hosts",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"data.example.nl\"]",
    what: "Host names by which the collector is reached for this site alone.",
};

pub(crate) const NAME: Field = Field {
    name: "name",
    kind: Kind::Text,
    preset: Preset::Absent("none"),
    example: "\"Example\"",
    what: "What people call the site.",
};

pub(crate) const ALLOWED_ORIGINS: Field = Field {
    name: "allowed_origins",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"https://www.example.nl\"]",
    what: "Origins besides the collector's own host whose pages may send and ask.",
};

pub(crate) const BRAND_TERMS: Field = Field {
    name: "brand_terms",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"example\"]",
    what: "Words by which people search for the site itself; `brand_search` in conditions asks for them.",
};

pub(crate) const SEARCH_PARAMETERS: Field = Field {
    name: "search_parameters",
    kind: Kind::Texts,
    preset: Preset::Texts(&[
        "q", "query", "s", "search", "zoek", "zoekterm", "keyword", "keywords",
    ]),
    example: "[\"q\"]",
    what: "Parameters in the address of a page that hold what somebody searched for on the site.",
};

pub(crate) const CONSENT: Field = Field {
    name: "consent",
    kind: Kind::OneOf(|| DefaultConsent::ALL.map(DefaultConsent::name).into()),
    preset: Preset::Text(DefaultConsent::USUAL.name()),
    example: "\"granted\"",
    what: "What holds where nobody has asked the visitor yet; or who in the page knows: `\"google\"` is \
           Google Consent Mode, `\"tcf\"` the API of the IAB Transparency & Consent Framework. \
           See [privacy](../privacy.md).",
};

pub(crate) const COOKIE_DOMAIN: Field = Field {
    name: "cookie_domain",
    kind: Kind::Text,
    preset: Preset::Absent("the collector's host"),
    example: "\"example.nl\"",
    what: "Domain of the visitor cookie, for several hosts of one site.",
};

pub(crate) const CLICK_HOSTS: Field = Field {
    name: "click_hosts",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"shop.example.nl\"]",
    what: "Hosts besides those of `allowed_origins` that the [links of campaigns](../ingest.md#links) may \
           lead to, with a port where that is not the usual one.",
};

pub(crate) const ROBOTS: Field = Field {
    name: "robots",
    kind: Kind::OneOf(|| Robots::ALL.map(Robots::name).into()),
    preset: Preset::Text(Robots::Apart.name()),
    example: "\"visitors\"",
    what: "What [robots](../ingest.md#robots) send is kept apart; with `\"visitors\"` they are visitors like \
           any other.",
};

pub(crate) const DATA_CENTRES: Field = Field {
    name: "data_centres",
    kind: Kind::File,
    preset: Preset::Absent("none"),
    example: "\"data-centres.txt\"",
    what: "Networks of data centres, one a line as in `198.51.100.0/24`; browsers there are taken for \
           [robots](../ingest.md#robots).",
};

pub(crate) const COUNTRY_DATABASE: Field = Field {
    name: "country_database",
    kind: Kind::File,
    preset: Preset::Absent("none"),
    example: "\"country.mmdb\"",
    what: "A file in MaxMind's format (GeoLite2 Country, DB-IP and others) that tells the \
           [country](../ingest.md#devices-countries-and-addresses) of an address; read whole at the start.",
};

pub(crate) const TIMEZONE: Field = Field {
    name: "timezone",
    kind: Kind::Text,
    preset: Preset::Text("UTC"),
    example: "\"Europe/Amsterdam\"",
    what: "The zone whose clocks conditions read and days are counted by, by its name in the IANA database.",
};
