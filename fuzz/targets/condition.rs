//! Any text as a condition: it is refused with a reason that says where, or it becomes a model that
//! survives being written, evaluates and explains in bounded time.
#![no_main]

use firstglance_collector::config::compile_one;
use firstglance_engine::codec::Encode;
use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::program::{MAX_INSTRUCTIONS, instructions};
use firstglance_engine::{Evaluation, Model, Profile, Snapshot, Timestamp, explain};
use libfuzzer_sys::fuzz_target;

/// What a condition can refer to.
const CONFIGURATION: &str = r#"
[site]
write_key = "site"
allowed_origins = ["https://www.example.nl"]

[[interest]]
id = "e-bikes"
label = "E-bikes"
paths = ["/e-bikes/*"]
terms = ["e-bike*"]
"#;

const MESSAGES: [&str; 3] = [
    r#"{"type":"page","messageId":"1","anonymousId":"a","timestamp":"2026-11-23T13:52:54Z","context":{"page":{"url":"https://www.example.nl/e-bikes/?utm_source=google&gclid=1","referrer":"https://www.google.com/"},"locale":"nl-NL"}}"#,
    r#"{"type":"track","event":"Site Searched","messageId":"2","anonymousId":"a","timestamp":"2026-11-23T13:53:54Z","properties":{"query":"e-bike accu","value":10}}"#,
    r#"{"type":"identify","messageId":"3","anonymousId":"a","userId":"klant-7","timestamp":"2026-11-23T13:54:54Z","traits":{"city":"Zwolle","age":40}}"#,
];

fuzz_target!(|condition: &str| {
    let model = match compile_one(condition, CONFIGURATION) {
        Ok(model) => model,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            return;
        }
    };
    for (place, program) in model.programs.iter().enumerate() {
        assert!(
            instructions(&program.code).len() < MAX_INSTRUCTIONS,
            "program {place}"
        );
    }
    let read = Model::from_text(&model.to_text());
    assert_eq!(read.as_ref().map(Encode::to_text), Ok(model.to_text()));
    let mut profile = Profile::new();
    let mut evaluation = Evaluation::new();
    let clock = Clock {
        received_at: Timestamp::MAX,
        sent_at: None,
    };
    for json in MESSAGES {
        let message = read_message(json, None, &SharedFields::default(), clock);
        if let Ok(message) = message {
            profile.fold_recorded(&message, &model, &mut evaluation);
        }
        let fresh = Evaluation::of(&profile, &model, profile.last_seen);
        for (kept, new) in evaluation.values.iter().zip(&fresh.values) {
            assert!(kept.to_bits() == new.to_bits() || (kept.is_nan() && new.is_nan()));
        }
        let mut json = JsonWriter::default();
        json.open('{');
        Snapshot::of_evaluation(&fresh, &profile, &model).write_members(&mut json);
        explain::write_all(&fresh, &profile, &model, &mut json);
        json.close('}');
    }
});
