//! The effect of content: what it is held against, and whether it helped.
//!
//! `goal` says what visitors are to do, `exposure` who was shown what. What is stored of both follows
//! from messages, see `store::embedded::exposures`; here is what it means. Nothing here reads or writes.

pub mod allocation;
mod cell;
mod exposure;
mod goal;
mod learned;
pub mod mismatch;
pub mod posterior;
mod results;
pub mod revenue;
#[cfg(test)]
mod tests;

use firstglance_engine::Milliseconds;

pub use cell::Cell;
pub use exposure::{Arm, Exposure, Shown};
pub use goal::{Goal, GoalValue, MOST_VALUE, Reached, ReachedBy, Watching};
pub use learned::{Learned, Lesson};
pub use results::{Comparison, Counted, Numbers, Results};

/// How long after a visitor first saw any content of a slot a goal counts for it.
pub const WINDOW: Milliseconds = Milliseconds::from_days(30);
