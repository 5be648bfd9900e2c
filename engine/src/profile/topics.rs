//! Which topics an event is about, most explicit first: configured interests; what the page
//! declares; its keywords; its path. The first source that names a topic wins.
//!
//! Never decides how much an event counts for; that is the fold's.

use alloc::string::String;

use crate::interest::GUESS_SHARE;
use crate::model::Model;
use crate::text::{self, pieces};

/// Topics taken from one event at most, so that a page with a hundred tags is about none of them.
const MOST: usize = 5;

/// Parts of paths and labels that say nothing about a page's subject. Slugs between spaces.
const STOP_LIST: &str = " about account algemeen archive article articles blog cart categorie \
    category collections contact de en faq fr home index inloggen login magazine news nieuws nl \
    over over-ons page pages post posts privacy product producten products search shop tag tags \
    winkel zoeken ";

/// Tells id, label and share of the event's weight (0 to 1) of each topic.
pub(super) fn of_event(
    declared: &str,
    keywords: &str,
    path: &str,
    said: &str,
    model: &Model,
    tell: &mut dyn FnMut(&str, &str, f64),
) {
    let mut found = false;
    for rule in &model.interests {
        let about = rule.covers_path(path)
            || rule.covers_text(said)
            || pieces(declared, b'\n')
                .any(|label| rule.covers_text(label) || text::slug(label) == *rule.id);
        if about {
            tell(&rule.id, &rule.label, 1.0);
            found = true;
        }
    }
    if found || labelled(declared, 1.0, tell) || labelled(keywords, GUESS_SHARE, tell) {
        return;
    }
    for part in pieces(path, b'/') {
        let part = crate::address::decode(part);
        let id = text::slug(&part);
        let speaks = id.len() > 1
            && !part.bytes().any(|byte| byte == b'.')
            && id
                .bytes()
                .any(|byte| !byte.is_ascii_digit() && byte != b'-')
            && !is_stopped(&id);
        if speaks {
            let mut label = String::with_capacity(id.len());
            for character in id.chars() {
                label.push(match character {
                    '-' => ' ',
                    letter if label.is_empty() => letter.to_ascii_uppercase(),
                    letter => letter,
                });
            }
            tell(&id, &label, GUESS_SHARE);
            return;
        }
    }
}

/// Whether there was any.
fn labelled(labels: &str, share: f64, tell: &mut dyn FnMut(&str, &str, f64)) -> bool {
    // Slugs told so far, each after a line break.
    let mut told = String::new();
    let mut count = 0;
    for label in pieces(labels, b'\n') {
        let id = text::slug(label);
        if id.is_empty() || count == MOST || is_stopped(&id) || contains_line(&told, &id) {
            continue;
        }
        tell(&id, label.trim_ascii(), share);
        told.push_str(&id);
        told.push('\n');
        count += 1;
    }
    count > 0
}

fn contains_line(lines: &str, line: &str) -> bool {
    pieces(lines, b'\n').any(|known| known == line)
}

fn is_stopped(id: &str) -> bool {
    pieces(STOP_LIST, b' ').any(|word| word == id)
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

    #[test]
    fn the_stop_list_is_slugs() {
        let mut words = pieces(STOP_LIST, b' ').filter(|word| !word.is_empty());
        assert!(words.all(|word| text::slug(word) == *word));
    }
}
