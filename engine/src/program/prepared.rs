//! Programs made ready for a server that runs each of them many times: the instructions are read
//! once, lists of patterns are sorted, so that a text is held against the few that it can match, and
//! what cannot matter any more is not worked out: of `a && b` not `b` where `a` does not hold.
//!
//! The page runs the code as it stands (`run`), for what is here would be a third of its module. Both
//! come to the same, and a test holds them against each other.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::Reader;
use crate::text::{self, pieces};

use super::run::{Known, Touched, compare, holds, operate};
use super::{
    COUNT, DECAYED, FLOAT, LOOKUP, MAX_INSTRUCTIONS, MEASURE, NUMBER, OPERATE, OTHER_TEXTS,
    Operator, TEST, Test, VALUE,
};

/// The number of the text that has a name.
const TRAIT: u8 = OTHER_TEXTS + 4;

/// The instructions of a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Prepared(Box<[Step]>);

/// One instruction, by the numbers that its code has.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Number(f64),
    Value(usize),
    Count(usize, u64),
    Decayed(usize, u64),
    Test {
        source: u8,
        name: Box<str>,
        with: With,
    },
    Operate(u8),
    Lookup(u8, Box<str>),
    Measure(u8),
    /// Over so many steps where the value on top does not hold, which is false then.
    AndThen(usize),
    /// Over so many steps where the value on top holds, which is true then.
    OrElse(usize),
    /// Takes the value on top, and over so many steps where it does not hold.
    When(usize),
    /// Over so many steps.
    Over(usize),
}

/// With what a text is compared.
#[derive(Clone, Debug, PartialEq)]
enum With {
    One(u8, Box<str>),
    Patterns(Patterns),
}

/// Patterns of which a text has to match one.
#[derive(Clone, Debug, PartialEq)]
struct Patterns {
    /// All of them, for a text with characters whose case and accents are not plain.
    all: Box<str>,
    /// Those of ASCII alone without a star, in lower case and sorted.
    texts: Box<[Box<str>]>,
    /// Those that begin with a character of ASCII, in lower case and sorted.
    begun: Box<[Box<str>]>,
    /// The others.
    others: Box<[Box<str>]>,
}

