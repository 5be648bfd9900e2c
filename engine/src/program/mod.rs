//! Programs: conditions, score and stage in the form that page and server evaluate.
//!
//! A condition is compiled once, on the server, into a program: instructions in postfix order over
//! a stack of numbers, written in the characters of [`crate::codec`]. Truth is 1, falsehood 0; a
//! text is only ever compared, never pushed; a number that nobody knows (an absent trait) is
//! not-a-number, which compares as false with everything. Each part of a condition is one run of
//! instructions, so that the very same code says what the part came to when somebody asks why.
//!
//! Programs may read the values of programs before them, so the list of a model's programs has no
//! cycles, and each is evaluated at most once for an event. Channel, brand search, device and local
//! time are programs as well: what a site's conditions do not use is not in its model.
//!
//! There are no loops and no jumps. A program ends after as many steps as it has instructions.

#[cfg(feature = "explain")]
mod build;
#[cfg(feature = "explain")]
mod prepared;
mod run;

#[cfg(feature = "explain")]
pub use build::{Builder, instructions};
#[cfg(feature = "explain")]
pub(crate) use run::compare;
pub(crate) use run::number_of;
pub use run::{Known, holds};

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{Encode, Reader, Writer};

/// Most instructions of a program, and with it the deepest stack.
pub const MAX_INSTRUCTIONS: usize = 4_096;

/// What an event can change, as bits of a set. A program that reads none of what changed keeps its
/// value.
pub mod change {
    /// Time has passed.
    pub const TIME: u32 = 1;
    /// Views of a page, or which pages are kept.
    pub const VIEWED: u32 = 2;
    /// How far a page was scrolled, or for how long it was read.
    pub const ENGAGED: u32 = 4;
    /// Something was searched for.
    pub const SEARCHED: u32 = 8;
    /// Something was clicked.
    pub const CLICKED: u32 = 16;
    /// Traits were learned.
    pub const IDENTIFIED: u32 = 32;
    /// There was an event, whichever: evidence, visits, what the browser says of itself.
    pub const ANY: u32 = 64;
    /// Something that a condition counts happened.
    pub const WATCHED: u32 = 128;
    /// Something brought the visitor.
    pub const ARRIVED: u32 = 256;
    /// The profile or the model is another.
    pub const ALL: u32 = u32::MAX;
}

/// A number that a profile has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Measure {
    /// The moment of evaluation: milliseconds since the Unix epoch.
    Now,
    /// Milliseconds since the first event.
    SinceFirst,
    /// Milliseconds since the last event.
    SinceLast,
    /// Visits.
    Visits,
    /// Page views.
    Pages,
    /// Active time in seconds.
    ActiveSeconds,
    /// Clicks.
    Clicks,
    /// All events.
    Events,
    /// How well the visitor's interests are known, 0 to 1.
    Confidence,
    /// The lead score of a site that has configured none, 0 to 100.
    Engagement,
    /// Place of the stage that the visitor was last found in; −1 where there was none.
    Stage,
}

/// A number that a profile has about something named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lookup {
    /// Score of the interest of this id, 0 to 1; of the strongest one, where the id is empty.
    Interest,
    /// By how much that interest is ahead of the next one, 0 to 1.
    Margin,
    /// Deepest scroll, 0 to 100, of the pages whose paths match.
    Scroll,
    /// Views of the pages whose paths match.
    Visited,
    /// Searches that match.
    Searched,
    /// Clicks on what matches.
    Clicked,
    /// The trait of this name as a number; not-a-number where it is none.
    Trait,
}

/// A text that a profile has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSource {
    /// A UTM parameter, by its place in [`crate::campaign::FIELDS`].
    Utm(Which, u8),
    /// Name of the click id's parameter.
    ClickId(Which),
    /// Host of the referrer, without `www.`.
    Referrer(Which),
    /// Path of the page on which the visitor arrived.
    Landing(Which),
    /// Id of the strongest interest.
    TopInterest,
    /// The browser's language.
    Language,
    /// The browser's user agent.
    Agent,
    /// The person's name in the owner's systems.
    User,
    /// The JSON text of a trait, whose name follows.
    Trait,
}

