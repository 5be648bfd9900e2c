//! Text as people mean it: case and accents folded, slugs, patterns, safe cutting.
//!
//! Folding covers Latin, Greek and Cyrillic letters by small tables of its own: the Unicode tables
//! would be larger than the rest of the page's module. Letters of other scripts stay as they are.

use alloc::string::String;

/// The pieces of a text between an ASCII character; of an empty text one empty piece. Small: it is
/// used everywhere, and the standard library's searchers are a kilobyte each.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    rest: Option<&'a str>,
    at: u8,
}

/// Splits a text at an ASCII character.
#[must_use]
pub const fn pieces(text: &str, at: u8) -> Pieces<'_> {
    Pieces {
        rest: Some(text),
        at,
    }
}

impl<'a> Pieces<'a> {
    /// What has not been told yet, unsplit.
    #[must_use]
    pub fn rest(self) -> &'a str {
        self.rest.unwrap_or_default()
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        // The server has the room for what the page has not.
        let place = if cfg!(target_family = "wasm") {
            rest.bytes().position(|byte| byte == self.at)
        } else {
            rest.find(char::from(self.at))
        };
        self.rest = place.and_then(|place| rest.get(place + 1..));
        rest.get(..place.unwrap_or(rest.len()))
    }
}

/// What stands before and after the first of an ASCII character.
#[must_use]
#[inline(never)]
pub fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let mut pieces = pieces(text, at);
    let before = pieces.next()?;
    Some((before, pieces.rest?))
}

/// The longest beginning of a text that fits into so many bytes without cutting a character.
#[must_use]
pub fn clip(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// A text without the white space around it, as the browser's `trim` sees it. The server's side.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|one: char| one.is_whitespace() || one == '\u{feff}')
}

/// Base letters of U+00C0 to U+017F; a space where a character has none or has two.
const LATIN: &[u8; 192] = b"\
aaaaaa ceeeeiiii nooooo ouuuuy  aaaaaa ceeeeiiii nooooo ouuuuy y\
aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkkklllllll\
lllnnnnnnnnnoooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/// Lower case without accents: one character, or two for letters such as `æ` and `ß`.
#[must_use]
pub fn fold_char(character: char) -> (char, Option<char>) {
    let code = character as u32;
    match character {
        'A'..='Z' => (character.to_ascii_lowercase(), None),
        '\0'..='\u{7f}' => (character, None),
        'Æ' | 'æ' => ('a', Some('e')),
        'Œ' | 'œ' => ('o', Some('e')),
        'ß' => ('s', Some('s')),
        'Þ' | 'þ' => ('t', Some('h')),
        'Ĳ' | 'ĳ' => ('i', Some('j')),
        'Ð' | 'ð' => ('d', None),
        '\u{c0}'..='\u{17f}' => match LATIN[(code - 0xc0) as usize] {
            b' ' => (character, None),
            base => (char::from(base), None),
        },
        'Α'..='Ω' | 'А'..='Я' => (shifted(code, 0x20, character), None),
        'Ѐ'..='Џ' => (shifted(code, 0x50, character), None),
        _ => (character, None),
    }
}

fn shifted(code: u32, by: u32, otherwise: char) -> char {
    char::from_u32(code + by).unwrap_or(otherwise)
}

/// The folded characters of a text.
#[must_use]
pub fn folded(text: &str) -> Folded<'_> {
    Folded {
        rest: text.chars(),
        second: None,
    }
}

/// See [`folded`].
#[derive(Clone, Debug)]
pub struct Folded<'a> {
    rest: core::str::Chars<'a>,
    second: Option<char>,
}

impl Iterator for Folded<'_> {
    type Item = char;

    #[inline(never)]
    fn next(&mut self) -> Option<char> {
        if let Some(second) = self.second.take() {
            return Some(second);
        }
        let (first, second) = fold_char(self.rest.next()?);
        self.second = second;
        Some(first)
    }
}

/// Whether a folded character belongs into a word. Everything outside ASCII does, except the
/// blocks that hold only punctuation and symbols.
const fn is_word(character: char) -> bool {
    match character {
        '\0'..='\u{7f}' => character.is_ascii_alphanumeric(),
        '\u{80}'..='\u{bf}' | '×' | '÷' => false,
        '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{fe00}'..='\u{fe6f}' => false,
        '\u{ff00}'..='\u{ff0f}' | '\u{fffd}' => false,
        _ => true,
    }
}

/// Longest slug, in bytes.
pub const MAX_SLUG_BYTES: usize = 64;

/// The id of a label: folded, words joined by `-`, at most [`MAX_SLUG_BYTES`]. Empty when the
/// label has no word.
#[must_use]
pub fn slug(label: &str) -> String {
    let mut slug = String::new();
    if cfg!(not(target_family = "wasm")) {
        slug.reserve(label.len().min(MAX_SLUG_BYTES));
    }
    let mut gap = false;
    for character in folded(label) {
        if !is_word(character) {
            gap = true;
            continue;
        }
        if slug.len() + usize::from(gap) + character.len_utf8() > MAX_SLUG_BYTES {
            break;
        }
        if gap && !slug.is_empty() {
            slug.push('-');
        }
        gap = false;
        slug.push(character);
    }
    slug
}

