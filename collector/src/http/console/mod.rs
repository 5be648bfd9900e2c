//! `/console`: what marketers see. Pages are made on the server, whole, from what the store has
//! counted; a page's address says all that it shows, so that it can be kept and sent.
//!
//! [`PAGES`] is the one place that says which pages there are, which role each needs, and whether it
//! shows visitors: then the audit log says who looked. No page reads the log of events, runs a script of
//! anybody's, or is framed. What comes from outside is text and stays text.

#![allow(dead_code)]

mod campaigns;
mod census;
mod content;
mod frame;
mod interests;
mod journeys;
mod language;
mod live;
mod packing;
mod parts;
mod profiles;
mod segments;
mod session;
mod sign_in;
mod story;
mod system;
mod today;
mod view;

use std::pin::Pin;
use std::sync::{LazyLock, Mutex};

use hyper::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderMap, HeaderName, LOCATION, ORIGIN, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use hyper::{Method, Request, StatusCode, header};
use maud::Markup;

use self::language::Language;
pub(super) use self::session::Sessions;
use self::session::{Session, named};
use self::view::{Kept, View, encoded};
use super::answer::{Answer, empty, set_text, with_body};
use super::assets::{self, Served};
use super::body::Unread;
use super::compression::Coding;
use super::error::HttpError;
use super::{App, Sites, query};
use crate::assets as files;
use crate::clock;
use crate::export;
use crate::store::audit::AuditEntry;
use crate::token::Role;

/// What the console's addresses take.
pub(super) const METHODS: &str = "GET, HEAD, POST";

/// The header by which scripts of a page send its session's secret, and learn it.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// Which other pages may hold this one, or read what it loads.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// By which browsers say where a request comes from, which no page can make them say.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What pages may load and do: what is the collector's own. Plots are drawn on a canvas.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All pages, by their path below a site's. A name in braces stands for one part of a path.
const PAGES: &[Page] = &[
    visitors("live", Role::Read, |view| Box::pin(live::show(view))),
    totals("live/state", Role::Read, |view| Box::pin(live::state(view))),
    visitors("live/stream", Role::Read, |view| {
        Box::pin(live::listen(view))
    }),
    visitors("profiles", Role::Read, |view| {
        Box::pin(profiles::show(view))
    }),
    visitors("profiles/{id}", Role::Read, |view| {
        Box::pin(profiles::one(view))
    }),
    visitors("profiles/{id}/access", Role::Read, |view| {
        Box::pin(profiles::access(view))
    }),
    change("profiles/{id}/erase", Role::Erase, |view| {
        Box::pin(profiles::erase(view))
    }),
    change("profiles/{id}/undo", Role::Operate, |view| {
        Box::pin(profiles::undo(view))
    }),
    visitors("export", Role::Read, |view| {
        Box::pin(profiles::export(view))
    }),
    totals("today", Role::Read, |view| Box::pin(today::show(view))),
    totals("today/reading", Role::Read, |view| {
        Box::pin(today::reading_part(view))
    }),
    totals("journeys", Role::Read, |view| {
        Box::pin(journeys::show(view))
    }),
    totals("campaigns", Role::Read, |view| {
        Box::pin(campaigns::show(view))
    }),
    totals("content", Role::Read, |view| Box::pin(content::show(view))),
    totals("content/{slot}", Role::Read, |view| {
        Box::pin(content::show_slot(view))
    }),
    change("content/restore", Role::Operate, |view| {
        Box::pin(content::restore(view))
    }),
    change("content/preview", Role::Operate, |view| {
        Box::pin(content::preview(view))
    }),
    totals("interests", Role::Read, |view| {
        Box::pin(interests::show(view))
    }),
    totals("interests/{id}", Role::Read, |view| {
        Box::pin(interests::one(view))
    }),
    change("interests/name", Role::Operate, |view| {
        Box::pin(interests::name(view))
    }),
    change("interests/unname", Role::Operate, |view| {
        Box::pin(interests::unname(view))
    }),
    totals("segments", Role::Read, |view| {
        Box::pin(segments::list(view))
    }),
    totals("segments/new", Role::Operate, |view| {
        Box::pin(segments::new(view))
    }),
    totals("segments/versions", Role::Read, |view| {
        Box::pin(segments::versions(view))
    }),
    totals("segments/versions/{number}", Role::Read, |view| {
        Box::pin(segments::version(view))
    }),
    totals("segments/{id}", Role::Read, |view| {
        Box::pin(segments::one(view))
    }),
    question("segments/check", Role::Read, |view| {
        Box::pin(segments::check(view))
    }),
    change("segments/preview", Role::Read, |view| {
        Box::pin(segments::preview(view))
    }),
    change("segments/backtest", Role::Read, |view| {
        Box::pin(segments::backtest(view))
    }),
    change("segments/save", Role::Operate, |view| {
        Box::pin(segments::save(view))
    }),
    change("segments/remove", Role::Operate, |view| {
        Box::pin(segments::remove(view))
    }),
    change(
        "segments/versions/{number}/restore",
        Role::Operate,
        |view| Box::pin(segments::restore(view)),
    ),
    totals("system", Role::Operate, |view| Box::pin(system::show(view))),
    totals("system/requests", Role::Operate, |view| {
        Box::pin(system::requests(view))
    }),
    visitors("system/refused", Role::Operate, |view| {
        Box::pin(system::refused(view))
    }),
    totals("system/configuration", Role::Operate, |view| {
        Box::pin(system::configuration(view))
    }),
    change("system/configuration/reload", Role::Operate, |view| {
        Box::pin(system::reload(view))
    }),
    totals("system/access", Role::Operate, |view| {
        Box::pin(system::access(view))
    }),
    change("system/access/create", Role::Erase, |view| {
        Box::pin(system::create(view))
    }),
    change("system/access/revoke", Role::Erase, |view| {
        Box::pin(system::revoke(view))
    }),
    visitors("system/audit", Role::Operate, |view| {
        Box::pin(system::audit(view))
    }),
    visitors("system/merges", Role::Operate, |view| {
        Box::pin(system::merges(view))
    }),
    totals("system/backup", Role::Operate, |view| {
        Box::pin(system::backups(view))
    }),
    change("system/backup", Role::Operate, |view| {
        Box::pin(system::back_up(view))
    }),
    change("system/compact", Role::Operate, |view| {
        Box::pin(system::compact(view))
    }),
];

