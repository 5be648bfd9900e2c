//! What is told of one route: what it is for, what it takes, and every answer it can give.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::super::error::HttpError;
use super::failures;
use super::parameter::Parameter;
use super::shapes::problem;
use crate::schema::{Schema, any_of, has, list, may_have, object, one_of, text};
use crate::token::Role;

const JSON: &str = "application/json";

/// Who may ask.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Security {
    /// Everybody.
    Nobody,
    /// Whoever has the site's write key, as a user name or in the body.
    WriteKey,
    /// Everybody; whom the answer is about the visitor cookie says.
    Cookie,
    /// Everybody; whom the answer is about the visitor cookie says, or a token for servers and the body.
    Decide,
    /// Administrators with this role.
    Token(Role),
}

/// An answer.
#[derive(Clone, Debug)]
pub(in super::super) struct Reply {
    status: StatusCode,
    about: &'static str,
    contents: Vec<(String, Schema)>,
    headers: Vec<Header>,
}

#[derive(Clone, Debug)]
struct Header {
    name: String,
    schema: Schema,
    always: bool,
}

impl Reply {
    /// An answer without a body.
    pub(in super::super) const fn empty(status: StatusCode, about: &'static str) -> Self {
        Self {
            status,
            about,
            contents: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// 200 with JSON.
    pub(in super::super) fn json(about: &'static str, schema: Schema) -> Self {
        Self::empty(StatusCode::OK, about).content(JSON, schema)
    }

    /// The same with a body of this type.
    pub(in super::super) fn content(mut self, media_type: &str, schema: Schema) -> Self {
        self.contents.push((media_type.to_owned(), schema));
        self
    }

    /// The same with a header that is always there.
    pub(in super::super) fn header(self, name: &str, schema: Schema) -> Self {
        self.said(name, schema, true)
    }

    /// The same with a header that may be there.
    pub(in super::super) fn may_say(self, name: &str, schema: Schema) -> Self {
        self.said(name, schema, false)
    }

    fn said(mut self, name: &str, schema: Schema, always: bool) -> Self {
        self.headers.push(Header {
            name: name.to_owned(),
            schema,
            always,
        });
        self
    }
}

/// What is told of a route.
#[derive(Debug)]
pub(in super::super) struct Operation {
    summary: &'static str,
    details: String,
    security: Security,
    parameters: Vec<Parameter>,
    body: Vec<(&'static str, Schema)>,
    replies: Vec<Reply>,
    errors: Vec<HttpError>,
}

impl Operation {
    /// A route that is for this.
    pub(in super::super) const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            details: String::new(),
            security: Security::Nobody,
            parameters: Vec::new(),
            body: Vec::new(),
            replies: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// More of what it is for, in Markdown.
    pub(in super::super) fn details(mut self, details: &str) -> Self {
        if !self.details.is_empty() {
            self.details.push_str("\n\n");
        }
        self.details.push_str(details);
        self
    }

    /// Who may ask.
    pub(in super::super) const fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// What it takes beside a body.
    pub(in super::super) fn takes(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// A body that it takes, and must have.
    pub(in super::super) fn body(mut self, media_type: &'static str, schema: Schema) -> Self {
        self.body.push((media_type, schema));
        self
    }

    /// A body of JSON, and what goes wrong while any body is read.
    pub(in super::super) fn json_body(self, schema: Schema) -> Self {
        self.body(JSON, schema).fails(failures::reading_a_body())
    }

    /// An answer that it gives.
    pub(in super::super) fn gives(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    /// Errors that it gives, in the shape of all errors.
    pub(in super::super) fn fails(mut self, errors: impl IntoIterator<Item = HttpError>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// The operation object of OpenAPI.
    pub(super) fn into_json(self, id: &str, tag: &str) -> Value {
        let mut operation = json!({
            "operationId": id,
            "summary": self.summary,
            "tags": [tag],
            "security": match self.security {
                Security::Nobody => json!([]),
                Security::WriteKey => json!([{ "writeKey": [] }, {}]),
                Security::Cookie => json!([{ "visitor": [] }, {}]),
                Security::Decide => {
                    json!([{ "visitor": [] }, { "token": [Role::Decide.name()] }, {}])
                }
                Security::Token(role) => json!([{ "token": [role.name()] }]),
            },
            "responses": responses(self.replies, &self.errors),
        });
        if !self.details.is_empty() {
            operation["description"] = self.details.into();
        }
        if !self.parameters.is_empty() {
            let parameters = self.parameters.into_iter().map(|one| one.0);
            operation["parameters"] = parameters.map(Value::Object).collect();
        }
        if !self.body.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": contents(self.body) });
        }
        operation
    }
}

/// Errors of one status become one answer, whose code is one of theirs.
fn responses(replies: Vec<Reply>, errors: &[HttpError]) -> Value {
    let mut all: BTreeMap<u16, Vec<Reply>> = BTreeMap::new();
    for reply in replies {
        all.entry(reply.status.as_u16()).or_default().push(reply);
    }
    let mut failed: BTreeMap<u16, Vec<&HttpError>> = BTreeMap::new();
    for error in errors {
        let status = error.status().as_u16();
        failed.entry(status).or_default().push(error);
    }
    for (status, errors) in failed {
        let more = all.entry(status).or_default();
        more.push(error_reply(&errors));
    }
    let responses = all.into_iter().map(|(status, replies)| {
        let about: Vec<&str> = replies.iter().map(|one| one.about).collect();
        let mut response = json!({ "description": about.join(" ") });
        let mut bodies = Vec::new();
        let mut headers = Map::new();
        for reply in replies {
            bodies.extend(reply.contents);
            for header in reply.headers {
                let schema = header.schema.into_json();
                let said = json!({ "required": header.always, "schema": schema });
                headers.insert(header.name, said);
            }
        }
        if !bodies.is_empty() {
            response["content"] = contents(bodies).into();
        }
        if !headers.is_empty() {
            response["headers"] = headers.into();
        }
        (status.to_string(), response)
    });
    responses.collect::<Map<_, _>>().into()
}

fn error_reply(errors: &[&HttpError]) -> Reply {
    let status = errors.first().map_or(StatusCode::OK, |one| one.status());
    let mut codes: Vec<&'static str> = errors.iter().map(|one| one.tag()).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut shape = vec![has("error", error_member(codes))];
    if errors
        .iter()
        .any(|one| matches!(one, HttpError::Content(_)))
    {
        shape.push(may_have("problems", list(problem())));
    }
    let mut reply = Reply::empty(status, "`error.code` says why.").content(JSON, object(shape));
    for error in errors {
        let Some((name, _)) = error.header() else {
            continue;
        };
        let has = |other: &&HttpError| other.header().is_some_and(|(said, _)| said == name);
        if reply
            .headers
            .iter()
            .any(|known| known.name == name.as_str())
        {
            continue;
        }
        let always = errors.iter().all(has);
        reply = reply.said(name.as_str(), text(), always);
    }
    reply
}

/// The member `error` of an answer; see [`super::super::answer::write_error`].
pub(in super::super) fn error_member(codes: impl IntoIterator<Item = &'static str>) -> Schema {
    object([
        has("code", one_of(codes)),
        has("message", text().about("For people.")),
        may_have("where", text().about("The place in the request.")),
    ])
}

/// Bodies of one type become one.
fn contents<N: AsRef<str>>(bodies: Vec<(N, Schema)>) -> Map<String, Value> {
    let mut all: BTreeMap<String, Vec<Schema>> = BTreeMap::new();
    for (media_type, schema) in bodies {
        let media_type = media_type.as_ref().to_owned();
        all.entry(media_type).or_default().push(schema);
    }
    let contents = all.into_iter().map(|(media_type, schemas)| {
        let schema = any_of(schemas).into_json();
        (media_type, json!({ "schema": schema }))
    });
    contents.collect()
}
