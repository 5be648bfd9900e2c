//! The table `[evidence]`: what counts for how much.

use firstglance_engine::interest::Weights;

use super::fields::Field;
use super::fields::analysis as fields;
use super::problem::Problems;
use super::table::Table;

/// The greatest weight: a hundred pages read to their end.
const MOST: f64 = 100.0;

/// Reads the weights; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Weights {
    let Some(table) = root.table(&fields::EVIDENCE, problems) else {
        return Weights::DEFAULT;
    };
    let mut weight = |field: &Field| {
        let Some(number) = table.number(field, problems) else {
            return field.number();
        };
        if (0.0..=MOST).contains(&number.value) {
            return number.value;
        }
        problems.add(
            number.span,
            format!("\"{}\" is {}", field.name, number.value),
            "a weight is between 0 and 100, in pages read to their end",
        );
        field.number()
    };
    Weights {
        view: weight(&fields::VIEW),
        reading: weight(&fields::READING),
        unmeasured_view: weight(&fields::UNMEASURED_VIEW),
        search: weight(&fields::SEARCH),
        campaign: weight(&fields::CAMPAIGN),
        click: weight(&fields::CLICK),
        form: weight(&fields::FORM),
    }
}
