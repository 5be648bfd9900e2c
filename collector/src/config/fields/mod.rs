//! What the tables of a configuration and their fields are: one description of each. The reading takes
//! the known names, the defaults and the examples of its messages from it, and the reference its
//! pages, so neither can say what the other does not. Never reads or judges a value.

pub(super) mod analysis;
pub(super) mod content;
pub(super) mod funnel;
pub(super) mod goal;
pub(super) mod rules;
pub(super) mod score;
pub(super) mod service;
pub(super) mod site;
pub(super) mod tracker;

use firstglance_engine::Milliseconds;

/// A field of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) preset: Preset,
    /// A value, as it is written.
    pub(crate) example: &'static str,
    /// One or two sentences in Markdown.
    pub(crate) what: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Texts,
    Number,
    NumberOrText,
    Truth,
    /// `"14d"`.
    Length,
    /// A text in CEL.
    Condition,
    /// Path of a file.
    File,
    /// An RFC 3339 moment.
    Moment,
    /// One of a few names.
    OneOf(fn() -> Vec<&'static str>),
    /// Names and plain values in braces.
    Values,
}

/// What holds where a field is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Preset {
    /// It must be there.
    Required,
    /// Nothing is there of the kind; in a few words, what that comes to.
    Absent(&'static str),
    Truth(bool),
    Number(f64),
    Text(&'static str),
    Texts(&'static [&'static str]),
    Length(Milliseconds),
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    /// Its name in the table that it stands in.
    pub(crate) name: &'static str,
    /// As the owner writes it: `[site]`, `[[score.rule]]`.
    pub(crate) title: &'static str,
    /// What its fields are called in messages.
    pub(crate) of: &'static str,
    /// A few sentences in Markdown.
    pub(crate) what: &'static str,
    /// A whole one that is in order; what it needs of other tables stands before it.
    pub(crate) example: &'static str,
    pub(crate) fields: &'static [Field],
    /// Tables inside it.
    pub(crate) inner: &'static [Section],
}

/// The whole file.
pub(crate) const ROOT: Section = Section {
    name: "",
    title: "",
    of: "table",
    what: "",
    example: "",
    fields: &[],
    inner: &[
        site::SITE,
        tracker::TRACKER,
        service::SERVER,
        service::RETENTION,
        service::LIMITS,
        service::PRIVACY,
        analysis::INTEREST,
        analysis::EVIDENCE,
        rules::SEGMENT,
        score::SCORE,
        content::SLOT,
        content::VARIANT,
        goal::GOAL,
        funnel::FUNNEL,
    ],
};

impl Section {
    /// The names that it may have.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let fields = self.fields.iter().map(|field| field.name);
        fields
            .chain(self.inner.iter().map(|inner| inner.name))
            .collect()
    }
}

impl Kind {
    /// What a value of another type should be.
    pub(super) const fn right(self) -> &'static str {
        match self {
            Self::Texts => "a list of texts",
            Self::Number => "a number",
            Self::NumberOrText => "a number or a text",
            Self::Truth => "true or false",
            Self::Values => "a table in braces",
            Self::Text
            | Self::Length
            | Self::Condition
            | Self::File
            | Self::Moment
            | Self::OneOf(_) => "a text in quotes",
        }
    }

    /// What it is called in the reference.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "list of texts".to_owned(),
            Self::Number => "number".to_owned(),
            Self::NumberOrText => "number or text".to_owned(),
            Self::Truth => "true or false".to_owned(),
            Self::Length => "length of time".to_owned(),
            Self::Condition => "condition".to_owned(),
            Self::File => "path of a file".to_owned(),
            Self::Moment => "date and time".to_owned(),
            Self::Values => "names and values".to_owned(),
            Self::OneOf(names) => {
                let names: Vec<String> = names().iter().map(|name| format!("`{name:?}`")).collect();
                format!("one of {}", names.join(", "))
            }
        }
    }
}

impl Preset {
    /// As it would be written; nothing where it cannot be.
    pub(crate) fn written(self) -> Option<String> {
        Some(match self {
            Self::Required | Self::Absent(_) => return None,
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Texts(texts) => format!("{texts:?}"),
            Self::Length(length) => format!("\"{}\"", super::duration::written(length)),
        })
    }
}

impl Field {
    /// The default of a field that is true or false.
    pub(super) const fn truth(&self) -> bool {
        matches!(self.preset, Preset::Truth(true))
    }

    /// The default of a number; nought where there is none.
    pub(super) const fn number(&self) -> f64 {
        match self.preset {
            Preset::Number(number) => number,
            _ => 0.0,
        }
    }

    /// The default of a text; empty where there is none.
    pub(super) const fn text(&self) -> &'static str {
        match self.preset {
            Preset::Text(text) => text,
            _ => "",
        }
    }

    /// The default of a list; empty where there is none.
    pub(super) const fn texts(&self) -> &'static [&'static str] {
        match self.preset {
            Preset::Texts(texts) => texts,
            _ => &[],
        }
    }

    /// The default of a length of time; none where there is none.
    pub(super) const fn length(&self) -> Milliseconds {
        match self.preset {
            Preset::Length(length) => length,
            _ => Milliseconds(0),
        }
    }
}
