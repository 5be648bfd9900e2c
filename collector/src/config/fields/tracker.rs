//! `[tracker]`.

use super::{Field, Kind, Preset, Section};

pub(crate) const TRACKER: Section = Section {
    name: "tracker",
    title: "[tracker]",
    of: "field",
    what: "What the page's script does, and the names by which pages reach the collector. A page hears of \
           it with the model, within a minute or so; what stands in the script tag \
           (`data-hash-routes`, `data-scroll-container=\"#app\"`, …) goes before it.",
    example: r##"[tracker]
web_vitals = true
scroll_container = "#app"
path = "/metingen/"
script = "meting.js"
files = "meting"
api = "m1"
"##,
    fields: &[
        HASH_ROUTES,
        ERRORS,
        WEB_VITALS,
        FORMS,
        MEDIA,
        COOKIELESS,
        SCROLL_CONTAINER,
        PATH,
        SCRIPT,
        FILES,
        API,
    ],
    inner: &[],
};

pub(crate) const HASH_ROUTES: Field = switch(
    "hash_routes",
    false,
    "What follows `#` in an address names a page.",
);
pub(crate) const ERRORS: Field = switch(
    "errors",
    false,
    "Errors of the page's scripts are events, at most 10 a page.",
);
pub(crate) const WEB_VITALS: Field = switch("web_vitals", false, "Core Web Vitals are events.");
pub(crate) const FORMS: Field = switch(
    "forms",
    true,
    "Forms that are viewed, started, submitted and abandoned are events; never what is entered.",
);
pub(crate) const MEDIA: Field = switch(
    "media",
    true,
    "The progress of video and audio is an event at 25, 50, 75 and 100 %.",
);
pub(crate) const COOKIELESS: Field = switch(
    "cookieless",
    false,
    "Visitors are told apart without an identifier on their devices, see \
     [below](../configuration.md#without-an-identifier-on-the-device).",
);

pub(crate) const SCROLL_CONTAINER: Field = Field {
    name: "scroll_container",
    kind: Kind::Text,
    preset: Preset::Absent("found by itself"),
    example: "\"#content\"",
    what: "CSS selector of the element that scrolls in place of the window, of at most 300 bytes.",
};

pub(crate) const PATH: Field = Field {
    name: "path",
    kind: Kind::Text,
    preset: Preset::Text("/"),
    example: "\"/metingen/\"",
    what: "Where everything lies that a page asks for.",
};

pub(crate) const SCRIPT: Field = Field {
    name: "script",
    kind: Kind::Text,
    preset: Preset::Text("fg.js"),
    example: "\"meting.js\"",
    what: "Name of the loader.",
};

pub(crate) const FILES: Field = Field {
    name: "files",
    kind: Kind::Text,
    preset: Preset::Text("fg"),
    example: "\"meting\"",
    what: "What the names of hashed files begin with: `\"meting\"` makes `meting-0a1b2c.js`.",
};

pub(crate) const API: Field = Field {
    name: "api",
    kind: Kind::Text,
    preset: Preset::Text("v1"),
    example: "\"m1\"",
    what: "What stands for `v1` in the addresses that the script asks.",
};

/// Somebody who writes it down wants the other thing.
const fn switch(name: &'static str, preset: bool, what: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Truth,
        preset: Preset::Truth(preset),
        example: if preset { "false" } else { "true" },
        what,
    }
}
