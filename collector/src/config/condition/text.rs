//! Texts: what a visitor's text is compared with, and how.

use std::ops::Range;

use firstglance_engine::json::plain;
use firstglance_engine::program::{Operator, Test};
use firstglance_engine::{Value as Json, text};

use super::super::problem::suggestion;
use super::call::shortened;
use super::code::Code;
use super::lower::{Lowerer, test, trait_test};
use super::value::Text;

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Equals,
    Contains,
    Starts,
    Ends,
    Like,
}

impl How {
    fn pattern(self, with: &str) -> String {
        match self {
            Self::Equals | Self::Like => with.to_owned(),
            Self::Contains => format!("*{with}*"),
            Self::Starts => format!("{with}*"),
            Self::Ends => format!("*{with}"),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Equals => "==",
            Self::Contains => ".contains",
            Self::Starts => ".startsWith",
            Self::Ends => ".endsWith",
            Self::Like => ".like",
        }
    }
}

impl Lowerer<'_, '_> {
    /// Compares a visitor's text with one from the condition, which stands `at`; `of` is where the
    /// visitor's stands.
    pub(super) fn text_test(
        &mut self,
        of: &Text,
        how: How,
        with: &str,
        at: &Range<usize>,
        span: &Range<usize>,
    ) -> Option<Code> {
        if matches!(how, How::Contains | How::Starts | How::Ends) && with.contains('*') {
            let name = self.shown(span);
            return self.faults.add(
                at,
                format!("* is an ordinary character in {}(…)", how.name()),
                format!(
                    "write {name}.like(\"{}\")",
                    how.pattern(with).replace("**", "*")
                ),
            );
        }
        let pattern = how.pattern(with);
        if how != How::Equals && !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*') {
            return self.faults.add(
                at,
                format!("every text fits {}(\"{with}\")", how.name()),
                "write what it must hold",
            );
        }
        match of {
            Text::Source(source) if how == How::Equals => Some(test(*source, Test::Equals, with)),
            Text::Source(source) => Some(test(*source, Test::Matches, &pattern)),
            Text::Trait(name) => {
                let json = plain(&Json::Text(pattern.into()));
                let how = if how == How::Equals {
                    Test::Equals
                } else {
                    Test::Matches
                };
                Some(trait_test(name, how, &json))
            }
            Text::Named(program, names) => {
                let fits = |name: &String| match how {
                    How::Equals => text::same_folded(name, with),
                    _ => text::matches(&pattern, name),
                };
                let places: Vec<usize> = (0..names.len())
                    .filter(|place| names.get(*place).is_some_and(fits))
                    .collect();
                if places.is_empty() {
                    return self.fits_none(names, how, with, at, span);
                }
                if places.len() == names.len() {
                    return self.faults.add(
                        at,
                        format!("every {} fits {}(\"{with}\")", self.shown(span), how.name()),
                        "write what it must hold",
                    );
                }
                let first = self.place_part(program, names, span);
                Some(one_of(first, &Code::Read(program.clone()), &places))
            }
        }
    }

    fn fits_none(
        &mut self,
        names: &[String],
        how: How,
        with: &str,
        at: &Range<usize>,
        span: &Range<usize>,
    ) -> Option<Code> {
        let known: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect();
        let near: Vec<&str> = known
            .iter()
            .copied()
            .filter(|name| {
                with.chars().count() >= 3
                    && (text::matches(&format!("*{with}*"), name)
                        || text::matches(&format!("*{name}*"), with))
            })
            .collect();
        let other = OTHERS
            .iter()
            .find(|(other, _)| text::same_folded(other, with));
        let other = other
            .map(|(_, meant)| *meant)
            .filter(|meant| known.contains(meant));
        let lower: Vec<String> = known.iter().map(|name| name.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let spelled = suggestion(with, &lower)
            .and_then(|meant| lower.iter().position(|name| *name == meant))
            .and_then(|place| known.get(place).copied());
        let right = match spelled.or(other) {
            Some(meant) if how == How::Equals => format!("did you mean \"{meant}\"?"),
            _ if near.len() == 1 => format!("did you mean {}?", all_of(&near)),
            _ if !near.is_empty() => format!("it may be {}", all_of(&near)),
            _ if known.len() <= 24 => format!("it may be {}", all_of(&known)),
            _ => format!("it may be {}", shortened(&known)),
        };
        let name = self.shown(span);
        let wrong = match how {
            How::Equals => format!("{name} is never \"{with}\""),
            _ => format!("no {name} fits {}(\"{with}\")", how.name()),
        };
        self.faults.add(at, wrong, right)
    }
}

/// What people write for a name, and the name.
const OTHERS: [(&str, &str); 12] = [
    ("phone", "mobile"),
    ("smartphone", "mobile"),
    ("pc", "desktop"),
    ("computer", "desktop"),
    ("laptop", "desktop"),
    ("ipad", "tablet"),
    ("crawler", "bot"),
    ("newsletter", "Email"),
    ("paid", "Paid Search"),
    ("sea", "Paid Search"),
    ("seo", "Organic Search"),
    ("chatgpt", "AI Assistant"),
];

fn all_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let quoted: Vec<&str> = quoted.iter().map(String::as_str).collect();
    super::super::problem::choice(&quoted)
}

/// Whether a place is one of these; neighbours are a range.
#[allow(clippy::cast_precision_loss)] // A few hundred places.
fn one_of(first: Code, place: &Code, places: &[usize]) -> Code {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &one in places {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == one => *end = one,
            _ => runs.push((one, one)),
        }
    }
    let mut first = Some(first);
    let mut read = || first.take().unwrap_or_else(|| place.clone());
    let number = |place: usize| Code::number(place as f64);
    let tests: Vec<Code> = runs
        .into_iter()
        .map(|(from, to)| {
            if from == to {
                return Code::two(Operator::Equal, read(), number(from));
            }
            let least = Code::two(Operator::GreaterOrEqual, read(), number(from));
            let most = Code::two(Operator::LessOrEqual, read(), number(to));
            Code::two(Operator::And, least, most)
        })
        .collect();
    Code::any(tests)
}
