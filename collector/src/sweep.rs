//! The sweep: records what time alone has changed of visitors who do nothing, so that somebody who
//! leaves a segment by staying away is seen to leave it.
//!
//! It walks all visitors a chunk at a time, with a pause after each; when it walks `evaluation` says.
//! What it finds goes through the store's own commits, so it never races what comes in and lands in
//! profile and timeline together; the moment that is recorded is that of the change, not that of the
//! walk. Whoever has not been seen for [`LONGEST_AWAY`] is passed over: their changes
//! are recorded when they come back. It never holds anything up: where the store is busy it waits.

use std::sync::Arc;
use std::time::Duration;

use firstglance_engine::{Milliseconds, Model, Profile, Timestamp, VisitorId};

use crate::store::{Store, StoreError};

/// Visitors looked at at once: some milliseconds of work.
const CHUNK: usize = 256;

/// Visitors settled at once: to find the moment of a change takes a tenth of a millisecond or so,
/// and what comes in waits for as long.
const AT_ONCE: usize = 32;

/// Pause after each chunk. A thousand visitors a second are three million an hour, at a few
/// hundredths of one processor.
pub const PAUSE: Duration = Duration::from_millis(250);

/// Visitors who have not been seen for so long are not looked at: thirteen months, so that what is
/// said of a whole year ("no visit for 365 days") is still found.
pub const LONGEST_AWAY: Milliseconds = Milliseconds::from_days(400);

/// Whom a walk looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Those who were seen within [`LONGEST_AWAY`].
    Recent,
    /// Everybody.
    All,
}

/// One walk over all visitors, telling now and then how many it has looked at. Says how many changes
/// were recorded.
///
/// # Errors
/// [`StoreError`] when the store takes or gives nothing any more.
pub async fn walk(
    store: &dyn Store,
    model: &Arc<Model>,
    whom: Whom,
    now: impl Fn() -> Timestamp,
    pause: Duration,
    mut looked_at: impl FnMut(u64),
) -> Result<usize, StoreError> {
    let mut after: Option<VisitorId> = None;
    let mut changes = 0;
    let mut looked = 0;
    loop {
        let page = store.visitors(after, CHUNK).await?;
        let last_page = page.len() < CHUNK;
        looked += page.len() as u64;
        after = page.last().map(|(visitor, _)| visitor.clone());
        let (model, moment) = (model.clone(), now());
        let found = tokio::task::spawn_blocking(move || changed(page, &model, whom, moment)).await;
        // It ends early only by a panic, which says nothing of the visitors that follow.
        let found = found.unwrap_or_default();
        for some in found.chunks(AT_ONCE) {
            changes += settle(store, some, moment, pause).await?;
        }
        looked_at(looked);
        if last_page {
            return Ok(changes);
        }
        tokio::time::sleep(pause).await;
    }
}

/// The visitors whom time has changed. Found out on copies: the committer, which does it again on
/// what is stored by then, has only these to do.
fn changed(
    page: Vec<(VisitorId, Profile)>,
    model: &Model,
    whom: Whom,
    now: Timestamp,
) -> Vec<VisitorId> {
    let changed = page.into_iter().filter_map(|(visitor, mut profile)| {
        let away = now.since(profile.last_seen);
        let wanted = whom == Whom::All || away <= LONGEST_AWAY;
        let changed = wanted && !profile.settle_recorded(model, now).is_empty();
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
