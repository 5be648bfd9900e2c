//! The page of `firstglance.toml`.

use std::fmt::Write as _;

use super::cell;
use crate::config::fields::{Field, Preset, ROOT, Section};
use crate::config::markup::{ATTRIBUTES, ATTRIBUTES_OF, ELEMENTS, PREFIXES, SCHEMES};

pub(super) fn page() -> String {
    let mut page = String::from(
        "# Every field\n\n\
         All that can stand in `firstglance.toml`. This page is made from what the collector reads by; \
         `firstglance reference configuration` prints that of your own version, and \
         `firstglance check firstglance.toml` says what is wrong with a file. How the tables work \
         together is in [Configuration](../configuration.md).\n\n\
         A *length of time* is a whole number and `m`, `h`, `d` or `w`, such as `\"12h\"` or `\"14d\"`. A \
         *condition* is a text in CEL, see [Conditions](../conditions.md). Paths of files begin at the \
         folder of the configuration.\n",
    );
    for section in ROOT.inner {
        add(&mut page, section);
    }
    markup(&mut page);
    page
}

/// What the markup of variants may have.
fn markup(page: &mut String) {
    let words = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let prefixes: Vec<String> = PREFIXES.iter().map(|name| format!("`{name}…`")).collect();
    let _ = write!(
        page,
        "\n## HTML of variants\n\nElements: {}.\n\nAttributes of any of them: {}, {}. Of some: ",
        words(ELEMENTS),
        words(ATTRIBUTES),
        prefixes.join(", ")
    );
    let of: Vec<String> = ATTRIBUTES_OF
        .iter()
        .map(|(element, names)| format!("`<{element}>` {}", words(names)))
        .collect();
    let _ = write!(
        page,
        "{}.\n\nAddresses are relative or begin with {}. `firstglance check` tells of anything else; a \
         `style`, an `id` and whatever could run are never let through.\n",
        of.join("; "),
        words(SCHEMES)
    );
}

fn add(page: &mut String, section: &Section) {
    let Section {
        title,
        what,
        example,
        ..
    } = section;
    let _ = write!(
        page,
        "\n## `{title}`\n\n{what}\n\n```toml\n{}\n```\n\n",
        example.trim_end()
    );
    page.push_str("| field | holds | without it | |\n|---|---|---|---|\n");
    for field in section.fields {
        let Field {
            name, kind, what, ..
        } = field;
        let preset = match field.preset {
            Preset::Required => "required".to_owned(),
            Preset::Absent(what) => what.to_owned(),
            preset => format!("`{}`", preset.written().unwrap_or_default()),
        };
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {} For example `{}` |",
            cell(&kind.shown()),
            cell(&preset),
            cell(what),
            cell(field.example)
        );
    }
    for inner in section.inner {
        add(page, inner);
    }
}
