//! `[[segment]]`.

use super::{Field, Kind, Preset, Section};

pub(crate) const SEGMENT: Section = Section {
    name: "segment",
    title: "[[segment]]",
    of: "field",
    what: "A group of visitors, who are in it as long as its condition holds. At most 1,000. Every interest \
           that is strong enough is a segment by itself, without any of these.",
    example: r#"[[segment]]
id = "ready-to-buy"
label = "Ready to buy"
when = 'interest("e-bikes") >= 0.5 && visited("/prices/*") && visits >= 2'
"#,
    fields: &[ID, LABEL, DESCRIPTION, WHEN],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"hot-crm\"",
    what: "Names it in conditions, in the page and in answers: lower-case letters, digits and `-`.",
};

pub(crate) const LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"Hot for CRM\"",
    what: "What people call it.",
};

pub(crate) const DESCRIPTION: Field = Field {
    name: "description",
    kind: Kind::Text,
    preset: Preset::Absent("none"),
    example: "\"Read prices twice within a week\"",
    what: "Who is meant, for people; the console shows it.",
};

pub(crate) const WHEN: Field = Field {
    name: "when",
    kind: Kind::Condition,
    preset: Preset::Required,
    example: "'interest(\"crm\") >= 0.5 && visits >= 2'",
    what: "Who is in it, as a [condition](../conditions.md).",
};
