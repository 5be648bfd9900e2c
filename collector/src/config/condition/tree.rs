//! A condition as a tree, with the place of every part in its text. Parsed by the crate `cel`; what
//! CEL has and conditions have not is a node of its own, which whoever reads the tree refuses.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SourceInfo, operators};

use super::fault::Faults;
use super::scan::{Token, TokenKind, scan};

/// Levels that the parser may go down: more than the scanner lets pass.
const PARSER_DEPTH: u16 = 160;

/// A part of a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

/// What it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Text(String),
    Truth(bool),
    Name(String),
    Field(Box<Node>, String),
    /// `has(…)` of a field.
    Has(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Call {
        name: String,
        target: Option<Box<Node>>,
        arguments: Vec<Node>,
    },
    /// An operator by CEL's name for it, and its operands.
    Operator(String, Vec<Node>),
    List(Vec<Node>),
    /// What conditions have not, and what there is in its place.
    Other(&'static str, &'static str),
}

/// Reads a condition.
pub(super) fn parse(text: &str, faults: &mut Faults) -> Option<Node> {
    let tokens = scan(text, faults)?;
    let parser = cel::parser::Parser::new().max_recursion_depth(PARSER_DEPTH);
    match parser.parse_with_source_info(text) {
        Ok((expression, places)) => {
            let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            bytes.push(text.len());
            let reader = Reader {
                text,
                tokens: &tokens,
                places: &places,
                bytes,
            };
            Some(reader.node(&expression))
        }
        Err(errors) => {
            let error = errors.errors.first();
            let message = error.map_or("", |error| &error.msg);
            let place = error.map_or((1, 1), |error| error.pos);
            let at = offset(text, place);
            if let Some(word) = message.strip_prefix("reserved identifier: ") {
                return faults.add(
                    &(at..at),
                    format!("the word {word} is reserved"),
                    "a text stands in quotes",
                );
            }
            if message.contains("has() macro") {
                return faults.add(
                    &(at..at),
                    "has(…) asks for a trait",
                    "write has(traits.name)",
                );
            }
            faults.add(
                &(at..at),
                "the condition cannot be read from here on",
                "compare with the examples in docs/conditions.md",
            )
        }
    }
}

/// The byte of a line and column, both from 1, columns in characters.
fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let (line, column) = (line.max(1) as usize - 1, column.max(1) as usize - 1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let within = rest.char_indices().nth(column);
    start + within.map_or(rest.len(), |(at, _)| at)
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    places: &'a SourceInfo,
    /// Byte of each character.
    bytes: Vec<usize>,
}

