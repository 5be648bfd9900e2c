//! A model for measuring: as many segments as asked for, of all the sorts that owners write, each
//! a little different from the last of its sort. Also what the loop in Chromium runs.

use firstglance_engine::model::{InterestRule, Segment};
use firstglance_engine::program::{
    Builder, Instruction, Lookup, Measure, Operator, Program, Test, TextSource, Which,
};
use firstglance_engine::{Milliseconds, Model};

const DAY: u64 = 86_400_000;
/// Ids of the interests.
pub(crate) const TOPICS: [&str; 5] = [
    "e-bikes",
    "bakfietsen",
    "kinderfietsen",
    "racefietsen",
    "onderhoud",
];

/// A model with five interests, a score of points, stages, and so many segments.
pub(crate) fn model(segments: usize) -> Model {
    let mut model = Model {
        // The fourth line is the half-life, in milliseconds: a week, and two.
        watches: [
            "Site Searched\n\n\n604800000",
            "Page Viewed\n\n\n604800000",
            "Form Submitted",
            "Site Searched\n\n\n1209600000",
        ]
        .map(Into::into)
        .into(),
        stages: ["cold", "warm", "hot"].map(Into::into).into(),
        ..Model::default()
    };
    for topic in TOPICS {
        model.interests.push(InterestRule {
            id: topic.into(),
            label: topic.into(),
            paths: vec![format!("/{topic}/*").into()],
            terms: vec![format!("{}*", topic.trim_end_matches('s')).into()],
            half_life: Milliseconds::from_days(14),
        });
    }
    for place in 0..segments {
        let program = finish(&condition(place), &model);
        model.programs.push(program);
        model.segments.push(Segment {
            id: format!("segment-{place}").into(),
            label: format!("Segment {place}").into(),
            program: place,
        });
    }
    let operate = Instruction::Operate;
    model.score = Some(model.programs.len());
    let score = [
        Instruction::Measure(Measure::Pages),
        Instruction::Decayed(0, 7 * DAY),
        Instruction::Number(5.0),
        operate(Operator::Multiply),
        operate(Operator::Add),
        Instruction::Number(100.0),
        operate(Operator::Minimum),
    ];
    let score = finish(&score, &model);
    model.programs.push(score);
    model.stage = Some(model.programs.len());
    let stage = [
        Instruction::Value(model.programs.len() - 1),
        Instruction::Number(20.0),
        operate(Operator::GreaterOrEqual),
    ];
    let stage = finish(&stage, &model);
    model.programs.push(stage);
    model
}

fn finish(code: &[Instruction], model: &Model) -> Program {
    let mut builder = Builder::default();
    for instruction in code {
        builder.push(instruction, &model.programs);
    }
    builder.finish(None)
}

/// One of eight sorts of conditions, each a little different from the last of its sort.
fn condition(place: usize) -> Vec<Instruction> {
    use Instruction::{Count, Decayed, Lookup as Look, Number, Operate};
    let topic = TOPICS[place % TOPICS.len()];
    let number = Number((place % 7) as f64 + 1.0);
    let text = |source, test, with: &str| Instruction::Test {
        source,
        name: Box::default(),
        test,
        with: with.into(),
    };
    let at_least = Operate(Operator::GreaterOrEqual);
    match place % 8 {
        0 => vec![
            Look(Lookup::Interest, topic.into()),
            Number(0.3 + (place % 50) as f64 / 100.0),
            at_least.clone(),
            Instruction::Measure(Measure::Visits),
            Number(2.0),
            at_least,
            Operate(Operator::And),
        ],
        1 => vec![
            Look(
                Lookup::Visited,
                format!("/{topic}/model-{}*", place % 9).into(),
            ),
            number,
            at_least,
        ],
        2 => vec![
            Look(Lookup::Searched, format!("*{}*", &topic[..5]).into()),
            Number(1.0),
            at_least,
        ],
        3 => vec![
            text(TextSource::Utm(Which::Last, 0), Test::Equals, "google"),
            text(TextSource::Utm(Which::Last, 1), Test::Matches, "*cp*"),
            Operate(Operator::And),
            text(TextSource::ClickId(Which::Any), Test::Equals, "gclid"),
            Operate(Operator::Or),
            text(
                TextSource::Referrer(Which::First),
                Test::Matches,
                "*google*",
            ),
            Operate(Operator::Or),
        ],
        4 => vec![
            Count(place % 3, (place as u64 % 30 + 1) * DAY),
            number,
            at_least,
        ],
        5 => vec![
            Look(Lookup::Scroll, format!("/{topic}/*").into()),
            Number(60.0),
            at_least,
            Instruction::Measure(Measure::ActiveSeconds),
            Number(45.0),
            Operate(Operator::GreaterOrEqual),
            Operate(Operator::And),
        ],
        6 => vec![
            Decayed(1, 7 * DAY),
            Number(3.0),
            Operate(Operator::Multiply),
            Decayed(3, 14 * DAY),
            Number(15.0),
            Operate(Operator::Multiply),
            Operate(Operator::Add),
            Instruction::Measure(Measure::Clicks),
            Operate(Operator::Add),
            Number(30.0),
            at_least,
        ],
        _ => vec![
            Instruction::Measure(Measure::SinceFirst),
            Number(DAY as f64),
            Operate(Operator::Divide),
            number,
            at_least,
            text(TextSource::Agent, Test::Matches, "*iphone*"),
            Operate(Operator::And),
        ],
    }
}
