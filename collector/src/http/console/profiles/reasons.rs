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
    html! {
        ul class="why" {
            li class=(class(trace)) { (mark(trace)) div { (line(view, trace)) (evidence_of(view, trace)) } }
        }
        (parts(view, trace))
    }
}

/// What it consists of, where what it came to stands elsewhere.
pub(super) fn parts(view: &View<'_>, trace: &Trace) -> Markup {
    html! {
        @if !trace.parts.is_empty() {
            ul class="why parts" { @for part in &trace.parts { (folded(view, part, DEEPEST)) } }
        }
    }
}

/// A part, with what it consists of behind it.
fn folded(view: &View<'_>, trace: &Trace, depth: usize) -> Markup {
    let has_more = depth > 0 && !(trace.parts.is_empty() && trace.evidence.is_empty());
    html! {
        li class=(class(trace)) {
            (mark(trace))
            div {
                @if has_more {
                    details {
                        summary { (line(view, trace)) }
                        (evidence_of(view, trace))
                        @if !trace.parts.is_empty() {
                            ul { @for part in &trace.parts { (folded(view, part, depth - 1)) } }
                        }
                    }
                } @else {
                    (line(view, trace))
                }
            }
        }
    }
}

const fn class(trace: &Trace) -> &'static str {
    match trace.value {
        TraceValue::Truth(true) => "holds",
        TraceValue::Truth(false) => "fails",
        TraceValue::Number(_) | TraceValue::Name(_) => "value",
    }
}

fn mark(trace: &Trace) -> Markup {
    let mark = match trace.value {
        TraceValue::Truth(true) => "✓",
        TraceValue::Truth(false) => "✗",
        TraceValue::Number(_) | TraceValue::Name(_) => "=",
    };
    html! { span class="mark" aria-hidden="true" { (mark) } }
}

/// A part and what it came to.
fn line(view: &View<'_>, trace: &Trace) -> Markup {
    let value = match &trace.value {
        TraceValue::Truth(true) => {
            return html! {
                code { bdi { (trace.source) } } " " span class="quiet" { (view.say("holds", "klopt")) }
            };
        }
        TraceValue::Truth(false) => {
            return html! {
                code { bdi { (trace.source) } } " " span class="quiet" { (view.say("does not hold", "klopt niet")) }
            };
        }
        TraceValue::Number(number) if number.is_nan() => {
            view.say("not known", "niet bekend").to_owned()
        }
        TraceValue::Number(number) => view.language.number(*number, decimals(*number)),
        TraceValue::Name(name) => shortened(name),
    };
    html! { code { bdi { (trace.source) } } " " (view.say("is", "is")) " " strong { bdi { (value) } } }
}

fn evidence_of(view: &View<'_>, trace: &Trace) -> Markup {
    let left = trace.evidence.len().saturating_sub(MOST_EVIDENCE);
    html! {
        @if !trace.evidence.is_empty() {
            ul class="evidence" {
                @for one in trace.evidence.iter().take(MOST_EVIDENCE) { li { (evidence(view, one)) } }
                @if left > 0 { li class="quiet" { (view.say("and more: ", "en meer: ")) (left) } }
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
