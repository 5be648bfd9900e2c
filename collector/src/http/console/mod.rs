//! `/console`: what marketers see. Pages are made on the server, whole, from what the store has
//! counted; a page's address says all that it shows, so that it can be kept and sent.
//!
//! [`PAGES`] says which pages there are and which role each needs. No page reads the log of events, runs a script of
//! anybody's, or is framed. What comes from outside is text and stays text.

mod campaigns;
mod census;
mod content;
mod forms;
mod frame;
mod interests;
mod journeys;
mod language;
mod licences;
mod live;
mod packing;
mod pages;
mod parts;
mod profiles;
mod segments;
mod session;
mod settings;
mod sign_in;
mod story;
mod system;
mod today;
mod view;

use std::sync::{LazyLock, Mutex};

use hyper::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use hyper::{Method, Request, StatusCode};
use maud::Markup;

use self::forms::{of_own_origin, of_own_page, read_form};
use self::pages::{About, NAVIGATION, PAGES, Page, Shown};
use self::session::Session;
pub(super) use self::session::Sessions;
use self::settings::{Theme, language_of, theme_of};
use self::view::{Kept, View, encoded};
use super::answer::{Answer, empty, set_text, with_body};
use super::assets::{self, Served};
use super::body::Unread;
use super::error::HttpError;
use super::noting::{Noting, Outcome};
use super::{App, Sites, headers, query};
use crate::assets as files;
use crate::clock;
use crate::export;
use crate::store::audit::AuditEntry;

/// What the console's addresses take.
pub(super) const METHODS: &str = "GET, HEAD, POST";

/// The header by which scripts of a page send its session's secret, and learn it.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// Which other pages may hold this one, or read what it loads.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What pages may load and do: what is the collector's own. Plots are drawn on a canvas.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a path has below `/console`; nothing where it is another's.
pub(super) fn below(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/console")?;
    match rest {
        "" => Some(rest),
        rest => rest.strip_prefix('/'),
    }
}

/// The name of a page for what is counted of requests.
pub(super) fn name(rest: &str, method: &Method) -> &'static str {
    /// Those of all pages, in their order: apart from those of addresses for programs.
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let pages = PAGES.iter();
        pages
            .map(|page| format!("/console/{{site}}/{}", page.path))
            .collect()
    });
    match rest.split_once('/') {
        Some(("-", _)) => "/console/-/",
        Some((_, path)) => {
            let mut pages = PAGES.iter().zip(NAMES.iter());
            let found = pages.find(|(page, _)| page.takes(method) && page.part(path).is_some());
            found.map_or("/console", |(_, name)| name)
        }
        None => "/console",
    }
}

/// Answers a request to a path below `/console`.
pub(super) async fn answer(
    sites: &Sites,
    request: &Request<()>,
    body: &mut Unread,
    rest: &str,
) -> Answer {
    let mut answer = match answered(sites, request, body, rest).await {
        Ok(answer) => answer,
        Err(error) => failed(request, &error),
    };
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        set_text(&mut answer, name, value);
    }
    if !answer.headers().contains_key(CACHE_CONTROL) {
        set_text(&mut answer, CACHE_CONTROL, "no-store");
    }
    packing::packed(answer, request).await
}

/// What is answered where there is no frame to say it in.
fn failed(request: &Request<()>, error: &HttpError) -> Answer {
    let language = language_of(request.headers());
    let content = frame::error(language, error.status(), &error.to_string());
    let body = maud::html! { body class="alone" { main id="content" { h1 { "Firstglance" } (content)
        p { a href="/console" { (language.say("To the console", "Naar de console")) } }
    } } };
    let theme = theme_of(request.headers());
    let document = frame::document(language, theme, "Firstglance", &body);
    let mut answer = page_answer(error.status(), document);
    if let Some((name, value)) = error.header() {
        answer.headers_mut().insert(name, value);
    }
    answer
}

