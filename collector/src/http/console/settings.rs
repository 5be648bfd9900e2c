//! How somebody reads the console: in which language and colours. Kept in cookies that say nothing of
//! who they are.

use hyper::header::{ACCEPT_LANGUAGE, HeaderMap};

use super::language::Language;
use super::session::named;

/// Colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(super) fn attribute(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.name())
    }

    pub(super) const fn say(self, language: Language) -> &'static str {
        match self {
            Self::System => language.say("As the system", "Als het systeem"),
            Self::Light => language.say("Light", "Licht"),
            Self::Dark => language.say("Dark", "Donker"),
        }
    }
}

/// In which colours somebody reads the console.
pub(super) fn theme_of(headers: &HeaderMap) -> Theme {
    let chosen = named(headers, "fg-console-theme");
    chosen.and_then(Theme::of_name).unwrap_or(Theme::System)
}

/// In which language.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let chosen = named(headers, "fg-console-language").and_then(Language::of_code);
    chosen
        .or_else(|| Language::accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?))
        .unwrap_or(Language::English)
}
