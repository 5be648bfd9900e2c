//! `POST /admin/v1/compact`: gives space back at once. When it answers, nothing is left on the disk
//! of whoever was erased before.

use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::App;
use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use crate::store::{Compact, Compacted};

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let mut body = JsonWriter::default();
    body.open('{');
    if let Compacted::Done { before, after } = app.store.compact(Compact::Now).await? {
        for (name, bytes) in [("bytesBefore", before), ("bytesAfter", after)] {
            body.name(name);
            body.integer(bytes);
        }
    }
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}
