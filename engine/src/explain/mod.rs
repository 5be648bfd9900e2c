//! Why: what each part of a condition came to for a profile, and the evidence behind it.
//!
//! Each part of a condition is a run of the program's own instructions, so what is told is worked
//! out by the very code that decides. Nothing here decides anything.

mod evidence;

pub use evidence::Evidence;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::evaluation::Evaluation;
use crate::interest::{self, SEGMENT_SCORE};
use crate::json::JsonWriter;
use crate::model::Model;
use crate::profile::Profile;
use crate::program::{Instruction, Known, Program, holds, instructions};
use crate::snapshot;
use crate::text;

/// A part of a condition as its author wrote it, and the instructions that it became.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// The text in the configuration.
    pub source: Box<str>,
    /// First byte of its instructions in the program's code, and the first one after them.
    pub code: (usize, usize),
    /// What the value means.
    pub value: PartValue,
    /// The parts of the part.
    pub parts: Vec<Part>,
}

/// What the value of a part means.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PartValue {
    /// It holds or does not.
    #[default]
    Truth,
    /// It is a number.
    Number,
    /// It is one of these texts, by its place.
    Name(Vec<Box<str>>),
}

/// What a part came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The part as its author wrote it.
    pub source: Box<str>,
    /// Its value.
    pub value: TraceValue,
    /// What its parts came to.
    pub parts: Vec<Trace>,
    /// What the value rests on, where the part has no parts that say it.
    pub evidence: Vec<Evidence>,
}

/// The value of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceValue {
    /// It holds or does not.
    Truth(bool),
    /// A number; not-a-number where it is not known.
    Number(f64),
    /// A text.
    Name(Box<str>),
}

