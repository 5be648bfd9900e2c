//! `POST /admin/v1/backup`: makes a backup in the data folder's own folder `backups`. What was
//! acknowledged before the request is in it. The answer tells the file, and never its content.

use std::path::PathBuf;

use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{self, Operation, Reply};
use crate::backup::BackupError;
use crate::clock;
use crate::hexadecimal::hexadecimal;
use crate::schema::{count, has, object, text};
use crate::store::BackedUp;

/// Makes a backup. Says where it lies.
pub(in crate::http) async fn make(app: &App) -> Result<(PathBuf, BackedUp), HttpError> {
    let backups = app.backups.as_ref().ok_or(HttpError::Route)?;
    let made = backups.make(&**app.store(), clock::now()).await;
    made.map_err(|error| match error {
        BackupError::Store(error) => error.into(),
        BackupError::Disk { .. } => HttpError::Backup(error.to_string()),
    })
}

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let (file, made) = make(app).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.text_member("file", &file.to_string_lossy());
    for (name, number) in [("bytes", made.bytes), ("records", made.records)] {
        body.name(name);
        body.integer(number);
    }
    body.text_member("sha256", &hexadecimal(&made.sha256));
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

pub(super) fn describe() -> Operation {
    let made = object([
        has(
            "file",
            text().about("Where it is, on the collector's machine."),
        ),
        has("bytes", count()),
        has("records", count()),
        has("sha256", text().matching("^[0-9a-f]{64}$")),
    ]);
    Operation::new("Makes a backup, on the collector's own disk")
        .gives(Reply::json("It is whole.", made))
        .fails([
            // Where this collector makes none.
            HttpError::Route,
            HttpError::Backup(String::new()),
            openapi::not_done(),
        ])
}
