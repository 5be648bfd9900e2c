//! What to say about a name that conditions do not know.

use super::super::problem::{choice, suggestion};
use super::vocabulary::{
    self, FUNCTIONS, NOW, NUMBERS, REFERRER, TEXT_METHODS, TOUCH, UTM, VISITOR,
};

/// What people write, and what there is.
const OTHERS: &[(&str, &str)] = &[
    ("source", "utm.source"),
    ("medium", "utm.medium"),
    ("campaign", "utm.campaign"),
    ("utm_source", "utm.source"),
    ("utm_medium", "utm.medium"),
    ("utm_campaign", "utm.campaign"),
    ("utm_term", "utm.term"),
    ("utm_content", "utm.content"),
    ("gclid", "click_id == \"gclid\""),
    ("fbclid", "click_id == \"fbclid\""),
    ("page", "visited(\"/path*\")"),
    ("path", "visited(\"/path*\")"),
    ("url", "visited(\"/path*\")"),
    ("page_views", "pages"),
    ("pageviews", "pages"),
    ("views", "pages"),
    ("sessions", "visits"),
    ("visitors", "visits"),
    ("email", "traits.email"),
    ("name", "traits.name"),
    ("company", "traits.company"),
    ("trait", "traits.name"),
    ("hour", "now.hour"),
    ("weekday", "now.weekday"),
    ("day", "now.day"),
    ("month", "now.month"),
    ("time", "now.hour"),
    ("today", "now.weekday"),
    ("lang", "language"),
    ("locale", "language"),
    ("browser", "device"),
    ("mobile", "device == \"mobile\""),
    ("is_mobile", "device == \"mobile\""),
    ("segment", "in_segment(\"hot\")"),
    ("event", "events(\"Form Submitted\")"),
    ("form", "events(\"Form Submitted\")"),
    ("search", "searched(\"*crm*\")"),
    ("search_terms", "searched(\"*crm*\")"),
    ("visit", "visits"),
    ("click", "clicks"),
    ("topic", "top_interest"),
    ("topics", "top_interest"),
    ("interests", "interest(\"crm\")"),
    ("time_on_site", "active_seconds"),
    ("duration", "active_seconds"),
    ("user", "user_id"),
    ("new_visitor", "visits == 1"),
    ("returning", "visits > 1"),
];

/// Functions of other languages, and what there is in their place.
const OTHER_FUNCTIONS: &[(&str, &str)] = &[
    (
        "size",
        "visited(\"…\"), searched(\"…\") and events(\"…\") count by themselves",
    ),
    (
        "count",
        "visited(\"…\"), searched(\"…\") and events(\"…\") count by themselves",
    ),
    (
        "timestamp",
        "days_since_first_visit, days_since_last_visit and now.hour tell the time",
    ),
    (
        "duration",
        "lengths of time are texts: events(\"…\").within(\"7d\")",
    ),
    ("int", "numbers need no conversion"),
    ("double", "numbers need no conversion"),
    ("string", "texts need no conversion"),
    ("lower", "case never counts"),
    ("lowerAscii", "case never counts"),
    ("upper", "case never counts"),
    ("toLowerCase", "case never counts"),
    ("trim", "use .contains(\"…\")"),
    (
        "matches",
        "use .like(\"…\"), in which * stands for any run of characters",
    ),
    (
        "regex",
        "use .like(\"…\"), in which * stands for any run of characters",
    ),
    (
        "all",
        "events(\"…\"), visited(\"…\") and the like count by themselves",
    ),
    (
        "exists",
        "events(\"…\"), visited(\"…\") and the like count by themselves",
    ),
    ("includes", "use .contains(\"…\")"),
    ("indexOf", "use .contains(\"…\")"),
    ("equals", "write == to compare"),
    ("having", "use .where(\"property\", \"value\")"),
    ("with", "use .where(\"property\", \"value\")"),
    ("since", "use .within(\"7d\")"),
    ("last", "use .within(\"7d\")"),
];

/// An example of a function.
pub(super) fn example(function: &str) -> &'static str {
    let known = FUNCTIONS.iter().find(|known| known.name == function);
    known.map_or("", |known| known.example)
}

/// All names without functions, as they are written.
fn all() -> Vec<String> {
    let touch = [("", TOUCH), ("utm.", UTM), ("referrer.", REFERRER)];
    let groups = [("", NUMBERS), ("", VISITOR), ("now.", NOW)];
    let named = |first: &str, (group, words): (&str, &'static [vocabulary::Word])| {
        let words = words.iter();
        words
            .map(|word| format!("{first}{group}{}", word.name))
            .collect::<Vec<_>>()
    };
    let first = touch.map(|group| named("first.", group));
    let last = touch.map(|group| named("", group));
    let others = groups.map(|group| named("", group));
    others
        .into_iter()
        .chain(last)
        .chain(first)
        .flatten()
        .collect()
}

/// What to write in place of a name.
pub(super) fn instead_of_name(name: &str, is_compared: bool) -> String {
    let folded = name.to_lowercase();
    let of = |list: &[(&str, &str)]| {
        let known = list.iter().find(|(other, _)| *other == folded);
        known.map(|(_, meant)| format!("did you mean {meant}?"))
    };
    let nearest = || {
        let all = all();
        let mut names: Vec<&str> = all.iter().map(String::as_str).collect();
        names.extend(vocabulary::functions(FUNCTIONS));
        suggestion(name, &names).map(|name| match example(name) {
            "" => format!("did you mean {name}?"),
            example => format!("did you mean {example}?"),
        })
    };
    if is_compared {
        return format!("a text stands in quotes: \"{name}\"");
    }
    of(OTHERS).or_else(nearest).unwrap_or_else(|| {
        "`firstglance reference conditions` has all names; a text stands in quotes".to_owned()
    })
}

/// What to write in place of a function.
pub(super) fn instead_of_function(name: &str) -> String {
    let names = vocabulary::functions(FUNCTIONS);
    let other = OTHER_FUNCTIONS.iter().find(|(other, _)| *other == name);
    if let Some((_, right)) = other {
        return (*right).to_owned();
    }
    if let Some((_, meant)) = OTHERS.iter().find(|(other, _)| *other == name) {
        return format!("did you mean {meant}?");
    }
    match suggestion(name, &names) {
        Some(meant) => format!("did you mean {}?", example(meant)),
        None => format!("it may be {}", choice(&names)),
    }
}

/// What to write in place of what follows a text.
pub(super) fn instead_of_method(name: &str) -> String {
    let other = OTHER_FUNCTIONS.iter().find(|(other, _)| *other == name);
    if let Some((_, right)) = other {
        return (*right).to_owned();
    }
    let lower = name.to_lowercase().replace('_', "");
    let methods = vocabulary::functions(TEXT_METHODS);
    let known = methods.iter().find(|known| known.to_lowercase() == lower);
    let known = known.copied().or_else(|| suggestion(name, &methods));
    match known {
        Some(meant) => format!("did you mean .{meant}(\"…\")?"),
        None => {
            "texts have .contains(\"…\"), .startsWith(\"…\"), .endsWith(\"…\") and .like(\"…*\")"
                .to_owned()
        }
    }
}
