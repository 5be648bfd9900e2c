//! Any text as a model: it is refused, or it evaluates and explains in bounded time.
#![no_main]

use firstglance_engine::codec::Encode;
use firstglance_engine::event::Page;
use firstglance_engine::explain::{self, Part, PartValue};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{
    About, Campaign, Evaluation, Event, EventKind, Model, Profile, Snapshot, Timestamp,
};
use libfuzzer_sys::fuzz_target;

const START: i64 = 1_795_000_000_000;
/// Programs that are explained at most: what a text can ask for is bounded by its length alone.
const MOST_EXPLAINED: usize = 4;

fuzz_target!(|text: &str| {
    let Ok(mut model) = Model::from_text(text) else {
        return;
    };
    assert_eq!(Model::from_text(&model.to_text()).as_ref(), Ok(&model));
    for program in model.programs.iter_mut().take(MOST_EXPLAINED) {
        program.part = Some(Part {
            source: "all".into(),
            code: (0, program.code.len()),
            value: PartValue::Number,
            parts: Vec::new(),
        });
    }
    for events in [0, 1, 5] {
        let profile = visited(events);
        let now = Timestamp::from_milliseconds(START + 86_400_000);
        let evaluation = Evaluation::of(&profile, &model, now);
        let mut json = JsonWriter::default();
        json.open('{');
        Snapshot::of_evaluation(&evaluation, &profile, &model).write_members(&mut json);
        explain::write_all(&evaluation, &profile, &model, &mut json);
        json.close('}');
    }
});

/// A profile of so many events, which the default model has folded.
fn visited(events: i64) -> Profile {
    let model = Model::default();
    let mut profile = Profile::new();
    let mut evaluation = Evaluation::new();
    let campaign =
        Campaign::from_parameters("utm_source=google\nutm_term=e-bike\ngclid=1", "gclid");
    for number in 0..events {
        let kind = match number {
            3 => EventKind::Searched { query: "e-bike" },
            4 => EventKind::Identified,
            _ => EventKind::Viewed {
                campaign: &campaign,
                measured: true,
            },
        };
        let event = Event {
            at: Timestamp::from_milliseconds(START + number * 3_000_000),
            kind,
            name: "Page Viewed",
            values: "city\0\"Zwolle\"\0age\x0040",
            page: Page {
                host: "www.wielrijk.nl",
                path: "/e-bikes/kade-5/",
                title: "Kade 5",
                referrer: "www.google.com",
            },
            topics: "E-bikes",
            keywords: "",
        };
        let about = About {
            user: "klant-7",
            language: "nl-NL",
            agent: "Mozilla/5.0 (iPhone)",
        };
        evaluation.take_in(&mut profile, &event, &about, &model, &mut |_, _, _| {});
    }
    profile
}
