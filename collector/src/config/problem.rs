//! What is wrong with a configuration, and where. Collects all problems and never stops at the
//! first.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::condition::Fault;
use super::content::Source;
use super::place::places;
use super::table::Placed;

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub wrong: String,
    /// What would be right; empty when that is plain.
    pub right: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.line, self.column, self.wrong)?;
        if self.right.is_empty() {
            return Ok(());
        }
        write!(formatter, "; {}", self.right)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot read the configuration: {reason}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Two sites have the same.
    #[error(
        "{path}: {what} {value:?} is also that of {other}; {right}",
        path = path.display(),
        other = other.display()
    )]
    Shared {
        /// The later file.
        path: PathBuf,
        /// The earlier one.
        other: PathBuf,
        /// What they have in common.
        what: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// The file is wrong.
    #[error("{}", list(path, problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
}

fn list(path: &std::path::Path, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}:{problem}", path.display()))
        .collect();
    lines.join("\n")
}

/// How a condition stands in the text that problems are about.
pub(super) enum Written<'a> {
    /// It is the text.
    Bare,
    /// It is a value in quotes.
    Quoted { value: &'a str, span: Range<usize> },
}

impl<'a> Written<'a> {
    pub(super) fn toml(placed: &Placed<&'a str>) -> Self {
        Self::Quoted {
            value: placed.value,
            span: placed.span.clone(),
        }
    }
}

/// Collects problems by their place in the text.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<(usize, Problem)>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn any(&self) -> bool {
        !self.found.is_empty()
    }

    pub(super) fn add(&mut self, span: Range<usize>, wrong: String, right: impl Into<String>) {
        let before = &self.text[..self.text.floor_char_boundary(span.start)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let problem = Problem {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            wrong,
            right: right.into(),
        };
        self.found.push((span.start, problem));
    }

    /// Adds what is wrong with a condition, at its place in the text that has the condition.
    pub(super) fn within(&mut self, written: &Written<'_>, fault: &Fault) {
        let start = match written {
            Written::Bare => fault.span.start,
            Written::Quoted { value, span } => {
                let quoted = self.text.get(span.clone()).unwrap_or_default();
                let places = places(quoted, value);
                let place = places.get(fault.span.start).or(places.last());
                span.start + place.copied().unwrap_or(0)
            }
        };
        self.add(start..start, fault.wrong.clone(), fault.right.clone());
    }

    /// What the TOML parser found. Its own sentence says what it expected.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let wrong = error.message().replace('\n', " ");
        self.add(error.span().unwrap_or(0..0), wrong, "");
    }

    pub(super) fn into_sorted(self) -> Vec<Problem> {
        let found = self.into_found().into_iter();
        found.map(|(_, problem)| problem).collect()
    }

    /// All of them with their places in bytes, sorted by these.
    pub(super) fn into_found(mut self) -> Vec<(usize, Problem)> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found
    }
}

/// What is wrong with the texts that are read together, each by itself.
pub(super) struct Found<'a> {
    /// With the configuration's file.
    pub(super) file: Problems<'a>,
    /// With posted rules.
    pub(super) rules: Problems<'a>,
    /// With posted content.
    pub(super) content: Problems<'a>,
}

impl<'a> Found<'a> {
    pub(super) fn any(&self) -> bool {
        self.file.any() || self.rules.any() || self.content.any()
    }

    /// Those of what stands in the file, or was posted as a rule.
    pub(super) fn of_rule(&mut self, source: Source) -> &mut Problems<'a> {
        match source {
            Source::File => &mut self.file,
            Source::Posted => &mut self.rules,
        }
    }
}

/// The known name that somebody who wrote `name` probably meant.
pub(super) fn suggestion<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&folded, known), *known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map(|(_, known)| known)
}

/// "a, b or c".
pub(super) fn choice(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["write_key", "allowed_origins", "consent"];
        for (name, expected) in [
            ("write-key", Some("write_key")),
            ("writekey", Some("write_key")),
            ("allowed_origin", Some("allowed_origins")),
            ("Consent", Some("consent")),
            ("color", None),
        ] {
            assert_eq!(suggestion(name, &known), expected, "{name}");
        }
    }
}
