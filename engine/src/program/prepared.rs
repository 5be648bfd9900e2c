//! Programs made ready for a server that runs each of them many times: the instructions are read
//! once, and lists of patterns are sorted, so that a text is held against the few that it can match.
//!
//! The page runs the code as it stands (`run`), for what is here would be a third of its module. Both
//! come to the same, and a test holds them against each other.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::Reader;
use crate::text::{self, pieces};

use super::run::{Known, Touched, compare, operate};
use super::{
    COUNT, DECAYED, FLOAT, LOOKUP, MAX_INSTRUCTIONS, MEASURE, NUMBER, OPERATE, OTHER_TEXTS, TEST,
    Test, VALUE,
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
        Self(steps.into())
    }
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

impl Known<'_> {
    /// The value of a program, on an empty stack that others have used before.
    pub(super) fn run_prepared(&self, program: &Prepared, stack: &mut Vec<f64>) -> f64 {
        let mut touched = Touched::default();
        for step in &program.0 {
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

    proptest! {
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
