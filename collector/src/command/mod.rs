//! The command line: what each command takes, and how the process ends. Exit codes: 0 fine, 1 the
//! operation failed, 2 wrong usage.

mod asking;
mod backup;
mod check;
mod compact;
mod erase;
mod export;
mod health;
mod import;
mod log;
mod merges;
mod opened;
mod progress;
mod replay;
mod restore;
mod serve;
mod token;
mod verify;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, ConfigError, ConfigFile};

/// First-party visitor profiles from the first page on: one server, one file of configuration.
#[derive(Debug, Parser)]
#[command(name = "firstglance", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Check(check::Arguments),
    Replay(replay::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
    Erase(erase::Arguments),
    Merges(merges::Arguments),
    Compact(compact::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    Token(token::Arguments),
    Health(health::Arguments),
    Verify(verify::Arguments),
}

/// Why a command failed: a line or more for people to read.
#[derive(Debug)]
struct Failure(String);

impl<T: Display> From<T> for Failure {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Where not even this can be printed, the code still says it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Merges(arguments) => merges::run(&arguments),
        Command::Compact(arguments) => compact::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

/// A number of bytes as people read it.
fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    #[allow(clippy::cast_precision_loss)] // Three digits are shown.
    let mut number = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if number < 1_000.0 {
            break;
        }
        number /= 1_000.0;
        unit = next;
    }
    format!("{number:.1} {unit}")
}

/// Reads the configuration for a command that is not about it: one line says what is wrong, and
/// how to see all of it.
fn configuration(path: &Path) -> Result<Config, Failure> {
    Config::load(path).map_err(|error| Failure(one_line(&error)))
}

/// The same for the configurations of several sites.
fn configurations(paths: &[PathBuf]) -> Result<Vec<ConfigFile>, Failure> {
    config::load_all(paths).map_err(|errors| Failure(one_line_of_all(&errors)))
}

/// The first of several errors, and how many more there are.
fn one_line_of_all(errors: &[ConfigError]) -> String {
    let mut line = errors.first().map(one_line).unwrap_or_default();
    if let Some(more) = errors.len().checked_sub(1).filter(|more| *more > 0) {
        line.push_str(&format!(" (and {more} more)"));
    }
    line
}

fn one_line(error: &ConfigError) -> String {
    match error {
        ConfigError::Invalid { path, problems } => {
            let mut line = String::new();
            if let [first, rest @ ..] = &problems[..] {
                line = format!("{}:{first}", path.display());
                if !rest.is_empty() {
                    line.push_str(&format!(
                        " (and {} more: firstglance check {})",
                        rest.len(),
                        path.display()
                    ));
                }
            }
            line
        }
        error @ (ConfigError::Unreadable { .. } | ConfigError::Shared { .. }) => error.to_string(),
    }
}
