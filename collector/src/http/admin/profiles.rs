//! `/admin/v1/profiles`: visitors, those seen latest first, a page at a time, filtered by segment,
//! stage, interest, trait, text and when they were last seen. Lists of the store narrow the search
//! down where they can; what a visitor is in is worked out at the moment of the request all the same.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use firstglance_engine::interest::SEGMENT_SCORE;
use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::text::{folded, same_folded};
use firstglance_engine::{Profile, Snapshot, Timestamp, VisitorId, snapshot};
use hyper::{StatusCode, Uri};
use sha2::{Digest as _, Sha256};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, family, limit, query};
use super::super::{App, query};
use super::told;
use crate::clock;
use crate::schema::{Member, amount, count, has, list, moment, object, text};
use crate::store::listing::{List, NoPosition, Position};

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

/// Profiles read from the store at once.
const READ_AT_ONCE: usize = 256;

/// Profiles that one request reads. What is not found among them is looked for by the next
/// request, from the cursor on.
const MOST_READ: usize = 8_192;

/// Interests shown of each visitor.
const SHOWN_INTERESTS: usize = 3;

/// What a parameter of a trait's name begins with.
const TRAIT: &str = "trait.";

/// Bytes of a cursor that stand for its filters: against mistakes, not against anybody.
const DIGEST_BYTES: usize = 8;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let wanted = Wanted::of(uri)?;
    let filter = Filter::of(uri);
    let mut after = filter.position(uri)?;
    let lists = wanted.lists(app);

    let now = clock::now();
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("profiles");
    body.open('[');
    let mut shown = 0;
    let mut read = 0;
    let next = 'reading: loop {
        let page = app
            .store
            .list(lists.clone(), after.clone(), READ_AT_ONCE)
            .await?;
        let last_page = page.len() < READ_AT_ONCE;
        for listed in page {
            if wanted
                .since
                .is_some_and(|since| listed.position.is_before(since))
            {
                break 'reading None;
            }
            if shown == limit || read == MOST_READ {
                break 'reading after;
            }
            read += 1;
            let (visitor, profile) = (&listed.position.visitor, &listed.profile);
            let snapshot = Snapshot::of(profile, &app.model(), now);
            if wanted.is(visitor, profile, &snapshot) {
                write(&mut body, visitor, profile, &snapshot);
                shown += 1;
            }
            after = Some(listed.position);
        }
        if last_page {
            break None;
        }
    };
    body.close(']');
    body.name("next");
    match next {
        Some(position) => body.text(&filter.cursor(&position)),
        None => body.null(),
    }
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), shown))
}

/// What tells one question from another: a cursor goes on with the one that it was given for.
struct Filter(String);

