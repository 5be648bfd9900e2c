//! Everything an HTTP request can end in but success: one enum, so that each has its status, its
//! tag and its sentence in one place.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};

use crate::config::ContentProblem;
use crate::ingest::{IngestError, MAX_BODY_BYTES};
use crate::store::StoreError;
use crate::store::merges::{KeptMerge, Undone};
use crate::token::Role;

/// Why a request is answered with an error.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request's messages cannot be taken.
    #[error("{0}")]
    Ingest(#[from] IngestError),
    /// A parameter in the address is wrong.
    #[error("{detail}")]
    Query {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The connection broke while the body was read.
    #[error("the body ended too early")]
    BrokenBody,
    /// No administrator's token, or a wrong one.
    #[error("an administrator's token must be in the header: Authorization: Bearer …")]
    Token,
    /// The token does not allow what is asked.
    #[error("this token has the role {held}; what is asked needs the role {needed}")]
    Role {
        /// The token's.
        held: Role,
        /// What would be right.
        needed: Role,
    },
    /// The token is for another site.
    #[error("this token is for the site {own:?} alone")]
    ForeignSite {
        /// The site's id.
        own: Box<str>,
    },
    /// A page of a foreign origin sent it.
    #[error("pages of this origin may not send or ask; see allowed_origins in firstglance.toml")]
    Origin,
    /// Somebody asks to be forgotten as a visitor that they do not prove to be.
    #[error(
        "this visitor cannot be erased by whoever knows the id: neither the visitor cookie nor \
         \"claim\" proves that it is the browser's own"
    )]
    Unproven,
    /// There is nothing at this address.
    #[error("there is nothing at this address")]
    Route,
    /// There is no such visitor.
    #[error("no visitor of this id is known")]
    Visitor,
    /// Content that was posted is wrong.
    #[error("{}", told(.0))]
    Content(Vec<ContentProblem>),
    /// There is no such version of posted content, or not any more.
    #[error("no version of this number is kept")]
    ContentVersion,
    /// What a change is based on is not what is in force.
    #[error(
        "the rules have changed since version {based_on}; version {present} is in force. Look at what \
         changed, and base the change on that"
    )]
    RulesChanged {
        /// The version that the change is based on.
        based_on: u64,
        /// The one that is in force.
        present: u64,
    },
    /// A link to a preview is wrong or too old, or what it shows is kept no more.
    #[error("this link to a preview is none of ours or has expired; ask for another one")]
    Preview,
    /// There is no such merge, or not any more.
    #[error("no merge of this id is kept")]
    Merge,
    /// A merge was undone before.
    #[error("this is undone already{}", .by.map_or_else(String::new, |by| format!(
        ", by merge {by}; to have it back, undo that one"
    )))]
    Undone {
        /// By which, where that is known.
        by: Option<u64>,
    },
    /// A later undo of the same lies upon the one that is to be undone.
    #[error("merge {first} has undone the same later; undo that one first")]
    UndoFirst {
        /// That undo.
        first: u64,
    },
    /// A person has more names than can be taken apart.
    #[error("this person has more than {most} user ids, which cannot be taken apart at once")]
    TooManyUsers {
        /// How many can be.
        most: usize,
    },
    /// A segment or interest of the address is not known.
    #[error("there is no {what} {id:?}; those known are: {known}")]
    Unknown {
        /// What it would be.
        what: &'static str,
        /// Its id.
        id: String,
        /// Ids that are known.
        known: String,
    },
    /// A list has nothing, or too much.
    #[error("the list has {count} ids; it must have at least 1 and may have {most}")]
    List {
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// Nobody knows by which name the collector was reached.
    #[error("the header Host must name the host, and nothing else")]
    Host,
    /// The site's name in the address is wrong.
    #[error("there is no site with this write key")]
    Site,
    /// Nothing in the request says for which of several sites it is.
    #[error(
        "this collector has several sites and the request does not say which it is for: by a write \
         key (\"writeKey\" in the body, \"site\" in the address or Basic authentication), by the \
         name of the host, or by an origin that one site alone allows"
    )]
    WhichSite,
    /// The address takes other methods.
    #[error("the method is not one that this address takes: {allow}")]
    Method {
        /// Those it takes.
        allow: &'static str,
    },
    /// The body did not come in time.
    #[error("the body did not come in time")]
    SlowBody,
    /// The body is too large.
    #[error("the body has more than {MAX_BODY_BYTES} bytes")]
    BodyTooLarge,
    /// The body is too large once it is unpacked.
    #[error("the body has more than {MAX_BODY_BYTES} bytes when it is decompressed")]
    UnpackedTooLarge,
    /// The body is compressed in another way than is known.
    #[error("a body may be compressed once, by gzip or br, and Content-Encoding says so")]
    Encoding,
    /// The body is not compressed as it says.
    #[error(
        "the body is not {0}, although Content-Encoding says so, or something of it is missing"
    )]
    Packed(&'static str),
    /// A form of the console was sent by a page that is none of the session's.
    #[error(
        "this form was not sent by a page of your present session; open the page again and send it \
         from there"
    )]
    Form,
    /// A form of the console is sent in another way than forms are.
    #[error("a form must be sent as Content-Type: application/x-www-form-urlencoded")]
    FormType,
    /// The body is not JSON by its own account.
    #[error("the body must be JSON: Content-Type application/json or text/plain")]
    MediaType,
    /// An address has sent too many requests of late, or the visitors of one too many messages.
    #[error("{what} came than may in a minute; see [limits] in firstglance.toml")]
    TooMany {
        /// More of what.
        what: &'static str,
        /// Seconds after which the same may be sent again.
        seconds: u64,
    },
    /// The one message that a link stands for was refused.
    #[error("{detail}")]
    Refused {
        /// The reason's name.
        code: &'static str,
        /// The field at fault.
        place: String,
        /// Why.
        detail: String,
    },
    /// More is asked than can be done at present.
    #[error("too much is asked at present; try again shortly")]
    Busy,
    /// A backup cannot be written.
    #[error("there is no backup: {0}")]
    Backup(String),
    /// The store does not take anything.
    #[error("{0}")]
    Store(StoreError),
    /// A bug.
    #[error("an error inside the collector; its log says more")]
    Internal,
}

