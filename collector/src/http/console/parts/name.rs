//! A name that comes from outside, so that it can be seen. Whoever sends may call something by signs
//! that no page shows, and a link or heading of these alone would be none.

use crate::http::console::language::Language;

/// Whether a sign leaves nothing on a page: blanks, controls, and marks of direction and joining.
fn is_unseen(sign: char) -> bool {
    sign.is_whitespace()
        || sign.is_control()
        || matches!(sign, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The text, or where nothing of it can be seen, words that say so.
pub(in crate::http::console) fn name(language: Language, text: &str) -> &str {
    match text.chars().all(is_unseen) {
        true => language.say("(no visible name)", "(geen zichtbare naam)"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in ["a", " a\u{0}", "\u{202e}x", "–", "🚲", "\u{fffd}"] {
            assert_eq!(name(Language::English, text), text);
        }
        for text in ["", " ", "\u{0}", "\u{202e}\u{200b}\t", "\u{feff}"] {
            assert_eq!(name(Language::English, text), "(no visible name)");
        }
    }
}
