//! Where pages find what they need: at the root and below the owner's path, by the usual names and
//! by those that the owner has chosen. All of them always work, so that a proxy may strip the path
//! or keep it, and a page that was written before the names were chosen goes on.

use hyper::header::ETAG;

use super::error::HttpError;
use super::openapi::{self, Operation, Reply, if_none_match, not_modified, part, query};
use super::{click, forget, ingest as messages, me, model, pixel, settings};
use crate::assets::{self, Asset};
use crate::config::Names;
use crate::ingest::Form;
use crate::schema::{anything, one_of, text};

/// What a page asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needed<'a> {
    Ingest(Form),
    Forget,
    Me,
    /// An image; the type of the message where the address names one.
    Pixel(Option<&'static str>),
    /// A link that leads on.
    Click,
    Model,
    /// The settings of Segment's script for the site of this write key.
    Settings(&'a str),
    Loader,
    /// A file whose name changes with its content.
    File(&'static Asset),
    /// What is told of all addresses.
    Document,
}

impl Needed<'_> {
    /// The methods that it takes.
    pub(super) const fn methods(&self) -> &'static str {
        match self {
            Self::Ingest(_) | Self::Forget => "POST, OPTIONS",
            Self::Me => "GET, HEAD, OPTIONS",
            _ => "GET, HEAD",
        }
    }
}

/// An address below the name of the API.
struct Call {
    /// Its names, the usual one first. A name in braces stands for whatever is there.
    names: &'static [&'static str],
    /// What it asks for, with what the name in braces stands for.
    needed: for<'a> fn(&'a str) -> Needed<'a>,
    /// What is told of it.
    describe: fn() -> Operation,
}

/// All of them. Besides the names of Segment's specification there are those that its libraries use:
/// `import` for messages of another time, and single letters in the browser.
const CALLS: &[Call] = &[
    Call {
        names: &["batch", "import", "b"],
        needed: |_| Needed::Ingest(Form::Batch),
        describe: messages::describe_batch,
    },
    Call {
        names: &["track", "t"],
        needed: |_| Needed::Ingest(Form::Single("track")),
        describe: || messages::describe("track"),
    },
    Call {
        names: &["page", "p"],
        needed: |_| Needed::Ingest(Form::Single("page")),
        describe: || messages::describe("page"),
    },
    Call {
        names: &["screen", "s"],
        needed: |_| Needed::Ingest(Form::Single("screen")),
        describe: || messages::describe("screen"),
    },
    Call {
        names: &["identify", "i"],
        needed: |_| Needed::Ingest(Form::Single("identify")),
        describe: || messages::describe("identify"),
    },
    Call {
        names: &["alias", "a"],
        needed: |_| Needed::Ingest(Form::Single("alias")),
        describe: || messages::describe("alias"),
    },
    Call {
        names: &["group", "g"],
        needed: |_| Needed::Ingest(Form::Single("group")),
        describe: || messages::describe("group"),
    },
    Call {
        names: &["forget"],
        needed: |_| Needed::Forget,
        describe: forget::describe,
    },
    Call {
        names: &["me"],
        needed: |_| Needed::Me,
        describe: me::describe,
    },
    Call {
        names: &["pixel.gif"],
        needed: |_| Needed::Pixel(None),
        describe: pixel::describe,
    },
    Call {
        names: &["pixel/track"],
        needed: |_| Needed::Pixel(Some("track")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["pixel/page"],
        needed: |_| Needed::Pixel(Some("page")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["pixel/screen"],
        needed: |_| Needed::Pixel(Some("screen")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["pixel/identify"],
        needed: |_| Needed::Pixel(Some("identify")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["pixel/group"],
        needed: |_| Needed::Pixel(Some("group")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["pixel/alias"],
        needed: |_| Needed::Pixel(Some("alias")),
        describe: pixel::describe_message,
    },
    Call {
        names: &["click"],
        needed: |_| Needed::Click,
        describe: click::describe,
    },
    Call {
        names: &["model"],
        needed: |_| Needed::Model,
        describe: model::describe,
    },
    Call {
        names: &["projects/{writeKey}/settings"],
        needed: |key| Needed::Settings(key),
        describe: settings::describe,
    },
];

/// What a path asks for; nothing where it is none of these addresses.
pub(super) fn find<'a>(path: &'a str, names: &Names) -> Option<Needed<'a>> {
    let at_root = path.strip_prefix('/')?;
    let below = path.strip_prefix(names.path.as_str());
    // The owner's own path first: it may look like an address below another.
    below
        .and_then(|name| named(name, names))
        .or_else(|| named(at_root, names))
}

fn named<'a>(name: &'a str, names: &Names) -> Option<Needed<'a>> {
    let usual = Names::default();
    let below = |api: &str| name.strip_prefix(api)?.strip_prefix('/');
    if let Some(action) = below(&names.api).or_else(|| below(&usual.api)) {
        return CALLS.iter().find_map(|call| {
            let mut names = call.names.iter();
            let found = names.find_map(|name| within(name, action))?;
            Some((call.needed)(found))
        });
    }
    if name == openapi::NAME {
        return Some(Needed::Document);
    }
    if [&names.script, &usual.script]
        .into_iter()
        .any(|script| script == name)
    {
        return Some(Needed::Loader);
    }
    [&names.files, &usual.files]
        .into_iter()
        .filter_map(|files| name.strip_prefix(files.as_str())?.strip_prefix('-'))
        .find_map(assets::hashed)
        .map(Needed::File)
}

/// What the name in braces stands for, where an action is the one of this name.
fn within<'a>(name: &str, action: &'a str) -> Option<&'a str> {
    match name.split_once('{').zip(name.split_once('}')) {
        None => (name == action).then_some(""),
        Some(((before, _), (_, after))) => action.strip_prefix(before)?.strip_suffix(after),
    }
}

