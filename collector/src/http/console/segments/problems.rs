//! What is wrong with a segment, where it stands: with the line of the condition and a mark below the
//! place, and a button that leads there.

use maud::{Markup, html};

use super::View;
use crate::config::ContentProblem;

/// What the field of a problem is called, in the page and in what was posted.
pub(super) const FIELDS: [&str; 4] = ["when", "id", "label", "description"];

/// All of them, or that there is none.
pub(in super::super) fn show(view: &View<'_>, when: &str, problems: &[ContentProblem]) -> Markup {
    if problems.is_empty() {
        return html! { p class="fine" data-problems="0" { "✓ " (view.say("The condition is in order.", "De voorwaarde klopt.")) } };
    }
    html! {
        ul class="problems" data-problems=(problems.len()) {
            @for problem in problems {
                @let own = FIELDS.contains(&&*problem.place);
                @let at = problem.at.filter(|_| problem.place == "when");
                li {
                    @match at {
                        Some((line, column)) => {
                            button type="button" class="place" data-line=(line) data-column=(column) {
                                (view.say("Line", "Regel")) " " (line) ", "
                                (view.say("column", "kolom")) " " (column)
                            }
                        },
                        None if !own && !problem.place.is_empty() => code { (problem.place) },
                        None => {},
                    }
                    " " strong { bdi { (problem.wrong) } }
                    @if !problem.right.is_empty() { " – " bdi { (problem.right) } }
                    @if let Some((line, column)) = at {
                        (excerpt(when, line, column))
                    }
                }
            }
        }
    }
}

/// The line of a place, with a mark below it. Said already, so only for the eyes.
fn excerpt(when: &str, line: usize, column: usize) -> Markup {
    let text = when.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let blank = |character: char| if character == '\t' { '\t' } else { ' ' };
    let before: String = text
        .chars()
        .take(column.saturating_sub(1))
        .map(blank)
        .collect();
    html! { pre class="excerpt" aria-hidden="true" { (text) "\n" (before) "^" } }
}
