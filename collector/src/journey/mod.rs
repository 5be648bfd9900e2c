//! Journeys through the site: which groups of pages a visit went through, and how far visitors come in a
//! funnel. What is counted of them is in `store::counting`; nothing here reads or writes.

mod funnel;
mod path;

pub use funnel::{Funnel, MOST_STEPS, Progress, Step};
pub use path::{page_group, visit_path};