impl Reader<'_> {
    fn node(&self, expression: &IdedExpr) -> Node {
        let at = self.at(expression.id);
        let (kind, span) = match &expression.expr {
            Expr::Literal(value) => (literal(value), self.literal_span(expression.id)),
            Expr::Ident(name) => (Kind::Name(name.clone()), self.token_span(at)),
            Expr::Select(select) => {
                let operand = self.node(&select.operand);
                let start = operand.span.start;
                if select.test {
                    let (start, end) = self.call_span(at);
                    (
                        Kind::Has(Box::new(operand), select.field.clone()),
                        start..end,
                    )
                } else {
                    let end = self.token_after(at).map_or(at, |token| token.span.end);
                    (
                        Kind::Field(Box::new(operand), select.field.clone()),
                        start..end,
                    )
                }
            }
            Expr::List(list) => {
                let all = list.elements.iter().map(|one| self.node(one)).collect();
                (Kind::List(all), at..self.closed(at))
            }
            Expr::Call(call) => {
                let target = call.target.as_deref().map(|target| self.node(target));
                let arguments: Vec<Node> = call.args.iter().map(|one| self.node(one)).collect();
                self.call(&call.func_name, target, arguments, at)
            }
            Expr::Comprehension(_) => {
                let (start, end) = self.call_span(at);
                let kind = Kind::Other(
                    "all, exists, exists_one, filter and map",
                    "events(\"…\"), visited(\"…\") and the like count by themselves",
                );
                (kind, start..end)
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => (
                Kind::Other("braces", "a list stands in brackets: [\"a\", \"b\"]"),
                at..self.closed(at),
            ),
        };
        let span = self.balanced(span);
        Node { span, kind }
    }

    fn call(
        &self,
        name: &str,
        target: Option<Node>,
        mut arguments: Vec<Node>,
        at: usize,
    ) -> (Kind, Range<usize>) {
        let is_operator = !name.starts_with(|one: char| one.is_ascii_alphabetic());
        if !is_operator {
            let (start, end) = self.call_span(at);
            let start = target.as_ref().map_or(start, |target| target.span.start);
            let kind = Kind::Call {
                name: name.to_owned(),
                target: target.map(Box::new),
                arguments,
            };
            return (kind, start..end);
        }
        let first = arguments.first().map_or(at, |one| one.span.start);
        let last = arguments.last().map_or(at, |one| one.span.end);
        if name == operators::INDEX && arguments.len() == 2 {
            let index = arguments.pop().map(Box::new);
            let operand = arguments.pop().map(Box::new);
            if let (Some(operand), Some(index)) = (operand, index) {
                return (Kind::Index(operand, index), first..self.closed(at));
            }
        }
        let start = first.min(at);
        (Kind::Operator(name.to_owned(), arguments), start..last)
    }

    /// Byte at which a node's own token begins.
    fn at(&self, id: u64) -> usize {
        let place = self.places.offset_for(id).map_or(0, |(start, _)| start);
        self.byte(place as usize)
    }

    fn byte(&self, character: usize) -> usize {
        let byte = self.bytes.get(character);
        byte.copied().unwrap_or(self.text.len())
    }

    fn index_at(&self, at: usize) -> Option<usize> {
        let found = self
            .tokens
            .binary_search_by_key(&at, |token| token.span.start);
        found.ok()
    }

    fn token_span(&self, at: usize) -> Range<usize> {
        let token = self.index_at(at).and_then(|place| self.tokens.get(place));
        token.map_or(at..at, |token| token.span.clone())
    }

    fn token_after(&self, at: usize) -> Option<&Token> {
        self.index_at(at)
            .and_then(|place| self.tokens.get(place + 1))
    }

    /// A literal, whose sign is a token of its own.
    fn literal_span(&self, id: u64) -> Range<usize> {
        let span = self.token_span(self.at(id));
        if self.text.get(span.clone()) == Some("-") {
            let end = self
                .token_after(span.start)
                .map_or(span.end, |token| token.span.end);
            return span.start..end;
        }
        span
    }

    /// Where the bracket that opens here is closed.
    fn closed(&self, at: usize) -> usize {
        let mut tokens = self.tokens.iter();
        let opener = tokens.find(|token| token.span.start >= at && token.kind == TokenKind::Open);
        let closer = opener
            .and_then(|token| token.pair)
            .and_then(|pair| self.tokens.get(pair));
        closer.map_or(self.text.len(), |token| token.span.end)
    }

    /// From the name before a bracket to where the bracket is closed.
    fn call_span(&self, bracket: usize) -> (usize, usize) {
        let name = self
            .index_at(bracket)
            .and_then(|place| place.checked_sub(1))
            .and_then(|place| self.tokens.get(place));
        let start = name.map_or(bracket, |token| token.span.start);
        (start, self.closed(bracket))
    }

    /// The span with the brackets that begin or end in it.
    fn balanced(&self, span: Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (span.start, span.end);
        let inside = |token: &&Token| span.start <= token.span.start && token.span.end <= span.end;
        for token in self.tokens.iter().filter(inside) {
            if let Some(pair) = token.pair.and_then(|pair| self.tokens.get(pair)) {
                start = start.min(pair.span.start);
                end = end.max(pair.span.end);
            }
        }
        start..end
    }
}

fn literal(value: &LiteralValue) -> Kind {
    match value {
        LiteralValue::Boolean(value) => Kind::Truth(*value.inner()),
        LiteralValue::Double(value) => Kind::Number(*value.inner()),
        #[allow(clippy::cast_precision_loss)] // The scanner lets 15 digits pass.
        LiteralValue::Int(value) => Kind::Number(*value.inner() as f64),
        LiteralValue::String(value) => Kind::Text(value.inner().to_owned()),
        LiteralValue::Null => Kind::Other(
            "null",
            "has(traits.name) tells whether a trait is known, and == \"\" whether a text is",
        ),
        LiteralValue::Bytes(_) | LiteralValue::UInt(_) => {
            Kind::Other("bytes and unsigned numbers", "write a text or a number")
        }
    }
}
