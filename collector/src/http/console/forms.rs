//! Forms as they come: read, and refused where no page of the session has sent them.

use hyper::Request;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, ORIGIN};

use super::CSRF_HEADER;
use super::session::Session;
use crate::http::Sites;
use crate::http::body::Unread;
use crate::http::compression::Coding;
use crate::http::cors::is_same;
use crate::http::error::HttpError;

/// By which browsers say where a request comes from, which no page can make them say.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A header as text; nothing where it is not there, and what nobody asks for where it is no text.
pub(super) fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let header = headers.get(name)?;
    Some(header.to_str().unwrap_or("?"))
}

/// Refuses what a page of another origin has sent, also to sign somebody in: as whom, would be that
/// page's choice. Browsers say so in a way that no proxy changes, or, without TLS and before 2023, by
/// the origin alone.
pub(super) fn of_own_origin(headers: &HeaderMap) -> Result<(), HttpError> {
    let is_own = match (text_of(headers, &FETCH_SITE), text_of(headers, &ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_same(origin, headers),
        // No page at all: whoever it is has the session's secret, or a token.
        (None, None) => true,
    };
    if is_own { Ok(()) } else { Err(HttpError::Form) }
}

/// Refuses what no page of this session has sent.
pub(super) fn of_own_page(
    headers: &HeaderMap,
    session: &Session,
    form: &[(String, String)],
) -> Result<(), HttpError> {
    let field = form.iter().find(|(key, _)| key == "csrf");
    let field = field.map(|(_, value)| &**value);
    let sent = text_of(headers, &CSRF_HEADER).or(field);
    match session.has_sent(sent.unwrap_or_default()) {
        true => Ok(()),
        false => Err(HttpError::Form),
    }
}

/// The fields of a form, in the order in which they came.
pub(super) async fn read_form(
    sites: &Sites,
    request: &Request<()>,
    body: &mut Unread,
) -> Result<Vec<(String, String)>, HttpError> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(HttpError::FormType);
    }
    let bytes = body.look(sites.shared(), Coding::Identity).await?;
    Ok(url::form_urlencoded::parse(bytes).into_owned().collect())
}
