//! `[[goal]]`.

use super::{Field, Kind, Preset, Section};

pub(crate) const GOAL: Section = Section {
    name: "goal",
    title: "[[goal]]",
    of: "field",
    what: "What visitors are to do: by it is told whether a variant helps. At most 50.",
    example: r#"[[goal]]
id = "test-ride"
label = "Asked for a test ride"
event = "Test Ride Requested"
value = 25
"#,
    fields: &[ID, LABEL, EVENT, WHEN, VALUE],
    inner: &[],
};

pub(crate) const ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"test-ride\"",
    what: "Names it in slots and results: lower-case letters, digits and `-`.",
};

pub(crate) const LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"Asked for a test ride\"",
    what: "What people call it.",
};

pub(crate) const EVENT: Field = Field {
    name: "event",
    kind: Kind::Text,
    preset: Preset::Absent("`when` says it"),
    example: "\"Test Ride Requested\"",
    what: "Name of the event that reaches it.",
};

pub(crate) const WHEN: Field = Field {
    name: "when",
    kind: Kind::Condition,
    preset: Preset::Absent("`event` says it"),
    example: "'events(\"Order Completed\") >= 1'",
    what: "Reached at the first event after which this [condition](../conditions.md) holds.",
};

pub(crate) const VALUE: Field = Field {
    name: "value",
    kind: Kind::NumberOrText,
    preset: Preset::Absent("none"),
    example: "25",
    what: "What reaching it is worth: a number, or the name of the event's property that has it, such as \
           `\"revenue\"`.",
};
