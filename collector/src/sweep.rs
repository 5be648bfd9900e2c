//! The sweep: records what time alone has changed of visitors who do nothing, so that somebody who
//! leaves a segment by staying away is seen to leave it.
//!
//! It walks all visitors a chunk at a time, with a pause after each, and begins anew at most once an
//! hour. What it finds goes through the store's own commits, so it never races what comes in and
//! lands in profile and timeline together; the moment that is recorded is that of the change, not
//! that of the walk. Whoever has not been seen for [`LONGEST_AWAY`] is passed over: their changes
//! are recorded when they come back. It never holds anything up: where the store is busy it waits.

use std::sync::Arc;
use std::time::Duration;

use firstglance_engine::{Milliseconds, Model, Profile, Timestamp, VisitorId};

use crate::clock;
use crate::store::{Store, StoreError};

/// Visitors looked at at once: some milliseconds of work.
const CHUNK: usize = 256;

/// Visitors settled at once: to find the moment of a change takes a tenth of a millisecond or so,
/// and what comes in waits for as long.
const AT_ONCE: usize = 32;

/// Pause after each chunk. A thousand visitors a second are three million an hour, at a few
/// hundredths of one processor.
const PAUSE: Duration = Duration::from_millis(250);

/// Time from the beginning of a walk to that of the next, at least.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Visitors who have not been seen for so long are not looked at: thirteen months, so that what is
/// said of a whole year ("no visit for 365 days") is still found.
pub const LONGEST_AWAY: Milliseconds = Milliseconds::from_days(400);

/// Walks for as long as it is polled, and ends by itself when the store closes.
pub async fn run(store: Arc<dyn Store>, model: Arc<Model>) {
    loop {
        let begun = tokio::time::Instant::now();
        match walk(&*store, &model, clock::now, PAUSE).await {
            Ok(0) => {}
            Ok(changes) => tracing::info!(changes, "recorded what time has changed"),
            Err(StoreError::Closing) => return,
            // It may be one record that cannot be read; a store that takes nothing says so itself.
            Err(error) => tracing::warn!(%error, "the sweep was broken off"),
        }
        tokio::time::sleep_until(begun + EVERY).await;
    }
}

/// One walk over all visitors. Says how many changes were recorded.
///
/// # Errors
/// [`StoreError`] when the store takes or gives nothing any more.
pub async fn walk(
    store: &dyn Store,
    model: &Arc<Model>,
    now: impl Fn() -> Timestamp,
    pause: Duration,
) -> Result<usize, StoreError> {
    let mut after: Option<VisitorId> = None;
    let mut changes = 0;
    loop {
        let page = store.visitors(after, CHUNK).await?;
        let last_page = page.len() < CHUNK;
        after = page.last().map(|(visitor, _)| visitor.clone());
        let (model, moment) = (model.clone(), now());
        let found = tokio::task::spawn_blocking(move || changed(page, &model, moment)).await;
        // It ends early only by a panic, which says nothing of the visitors that follow.
        let found = found.unwrap_or_default();
        for some in found.chunks(AT_ONCE) {
            changes += settle(store, some, moment, pause).await?;
        }
        if last_page {
            return Ok(changes);
        }
        tokio::time::sleep(pause).await;
    }
}

/// The visitors whom time has changed. Found out on copies: the committer, which does it again on
/// what is stored by then, has only these to do.
fn changed(page: Vec<(VisitorId, Profile)>, model: &Model, now: Timestamp) -> Vec<VisitorId> {
    let changed = page.into_iter().filter_map(|(visitor, mut profile)| {
        let away = now.since(profile.last_seen);
        let changed = away <= LONGEST_AWAY && !profile.settle_recorded(model, now).is_empty();
        changed.then_some(visitor)
    });
    changed.collect()
}

async fn settle(
    store: &dyn Store,
    visitors: &[VisitorId],
    now: Timestamp,
    pause: Duration,
) -> Result<usize, StoreError> {
    loop {
        match store.settle(visitors.to_vec(), now).await {
            // What comes in goes first.
            Err(StoreError::Busy) => tokio::time::sleep(pause).await,
            outcome => return outcome,
        }
    }
}
