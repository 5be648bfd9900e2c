//! Models for the parity proof: random, and of the form that the condition compiler gives them.

use firstglance_engine::content::{Choice, Content, Shares, Slot, Variant};
use firstglance_engine::explain::{Part, PartValue};
use firstglance_engine::interest::Weights;
use firstglance_engine::model::{InterestRule, Segment};
use firstglance_engine::program::{
    Builder, Instruction, Lookup, Measure, Operator, Program, Test, TextSource, Which,
};
use firstglance_engine::{Milliseconds, Model, Timestamp};

use crate::random::Random;

/// Ids of slots.
pub(super) const SLOTS: [&str; 2] = ["hero", "offer"];

const DAY: u64 = 86_400_000;
const YEAR: u64 = 365 * DAY;
/// Around the moments of the streams.
const FIRST_MOMENT: i64 = 1_780_000_000_000;
/// What a condition compares with; halves and thirds, so that nothing is exact by chance.
const NUMBERS: [f64; 8] = [0.0, 0.5, 1.0, 2.0, 3.0, 1.0 / 3.0, 20.0, 60.0];
const WATCHES: [&str; 7] = [
    "*",
    "Page Viewed",
    "Order*",
    "Site Searched",
    "Order Completed\nvalue\n1*",
    // With a half-life, the fourth line.
    "Page *\n\n\n86400000",
    "*\nplan\n*\n1800000",
];
const NAMES: [&str; 7] = [
    "e-bikes",
    "crm",
    "/e-bikes/*",
    "*fiets*",
    "kinderfiets",
    "*",
    "city",
];
const WITH: [&str; 8] = [
    "google",
    "nl*",
    "*iphone*",
    "e-bikes",
    "/e-bikes/*",
    "*fiets*",
    "klant-7",
    "",
];

/// A random model; one in eight is that of a site without configuration.
pub(super) fn model(random: &mut Random) -> Model {
    let mut model = Model::default();
    if random.below(8) == 0 {
        return model;
    }
    if random.below(3) > 0 {
        model.interests = interests(random);
    }
    if random.below(3) == 0 {
        let mut weight = || random.below(1_000) as f64 / 300.0;
        model.weights = Weights {
            view: weight(),
            reading: weight(),
            unmeasured_view: weight(),
            search: weight(),
            campaign: weight(),
            click: weight(),
            form: weight(),
        };
    }
    for watch in WATCHES {
        if random.below(2) == 0 {
            model.watches.push(watch.into());
        }
    }
    for place in 0..random.place(9) {
        let program = condition(random, &model, place);
        model.programs.push(program);
        model.segments.push(Segment {
            id: format!("segment-{place}").into(),
            label: format!("Segment {place}").into(),
            program: place,
        });
    }
    if random.below(2) == 0 {
        score(random, &mut model);
    }
    if random.below(4) > 0 {
        stages(random, &mut model);
    }
    if random.below(2) == 0 {
        model.slots = slots(random, &model);
    }
    model
}

/// Slots that choose in each way, of variants with and without conditions and schedules around the
/// moments of the streams.
fn slots(random: &mut Random, model: &Model) -> Vec<Slot> {
    let mut all = Vec::new();
    for id in SLOTS {
        let count = 1 + random.place(4);
        let mut variants = Vec::new();
        for number in 0..count {
            let moment = |random: &mut Random| {
                let at = random.below(2 * YEAR) as i64;
                (random.below(4) == 0).then(|| Timestamp::from_milliseconds(FIRST_MOMENT + at))
            };
            let content = match random.below(2) {
                0 => Content::Html(format!("<p>{number} é & €</p>").into()),
                _ => Content::Fields(vec![("title".into(), format!("Nr. {number}").into())]),
            };
            variants.push(Variant {
                id: format!("variant-{number}").into(),
                label: format!("Variant {number}").into(),
                program: (random.below(3) > 0 && !model.programs.is_empty())
                    .then(|| random.place(model.programs.len())),
                from: moment(random),
                until: moment(random),
                content,
            });
        }
        let mut weights = || (0..count).map(|_| random.below(4) as u32 * 25).collect();
        let shares = [Some("segment-0".into()), Some("crm".into()), None];
        let shares: Vec<Shares> = shares
            .into_iter()
            .map(|segment| Shares {
                segment,
                weights: weights(),
            })
            .collect();
        all.push(Slot {
            id: id.into(),
            label: id.into(),
            control: random.below(91) as u8,
            choice: match random.below(3) {
                0 => Choice::First,
                1 => Choice::Even,
                _ => Choice::Automatic(shares),
            },
            variants,
        });
    }
    all
}

fn interests(random: &mut Random) -> Vec<InterestRule> {
    let rule = |id: &str, label: &str, path: &str, terms: &[&str], half_life| InterestRule {
        id: id.into(),
        label: label.into(),
        paths: vec![path.into()],
        terms: terms.iter().map(|term| (*term).into()).collect(),
        half_life: Milliseconds(half_life),
    };
    let mut half_life = || 1 + random.below(60 * DAY);
    vec![
        rule(
            "e-bikes",
            "E-bikes",
            "/e-bikes/*",
            &["e-bike*", "accu"],
            half_life(),
        ),
        rule("crm", "CRM & <meer>", "/crm/*", &["crm*"], half_life()),
        rule("kinder", "Kinderfietsen", "*kinder*", &[], half_life()),
    ]
}

/// A program and its parts, collected together.
#[derive(Default)]
struct Drafted {
    builder: Builder,
    parts: Vec<Part>,
}

