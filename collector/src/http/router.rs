//! The router: which endpoint answers an address, and by which methods. Every answer leaves
//! through here, so that a panic in an endpoint becomes an answer and not a broken connection.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::body::Incoming;
use hyper::{Method, Request};

use super::answer::Answer;
use super::body::Unread;
use super::error::HttpError;
use super::{App, admin, assets, cors, health, ingest, me, model};
use crate::ingest::Form;

/// An endpoint, as its address says.
#[derive(Debug)]
enum Endpoint<'a> {
    Ingest(Form),
    Me,
    Model,
    Health,
    Ready,
    Admin(&'a str),
    Asset(&'static crate::assets::Asset),
    Site,
}

impl<'a> Endpoint<'a> {
    /// The endpoint of a path. The collector's own addresses come before the site's files.
    fn of(path: &'a str, has_site: bool) -> Option<Self> {
        Some(match path {
            "/v1/batch" => Self::Ingest(Form::Batch),
            "/v1/track" => Self::Ingest(Form::Single("track")),
            "/v1/page" => Self::Ingest(Form::Single("page")),
            "/v1/screen" => Self::Ingest(Form::Single("screen")),
            "/v1/identify" => Self::Ingest(Form::Single("identify")),
            "/v1/alias" => Self::Ingest(Form::Single("alias")),
            "/v1/group" => Self::Ingest(Form::Single("group")),
            "/v1/me" => Self::Me,
            "/v1/model" => Self::Model,
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            _ => {
                if let Some(rest) = path.strip_prefix("/admin/v1/") {
                    return Some(Self::Admin(rest));
                }
                if path.starts_with("/v1/") || path.starts_with("/admin/") {
                    return None;
                }
                if let Some(asset) = path.strip_prefix('/').and_then(crate::assets::find) {
                    return Some(Self::Asset(asset));
                }
                return has_site.then_some(Self::Site);
            }
        })
    }

    /// The methods it takes.
    const fn methods(&self) -> &'static str {
        match self {
            Self::Ingest(_) => "POST, OPTIONS",
            Self::Me => "GET, HEAD, OPTIONS",
            _ => "GET, HEAD",
        }
    }

    /// Whether pages of other origins use it with the visitor's cookie.
    const fn answers_pages(&self) -> bool {
        matches!(self, Self::Ingest(_) | Self::Me)
    }
}

/// Answers a request.
pub(super) async fn answer(app: &Arc<App>, request: Request<Incoming>) -> Answer {
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    let mut body = Unread::new(&head.headers, body);
    let request = Request::from_parts(head, ());
    let answer = unpanicked(route(app, &request, &mut body)).await;
    body.discard().await;
    let status = answer.status().as_u16();
    let microseconds = started.elapsed().as_micros() as u64;
    tracing::debug!(%method, path, status, microseconds, "answered");
    answer
}

async fn route(app: &App, request: &Request<()>, body: &mut Unread) -> Answer {
    let Some(endpoint) = Endpoint::of(request.uri().path(), app.files.is_some()) else {
        return HttpError::Route.into();
    };
    let allow = endpoint.methods();
    let method = request.method();
    if !allow.split(", ").any(|one| one == method.as_str()) {
        return HttpError::Method { allow }.into();
    }
    if !endpoint.answers_pages() {
        let answered = match endpoint {
            Endpoint::Model => model::answer(app, request),
            Endpoint::Health => Ok(health::alive()),
            Endpoint::Ready => health::ready(app),
            Endpoint::Admin(rest) => admin::answer(app, request, rest).await,
            Endpoint::Asset(asset) => Ok(assets::answer(asset, request)),
            _ => match &app.files {
                Some(files) => files.answer(request).await,
                None => Err(HttpError::Route),
            },
        };
        return answered.unwrap_or_else(Answer::from);
    }
    let origin = match cors::allowed(&app.site, request.headers()) {
        Ok(origin) => origin,
        Err(error) => return cors::vary(error.into()),
    };
    let answered = match endpoint {
        _ if *method == Method::OPTIONS => Ok(cors::preflight()),
        Endpoint::Ingest(form) => ingest::answer(app, request, body, form).await,
        _ => me::answer(app, request).await,
    };
    cors::permit(answered.unwrap_or_else(Answer::from), origin)
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
            ("/v1/batch", Some(Endpoint::Ingest(Form::Batch))),
            ("/v1/page", Some(Endpoint::Ingest(Form::Single("page")))),
            ("/v1/me", Some(Endpoint::Me)),
            ("/v1/me/", None),
            ("/v1/unknown", None),
            ("/admin/v1/profiles/a", Some(Endpoint::Admin("profiles/a"))),
            ("/admin/v2/profiles", None),
            ("/index.html", Some(Endpoint::Site)),
            ("/", Some(Endpoint::Site)),
        ] {
            let found = Endpoint::of(path, true);
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{path}");
        }
        assert!(Endpoint::of("/index.html", false).is_none());
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        let answer = unpanicked(async { panic!("on purpose") }).await;
        assert_eq!(answer.status(), 500);
    }
}
