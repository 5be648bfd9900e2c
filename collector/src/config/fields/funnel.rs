//! `[[funnel]]`.

use super::{Field, Kind, Preset, Section};

pub(crate) const FUNNEL: Section = Section {
    name: "funnel",
    title: "[[funnel]]",
    of: "field",
    what: "Goals that visitors are to reach one after the other: the console tells how many come how \
           far. A visitor counts once, from the first time that they reach the first step. With other \
           steps it is another funnel, which begins to count anew. At most 20.",
    example: r#"[[goal]]
id = "basket"
event = "Product Added"

[[goal]]
id = "sale"
event = "Order Completed"

[[funnel]]
id = "to-sale"
label = "From basket to sale"
steps = ["basket", "sale"]
"#,
    fields: &[ID, LABEL, STEPS],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"to-sale\"",
    what: "Names it: lower-case letters, digits and `-`.",
};

pub(crate) const LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"From basket to sale\"",
    what: "What people call it.",
};

pub(crate) const STEPS: Field = Field {
    name: "steps",
    kind: Kind::Texts,
    preset: Preset::Required,
    example: "[\"basket\", \"sale\"]",
    what: "Ids of `[[goal]]`s in the order in which they are to be reached: 2 to 10, each once.",
};
