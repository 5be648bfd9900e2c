//! The router: which endpoint answers an address, and by which methods. What is the collector's own
//! is told from what is a site's before it is known which site that is. Every answer leaves through
//! here, so that a panic in an endpoint becomes an answer and not a broken connection.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::{Method, Request};

use super::addresses::{self, Needed};
use super::answer::Answer;
use super::assets::{self, Served};
use super::body::Unread;
use super::error::HttpError;
use super::openapi::{self, Operation};
use super::{
    App, Sites, admin, click, client_address, console, cors, decide, forget, health, ingest, me,
    metrics, model, pixel, preview, settings,
};
use crate::clock;
use crate::config::Names;

/// An endpoint of the collector, whatever site is meant.
#[derive(Clone, Copy, Debug)]
enum Own<'a> {
    Health,
    Ready,
    Metrics,
    Admin(&'a str),
    Console(&'a str),
}

/// An endpoint that has one address.
struct Single {
    path: &'static str,
    own: Own<'static>,
    /// What is told of it.
    describe: fn() -> Operation,
}

/// All of them.
const SINGLE: &[Single] = &[
    Single {
        path: "/healthz",
        own: Own::Health,
        describe: health::describe_alive,
    },
    Single {
        path: "/readyz",
        own: Own::Ready,
        describe: health::describe_ready,
    },
    Single {
        path: "/metrics",
        own: Own::Metrics,
        describe: metrics::describe,
    },
];

/// What is told of the collector's own endpoints but those for administrators.
pub(super) fn described() -> impl Iterator<Item = (&'static str, Operation)> {
    SINGLE.iter().map(|one| (one.path, (one.describe)()))
}

impl<'a> Own<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let found = SINGLE.iter().find(|one| one.path == path);
        found
            .map(|one| one.own)
            .or_else(|| path.strip_prefix(admin::BELOW).map(Self::Admin))
            .or_else(|| console::below(path).map(Self::Console))
    }

    fn methods(&self) -> &'static str {
        match self {
            Self::Admin(rest) => admin::methods(rest),
            Self::Console(_) => console::METHODS,
            Self::Health | Self::Ready | Self::Metrics => "GET, HEAD",
        }
    }

    async fn answer(
        self,
        sites: &Sites,
        request: &Request<()>,
        body: &mut Unread,
    ) -> Result<Answer, HttpError> {
        match self {
            Self::Health => Ok(health::alive()),
            Self::Ready => health::ready(sites),
            Self::Metrics => metrics::answer(sites, request).await,
            Self::Admin(rest) => admin::answer(sites, request, body, rest).await,
            Self::Console(rest) => Ok(console::answer(sites, request, body, rest).await),
        }
    }
}

/// An endpoint of a site, as its address says.
#[derive(Debug)]
enum Endpoint<'a> {
    Page(Needed<'a>),
    Site,
}

impl<'a> Endpoint<'a> {
    /// The endpoint of a path. What pages need comes before the site's files.
    fn of(path: &'a str, names: &Names, has_site: bool) -> Option<Self> {
        if let Some(needed) = addresses::find(path, names) {
            return Some(Self::Page(needed));
        }
        if path.starts_with("/v1/") || path.starts_with("/admin/") {
            return None;
        }
        has_site.then_some(Self::Site)
    }

    /// The methods it takes.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Page(needed) => needed.methods(),
            Self::Site => "GET, HEAD",
        }
    }

    /// Whether pages of other origins use it with the visitor's cookie.
    const fn answers_pages(&self) -> bool {
        matches!(
            self,
            Self::Page(Needed::Ingest(_) | Needed::Forget | Needed::Me | Needed::Decide)
        )
    }
}

