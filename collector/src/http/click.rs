//! `GET /v1/click?to=…`: the link of a campaign. What was followed is recorded first, on disk, and
//! then the browser is sent on; where recording fails it is sent on all the same, because the visitor
//! wants to get there.
//!
//! It leads to the site's own origins and to the hosts that the owner has listed, and nowhere else:
//! who can make others trust a link to this host must not be able to send them anywhere.

use firstglance_engine::Campaign;
use firstglance_engine::address::Address;
use hyper::header::{CACHE_CONTROL, HOST, HeaderMap, HeaderValue, LOCATION};
use hyper::{Request, StatusCode};
use url::Url;

use super::answer::{Answer, empty, set, set_text};
use super::error::HttpError;
use super::{App, link, query};
use crate::config::Site;
use crate::ingest::LinkKind;

/// Longest address that a link leads to, in bytes.
const LONGEST: usize = 4_096;

/// Answers with a redirection.
///
/// # Errors
/// [`HttpError`] when the link leads nowhere that it may.
pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    limited: Result<(), HttpError>,
) -> Result<Answer, HttpError> {
    let to = query::parameter(request.uri(), "to").unwrap_or_default();
    let target = target(&to, &app.site, request.headers())?;
    let recorded = match limited {
        Ok(()) => link::record(app, request, LinkKind::Click(target.as_str())).await,
        limited => limited,
    };
    if let Err(error) = recorded {
        tracing::debug!(%error, "a click was not recorded");
        app.metrics.refused_request(error.tag());
    }
    let target = with_campaign(target, request.uri().query().unwrap_or_default());
    let mut answer = empty(StatusCode::FOUND);
    set_text(&mut answer, LOCATION, target.as_str());
    set(
        &mut answer,
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, private"),
    );
    Ok(answer)
}

/// The address that a link leads to, where it may. The headers are those of the request.
///
/// # Errors
/// [`HttpError::Query`] says why it may not.
pub fn target(to: &str, site: &Site, headers: &HeaderMap) -> Result<Url, HttpError> {
    let wrong = |detail: &str| HttpError::Query {
        name: "to",
        detail: detail.to_owned(),
    };
    const FORM: &str =
        "\"to\" must be a whole address that begins with https:// or http://, percent-encoded";
    // Browsers forgive much that hides where an address leads; here nothing of it is needed.
    let plain = |one: char| one > ' ' && one != '\\' && one != '\u{7f}' && !one.is_whitespace();
    if to.is_empty() || to.len() > LONGEST || !to.chars().all(plain) {
        return Err(wrong(FORM));
    }
    let after = ["https://", "http://"].into_iter().find_map(|scheme| {
        let beginning = to.get(..scheme.len())?;
        beginning
            .eq_ignore_ascii_case(scheme)
            .then(|| &to[scheme.len()..])
    });
    let after = after.ok_or_else(|| wrong(FORM))?;
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let url = Url::parse(to).map_err(|_| wrong(FORM))?;
    if authority.is_empty() || authority.contains('@') {
        return Err(wrong(
            "\"to\" must name a host, and no user name or password",
        ));
    }
    // How the host would be read elsewhere does not matter: it must be written as it is meant.
    let host = url.host_str().unwrap_or_default();
    let written = authority.split_at_checked(host.len());
    let has_host = written.is_some_and(|(name, port)| {
        let port = port.strip_prefix(':').unwrap_or(port);
        name.eq_ignore_ascii_case(host) && port.bytes().all(|one| one.is_ascii_digit())
    });
    if has_host && is_allowed(&url, host, site, headers) {
        return Ok(url);
    }
    Err(wrong(
        "\"to\" leads to a host that links may not lead to; see click_hosts in firstglance.toml",
    ))
}

fn is_allowed(url: &Url, host: &str, site: &Site, headers: &HeaderMap) -> bool {
    let origin = url.origin().ascii_serialization();
    let listed = site
        .click_hosts
        .iter()
        .any(|listed| listed.is(host, url.port()));
    let own = site
        .allowed_origins
        .iter()
        .any(|own| own.as_str() == origin);
    let here = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    listed || own || (here.is_some() && here == authority)
}

