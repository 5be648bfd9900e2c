//! Whether the process is up, and whether it can take messages.

use hyper::StatusCode;

use super::answer::{Answer, json};
use super::error::HttpError;
use super::openapi::{self, Operation, Reply};
use super::sites::Sites;
use crate::schema::{has, object, one_of};

pub(super) fn alive() -> Answer {
    json(StatusCode::OK, r#"{"status":"alive"}"#.to_owned())
}

pub(super) fn ready(sites: &Sites) -> Result<Answer, HttpError> {
    sites.ready()?;
    Ok(json(StatusCode::OK, r#"{"status":"ready"}"#.to_owned()))
}

pub(super) fn describe_alive() -> Operation {
    Operation::new("Whether the process is up").gives(status("It is.", "alive"))
}

pub(super) fn describe_ready() -> Operation {
    Operation::new("Whether messages can be taken, of all sites")
        .gives(status("They can.", "ready"))
        .fails(openapi::using_the_store())
}

fn status(about: &'static str, name: &'static str) -> Reply {
    Reply::json(about, object([has("status", one_of([name]))]))
}
