//! What the benchmarks share: a realistic visitor of a shop, and the model that they are measured by.
#![allow(dead_code)] // Each benchmark uses a part of it.

mod model;

use firstglance_engine::event::{Engagement, Page};
use firstglance_engine::{
    About, Campaign, Evaluation, Event, EventKind, Milliseconds, Model, Profile, Timestamp,
};

use model::TOPICS;
pub(crate) use model::model;

const START: i64 = 1_795_000_000_000;
const AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15";
const SEARCHES: [&str; 4] = [
    "fietsverzekering",
    "e-bike accu",
    "kinderfiets 24 inch",
    "bakfiets huren",
];
const CAMPAIGNS: [&str; 3] = [
    "utm_source=google\nutm_medium=cpc\nutm_term=e-bike",
    "utm_source=nieuwsbrief\nutm_medium=email",
    "gclid=Cj0KCQ",
];

/// What the visitor does, over and over: thirty pages read, four searches, three campaigns.
pub(crate) fn take_in(
    profile: &mut Profile,
    evaluation: &mut Evaluation,
    model: &Model,
    number: usize,
) {
    let visit = number / 12;
    let at = START + (number as i64) * 40_000 + visit as i64 * 50_000_000;
    let topic = TOPICS[(number / 6) % TOPICS.len()];
    let path = format!("/{topic}/model-{}/", number % 30);
    let parameters = if number.is_multiple_of(12) {
        CAMPAIGNS[visit % 3]
    } else {
        ""
    };
    let campaign = Campaign::from_parameters(parameters, &model.click_ids);
    let (kind, name) = match number % 12 {
        3 | 9 => {
            let query = SEARCHES[(number / 6) % 4];
            (EventKind::Searched { query }, "Site Searched")
        }
        remainder if remainder % 2 == 1 => {
            let engagement = Engagement {
                active: Milliseconds(21_000),
                scroll: 75,
                words: 400,
                ..Engagement::default()
            };
            (EventKind::Engaged(engagement), "Page Engaged")
        }
        _ => {
            let viewed = EventKind::Viewed {
                campaign: &campaign,
                measured: true,
            };
            (viewed, "Page Viewed")
        }
    };
    let event = Event {
        at: Timestamp::from_milliseconds(at),
        kind,
        name,
        values: "",
        page: Page {
            host: "www.wielrijk.nl",
            path: &path,
            title: "Kade 5: de e-bike voor elke dag | Wielrijk",
            referrer: if number.is_multiple_of(12) {
                "www.google.com"
            } else {
                ""
            },
        },
        topics: topic,
        keywords: "",
    };
    let about = About {
        language: "nl-NL",
        agent: AGENT,
        user: "",
    };
    evaluation.take_in(profile, &event, &about, model, &mut |_, _, _| {});
}

/// The profile after so many events.
pub(crate) fn visited(events: usize, model: &Model) -> (Profile, Evaluation) {
    let (mut profile, mut evaluation) = (Profile::new(), Evaluation::new());
    for number in 0..events {
        take_in(&mut profile, &mut evaluation, model, number);
    }
    (profile, evaluation)
}
