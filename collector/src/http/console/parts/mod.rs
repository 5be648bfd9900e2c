//! What pages are made of: figures, tables, charts, tips. Each is a function of what it shows, and
//! knows nothing of the store. Everything that comes from outside is escaped by the templates.

mod bar;
mod chart;
mod empty;
mod figure;
mod name;
mod period;
mod table;
mod tip;
mod value;

pub(super) use bar::bar;
pub(super) use chart::{Chart, Shape};
pub(super) use empty::{Tone, empty, notice};
pub(super) use figure::Figure;
pub(super) use name::name;
pub(super) use period::Span;
pub(super) use table::{Cell, Column, Table};
pub(super) use tip::tip;
pub(super) use value::Value;
