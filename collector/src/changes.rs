//! Changes of segments and stage as they are told: in a visitor's timeline, and in answers.
//!
//! What is put into a timeline is only shown and counted. It is never folded, and no message from
//! outside, by whatever name, becomes a change: those come from the fold alone. Goals that were reached
//! are told in the same way.

use firstglance_engine::history::{Change, ChangeKind};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{MessageId, Profile, Timestamp, VisitorId};
use sha2::{Digest as _, Sha256};

use crate::circumstances::Circumstances;
use crate::effect::Reached;
use crate::hexadecimal::hexadecimal;

/// Name of the library that says a change in a timeline.
pub const LIBRARY: &str = "firstglance-collector";

/// What the id of a change's message begins with.
pub const ID_PREFIX: &str = "fg-";

/// The `type` of a change in a timeline.
pub const KIND: &str = "track";

/// How the store marks a change, so that no message from outside is taken for one.
pub const STORED: &str = "change";

/// What is told in a timeline, as it is read back.
#[derive(serde::Deserialize)]
struct Told<Properties> {
    event: Box<str>,
    properties: Properties,
}

/// What the stored text of a change tells; nothing where it is none.
#[must_use]
pub fn kind_of(raw: &str) -> Option<ChangeKind> {
    #[derive(serde::Deserialize)]
    struct Properties {
        segment: Option<Box<str>>,
        from: Option<Box<str>>,
        to: Option<Box<str>>,
    }
    let told: Told<Properties> = serde_json::from_str(raw).ok()?;
    let Properties { segment, from, to } = told.properties;
    match &*told.event {
        "Segment Entered" => Some(ChangeKind::Entered(segment?)),
        "Segment Left" => Some(ChangeKind::Left(segment?)),
        "Stage Changed" => Some(ChangeKind::Stage {
            from: from?,
            to: to?,
        }),
        _ => None,
    }
}

/// The circumstances that the stored text of a change or goal tells; none where it was told before they
/// were.
#[must_use]
pub fn circumstances_of(raw: &str) -> Circumstances {
    #[derive(serde::Deserialize)]
    struct Text {
        properties: Circumstances,
    }
    let told = serde_json::from_str(raw);
    told.map_or_else(
        |_| Circumstances::default(),
        |Text { properties }| properties,
    )
}

/// Name of the event by which a goal is told.
const GOAL_REACHED: &str = "Goal Reached";

/// The goal of which the stored text tells that it was reached then; nothing where it tells of none.
#[must_use]
pub fn reached_of(raw: &str, at: Timestamp) -> Option<Reached> {
    #[derive(serde::Deserialize)]
    struct Properties {
        goal: Option<Box<str>>,
        hundredths: Option<u64>,
    }
    let told: Told<Properties> = serde_json::from_str(raw).ok()?;
    let Properties { goal, hundredths } = told.properties;
    (*told.event == *GOAL_REACHED).then_some(Reached {
        goal: goal?,
        at,
        hundredths: hundredths?,
    })
}

/// The id of the message that tells that a message has reached a goal.
#[must_use]
pub fn reached_id(reached: &Reached, by: &MessageId) -> String {
    told_id(&format!(
        "{GOAL_REACHED}\n{}\n{}",
        reached.goal,
        by.as_str()
    ))
}

/// The message that tells in a visitor's timeline that a message has reached a goal.
#[must_use]
pub fn reached_message(
    reached: &Reached,
    by: &MessageId,
    visitor: &VisitorId,
    circumstances: &Circumstances,
) -> String {
    let id = reached_id(reached, by);
    told_message(GOAL_REACHED, &id, reached.at, visitor, |json| {
        json.text_member("goal", &reached.goal);
        json.name("hundredths");
        json.integer(reached.hundredths);
        json.text_member("by", by.as_str());
        circumstances.write_members(json);
    })
}

/// The id of a change's message: the same change has the same one.
#[must_use]
pub fn message_id(change: &Change) -> String {
    let (one, other): (&str, &str) = match &change.kind {
        ChangeKind::Entered(id) | ChangeKind::Left(id) => (id, ""),
        ChangeKind::Stage { from, to } => (from, to),
    };
    told_id(&format!("{}\n{}\n{one}\n{other}", change.at, change.name()))
}