impl Patterns {
    fn new(list: &str) -> Self {
        let (mut texts, mut begun, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for pattern in pieces(list, b'\n') {
            let lower = || pattern.to_ascii_lowercase().into_boxed_str();
            match pattern.bytes().next() {
                _ if pattern.is_ascii() && !pattern.contains('*') => texts.push(lower()),
                Some(b'*' | 0x80..) | None => others.push(pattern.into()),
                Some(_) => begun.push(lower()),
            }
        }
        texts.sort();
        begun.sort();
        Self {
            all: list.into(),
            texts: texts.into(),
            begun: begun.into(),
            others: others.into(),
        }
    }

    fn any_matches(&self, text: &str) -> bool {
        if !text.is_ascii() {
            return compare(Test::Matches as u8, text, &self.all);
        }
        let lower = |text: &str| text.bytes().next().map(|first| first.to_ascii_lowercase());
        let first = lower(text);
        let from = self.begun.partition_point(|one| lower(one) < first);
        let begun = self.begun.get(from..).unwrap_or_default();
        self.texts
            .binary_search_by(|known| in_lower_case(known, text))
            .is_ok()
            || begun
                .iter()
                .take_while(|pattern| lower(pattern) == first)
                .chain(&self.others)
                .any(|pattern| text::matches(pattern, text))
    }
}

/// How a text in lower case is to another that may not be.
fn in_lower_case(known: &str, text: &str) -> Ordering {
    let text = text.bytes().map(|byte| byte.to_ascii_lowercase());
    known.bytes().cmp(text)
}

impl Prepared {
    pub(super) fn new(code: &str) -> Self {
        let mut reader = Reader::new(code);
        let mut steps = Vec::new();
        while !reader.is_at_end() && steps.len() < MAX_INSTRUCTIONS {
            steps.push(step(&mut reader));
        }
        Self(shortened(&steps).unwrap_or(steps).into())
    }
}

/// The steps of which those are passed over that cannot matter; nothing where they are not those of one
/// value, and what they come to is a matter of the stack.
fn shortened(steps: &[Step]) -> Option<Vec<Step>> {
    const AND: u8 = Operator::And as u8;
    const OR: u8 = Operator::Or as u8;
    const NOT: u8 = Operator::Not as u8;
    const SELECT: u8 = Operator::Select as u8;
    // The steps of each value that is on the stack.
    let mut values: Vec<Vec<Step>> = Vec::new();
    for step in steps {
        let last = match step {
            Step::Operate(_) => values.pop()?,
            _ => {
                values.push(alloc::vec![step.clone()]);
                continue;
            }
        };
        let value = match step {
            Step::Operate(NOT) => last,
            Step::Operate(SELECT) => {
                let (mut then, mut value) = (values.pop()?, values.pop()?);
                then.push(Step::Over(last.len()));
                value.push(Step::When(then.len()));
                value.extend(then);
                value.extend(last);
                values.push(value);
                continue;
            }
            _ => {
                let mut value = values.pop()?;
                match step {
                    Step::Operate(AND) => value.push(Step::AndThen(last.len() + 1)),
                    Step::Operate(OR) => value.push(Step::OrElse(last.len() + 1)),
                    _ => {}
                }
                value.extend(last);
                value
            }
        };
        values.push(value);
        values.last_mut()?.push(step.clone());
    }
    let value = values.pop()?;
    values.is_empty().then_some(value)
}

fn step(reader: &mut Reader<'_>) -> Step {
    match reader.byte() {
        NUMBER => Step::Number(reader.integer() as f64),
        FLOAT => Step::Number(reader.float()),
        VALUE => Step::Value(reader.integer() as usize),
        COUNT => Step::Count(reader.integer() as usize, reader.integer()),
        DECAYED => Step::Decayed(reader.integer() as usize, reader.integer()),
        TEST => {
            let (source, test) = (reader.byte(), reader.byte());
            let name = if source == TRAIT {
                reader.boxed()
            } else {
                Box::default()
            };
            let with = reader.text();
            let with = if test == Test::Matches as u8 {
                With::Patterns(Patterns::new(with))
            } else {
                With::One(test, with.into())
            };
            Step::Test { source, name, with }
        }
        code @ OPERATE.. => Step::Operate(code - OPERATE),
        code @ LOOKUP.. => Step::Lookup(code - LOOKUP, reader.boxed()),
        code => Step::Measure(code.wrapping_sub(MEASURE)),
    }
}

/// How many steps are passed over after one that says so.
fn over(step: &Step, stack: &mut Vec<f64>) -> usize {
    let mut decided = |truth: bool, over: usize| {
        let Some(top) = stack.last_mut().filter(|top| holds(**top) == truth) else {
            return 0;
        };
        *top = f64::from(u8::from(truth));
        over
    };
    match *step {
        Step::AndThen(over) => decided(false, over),
        Step::OrElse(over) => decided(true, over),
        Step::When(_) if stack.pop().is_some_and(holds) => 0,
        Step::When(over) | Step::Over(over) => over,
        _ => 0,
    }
}

impl Known<'_> {
    /// The value of a program, on an empty stack that others have used before.
    pub(super) fn run_prepared(&self, program: &Prepared, stack: &mut Vec<f64>) -> f64 {
        let mut touched = Touched::default();
        let mut steps = program.0.iter();
        while let Some(step) = steps.next() {
            let value = match step {
                Step::Number(number) => *number,
                Step::Value(program) => self.values.get(*program).copied().unwrap_or(f64::NAN),
                Step::Count(watch, length) => self.seen(*watch, *length, false),
                Step::Decayed(watch, length) => self.seen(*watch, *length, true),
                Step::Test { source, name, with } => {
                    self.test(*source, name, &mut touched, &|text| match with {
                        With::One(test, with) => compare(*test, text, with),
                        With::Patterns(patterns) => patterns.any_matches(text),
                    })
                }
                Step::Operate(operator) => operate(*operator, stack),
                Step::Lookup(lookup, name) => self.look_up(*lookup, name),
                Step::Measure(measure) => self.measure(*measure),
                Step::Over(_) | Step::When(_) | Step::AndThen(_) | Step::OrElse(_) => {
                    let over = over(step, stack);
                    steps = steps.as_slice().get(over..).unwrap_or_default().iter();
                    continue;
                }
            };
            stack.push(value);
        }
        let value = stack.pop().unwrap_or(f64::NAN);
        stack.clear();
        value
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use proptest::prelude::*;

    use super::*;
    use crate::codec::Writer;
    use crate::model::Model;
    use crate::profile::Profile;
    use crate::program::Instruction;
    use crate::time::Timestamp;

    #[test]
    fn patterns_of_all_kinds() {
        let list = "google.*\nBing.com\nbing.*\n*.yandex.*\ncafé*\nCAFE-NOIR\n\nx*y*z\nstraße";
        let patterns = Patterns::new(list);
        for text in [
            "google.nl",
            "GOOGLE.nl",
            "Google",
            "bing.com",
            "BING.COM",
            "bing.co.uk",
            "bing",
            "m.yandex.ru",
            "yandex.ru",
            "café au lait",
            "cafe au lait",
            "cafe-noir",
            "Café-Noir",
            "xyz",
            "x1y2z",
            "xz",
            "",
            " ",
            "STRASSE",
            "straße",
            "é",
            "*",
        ] {
            let plain = compare(Test::Matches as u8, text, list);
            assert_eq!(patterns.any_matches(text), plain, "{text:?}");
        }
    }

    /// Steps that come to something, and with them those that a program has.
    fn instruction() -> impl Strategy<Value = Instruction> {
        let operators = [
            Operator::Add,
            Operator::Divide,
            Operator::Less,
            Operator::And,
            Operator::And,
            Operator::Or,
            Operator::Or,
            Operator::Not,
            Operator::Select,
            Operator::Select,
        ];
        prop_oneof![
            4 => proptest::sample::select(&[0.0, 1.0, 2.5, -1.0, f64::NAN][..])
                .prop_map(Instruction::Number),
            1 => (0_usize..3).prop_map(Instruction::Value),
            5 => proptest::sample::select(operators.to_vec()).prop_map(Instruction::Operate),
        ]
    }

    /// A run of instructions that leaves one value.
    fn whole() -> impl Strategy<Value = Vec<Instruction>> {
        let number = proptest::sample::select(&[0.0, 1.0, 2.5, -1.0, f64::NAN][..]);
        let leaf = number.prop_map(|number| vec![Instruction::Number(number)]);
        leaf.prop_recursive(6, 60, 3, |inner| {
            let two = [Operator::Add, Operator::Less, Operator::And, Operator::Or];
            let with = |parts: Vec<Vec<Instruction>>, operator| {
                let mut code = parts.concat();
                code.push(Instruction::Operate(operator));
                code
            };
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1)
                    .prop_map(move |parts| with(parts, Operator::Not)),
                (
                    proptest::collection::vec(inner.clone(), 2),
                    proptest::sample::select(two.to_vec())
                )
                    .prop_map(move |(parts, operator)| with(parts, operator)),
                proptest::collection::vec(inner, 3)
                    .prop_map(move |parts| with(parts, Operator::Select)),
            ]
        })
    }

    fn same_as_it_stands(code: &[Instruction]) -> Result<(), TestCaseError> {
        let mut out = Writer::default();
        code.iter()
            .for_each(|instruction| instruction.encode(&mut out));
        let code = out.into_text();
        let (profile, model) = (Profile::default(), Model::default());
        let known = Known {
            profile: &profile,
            model: &model,
            now: Timestamp::MIN,
            interests: &[],
            confidence: 0.0,
            values: &[1.0, 0.0],
        };
        let plain = known.run(&code);
        let prepared = known.run_prepared(&Prepared::new(&code), &mut Vec::new());
        prop_assert!(
            plain == prepared || (plain.is_nan() && prepared.is_nan()),
            "{plain} {prepared}"
        );
        Ok(())
    }

    #[test]
    fn what_cannot_matter_is_passed_over() {
        let and = [
            Step::Number(0.0),
            Step::Number(1.0),
            Step::Operate(Operator::And as u8),
        ];
        let shorter = shortened(&and).unwrap();
        assert_eq!(shorter.len(), 4);
        assert_eq!(shorter[1], Step::AndThen(2));
        for broken in [&and[1..], &and[..2], &[]] {
            assert_eq!(shortened(broken), None);
        }
    }

    proptest! {
        #[test]
        fn programs_come_to_the_same(code in whole()) {
            same_as_it_stands(&code)?;
        }

        #[test]
        fn whatever_instructions_come_to_the_same(
            code in proptest::collection::vec(instruction(), 0..20)
        ) {
            same_as_it_stands(&code)?;
        }

        #[test]
        fn sorted_patterns_match_as_listed_ones(
            list in proptest::collection::vec("[aBé*.]{0,4}", 1..8), text in "[AbÉe.*]{0,5}"
        ) {
            let list = list.join("\n");
            let plain = compare(Test::Matches as u8, &text, &list);
            prop_assert_eq!(Patterns::new(&list).any_matches(&text), plain);
        }
    }
}