/// Which touch a text is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Which {
    /// The latest that something brought.
    Last,
    /// The earliest page view.
    First,
    /// Any that is kept; a test holds when it holds for one of them.
    Any,
}

/// How a text is compared. Case and accents never count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Test {
    /// The same.
    Equals,
    /// Matches one of some patterns, one a line, in which `*` stands for any run of characters.
    Matches,
    /// Holds a run of words that is this slug, but for one edit at most.
    Near,
}

/// What is done with the values on the stack. The last one pushed is the right operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a − b`
    Subtract,
    /// `a × b`
    Multiply,
    /// `a ÷ b`; not-a-number where `b` is 0.
    Divide,
    /// The largest integer that is not greater than `a ÷ b`; not-a-number where `b` is 0.
    Floor,
    /// `a < b`
    Less,
    /// `a ≤ b`
    LessOrEqual,
    /// `a > b`
    Greater,
    /// `a ≥ b`
    GreaterOrEqual,
    /// `a = b`
    Equal,
    /// Both hold.
    And,
    /// One of both holds.
    Or,
    /// `a` does not hold. One operand.
    Not,
    /// The lesser.
    Minimum,
    /// The greater.
    Maximum,
    /// `c ? a : b`, of the operands `c`, `a`, `b`.
    Select,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// Pushes a number.
    Number(f64),
    /// Pushes the value of an earlier program.
    Value(usize),
    /// Pushes a measure.
    Measure(Measure),
    /// Pushes a number about something named: an id, or a pattern.
    Lookup(Lookup, Box<str>),
    /// Pushes how often a watch was seen within so many milliseconds; ever, where that is 0.
    Count(usize, u64),
    /// Pushes how often a watch was seen, each time counting for half after so many milliseconds, which
    /// must be the watch's own half-life; in full for ever, where that is 0.
    Decayed(usize, u64),
    /// Pushes whether a text stands the test. The trait's name is of meaning for [`TextSource::Trait`]
    /// alone.
    Test {
        /// Which text.
        source: TextSource,
        /// Name of the trait; empty for other sources.
        name: Box<str>,
        /// How it is compared.
        test: Test,
        /// With what.
        with: Box<str>,
    },
    /// Takes operands from the stack and pushes the result.
    Operate(Operator),
}

// First characters of instructions. Measures, lookups and operators are numbered on from theirs.
const NUMBER: u8 = 0;
const FLOAT: u8 = 1;
const VALUE: u8 = 2;
const COUNT: u8 = 3;
const DECAYED: u8 = 4;
const TEST: u8 = 5;
const MEASURE: u8 = 16;
const LOOKUP: u8 = 32;
const OPERATE: u8 = 48;

// Texts: those of a touch are numbered by parameter, four apart, and which touch is added.
const CLICK_ID: u8 = 9;
const REFERRER: u8 = 10;
const LANDING: u8 = 11;
const OTHER_TEXTS: u8 = 64;

impl TextSource {
    fn number(self) -> u8 {
        let touch = |field: u8, which: Which| field * 4 + which as u8;
        match self {
            Self::Utm(which, field) => touch(field.min(8), which),
            Self::ClickId(which) => touch(CLICK_ID, which),
            Self::Referrer(which) => touch(REFERRER, which),
            Self::Landing(which) => touch(LANDING, which),
            Self::TopInterest => OTHER_TEXTS,
            Self::Language => OTHER_TEXTS + 1,
            Self::Agent => OTHER_TEXTS + 2,
            Self::User => OTHER_TEXTS + 3,
            Self::Trait => OTHER_TEXTS + 4,
        }
    }
}

