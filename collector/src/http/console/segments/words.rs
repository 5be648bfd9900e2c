//! What can be completed in the editor: the words of conditions, from where the compiler and the reference
//! have them, and the ids of what is in force. In the page it is a list of options, each with what it
//! stands for and where it fits.

use firstglance_engine::origin;
use maud::{Markup, html};

use super::View;
use crate::config::condition::vocabulary as words;

/// One that can be completed.
struct Completion {
    /// What is written.
    text: String,
    /// What it is, in Markdown without links.
    what: String,
    /// In which function's or name's quotes it stands; empty where it stands by itself.
    within: &'static str,
}

/// The id of the list.
pub(super) const LIST: &str = "words";

/// The list of them, out of sight.
pub(super) fn list(view: &View<'_>) -> Markup {
    html! {
        datalist id=(LIST) {
            @for one in completions(view) {
                option value=(one.text) data-within=(one.within) { (one.what.replace('`', "")) }
            }
        }
    }
}

fn completions(view: &View<'_>) -> Vec<Completion> {
    let present = view.app.contents.present().clone();
    let mut all = Vec::new();
    let plain = |text: String, what: &str| Completion {
        text,
        what: what.to_owned(),
        within: "",
    };
    for word in words::NUMBERS.iter().chain(words::VISITOR) {
        all.push(plain(word.name.to_owned(), word.what));
    }
    for function in words::FUNCTIONS {
        all.push(plain(function.example.to_owned(), function.what));
    }
    for word in words::NOW {
        all.push(plain(format!("now.{}", word.name), word.what));
    }
    for first in ["", "first."] {
        for word in words::TOUCH {
            all.push(plain(format!("{first}{}", word.name), word.what));
        }
        for word in words::UTM {
            all.push(plain(format!("{first}utm.{}", word.name), word.what));
        }
        for word in words::REFERRER {
            all.push(plain(format!("{first}referrer.{}", word.name), word.what));
        }
    }
    for function in words::TEXT_METHODS.iter().chain(words::EVENT_METHODS) {
        let written = function.example.rsplit_once(&format!(".{}", function.name));
        let arguments = written.map_or("", |(_, arguments)| arguments);
        all.push(plain(
            format!(".{}{arguments}", function.name),
            function.what,
        ));
    }
    let within = |within, text: &str, what: &str| Completion {
        text: text.to_owned(),
        what: what.to_owned(),
        within,
    };
    for segment in &present.segments {
        all.push(within("in_segment", &segment.id, &segment.label));
    }
    let mut topic = |id: &str, label: &str| {
        for function in ["interest", "margin", "in_segment"] {
            all.push(within(function, id, label));
        }
        all.push(within("top_interest", id, label));
    };
    for interest in &present.model.interests {
        topic(&interest.id, &interest.label);
    }
    let census = view.app.census();
    for (id, found) in census.topics.iter().take(MOST_TOPICS) {
        if present.model.interest(id).is_none() {
            topic(id, &found.label);
        }
    }
    for stage in &present.model.stages {
        all.push(within("stage", stage, ""));
    }
    for channel in origin::CHANNELS {
        all.push(within("channel", channel, ""));
    }
    for kind in origin::KINDS {
        all.push(within("kind", kind, ""));
    }
    all
}

/// Topics of the census that are offered.
const MOST_TOPICS: usize = 200;
