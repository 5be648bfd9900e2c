//! The collector over real connections, in this process, on a data folder of its own for each
//! test. One file for each endpoint or concern.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod assets;
mod audit;
mod body;
mod click;
mod client;
mod consent;
mod console;
mod console_apart;
mod console_live;
mod console_profiles;
mod console_segments;
mod console_system;
mod content;
mod cookie;
mod cookieless;
mod cors;
mod counts;
mod decide;
mod definitions;
mod duplicates;
mod effect;
mod export;
mod failure;
mod forget;
mod hostile;
mod ingest;
mod isolation;
mod keeping;
mod limits;
mod me;
mod merges;
mod metrics;
mod model;
mod openapi;
mod packed;
mod persons;
mod pixel;
mod refused;
mod roles;
mod segment;
mod sender;
mod server;
mod site;
mod sites;
mod stopping;
mod stream;
mod tls;
mod viewer;
mod why;
