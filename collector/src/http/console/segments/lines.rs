//! What differs between two texts, line by line: the longest common lines stay, others go or come.

use maud::{Markup, html};

use super::View;

/// Lines that are compared; of longer texts the rest is left out.
const MOST: usize = 400;

/// A line of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// How one text became another.
pub(super) fn compare<'a>(before: &'a str, after: &'a str) -> Vec<Line<'a>> {
    let before: Vec<&str> = before.lines().take(MOST).collect();
    let after: Vec<&str> = after.lines().take(MOST).collect();
    // How many lines the rests have in common, from each place on.
    let width = after.len() + 1;
    let mut common = vec![0_usize; (before.len() + 1) * width];
    let at = |common: &[usize], one: usize, other: usize| {
        common.get(one * width + other).copied().unwrap_or(0)
    };
    for (one, line) in before.iter().enumerate().rev() {
        for (other, line_after) in after.iter().enumerate().rev() {
            let most = match line == line_after {
                true => at(&common, one + 1, other + 1) + 1,
                false => at(&common, one + 1, other).max(at(&common, one, other + 1)),
            };
            if let Some(place) = common.get_mut(one * width + other) {
                *place = most;
            }
        }
    }
    let (mut one, mut other) = (0, 0);
    let mut lines = Vec::new();
    loop {
        match (before.get(one), after.get(other)) {
            (Some(line), Some(new)) if line == new => {
                lines.push(Line::Same(line));
                (one, other) = (one + 1, other + 1);
            }
            (Some(line), new)
                if new.is_none() || at(&common, one + 1, other) >= at(&common, one, other + 1) =>
            {
                lines.push(Line::Gone(line));
                one += 1;
            }
            (_, Some(new)) => {
                lines.push(Line::New(new));
                other += 1;
            }
            _ => return lines,
        }
    }
}

/// The comparison on a page. Signs say what colours say.
pub(super) fn show(view: &View<'_>, before: &str, after: &str) -> Markup {
    html! {
        pre class="difference" {
            @for line in compare(before, after) {
                @match line {
                    Line::Same(text) => { span { "  " bdi { (text) } "\n" } },
                    Line::Gone(text) => del { span class="visually-hidden" { (view.say("removed: ", "weg: ")) } "− " bdi { (text) } "\n" },
                    Line::New(text) => ins { span class="visually-hidden" { (view.say("added: ", "erbij: ")) } "+ " bdi { (text) } "\n" },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs() {
        use Line::{Gone, New, Same};
        for (before, after, expected) in [
            ("", "", vec![]),
            ("a", "a", vec![Same("a")]),
            (
                "a\nb\nc",
                "a\nc\nd",
                vec![Same("a"), Gone("b"), Same("c"), New("d")],
            ),
            ("", "x", vec![New("x")]),
            ("x", "", vec![Gone("x")]),
        ] {
            assert_eq!(compare(before, after), expected, "{before:?} {after:?}");
        }
    }

    proptest! {
        /// What is the same and gone is the one text, what is the same and new the other.
        #[test]
        fn both_texts_are_in_it(before in "[abc\n]{0,30}", after in "[abc\n]{0,30}") {
            let lines = compare(&before, &after);
            let old: Vec<&str> = lines.iter().filter_map(|line| match line {
                Line::Same(text) | Line::Gone(text) => Some(*text),
                Line::New(_) => None,
            }).collect();
            let new: Vec<&str> = lines.iter().filter_map(|line| match line {
                Line::Same(text) | Line::New(text) => Some(*text),
                Line::Gone(_) => None,
            }).collect();
            prop_assert_eq!(old, before.lines().collect::<Vec<_>>());
            prop_assert_eq!(new, after.lines().collect::<Vec<_>>());
        }
    }
}
