//! Whether the process is up, and whether it can take messages.

use hyper::StatusCode;

use super::answer::{Answer, json};
use super::error::HttpError;
use super::sites::Sites;

pub(super) fn alive() -> Answer {
    json(StatusCode::OK, r#"{"status":"alive"}"#.to_owned())
}

pub(super) fn ready(sites: &Sites) -> Result<Answer, HttpError> {
    sites.ready()?;
    Ok(json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()))
}
