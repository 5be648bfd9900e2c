//! One visit: which pages, what is done there, and what follows from what is seen.

use firstglance_engine::content::assignment::is_held_out;
use firstglance_engine::events;
use firstglance_engine::model::Consent;

use crate::random::Random;

use super::crowd::{HOUR, Visitor, user};
use super::message::{Request, Writer};
use super::people::{
    APPLICANT, CAMPAIGNS, CLICKS, CONVERSION, Campaign, LIFTS, Landing, MALFORMED, PERSONAS,
    Persona, QUERIES,
};
use super::site::{Kind, Page, Site};
use super::truth::Truth;

/// Milliseconds of active time after which it is reported, as the tracker does.
const REPORT: u64 = 15_000;

/// Messages that are wrong, with the reason for which they are refused.
const WRONG: [(&str, &str); 5] = [
    (
        r#"{"messageId":"wrong-1","type":"page","anonymousId":"wrong","timestamp":"gisteren"}"#,
        "invalid_timestamp",
    ),
    (
        r#"{"messageId":"wrong-2","type":"pageview","anonymousId":"wrong"}"#,
        "unknown_type",
    ),
    (
        r#"{"messageId":"wrong-3","type":"track","anonymousId":"wrong"}"#,
        "missing_field",
    ),
    (
        r#"{"messageId":"wrong-4","type":"page","properties":{"path":"/"}}"#,
        "missing_visitor",
    ),
    (
        r#"{"messageId":"wrong-5","type":"page","anonymousId":"wrong","timestamp":"9000-01-01T00:00:00Z"}"#,
        "future_timestamp",
    ),
];

