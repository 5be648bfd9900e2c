//! Upkeep: what the store needs done from time to time without anybody asking. What is older than
//! the owner wants to keep goes; space is given back when there is enough of it, and the bytes of
//! what was removed leave the disk after a day.
//!
//! It only asks; when something is due, and how it is done without holding anything up, is known
//! to the store. What comes in goes first.

use std::sync::Arc;
use std::time::Duration;

use firstglance_engine::{Timestamp, VisitorId};
use tokio::sync::watch;

use crate::clock;
use crate::store::{Compact, Expired, Retention, Store, StoreError};

/// How often is looked whether space is to be given back.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Of these looks, every so many is preceded by a walk over all visitors.
const WALK_EVERY: u32 = 6;

/// Visitors looked at at once.
const CHUNK: usize = 256;

/// Visitors of whom something is removed at once: what comes in waits for as long.
const AT_ONCE: usize = 8;

/// Pause after each chunk.
const PAUSE: Duration = Duration::from_millis(250);

/// Looks after the store for as long as it is polled, and ends by itself when the store closes.
pub async fn run(store: Arc<dyn Store>, retention: watch::Receiver<Retention>) {
    for turn in 0_u32.. {
        tokio::time::sleep(EVERY).await;
        if turn % WALK_EVERY == 0 {
            let retention = *retention.borrow();
            match expire(&*store, retention, clock::now(), PAUSE).await {
                Ok(Expired {
                    records: 0,
                    visitors: 0,
                }) => {}
                Ok(Expired { records, visitors }) => {
                    tracing::info!(records, visitors, "removed what was too old");
                }
                Err(StoreError::Closing) => return,
                Err(error) => tracing::warn!(%error, "what is too old could not be removed"),
            }
        }
        match store.compact(Compact::IfDue(clock::now())).await {
            Ok(_) => {}
            Err(StoreError::Closing) => return,
            Err(error) => tracing::warn!(%error, "the store could not be compacted"),
        }
    }
}

/// One walk over all visitors. Says what was removed.
///
/// # Errors
/// [`StoreError`] when the store takes or gives nothing any more.
pub async fn expire(
    store: &dyn Store,
    retention: Retention,
    now: Timestamp,
    pause: Duration,
) -> Result<Expired, StoreError> {
    let mut all = Expired::default();
    let mut after: Option<VisitorId> = None;
    loop {
        let (due, last) = store.due(after, CHUNK, retention, now).await?;
        for some in due.chunks(AT_ONCE) {
            loop {
                let expired = match store.expire(some.to_vec(), retention, now).await {
                    Err(StoreError::Busy) => {
                        tokio::time::sleep(pause).await;
                        continue;
                    }
                    outcome => outcome?,
                };
                all.records += expired.records;
                all.visitors += expired.visitors;
                if expired.records == 0 {
                    break;
                }
            }
        }
        if last.is_none() {
            return Ok(all);
        }
        after = last;
        tokio::time::sleep(pause).await;
    }
}
