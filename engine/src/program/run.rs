//! Runs programs over a profile. Knows nothing of what a program is for.

use alloc::vec::Vec;

use crate::campaign::{self, Campaign};
use crate::codec::Reader;
use crate::interest::{self, Interest};
use crate::model::Model;
use crate::profile::{Entry, EntryKind, Profile};
use crate::text::{self, pieces};
use crate::time::{Milliseconds, Timestamp};

use super::{
    CLICK_ID, COUNT, DECAYED, FLOAT, LANDING, LOOKUP, Lookup, MAX_INSTRUCTIONS, MEASURE, Measure,
    NUMBER, OPERATE, OTHER_TEXTS, Operator, REFERRER, TEST, Test, VALUE, Which,
};

/// What programs read: a profile at a moment, and what is known of it already.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The model in force.
    pub model: &'a Model,
    /// The moment.
    pub now: Timestamp,
    /// The interests at that moment.
    pub interests: &'a [Interest],
    /// How well the interests are known, 0 to 1.
    pub confidence: f64,
    /// Values of the programs before this one.
    pub values: &'a [f64],
}

/// The number of the text that has a name.
const TRAIT: u8 = OTHER_TEXTS + 4;

/// Whether a value counts as true.
#[must_use]
pub fn holds(value: f64) -> bool {
    value != 0.0 && !value.is_nan()
}

impl<'a> Known<'a> {
    /// The value of a program's code; not-a-number where the code is none.
    #[must_use]
    pub fn run(&self, code: &str) -> f64 {
        self.run_on(code, &mut Vec::new())
    }

    /// The same on an empty stack that others have used before.
    pub(super) fn run_on(&self, code: &str, stack: &mut Vec<f64>) -> f64 {
        // A model without rules of the owner has no programs; see [`crate::model`].
        if cfg!(not(feature = "rules")) {
            return f64::NAN;
        }
        let mut reader = Reader::new(code);
        let mut touched = Touched::default();
        for _ in 0..MAX_INSTRUCTIONS {
            if reader.is_at_end() {
                break;
            }
            let code = reader.byte();
            let value = match code {
                NUMBER => reader.integer() as f64,
                FLOAT => reader.float(),
                VALUE => {
                    let program = reader.integer() as usize;
                    self.values.get(program).copied().unwrap_or(f64::NAN)
                }
                COUNT | DECAYED => {
                    let (watch, length) = (reader.integer() as usize, reader.integer());
                    self.seen(watch, length, code == DECAYED)
                }
                TEST => {
                    let (source, test) = (reader.byte(), reader.byte());
                    let name = if source == TRAIT { reader.text() } else { "" };
                    let with = reader.text();
                    self.test(source, name, &mut touched, &|text| {
                        compare(test, text, with)
                    })
                }
                OPERATE.. => operate(code - OPERATE, stack),
                LOOKUP.. => self.look_up(code - LOOKUP, reader.text()),
                _ => self.measure(code.wrapping_sub(MEASURE)),
            };
            stack.push(value);
        }
        let value = stack.pop().unwrap_or(f64::NAN);
        stack.clear();
        value
    }

    pub(super) fn measure(&self, measure: u8) -> f64 {
        const NOW: u8 = Measure::Now as u8;
        const SINCE_FIRST: u8 = Measure::SinceFirst as u8;
        const SINCE_LAST: u8 = Measure::SinceLast as u8;
        const VISITS: u8 = Measure::Visits as u8;
        const PAGES: u8 = Measure::Pages as u8;
        const ACTIVE_SECONDS: u8 = Measure::ActiveSeconds as u8;
        const CLICKS: u8 = Measure::Clicks as u8;
        const EVENTS: u8 = Measure::Events as u8;
        const CONFIDENCE: u8 = Measure::Confidence as u8;
        const ENGAGEMENT: u8 = Measure::Engagement as u8;
        const STAGE: u8 = Measure::Stage as u8;
        let profile = self.profile;
        let number = match measure {
            NOW => self.now.as_milliseconds(),
            SINCE_FIRST => self.now.since(profile.first_seen).0,
            SINCE_LAST => self.now.since(profile.last_seen).0,
            VISITS => profile.sessions.count,
            PAGES => profile.page_views,
            CLICKS => profile.clicks,
            EVENTS => profile.events,
            ACTIVE_SECONDS => return profile.active.as_seconds(),
            CONFIDENCE => return self.confidence,
            ENGAGEMENT => return interest::engagement(profile, self.now),
            STAGE => {
                let stage = profile.entries.one(EntryKind::Stage);
                let mut all = self.model.stages.iter();
                let place = stage.and_then(|stage| all.position(|id| *id == stage.value));
                return place.map_or(-1.0, |place| place as f64);
            }
            _ => return f64::NAN,
        };
        number as f64
    }