/// What can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Why a visitor is, or is not, in the segment of this id.
    Segment(&'a str),
    /// Where the score of the interest of this id comes from.
    Interest(&'a str),
    /// Where the lead score comes from.
    Score,
    /// Why the visitor has this stage.
    Stage,
}

/// Levels of parts below parts that are followed: conditions that ask for segments that ask for
/// segments.
const DEEPEST: usize = 24;

/// Most parts that one answer has: programs that read others twice would double it at each step.
const MOST_PARTS: usize = 2_000;

/// Answers a question about an evaluated profile; nothing where the id means nothing to the model
/// and the profile.
#[must_use]
pub fn explain(
    question: Question<'_>,
    evaluation: &Evaluation,
    profile: &Profile,
    model: &Model,
) -> Option<Trace> {
    let known = evaluation.known(profile, model);
    let mut left = MOST_PARTS;
    let mut whole = |program: Option<usize>| of_program(program?, &known, DEEPEST, &mut left);
    match question {
        Question::Segment(id) => match model.segment(id) {
            Some(segment) => whole(Some(segment.program)),
            None => {
                let interest = of_interest(id, &known)?;
                Some(Trace {
                    source: alloc::format!("interest(\"{id}\") >= {SEGMENT_SCORE}").into(),
                    value: TraceValue::Truth(number(&interest) >= SEGMENT_SCORE),
                    parts: alloc::vec![interest],
                    evidence: Vec::new(),
                })
            }
        },
        Question::Interest(id) => of_interest(id, &known),
        Question::Score => Some(whole(model.score).unwrap_or_else(|| {
            Trace {
                source: "engagement".into(),
                value: TraceValue::Number(snapshot::score(evaluation, profile, model)),
                parts: known
                    .interests
                    .iter()
                    .filter_map(|interest| of_interest(&interest.id, &known))
                    .collect(),
                evidence: Vec::new(),
            }
        })),
        Question::Stage => whole(model.stage),
    }
}

fn number(trace: &Trace) -> f64 {
    match trace.value {
        TraceValue::Number(number) => number,
        TraceValue::Truth(_) | TraceValue::Name(_) => 0.0,
    }
}

fn of_interest(id: &str, known: &Known<'_>) -> Option<Trace> {
    let score = known.interests.iter().find(|interest| *interest.id == *id);
    if score.is_none() && known.model.interest(id).is_none() {
        return None;
    }
    Some(Trace {
        source: alloc::format!("interest(\"{id}\")").into(),
        value: TraceValue::Number(score.map_or(0.0, |interest| interest.score)),
        parts: Vec::new(),
        evidence: evidence::of_interest(id, known),
    })
}

fn of_program(program: usize, known: &Known<'_>, depth: usize, left: &mut usize) -> Option<Trace> {
    let program = known.model.programs.get(program)?;
    Some(of_part(program.part.as_ref()?, program, known, depth, left))
}

fn of_part(
    part: &Part,
    program: &Program,
    known: &Known<'_>,
    depth: usize,
    left: &mut usize,
) -> Trace {
    *left = left.saturating_sub(1);
    let code = program.code.get(part.code.0..part.code.1);
    let code = code.unwrap_or_default();
    let value = known.run(code);
    let mut trace = Trace {
        source: part.source.clone(),
        value: match &part.value {
            PartValue::Truth => TraceValue::Truth(holds(value)),
            PartValue::Number => TraceValue::Number(value),
            PartValue::Name(names) => {
                let name = names.get(value as usize).cloned();
                TraceValue::Name(name.unwrap_or_default())
            }
        },
        parts: Vec::new(),
        evidence: Vec::new(),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return trace;
    };
    for part in &part.parts {
        if *left > 0 {
            trace.parts.push(of_part(part, program, known, depth, left));
        }
    }
    if part.parts.is_empty() {
        let mut seen = Vec::new();
        for instruction in instructions(code) {
            match instruction {
                Instruction::Value(_) if *left == 0 => {}
                // Programs of the owner's own text say what they are; others are looked through.
                Instruction::Value(earlier) => match of_program(earlier, known, depth, left) {
                    Some(inner) => trace.parts.push(inner),
                    None => look_through(earlier, known, depth, &mut seen, &mut trace.evidence),
                },
                other => evidence::of_instruction(&other, known, &mut trace.evidence),
            }
        }
    }
    trace
}

/// The evidence of a program that no text of the owner stands for, such as the channel. Each is
/// looked through once, however often it is read.
fn look_through(
    program: usize,
    known: &Known<'_>,
    depth: usize,
    seen: &mut Vec<usize>,
    found: &mut Vec<Evidence>,
) {
    let Some(depth) = depth.checked_sub(1).filter(|_| !seen.contains(&program)) else {
        return;
    };
    seen.push(program);
    let Some(program) = known.model.programs.get(program) else {
        return;
    };
    for instruction in instructions(&program.code) {
        match instruction {
            Instruction::Value(earlier) => look_through(earlier, known, depth, seen, found),
            other => evidence::of_instruction(&other, known, found),
        }
    }
}

impl Trace {
    /// The innermost parts that are truths.
    pub fn leaves<'a>(&'a self, found: &mut Vec<&'a Trace>) {
        let truths = |trace: &&Trace| matches!(trace.value, TraceValue::Truth(_));
        if truths(&self) && !self.parts.iter().any(|part| truths(&part)) {
            found.push(self);
        }
        for part in &self.parts {
            part.leaves(found);
        }
    }

    /// Writes the trace as an object.
    pub fn write(&self, json: &mut JsonWriter) {
        json.open('{');
        json.name("condition");
        json.text(&self.source);
        match &self.value {
            TraceValue::Truth(holds) => {
                json.name("holds");
                json.bool(*holds);
            }
            TraceValue::Number(number) => {
                json.name("value");
                json.number(*number);
            }
            TraceValue::Name(name) => {
                json.name("value");
                json.text(name);
            }
        }
        if !self.parts.is_empty() {
            json.name("parts");
            json.open('[');
            for part in &self.parts {
                part.write(json);
            }
            json.close(']');
        }
        if !self.evidence.is_empty() {
            json.name("evidence");
            json.open('[');
            for evidence in &self.evidence {
                evidence.write(json);
            }
            json.close(']');
        }
        json.close('}');
    }
}

/// Writes why a profile has its score and stage, and why it is in each of the segments it is in or
/// could be in, as members of the present object.
pub fn write_all(evaluation: &Evaluation, profile: &Profile, model: &Model, json: &mut JsonWriter) {
    let write =
        |json: &mut JsonWriter, question| match explain(question, evaluation, profile, model) {
            Some(trace) => trace.write(json),
            None => json.null(),
        };
    json.name("interests");
    json.open('{');
    for interest in &evaluation.interests {
        json.name(&interest.id);
        write(json, Question::Interest(&interest.id));
    }
    json.close('}');
    json.name("segments");
    json.open('{');
    for segment in &model.segments {
        json.name(&segment.id);
        write(json, Question::Segment(&segment.id));
    }
    for interest in &evaluation.interests {
        if interest.score >= SEGMENT_SCORE && model.segment(&interest.id).is_none() {
            json.name(&interest.id);
            write(json, Question::Segment(&interest.id));
        }
    }
    json.close('}');
    json.name("score");
    write(json, Question::Score);
    json.name("stage");
    write(json, Question::Stage);
}

/// Whether a search is about a topic, for the evidence.
fn is_about(said: &str, id: &str, model: &Model) -> bool {
    interest::is_about(model.interest(id), id, &text::slug(said))
}
