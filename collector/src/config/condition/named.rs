//! Names: what each stands for, and what is said about those that stand for nothing.

use firstglance_engine::origin;
use firstglance_engine::program::{Instruction, Measure, Operator, Test, TextSource, Which};

use super::code::{Code, Name};
use super::helper::{DEVICES, Helper};
use super::lower::{Lowerer, test, trait_test};
use super::names;
use super::tree::{Kind, Node};
use super::value::{Number, Text, Truth, Value};
use super::vocabulary;

impl Lowerer<'_, '_> {
    pub(super) fn has(&mut self, node: &Node, operand: &Node, field: &str) -> Option<Value> {
        if operand.kind != Kind::Name("traits".to_owned()) {
            let name = format!("{}.{field}", self.shown(&operand.span));
            return self.faults.add(
                &node.span,
                "has(…) asks for a trait",
                format!("write has(traits.name), or {name} != \"\" for a text"),
            );
        }
        // A trait that was taken back is `null`.
        let known = ["", "null"].map(|text| trait_test(field, Test::Equals, text));
        Some(self.told(&node.span, Truth::of(Code::any(known).not())))
    }

    pub(super) fn index(&mut self, node: &Node, operand: &Node, index: &Node) -> Option<Value> {
        let Kind::Name(name) = &operand.kind else {
            return self.faults.add(
                &node.span,
                "only traits have names in brackets",
                "write traits[\"name\"]",
            );
        };
        match (name.as_str(), &index.kind) {
            ("traits", Kind::Text(name)) if !name.is_empty() => {
                Some(Value::Text(Text::Trait(name.clone())))
            }
            ("traits", _) => self.faults.add(
                &index.span,
                "the name of a trait stands in quotes",
                "write traits[\"name\"]",
            ),
            ("utm" | "referrer" | "now", Kind::Text(field)) => self.faults.add(
                &node.span,
                "only traits have names in brackets",
                format!("write {name}.{field}"),
            ),
            ("trait", _) => self.faults.add(
                &operand.span,
                "there is no name trait",
                "did you mean traits[\"name\"]?",
            ),
            _ => {
                let right = match names::example(name) {
                    "" => "write traits[\"name\"]".to_owned(),
                    example => format!("write {example}, with round brackets"),
                };
                self.faults
                    .add(&node.span, "only traits have names in brackets", right)
            }
        }
    }

    /// A name, with points or without.
    pub(super) fn named(&mut self, node: &Node) -> Option<Value> {
        let Some(name) = path(node) else {
            let shown = self.shown(&node.span);
            return self.faults.add(
                &node.span,
                format!("{shown} has no names inside"),
                "names with a point are utm.…, referrer.…, now.…, traits.… and first.…",
            );
        };
        if let Some(name) = name.strip_prefix("traits.") {
            if name.contains('.') {
                let right = format!("write traits[\"{name}\"] where that is its whole name");
                return self.faults.add(
                    &node.span,
                    "traits inside traits cannot be asked for",
                    right,
                );
            }
            return Some(Value::Text(Text::Trait(name.to_owned())));
        }
        if let Some(number) = self.named_number(&name) {
            return Some(self.numbered(&node.span, number));
        }
        let (first, rest) = match name.strip_prefix("first.") {
            Some(rest) => (true, rest),
            None => (false, name.as_str()),
        };
        if let Some(text) = self.touch_text(first, rest) {
            return Some(Value::Text(text));
        }
        let truth = match name.as_str() {
            "brand_search" if !self.context.has_brand_terms => {
                return self.faults.add(
                    &node.span,
                    "brand_search needs to know the brand",
                    "add brand_terms = [\"example\"] to [site]",
                );
            }
            "brand_search" => Code::Read(Name::Helper(Helper::BrandSearch)),
            "identified" => test(TextSource::User, Test::Equals, "").not(),
            _ => {
                if let Some(text) = self.visitor_text(&name) {
                    return Some(Value::Text(text));
                }
                return self.unknown(node, &name);
            }
        };
        Some(self.told(&node.span, Truth::of(truth)))
    }