fn told_id(named: &str) -> String {
    let digest = Sha256::digest(named.as_bytes());
    format!("{ID_PREFIX}{}", hexadecimal(&digest[..8]))
}

/// The message that tells a change in a visitor's timeline.
#[must_use]
pub fn message(change: &Change, visitor: &VisitorId, circumstances: &Circumstances) -> String {
    let id = message_id(change);
    told_message(change.name(), &id, change.at, visitor, |json| {
        change.write_members(json);
        circumstances.write_members(json);
    })
}

fn told_message(
    event: &str,
    message_id: &str,
    at: Timestamp,
    visitor: &VisitorId,
    properties: impl FnOnce(&mut JsonWriter),
) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    json.text_member("type", KIND);
    json.text_member("event", event);
    json.text_member("messageId", message_id);
    let id = visitor.as_str();
    match VisitorId::anonymous(id) {
        Ok(_) => json.text_member("anonymousId", id),
        Err(_) => json.text_member("userId", id.split_once(':').map_or(id, |(_, user)| user)),
    }
    json.name("timestamp");
    json.moment(at);
    json.name("properties");
    json.open('{');
    properties(&mut json);
    json.close('}');
    json.name("context");
    json.open('{');
    json.name("library");
    json.open('{');
    json.text_member("name", LIBRARY);
    json.close('}');
    json.close('}');
    json.close('}');
    json.into_string()
}

/// Writes the changes of a profile that are kept, newest first, as the member `changes` of the
/// present object.
pub fn write_member(json: &mut JsonWriter, profile: &Profile) {
    json.name("changes");
    json.open('[');
    for change in profile.changes().iter().rev() {
        json.open('{');
        json.name("at");
        json.moment(change.at);
        json.text_member("event", change.name());
        change.write_members(json);
        json.close('}');
    }
    json.close(']');
}

#[cfg(test)]
mod tests {
    use firstglance_engine::Timestamp;
    use firstglance_engine::json::{Clock, SharedFields, read_message};

    use super::*;
    use crate::circumstances::Touched;
    use crate::store::counting::Origin;

    fn circumstances() -> Circumstances {
        let origin = Origin {
            source: "a \"b\"".to_owned(),
            medium: "cpc".to_owned(),
            term: "<é>".to_owned(),
            ..Origin::default()
        };
        let touched = |at: &str, origin| Touched {
            at: Timestamp::parse(at).unwrap(),
            origin,
        };
        Circumstances {
            touches: vec![
                touched("2025-12-31T23:59:59.999Z", Origin::default()),
                touched("2026-01-01T00:00:00Z", origin),
            ],
            path: vec!["/".into(), "/product".into()],
            segments: vec!["a".into()],
        }
    }

    #[test]
    fn circumstances_are_read_back() {
        let reached = Reached {
            goal: "sale".into(),
            at: Timestamp::parse("2026-01-02T03:04:05Z").unwrap(),
            hundredths: 1_250,
        };
        let (visitor, by) = (
            VisitorId::parse("a").unwrap(),
            MessageId::parse("m").unwrap(),
        );
        for circumstances in [Circumstances::default(), circumstances()] {
            let json = reached_message(&reached, &by, &visitor, &circumstances);
            assert_eq!(reached_of(&json, reached.at).as_ref(), Some(&reached));
            assert_eq!(circumstances_of(&json), circumstances, "{json}");
        }
    }

    #[test]
    fn a_change_is_a_message_like_others() {
        let change = Change {
            at: Timestamp::parse("2026-01-02T03:04:05Z").unwrap(),
            kind: ChangeKind::Entered("e-bikes".into()),
            reason: "time passed: \"x\" < 3".into(),
        };
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        for (visitor, user) in [("a", None), ("user:jo:1", Some("jo:1"))] {
            let visitor = VisitorId::parse(visitor).unwrap();
            let json = message(&change, &visitor, &circumstances());
            let read = read_message(&json, None, &SharedFields::default(), clock).unwrap();
            assert_eq!(read.visitor, visitor, "{json}");
            assert_eq!(read.user_id.as_ref().map(|user| user.as_str()), user);
            assert_eq!(read.timestamp, change.at);
            assert_eq!(read.id.as_str(), message_id(&change));
            assert_eq!(read.context.library.as_deref(), Some(LIBRARY));
            assert_eq!(kind_of(&json).as_ref(), Some(&change.kind));
        }
    }
}