/// The pages that the menu leads to, in its order, each with an icon in a field of 24 by 24.
const NAVIGATION: &[Item] = &[
    item("today", "Today", "Vandaag", "M3 12h4l3-8 4 16 3-8h4"),
    item(
        "live",
        "Live",
        "Live",
        "M12 12h.01M8.500 15.500a5 5 0 0 1 0-7M15.500 8.500a5 5 0 0 1 0 7M5.600 18.400a9 9 0 0 1 0-12.800M18.400 5.600a9 9 0 0 1 0 12.800",
    ),
    item(
        "profiles",
        "Profiles",
        "Profielen",
        "M4 20c0-4 3.500-6 8-6s8 2 8 6M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z",
    ),
    item(
        "segments",
        "Segments",
        "Segmenten",
        "M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM15 21a6 6 0 1 0 0-12 6 6 0 0 0 0 12Z",
    ),
    item(
        "interests",
        "Interests",
        "Interesses",
        "M12 20s-8-5-8-10.500A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 8 2.500C20 15 12 20 12 20Z",
    ),
    item(
        "campaigns",
        "Campaigns",
        "Campagnes",
        "M4 10v4h3l8 5V5L7 10H4ZM18.500 9a4 4 0 0 1 0 6",
    ),
    item(
        "content",
        "Content",
        "Content",
        "M4 5h16v5H4ZM4 14h7v5H4ZM15 14h5v5h-5Z",
    ),
    item(
        "journeys",
        "Journeys",
        "Routes",
        "M6 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 17h6a4 4 0 0 0 0-8h-4a4 4 0 0 1 0-4h6",
    ),
    item(
        "system",
        "System",
        "Systeem",
        "M5 4h14v6H5ZM5 14h14v6H5ZM8 7h.01M8 17h.01",
    ),
];

/// An item of the menu.
struct Item {
    path: &'static str,
    english: &'static str,
    dutch: &'static str,
    icon: &'static str,
}

const fn item(
    path: &'static str,
    english: &'static str,
    dutch: &'static str,
    icon: &'static str,
) -> Item {
    Item {
        path,
        english,
        dutch,
        icon,
    }
}

impl Item {
    /// Whether whoever looks may see the page.
    fn is_for(&self, view: &View<'_>) -> bool {
        let mut pages = PAGES.iter();
        pages.any(|page| page.path == self.path && view.may(page.role))
    }
}

/// What a page came to.
enum Shown {
    /// A page within the frame, with its title.
    Page(String, Markup),
    /// The same with a status that is no success: what was sent is not in order, and the page says why.
    Refused(StatusCode, String, Markup),
    /// A part of a page, for what changes in place.
    Part(Markup),
    /// Look there now: a change is made.
    SeeOther(String),
    /// Something else.
    Answer(Answer),
}

/// A page that arrives later.
type Later<'a> = Pin<Box<dyn Future<Output = Result<Shown, HttpError>> + Send + 'a>>;

type Showing = for<'a> fn(&'a View<'a>) -> Later<'a>;

/// A page and what it takes to be shown.
struct Page {
    method: Method,
    path: &'static str,
    role: Role,
    about: About,
    show: Showing,
}

/// What a page is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Single visitors, or a change: the audit log has a line of it.
    Visitors,
    /// Counts, or the collector itself.
    Nobody,
}

/// A page that shows something of single visitors.
const fn visitors(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::GET,
        path,
        role,
        about: About::Visitors,
        show,
    }
}

