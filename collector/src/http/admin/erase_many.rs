//! `POST /admin/v1/erase`: erases visitors, or all that users are, of a list. Says what became of
//! each on a line of its own, as soon as it is on disk.

use hyper::Method;

use super::super::answer::Answer;
use super::super::error::HttpError;
use super::{Asked, long};
use crate::clock;
use crate::erasing;
use crate::ingest::IngestError;
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
