//! `POST /admin/v1/segments/definitions/preview`: who would be in a segment that is not in force yet, by
//! the profiles that are stored; with `at` who would have been at an earlier moment, by the messages.

use std::time::Duration;

use firstglance_engine::Timestamp;
use firstglance_engine::json::JsonWriter;
use hyper::StatusCode;

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, query as parameter};
use super::super::query;
use super::super::rules::candidate;
use super::{Asked, told};
use crate::audience::{Candidate, Earlier, Member, Present, earlier, present};
use crate::clock;
use crate::config::{ContentProblem, PostedSegment};
use crate::ingest::IngestError;
use crate::scan::Progress;
use crate::schema::{count, has, list, may_have, moment, object, text};

/// How long messages are folded again for one request.
const MOST_FOLDING: Duration = Duration::from_secs(20);

/// The id of a segment that has none yet.
pub(in super::super) const UNNAMED: &str = "new-segment";

pub(super) async fn answer(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let at = query::moment(asked.uri, "at")?;
    let text = std::str::from_utf8(asked.body).map_err(|error| IngestError::BadUtf8 {
        at: error.valid_up_to(),
    })?;
    let segment: Segment = serde_json::from_str(text).map_err(|error| {
        HttpError::Content(vec![ContentProblem {
            place: String::new(),
            at: None,
            wrong: error.to_string(),
            right: "it must be an object with the condition as \"when\"".to_owned(),
        }])
    })?;
    let segment = PostedSegment {
        id: segment.id.unwrap_or_else(|| UNNAMED.to_owned()),
        when: segment.when,
        ..PostedSegment::default()
    };
    let candidate = candidate(asked.app, segment).await?;
    let _turn = asked.app.long_answer()?;
    let now = clock::now();
    let progress = Progress::default();
    let store = &asked.app.store;
    let mut body = JsonWriter::default();
    body.open('{');
    write_uncounted(&mut body, &candidate);
    let shown = match at {
        None => {
            let present = present(store, candidate, now, &progress).await?;
            write_present(&mut body, &present);
            present.sample.len()
        }
        Some(at) if at > now => {
            return Err(HttpError::Query {
                name: "at",
                detail: "\"at\" must be a moment that has passed".to_owned(),
            });
        }
        Some(at) => {
            let earlier = earlier(store, candidate, (at, now), MOST_FOLDING, &progress).await?;
            write_earlier(&mut body, &earlier);
            earlier.sample.len()
        }
    };
    body.close('}');
    Ok(told(json(StatusCode::OK, body.into_string()), shown))
}

/// What is asked about.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Segment {
    id: Option<String>,
    when: String,
}

fn write_uncounted(json: &mut JsonWriter, candidate: &Candidate) {
    json.name("uncounted");
    json.open('[');
    for name in candidate.uncounted() {
        json.text(&name);
    }
    json.close(']');
}

fn write_present(json: &mut JsonWriter, present: &Present) {
    write_counts(
        json,
        &[
            ("visitors", present.visitors),
            ("members", present.members),
            ("entering", present.entering),
            ("leaving", present.leaving),
        ],
    );
    write_sample(json, &present.sample);
    json.name("overlaps");
    json.open('[');
    for (id, overlap) in present.overlaps.iter().take(MOST_OVERLAPS) {
        json.open('{');
        json.text_member("id", id);
        write_counts(json, &[("size", overlap.size), ("both", overlap.both)]);
        json.close('}');
    }
    json.close(']');
}

/// Segments told with which an audience overlaps.
const MOST_OVERLAPS: usize = 100;

fn write_earlier(json: &mut JsonWriter, earlier: &Earlier) {
    let moment = |json: &mut JsonWriter, name: &str, at: Timestamp| {
        json.name(name);
        json.moment(at);
    };
    moment(json, "at", earlier.at);
    write_counts(
        json,
        &[
            ("visitors", earlier.visitors),
            ("members", earlier.members),
            ("now", earlier.now),
            ("still", earlier.still),
            ("folded", earlier.folded),
            ("incomplete", earlier.incomplete),
            ("left", earlier.left),
        ],
    );
    write_sample(json, &earlier.sample);
}

fn write_counts(json: &mut JsonWriter, counts: &[(&str, u64)]) {
    for (name, count) in counts {
        json.name(name);
        json.integer(*count);
    }
}

fn write_sample(json: &mut JsonWriter, sample: &[Member]) {
    json.name("sample");
    json.open('[');
    for member in sample {
        json.open('{');
        json.text_member("id", member.visitor.as_str());
        json.name("lastSeen");
        json.moment(member.last_seen);
        json.close('}');
    }
    json.close(']');
}

pub(super) fn describe() -> Operation {
    let member = object([has("id", text()), has("lastSeen", moment())]);
    let overlap = object([
        has("id", text()),
        has("size", count()),
        has("both", count()),
    ]);
    let uncounted = list(text()).about(
        "Events that the condition counts and that nobody has counted so far: stored profiles know \
         nothing of those.",
    );
    let only = |what: &'static str| count().about(what);
    Operation::new("Who would be in a segment that is not in force, or would have been")
        .details(
            "Without `at` by the profiles that are stored: all of them are evaluated. With `at` by the \
             messages up to then, which are folded again for those whose profile has changed since; \
             for those in `left` there was no time. Browsers are counted, not persons.",
        )
        .takes(parameter("at", moment(), "An earlier moment."))
        .json_body(object([
            may_have(
                "id",
                text().about("Of the segment whose place it would take; else it is a new one."),
            ),
            has("when", text().about("A condition in CEL.")),
        ]))
        .gives(Reply::json(
            "Who.",
            object([
                has("uncounted", uncounted),
                may_have("at", moment()),
                has("visitors", count()),
                has("members", count()),
                may_have("entering", only("Who would come in by this change.")),
                may_have("leaving", only("Who would be in it no more.")),
                may_have("now", only("Who would be in it now, had it always been counted.")),
                may_have("still", only("Who would have been in it then and are now.")),
                may_have("folded", only("Visitors whose messages were folded again.")),
                may_have("incomplete", only("Those of whom older messages are kept no more.")),
                may_have("left", count()),
                has("sample", list(member)),
                may_have("overlaps", list(overlap)),
            ]),
        ))
        .fails([
            IngestError::BadUtf8 { at: 0 }.into(),
            HttpError::Content(Vec::new()),
        ])
}
