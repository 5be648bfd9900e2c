//! `GET /openapi.json`: what a program can ask of this collector, as OpenAPI 3.1.
//!
//! It is made from the tables by which requests find their endpoints (`addresses`, `router`,
//! `admin`), and each line of them names what is to be said of it. So there is no route that is not
//! described: it would not compile. What parameters, bodies and answers look like stands beside the
//! code that reads or writes them, and errors are told by [`HttpError`] itself.
//!
//! It says how the site that is asked names its addresses and its cookie, which every page of the site
//! tells as well, and nothing else of the site: whoever asks needs no key.

mod failures;
mod operation;
mod pages;
mod parameter;
pub(super) mod shapes;

use hyper::Request;
use hyper::header::{ETAG, IF_NONE_MATCH};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::error::HttpError;
use super::{App, admin, assets, cors, loader, router};
use crate::config::{Config, Names, Site};
use crate::cookie;
use crate::schema::{anything, text};
pub(super) use failures::{
    not_done, parameter, reading_a_body, reading_json, too_many, using_the_store,
};
pub(super) use operation::{Operation, Reply, Security, error_member};
use pages::Described;
pub(super) use parameter::{Parameter, cursor, family, flag, header, limit, part, query};

/// The name of the document below the owner's path.
pub(super) const NAME: &str = "openapi.json";

const ABOUT: &str = "\
What a collector of Firstglance answers. Every address that takes `GET` takes `HEAD`. Addresses for \
pages are described as the owner has named them; the usual names (`/v1/…`) are answered as well. \
Parameters that are not described are passed over; of several of one name the first counts. An \
address that is none is `404 not_found`, a method that an address does not take \
`405 method_not_allowed`.";

const PAGES: &str = "pages";
const ALIASES: &str = "aliases";
const COLLECTOR: &str = "collector";
const ADMINISTRATION: &str = "administration";

const TAGS: [(&str, &str); 4] = [
    (PAGES, "What pages, Segment's libraries and e-mails ask."),
    (ALIASES, "Other names of the same, which libraries use."),
    (COLLECTOR, "The process itself."),
    (ADMINISTRATION, "What administrators see and do."),
];

/// Answers with the document of a site.
pub(super) fn answer(app: &App, request: &Request<()>) -> Answer {
    let document = app.document.get_or_init(|| {
        let document = document(&app.site, &app.tracker.names, app.cookie.name());
        loader::made("application/json", document.to_string().into_bytes())
    });
    assets::answer(document, request)
}

pub(super) fn describe() -> Operation {
    let document = Reply::json("The document.", anything()).header(ETAG.as_str(), text());
    Operation::new("This document")
        .details("OpenAPI 3.1, made by the collector that answers.")
        .takes(if_none_match())
        .gives(document)
        .gives(not_modified())
}

/// The header by which a client says what it has already.
pub(super) fn if_none_match() -> Parameter {
    let about = "Tags of what the client has already.";
    header(IF_NONE_MATCH.as_str(), text(), about)
}

/// The answer to a client that has it already.
pub(super) fn not_modified() -> Reply {
    Reply::empty(StatusCode::NOT_MODIFIED, "The client has it already.")
        .header(ETAG.as_str(), text())
}

/// The document of a site that has chosen no names of its own.
pub(crate) fn usual() -> Value {
    let site = "[site]\nwrite_key = \"my-site\"";
    let config = Config::parse(site).ok();
    config.map_or(Value::Null, |config| {
        document(&config.site, &config.tracker.names, cookie::NAME)
    })
}

