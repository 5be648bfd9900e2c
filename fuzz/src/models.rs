//! Small models made of bytes, of the form that the condition compiler gives them.

use firstglance_engine::interest::Weights;
use firstglance_engine::model::{InterestRule, Segment};
use firstglance_engine::program::{
    Builder, Instruction, Lookup, Measure, Operator, Program, Test, TextSource, Which,
};
use firstglance_engine::{Milliseconds, Model};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

use crate::texts::text;

const LENGTHS: [u64; 6] = [0, 1, 1_800_000, 86_400_000, 1_209_600_000, u64::MAX];
const PATTERNS: [&str; 8] = [
    "*",
    "/e-bikes/*",
    "e-bike*",
    "crm*",
    "*fiets*",
    "**a*a*a*",
    "é",
    "",
];
const WATCHES: [&str; 8] = [
    "*",
    "Page Viewed",
    "Order *",
    "Site Searched",
    "*\ncity\n\"Zw*",
    "Order Completed\nvalue\n4*",
    "Page Viewed\n\n\n86400000",
    "*\nplan\n\"*\"\n1800000",
];
const NUMBERS: [f64; 9] = [-1.0, 0.0, 0.5, 1.0, 2.0, 20.0, 50.0, 1e9, 1e300];
const MEASURES: [Measure; 10] = [
    Measure::Now,
    Measure::SinceFirst,
    Measure::SinceLast,
    Measure::Visits,
    Measure::Pages,
    Measure::ActiveSeconds,
    Measure::Clicks,
    Measure::Events,
    Measure::Confidence,
    Measure::Engagement,
];
const SOURCES: [TextSource; 12] = [
    TextSource::Utm(Which::Last, 0),
    TextSource::Utm(Which::First, 3),
    TextSource::Utm(Which::Any, 8),
    TextSource::ClickId(Which::Last),
    TextSource::Referrer(Which::Any),
    TextSource::Landing(Which::First),
    TextSource::Landing(Which::Last),
    TextSource::TopInterest,
    TextSource::Language,
    TextSource::Agent,
    TextSource::User,
    TextSource::Trait,
];
const OPERATORS: [Operator; 14] = [
    Operator::Add,
    Operator::Subtract,
    Operator::Multiply,
    Operator::Divide,
    Operator::Floor,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Equal,
    Operator::And,
    Operator::Or,
    Operator::Minimum,
    Operator::Maximum,
];
/// Most that the compiler lets a score be.
const MOST_SCORE: f64 = 1_000_000.0;

/// A model with a few of everything.
pub fn model(bytes: &mut Unstructured<'_>) -> Result<Model> {
    let mut model = Model::default();
    for place in 0..bytes.int_in_range(0..=3_u8)? {
        let mut patterns = || -> Result<Vec<Box<str>>> {
            let mut all = Vec::new();
            for _ in 0..bytes.int_in_range(0..=2_u8)? {
                all.push((*bytes.choose(&PATTERNS)?).into());
            }
            Ok(all)
        };
        let (paths, terms) = (patterns()?, patterns()?);
        let ids = ["e-bikes", "crm", "text-7", "a"];
        model.interests.push(InterestRule {
            id: ids[usize::from(place)].into(),
            label: text(bytes)?.into(),
            paths,
            terms,
            half_life: Milliseconds(*bytes.choose(&LENGTHS)?),
        });
    }
    if bytes.ratio(1, 4)? {
        let mut weight = || bytes.choose(&[0.0, 0.1, 1.0, 100.0]).copied();
        model.weights = Weights {
            view: weight()?,
            reading: weight()?,
            unmeasured_view: weight()?,
            search: weight()?,
            campaign: weight()?,
            click: weight()?,
            form: weight()?,
        };
    }
    for watch in WATCHES {
        if bytes.arbitrary()? {
            model.watches.push(watch.into());
        }
    }
    for place in 0..bytes.int_in_range(0..=10_u8)? {
        let program = program(bytes, &model)?;
        model.programs.push(program);
        model.segments.push(Segment {
            id: format!("segment-{place}").into(),
            label: text(bytes)?.into(),
            program: place.into(),
        });
    }
    if bytes.arbitrary()? {
        score(&mut model);
    }
    if bytes.arbitrary()? {
        stage(bytes, &mut model)?;
    }
    Ok(model)
}

fn finish(code: &[Instruction], earlier: &[Program]) -> Program {
    let mut builder = Builder::default();
    for instruction in code {
        builder.push(instruction, earlier);
    }
    builder.finish(None)
}

