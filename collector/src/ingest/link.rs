//! What the parameters of an address say happened: an image of an e-mail or of a page without scripts
//! was loaded, or the link of a campaign was followed. They become a message like any other, so that
//! everything after this treats them alike.
//!
//! Whom an address names need not be who opened it: an e-mail may have been passed on. So a name in
//! the address stands for itself and is never joined to the browser's own.

use std::borrow::Cow;

use firstglance_engine::json::JsonWriter;
use firstglance_engine::model::Consent;
use firstglance_engine::{Campaign, Properties, Timestamp, VisitorId};

/// What parameters of an event's properties begin with.
const PROPERTY: &str = "properties.";

/// Names by which e-mail is known as a medium or source.
const EMAIL: [&str; 4] = ["email", "e-mail", "e_mail", "e mail"];

/// A link that was opened, besides its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// What was opened.
    pub kind: LinkKind<'a>,
    /// Whose browser it was, as far as it proves that, or as the day's names tell.
    pub browser: Option<&'a VisitorId>,
    /// The page that shows the image or has the link, where the browser tells.
    pub referrer: &'a str,
    /// When.
    pub at: Timestamp,
    /// An id for the message, unlike any other.
    pub fresh_id: &'a str,
}

/// The two kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind<'a> {
    /// An image that nobody sees.
    Pixel,
    /// A link that leads to this address.
    Click(&'a str),
}

/// What the parameters say.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// The type of the message.
    pub form: &'static str,
    /// The message, as JSON. Whether it is in order is not looked at here.
    pub body: String,
    /// What the sender says the visitor consents to.
    pub consent: Option<Consent>,
}

/// Reads parameters, in order; of several of one name the first counts.
pub fn link<'a>(
    parameters: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    opened: &Opened<'_>,
) -> Link {
    let parameters: Vec<_> = parameters.collect();
    let get = |name: &str| {
        let found = parameters.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let campaign = Campaign::from_pairs(parameters.iter().map(|(name, value)| (name, value)));
    let is_page = opened.kind == LinkKind::Pixel
        && match get("type") {
            "" => get("event").is_empty() && campaign.is_empty(),
            given => given == "page",
        };
    let mut properties = Properties::new();
    for (name, value) in parameters.iter().rev() {
        if let Some(name) = name.strip_prefix(PROPERTY).filter(|name| !name.is_empty()) {
            properties.set_text(name, value);
        }
    }
    if let LinkKind::Click(target) = opened.kind {
        properties.set_text("href", target);
    }
    let (user, anonymous) = (get("userId"), get("anonymousId"));
    let anonymous = match opened.browser {
        Some(browser) if user.is_empty() && anonymous.is_empty() => browser.as_str(),
        _ => anonymous,
    };

    let mut json = JsonWriter::default();
    json.open('{');
    let id = get("messageId");
    json.text_member(
        "messageId",
        if id.is_empty() { opened.fresh_id } else { id },
    );
    json.name("timestamp");
    json.moment(opened.at);
    json.text_member("writeKey", get("writeKey"));
    json.text_member("type", if is_page { "page" } else { "track" });
    json.text_member("anonymousId", anonymous);
    json.text_member("userId", user);
    json.text_member("consent", get("consent"));
    if is_page {
        json.text_member("name", get("name"));
    } else {
        json.text_member("event", event(get("event"), opened.kind, &campaign));
    }
    json.name("properties");
    json.properties(&properties);
    json.name("context");
    write_context(&mut json, &get, &campaign, is_page, opened);
    json.close('}');
    Link {
        form: if is_page { "page" } else { "track" },
        body: json.into_string(),
        consent: Consent::from_name(get("consent")),
    }
}

fn write_context<'a>(
    json: &mut JsonWriter,
    get: &impl Fn(&str) -> &'a str,
    campaign: &Campaign,
    is_page: bool,
    opened: &Opened<'_>,
) {
    json.open('{');
    json.name("library");
    json.open('{');
    json.text_member("name", "firstglance-link");
    json.close('}');
    json.name("page");
    json.open('{');
    let url = get("url");
    // Without scripts the page is what asks for the image.
    let shown = is_page && url.is_empty();
    json.text_member("url", if shown { opened.referrer } else { url });
    json.text_member("title", get("title"));
    let referrer = get("referrer");
    let before = !is_page && referrer.is_empty();
    json.text_member("referrer", if before { opened.referrer } else { referrer });
    json.close('}');
    if campaign.has_fields() {
        json.name("campaign");
        json.campaign(campaign);
    }
    if let Some(click_id) = campaign.click_id() {
        json.name("click_id");
        json.open('{');
        json.text_member("name", click_id.name);
        json.text_member("value", click_id.value);
        json.close('}');
    }
    json.close('}');
}

