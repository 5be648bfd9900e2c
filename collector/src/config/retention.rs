//! The table `[retention]`: how long what visitors did is kept.

use firstglance_engine::Milliseconds;

use super::duration;
use super::fields::service as fields;
use super::problem::Problems;
use super::table::Table;
use crate::store::Retention;

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Retention {
    let mut retention = Retention {
        events: fields::EVENTS.length(),
        profiles: fields::PROFILES.length(),
    };
    let Some(table) = root.table(&fields::RETENTION, problems) else {
        return retention;
    };
    for (field, value) in [
        (&fields::EVENTS, &mut retention.events),
        (&fields::PROFILES, &mut retention.profiles),
    ] {
        let Some(text) = table.text(field, problems) else {
            continue;
        };
        let name = field.name;
        match duration::parse(text.value) {
            Ok(length) if length < Retention::SHORTEST => problems.add(
                text.span,
                format!("\"{name}\" is {:?}", text.value),
                "it must be at least \"7d\": so long a message that is sent again is told from a \
                 new one",
            ),
            Ok(length) => *value = length,
            Err(right) => {
                problems.add(text.span, format!("\"{name}\" is {:?}", text.value), right);
            }
        }
    }
    retention
}

const _: () = assert!(Retention::SHORTEST.0 == Milliseconds::from_days(7).0);