impl Instruction {
    /// What can change the value that the instruction pushes.
    #[must_use]
    pub const fn depends_on(&self) -> u32 {
        match self {
            Self::Number(_) | Self::Value(_) | Self::Operate(_) => 0,
            Self::Measure(measure) => match measure {
                Measure::Now => change::TIME,
                Measure::SinceFirst
                | Measure::SinceLast
                | Measure::Confidence
                | Measure::Engagement => change::TIME | change::ANY,
                Measure::Pages => change::VIEWED,
                Measure::ActiveSeconds => change::ENGAGED,
                Measure::Clicks => change::CLICKED,
                Measure::Visits | Measure::Events | Measure::Stage => change::ANY,
            },
            Self::Lookup(lookup, _) => match lookup {
                Lookup::Interest | Lookup::Margin => change::TIME | change::ANY,
                Lookup::Scroll => change::VIEWED | change::ENGAGED,
                Lookup::Visited => change::VIEWED,
                Lookup::Searched => change::SEARCHED,
                Lookup::Clicked => change::CLICKED,
                Lookup::Trait => change::IDENTIFIED,
            },
            Self::Count(_, 0) | Self::Decayed(_, 0) => change::WATCHED,
            Self::Count(..) | Self::Decayed(..) => change::TIME | change::WATCHED,
            Self::Test { source, .. } => match source {
                TextSource::TopInterest => change::TIME | change::ANY,
                TextSource::Trait => change::IDENTIFIED,
                TextSource::Language | TextSource::Agent | TextSource::User => change::ANY,
                _ => change::ARRIVED,
            },
        }
    }

    /// How many values the instruction takes from the stack. Each pushes one.
    #[must_use]
    pub const fn takes(&self) -> usize {
        match self {
            Self::Operate(Operator::Not) => 1,
            Self::Operate(Operator::Select) => 3,
            Self::Operate(_) => 2,
            _ => 0,
        }
    }
}

impl Instruction {
    /// Appends the instruction.
    pub fn encode(&self, out: &mut Writer) {
        match self {
            Self::Number(number) => {
                let whole = *number as u64;
                if whole as f64 == *number && number.is_sign_positive() {
                    out.byte(NUMBER);
                    out.integer(whole);
                } else {
                    out.byte(FLOAT);
                    out.float(*number);
                }
            }
            Self::Value(program) => {
                out.byte(VALUE);
                out.integer(*program as u64);
            }
            Self::Measure(measure) => out.byte(MEASURE + *measure as u8),
            Self::Lookup(lookup, name) => {
                out.byte(LOOKUP + *lookup as u8);
                out.text(name);
            }
            Self::Count(watch, within) => {
                out.byte(COUNT);
                out.integer(*watch as u64);
                out.integer(*within);
            }
            Self::Decayed(watch, half_life) => {
                out.byte(DECAYED);
                out.integer(*watch as u64);
                out.integer(*half_life);
            }
            Self::Test {
                source,
                name,
                test,
                with,
            } => {
                out.byte(TEST);
                out.byte(source.number());
                out.byte(*test as u8);
                if *source == TextSource::Trait {
                    out.text(name);
                }
                out.text(with);
            }
            Self::Operate(operator) => out.byte(OPERATE + *operator as u8),
        }
    }
}

/// One program of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// What can change its value, see [`change`]; what the programs it reads depend on included.
    pub depends_on: u32,
    /// Its instructions.
    pub code: Box<str>,
    /// What its parts are called when somebody asks why. Never sent to a page.
    #[cfg(feature = "explain")]
    pub part: Option<crate::explain::Part>,
    /// The instructions once more, for whoever runs them often.
    #[cfg(feature = "explain")]
    prepared: prepared::Prepared,
}

impl Program {
    /// The value of the program, on an empty stack that others have used before.
    pub(crate) fn run(&self, known: &Known<'_>, stack: &mut Vec<f64>) -> f64 {
        #[cfg(feature = "explain")]
        let value = known.run_prepared(&self.prepared, stack);
        #[cfg(not(feature = "explain"))]
        let value = known.run_on(&self.code, stack);
        value
    }
}

impl Encode for Program {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.depends_on.into());
        out.text(&self.code);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let depends_on = reader.integer() as u32;
        let code = reader.boxed();
        Self {
            depends_on,
            #[cfg(feature = "explain")]
            part: None,
            #[cfg(feature = "explain")]
            prepared: prepared::Prepared::new(&code),
            code,
        }
    }
}