/// A page that shows nothing of any single visitor.
const fn totals(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::GET,
        path,
        role,
        about: About::Nobody,
        show,
    }
}

/// What a form of a page is sent to.
const fn change(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::POST,
        path,
        role,
        about: About::Visitors,
        show,
    }
}

/// What is asked with more than an address has room for, and changes nothing.
const fn question(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::POST,
        path,
        role,
        about: About::Nobody,
        show,
    }
}

impl Page {
    /// The part of a path that the name in braces stands for, where the path is this page's.
    fn part<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut found = "";
        let mut parts = path.split('/');
        for expected in self.path.split('/') {
            let part = parts.next()?;
            if expected.starts_with('{') {
                found = part;
            } else if part != expected {
                return None;
            }
        }
        parts.next().is_none().then_some(found)
    }

    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// Colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    /// As the system has it.
    System,
    Light,
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.name())
    }

    const fn say(self, language: Language) -> &'static str {
        match self {
            Self::System => language.say("As the system", "Als het systeem"),
            Self::Light => language.say("Light", "Licht"),
            Self::Dark => language.say("Dark", "Donker"),
        }
    }
}

/// In which colours somebody reads the console.
fn theme_of(headers: &HeaderMap) -> Theme {
    let chosen = named(headers, "fg-console-theme");
    chosen.and_then(Theme::of_name).unwrap_or(Theme::System)
}

/// In which language.
fn language_of(headers: &HeaderMap) -> Language {
    let chosen = named(headers, "fg-console-language").and_then(Language::of_code);
    chosen
        .or_else(|| Language::accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?))
        .unwrap_or(Language::English)
}

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
    let mut answer = page_answer(error.status(), &document);
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
        Ok(Shown::Page(title, content)) => {
            let mut kept = view
                .kept
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let (wanted, table) = (kept.wanted.take(), kept.table.take());
            drop(kept);
            match (wanted, table) {
                (Some(_), Some(table)) => csv(&view, &table),
                (Some(_), None) => in_frame(&view, place, &HttpError::Route),
                (None, _) => {
                    page_answer(StatusCode::OK, &frame::page(&view, place, &title, &content))
                }
            }
        }
        Ok(Shown::Refused(status, title, content)) => {
            page_answer(status, &frame::page(&view, place, &title, &content))
        }
        Ok(Shown::Part(markup)) => page_answer(StatusCode::OK, &markup),
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
    if page.path.starts_with("profiles/{id}") {
        // A path that names nobody is told by the page itself.
        let _ = view.visitor();
    }
    let changes = page.method == Method::POST;
    let answered = match refused {
        Some(error) => Err(error),
        None => {
            if changes {
                view.app.store.note(entry.clone()).await?;
            }
            (page.show)(view).await
        }
    };
    let status = match &answered {
        Ok(Shown::Refused(status, ..)) => *status,
        Ok(Shown::Answer(answer)) => answer.status(),
        Ok(_) => StatusCode::OK,
        Err(error) => error.status(),
    };
    entry.status = Some(status.as_u16());
    {
        let kept = view
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        entry.count = kept.count;
        let visitor = kept.visitor.as_ref();
        entry.visitor = visitor.map(|visitor| view.app.cookie.pseudonym(visitor).into());
    }
    match view.app.store.note(entry).await {
        Err(error) if changes => Err(error.into()),
        Err(error) => {
            let (token, name, route) = (&*access.id, &*access.name, page.path);
            tracing::error!(%error, token, name, route, "the audit log cannot be written");
            answered
        }
        Ok(()) => answered,
    }
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
    page_answer(status, &frame::page(view, place, title, &content))
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

/// A header as text; nothing where it is not there, and what nobody asks for where it is no text.
fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let header = headers.get(name)?;
    Some(header.to_str().unwrap_or("?"))
}

/// Refuses what a page of another origin has sent, also to sign somebody in: as whom, would be that
/// page's choice. Browsers say so in a way that no proxy changes, or, without TLS and before 2023, by
/// the origin alone.
fn of_own_origin(headers: &HeaderMap) -> Result<(), HttpError> {
    let host = text_of(headers, &header::HOST);
    let is_own = match (text_of(headers, &FETCH_SITE), text_of(headers, &ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host_of = origin.split_once("://").map(|(_, host)| host);
            host_of.is_some() && host_of == host
        }
        // No page at all: whoever it is has the session's secret, or a token.
        (None, None) => true,
    };
    if is_own { Ok(()) } else { Err(HttpError::Form) }
}

/// Refuses what no page of this session has sent.
fn of_own_page(
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
async fn read_form(
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

/// An answer that is a page, or a part of one.
fn page_answer(status: StatusCode, markup: &Markup) -> Answer {
    let mut answer = with_body(status, markup.0.clone());
    set_text(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    answer
}

/// Sends the browser to another address of the console.
fn see_other(to: &str) -> Answer {
    let mut answer = empty(StatusCode::SEE_OTHER);
    set_text(&mut answer, LOCATION, to);
    answer
}
