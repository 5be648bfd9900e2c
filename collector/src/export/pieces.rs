//! Pieces: what makes a long answer hands it over a piece at a time, and no faster than it is taken.
//!
//! The end must be said. Where it is not, because something failed or panicked, whoever takes the
//! pieces learns that they are not the whole: what is broken off never looks complete.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces that wait to be taken.
const WAITING: usize = 2;

/// How long a piece may wait: whoever takes nothing for so long has gone away without a word.
const PATIENCE: Duration = Duration::from_secs(60);

enum Piece {
    Data(Bytes),
    End,
}

/// Where pieces are put.
#[derive(Clone)]
pub struct Pieces(mpsc::Sender<Piece>);

/// Where they are taken.
pub struct Taken(mpsc::Receiver<Piece>);

/// Nobody takes the pieces any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes it any more")]
pub struct Gone;

/// Something of it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was broken off before its end")]
pub struct BrokenOff;

/// Both ends of what carries pieces.
#[must_use]
pub fn pieces() -> (Pieces, Taken) {
    let (put, taken) = mpsc::channel(WAITING);
    (Pieces(put), Taken(taken))
}

impl Pieces {
    /// Hands a piece over, as soon as there is room for it.
    ///
    /// # Errors
    /// [`Gone`] when nobody takes it.
    pub async fn put(&self, data: impl Into<Bytes>) -> Result<(), Gone> {
        let data = data.into();
        // An empty one would look like the end where pieces are framed by their length.
        if data.is_empty() {
            return Ok(());
        }
        self.send(Piece::Data(data)).await
    }

    /// Says that this was all.
    ///
    /// # Errors
    /// [`Gone`] when nobody takes it.
    pub async fn end(self) -> Result<(), Gone> {
        self.send(Piece::End).await
    }

    async fn send(&self, piece: Piece) -> Result<(), Gone> {
        match tokio::time::timeout(PATIENCE, self.0.send(piece)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Whether nobody takes anything any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until nobody takes anything any more.
    pub async fn gone(&self) {
        self.0.closed().await;
    }
}

impl Taken {
    /// The next piece; nothing after the last.
    ///
    /// # Errors
    /// [`BrokenOff`] where there is none and the end was not said.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        self.0.poll_recv(context).map(|piece| match piece {
            Some(Piece::Data(data)) => Some(Ok(data)),
            Some(Piece::End) => None,
            None => Some(Err(BrokenOff)),
        })
    }

    /// The same, waited for.
    ///
    /// # Errors
    /// As [`Taken::poll_next`].
    pub async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_that_is_not_said_is_none() {
        let (put, mut taken) = pieces();
        put.put("a").await.unwrap();
        put.end().await.unwrap();
        assert_eq!(taken.next().await, Some(Ok(Bytes::from("a"))));
        assert_eq!(taken.next().await, None);

        let (put, mut taken) = pieces();
        put.put("a").await.unwrap();
        drop(put);
        assert_eq!(taken.next().await, Some(Ok(Bytes::from("a"))));
        assert_eq!(taken.next().await, Some(Err(BrokenOff)));
    }

    #[tokio::test]
    async fn nothing_is_handed_to_who_has_gone() {
        let (put, taken) = pieces();
        assert!(!put.is_gone());
        put.put("").await.unwrap();
        drop(taken);
        put.gone().await;
        assert!(put.is_gone());
        assert_eq!(put.put("a").await, Err(Gone));
        assert_eq!(put.end().await, Err(Gone));
    }
}
