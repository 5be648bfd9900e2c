//! `/admin/v1/…`: what administrators may see and do, each by what their token allows. No page of
//! another origin gets anything from here.
//!
//! [`ROUTES`] is the one place that says which routes there are, which role each needs, and whether
//! it is about visitors: then the audit log says who asked, before the answer leaves; of an erasure
//! also before anything is erased.

pub(super) mod access;
mod audience;
pub(super) mod audit;
pub(super) mod backup;
mod campaigns;
mod compact;
mod content;
pub(super) mod content_versions;
mod definition_versions;
mod definitions;
pub(super) mod erase;
mod erase_many;
pub(super) mod export;
mod long;
pub(super) mod merges;
mod periods;
pub(super) mod person;
mod profile;
mod profiles;
pub(super) mod refused;
mod results;
mod segments;
mod slots;
pub(super) mod stream;
pub(super) mod timeline;
mod trends;
pub(super) mod versions;
mod why;

use std::pin::Pin;

use firstglance_engine::VisitorId;
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request, Uri};
use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::body::{Held, Unread};
use super::error::HttpError;
use super::noting::{Noting, Outcome};
use super::openapi::{self, Operation, Security, part};
use super::{App, Shared, Sites, headers, pattern, query};
use crate::clock;
use crate::schema::{id, one_of};
use crate::store::audit::AuditEntry;
use crate::token::{Access, Role};

pub(super) use audience::UNNAMED;

/// Where they are.
pub(super) const BELOW: &str = "/admin/v1/";

/// All routes below `/admin/v1/`. A name in braces stands for one part of a path.
const ROUTES: &[Route] = &[
    get("profiles", Role::Read, profiles::describe, |asked| {
        Box::pin(profiles::answer(asked.app, asked.uri))
    }),
    get("profiles/{id}", Role::Read, profile::describe, |asked| {
        Box::pin(async move { profile::answer(asked.app, &asked.visitor()?).await })
    }),
    delete("profiles/{id}", Role::Erase, erase::describe, |asked| {
        Box::pin(async move { erase::answer(asked.app, asked.uri, asked.visitor()?).await })
    }),
    get(
        "profiles/{id}/timeline",
        Role::Read,
        timeline::describe,
        |asked| {
            Box::pin(async move { timeline::answer(asked.app, asked.uri, &asked.visitor()?).await })
        },
    ),
    get(
        "profiles/{id}/access",
        Role::Read,
        access::describe,
        |asked| {
            Box::pin(async move { access::answer(asked.app, asked.uri, &asked.visitor()?).await })
        },
    ),
    get("profiles/{id}/why", Role::Read, why::describe, |asked| {
        Box::pin(async move { why::answer(asked.app, asked.uri, &asked.visitor()?).await })
    }),
    totals("segments", Role::Read, segments::describe, |asked| {
        Box::pin(segments::answer(asked.app, asked.uri))
    }),
    totals("campaigns", Role::Read, campaigns::describe, |asked| {
        Box::pin(campaigns::answer(asked.app, asked.uri))
    }),
    totals("results", Role::Read, results::describe, |asked| {
        Box::pin(results::answer(asked.app, asked.uri))
    }),
    totals("slots", Role::Read, slots::describe, |asked| {
        Box::pin(slots::answer(asked.app))
    }),
    totals("trends", Role::Read, trends::describe, |asked| {
        Box::pin(trends::answer(asked.app, asked.uri))
    }),
    get("export", Role::Read, export::describe, |asked| {
        Box::pin(export::answer(asked.app, asked.uri))
    }),
    get("stream", Role::Read, stream::describe, |asked| {
        Box::pin(async move { stream::answer(asked.app, asked.uri, asked.headers) })
    }),
    post("erase", Role::Erase, erase_many::describe, |asked| {
        Box::pin(erase_many::answer(asked))
    }),
    get("merges", Role::Operate, merges::describe, |asked| {
        Box::pin(merges::answer(asked.app, asked.uri))
    }),
    post(
        "merges/{id}/undo",
        Role::Operate,
        merges::describe_undo,
        |asked| Box::pin(merges::undo(asked)),
    ),
    get("refused", Role::Operate, refused::describe, |asked| {
        Box::pin(refused::answer(asked.app, asked.uri))
    }),
    post("compact", Role::Operate, compact::describe, |asked| {
        Box::pin(compact::answer(asked.app))
    }),
    post("backup", Role::Operate, backup::describe, |asked| {
        Box::pin(backup::answer(asked.app))
    }),
    totals("content", Role::Read, content::describe, |asked| {
        Box::pin(content::answer(asked.app))
    }),
    post("content", Role::Operate, content::describe_post, |asked| {
        Box::pin(content::post(asked))
    }),
    totals(
        "content/versions",
        Role::Read,
        content_versions::describe,
        |asked| Box::pin(content_versions::answer(asked.app, asked.uri)),
    ),
    totals(
        "content/versions/{number}",
        Role::Read,
        content_versions::describe_one,
        |asked| Box::pin(content_versions::one(asked)),
    ),
    post(
        "content/versions/{number}/restore",
        Role::Operate,
        content_versions::describe_restore,
        |asked| Box::pin(content_versions::restore(asked)),
    ),
    post(
        "content/versions/{number}/preview",
        Role::Operate,
        content_versions::describe_link,
        |asked| Box::pin(content_versions::link(asked)),
    ),
    totals(
        "segments/definitions",
        Role::Read,
        definitions::describe,
        |asked| Box::pin(definitions::answer(asked.app)),
    ),
    post(
        "segments/definitions",
        Role::Operate,
        definitions::describe_post,
        |asked| Box::pin(definitions::post(asked)),
    ),
    totals(
        "segments/definitions/versions",
        Role::Read,
        definition_versions::describe,
        |asked| Box::pin(definition_versions::answer(asked.app, asked.uri)),
    ),
    totals(
        "segments/definitions/versions/{number}",
        Role::Read,
        definition_versions::describe_one,
        |asked| Box::pin(definition_versions::one(asked)),
    ),
    post(
        "segments/definitions/versions/{number}/restore",
        Role::Operate,
        definition_versions::describe_restore,
        |asked| Box::pin(definition_versions::restore(asked)),
    ),
    post(
        "segments/definitions/preview",
        Role::Read,
        audience::describe,
        |asked| Box::pin(audience::answer(asked)),
    ),
    get("audit", Role::Operate, audit::describe, |asked| {
        Box::pin(audit::answer(asked.app, asked.uri))
    }),
];