impl Filter {
    fn of(uri: &Uri) -> Self {
        let mut asked: Vec<_> = query::all(uri)
            .filter(|(name, value)| {
                !value.is_empty() && !matches!(&**name, "cursor" | "limit" | "site")
            })
            .collect();
        asked.sort();
        let mut digest = Sha256::new();
        for part in asked.iter().flat_map(|(name, value)| [name, value]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self(URL_SAFE_NO_PAD.encode(&digest.finalize()[..DIGEST_BYTES]))
    }

    fn cursor(&self, position: &Position) -> String {
        format!("{position}.{}", self.0)
    }

    /// The position of the cursor in an address.
    fn position(&self, uri: &Uri) -> Result<Option<Position>, HttpError> {
        let wrong = |detail: &str| HttpError::Query {
            name: "cursor",
            detail: format!("\"cursor\" {detail}"),
        };
        let Some(cursor) = query::parameter(uri, "cursor").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let none = || wrong(&NoPosition.to_string());
        let (position, filter) = cursor.split_once('.').ok_or_else(none)?;
        let position = position.parse().map_err(|_| none())?;
        if filter != self.0 {
            return Err(wrong(
                "was given for other filters: those of the first request must stay",
            ));
        }
        Ok(Some(position))
    }
}

/// Who is asked for: all of it must hold.
struct Wanted {
    /// Folded; occurs in what names the visitor.
    text: String,
    segment: Option<Box<str>>,
    stage: Option<Box<str>>,
    /// Id, and how strong at least.
    interest: Option<(Box<str>, f64)>,
    /// Name and value of traits.
    traits: Vec<(String, String)>,
    /// Last seen then or later.
    since: Option<Timestamp>,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, HttpError> {
        let given = |name| query::parameter(uri, name).filter(|value| !value.is_empty());
        let text = given("text").map(|text| folded(text.trim()).collect());
        let interest = given("interest").map(|interest| match interest.split_once(':') {
            None => Ok((interest.as_ref().into(), SEGMENT_SCORE)),
            Some((id, least)) => match least.parse() {
                Ok(least) if (0.0..=1.0).contains(&least) => Ok((id.into(), least)),
                _ => Err(HttpError::Query {
                    name: "interest",
                    detail:
                        "\"interest\" must be an id, or an id, a colon and a number from 0 to 1"
                            .to_owned(),
                }),
            },
        });
        let traits = query::all(uri).filter_map(|(name, value)| {
            let name = name.strip_prefix(TRAIT)?;
            Some((name.to_owned(), value.into_owned()))
        });
        Ok(Self {
            text: text.unwrap_or_default(),
            segment: given("segment").map(Into::into),
            stage: given("stage").map(Into::into),
            interest: interest.transpose()?,
            traits: traits.collect(),
            since: query::moment(uri, "since")?,
        })
    }

    /// The lists that have everybody who is wanted.
    fn lists(&self, app: &App) -> Vec<List> {
        if let Some(segment) = &self.segment {
            return vec![List::Segment(segment.clone())];
        }
        if let Some(stage) = &self.stage {
            let mut lists = vec![List::Stage(Some(stage.clone()))];
            if **stage == *snapshot::first_stage(&app.model()) {
                lists.push(List::Stage(None));
            }
            return lists;
        }
        vec![List::All]
    }

    fn is(&self, visitor: &VisitorId, profile: &Profile, snapshot: &Snapshot) -> bool {
        let is_in = |segment: &str| snapshot.segments.iter().any(|one| **one == *segment);
        let has = |(name, value): &(String, String)| {
            let entry = profile.entries.find(EntryKind::Trait, name);
            // Kept as JSON: a text without its marks, and anything else as it stands.
            let said = entry.map(|entry| serde_json::from_str::<String>(&entry.value));
            match said {
                Some(Ok(text)) => same_folded(&text, value),
                Some(Err(_)) => entry.is_some_and(|entry| *entry.value == **value),
                None => false,
            }
        };
        let likes = |(id, least): &(Box<str>, f64)| {
            let mut interests = snapshot.interests.iter();
            interests.any(|one| one.id == *id && one.score >= *least)
        };
        self.since.is_none_or(|since| profile.last_seen >= since)
            && self.segment.as_deref().is_none_or(is_in)
            && self.stage.as_ref().is_none_or(|one| *one == snapshot.stage)
            && self.interest.as_ref().is_none_or(likes)
            && self.traits.iter().all(has)
            && mentions(visitor, profile, &self.text)
    }
}

/// Whether the text, which is folded, occurs in what names the visitor: ids, traits, searches,
/// pages.
fn mentions(visitor: &VisitorId, profile: &Profile, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let occurs = |place: &str| {
        let place: String = folded(place).collect();
        place.contains(text) || same_folded(&place, text)
    };
    occurs(visitor.as_str())
        || [EntryKind::User, EntryKind::Trait]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.value)))
        || [EntryKind::Search, EntryKind::Page]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.text)))
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
        .takes(query("stage", text(), "In this stage now."))
        .takes(query("interest", likes, "Interested in this topic; `ID:0.6` says how much at least."))
        .takes(family("trait", r"^trait\..", "With a trait of this name and value."))
        .takes(query("text", text(), "Occurs in an id, a trait, a search or the path of a page."))
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
