//! Messages of any sender as events.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::address::{Address, bare_host, decode_path};
use crate::campaign::Campaign;
use crate::evaluation::{About, Evaluation, Settled};
use crate::event::{Engagement, Event, EventKind, Page};
use crate::events::{self, property};
use crate::id::UserId;
use crate::message::{Message, MessageKind};
use crate::model::Model;
use crate::profile::Profile;
use crate::text::{cut, same_folded, trimmed};
use crate::time::Milliseconds;
use crate::value::{Properties, Value};

/// The library whose page views are followed by what was read of them.
const OWN_LIBRARY: &str = "firstglance";

/// What an event borrows from and a message does not have in that form.
#[derive(Debug, Default)]
struct Texts {
    topics: String,
    keywords: String,
    values: String,
    campaign: Campaign,
    path: String,
    target: String,
    name: String,
    query: String,
    text: String,
}

impl Message {
    /// What brought the visitor to a page, as a touch tells it: the host of the referrer, without
    /// `www.` and empty where it is the site itself, and the campaign. Nothing where this is no page
    /// view, or nothing brought it.
    #[must_use]
    pub fn brought_by(&self) -> Option<(&str, Campaign)> {
        if !matches!(self.kind, MessageKind::Page { .. }) {
            return None;
        }
        let url = Address::split(url_of(self));
        let referrer = bare_host(referrer_of(self));
        let referrer = if same_folded(referrer, bare_host(url.host)) {
            ""
        } else {
            referrer
        };
        let campaign = if self.context.campaign.is_empty() {
            Campaign::from_address(&url)
        } else {
            self.context.campaign.clone()
        };
        (!referrer.is_empty() || !campaign.is_empty()).then_some((referrer, campaign))
    }

    /// Path of the page that it is about, decoded and without query, as a profile names the page.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        let none = const { &Properties::new() };
        let own = self.kind.properties().unwrap_or(none);
        let path = own.text(property::PATH).unwrap_or_default();
        let path = either(path, &self.context.page.path);
        let path = either(path, Address::split(url_of(self)).path);
        let decoded = decode_path(either(path, "/"));
        if decoded.bytes().all(|byte| byte >= b' ') {
            return decoded;
        }
        one_line(&decoded).into()
    }

    /// Active time that it reports; none where it does not report what was read of a page.
    #[must_use]
    pub fn active(&self) -> Milliseconds {
        match &self.kind {
            MessageKind::Track { event, properties } if **event == *events::PAGE_ENGAGED => {
                engagement(properties).active
            }
            _ => Milliseconds(0),
        }
    }
}

impl Profile {
    /// Takes in one message of this visitor. The caller has dropped duplicates.
    pub fn fold(&mut self, message: &Message, model: &Model) {
        self.fold_with(message, model, &mut Evaluation::new(), &mut |_, _, _| {});
    }

    /// Takes in one message and keeps an evaluation of the profile up to date; see
    /// [`Evaluation::take_in`].
    pub fn fold_with(
        &mut self,
        message: &Message,
        model: &Model,
        evaluation: &mut Evaluation,
        settled: &mut dyn FnMut(&mut Self, &Evaluation, Settled),
    ) {
        let mut texts = Texts::default();
        let none = const { &Properties::new() };
        let own = message.kind.properties().unwrap_or(none);
        texts.path = message.path().into_owned();
        let href = own.text(property::HREF).unwrap_or_default();
        texts.target = one_line(&decode_path(Address::split(href).path));
        let said = |name| one_line(trimmed(own.text(name).unwrap_or_default()));
        (texts.query, texts.text) = (said(property::QUERY), said(property::TEXT));
        texts.name = one_line(trimmed(match &message.kind {
            MessageKind::Track { event, .. } => event,
            MessageKind::Screen { name, .. } => name.as_deref().unwrap_or("Screen"),
            _ => "",
        }));
        if let Some(properties) = message.kind.properties() {
            texts.topics = lines(properties, property::TOPICS);
            texts.keywords = lines(properties, property::KEYWORDS);
        }
        // Properties are of interest where a condition asks for one.
        if let Some(properties) = message.kind.properties()
            && (matches!(message.kind, MessageKind::Identify { .. })
                || model.watches.iter().any(|watch| asks_for_property(watch)))
        {
            texts.values = plain_values(properties);
        }
        match &message.kind {
            // Most senders leave it to the reader to find the campaign in the page's address.
            MessageKind::Page { .. } if message.context.campaign.is_empty() => {
                texts.campaign = Campaign::from_address(&Address::split(url_of(message)));
            }
            _ => {}
        }
        let event = event(message, &texts);
        let about = About {
            user: message.user_id.as_ref().map_or("", UserId::as_str),
            language: message.context.locale.as_deref().unwrap_or_default(),
            agent: message.context.agent.as_deref().unwrap_or_default(),
        };
        evaluation.take_in(self, &event, &about, model, settled);
    }
}

