//! `/admin/v1/content/versions`: what was posted, latest first; `/{number}` one version, with
//! `/restore` and `/preview` below it.

use firstglance_engine::Milliseconds;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::content::readable;
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, cursor, limit, part, query as parameter};
use super::super::{App, preview, query};
use super::{Asked, content};
use crate::clock;
use crate::config::Posted;
use crate::cookie::Previewed;
use crate::schema::{Member, count, has, list, moment, object, text, truth, whole};
use crate::store::content::{ContentVersion, MOST, NewContent, Posting};
use crate::token::Access;

const DEFAULT_LIMIT: usize = 20;

/// How long a link to a preview holds, in hours: by default, and at most.
pub(in crate::http) const USUAL_HOURS: u64 = 72;
const MOST_HOURS: u64 = 720;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let limit = query::limit(uri, DEFAULT_LIMIT, MOST)?;
    let before = query::number_cursor(uri)?;
    // One more than is shown tells whether there is a next page.
    let mut versions = app
        .store
        .versions(Posting::Content, before, limit + 1)
        .await?;
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
    body.name("content");
    body.raw(&version.version.content);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

/// Puts a version into force again, as another of the same content. Also a draft for the first time.
pub(super) async fn restore(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let (posted, new) = again(find(asked).await?, asked.access)?;
    content::take(asked.app, posted, new, false).await
}

/// The same for somebody who has named the version: its new number.
pub(in crate::http) async fn restored(
    app: &App,
    number: u64,
    access: &Access,
) -> Result<Option<u64>, HttpError> {
    let kept = app.store.version(Posting::Content, number).await?;
    let (posted, new) = again(kept.ok_or(HttpError::ContentVersion)?, access)?;
    let (number, _) = content::put(app, posted, new, false).await?;
    Ok(number)
}

/// A version as it is posted again.
fn again(kept: ContentVersion, access: &Access) -> Result<(Posted, NewContent), HttpError> {
    let version = readable(kept).map_err(|(_, problem)| HttpError::Content(vec![problem]))?;
    let new = NewContent {
        at: clock::now(),
        by: (access.id.clone(), access.name.clone()),
        draft: false,
        restored: Some(version.number),
        ..version.version
    };
    Ok((version.posted, new))
}

/// Makes a link by which a version can be seen in the site's own pages.
pub(super) async fn link(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let hours = query::parsed::<u64>(asked.uri, "hours")?.unwrap_or(USUAL_HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(HttpError::Query {
            name: "hours",
            detail: format!("\"hours\" must be a whole number from 1 to {MOST_HOURS}"),
        });
    }
    let version = find(asked).await?;
    let expires = clock::now().plus(Milliseconds::from_minutes(hours * 60));
    let page = query::parameter(asked.uri, "page").unwrap_or("/".into());
    let shown = Previewed {
        version: Some(version.number),
        segment: None,
    };
    let (token, link) = preview::link(asked.app, &shown, &page, expires)?;
    let mut body = JsonWriter::default();
    body.open('{');
    body.text_member("token", &token);
    body.text_member("link", &link);
    body.name("expires");
    body.moment(expires);
    body.close('}');
    Ok(json(StatusCode::OK, body.into_string()))
}

async fn find(asked: Asked<'_>) -> Result<ContentVersion, HttpError> {
    let number = asked.part.parse().map_err(|_| HttpError::ContentVersion)?;
    let version = asked.app.store.version(Posting::Content, number).await?;
    version.ok_or(HttpError::ContentVersion)
}

fn write(json: &mut JsonWriter, app: &App, version: &ContentVersion) {
    let NewContent {
        at,
        by,
        note,
        draft,
        restored,
        ..
    } = &version.version;
    let present = app.contents.present();
    let in_force = present.posted.as_ref().map(|posted| posted.number);
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
    json.name("draft");
    json.bool(*draft);
    json.name("restored");
    match restored {
        Some(number) => json.integer(*number),
        None => json.null(),
    }
    json.name("inForce");
    json.bool(in_force == Some(version.number));
}

fn members() -> Vec<Member> {
    vec![
        has("version", count()),
        has("at", moment()),
        has("token", object([has("id", text()), has("name", text())])),
        has("note", text()),
        has("draft", truth()),
        has(
            "restored",
            count().or_null().about("The version whose content it has."),
        ),
        has("inForce", truth()),
    ]
}

pub(super) fn describe() -> Operation {
    Operation::new("What was posted into the slots of pages, latest first")
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
    members.push(has("content", content::posted_described()));
    of_version(Operation::new("A version of posted content"))
        .gives(Reply::json("The version.", object(members)))
}

pub(super) fn describe_restore() -> Operation {
    of_version(Operation::new(
        "Puts a version of posted content into force",
    ))
    .details("It becomes another version with the same content.")
    .gives(Reply::json("It is in force.", content::taken()))
    .fails([HttpError::Content(Vec::new())])
}

pub(super) fn describe_link() -> Operation {
    of_version(Operation::new(
        "A link to see a version of posted content in the site's pages",
    ))
    .details("Whoever has the link sees it; it expires.")
    .takes(parameter(
        "hours",
        whole(1, MOST_HOURS as i64),
        "How long the link holds, 72 where it is not said.",
    ))
    .takes(parameter(
        "page",
        text().matching("^/"),
        "The path of a page, / where it is not said.",
    ))
    .gives(Reply::json(
        "The link.",
        object([
            has("token", text()),
            has("link", text()),
            has("expires", moment()),
        ]),
    ))
}
