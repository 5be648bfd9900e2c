//! `/v1/decide`: what a visitor sees in slots, for pages that are made on a server, and for e-mail.
//!
//! Two ways to say who it is. The visitor's cookie, which a web server passes on: then it is as with
//! `/v1/me`, and whatever else the request says counts for nothing. Or a token with the role `decide`
//! of a program that knows its visitors by name. Who has neither is nobody, and sees defaults.
//! Robots see defaults, too: what they index is what everybody may find.

use std::sync::Arc;

use firstglance_engine::content::{self, Arm, Content, Decision, Outcome, Slot};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Evaluation, Model, Profile, Timestamp, UserId, VisitorId, snapshot};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;

use super::answer::{Answer, empty, json, set, set_text, with_body, write_content};
use super::body::Unread;
use super::error::HttpError;
use super::openapi::{self, Operation, Reply, Security, query as parameter, shapes};
use super::{App, admin, headers, me, query};
use crate::clock;
use crate::config::Robots;
use crate::ingest::IngestError;
use crate::schema::{has, list, map, may_have, object, one_of, open_object, text};
use crate::token::Role;

/// Slots that one request may ask for.
const MOST_SLOTS: usize = 100;

/// What a server passes on to its pages.
const SEGMENTS_HEADER: &str = "x-firstglance-segments";
const STAGE_HEADER: &str = "x-firstglance-stage";
const KIND_HEADER: &str = "x-firstglance-kind";
const VARIANT_HEADER: &str = "x-firstglance-variant";

/// The body of a request.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    slots: Option<Vec<String>>,
    anonymous_id: Option<String>,
    user_id: Option<String>,
    user_agent: Option<String>,
    /// Says which of several sites is meant; here only that it is a text.
    #[serde(rename = "writeKey")]
    _write_key: Option<String>,
}

/// Somebody as of now.
struct Visitor {
    /// By what they are assigned; empty for nobody.
    name: String,
    profile: Profile,
    evaluation: Evaluation,
    now: Timestamp,
    is_robot: bool,
}

impl Visitor {
    fn new(name: String, profile: Profile, model: &Model, is_robot: bool) -> Self {
        let now = clock::now();
        let profile = if is_robot { Profile::new() } else { profile };
        Self {
            evaluation: Evaluation::of(&profile, model, now),
            name,
            profile,
            now,
            is_robot,
        }
    }

    fn decide<'a>(&self, slot: &'a Slot, model: &Model) -> Option<Decision<'a>> {
        (!self.is_robot)
            .then(|| content::decide(slot, model, &self.evaluation, &self.name, self.now, ""))
    }

    fn segments(&self, model: &Model) -> Vec<Box<str>> {
        let mut segments: Vec<Box<str>> = Vec::new();
        snapshot::each_segment(&self.evaluation, model, &mut |id| segments.push(id.into()));
        segments.sort();
        segments
    }

    fn stage<'a>(&self, model: &'a Model) -> &'a str {
        snapshot::stage(&self.evaluation, &self.profile, model)
    }
}

pub(super) async fn answer(
    app: &App,
    request: &Request<()>,
    body: &mut Unread,
) -> Result<Answer, HttpError> {
    let model = app.model();
    if request.method() != Method::POST {
        let visitor = of_cookie(app, request, &model).await?;
        return Ok(for_servers(
            &visitor,
            query::parameter(request.uri(), "slot"),
            &model,
        ));
    }
    let coding = headers::acceptable(request.headers())?;
    let held = body.read(app, coding).await?;
    let asked = read(&held.bytes)?;
    let slots = asked.slots.as_deref().unwrap_or_default();
    if slots.len() > MOST_SLOTS {
        return Err(IngestError::InvalidField {
            field: "slots",
            detail: format!("may have {MOST_SLOTS} slots"),
        }
        .into());
    }
    let visitor = match bearer(app, request)? {
        true => of_names(app, &asked, &model).await?,
        false => of_cookie(app, request, &model).await?,
    };
    let mut json_body = JsonWriter::default();
    json_body.open('{');
    json_body.name("segments");
    json_body.open('[');
    for segment in visitor.segments(&model) {
        json_body.text(&segment);
    }
    json_body.close(']');
    json_body.text_member("stage", visitor.stage(&model));
    json_body.name("decisions");
    json_body.open('{');
    for (place, id) in slots.iter().enumerate() {
        // An object has each name once.
        if slots.iter().position(|other| other == id) == Some(place) {
            json_body.name(id);
            let slot = model.slot(id);
            write(
                &mut json_body,
                slot.and_then(|slot| visitor.decide(slot, &model)),
            );
        }
    }
    json_body.close('}');
    json_body.close('}');
    Ok(json(StatusCode::OK, json_body.into_string()))
}