/// A visit while it is made.
pub(super) struct Visit<'a> {
    site: &'a Site,
    /// The visitor's id.
    id: &'a str,
    visitor: Visitor,
    writer: Writer<'a>,
    chance: &'a mut Random,
    truth: &'a mut Truth,
    begun: u64,
    /// After this it does not go on.
    last: u64,
    now: u64,
    /// The page that is looked at.
    page: usize,
    /// What the slot that was seen for the first time leads to.
    converts: bool,
    /// Whether it is told in few messages.
    brief: bool,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        site: &'a Site,
        id: &'a str,
        visitor: Visitor,
        writer: Writer<'a>,
        chance: &'a mut Random,
        truth: &'a mut Truth,
        (begun, last): (u64, u64),
    ) -> Self {
        Self {
            site,
            id,
            visitor,
            writer,
            chance,
            truth,
            begun,
            last: last.min(begun + HOUR),
            now: begun,
            page: 0,
            converts: false,
            brief: false,
        }
    }

    /// Has it told in few messages.
    pub(super) const fn brief(mut self, brief: bool) -> Self {
        self.brief = brief;
        self
    }

    /// Makes it, and says what became of the visitor.
    pub(super) fn make(mut self) -> (Visitor, Vec<Request>) {
        self.truth.visits += 1;
        self.visitor.visits = self.visitor.visits.saturating_add(1);
        if self.visitor.consent == Consent::Segments {
            self.derived();
        } else {
            self.look_around();
        }
        if self.chance.of_thousand(MALFORMED) {
            let (message, code) = WRONG[self.chance.place(WRONG.len())];
            self.writer.malformed(message);
            *self.truth.refused.entry(code).or_default() += 1;
        }
        self.writer.finish();
        (self.visitor, self.writer.requests)
    }

    /// What leaves a browser whose visitor allows no more than segments.
    fn derived(&mut self) {
        let topic = self.site.topics[usize::from(self.visitor.topic)].to_lowercase();
        let members = format!(
            "\"type\":\"track\",\"event\":\"{}\",\"properties\":{{\"segments\":[\"{topic}\"],\"score_bucket\":20,\"model\":\"demo\"}}",
            events::SEGMENTS_DERIVED,
        );
        self.truth.message("track", events::SEGMENTS_DERIVED);
        self.writer.bare(self.chance.pair(), self.now, &members);
    }

    fn persona(&self) -> &'static Persona {
        &PERSONAS[usize::from(self.visitor.persona)]
    }

    fn look_around(&mut self) {
        self.arrive();
        if self.visitor.is_second && !self.visitor.identified {
            self.identify();
        }
        let more = self.chance.times(self.persona().depth - 1.0);
        for _ in 0..more {
            if self.now > self.last {
                break;
            }
            self.go_on();
        }
        let first = &CAMPAIGNS[usize::from(self.visitor.campaign)];
        let wants = if usize::from(self.visitor.persona) == APPLICANT {
            self.visitor.visits == 1 && self.chance.happens(0.5)
        } else if self.visitor.exposed {
            // What the slot did was settled when it was seen; nothing else counts after that.
            self.converts
        } else {
            self.chance
                .happens((self.persona().intent * first.quality).min(0.9))
        };
        if wants && !self.visitor.asked {
            self.ask();
        }
    }

    /// The first page, by whatever brought the visitor.
    fn arrive(&mut self) {
        let place = if self.visitor.visits == 1 {
            usize::from(self.visitor.campaign)
        } else {
            self.chance.weighted(CAMPAIGNS.iter().map(|one| one.later))
        };
        let campaign = &CAMPAIGNS[place];
        self.truth.brought[place].arrivals += 1;
        let page = self.landing(campaign);
        let brand = self.site.brand.as_deref().unwrap_or("fiets");
        let filled = |text: &str, id: u64| {
            if text.contains('{') {
                text.replace("{brand}", brand)
                    .replace("{id}", &format!("{id:012x}"))
            } else {
                text.to_owned()
            }
        };
        let click = self.chance.next() >> 16;
        let (search, referrer) = (
            filled(campaign.parameters, click),
            filled(campaign.referrer, click),
        );
        self.view(page, &search, &referrer);
    }

    fn landing(&mut self, campaign: &Campaign) -> usize {
        let topic = usize::from(self.visitor.topic);
        let kind = match campaign.landing {
            Landing::Home => return self.site.page(Kind::Home),
            Landing::Article => Kind::Article,
            _ if topic >= self.site.sold => return self.site.page(Kind::Service),
            Landing::Category => Kind::Category,
            Landing::Product => Kind::Product,
        };
        self.any(kind, topic)
    }

    /// Some page of a kind about a topic.
    fn any(&mut self, kind: Kind, topic: usize) -> usize {
        let count = self.site.about(kind, topic).count();
        let place = self.chance.place(count);
        // There is one: see how the site is read.
        self.site.about(kind, topic).nth(place).unwrap_or(0)
    }

    /// Another page of the site.
    fn go_on(&mut self) {
        let persona = self.persona();
        let (main, second) = (
            usize::from(self.visitor.topic),
            usize::from(self.visitor.second),
        );
        let topic = if self.chance.happens(0.78) {
            main
        } else {
            second
        };
        let which = self.chance.part();
        if which < persona.searches {
            return self.search(topic);
        }
        let sold = topic < self.site.sold;
        let next = if which < persona.searches + persona.reads {
            if self.chance.happens(0.25) {
                self.site.page(Kind::Magazine)
            } else {
                self.any(Kind::Article, topic)
            }
        } else if !sold || which < persona.searches + persona.reads + persona.prices {
            self.site.page(Kind::Service)
        } else {
            match self.site.pages[self.page].kind {
                Kind::Category | Kind::Search => self.any(Kind::Product, topic),
                Kind::Product if self.chance.happens(0.3) => self.any(Kind::Product, topic),
                Kind::Product if self.chance.happens(0.3) => self.site.page(Kind::Home),
                _ if self.chance.happens(0.15) => self.site.page(Kind::Home),
                _ => self.any(Kind::Category, topic),
            }
        };
        let target = &self.site.pages[next];
        let (origin, path) = (&self.site.origin, &target.path);
        let properties = format!(
            "\"text\":\"{}\",\"kind\":\"internal\",\"href\":\"{origin}{path}\"",
            target.name
        );
        if !self.brief {
            self.track(events::LINK_CLICKED, &properties);
        }
        self.follow(next, "");
    }

    /// Asks the site's own search.
    fn search(&mut self, topic: usize) {
        let queries = QUERIES.get(topic).copied().unwrap_or(QUERIES[0]);
        let query = queries[self.chance.place(queries.len())];
        let results = 1 + self.chance.below(9);
        self.track(
            events::SITE_SEARCHED,
            &format!("\"query\":\"{query}\",\"source\":\"form\",\"results\":{results}"),
        );
        let search = format!("{}={}", self.site.search_parameter, query.replace(' ', "+"));
        self.follow(self.site.page(Kind::Search), &search);
    }

    /// Comes to a page from the present one.
    fn follow(&mut self, next: usize, search: &str) {
        let referrer = format!("{}{}", self.site.origin, self.site.pages[self.page].path);
        self.now += 300 + self.chance.below(700);
        self.view(next, search, &referrer);
    }

    /// A view of a page, and the attention that it gets.
    fn view(&mut self, number: usize, search: &str, referrer: &str) {
        self.page = number;
        let page: &'a Page = &self.site.pages[number];
        self.writer
            .view(page, &self.site.origin, search, referrer, self.begun);
        self.writer.viewed(self.chance.pair(), self.now, page);
        self.truth.message("page", "");
        self.visitor.views = self.visitor.views.saturating_add(1);
        self.visitor.saw_prices |= page.kind == Kind::Service;
        self.now += 1_200 + self.chance.below(600);
        if page.kind == Kind::Home {
            self.see_template();
            self.see_slot();
        }
        self.read(page);
    }

    /// Active time and scrolling, told as the tracker tells them.
    fn read(&mut self, page: &Page) {
        let mean = match page.kind {
            Kind::Article => 55_000.0,
            Kind::Product => 28_000.0,
            _ => 14_000.0,
        };
        let active = (1_500 + self.chance.exponential(mean)).min(4 * 60_000) / 100 * 100;
        let (mut told, mut depth) = (0, 0);
        let deepest = (25 + active / 1_000 + self.chance.below(30)).min(100);
        while told < active {
            let longest = if self.brief { active } else { REPORT };
            let more = (active - told).min(longest);
            self.now += more + self.chance.below(more / 4 + 1);
            let scroll = deepest * (told + more) / active;
            let tenths =
                |milliseconds: u64| format!("{}.{}", milliseconds / 1_000, milliseconds / 100 % 10);
            let properties = format!(
                "\"url\":\"{origin}{path}\",\"path\":\"{path}\"{topics},\"words\":{words},\"active_seconds\":{},\"active_seconds_before\":{},\"scroll_percent\":{scroll},\"scroll_percent_before\":{depth},\"scroll_pixels\":{}",
                tenths(more),
                tenths(told),
                scroll * 31,
                origin = self.site.origin,
                path = page.path,
                topics = page.topics,
                words = page.words,
            );
            self.track(events::PAGE_ENGAGED, &properties);
            told += more;
            depth = scroll;
        }
        self.now += 400 + self.chance.below(2_000);
    }

    fn track(&mut self, event: &'static str, properties: &str) {
        self.truth.message("track", event);
        self.writer
            .track(self.chance.pair(), self.now, event, properties);
    }

    /// The front page's template for whoever's interest is known.
    fn see_template(&mut self) {
        let site = self.site;
        let Some((slot, variants)) = &site.templates else {
            return;
        };
        let variant = variants
            .get(usize::from(self.visitor.topic))
            .and_then(Option::as_deref);
        let Some(variant) = variant.filter(|_| self.visitor.views >= 4) else {
            return;
        };
        let is_first = !std::mem::replace(&mut self.visitor.saw_template, true);
        self.content(slot, variant, false, is_first, 0.12);
    }

    /// The slot that the configuration fills.
    fn see_slot(&mut self) {
        let site = self.site;
        let Some(slot) = site.slots.first().filter(|_| self.visitor.visits >= 2) else {
            return;
        };
        let is_warm = self.visitor.views >= 5;
        let is_hot = is_warm && self.visitor.visits >= 3 && self.visitor.saw_prices;
        let variant = if is_hot {
            slot.variants.first()
        } else {
            slot.variants.last()
        };
        let Some(variant) = variant.filter(|_| is_warm) else {
            return;
        };
        let control = is_held_out(self.id, &slot.id, slot.control);
        let is_first = !std::mem::replace(&mut self.visitor.exposed, true);
        let click = match (is_first, control) {
            (true, true) => CLICKS.0,
            (true, false) => CLICKS.1,
            // Who clicks does so at once, so that the truth is as simple as it is told.
            (false, _) => 0.0,
        };
        self.content(&slot.id, variant, control, is_first, click);
        if !is_first {
            return;
        }
        let lift = LIFTS.iter().find(|lift| lift.variant == variant);
        let lift = lift
            .filter(|_| !control)
            .map_or(0.0, |lift| lift.conversion);
        let quality = CAMPAIGNS[usize::from(self.visitor.campaign)].quality;
        let probability = CONVERSION * quality * (1.0 + lift);
        self.converts = self.chance.happens(probability) && !self.visitor.asked;
        if self.converts {
            self.arm(&slot.id, variant, control).conversions += 1;
        }
    }

    fn arm(&mut self, slot: &str, variant: &str, control: bool) -> &mut super::truth::Arm {
        let arms = self
            .truth
            .arms
            .entry((slot.to_owned(), variant.to_owned()))
            .or_default();
        &mut arms[usize::from(control)]
    }

    /// Content is seen, and perhaps clicked.
    fn content(&mut self, slot: &str, variant: &str, control: bool, is_first: bool, click: f64) {
        self.now += 7;
        let held = if control { ",\"control\":true" } else { "" };
        let properties = format!("\"slot\":\"{slot}\",\"variant\":\"{variant}\"{held}");
        self.track(events::CONTENT_VIEWED, &properties);
        let clicks = self.chance.happens(click);
        if clicks {
            self.now += 1_500;
            self.track(events::CONTENT_CLICKED, &properties);
        }
        let arm = self.arm(slot, variant, control);
        arm.visitors += u64::from(is_first);
        arm.impressions += 1;
        arm.clicks += u64::from(clicks);
    }

    /// Asks for a test ride, or writes to the shop.
    fn ask(&mut self) {
        self.visitor.asked = true;
        let first = &mut self.truth.brought[usize::from(self.visitor.campaign)];
        first.asked += 1;
        let topic = usize::from(self.visitor.topic);
        let rides = topic < self.site.sold && usize::from(self.visitor.persona) != APPLICANT;
        let mut search = "";
        if rides {
            let bike = self.any(Kind::Product, topic);
            self.follow(bike, "");
            let page = &self.site.pages[bike];
            let category = self.site.topics[topic].to_lowercase();
            self.track(
                "Test Ride Requested",
                &format!(
                    "\"bike\":\"{}\",\"category\":\"{category}\"{}",
                    page.name, page.topics
                ),
            );
            search = "onderwerp=proefrit";
        }
        self.follow(self.site.page(Kind::Contact), search);
        if !rides || self.chance.happens(0.7) {
            self.track(events::FORM_SUBMITTED, "\"form\":\"contactformulier\"");
            if self.chance.happens(0.8) {
                self.identify();
            }
        }
    }

    /// Says who it is, as a site does at a sign-up.
    fn identify(&mut self) {
        if std::mem::replace(&mut self.visitor.identified, true) {
            return;
        }
        self.truth.identified += 1;
        self.truth.message("identify", "");
        let person = self.visitor.person;
        let kind = if usize::from(self.visitor.persona) == APPLICANT {
            "applicant"
        } else {
            "customer"
        };
        let traits = format!(
            "\"email\":\"klant{person}@example.com\",\"name\":\"Klant {person}\",\"type\":\"{kind}\""
        );
        self.now += 900;
        self.writer
            .identify(self.chance.pair(), self.now, &user(person), &traits);
        self.now += 1_000;
    }
}
