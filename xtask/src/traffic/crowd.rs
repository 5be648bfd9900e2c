//! All visitors, and what comes next: visits, orders and robots in the order of their time, so that the
//! collector sees them as it would have. The same seed gives the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use firstglance_engine::model::Consent;
use serde_json::{Value, json};

use crate::random::Random;

use super::message::{Head, Request, Sender, Writer, uuid};
use super::people::{
    AHEAD, BROWSERS, BUYERS, CAMPAIGNS, DENIED, DIRECT, HOURS, PERSONAS, ROBOT, ROBOTS,
    SECOND_DEVICE, SEGMENTS_ONLY, SESSION_ONLY, WEEKDAYS,
};
use super::site::{Kind, Site};
use super::truth::Truth;
use super::visit::Visit;

pub(super) const HOUR: u64 = 3_600_000;
pub(super) const DAY: u64 = 24 * HOUR;

/// How long before the end the last visit begins, and its last page but a few is left: no visit may
/// reach into the future.
const LAST_VISIT: u64 = HOUR / 2;
const LAST_PAGE: u64 = 25 * HOUR / 60;

/// The number of a visitor's chances for what is settled at the first visit.
const PLAN: u64 = u64::MAX;

/// A browser, and what became of it so far.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The number of who it is: of a second device, that of the first.
    pub(super) person: u32,
    pub(super) persona: u8,
    /// What the visitor is interested in most, and besides.
    pub(super) topic: u8,
    pub(super) second: u8,
    pub(super) campaign: u8,
    pub(super) browser: u8,
    pub(super) visits: u8,
    /// Visits that are still to come.
    later: u8,
    pub(super) views: u16,
    pub(super) consent: Consent,
    pub(super) identified: bool,
    /// Has asked for a test ride or written to the shop.
    pub(super) asked: bool,
    pub(super) saw_prices: bool,
    /// Has seen the configured slot: whatever was to follow from that has been settled.
    pub(super) exposed: bool,
    /// Has seen the front page's template.
    pub(super) saw_template: bool,
    /// Is another browser of somebody who is known.
    pub(super) is_second: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Visit,
    Order,
    Robot,
}

/// See the module.
pub(super) struct Crowd<'a> {
    site: &'a Site,
    seed: u64,
    start: u64,
    until: u64,
    visitors: Vec<Visitor>,
    next: BinaryHeap<Reverse<(u64, u32, What)>>,
    pub(super) truth: Truth,
    /// Whether visits are told in few messages.
    pub(super) brief: bool,
}

impl<'a> Crowd<'a> {
    /// So many visitors, who first come within so many days of a moment.
    pub(super) fn new(site: &'a Site, visitors: u32, days: u32, seed: u64, start: u64) -> Self {
        let mut crowd = Self {
            site,
            seed,
            start,
            until: start + u64::from(days) * DAY,
            visitors: Vec::new(),
            next: BinaryHeap::new(),
            truth: Truth::new(site),
            brief: false,
        };
        for number in 0..visitors {
            let mut chance = Random::of(seed, &[number.into(), PLAN]);
            let at = start + moment_within(&mut chance, start, days);
            let consent = match chance.below(1_000) {
                of if of < DENIED => Consent::Denied,
                of if of < DENIED + SEGMENTS_ONLY => Consent::Segments,
                of if of < DENIED + SEGMENTS_ONLY + SESSION_ONLY => Consent::Session,
                _ => Consent::Granted,
            };
            if consent == Consent::Denied {
                // Their browsers send nothing at all, and so does this.
                crowd.truth.denied += 1;
                continue;
            }
            let visitor = crowd.plan(number, consent, &mut chance);
            crowd.come(at, visitor);
            if chance.of_thousand(ROBOTS) {
                crowd.next.push(Reverse((at, number, What::Robot)));
            }
        }
        crowd
    }

    fn plan(&mut self, person: u32, consent: Consent, chance: &mut Random) -> Visitor {
        let persona = chance.weighted(PERSONAS.iter().map(|one| one.weight));
        let campaign = chance.weighted(CAMPAIGNS.iter().map(|one| one.first));
        let topics = &self.site.topics;
        let sold = self.site.sold;
        let own = CAMPAIGNS[campaign].topic;
        let own = own.and_then(|own| topics.iter().position(|topic| topic == own));
        let topic = own.unwrap_or_else(|| {
            // Few come for what is not sold.
            if chance.happens(0.06) {
                topics.len() - 1
            } else {
                chance.place(sold)
            }
        });
        self.truth.personas[persona] += 1;
        self.truth.interests[topic] += 1;
        let (second, browser) = (chance.place(topics.len()), chance.place(BROWSERS.len()));
        let later = chance.times(PERSONAS[persona].returns) as u8;
        let consent = match consent {
            // By nothing that is kept could they be known again.
            Consent::Session if later > 0 => Consent::Granted,
            other => other,
        };
        Visitor {
            person,
            persona: persona as u8,
            topic: topic as u8,
            second: second as u8,
            campaign: campaign as u8,
            browser: browser as u8,
            visits: 0,
            later,
            views: 0,
            consent,
            identified: false,
            asked: false,
            saw_prices: false,
            exposed: false,
            saw_template: false,
            is_second: false,
        }
    }

