//! `GET /v1/projects/KEY/settings`: what Segment's script for browsers asks for before it sends
//! anything, so that a page that has it needs to change nothing but the host. The answer names this
//! collector as the only destination, and turns off the script's reports about itself, which would
//! go to its maker.

use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HOST, HeaderValue};
use hyper::{Request, StatusCode};
use serde_json::json;

use super::answer::{Answer, json, set};
use super::error::HttpError;
use super::{App, headers};
use crate::config::Names;

pub(super) fn answer(app: &App, request: &Request<()>, key: &str) -> Result<Answer, HttpError> {
    if key != app.site.write_key {
        return Err(HttpError::Site);
    }
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = host.filter(|host| is_authority(host));
    let host = host.ok_or(HttpError::Host)?;
    let Names { path, api, .. } = &app.tracker.names;
    let settings = json!({
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": format!("{host}{path}{api}"),
                "protocol": if headers::came_by_tls(request) { "https" } else { "http" },
                "addBundledMetadata": false,
            },
        },
        // Everything is sent, whatever its name.
        "plan": {
            "track": { "__default": { "enabled": true, "integrations": {} } },
            "identify": { "__default": { "enabled": true } },
            "group": { "__default": { "enabled": true } },
        },
        "metrics": { "sampleRate": 0 },
        "edgeFunction": {},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    });
    let mut answer = json(StatusCode::OK, settings.to_string());
    // As public as the model: pages ask without a cookie.
    set(
        &mut answer,
        ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    Ok(answer)
}

/// Whether a text is a host with or without a port: what follows it in an address stays what it is.
fn is_authority(host: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    !host.is_empty() && host.bytes().all(known)
}
