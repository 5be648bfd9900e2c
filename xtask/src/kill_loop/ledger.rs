//! Who was sent what, what of it was acknowledged, and how that compares with what is stored.
//!
//! Never talks to the collector but to read.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::{Client, Message};
use crate::random;

/// How many examples of a failure are worth a reader's time.
const EXAMPLES: usize = 10;

/// Scores are told to a thousandth, and at moments that lie a little apart.
const SAME_SCORE: f64 = 0.002;

/// All messages of a run, by visitor.
#[derive(Default)]
pub(super) struct Ledger {
    visitors: BTreeMap<String, Visitor>,
    /// Visitors with messages since the last check.
    touched: BTreeSet<String>,
}

/// The messages of one visitor: true for the acknowledged ones.
#[derive(Default)]
struct Visitor {
    messages: HashMap<String, bool>,
}

/// What is wrong. Sets, because a message is looked at more than once.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) lost: BTreeSet<String>,
    pub(super) duplicated: BTreeSet<String>,
    pub(super) foreign: BTreeSet<String>,
    pub(super) miscounted: BTreeSet<String>,
    /// Visitors whose profile is not the fold of their log.
    pub(super) misfolded: BTreeSet<String>,
    examples: Vec<String>,
}

impl Ledger {
    /// These may be stored: never acknowledged, or refused.
    pub(super) fn sent(&mut self, messages: &[Message]) {
        for message in messages {
            self.visitor(message)
                .messages
                .entry(message.id.clone())
                .or_default();
        }
    }

    /// These must be stored; returns how many of them were not known to be acknowledged before.
    pub(super) fn acknowledged(&mut self, messages: &[Message]) -> u64 {
        let mut new = 0;
        for message in messages {
            let before = self
                .visitor(message)
                .messages
                .insert(message.id.clone(), true);
            new += u64::from(before != Some(true));
        }
        new
    }

    fn visitor(&mut self, message: &Message) -> &mut Visitor {
        if !self.touched.contains(&message.visitor) {
            self.touched.insert(message.visitor.clone());
        }
        self.visitors.entry(message.visitor.clone()).or_default()
    }

    /// Compares with what is stored: the visitors of this round, or all of them at the end.
    pub(super) fn check(
        &mut self,
        client: &Client,
        replay: &Replay,
        round: Option<u64>,
        findings: &mut Findings,
    ) -> Result<()> {
        let mut folded = Folded::default();
        let touched = std::mem::take(&mut self.touched);
        let when = round.map_or_else(|| "at the end".to_owned(), |round| format!("round {round}"));
        for (name, visitor) in &self.visitors {
            if round.is_some() && !touched.contains(name) {
                continue;
            }
            let (stored, messages): (Vec<String>, Vec<Value>) =
                client.timeline(name)?.into_iter().unzip();
            let profile = client.profile(name)?;
            let counted = profile.as_ref().and_then(|one| one.get("events")?.as_u64());
            visitor.compare(name, &stored, counted, &when, findings);
            if let Some(profile) = profile {
                folded.profiles.insert(name.clone(), profile);
            }
            for message in messages {
                folded.log.push_str(&message.to_string());
                folded.log.push('\n');
            }
        }
        folded.compare(replay, &when, findings)
    }
}

/// What the store has folded, and what it folded it from.
#[derive(Default)]
struct Folded {
    profiles: BTreeMap<String, Value>,
    log: String,
}

impl Folded {
    /// Folds the log once more, by the command that does it without a store, and compares.
    fn compare(&self, replay: &Replay, when: &str, findings: &mut Findings) -> Result<()> {
        let again = replay.profiles(&self.log)?;
        for (name, stored) in &self.profiles {
            let Some(folded) = again.get(name) else {
                findings.differ(name, when, "nothing");
                continue;
            };
            for member in ["events", "pageViews", "visits", "segments", "stage"] {
                let expected = &folded[member];
                let found = stored.pointer(&format!("/{member}"));
                if found.is_some_and(|found| found != expected) {
                    findings.differ(name, when, &format!("{member} {expected}"));
                }
            }
            let interests = stored.get("interests").and_then(Value::as_array);
            for interest in interests.into_iter().flatten() {
                let id = interest
                    .get("id")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let score = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
                let (found, expected) =
                    (score(&interest["score"]), score(&folded["interests"][id]));
                let same = (found - expected).abs() < SAME_SCORE;
                if !same {
                    findings.differ(name, when, &format!("interest {id} {expected}"));
                }
            }
        }
        Ok(())
    }
}

/// `firstglance replay` of the collector that is tested.
pub(super) struct Replay {
    pub(super) binary: PathBuf,
    pub(super) config: PathBuf,
}

