//! `[[slot]]` and `[[variant]]`.

use super::super::content::WAYS;
use super::{Field, Kind, Preset, Section};

pub(crate) const SLOT: Section = Section {
    name: "slot",
    title: "[[slot]]",
    of: "field",
    what: "A place in pages whose content can differ: `data-fg-slot=\"hero\"`. What stands there in the HTML is \
           the default. At most 100. See [a page that answers](../personalise.md).",
    example: r#"[[goal]]
id = "test-ride"
event = "Test Ride Requested"

[[slot]]
id = "hero"
label = "Hero of the home page"
control = 10
choose = "automatic"
by = ["e-bikes"]
floor = 10
"#,
    fields: &[ID, LABEL, CONTROL, CHOOSE, GOAL, BY, FLOOR],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"hero\"",
    what: "The name in `data-fg-slot`: lower-case letters, digits and `-`.",
};

pub(crate) const LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"Hero of the home page\"",
    what: "What people call it.",
};

pub(crate) const CONTROL: Field = Field {
    name: "control",
    kind: Kind::Number,
    preset: Preset::Number(0.0),
    example: "10",
    what: "Percent of visitors who see the default although a variant is for them, 0 to 90: against them is \
           told what variants bring.",
};

pub(crate) const CHOOSE: Field = Field {
    name: "choose",
    kind: Kind::OneOf(|| WAYS.to_vec()),
    preset: Preset::Text("first"),
    example: "\"even\"",
    what: "Which of several variants that are for a visitor is shown: the first by rank; with `\"even\"` each to \
           an equal share of visitors; with `\"automatic\"` shares that learn what works.",
};

pub(crate) const GOAL: Field = Field {
    name: "goal",
    kind: Kind::Text,
    preset: Preset::Absent("the first goal"),
    example: "\"test-ride\"",
    what: "Id of the [`[[goal]]`](#goal) by which shares learn, and which results tell first.",
};

pub(crate) const BY: Field = Field {
    name: "by",
    kind: Kind::Texts,
    preset: Preset::Texts(&[]),
    example: "[\"e-bikes\"]",
    what: "With `automatic`: shares learn apart for the first of these segments that a visitor is in.",
};

pub(crate) const FLOOR: Field = Field {
    name: "floor",
    kind: Kind::Number,
    preset: Preset::Number(10.0),
    example: "10",
    what: "With `automatic`: percent of visitors who explore all variants for ever, 1 to 50.",
};

pub(crate) const VARIANT: Section = Section {
    name: "variant",
    title: "[[variant]]",
    of: "field",
    what: "Content for a slot, and for whom: plain texts for places that the page has (`fields`), or HTML \
           (`html`). At most 500, of 64 KiB together.",
    example: r#"[[slot]]
id = "hero"

[[variant]]
slot = "hero"
id = "everybody"
html = "<h2>Book a test ride</h2>"

[[variant]]
slot = "hero"
id = "e-bikes"
label = "E-bikes"
when = 'interest("e-bikes") >= 0.5'
rank = 1
from = "2026-12-01T00:00:00+01:00"
until = "2027-01-01T00:00:00+01:00"
fields = { title = "Book a test ride", link = "/test-ride/" }
"#,
    fields: &[
        OF_SLOT,
        VARIANT_ID,
        VARIANT_LABEL,
        WHEN,
        RANK,
        FROM,
        UNTIL,
        HTML,
        FIELDS,
    ],
    inner: &[],
};

pub(crate) const OF_SLOT: Field = Field {
    name: "slot",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"hero\"",
    what: "Id of its slot.",
};

pub(crate) const VARIANT_ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"e-bikes\"",
    what: "Its name in results, its own within the slot; not `default` and not `control`.",
};

pub(crate) const VARIANT_LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"E-bikes\"",
    what: "What people call it.",
};

pub(crate) const WHEN: Field = Field {
    name: "when",
    kind: Kind::Condition,
    preset: Preset::Absent("everybody"),
    example: "'interest(\"e-bikes\") >= 0.5'",
    what: "Who it is for, as a [condition](../conditions.md).",
};

pub(crate) const RANK: Field = Field {
    name: "rank",
    kind: Kind::Number,
    preset: Preset::Absent("after those with one, in the file's order"),
    example: "1",
    what: "Which comes first: a whole number from 1. Two of the same rank in a slot are a mistake.",
};

pub(crate) const FROM: Field = Field {
    name: "from",
    kind: Kind::Moment,
    preset: Preset::Absent("always"),
    example: "\"2026-12-01T00:00:00+01:00\"",
    what: "It is shown from this moment on.",
};

pub(crate) const UNTIL: Field = Field {
    name: "until",
    kind: Kind::Moment,
    preset: Preset::Absent("always"),
    example: "\"2027-01-01T00:00:00+01:00\"",
    what: "It is shown no more from this moment on.",
};

pub(crate) const HTML: Field = Field {
    name: "html",
    kind: Kind::Text,
    preset: Preset::Absent("`fields` says it"),
    example: "\"<h2>Book a test ride</h2>\"",
    what: "The slot's content, of [these elements and attributes](#html-of-variants).",
};

pub(crate) const FIELDS: Field = Field {
    name: "fields",
    kind: Kind::Values,
    preset: Preset::Absent("`html` says it"),
    example: "{ title = \"Book a test ride\", link = \"/test-ride/\" }",
    what: "Texts by name, for elements of the slot with `data-fg-field=\"title\"` or, for an attribute, \
           `data-fg-field=\"link@href\"`; always shown as text.",
};
