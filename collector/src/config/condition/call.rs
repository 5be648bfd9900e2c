//! Functions, and what follows texts and events after a point.

use std::ops::Range;

use firstglance_engine::explain::PartValue;
use firstglance_engine::program::{Instruction, Lookup};

use super::super::problem::{choice, suggestion};
use super::code::{Code, Name};
use super::lower::{Lowerer, is_slug};
use super::names;
use super::text::How;
use super::tree::{Kind, Node};
use super::value::{Events, FROM_NOUGHT, Number, Truth, Value};
use super::vocabulary;

impl Lowerer<'_, '_> {
    pub(super) fn call(
        &mut self,
        node: &Node,
        name: &str,
        target: Option<&Node>,
        arguments: &[Node],
    ) -> Option<Value> {
        match target {
            Some(target) => self.method(node, name, target, arguments),
            None => self.function(node, name, arguments),
        }
    }

    fn function(&mut self, node: &Node, name: &str, arguments: &[Node]) -> Option<Value> {
        let name_span = node.span.start..node.span.start + name.len();
        if vocabulary::find(vocabulary::NUMBERS, name).is_some() && name != "confidence" {
            return self.faults.add(
                &name_span,
                format!("{name} is no function"),
                format!("write {name} without brackets"),
            );
        }
        let example = names::example(name);
        if example.is_empty() {
            return self.faults.add(
                &name_span,
                format!("there is no function {name}"),
                names::instead_of_function(name),
            );
        }
        if let [
            Node {
                kind: Kind::Name(given),
                ..
            },
        ] = arguments
            && given == "top_interest"
            && let Some(lookup) = match name {
                "interest" => Some(Lookup::Interest),
                "margin" => Some(Lookup::Margin),
                _ => None,
            }
        {
            // Without an id, the engine takes the strongest.
            let code = Code::Push(Instruction::Lookup(lookup, "".into()));
            return Some(self.numbered(&node.span, Number::of(code, range(name))));
        }
        let text = match arguments {
            [
                Node {
                    kind: Kind::Text(text),
                    ..
                },
            ] => text,
            [
                Node {
                    kind: Kind::Name(text),
                    span,
                },
            ] => {
                return self.faults.add(
                    span,
                    format!("what {name} asks for stands in quotes"),
                    format!("write {name}(\"{text}\")"),
                );
            }
            [argument] => {
                return self.faults.add(
                    &argument.span,
                    format!("{name} asks for a text"),
                    format!("write {example}"),
                );
            }
            [] => {
                return self.faults.add(
                    &node.span,
                    format!("{name}() does not say of what"),
                    format!("write {example}"),
                );
            }
            [_, second, ..] => {
                return self.faults.add(
                    &second.span,
                    format!("{name} takes one text, and this has {}", arguments.len()),
                    format!("write {example}, and join several with ||"),
                );
            }
        };
        let at = arguments
            .first()
            .map_or(node.span.clone(), |one| one.span.clone());
        let look_up = |lookup| Instruction::Lookup(lookup, text.as_str().into());
        let share = |lookup| Number::of(Code::Push(look_up(lookup)), range(name));
        let number = match name {
            "interest" => {
                self.known_interest(text, &at)?;
                share(Lookup::Interest)
            }
            "margin" => {
                self.known_interest(text, &at)?;
                share(Lookup::Margin)
            }
            "confidence" => {
                self.known_interest(text, &at)?;
                let measure = firstglance_engine::program::Measure::Confidence;
                Number::of(Code::Push(Instruction::Measure(measure)), range(name))
            }
            "scroll" => {
                self.is_path(text, &at)?;
                Number::whole(Code::Push(look_up(Lookup::Scroll)), range(name))
            }
            "visited" => {
                self.is_path(text, &at)?;
                Number::count(look_up(Lookup::Visited))
            }
            "searched" | "clicked" => {
                if text.is_empty() {
                    return self.faults.add(
                        &at,
                        format!("{name} asks for an empty text"),
                        format!("write {example}"),
                    );
                }
                let searched = name == "searched";
                let lookup = if searched {
                    Lookup::Searched
                } else {
                    Lookup::Clicked
                };
                Number::count(look_up(lookup))
            }
            "events" => {
                return Some(Value::Events(Events {
                    name: text.clone(),
                    property: None,
                    within: None,
                }));
            }
            _ => return self.in_segment(node, text, &at),
        };
        Some(self.numbered(&node.span, number))
    }

