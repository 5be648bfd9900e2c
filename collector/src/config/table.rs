//! A table of the configuration as it was written: asks for fields by their descriptions, and reports
//! what is unknown or has a wrong type. Knows nothing about what the fields mean.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Field, Section};
use super::problem::{Problems, choice, suggestion};

/// A value and its place in the text.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A value that is no list and no table.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Text(String),
    Number(f64),
    Truth(bool),
}

/// One table.
pub(super) struct Table<'a> {
    section: &'static Section,
    fields: &'a DeTable<'a>,
    /// Where it stands.
    pub(super) span: Range<usize>,
}

impl<'a> Table<'a> {
    /// Takes a table for what the section says it is, and reports every name that it does not know.
    pub(super) fn new(
        section: &'static Section,
        fields: &'a DeTable<'a>,
        span: Range<usize>,
        problems: &mut Problems<'_>,
    ) -> Self {
        let table = Self {
            section,
            fields,
            span,
        };
        table.only_known(problems);
        table
    }

    /// As the owner writes it: `[site]`; empty for the document itself.
    pub(super) const fn title(&self) -> &'static str {
        self.section.title
    }

    /// The value of a field, which must be among those of the section.
    fn value(&self, field: &Field) -> Option<&'a Spanned<DeValue<'a>>> {
        debug_assert!(self.section.names().contains(&field.name));
        self.named(field.name)
    }

    fn named(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.fields
            .iter()
            .find_map(|(key, value)| (key.get_ref() == name).then_some(value))
    }

    /// Whether the field is there, whatever its type.
    pub(super) fn has(&self, field: &Field) -> bool {
        self.value(field).is_some()
    }

    /// Whether there is a table of this name inside.
    pub(super) fn has_inner(&self, section: &Section) -> bool {
        self.named(section.name).is_some()
    }

    fn only_known(&self, problems: &mut Problems<'_>) {
        let (known, what) = (self.section.names(), self.section.of);
        for (key, _) in self.fields {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let wrong = if self.title().is_empty() {
                format!("there is no {what} \"{name}\"")
            } else {
                format!("there is no {what} \"{name}\" in {}", self.title())
            };
            let right = match suggestion(name, &known) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("it may be {}", choice(&known)),
            };
            problems.add(key.span(), wrong, right);
        }
    }

    /// Reports a field that must be there and is not, with what to do in a few words.
    pub(super) fn missing(&self, field: &Field, advice: &str, problems: &mut Problems<'_>) {
        if self.has(field) {
            return;
        }
        problems.add(
            self.span.clone(),
            format!("{} has no {}", self.title(), field.name),
            format!("{advice}, such as {} = {}", field.name, field.example),
        );
    }

    fn wrong_type(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        right: &str,
        problems: &mut Problems<'_>,
    ) {
        let wrong = format!("\"{name}\" is {}", with_article(value.get_ref()));
        problems.add(value.span(), wrong, right);
    }

    /// A text.
    pub(super) fn text(
        &self,
        field: &Field,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<&'a str>> {
        let value = self.value(field)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Placed {
                value: borrowed(text),
                span: value.span(),
            }),
            _ => {
                self.wrong_type(field.name, value, &right(field), problems);
                None
            }
        }
    }

    /// A list of texts; nothing when the field is absent.
    pub(super) fn texts(
        &self,
        field: &Field,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<Placed<&'a str>>> {
        let value = self.value(field)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(field.name, value, &right(field), problems);
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(Placed {
                    value: borrowed(text),
                    span: item.span(),
                }),
                other => problems.add(
                    item.span(),
                    format!("\"{}\" holds {}", field.name, with_article(other)),
                    right(field),
                ),
            }
        }
        Some(texts)
    }

    /// True or false; what the field's default is where it is absent.
    pub(super) fn truth(&self, field: &Field, problems: &mut Problems<'_>) -> bool {
        let Some(value) = self.value(field) else {
            return field.truth();
        };
        if let DeValue::Boolean(truth) = value.get_ref() {
            return *truth;
        }
        self.wrong_type(field.name, value, &right(field), problems);
        field.truth()
    }

    /// A number.
    pub(super) fn number(&self, field: &Field, problems: &mut Problems<'_>) -> Option<Placed<f64>> {
        let value = self.value(field)?;
        let number = number(value.get_ref());
        if number.is_none() {
            self.wrong_type(field.name, value, &right(field), problems);
        }
        number.map(|number| Placed {
            value: number,
            span: value.span(),
        })
    }

    /// A text, a number, or true or false. `right` says what would be.
    pub(super) fn scalar(
        &self,
        field: &Field,
        right: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<Scalar>> {
        let value = self.value(field)?;
        let scalar = match value.get_ref() {
            DeValue::String(text) => Some(Scalar::Text(text.to_string())),
            DeValue::Boolean(truth) => Some(Scalar::Truth(*truth)),
            other => number(other).map(Scalar::Number),
        };
        if scalar.is_none() {
            self.wrong_type(field.name, value, right, problems);
        }
        scalar.map(|scalar| Placed {
            value: scalar,
            span: value.span(),
        })
    }

    /// Where the value of a field stands.
    pub(super) fn span_of(&self, field: &Field) -> Option<Range<usize>> {
        self.value(field).map(Spanned::span)
    }

    /// Where a table inside stands.
    pub(super) fn span_of_inner(&self, section: &Section) -> Option<Range<usize>> {
        self.named(section.name).map(Spanned::span)
    }

    /// The names and values of an inline table. The advice says what to write, in a few words.
    pub(super) fn scalars(
        &self,
        field: &Field,
        advice: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<(String, Placed<Scalar>)>> {
        let value = self.value(field)?;
        let name = field.name;
        let right = format!("{advice}, such as {name} = {}", field.example);
        let DeValue::Table(fields) = value.get_ref() else {
            self.wrong_type(name, value, &right, problems);
            return None;
        };
        let mut scalars = Vec::new();
        for (key, value) in fields {
            let scalar = match value.get_ref() {
                DeValue::String(text) => Some(Scalar::Text(text.to_string())),
                DeValue::Boolean(truth) => Some(Scalar::Truth(*truth)),
                other => number(other).map(Scalar::Number),
            };
            match scalar {
                Some(scalar) => scalars.push((
                    key.get_ref().to_string(),
                    Placed {
                        value: scalar,
                        span: key.span(),
                    },
                )),
                None => self.wrong_type(key.get_ref(), value, &right, problems),
            }
        }
        if fields.is_empty() {
            problems.add(value.span(), format!("\"{name}\" is empty"), right);
        }
        Some(scalars)
    }

    /// A table that stands once.
    pub(super) fn table(
        &self,
        section: &'static Section,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'a>> {
        let value = self.named(section.name)?;
        match value.get_ref() {
            DeValue::Table(fields) => Some(Table::new(section, fields, value.span(), problems)),
            _ => {
                let right = format!("write {} once, on a line of its own", section.title);
                self.wrong_type(section.name, value, &right, problems);
                None
            }
        }
    }

    /// Tables that may stand any number of times.
    pub(super) fn tables(
        &self,
        section: &'static Section,
        problems: &mut Problems<'_>,
    ) -> Vec<Table<'a>> {
        let Some(value) = self.named(section.name) else {
            return Vec::new();
        };
        let right = format!(
            "write {}, with two brackets, before each one",
            section.title
        );
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(section.name, value, &right, problems);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(fields) => {
                    tables.push(Table::new(section, fields, item.span(), problems));
                }
                _ => self.wrong_type(section.name, item, &right, problems),
            }
        }
        tables
    }
}

/// What a field's value should be.
fn right(field: &Field) -> String {
    let Field { name, example, .. } = field;
    format!(
        "it must be {}, such as {name} = {example}",
        field.kind.right()
    )
}

fn borrowed<'a>(text: &'a Cow<'a, str>) -> &'a str {
    text
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        #[allow(clippy::cast_precision_loss)] // Weights and points are small.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

fn with_article(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) if number(value).is_none() => {
            "not a number that can be counted with"
        }
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
