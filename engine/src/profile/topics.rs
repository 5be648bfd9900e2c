//! Which topics an event is about, most explicit first: configured interests; what the page
//! declares; its keywords; its path. The first source that names a topic wins. An interest that only
//! gives topics another name takes no event from others: its topics count under its name, beside
//! whatever else the page declares.
//!
//! Never decides how much an event counts for; that is the fold's.

use alloc::string::String;

use crate::interest::GUESS_SHARE;
use crate::model::Model;
use crate::text::{self, pieces};

/// Topics taken from one event at most, so that a page with a hundred tags is about none of them.
const MOST: usize = 5;

/// Tells id, label and share of the event's weight (0 to 1) of each topic.
pub(super) fn of_event(
    declared: &str,
    keywords: &str,
    path: &str,
    said: &str,
    model: &Model,
    tell: &mut dyn FnMut(&str, &str, f64),
) {
    // As slugs, one a line: what was said, and then what is declared.
    let mut slugs = text::slug(said);
    for label in pieces(declared, b'\n') {
        slugs.push('\n');
        slugs.push_str(&text::slug(label));
    }
    let mut found = false;
    for rule in model.rules() {
        let mut slugs = pieces(&slugs, b'\n');
        let about = rule.covers_path(path)
            || slugs.next().is_some_and(|said| rule.covers_slug(said))
            || slugs.any(|slug| {
                rule.covers_slug(slug) || (*slug == *rule.id && rule.topics().next().is_none())
            });
        if about {
            tell(&rule.id, &rule.label, 1.0);
            found = true;
        }
    }
    if found || labelled(declared, 1.0, model, tell) || labelled(keywords, GUESS_SHARE, model, tell)
    {
        return;
    }
    for part in pieces(path, b'/') {
        let id = text::slug(part);
        let speaks = id.len() > 1
            && !part.bytes().any(|byte| byte == b'.')
            && id
                .bytes()
                .any(|byte| !byte.is_ascii_digit() && byte != b'-')
            && !is_stopped(&id, model);
        if speaks {
            let mut label = String::new();
            for word in pieces(&id, b'-') {
                if !label.is_empty() {
                    label.push(' ');
                }
                label.push_str(word);
            }
            if let Some(first) = label.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let (id, label) = named(&id, &label, model);
            tell(id, label, GUESS_SHARE);
            return;
        }
    }
}

/// Whether there was any.
fn labelled(
    labels: &str,
    share: f64,
    model: &Model,
    tell: &mut dyn FnMut(&str, &str, f64),
) -> bool {
    // Slugs told so far, each after a line break.
    let mut told = String::new();
    let mut count = 0;
    for label in pieces(labels, b'\n') {
        let slug = text::slug(label);
        let (id, label) = named(&slug, label, model);
        if id.is_empty() || count == MOST || is_stopped(&slug, model) || contains(&told, b'\n', id)
        {
            continue;
        }
        tell(id, label, share);
        told.push_str(id);
        told.push('\n');
        count += 1;
    }
    count > 0
}

/// Id and label that the configuration has for a topic, or else its own.
fn named<'a>(id: &'a str, label: &'a str, model: &'a Model) -> (&'a str, &'a str) {
    let mut rules = model.rules().iter();
    match rules.find(|rule| rule.topics().any(|topic| topic == id)) {
        Some(rule) => (&rule.id, &rule.label),
        None => (id, label),
    }
}

fn contains(list: &str, separator: u8, wanted: &str) -> bool {
    if cfg!(target_family = "wasm") {
        return pieces(list, separator).any(|known| known == wanted);
    }
    // Looking for the text first is much sooner done, and the server has the room for it.
    let ends = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == separator);
    list.match_indices(wanted).any(|(at, _)| {
        let list = list.as_bytes();
        ends(list.get(at + wanted.len())) && (at == 0 || ends(list.get(at - 1)))
    })
}

fn is_stopped(id: &str, model: &Model) -> bool {
    contains(&model.stop_words, b' ', id)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::prelude::v1::*;
    use std::vec;

    use super::*;
    use crate::model::InterestRule;
    use crate::time::Milliseconds;

    fn topics(declared: &str, keywords: &str, path: &str, model: &Model) -> String {
        let mut all = Vec::new();
        of_event(
            declared,
            keywords,
            path,
            "",
            model,
            &mut |id, label, share| {
                all.push(format!("{id}={label}*{share}"));
            },
        );
        all.join(" ")
    }

    #[test]
    fn topics_by_another_name() {
        let rule = |id: &str, terms: &[&str]| InterestRule {
            id: id.into(),
            label: id.to_uppercase().into(),
            paths: vec![],
            terms: terms.iter().map(|term| (*term).into()).collect(),
            half_life: Milliseconds::from_days(14),
        };
        let model = Model {
            interests: vec![
                rule("bikes", &["=city-bikes", "=bikes"]),
                rule("crm", &["crm*"]),
            ],
            ..Model::default()
        };
        for (declared, path, expected) in [
            // Others of the same page count as before.
            (
                "City bikes\nHelmets",
                "/",
                "bikes=BIKES*1 helmets=Helmets*1",
            ),
            // Two names of one topic are one topic.
            ("City bikes\nBikes", "/", "bikes=BIKES*1"),
            ("Bikes\nHelmets", "/", "bikes=BIKES*1 helmets=Helmets*1"),
            // Words of a topic are not the topic.
            ("Racing bikes", "/", "racing-bikes=Racing bikes*1"),
            ("", "/city-bikes/x1", "bikes=BIKES*0.5"),
            ("CRM\nBikes", "/", "crm=CRM*1"),
        ] {
            assert_eq!(
                topics(declared, "", path, &model),
                expected,
                "{declared:?} {path}"
            );
        }
    }

    #[test]
    fn most_explicit_first() {
        let none = Model::default();
        let crm = Model {
            interests: vec![InterestRule {
                id: "crm".into(),
                label: "CRM".into(),
                paths: vec!["/crm/*".into()],
                terms: vec![],
                half_life: Milliseconds::from_days(14),
            }],
            ..Model::default()
        };
        for (declared, keywords, path, model, expected) in [
            (
                "E-bikes\ne-bikes\nHome",
                "x",
                "/a/",
                &none,
                "e-bikes=E-bikes*1",
            ),
            ("", "Onderhoud\n", "/a/", &none, "onderhoud=Onderhoud*0.5"),
            (
                "",
                "",
                "/nl/blog/race-fietsen/7",
                &none,
                "race-fietsen=Race fietsen*0.5",
            ),
            ("", "", "/", &none, ""),
            ("", "", "/2026/11/index.html", &none, ""),
            ("E-bikes", "", "/crm/a", &crm, "crm=CRM*1"),
            ("crm", "", "/x", &crm, "crm=CRM*1"),
            ("E-bikes", "", "/x", &crm, "e-bikes=E-bikes*1"),
            (
                "1\n2\n3\n4\n5\n6",
                "",
                "/",
                &none,
                "1=1*1 2=2*1 3=3*1 4=4*1 5=5*1",
            ),
        ] {
            assert_eq!(
                topics(declared, keywords, path, model),
                expected,
                "{declared:?} {path}"
            );
        }
    }
}
