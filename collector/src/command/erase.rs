//! `firstglance erase`: erases visitors, or all that a user is, from a data folder that nobody serves.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use firstglance_engine::{Model, UserId, VisitorId};

use super::Failure;
use super::opened::Which;
use super::progress::Progress;
use crate::erasing::{self, NoTarget, Target};

/// Erase visitors from a data folder; says what became of each as lines of JSON
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance erase --data /var/lib/firstglance --user 4711\n  \
                  firstglance erase --data /var/lib/firstglance --file ids.txt"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Who {
    /// A visitor; may be given more than once
    #[arg(long, value_name = "ID", value_parser = visitor)]
    visitor: Vec<VisitorId>,
    /// All visitors of a user; may be given more than once
    #[arg(long, value_name = "ID", value_parser = user)]
    user: Vec<UserId>,
    /// A list: a visitor's id a line, or JSON as in {"user": "4711"}
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn visitor(text: &str) -> Result<VisitorId, String> {
    VisitorId::parse(text).map_err(|error| format!("it {error}"))
}

pub(super) fn user(text: &str) -> Result<UserId, String> {
    UserId::parse(text).map_err(|error| format!("it {error}"))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let who = &arguments.who;
    let visitors = who.visitor.iter().cloned().map(Target::Visitor);
    let users = who.user.iter().cloned().map(Target::User);
    let mut targets: Vec<Result<Target, NoTarget>> = visitors.chain(users).map(Ok).collect();
    if let Some(path) = &who.file {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{}: cannot read: {error}", path.display()))?;
        targets.extend(erasing::read(&text));
    }
    // Nothing is folded here that would need the configuration.
    let model = Arc::new(Model::default());
    let invalid = arguments
        .which
        .with_store((model, None), true, async |store| {
            let mut progress = Progress::new();
            let mut out = io::stdout();
            let mut invalid = 0;
            let all = targets.len();
            for (done, target) in targets.into_iter().enumerate() {
                let outcome = erasing::erase(&*store, target).await?;
                invalid += usize::from(outcome.target.is_err());
                writeln!(out, "{}", outcome.line())?;
                progress.show(|| format!("{} of {all}", done + 1));
            }
            Ok(invalid)
        })?;
    match invalid {
        0 => Ok(()),
        1 => Err(Failure("1 id is none".to_owned())),
        some => Err(Failure(format!("{some} ids are none"))),
    }
}