    fn known_interest(&mut self, id: &str, at: &Range<usize>) -> Option<()> {
        let wrong = format!("there is no interest \"{id}\"");
        if !is_slug(id) {
            let slug = firstglance_engine::text::slug(id);
            let right = if slug.is_empty() {
                "an id is lower case letters, digits and -, such as \"crm\"".to_owned()
            } else {
                format!("did you mean \"{slug}\"? Ids are lower case letters, digits and -")
            };
            return self.faults.add(at, wrong, right);
        }
        let ids: Vec<&str> = self
            .context
            .interests
            .iter()
            .map(|rule| &*rule.id)
            .collect();
        if self.context.found || ids.contains(&id) {
            return Some(());
        }
        let right = match suggestion(id, &ids) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!(
                "it may be {}, or add [[interest]] with id = \"{id}\"",
                shortened(&ids)
            ),
        };
        self.faults.add(at, wrong, right)
    }

    fn is_path(&mut self, text: &str, at: &Range<usize>) -> Option<()> {
        if text.starts_with(['/', '*']) {
            return Some(());
        }
        let right = match text.split_once("://") {
            Some((_, rest)) => {
                let path = rest.find('/').and_then(|from| rest.get(from..));
                format!("write the path alone: \"{}\"", path.unwrap_or("/"))
            }
            None => format!("did you mean \"/{text}\"? A path starts with / or *"),
        };
        self.faults.add(at, format!("\"{text}\" is no path"), right)
    }

    fn in_segment(&mut self, node: &Node, id: &str, at: &Range<usize>) -> Option<Value> {
        let place = self.context.segments.iter().position(|known| known == id);
        let Some(place) = place else {
            let ids: Vec<&str> = self.context.segments.iter().map(String::as_str).collect();
            let right = match suggestion(id, &ids) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None if ids.is_empty() => "add it as [[segment]]".to_owned(),
                None => format!("it may be {}", shortened(&ids)),
            };
            return self
                .faults
                .add(at, format!("there is no segment \"{id}\""), right);
        };
        let mut truth = Truth::of(Code::Read(Name::Segment(place)));
        truth.is_plain = false;
        Some(self.told(&node.span, truth))
    }

    fn method(
        &mut self,
        node: &Node,
        name: &str,
        target: &Node,
        arguments: &[Node],
    ) -> Option<Value> {
        let value = self.value(target)?;
        if let Value::Events(events) = value {
            return self.asked_events(node, name, events, target, arguments);
        }
        let shown = self.shown(&target.span);
        if matches!(name, "within" | "where") {
            let right = match (&target.kind, name) {
                (
                    Kind::Call {
                        name: function,
                        arguments,
                        ..
                    },
                    "within",
                ) => {
                    let of = arguments
                        .first()
                        .map_or_else(String::new, |one| self.shown(&one.span));
                    match function.as_str() {
                        "visited" => format!(
                            "write events(\"Page Viewed\").where(\"path\", {of}).within(\"7d\")"
                        ),
                        "searched" => format!(
                            "write events(\"Site Searched\").where(\"query\", {of}).within(\"7d\")"
                        ),
                        "clicked" => format!(
                            "write events(\"* Clicked\").where(\"text\", {of}).within(\"7d\")"
                        ),
                        _ => "write events(\"Form Submitted\").within(\"7d\")".to_owned(),
                    }
                }
                _ => format!("write events(\"Form Submitted\").{name}(…)"),
            };
            return self
                .faults
                .add(&node.span, format!("only events have .{name}(…)"), right);
        }
        let how = match name {
            "contains" => How::Contains,
            "startsWith" => How::Starts,
            "endsWith" => How::Ends,
            "like" => How::Like,
            _ => {
                let at = target.span.end..node.span.end;
                return self.faults.add(
                    &at,
                    format!("there is no .{name}(…)"),
                    names::instead_of_method(name),
                );
            }
        };
        let Value::Text(text) = value else {
            return self.faults.add(
                &node.span,
                format!(
                    "{shown} is {}, and only texts have .{name}(…)",
                    value.what()
                ),
                "compare a number with ==, < or >=",
            );
        };
        let (with, at) = match arguments {
            [
                Node {
                    kind: Kind::Text(with),
                    span,
                },
            ] => (with, span.clone()),
            _ => {
                let at = arguments.first().map_or(&node.span, |one| &one.span);
                return self.faults.add(
                    at,
                    format!(".{name}(…) takes one text in quotes"),
                    format!("write {shown}.{name}(\"…\")"),
                );
            }
        };
        let code = self.text_test(&text, how, with, &at, &target.span)?;
        Some(self.told(&node.span, Truth::of(code)))
    }

    /// Wraps the place of a name, so that it can be told what it was.
    pub(super) fn place_part(&self, program: &Name, names: &[String], span: &Range<usize>) -> Code {
        let names = names.iter().map(|name| name.as_str().into()).collect();
        self.part(span, PartValue::Name(names), Code::Read(program.clone()))
    }
}

/// What a function can give.
fn range(function: &str) -> (f64, f64) {
    let mut functions = vocabulary::FUNCTIONS.iter();
    let known = functions.find(|known| known.name == function);
    known.map_or(FROM_NOUGHT, |known| known.values.range())
}

/// "a, b or c", and no more than ten.
pub(super) fn shortened(names: &[&str]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .take(10)
        .map(|name| format!("\"{name}\""))
        .collect();
    let mut all: Vec<&str> = quoted.iter().map(String::as_str).collect();
    if names.len() > 10 {
        all.push("another");
    }
    choice(&all)
}
