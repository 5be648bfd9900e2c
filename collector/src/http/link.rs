//! What a pixel and the link of a campaign have in common: they are recorded as a message is, on
//! disk before the answer, under the limits and the consent that hold for messages.
//!
//! Nothing is recorded where it were no visit: of `HEAD`, of what a browser fetches beforehand, and
//! where the visitor's browser or the site says no. No answer sets a cookie or tells anything of a
//! visitor.

use firstglance_engine::address::Address;
use firstglance_engine::model::Consent;
use firstglance_engine::{Timestamp, VisitorId, campaign};
use hyper::header::{HeaderMap, HeaderName, REFERER};
use hyper::{Method, Request};

use super::error::HttpError;
use super::openapi::shapes::{anonymous_id, user_id};
use super::openapi::{Operation, family, query};
use super::sender::SentBy;
use super::{App, client_address, ingest as batch, me};
use crate::clock;
use crate::config::DefaultConsent;
use crate::hexadecimal::hexadecimal;
use crate::ingest::{Form, LinkKind, Opened, link};
use crate::schema::{id, one_of, text};

const PRIVACY_CONTROL: HeaderName = HeaderName::from_static("sec-gpc");
const DO_NOT_TRACK: HeaderName = HeaderName::from_static("dnt");
/// What a browser fetches before anybody wants to see it; the second is the older name.
const PURPOSES: [HeaderName; 2] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
];

/// Records that a link was opened, unless it is not to be.
///
/// # Errors
/// [`HttpError`] when it could not be taken in.
pub(super) async fn record(
    app: &App,
    request: &Request<()>,
    kind: LinkKind<'_>,
) -> Result<(), HttpError> {
    let headers = request.headers();
    if request.method() == Method::HEAD || is_beforehand(headers) {
        return Ok(());
    }
    let now = clock::now();
    let own = me::visitor(app, headers).filter(|_| app.daily.is_none());
    let address = client_address::of(request, &app.behind.trusted_proxies);
    let today = batch::daily_visitor(app, request, address, now)?;
    let referrer = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let address = Address {
        query: request.uri().query().unwrap_or_default(),
        ..Address::default()
    };
    let link = link(
        address.parameters(),
        &Opened {
            kind,
            browser: own.as_ref().or(today.as_ref()),
            referrer: referrer.unwrap_or_default(),
            at: now,
            fresh_id: &fresh_id()?,
        },
    );
    if !is_allowed(app, headers, own.as_ref(), link.consent) {
        app.metrics.refused_request("no_consent");
        return Ok(());
    }
    take_in(
        app,
        request,
        Form::Single(link.form),
        link.body.as_bytes(),
        now,
    )
    .await
}

/// Takes in one message.
pub(super) async fn take_in(
    app: &App,
    request: &Request<()>,
    form: Form,
    body: &[u8],
    now: Timestamp,
) -> Result<(), HttpError> {
    let taken = batch::take_in(app, request, SentBy::Reader, form, body, now).await?;
    match taken.refused.first() {
        Some(refused) if !refused.why.is_automated() => Err(HttpError::Refused {
            code: refused.why.tag(),
            place: refused.place.clone(),
            detail: refused.why.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Whether a browser fetches this without anybody having asked for it.
fn is_beforehand(headers: &HeaderMap) -> bool {
    PURPOSES.iter().any(|name| {
        let purpose = headers.get(name).and_then(|purpose| purpose.to_str().ok());
        purpose.is_some_and(|purpose| {
            let purpose = purpose.to_ascii_lowercase();
            purpose.contains("prefetch") || purpose.contains("preview")
        })
    })
}

/// Whether the visitor allows it, as far as anybody says: the sender of the link, who may know, else
/// the browser, whose cookie is there by consent alone, else the site's default.
fn is_allowed(
    app: &App,
    headers: &HeaderMap,
    own: Option<&VisitorId>,
    said: Option<Consent>,
) -> bool {
    if let Some(said) = said {
        return said == Consent::Granted;
    }
    let objects = |name: &HeaderName| headers.get(name).is_some_and(|value| value == "1");
    !objects(&PRIVACY_CONTROL)
        && !objects(&DO_NOT_TRACK)
        && (own.is_some() || app.site.consent == DefaultConsent::State(Consent::Granted))
}

fn fresh_id() -> Result<String, HttpError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "there is no randomness");
        HttpError::Internal
    })?;
    Ok(format!("link-{}", hexadecimal(&random)))
}

/// Adds the parameters that pixels and links have in common.
pub(super) fn described(operation: Operation) -> Operation {
    let campaign: Vec<&str> = campaign::fields().chain(campaign::click_ids()).collect();
    let campaign = format!("^({})$", campaign.join("|"));
    let consent = one_of(Consent::ALL.map(Consent::name));
    let names = [
        ("url", "The page's address."),
        ("title", "The page's title."),
        ("referrer", "Where the visitor came from."),
    ];
    let operation = operation
        .takes(query("writeKey", text(), "The site's write key.").required())
        .takes(query("event", text(), "What happened."))
        .takes(query(
            "anonymousId",
            anonymous_id().or_empty(),
            "Whose it is.",
        ))
        .takes(query("userId", user_id().or_empty(), "Whose it is."))
        .takes(query(
            "messageId",
            id().or_empty(),
            "With the same one it counts once.",
        ))
        .takes(query(
            "consent",
            consent.or_empty(),
            "Only `granted` is recorded.",
        ))
        .takes(family(
            "campaign",
            &campaign,
            "UTM parameters and click ids.",
        ))
        .takes(family(
            "properties",
            "^properties\\..",
            "Of the event, as texts.",
        ));
    names
        .into_iter()
        .fold(operation, |operation, (name, about)| {
            operation.takes(query(name, text(), about))
        })
}
