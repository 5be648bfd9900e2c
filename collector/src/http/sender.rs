//! What a request's headers and address tell of a visitor's browser. Of a server that sends for
//! others they would tell nothing about those.

use std::net::IpAddr;

use hyper::Request;
use hyper::header::{HeaderName, ORIGIN, USER_AGENT};

use super::App;
use crate::agent::{Device, Hints};
use crate::config::Robots;
use crate::ingest::Sender;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const BRANDS: HeaderName = HeaderName::from_static("sec-ch-ua");
const MOBILE: HeaderName = HeaderName::from_static("sec-ch-ua-mobile");
const PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");
const PLATFORM_VERSION: HeaderName = HeaderName::from_static("sec-ch-ua-platform-version");

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SentBy {
    /// The headers tell whether it is a browser's: only browsers send what pages may not set.
    Anybody,
    /// Whoever opened a link; their program is what counts.
    Reader,
}

/// What is told of a request's sender, whose address is this one.
pub(super) fn of<'a>(
    app: &'a App,
    request: &'a Request<()>,
    address: Option<IpAddr>,
    by: SentBy,
) -> Sender<'a> {
    let text = |name: &HeaderName| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let is_own = address.is_some_and(|address| app.limiters.is_own(address));
    let mut sender = Sender {
        // The owner's own machines and tests are no robots.
        robots: (app.site.robots == Robots::Apart && !is_own).then_some(&app.agents),
        addresses: app.privacy.address,
        ..Sender::default()
    };
    let headers = request.headers();
    let is_browser = headers.contains_key(ORIGIN) || headers.contains_key(FETCH_SITE);
    if by == SentBy::Anybody && !is_browser {
        return sender;
    }
    let agent = text(&USER_AGENT);
    sender.browser = Some(agent).filter(|agent| !agent.is_empty());
    if by == SentBy::Reader && !is_browser {
        // An e-mail's images are often loaded by a server in another country.
        return sender;
    }
    let hints = Hints {
        brands: text(&BRANDS),
        mobile: text(&MOBILE),
        platform: text(&PLATFORM),
        platform_version: text(&PLATFORM_VERSION),
    };
    sender.device = match sender.browser {
        Some(agent) => app.agents.read(agent).device.clone(),
        None => Device::default(),
    }
    .with(&hints);
    if let Some(address) = address.filter(|_| !is_own) {
        sender.country = app.networks.country(address);
        sender.is_data_centre = app.networks.is_data_centre(address);
        sender.address = app.privacy.address.of(address);
    }
    sender
}