/// What is asked of a route.
#[derive(Clone, Copy)]
struct Asked<'a> {
    app: &'a App,
    uri: &'a Uri,
    /// The part of the path that the name in braces stands for, percent-encoded.
    part: &'a str,
    headers: &'a HeaderMap,
    /// Who asks.
    access: &'a Access,
    /// The body of a request that has one.
    body: &'a [u8],
}

impl Asked<'_> {
    /// The visitor that the path names.
    fn visitor(&self) -> Result<VisitorId, HttpError> {
        let id = percent_decode_str(self.part).decode_utf8();
        let id = id.map_err(|_| HttpError::Visitor)?;
        VisitorId::parse(&id).map_err(|_| HttpError::Visitor)
    }
}

/// An answer that arrives later.
type Later<'a> = Pin<Box<dyn Future<Output = Result<Answer, HttpError>> + Send + 'a>>;

/// What is told of a route in `/openapi.json`: what it is for, what it takes and what it answers.
/// What holds for all of them [`described`] adds.
type Describing = fn() -> Operation;

type Answering = for<'a> fn(Asked<'a>) -> Later<'a>;

/// A route and what it takes to be answered.
struct Route {
    method: Method,
    path: &'static str,
    role: Role,
    about: About,
    describe: Describing,
    answer: Answering,
}

/// What an answer is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Single visitors: the audit log has a line of it.
    Visitors,
    /// Counts, or the collector itself.
    Nobody,
}

/// A route that shows something of visitors.
const fn get(path: &'static str, role: Role, describe: Describing, answer: Answering) -> Route {
    Route {
        method: Method::GET,
        path,
        role,
        about: About::Visitors,
        describe,
        answer,
    }
}

/// A route that shows nothing of any single visitor.
const fn totals(path: &'static str, role: Role, describe: Describing, answer: Answering) -> Route {
    Route {
        method: Method::GET,
        path,
        role,
        about: About::Nobody,
        describe,
        answer,
    }
}

/// A route that erases.
const fn delete(path: &'static str, role: Role, describe: Describing, answer: Answering) -> Route {
    Route {
        method: Method::DELETE,
        path,
        role,
        about: About::Visitors,
        describe,
        answer,
    }
}

