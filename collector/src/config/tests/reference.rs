//! The descriptions of tables, fields and names against the reading that uses them.

use super::super::condition::vocabulary::{
    EVENT_METHODS, FUNCTIONS, NOW, NUMBERS, REFERRER, TEXT_METHODS, TOUCH, UTM, VISITOR, Values,
    Word,
};
use super::super::fields::{Field, Preset, ROOT, Section};
use super::*;

fn sections() -> Vec<&'static Section> {
    let inner = |section: &'static Section| section.inner.iter();
    ROOT.inner
        .iter()
        .flat_map(|section| std::iter::once(section).chain(inner(section)))
        .collect()
}

/// The example of a section after the site that every configuration has.
fn with_site(text: &str) -> String {
    if text.starts_with("[site]") {
        return text.to_owned();
    }
    format!("{SITE}{text}")
}

/// The text with the last line of a field in its place, or else at its end.
fn with_field(text: &str, field: &Field, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let begins = format!("{} = ", field.name);
    let line = format!("{begins}{value}");
    match lines
        .iter_mut()
        .rev()
        .find(|line| line.starts_with(&begins))
    {
        Some(found) => *found = line,
        None => lines.push(line),
    }
    lines.join("\n")
}

/// The section with what it must have and one field.
fn least_with(section: &Section, field: &Field, value: &str) -> String {
    let mut lines = vec![section.title.to_owned()];
    let required = section.fields.iter();
    lines.extend(
        required
            .filter(|one| matches!(one.preset, Preset::Required) && one.name != field.name)
            .map(|one| format!("{} = {}", one.name, one.example)),
    );
    lines.push(format!("{} = {value}", field.name));
    with_site(&lines.join("\n"))
}

#[test]
fn the_example_of_every_table_is_in_order() {
    for section in sections() {
        check(&with_site(section.example), &[]);
    }
}

#[test]
fn the_example_of_every_field_is_in_order_and_everything_is_described() {
    for section in sections() {
        assert!(section.what.ends_with('.'), "{}", section.title);
        for field in section.fields {
            let named = format!("{} {}", section.title, field.name);
            assert!(field.what.ends_with('.'), "{named}");
            let alone = least_with(section, field, field.example);
            let beside = with_field(&with_site(section.example), field, field.example);
            let said = [alone, beside].map(|text| Config::parse(&text).err());
            assert!(said.contains(&None), "{named}: {said:?}");
        }
    }
}

#[test]
fn a_default_that_is_written_down_changes_nothing() {
    for section in sections() {
        for field in section.fields {
            let Some(value) = field.preset.written() else {
                continue;
            };
            // Where it makes sense beside other fields alone, beside those of the example.
            let alone = least_with(section, field, &value);
            let beside = with_field(&with_site(section.example), field, &value);
            let texts = [alone, beside];
            let text = texts.iter().find(|text| Config::parse(text).is_ok());
            let text = text.unwrap();
            let line = format!("{} = {value}", field.name);
            let without: Vec<&str> = text.lines().filter(|one| *one != line).collect();
            let told = |text: &str| Config {
                text: "".into(),
                ..Config::parse(text).unwrap()
            };
            assert_eq!(told(text), told(&without.join("\n")), "{text}");
        }
    }
}

#[test]
fn the_defaults_are_those_of_the_rest_of_the_collector() {
    let config =
        Config::parse(&format!("{SITE}[retention]\n[limits]\n[tracker]\n[server]")).unwrap();
    assert_eq!(config.retention, Retention::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.tracker, Tracker::default());
    assert_eq!(config.server, Server::default());
    let usual = firstglance_engine::snapshot::USUAL_STAGES;
    let [(warm, keeps_warm), (hot, keeps_hot)] = usual;
    let said = format!(
        "`warm` (from {warm}, kept from {keeps_warm}) and `hot` (from {hot}, kept from {keeps_hot})"
    );
    assert!(
        sections().iter().any(|one| one.what.contains(&said)),
        "{said}"
    );
}

/// Whether the condition compiles.
fn compiles(condition: &str) -> Result<(), String> {
    let site = "[site]\nwrite_key = \"k\"\nbrand_terms = [\"x\"]\n[[interest]]\nid = \"crm\"\n\
                [[segment]]\nid = \"hot\"\nwhen = 'visits > 1'\n";
    compile_one(condition, site)
        .map(drop)
        .map_err(|problems| format!("{condition}: {problems:?}"))
}

#[test]
fn every_word_of_conditions_is_one_that_the_compiler_knows() {
    let touch = [("", TOUCH), ("utm.", UTM), ("referrer.", REFERRER)];
    let groups: [(&str, &[Word]); 3] = [("", NUMBERS), ("now.", NOW), ("", VISITOR)];
    let named = |first: &str, (group, words): (&str, &[Word])| {
        let words = words.iter();
        words
            .map(|word| (format!("{first}{group}{}", word.name), word.values))
            .collect::<Vec<_>>()
    };
    let words = groups
        .map(|group| named("", group))
        .into_iter()
        .chain(touch.map(|group| named("", group)))
        .chain(touch.map(|group| named("first.", group)))
        .flatten();
    for (word, values) in words {
        let condition = match values {
            Values::Truth => word.clone(),
            Values::Stage => format!("{word} == \"warm\""),
            Values::Text => format!("{word} == \"x\""),
            Values::Names(names) => {
                for name in names() {
                    compiles(&format!("{word} == \"{name}\"")).unwrap();
                }
                continue;
            }
            Values::WholeBetween(least, greatest) => {
                let (below, beyond) = (format!("{word} < {least}"), format!("{word} > {greatest}"));
                assert!(
                    compiles(&below).is_err() && compiles(&beyond).is_err(),
                    "{word}"
                );
                format!("{word} > {least}")
            }
            _ => format!("{word} > 0"),
        };
        compiles(&condition).unwrap();
    }
    for function in FUNCTIONS.iter().chain(TEXT_METHODS).chain(EVENT_METHODS) {
        let example = function.example;
        let condition = match function.values {
            Values::Between(..) | Values::WholeBetween(..) => format!("{example} > 0"),
            _ => example.to_owned(),
        };
        compiles(&condition).unwrap();
        assert!(example.contains(function.name), "{example}");
    }
}

#[test]
fn the_reference_has_every_field_word_and_address() {
    use crate::reference::Page;
    let page = Page::Configuration.markdown();
    for section in sections() {
        assert!(page.contains(&format!("\n## `{}`\n", section.title)));
        for field in section.fields {
            assert!(
                page.contains(&format!("\n| `{}` | ", field.name)),
                "{}",
                field.name
            );
        }
    }
    let page = Page::Conditions.markdown();
    assert!(page.contains("\n| `now.weekday` | 1 to 7, whole | "));
    assert!(page.contains("\n| `referrer.kind` | `\"direct\"`, "));
    let page = Page::Http.markdown();
    for said in [
        "\n### `POST /v1/batch`\n",
        "\n### `GET /admin/v1/profiles/{id}/why`\n",
        "\n| 401 | `unauthorized` |\n",
        "Needs a token with the role `read`.",
        "\"visitor\": text or null",
    ] {
        assert!(page.contains(said), "{said}");
    }
}