    fn come(&mut self, at: u64, visitor: Visitor) {
        let place = self.visitors.len() as u32;
        let brought = &mut self.truth.brought[usize::from(visitor.campaign)];
        *self
            .truth
            .consents
            .entry(visitor.consent.name())
            .or_default() += 1;
        if visitor.consent != Consent::Segments {
            brought.visitors += 1;
        }
        self.truth.visitors += 1;
        self.visitors.push(visitor);
        self.next.push(Reverse((at, place, What::Visit)));
    }

    /// The part of the time that is over.
    pub(super) fn past(&self) -> f64 {
        let Some(Reverse((at, _, _))) = self.next.peek() else {
            return 1.0;
        };
        at.saturating_sub(self.start) as f64 / (self.until - self.start) as f64
    }

    /// What is known of each visitor, by the id.
    pub(super) fn each(&self) -> Value {
        let visitors = (0_u32..).zip(&self.visitors);
        let visitors = visitors.map(|(place, visitor)| {
            let (id, _) = self.names(place, Sender::Browser(0));
            let told = json!({
                "persona": PERSONAS[usize::from(visitor.persona)].name,
                "interest": self.site.topics[usize::from(visitor.topic)],
                "campaign": CAMPAIGNS[usize::from(visitor.campaign)].name,
                "visits": visitor.visits,
                "pageViews": visitor.views,
                "user": visitor.identified.then(|| user(visitor.person)),
                "asked": visitor.asked && !visitor.is_second,
                "secondDevice": visitor.is_second,
            });
            (id, told)
        });
        Value::Object(visitors.collect())
    }

    /// The requests of what comes next; nothing when all has come.
    pub(super) fn next(&mut self) -> Option<Vec<Request>> {
        let Reverse((at, place, what)) = self.next.pop()?;
        Some(match what {
            What::Visit => self.visit(at, place),
            What::Order => self.order(at, place),
            What::Robot => self.robot(at, place),
        })
    }

    fn visit(&mut self, at: u64, place: u32) -> Vec<Request> {
        let visitor = self.visitors[place as usize].clone();
        let sender = Sender::Browser(usize::from(visitor.browser));
        let (id, claim) = self.names(place, sender);
        let mut chance = Random::of(self.seed, &[place.into(), visitor.visits.into()]);
        let consent = visitor.consent.name();
        let writer = Writer::new(Head {
            write_key: &self.site.write_key,
            consent,
            visitor: place,
            id: &id,
            claim: &claim,
            sender,
            user_agent: BROWSERS[usize::from(visitor.browser)],
        });
        let was = (visitor.asked, visitor.identified);
        let visit = Visit::new(
            self.site,
            &id,
            visitor,
            writer,
            &mut chance,
            &mut self.truth,
            (at, self.until - LAST_PAGE),
        );
        let (mut visitor, requests) = visit.brief(self.brief).make();
        let mut next = |at: u64, what| {
            if at + LAST_VISIT < self.until {
                self.next.push(Reverse((at, place, what)));
            }
        };
        if visitor.later > 0 {
            visitor.later -= 1;
            let days = 1 + chance.exponential(3.5);
            let day = (at + AHEAD * HOUR) / DAY + days;
            next(day * DAY + hour(&mut chance) - AHEAD * HOUR, What::Visit);
        }
        if visitor.asked
            && !was.0
            && visitor.topic < self.site.sold as u8
            && chance.of_thousand(BUYERS)
        {
            next(at + DAY + chance.below(8 * DAY), What::Order);
        }
        let again = at + HOUR + chance.below(4 * DAY);
        let comes = visitor.identified && !was.1 && chance.of_thousand(SECOND_DEVICE);
        if comes && again + LAST_VISIT < self.until {
            self.truth.second_devices += 1;
            let other = Visitor {
                browser: (usize::from(visitor.browser) + BROWSERS.len() / 2) as u8
                    % BROWSERS.len() as u8,
                campaign: DIRECT as u8,
                visits: 0,
                later: chance.times(1.0) as u8,
                consent: Consent::Granted,
                views: 0,
                is_second: true,
                identified: false,
                asked: true,
                saw_prices: false,
                exposed: false,
                saw_template: false,
                ..visitor.clone()
            };
            self.come(again, other);
        }
        self.visitors[place as usize] = visitor;
        requests
    }

