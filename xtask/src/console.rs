//! Makes what the console loads: one script, one style sheet and its icon, each also compressed; and
//! what it tells of the licences of all that is embedded.
//!
//! The source is `collector/console/`; htmx and uPlot come out of their npm packages into the same
//! script. The result lies in `target/console/`, from where the collector's build script embeds it.
//! Files that did not change are not written. Never touches what a page loads.

use std::fs;

use anyhow::{Context, Result};

use crate::assets::{COMPRESS, bring_up_to_date, content_hash, write_compressed};
use crate::licences;
use crate::tools;
use crate::workspace::{Workspace, capture};

const FOLDER: &str = "collector/console";

/// What is made of which source, and what its name ends with.
const FILES: [(&str, &str); 2] = [("console.js", "js"), ("console.css", "css")];

/// Files that are taken as they are.
const PLAIN: [(&str, &str); 1] = [("icon.svg", "svg")];

/// Browsers that know popovers, `:has` and nested rules.
const TARGET: &str = "--target=chrome119,firefox128,safari17.4";

/// Brings `target/console/` up to date.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    for (source, ending) in FILES {
        let bundled = capture(
            tools::node_tool(workspace, "esbuild")
                .arg(workspace.root.join(FOLDER).join(source))
                .args(["--bundle", "--minify", "--charset=utf8", TARGET])
                .args(["--format=iife", "--legal-comments=none"])
                .arg("--log-level=warning"),
        )
        .with_context(|| format!("{FOLDER}/{source} cannot be bundled"))?;
        files.push((ending, bundled.into_bytes()));
    }
    for (source, ending) in PLAIN {
        let path = workspace.root.join(FOLDER).join(source);
        let content = fs::read(&path).with_context(|| format!("no {FOLDER}/{source}"))?;
        files.push((ending, content));
    }
    files.push(("json", licences::gathered(workspace)?));
    let name = |ending: &str, content: &[u8]| format!("console-{}.{ending}", content_hash(content));
    let files = files.into_iter();
    let files = files.map(|(ending, content)| (name(ending, &content), content));
    let files: Vec<(String, Vec<u8>)> = files.collect();
    let mut fingerprint: Vec<&str> = files.iter().map(|(name, _)| &**name).collect();
    let compression = content_hash(COMPRESS.as_bytes());
    fingerprint.push(&compression);
    let work = workspace.target.join("console-work");
    bring_up_to_date(
        &work,
        &workspace.console(),
        &fingerprint.join("\n"),
        |made| write_compressed(workspace, made, files.iter().cloned()),
    )
}
