//! `firstglance replay`: folds messages from a file into profiles, without a server and without a
//! store. Answers what a configuration would have made of past visitors.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;

use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Message, MessageId, Model, Profile, Snapshot, Timestamp, VisitorId};

use super::{Failure, configuration};

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
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| format!("it {error}"))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let model = configuration(&arguments.config)?.model;
    let mut complaints = io::stderr().lock();
    let (messages, bad) = read(io::stdin().lock(), &mut complaints)?;
    let last = messages.iter().map(|message| message.timestamp).max();
    let now = arguments.now.or(last).unwrap_or_default();
    let mut out = BufWriter::new(io::stdout().lock());
    for (visitor, profile) in fold(messages, &model) {
        writeln!(out, "{}", line(&visitor, &profile, &model, now))?;
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

/// Profiles by visitor; each message id of a visitor counts once, the earliest time of it.
fn fold(mut messages: Vec<Message>, model: &Model) -> BTreeMap<VisitorId, Profile> {
    messages.sort_by_key(|message| message.timestamp);
    let mut visitors: BTreeMap<VisitorId, (Profile, HashSet<MessageId>)> = BTreeMap::new();
    for message in messages {
        let (profile, seen) = visitors.entry(message.visitor.clone()).or_default();
        if seen.insert(message.id.clone()) {
            profile.fold(&message, model);
        }
    }
    visitors
        .into_iter()
        .map(|(visitor, (profile, _))| (visitor, profile))
        .collect()
}

fn line(visitor: &VisitorId, profile: &Profile, model: &Model, now: Timestamp) -> String {
    let snapshot = Snapshot::of(profile, model, now);
    let mut json = JsonWriter::default();
    json.open('{');
    // A visitor known only by a user id has no anonymous one.
    if VisitorId::anonymous(visitor.as_str()).is_ok() {
        json.name("anonymousId");
        json.text(visitor.as_str());
    }
    if let Some(user) = profile.entries.one(EntryKind::User) {
        json.name("userId");
        json.text(&user.value);
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
    json.text(snapshot.stage.name());
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
    json.close('}');
    json.into_string()
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
        let profiles = fold(messages, &Model::default());
        let (visitor, profile) = profiles.first_key_value().unwrap();
        assert_eq!(profile.events, 2);
        let line = line(visitor, profile, &Model::default(), profile.last_seen);
        assert!(line.contains(r#""firstSeen":"2026-01-02T03:04:05.000Z""#));
        assert!(line.contains(r#""lastSeen":"2090-01-02T03:04:05.000Z""#));
    }
}