    pub(super) fn look_up(&self, lookup: u8, name: &str) -> f64 {
        const INTEREST: u8 = Lookup::Interest as u8;
        const MARGIN: u8 = Lookup::Margin as u8;
        const SCROLL: u8 = Lookup::Scroll as u8;
        const SEARCHED: u8 = Lookup::Searched as u8;
        const CLICKED: u8 = Lookup::Clicked as u8;
        const TRAIT: u8 = Lookup::Trait as u8;
        if lookup <= MARGIN {
            let mut ranked = self.interests.iter().enumerate();
            let wanted = |interest: &Interest| name.is_empty() || *interest.id == *name;
            let Some((place, found)) = ranked.find(|(_, interest)| wanted(interest)) else {
                return 0.0;
            };
            return match lookup {
                INTEREST => found.score,
                _ => interest::margin(self.interests, place),
            };
        }
        if lookup == TRAIT {
            return number_of(self.value(EntryKind::Trait, name));
        }
        let kind = match lookup {
            SEARCHED => EntryKind::Search,
            CLICKED => EntryKind::Click,
            _ => EntryKind::Page,
        };
        let mut number = 0;
        for entry in self.profile.entries.of(kind) {
            if text::matches(name, &entry.text) {
                number = match lookup {
                    SCROLL => number.max(entry.scroll.into()),
                    _ => number + entry.count,
                };
            }
        }
        number as f64
    }

    /// The value of a named entry; empty where there is none.
    fn value(&self, kind: EntryKind, name: &str) -> &str {
        let found = self.profile.entries.find(kind, name);
        found.map_or("", |entry| &entry.value)
    }

    pub(super) fn seen(&self, watch: usize, length: u64, decayed: bool) -> f64 {
        let watched = self.model.watches.get(watch);
        let entries = &self.profile.entries;
        let Some(entry) = watched.and_then(|watch| entries.find(EntryKind::Watch, watch)) else {
            return 0.0;
        };
        if length == 0 {
            return entry.count as f64;
        }
        let length = Milliseconds(length);
        if decayed {
            return entry.evidence().at(self.now, length);
        }
        let mut sum = 0.0;
        for at in &entry.times {
            if self.now.since(*at) >= length {
                break;
            }
            sum += 1.0;
        }
        sum
    }

    /// Whether a text passes, as a number.
    pub(super) fn test(
        &self,
        source: u8,
        name: &str,
        touched: &mut Touched<'a>,
        passes: &dyn Fn(&str) -> bool,
    ) -> f64 {
        const LANGUAGE: u8 = OTHER_TEXTS + 1;
        const AGENT: u8 = OTHER_TEXTS + 2;
        const USER: u8 = OTHER_TEXTS + 3;
        let kind = match source {
            LANGUAGE => EntryKind::Language,
            AGENT => EntryKind::Agent,
            USER => EntryKind::User,
            _ => EntryKind::Trait,
        };
        let passed = match source {
            ..OTHER_TEXTS => self.test_touches(source, touched, passes),
            OTHER_TEXTS => passes(self.interests.first().map_or("", |top| &top.id)),
            _ => passes(self.value(kind, name)),
        };
        f64::from(u8::from(passed))
    }

    fn test_touches(
        &self,
        source: u8,
        touched: &mut Touched<'a>,
        passes: &dyn Fn(&str) -> bool,
    ) -> bool {
        const ANY: u8 = Which::Any as u8;
        const FIRST: u8 = Which::First as u8;
        let profile = self.profile;
        let (which, field) = (source % 4, source / 4);
        if which == ANY && cfg!(feature = "explain") {
            let all = touched.all.get_or_insert_with(|| {
                let entries = profile.entries.of(EntryKind::Touch);
                entries.map(Entry::origin).collect()
            });
            return all.iter().any(|origin| passes(text_of(*origin, field)));
        }
        if which == ANY {
            let mut entries = profile.entries.of(EntryKind::Touch);
            return entries.any(|entry| passes(text_of(entry.origin(), field)));
        }
        let is_first = usize::from(which == FIRST);
        let origin = *touched.origins[is_first].get_or_insert_with(|| {
            let entry = match which {
                FIRST => profile.entries.one(EntryKind::FirstTouch),
                _ => profile.last_touch_entry(),
            };
            entry.map(Entry::origin)
        });
        match origin {
            // The server, which has the room for it, looks for each once.
            Some(origin) if cfg!(feature = "explain") => {
                let texts = &mut touched.texts[is_first];
                let text = texts.get_mut(usize::from(field));
                let text = text.map(|text| *text.get_or_insert_with(|| text_of(origin, field)));
                text.is_some_and(passes)
            }
            Some(origin) => passes(text_of(origin, field)),
            // Nothing has brought who is there: what it says is nothing.
            None => which != FIRST && passes(""),
        }
    }
}

