//! A table of the configuration as it was written: asks for fields by name and type, and reports
//! what is unknown or has a wrong type. Knows nothing about what the fields mean.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

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
    /// As the owner writes it: `[site]`; empty for the document itself.
    title: &'static str,
    fields: &'a DeTable<'a>,
    /// Where it stands.
    pub(super) span: Range<usize>,
}

impl<'a> Table<'a> {
    pub(super) fn new(title: &'static str, fields: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self {
            title,
            fields,
            span,
        }
    }

    fn field(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.fields
            .iter()
            .find_map(|(key, value)| (key.get_ref() == name).then_some(value))
    }

    /// Whether the field is there, whatever its type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// Reports every name that is not among the known ones.
    pub(super) fn only(&self, known: &[&str], what: &str, problems: &mut Problems<'_>) {
        for (key, _) in self.fields {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let wrong = if self.title.is_empty() {
                format!("there is no {what} \"{name}\"")
            } else {
                format!("there is no {what} \"{name}\" in {}", self.title)
            };
            let right = match suggestion(name, known) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("it may be {}", choice(known)),
            };
            problems.add(key.span(), wrong, right);
        }
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
        name: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<&'a str>> {
        let value = self.field(name)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Placed {
                value: borrowed(text),
                span: value.span(),
            }),
            _ => {
                let right = format!("it must be a text in quotes, such as {name} = {example}");
                self.wrong_type(name, value, &right, problems);
                None
            }
        }
    }

    /// A list of texts; nothing when the field is absent.
    pub(super) fn texts(
        &self,
        name: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<Placed<&'a str>>> {
        let value = self.field(name)?;
        let right = format!("it must be a list of texts, such as {name} = {example}");
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(name, value, &right, problems);
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
                    format!("\"{name}\" holds {}", with_article(other)),
                    right.clone(),
                ),
            }
        }
        Some(texts)
    }

    /// True or false. The example is one of them.
    pub(super) fn truth(
        &self,
        name: &str,
        example: bool,
        problems: &mut Problems<'_>,
    ) -> Option<bool> {
        let value = self.field(name)?;
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(*truth),
            _ => {
                let right = format!("it must be true or false, such as {name} = {example}");
                self.wrong_type(name, value, &right, problems);
                None
            }
        }
    }

    /// A number.
    pub(super) fn number(
        &self,
        name: &str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<f64>> {
        let value = self.field(name)?;
        let number = number(value.get_ref());
        if number.is_none() {
            let right = format!("it must be a number, such as {name} = {example}");
            self.wrong_type(name, value, &right, problems);
        }
        number.map(|number| Placed {
            value: number,
            span: value.span(),
        })
    }

    /// A text, a number, or true or false. `right` says what would be.
    pub(super) fn scalar(
        &self,
        name: &str,
        right: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<Scalar>> {
        let value = self.field(name)?;
        let scalar = match value.get_ref() {
            DeValue::String(text) => Some(Scalar::Text(text.to_string())),
            DeValue::Boolean(truth) => Some(Scalar::Truth(*truth)),
            other => number(other).map(Scalar::Number),
        };
        if scalar.is_none() {
            self.wrong_type(name, value, right, problems);
        }
        scalar.map(|scalar| Placed {
            value: scalar,
            span: value.span(),
        })
    }

    /// Where the value of a field stands.
    pub(super) fn span_of(&self, name: &str) -> Option<Range<usize>> {
        self.field(name).map(Spanned::span)
    }

    /// The names and values of an inline table.
    pub(super) fn scalars(
        &self,
        name: &str,
        right: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Vec<(String, Placed<Scalar>)>> {
        let value = self.field(name)?;
        let DeValue::Table(fields) = value.get_ref() else {
            self.wrong_type(name, value, right, problems);
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
                None => self.wrong_type(key.get_ref(), value, right, problems),
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
        name: &'static str,
        title: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'a>> {
        let value = self.field(name)?;
        match value.get_ref() {
            DeValue::Table(fields) => Some(Table::new(title, fields, value.span())),
            _ => {
                let right = format!("write [{name}] once, on a line of its own");
                self.wrong_type(name, value, &right, problems);
                None
            }
        }
    }

    /// Tables that may stand any number of times.
    pub(super) fn tables(
        &self,
        name: &'static str,
        title: &'static str,
        problems: &mut Problems<'_>,
    ) -> Vec<Table<'a>> {
        let Some(value) = self.field(name) else {
            return Vec::new();
        };
        let right = format!("write {title}, with two brackets, before each one");
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(name, value, &right, problems);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(fields) => tables.push(Table::new(title, fields, item.span())),
                _ => self.wrong_type(name, item, &right, problems),
            }
        }
        tables
    }
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
