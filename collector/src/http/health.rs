//! Whether the process is up, and whether it can take messages.

use hyper::StatusCode;

use super::App;
use super::answer::{Answer, json};
use super::error::HttpError;

pub(super) fn alive() -> Answer {
    json(StatusCode::OK, r#"{"status":"alive"}"#.to_owned())
}

pub(super) fn ready(app: &App) -> Result<Answer, HttpError> {
    app.store.ready()?;
    Ok(json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()))
}
