//! The server's clock: the only place of the collector that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use firstglance_engine::Timestamp;

/// The present moment. A clock set before 1970 reads as 1970.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.map_or(0, |since| since.as_millis());
    Timestamp::from_milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}