/// A route that takes a body and changes what is stored of visitors.
const fn post(path: &'static str, role: Role, describe: Describing, answer: Answering) -> Route {
    Route {
        method: Method::POST,
        path,
        role,
        about: About::Visitors,
        describe,
        answer,
    }
}

impl Route {
    /// The part of a path that the name in braces stands for, where the path is this route's.
    fn part<'a>(&self, path: &'a str) -> Option<&'a str> {
        pattern::part(self.path, path)
    }

    fn takes(&self, method: &Method) -> bool {
        pattern::takes(&self.method, method)
    }
}

/// What is told of all routes: path, method, and the rest.
pub(super) fn described(site: &str) -> impl Iterator<Item = (String, Method, Operation)> {
    ROUTES.iter().map(move |route| {
        let about = "Which site is meant, where the collector has several: this one's id.";
        let site = one_of([site]);
        let mut operation = (route.describe)();
        if route.path.starts_with("profiles/{id}") {
            let visitor = part("id", id(), "A visitor's id.");
            operation = operation.takes(visitor).fails([HttpError::Visitor]);
        }
        if route.method == Method::POST {
            // Whatever comes is read.
            operation = operation.fails(openapi::reading_a_body());
        }
        let operation = operation
            .details(&format!("Needs a token with the role `{}`.", route.role))
            .security(Security::Token(route.role))
            .takes(openapi::query("site", site, about))
            .fails(openapi::using_the_store())
            .fails([
                HttpError::Token,
                openapi::parameter(),
                HttpError::Role {
                    held: Role::Read,
                    needed: route.role,
                },
                HttpError::ForeignSite { own: "".into() },
            ]);
        let path = format!("{BELOW}{}", route.path);
        (path, route.method.clone(), operation)
    })
}

/// How many visitors, events or the like an answer is about; whoever makes the answer puts it
/// beside it, for the audit log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told(pub(super) u64);

/// The visitor that an answer turned out to be about, put beside it for the audit log.
#[derive(Clone, Debug)]
struct Concerned(VisitorId);

/// Says how many visitors, events or the like an answer is about.
fn told(mut answer: Answer, count: usize) -> Answer {
    answer.extensions_mut().insert(Told(count as u64));
    answer
}

/// Answers a request to a path below `/admin/v1/`.
pub(super) async fn answer(
    sites: &Sites,
    request: &Request<()>,
    body: &mut Unread,
    path: &str,
) -> Result<Answer, HttpError> {
    // Before anything else: who has no token does not learn what exists.
    let access = authorise(sites.shared(), request.headers())?;
    let app = meant(sites, &access, request)?;
    let mut routes = ROUTES.iter().filter(|one| one.takes(request.method()));
    let found = routes.find_map(|route| Some((route, route.part(path)?)));
    let (route, part) = found.ok_or(HttpError::Route)?;
    let refused = needs(&access, route.role).err();
    // Nothing is read of whoever may not send it.
    let held = match (&refused, route.method == Method::POST) {
        (None, true) => {
            let coding = headers::acceptable(request.headers())?;
            body.read(app, coding).await?
        }
        _ => Held::default(),
    };
    let asked = Asked {
        app,
        uri: request.uri(),
        part,
        headers: request.headers(),
        access: &access,
        body: &held.bytes,
    };
    if route.about == About::Nobody {
        return match refused {
            Some(error) => Err(error),
            None => (route.answer)(asked).await,
        };
    }
    let noting = Noting {
        app,
        entry: entry(&access, route, asked),
        route: route.path,
        changes: route.role == Role::Erase || route.method == Method::POST,
        refused,
    };
    noting.answered((route.answer)(asked), outcome).await
}

/// What the audit log is told of an answer.
fn outcome(answered: &Result<Answer, HttpError>) -> Outcome {
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => return Outcome::of(error.status()),
    };
    let told = answer.extensions().get::<Told>();
    let concerned = answer.extensions().get::<Concerned>();
    Outcome {
        status: answer.status(),
        count: told.map(|Told(count)| *count),
        visitor: concerned.map(|Concerned(visitor)| visitor.clone()),
    }
}

