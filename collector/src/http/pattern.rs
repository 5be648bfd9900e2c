//! Paths of routes as they are written down: a name in braces stands for one part of a path. Knows
//! nothing of what answers there.

use hyper::Method;

/// The part of a path that the name in braces stands for, empty where the pattern has none; nothing where
/// the path is another's.
pub(super) fn part<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let mut found = "";
    let mut parts = path.split('/');
    for expected in pattern.split('/') {
        let part = parts.next()?;
        if expected.starts_with('{') {
            found = part;
        } else if part != expected {
            return None;
        }
    }
    parts.next().is_none().then_some(found)
}

/// Whether a route of one method takes another: what can be read can be asked for its head alone.
pub(super) fn takes(method: &Method, asked: &Method) -> bool {
    method == asked || (*method == Method::GET && *asked == Method::HEAD)
}