    /// The shop's own program tells what was bought.
    fn order(&mut self, at: u64, place: u32) -> Vec<Request> {
        let visitor = &self.visitors[place as usize];
        let (id, claim) = self.names(place, Sender::Shop);
        let mut chance = Random::of(self.seed, &[place.into(), PLAN - 2]);
        let bikes: Vec<usize> = self
            .site
            .about(Kind::Product, visitor.topic.into())
            .collect();
        let Some(bike) = bikes
            .get(chance.place(bikes.len()))
            .map(|bike| &self.site.pages[*bike])
        else {
            return Vec::new();
        };
        let price = bike.price.unwrap_or(0);
        // Who was never identified is known to the shop by the browser that asked.
        let user = if visitor.identified {
            format!("\"userId\":\"{}\",", user(visitor.person))
        } else {
            String::new()
        };
        let mut writer = Writer::new(Head {
            write_key: &self.site.write_key,
            consent: "granted",
            visitor: place,
            id: &id,
            claim: &claim,
            sender: Sender::Shop,
            user_agent: "",
        });
        let members = format!(
            "\"type\":\"track\",\"event\":\"Order Completed\",{user}\"properties\":{{\"order_id\":\"W{place:07}\",\"revenue\":{price},\"currency\":\"EUR\",\"products\":[{{\"name\":\"{}\",\"price\":{price},\"quantity\":1}}]}}",
            bike.name,
        );
        writer.bare(chance.pair(), at, &members);
        writer.finish();
        self.truth.message("track", "Order Completed");
        let brought = &mut self.truth.brought[usize::from(visitor.campaign)];
        brought.orders += 1;
        brought.value += u64::from(price);
        writer.requests
    }

    /// A program that looks at a few pages.
    fn robot(&mut self, at: u64, place: u32) -> Vec<Request> {
        let (id, claim) = self.names(place, Sender::Robot);
        let mut chance = Random::of(self.seed, &[place.into(), PLAN - 3]);
        let mut writer = Writer::new(Head {
            write_key: &self.site.write_key,
            consent: "granted",
            visitor: place,
            id: &id,
            claim: &claim,
            sender: Sender::Robot,
            user_agent: ROBOT,
        });
        let views = 1 + chance.below(4);
        for view in 0..views {
            let page = &self.site.pages[chance.place(self.site.pages.len())];
            writer.view(page, &self.site.origin, "", "", at);
            writer.viewed(chance.pair(), at + view * 2_000, page);
        }
        writer.automated();
        writer.finish();
        self.truth.robots += 1;
        *self.truth.refused.entry("automated").or_default() += views;
        writer.requests
    }

    /// The names that a browser has made for itself.
    fn names(&self, place: u32, sender: Sender) -> (String, String) {
        let whose = u64::from(sender == Sender::Robot);
        let mut chance = Random::of(self.seed, &[place.into(), PLAN - 1, whose]);
        let (mut id, mut claim) = (String::with_capacity(36), String::with_capacity(36));
        uuid(&mut id, chance.pair());
        uuid(&mut claim, chance.pair());
        (id, claim)
    }
}

/// How a customer is known.
pub(super) fn user(person: u32) -> String {
    format!("klant-{person:06}")
}

/// A moment of a day by the visitors' clocks, as people come in the course of it.
fn hour(chance: &mut Random) -> u64 {
    let hour = chance.weighted(HOURS.into_iter()) as u64;
    hour * HOUR + chance.below(HOUR)
}

/// A moment within so many days as people come in the course of a day and of a week, by how far it is
/// from the first.
fn moment_within(chance: &mut Random, start: u64, days: u32) -> u64 {
    // 1970 began on a Thursday.
    let weekday = |day: u32| WEEKDAYS[((start / DAY + u64::from(day) + 3) % 7) as usize];
    let length = u64::from(days) * DAY - LAST_VISIT;
    // The first day and the last may be parts of one.
    for _ in 0..100 {
        let day = start / DAY + chance.weighted((0..=days).map(weekday)) as u64;
        let at = (day * DAY + hour(chance)).checked_sub(AHEAD * HOUR + start);
        if let Some(at) = at.filter(|at| *at < length) {
            return at;
        }
    }
    chance.below(length)
}
