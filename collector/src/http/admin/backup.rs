//! `POST /admin/v1/backup`: makes a backup in the data folder's own folder `backups`. What was
//! acknowledged before the request is in it. The answer tells the file, and never its content.

use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use crate::backup::BackupError;
use crate::clock;
use crate::hexadecimal::hexadecimal;

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let backups = app.backups.as_ref().ok_or(HttpError::Route)?;
    let made = backups.make(&**app.store(), clock::now()).await;
    let (file, made) = made.map_err(|error| match error {
        BackupError::Store(error) => error.into(),
        BackupError::Disk { .. } => HttpError::Backup(error.to_string()),
    })?;
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
