//! Reads the body of a request within bounds of size, time and memory.
//!
//! Bodies of all requests draw on one budget, as their bytes arrive: a thousand connections that
//! announce a megabyte each and send nothing hold nothing.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{EXPECT, HeaderMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::compression::Coding;
use super::decompression::unpacked;
use super::error::HttpError;
use super::{App, Limits, Shared};
use crate::ingest::MAX_BODY_BYTES;

/// The budget is kept in units of this many bytes.
pub(super) const UNIT: usize = 1_024;

/// How much, and how long, is read of a body that nobody wants, so that a client that sends before
/// it reads gets to see the answer: closing a connection with unread bytes destroys what was sent.
const PATIENCE_BYTES: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Units of the budget.
pub(super) const fn permits(bytes: usize) -> usize {
    bytes / UNIT
}

/// A body that may yet come.
pub(super) struct Unread {
    body: Option<Incoming>,
    /// The client waits to be told to go on, and sends nothing until then.
    waits: bool,
    /// What somebody has looked at already.
    seen: Option<Held>,
}

/// A body, and the part of the budget that it holds until it is dropped.
#[derive(Default)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Adds bytes to the body, where the budget has room for them.
    pub(super) fn add(&mut self, data: &[u8], budget: &Arc<Semaphore>) -> Result<(), HttpError> {
        let held = self
            .permit
            .as_ref()
            .map_or(0, |permit| permit.num_permits());
        let needed = (self.bytes.len() + data.len()).div_ceil(UNIT);
        if needed > held {
            let more = u32::try_from(needed - held).unwrap_or(u32::MAX);
            let more = budget
                .clone()
                .try_acquire_many_owned(more)
                .map_err(|_| HttpError::Busy)?;
            match &mut self.permit {
                Some(permit) => permit.merge(more),
                none => *none = Some(more),
            }
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Unread {
    pub(super) fn new(headers: &HeaderMap, body: Incoming) -> Self {
        Self {
            body: Some(body),
            waits: headers.contains_key(EXPECT),
            seen: None,
        }
    }

    /// Whether there is one at all.
    pub(super) fn may_come(&self) -> bool {
        self.seen.is_some() || self.body.as_ref().is_some_and(|body| !body.is_end_stream())
    }

    /// Reads the body whole, unpacks it, and keeps it for whoever reads it next.
    pub(super) async fn look(
        &mut self,
        shared: &Shared,
        coding: Coding,
    ) -> Result<&[u8], HttpError> {
        let held = self.take(shared, coding).await?;
        Ok(&self.seen.insert(held).bytes)
    }

    /// Reads the body whole, and unpacks it.
    pub(super) async fn read(&mut self, app: &App, coding: Coding) -> Result<Held, HttpError> {
        self.take(&app.shared, coding).await
    }

    async fn take(&mut self, shared: &Shared, coding: Coding) -> Result<Held, HttpError> {
        if let Some(seen) = self.seen.take() {
            return Ok(seen);
        }
        let packed = self.read_packed(&shared.limits, &shared.held).await?;
        match coding {
            Coding::Identity => Ok(packed),
            _ => unpacked(shared, packed, coding).await,
        }
    }

    async fn read_packed(
        &mut self,
        limits: &Limits,
        budget: &Arc<Semaphore>,
    ) -> Result<Held, HttpError> {
        let mut held = Held::default();
        let Some(body) = &mut self.body else {
            return Ok(held);
        };
        if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
            return Err(HttpError::BodyTooLarge);
        }
        // From here on the client sends, whatever it waited for.
        self.waits = false;
        let end = Instant::now() + limits.body;
        loop {
            let pause = Instant::now() + limits.body_pause;
            let frame = match timeout_at(pause.min(end), body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                other => {
                    // There is nothing more to wait for.
                    self.body = None;
                    return match other {
                        Err(_) => Err(HttpError::SlowBody),
                        Ok(None) => Ok(held),
                        Ok(Some(_)) => Err(HttpError::BrokenBody),
                    };
                }
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if held.bytes.len() + data.len() > MAX_BODY_BYTES {
                return Err(HttpError::BodyTooLarge);
            }
            held.add(&data, budget)?;
        }
    }

    /// Reads on without keeping anything, within the bounds of patience.
    pub(super) async fn discard(self) {
        let Some(mut body) = self.body.filter(|_| !self.waits) else {
            return;
        };
        let end = Instant::now() + PATIENCE;
        let mut read = 0;
        while read < PATIENCE_BYTES && !body.is_end_stream() {
            match timeout_at(end, body.frame()).await {
                Ok(Some(Ok(frame))) => read += frame.data_ref().map_or(0, |data| data.len()),
                _ => return,
            }
        }
    }
}
