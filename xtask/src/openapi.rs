//! `/openapi.json` held against a collector that runs: what it says must be valid, and true. A route
//! that answers something else than is told, or takes what it says it refuses, is a failure.
//!
//! schemathesis asks; it is installed into the target folder and is no part of the product.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{Client, Message, Sent};
use crate::server::{Server, Settings, WRITE_KEY};
use crate::workspace::{Workspace, capture};
use crate::{build, tools};

/// Where the proof's own files are.
const FOLDER: &str = "tests/openapi";

/// Examples that are made up for each operation, besides those at the ends of every range.
const EXAMPLES: u32 = 50;
const FEW_EXAMPLES: u32 = 3;

/// Fixed, so that a round that passed passes again.
const SEED: u64 = 7;

/// Roles of tokens, from the one that may least.
const ROLES: [&str; 4] = ["decide", "read", "operate", "erase"];

/// What the user can choose.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Few examples, and none of the stream and of addresses that are other names of the same.
    #[arg(long)]
    pub(crate) short: bool,
    /// Examples for each operation.
    #[arg(long, value_name = "NUMBER")]
    examples: Option<u32>,
    /// Makes other examples.
    #[arg(long, value_name = "NUMBER", default_value_t = SEED)]
    seed: u64,
    /// Takes this collector and builds none.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Options {
    /// What continuous integration runs.
    pub(crate) fn short() -> Self {
        Self {
            short: true,
            seed: SEED,
            ..Self::default()
        }
    }
}

/// Asks everything and prints a table.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = build::under_test(workspace, options.binary.as_deref())?;
    let programs = tools::ensure_openapi(workspace)?;
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix("firstglance-openapi-").tempdir()?;
    let settings = Settings::new(workspace, binary.clone(), folder.path())?;
    let server = Server::start(&settings)?;
    let client = server.client();
    fill(&client)?;

    let document = client.text("/openapi.json")?;
    let file = folder.path().join("openapi.json");
    fs::write(&file, &document)?;
    capture(
        workspace
            .command(programs.join("openapi-spec-validator"))
            .arg(&file),
    )?;
    let document: Value = serde_json::from_str(&document)?;
    roles(workspace, &settings, &client, &document)?;

    let counts = folder.path().join("counts.jsonl");
    let url = format!("http://{}", server.address());
    let examples = options.examples.unwrap_or(if options.short {
        FEW_EXAMPLES
    } else {
        EXAMPLES
    });
    let mut command = workspace.command(programs.join("schemathesis"));
    command
        .arg("--config-file")
        .arg(workspace.root.join(FOLDER).join("schemathesis.toml"))
        .args(["run", "--no-color", "--continue-on-failure"])
        .args(["--workers", "1"])
        .arg(format!("--max-examples={examples}"))
        .arg(format!("--seed={}", options.seed))
        .args(["--generation-database", "none"])
        .arg(format!("{url}/openapi.json"))
        .env("FIRSTGLANCE_URL", &url)
        .env("FIRSTGLANCE_TOKEN", server.token())
        .env("FIRSTGLANCE_WRITE_KEY", WRITE_KEY)
        .env("FIRSTGLANCE_COUNTS", &counts)
        // Else it keeps what it knows in the present folder.
        .env("HYPOTHESIS_STORAGE_DIRECTORY", folder.path());
    if options.short {
        // Other names are answered by the same code, and whoever listens mostly waits.
        command.args(["--exclude-tag", "aliases"]);
        command.args(["--exclude-path", "/admin/v1/stream"]);
    }
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let table = table(&counts).with_context(|| said.clone().into_owned())?;
    print!("{table}");
    if output.status.success() {
        return Ok(());
    }
    bail!("what /openapi.json says is not so:\n{said}")
}

/// Visitors with pages, searches and names, and a message that is refused.
fn fill(client: &Client) -> Result<()> {
    let messages: Vec<Message> = (0..60)
        .map(|number| Message {
            id: format!("m{number}"),
            visitor: format!("v{}", number % 6),
            timestamp: format!("2026-01-01T00:{number:02}:00.000Z"),
        })
        .chain([Message {
            id: String::new(),
            visitor: "v0".to_owned(),
            timestamp: "2026-01-01T00:00:00.000Z".to_owned(),
        }])
        .collect();
    match client.post(WRITE_KEY, &messages)? {
        Sent::Acknowledged { refused } if refused.len() == 1 => Ok(()),
        Sent::Acknowledged { refused } => bail!("{} messages were refused", refused.len()),
        Sent::Later | Sent::InDoubt => bail!("the collector did not take the first messages"),
    }
}

/// Tokens of every role may exactly what the document says they may.
fn roles(
    workspace: &Workspace,
    settings: &Settings,
    client: &Client,
    document: &Value,
) -> Result<()> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut asked = 0;
    for (held, role) in ROLES.iter().enumerate() {
        let token = capture(
            workspace
                .command(&settings.binary)
                .args(["token", "create", "--role", role, "--name", role])
                .arg("--data")
                .arg(&settings.data),
        )?;
        let client = client.with_token(token.trim());
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let needed = operation.pointer("/security/0/token/0");
                let Some(needed) = needed.and_then(Value::as_str) else {
                    continue;
                };
                let needed = ROLES.iter().position(|one| *one == needed);
                let needed =
                    needed.with_context(|| format!("{method} {path} needs no known role"))?;
                // Of nobody there is, and a list of nobody: whoever may, changes nothing.
                let status = client.status(method, &path.replace("{id}", "nobody"))?;
                if (status == 403) != (held < needed) {
                    bail!(
                        "{method} {path} answers {status} to the role {role}, and is said to need {}",
                        ROLES[needed]
                    );
                }
                asked += 1;
            }
        }
    }
    if asked == 0 {
        bail!("no operation of /openapi.json needs a token");
    }
    Ok(())
}

/// A line for each operation.
fn table(counts: &Path) -> Result<String> {
    let counts = fs::read_to_string(counts).context("schemathesis has asked nothing")?;
    let mut table = String::new();
    let (mut cases, mut failures) = (0, 0);
    // Writing into a String cannot fail.
    let _ = writeln!(
        table,
        "{:<58} {:>6} {:>9}",
        "operation", "cases", "failures"
    );
    for line in counts.lines() {
        let line: Value = serde_json::from_str(line)?;
        let count = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
        let operation = line.get("operation").and_then(Value::as_str);
        let operation = operation.context("a count is of no operation")?;
        cases += count("cases");
        failures += count("failures");
        let _ = writeln!(
            table,
            "{operation:<58} {:>6} {:>9}",
            count("cases"),
            count("failures")
        );
    }
    let _ = writeln!(table, "{:<58} {cases:>6} {failures:>9}", "all");
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_operation_and_a_sum() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let counts = folder.path().join("counts");
        fs::write(
            &counts,
            "{\"operation\":\"GET /a\",\"cases\":2,\"failures\":1}\n{\"operation\":\"GET /b\",\"cases\":3,\"failures\":0}\n",
        )?;
        let table = table(&counts)?;
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines,
            [
                &["operation", "cases", "failures"][..],
                &["GET", "/a", "2", "1"],
                &["GET", "/b", "3", "0"],
                &["all", "5", "1"],
            ]
        );
        Ok(())
    }
}
