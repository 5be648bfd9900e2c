//! The names, functions and methods that conditions know, each with what it is. The compiler reads
//! its names, ranges and examples from here, and so does the reference: neither knows a word that
//! the other does not. Never says how a word is compiled.

use firstglance_engine::origin;

use super::helper::DEVICES;
use super::value::FROM_NOUGHT;

/// A name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// What stands in the condition, after the group's own beginning.
    pub(crate) name: &'static str,
    pub(crate) values: Values,
    /// In Markdown.
    pub(crate) what: &'static str,
}

/// A function, or what follows a text or events after a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) example: &'static str,
    pub(crate) values: Values,
    /// In Markdown.
    pub(crate) what: &'static str,
}

/// What something can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// A whole number from nought on.
    Whole,
    /// A whole number of this range.
    WholeBetween(f64, f64),
    /// A number from nought on.
    Number,
    /// A number of this range.
    Between(f64, f64),
    /// A number that also stands for "at least once".
    Count,
    /// The score, whose range depends on the configuration.
    Score,
    /// The id of a stage.
    Stage,
    Text,
    /// A text that is one of these.
    Names(fn() -> Vec<String>),
    /// True or false.
    Truth,
    /// The same events, to be counted.
    Events,
}

impl Values {
    /// The least and the greatest of a number.
    pub(super) const fn range(self) -> (f64, f64) {
        match self {
            Self::WholeBetween(least, greatest) | Self::Between(least, greatest) => {
                (least, greatest)
            }
            _ => FROM_NOUGHT,
        }
    }

    /// What the reference calls them.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Whole => "whole number".to_owned(),
            Self::WholeBetween(least, greatest) => format!("{least} to {greatest}, whole"),
            Self::Number => "number".to_owned(),
            Self::Between(least, greatest) => format!("{least} to {greatest}"),
            Self::Count => "count".to_owned(),
            Self::Score => "0 to 100; with rules 0 to 1,000,000".to_owned(),
            Self::Stage => "id of a stage".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Names(names) => {
                let names: Vec<String> = names().iter().map(|name| format!("`{name:?}`")).collect();
                names.join(", ")
            }
            Self::Truth => "true or false".to_owned(),
            Self::Events => "events".to_owned(),
        }
    }
}

/// Numbers, except those of the clock.
pub(crate) const NUMBERS: &[Word] = &[
    word(
        "visits",
        Values::Whole,
        "Visits; one ends after 30 minutes without an event",
    ),
    word("pages", Values::Whole, "Page views"),
    word("clicks", Values::Whole, "Clicks on links and buttons"),
    word(
        "active_seconds",
        Values::Number,
        "Seconds in which the visitor looked at a page and did something",
    ),
    word("score", Values::Score, "The lead score"),
    word(
        "confidence",
        Values::Between(0.0, 1.0),
        "How well the visitor's interests are known",
    ),
    word(
        "days_since_first_visit",
        Values::Whole,
        "Whole days of 24 hours since the first event",
    ),
    word(
        "days_since_last_visit",
        Values::Whole,
        "Whole days of 24 hours since the last event",
    ),
];

/// What follows `now.`: the clock of the site's time zone.
pub(crate) const NOW: &[Word] = &[
    word("hour", Values::WholeBetween(0.0, 23.0), "Hour of the day"),
    word(
        "minute",
        Values::WholeBetween(0.0, 59.0),
        "Minute of the hour",
    ),
    word(
        "weekday",
        Values::WholeBetween(1.0, 7.0),
        "Day of the week: 1 is Monday, 7 is Sunday",
    ),
    word("day", Values::WholeBetween(1.0, 31.0), "Day of the month"),
    word("month", Values::WholeBetween(1.0, 12.0), "Month"),
    word("year", Values::WholeBetween(1_969.0, 2_100.0), "Year"),
];

/// Texts and truths about the visitor.
pub(crate) const VISITOR: &[Word] = &[
    word("top_interest", Values::Text, "Id of the strongest interest"),
    word(
        "device",
        Values::Names(|| DEVICES.map(str::to_owned).into()),
        "What the browser runs on",
    ),
    word(
        "language",
        Values::Text,
        "The browser's, such as `\"nl-NL\"`; `language.startsWith(\"nl\")` is all of one",
    ),
    word("user_id", Values::Text, "The person's id in your systems"),
    word("stage", Values::Stage, "Id of the stage"),
    word(
        "brand_search",
        Values::Truth,
        "A campaign or its search term names the site: a word of `brand_terms`, one typing error allowed",
    ),
    word("identified", Values::Truth, "The person's id is known"),
];

/// Where the visitor came from: of the last touch, and after `first.` of the first.
pub(crate) const TOUCH: &[Word] = &[
    word(
        "click_id",
        Values::Text,
        "Name of the click id, such as `\"gclid\"`",
    ),
    word("landing", Values::Text, "Path of the page of arrival"),
    word(
        "channel",
        Values::Names(|| origin::CHANNELS.map(str::to_owned).into()),
        "Google Analytics' default channel group; visitors from assistants are `\"AI Assistant\"`",
    ),
];

