//! What is wrong with a condition: a place in its text and two sentences.

use std::fmt::Display;
use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Fault {
    /// Bytes of the condition's text.
    pub(in crate::config) span: Range<usize>,
    /// What is wrong.
    pub(in crate::config) wrong: String,
    /// What would be right.
    pub(in crate::config) right: String,
}

/// All mistakes of one condition.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// Reports one. Gives nothing, which stands for the value that there is not.
    pub(super) fn add<T>(
        &mut self,
        span: &Range<usize>,
        wrong: impl Display,
        right: impl Display,
    ) -> Option<T> {
        self.0.push(Fault {
            span: span.clone(),
            wrong: wrong.to_string(),
            right: right.to_string(),
        });
        None
    }
}

/// "a number" and the like, with a text in the quotes of the condition.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}