/// What is wrong with posted content, in one sentence.
fn told(problems: &[ContentProblem]) -> String {
    match problems {
        [] => "the content is not in order".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            error => Self::Store(error),
        }
    }
}

impl HttpError {
    /// What an undo has done: the entry that says so, and whether they are one person all the same.
    ///
    /// # Errors
    /// Says why nothing was undone.
    pub fn unless_done(outcome: Undone) -> Result<(KeptMerge, bool), Self> {
        match outcome {
            Undone::Done { entry, together } => Ok((entry, together)),
            Undone::Unknown => Err(Self::Merge),
            Undone::Already { by } => Err(Self::Undone { by }),
            Undone::Below { first } => Err(Self::UndoFirst { first }),
            Undone::TooLarge { most } => Err(Self::TooManyUsers { most }),
        }
    }

    /// Too many came; `what` says of what, beginning with "more".
    pub(super) fn too_many(what: &'static str, wait: Duration) -> Self {
        // A part of a second is not enough to wait.
        let seconds = wait.as_secs() + 1;
        Self::TooMany { what, seconds }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Ingest(IngestError::MissingKey | IngestError::WrongKey) | Self::Token => {
                StatusCode::UNAUTHORIZED
            }
            Self::Ingest(
                IngestError::BadUtf8 { .. }
                | IngestError::Malformed { .. }
                | IngestError::InvalidField { .. }
                | IngestError::TooManyMessages { .. },
            )
            | Self::Query { .. }
            | Self::Refused { .. }
            | Self::BrokenBody
            | Self::List { .. }
            | Self::Content(_)
            | Self::Host
            | Self::WhichSite
            | Self::Packed(_) => StatusCode::BAD_REQUEST,
            Self::Origin
            | Self::Unproven
            | Self::Form
            | Self::Role { .. }
            | Self::ForeignSite { .. }
            | Self::Preview => StatusCode::FORBIDDEN,
            Self::Route
            | Self::Visitor
            | Self::Merge
            | Self::ContentVersion
            | Self::Unknown { .. }
            | Self::Site => StatusCode::NOT_FOUND,
            Self::Undone { .. }
            | Self::UndoFirst { .. }
            | Self::TooManyUsers { .. }
            | Self::RulesChanged { .. } => StatusCode::CONFLICT,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge | Self::UnpackedTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoding | Self::MediaType | Self::FormType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal | Self::Backup(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The error's name in answers.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::Ingest(error) => error.tag(),
            Self::Query { .. } => "invalid_parameter",
            Self::Refused { code, .. } => code,
            Self::BrokenBody => "broken_body",
            Self::List { .. } => "invalid_list",
            Self::Token => "unauthorized",
            Self::Role { .. } => "role_missing",
            Self::ForeignSite { .. } => "foreign_site",
            Self::Origin => "origin_not_allowed",
            Self::Unproven => "unproven_visitor",
            Self::Form => "foreign_form",
            Self::FormType => "form_type",
            Self::Route => "not_found",
            Self::Visitor => "unknown_visitor",
            Self::Merge => "unknown_merge",
            Self::Content(_) => "invalid_content",
            Self::ContentVersion => "unknown_version",
            Self::RulesChanged { .. } => "rules_changed",
            Self::Preview => "invalid_preview",
            Self::Undone { .. } => "already_undone",
            Self::UndoFirst { .. } => "undo_first",
            Self::TooManyUsers { .. } => "too_many_users",
            Self::Unknown { .. } => "unknown_id",
            Self::Host => "invalid_host",
            Self::Site => "unknown_site",
            Self::WhichSite => "site_missing",
            Self::Method { .. } => "method_not_allowed",
            Self::SlowBody => "slow_body",
            Self::BodyTooLarge | Self::UnpackedTooLarge => "body_too_large",
            Self::Encoding => "unsupported_encoding",
            Self::Packed(_) => "broken_encoding",
            Self::MediaType => "unsupported_media_type",
            Self::TooMany { .. } => "too_many",
            Self::Busy => "busy",
            Self::Store(StoreError::Busy) => "busy",
            Self::Store(StoreError::Closing) => "closing",
            Self::Store(StoreError::NotDone(_)) => "not_done",
            Self::Store(StoreError::Failed(_)) => "store_failed",
            Self::Backup(_) => "backup_failed",
            Self::Internal => "internal",
        }
    }

