//! The way of a visit: the groups of its pages, in the order in which they were last seen.

use firstglance_engine::profile::EntryKind;
use firstglance_engine::text::clip;
use firstglance_engine::{Profile, Timestamp};

use crate::store::counting::counted_name;

/// Groups that are kept of a visit, the latest.
const MOST_GROUPS: usize = 8;

/// Longest name of a group, in bytes.
const LONGEST_GROUP: usize = 40;

/// Parts of a path that name the group of a page.
const PARTS: usize = 1;

/// The group of a page: the first part of its path.
#[must_use]
pub fn page_group(path: &str) -> &str {
    let ends = path.match_indices('/').map(|(place, _)| place);
    let end = ends.filter(|place| *place > 0).nth(PARTS - 1);
    path.get(..end.unwrap_or(path.len())).unwrap_or(path)
}

/// The groups of the pages of the visit that has a moment, up to it, as they are counted: one after the
/// other, each different from the one before it. A page has the place where it was seen last, and the
/// profile forgets pages of long visits.
#[must_use]
pub fn visit_path(profile: &Profile, at: Timestamp) -> Vec<Box<str>> {
    let mut visits = profile.sessions.recent.iter();
    let Some(visit) = visits.find(|visit| visit.start <= at && at <= visit.end) else {
        return Vec::new();
    };
    let pages = profile.entries.of(EntryKind::Page);
    let mut pages: Vec<(Timestamp, &str)> = pages
        .filter(|page| visit.start <= page.last && page.last <= at)
        .map(|page| (page.last, &*page.text))
        .collect();
    pages.sort_unstable();
    let mut path: Vec<Box<str>> = Vec::new();
    for (_, page) in pages {
        let group = counted_name(page_group(page));
        let group = clip(&group, LONGEST_GROUP);
        if path.last().is_none_or(|last| **last != *group) {
            path.push(group.into());
        }
    }
    path.drain(..path.len().saturating_sub(MOST_GROUPS));
    path
}

#[cfg(test)]
mod tests {
    use firstglance_engine::json::{Clock, SharedFields, read_message};
    use firstglance_engine::{Milliseconds, Model};

    use super::*;

    #[test]
    fn groups() {
        for (path, group) in [
            ("/", "/"),
            ("", ""),
            ("/prices", "/prices"),
            ("/prices/", "/prices"),
            ("/product/lamp/red", "/product"),
            ("//x", "/"),
            ("relative/x", "relative"),
        ] {
            assert_eq!(page_group(path), group, "{path}");
        }
    }

    #[test]
    fn the_way_of_a_visit() {
        let start = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
        let at = |minutes| start.plus(Milliseconds::from_minutes(minutes));
        let visit = |pages: &[(u64, &str)]| {
            let mut profile = Profile::new();
            for (minutes, path) in pages {
                let at = at(*minutes);
                let raw = format!(
                    r#"{{"type":"page","messageId":"m{minutes}","anonymousId":"a","timestamp":"{at}","properties":{{"path":"{path}"}}}}"#
                );
                let clock = Clock {
                    received_at: Timestamp::MAX,
                    sent_at: None,
                };
                let message = read_message(&raw, None, &SharedFields::default(), clock).unwrap();
                profile.fold(&message, &Model::default());
            }
            profile
        };
        let long: Vec<(u64, String)> = (0..12).map(|page| (page, format!("/g{page}/x"))).collect();
        let long: Vec<(u64, &str)> = long.iter().map(|(at, path)| (*at, &**path)).collect();
        for (pages, until, expected) in [
            (&[][..], 0, ""),
            (&[(0, "/")], 0, "/"),
            // The visit before is another one.
            (&[(0, "/old/a"), (60, "/a/1"), (70, "/b")], 70, "/a /b"),
            (
                &[(0, "/a/1"), (1, "/a/2"), (2, "/b"), (3, "/c")],
                2,
                "/a /b",
            ),
            // Of when nobody was there.
            (&[(0, "/a")], 50, ""),
            (&long, 11, "/g4 /g5 /g6 /g7 /g8 /g9 /g10 /g11"),
        ] {
            let path = visit_path(&visit(pages), at(until));
            assert_eq!(path.join(" "), expected, "{pages:?}");
        }
    }
}
