//! Builds programs, and reads their instructions back for whoever asks why. The server's side.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{Reader, Writer};
use crate::explain::Part;

use super::prepared::Prepared;
use super::{
    CLICK_ID, COUNT, DECAYED, FLOAT, Instruction, LANDING, LOOKUP, Lookup, MAX_INSTRUCTIONS,
    MEASURE, Measure, NUMBER, OPERATE, OTHER_TEXTS, Operator, Program, REFERRER, TEST, Test,
    TextSource, VALUE, Which,
};

/// Collects the instructions of a program.
#[derive(Debug, Default)]
pub struct Builder {
    out: Writer,
    depends_on: u32,
    count: usize,
}

impl Builder {
    /// Appends an instruction. `earlier` are the programs that it may read.
    pub fn push(&mut self, instruction: &Instruction, earlier: &[Program]) {
        self.depends_on |= match instruction {
            Instruction::Value(program) => earlier.get(*program).map_or(0, |one| one.depends_on),
            other => other.depends_on(),
        };
        self.count += 1;
        instruction.encode(&mut self.out);
    }

    /// Where the next instruction begins: bytes of code so far.
    #[must_use]
    pub fn here(&self) -> usize {
        self.out.as_text().len()
    }

    /// Whether there are more instructions than a program may have.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        self.count > MAX_INSTRUCTIONS
    }

    /// The program, and what its parts are called.
    #[must_use]
    pub fn finish(self, part: Option<Part>) -> Program {
        let code = self.out.into_text();
        Program {
            depends_on: self.depends_on,
            prepared: Prepared::new(&code),
            code: code.into(),
            part,
        }
    }
}

/// The instructions of a piece of code.
#[must_use]
pub fn instructions(code: &str) -> Vec<Instruction> {
    let mut reader = Reader::new(code);
    let mut all = Vec::new();
    while !reader.is_at_end() && all.len() < MAX_INSTRUCTIONS {
        all.extend(instruction(&mut reader));
    }
    all
}

fn instruction(reader: &mut Reader<'_>) -> Option<Instruction> {
    let code = reader.byte();
    Some(match code {
        NUMBER => Instruction::Number(reader.integer() as f64),
        FLOAT => Instruction::Number(reader.float()),
        VALUE => Instruction::Value(reader.integer() as usize),
        COUNT => Instruction::Count(reader.integer() as usize, reader.integer()),
        DECAYED => Instruction::Decayed(reader.integer() as usize, reader.integer()),
        TEST => {
            let source = source(reader.byte())?;
            let test = *Test::ALL.get(usize::from(reader.byte()))?;
            let name = if source == TextSource::Trait {
                reader.boxed()
            } else {
                Box::default()
            };
            let with = reader.boxed();
            Instruction::Test {
                source,
                name,
                test,
                with,
            }
        }
        OPERATE.. => Instruction::Operate(*Operator::ALL.get(usize::from(code - OPERATE))?),
        LOOKUP.. => {
            let lookup = *Lookup::ALL.get(usize::from(code - LOOKUP))?;
            Instruction::Lookup(lookup, reader.boxed())
        }
        MEASURE.. => Instruction::Measure(*Measure::ALL.get(usize::from(code - MEASURE))?),
        _ => return None,
    })
}

fn source(number: u8) -> Option<TextSource> {
    const OTHERS: [TextSource; 5] = [
        TextSource::TopInterest,
        TextSource::Language,
        TextSource::Agent,
        TextSource::User,
        TextSource::Trait,
    ];
    if number >= OTHER_TEXTS {
        return OTHERS.get(usize::from(number - OTHER_TEXTS)).copied();
    }
    let which = *[Which::Last, Which::First, Which::Any].get(usize::from(number % 4))?;
    Some(match number / 4 {
        CLICK_ID => TextSource::ClickId(which),
        REFERRER => TextSource::Referrer(which),
        LANDING => TextSource::Landing(which),
        field => TextSource::Utm(which, field),
    })
}

impl Test {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Test::Equals, Test::Matches, Test::Near];
}

impl Measure {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 11] = [
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
        Measure::Stage,
    ];
}

impl Lookup {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Lookup::Interest,
        Lookup::Margin,
        Lookup::Scroll,
        Lookup::Visited,
        Lookup::Searched,
        Lookup::Clicked,
        Lookup::Trait,
    ];
}

impl Operator {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 16] = [
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
        Operator::Not,
        Operator::Minimum,
        Operator::Maximum,
        Operator::Select,
    ];
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn instructions_and_back() {
        let mut all: Vec<Instruction> = Vec::new();
        all.extend([0.0, 1.0, -1.0, 0.5, 86_400_000.0].map(Instruction::Number));
        all.extend([Instruction::Value(7), Instruction::Count(1, 0)]);
        all.push(Instruction::Decayed(2, 604_800_000));
        all.extend(Measure::ALL.map(Instruction::Measure));
        all.extend(Lookup::ALL.map(|lookup| Instruction::Lookup(lookup, "é*".into())));
        all.extend(Operator::ALL.map(Instruction::Operate));
        for number in (0..48).filter(|number| number % 4 < 3).chain(64..69) {
            let source = source(number).unwrap();
            assert_eq!(source.number(), number);
            all.extend(Test::ALL.map(|test| Instruction::Test {
                source,
                name: if number == 68 {
                    "city".into()
                } else {
                    "".into()
                },
                test,
                with: "x".into(),
            }));
        }
        let mut builder = Builder::default();
        for instruction in &all {
            builder.push(instruction, &[]);
        }
        assert_eq!(instructions(&builder.finish(None).code), all);
    }
}