    /// The place in the request, where there is one.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Ingest(error) => error.place(),
            Self::Query { name, .. } => Some((*name).to_owned()),
            Self::Refused { place, .. } => Some(place.clone()),
            Self::Unknown { what, .. } => Some((*what).to_owned()),
            Self::Token | Self::Role { .. } => Some("Authorization".to_owned()),
            Self::Origin => Some("Origin".to_owned()),
            Self::Unproven => Some("claim".to_owned()),
            Self::Preview => Some("token".to_owned()),
            Self::RulesChanged { .. } => Some("based_on".to_owned()),
            Self::Content(problems) => problems.first().map(|problem| problem.place.clone()),
            Self::Host => Some("Host".to_owned()),
            Self::Site | Self::WhichSite | Self::ForeignSite { .. } => Some("site".to_owned()),
            Self::Encoding | Self::Packed(_) => Some("Content-Encoding".to_owned()),
            Self::MediaType | Self::FormType => Some("Content-Type".to_owned()),
            _ => None,
        }
    }

    /// A header that goes with the status.
    #[must_use]
    pub fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self {
            Self::Method { allow } => (ALLOW, allow),
            Self::Token => (WWW_AUTHENTICATE, &"Bearer"),
            // RFC 7694: what would have been right.
            Self::Encoding => (ACCEPT_ENCODING, &"gzip, br"),
            // Not Basic, although that is taken: browsers would ask the visitor for a password.
            Self::Ingest(IngestError::MissingKey | IngestError::WrongKey) => {
                (WWW_AUTHENTICATE, &"WriteKey")
            }
            Self::TooMany { seconds, .. } => {
                return Some((RETRY_AFTER, HeaderValue::from(*seconds)));
            }
            Self::Busy | Self::Store(StoreError::Busy) => (RETRY_AFTER, &"1"),
            Self::Store(StoreError::Closing) => (RETRY_AFTER, &"5"),
            Self::Store(StoreError::Failed(_) | StoreError::NotDone(_)) => (RETRY_AFTER, &"60"),
            // What is left of the body must not be taken for the next request.
            Self::SlowBody | Self::BodyTooLarge | Self::BrokenBody => (CONNECTION, &"close"),
            _ => return None,
        };
        Some((name, HeaderValue::from_static(value)))
    }
}
