//! Why somebody is in what they are in, in words: what each part of the condition came to, and the
//! pages, searches and events behind it. Decides nothing; the engine says it.

use firstglance_engine::explain::{Evidence, Trace, TraceValue};
use maud::{Markup, html};

use crate::http::console::story::shortened;
use crate::http::console::view::View;

/// Evidence that is shown of one part.
const MOST_EVIDENCE: usize = 6;

/// Levels of parts that are shown.
const DEEPEST: usize = 6;

/// What a question came to.
pub(super) fn show(view: &View<'_>, trace: &Trace) -> Markup {
    html! { ul class="why" { (part(view, trace, DEEPEST)) } }
}

fn part(view: &View<'_>, trace: &Trace, depth: usize) -> Markup {
    let (mark, class, meaning) = match trace.value {
        TraceValue::Truth(true) => ("✓", "holds", view.say("holds", "klopt")),
        TraceValue::Truth(false) => ("✗", "fails", view.say("does not hold", "klopt niet")),
        TraceValue::Number(_) | TraceValue::Name(_) => ("=", "value", view.say("is", "is")),
    };
    let value = match &trace.value {
        TraceValue::Truth(_) => None,
        TraceValue::Number(number) if number.is_nan() => {
            Some(view.say("not known", "niet bekend").to_owned())
        }
        TraceValue::Number(number) => Some(view.language.number(*number, decimals(*number))),
        TraceValue::Name(name) => Some(shortened(name)),
    };
    html! {
        li class=(class) {
            span class="mark" aria-hidden="true" { (mark) }
            div {
                code { bdi { (trace.source) } }
                @match value {
                    Some(value) => { " " (meaning) " " strong { bdi { (value) } } },
                    None => { " " span class="quiet" { (meaning) } },
                }
                @if !trace.evidence.is_empty() {
                    ul class="evidence" {
                        @for one in trace.evidence.iter().take(MOST_EVIDENCE) { li { (evidence(view, one)) } }
                        @if let Some(left) = trace.evidence.len().checked_sub(MOST_EVIDENCE).filter(|left| *left > 0) {
                            li class="quiet" { (view.say("and ", "en nog ")) (left) (view.say(" more", "")) }
                        }
                    }
                }
                @if depth > 0 && !trace.parts.is_empty() {
                    ul { @for inner in &trace.parts { (part(view, inner, depth - 1)) } }
                }
            }
        }
    }
}

/// As many decimals as a number needs to be told from its neighbours.
fn decimals(number: f64) -> usize {
    if number.fract() == 0.0 { 0 } else { 2 }
}

/// One thing that a value rests on.
pub(super) fn evidence(view: &View<'_>, one: &Evidence) -> Markup {
    let did = match &*one.kind {
        "page" => view.say("Viewed", "Bekeek"),
        "search" => view.say("Searched for", "Zocht naar"),
        "click" => view.say("Clicked", "Klikte op"),
        "form" => view.say("Sent the form", "Verstuurde het formulier"),
        "campaign" => view.say("Came by", "Kwam via"),
        "referrer" => view.say("Came from", "Kwam van"),
        "landing page" => view.say("Arrived at", "Kwam binnen op"),
        "click id" => view.say("Came by an advertisement", "Kwam via een advertentie"),
        "trait" => view.say("Said", "Gaf op"),
        "language" => view.say("Reads", "Leest"),
        "browser" => view.say("Uses", "Gebruikt"),
        "user" => view.say("Is the user", "Is de gebruiker"),
        "event" => view.say("Did", "Deed"),
        _ => "",
    };
    let count = view.language.count(one.count);
    html! {
        @if did.is_empty() { bdi { (one.kind) } } @else { (did) }
        " " bdi class="theirs" { (shortened(&one.what)) }
        @if one.count > 1 { " " (count) (view.say(" times", " keer")) }
        span class="quiet" {
            ", " (view.say("last on ", "laatst op ")) (view.moment(one.last))
            @if let Some(weight) = one.weight {
                ", " (view.say("counts now for ", "telt nu voor ")) (view.language.number(weight, 2))
            }
        }
    }
}
