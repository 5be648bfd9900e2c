//! The page of names and functions of conditions.

use std::fmt::Write as _;

use super::cell;
use crate::config::condition::vocabulary::{
    EVENT_METHODS, FUNCTIONS, Function, NOW, NUMBERS, REFERRER, TEXT_METHODS, TOUCH, UTM, VISITOR,
    Word,
};

pub(super) fn page() -> String {
    let mut page = String::from(
        "# Every name and function\n\n\
         All that a condition can ask. This page is made from the tables that the compiler of conditions \
         uses; `firstglance reference conditions` prints that of your own version. How conditions are \
         written is in [Conditions](../conditions.md).\n",
    );
    words(&mut page, "Numbers", "", "", NUMBERS);
    words(
        &mut page,
        "The clock",
        "Of the site's time zone, `timezone` in `[site]`.\n\n",
        "now.",
        NOW,
    );
    words(&mut page, "The visitor", "", "", VISITOR);
    page.push_str(
        "| `traits.city`, `traits[\"job title\"]` | a text, a number, or true or false | What was said in \
         `identify` |\n",
    );
    words(
        &mut page,
        "Where the visitor came from",
        "Of the last touch: the latest page view that a campaign, a click id or another site brought. After \
         `first.`, as in `first.channel` or `first.utm.source`, of the earliest page view. What is not known \
         is the empty text.\n\n",
        "",
        TOUCH,
    );
    rows(&mut page, "utm.", UTM);
    rows(&mut page, "referrer.", REFERRER);
    functions(
        &mut page,
        "Functions",
        "A *count* is a number, and by itself means \"at least once\".\n\n",
        FUNCTIONS,
    );
    functions(&mut page, "After a text", "", TEXT_METHODS);
    functions(
        &mut page,
        "After events",
        "In any order, each once.\n\n",
        EVENT_METHODS,
    );
    page
}

fn words(page: &mut String, heading: &str, about: &str, group: &str, words: &[Word]) {
    let _ = write!(
        page,
        "\n## {heading}\n\n{about}| name | values | |\n|---|---|---|\n"
    );
    rows(page, group, words);
}

fn rows(page: &mut String, group: &str, words: &[Word]) {
    for Word { name, values, what } in words {
        let values = cell(&values.shown());
        let _ = writeln!(page, "| `{group}{name}` | {values} | {} |", cell(what));
    }
}

fn functions(page: &mut String, heading: &str, about: &str, functions: &[Function]) {
    let _ = write!(
        page,
        "\n## {heading}\n\n{about}| written | gives | |\n|---|---|---|\n"
    );
    for Function {
        example,
        values,
        what,
        ..
    } in functions
    {
        let values = cell(&values.shown());
        let _ = writeln!(page, "| `{}` | {values} | {} |", cell(example), cell(what));
    }
}
