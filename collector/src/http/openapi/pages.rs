//! What is told of the addresses that pages ask for, by the names that a site has for them.

use hyper::header::ETAG;
use hyper::{Method, StatusCode};

use super::super::addresses::{CALLS, Needed};
use super::super::error::HttpError;
use super::{Operation, Reply, if_none_match, not_modified, part, query};
use crate::assets;
use crate::config::Names;
use crate::schema::{anything, one_of, text};

/// What is told of an address.
pub(super) struct Described {
    /// With names in braces in place of what differs.
    pub(super) path: String,
    /// Those that it takes.
    pub(super) methods: &'static str,
    /// The one that is told of.
    pub(super) method: Method,
    pub(super) operation: Operation,
    /// Whether it is another name of one that is told as well.
    pub(super) is_alias: bool,
}

/// All addresses by the names of a site, and what is told of them.
pub(super) fn described(names: &Names) -> Vec<Described> {
    let Names {
        path,
        script,
        files,
        api,
    } = names;
    let of = |name: &str, methods: &'static str, operation| Described {
        path: format!("{path}{name}"),
        methods,
        method: match methods.split(", ").any(|one| one == "POST") {
            true => Method::POST,
            false => Method::GET,
        },
        operation,
        is_alias: false,
    };
    let mut all = Vec::new();
    for call in CALLS {
        let methods = (call.needed)("").methods();
        for (place, name) in call.names.iter().enumerate() {
            let operation = match (call.needed)("") {
                // Errors of its own, which are images.
                Needed::Pixel(_) => with_site((call.describe)()),
                _ => for_one_of_several((call.describe)()),
            };
            all.push(Described {
                is_alias: place > 0,
                ..of(&format!("{api}/{name}"), methods, operation)
            });
            if let Some(get) = call.describe_get {
                all.push(Described {
                    method: Method::GET,
                    is_alias: place > 0,
                    ..of(&format!("{api}/{name}"), methods, for_one_of_several(get()))
                });
            }
        }
    }
    let methods = Needed::Loader.methods();
    let document = for_one_of_several(super::describe());
    all.push(of(super::NAME, methods, document));
    let script_about = "The script of the tag that is pasted into pages";
    let loader = file(script_about, "text/javascript").fails([HttpError::Route]);
    all.push(of(script, methods, for_one_of_several(loader)));
    let hashed = assets::all().iter().filter(|asset| asset.immutable);
    let hashed: Vec<&str> = hashed
        .filter_map(|asset| asset.name.strip_prefix("fg-"))
        .collect();
    if !hashed.is_empty() {
        let about = "A hash of the content, and an ending.";
        let operation = file("What the loader brings", "*/*")
            .takes(part("file", one_of(hashed), about))
            .fails([HttpError::Route]);
        all.push(of(&format!("{files}-{{file}}"), methods, operation));
    }
    all
}

fn file(summary: &'static str, media_type: &str) -> Operation {
    let whole = Reply::empty(StatusCode::OK, "The file.")
        .content(media_type, anything())
        .header(ETAG.as_str(), text());
    Operation::new(summary)
        .takes(if_none_match())
        .gives(whole)
        .gives(not_modified())
}

/// Adds how an address says which of several sites is meant, and what it answers where it does not.
fn for_one_of_several(operation: Operation) -> Operation {
    with_site(operation).fails([HttpError::Site, HttpError::WhichSite])
}

fn with_site(operation: Operation) -> Operation {
    let about = "The write key of the site that is meant, where nothing else in the request says it \
                 and the collector has several.";
    operation.takes(query("site", text(), about))
}

#[cfg(test)]
mod tests {
    use super::super::super::addresses::find;
    use super::*;

    #[test]
    fn what_is_described_is_found_and_takes_the_methods_that_are_told() {
        let chosen = Names {
            path: "/a/metingen/".to_owned(),
            script: "meting.js".to_owned(),
            files: "m".to_owned(),
            api: "data".to_owned(),
        };
        for names in [Names::default(), chosen] {
            let all = described(&names);
            assert!(all.iter().any(|one| one.is_alias));
            for one in all {
                // Any key will do; of a hashed file its name must be right.
                let hashed = assets::all().iter().find(|asset| asset.immutable);
                let hashed = hashed.and_then(|asset| asset.name.strip_prefix("fg-"));
                let path = one.path.replace("{writeKey}", "k");
                let path = path.replace("{file}", hashed.unwrap_or_default());
                let found = find(&path, &names);
                let methods = found.as_ref().map(Needed::methods);
                assert_eq!(methods, Some(one.methods), "{path}");
            }
        }
    }
}
