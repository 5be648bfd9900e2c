//! Upkeep: what the store needs done from time to time without anybody asking. Space is given back
//! when there is enough of it, and the bytes of whoever was erased leave the disk after a day.
//!
//! It only asks; when something is due, and how it is done without holding anything up, is known
//! to the store.

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::store::{Compact, Store, StoreError};

/// How often is looked what is due.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Looks after the store for as long as it is polled, and ends by itself when the store closes.
pub async fn run(store: Arc<dyn Store>) {
    loop {
        tokio::time::sleep(EVERY).await;
        match store.compact(Compact::IfDue(clock::now())).await {
            Ok(_) => {}
            Err(StoreError::Closing) => return,
            Err(error) => tracing::warn!(%error, "the store could not be compacted"),
        }
    }
}