fn document(site: &Site, names: &Names, cookie: &str) -> Value {
    let mut paths = Paths::default();
    for (path, operation) in router::described() {
        paths.add(path, &Method::GET, operation, COLLECTOR);
    }
    for described in pages::described(names) {
        let Described {
            path,
            methods,
            method,
            operation,
            is_alias,
        } = described;
        let tag = if is_alias { ALIASES } else { PAGES };
        let takes = |method: &str| methods.split(", ").any(|one| one == method);
        let is_first = !paths.0.contains_key(&path);
        paths.add(&path, &method, operation, tag);
        if is_first && takes("OPTIONS") {
            paths.add(&path, &Method::OPTIONS, cors::describe(), tag);
        }
    }
    for (path, method, operation) in admin::described(site.id()) {
        paths.add(&path, &method, operation, ADMINISTRATION);
    }
    let tags = TAGS.map(|(name, description)| json!({ "name": name, "description": description }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Firstglance",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths.0,
        "components": {
            "schemas": shapes::named(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An administrator's token; each route says which role it needs. \
                        Roles are decide, read, operate and erase, and each may what the ones before it may.",
                },
                "writeKey": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The site's write key as the user name. It may be in `writeKey` of the \
                        body instead.",
                },
                "visitor": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookie,
                    "description": "The signed cookie that the collector gives to a visitor's browser.",
                },
            },
        },
    })
}

/// The paths of the document.
#[derive(Default)]
struct Paths(Map<String, Value>);

impl Paths {
    fn add(&mut self, path: &str, method: &Method, operation: Operation, tag: &str) {
        let method = method.as_str().to_ascii_lowercase();
        // Any panic is answered so.
        let operation = operation.fails([HttpError::Internal]);
        let words = path.split(|one: char| !one.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let id = format!("{method}_{}", words.join("_"));
        let path = self.0.entry(path.to_owned()).or_insert_with(|| json!({}));
        path[&method] = operation.into_json(&id, tag);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document_of(names: &str) -> Value {
        let config = format!("[site]\nid = \"shop\"\nwrite_key = \"k\"\n[tracker]\n{names}");
        let config = Config::parse(&config).unwrap();
        document(&config.site, &config.tracker.names, "c")
    }

    fn each<'a>(document: &'a Value, see: &mut dyn FnMut(&str, &'a Value)) {
        match document {
            Value::Object(members) => {
                for (name, value) in members {
                    see(name, value);
                    each(value, see);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| each(value, see)),
            _ => {}
        }
    }

    #[test]
    fn operations_have_names_of_their_own_and_references_lead_somewhere() {
        let document = document_of("");
        let mut ids = Vec::new();
        let mut references = Vec::new();
        each(&document, &mut |name, value| match name {
            "operationId" => ids.push(value.as_str().unwrap()),
            "$ref" => references.push(value.as_str().unwrap()),
            _ => {}
        });
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(count > 40 && ids.len() == count);
        for reference in references {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_name_in_braces_is_a_parameter_and_every_part_a_name() {
        let document = document_of("");
        for (path, item) in document["paths"].as_object().unwrap() {
            let named: Vec<&str> = path
                .split('{')
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap())
                .collect();
            for (method, operation) in item.as_object().unwrap() {
                let none = Vec::new();
                let parameters = operation["parameters"].as_array().unwrap_or(&none);
                let mut parts: Vec<&str> = parameters
                    .iter()
                    .filter(|one| one["in"] == "path")
                    .map(|one| one["name"].as_str().unwrap())
                    .collect();
                if method == "options" {
                    parts.extend(&named);
                }
                assert_eq!(parts, named, "{method} {path}");
            }
        }
    }

    #[test]
    fn the_owners_names_are_told() {
        let document = document_of("path = \"/metingen/\"\nscript = \"meting.js\"\napi = \"data\"");
        let paths = document["paths"].as_object().unwrap();
        for path in [
            "/metingen/data/batch",
            "/metingen/data/projects/{writeKey}/settings",
            "/metingen/openapi.json",
            "/metingen/meting.js",
            "/admin/v1/profiles/{id}",
            "/metrics",
        ] {
            assert!(paths.contains_key(path), "{path}");
        }
        assert!(!paths.keys().any(|path| path.starts_with("/v1/")));
        assert_eq!(
            document["components"]["securitySchemes"]["visitor"]["name"],
            "c"
        );
        let site = document.to_string();
        assert!(site.contains(r#""schema":{"enum":["shop"],"type":"string"}"#));
    }
}