fn event<'a>(message: &'a Message, texts: &'a Texts) -> Event<'a> {
    let context = &message.context;
    let none = const { &Properties::new() };
    let properties = message.kind.properties().unwrap_or(none);
    let text = |name| properties.text(name).unwrap_or_default();
    let kind = match &message.kind {
        MessageKind::Page { .. } => EventKind::Viewed {
            campaign: if context.campaign.is_empty() {
                &texts.campaign
            } else {
                &context.campaign
            },
            measured: context.library.as_deref() == Some(OWN_LIBRARY),
        },
        MessageKind::Screen { .. } => EventKind::Named,
        MessageKind::Identify { .. } => EventKind::Identified,
        // Joining two visitors takes both profiles; the fold of one records that they were there.
        MessageKind::Alias { .. } | MessageKind::Group { .. } => EventKind::Seen,
        MessageKind::Track { event, .. } => EventKind::tracked(
            event,
            &texts.query,
            &texts.text,
            &texts.target,
            engagement(properties),
        ),
    };
    let name = match &message.kind {
        MessageKind::Page { .. } => events::PAGE_VIEWED,
        MessageKind::Screen { .. } | MessageKind::Track { .. } => &texts.name,
        MessageKind::Identify { .. } | MessageKind::Alias { .. } | MessageKind::Group { .. } => "",
    };
    Event {
        at: message.timestamp,
        kind,
        name,
        values: &texts.values,
        page: Page {
            host: Address::split(url_of(message)).host,
            path: &texts.path,
            title: either(text("title"), &context.page.title),
            referrer: referrer_of(message),
        },
        topics: &texts.topics,
        keywords: &texts.keywords,
    }
}

fn either<'a>(own: &'a str, context: &'a str) -> &'a str {
    if own.is_empty() { context } else { own }
}

fn referrer_of(message: &Message) -> &str {
    let own = message
        .kind
        .properties()
        .and_then(|all| all.text("referrer"));
    Address::split(either(
        own.unwrap_or_default(),
        &message.context.page.referrer,
    ))
    .host
}

fn url_of(message: &Message) -> &str {
    let own = message.kind.properties().and_then(|all| all.text("url"));
    own.filter(|url| !url.is_empty())
        .unwrap_or(&message.context.page.url)
}

fn engagement(properties: &Properties) -> Engagement {
    let number = |name| properties.number(name).unwrap_or(0.0);
    let seconds = |name| Milliseconds::from_seconds(number(name));
    // A conversion from float to integer is bounded by the integer's range.
    let percent = |name| number(name).min(100.0) as u8;
    Engagement {
        active: seconds(property::ACTIVE_SECONDS),
        active_before: seconds(property::ACTIVE_SECONDS_BEFORE),
        scroll: percent(property::SCROLL_PERCENT),
        scroll_before: percent(property::SCROLL_PERCENT_BEFORE),
        words: number(property::WORDS) as u32,
    }
}

/// Labels taken from a list at most: the engine takes fewer topics of one event.
const MOST_LABELS: usize = 32;

/// The texts of a list, one a line.
fn lines(properties: &Properties, name: &str) -> String {
    let mut lines = String::new();
    let texts = properties.texts(name).filter(|text| !text.is_empty());
    for text in texts.take(MOST_LABELS) {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(&one_line(trimmed(text)));
    }
    lines
}

/// Whether a condition that counts an event asks for one of its properties: its second line, see
/// [`Model::watches`].
fn asks_for_property(watch: &str) -> bool {
    cut(watch, b'\n').is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with('\n'))
}

/// A text in which control characters are spaces: a line break would begin something else.
fn one_line(text: &str) -> String {
    if text.bytes().all(|byte| byte >= b' ') {
        return text.into();
    }
    text.chars()
        .map(|one| if one < ' ' { ' ' } else { one })
        .collect()
}

/// Traits as JSON texts; what is nested stays in the event log, and so does what has a name that
/// would end too early.
fn plain_values(traits: &Properties) -> String {
    let mut values = String::new();
    for (name, value) in traits.iter() {
        if matches!(value, Value::List(_) | Value::Object(_)) || name.contains('\0') {
            continue;
        }
        for text in [name, &super::plain(value)] {
            values.push_str(text);
            values.push('\0');
        }
    }
    values
}
