//! The names that conditions know, and what to say about one that they do not.

use super::super::problem::suggestion;

/// Names of numbers.
pub(super) const NUMBERS: &[&str] = &[
    "visits",
    "pages",
    "clicks",
    "active_seconds",
    "score",
    "confidence",
    "days_since_first_visit",
    "days_since_last_visit",
];

/// Names of texts and truths without a point.
const PLAIN: &[&str] = &[
    "top_interest",
    "click_id",
    "landing",
    "channel",
    "device",
    "language",
    "user_id",
    "stage",
    "brand_search",
    "identified",
];

/// What follows `first.` alone as well as nothing.
pub(super) const TOUCH: &[&str] = &["click_id", "landing", "channel"];

/// UTM parameters, in the engine's order.
pub(super) const UTM: &[&str] = &[
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "id",
    "source_platform",
    "creative_format",
    "marketing_tactic",
];

/// What follows `referrer.`
pub(super) const REFERRER: &[&str] = &["host", "name", "kind"];

/// What follows `now.`
pub(super) const NOW: &[&str] = &["hour", "minute", "weekday", "day", "month", "year"];

/// Functions and an example of each.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    ("interest", "interest(\"crm\")"),
    ("margin", "margin(\"crm\")"),
    ("confidence", "confidence(\"crm\")"),
    ("scroll", "scroll(\"/blog/*\")"),
    ("visited", "visited(\"/crm/*\")"),
    ("searched", "searched(\"*crm*\")"),
    ("clicked", "clicked(\"*demo*\")"),
    ("events", "events(\"Form Submitted\")"),
    ("in_segment", "in_segment(\"hot\")"),
    ("has", "has(traits.company)"),
];

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

/// What follows a text or events.
const METHODS: &[&str] = &["contains", "startsWith", "endsWith", "like"];

/// An example of a function.
pub(super) fn example(function: &str) -> &'static str {
    let known = FUNCTIONS.iter().find(|(name, _)| *name == function);
    known.map_or("", |(_, example)| example)
}

/// All names without functions, as they are written.
fn all() -> Vec<String> {
    let mut all: Vec<String> = NUMBERS
        .iter()
        .chain(PLAIN)
        .map(ToString::to_string)
        .collect();
    for first in ["", "first."] {
        all.extend(UTM.iter().map(|name| format!("{first}utm.{name}")));
        all.extend(
            REFERRER
                .iter()
                .map(|name| format!("{first}referrer.{name}")),
        );
    }
    all.extend(TOUCH.iter().map(|name| format!("first.{name}")));
    all.extend(NOW.iter().map(|name| format!("now.{name}")));
    all
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
        names.extend(FUNCTIONS.iter().map(|(name, _)| *name));
        suggestion(name, &names).map(|name| match example(name) {
            "" => format!("did you mean {name}?"),
            example => format!("did you mean {example}?"),
        })
    };
    if is_compared {
        return format!("a text stands in quotes: \"{name}\"");
    }
    of(OTHERS)
        .or_else(nearest)
        .unwrap_or_else(|| "docs/conditions.md has all names; a text stands in quotes".to_owned())
}

/// What to write in place of a function.
pub(super) fn instead_of_function(name: &str) -> String {
    let names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
    let other = OTHER_FUNCTIONS.iter().find(|(other, _)| *other == name);
    if let Some((_, right)) = other {
        return (*right).to_owned();
    }
    if let Some((_, meant)) = OTHERS.iter().find(|(other, _)| *other == name) {
        return format!("did you mean {meant}?");
    }
    match suggestion(name, &names) {
        Some(meant) => format!("did you mean {}?", example(meant)),
        None => "there are interest, margin, confidence, scroll, visited, searched, clicked, events, in_segment and has".to_owned(),
    }
}

/// What to write in place of what follows a text.
pub(super) fn instead_of_method(name: &str) -> String {
    let other = OTHER_FUNCTIONS.iter().find(|(other, _)| *other == name);
    if let Some((_, right)) = other {
        return (*right).to_owned();
    }
    let lower = name.to_lowercase().replace('_', "");
    let known = METHODS.iter().find(|known| known.to_lowercase() == lower);
    let known = known.copied().or_else(|| suggestion(name, METHODS));
    match known {
        Some(meant) => format!("did you mean .{meant}(\"…\")?"),
        None => {
            "texts have .contains(\"…\"), .startsWith(\"…\"), .endsWith(\"…\") and .like(\"…*\")"
                .to_owned()
        }
    }
}