/// What follows `utm.`, in the engine's order; after `first.` of the first touch.
pub(crate) const UTM: &[Word] = &[
    word("source", Values::Text, "The parameter `utm_source`"),
    word("medium", Values::Text, "The parameter `utm_medium`"),
    word("campaign", Values::Text, "The parameter `utm_campaign`"),
    word("term", Values::Text, "The parameter `utm_term`"),
    word("content", Values::Text, "The parameter `utm_content`"),
    word("id", Values::Text, "The parameter `utm_id`"),
    word(
        "source_platform",
        Values::Text,
        "The parameter `utm_source_platform`",
    ),
    word(
        "creative_format",
        Values::Text,
        "The parameter `utm_creative_format`",
    ),
    word(
        "marketing_tactic",
        Values::Text,
        "The parameter `utm_marketing_tactic`",
    ),
];

/// What follows `referrer.`; after `first.` of the first touch.
pub(crate) const REFERRER: &[Word] = &[
    word(
        "host",
        Values::Text,
        "Host that sent the visitor, without `www.`",
    ),
    word(
        "name",
        Values::Text,
        "Its name where it is known, such as `\"Google\"` or `\"ChatGPT\"`",
    ),
    word(
        "kind",
        Values::Names(|| origin::KINDS.map(str::to_owned).into()),
        "What kind of site it is",
    ),
];

/// Functions.
pub(crate) const FUNCTIONS: &[Function] = &[
    function(
        "interest",
        "interest(\"crm\")",
        Values::Between(0.0, 1.0),
        "Strength of an interest; `interest(top_interest)` is that of the strongest",
    ),
    function(
        "margin",
        "margin(\"crm\")",
        Values::Between(0.0, 1.0),
        "How far an interest is ahead of the next one; also `margin(top_interest)`",
    ),
    function(
        "confidence",
        "confidence(\"crm\")",
        Values::Between(0.0, 1.0),
        "How well the visitor's interests are known",
    ),
    function(
        "scroll",
        "scroll(\"/blog/*\")",
        Values::WholeBetween(0.0, 100.0),
        "Deepest scroll, in percent, on the pages whose path matches",
    ),
    function(
        "visited",
        "visited(\"/crm/*\")",
        Values::Count,
        "Views of pages by path, of the 40 latest pages",
    ),
    function(
        "searched",
        "searched(\"*crm*\")",
        Values::Count,
        "Searches on the site, of the 16 latest",
    ),
    function(
        "clicked",
        "clicked(\"*demo*\")",
        Values::Count,
        "Clicks by the text of the link or button, of the 16 latest",
    ),
    function(
        "events",
        "events(\"Form Submitted\")",
        Values::Count,
        "Events by name; `*` stands for any characters. Page views are `\"Page Viewed\"`",
    ),
    function(
        "in_segment",
        "in_segment(\"hot\")",
        Values::Truth,
        "The visitor is in that segment",
    ),
    function(
        "has",
        "has(traits.company)",
        Values::Truth,
        "The trait is known",
    ),
];

/// What follows a text.
pub(crate) const TEXT_METHODS: &[Function] = &[
    function(
        "contains",
        "utm.campaign.contains(\"spring\")",
        Values::Truth,
        "It stands somewhere in the text",
    ),
    function(
        "startsWith",
        "language.startsWith(\"nl\")",
        Values::Truth,
        "The text begins so",
    ),
    function(
        "endsWith",
        "referrer.host.endsWith(\".nl\")",
        Values::Truth,
        "The text ends so",
    ),
    function(
        "like",
        "landing.like(\"/blog/*\")",
        Values::Truth,
        "The text is that, in which `*` stands for any characters",
    ),
];

/// What follows events.
pub(crate) const EVENT_METHODS: &[Function] = &[
    function(
        "within",
        "events(\"Form Submitted\").within(\"7d\")",
        Values::Events,
        "Those of the last so many minutes `m`, hours `h`, days `d` or weeks `w`; counted up to 64",
    ),
    function(
        "where",
        "events(\"Form Submitted\").where(\"form\", \"quote*\")",
        Values::Events,
        "Those whose property is that text, number, `true` or `false`",
    ),
];

const fn word(name: &'static str, values: Values, what: &'static str) -> Word {
    Word { name, values, what }
}

const fn function(
    name: &'static str,
    example: &'static str,
    values: Values,
    what: &'static str,
) -> Function {
    Function {
        name,
        example,
        values,
        what,
    }
}

/// The word of that name.
pub(super) fn find(words: &'static [Word], name: &str) -> Option<&'static Word> {
    words.iter().find(|word| word.name == name)
}

/// The names of words.
pub(super) fn names(words: &'static [Word]) -> Vec<&'static str> {
    words.iter().map(|word| word.name).collect()
}

/// The names of functions.
pub(super) fn functions(functions: &'static [Function]) -> Vec<&'static str> {
    functions.iter().map(|function| function.name).collect()
}
