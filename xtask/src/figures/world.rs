//! What the exports say, as plain lists, and the plainest counts over them. Shares nothing with the
//! collector's own counting: what it has in parts and as it comes, this does at once and over everything.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use firstglance_engine::Timestamp;
use serde_json::Value;

pub(super) const HOUR: u64 = 3_600_000;
pub(super) const DAY: u64 = 24 * HOUR;

/// Without a message for longer than this a visit is over, and what brings a visitor again within it
/// brings them once.
const HALF_AN_HOUR: u64 = HOUR / 2;

/// The number of the day on which clocks in the demo's town are at a moment, counted from 1970-01-01. They
/// are an hour ahead of UTC, and two from the last Sunday of March to that of October, each at one o'clock
/// UTC: written out, so that nothing is trusted by which the collector knows it.
pub(super) fn day(at: u64) -> u64 {
    let text = Timestamp::from_milliseconds(at.cast_signed()).to_string();
    let change = |month: &str| {
        let last = format!("{}-{month}-31T01:00:00Z", &text[..4]);
        let last = Timestamp::parse(&last)
            .unwrap_or_default()
            .as_milliseconds();
        // 1970 began on a Thursday.
        last - (last / DAY + 4) % 7 * DAY
    };
    let is_summer = (change("03")..change("10")).contains(&at);
    (at + HOUR * (1 + u64::from(is_summer))) / DAY
}

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

    pub(super) fn day(&self) -> u64 {
        day(self.at)
    }

    /// Active time that it tells, in milliseconds.
    pub(super) fn active(&self) -> u64 {
        if self.is("Page Engaged") {
            (self.number("active_seconds") * 1_000.0).round() as u64
        } else {
            0
        }
    }

    /// Topics that the page declares, as it spells them.
    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        let topics = self.properties.get("topics").and_then(Value::as_array);
        topics.into_iter().flatten().filter_map(Value::as_str)
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

/// What changed of a visitor.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) visitor: String,
    pub(super) at: u64,
    pub(super) what: Changed,
}

/// The segment or the stages that a change is of, by their ids.
#[derive(Clone, Debug)]
pub(super) enum Changed {
    Entered(String),
    Left(String),
    Stage { from: String, to: String },
}

