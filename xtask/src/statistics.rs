//! What SciPy and statsmodels say of the counts that the collector's statistics are held against: asked
//! again, and held against the file that the tests read. They are installed into the target folder and
//! are no part of the product.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::tools;
use crate::workspace::{Workspace, capture};

/// Where the script and its answers are.
const FOLDER: &str = "tests/statistics";

/// Part by which numbers may differ: other versions integrate in other steps.
const TOLERANCE: f64 = 1e-7;

/// What the user can choose.
#[derive(Default, clap::Args)]
pub(crate) struct Options {
    /// Writes the file anew.
    #[arg(long)]
    update: bool,
}

/// Asks again and compares, or writes what was answered.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let folder = workspace.root.join(FOLDER);
    let python = tools::ensure_statistics(workspace)?;
    let said = capture(workspace.command(python).arg(folder.join("reference.py")))?;
    let file = folder.join("reference.json");
    if options.update {
        fs::write(&file, said)?;
        println!("{}", workspace.shown(&file));
        return Ok(());
    }
    let kept = fs::read_to_string(&file).with_context(|| format!("no file {}", file.display()))?;
    let (kept, said): (Value, Value) = (serde_json::from_str(&kept)?, serde_json::from_str(&said)?);
    let mut numbers = 0;
    let mut differing = Vec::new();
    compare(&kept, &said, String::new(), &mut numbers, &mut differing);
    if !differing.is_empty() {
        bail!(
            "{} of {numbers} numbers are not what SciPy and statsmodels say: {}\n\
             To write them anew: cargo xtask statistics --update",
            differing.len(),
            differing.join(", ")
        );
    }
    println!("{numbers} numbers are what SciPy and statsmodels say");
    Ok(())
}

fn compare(
    kept: &Value,
    said: &Value,
    place: String,
    numbers: &mut usize,
    differing: &mut Vec<String>,
) {
    match (kept, said) {
        (Value::Object(kept), Value::Object(said)) if kept.len() == said.len() => {
            for (name, kept) in kept {
                let said = said.get(name).unwrap_or(&Value::Null);
                compare(kept, said, format!("{place}/{name}"), numbers, differing);
            }
        }
        (Value::Array(kept), Value::Array(said)) if kept.len() == said.len() => {
            for (number, (kept, said)) in kept.iter().zip(said).enumerate() {
                compare(kept, said, format!("{place}/{number}"), numbers, differing);
            }
        }
        (Value::Number(kept), Value::Number(said)) => {
            *numbers += 1;
            let (kept, said) = (kept.as_f64(), said.as_f64());
            let (kept, said) = (kept.unwrap_or(f64::NAN), said.unwrap_or(f64::NAN));
            let near = (kept - said).abs() <= TOLERANCE * kept.abs().max(1e-6);
            if !near {
                differing.push(place);
            }
        }
        _ => differing.push(place),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_named() {
        let kept = json!({"a": [1.0, 2.0], "b": {"c": 3}});
        for (said, expected) in [
            (json!({"a": [1.0, 2.000_000_01], "b": {"c": 3}}), vec![]),
            (json!({"a": [1.0, 2.1], "b": {"c": 3}}), vec!["/a/1"]),
            (json!({"a": [1.0], "b": {"d": 3}}), vec!["/a", "/b/c"]),
            (json!([]), vec![""]),
        ] {
            let (mut numbers, mut differing) = (0, Vec::new());
            compare(&kept, &said, String::new(), &mut numbers, &mut differing);
            assert_eq!(differing, expected, "{said}");
        }
    }
}