async fn answered(
    sites: &Sites,
    request: &Request<()>,
    body: &mut Unread,
    rest: &str,
) -> Result<Answer, HttpError> {
    let now = clock::now();
    let shared = sites.shared();
    if let Some(name) = rest.strip_prefix("-/assets/") {
        let mut all = files::console().iter();
        let found = all
            .find(|asset| asset.name == name)
            .ok_or(HttpError::Route)?;
        return Ok(assets::answer(&Served::of(found), request));
    }
    let session = shared.sessions.of(request, &shared.tokens, now);
    let is_post = *request.method() == Method::POST;
    let form = match is_post {
        true => {
            of_own_origin(request.headers())?;
            read_form(sites, request, body).await?
        }
        false => Vec::new(),
    };
    match (rest, is_post) {
        ("-/licences", false) => return Ok(licences::show(request.headers())),
        ("-/session", false) => return Ok(sign_in::state(session.as_ref())),
        ("-/sign-in", true) => return Ok(sign_in::take(sites, request, &form)),
        ("-/sign-in", false) if session.is_none() => {
            let wanted = query::parameter(request.uri(), "return");
            return Ok(sign_in::form(request, None, wanted.as_deref(), &[]));
        }
        // How somebody reads the console is nobody's secret, and who has no session has none to end.
        ("-/settings", true) => return Ok(sign_in::settings(&form)),
        ("-/sign-out", true) if session.is_none() => return Ok(sign_in::end(sites, request)),
        _ => {}
    }
    let Some(session) = session else {
        return Ok(signed_out(request, form));
    };
    if is_post {
        of_own_page(request.headers(), &session, &form)?;
    }
    if let ("-/sign-out", true) = (rest, is_post) {
        return Ok(sign_in::end(sites, request));
    }
    let (site, path) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(app) = site_of(sites, &session, site)? else {
        return home(sites, &session, request);
    };
    if path.is_empty() {
        return Ok(see_other(&format!(
            "/console/{}/{}",
            app.site.id(),
            first_page(&session)
        )));
    }
    let view = View {
        app,
        sites,
        session: &session,
        language: language_of(request.headers()),
        uri: request.uri(),
        headers: request.headers(),
        by_tls: headers::came_by_tls(request),
        now,
        part: "",
        form,
        kept: Mutex::new(Kept {
            wanted: query::parameter(request.uri(), "csv").map(|id| id.into_owned()),
            ..Kept::default()
        }),
    };
    Ok(shown(view, request.method(), path).await)
}

/// Shows the page of a path, or says in the frame why not.
async fn shown(mut view: View<'_>, method: &Method, path: &str) -> Answer {
    let mut pages = PAGES.iter().filter(|page| page.takes(method));
    let found = pages.find_map(|page| Some((page, page.part(path)?)));
    let place = path.split('/').next().unwrap_or_default();
    let Some((page, part)) = found else {
        return in_frame(&view, place, &HttpError::Route);
    };
    view.part = part;
    let held = view.session.access.role;
    let needed = page.role;
    let refused = (held < needed).then_some(HttpError::Role { held, needed });
    let answered = noted(&view, page, refused).await;
    match answered {
        Ok(shown @ (Shown::Page(..) | Shown::Part(_))) => {
            let mut kept = view.kept();
            let (wanted, table) = (kept.wanted.take(), kept.table.take());
            drop(kept);
            match (wanted, table, shown) {
                (Some(_), Some(table), _) => csv(&view, &table),
                (Some(_), None, _) => in_frame(&view, place, &HttpError::Route),
                (None, _, Shown::Page(title, content)) => {
                    page_answer(StatusCode::OK, frame::page(&view, place, &title, &content))
                }
                (None, _, Shown::Part(markup)) => page_answer(StatusCode::OK, markup),
                (None, ..) => in_frame(&view, place, &HttpError::Internal),
            }
        }
        Ok(Shown::Refused(status, title, content)) => {
            page_answer(status, frame::page(&view, place, &title, &content))
        }
        Ok(Shown::SeeOther(to)) => see_other(&to),
        Ok(Shown::Answer(answer)) => answer,
        Err(error) => in_frame(&view, place, &error),
    }
}

