//! Comparisons, and lists of what something may be.

use std::ops::Range;

use cel::common::ast::operators;
use firstglance_engine::program::{Operator, Test};

use super::code::Code;
use super::events::MOST_WITHIN;
use super::lower::{Lowerer, trait_number, trait_test};
use super::text::How;
use super::tree::Node;
use super::value::{Number, Text, Truth, Value};

/// A side of a comparison and its place.
type Side<'a> = (Value, &'a Range<usize>);

impl Lowerer<'_, '_> {
    pub(super) fn compared(
        &mut self,
        node: &Node,
        operator: &str,
        left: &Node,
        right: &Node,
    ) -> Option<Value> {
        let (one, other) = (self.value(left), self.value(right));
        let (one, other) = (one?, other?);
        let one = self.settled(one, &left.span)?;
        let other = self.settled(other, &right.span)?;
        let is_truth = |value: &Value| matches!(value, Value::Truth(_));
        if (is_comparison(left) && !is_truth(&other)) || (is_comparison(right) && !is_truth(&one)) {
            return self.faults.add(
                &node.span,
                "a comparison is compared again",
                "join two with &&, such as visits >= 2 && visits <= 5",
            );
        }
        let code = match operator {
            operators::EQUALS => self.equal(&node.span, (one, &left.span), (other, &right.span))?,
            operators::NOT_EQUALS => {
                let equal = self.equal(&node.span, (one, &left.span), (other, &right.span))?;
                equal.not()
            }
            _ => self.ordered(
                &node.span,
                operator,
                (one, &left.span),
                (other, &right.span),
            )?,
        };
        Some(self.told(&node.span, Truth::of(code)))
    }

    /// `x in [a, b]`.
    pub(super) fn is_in(&mut self, node: &Node, left: &Node, right: &Node) -> Option<Value> {
        let (one, other) = (self.value(left), self.value(right));
        let (one, other) = (one?, other?);
        let one = self.settled(one, &left.span)?;
        let Value::List(items) = other else {
            let shown = self.shown(&right.span);
            let sought = self.shown(&left.span);
            let right_side = match (&one, &other) {
                (Value::Fixed(_), Value::Text(_)) => format!("write {shown}.contains({sought})"),
                (Value::Number(_), _) => format!("write {sought} in [1, 2]"),
                _ => format!("write {sought} in [\"…\", \"…\"]"),
            };
            return self.faults.add(
                &right.span,
                format!("in asks for a list, and {shown} is {}", other.what()),
                right_side,
            );
        };
        if items.is_empty() {
            return self
                .faults
                .add(&right.span, "the list is empty", "write what it may be");
        }
        if matches!(one, Value::Fixed(_) | Value::List(_)) {
            let shown = self.shown(&left.span);
            return self.faults.add(
                &left.span,
                format!("{shown} is the same for every visitor"),
                "write what is asked of the visitor, such as utm.source",
            );
        }
        let mut tests = Vec::new();
        for (item, span) in items {
            tests.push(self.equal(&span, (one.clone(), &left.span), (item, &span)));
        }
        let tests: Option<Vec<Code>> = tests.into_iter().collect();
        Some(self.told(&node.span, Truth::of(Code::any(tests?))))
    }

    fn equal(&mut self, whole: &Range<usize>, left: Side<'_>, right: Side<'_>) -> Option<Code> {
        let spans = (left.1, right.1);
        match (left.0, right.0) {
            (Value::Text(Text::Trait(name)), Value::Number(number))
            | (Value::Number(number), Value::Text(Text::Trait(name))) => Some(Code::two(
                Operator::Equal,
                trait_number(&name).code,
                number.code,
            )),
            (Value::Text(Text::Trait(name)), Value::Truth(truth))
            | (Value::Truth(truth), Value::Text(Text::Trait(name))) => match truth.fixed {
                Some(fixed) => Some(trait_test(&name, Test::Equals, &fixed.to_string())),
                None => self.mixed(whole, "a trait", "true or false", spans),
            },
            (Value::Text(text), Value::Fixed(with)) => {
                self.text_test(&text, How::Equals, &with, spans.1, spans.0)
            }
            (Value::Fixed(with), Value::Text(text)) => {
                self.text_test(&text, How::Equals, &with, spans.0, spans.1)
            }
            (Value::Text(_), Value::Text(_)) => self.faults.add(
                whole,
                "two texts of the visitor cannot be compared with each other",
                "compare each with a text in quotes",
            ),
            (Value::Fixed(_), Value::Fixed(_)) => self.faults.add(
                whole,
                "this is the same for every visitor",
                "compare something of the visitor, such as utm.source",
            ),
            (Value::Number(one), Value::Number(other)) => {
                self.numbers(whole, Operator::Equal, one, other, spans)
            }
            (Value::Truth(one), Value::Truth(other)) => match (one.fixed, other.fixed) {
                (Some(_), Some(_)) => {
                    self.faults
                        .add(whole, "this is the same for every visitor", "leave it out")
                }
                (None, Some(true)) => Some(one.code),
                (None, Some(false)) => Some(one.code.not()),
                (Some(true), None) => Some(other.code),
                (Some(false), None) => Some(other.code.not()),
                (None, None) => Some(Code::two(Operator::Equal, one.code.not(), other.code.not())),
            },
            (Value::Number(count), Value::Truth(truth))
            | (Value::Truth(truth), Value::Number(count))
                if count.is_count && truth.fixed.is_some() =>
            {
                let code = count.code;
                Some(if truth.fixed == Some(true) {
                    code
                } else {
                    code.not()
                })
            }
            (one, other) => self.mixed(whole, one.what(), other.what(), spans),
        }
    }

