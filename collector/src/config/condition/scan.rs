//! The tokens of a condition: where each stands, which brackets belong together, and the mistakes
//! that can be told from them alone.
//!
//! CEL's own parser would report these as well, in the words of its grammar. It is handed only
//! texts whose nesting is bounded here, because it calls itself for each level.

use std::ops::Range;

use super::fault::{Faults, quoted};

/// Longest condition, in bytes.
pub(super) const MAX_BYTES: usize = 4_000;
/// Deepest nesting of brackets.
pub(super) const MAX_NESTING: usize = 32;
/// Most operators in a row together with the brackets around them.
const MAX_DEPTH: usize = 64;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name,
    Number,
    Text,
    Open,
    Close,
    /// `&&`, `==` and the like, which need something on both sides.
    Between,
    /// `!`, which needs something after it.
    Before,
    /// `.` and `,`.
    Point,
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
    /// For a bracket, the place of the other one.
    pub(super) pair: Option<usize>,
}

/// Operators, longer ones first, and for what is no operator of CEL what it should have been.
const OPERATORS: [(&str, &str); 29] = [
    ("===", "=="),
    ("!==", "!="),
    ("&&&", "&&"),
    ("|||", "||"),
    ("&&", ""),
    ("||", ""),
    ("==", ""),
    ("!=", ""),
    ("<=", ""),
    (">=", ""),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
    ("=~", ".like(…)"),
    ("**", "*"),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
    ("=", "=="),
    ("&", "&&"),
    ("|", "||"),
    ("<", ""),
    (">", ""),
    ("+", ""),
    ("-", ""),
    ("*", ""),
    ("/", ""),
    ("%", ""),
    ("?", ""),
];

/// Reads the tokens of a condition; nothing where a mistake was found.
pub(super) fn scan(text: &str, faults: &mut Faults) -> Option<Vec<Token>> {
    if text.trim().is_empty() {
        return faults.add(
            &(0..0),
            "the condition is empty",
            "write what must hold, such as visits >= 2",
        );
    }
    if text.len() > MAX_BYTES {
        return faults.add(
            &(0..0),
            format!("the condition has {} bytes", text.len()),
            format!("it may have {MAX_BYTES}; make it several segments and use in_segment(\"…\")"),
        );
    }
    let before = faults.0.len();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let end = if character.is_whitespace() {
            at + character.len_utf8()
        } else if rest.starts_with("//") {
            at + rest.find('\n').unwrap_or(rest.len())
        } else {
            match token(text, at, character, faults) {
                Some(token) => {
                    let end = token.span.end;
                    tokens.push(token);
                    end
                }
                // What a text that has no end holds means nothing.
                None if matches!(character, '"' | '\'') => return None,
                None => at + character.len_utf8(),
            }
        };
        at = end;
    }
    if faults.0.len() == before {
        brackets(text, &mut tokens, faults);
    }
    if faults.0.len() == before {
        super::neighbours::check(text, &tokens, faults);
    }
    (faults.0.len() == before).then_some(tokens)
}

fn token(text: &str, at: usize, character: char, faults: &mut Faults) -> Option<Token> {
    let rest = text.get(at..)?;
    let of = |kind, length: usize| {
        Some(Token {
            kind,
            span: at..at + length,
            pair: None,
        })
    };
    let run = |allowed: fn(char) -> bool| {
        let end = rest.find(|one| !allowed(one));
        end.unwrap_or(rest.len())
    };
    match character {
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = run(|one| one.is_alphanumeric() || one == '_');
            word(text, at..at + length, faults)?;
            of(TokenKind::Name, length)
        }
        '0'..='9' => number(at, rest, faults),
        '"' | '\'' => of(TokenKind::Text, quotation(at, rest, character, faults)?),
        '(' | '[' | '{' => of(TokenKind::Open, 1),
        ')' | ']' | '}' => of(TokenKind::Close, 1),
        '.' | ',' => of(TokenKind::Point, 1),
        ':' => of(TokenKind::Between, 1),
        '!' if !rest.starts_with("!=") => of(TokenKind::Before, 1),
        '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»' | '`' => faults.add(
            &(at..at + character.len_utf8()),
            format!("{character} is a quotation mark that conditions do not know"),
            "write straight ones, as in \"crm\"",
        ),
        _ => {
            let known = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign));
            match known {
                Some((sign, "")) => of(TokenKind::Between, sign.len()),
                Some((sign, meant)) => {
                    faults.add::<()>(
                        &(at..at + sign.len()),
                        format!("there is no operator {sign}"),
                        format!("write {meant}"),
                    );
                    of(TokenKind::Between, sign.len())
                }
                None if character.is_alphabetic() => {
                    let length = run(char::is_alphanumeric);
                    faults.add::<()>(
                        &(at..at + length),
                        format!("there is no name {}", &rest[..length]),
                        format!("a text stands in quotes: {}", quoted(&rest[..length])),
                    );
                    of(TokenKind::Name, length)
                }
                None => faults.add(
                    &(at..at + character.len_utf8()),
                    format!("the character {character} means nothing in a condition"),
                    "leave it out, or put the text that it belongs to in quotes",
                ),
            }
        }
    }
}

