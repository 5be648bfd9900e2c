//! The scan: every stored profile once, read and looked at on several threads, for whoever wants to know
//! something of all visitors that nobody counts.
//!
//! Workers take turns to find the next page and then read it side by side, so no order can be counted
//! on: each worker collects by itself, and whoever asked joins what they collected. A scan ends with
//! the future that runs it; a page that is being read is read to its end. Visitors are browsers: those of
//! one person are several. Nothing in here changes anything.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use firstglance_engine::{Profile, VisitorId};
use tokio::task::JoinSet;

use crate::store::{Store, StoreError, StoredPage};

/// Visitors of a page: some milliseconds of work.
const PAGE: usize = 256;

/// How a scan goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Somebody waits: on as many threads as there are processors.
    Waited,
    /// Nobody does: on one thread, which rests for longer than it works.
    Resting,
}

impl Pace {
    fn workers(self) -> usize {
        match self {
            Self::Waited => std::thread::available_parallelism().map_or(1, usize::from),
            Self::Resting => 1,
        }
    }

    /// How long to rest after work.
    fn rest(self, worked: Duration) -> Duration {
        match self {
            Self::Waited => Duration::ZERO,
            Self::Resting => worked * 2,
        }
    }
}

/// How far a scan is, for whoever watches. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Visitors looked at so far.
    #[must_use]
    pub fn visitors(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Looks at every stored profile. `begin` makes what a worker collects in, `look` adds a visitor to it.
/// Gives what the workers have collected, one or more of it.
///
/// # Errors
/// [`StoreError`] where something cannot be read.
pub async fn scan<C, B, L>(
    store: &Arc<dyn Store>,
    pace: Pace,
    progress: &Progress,
    begin: B,
    look: L,
) -> Result<Vec<C>, StoreError>
where
    C: Send + 'static,
    B: Fn() -> C,
    L: Fn(&mut C, &VisitorId, &Profile) + Send + Sync + 'static,
{
    let shared = Arc::new(Shared {
        store: store.clone(),
        place: Mutex::new(Some(None)),
        progress: progress.clone(),
        ended: AtomicBool::new(false),
    });
    let look = Arc::new(look);
    // Says to the workers that nobody waits for them any more, however this ends.
    let _end = End(shared.clone());
    let mut workers = JoinSet::new();
    for _ in 0..pace.workers() {
        workers.spawn(work(shared.clone(), pace, begin(), look.clone()));
    }
    let mut collected = Vec::new();
    while let Some(worker) = workers.join_next().await {
        let broken = |_| StoreError::NotDone("a scan was broken off".into());
        collected.push(worker.map_err(broken)??);
    }
    Ok(collected)
}

/// What the workers of a scan share.
struct Shared {
    store: Arc<dyn Store>,
    /// The visitor after whom the next page begins; nothing where all pages are taken.
    place: Mutex<Option<Option<VisitorId>>>,
    progress: Progress,
    ended: AtomicBool,
}

impl Shared {
    /// The next page that no worker has.
    fn next(&self) -> Result<Option<StoredPage>, StoreError> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(after) = &*place else {
            return Ok(None);
        };
        if self.ended.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let page = self.store.stored_page(after.as_ref(), PAGE)?;
        *place = (page.visitors == PAGE).then(|| page.last.clone());
        Ok(Some(page))
    }
}

struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Relaxed);
    }
}

async fn work<C, L>(
    shared: Arc<Shared>,
    pace: Pace,
    mut collected: C,
    look: Arc<L>,
) -> Result<C, StoreError>
where
    C: Send + 'static,
    L: Fn(&mut C, &VisitorId, &Profile) + Send + Sync + 'static,
{
    loop {
        let begun = Instant::now();
        let (shared, look) = (shared.clone(), look.clone());
        let step = tokio::task::spawn_blocking(move || {
            let Some(page) = shared.next()? else {
                return Ok((collected, false));
            };
            let visitors = page.visitors as u64;
            page.read(&mut |visitor, profile| look(&mut collected, visitor, profile))?;
            shared.progress.0.fetch_add(visitors, Ordering::Relaxed);
            Ok((collected, true))
        });
        let broken = |_| StoreError::NotDone("a scan was broken off".into());
        let more;
        (collected, more) = step.await.map_err(broken)??;
        if !more {
            return Ok(collected);
        }
        let rest = pace.rest(begun.elapsed());
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}

#[cfg(test)]
mod tests;