    fn ordered(
        &mut self,
        whole: &Range<usize>,
        operator: &str,
        left: Side<'_>,
        right: Side<'_>,
    ) -> Option<Code> {
        let spans = (left.1, right.1);
        let sign = match operator {
            operators::LESS => Operator::Less,
            operators::LESS_EQUALS => Operator::LessOrEqual,
            operators::GREATER => Operator::Greater,
            operators::GREATER_EQUALS => Operator::GreaterOrEqual,
            _ => {
                return self.faults.add(
                    whole,
                    "this operator means nothing in a condition",
                    "there are == != < <= > >= && || ! + - * / and in",
                );
            }
        };
        let number = |value: Value| match value {
            Value::Text(Text::Trait(name)) => Ok(trait_number(&name)),
            Value::Number(number) => Ok(number),
            other => Err(other),
        };
        match (number(left.0), number(right.0)) {
            (Ok(one), Ok(other)) => self.numbers(whole, sign, one, other, spans),
            (Err(one), Err(_)) => self.faults.add(
                whole,
                format!(
                    "{} and {} are no numbers",
                    self.shown(spans.0),
                    self.shown(spans.1)
                ),
                match one {
                    Value::Truth(_) => "join two comparisons with && or ||",
                    _ => "texts are compared with ==, !=, .contains(\"…\") and .like(\"…*\")",
                },
            ),
            (Ok(_), Err(other)) => self.mixed(whole, "a number", other.what(), spans),
            (Err(one), Ok(_)) => self.mixed(whole, one.what(), "a number", spans),
        }
    }

    /// Two sides of which nobody can say whether they are equal.
    fn mixed(
        &mut self,
        whole: &Range<usize>,
        one: &str,
        other: &str,
        spans: (&Range<usize>, &Range<usize>),
    ) -> Option<Code> {
        let (left, right) = (self.shown(spans.0), self.shown(spans.1));
        let bare = |text: &str| text.trim_matches(['"', '\'']).to_owned();
        let is_number = |text: &str| bare(text).parse::<f64>().is_ok();
        let advice = match (one, other) {
            ("a number", "a text") if is_number(&right) => {
                format!("leave the quotes out: {}", bare(&right))
            }
            ("a text", "a number") if is_number(&left) && left.starts_with(['"', '\'']) => {
                format!("leave the quotes out: {}", bare(&left))
            }
            ("a text", "a number") => format!("write it in quotes: \"{right}\""),
            ("a text", "true or false") => {
                format!("a text is compared with a text: {left} == \"…\"")
            }
            _ => "compare a number with a number, and a text with a text in quotes".to_owned(),
        };
        self.faults.add(
            whole,
            format!("{left} is {one}, and {right} is {other}"),
            advice,
        )
    }

    fn numbers(
        &mut self,
        whole: &Range<usize>,
        operator: Operator,
        left: Number,
        right: Number,
        spans: (&Range<usize>, &Range<usize>),
    ) -> Option<Code> {
        for (number, other, at) in [(&left, &right, spans.1), (&right, &left, spans.0)] {
            if number.is_windowed && other.constant().is_some_and(|asked| asked > MOST_WITHIN) {
                return self.faults.add(
                    at,
                    "events within a length of time are counted up to 64",
                    "ask for 64 or fewer, or leave .within(…) out",
                );
            }
        }
        if let Some(always) = verdict(operator, &left, &right) {
            let says = if always { "always" } else { "never" };
            let (name, number) = if right.constant().is_some() {
                (self.shown(spans.0), &left)
            } else {
                (self.shown(spans.1), &right)
            };
            let advice = match number.range {
                (least, greatest) if least == greatest => {
                    "compare something of the visitor, such as visits".to_owned()
                }
                (least, f64::INFINITY) if number.is_whole => {
                    format!("{name} is {least} or more, and whole")
                }
                (least, f64::INFINITY) => format!("{name} is {least} or more"),
                (least, greatest) if number.is_whole => {
                    format!("{name} is between {least} and {greatest}, and whole")
                }
                (least, greatest) => format!("{name} is between {least} and {greatest}"),
            };
            return self
                .faults
                .add(whole, format!("{} {says} holds", self.shown(whole)), advice);
        }
        Some(Code::two(operator, left.code, right.code))
    }
}

fn is_comparison(node: &Node) -> bool {
    use super::tree::Kind;
    let signs = [
        operators::LESS,
        operators::LESS_EQUALS,
        operators::GREATER,
        operators::GREATER_EQUALS,
    ];
    matches!(&node.kind, Kind::Operator(operator, _) if signs.contains(&operator.as_str()))
}

/// Whether a comparison always comes out the same.
fn verdict(operator: Operator, left: &Number, right: &Number) -> Option<bool> {
    let ((least, greatest), (low, high)) = (left.range, right.range);
    let fraction = |number: &Number| number.constant().is_some_and(|one| one.fract() != 0.0);
    let whole_and_fraction =
        (left.is_whole && fraction(right)) || (right.is_whole && fraction(left));
    let (always, never) = match operator {
        Operator::Less => (greatest < low, least >= high),
        Operator::LessOrEqual => (greatest <= low, least > high),
        Operator::Greater => (least > high, greatest <= low),
        Operator::GreaterOrEqual => (least >= high, greatest < low),
        _ => (
            least == greatest && low == high && least == low,
            greatest < low || high < least || whole_and_fraction,
        ),
    };
    if always {
        return Some(true);
    }
    never.then_some(false)
}
