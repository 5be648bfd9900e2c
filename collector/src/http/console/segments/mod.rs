//! Segments: who is in which, how that changes, and the editor in which they are written. What is saved
//! here is posted as `/admin/v1/segments/definitions` takes it, see [`crate::http::rules`]. Sizes are those
//! that the store has recorded; nothing here evaluates anybody but a preview.

mod editor;
mod lines;
mod list;
mod one;
pub(super) mod problems;
mod saving;
mod versions;
mod ways;
mod words;

use std::collections::BTreeMap;

use super::{HttpError, View};
use crate::http::rules::Author;
use crate::store::counting::{Metric, counted_name};
use crate::store::listing::List;

pub(super) use editor::{backtest, check, preview};
pub(super) use list::show as list;
pub(super) use one::{new, show as one};
pub(super) use saving::{remove, save};
pub(super) use versions::{restore, show as versions, version};

use super::parts::Span;

/// Sizes of segments as they are recorded, and how many visitors there are.
struct Sizes {
    of: BTreeMap<Box<str>, u64>,
    visitors: u64,
}

impl Sizes {
    async fn of(view: &View<'_>) -> Result<Self, HttpError> {
        let mut sizes = Self {
            of: BTreeMap::new(),
            visitors: 0,
        };
        for size in view.app.store.list_sizes().await? {
            match size.list {
                List::Segment(id) => {
                    sizes.of.insert(id, size.visitors);
                }
                List::All => sizes.visitors = size.visitors,
                List::Stage(_) => {}
            }
        }
        Ok(sizes)
    }

    fn size(&self, id: &str) -> u64 {
        self.of.get(id).copied().unwrap_or(0)
    }

    fn share(&self, id: &str) -> f64 {
        match self.visitors {
            0 => 0.0,
            visitors => self.size(id) as f64 / visitors as f64,
        }
    }
}

/// How many came in and left, by the segment's name as it is counted and the day's number.
#[derive(Default)]
struct Movement(BTreeMap<Box<str>, BTreeMap<u32, (u64, u64)>>);

impl Movement {
    async fn of(view: &View<'_>, span: Span) -> Result<Self, HttpError> {
        let mut movement = Self::default();
        for (metric, entered) in [
            (Metric::SegmentEntries, true),
            (Metric::SegmentExits, false),
        ] {
            for count in view.app.store.counts(metric, span.first, span.last).await? {
                let Some(name) = count.name else {
                    continue;
                };
                let days = movement.0.entry(name).or_default();
                let day = days.entry(count.period.number).or_default();
                match entered {
                    true => day.0 += count.count,
                    false => day.1 += count.count,
                }
            }
        }
        Ok(movement)
    }

    fn days(&self, id: &str) -> Option<&BTreeMap<u32, (u64, u64)>> {
        self.0.get(&*counted_name(id))
    }

    /// Of all days together.
    fn total(&self, id: &str) -> (u64, u64) {
        let days = self.days(id).into_iter().flat_map(BTreeMap::values);
        days.fold((0, 0), |(entered, left), day| {
            (entered + day.0, left + day.1)
        })
    }
}

/// Whoever saves something now.
pub(super) fn author(view: &View<'_>) -> Author {
    let access = &view.session.access;
    let note = view.field("note").unwrap_or_default().trim();
    let note = note.chars().take(NOTE_CHARACTERS).collect::<String>();
    Author {
        at: view.now,
        by: (access.id.clone(), access.name.clone()),
        note: note.into(),
    }
}

/// Characters of what somebody says of a version.
const NOTE_CHARACTERS: usize = 250;

/// What a size counts.
fn meaning_of_size(view: &View<'_>) -> String {
    view.say(
        "Visitors (browsers, not persons) who are in the segment, as recorded: what time alone changes counts once the hourly walk has found it.",
        "Bezoekers (browsers, geen personen) die in het segment zitten, zoals vastgelegd: wat alleen door tijd verandert telt mee zodra de ronde van elk uur het vindt.",
    )
    .to_owned()
}