/// Answers a request.
pub(super) async fn answer(sites: &Sites, request: Request<Incoming>) -> Answer {
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let (head, body) = request.into_parts();
    let mut body = Unread::new(&head.headers, body);
    let request = Request::from_parts(head, ());
    let answer = unpanicked(route(sites, &request, &mut body)).await;
    body.discard().await;
    let status = answer.status().as_u16();
    let took = started.elapsed();
    let route = name(request.uri().path(), request.method());
    sites.shared().requests.answered(route, status, took);
    // The route and not the path, which has ids of visitors.
    let microseconds = took.as_micros() as u64;
    tracing::debug!(%method, route, status, microseconds, "answered");
    answer
}

/// The name of a route: its usual path, with names in braces in place of what differs.
fn name(path: &str, method: &Method) -> &'static str {
    match Own::of(path) {
        Some(Own::Health) => return "/healthz",
        Some(Own::Ready) => return "/readyz",
        Some(Own::Metrics) => return "/metrics",
        Some(Own::Admin(rest)) => return admin::name(rest, method),
        Some(Own::Console(rest)) => return console::name(rest, method),
        None => {}
    }
    // Whatever a site calls its addresses, their last part says what they are; what is unusual is
    // of the site itself.
    match path.rsplit('/').next() {
        Some("batch" | "import" | "b") => "/v1/batch",
        Some("track" | "t" | "page" | "p" | "screen" | "s") => "/v1/{type}",
        Some("identify" | "i" | "alias" | "a" | "group" | "g") => "/v1/{type}",
        Some("forget") => "/v1/forget",
        Some("me") => "/v1/me",
        Some("decide") => "/v1/decide",
        Some("preview") => "/v1/preview",
        Some("model") => "/v1/model",
        Some("pixel.gif") => "/v1/pixel.gif",
        Some("click") => "/v1/click",
        Some(openapi::NAME) => "/openapi.json",
        _ => "other",
    }
}

async fn route(sites: &Sites, request: &Request<()>, body: &mut Unread) -> Answer {
    let path = request.uri().path();
    if let Some(own) = Own::of(path) {
        if let Err(error) = takes(own.methods(), request) {
            return error.into();
        }
        let answered = own.answer(sites, request, body).await;
        return answered.unwrap_or_else(Answer::from);
    }
    let app = match sites.choose(request, body).await {
        Ok(app) => app,
        // An image is shown whatever is wrong.
        Err(error) => {
            sites.note_refused(request, &error);
            return match sites.with_pixel(path) {
                Some(app) => pixel::refused(app, &error),
                None => cors::vary(error.into()),
            };
        }
    };
    let Some(endpoint) = Endpoint::of(path, &app.tracker.names, app.files.is_some()) else {
        return HttpError::Route.into();
    };
    if let Err(error) = takes(endpoint.methods(), request) {
        return error.into();
    }
    if !endpoint.answers_pages() {
        let answered = match endpoint {
            Endpoint::Page(Needed::Model) => model::answer(app, request),
            Endpoint::Page(Needed::Preview) => match limited(app, request) {
                Ok(()) => preview::answer(app, request).await,
                Err(error) => Err(error),
            },
            Endpoint::Page(Needed::Settings(key)) => settings::answer(app, request, key),
            Endpoint::Page(Needed::Pixel(kind)) => Ok(match limited(app, request) {
                Ok(()) => pixel::answer(app, request, kind).await,
                Err(error) => pixel::refused(app, &error),
            }),
            Endpoint::Page(Needed::Click) => {
                click::answer(app, request, limited(app, request)).await
            }
            Endpoint::Page(Needed::File(file)) => {
                app.sightings.file(clock::now());
                Ok(assets::answer(&Served::of(file), request))
            }
            Endpoint::Page(Needed::Document) => Ok(openapi::answer(app, request)),
            Endpoint::Page(Needed::Loader) => match &app.loader {
                Some(loader) => {
                    app.sightings.loader(clock::now());
                    Ok(assets::answer(loader, request))
                }
                None => Err(HttpError::Route),
            },
            _ => match &app.files {
                Some(files) => files.answer(request).await,
                None => Err(HttpError::Route),
            },
        };
        return answered.unwrap_or_else(Answer::from);
    }
    let origin = match cors::allowed(sites, app, request.headers()) {
        Ok(origin) => origin,
        Err(error) => {
            app.metrics.refused_request(error.tag());
            let origin = request.headers().get(ORIGIN);
            let origin = origin.map_or(&b""[..], |origin| origin.as_bytes());
            let origin = String::from_utf8_lossy(origin);
            app.sightings.wrong_origin(&origin, clock::now());
            return cors::vary(error.into());
        }
    };
    if request.method() != Method::OPTIONS
        && let Err(error) = limited(app, request)
    {
        app.metrics.refused_request(error.tag());
        return cors::permit(error.into(), origin);
    }
    let answered = match endpoint {
        _ if request.method() == Method::OPTIONS => Ok(cors::preflight()),
        Endpoint::Page(Needed::Ingest(form)) => ingest::answer(app, request, body, form).await,
        Endpoint::Page(Needed::Decide) => decide::answer(app, request, body).await,
        Endpoint::Page(Needed::Forget) => forget::answer(app, request, body).await,
        _ => me::answer(app, request).await,
    };
    let answered = answered.unwrap_or_else(|error| {
        app.metrics.refused_request(error.tag());
        error.into()
    });
    cors::permit(answered, origin)
}

