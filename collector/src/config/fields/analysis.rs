//! `[[interest]]` and `[evidence]`.

use firstglance_engine::interest::{DEFAULT_HALF_LIFE, Weights};

use super::{Field, Kind, Preset, Section};

pub(crate) const INTEREST: Section = Section {
    name: "interest",
    title: "[[interest]]",
    of: "field",
    what: "A topic that visitors can be interested in. Where there is none of these, interests come by \
           themselves from what the pages declare.",
    example: r#"[[interest]]
id = "e-bikes"
label = "E-bikes"
paths = ["/e-bikes/*"]
terms = ["e-bike*", "accu*"]
half_life = "14d"
"#,
    fields: &[ID, LABEL, PATHS, TERMS, TOPICS, HALF_LIFE],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"e-bikes\"",
    what: "Names it in conditions, in the page and in answers: lower-case letters, digits and `-`.",
};

pub(crate) const LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"E-bikes\"",
    what: "What people call it.",
};

pub(crate) const PATHS: Field = Field {
    name: "paths",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"/e-bikes/*\"]",
    what: "Paths of pages about it; `*` stands for any characters.",
};

pub(crate) const TERMS: Field = Field {
    name: "terms",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"e-bike*\"]",
    what: "Words in titles, searches, links and campaigns that are about it; without regard to case and accents.",
};

pub(crate) const TOPICS: Field = Field {
    name: "topics",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"City bikes\"]",
    what: "Topics that pages declare and that are this one by another name, exactly. Other topics of the \
           same page count beside it, as those do that are found by themselves.",
};

pub(crate) const HALF_LIFE: Field = Field {
    name: "half_life",
    kind: Kind::Length,
    preset: Preset::Length(DEFAULT_HALF_LIFE),
    example: "\"14d\"",
    what: "Evidence counts for half after so long.",
};

pub(crate) const EVIDENCE: Section = Section {
    name: "evidence",
    title: "[evidence]",
    of: "weight",
    what: "What counts for how much in an interest: numbers from 0 to 100, in pages read to their end.",
    example: r"[evidence]
search = 2.0
click = 0.2
",
    fields: &[
        VIEW,
        READING,
        UNMEASURED_VIEW,
        SEARCH,
        CAMPAIGN,
        CLICK,
        FORM,
    ],
    inner: &[],
};

pub(crate) const VIEW: Field = weight("view", Weights::DEFAULT.view, "0.1", "A page was opened.");
pub(crate) const READING: Field = weight(
    "reading",
    Weights::DEFAULT.reading,
    "0.9",
    "It was read to its end, by time and scrolling; in part for less.",
);
pub(crate) const UNMEASURED_VIEW: Field = weight(
    "unmeasured_view",
    Weights::DEFAULT.unmeasured_view,
    "0.4",
    "A page was opened of which nobody measures how it is read.",
);
pub(crate) const SEARCH: Field = weight(
    "search",
    Weights::DEFAULT.search,
    "1.5",
    "It was searched for.",
);
pub(crate) const CAMPAIGN: Field = weight(
    "campaign",
    Weights::DEFAULT.campaign,
    "1",
    "A campaign about it brought the visitor.",
);
pub(crate) const CLICK: Field = weight(
    "click",
    Weights::DEFAULT.click,
    "0.3",
    "A link or button about it was clicked.",
);
pub(crate) const FORM: Field = weight(
    "form",
    Weights::DEFAULT.form,
    "3",
    "A form about it was submitted.",
);

const fn weight(
    name: &'static str,
    preset: f64,
    example: &'static str,
    what: &'static str,
) -> Field {
    Field {
        name,
        kind: Kind::Number,
        preset: Preset::Number(preset),
        example,
        what,
    }
}