/// The event's name. The usual ones for e-mail are those of Segment's specification, "Spec: Email".
fn event<'a>(given: &'a str, kind: LinkKind<'_>, campaign: &Campaign) -> &'a str {
    if !given.is_empty() {
        return given;
    }
    let is_email = ["utm_medium", "utm_source"].into_iter().any(|parameter| {
        let value = campaign.get(parameter);
        EMAIL.iter().any(|name| value.eq_ignore_ascii_case(name))
    });
    match (kind, is_email) {
        (LinkKind::Pixel, true) => "Email Opened",
        (LinkKind::Pixel, false) => "Campaign Viewed",
        (LinkKind::Click(_), true) => "Email Link Clicked",
        (LinkKind::Click(_), false) => "Campaign Clicked",
    }
}

#[cfg(test)]
mod tests {
    use firstglance_engine::address::Address;
    use serde_json::{Value, json};

    use super::*;

    fn opened(query: &str, kind: LinkKind<'_>, browser: Option<&str>) -> (Link, Value) {
        let browser = browser.map(|name| VisitorId::parse(name).unwrap());
        let link = link(
            Address {
                query,
                ..Address::default()
            }
            .parameters(),
            &Opened {
                kind,
                browser: browser.as_ref(),
                referrer: "https://www.example.nl/e-bikes/",
                at: Timestamp::parse("2026-01-02T03:04:05Z").unwrap(),
                fresh_id: "fresh",
            },
        );
        let body = serde_json::from_str(&link.body).unwrap();
        (link, body)
    }

    #[test]
    fn what_happened() {
        let click = LinkKind::Click("https://www.example.nl/");
        for (query, kind, form, event) in [
            ("", LinkKind::Pixel, "page", None),
            ("type=page&event=x", LinkKind::Pixel, "page", None),
            ("event=Seen", LinkKind::Pixel, "track", Some("Seen")),
            (
                "type=track",
                LinkKind::Pixel,
                "track",
                Some("Campaign Viewed"),
            ),
            (
                "utm_medium=EMail",
                LinkKind::Pixel,
                "track",
                Some("Email Opened"),
            ),
            (
                "utm_source=e-mail",
                LinkKind::Pixel,
                "track",
                Some("Email Opened"),
            ),
            ("gclid=1", LinkKind::Pixel, "track", Some("Campaign Viewed")),
            ("utm_medium=email&type=page", LinkKind::Pixel, "page", None),
            ("", click, "track", Some("Campaign Clicked")),
            ("type=page", click, "track", Some("Campaign Clicked")),
            (
                "utm_medium=email",
                click,
                "track",
                Some("Email Link Clicked"),
            ),
            (
                "event=Banner+Clicked",
                click,
                "track",
                Some("Banner Clicked"),
            ),
        ] {
            let (link, body) = opened(query, kind, None);
            assert_eq!(
                (link.form, body["event"].as_str()),
                (form, event),
                "{query}"
            );
            assert_eq!(body["type"], form);
        }
    }

    #[test]
    fn whose_it_is() {
        for (query, browser, anonymous, user) in [
            ("", None, None, None),
            ("", Some("own"), Some("own"), None),
            // Passed on to somebody else, it is still the first one's.
            ("userId=jo", Some("own"), None, Some("jo")),
            ("anonymousId=a", Some("own"), Some("a"), None),
            (
                "anonymousId=a&userId=jo",
                Some("own"),
                Some("a"),
                Some("jo"),
            ),
            ("anonymousId=+", Some("own"), Some("own"), None),
        ] {
            let (_, body) = opened(query, LinkKind::Pixel, browser);
            let (found_anonymous, found_user) =
                (body["anonymousId"].as_str(), body["userId"].as_str());
            assert_eq!((found_anonymous, found_user), (anonymous, user), "{query}");
        }
    }

    #[test]
    fn everything_else() {
        let (link, body) = opened(
            "writeKey=k&messageId=m&properties.a=1&properties.a=2&properties.b=%22%0A&properties.=x\
             &utm_source=s&utm_campaign=c&gclid=g&consent=granted&url=https://x/&referrer=r&title=t",
            LinkKind::Click("https://to/"),
            None,
        );
        assert_eq!(link.consent, Some(Consent::Granted));
        assert_eq!(
            body,
            json!({
                "messageId": "m", "timestamp": "2026-01-02T03:04:05.000Z", "writeKey": "k",
                "type": "track", "consent": "granted", "event": "Campaign Clicked",
                "properties": {"a": "1", "b": "\"\n", "href": "https://to/"},
                "context": {
                    "library": {"name": "firstglance-link"},
                    "page": {"url": "https://x/", "title": "t", "referrer": "r"},
                    "campaign": {"source": "s", "name": "c"},
                    "click_id": {"name": "gclid", "value": "g"},
                },
            })
        );
        let (_, body) = opened("name=Home", LinkKind::Pixel, None);
        assert_eq!(
            (&body["messageId"], &body["name"]),
            (&json!("fresh"), &json!("Home"))
        );
        assert_eq!(
            body["context"]["page"],
            json!({"url": "https://www.example.nl/e-bikes/"})
        );
    }
}
