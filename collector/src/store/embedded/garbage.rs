//! Frees memory that the engine has replaced. By itself it frees a little for every so many keys that
//! are read, and a batch is no more to it than one of these, however much it writes: while visitors
//! are new there is more replaced than freed, and memory grows without end.

/// What one turn frees at most, in the collector that the engine shares with this.
const A_TURN: usize = 512;

/// What one write replaces at most, about: a leaf, what is above it where it is split, and what is
/// remembered of where each lies.
const A_WRITE: usize = 8;

/// Frees as much as so many writes have replaced, as far as nobody reads it any more.
pub(super) fn free(writes: usize) {
    for _ in 0..=writes.saturating_mul(A_WRITE) / A_TURN {
        crossbeam_epoch::pin().flush();
    }
}
