//! The table `[evidence]`: what counts for how much.

use firstglance_engine::interest::Weights;

use super::problem::Problems;
use super::table::Table;

const FIELDS: &[&str] = &[
    "view",
    "reading",
    "unmeasured_view",
    "search",
    "campaign",
    "click",
    "form",
];

/// The greatest weight: a hundred pages read to their end.
const MOST: f64 = 100.0;

/// Reads the weights; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Weights {
    let mut weights = Weights::DEFAULT;
    let Some(table) = root.table("evidence", "[evidence]", problems) else {
        return weights;
    };
    table.only(FIELDS, "weight", problems);
    let mut set = |name: &str, weight: &mut f64| {
        let example = weight.to_string();
        let Some(number) = table.number(name, &example, problems) else {
            return;
        };
        if (0.0..=MOST).contains(&number.value) {
            *weight = number.value;
        } else {
            problems.add(
                number.span,
                format!("\"{name}\" is {}", number.value),
                "a weight is between 0 and 100, in pages read to their end",
            );
        }
    };
    set("view", &mut weights.view);
    set("reading", &mut weights.reading);
    set("unmeasured_view", &mut weights.unmeasured_view);
    set("search", &mut weights.search);
    set("campaign", &mut weights.campaign);
    set("click", &mut weights.click);
    set("form", &mut weights.form);
    weights
}
