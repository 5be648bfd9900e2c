//! Messages of any sender as events.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::address::Address;
use crate::campaign::Campaign;
use crate::event::{Engagement, Event, EventKind, Page};
use crate::events::{self, property};
use crate::message::{Message, MessageKind};
use crate::model::Model;
use crate::profile::{EntryKind, Profile};
use crate::time::Milliseconds;
use crate::value::{Properties, Value};

use super::JsonWriter;

/// The library whose page views are followed by what was read of them.
const OWN_LIBRARY: &str = "firstglance";

/// What an event borrows from and a message does not have in that form.
#[derive(Debug, Default)]
struct Texts {
    topics: String,
    keywords: String,
    traits: Vec<(Box<str>, Box<str>)>,
    campaign: Campaign,
}

impl Profile {
    /// Takes in one message of this visitor. The caller has dropped duplicates.
    pub fn fold(&mut self, message: &Message, model: &Model) {
        let mut texts = Texts::default();
        if let Some(properties) = message.kind.properties() {
            texts.topics = lines(properties, property::TOPICS);
            texts.keywords = lines(properties, property::KEYWORDS);
        }
        match &message.kind {
            MessageKind::Identify { traits } => texts.traits = plain_values(traits),
            // Most senders leave it to the reader to find the campaign in the page's address.
            MessageKind::Page { .. } if message.context.campaign.is_empty() => {
                texts.campaign = Campaign::from_address(&Address::split(url_of(message)));
            }
            _ => {}
        }
        let traits: Vec<(&str, &str)> = texts
            .traits
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        self.take_in(&event(message, &texts, &traits), model);
        let at = message.timestamp;
        if let Some(user) = &message.user_id {
            self.learn(EntryKind::User, user.as_str(), at);
        }
        if let Some(locale) = &message.context.locale {
            self.learn(EntryKind::Language, locale, at);
        }
    }
}

fn event<'a>(
    message: &'a Message,
    texts: &'a Texts,
    traits: &'a [(&'a str, &'a str)],
) -> Event<'a> {
    let context = &message.context;
    let none = const { &Properties::new() };
    let properties = message.kind.properties().unwrap_or(none);
    let text = |name| properties.text(name).unwrap_or_default();
    let either = |own: &'a str, context: &'a str| if own.is_empty() { context } else { own };
    let url = url_of(message);
    let path = either(text(property::PATH), &context.page.path);
    let kind = match &message.kind {
        MessageKind::Page { .. } => EventKind::Viewed {
            campaign: if context.campaign.is_empty() {
                &texts.campaign
            } else {
                &context.campaign
            },
            measured: context.library.as_deref() == Some(OWN_LIBRARY),
        },
        MessageKind::Screen { name, .. } => EventKind::Named {
            name: name.as_deref().unwrap_or("Screen"),
        },
        MessageKind::Identify { .. } => EventKind::Identified { traits },
        // Joining two visitors takes both profiles; the fold of one records that they were there.
        MessageKind::Alias { .. } | MessageKind::Group { .. } => EventKind::Seen,
        MessageKind::Track { event, .. } => match &**event {
            events::PAGE_ENGAGED => EventKind::Engaged(engagement(properties)),
            events::SITE_SEARCHED | events::PRODUCTS_SEARCHED => EventKind::Searched {
                query: text(property::QUERY),
            },
            events::LINK_CLICKED | events::BUTTON_CLICKED => EventKind::Clicked {
                text: text(property::TEXT),
                href: text(property::HREF),
            },
            events::FORM_SUBMITTED => EventKind::Submitted,
            name => EventKind::Named { name },
        },
    };
    Event {
        at: message.timestamp,
        kind,
        page: Page {
            url,
            path: either(path, Address::split(url).path),
            title: either(text("title"), &context.page.title),
            referrer: either(text("referrer"), &context.page.referrer),
        },
        topics: &texts.topics,
        keywords: &texts.keywords,
    }
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

/// The texts of a list, one a line; line breaks inside them become spaces.
fn lines(properties: &Properties, name: &str) -> String {
    let mut lines = String::new();
    for text in properties.texts(name).filter(|text| !text.is_empty()) {
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.extend(text.chars().map(|one| if one < ' ' { ' ' } else { one }));
    }
    lines
}

/// Traits as JSON texts; what is nested stays in the event log.
fn plain_values(traits: &Properties) -> Vec<(Box<str>, Box<str>)> {
    let plain = traits
        .iter()
        .filter(|(_, value)| !matches!(value, Value::List(_) | Value::Object(_)));
    plain
        .map(|(name, value)| {
            let mut json = JsonWriter::default();
            json.value(value);
            (name.into(), Box::from(json.as_str()))
        })
        .collect()
}