fn read(bytes: &[u8]) -> Result<Asked, HttpError> {
    let text = std::str::from_utf8(bytes).map_err(|error| IngestError::BadUtf8 {
        at: error.valid_up_to(),
    })?;
    let read = serde_json::from_str(text).map_err(|error| IngestError::Malformed {
        line: error.line(),
        column: error.column(),
        detail: error.to_string(),
    })?;
    Ok(read)
}

/// Whether the request comes from a program that may name visitors.
fn bearer(app: &App, request: &Request<()>) -> Result<bool, HttpError> {
    let header = request.headers().get(AUTHORIZATION);
    let scheme = header.and_then(|header| header.to_str().ok());
    // Somebody's password for a proxy in front is none of ours.
    if !scheme.is_some_and(|text| text.to_ascii_lowercase().starts_with("bearer ")) {
        return Ok(false);
    }
    let access = admin::authorise(&app.shared, request.headers())?;
    admin::needs(&access, Role::Decide)?;
    match access.site {
        Some(own) if *own != *app.site.id() => Err(HttpError::ForeignSite { own }),
        _ => Ok(true),
    }
}

async fn of_cookie(app: &App, request: &Request<()>, model: &Model) -> Result<Visitor, HttpError> {
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let is_robot = is_robot(app, agent);
    let Some(visitor) = me::visitor(app, request.headers()).filter(|_| !is_robot) else {
        return Ok(Visitor::new(String::new(), Profile::new(), model, is_robot));
    };
    let profile = app.store.visitor(&visitor).await?.unwrap_or_default();
    Ok(Visitor::new(
        visitor.as_str().to_owned(),
        profile,
        model,
        false,
    ))
}

fn is_robot(app: &App, agent: Option<&str>) -> bool {
    let apart = app.site.robots == Robots::Apart;
    apart && agent.is_some_and(|agent| app.agents.read(agent).is_robot)
}

/// Whom a program names: a browser, or all browsers of a user together, assigned as the one of them
/// that was seen last, so that an e-mail says what the page says.
async fn of_names(app: &App, asked: &Asked, model: &Model) -> Result<Visitor, HttpError> {
    let wrong = |field: &'static str, error: firstglance_engine::id::IdError| {
        HttpError::from(IngestError::InvalidField {
            field,
            detail: error.to_string(),
        })
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let is_robot = is_robot(app, asked.user_agent.as_deref());
    // Both are looked at, also where one is enough: a name that cannot be is a mistake.
    let user = given(&asked.user_id).map(|user| UserId::parse(&user));
    let user = user.transpose().map_err(|error| wrong("userId", error))?;
    if let Some(id) = given(&asked.anonymous_id) {
        let visitor = VisitorId::anonymous(&id).map_err(|error| wrong("anonymousId", error))?;
        let profile = app.store.visitor(&visitor).await?.unwrap_or_default();
        return Ok(Visitor::new(id, profile, model, is_robot));
    }
    let Some(user) = user else {
        return Ok(Visitor::new(String::new(), Profile::new(), model, is_robot));
    };
    let visitors = app.store.visitors_of_user(&user).await?;
    let Some(first) = visitors.first() else {
        // Nobody has come yet: assigned by the name under which a message would make them known.
        let name = VisitorId::of_user(&user).as_str().to_owned();
        return Ok(Visitor::new(name, Profile::new(), model, is_robot));
    };
    let person = app.store.person(first).await?;
    let last = person
        .visitors()
        .max_by_key(|(_, profile)| profile.last_seen);
    let name = last.map_or_else(String::new, |(visitor, _)| visitor.as_str().to_owned());
    let profile = person.profile(model);
    Ok(Visitor::new(name, profile, model, is_robot))
}

/// Writes what is decided; the default where nothing can be.
fn write(json: &mut JsonWriter, decision: Option<Decision<'_>>) {
    json.open('{');
    json.text_member("kind", decision.map_or(content::DEFAULT, |one| one.kind()));
    if let Some(decision) = decision {
        if let Some(arm) = decision.arm() {
            json.text_member("variant", arm.id());
        }
        if let Some(content) = shown(&decision) {
            write_content(json, content);
        }
        json.text_member("why", decision.why.name());
    }
    json.close('}');
}