/// A program that is well-formed: no operator lacks operands, and one value is left.
fn program(bytes: &mut Unstructured<'_>, model: &Model) -> Result<Program> {
    let mut code = Vec::new();
    let mut depth = 0_u32;
    for _ in 0..bytes.int_in_range(1..=16_u8)? {
        let operator = match (depth, bytes.arbitrary::<u8>()?) {
            (1.., 0..=9) => Some((Operator::Not, 1)),
            (3.., 10..=19) => Some((Operator::Select, 3)),
            (2.., 20..=119) => Some((*bytes.choose(&OPERATORS)?, 2)),
            _ => None,
        };
        if let Some((operator, takes)) = operator {
            depth -= takes;
            code.push(Instruction::Operate(operator));
        } else {
            code.push(operand(bytes, model)?);
        }
        depth += 1;
    }
    for _ in 1..depth {
        code.push(Instruction::Operate(*bytes.choose(&OPERATORS)?));
    }
    Ok(finish(&code, &model.programs))
}

/// The stage is not among them: only the stage's own program reads it, see [`stage`].
fn operand(bytes: &mut Unstructured<'_>, model: &Model) -> Result<Instruction> {
    Ok(match bytes.int_in_range(0..=7_u8)? {
        0 => Instruction::Number(*bytes.choose(&NUMBERS)?),
        1 if !model.programs.is_empty() => {
            Instruction::Value(bytes.choose_index(model.programs.len())?)
        }
        2 | 1 => Instruction::Measure(*bytes.choose(&MEASURES)?),
        3 => Instruction::Lookup(*bytes.choose(&Lookup::ALL)?, name(bytes)?),
        4 => Instruction::Count(bytes.int_in_range(0..=6)?, *bytes.choose(&LENGTHS)?),
        5 => Instruction::Decayed(bytes.int_in_range(0..=6)?, *bytes.choose(&LENGTHS)?),
        _ => {
            let source = *bytes.choose(&SOURCES)?;
            let name = if source == TextSource::Trait {
                "city"
            } else {
                ""
            };
            Instruction::Test {
                source,
                name: name.into(),
                test: *bytes.choose(&Test::ALL)?,
                with: self::name(bytes)?,
            }
        }
    })
}

fn name(bytes: &mut Unstructured<'_>) -> Result<Box<str>> {
    Ok(match bytes.int_in_range(0..=3_u8)? {
        0 => "e-bikes".into(),
        1 => "crm".into(),
        _ => (*bytes.choose(&PATTERNS)?).into(),
    })
}

/// The sum of all programs, within the compiler's bounds.
fn score(model: &mut Model) {
    let mut code = vec![Instruction::Number(0.0)];
    for place in 0..model.programs.len() {
        code.push(Instruction::Value(place));
        code.push(Instruction::Operate(Operator::Add));
    }
    // In this order what is not-a-number becomes 0.
    code.push(Instruction::Number(0.0));
    code.push(Instruction::Operate(Operator::Maximum));
    code.push(Instruction::Number(MOST_SCORE));
    code.push(Instruction::Operate(Operator::Minimum));
    model.score = Some(model.programs.len());
    let program = finish(&code, &model.programs);
    model.programs.push(program);
}

/// Stages that are kept a while when the score falls.
fn stage(bytes: &mut Unstructured<'_>, model: &mut Model) -> Result<()> {
    let mut code = vec![Instruction::Number(0.0)];
    for place in 0..=bytes.int_in_range(0..=3_u8)? {
        model.stages.push(format!("stage-{place}").into());
        if place == 0 {
            continue;
        }
        let from = f64::from(bytes.arbitrary::<u8>()?);
        let keep = from * 0.8;
        let score = model.score.map_or(
            Instruction::Measure(Measure::Engagement),
            Instruction::Value,
        );
        let mut this = vec![
            score.clone(),
            Instruction::Number(from),
            Instruction::Operate(Operator::GreaterOrEqual),
            score,
            Instruction::Number(keep),
            Instruction::Operate(Operator::GreaterOrEqual),
            Instruction::Measure(Measure::Stage),
            Instruction::Number(place.into()),
            Instruction::Operate(Operator::GreaterOrEqual),
            Instruction::Operate(Operator::And),
            Instruction::Operate(Operator::Or),
            Instruction::Number(place.into()),
        ];
        this.append(&mut code);
        this.push(Instruction::Operate(Operator::Select));
        code = this;
    }
    model.stage = Some(model.programs.len());
    let program = finish(&code, &model.programs);
    model.programs.push(program);
    Ok(())
}
