//! `GET /v1/preview`: a version of posted content as pages would have it, whether it is in force or
//! not. A signed token names the version and when it expires; nobody else sees what is not in force.

use std::sync::Arc;

use firstglance_engine::codec::Encode as _;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};

use super::answer::{Answer, set, with_body};
use super::error::HttpError;
use super::openapi::{self, Operation, Reply, query as parameter};
use super::{App, content, query};
use crate::clock;
use crate::schema::text;
use crate::store::content::Posting;

/// The parameter of a page's address by which its script asks for a preview.
pub(super) const PARAMETER: &str = "fg_preview";

pub(super) async fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    let token = query::parameter(request.uri(), "token").unwrap_or_default();
    let number = app.cookie.previewed(&token, clock::now());
    let number = number.ok_or(HttpError::Preview)?;
    let kept = app.store.version(Posting::Content, number).await?;
    let kept = kept.ok_or(HttpError::Preview)?;
    let version = content::readable(kept).map_err(|(_, problem)| vec![problem]);
    let version = version.map_err(HttpError::Content)?;
    let contents = Arc::clone(&app.contents);
    let compiled = tokio::task::spawn_blocking(move || {
        let config = contents.with(&version.posted)?;
        Ok(config.page_model.to_text())
    });
    let compiled = compiled.await.map_err(|_| HttpError::Internal)?;
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
