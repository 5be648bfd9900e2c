//! The page of addresses, from the document that `/openapi.json` answers.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::cell;
use crate::http::openapi;

pub(super) fn page() -> String {
    let document = openapi::usual();
    let mut page = String::from(
        "# Every address\n\n\
         This page is made from the same description as `/openapi.json` of a collector, which has every \
         detail for programs; `firstglance reference http` prints that of your own version. What holds for \
         all addresses is in [HTTP](../http.md). A member with `?` may be missing.\n",
    );
    let none = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&none);
    for tag in document["tags"].as_array().into_iter().flatten() {
        let (name, about) = (said(&tag["name"]), said(&tag["description"]));
        let _ = write!(page, "\n## {}\n\n{about}\n", capitalised(name));
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().unwrap_or(&none) {
                let is_of_tag = operation["tags"]
                    .as_array()
                    .is_some_and(|tags| tags.iter().any(|tag| said(tag) == name));
                if is_of_tag && method != "options" {
                    add(&mut page, path, method, operation);
                }
            }
        }
    }
    page.push_str("\n## Shapes\n\nMessages of Segment's specification, and explanations.\n");
    let schemas = document["components"]["schemas"].as_object();
    for (name, schema) in schemas.unwrap_or(&none) {
        let _ = write!(
            page,
            "\n### {name}\n\n{}\n\n```text\n{}\n```\n",
            said(&schema["description"]),
            shape(schema, 0)
        );
    }
    page
}

fn add(page: &mut String, path: &str, method: &str, operation: &Value) {
    let method = method.to_ascii_uppercase();
    let _ = write!(
        page,
        "\n### `{method} {path}`\n\n{}.\n",
        said(&operation["summary"]).trim_end_matches('.')
    );
    if let Some(details) = operation["description"].as_str() {
        let _ = write!(page, "\n{details}\n");
    }
    let parameters = operation["parameters"].as_array();
    if let Some(parameters) = parameters.filter(|all| !all.is_empty()) {
        page.push_str("\n| parameter | in | holds | |\n|---|---|---|---|\n");
        for parameter in parameters {
            let required = parameter["required"] == true;
            let _ = writeln!(
                page,
                "| `{}`{} | {} | {} | {} |",
                said(&parameter["name"]),
                if required { ", required" } else { "" },
                said(&parameter["in"]),
                cell(&shape(&parameter["schema"], 0)),
                cell(said(&parameter["description"]))
            );
        }
    }
    bodies(page, "Body", &operation["requestBody"]["content"]);
    let none = Map::new();
    let responses = operation["responses"].as_object().unwrap_or(&none);
    let mut failures = String::new();
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            let codes = codes(&response["content"]["application/json"]["schema"]);
            let _ = writeln!(failures, "| {status} | {} |", codes.join(", "));
            continue;
        }
        let _ = write!(page, "\n**{status}** {}\n", said(&response["description"]));
        bodies(page, "Answer", &response["content"]);
    }
    if !failures.is_empty() {
        let _ = write!(page, "\n| status | `error.code` |\n|---|---|\n{failures}");
    }
}

fn bodies(page: &mut String, what: &str, content: &Value) {
    for (media_type, body) in content.as_object().into_iter().flatten() {
        let _ = write!(page, "\n{what}, `{media_type}`:\n");
        let _ = write!(page, "\n```text\n{}\n```\n", shape(&body["schema"], 0));
    }
}

/// The codes that an error's schema names.
fn codes(schema: &Value) -> Vec<String> {
    let code = &schema["properties"]["error"]["properties"]["code"];
    let several = code["enum"].as_array().into_iter().flatten();
    let mut codes: Vec<String> = several
        .chain(code.get("const"))
        .map(|code| format!("`{}`", said(code)))
        .collect();
    for schema in schema["anyOf"].as_array().into_iter().flatten() {
        codes.extend(self::codes(schema));
    }
    codes
}

/// A shape of JSON in a form that people read, as in `{ "id": text, "next": text or null }`.
fn shape(schema: &Value, depth: usize) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(fixed) = schema.get("const") {
        return fixed.to_string();
    }
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<String> = names.iter().map(Value::to_string).collect();
        return names.join(" or ");
    }
    let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    if let Some(choices) = choices
        && schema.get("properties").is_none()
    {
        return alternatives(choices.iter().map(|one| shape(one, depth)).collect());
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(said).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => vec![""],
    };
    alternatives(
        types
            .into_iter()
            .map(|kind| of_type(kind, schema, depth))
            .collect(),
    )
}

/// Each once.
fn alternatives(mut all: Vec<String>) -> String {
    let mut seen = Vec::new();
    all.retain(|one| {
        let is_new = !seen.contains(one);
        seen.push(one.clone());
        is_new
    });
    all.join(" or ")
}

fn of_type(kind: &str, schema: &Value, depth: usize) -> String {
    match kind {
        "string" if schema["format"] == "date-time" => "date and time".to_owned(),
        "string" => "text".to_owned(),
        "integer" => format!("whole number{}", bounds(schema)),
        "number" => format!("number{}", bounds(schema)),
        "boolean" => "true or false".to_owned(),
        "array" => format!("[ {}, … ]", shape(&schema["items"], depth)),
        "object" => object(schema, depth),
        "" => "anything".to_owned(),
        other => other.to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        // What a number of that size can be at most says nothing.
        (Value::Number(_), Value::Number(most)) if most.as_i64() == Some(i64::MAX) => String::new(),
        (Value::Number(least), Value::Number(most)) => format!(" from {least} to {most}"),
        _ => String::new(),
    }
}

fn object(schema: &Value, depth: usize) -> String {
    let none = Map::new();
    let members = schema["properties"].as_object().unwrap_or(&none);
    let required = schema["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|all| all.iter().any(|one| said(one) == name));
    let indent = "  ".repeat(depth + 1);
    let mut lines: Vec<String> = members
        .iter()
        .map(|(name, schema)| {
            let mark = if is_required(name) { "" } else { "?" };
            format!("{indent}{name:?}{mark}: {}", shape(schema, depth + 1))
        })
        .collect();
    let named = schema["patternProperties"].as_object();
    let others = named.unwrap_or(&none).values();
    let others = others.chain(
        schema
            .get("additionalProperties")
            .filter(|one| one.is_object()),
    );
    lines.extend(others.map(|schema| format!("{indent}NAME: {}", shape(schema, depth + 1))));
    if lines.is_empty() {
        return "object".to_owned();
    }
    format!("{{\n{}\n{}}}", lines.join(",\n"), "  ".repeat(depth))
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.collect::<String>() + characters.as_str()
}
