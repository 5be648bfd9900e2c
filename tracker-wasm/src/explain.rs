//! Why, and every number to the bit, from the page's engine: for the proof that page and collector
//! agree. Never part of the module that a page loads.
//!
//! A model's own form leaves out what its parts are called, because a page has no use for it; so
//! the parts come beside the model. Their form, in the characters of [`codec`]: a list with an item
//! for each program, 0 for "none" or 1 and the part; a part is its text, where its code begins and
//! ends, its kind (0 truth, 1 number, 2 the names that follow) and its parts.
//!
//! [`codec`]: firstglance_engine::codec

use alloc::format;
use alloc::string::String;

use firstglance_engine::codec::{Encode, Reader, Writer};
use firstglance_engine::explain::{Part, PartValue, write_all};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Evaluation, Model, Profile, Snapshot, Timestamp, interest};

use crate::state;

/// Parts inside parts that are read: no condition goes that deep.
const DEEPEST: usize = 64;

/// Appends the parts of a model's programs.
pub fn write_parts(model: &Model, out: &mut Writer) {
    out.integer(model.programs.len() as u64);
    for program in &model.programs {
        out.byte(program.part.is_some().into());
        if let Some(part) = &program.part {
            write_part(part, out);
        }
    }
}

fn write_part(part: &Part, out: &mut Writer) {
    out.text(&part.source);
    out.integer(part.code.0 as u64);
    out.integer(part.code.1 as u64);
    match &part.value {
        PartValue::Truth => out.byte(0),
        PartValue::Number => out.byte(1),
        PartValue::Name(names) => {
            out.byte(2);
            out.list(names);
        }
    }
    out.integer(part.parts.len() as u64);
    for inner in &part.parts {
        write_part(inner, out);
    }
}

fn read_parts(text: &str, model: &mut Model) {
    let mut reader = Reader::new(text);
    let count = reader.count();
    for program in model.programs.iter_mut().take(count) {
        program.part = (reader.byte() == 1).then(|| read_part(&mut reader, DEEPEST));
    }
}

fn read_part(reader: &mut Reader<'_>, depth: usize) -> Part {
    let mut part = Part {
        source: reader.boxed(),
        code: (reader.integer() as usize, reader.integer() as usize),
        value: match reader.byte() {
            0 => PartValue::Truth,
            1 => PartValue::Number,
            _ => PartValue::Name(reader.list()),
        },
        ..Part::default()
    };
    let count = reader.count();
    if let Some(depth) = depth.checked_sub(1) {
        for _ in 0..count {
            part.parts.push(read_part(reader, depth));
        }
    }
    part
}

/// Takes the parts of the programs of the model that is there.
pub fn name_parts(parts: &str) {
    if let Some(state) = state() {
        read_parts(parts, &mut state.model);
    }
}

/// Why the profile means what it means at a moment, and the bits of every number: what [`answer`]
/// gives.
pub fn explain(at: f64) -> String {
    let Some(state) = state() else {
        return String::new();
    };
    let now = Timestamp::from_milliseconds(at as i64);
    answer(&mut state.evaluation, &state.profile, &state.model, now)
}

/// The explanations as JSON, and after a line break the bits of interests, confidence, score and
/// engagement and of all programs, and the profile itself.
pub fn answer(
    evaluation: &mut Evaluation,
    profile: &Profile,
    model: &Model,
    now: Timestamp,
) -> String {
    evaluation.update(profile, model, now, 0);
    // The shortest form of numbers, as in the collector: what the page does without is here.
    let mut json = JsonWriter::default();
    json.open('{');
    write_all(evaluation, profile, model, &mut json);
    json.close('}');
    let mut text = json.into_string();
    text.push('\n');
    let mut tell = |name: &str, number: f64| {
        // Which of the many not-a-numbers it is means nothing, and machines differ in it.
        let bits = if number.is_nan() {
            f64::NAN.to_bits()
        } else {
            number.to_bits()
        };
        text.push_str(&format!("{name} {bits:016x}\n"));
    };
    for interest in &evaluation.interests {
        tell(&interest.id, interest.score);
    }
    tell("confidence", evaluation.confidence);
    tell("engagement", interest::engagement(profile, now));
    let snapshot = Snapshot::of_evaluation(evaluation, profile, model);
    tell("score", snapshot.score);
    for (place, value) in evaluation.values.iter().enumerate() {
        tell(&format!("program {place}"), *value);
    }
    text.push_str(&profile.to_text());
    text
}