/// What is put into the slot.
fn shown<'a>(decision: &Decision<'a>) -> Option<&'a Content> {
    match decision.outcome {
        Outcome::Variant(Arm::Configured(variant)) => Some(&variant.content),
        _ => None,
    }
}

/// The answer for a web server that puts pages together: markup, or headers alone.
fn for_servers(
    visitor: &Visitor,
    slot: Option<std::borrow::Cow<'_, str>>,
    model: &Arc<Model>,
) -> Answer {
    let slot = slot.as_deref().and_then(|id| model.slot(id));
    let decision = slot.and_then(|slot| visitor.decide(slot, model));
    let html = match decision.as_ref().and_then(shown) {
        Some(Content::Html(html)) => Some(html),
        _ => None,
    };
    let mut answer = match html {
        Some(html) => {
            let mut answer = with_body(StatusCode::OK, html.to_string());
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            set(&mut answer, CONTENT_TYPE, html);
            answer
        }
        None => empty(StatusCode::NO_CONTENT),
    };
    let segments = visitor.segments(model).join(" ");
    for (name, value) in [
        (SEGMENTS_HEADER, segments.as_str()),
        (STAGE_HEADER, visitor.stage(model)),
        ("cache-control", "no-store"),
    ] {
        set_text(&mut answer, HeaderName::from_static(name), value);
    }
    if let Some(decision) = decision {
        let kind = HeaderName::from_static(KIND_HEADER);
        set_text(&mut answer, kind, decision.kind());
        if let Some(arm) = decision.arm() {
            let variant = HeaderName::from_static(VARIANT_HEADER);
            set_text(&mut answer, variant, arm.id());
        }
    }
    answer
}

pub(super) fn describe() -> Operation {
    let decision = object([
        has(
            "kind",
            one_of(["variant", content::CONTROL, content::DEFAULT]),
        ),
        may_have(
            "variant",
            text().about("Of who is held out, the one that would have been shown."),
        ),
        may_have("html", text()),
        may_have("fields", map(text())),
        may_have("why", text()),
    ]);
    let body = open_object([
        may_have("slots", list(text()).holding(0, MOST_SLOTS).or_null()),
        may_have("writeKey", text().or_null()),
        may_have(
            "anonymousId",
            shapes::anonymous_id()
                .or_empty()
                .or_null()
                .about("With a token: the browser's name."),
        ),
        may_have(
            "userId",
            shapes::user_id()
                .or_empty()
                .or_null()
                .about("With a token: the person's name."),
        ),
        may_have(
            "userAgent",
            text()
                .or_null()
                .about("With a token: the browser's; robots see defaults."),
        ),
    ]);
    Operation::new("What a visitor sees in slots")
        .details(
            "Whom the visitor cookie names; or, with a token of the role `decide`, whom the body \
             names. A slot that is not configured has its default.",
        )
        .security(Security::Decide)
        .json_body(body)
        .gives(Reply::json(
            "Segments, stage and decisions.",
            object([
                has("segments", list(text())),
                has("stage", text()),
                has("decisions", map(decision)),
            ]),
        ))
        .fails(openapi::reading_json())
        .fails(openapi::using_the_store())
        .fails([
            openapi::too_many(),
            HttpError::Origin,
            HttpError::Token,
            HttpError::ForeignSite { own: "".into() },
        ])
}

pub(super) fn describe_get() -> Operation {
    let with_headers = |reply: Reply| {
        reply
            .header(SEGMENTS_HEADER, text().about("Ids between spaces."))
            .header(STAGE_HEADER, text())
            .may_say(KIND_HEADER, text())
            .may_say(VARIANT_HEADER, text())
    };
    Operation::new("What a visitor sees in a slot, for a web server that puts pages together")
        .security(Security::Cookie)
        .takes(parameter(
            "slot",
            text(),
            "The slot; left out, only headers are wanted.",
        ))
        .gives(with_headers(
            Reply::empty(StatusCode::OK, "The markup of a variant.")
                .content("text/html; charset=utf-8", text()),
        ))
        .gives(with_headers(Reply::empty(
            StatusCode::NO_CONTENT,
            "What the page itself has, or no slot was asked for.",
        )))
        .fails(openapi::using_the_store())
        .fails([openapi::too_many(), HttpError::Origin])
}
