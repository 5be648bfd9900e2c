//! What conditions become before they are programs: expressions that read programs by name, so that
//! these can be numbered once it is known which are used and in what order.

use firstglance_engine::explain::PartValue;
use firstglance_engine::program::{Instruction, Operator};

use super::helper::Helper;

/// A program, by what it is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) enum Name {
    /// The condition of a segment, by its place in the configuration.
    Segment(usize),
    /// The lead score.
    Score,
    /// The place of the stage.
    Stage,
    /// The condition of a variant, by its place among all.
    Variant(usize),
    /// What several conditions are worked out from.
    Helper(Helper),
    /// An instruction that occurs more than once, by its code.
    Shared(String),
    /// The condition of a goal, by its place in the configuration. Nothing reads it, so it comes after
    /// all that a page needs.
    Goal(usize),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Code {
    /// An instruction without operands.
    Push(Instruction),
    /// The value of a program.
    Read(Name),
    /// An operator and its operands.
    Operate(Operator, Vec<Self>),
    /// Instructions in postfix order, in which [`Instruction::Value`] means these programs.
    Postfix(Vec<Instruction>, Vec<Name>),
    /// An expression that the owner wrote so.
    Part(String, PartValue, Box<Self>),
}

impl Code {
    /// A constant.
    pub(in crate::config) const fn number(number: f64) -> Self {
        Self::Push(Instruction::Number(number))
    }

    /// An operator with two operands.
    pub(in crate::config) fn two(operator: Operator, left: Self, right: Self) -> Self {
        Self::Operate(operator, vec![left, right])
    }

    /// The negation.
    pub(in crate::config) fn not(self) -> Self {
        Self::Operate(Operator::Not, vec![self])
    }

    /// The first where the condition holds, and else the second.
    pub(in crate::config) fn select(condition: Self, then: Self, otherwise: Self) -> Self {
        Self::Operate(Operator::Select, vec![condition, then, otherwise])
    }

    /// Whether one of these holds.
    pub(in crate::config) fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let joined = all
            .into_iter()
            .reduce(|left, right| Self::two(Operator::Or, left, right));
        joined.unwrap_or(Self::number(0.0))
    }

    /// Goes through the instructions and the programs that are read.
    pub(in crate::config) fn visit(&self, told: &mut dyn FnMut(Step<'_>)) {
        match self {
            Self::Push(instruction) => told(Step::Instruction(instruction)),
            Self::Read(name) => told(Step::Read(name)),
            Self::Operate(_, operands) => {
                for operand in operands {
                    operand.visit(told);
                }
            }
            Self::Postfix(instructions, reads) => {
                for instruction in instructions {
                    told(Step::Instruction(instruction));
                }
                for name in reads {
                    told(Step::Read(name));
                }
            }
            Self::Part(_, _, inner) => inner.visit(told),
        }
    }
}

/// What [`Code::visit`] tells.
pub(in crate::config) enum Step<'a> {
    Instruction(&'a Instruction),
    Read(&'a Name),
}