/// Whether two texts are the same but for case and accents.
#[must_use]
pub fn same_folded(left: &str, right: &str) -> bool {
    // Most are, and the server, which has the room for it, compares a hundred for an event.
    if cfg!(not(target_family = "wasm")) && left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    folded(left).eq(folded(right))
}

/// Whether a text matches a pattern in which `*` stands for any run of characters; case and
/// accents do not count.
///
/// Runs in time proportional to the product of the lengths at worst: only the last `*` is ever
/// gone back to.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    // The server, which has the room for it, holds many patterns against a text for an event.
    if cfg!(not(target_family = "wasm")) && pattern.is_ascii() && text.is_ascii() {
        return matches_ascii(pattern.as_bytes(), text.as_bytes());
    }
    // Most patterns differ from most texts in the first few letters: those are compared as they
    // are.
    let mut same = 0;
    for (expected, found) in pattern.bytes().zip(text.bytes()) {
        if expected == b'*' || expected >= 0x80 || found >= 0x80 {
            break;
        }
        if !expected.eq_ignore_ascii_case(&found) {
            return false;
        }
        same += 1;
    }
    let rest = |text| str::get(text, same..).unwrap_or_default();
    let (mut pattern, mut text) = (folded(rest(pattern)), folded(rest(text)));
    // The pattern after its last `*` so far, and what of the text that is tried against.
    let mut retry = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                if pattern.rest.as_str().is_empty() {
                    return true;
                }
                retry = Some((pattern.clone(), before.clone()));
                text = before;
            }
            (None, None) => return true,
            (expected, found) if expected == found => {}
            _ => {
                let Some((after_star, from)) = &mut retry else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = from.clone();
            }
        }
    }
}

