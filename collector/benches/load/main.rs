//! A generator of load and the baselines beside it, for `cargo xtask bench collector` and the proofs
//! under load. Each command does one thing for some seconds and prints one line of JSON.
//!
//! Built with the collector's own optimisation, because it runs on the same cores. Never starts a
//! collector and never looks into its data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod baseline;
mod bodies;
mod idle;
mod send;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Posts batches to a collector, or to the bare server.
    Send(send::Options),
    /// Sends one message for each visitor that there is to be.
    Fill(send::FillOptions),
    /// Reads back what an earlier run kept account of.
    Check(send::CheckOptions),
    /// Holds connections that say nothing, or only a part of a request, and asks beside them.
    Idle(idle::Options),
    /// A server that reads bodies and answers as the collector does, and nothing else.
    Server {
        /// Where it listens.
        #[arg(long)]
        listen: SocketAddr,
    },
    /// The store's engine alone: the same bytes, grouped the same, flushed and synced.
    Sled(baseline::Options),
    /// A file alone: the same bytes, grouped the same, appended and synced.
    File(baseline::Options),
    /// Reads and validates batches, and nothing else.
    Judge {
        /// Messages in a batch.
        #[arg(long, default_value_t = 10)]
        batch: usize,
        /// How long.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Folds batches of visitors in memory: no server, no disk.
    Fold {
        /// The configuration whose model is used.
        #[arg(long)]
        config: PathBuf,
        /// Messages in a batch.
        #[arg(long, default_value_t = 10)]
        batch: usize,
        /// How long at most.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
        /// Batches at most.
        #[arg(long, default_value_t = 1_000_000_000)]
        batches: u32,
    },
}

fn main() {
    let line = match Arguments::parse().command {
        Command::Send(options) => send::send(&options),
        Command::Fill(options) => send::fill(&options),
        Command::Check(options) => send::check(&options),
        Command::Idle(options) => idle::run(&options),
        Command::Server { listen } => baseline::serve(listen),
        Command::Sled(options) => baseline::sled(&options),
        Command::File(options) => baseline::file(&options),
        Command::Judge { batch, seconds } => baseline::judge(batch, seconds),
        Command::Fold {
            config,
            batch,
            seconds,
            batches,
        } => baseline::fold(&config, batch, seconds, batches),
    };
    println!("{line}");
}
