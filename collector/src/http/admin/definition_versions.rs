//! `/admin/v1/segments/definitions/versions`: the segments and interests that were posted, latest first;
//! `/{number}` one version, with `/restore` below it.

use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::content::readable_rules;
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, limit, part};
use super::super::rules::Change;
use super::super::{App, query};
use super::{Asked, definitions};
use crate::schema::{Member, count, has, list, moment, object, text, truth};
use crate::store::content::{ContentVersion, MOST, NewContent, Posting};

const DEFAULT_LIMIT: usize = 20;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = query::number_cursor(uri)?;
    // One more than is shown tells whether there is a next page.
    let versions = app.store.versions(Posting::Rules, before, limit + 1);
    let mut versions = versions.await?;
    let more = versions.len() > limit;
    versions.truncate(limit);
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("versions");
    body.open('[');
    for version in &versions {
        body.open('{');
        write(&mut body, app, version);
        body.close('}');
    }
    body.close(']');
    body.name("next");
    match versions.last().filter(|_| more) {
        Some(last) => body.text(&last.number.to_string()),
        None => body.null(),
    }
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

pub(super) async fn one(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let version = find(asked).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    write(&mut body, asked.app, &version);
    body.name("rules");
    body.raw(&version.version.content);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// Puts a version into force again, as another of the same rules.
pub(super) async fn restore(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let kept = find(asked).await?;
    let number = kept.number;
    let version = readable_rules(kept);
    let version = version.map_err(|(_, problem)| HttpError::Content(vec![problem]))?;
    let based_on = asked.app.contents.present().rules_number();
    let rules = Change::All((*version.rules).clone());
    let note = version.version.note;
    definitions::take(asked, based_on, rules, note, Some(number), false).await
}

async fn find(asked: Asked<'_>) -> Result<ContentVersion, HttpError> {
    let number = asked.part.parse().map_err(|_| HttpError::ContentVersion)?;
    let version = asked.app.store.version(Posting::Rules, number).await?;
    version.ok_or(HttpError::ContentVersion)
}

fn write(json: &mut JsonWriter, app: &App, version: &ContentVersion) {
    let NewContent {
        at,
        by,
        note,
        restored,
        ..
    } = &version.version;
    json.name("version");
    json.integer(version.number);
    json.name("at");
    json.moment(*at);
    json.name("token");
    json.open('{');
    json.text_member("id", &by.0);
    json.text_member("name", &by.1);
    json.close('}');
    json.name("note");
    json.text(note);
    json.name("restored");
    match restored {
        Some(number) => json.integer(*number),
        None => json.null(),
    }
    json.name("inForce");
    json.bool(app.contents.present().rules_number() == version.number);
}

fn members() -> Vec<Member> {
    vec![
        has("version", count()),
        has("at", moment()),
        has("token", object([has("id", text()), has("name", text())])),
        has("note", text()),
        has(
            "restored",
            count().or_null().about("The version whose rules it has."),
        ),
        has("inForce", truth()),
    ]
}

pub(super) fn describe() -> Operation {
    Operation::new("The segments and interests that were posted, latest first")
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text().matching(query::NUMBER)))
        .gives(Reply::json(
            "A page of versions.",
            object([
                has("versions", list(object(members()))),
                has("next", text().or_null()),
            ]),
        ))
}

fn of_version(operation: Operation) -> Operation {
    let number = text().matching(query::NUMBER);
    operation
        .takes(part("number", number, "The version's number."))
        .fails([HttpError::ContentVersion])
}

pub(super) fn describe_one() -> Operation {
    let mut members = members();
    members.push(has("rules", definitions::posted_described()));
    of_version(Operation::new("A version of posted segments and interests"))
        .gives(Reply::json("The version.", object(members)))
}

pub(super) fn describe_restore() -> Operation {
    of_version(Operation::new(
        "Puts a version of posted segments and interests into force",
    ))
    .details("It becomes another version with the same rules.")
    .gives(Reply::json("It is in force.", definitions::taken()))
    .fails([
        HttpError::Content(Vec::new()),
        HttpError::RulesChanged {
            based_on: 0,
            present: 0,
        },
    ])
}
