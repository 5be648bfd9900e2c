//! `events(…)`, and what follows it: a property, and a length of time.

use std::ops::Range;

use firstglance_engine::program::Instruction;

use super::super::duration;
use super::super::problem::suggestion;
use super::lower::Lowerer;
use super::tree::{Kind, Node};
use super::value::{Events, FROM_NOUGHT, Number, Value};
use super::vocabulary::{self, EVENT_METHODS};
use super::watch::{Asked, Watch};

/// Exact counts within a length of time go up to this.
pub(super) const MOST_WITHIN: f64 = firstglance_engine::profile::MAX_TIMES as f64;

impl Lowerer<'_, '_> {
    pub(super) fn asked_events(
        &mut self,
        node: &Node,
        name: &str,
        mut events: Events,
        target: &Node,
        arguments: &[Node],
    ) -> Option<Value> {
        let after = target.span.end..node.span.end;
        match (name, arguments) {
            (
                "within",
                [
                    Node {
                        kind: Kind::Text(length),
                        span,
                    },
                ],
            ) => {
                if events.within.is_some() {
                    return self
                        .faults
                        .add(&after, ".within(…) stands twice", "leave one out");
                }
                match duration::parse(length) {
                    Ok(length) => events.within = Some(length.0),
                    Err(right) => {
                        return self.faults.add(
                            span,
                            format!("\"{length}\" is no length of time"),
                            right,
                        );
                    }
                }
            }
            ("within", _) => {
                return self.faults.add(
                    &after,
                    ".within(…) asks for a length of time in quotes",
                    "write .within(\"7d\")",
                );
            }
            (
                "where",
                [
                    Node {
                        kind: Kind::Text(property),
                        ..
                    },
                    value,
                ],
            ) => {
                if events.property.is_some() {
                    return self.faults.add(
                        &after,
                        "events are asked for one property at most",
                        "leave one .where(…) out",
                    );
                }
                let asked = match &value.kind {
                    Kind::Text(pattern) => Asked::Pattern(pattern.clone()),
                    Kind::Number(number) => Asked::Number(*number),
                    Kind::Truth(truth) => Asked::Truth(*truth),
                    _ => {
                        return self.faults.add(
                            &value.span,
                            "a property is compared with a text, a number, true or false",
                            "write .where(\"form\", \"quote*\")",
                        );
                    }
                };
                events.property = Some((property.clone(), asked));
            }
            ("where", _) => {
                return self.faults.add(
                    &after,
                    ".where(…) asks for the name of a property and its value",
                    "write .where(\"form\", \"quote*\")",
                );
            }
            _ => {
                let right = match suggestion(name, &vocabulary::functions(EVENT_METHODS)) {
                    Some("within") => "did you mean .within(\"7d\")?",
                    Some(_) => "did you mean .where(\"form\", \"quote*\")?",
                    None => "events have .within(\"7d\") and .where(\"form\", \"quote*\")",
                };
                return self
                    .faults
                    .add(&after, format!("events have no .{name}(…)"), right);
            }
        }
        Some(Value::Events(events))
    }

    /// The number of the events asked for.
    pub(super) fn events(&mut self, events: &Events, span: &Range<usize>) -> Option<Number> {
        let watch = Watch {
            name: events.name.clone(),
            property: events.property.clone(),
            half_life: 0,
        };
        match self.watches.place(&watch) {
            Ok(place) => {
                let within = events.within.unwrap_or(0);
                let mut number = Number::count(Instruction::Count(place, within));
                number.is_windowed = within > 0;
                number.range = if within > 0 {
                    (0.0, MOST_WITHIN)
                } else {
                    FROM_NOUGHT
                };
                Some(number)
            }
            Err((wrong, right)) => self.faults.add(span, wrong, right),
        }
    }
}