/// What the last and the first touch say, once a program has asked: finding it takes longer than
/// all else, and a program that names channels asks for it a hundred times.
#[derive(Default)]
pub(super) struct Touched<'a> {
    all: Option<Vec<[&'a str; 3]>>,
    origins: [Option<Option<[&'a str; 3]>>; 2],
    texts: [[Option<&'a str>; OTHER_TEXTS as usize / 4]; 2],
}

/// A field of a touch.
fn text_of([landing, referrer, lines]: [&str; 3], field: u8) -> &str {
    match field {
        LANDING => landing,
        REFERRER => referrer,
        CLICK_ID => Campaign::click_id_name(lines),
        field => {
            let parameter = campaign::fields().nth(field.into());
            Campaign::value_in(lines, parameter.unwrap_or_default())
        }
    }
}

pub(crate) fn compare(test: u8, text: &str, with: &str) -> bool {
    const EQUALS: u8 = Test::Equals as u8;
    const MATCHES: u8 = Test::Matches as u8;
    match test {
        EQUALS => text::same_folded(text, with),
        MATCHES => pieces(with, b'\n').any(|pattern| text::matches(pattern, text)),
        _ => text::any_run(&text::slug(text), &|run| text::within_one_edit(run, with)),
    }
}

#[allow(clippy::cast_precision_loss)] // Whole numbers on the stack stay far below 2^53.
pub(super) fn operate(operator: u8, stack: &mut Vec<f64>) -> f64 {
    const ADD: u8 = Operator::Add as u8;
    const SUBTRACT: u8 = Operator::Subtract as u8;
    const MULTIPLY: u8 = Operator::Multiply as u8;
    const DIVIDE: u8 = Operator::Divide as u8;
    const FLOOR: u8 = Operator::Floor as u8;
    const LESS: u8 = Operator::Less as u8;
    const LESS_OR_EQUAL: u8 = Operator::LessOrEqual as u8;
    const GREATER: u8 = Operator::Greater as u8;
    const GREATER_OR_EQUAL: u8 = Operator::GreaterOrEqual as u8;
    const EQUAL: u8 = Operator::Equal as u8;
    const AND: u8 = Operator::And as u8;
    const OR: u8 = Operator::Or as u8;
    const NOT: u8 = Operator::Not as u8;
    const MINIMUM: u8 = Operator::Minimum as u8;
    const MAXIMUM: u8 = Operator::Maximum as u8;
    const SELECT: u8 = Operator::Select as u8;
    let mut take = || stack.pop().unwrap_or(f64::NAN);
    let right = take();
    if operator == NOT {
        return f64::from(u8::from(!holds(right)));
    }
    let left = take();
    let truth = match operator {
        ADD => return left + right,
        SUBTRACT => return left - right,
        MULTIPLY => return left * right,
        DIVIDE | FLOOR => {
            let quotient = if right == 0.0 { f64::NAN } else { left / right };
            if operator == DIVIDE {
                return quotient;
            }
            let whole = quotient as i64 as f64;
            return if whole > quotient { whole - 1.0 } else { whole };
        }
        MINIMUM => return if left < right { left } else { right },
        MAXIMUM => return if left > right { left } else { right },
        SELECT => return if holds(take()) { left } else { right },
        LESS => left < right,
        LESS_OR_EQUAL => left <= right,
        GREATER => left > right,
        GREATER_OR_EQUAL => left >= right,
        EQUAL => left == right,
        AND => holds(left) && holds(right),
        OR => holds(left) || holds(right),
        _ => return f64::NAN,
    };
    f64::from(u8::from(truth))
}

/// The number that a JSON text is: digits, a point, digits, at most 15 of them in all. Anything
/// else, exponents included, is not-a-number.
///
/// One division of two exact numbers, so that the result is the nearest there is; the standard
/// library's reader would double the page's module.
pub(crate) fn number_of(json: &str) -> f64 {
    let digits = json.strip_prefix('-').unwrap_or(json);
    let (mut number, mut scale, mut count) = (0_u64, 0_u64, 0);
    for byte in digits.bytes() {
        match byte {
            b'.' if scale == 0 && count > 0 => scale = 1,
            b'0'..=b'9' if count < 15 => {
                number = number * 10 + u64::from(byte - b'0');
                scale *= 10;
                count += 1;
            }
            _ => return f64::NAN,
        }
    }
    if count == 0 {
        return f64::NAN;
    }
    let number = number as f64 / scale.max(1) as f64;
    if digits.len() < json.len() {
        -number
    } else {
        number
    }
}
