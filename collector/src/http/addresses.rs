//! Where pages find what they need: at the root and below the owner's path, by the usual names and
//! by those that the owner has chosen. All of them always work, so that a proxy may strip the path
//! or keep it, and a page that was written before the names were chosen goes on.

use super::openapi::{self, Operation};
use super::{click, decide, forget, ingest as messages, me, model, pixel, preview, settings};
use crate::assets::{self, Asset};
use crate::config::Names;
use crate::ingest::Form;

/// What a page asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Needed<'a> {
    Ingest(Form),
    Forget,
    Me,
    /// What a visitor sees in slots.
    Decide,
    /// A version of posted content.
    Preview,
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
            Self::Decide => "GET, HEAD, POST, OPTIONS",
            _ => "GET, HEAD",
        }
    }
}

/// An address below the name of the API.
pub(super) struct Call {
    /// Its names, the usual one first. A name in braces stands for whatever is there.
    pub(super) names: &'static [&'static str],
    /// What it asks for, with what the name in braces stands for.
    pub(super) needed: for<'a> fn(&'a str) -> Needed<'a>,
    /// What is told of it.
    pub(super) describe: fn() -> Operation,
    /// What is told of it for `GET`, where that is another thing than for `POST`.
    pub(super) describe_get: Option<fn() -> Operation>,
}

/// All of them. Besides the names of Segment's specification there are those that its libraries use:
/// `import` for messages of another time, and single letters in the browser.
pub(super) const CALLS: &[Call] = &[
    Call {
        names: &["batch", "import", "b"],
        needed: |_| Needed::Ingest(Form::Batch),
        describe: messages::describe_batch,
        describe_get: None,
    },
    Call {
        names: &["track", "t"],
        needed: |_| Needed::Ingest(Form::Single("track")),
        describe: || messages::describe("track"),
        describe_get: None,
    },
    Call {
        names: &["page", "p"],
        needed: |_| Needed::Ingest(Form::Single("page")),
        describe: || messages::describe("page"),
        describe_get: None,
    },
    Call {
        names: &["screen", "s"],
        needed: |_| Needed::Ingest(Form::Single("screen")),
        describe: || messages::describe("screen"),
        describe_get: None,
    },
    Call {
        names: &["identify", "i"],
        needed: |_| Needed::Ingest(Form::Single("identify")),
        describe: || messages::describe("identify"),
        describe_get: None,
    },
    Call {
        names: &["alias", "a"],
        needed: |_| Needed::Ingest(Form::Single("alias")),
        describe: || messages::describe("alias"),
        describe_get: None,
    },
    Call {
        names: &["group", "g"],
        needed: |_| Needed::Ingest(Form::Single("group")),
        describe: || messages::describe("group"),
        describe_get: None,
    },
    Call {
        names: &["forget"],
        needed: |_| Needed::Forget,
        describe: forget::describe,
        describe_get: None,
    },
    Call {
        names: &["me"],
        needed: |_| Needed::Me,
        describe: me::describe,
        describe_get: None,
    },
    Call {
        names: &["pixel.gif"],
        needed: |_| Needed::Pixel(None),
        describe: pixel::describe,
        describe_get: None,
    },
    Call {
        names: &["pixel/track"],
        needed: |_| Needed::Pixel(Some("track")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["pixel/page"],
        needed: |_| Needed::Pixel(Some("page")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["pixel/screen"],
        needed: |_| Needed::Pixel(Some("screen")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["pixel/identify"],
        needed: |_| Needed::Pixel(Some("identify")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["pixel/group"],
        needed: |_| Needed::Pixel(Some("group")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["pixel/alias"],
        needed: |_| Needed::Pixel(Some("alias")),
        describe: pixel::describe_message,
        describe_get: None,
    },
    Call {
        names: &["click"],
        needed: |_| Needed::Click,
        describe: click::describe,
        describe_get: None,
    },
    Call {
        names: &["decide"],
        needed: |_| Needed::Decide,
        describe: decide::describe,
        describe_get: Some(decide::describe_get),
    },
    Call {
        names: &["preview"],
        needed: |_| Needed::Preview,
        describe: preview::describe,
        describe_get: None,
    },
    Call {
        names: &["model"],
        needed: |_| Needed::Model,
        describe: model::describe,
        describe_get: None,
    },
    Call {
        names: &["projects/{writeKey}/settings"],
        needed: |key| Needed::Settings(key),
        describe: settings::describe,
        describe_get: None,
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

#[cfg(test)]
mod tests {
    use super::*;

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