/// What is told of an address.
pub(super) struct Described {
    /// With names in braces in place of what differs.
    pub(super) path: String,
    /// Those that it takes.
    pub(super) methods: &'static str,
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
    let of = |name: &str, methods, operation| Described {
        path: format!("{path}{name}"),
        methods,
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
        }
    }
    let methods = Needed::Loader.methods();
    let document = for_one_of_several(openapi::describe());
    all.push(of(openapi::NAME, methods, document));
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
    let whole = Reply::empty(hyper::StatusCode::OK, "The file.")
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

    #[test]
    fn usual_and_chosen() {
        let chosen = Names {
            path: "/a/metingen/".to_owned(),
            script: "meting.js".to_owned(),
            files: "m".to_owned(),
            api: "data".to_owned(),
        };
        let usual = Names::default();
        for (path, with_usual, with_chosen) in [
            ("/v1/batch", Some("Ingest(Batch)"), Some("Ingest(Batch)")),
            ("/v1/forget", Some("Forget"), Some("Forget")),
            ("/v1/pixel.gif", Some("Pixel(None)"), Some("Pixel(None)")),
            ("/a/metingen/data/click", None, Some("Click")),
            (
                "/v1/pixel/page",
                Some("Pixel(Some(\"page\"))"),
                Some("Pixel(Some(\"page\"))"),
            ),
            ("/v1/pixel/x", None, None),
            ("/fg.js", Some("Loader"), Some("Loader")),
            ("/meting.js", None, Some("Loader")),
            ("/data/me", None, Some("Me")),
            ("/a/metingen/data/me", None, Some("Me")),
            ("/a/metingen/v1/model", None, Some("Model")),
            ("/a/metingen/fg.js", None, Some("Loader")),
            ("/a/metingen/meting.js", None, Some("Loader")),
            ("/a/metingen/", None, None),
            ("/a/metingen", None, None),
            ("/a/metingen/batch", None, None),
            ("/a/metingen/a/metingen/fg.js", None, None),
            ("/v1/a/metingen/fg.js", None, None),
            ("/v1/me/", None, None),
            ("/v1/", None, None),
            ("/datame", None, None),
            ("/v1", None, None),
            ("/", None, None),
            ("", None, None),
            ("*", None, None),
        ] {
            for (names, expected) in [(&usual, with_usual), (&chosen, with_chosen)] {
                let found = find(path, names).map(|found| format!("{found:?}"));
                assert_eq!(found.as_deref(), expected, "{path}");
            }
        }
        for asset in assets::all().iter().filter(|asset| asset.immutable) {
            let hash = asset.name.strip_prefix("fg-").unwrap();
            for path in [format!("/fg-{hash}"), format!("/a/metingen/m-{hash}")] {
                let found = find(&path, &chosen);
                let Some(Needed::File(found)) = found else {
                    panic!("{path}");
                };
                assert!(std::ptr::eq(found, asset));
            }
            assert!(find(&format!("/m-{hash}"), &usual).is_none());
        }
    }
}
