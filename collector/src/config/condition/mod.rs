//! Conditions: the CEL of segments and of the score, read, type-checked and made into programs.
//!
//! In steps: tokens (`scan`), the tree that the crate `cel` parses (`tree`), expressions with types
//! (`lower` and the modules it calls), and the list of programs that all conditions together need
//! (`assemble`). Every mistake has its place in the condition's text. Nothing here evaluates.

mod assemble;
mod call;
mod code;
mod compare;
mod events;
mod fault;
mod helper;
mod lower;
mod named;
mod names;
mod neighbours;
mod scan;
mod text;
mod tree;
mod value;
pub(crate) mod vocabulary;
mod watch;

pub(super) use assemble::{Assembly, Cycle, Programs};
pub(super) use code::{Code, Name};
pub(super) use fault::Fault;
pub(super) use helper::Site;
pub(super) use watch::{Asked, Watch, Watches};

use firstglance_engine::model::InterestRule;

use fault::Faults;
use lower::Lowerer;

/// What a condition can name.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) interests: &'a [InterestRule],
    /// Whether interests come by themselves, so that any may be named: posted ones name some of those.
    pub(super) found: bool,
    pub(super) segments: &'a [String],
    pub(super) stages: &'a [Box<str>],
    /// Whether the score is made of rules.
    pub(super) has_rules: bool,
    pub(super) has_brand_terms: bool,
}

/// Compiles one condition into an expression that is true or not.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn compile(
    text: &str,
    context: &Context<'_>,
    watches: &mut Watches,
) -> Result<Code, Vec<Fault>> {
    let mut faults = Faults::default();
    let node = tree::parse(text, &mut faults);
    let mut lowerer = Lowerer {
        text,
        context,
        watches,
        faults,
    };
    let code = node.and_then(|node| lowerer.condition(&node));
    match code {
        Some(code) if lowerer.faults.0.is_empty() => Ok(code),
        _ => Err(lowerer.faults.0),
    }
}
