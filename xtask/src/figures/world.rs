//! What the exports say, as plain lists, and the plainest counts over them. Shares nothing with the
//! collector's own counting: what it has in parts and as it comes, this does at once and over everything.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use firstglance_engine::Timestamp;
use serde_json::Value;

pub(super) const MINUTE: u64 = 60_000;
pub(super) const DAY: u64 = 24 * 60 * MINUTE;

/// A message from outside.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) visitor: String,
    pub(super) at: u64,
    pub(super) kind: String,
    pub(super) event: String,
    pub(super) properties: Value,
    /// Path of the page that it is of.
    pub(super) path: String,
}

impl Message {
    fn read(line: &Value) -> Result<Self> {
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = text(line.get("timestamp"));
        let at = Timestamp::parse(&at).map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
        let user = line.get("userId").and_then(Value::as_str);
        let visitor = line
            .get("anonymousId")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let visitor = visitor.or_else(|| user.map(|user| format!("user:{user}")));
        let properties = line.get("properties").cloned().unwrap_or_default();
        let own = properties
            .get("path")
            .or_else(|| line.pointer("/context/page/path"));
        Ok(Self {
            visitor: visitor.context("a message of nobody")?,
            at: at.as_milliseconds(),
            kind: text(line.get("type")),
            event: text(line.get("event")),
            path: text(own),
            properties,
        })
    }

    pub(super) fn is(&self, event: &str) -> bool {
        self.kind == "track" && self.event == event
    }

    pub(super) fn text(&self, property: &str) -> &str {
        self.properties
            .get(property)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn number(&self, property: &str) -> f64 {
        self.properties
            .get(property)
            .and_then(Value::as_f64)
            .unwrap_or_default()
    }

    pub(super) const fn day(&self) -> u64 {
        self.at / DAY
    }

    /// Active time that it tells, in milliseconds.
    pub(super) fn active(&self) -> u64 {
        if self.is("Page Engaged") {
            (self.number("active_seconds") * 1_000.0).round() as u64
        } else {
            0
        }
    }

    /// Parameters of the page's address.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let search = self.text("search").trim_start_matches('?');
        let pairs = search.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .map(|(name, value)| (name.to_owned(), value.replace('+', " ")))
            .collect()
    }

    /// Host of the page before, without `www.`; empty where that was one of the site's own.
    pub(super) fn referrer(&self) -> String {
        let referrer = self.text("referrer");
        let host = |url: &str| {
            let rest = url.split_once("://").map(|(_, rest)| rest);
            rest.and_then(|rest| rest.split(['/', ':', '?']).next())
                .map(str::to_owned)
                .unwrap_or_default()
        };
        let (before, own) = (host(referrer), host(self.text("url")));
        if before == own {
            String::new()
        } else {
            before.trim_start_matches("www.").to_owned()
        }
    }

    /// Whether something brought this view of a page.
    pub(super) fn is_arrival(&self) -> bool {
        self.kind == "page"
            && (!self.referrer().is_empty()
                || self.parameters().keys().any(|name| is_campaign(name)))
    }
}

fn is_campaign(parameter: &str) -> bool {
    parameter.starts_with("utm_") || ["gclid", "msclkid", "fbclid"].contains(&parameter)
}

/// All that is exported.
pub(super) struct World {
    /// Of each visitor, in the order of time.
    pub(super) visitors: BTreeMap<String, Vec<Message>>,
    pub(super) profiles: Vec<Value>,
    pub(super) changes: Vec<Value>,
    /// The day on which all was read.
    pub(super) today: u64,
}

impl World {
    pub(super) fn read(
        events: &[Value],
        profiles: Vec<Value>,
        changes: Vec<Value>,
        now: u64,
    ) -> Result<Self> {
        let mut visitors: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        for line in events {
            let message = Message::read(line)?;
            visitors
                .entry(message.visitor.clone())
                .or_default()
                .push(message);
        }
        for messages in visitors.values_mut() {
            messages.sort_by_key(|message| message.at);
        }
        Ok(Self {
            visitors,
            profiles,
            changes,
            today: now / DAY,
        })
    }

    /// All messages.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.visitors.values().flatten()
    }

    /// Messages of the last so many days, today's included.
    pub(super) fn since(&self, days: u64) -> impl Iterator<Item = &Message> {
        let first = self.today + 1 - days;
        self.messages()
            .filter(move |message| message.day() >= first)
    }

    /// How many visitors there are of whom there is such a message.
    pub(super) fn people<'a>(messages: impl Iterator<Item = &'a Message>) -> u64 {
        let all: BTreeSet<&str> = messages.map(|message| &*message.visitor).collect();
        all.len() as u64
    }

    /// Moments at which visits began: half an hour without a message ends one.
    pub(super) fn visits(&self) -> Vec<u64> {
        let mut begun = Vec::new();
        for messages in self.visitors.values() {
            let mut before: Option<u64> = None;
            for message in messages {
                if before.is_none_or(|before| message.at > before + 30 * MINUTE) {
                    begun.push(message.at);
                }
                before = Some(message.at);
            }
        }
        begun
    }
}
