//! What stands where there is nothing, or something is wrong: what it means, and what to do.

use maud::{Markup, html};

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::console) enum Tone {
    Good,
    Plain,
    Warning,
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "notice good",
            Self::Plain => "notice",
            Self::Warning => "notice warning",
            Self::Bad => "notice bad",
        }
    }
}

/// There is nothing yet: why, and what to do about it.
pub(in crate::http::console) fn empty(title: &str, advice: &Markup) -> Markup {
    html! {
        div class="empty" {
            p class="empty-title" { (title) }
            div { (advice) }
        }
    }
}

/// Something to know.
pub(in crate::http::console) fn notice(tone: Tone, title: &str, text: &Markup) -> Markup {
    let role = matches!(tone, Tone::Bad).then_some("alert");
    html! {
        div class=(tone.class()) role=[role] {
            strong { (title) }
            div { (text) }
        }
    }
}
