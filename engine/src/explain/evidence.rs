//! The evidence behind a value: the pages, searches, clicks, events and arrivals of a profile that
//! an instruction looked at.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use crate::campaign::{self, Campaign};
use crate::interest::{MOST_SEARCHES, remaining};
use crate::json::JsonWriter;
use crate::profile::{Entry, EntryKind, Touch};
use crate::program::{Instruction, Known, Lookup, TextSource, Which, compare};
use crate::text::{cut, matches};
use crate::time::Timestamp;

use super::is_about;

/// One thing that a value rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What it was: `page`, `search`, `click`, `form`, `campaign`, `trait`, the name of an event …
    pub kind: Box<str>,
    /// What it was about: a path, a query, a text.
    pub what: Box<str>,
    /// How often.
    pub count: u64,
    /// When last.
    pub last: Timestamp,
    /// How much it counts for at present, in pages read; where it is evidence of an interest.
    pub weight: Option<f64>,
}

impl Evidence {
    fn of_entry(kind: &str, entry: &Entry) -> Self {
        Self {
            kind: kind.into(),
            what: entry.text.clone(),
            count: entry.count,
            last: entry.last,
            weight: None,
        }
    }

    pub(super) fn write(&self, json: &mut JsonWriter) {
        json.open('{');
        json.name("kind");
        json.text(&self.kind);
        json.name("what");
        json.text(&self.what);
        json.name("count");
        json.integer(self.count);
        json.name("last");
        json.moment(self.last);
        if let Some(weight) = self.weight {
            json.name("weight");
            json.rounded(weight, 3);
        }
        json.close('}');
    }
}

/// What an interest rests on, what counts most first.
pub(super) fn of_interest(id: &str, known: &Known<'_>) -> Vec<Evidence> {
    let (profile, model, now) = (known.profile, known.model, known.now);
    let half_life = model.half_life(id);
    let mut found = Vec::new();
    for entry in profile.entries.of(EntryKind::Source) {
        let (topic, rest) = cut(&entry.text, b'\n').unwrap_or_default();
        let (kind, what) = cut(rest, b'\n').unwrap_or_default();
        if topic == id {
            found.push(Evidence {
                kind: kind.into(),
                what: what.into(),
                count: entry.count,
                last: entry.last,
                weight: Some(entry.evidence().at(now, half_life)),
            });
        }
    }
    for search in profile.entries.of(EntryKind::Search) {
        if is_about(&search.text, id, model) {
            let weight = search.count.min(MOST_SEARCHES) as f64 * model.weights.search;
            found.push(Evidence {
                weight: Some(weight * remaining(now.since(search.last), half_life)),
                ..Evidence::of_entry("search", search)
            });
        }
    }
    if let Some(touch) = profile.last_touch() {
        let mut given = ["utm_term", "utm_campaign"].into_iter();
        if let Some(parameter) = given.find(|name| is_about(touch.campaign.get(name), id, model)) {
            let weight = model.weights.campaign * remaining(now.since(touch.at), half_life);
            found.push(of_touch(&touch, parameter, Some(weight)));
        }
    }
    found.sort_by(|one, other| {
        let weight = |evidence: &Evidence| evidence.weight.unwrap_or_default();
        let by_weight = weight(other).total_cmp(&weight(one));
        by_weight.then_with(|| (&one.kind, &one.what).cmp(&(&other.kind, &other.what)))
    });
    found
}

fn of_touch(touch: &Touch<'_>, parameter: &str, weight: Option<f64>) -> Evidence {
    Evidence {
        kind: "campaign".into(),
        what: format!("{parameter}={}", touch.campaign.get(parameter)).into(),
        count: 1,
        last: touch.at,
        weight,
    }
}