/// Words that stand for operators in other languages, and letters before a text.
fn word(text: &str, span: Range<usize>, faults: &mut Faults) -> Option<()> {
    let name = text.get(span.clone())?;
    let before = text.get(..span.start)?.trim_end();
    if text.get(span.end..)?.starts_with(['"', '\'']) {
        return faults.add(
            &span,
            format!("{name} stands right before a text"),
            "write an operator between them, or the quotes alone",
        );
    }
    if !name.is_ascii() {
        faults.add::<()>(
            &span,
            format!("there is no name {name}"),
            format!("a text stands in quotes: {}", quoted(name)),
        );
        return Some(());
    }
    let meant = match name.to_ascii_lowercase().as_str() {
        "and" => "&&",
        "or" => "||",
        "not" => "!",
        _ => return Some(()),
    };
    if before.ends_with('.') {
        return Some(());
    }
    faults.add(
        &span,
        format!("there is no operator {name}"),
        format!("write {meant}"),
    )
}

fn number(at: usize, rest: &str, faults: &mut Faults) -> Option<Token> {
    let allowed = |one: char| one.is_alphanumeric() || one == '.' || one == '_';
    let length = rest.find(|one| !allowed(one)).unwrap_or(rest.len());
    let length = match rest.get(length..) {
        Some(after) if rest[..length].ends_with('e') && after.starts_with(['-', '+']) => {
            let after = after.get(1..).unwrap_or_default();
            length + 1 + after.find(|one| !allowed(one)).unwrap_or(after.len())
        }
        _ => length,
    };
    let written = &rest[..length];
    let span = at..at + length;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = match written.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(written),
    };
    let token = Some(Token {
        kind: TokenKind::Number,
        span: span.clone(),
        pair: None,
    });
    if !plain {
        faults.add::<()>(
            &span,
            format!("{written} is no number"),
            "write digits, with a point for a fraction: 30 or 0.5; lengths of time stand in quotes: \"7d\"",
        );
        return token;
    }
    if length > 15 {
        faults.add::<()>(
            &span,
            format!("the number {written} is too long"),
            "15 digits are enough",
        );
        return token;
    }
    if rest.get(length..).is_some_and(|after| {
        after.starts_with(',') && after[1..].starts_with(|one: char| one.is_ascii_digit())
    }) {
        faults.add::<()>(
            &span,
            format!("{written} is followed by a comma and a digit"),
            "a fraction has a point: 0.5",
        );
    }
    token
}

/// Length of a text with its quotes.
fn quotation(at: usize, rest: &str, quote: char, faults: &mut Faults) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        let here = at + place..at + place + character.len_utf8();
        match character {
            '\n' | '\r' => break,
            '\\' => match characters.next() {
                Some((_, '\\' | '"' | '\'' | 'n' | 't')) => {}
                Some((_, other)) => {
                    return faults.add(
                        &here,
                        format!("\\{other} means nothing in a text"),
                        "write \\\\ for a backslash and \\\" for a quotation mark",
                    );
                }
                None => break,
            },
            _ if character == quote => return Some(place + 1),
            _ => {}
        }
    }
    faults.add(
        &(at..at + 1),
        "the text that begins here has no end",
        format!("close it with {quote} on the same line"),
    )
}

fn brackets(text: &str, tokens: &mut [Token], faults: &mut Faults) {
    let sign = |token: &Token| text[token.span.clone()].chars().next().unwrap_or(' ');
    let closing = |open: char| match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    };
    let mut open: Vec<usize> = Vec::new();
    // Operators in a row at each level, which the parser nests as well, and those that no && ends.
    let mut rows: Vec<(usize, usize)> = vec![(0, 0)];
    for place in 0..tokens.len() {
        let token = tokens[place].clone();
        match token.kind {
            TokenKind::Open => {
                open.push(place);
                rows.push((0, 0));
                if open.len() > MAX_NESTING {
                    return too_deep(&token, faults);
                }
            }
            TokenKind::Close => {
                rows.pop();
                let Some(opener) = open.pop() else {
                    faults.add::<()>(
                        &token.span,
                        format!("nothing was opened that {} closes", sign(&token)),
                        "leave it out, or open it before",
                    );
                    return;
                };
                let wanted = closing(sign(&tokens[opener]));
                if wanted != sign(&token) {
                    faults.add::<()>(
                        &token.span,
                        format!(
                            "{} closes what {} opened",
                            sign(&token),
                            sign(&tokens[opener])
                        ),
                        format!("write {wanted}"),
                    );
                    return;
                }
                tokens[opener].pair = Some(place);
                tokens[place].pair = Some(opener);
            }
            TokenKind::Between | TokenKind::Before | TokenKind::Point => {
                if let Some((row, always)) = rows.last_mut() {
                    match &text[token.span.clone()] {
                        "&&" | "||" | "," => *row = 0,
                        "?" => *always += 1,
                        _ => *row += 1,
                    }
                }
            }
            _ => {}
        }
        let depth: usize = rows.iter().map(|(row, always)| 1 + row + always).sum();
        if depth > MAX_DEPTH {
            return too_deep(&token, faults);
        }
    }
    if let Some(opener) = open.last().and_then(|place| tokens.get(*place)) {
        faults.add::<()>(
            &opener.span,
            format!("the {} is never closed", sign(opener)),
            format!("write {} where it ends", closing(sign(opener))),
        );
    }
}

fn too_deep(token: &Token, faults: &mut Faults) {
    faults.add::<()>(
        &token.span,
        "the condition is nested too deeply",
        "make a part of it a segment of its own and use in_segment(\"…\")",
    );
}
