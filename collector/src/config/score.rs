//! The table `[score]`: rules that give points, stages, and who is none of our leads.

use firstglance_engine::explain::PartValue;
use firstglance_engine::program::{Instruction, Measure, Operator};

use super::condition::{Code, Context, Name, Watch, Watches, compile};
use super::fields::score as fields;
use super::problem::{Problems, Written};
use super::rule::{Points, Rule};
use super::stage::Stage;
use super::table::{Placed, Table};
use super::{rule, stage};

/// The greatest score.
pub(super) const MOST: f64 = 1_000_000.0;

/// Id of the stage of those who are no leads.
pub const DISQUALIFIED: &str = "disqualified";

/// What the table says.
#[derive(Debug)]
pub(super) struct Score<'a> {
    pub(super) disqualified: Option<Placed<&'a str>>,
    pub(super) rules: Vec<Rule<'a>>,
    pub(super) stages: Vec<Stage>,
}

/// Reads the table.
pub(super) fn read<'a>(root: &Table<'a>, problems: &mut Problems<'_>) -> Score<'a> {
    let Some(table) = root.table(&fields::SCORE, problems) else {
        return Score {
            disqualified: None,
            rules: Vec::new(),
            stages: stage::usual(),
        };
    };
    let disqualified = table.text(&fields::DISQUALIFIED, problems);
    let rules = rule::read_all(&table, problems);
    let most = if table.has_inner(&fields::RULE) {
        MOST
    } else {
        100.0
    };
    let stages = stage::read_all(&table, most, problems);
    Score {
        disqualified,
        rules,
        stages,
    }
}

impl Score<'_> {
    /// Whether nothing is configured: the visitor's engagement is the score, and the stages are the
    /// usual ones.
    pub(super) fn is_usual(&self) -> bool {
        self.rules.is_empty() && self.disqualified.is_none() && self.stages == stage::usual()
    }

    /// Ids of the stages, that of those who are no leads last.
    pub(super) fn stage_ids(&self) -> Vec<Box<str>> {
        let mut ids: Vec<Box<str>> = self.stages.iter().map(|stage| stage.id.clone()).collect();
        if self.disqualified.is_some() {
            ids.push(DISQUALIFIED.into());
        }
        ids
    }

    /// The sum of the rules; nothing where there are none.
    pub(super) fn score_code(
        &self,
        context: &Context<'_>,
        watches: &mut Watches,
        problems: &mut Problems<'_>,
    ) -> Option<Code> {
        let mut sum: Option<Code> = None;
        for rule in &self.rules {
            let Some(points) = points(rule, context, watches, problems) else {
                continue;
            };
            sum = Some(match sum {
                Some(sum) => Code::two(Operator::Add, sum, points),
                None => points,
            });
        }
        let least = Code::two(Operator::Maximum, sum?, Code::number(0.0));
        let bounded = Code::two(Operator::Minimum, least, Code::number(MOST));
        Some(Code::Part(
            "score".to_owned(),
            PartValue::Number,
            Box::new(bounded),
        ))
    }

    /// The place of the stage: the highest that the score reaches, or that it keeps.
    pub(super) fn stage_code(
        &self,
        context: &Context<'_>,
        watches: &mut Watches,
        problems: &mut Problems<'_>,
    ) -> Code {
        let score = || {
            if self.rules.is_empty() {
                Code::Push(Instruction::Measure(Measure::Engagement))
            } else {
                Code::Read(Name::Score)
            }
        };
        let number = |place: usize| Code::number(f64::from(u32::try_from(place).unwrap_or(0)));
        let last = || Code::Push(Instruction::Measure(Measure::Stage));
        let none = number(self.stages.len());
        // Who was no lead comes back as somebody new.
        let before = || {
            if self.disqualified.is_none() {
                return last();
            }
            let was_none = Code::two(Operator::Equal, last(), none.clone());
            Code::select(was_none, Code::number(-1.0), last())
        };
        let mut code = number(0);
        for (place, stage) in self.stages.iter().enumerate().skip(1) {
            let at_least =
                |points: f64| Code::two(Operator::GreaterOrEqual, score(), Code::number(points));
            let was = Code::two(Operator::GreaterOrEqual, before(), number(place));
            let kept = Code::two(Operator::And, at_least(stage.keep), was);
            let holds = Code::two(Operator::Or, at_least(stage.from), kept);
            code = Code::select(holds, number(place), code);
        }
        if let Some(when) = &self.disqualified {
            match compile(when.value, context, watches) {
                Ok(condition) => code = Code::select(condition, none.clone(), code),
                Err(faults) => {
                    for fault in faults {
                        problems.within(&Written::toml(when), &fault);
                    }
                }
            }
        }
        Code::Part(
            "stage".to_owned(),
            PartValue::Name(self.stage_ids()),
            Box::new(code),
        )
    }
}

/// The points of a rule.
fn points(
    rule: &Rule<'_>,
    context: &Context<'_>,
    watches: &mut Watches,
    problems: &mut Problems<'_>,
) -> Option<Code> {
    let points = match &rule.points_for {
        Points::When(when) => match compile(when.value, context, watches) {
            Ok(condition) => Code::select(condition, Code::number(rule.points), Code::number(0.0)),
            Err(faults) => {
                for fault in faults {
                    problems.within(&Written::toml(when), &fault);
                }
                return None;
            }
        },
        Points::Event {
            name,
            property,
            cap,
            half_life,
        } => {
            let watch = Watch {
                name: name.value.to_owned(),
                property: property.clone(),
                half_life: *half_life,
            };
            let place = match watches.place(&watch) {
                Ok(place) => place,
                Err((wrong, right)) => {
                    problems.add(name.span.clone(), wrong, right);
                    return None;
                }
            };
            let seen = Code::Push(Instruction::Decayed(place, *half_life));
            let sum = Code::two(Operator::Multiply, seen, Code::number(rule.points));
            match cap {
                None => sum,
                Some(cap) if rule.points > 0.0 => {
                    Code::two(Operator::Minimum, sum, Code::number(*cap))
                }
                Some(cap) => Code::two(Operator::Maximum, sum, Code::number(-cap)),
            }
        }
    };
    Some(Code::Part(
        rule.label.clone(),
        PartValue::Number,
        Box::new(points),
    ))
}
