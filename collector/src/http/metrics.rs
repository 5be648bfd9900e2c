//! `GET /metrics`: what the collector counts, with the administrator's token: how much a site is
//! visited is its owner's business.

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};

use super::answer::{Answer, set, with_body};
use super::error::HttpError;
use super::{App, admin};
use crate::metrics;

pub(super) fn answer(app: &App, request: &Request<()>) -> Result<Answer, HttpError> {
    admin::authorise(app, request.headers())?;
    let text = app.metrics.text().map_err(|_| HttpError::Internal)?;
    let mut answer = with_body(StatusCode::OK, text);
    for (name, value) in [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ] {
        set(&mut answer, name, HeaderValue::from_static(value));
    }
    Ok(answer)
}
