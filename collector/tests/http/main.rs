//! The collector over real connections, in this process, on a data folder of its own for each
//! test. One file for each endpoint or concern.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod assets;
mod body;
mod client;
mod cookie;
mod cookieless;
mod cors;
mod counts;
mod failure;
mod forget;
mod ingest;
mod me;
mod metrics;
mod model;
mod packed;
mod persons;
mod segment;
mod server;
mod site;
mod stopping;
mod why;
