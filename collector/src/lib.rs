//! The collector of Firstglance: takes in messages, keeps them and the profiles folded from them,
//! and answers what is known.
//!
//! The way of a message: [`http`] receives a request, [`ingest`] authenticates, bounds and
//! validates it, [`store`] commits messages and profiles in one group and answers when they are on
//! disk. What a message means is the engine's business: nothing here knows how interests or
//! segments come about.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod agent;
pub mod assets;
pub mod audience;
pub mod backup;
pub mod census;
pub mod changes;
pub mod circumstances;
pub mod clock;
pub mod command;
pub mod config;
pub mod cookie;
pub mod cookieless;
pub mod data;
pub mod effect;
pub mod erasing;
pub mod evaluation;
pub mod export;
pub mod hexadecimal;
pub mod http;
pub mod ingest;
pub mod journey;
pub mod metrics;
pub mod networks;
pub mod openmetrics;
pub mod pulse;
pub mod reference;
pub mod scan;
pub mod schema;
pub mod store;
pub mod sweep;
pub mod token;
pub mod upkeep;
