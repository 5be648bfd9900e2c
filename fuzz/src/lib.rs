//! What the fuzz targets share: models and events made of bytes, and what must hold of any profile.
//!
//! Never runs anything by itself; `cargo xtask fuzz` builds and runs the targets.

pub mod bounds;
pub mod events;
pub mod models;
pub mod texts;
