//! `[score]`, `[[score.rule]]` and `[[score.stage]]`.

use super::{Field, Kind, Preset, Section};

pub(crate) const SCORE: Section = Section {
    name: "score",
    title: "[score]",
    of: "field",
    what: "How warm a visitor is. Without rules the score is how engaged the visitor is, 0 to 100.",
    example: r#"[score]
disqualified = 'traits.type == "applicant"'
"#,
    fields: &[DISQUALIFIED],
    inner: &[RULE, STAGE],
};

pub(crate) const DISQUALIFIED: Field = Field {
    name: "disqualified",
    kind: Kind::Condition,
    preset: Preset::Absent("nobody"),
    example: "'traits.type == \"applicant\"'",
    what: "Who is no lead, as a [condition](../conditions.md): their stage is `disqualified`.",
};

pub(crate) const RULE: Section = Section {
    name: "rule",
    title: "[[score.rule]]",
    of: "field",
    what: "Points: each time that something happens (`event`), or while a condition holds (`when`). At most 200.",
    example: r#"[[score.rule]]
label = "Asked for a quote"
event = "Form Submitted"
where = { form = "quote*" }
points = 30
cap = 60
half_life = "14d"
"#,
    fields: &[RULE_LABEL, EVENT, WHERE, WHEN, POINTS, CAP, HALF_LIFE],
    inner: &[],
};

pub(crate) const RULE_LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("what it does, in a few words"),
    example: "\"Asked for a quote\"",
    what: "What people call it; it is shown where the score is explained.",
};

pub(crate) const EVENT: Field = Field {
    name: "event",
    kind: Kind::Text,
    preset: Preset::Absent("`when` says it"),
    example: "\"Form Submitted\"",
    what: "Name of the event that gives points; `*` stands for any characters.",
};

pub(crate) const WHERE: Field = Field {
    name: "where",
    kind: Kind::Values,
    preset: Preset::Absent("any"),
    example: "{ form = \"quote*\" }",
    what: "With `event`: only where this one property has this value.",
};

pub(crate) const WHEN: Field = Field {
    name: "when",
    kind: Kind::Condition,
    preset: Preset::Absent("`event` says it"),
    example: "'interest(\"crm\") >= 0.5'",
    what: "The points count while this [condition](../conditions.md) holds.",
};

pub(crate) const POINTS: Field = Field {
    name: "points",
    kind: Kind::Number,
    preset: Preset::Required,
    example: "30",
    what: "How many; may be negative. The score itself is never below 0.",
};

pub(crate) const CAP: Field = Field {
    name: "cap",
    kind: Kind::Number,
    preset: Preset::Absent("none"),
    example: "60",
    what: "With `event`: most points of this rule, for negative ones as well.",
};

pub(crate) const HALF_LIFE: Field = Field {
    name: "half_life",
    kind: Kind::Length,
    preset: Preset::Absent("they stay"),
    example: "\"14d\"",
    what: "With `event`: points count for half after so long.",
};

pub(crate) const STAGE: Section = Section {
    name: "stage",
    title: "[[score.stage]]",
    of: "field",
    what: "Stages of a lead in rising order; the first is where everybody starts. At most 20. Without any they \
           are `cold`, `warm` (from 20, kept from 15) and `hot` (from 50, kept from 40).",
    example: r#"[[score.stage]]
id = "cold"

[[score.stage]]
id = "warm"
label = "Warm"
from = 20
keep = 15
"#,
    fields: &[STAGE_ID, STAGE_LABEL, FROM, KEEP],
    inner: &[],
};

pub(crate) const STAGE_ID: Field = Field {
    name: "id",
    kind: Kind::Text,
    preset: Preset::Required,
    example: "\"warm\"",
    what: "Names it in conditions, in the page and in answers: lower-case letters, digits and `-`.",
};

pub(crate) const STAGE_LABEL: Field = Field {
    name: "label",
    kind: Kind::Text,
    preset: Preset::Absent("the id, spelled out"),
    example: "\"Warm\"",
    what: "What people call it.",
};

pub(crate) const FROM: Field = Field {
    name: "from",
    kind: Kind::Number,
    preset: Preset::Absent("required but for the first"),
    example: "20",
    what: "The score that reaches it.",
};

pub(crate) const KEEP: Field = Field {
    name: "keep",
    kind: Kind::Number,
    preset: Preset::Absent("80 % of `from`"),
    example: "15",
    what: "Once in it, a visitor stays in it while the score is at least so much.",
};
