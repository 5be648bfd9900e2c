//! What was sent, counted while it is made: what a report of this traffic must tell again.

use std::collections::BTreeMap;

use firstglance_engine::events;
use serde_json::{Map, Value, json};

use super::people::{CAMPAIGNS, LIFTS, PERSONAS};
use super::site::Site;

/// Of what brought visitors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// Visitors whom it brought first.
    pub(super) visitors: u64,
    /// Visits that it brought, first or later.
    pub(super) arrivals: u64,
    /// Of the visitors whom it brought first: who asked for a test ride or wrote to the shop, and
    /// what they bought.
    pub(super) asked: u64,
    pub(super) orders: u64,
    pub(super) value: u64,
}

/// Of an arm of a variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arm {
    pub(super) visitors: u64,
    pub(super) impressions: u64,
    pub(super) clicks: u64,
    /// Visitors who asked for a test ride after they had seen it.
    pub(super) conversions: u64,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Truth {
    /// Visitors of whom the collector keeps a profile: browsers.
    pub(super) visitors: u64,
    /// These by consent.
    pub(super) consents: BTreeMap<&'static str, u64>,
    pub(super) denied: u64,
    /// Browsers of people who are known by another one.
    pub(super) second_devices: u64,
    pub(super) identified: u64,
    pub(super) visits: u64,
    /// Messages that are to be stored, by type; of the type track by event.
    pub(super) kinds: BTreeMap<&'static str, u64>,
    pub(super) events: BTreeMap<&'static str, u64>,
    pub(super) robots: u64,
    /// Messages that are to be refused, by reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) brought: Vec<Brought>,
    pub(super) personas: Vec<u64>,
    /// Visitors by what they are interested in most.
    pub(super) interests: Vec<u64>,
    /// By slot and variant: who sees it, and who is held out.
    pub(super) arms: BTreeMap<(String, String), [Arm; 2]>,
}

impl Truth {
    pub(super) fn new(site: &Site) -> Self {
        Self {
            brought: vec![Brought::default(); CAMPAIGNS.len()],
            personas: vec![0; PERSONAS.len()],
            interests: vec![0; site.topics.len()],
            ..Self::default()
        }
    }

    /// Counts a message that is to be stored; the event of one of the type `track`.
    pub(super) fn message(&mut self, kind: &'static str, event: &'static str) {
        *self.kinds.entry(kind).or_default() += 1;
        if !event.is_empty() {
            *self.events.entry(event).or_default() += 1;
        }
    }

    /// Messages that are to be stored.
    pub(super) fn messages(&self) -> u64 {
        self.kinds.values().sum()
    }

    pub(super) fn orders(&self) -> u64 {
        self.brought.iter().map(|one| one.orders).sum()
    }

    /// What was bought.
    pub(super) fn value(&self) -> u64 {
        self.brought.iter().map(|one| one.value).sum()
    }

    /// As it is written.
    pub(super) fn to_json(&self, site: &Site) -> Value {
        let refused: u64 = self.refused.values().sum();
        json!({
            "visitors": self.visitors,
            "consents": self.consents,
            "denied": self.denied,
            "secondDevices": self.second_devices,
            "identified": self.identified,
            "visits": self.visits,
            "messages": self.messages(),
            "types": self.kinds,
            "events": self.events,
            "pageViews": self.kinds.get("page").copied().unwrap_or_default(),
            "searches": self.events.get(events::SITE_SEARCHED).copied().unwrap_or_default(),
            "orders": self.orders(),
            "value": self.value(),
            "robots": self.robots,
            "refused": refused,
            "refusedByCode": self.refused,
            "personas": named(PERSONAS.iter().map(|one| one.name), &self.personas),
            "interests": named(site.topics.iter().map(String::as_str), &self.interests),
            "campaigns": self.campaigns(),
            "slots": self.slots(),
        })
    }

    fn campaigns(&self) -> Vec<Value> {
        let all = CAMPAIGNS.iter().zip(&self.brought);
        all.map(|(campaign, brought)| {
            json!({
                "name": campaign.name,
                "channel": campaign.channel,
                "quality": campaign.quality,
                "visitors": brought.visitors,
                "arrivals": brought.arrivals,
                "asked": brought.asked,
                "orders": brought.orders,
                "value": brought.value,
            })
        })
        .collect()
    }

    fn slots(&self) -> Map<String, Value> {
        let mut slots: Map<String, Value> = Map::new();
        for ((slot, variant), [shown, control]) in &self.arms {
            let lift = LIFTS.iter().find(|lift| lift.variant == variant);
            let told = json!({
                "lift": lift.map(|lift| lift.conversion),
                "shown": arm(shown),
                "control": arm(control),
            });
            let variants = slots.entry(slot.clone()).or_insert_with(|| json!({}));
            variants[variant] = told;
        }
        slots
    }
}

fn arm(arm: &Arm) -> Value {
    json!({
        "visitors": arm.visitors,
        "impressions": arm.impressions,
        "clicks": arm.clicks,
        "conversions": arm.conversions,
    })
}

fn named<'a>(names: impl Iterator<Item = &'a str>, counts: &[u64]) -> Map<String, Value> {
    names
        .map(str::to_owned)
        .zip(counts.iter().map(|count| json!(count)))
        .collect()
}
