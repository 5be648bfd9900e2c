//! `/admin/v1/profiles`: visitors, those seen latest first, a page at a time; see [`finding`].
//!
//! [`finding`]: crate::http::finding

use firstglance_engine::json::JsonWriter;
use firstglance_engine::origin::CHANNELS;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Profile, Snapshot, Timestamp, VisitorId};
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::finding::Finding;
use super::super::openapi::{Operation, Reply, cursor, family, limit, query, shapes};
use super::super::{App, query};
use super::told;
use crate::schema::{Member, amount, count, has, list, moment, object, one_of, text};
use crate::store::counting::Part;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

/// Profiles that one request reads. What is not found among them is looked for by the next
/// request, from the cursor on.
const MOST_READ: usize = 8_192;

/// Interests shown of each visitor.
const SHOWN_INTERESTS: usize = 3;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let found = Finding::of(uri)?.run(app, limit, MOST_READ).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("profiles");
    body.open('[');
    for one in &found.visitors {
        write(&mut body, &one.id, &one.profile, &one.snapshot);
    }
    body.close(']');
    body.name("next");
    match &found.next {
        Some(next) => body.text(next),
        None => body.null(),
    }
    body.close('}');
    let shown = found.visitors.len();
    Ok(told(json(StatusCode::OK, body.into_string()), shown))
}

fn write(json: &mut JsonWriter, visitor: &VisitorId, profile: &Profile, snapshot: &Snapshot) {
    json.open('{');
    write_summary(json, visitor, profile);
    json.name("interests");
    json.open('[');
    for interest in snapshot.interests.iter().take(SHOWN_INTERESTS) {
        json.open('{');
        json.name("id");
        json.text(&interest.id);
        json.name("label");
        json.text(&interest.label);
        json.name("score");
        json.rounded(interest.score, 3);
        json.close('}');
    }
    json.close(']');
    json.name("segments");
    json.open('[');
    for segment in &snapshot.segments {
        json.text(segment);
    }
    json.close(']');
    json.name("score");
    json.rounded(snapshot.score, 1);
    json.name("stage");
    json.text(&snapshot.stage);
    json.close('}');
}

/// Members that the list and the single profile have in common.
pub(super) fn write_summary(json: &mut JsonWriter, visitor: &VisitorId, profile: &Profile) {
    let moment = |json: &mut JsonWriter, name: &str, at: Timestamp| {
        json.name(name);
        json.moment(at);
    };
    json.name("id");
    json.text(visitor.as_str());
    json.name("userId");
    match profile.entries.one(EntryKind::User) {
        Some(user) => json.text(&user.value),
        None => json.null(),
    }
    moment(json, "firstSeen", profile.first_seen);
    moment(json, "lastSeen", profile.last_seen);
    for (name, count) in [
        ("visits", profile.sessions.count),
        ("pageViews", profile.page_views),
        ("events", profile.events),
    ] {
        json.name(name);
        json.integer(count);
    }
}

pub(super) fn describe() -> Operation {
    let likes = text().matching(r"^[^:]*(:(0|1|0\.[0-9]{1,9}))?$");
    let mut members = summary().to_vec();
    let interest = object([
        has("id", text()),
        has("label", text()),
        has("score", amount()),
    ]);
    members.extend([
        has("interests", list(interest).holding(0, SHOWN_INTERESTS)),
        has("segments", list(text())),
        has("score", amount()),
        has("stage", text()),
    ]);
    Operation::new("Visitors, those seen latest first")
        .details(
            "All that is given must hold. One request reads a bounded number of profiles, so that an \
             answer can have fewer than `limit`, even none, and a `next` all the same.",
        )
        .takes(query("segment", text(), "In this segment now."))
        .takes(query("also", text(), "In this segment now as well."))
        .takes(query("stage", text(), "In this stage now."))
        .takes(query("interest", likes, "Interested in this topic, `*` in any; `ID:0.6` says how much at least."))
        .takes(query(
            "channel",
            one_of(CHANNELS).or_empty(),
            "First brought by this channel.",
        ))
        .takes(query("source", text(), "First brought by this source: `utm_source`, or the host that linked."))
        .takes(query("medium", text(), "First brought by this `utm_medium`."))
        .takes(query("campaign", text(), "First brought by this `utm_campaign`."))
        .takes(query("term", text(), "First brought by this `utm_term`."))
        .takes(query("content", text(), "First brought by this `utm_content`."))
        .takes(query(
            "without",
            one_of(Part::ALL.map(Part::name)).or_empty(),
            "First brought by something that says nothing of this.",
        ))
        .takes(family("trait", r"^trait\..", "With a trait of this name and value."))
        .takes(query("text", text(), "Occurs in an id, a trait, a search or the path of a page."))
        .takes(query(
            "consent",
            shapes::consent().or_empty(),
            "Whose page said this consent when it last sent anything.",
        ))
        .takes(query("since", moment().or_empty(), "Last seen then or later."))
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text()))
        .gives(Reply::json(
            "A page of the list.",
            object([
                has("profiles", list(object(members)).holding(0, MOST)),
                has("next", text().or_null()),
            ]),
        ))
}

/// What [`write_summary`] writes.
pub(super) fn summary() -> [Member; 7] {
    [
        has("id", text()),
        has("userId", text().or_null()),
        has("firstSeen", moment()),
        has("lastSeen", moment()),
        has("visits", count()),
        has("pageViews", count()),
        has("events", count()),
    ]
}
