//! Long answers: those that read much of the store and leave in pieces. A few at a time, on a thread
//! that nothing else waits for, and no faster than the client takes them.

use std::fmt::Display;

use tokio::runtime::Handle;

use super::super::App;
use super::super::answer::{Answer, in_pieces};
use super::super::error::HttpError;
use crate::export::{Pieces, pieces};

/// Begins an answer. What makes it says the end of it; where that fails, the connection is broken
/// off, so that what has left does not look like all.
pub(super) fn begin<E: Display>(
    app: &App,
    media_type: &'static str,
    make: impl AsyncFnOnce(Pieces) -> Result<(), E> + Send + 'static,
) -> Result<Answer, HttpError> {
    let turn = app.shared.long.clone().try_acquire_owned();
    let turn = turn.map_err(|_| HttpError::Busy)?;
    let (put, taken) = pieces();
    let handle = Handle::current();
    // Nobody waits for its end but the client, who sees it.
    drop(tokio::task::spawn_blocking(move || {
        if let Err(error) = handle.block_on(make(put)) {
            tracing::warn!(%error, "a long answer was broken off");
        }
        drop(turn);
    }));
    Ok(in_pieces(media_type, taken))
}
