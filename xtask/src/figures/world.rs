//! What the exports say, as plain lists, and the plainest counts over them. Shares nothing with the
//! collector's own counting: what it has in parts and as it comes, this does at once and over everything.

use std::collections::BTreeMap;

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
    /// The consent under which it came, or nothing.
    pub(super) consent: String,
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
            consent: text(line.get("consent")),
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

/// What brought a view of a page, as its address and the page before say.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) referrer: String,
    pub(super) source: String,
    pub(super) medium: String,
    pub(super) campaign: String,
    pub(super) click_id: String,
    pub(super) term: String,
    pub(super) content: String,
}

impl Origin {
    pub(super) fn of(message: &Message) -> Self {
        let mut parameters = message.parameters();
        let mut given = |name: &str| parameters.remove(name).unwrap_or_default();
        let mut origin = Self {
            referrer: message.referrer(),
            source: given("utm_source"),
            medium: given("utm_medium"),
            campaign: given("utm_campaign"),
            term: given("utm_term"),
            content: given("utm_content"),
            click_id: String::new(),
        };
        let ids = ["gclid", "msclkid", "fbclid"];
        let id = ids.into_iter().find(|id| parameters.contains_key(*id));
        origin.click_id = id.unwrap_or_default().to_owned();
        origin
    }

    /// The channel: by the few that the traffic comes by.
    pub(super) fn channel(&self) -> &'static str {
        match (&*self.medium, &*self.source, &*self.referrer) {
            ("cpc", ..) => "Paid Search",
            ("paid_social", ..) => "Paid Social",
            ("display", ..) => "Display",
            ("email", ..) => "Email",
            (_, "chatgpt.com", _) => "AI Assistant",
            (_, _, host) if host.contains("google.") || host.contains("bing.") => "Organic Search",
            (_, _, host) if host.contains("instagram.") || host.contains("facebook.") => {
                "Organic Social"
            }
            (_, "", "") => "Direct",
            _ => "Referral",
        }
    }
}

/// A goal that a visitor reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) goal: &'static str,
    pub(super) at: u64,
    /// What it was worth, in hundredths.
    pub(super) value: u64,
}

/// All that is exported.
pub(super) struct World {
    /// Of each visitor, in the order of time.
    pub(super) visitors: BTreeMap<String, Vec<Message>>,
    pub(super) profiles: Vec<Value>,
    pub(super) changes: Vec<Value>,
    /// The day on which all was read, and the moment.
    pub(super) today: u64,
    pub(super) now: u64,
    /// The goal that pages choose where none is named: the first of the configuration.
    pub(super) first_goal: &'static str,
    /// Labels of segments, stages and goals, by what they are and id.
    labels: BTreeMap<(String, String), String>,
    /// Goals of the first funnel.
    pub(super) funnel: Vec<String>,
    /// Labels of topics as pages declare them, by their slugs.
    pub(super) topics: BTreeMap<String, String>,
}

impl World {
    pub(super) fn read(
        events: &[Value],
        profiles: Vec<Value>,
        changes: Vec<Value>,
        now: u64,
        config: &toml::Table,
    ) -> Result<Self> {
        let mut labels = BTreeMap::new();
        let score = config.get("score").and_then(toml::Value::as_table);
        let list = |table: Option<&toml::Table>, name: &str| {
            let list = table.and_then(|table| table.get(name)?.as_array().cloned());
            list.unwrap_or_default()
        };
        for (what, table) in [
            ("segment", Some(config)),
            ("goal", Some(config)),
            ("stage", score),
        ] {
            for one in list(table, what) {
                let text = |name: &str| {
                    let text = one.get(name).and_then(toml::Value::as_str);
                    text.unwrap_or_default().to_owned()
                };
                labels.insert((what.to_owned(), text("id")), text("label"));
            }
        }
        let first = list(Some(config), "goal");
        let first = first.first().and_then(|goal| goal.get("id")?.as_str());
        let known = ["proefrit", "prijzen", "koop"];
        let first_goal = known.into_iter().find(|goal| Some(*goal) == first);
        let funnel = list(Some(config), "funnel");
        let funnel = funnel
            .first()
            .and_then(|funnel| funnel.get("steps")?.as_array());
        let funnel = funnel.into_iter().flatten().filter_map(toml::Value::as_str);
        let funnel = funnel.map(str::to_owned).collect();
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
        let mut topics = BTreeMap::new();
        for message in visitors.values().flatten() {
            let declared = message.properties.get("topics").and_then(Value::as_array);
            for label in declared.into_iter().flatten().filter_map(Value::as_str) {
                topics.insert(label.to_lowercase(), label.to_owned());
            }
        }
        Ok(Self {
            funnel,
            topics,
            visitors,
            profiles,
            changes,
            today: now / DAY,
            now,
            first_goal: first_goal.context("the demo's first goal is none that is counted here")?,
            labels,
        })
    }

    /// What people call something; of a topic that nobody configured, its slug as it is spelled out.
    pub(super) fn label(&self, what: &str, id: &str) -> String {
        let label = self.labels.get(&(what.to_owned(), id.to_owned()));
        label.cloned().unwrap_or_else(|| id.to_owned())
    }

    /// When an exported line is of.
    pub(super) fn moment(line: &Value) -> Result<u64> {
        let at = line
            .get("timestamp")
            .and_then(Value::as_str)
            .context("a line of no time")?;
        let at = Timestamp::parse(at).map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
        Ok(at.as_milliseconds())
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

    /// Days that a page is about which shows so many up to today.
    pub(super) fn is_shown(&self, at: u64, days: u64) -> bool {
        at / DAY + days > self.today
    }

    /// What brought a visitor up to a moment: the first page view, whatever brought it, and later ones that
    /// something brought; the same within half an hour once.
    pub(super) fn touches(messages: &[Message], until: u64) -> Vec<Origin> {
        let mut touches: Vec<(u64, Origin)> = Vec::new();
        for message in messages
            .iter()
            .filter(|one| one.kind == "page" && one.at <= until)
        {
            if !touches.is_empty() && !message.is_arrival() {
                continue;
            }
            let origin = Origin::of(message);
            let repeats = touches
                .last()
                .is_some_and(|(at, last)| *last == origin && message.at <= at + 30 * MINUTE);
            if !repeats {
                touches.push((message.at, origin));
            }
        }
        touches.into_iter().map(|(_, origin)| origin).collect()
    }

    /// Goals that a visitor reached: those of the demo's configuration.
    pub(super) fn goals(&self, messages: &[Message]) -> Vec<Reached> {
        let mut reached = Vec::new();
        let first =
            |holds: fn(&Message) -> bool| messages.iter().find(|one| holds(one)).map(|one| one.at);
        let asks = |one: &Message| one.is("Test Ride Requested") || one.is("Form Submitted");
        if let Some(at) = first(asks) {
            reached.push(Reached {
                goal: "proefrit",
                at,
                value: 2_500,
            });
        }
        if let Some(at) = first(|one| one.kind == "page" && one.path.starts_with("/prijzen/")) {
            reached.push(Reached {
                goal: "prijzen",
                at,
                value: 0,
            });
        }
        for order in messages.iter().filter(|one| one.is("Order Completed")) {
            let value = (order.number("revenue") * 100.0).round() as u64;
            reached.push(Reached {
                goal: "koop",
                at: order.at,
                value,
            });
        }
        reached.retain(|one| {
            let key = ("goal".to_owned(), one.goal.to_owned());
            self.labels.contains_key(&key)
        });
        reached
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
