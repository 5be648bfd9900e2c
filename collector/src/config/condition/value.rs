//! What parts of a condition are: numbers, truths and texts, and what is known of them beforehand.

use std::ops::Range;

use firstglance_engine::program::{Instruction, Measure, TextSource};

use super::code::{Code, Name};
use super::watch::Asked;

/// A part of a condition that has a meaning.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(Number),
    Truth(Truth),
    Text(Text),
    /// A text as it is written.
    Fixed(String),
    List(Vec<(Self, Range<usize>)>),
    Events(Events),
}

impl Value {
    /// For messages.
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::Events(_) => "a number",
            Self::Truth(_) => "true or false",
            Self::Text(Text::Trait(_)) => "a trait",
            Self::Text(_) | Self::Fixed(_) => "a text",
            Self::List(_) => "a list",
        }
    }
}

/// A number.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) code: Code,
    /// The least and the greatest that it can be.
    pub(super) range: (f64, f64),
    /// Whether it is always a whole one.
    pub(super) is_whole: bool,
    /// Whether it also stands for "at least once".
    pub(super) is_count: bool,
    /// Whether it counts within a length of time.
    pub(super) is_windowed: bool,
}

impl Number {
    pub(super) const fn fixed(number: f64) -> Self {
        Self::of(Code::number(number), (number, number))
    }

    pub(super) const fn of(code: Code, range: (f64, f64)) -> Self {
        Self {
            code,
            range,
            is_whole: false,
            is_count: false,
            is_windowed: false,
        }
    }

    pub(super) const fn whole(code: Code, range: (f64, f64)) -> Self {
        let mut number = Self::of(code, range);
        number.is_whole = true;
        number
    }

    pub(super) const fn count(instruction: Instruction) -> Self {
        let mut number = Self::whole(Code::Push(instruction), FROM_NOUGHT);
        number.is_count = true;
        number
    }

    pub(super) const fn measure(measure: Measure) -> Self {
        Self::whole(Code::Push(Instruction::Measure(measure)), FROM_NOUGHT)
    }

    /// The number, where it is written as it is.
    pub(super) fn constant(&self) -> Option<f64> {
        let (least, greatest) = self.range;
        (least == greatest).then_some(least)
    }
}

/// Numbers that are not negative.
pub(super) const FROM_NOUGHT: (f64, f64) = (0.0, f64::INFINITY);
/// Numbers of which nothing is known.
pub(super) const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// A truth.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) code: Code,
    /// Where it is written as it is.
    pub(super) fixed: Option<bool>,
    /// Whether the code gives 1 or 0, and not just any number that is not 0.
    pub(super) is_plain: bool,
}

impl Truth {
    pub(super) const fn of(code: Code) -> Self {
        Self {
            code,
            fixed: None,
            is_plain: true,
        }
    }
}

/// A text that a visitor has.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Source(TextSource),
    Trait(String),
    /// One of these names, whose place is the value of a program.
    Named(Name, Vec<String>),
}

/// `events(…)` with what follows it.
#[derive(Clone, Debug)]
pub(super) struct Events {
    pub(super) name: String,
    pub(super) property: Option<(String, Asked)>,
    pub(super) within: Option<u64>,
}
