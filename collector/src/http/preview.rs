//! `GET /v1/preview`: content as pages would have it, a version that was posted, whether it is in force or
//! not, or what is in force as visitors of a segment see it. A signed token names what is shown and when it
//! expires; nobody else sees what is not in force, and nothing is told of any visitor.

use std::sync::Arc;

use firstglance_engine::codec::Encode as _;
use firstglance_engine::content::{Choice, decide};
use firstglance_engine::program::{Builder, Instruction};
use firstglance_engine::{Evaluation, Model, Profile, Timestamp, VisitorId};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};

use super::answer::{Answer, set, with_body};
use super::error::HttpError;
use super::openapi::{self, Operation, Reply, query as parameter};
use super::{App, apart, content, query};
use crate::clock;
use crate::cookie::Previewed;
use crate::schema::text;
use crate::store::content::Posting;
use crate::store::listing::List;

/// The parameter of a page's address by which its script asks for a preview.
pub(super) const PARAMETER: &str = "fg_preview";

pub(super) async fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    let token = query::parameter(request.uri(), "token").unwrap_or_default();
    let shown = app.cookie.previewed(&token, clock::now());
    let Previewed { version, segment } = shown.ok_or(HttpError::Preview)?;
    let version = match version {
        Some(number) => {
            let kept = app.store.version(Posting::Content, number).await?;
            let kept = kept.ok_or(HttpError::Preview)?;
            let version = content::readable(kept).map_err(|(_, problem)| vec![problem]);
            Some(version.map_err(HttpError::Content)?)
        }
        None => None,
    };
    let latest = match &segment {
        Some(segment) => latest(app, segment).await?,
        None => None,
    };
    let contents = Arc::clone(&app.contents);
    let compiled = apart(move || {
        let config = match version {
            Some(version) => contents.with(&version.posted)?,
            None => contents.whole(),
        };
        let mut model = config.page_model;
        if let Some(segment) = segment {
            seen_from(&mut model, &config.model, &segment, latest.as_ref());
        }
        Ok(model.to_text())
    })
    .await?;
    let mut answer = with_body(StatusCode::OK, compiled.map_err(HttpError::Content)?);
    for (name, value) in [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        // The token is what proves that the page may have it.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

/// A link to a page in which something is shown, and the token in it.
pub(super) fn link(
    app: &App,
    shown: &Previewed,
    page: &str,
    expires: Timestamp,
) -> Result<(String, String), HttpError> {
    let token = app.cookie.preview(shown, expires);
    let link = link_of(app, &token, page)?;
    Ok((token, link))
}

/// The link to a page that has a token.
pub(super) fn link_of(app: &App, token: &str, page: &str) -> Result<String, HttpError> {
    // A link of the owner's leads to the owner's pages.
    if !page.starts_with('/') || page.starts_with("//") || page.contains(['#', '\\']) {
        return Err(HttpError::Query {
            name: "page",
            detail: "\"page\" must be the path of a page, such as /e-bikes/".to_owned(),
        });
    }
    let mark = if page.contains('?') { '&' } else { '?' };
    let origin = app.site.allowed_origins.first();
    let origin = origin.map_or("", |origin| origin.as_str());
    Ok(format!("{origin}{page}{mark}{PARAMETER}={token}"))
}

/// Whoever of a segment was seen last; nothing where nobody is in it.
async fn latest(app: &App, segment: &str) -> Result<Option<(VisitorId, Profile)>, HttpError> {
    let lists = vec![List::Segment(segment.into())];
    let latest = app.store.list(lists, None, 1).await?;
    let latest = latest.into_iter().next();
    Ok(latest.map(|one| (one.position.visitor, one.profile)))
}

/// Makes of a page's model one by which everybody is in a segment, and sees in slots what somebody sees
/// there who is: nobody is held out, and no visitor is told anything of the one.
fn seen_from(
    page: &mut Model,
    whole: &Model,
    segment: &str,
    somebody: Option<&(VisitorId, Profile)>,
) {
    let program = page.segment(segment).map(|segment| segment.program);
    if let Some(program) = program.and_then(|program| page.programs.get_mut(program)) {
        let mut always = Builder::default();
        always.push(&Instruction::Number(1.0), &[]);
        *program = always.finish(None);
    }
    let Some((visitor, profile)) = somebody else {
        return;
    };
    let now = clock::now();
    let evaluation = Evaluation::of(profile, whole, now);
    for slot in &mut page.slots {
        let told = whole.slot(&slot.id).map(|of_whole| {
            let decision = decide(of_whole, whole, &evaluation, visitor.as_str(), now, "");
            decision.arm().map(|arm| arm.id().to_owned())
        });
        let shown = told.flatten();
        slot.control = 0;
        slot.choice = Choice::First;
        slot.variants
            .retain(|variant| Some(&*variant.id) == shown.as_deref());
        for variant in &mut slot.variants {
            variant.program = None;
        }
    }
}

pub(super) fn describe() -> Operation {
    let model = Reply::empty(StatusCode::OK, "The model, for the module that reads it.")
        .content("text/plain; charset=utf-8", text());
    Operation::new("The compiled configuration with a version of posted content")
        .takes(parameter("token", text(), "Of a link to a preview.").required())
        .gives(model)
        .fails(openapi::using_the_store())
        .fails([
            HttpError::Preview,
            HttpError::Content(Vec::new()),
            openapi::too_many(),
        ])
}
