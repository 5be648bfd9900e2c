//! Shapes of JSON, as JSON Schema has them: what answers look like and what bodies and parameters
//! must look like. They stand beside the code that writes or reads them, and use its bounds.
//!
//! Never checks a value: that is done where the value is read.
//!
//! Source: JSON Schema, draft 2020-12, which OpenAPI 3.1 uses.

use firstglance_engine::id::MAX_ID_BYTES;
use serde_json::{Map, Value, json};

/// The shape of a value.
#[derive(Clone, Debug)]
pub struct Schema(Map<String, Value>);

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    name: &'static str,
    schema: Schema,
    required: bool,
}

/// A member that is always there, or must be.
#[must_use]
pub const fn has(name: &'static str, schema: Schema) -> Member {
    Member {
        name,
        schema,
        required: true,
    }
}

/// A member that may be missing.
#[must_use]
pub const fn may_have(name: &'static str, schema: Schema) -> Member {
    Member {
        name,
        schema,
        required: false,
    }
}

/// Anything.
#[must_use]
pub fn anything() -> Schema {
    Schema(Map::new())
}

/// A text.
#[must_use]
pub fn text() -> Schema {
    of_type("string")
}

/// A text with at least one sign that is not white space.
#[must_use]
pub fn name() -> Schema {
    text().matching(r"\S")
}

/// An id of a message or visitor. What the pattern cannot say: the bound is one of bytes.
#[must_use]
pub fn id() -> Schema {
    text()
        .between(1, MAX_ID_BYTES)
        .matching(r"^[^\u0000-\u0020\u007f]([^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f])?$")
}

/// A moment, as RFC 3339 has it.
#[must_use]
pub fn moment() -> Schema {
    text().with("format", "date-time")
}

/// One of some texts.
#[must_use]
pub fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Schema {
    let names: Vec<&str> = names.into_iter().collect();
    text().with("enum", names)
}

/// A whole number from 0.
#[must_use]
pub fn count() -> Schema {
    of_type("integer").with("minimum", 0)
}

/// A whole number between two, which belong to it.
#[must_use]
pub fn whole(least: i64, most: i64) -> Schema {
    of_type("integer")
        .with("minimum", least)
        .with("maximum", most)
}

/// A number from 0.
#[must_use]
pub fn amount() -> Schema {
    number().with("minimum", 0)
}

/// A number.
#[must_use]
pub fn number() -> Schema {
    of_type("number")
}

/// Whether something is so.
#[must_use]
pub fn truth() -> Schema {
    of_type("boolean")
}

/// A list.
#[must_use]
pub fn list(of: Schema) -> Schema {
    of_type("array").with("items", of.0)
}

/// An object with members of any name.
#[must_use]
pub fn map(of: Schema) -> Schema {
    of_type("object").with("additionalProperties", of.0)
}

/// An object with these members and no others.
#[must_use]
pub fn object(members: impl IntoIterator<Item = Member>) -> Schema {
    open_object(members).with("additionalProperties", false)
}

/// An object with these members and whatever else there is.
#[must_use]
pub fn open_object(members: impl IntoIterator<Item = Member>) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        if member.required {
            required.push(member.name);
        }
        properties.insert(member.name.to_owned(), member.schema.0.into());
    }
    let mut object = of_type("object");
    if !properties.is_empty() {
        object = object.with("properties", properties);
    }
    if required.is_empty() {
        return object;
    }
    object.with("required", required)
}

/// What one of these is.
#[must_use]
pub fn any_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    let mut schemas: Vec<Value> = schemas.into_iter().map(|one| one.0.into()).collect();
    if schemas.len() == 1
        && let Some(Value::Object(only)) = schemas.pop()
    {
        return Schema(only);
    }
    anything().with("anyOf", schemas)
}

/// A shape that stands in the document once, by this name.
#[must_use]
pub fn named(name: &str) -> Schema {
    anything().with("$ref", format!("#/components/schemas/{name}"))
}

fn of_type(name: &str) -> Schema {
    anything().with("type", name)
}

impl Schema {
    /// The same with a keyword.
    #[must_use]
    pub fn with(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.0.insert(keyword.to_owned(), value.into());
        self
    }

    /// The same, said in words.
    #[must_use]
    pub fn about(self, words: &str) -> Self {
        self.with("description", words)
    }

    /// A text of so many signs.
    #[must_use]
    pub fn between(self, least: usize, most: usize) -> Self {
        self.with("minLength", least).with("maxLength", most)
    }

    /// A text in which this regular expression is found (ECMA 262).
    #[must_use]
    pub fn matching(self, pattern: &str) -> Self {
        self.with("pattern", pattern)
    }

    /// A list of so many.
    #[must_use]
    pub fn holding(self, least: usize, most: usize) -> Self {
        self.with("minItems", least).with("maxItems", most)
    }

    /// An object in which at least one of these members says something.
    #[must_use]
    pub fn with_one_of(self, names: &[&str]) -> Self {
        let something = json!({ "type": ["string", "integer"], "minLength": 1 });
        let each = names
            .iter()
            .map(|name| json!({ "required": [name], "properties": { *name: something } }));
        self.with("anyOf", each.collect::<Vec<_>>())
    }

    /// The same, or null.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        match self.0.get("type") {
            Some(Value::String(name))
                if !["enum", "format"]
                    .iter()
                    .any(|one| self.0.contains_key(*one)) =>
            {
                let types = json!([name, "null"]);
                self.0.insert("type".to_owned(), types);
                self
            }
            _ => any_of([self, of_type("null")]),
        }
    }

    /// The same, or nothing: what is left empty in an address is not given.
    #[must_use]
    pub fn or_empty(self) -> Self {
        any_of([self, text().with("const", "")])
    }

    /// As JSON.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (schema, expected) in [
            (text().or_null(), json!({"type": ["string", "null"]})),
            (
                one_of(["a", "b"]).or_null(),
                json!({"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]}),
            ),
            (
                named("A").or_null(),
                json!({"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}),
            ),
            (any_of([truth()]), json!({"type": "boolean"})),
            (
                object([has("a", count()), may_have("b", list(text()))]),
                json!({
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["a"],
                    "properties": {
                        "a": {"type": "integer", "minimum": 0},
                        "b": {"type": "array", "items": {"type": "string"}},
                    },
                }),
            ),
        ] {
            assert_eq!(schema.into_json(), expected);
        }
    }
}