/// [`matches`] where both are of ASCII, a byte at a time.
fn matches_ascii(pattern: &[u8], text: &[u8]) -> bool {
    let (mut expected, mut found) = (0, 0);
    // Behind the last `*` so far, and from where in the text that is tried.
    let mut retry = None;
    loop {
        match (pattern.get(expected), text.get(found)) {
            (Some(b'*'), _) => {
                expected += 1;
                if expected == pattern.len() {
                    return true;
                }
                retry = Some((expected, found));
            }
            (None, None) => return true,
            (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {
                expected += 1;
                found += 1;
            }
            _ => {
                let Some((after_star, from)) = &mut retry else {
                    return false;
                };
                if *from == text.len() {
                    return false;
                }
                *from += 1;
                (expected, found) = (*after_star, *from);
            }
        }
    }
}

/// Whether some run of whole words of a slug passes.
pub fn any_run(slug: &str, passes: &dyn Fn(&str) -> bool) -> bool {
    let mut rest = slug;
    loop {
        let mut end = 0;
        for word in pieces(rest, b'-') {
            end += word.len();
            if passes(clip(rest, end)) {
                return true;
            }
            end += 1;
        }
        match cut(rest, b'-') {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
}

/// Shortest word that may differ in an edit: of shorter ones, too many others are one edit away.
pub const SHORTEST_MISSPELLED: usize = 5;

/// Whether two slugs are the same but for one edit at most: a character more, less or different,
/// or two neighbours in each other's place. Slugs of less than [`SHORTEST_MISSPELLED`] bytes must be
/// equal. A character outside ASCII is several bytes, and thereby more than one edit.
#[must_use]
pub fn within_one_edit(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if right.len() < SHORTEST_MISSPELLED {
        return left == right;
    }
    let most = left.len().min(right.len());
    let mut before = 0;
    while before < most && left.get(before) == right.get(before) {
        before += 1;
    }
    let mut after = before;
    while after < most
        && left.get(left.len() + before - after - 1) == right.get(right.len() + before - after - 1)
    {
        after += 1;
    }
    let longer = left.len().max(right.len()) - after;
    let at = |text: &[u8], place: usize| text.get(before + place).copied();
    longer < 2
        || (longer == 2
            && left.len() == right.len()
            && at(left, 0) == at(right, 1)
            && at(left, 1) == at(right, 0))
}

/// Whether a slug is about a topic's slug: every word of the shorter one begins, or is begun by,
/// a word of the other, so that "kinderfiets 24 inch" is about "kinderfietsen". Words of fewer
/// than four characters must be equal.
#[must_use]
pub fn about(query: &str, topic: &str) -> bool {
    let count = |slug: &str| slug.bytes().filter(|byte| *byte == b'-').count();
    let (fewer, more) = if count(query) <= count(topic) {
        (query, topic)
    } else {
        (topic, query)
    };
    !fewer.is_empty()
        && pieces(fewer, b'-').all(|word| {
            pieces(more, b'-').any(|other| {
                let (short, long) = if word.len() <= other.len() {
                    (word, other)
                } else {
                    (other, word)
                };
                long.as_bytes().starts_with(short.as_bytes())
                    && (short.len() >= 4 || short.len() == long.len())
            })
        })
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs() {
        for (label, expected) in [
            ("E-bikes", "e-bikes"),
            ("  Bakfietsen & longtails! ", "bakfietsen-longtails"),
            ("Één crème brûlée", "een-creme-brulee"),
            ("STRASSE straße", "strasse-strasse"),
            ("Œuvre ĳsbeer", "oeuvre-ijsbeer"),
            ("Łódź Čapek Åse", "lodz-capek-ase"),
            ("ВЕЛОСИПЕД", "велосипед"),
            ("自転車", "自転車"),
            ("—…", ""),
            ("", ""),
        ] {
            assert_eq!(slug(label), expected, "{label}");
        }
    }

    #[test]
    fn every_folded_latin_letter_is_its_own_fold() {
        for code in 0xc0..=0x17f {
            let character = char::from_u32(code).unwrap();
            let (first, second) = fold_char(character);
            for folded in core::iter::once(first).chain(second) {
                assert_eq!(fold_char(folded), (folded, None), "{character}");
            }
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("prijs*", "Prijslijst", true),
            ("prijs*", "de prijs", false),
            ("*prijs*", "de prijs", true),
            ("/blog/*/crm", "/blog/2026/x/crm", true),
            ("/blog/*/crm", "/blog/crm", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("café", "CAFE", true),
            ("**a", "a", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn one_edit() {
        for (left, right, expected) in [
            ("wielrijk", "wielrijk", true),
            ("wielrjik", "wielrijk", true),
            ("wielrik", "wielrijk", true),
            ("wiel-rijk", "wielrijk", true),
            ("wieltijk", "wielrijk", true),
            ("wielrijker", "wielrijk", false),
            ("wilrik", "wielrijk", false),
            ("", "wielrijk", false),
            ("ab", "abc", false),
            ("abc", "abc", true),
        ] {
            assert_eq!(within_one_edit(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn runs_of_words() {
        let runs = core::cell::RefCell::new(Vec::new());
        any_run("de-wiel-rijk", &|run| {
            runs.borrow_mut().push(String::from(run));
            false
        });
        let expected = ["de", "de-wiel", "de-wiel-rijk", "wiel", "wiel-rijk", "rijk"];
        assert_eq!(runs.into_inner(), expected);
    }

    #[test]
    fn what_a_search_is_about() {
        for (query, topic, expected) in [
            ("kinderfiets-24-inch", "kinderfietsen", true),
            ("e-bike", "e-bikes", true),
            ("bike", "e-bikes", true),
            ("e", "e-bikes", true),
            ("elektrisch", "e-bikes", false),
            ("bak", "bakfietsen", false),
            ("", "e-bikes", false),
            ("crm-software", "crm", true),
        ] {
            assert_eq!(about(query, topic), expected, "{query} {topic}");
        }
    }

    proptest! {
        #[test]
        fn an_edit_is_within_one(
            word in "[a-z]{5,12}", at in 0_usize..5, character in "[a-z]", kind in 0..3
        ) {
            let mut edited = word.clone();
            match kind {
                0 => edited.insert_str(at, &character),
                1 => edited.replace_range(at..=at, &character),
                _ => edited.replace_range(at..=at, ""),
            }
            prop_assert!(within_one_edit(&edited, &word));
        }

        #[test]
        fn a_slug_of_a_slug_is_itself(label in "\\PC*") {
            let once = slug(&label);
            prop_assert_eq!(slug(&once), once.clone());
            prop_assert!(once.len() <= MAX_SLUG_BYTES);
        }

        #[test]
        fn a_pattern_without_star_is_equality(text in "[^*]*") {
            prop_assert!(matches(&text, &text));
        }

        #[test]
        fn patterns_match_what_they_say(pattern in "[aBé*]{0,7}", text in "[AbÉ*]{0,9}") {
            fn says(pattern: &[char], text: &[char]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some(('*', rest)) => (0..=text.len()).any(|from| says(rest, &text[from..])),
                    Some((expected, rest)) => {
                        text.first() == Some(expected) && says(rest, &text[1..])
                    }
                }
            }
            let letters = |text: &str| folded(text).collect::<Vec<char>>();
            let said = says(&letters(&pattern), &letters(&text));
            prop_assert_eq!(matches(&pattern, &text), said);
        }

        #[test]
        fn clipping_keeps_the_beginning(text in "\\PC*", bytes in 0_usize..40) {
            let clipped = clip(&text, bytes);
            prop_assert!(clipped.len() <= bytes && text.starts_with(clipped));
        }
    }
}
