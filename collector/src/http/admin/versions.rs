//! What the addresses of posted versions have in common, of content and of rules: pages of them, one by its
//! number, and what is told of each. Which of the two it is, is the [`Posting`].

use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, limit, part};
use super::super::{App, query};
use super::Asked;
use crate::ingest::IngestError;
use crate::schema::{Member, Schema, count, has, list, moment, object, text, truth};
use crate::store::content::{ContentVersion, LONGEST_NOTE, MOST, NewContent, Posting};

const DEFAULT_LIMIT: usize = 20;

/// The name of what was posted in a version.
const fn name(posting: Posting) -> &'static str {
    match posting {
        Posting::Content => "content",
        Posting::Rules => "rules",
    }
}

/// A page of versions, latest first.
pub(super) async fn page(app: &App, uri: &Uri, posting: Posting) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = query::number_cursor(uri)?;
    // One more than is shown tells whether there is a next page.
    let mut versions = app.store.versions(posting, before, limit + 1).await?;
    let more = versions.len() > limit;
    versions.truncate(limit);
    let mut body = JsonWriter::default();
    body.open('{');
    body.name("versions");
    body.open('[');
    for version in &versions {
        body.open('{');
        write(&mut body, app, posting, version);
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

/// The version that the path names, with what was posted.
pub(super) async fn one(asked: Asked<'_>, posting: Posting) -> Result<Answer, HttpError> {
    let version = find(asked, posting).await?;
    let mut body = JsonWriter::default();
    body.open('{');
    write(&mut body, asked.app, posting, &version);
    body.name(name(posting));
    body.raw(&version.version.content);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// The version that the path names.
pub(super) async fn find(asked: Asked<'_>, posting: Posting) -> Result<ContentVersion, HttpError> {
    let number = asked.part.parse().map_err(|_| HttpError::ContentVersion)?;
    let version = asked.app.store.version(posting, number).await?;
    version.ok_or(HttpError::ContentVersion)
}

/// The text that was sent to be posted.
pub(super) fn sent(asked: Asked<'_>) -> Result<&str, HttpError> {
    let text = std::str::from_utf8(asked.body).map_err(|error| IngestError::BadUtf8 {
        at: error.valid_up_to(),
    })?;
    Ok(text)
}

/// What the author says of it.
pub(super) fn note(asked: Asked<'_>) -> Result<Box<str>, HttpError> {
    let note = query::parameter(asked.uri, "note").unwrap_or_default();
    if note.len() > LONGEST_NOTE {
        return Err(HttpError::Query {
            name: "note",
            detail: format!("\"note\" may have {LONGEST_NOTE} bytes"),
        });
    }
    Ok(note.into())
}

fn write(json: &mut JsonWriter, app: &App, posting: Posting, version: &ContentVersion) {
    let NewContent {
        at,
        by,
        note,
        draft,
        restored,
        ..
    } = &version.version;
    let present = app.contents.present();
    let in_force = match posting {
        Posting::Content => present.posted.as_ref().map(|posted| posted.number),
        Posting::Rules => Some(present.rules_number()),
    };
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
    // Rules are never drafts.
    if posting == Posting::Content {
        json.name("draft");
        json.bool(*draft);
    }
    json.name("restored");
    match restored {
        Some(number) => json.integer(*number),
        None => json.null(),
    }
    json.name("inForce");
    json.bool(in_force == Some(version.number));
}

fn members(posting: Posting) -> Vec<Member> {
    let mut members = vec![
        has("version", count()),
        has("at", moment()),
        has("token", object([has("id", text()), has("name", text())])),
        has("note", text()),
    ];
    if posting == Posting::Content {
        members.push(has("draft", truth()));
    }
    let whose = format!("The version whose {} it has.", name(posting));
    members.push(has("restored", count().or_null().about(&whose)));
    members.push(has("inForce", truth()));
    members
}

/// What is told of a page of versions.
pub(super) fn described(operation: Operation, posting: Posting) -> Operation {
    operation
        .takes(limit(DEFAULT_LIMIT, MOST))
        .takes(cursor(text().matching(query::NUMBER)))
        .gives(Reply::json(
            "A page of versions.",
            object([
                has("versions", list(object(members(posting)))),
                has("next", text().or_null()),
            ]),
        ))
}

/// What is told of one version, given what may be posted.
pub(super) fn one_described(operation: Operation, posting: Posting, posted: Schema) -> Operation {
    let mut members = members(posting);
    members.push(has(name(posting), posted));
    of_version(operation).gives(Reply::json("The version.", object(members)))
}

/// What is told of an address that names a version.
pub(super) fn of_version(operation: Operation) -> Operation {
    let number = text().matching(query::NUMBER);
    operation
        .takes(part("number", number, "The version's number."))
        .fails([HttpError::ContentVersion])
}
