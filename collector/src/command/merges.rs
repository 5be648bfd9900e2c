//! `firstglance merges`: which visitors came to which persons and by what, and the undo of a wrong merge.
//! Where a collector runs on the data folder it is asked; else this command reads and changes the data
//! itself. The audit of merges says in either case by whom something was undone.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use clap::Subcommand;
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Model, UserId, VisitorId};
use hyper::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Failure;
use super::asking::{AdminQuestion, Collector};
use super::opened::Which;
use crate::clock;
use crate::http::error::HttpError;
use crate::store::merges::{MergeFilter, Reader, Undo};

/// Entries that are read at once.
const AT_ONCE: usize = 200;

/// What the audit says in place of a token.
const COMMAND_LINE: &str = "command line";

/// Show which visitors were taken for one person and why, and undo a wrong merge
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance merges list --data /var/lib/firstglance --person 4711\n  \
                  firstglance merges undo --data /var/lib/firstglance 7"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArguments),
    Undo(UndoArguments),
}

/// Show merges, the latest first: a table on a terminal, lines of JSON elsewhere
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance merges list --data /var/lib/firstglance --visitor 4f1c2a"
)]
struct ListArguments {
    #[command(flatten)]
    which: Which,
    /// Only what concerns this visitor, or came about by its messages
    #[arg(long, value_name = "ID", value_parser = super::erase::visitor)]
    visitor: Option<VisitorId>,
    /// Only what names this user
    #[arg(long, value_name = "ID", value_parser = super::erase::user, conflicts_with = "visitor")]
    person: Option<UserId>,
    #[command(flatten)]
    collector: Collector,
}

/// Undo a merge, or the undo of one; says as a line of JSON what became of it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance merges undo --data /var/lib/firstglance 7")]
struct UndoArguments {
    #[command(flatten)]
    which: Which,
    /// The id that `firstglance merges list` shows
    #[arg(value_name = "ID")]
    merge: u64,
    #[command(flatten)]
    collector: Collector,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::List(list) => list.run(),
        Action::Undo(undo) => undo.run(),
    }
}

/// A page of the audit as a collector answers it.
#[derive(Deserialize)]
struct Page {
    merges: Vec<Box<RawValue>>,
    next: Option<String>,
}

/// What the table shows of an entry.
#[derive(Deserialize)]
struct Row {
    id: String,
    at: String,
    kind: String,
    visitor: Option<String>,
    from: Option<String>,
    to: Option<String>,
    message: Option<Message>,
    token: Option<Token>,
    undone: bool,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Token {
    name: String,
}

impl ListArguments {
    fn run(&self) -> Result<(), Failure> {
        let mut out = Listing::new();
        if self.which.is_in_use() {
            return self.ask(&mut out);
        }
        let filter = match (&self.visitor, &self.person) {
            (Some(visitor), _) => MergeFilter::Visitor(visitor.clone()),
            (None, Some(user)) => MergeFilter::User(user.clone()),
            (None, None) => MergeFilter::All,
        };
        // Nothing is folded that would need the configuration.
        let model = Arc::new(Model::default());
        self.which.with_store((model, None), true, async |store| {
            let mut before = None;
            loop {
                let page = store.merges(filter.clone(), before, AT_ONCE).await?;
                for merge in &page {
                    let mut json = JsonWriter::default();
                    merge.write(&mut json, Reader::Operator);
                    out.line(json.as_str())?;
                }
                match page.last() {
                    Some(last) if page.len() == AT_ONCE => before = Some(last.number),
                    _ => return Ok(()),
                }
            }
        })
    }

    fn ask(&self, out: &mut Listing) -> Result<(), Failure> {
        let limit = AT_ONCE.to_string();
        let mut cursor: Option<String> = None;
        loop {
            let mut parameters = vec![("limit", &*limit)];
            parameters.extend(self.visitor.iter().map(|id| ("visitor", id.as_str())));
            parameters.extend(self.person.iter().map(|id| ("person", id.as_str())));
            parameters.extend(cursor.iter().map(|place| ("cursor", &**place)));
            let question = AdminQuestion {
                method: Method::GET,
                path: "merges",
                parameters: &parameters,
                otherwise: "the collector shows no merges",
            };
            let page: Page = self.collector.ask(&self.which, &question)?;
            for merge in &page.merges {
                out.line(merge.get())?;
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// Where entries are shown.
struct Listing {
    out: io::Stdout,
    is_table: bool,
    any: bool,
}

impl Listing {
    fn new() -> Self {
        let out = io::stdout();
        Self {
            is_table: out.is_terminal(),
            out,
            any: false,
        }
    }

    fn line(&mut self, json: &str) -> Result<(), Failure> {
        let out = &mut self.out;
        if !self.is_table {
            writeln!(out, "{json}")?;
            return Ok(());
        }
        if !self.any {
            self.any = true;
            writeln!(
                out,
                "{:>6}  {:24}  {:8}  WHO, AND BY WHAT",
                "ID", "AT", "KIND"
            )?;
        }
        let row: Row = serde_json::from_str(json)?;
        writeln!(
            out,
            "{:>6}  {:24}  {:8}  {}",
            row.id,
            row.at,
            row.kind,
            row.told()
        )?;
        Ok(())
    }
}

impl Row {
    /// Names are whatever somebody has sent: nothing of them reaches the terminal but signs.
    fn told(&self) -> String {
        let named = |name: &Option<String>| match name {
            Some(name) => name.escape_debug().to_string(),
            None => "nobody".to_owned(),
        };
        let mut told = match &self.visitor {
            Some(visitor) => format!("{}: ", visitor.escape_debug()),
            None => String::new(),
        };
        told.push_str(&format!("{} -> {}", named(&self.from), named(&self.to)));
        if let Some(message) = &self.message {
            told.push_str(&format!(", {} {}", message.kind, message.id.escape_debug()));
        }
        if let Some(token) = &self.token {
            told.push_str(&format!(", by {}", token.name.escape_debug()));
        }
        if self.undone {
            told.push_str(" (undone)");
        }
        told
    }
}

impl UndoArguments {
    fn run(&self) -> Result<(), Failure> {
        let undone = if self.which.is_in_use() {
            let question = AdminQuestion {
                method: Method::POST,
                path: &format!("merges/{}/undo", self.merge),
                parameters: &[],
                otherwise: "the collector undid nothing",
            };
            let undone: Box<RawValue> = self.collector.ask(&self.which, &question)?;
            undone.get().to_owned()
        } else {
            self.undo()?
        };
        writeln!(io::stdout(), "{undone}")?;
        Ok(())
    }

    /// Undoes it in a data folder that nobody serves.
    fn undo(&self) -> Result<String, Failure> {
        let undo = Undo {
            merge: self.merge,
            token: COMMAND_LINE.into(),
            name: COMMAND_LINE.into(),
            now: clock::now(),
        };
        // Nothing is folded that would need the configuration.
        let model = Arc::new(Model::default());
        let work = self.which.with_store((model, None), true, async |store| {
            Ok(store.undo(undo).await?)
        })?;
        let (entry, together) = HttpError::unless_done(work)?;
        Ok(entry.undone(together))
    }
}
