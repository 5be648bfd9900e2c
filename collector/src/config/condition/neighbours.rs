//! Mistakes that two neighbouring tokens show: operators that are missing, and what they need.

use super::fault::Faults;
use super::scan::{Token, TokenKind};

/// What may not stand beside each other.
pub(super) fn check(text: &str, tokens: &[Token], faults: &mut Faults) {
    use TokenKind::{Before, Between, Close, Name, Number, Open, Point, Text};
    let shown = |token: &Token| text[token.span.clone()].to_owned();
    let is = |token: &Token, sign: &str| text[token.span.clone()] == *sign;
    let joins = |token: &Token| token.kind == Between || is(token, "in");
    let end = text.trim_end().len();
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| tokens.get(place));
        let ended = before.is_some_and(|before| {
            matches!(before.kind, Name | Number | Text | Close) && !is(before, "in")
        });
        let operand = match token.kind {
            Number | Text | Before => true,
            Name => !is(token, "in"),
            Open => {
                before.is_some_and(|before| matches!(before.kind, Number | Text))
                    || (is(token, "(") && before.is_some_and(|before| before.kind == Close))
            }
            _ => false,
        };
        if ended && operand {
            let right = match (before.map(&shown).as_deref(), shown(token).as_str()) {
                (_, "is" | "equals" | "eq") => "write == to compare".to_owned(),
                (Some(name), _)
                    if name.bytes().all(|byte| byte.is_ascii_alphabetic())
                        && token.kind == Name =>
                {
                    "join conditions with && or ||, and put texts in quotes".to_owned()
                }
                _ => "join conditions with && (both) or || (one of both)".to_owned(),
            };
            faults.add::<()>(
                &token.span,
                format!("an operator is missing before {}", shown(token)),
                right,
            );
            return;
        }
        if is(token, "in") && before.is_some_and(|before| is(before, ".")) {
            faults.add::<()>(
                &token.span,
                "in is an operator and stands alone",
                "write x in [\"a\", \"b\"], or .within(\"7d\") for events",
            );
            return;
        }
        if (joins(token) && !is(token, "-") && !ended) || (token.kind == Point && !ended) {
            faults.add::<()>(
                &token.span,
                format!("something is missing before {}", shown(token)),
                "write what belongs there, such as visits >= 2",
            );
            return;
        }
        let next = tokens.get(place + 1);
        let open_ended =
            joins(token) || token.kind == Before || (token.kind == Point && is(token, "."));
        let closed = next.is_none_or(|next| next.kind == Close || is(next, ","));
        if open_ended && closed {
            let at = next.map_or(end..end, |next| next.span.clone());
            faults.add::<()>(
                &at,
                format!("something is missing after {}", shown(token)),
                "write what belongs there, or leave the sign out",
            );
            return;
        }
        if is(token, ".") && next.is_some_and(|next| next.kind != Name) {
            faults.add::<()>(
                &token.span,
                "a name is missing after the point",
                "write one, such as utm.source",
            );
            return;
        }
    }
}
