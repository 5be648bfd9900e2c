//! `GET /metrics`: what the collector counts, with an administrator's token: how much a site is
//! visited is its owner's business. Where there are several sites each count says whose it is.

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};

use super::answer::{Answer, set, with_body};
use super::error::HttpError;
use super::openapi::{Operation, Reply, Security};
use super::{App, Shared, Sites, admin, body};
use crate::metrics;
use crate::schema::text;
use crate::token::{Access, Role};

pub(super) async fn answer(sites: &Sites, request: &Request<()>) -> Result<Answer, HttpError> {
    let access = admin::authorise(sites.shared(), request.headers())?;
    admin::needs(&access, Role::Read)?;
    let may_see = |app: &App| {
        access
            .site
            .as_deref()
            .is_none_or(|own| own == app.site.id())
    };
    for app in sites.all().filter(|app| may_see(app)) {
        let ready = app.store.ready().is_ok();
        // What cannot be read is told as nothing; that the store fails is told beside it.
        let size = app.store.size().await.unwrap_or_default();
        app.metrics.store_is(ready, app.store.waiting(), size);
    }
    let text = |app: &App| app.metrics.text().map_err(|_| HttpError::Internal);
    let text = match sites.only() {
        Some(only) if may_see(only) => text(only)?,
        _ => {
            let seen = sites.all().filter(|app| may_see(app));
            let texts = seen.map(|app| Ok((app.site.id(), text(app)?)));
            merged(&texts.collect::<Result<Vec<_>, HttpError>>()?)
        }
    };
    // What all sites have in common is not for who may see one of several.
    let text = if may_see_shared(sites, &access) {
        let end = text.find(LAST).unwrap_or(text.len());
        format!("{}{}", &text[..end], of_requests(sites.shared())?)
    } else {
        text
    };
    let mut answer = with_body(StatusCode::OK, text);
    for (name, value) in [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

/// Whether somebody may see what all sites have in common.
pub(super) fn may_see_shared(sites: &Sites, access: &Access) -> bool {
    access.site.is_none() || sites.only().is_some()
}

/// What is counted of requests, whatever site they are for.
pub(super) fn of_requests(shared: &Shared) -> Result<String, HttpError> {
    let limits = &shared.limits;
    let held = limits.held_bytes - shared.held.available_permits() * body::UNIT;
    let streams = limits.streams - shared.streams.available_permits();
    shared.requests.text(held, streams)
}

/// What begins a line that describes the counts after it.
const DESCRIPTION: &str = "# ";

/// The last line, and how it stands at the end.
const END: &str = "# EOF";
const LAST: &str = "# EOF\n";

/// One text of those of several sites. A family of counts must stand in one piece, and each count
/// says whose it is.
fn merged(texts: &[(&str, String)]) -> String {
    /// Descriptions and counts.
    type Family<'a> = (Vec<&'a str>, Vec<String>);
    let mut families: Vec<(&str, Family<'_>)> = Vec::new();
    for (site, text) in texts {
        let mut present = 0;
        for line in text.lines().filter(|line| *line != END) {
            let Some(description) = line.strip_prefix(DESCRIPTION) else {
                if let Some((_, (_, counts))) = families.get_mut(present) {
                    counts.push(labelled(line, site));
                }
                continue;
            };
            // HELP, TYPE or UNIT, then the name of the family.
            let name = description.split(' ').nth(1).unwrap_or_default();
            let known = families.iter().position(|(known, _)| *known == name);
            present = known.unwrap_or_else(|| {
                families.push((name, Family::default()));
                families.len() - 1
            });
            let (_, (descriptions, _)) = &mut families[present];
            if !descriptions.contains(&line) {
                descriptions.push(line);
            }
        }
    }
    let mut merged = String::new();
    for (_, (descriptions, counts)) in &families {
        let counts = counts.iter().map(String::as_str);
        for line in descriptions.iter().copied().chain(counts) {
            merged.push_str(line);
            merged.push('\n');
        }
    }
    merged.push_str(END);
    merged.push('\n');
    merged
}

/// A count with the label `site` before its others. An id has no sign that must be escaped.
fn labelled(line: &str, site: &str) -> String {
    let end = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    match rest.strip_prefix('{') {
        Some(rest) if rest.starts_with('}') => format!("{name}{{site=\"{site}\"{rest}"),
        Some(rest) => format!("{name}{{site=\"{site}\",{rest}"),
        None => format!("{name}{{site=\"{site}\"}}{rest}"),
    }
}

pub(super) fn describe() -> Operation {
    let text = text().about("The OpenMetrics text form.");
    let counts = Reply::empty(StatusCode::OK, "Counts, times and sizes.");
    let needed = Role::Read;
    Operation::new("What is counted, for Prometheus")
        .details("A token of one of several sites sees the counts of that site alone.")
        .security(Security::Token(needed))
        .gives(counts.content(metrics::CONTENT_TYPE, text))
        // A token of the least role is enough, so none is refused for its role.
        .fails([HttpError::Token])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_several_sites_stand_in_one_piece() {
        let one = "# HELP a A.\n# TYPE a counter\na_total{x=\"1 {\"} 2\n# HELP b B.\nb 3\n# EOF\n";
        let other = "# HELP a A.\n# TYPE a counter\na_total{} 4\n# HELP c C.\nc 5 6\n# EOF\n";
        let texts = [("s", one.to_owned()), ("t", other.to_owned())];
        assert_eq!(
            merged(&texts),
            "# HELP a A.\n# TYPE a counter\na_total{site=\"s\",x=\"1 {\"} 2\n\
             a_total{site=\"t\"} 4\n# HELP b B.\nb{site=\"s\"} 3\n# HELP c C.\n\
             c{site=\"t\"} 5 6\n# EOF\n"
        );
    }
}