    fn named_number(&self, name: &str) -> Option<Number> {
        let known = match name.strip_prefix("now.") {
            Some(rest) => vocabulary::find(vocabulary::NOW, rest),
            None => vocabulary::find(vocabulary::NUMBERS, name),
        };
        let range = known?.values.range();
        let days = |measure| {
            let since = Code::Push(Instruction::Measure(measure));
            let whole = Code::two(Operator::Floor, since, Code::number(86_400_000.0));
            Number::whole(whole, range)
        };
        let clock = |helper| Number::whole(Code::Read(Name::Helper(helper)), range);
        let of = |measure| Number::of(Code::Push(Instruction::Measure(measure)), range);
        Some(match name {
            "visits" => Number::measure(Measure::Visits),
            "pages" => Number::measure(Measure::Pages),
            "clicks" => Number::measure(Measure::Clicks),
            "active_seconds" => of(Measure::ActiveSeconds),
            "confidence" => of(Measure::Confidence),
            "score" if self.context.has_rules => {
                Number::of(Code::Read(Name::Score), (0.0, super::super::score::MOST))
            }
            "score" => Number::of(
                Code::Push(Instruction::Measure(Measure::Engagement)),
                (0.0, 100.0),
            ),
            "days_since_first_visit" => days(Measure::SinceFirst),
            "days_since_last_visit" => days(Measure::SinceLast),
            "now.hour" => clock(Helper::Hour),
            "now.minute" => clock(Helper::MinuteOfHour),
            "now.weekday" => clock(Helper::Weekday),
            "now.day" => clock(Helper::DayOfMonth),
            "now.month" => clock(Helper::Month),
            "now.year" => clock(Helper::Year),
            _ => return None,
        })
    }

    /// Texts of the last touch, or of the first.
    fn touch_text(&self, first: bool, name: &str) -> Option<Text> {
        let which = if first { Which::First } else { Which::Last };
        let named = |helper, names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            Text::Named(Name::Helper(helper), names)
        };
        if let Some(field) = name.strip_prefix("utm.") {
            let place = vocabulary::UTM
                .iter()
                .position(|known| known.name == field)?;
            let place = u8::try_from(place).ok()?;
            return Some(Text::Source(TextSource::Utm(which, place)));
        }
        Some(match name {
            "click_id" => Text::Source(TextSource::ClickId(which)),
            "landing" => Text::Source(TextSource::Landing(which)),
            "referrer.host" => Text::Source(TextSource::Referrer(which)),
            "referrer.name" => named(Helper::Referrer(first), &origin::names()),
            "referrer.kind" => named(Helper::ReferrerKind(first), &origin::KINDS),
            "channel" => named(Helper::Channel(first), &origin::CHANNELS),
            _ => return None,
        })
    }

    fn visitor_text(&self, name: &str) -> Option<Text> {
        Some(match name {
            "top_interest" => Text::Source(TextSource::TopInterest),
            "language" => Text::Source(TextSource::Language),
            "user_id" => Text::Source(TextSource::User),
            "device" => Text::Named(
                Name::Helper(Helper::Device),
                DEVICES.map(str::to_owned).into(),
            ),
            "stage" => Text::Named(
                Name::Stage,
                self.context
                    .stages
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
            _ => return None,
        })
    }

    fn unknown(&mut self, node: &Node, name: &str) -> Option<Value> {
        let group = match name.strip_prefix("first.").unwrap_or(name) {
            "utm" => vocabulary::names(vocabulary::UTM),
            "referrer" => vocabulary::names(vocabulary::REFERRER),
            "now" => vocabulary::names(vocabulary::NOW),
            "traits" => vec!["name"],
            "first" => vec!["utm.source", "channel", "landing", "referrer.host"],
            _ => Vec::new(),
        };
        if !group.is_empty() {
            let all: Vec<String> = group.iter().map(|one| format!("{name}.{one}")).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            return self.faults.add(
                &node.span,
                format!("{name} has several texts or numbers, and this asks for one"),
                format!("write {}", super::super::problem::choice(&all)),
            );
        }
        let example = names::example(name);
        if !example.is_empty() {
            return self.faults.add(
                &node.span,
                format!("{name} needs brackets that say of what"),
                format!("write {example}"),
            );
        }
        if name.starts_with("first.") && !name.starts_with("first.utm.") {
            return self.faults.add(
                &node.span,
                format!("there is no name {name}"),
                "first. goes before utm.…, referrer.…, channel, landing and click_id",
            );
        }
        let before = self.text.get(..node.span.start).unwrap_or_default();
        let is_compared = before.trim_end().ends_with("==") || before.trim_end().ends_with("!=");
        self.faults.add(
            &node.span,
            format!("there is no name {name}"),
            names::instead_of_name(name, is_compared),
        )
    }
}

/// The text of names joined by points.
fn path(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Field(operand, field) => path(operand).map(|path| format!("{path}.{field}")),
        _ => None,
    }
}
