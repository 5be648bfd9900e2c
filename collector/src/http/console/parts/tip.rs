//! A tip: what a word or a number means, behind a small button that opens it, by mouse, keyboard or
//! finger.

use maud::{Markup, html};

use crate::http::console::language::Language;

/// A tip; `id` must be the only one of the page.
pub(in crate::http::console) fn tip(
    language: Language,
    id: &str,
    about: &str,
    text: &str,
) -> Markup {
    let id = format!("tip-{id}");
    let label = format!(
        "{}: {about}",
        language.say("What this means", "Wat dit betekent")
    );
    html! {
        button type="button" class="tip" popovertarget=(id) aria-label=(label) { "?" }
        div id=(id) class="tip-text" popover { (text) }
    }
}
