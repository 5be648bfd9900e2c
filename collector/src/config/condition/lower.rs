//! From the tree of a condition to expressions with types: operators and choices, and what the
//! other modules of that step share.

use std::ops::Range;

use cel::common::ast::operators;
use firstglance_engine::explain::PartValue;
use firstglance_engine::program::{Instruction, Operator, Test, TextSource};
use firstglance_engine::text;

use super::Context;
use super::code::Code;
use super::fault::Faults;
use super::tree::{Kind, Node};
use super::value::{ANY, Number, Text, Truth, Value};
use super::watch::Watches;

/// Goes through one condition.
pub(super) struct Lowerer<'a, 'b> {
    pub(super) text: &'a str,
    pub(super) context: &'a Context<'b>,
    pub(super) watches: &'a mut Watches,
    pub(super) faults: Faults,
}

impl Lowerer<'_, '_> {
    /// The text of a part.
    pub(super) fn source(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The text of a part as messages have it: on one line, and not too long.
    pub(super) fn shown(&self, span: &Range<usize>) -> String {
        let words: Vec<&str> = self.source(span).split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// A whole condition.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Code> {
        let truth = self.truth(node)?;
        if let Some(fixed) = truth.fixed {
            let says = if fixed { "always" } else { "never" };
            return self.faults.add(
                &node.span,
                format!("the condition {says} holds"),
                "ask for something, such as visits >= 2",
            );
        }
        Some(truth.code)
    }

    /// A part that must be true or not.
    pub(super) fn truth(&mut self, node: &Node) -> Option<Truth> {
        let value = self.value(node)?;
        let shown = self.shown(&node.span);
        match self.settled(value, &node.span)? {
            Value::Truth(truth) => Some(truth),
            Value::Number(number) if number.is_count => Some(Truth {
                code: number.code,
                fixed: None,
                is_plain: false,
            }),
            Value::Text(Text::Trait(name)) => {
                let code = trait_test(&name, Test::Equals, "true");
                Some(Truth::of(self.part(&node.span, PartValue::Truth, code)))
            }
            Value::Number(number) => {
                let right = match number.range {
                    (least, greatest) if least == greatest => {
                        "write a comparison, such as visits >= 2".to_owned()
                    }
                    (_, greatest) if greatest <= 1.0 => format!("compare it: {shown} >= 0.5"),
                    _ => format!("compare it: {shown} >= 1"),
                };
                self.faults.add(
                    &node.span,
                    format!("{shown} is a number, and this asks for what holds or does not"),
                    right,
                )
            }
            Value::Text(_) => self.faults.add(
                &node.span,
                format!("{shown} is a text, and this asks for what holds or does not"),
                format!("compare it: {shown} == \"…\""),
            ),
            other => self.faults.add(
                &node.span,
                format!(
                    "{shown} is {}, and this asks for what holds or does not",
                    other.what()
                ),
                "write a comparison, such as visits >= 2",
            ),
        }
    }

    /// A part that must be a number.
    fn number(&mut self, node: &Node) -> Option<Number> {
        let value = self.value(node)?;
        match self.settled(value, &node.span)? {
            Value::Number(number) => Some(number),
            Value::Text(Text::Trait(name)) => Some(trait_number(&name)),
            other => {
                let shown = self.shown(&node.span);
                self.faults.add(
                    &node.span,
                    format!(
                        "{shown} is {}, and this calculates with numbers",
                        other.what()
                    ),
                    "texts and truths can be compared, with == and !=",
                )
            }
        }
    }

    /// `events(…)` becomes a number, once it is known all that follows it.
    pub(super) fn settled(&mut self, value: Value, span: &Range<usize>) -> Option<Value> {
        let Value::Events(events) = value else {
            return Some(value);
        };
        let number = self.events(&events, span)?;
        Some(self.numbered(span, number))
    }

    /// An expression that the owner wrote so.
    pub(super) fn part(&self, span: &Range<usize>, value: PartValue, code: Code) -> Code {
        Code::Part(self.source(span).to_owned(), value, Box::new(code))
    }

    pub(super) fn numbered(&self, span: &Range<usize>, mut number: Number) -> Value {
        if number.constant().is_none() {
            number.code = self.part(span, PartValue::Number, number.code);
        }
        Value::Number(number)
    }

    pub(super) fn told(&self, span: &Range<usize>, mut truth: Truth) -> Value {
        truth.code = self.part(span, PartValue::Truth, truth.code);
        Value::Truth(truth)
    }

    /// Any part.
    pub(super) fn value(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::Number(number) => Some(Value::Number(Number::fixed(*number))),
            Kind::Text(text) => Some(Value::Fixed(text.clone())),
            Kind::Truth(truth) => Some(Value::Truth(Truth {
                code: Code::number(f64::from(u8::from(*truth))),
                fixed: Some(*truth),
                is_plain: true,
            })),
            Kind::Name(_) | Kind::Field(..) => self.named(node),
            Kind::Has(operand, field) => self.has(node, operand, field),
            Kind::Index(operand, index) => self.index(node, operand, index),
            Kind::Call {
                name,
                target,
                arguments,
            } => self.call(node, name, target.as_deref(), arguments),
            Kind::Operator(operator, operands) => self.operator(node, operator, operands),
            Kind::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push((self.value(item)?, item.span.clone()));
                }
                Some(Value::List(values))
            }
            Kind::Other(what, right) => {
                self.faults
                    .add(&node.span, format!("conditions have no {what}"), *right)
            }
        }
    }

    fn operator(&mut self, node: &Node, operator: &str, operands: &[Node]) -> Option<Value> {
        match (operator, operands) {
            (operators::LOGICAL_AND, [left, right]) => {
                self.joined(node, Operator::And, left, right)
            }
            (operators::LOGICAL_OR, [left, right]) => self.joined(node, Operator::Or, left, right),
            (operators::LOGICAL_NOT, [operand]) => {
                let mut truth = self.truth(operand)?;
                truth.code = truth.code.not();
                truth.fixed = truth.fixed.map(|fixed| !fixed);
                truth.is_plain = true;
                Some(self.told(&node.span, truth))
            }
            (operators::NEGATE, [operand]) => {
                let number = self.number(operand)?;
                let (least, greatest) = number.range;
                if number.constant().is_some() {
                    return Some(Value::Number(Number::fixed(-least)));
                }
                let code = Code::two(Operator::Subtract, Code::number(0.0), number.code);
                let number = Number::of(code, (-greatest, -least));
                Some(self.numbered(&node.span, number))
            }
            (operators::CONDITIONAL, [condition, then, otherwise]) => {
                self.chosen(node, condition, then, otherwise)
            }
            (operators::IN, [left, right]) => self.is_in(node, left, right),
            (operators::MODULO, _) => self.faults.add(
                &node.span,
                "conditions have no %",
                "compare with <, <= or in [1, 3, 5]",
            ),
            (operators::ADD, [left, right]) => self.calculated(node, Operator::Add, left, right),
            (operators::SUBSTRACT, [left, right]) => {
                self.calculated(node, Operator::Subtract, left, right)
            }
            (operators::MULTIPLY, [left, right]) => {
                self.calculated(node, Operator::Multiply, left, right)
            }
            (operators::DIVIDE, [left, right]) => {
                self.calculated(node, Operator::Divide, left, right)
            }
            (_, [left, right]) => self.compared(node, operator, left, right),
            _ => self.faults.add(
                &node.span,
                "this cannot be read",
                "compare with the examples in docs/conditions.md",
            ),
        }
    }

    fn joined(
        &mut self,
        node: &Node,
        operator: Operator,
        left: &Node,
        right: &Node,
    ) -> Option<Value> {
        let (one, other) = (self.truth(left), self.truth(right));
        let (one, other) = (one?, other?);
        for (truth, side) in [(&one, left), (&other, right)] {
            if let Some(fixed) = truth.fixed {
                return self.faults.add(
                    &side.span,
                    format!("{} is always {fixed}", self.shown(&side.span)),
                    "leave it out",
                );
            }
        }
        let code = Code::two(operator, one.code, other.code);
        Some(self.told(&node.span, Truth::of(code)))
    }

    fn calculated(
        &mut self,
        node: &Node,
        operator: Operator,
        left: &Node,
        right: &Node,
    ) -> Option<Value> {
        let (one, other) = (self.number(left), self.number(right));
        let (one, other) = (one?, other?);
        if operator == Operator::Divide && other.constant() == Some(0.0) {
            return self.faults.add(
                &right.span,
                "nothing can be divided by 0",
                "divide by another number",
            );
        }
        if let (Some(one), Some(other)) = (one.constant(), other.constant()) {
            let result = match operator {
                Operator::Add => one + other,
                Operator::Subtract => one - other,
                Operator::Multiply => one * other,
                _ => one / other,
            };
            if !result.is_finite() {
                return self.faults.add(
                    &node.span,
                    "the number is too large",
                    "write a smaller one",
                );
            }
            return Some(Value::Number(Number::fixed(result)));
        }
        let range = match operator {
            Operator::Add => (one.range.0 + other.range.0, one.range.1 + other.range.1),
            Operator::Subtract => (one.range.0 - other.range.1, one.range.1 - other.range.0),
            _ => ANY,
        };
        let number = Number::of(Code::two(operator, one.code, other.code), range);
        Some(self.numbered(&node.span, number))
    }

    fn chosen(
        &mut self,
        node: &Node,
        condition: &Node,
        then: &Node,
        otherwise: &Node,
    ) -> Option<Value> {
        let truth = self.truth(condition);
        let (one, other) = (self.value(then), self.value(otherwise));
        let (truth, one, other) = (truth?, one?, other?);
        if let Some(fixed) = truth.fixed {
            return self.faults.add(
                &condition.span,
                format!("{} is always {fixed}", self.shown(&condition.span)),
                "leave the choice out",
            );
        }
        let (one, other) = (
            self.settled(one, &then.span)?,
            self.settled(other, &otherwise.span)?,
        );
        match (one, other) {
            (Value::Number(one), Value::Number(other)) => {
                let range = (
                    one.range.0.min(other.range.0),
                    one.range.1.max(other.range.1),
                );
                let is_whole = one.is_whole && other.is_whole;
                let is_windowed = one.is_windowed || other.is_windowed;
                let mut number = Number::of(Code::select(truth.code, one.code, other.code), range);
                (number.is_whole, number.is_windowed) = (is_whole, is_windowed);
                // The same constant twice would be taken for one.
                Some(self.numbered(&node.span, number))
            }
            (Value::Truth(one), Value::Truth(other)) => {
                let mut chosen = Truth::of(Code::select(truth.code, one.code, other.code));
                chosen.is_plain = one.is_plain && other.is_plain;
                Some(self.told(&node.span, chosen))
            }
            (one, other) => self.faults.add(
                &node.span,
                format!("the choice is between {} and {}", one.what(), other.what()),
                "choose between two numbers or two comparisons",
            ),
        }
    }
}

/// A test of a text.
pub(super) fn test(source: TextSource, test: Test, with: &str) -> Code {
    Code::Push(Instruction::Test {
        source,
        name: Box::default(),
        test,
        with: with.into(),
    })
}

/// A test of a trait's JSON text.
pub(super) fn trait_test(name: &str, test: Test, with: &str) -> Code {
    Code::Push(Instruction::Test {
        source: TextSource::Trait,
        name: name.into(),
        test,
        with: with.into(),
    })
}

/// A trait as a number.
pub(super) fn trait_number(name: &str) -> Number {
    use firstglance_engine::program::Lookup;
    Number::of(
        Code::Push(Instruction::Lookup(Lookup::Trait, name.into())),
        ANY,
    )
}

/// Whether a text is an id.
pub(super) fn is_slug(id: &str) -> bool {
    !id.is_empty() && text::slug(id) == id
}
