//! Where pages find what they need: at the root and below the owner's path, by the usual names and
//! by those that the owner has chosen. All of them always work, so that a proxy may strip the path
//! or keep it, and a page that was written before the names were chosen goes on.

use crate::assets::{self, Asset};
use crate::config::Names;
use crate::ingest::Form;

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
}

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
        return call(action);
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

/// Besides the names of Segment's specification, those that its libraries use: `import` for
/// messages of another time, and single letters in the browser.
fn call(action: &str) -> Option<Needed<'_>> {
    Some(match action {
        "batch" | "import" | "b" => Needed::Ingest(Form::Batch),
        "track" | "t" => Needed::Ingest(Form::Single("track")),
        "page" | "p" => Needed::Ingest(Form::Single("page")),
        "screen" | "s" => Needed::Ingest(Form::Single("screen")),
        "identify" | "i" => Needed::Ingest(Form::Single("identify")),
        "alias" | "a" => Needed::Ingest(Form::Single("alias")),
        "group" | "g" => Needed::Ingest(Form::Single("group")),
        "forget" => Needed::Forget,
        "me" => Needed::Me,
        "pixel.gif" => Needed::Pixel(None),
        "pixel/track" => Needed::Pixel(Some("track")),
        "pixel/page" => Needed::Pixel(Some("page")),
        "pixel/screen" => Needed::Pixel(Some("screen")),
        "pixel/identify" => Needed::Pixel(Some("identify")),
        "pixel/group" => Needed::Pixel(Some("group")),
        "pixel/alias" => Needed::Pixel(Some("alias")),
        "click" => Needed::Click,
        "model" => Needed::Model,
        _ => {
            let key = action.strip_prefix("projects/")?;
            Needed::Settings(key.strip_suffix("/settings")?)
        }
    })
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
