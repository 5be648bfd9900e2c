//! Conditions: what they mean for folded profiles, and all that is said about wrong ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod clock;
mod meaning;
mod never_panics;
mod score;
mod wrong;
