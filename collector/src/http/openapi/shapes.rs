//! Shapes that several answers have in common, and those of what the engine writes, which knows
//! nothing of descriptions.

use firstglance_engine::campaign;
use firstglance_engine::id::MAX_ID_BYTES;
use firstglance_engine::model::Consent;
use serde_json::{Map, Value, json};

use crate::ingest::TYPES;
use crate::schema::{
    Member, Schema, amount, any_of, count, has, id, list, map, may_have, moment, name,
    named as reference, number, object, one_of, open_object, text, truth, whole,
};

const TRACE: &str = "Trace";

/// The shapes that stand in the document once, by name.
pub(super) fn named() -> Map<String, Value> {
    let messages = TYPES.map(|kind| {
        let mut members = message_members(kind);
        members.push(has("type", one_of([kind])));
        (message_name(kind), message_of(members))
    });
    let mut named = vec![(TRACE.to_owned(), trace_itself())];
    named.extend(messages);
    let named = named.into_iter();
    named
        .map(|(name, schema)| (name, schema.into_json()))
        .collect()
}

/// Why a value is what it is; see [`firstglance_engine::explain::Trace`].
pub(in super::super) fn trace() -> Schema {
    reference(TRACE)
}

fn trace_itself() -> Schema {
    let evidence = object([
        has("kind", text()),
        has("what", text()),
        has("count", count()),
        has("last", moment()),
        may_have("weight", amount()),
    ]);
    object([
        has(
            "condition",
            text().about("What was asked, as it was written."),
        ),
        may_have("holds", truth().about("Of a condition: whether it holds.")),
        may_have(
            "value",
            any_of([number().or_null(), text()]).about("Of anything else: its value."),
        ),
        may_have("parts", list(trace())),
        may_have("evidence", list(evidence)),
    ])
}

/// Everything explained; see [`firstglance_engine::explain::write_all`].
pub(in super::super) fn all_traces() -> Schema {
    object([
        has("interests", map(trace().or_null())),
        has("segments", map(trace().or_null())),
        has("score", trace().or_null()),
        has("stage", trace().or_null()),
    ])
}

/// What a profile means; see [`firstglance_engine::Snapshot::write_members`].
pub(in super::super) fn snapshot() -> [Member; 5] {
    let interest = object([
        has("id", text()),
        has("label", text()),
        has("score", number().with("minimum", 0).with("maximum", 1)),
        has("margin", amount()),
    ]);
    [
        has("segments", list(text())),
        has("interests", list(interest)),
        has("confidence", amount()),
        has("score", amount()),
        has("stage", text()),
    ]
}

/// A mistake in posted content; see [`super::super::answer::write_problems`].
pub(in super::super) fn problem() -> Schema {
    object([
        has(
            "where",
            text().about("Which value, such as variant[1].html."),
        ),
        may_have("line", whole(1, i64::MAX).about("In a text.")),
        may_have("column", whole(1, i64::MAX)),
        has("wrong", text()),
        has("right", text().about("What would be right.")),
    ])
}

/// UTM parameters; see [`firstglance_engine::json::JsonWriter::campaign`].
pub(in super::super) fn campaign() -> Schema {
    object(campaign::fields().map(|field| may_have(campaign::field_name(field), text())))
}

/// Changes of segments and stage; see [`crate::changes::write_member`].
pub(in super::super) fn changes() -> Schema {
    list(object([
        has("at", moment()),
        has("event", text()),
        may_have("segment", text()),
        may_have("from", text()),
        may_have("to", text()),
        has("reason", text()),
    ]))
}

/// A message as it was stored, with what its batch said for all.
pub(in super::super) fn stored_message() -> Schema {
    object([
        has("messageId", text()),
        has("type", one_of(TYPES)),
        has("timestamp", moment()),
        has("receivedAt", moment()),
        has("message", open_object([]).about("As it came.")),
        may_have("consent", consent()),
        may_have("batchContext", open_object([])),
    ])
}

/// A consent, as pages say it.
pub(in super::super) fn consent() -> Schema {
    one_of(Consent::ALL.map(Consent::name))
}

/// A browser's name for its visitor: none that is kept for those known only by a user id.
pub(in super::super) fn anonymous_id() -> Schema {
    id().with("not", json!({ "pattern": "^user:" }))
}

/// A person's name in the site owner's own systems; see [`firstglance_engine::UserId`].
pub(in super::super) fn user_id() -> Schema {
    id().between(1, MAX_ID_BYTES - "user:".len())
}

/// What a message of this type must and may have, but for its type; see
/// [`firstglance_engine::json::read_message`].
pub(in super::super) fn message_members(kind: &str) -> Vec<Member> {
    // Some senders give ids as numbers.
    let whole_or = |schema| any_of([schema, whole(i64::MIN, i64::MAX)]);
    // What a type calls for is of no use to others, and must be of the right kind there as well.
    let called_for = |of, name, schema: Schema, other: Schema| match kind == of {
        true => has(name, schema),
        false => may_have(name, other.or_null()),
    };
    let values = || open_object([]).about("At most 16 levels and 1,000 names and values.");
    vec![
        called_for("track", "event", name(), text()),
        called_for("alias", "previousId", whole_or(name()), whole_or(text())),
        called_for("group", "groupId", whole_or(name()), whole_or(text())),
        may_have("name", text().or_null()),
        may_have("messageId", id().or_null()),
        may_have("anonymousId", whole_or(anonymous_id().or_empty()).or_null()),
        may_have("userId", whole_or(user_id().or_empty()).or_null()),
        may_have(
            "timestamp",
            moment()
                .or_null()
                .about("When it happened; not in the future. Else `originalTimestamp`, or now."),
        ),
        may_have("sentAt", moment().or_null()),
        may_have("properties", values().or_null()),
        may_have("traits", values().or_null()),
        may_have("context", context().or_null()),
    ]
}

/// A message of this type, whose members are these, by whoever it is.
pub(in super::super) fn message_of(members: Vec<Member>) -> Schema {
    open_object(members)
        .with_one_of(&["anonymousId", "userId"])
        .about("A message of Segment's specification.")
}

/// The name of a message's shape in the document.
fn message_name(kind: &str) -> String {
    let (first, rest) = kind.split_at(1);
    format!("Message{}{rest}", first.to_ascii_uppercase())
}

/// A message of any type.
pub(in super::super) fn any_message() -> Schema {
    any_of(TYPES.map(|kind| reference(&message_name(kind))))
}

/// The context of a message or batch.
pub(in super::super) fn context() -> Schema {
    let page = open_object(
        ["url", "path", "referrer", "title"].map(|name| may_have(name, text().or_null())),
    );
    open_object([
        may_have("page", page.or_null()),
        may_have("campaign", open_object([]).or_null()),
        may_have("click_id", open_object([]).or_null()),
        may_have("library", open_object([]).or_null()),
        may_have("locale", text().or_null()),
        may_have("userAgent", text().or_null()),
    ])
}
