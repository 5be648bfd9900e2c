//! The tables `[[interest]]`.

use std::collections::HashMap;

use firstglance_engine::Milliseconds;
use firstglance_engine::model::{InterestRule, TOPIC};
use firstglance_engine::text::{folded, slug};

use super::content::Source;
use super::duration;
use super::fields::Field;
use super::fields::analysis as fields;
use super::problem::Problems;
use super::table::{Placed, Table};

/// Reads all of them, reporting ids that occur twice.
pub(super) fn read_all(root: &Table<'_>, problems: &mut Problems<'_>) -> Vec<InterestRule> {
    let mut ids = Ids::of("interest");
    let mut rules = Vec::new();
    for table in root.tables(&fields::INTEREST, problems) {
        let table = &table;
        let label = table.text(&fields::LABEL, problems);
        let id = ids.read(table, &fields::ID, problems);
        let paths = paths(table, problems);
        let mut terms = terms(table, problems);
        terms.extend(topics(table, problems));
        let half_life = half_life(table, problems);
        if let Some(id) = id {
            let label = label.map_or_else(|| title(&id.value), |label| label.value.into());
            rules.push(InterestRule {
                id: id.value.into(),
                label,
                paths,
                terms,
                half_life,
            });
        }
    }
    rules
}

/// Puts posted interests in the places of those of the same ids, and the others after all; says where
/// each was written.
pub(super) fn join(
    mut rules: Vec<InterestRule>,
    posted: Vec<InterestRule>,
) -> (Vec<InterestRule>, Vec<Source>) {
    let mut sources = vec![Source::File; rules.len()];
    for rule in posted {
        let known = rules.iter().position(|known| known.id == rule.id);
        match known.and_then(|place| Some((rules.get_mut(place)?, sources.get_mut(place)?))) {
            Some((known, source)) => (*known, *source) = (rule, Source::Posted),
            None => {
                rules.push(rule);
                sources.push(Source::Posted);
            }
        }
    }
    (rules, sources)
}

/// The ids of the tables of a kind, in their order: each has its own.
pub(super) struct Ids {
    kind: &'static str,
    read: usize,
    seen: HashMap<String, usize>,
}

impl Ids {
    /// Nothing is read yet of tables that are called so.
    pub(super) fn of(kind: &'static str) -> Self {
        Self {
            kind,
            read: 0,
            seen: HashMap::new(),
        }
    }

    /// The id of the next table, reported where it is taken.
    pub(super) fn read(
        &mut self,
        table: &Table<'_>,
        field: &Field,
        problems: &mut Problems<'_>,
    ) -> Option<Placed<String>> {
        let place = self.read;
        self.read += 1;
        let id = id(table, field, problems)?;
        if let Some(first) = self.seen.insert(id.value.clone(), place) {
            let kind = self.kind;
            problems.add(
                id.span.clone(),
                format!("the id {:?} is taken by {kind} {}", id.value, first + 1),
                format!("each {kind} needs an id of its own"),
            );
        }
        Some(id)
    }
}

/// The id of a table, which must be a slug.
pub(super) fn id(
    table: &Table<'_>,
    field: &Field,
    problems: &mut Problems<'_>,
) -> Option<Placed<String>> {
    let Some(text) = table.text(field, problems) else {
        table.missing(field, "choose one", problems);
        return None;
    };
    let wanted = slug(text.value);
    if !wanted.is_empty() && wanted == text.value {
        return Some(Placed {
            value: wanted,
            span: text.span,
        });
    }
    let right = if wanted.is_empty() {
        format!(
            "it must be lower case letters, digits and -, such as {}",
            field.example
        )
    } else {
        format!("did you mean {wanted:?}? It must be lower case letters, digits and -")
    };
    problems.add(text.span, format!("\"id\" is {:?}", text.value), right);
    None
}

fn paths(table: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Box<str>> {
    let mut paths = Vec::new();
    for path in table.texts(&fields::PATHS, problems).unwrap_or_default() {
        if path.value.starts_with(['/', '*']) {
            paths.push(path.value.into());
        } else {
            problems.add(
                path.span,
                format!("\"paths\" holds {:?}", path.value),
                "a path starts with / or *, such as \"/e-bikes/*\"",
            );
        }
    }
    paths
}

fn terms(table: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Box<str>> {
    let mut terms = Vec::new();
    for term in table.texts(&fields::TERMS, problems).unwrap_or_default() {
        let folded = pattern(term.value);
        if folded.chars().any(|character| character != '*') {
            terms.push(folded.into());
        } else {
            problems.add(
                term.span,
                format!("\"terms\" holds {:?}, which has no word", term.value),
                "write a word, such as \"e-bike*\"",
            );
        }
    }
    terms
}

/// Topics that pages declare, in the form that the engine compares with.
fn topics(table: &Table<'_>, problems: &mut Problems<'_>) -> Vec<Box<str>> {
    let mut topics = Vec::new();
    for topic in table.texts(&fields::TOPICS, problems).unwrap_or_default() {
        let id = slug(topic.value);
        if id.is_empty() {
            problems.add(
                topic.span,
                format!("\"topics\" holds {:?}, which has no word", topic.value),
                "write a topic as pages declare it, such as \"City bikes\"",
            );
        } else {
            topics.push(format!("{TOPIC}{id}").into());
        }
    }
    topics
}

fn half_life(table: &Table<'_>, problems: &mut Problems<'_>) -> Milliseconds {
    let Some(text) = table.text(&fields::HALF_LIFE, problems) else {
        return fields::HALF_LIFE.length();
    };
    duration::parse(text.value).unwrap_or_else(|right| {
        let wrong = format!("\"half_life\" is {:?}", text.value);
        problems.add(text.span, wrong, right);
        fields::HALF_LIFE.length()
    })
}

/// A term in the form that the engine compares with: folded like a slug, stars kept.
fn pattern(term: &str) -> String {
    let mut pattern = String::with_capacity(term.len());
    let mut gap = false;
    for character in folded(term) {
        if character == '*' || character.is_alphanumeric() {
            if gap && !pattern.is_empty() {
                pattern.push('-');
            }
            gap = false;
            pattern.push(character);
        } else {
            gap = true;
        }
    }
    pattern
}

/// A label from an id: `e-bikes` becomes `E bikes`.
pub(super) fn title(id: &str) -> Box<str> {
    let spaced = id.replace('-', " ");
    let mut characters = spaced.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => Box::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_folded() {
        for (term, expected) in [
            ("E-Bike*", "e-bike*"),
            ("customer  relationship", "customer-relationship"),
            ("Élan vital", "elan-vital"),
            ("*fiets*", "*fiets*"),
            (" crm ", "crm"),
        ] {
            assert_eq!(pattern(term), expected, "{term}");
        }
    }

    #[test]
    fn labels_come_from_ids() {
        assert_eq!(&*title("e-bikes"), "E bikes");
    }
}
