//! `/admin/v1/segments/definitions`: the segments that are in force and where each is written, and other
//! ones for the posted part of them. Every post is a version that stays as it is; going back to one is a
//! post of the same rules.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::model::InterestRule;
use hyper::StatusCode;

use super::super::answer::{Answer, json, write_problems};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, flag, query as parameter, shapes};
use super::super::rules::{Author, Change, change};
use super::super::{App, query};
use super::{Asked, versions};
use crate::clock;
use crate::config::{PostedRules, SegmentText, Source};
use crate::ingest::IngestError;
use crate::schema::{
    Member, Schema, any_of, anything, count, has, list, may_have, object, one_of, open_object,
    text, truth,
};

pub(super) async fn answer(app: &App) -> Result<Answer, HttpError> {
    let present = app.contents.present();
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("version");
    body.integer(present.rules_number());
    write_rules(
        &mut body,
        &present.segments,
        (&present.model.interests, &present.interests),
    );
    body.name("leftOut");
    body.open('[');
    for (ids, problems) in &present.rules_left_out {
        body.open('{');
        body.name("ids");
        body.text(ids);
        write_problems(&mut body, problems);
        body.close('}');
    }
    body.close(']');
    body.name("posted");
    match &present.rules {
        Some(version) => body.raw(&version.rules.to_json()),
        None => body.null(),
    }
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// Takes rules, where they are in order; with `dry_run` they are only checked.
pub(super) async fn post(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let dry_run = query::flag(asked.uri, "dry_run")?;
    let based_on = query::parsed::<u64>(asked.uri, "based_on")?;
    let based_on = based_on.ok_or_else(|| HttpError::Query {
        name: "based_on",
        detail: "\"based_on\" must be the version that these are based on, 0 where there is none"
            .to_owned(),
    })?;
    let rules = PostedRules::parse(versions::sent(asked)?)
        .map_err(|problem| HttpError::Content(vec![problem]))?;
    let note = versions::note(asked)?;
    take(asked, based_on, Change::All(rules), note, None, dry_run).await
}

/// Changes rules and says what they come to.
pub(super) async fn take(
    asked: Asked<'_>,
    based_on: u64,
    what: Change,
    note: Box<str>,
    restored: Option<u64>,
    dry_run: bool,
) -> Result<Answer, HttpError> {
    let author = Author {
        at: clock::now(),
        by: (asked.access.id.clone(), asked.access.name.clone()),
        note,
    };
    let changed = change(asked.app, based_on, what, author, restored, dry_run).await?;
    let (number, config) = changed.done(based_on)?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("version");
    match number {
        Some(number) => body.integer(number),
        None => body.null(),
    }
    body.name("inForce");
    body.bool(number.is_some());
    write_rules(
        &mut body,
        &config.segments,
        (&config.model.interests, &config.interests),
    );
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

fn write_rules(
    json: &mut JsonWriter,
    segments: &[SegmentText],
    (interests, sources): (&[InterestRule], &[Source]),
) {
    json.name("segments");
    json.open('[');
    for segment in segments {
        json.open('{');
        json.text_member("id", &segment.id);
        json.text_member("label", &segment.label);
        json.text_member("description", &segment.description);
        json.text_member("when", &segment.when);
        json.text_member("source", segment.source.name());
        json.name("replaces");
        json.bool(segment.replaces);
        json.close('}');
    }
    json.close(']');
    json.name("interests");
    json.open('[');
    for (interest, source) in interests.iter().zip(sources) {
        json.open('{');
        json.text_member("id", &interest.id);
        json.text_member("label", &interest.label);
        json.text_member("source", source.name());
        json.close('}');
    }
    json.close(']');
}

/// What is told of the rules that are in force.
fn rules_described() -> Vec<Member> {
    let source = || one_of([Source::File, Source::Posted].map(Source::name));
    let segment = object([
        has("id", text()),
        has("label", text()),
        may_have("description", text()),
        has("when", text().about("The condition, in CEL.")),
        has("source", source()),
        has(
            "replaces",
            truth().about("Whether it takes the place of one of the configuration's."),
        ),
    ]);
    let interest = object([
        has("id", text()),
        has("label", text()),
        has("source", source()),
    ]);
    vec![
        has("segments", list(segment)),
        has("interests", list(interest)),
    ]
}

/// What may be posted.
pub(super) fn posted_described() -> Schema {
    let texts = || list(text());
    let segment = object([
        has("id", text()),
        may_have("label", text()),
        may_have("description", text()),
        has("when", text().about("A condition in CEL.")),
    ]);
    let interest = object([
        has("id", text()),
        may_have("label", text()),
        may_have("paths", texts()),
        may_have("terms", texts()),
        may_have(
            "topics",
            texts().about("Topics of pages that are this one by another name."),
        ),
        may_have("half_life", text()),
    ]);
    object([
        may_have("segment", list(segment)),
        may_have("interest", list(interest)),
    ])
}

pub(super) fn describe() -> Operation {
    let left_out = object([has("ids", text()), has("problems", list(shapes::problem()))]);
    let mut members = vec![has(
        "version",
        count().about("The version that was posted, 0 where none was."),
    )];
    members.extend(rules_described());
    members.push(has("leftOut", list(left_out)));
    members.push(has(
        "posted",
        any_of([open_object([]), anything().or_null()]),
    ));
    Operation::new("The segments and interests that are in force, and where each is written")
        .gives(Reply::json("What is in force.", object(members)))
}

/// What a post is answered.
pub(super) fn taken() -> Schema {
    let mut members = vec![
        has(
            "version",
            count()
                .or_null()
                .about("Its number; null where it was only checked."),
        ),
        has("inForce", truth()),
    ];
    members.extend(rules_described());
    object(members)
}

pub(super) fn describe_post() -> Operation {
    Operation::new("Puts other segments and interests beside those of the configuration")
        .details(
            "All that was posted before is replaced. One with the id of the configuration's takes its \
             place. They are in force when it answers, and kept on disk; visitors are evaluated again \
             in the background.",
        )
        .takes(
            parameter(
                "based_on",
                count(),
                "The version that these are based on; where another one is in force, nothing is done.",
            )
            .required(),
        )
        .takes(flag("dry_run", "Only checks them."))
        .takes(parameter("note", text(), "What their author says of them."))
        .json_body(posted_described())
        .gives(Reply::json("They are in order.", taken()))
        .fails([
            IngestError::BadUtf8 { at: 0 }.into(),
            HttpError::Content(Vec::new()),
            HttpError::ContentVersion,
            HttpError::RulesChanged {
                based_on: 0,
                present: 0,
            },
        ])
}