impl Drafted {
    fn push(&mut self, instruction: &Instruction, model: &Model) {
        self.builder.push(instruction, &model.programs);
    }

    /// Ends a part that began at `from`.
    fn part(&mut self, source: String, from: usize, value: PartValue) {
        self.parts.push(Part {
            source: source.into(),
            code: (from, self.builder.here()),
            value,
            parts: Vec::new(),
        });
    }

    fn finish(self, source: &str, value: PartValue) -> Program {
        let part = Part {
            source: source.into(),
            code: (0, self.builder.here()),
            value,
            parts: self.parts,
        };
        self.builder.finish(Some(part))
    }
}

/// Clauses, joined.
fn condition(random: &mut Random, model: &Model, place: usize) -> Program {
    let mut drafted = Drafted::default();
    for clause in 0..=random.below(4) {
        let from = drafted.builder.here();
        let text = random.below(3) == 0;
        if text {
            drafted.push(&test(random), model);
        } else {
            drafted.push(&number(random, model), model);
            drafted.push(&Instruction::Number(pick(random, &NUMBERS)), model);
            let compare = [
                Operator::Less,
                Operator::LessOrEqual,
                Operator::Greater,
                Operator::GreaterOrEqual,
                Operator::Equal,
            ];
            drafted.push(&Instruction::Operate(pick(random, &compare)), model);
        }
        if random.below(5) == 0 {
            drafted.push(&Instruction::Operate(Operator::Not), model);
        }
        drafted.part(format!("clause {clause}"), from, PartValue::Truth);
        if clause > 0 {
            let join = [Operator::And, Operator::Or];
            drafted.push(&Instruction::Operate(pick(random, &join)), model);
        }
    }
    drafted.finish(&format!("condition {place}"), PartValue::Truth)
}

fn pick<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.place(all.len())]
}

fn number(random: &mut Random, model: &Model) -> Instruction {
    let watch = random.place(WATCHES.len());
    let length = pick(random, &[0, 1_800_000, DAY, 30 * DAY]);
    match random.below(5) {
        0 => Instruction::Count(watch, length),
        1 => Instruction::Decayed(watch, length),
        2 if !model.programs.is_empty() => Instruction::Value(random.place(model.programs.len())),
        3 => {
            let measures = [
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
            Instruction::Measure(pick(random, &measures))
        }
        _ => Instruction::Lookup(pick(random, &Lookup::ALL), pick(random, &NAMES).into()),
    }
}

fn test(random: &mut Random) -> Instruction {
    let which = pick(random, &[Which::Last, Which::First, Which::Any]);
    let sources = [
        TextSource::Utm(which, 0),
        TextSource::Utm(which, 3),
        TextSource::ClickId(which),
        TextSource::Referrer(which),
        TextSource::Landing(which),
        TextSource::TopInterest,
        TextSource::Language,
        TextSource::Agent,
        TextSource::User,
        TextSource::Trait,
    ];
    let source = pick(random, &sources);
    let is_trait = source == TextSource::Trait;
    Instruction::Test {
        source,
        name: if is_trait { "city" } else { "" }.into(),
        test: pick(random, &[Test::Equals, Test::Matches, Test::Near]),
        with: pick(random, &WITH).into(),
    }
}

/// A sum of points, some of which decay.
fn score(random: &mut Random, model: &mut Model) {
    let mut drafted = Drafted::default();
    drafted.push(&Instruction::Number(0.0), model);
    for rule in 0..=random.below(5) {
        let from = drafted.builder.here();
        drafted.push(&number(random, model), model);
        drafted.push(&Instruction::Number(random.below(900) as f64 / 7.0), model);
        drafted.push(&Instruction::Operate(Operator::Multiply), model);
        drafted.part(format!("rule {rule}"), from, PartValue::Number);
        drafted.push(&Instruction::Operate(Operator::Add), model);
    }
    for (bound, operator) in [(0.0, Operator::Maximum), (1e6, Operator::Minimum)] {
        drafted.push(&Instruction::Number(bound), model);
        drafted.push(&Instruction::Operate(operator), model);
    }
    model.score = Some(model.programs.len());
    model
        .programs
        .push(drafted.finish("score", PartValue::Number));
}

/// Stages that are entered at one score and left at a lower one.
fn stages(random: &mut Random, model: &mut Model) {
    let score = model.score.map_or(
        Instruction::Measure(Measure::Engagement),
        Instruction::Value,
    );
    model.stages = ["cold", "warm", "hot"].map(Into::into).into();
    let mut code = vec![Instruction::Number(0.0)];
    let mut from = 0.0;
    for place in [1.0, 2.0] {
        from += 1.0 + random.below(30) as f64;
        let operate = Instruction::Operate;
        let mut this = vec![
            score.clone(),
            Instruction::Number(from),
            operate(Operator::GreaterOrEqual),
            score.clone(),
            Instruction::Number(from * 0.8),
            operate(Operator::GreaterOrEqual),
            Instruction::Measure(Measure::Stage),
            Instruction::Number(place),
            operate(Operator::GreaterOrEqual),
            operate(Operator::And),
            operate(Operator::Or),
            Instruction::Number(place),
        ];
        this.append(&mut code);
        this.push(operate(Operator::Select));
        code = this;
    }
    let mut drafted = Drafted::default();
    for instruction in &code {
        drafted.push(instruction, model);
    }
    model.stage = Some(model.programs.len());
    let names = PartValue::Name(model.stages.clone());
    model.programs.push(drafted.finish("stage", names));
}