/// Adds what an instruction looks at.
pub(super) fn of_instruction(
    instruction: &Instruction,
    known: &Known<'_>,
    found: &mut Vec<Evidence>,
) {
    let entries = &known.profile.entries;
    let mut add = |evidence: Evidence| {
        if !found.contains(&evidence) {
            found.push(evidence);
        }
    };
    match instruction {
        Instruction::Lookup(Lookup::Interest | Lookup::Margin, id) => {
            let top = known.interests.first().map_or("", |top| &top.id);
            let id = if id.is_empty() { top } else { id };
            of_interest(id, known).into_iter().for_each(add);
        }
        Instruction::Lookup(Lookup::Trait, name) => {
            if let Some(entry) = entries.find(EntryKind::Trait, name) {
                add(of_value("trait", entry));
            }
        }
        Instruction::Lookup(lookup, pattern) => {
            let (kind, called) = match lookup {
                Lookup::Searched => (EntryKind::Search, "search"),
                Lookup::Clicked => (EntryKind::Click, "click"),
                _ => (EntryKind::Page, "page"),
            };
            for entry in entries.of(kind) {
                if matches(pattern, &entry.text) {
                    add(Evidence::of_entry(called, entry));
                }
            }
        }
        Instruction::Count(watch, _) | Instruction::Decayed(watch, _) => {
            let watch = known.model.watches.get(*watch);
            if let Some(entry) = watch.and_then(|watch| entries.find(EntryKind::Watch, watch)) {
                let what = entry.text.replace('\n', " ");
                add(Evidence {
                    what: what.into(),
                    ..Evidence::of_entry("event", entry)
                });
            }
        }
        Instruction::Test {
            source,
            name,
            test,
            with,
        } => match source {
            TextSource::TopInterest => {
                if let Some(top) = known.interests.first() {
                    of_interest(&top.id, known).into_iter().for_each(add);
                }
            }
            TextSource::Trait => {
                if let Some(entry) = entries.find(EntryKind::Trait, name) {
                    add(of_value("trait", entry));
                }
            }
            TextSource::Language => entries
                .one(EntryKind::Language)
                .into_iter()
                .for_each(|entry| add(of_value("language", entry))),
            TextSource::Agent => entries
                .one(EntryKind::Agent)
                .into_iter()
                .for_each(|entry| add(of_value("browser", entry))),
            TextSource::User => entries
                .one(EntryKind::User)
                .into_iter()
                .for_each(|entry| add(of_value("user", entry))),
            TextSource::Utm(which, field) => {
                let parameter = campaign::fields().nth(usize::from(*field));
                let parameter = parameter.unwrap_or_default();
                let passes =
                    |touch: &Touch<'_>| compare(*test as u8, touch.campaign.get(parameter), with);
                for touch in touches(*which, known) {
                    // Of any touch, those that pass are the evidence; of one, what it says.
                    let told = *which != Which::Any || passes(&touch);
                    if told && !touch.campaign.get(parameter).is_empty() {
                        add(of_touch(&touch, parameter, None));
                    }
                }
            }
            TextSource::ClickId(which) => {
                for touch in touches(*which, known) {
                    let what = Campaign::click_id_name(touch.campaign.as_lines());
                    if !what.is_empty() {
                        add(arrival("click id", what, &touch));
                    }
                }
            }
            TextSource::Referrer(which) => {
                for touch in touches(*which, known) {
                    if !touch.referrer.is_empty() {
                        add(arrival("referrer", touch.referrer, &touch));
                    }
                }
            }
            TextSource::Landing(which) => {
                for touch in touches(*which, known) {
                    add(arrival("landing page", touch.path, &touch));
                }
            }
        },
        Instruction::Number(_)
        | Instruction::Value(_)
        | Instruction::Measure(_)
        | Instruction::Operate(_) => {}
    }
}

/// What is named by its kind and says something by its value.
fn of_value(kind: &str, entry: &Entry) -> Evidence {
    let what = match &*entry.text {
        "" => entry.value.clone(),
        name => format!("{name}={}", entry.value).into(),
    };
    Evidence {
        what,
        ..Evidence::of_entry(kind, entry)
    }
}

fn arrival(kind: &str, what: &str, touch: &Touch<'_>) -> Evidence {
    Evidence {
        kind: kind.into(),
        what: what.into(),
        count: 1,
        last: touch.at,
        weight: None,
    }
}

fn touches<'a>(which: Which, known: &Known<'a>) -> Vec<Touch<'a>> {
    let profile = known.profile;
    match which {
        Which::Last => profile.last_touch().into_iter().collect(),
        Which::First => profile.first_touch().into_iter().collect(),
        Which::Any => {
            let kept = profile.entries.of(EntryKind::Touch);
            kept.map(Touch::of_entry).collect()
        }
    }
}
