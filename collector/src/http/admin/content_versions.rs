//! `/admin/v1/content/versions`: what was posted, latest first; `/{number}` one version, with
//! `/restore` and `/preview` below it.

use firstglance_engine::Milliseconds;
use firstglance_engine::json::JsonWriter;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, json};
use super::super::content::readable;
use super::super::error::HttpError;
use super::super::openapi::{Operation, Reply, query as parameter};
use super::super::{App, preview, query};
use super::{Asked, content, versions};
use crate::clock;
use crate::config::Posted;
use crate::cookie::Previewed;
use crate::schema::{has, moment, object, text, whole};
use crate::store::content::{ContentVersion, NewContent, Posting};
use crate::token::Access;

const CONTENT: Posting = Posting::Content;

/// How long a link to a preview holds, in hours: by default, and at most.
pub(in crate::http) const USUAL_HOURS: u64 = 72;
const MOST_HOURS: u64 = 720;

pub(super) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    versions::page(app, uri, CONTENT).await
}

pub(super) async fn one(asked: Asked<'_>) -> Result<Answer, HttpError> {
    versions::one(asked, CONTENT).await
}

/// Puts a version into force again, as another of the same content. Also a draft for the first time.
pub(super) async fn restore(asked: Asked<'_>) -> Result<Answer, HttpError> {
    let (posted, new) = again(versions::find(asked, CONTENT).await?, asked.access)?;
    content::take(asked.app, posted, new, false).await
}

/// The same for somebody who has named the version: its new number.
pub(in crate::http) async fn restored(
    app: &App,
    number: u64,
    access: &Access,
) -> Result<Option<u64>, HttpError> {
    let kept = app.store.version(CONTENT, number).await?;
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
    let version = versions::find(asked, CONTENT).await?;
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

pub(super) fn describe() -> Operation {
    let operation = Operation::new("What was posted into the slots of pages, latest first");
    versions::described(operation, CONTENT)
}

pub(super) fn describe_one() -> Operation {
    let operation = Operation::new("A version of posted content");
    versions::one_described(operation, CONTENT, content::posted_described())
}

pub(super) fn describe_restore() -> Operation {
    versions::of_version(Operation::new(
        "Puts a version of posted content into force",
    ))
    .details("It becomes another version with the same content.")
    .gives(Reply::json("It is in force.", content::taken()))
    .fails([HttpError::Content(Vec::new())])
}

pub(super) fn describe_link() -> Operation {
    versions::of_version(Operation::new(
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