impl Change {
    /// A line of the export; nothing of one that tells of a goal, which is counted from messages.
    fn read(line: &Value) -> Result<Option<Self>> {
        let text = |at: &str| {
            let text = line.pointer(at).and_then(Value::as_str);
            text.map(str::to_owned)
                .with_context(|| format!("a change without {at}: {line}"))
        };
        let at = text("/timestamp")?;
        let at = Timestamp::parse(&at).map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
        let segment = || text("/properties/segment");
        let what = match &*text("/event")? {
            "Segment Entered" => Changed::Entered(segment()?),
            "Segment Left" => Changed::Left(segment()?),
            "Stage Changed" => Changed::Stage {
                from: text("/properties/from")?,
                to: text("/properties/to")?,
            },
            "Goal Reached" => return Ok(None),
            other => bail!("an unknown change: {other}"),
        };
        Ok(Some(Self {
            visitor: text("/anonymousId")?,
            at: at.as_milliseconds(),
            what,
        }))
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
    pub(super) changes: Vec<Change>,
    /// Moments at which visits began.
    pub(super) visits: Vec<u64>,
    /// The day on which all was read, and the moment.
    pub(super) today: u64,
    pub(super) now: u64,
    /// The goal that pages choose where none is named: the first of the configuration.
    pub(super) first_goal: &'static str,
    /// Labels of segments, stages, goals, slots and variants, by what they are and id.
    labels: BTreeMap<(String, String), String>,
    /// Goals that slots name, by the slot's id.
    slot_goals: BTreeMap<String, String>,
    /// Goals of the first funnel.
    pub(super) funnel: Vec<String>,
    /// Labels of topics as pages declare them, by their slugs.
    pub(super) topics: BTreeMap<String, String>,
}

impl World {
    pub(super) fn read(
        events: &[Value],
        profiles: Vec<Value>,
        changes: &[Value],
        now: u64,
        config: &toml::Table,
    ) -> Result<Self> {
        let (mut labels, mut slot_goals) = (BTreeMap::new(), BTreeMap::new());
        let score = config.get("score").and_then(toml::Value::as_table);
        let list = |table: Option<&toml::Table>, name: &str| {
            let list = table.and_then(|table| table.get(name)?.as_array().cloned());
            list.unwrap_or_default()
        };
        for (what, table) in [
            ("segment", Some(config)),
            ("goal", Some(config)),
            ("slot", Some(config)),
            ("variant", Some(config)),
            ("stage", score),
        ] {
            for one in list(table, what) {
                let text = |name: &str| {
                    let text = one.get(name).and_then(toml::Value::as_str);
                    text.unwrap_or_default().to_owned()
                };
                let id = match what {
                    "variant" => variant_key(&text("slot"), &text("id")),
                    _ => text("id"),
                };
                if what == "slot" && one.get("goal").is_some() {
                    slot_goals.insert(id.clone(), text("goal"));
                }
                labels.insert((what.to_owned(), id), text("label"));
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
            for label in message.topics() {
                topics.insert(label.to_lowercase(), label.to_owned());
            }
        }
        Ok(Self {
            funnel,
            topics,
            visits: visitors
                .values()
                .flat_map(|messages| visits(messages))
                .collect(),
            visitors,
            profiles,
            changes: changes
                .iter()
                .filter_map(|line| Change::read(line).transpose())
                .collect::<Result<_>>()?,
            today: day(now),
            now,
            first_goal: first_goal.context("the demo's first goal is none that is counted here")?,
            labels,
            slot_goals,
        })
    }

    /// What people call something; of a topic that nobody configured, its slug as it is spelled out.
    pub(super) fn label(&self, what: &str, id: &str) -> String {
        let label = self.labels.get(&(what.to_owned(), id.to_owned()));
        label.cloned().unwrap_or_else(|| id.to_owned())
    }

    /// What people call a variant of a slot.
    pub(super) fn variant_label(&self, slot: &str, variant: &str) -> String {
        let key = ("variant".to_owned(), variant_key(slot, variant));
        let label = self.labels.get(&key).cloned();
        label.unwrap_or_else(|| variant.to_owned())
    }

    /// The goal that a slot is about: what names none has the first of the configuration.
    pub(super) fn slot_goal(&self, slot: &str) -> &str {
        self.slot_goals
            .get(slot)
            .map_or(self.first_goal, String::as_str)
    }

    /// Segments that visitors entered, and when.
    pub(super) fn entered(&self) -> impl Iterator<Item = (u64, &str)> {
        self.changes.iter().filter_map(|change| match &change.what {
            Changed::Entered(segment) => Some((change.at, &**segment)),
            _ => None,
        })
    }

    /// Segments that visitors left, and when.
    pub(super) fn left(&self) -> impl Iterator<Item = (u64, &str)> {
        self.changes.iter().filter_map(|change| match &change.what {
            Changed::Left(segment) => Some((change.at, &**segment)),
            _ => None,
        })
    }

    /// Stages that visitors came from and to, and when.
    pub(super) fn staged(&self) -> impl Iterator<Item = (&Change, &str, &str)> {
        self.changes.iter().filter_map(|change| match &change.what {
            Changed::Stage { from, to } => Some((change, &**from, &**to)),
            _ => None,
        })
    }

    /// What first brought a visitor.
    pub(super) fn first_touch(&self, visitor: &str) -> Option<Origin> {
        let views = self.visitors.get(visitor)?.iter();
        let mut views = views.filter(|one| one.kind == "page");
        views.next().map(Origin::of)
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
        day(at) + days > self.today
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
                .is_some_and(|(at, last)| *last == origin && message.at <= at + HALF_AN_HOUR);
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
}

/// Slots may have variants of the same id.
fn variant_key(slot: &str, variant: &str) -> String {
    format!("{slot}/{variant}")
}

/// Moments at which visits of a visitor began.
pub(super) fn visits(messages: &[Message]) -> Vec<u64> {
    let mut begun = Vec::new();
    let mut before: Option<u64> = None;
    for message in messages {
        if before.is_none_or(|before| message.at > before + HALF_AN_HOUR) {
            begun.push(message.at);
        }
        before = Some(message.at);
    }
    begun
}
