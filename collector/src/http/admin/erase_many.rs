//! `POST /admin/v1/erase`: erases visitors, or all that users are, of a list. Says what became of
//! each on a line of its own, as soon as it is on disk.

use hyper::{Method, StatusCode};

use super::super::answer::Answer;
use super::super::error::HttpError;
use super::super::openapi::shapes::user_id;
use super::super::openapi::{Operation, Reply};
use super::{Asked, long};
use crate::clock;
use crate::erasing;
use crate::ingest::IngestError;
use crate::schema::{any_of, has, id, list, object, text};
use crate::store::StoreError;
use crate::store::audit::AuditEntry;

/// Most ids of a list.
pub(super) const MOST: usize = 10_000;

/// What becomes of the lines.
const MEDIA_TYPE: &str = "application/x-ndjson";

pub(super) async fn answer(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let text = std::str::from_utf8(asked.body).map_err(|error| IngestError::BadUtf8 {
        at: error.valid_up_to(),
    })?;
    let targets = erasing::read(text);
    if targets.is_empty() || targets.len() > MOST {
        return Err(HttpError::List {
            count: targets.len(),
            most: MOST,
        });
    }
    let (store, cookie) = (asked.app.store.clone(), asked.app.cookie.clone());
    let access = asked.access.clone();
    let route = format!("{} erase", Method::POST);
    long::begin(asked.app, MEDIA_TYPE, async move |pieces| {
        for target in targets {
            // The line would not be read; what is left is given once more by whoever wants it.
            if pieces.is_gone() {
                return Ok(());
            }
            let outcome = erasing::erase(&*store, target).await?;
            for visitor in &outcome.erased {
                let mut entry = AuditEntry::asked(clock::now(), &access.id, &access.name, &route);
                entry.visitor = Some(cookie.pseudonym(visitor).into());
                entry.status = Some(200);
                store.note(entry).await?;
            }
            let mut line = outcome.line();
            line.push('\n');
            if pieces.put(line).await.is_err() {
                return Ok(());
            }
        }
        // Where nobody takes it any more, nobody misses the end.
        let _ = pieces.end().await;
        Ok::<(), StoreError>(())
    })
}

pub(super) fn describe() -> Operation {
    let one = any_of([
        id(),
        object([has("visitor", id())]),
        object([has("user", user_id())]),
    ]);
    let lines = text().about("One a line: JSON, or a visitor's id as it is.");
    let outcomes = text().about("A line of JSON for each, in order, as soon as it is on disk.");
    Operation::new("Erases visitors, or all that users are, of a list")
        .details("It leaves in pieces: only an answer with its last chunk is whole.")
        .json_body(any_of([list(one.clone()).holding(1, MOST), one]))
        .body(MEDIA_TYPE, lines)
        .gives(Reply::empty(StatusCode::OK, "What became of each.").content(MEDIA_TYPE, outcomes))
        .fails([
            IngestError::BadUtf8 { at: 0 }.into(),
            HttpError::List {
                count: 0,
                most: MOST,
            },
        ])
}
