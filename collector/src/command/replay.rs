//! `firstglance replay`: folds messages from a file into profiles, without a server and without a
//! store. Answers what a configuration would have made of past visitors, and why. Visitors are
//! joined to persons by the store's own rules; each line tells what its visitor's person is in.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;

use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{
    Evaluation, Message, MessageId, Model, Person, Profile, Snapshot, Timestamp, VisitorId, explain,
};

use super::{Failure, configuration};
use crate::changes;
use crate::store::joining::InMemory;

/// Fold messages from standard input into profiles on standard output, one line each
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance replay --config firstglance.toml < events.ndjson > \
                  profiles.ndjson"
)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The moment at which profiles are evaluated; the last event's when absent
    #[arg(long, value_name = "RFC3339", value_parser = moment)]
    now: Option<Timestamp>,
    /// Tell as well why, and what changed when
    #[arg(long)]
    explain: bool,
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| format!("it {error}"))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let model = configuration(&arguments.config)?.model;
    let mut complaints = io::stderr().lock();
    let (messages, bad) = read(io::stdin().lock(), &mut complaints)?;
    let last = messages.iter().map(|message| message.timestamp).max();
    let now = arguments.now.or(last).unwrap_or_default();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut replayed = Replayed::of(messages, &model);
    // Every visitor of a person tells the same; it is worked out once.
    let mut told: BTreeMap<Vec<VisitorId>, String> = BTreeMap::new();
    for visitor in replayed.visitors() {
        let visitors = replayed.persons.visitors_of(&visitor);
        let shared = match visitors.len() {
            1 => replayed.members(&visitors, &model, now, arguments.explain),
            _ => {
                let members = told.entry(visitors.clone());
                let members = members
                    .or_insert_with(|| replayed.members(&visitors, &model, now, arguments.explain));
                members.clone()
            }
        };
        writeln!(out, "{}", line(&visitor, &shared))?;
    }
    out.flush()?;
    match bad {
        0 => Ok(()),
        1 => Err(Failure("1 line was skipped".to_owned())),
        bad => Err(Failure(format!("{bad} lines were skipped"))),
    }
}

/// Reads messages, complains of what is none, and counts the complaints.
fn read(mut input: impl BufRead, complaints: &mut impl Write) -> io::Result<(Vec<Message>, usize)> {
    // Nothing of the past lies in the future, and no sender's clock is to be corrected: the
    // messages' own timestamps count.
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: Some(Timestamp::MAX),
    };
    let shared = SharedFields::default();
    let mut messages = Vec::new();
    let mut bad = 0;
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let complaint = match std::str::from_utf8(&bytes) {
            Err(error) => format!("byte {} is not UTF-8", error.valid_up_to() + 1),
            Ok(text) if text.trim().is_empty() => continue,
            Ok(text) => match read_message(text.trim(), None, &shared, clock) {
                Ok(message) => {
                    messages.push(message);
                    continue;
                }
                Err(refusal) => refusal.detail,
            },
        };
        bad += 1;
        writeln!(complaints, "line {number}: {complaint}")?;
    }
    Ok((messages, bad))
}

/// What the messages came to.
#[derive(Default)]
struct Replayed {
    profiles: BTreeMap<VisitorId, Profile>,
    persons: InMemory,
}

impl Replayed {
    /// Takes in messages in the order of time; each message id of a visitor counts once, the
    /// earliest time of it.
    fn of(mut messages: Vec<Message>, model: &Model) -> Self {
        messages.sort_by_key(|message| message.timestamp);
        let mut replayed = Self::default();
        let mut visitors: BTreeMap<VisitorId, (Profile, Evaluation, HashSet<MessageId>)> =
            BTreeMap::new();
        for message in messages {
            let visitor = visitors.entry(message.visitor.clone()).or_default();
            let (profile, evaluation, seen) = visitor;
            if seen.insert(message.id.clone()) {
                profile.fold_recorded(&message, model, evaluation);
                replayed.persons.take_in(&message);
            }
        }
        let profiles = visitors.into_iter();
        replayed.profiles = profiles
            .map(|(visitor, (profile, ..))| (visitor, profile))
            .collect();
        replayed
    }

    fn visitors(&self) -> Vec<VisitorId> {
        self.profiles.keys().cloned().collect()
    }