impl Replay {
    /// Profiles by visitor.
    fn profiles(&self, log: &str) -> Result<HashMap<String, Value>> {
        let mut process = Command::new(&self.binary)
            .arg("replay")
            .arg("--config")
            .arg(&self.config)
            .args(["--now", &random::now()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {}", self.binary.display()))?;
        let mut input = process.stdin.take().context("no way into the command")?;
        // Both ends at once: the command may answer before it has read everything.
        let output = thread::scope(|scope| {
            let written = scope.spawn(move || input.write_all(log.as_bytes()));
            let output = process.wait_with_output();
            // Where it did not read, its exit says so.
            let _ = written.join();
            output
        })?;
        if !output.status.success() {
            bail!("firstglance replay ended with {}", output.status);
        }
        let text = String::from_utf8(output.stdout)?;
        text.lines()
            .map(|line| {
                let profile: Value = serde_json::from_str(line)?;
                let name = profile.get("anonymousId").and_then(Value::as_str);
                let name = name.with_context(|| format!("no anonymousId in {line}"))?;
                Ok((name.to_owned(), profile))
            })
            .collect()
    }
}

impl Visitor {
    fn compare(
        &self,
        name: &str,
        stored: &[String],
        counted: Option<u64>,
        when: &str,
        findings: &mut Findings,
    ) {
        let mut distinct = HashSet::new();
        for id in stored {
            if !distinct.insert(id) && findings.duplicated.insert(id.clone()) {
                findings.example(format!("{when}: {name} has {id} more than once"));
            }
            if !self.messages.contains_key(id) && findings.foreign.insert(id.clone()) {
                findings.example(format!(
                    "{when}: {name} has {id}, which was never sent to it"
                ));
            }
        }
        for (id, acknowledged) in &self.messages {
            if *acknowledged && !distinct.contains(id) && findings.lost.insert(id.clone()) {
                findings.example(format!("{when}: {name} lacks the acknowledged {id}"));
            }
        }
        let counted = counted.unwrap_or(0);
        if counted != distinct.len() as u64 && findings.miscounted.insert(name.to_owned()) {
            findings.example(format!(
                "{when}: the profile of {name} counts {counted} events, its timeline has {}",
                distinct.len()
            ));
        }
    }
}

impl Findings {
    /// Nothing lost, duplicated, invented or miscounted.
    pub(super) fn is_sound(&self) -> bool {
        self.lost.is_empty()
            && self.duplicated.is_empty()
            && self.foreign.is_empty()
            && self.miscounted.is_empty()
            && self.misfolded.is_empty()
    }

    /// Sentences about the first failures.
    pub(super) fn examples(&self) -> &[String] {
        &self.examples
    }

    fn differ(&mut self, name: &str, when: &str, expected: &str) {
        if self.misfolded.insert(name.to_owned()) {
            self.example(format!(
                "{when}: the profile of {name} is not the fold of its log, which has {expected}"
            ));
        }
    }

    fn example(&mut self, sentence: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(stored: &[&str], counted: u64) -> Findings {
        let message = |id: &str| Message {
            id: id.to_owned(),
            visitor: "v".to_owned(),
            timestamp: String::new(),
        };
        let mut ledger = Ledger::default();
        assert_eq!(ledger.acknowledged(&[message("a"), message("b")]), 2);
        ledger.sent(&[message("b"), message("doubt")]);
        assert_eq!(ledger.acknowledged(&[message("b")]), 0);

        let stored: Vec<String> = stored.iter().map(|id| (*id).to_owned()).collect();
        let mut findings = Findings::default();
        ledger.visitors["v"].compare("v", &stored, Some(counted), "now", &mut findings);
        findings
    }

    #[test]
    fn what_was_acknowledged_is_there_and_what_was_in_doubt_may_be() {
        assert!(findings(&["a", "b"], 2).is_sound());
        assert!(findings(&["a", "doubt", "b"], 3).is_sound());
    }

    #[test]
    fn lost_duplicated_foreign_and_miscounted_are_told_apart() {
        let lost = findings(&["a"], 1);
        assert_eq!((lost.lost.len(), lost.is_sound()), (1, false));
        assert_eq!(lost.examples(), ["now: v lacks the acknowledged b"]);

        let duplicated = findings(&["a", "b", "a", "a"], 2);
        assert_eq!(duplicated.duplicated.len(), 1);
        assert!(duplicated.lost.is_empty() && duplicated.miscounted.is_empty());

        assert_eq!(findings(&["a", "b", "c"], 3).foreign.len(), 1);
        assert_eq!(findings(&["a", "b"], 3).miscounted.len(), 1);
    }
}