/// Passes the campaign of a link on, as far as the target does not name one itself.
#[must_use]
pub fn with_campaign(mut target: Url, query: &str) -> Url {
    let address = Address {
        query,
        ..Address::default()
    };
    let campaign = Campaign::from_address(&address);
    let missing: Vec<(String, String)> = campaign
        .as_lines()
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !target.query_pairs().any(|(given, _)| given == *name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if !missing.is_empty() {
        target.query_pairs_mut().extend_pairs(missing);
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn site() -> Site {
        let config = Config::parse(
            "[site]\nwrite_key = \"k\"\nallowed_origins = [\"https://www.example.nl\"]\n\
             click_hosts = [\"shop.example.nl\", \"test.example.nl:8443\"]",
        );
        config.unwrap().site
    }

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("data.example.nl:7700"));
        headers
    }

    #[test]
    fn where_links_may_lead() {
        for (to, expected) in [
            ("https://www.example.nl", Some("https://www.example.nl/")),
            (
                "HTTPS://WWW.Example.nl/A?b=c#d",
                Some("https://www.example.nl/A?b=c#d"),
            ),
            (
                "https://www.example.nl:443/a",
                Some("https://www.example.nl/a"),
            ),
            ("https://shop.example.nl/", Some("https://shop.example.nl/")),
            ("http://shop.example.nl/", Some("http://shop.example.nl/")),
            (
                "https://test.example.nl:8443/",
                Some("https://test.example.nl:8443/"),
            ),
            (
                "http://data.example.nl:7700/x",
                Some("http://data.example.nl:7700/x"),
            ),
            (
                "https://www.example.nl/@evil.nl",
                Some("https://www.example.nl/@evil.nl"),
            ),
            (
                "https://www.example.nl/?to=//evil.nl",
                Some("https://www.example.nl/?to=//evil.nl"),
            ),
            (
                "https://www.example.nl/%0d%0aX:1",
                Some("https://www.example.nl/%0d%0aX:1"),
            ),
            (
                "https://www.example.nl/é",
                Some("https://www.example.nl/%C3%A9"),
            ),
            // Other hosts, ports and schemes.
            ("http://www.example.nl/", None),
            ("https://www.example.nl:8443/", None),
            ("https://shop.example.nl:8443/", None),
            ("https://test.example.nl/", None),
            ("https://evil.nl/", None),
            ("https://example.nl/", None),
            ("https://shop.example.nl.evil.nl/", None),
            ("https://evil-shop.example.nl/", None),
            ("https://a.shop.example.nl/", None),
            ("https://shop.example.nl./", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("ftp://shop.example.nl/", None),
            ("file:///etc/passwd", None),
            // What browsers would read as another host, or forgive.
            ("", None),
            ("/", None),
            ("//evil.nl/", None),
            ("/\\evil.nl", None),
            ("\\\\evil.nl", None),
            ("https:evil.nl", None),
            ("https:/evil.nl", None),
            ("https:///evil.nl", None),
            ("https:shop.example.nl", None),
            ("https:///shop.example.nl", None),
            ("https:\\\\evil.nl", None),
            ("https://shop.example.nl\\@evil.nl/", None),
            ("https://shop.example.nl\\.evil.nl/", None),
            ("https://shop.example.nl@evil.nl/", None),
            ("https://shop.example.nl:x@evil.nl/", None),
            ("https://@shop.example.nl/", None),
            ("https://evil.nl#@shop.example.nl/", None),
            ("https://evil.nl?@shop.example.nl/", None),
            ("https://evil.nl%2f@shop.example.nl/", None),
            ("https://shop.example.nl%2eevil.nl/", None),
            ("https://evil.nl%00.shop.example.nl/", None),
            ("https://shop%2eexample.nl/", None),
            ("https://shop。example.nl/", None),
            ("https://shop.example.nl\u{2060}/", None),
            ("https://ｓhop.example.nl/", None),
            ("https://shop.example.nl\t.evil.nl/", None),
            ("ht\ntps://shop.example.nl/", None),
            (" https://shop.example.nl/", None),
            ("https://shop.example.nl/\r\nX: 1", None),
            ("https://shop.example.nl/\u{a0}", None),
            ("https%3A%2F%2Fshop.example.nl/", None),
            ("https://[::1]/", None),
            ("https://2130706433/", None),
            ("https://", None),
            ("https://:443/", None),
            ("shop.example.nl", None),
        ] {
            let found = target(to, &site(), &headers()).ok();
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{to:?}");
        }
        let long = format!("https://shop.example.nl/{}", "a".repeat(LONGEST));
        assert!(target(&long, &site(), &headers()).is_err());
    }

    #[test]
    fn campaigns_pass_on() {
        for (to, query, expected) in [
            (
                "https://a.nl/",
                "utm_source=s&utm_medium=e%20mail&x=1",
                "https://a.nl/?utm_source=s&utm_medium=e+mail",
            ),
            (
                "https://a.nl/?q=%20b#c",
                "utm_source=s&gclid=1",
                "https://a.nl/?q=%20b&utm_source=s&gclid=1#c",
            ),
            (
                "https://a.nl/?utm_source=own",
                "utm_source=s",
                "https://a.nl/?utm_source=own",
            ),
            ("https://a.nl/?", "", "https://a.nl/?"),
            (
                "https://a.nl/",
                "utm_source=a%26b%3Dc%0d%0a",
                "https://a.nl/?utm_source=a%26b%3Dc",
            ),
        ] {
            let target = with_campaign(Url::parse(to).unwrap(), query);
            assert_eq!(target.as_str(), expected, "{to} {query}");
        }
    }
}