/// What the audit log says of a request.
fn entry(access: &Access, route: &Route, asked: Asked<'_>) -> AuditEntry {
    let name = format!("{} {}", route.method, route.path);
    let mut entry = AuditEntry::asked(clock::now(), &access.id, &access.name, &name);
    if route.path.starts_with("profiles/{id}")
        && let Ok(visitor) = asked.visitor()
    {
        entry.visitor = Some(asked.app.cookie.pseudonym(&visitor).into());
    }
    entry
}

/// The name of the route of a path below `/admin/v1/`.
pub(super) fn name(path: &str, method: &Method) -> &'static str {
    let mut routes = ROUTES.iter().filter(|one| one.takes(method));
    let found = routes.find(|one| one.part(path).is_some());
    found.map_or("/admin/v1/", |route| route.path)
}

/// The methods that a path below `/admin/v1/` takes.
pub(super) fn methods(path: &str) -> &'static str {
    let has = |method: Method| {
        let mut routes = ROUTES.iter();
        routes.any(|route| route.method == method && route.part(path).is_some())
    };
    match (has(Method::GET), has(Method::POST), has(Method::DELETE)) {
        (_, false, false) => "GET, HEAD",
        (true, false, true) => "GET, HEAD, DELETE",
        (true, true, false) => "GET, HEAD, POST",
        (true, true, true) => "GET, HEAD, POST, DELETE",
        (false, true, false) => "POST",
        (false, false, true) => "DELETE",
        (false, true, true) => "POST, DELETE",
    }
}

/// What the token of a request allows.
pub(super) fn authorise(shared: &Shared, headers: &HeaderMap) -> Result<Access, HttpError> {
    let header = headers.get(AUTHORIZATION).ok_or(HttpError::Token)?;
    let header = header.to_str().map_err(|_| HttpError::Token)?;
    let (scheme, token) = header.split_once(' ').ok_or(HttpError::Token)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(HttpError::Token);
    }
    let access = shared.tokens.access(token.trim(), clock::now());
    access.ok_or(HttpError::Token)
}

/// Refuses a token whose role is less than what is needed.
pub(super) fn needs(access: &Access, needed: Role) -> Result<(), HttpError> {
    let held = access.role;
    if held >= needed {
        Ok(())
    } else {
        Err(HttpError::Role { held, needed })
    }
}

/// The site that an administrator means.
fn meant<'a>(
    sites: &'a Sites,
    access: &Access,
    request: &Request<()>,
) -> Result<&'a App, HttpError> {
    let named = query::parameter(request.uri(), "site");
    if let Some(own) = &access.site {
        // Whether there is another site of that name is not this token's business.
        let found = named.is_none_or(|named| *named == **own);
        let found = found.then(|| sites.of_id(own)).flatten();
        let found = found.map(|app| &**app);
        return found.ok_or_else(|| HttpError::ForeignSite { own: own.clone() });
    }
    let found = match &named {
        Some(id) => sites.of_id(id),
        None => sites.only().or_else(|| sites.of_host(request.headers())),
    };
    found.map(|app| &**app).ok_or_else(|| {
        let ids: Vec<&str> = sites.all().map(|app| app.site.id()).collect();
        HttpError::Query {
            name: "site",
            detail: format!("\"site\" must say which site is meant: {}", ids.join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_by_path_and_method() {
        for (path, allowed) in [
            ("profiles", "GET, HEAD"),
            ("profiles/a", "GET, HEAD, DELETE"),
            ("profiles/", "GET, HEAD, DELETE"),
            ("profiles/a/timeline", "GET, HEAD"),
            ("erase", "POST"),
            ("merges", "GET, HEAD"),
            ("merges/7/undo", "POST"),
            ("profiles/a/b", "GET, HEAD"),
            ("unknown", "GET, HEAD"),
        ] {
            assert_eq!(methods(path), allowed, "{path}");
        }
        let part = |path| {
            let route = ROUTES.iter().find(|one| one.path.ends_with("/why"));
            route.and_then(|route| route.part(path))
        };
        assert_eq!(part("profiles/a%2Fb/why"), Some("a%2Fb"));
        for path in [
            "profiles/a",
            "profiles/a/why/",
            "profiles/a/b/why",
            "x/a/why",
        ] {
            assert_eq!(part(path), None, "{path}");
        }
    }

    #[test]
    fn what_takes_away_needs_the_highest_role() {
        for route in ROUTES {
            let erases = route.method == Method::DELETE || route.path == "erase";
            assert_eq!(erases, route.role == Role::Erase, "{}", route.path);
        }
    }
}
