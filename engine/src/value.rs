//! Values of properties and traits: what JSON can say, without a JSON library.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// One value of a property or a trait.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(Box<str>),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(Properties),
}

impl Value {
    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Value {
    /// Not-a-number and the infinities, which JSON cannot say, become null.
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Null
        }
    }
}

/// Properties in the order they were given. Names are unique: a later one replaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(Vec<(Box<str>, Value)>);

impl Properties {
    /// No properties.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find_map(|(key, value)| (&**key == name).then_some(value))
    }

    /// The text of that name, where it is one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    /// The number of that name, where it is one.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_number)
    }

    /// The texts in the list of that name; a single text counts as a list of one.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let (single, list) = match self.get(name) {
            Some(Value::List(list)) => (None, list.as_slice()),
            Some(Value::Text(text)) => (Some(&**text), [].as_slice()),
            _ => (None, [].as_slice()),
        };
        single
            .into_iter()
            .chain(list.iter().filter_map(Value::as_text))
    }

    /// Sets a property.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(key, _)| &**key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// Sets a property, unless the text is empty.
    pub fn set_text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.set(name, text);
        }
    }

    /// Sets a property to a list of texts, unless there are none.
    pub fn set_texts<'a>(&mut self, name: &str, texts: impl IntoIterator<Item = &'a str>) {
        let list: Vec<Value> = texts.into_iter().map(Value::from).collect();
        if !list.is_empty() {
            self.set(name, Value::List(list));
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<Box<str>>> FromIterator<(N, Value)> for Properties {
    /// Collects; a later property of the same name replaces.
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(properties: I) -> Self {
        let mut all = Self::new();
        for (name, value) in properties {
            let name = name.into();
            match all.0.iter_mut().find(|(key, _)| *key == name) {
                Some((_, old)) => *old = value,
                None => all.0.push((name, value)),
            }
        }
        all
    }
}