    /// The members of a line that all visitors of a person have in common.
    fn members(
        &self,
        visitors: &[VisitorId],
        model: &Model,
        now: Timestamp,
        explain: bool,
    ) -> String {
        let mut person = Person::new();
        for visitor in visitors {
            if let Some(profile) = self.profiles.get(visitor) {
                person.add(visitor.clone(), profile.clone());
            }
        }
        let mut profile = person.profile(model);
        profile.settle_recorded(model, now);
        let mut json = JsonWriter::default();
        write_members(&mut json, visitors, &profile, model, now, explain);
        json.into_string()
    }
}

/// A line: who, and the members that were worked out.
fn line(visitor: &VisitorId, members: &str) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    // A visitor known only by a user id has no anonymous one.
    if VisitorId::anonymous(visitor.as_str()).is_ok() {
        json.text_member("anonymousId", visitor.as_str());
    }
    let mut line = json.into_string();
    if line.len() > 1 {
        line.push(',');
    }
    line.push_str(members);
    line.push('}');
    line
}

fn write_members(
    json: &mut JsonWriter,
    visitors: &[VisitorId],
    profile: &Profile,
    model: &Model,
    now: Timestamp,
    explain: bool,
) {
    let evaluation = Evaluation::of(profile, model, now);
    let snapshot = Snapshot::of_evaluation(&evaluation, profile, model);
    if let Some(user) = profile.entries.one(EntryKind::User) {
        json.name("userId");
        json.text(&user.value);
    }
    if visitors.len() > 1 {
        json.name("visitors");
        json.open('[');
        for visitor in visitors {
            json.text(visitor.as_str());
        }
        json.close(']');
    }
    json.name("interests");
    json.open('{');
    for interest in &snapshot.interests {
        json.name(&interest.id);
        json.rounded(interest.score, 6);
    }
    json.close('}');
    json.name("segments");
    json.open('[');
    for segment in &snapshot.segments {
        json.text(segment);
    }
    json.close(']');
    json.name("score");
    json.rounded(snapshot.score, 3);
    json.name("stage");
    json.text(&snapshot.stage);
    json.name("visits");
    json.integer(profile.sessions.count);
    json.name("pageViews");
    json.integer(profile.page_views);
    json.name("events");
    json.integer(profile.events);
    json.name("activeSeconds");
    json.rounded(profile.active.as_seconds(), 3);
    json.name("firstSeen");
    json.moment(profile.first_seen);
    json.name("lastSeen");
    json.moment(profile.last_seen);
    if explain {
        json.name("why");
        json.open('{');
        explain::write_all(&evaluation, profile, model, json);
        json.close('}');
        changes::write_member(json, profile);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"{"type":"page","messageId":"1","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z","sentAt":"2020-01-01T00:00:00Z","properties":{"path":"/x"}}"#;

    #[test]
    fn bad_lines_are_told_by_number() {
        let input = format!("{PAGE}\n\nnonsense\n{PAGE}\n{{\"type\":\"page\"}}");
        let mut complaints = Vec::new();
        let (messages, bad) = read(input.as_bytes(), &mut complaints).unwrap();
        assert_eq!((messages.len(), bad), (2, 2));
        let complaints = String::from_utf8(complaints).unwrap();
        let lines: Vec<&str> = complaints.lines().collect();
        assert!(lines[0].starts_with("line 3: "), "{complaints}");
        assert!(lines[1].starts_with("line 5: "), "{complaints}");
    }

    #[test]
    fn a_bad_encoding_is_one_bad_line() {
        let mut complaints = Vec::new();
        let (messages, bad) = read(&b"\xff\n"[..], &mut complaints).unwrap();
        assert_eq!((messages.len(), bad), (0, 1));
        assert_eq!(complaints, b"line 1: byte 1 is not UTF-8\n");
    }

    #[test]
    fn the_messages_own_time_counts() {
        let future = PAGE.replace("2026", "2090").replace("\"1\"", "\"2\"");
        let input = format!("{future}\n{PAGE}\n{PAGE}\n");
        let (messages, _) = read(input.as_bytes(), &mut Vec::new()).unwrap();
        let model = Model::default();
        let replayed = Replayed::of(messages, &model);
        let (visitor, profile) = replayed.profiles.first_key_value().unwrap();
        assert_eq!(profile.events, 2);
        let only = [visitor.clone()];
        let members = replayed.members(&only, &model, profile.last_seen, false);
        let line = line(visitor, &members);
        assert!(line.contains(r#""firstSeen":"2026-01-02T03:04:05.000Z""#));
        assert!(line.contains(r#""lastSeen":"2090-01-02T03:04:05.000Z""#));
    }
}
