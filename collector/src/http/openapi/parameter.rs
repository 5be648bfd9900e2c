//! Parameters of an address or head, as they are told.

use serde_json::{Map, Value, json};

use super::super::query as read;
use crate::schema::{Schema, one_of, open_object, whole};

/// A parameter of an address or head.
#[derive(Clone, Debug)]
pub(in super::super) struct Parameter(pub(super) Map<String, Value>);

/// A parameter of the query string that may be left out.
pub(in super::super) fn query(name: &str, schema: Schema, about: &str) -> Parameter {
    parameter("query", name, schema, about)
}

/// The parameter `limit`, see [`read::limit`].
pub(in super::super) fn limit(usual: usize, most: usize) -> Parameter {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let schema = whole(1, most).with("default", usual);
    query("limit", schema, "How many at most.")
}

/// The parameter `cursor`, whose values have this shape.
pub(in super::super) fn cursor(schema: Schema) -> Parameter {
    query(
        "cursor",
        schema,
        "The `next` of the answer before, with the other parameters as they were there.",
    )
}

/// A parameter that says yes by being there, see [`read::flag`].
pub(in super::super) fn flag(name: &str, about: &str) -> Parameter {
    query(name, one_of(read::FLAG), about).set("allowEmptyValue", true)
}

/// Parameters whose names begin alike; `pattern` is what their names match.
pub(in super::super) fn family(name: &str, pattern: &str, about: &str) -> Parameter {
    let texts = json!({ pattern: { "type": "string" } });
    let schema = open_object([]).with("patternProperties", texts);
    query(name, schema, about)
        .set("style", "form")
        .set("explode", true)
}

/// A header that may be left out.
pub(in super::super) fn header(name: &str, schema: Schema, about: &str) -> Parameter {
    parameter("header", name, schema, about)
}

/// A part of the path.
pub(in super::super) fn part(name: &str, schema: Schema, about: &str) -> Parameter {
    parameter("path", name, schema, about).required()
}

fn parameter(place: &str, name: &str, schema: Schema, about: &str) -> Parameter {
    let mut members = Map::new();
    for (key, value) in [
        ("in", place.into()),
        ("name", name.into()),
        ("description", about.into()),
        ("schema", schema.into_json()),
    ] {
        members.insert(key.to_owned(), value);
    }
    Parameter(members)
}

impl Parameter {
    /// The same, and it must be there.
    pub(in super::super) fn required(self) -> Self {
        self.set("required", true)
    }

    fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }
}
