//! The table `[tracker]`: what the page's script does, and the names by which pages reach the
//! collector.

use super::fields::tracker as fields;
use super::problem::Problems;
use super::table::{Placed, Table};

/// What the page's script does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracker {
    /// Whether what follows `#` in an address names a page.
    pub hash_routes: bool,
    /// Whether errors of the page's scripts are events.
    pub errors: bool,
    /// Whether Core Web Vitals are events.
    pub web_vitals: bool,
    /// Whether forms that are viewed, started, submitted and abandoned are events.
    pub forms: bool,
    /// Whether the progress of video and audio are events.
    pub media: bool,
    /// Whether visitors are told apart without an identifier on their devices, see
    /// [`crate::cookieless`].
    pub cookieless: bool,
    /// CSS selector of the element that scrolls in place of the window.
    pub scroll_container: Option<String>,
    /// Names in addresses.
    pub names: Names,
}

/// Names in the addresses that a page asks for, which owners choose where lists of blockers or
/// other programs on the same host have taken the usual ones. Those are answered all the same.
///
/// Every name consists of characters that stand for themselves in an address and in a text of
/// JavaScript, and none is that of an address of the collector's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Where everything lies that a page asks for. Begins and ends with a slash.
    pub path: String,
    /// The loader.
    pub script: String,
    /// What the names of hashed files begin with, before a hyphen.
    pub files: String,
    /// What stands for `v1` in the addresses that the script asks.
    pub api: String,
}

impl Default for Tracker {
    fn default() -> Self {
        Self {
            hash_routes: fields::HASH_ROUTES.truth(),
            errors: fields::ERRORS.truth(),
            web_vitals: fields::WEB_VITALS.truth(),
            forms: fields::FORMS.truth(),
            media: fields::MEDIA.truth(),
            cookieless: fields::COOKIELESS.truth(),
            scroll_container: None,
            names: Names::default(),
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        let usual = [fields::PATH, fields::SCRIPT, fields::FILES, fields::API];
        let [path, script, files, api] = usual.map(|field| field.text().to_owned());
        Self {
            path,
            script,
            files,
            api,
        }
    }
}

/// First parts of addresses that are not for pages, and of the usual ones that are.
const TAKEN: &[&str] = &["admin", "healthz", "readyz", "metrics", "v1"];

/// Longest name and longest selector, in bytes: both stand in the head of answers.
const LONGEST_NAME: usize = 100;
const LONGEST_SELECTOR: usize = 300;

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Tracker {
    let Some(table) = root.table(&fields::TRACKER, problems) else {
        return Tracker::default();
    };
    Tracker {
        hash_routes: table.truth(&fields::HASH_ROUTES, problems),
        errors: table.truth(&fields::ERRORS, problems),
        web_vitals: table.truth(&fields::WEB_VITALS, problems),
        forms: table.truth(&fields::FORMS, problems),
        media: table.truth(&fields::MEDIA, problems),
        cookieless: table.truth(&fields::COOKIELESS, problems),
        scroll_container: scroll_container(&table, problems),
        names: names(&table, problems),
    }
}

fn scroll_container(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::SCROLL_CONTAINER, problems)?;
    let selector = text.value.trim();
    let printable = !selector.is_empty() && !selector.contains(char::is_control);
    if printable && selector.len() <= LONGEST_SELECTOR {
        return Some(selector.to_owned());
    }
    problems.add(
        text.span,
        format!("\"scroll_container\" is {:?}", text.value),
        "it must be a CSS selector of at most 300 bytes, such as \"#content\"",
    );
    None
}

fn names(table: &Table<'_>, problems: &mut Problems<'_>) -> Names {
    let usual = Names::default();
    let mut names = Names {
        path: path(table, problems).unwrap_or(usual.path),
        files: files(table, problems).unwrap_or(usual.files),
        api: api(table, problems).unwrap_or(usual.api),
        script: usual.script,
    };
    if let Some(script) = script(table, &names.files, problems) {
        names.script = script;
    }
    names
}

/// Whether a name needs no escape anywhere and is no hidden file.
fn is_safe(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_NAME).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

/// Reports a name that the collector has another use for.
fn is_free(name: &str, text: &Placed<&str>, field: &str, problems: &mut Problems<'_>) -> bool {
    let free = !TAKEN.contains(&name);
    if !free {
        let wrong = format!("\"{field}\" is {:?}", text.value);
        let right =
            format!("choose another name: the collector has addresses of its own at /{name}");
        problems.add(text.span.clone(), wrong, right);
    }
    free
}

fn path(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::PATH, problems)?;
    if text.value == "/" {
        return Some(text.value.to_owned());
    }
    let inner = text.value.trim_matches('/');
    let meant = format!("/{inner}/");
    let safe = meant.len() <= LONGEST_NAME && inner.split('/').all(is_safe);
    if !safe || meant != text.value {
        let right = if safe {
            format!("did you mean {meant:?}?")
        } else {
            "it must be names of letters, digits, -, _ or . between slashes, such as \
             \"/metingen/\""
                .to_owned()
        };
        problems.add(text.span, format!("\"path\" is {:?}", text.value), right);
        return None;
    }
    let first = inner.split('/').next().unwrap_or_default();
    is_free(first, &text, "path", problems).then_some(meant)
}

fn script(table: &Table<'_>, files: &str, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::SCRIPT, problems)?;
    let stem = text.value.strip_suffix(".js");
    let wrong = format!("\"script\" is {:?}", text.value);
    match stem {
        Some(stem) if is_safe(stem) && text.value.len() <= LONGEST_NAME => {}
        None if is_safe(text.value) => {
            let right = format!("did you mean \"{}.js\"?", text.value);
            problems.add(text.span, wrong, right);
            return None;
        }
        _ => {
            problems.add(
                text.span,
                wrong,
                "it must be letters, digits, -, _ or . and .js at the end, such as \"meting.js\"",
            );
            return None;
        }
    }
    let usual = Names::default().files;
    let hashed = |prefix: &str| {
        let rest = text.value.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    if let Some(prefix) = [usual.as_str(), files].into_iter().find(|one| hashed(one)) {
        let right = format!("choose one that does not begin with {prefix}-, as hashed files do");
        problems.add(text.span, wrong, right);
        return None;
    }
    Some(text.value.to_owned())
}

fn files(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::FILES, problems)?;
    if is_safe(text.value) {
        return Some(text.value.to_owned());
    }
    problems.add(
        text.span,
        format!("\"files\" is {:?}", text.value),
        "it must be letters, digits, -, _ or ., such as \"meting\" for meting-0a1b2c.js",
    );
    None
}

fn api(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::API, problems)?;
    if text.value == Names::default().api {
        return Some(text.value.to_owned());
    }
    // Without dots it can never be the name of a file.
    if is_safe(text.value) && !text.value.contains('.') {
        return is_free(text.value, &text, "api", problems).then(|| text.value.to_owned());
    }
    problems.add(
        text.span,
        format!("\"api\" is {:?}", text.value),
        "it must be letters, digits, - or _, such as \"m1\"",
    );
    None
}