/// Refuses a request of an address that has sent too many.
fn limited(app: &App, request: &Request<()>) -> Result<(), HttpError> {
    let Some(address) = client_address::of(request, &app.behind.trusted_proxies) else {
        return Ok(());
    };
    let allowed = app.limiters.request(address);
    allowed.map_err(|wait| HttpError::too_many("more requests of this address", wait))
}

/// Refuses methods other than these.
fn takes(allow: &'static str, request: &Request<()>) -> Result<(), HttpError> {
    let method = request.method().as_str();
    if allow.split(", ").any(|one| one == method) {
        Ok(())
    } else {
        Err(HttpError::Method { allow })
    }
}

/// Turns a panic into an answer.
async fn unpanicked(answering: impl Future<Output = Answer>) -> Answer {
    let mut answering = pin!(answering);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context)));
        polled.unwrap_or_else(|_| {
            tracing::error!("an endpoint panicked");
            Poll::Ready(HttpError::Internal.into())
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (path, expected) in [
            ("/v1/batch", Some("Page(Ingest(Batch))")),
            ("/v1/page", Some("Page(Ingest(Single(\"page\")))")),
            ("/v1/import", Some("Page(Ingest(Batch))")),
            ("/v1/b", Some("Page(Ingest(Batch))")),
            ("/v1/t", Some("Page(Ingest(Single(\"track\")))")),
            ("/v1/projects/k/settings", Some("Page(Settings(\"k\"))")),
            ("/v1/projects/k", None),
            ("/v1/projects//settings", Some("Page(Settings(\"\"))")),
            ("/v1/projects/settings", None),
            ("/v1/me", Some("Page(Me)")),
            ("/fg.js", Some("Page(Loader)")),
            ("/openapi.json", Some("Page(Document)")),
            ("/v1/me/", None),
            ("/v1/unknown", None),
            ("/admin/v1/profiles/a", Some("Admin(\"profiles/a\")")),
            ("/admin/v2/profiles", None),
            ("/healthz", Some("Health")),
            ("/readyz", Some("Ready")),
            ("/metrics", Some("Metrics")),
            ("/console", Some("Console(\"\")")),
            ("/console/a/today", Some("Console(\"a/today\")")),
            ("/consoles", Some("Site")),
            ("/index.html", Some("Site")),
            ("/", Some("Site")),
        ] {
            let own = Own::of(path).map(|found| format!("{found:?}"));
            let found = Endpoint::of(path, &Names::default(), true);
            let found = own.or_else(|| found.map(|found| format!("{found:?}")));
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        assert!(Endpoint::of("/index.html", &Names::default(), false).is_none());
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        let answer = unpanicked(async { panic!("on purpose") }).await;
        assert_eq!(answer.status(), 500);
    }
}