/// Shows a page, unless it is refused, and has the audit log say so where it is about visitors.
async fn noted(
    view: &View<'_>,
    page: &Page,
    refused: Option<HttpError>,
) -> Result<Shown, HttpError> {
    if page.about == About::Nobody {
        return match refused {
            Some(error) => Err(error),
            None => (page.show)(view).await,
        };
    }
    let access = &view.session.access;
    let name = format!("{} console/{}", page.method, page.path);
    let mut entry = AuditEntry::asked(view.now, &access.id, &access.name, &name);
    // A path that names nobody is told by the page itself.
    if page.path.starts_with("profiles/{id}")
        && let Ok(visitor) = view.visitor()
    {
        entry.visitor = Some(view.app.cookie.pseudonym(&visitor).into());
    }
    let noting = Noting {
        app: view.app,
        entry,
        route: page.path,
        changes: page.method == Method::POST,
        refused,
    };
    let told = |answered: &Result<Shown, HttpError>| {
        let kept = view.kept();
        Outcome {
            status: match answered {
                Ok(Shown::Refused(status, ..)) => *status,
                Ok(Shown::Answer(answer)) => answer.status(),
                Ok(_) => StatusCode::OK,
                Err(error) => error.status(),
            },
            count: kept.count,
            visitor: kept.visitor.clone(),
        }
    };
    noting.answered((page.show)(view), told).await
}

/// A table as a file.
fn csv(view: &View<'_>, table: &parts::Table) -> Answer {
    match export::of_texts(table.texts()) {
        Ok(bytes) => {
            let mut answer = with_body(StatusCode::OK, bytes);
            set_text(&mut answer, CONTENT_TYPE, "text/csv; charset=utf-8");
            let name = format!("{}-{}.csv", view.app.site.id(), table.id);
            let value = format!("attachment; filename=\"{name}\"");
            set_text(&mut answer, CONTENT_DISPOSITION, &value);
            answer
        }
        Err(error) => {
            tracing::error!(%error, table = table.id, "a table cannot be written as CSV");
            in_frame(view, "", &HttpError::Internal)
        }
    }
}

/// An error, in the frame.
fn in_frame(view: &View<'_>, place: &str, error: &HttpError) -> Answer {
    let status = error.status();
    let content = frame::error(view.language, status, &error.to_string());
    let title = view.say("Not shown", "Niet getoond");
    page_answer(status, frame::page(view, place, title, &content))
}

/// The first page that somebody may see.
fn first_page(session: &Session) -> &'static str {
    let may = |path: &str| {
        let mut pages = PAGES.iter();
        pages.any(|page| page.path == path && session.access.role >= page.role)
    };
    let mut items = NAVIGATION.iter().map(|item| item.path);
    items.find(|path| may(path)).unwrap_or("system")
}

/// The site that a path names; nothing where it names none.
fn site_of<'a>(
    sites: &'a Sites,
    session: &Session,
    site: &str,
) -> Result<Option<&'a App>, HttpError> {
    if site.is_empty() {
        return Ok(None);
    }
    // Whether there is another site of that name is not this token's business.
    if let Some(own) = session.access.site.as_deref().filter(|own| *own != site) {
        return Err(HttpError::ForeignSite { own: own.into() });
    }
    let found = sites.of_id(site).map(|app| &**app);
    found.map(Some).ok_or(HttpError::Route)
}

/// Where somebody begins who names no site: at their own, that of the host, or the first.
fn home(sites: &Sites, session: &Session, request: &Request<()>) -> Result<Answer, HttpError> {
    let own = session.access.site.as_deref();
    let found = match own {
        Some(own) => sites.of_id(own),
        None => sites
            .of_host(request.headers())
            .or_else(|| sites.all().next()),
    };
    let app = found.ok_or(HttpError::Route)?;
    Ok(see_other(&format!(
        "/console/{}/{}",
        app.site.id(),
        first_page(session)
    )))
}

/// What is answered to somebody who is not signed in: nothing that was sent is lost.
fn signed_out(request: &Request<()>, form: Vec<(String, String)>) -> Answer {
    // A part of a page must not become the page that asks for a token; the page knows what to do.
    if request.headers().contains_key("hx-request") {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/console", |path| path.as_str());
    match *request.method() == Method::POST {
        true => sign_in::form(request, None, Some(path), &form),
        false => see_other(&format!("/console/-/sign-in?return={}", encoded(path))),
    }
}

/// An answer that is a page, or a part of one.
fn page_answer(status: StatusCode, markup: Markup) -> Answer {
    let mut answer = with_body(status, markup.0);
    set_text(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    answer
}

/// Sends the browser to another address of the console.
fn see_other(to: &str) -> Answer {
    let mut answer = empty(StatusCode::SEE_OTHER);
    set_text(&mut answer, LOCATION, to);
    answer
}
