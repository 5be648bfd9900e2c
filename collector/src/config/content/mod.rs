//! Content for places in pages: the tables `[[slot]]` and `[[variant]]`, of the configuration and of
//! what was posted. Both are read by the same code; what was posted takes the place of the file's slot
//! of the same id, whole. Nothing here says who sees what: the engine does, see
//! [`firstglance_engine::content`].

pub mod markup;
mod posted;
mod slot;
mod variant;

use firstglance_engine::Model;
use firstglance_engine::content::{Content, Slot, Variant};

use super::condition::{Code, Context, Watches, compile};
use super::fields::content::VARIANT;
use super::problem::{Problems, Written as Place};
use super::table::Table;

pub(super) use posted::Reading;
pub use posted::{ContentProblem, Posted};
pub(super) use slot::{WAYS, WrittenSlot};
pub(super) use variant::WrittenVariant;

/// Bytes of all contents together, as every page loads them.
pub(super) const MOST_BYTES: usize = 64 * 1024;

/// Most slots, and most variants of all of them.
const MOST_SLOTS: usize = 100;
const MOST_VARIANTS: usize = 500;

/// What only the collector needs of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSettings {
    /// The slot's id.
    pub id: Box<str>,
    /// Where it was written.
    pub source: Source,
    /// Id of the goal by which shares are learned, and which results tell first; the first one
    /// where none is said.
    pub goal: Option<Box<str>>,
    /// How much of the visitors explore all variants, in percent, where shares are learned.
    pub floor: u8,
    /// The conditions of its variants, by rank, as they were written; nothing for everybody.
    pub conditions: Vec<Option<Box<str>>>,
}

/// Where a slot, a segment or an interest was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the configuration's file.
    File,
    /// It was posted.
    Posted,
}

impl Source {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Posted => "posted",
        }
    }
}

/// Slots and variants as they were written in one text.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    pub(super) slots: Vec<WrittenSlot>,
    pub(super) variants: Vec<WrittenVariant<'a>>,
}

impl<'a> Written<'a> {
    /// Reads all of them. `names` are ids of segments and of configured interests.
    pub(super) fn read(root: &Table<'a>, names: &Names<'_>, problems: &mut Problems<'_>) -> Self {
        let slots = slot::read_all(root, names, problems);
        let variants = variant::read_all(root, &slots, problems);
        let written = Self { slots, variants };
        let bytes = written.bytes();
        if bytes > MOST_BYTES {
            problems.add(
                root.span_of_inner(&VARIANT).unwrap_or(0..0),
                format!("the variants have {bytes} bytes together"),
                format!("they may have {MOST_BYTES}: every page loads all of them"),
            );
        }
        written
    }

    /// Bytes of all contents.
    pub(super) fn bytes(&self) -> usize {
        let variants = self.variants.iter();
        variants.map(|variant| bytes_of(&variant.content)).sum()
    }

    /// Without the slots that others take the place of.
    pub(super) fn without(mut self, others: &Self) -> Self {
        let replaced = |id: &str| others.slots.iter().any(|slot| slot.id.value == id);
        self.slots.retain(|slot| !replaced(&slot.id.value));
        self.variants.retain(|variant| !replaced(&variant.slot));
        self
    }

    /// The conditions of variants, by their places; what is wrong with them is reported.
    pub(super) fn conditions(
        &self,
        context: &Context<'_>,
        watches: &mut Watches,
        problems: &mut Problems<'_>,
    ) -> Vec<(usize, Code)> {
        let mut conditions = Vec::new();
        for (place, variant) in self.variants.iter().enumerate() {
            let Some(when) = &variant.when else {
                continue;
            };
            match compile(when.value, context, watches) {
                Ok(condition) => conditions.push((place, condition)),
                Err(faults) => {
                    for fault in faults {
                        problems.within(&Place::toml(when), &fault);
                    }
                }
            }
        }
        conditions
    }

    /// Where the condition of a variant stands.
    pub(super) fn place_of(&self, variant: usize) -> std::ops::Range<usize> {
        let variant = self.variants.get(variant);
        let when = variant.and_then(|variant| variant.when.as_ref());
        when.map_or(0..0, |when| when.span.clone())
    }

    /// Adds the slots to a model, with the programs of variants by their places.
    pub(super) fn fill(&self, model: &mut Model, program: impl Fn(usize) -> Option<usize>) {
        for slot in &self.slots {
            let variants = self.ranked(slot).into_iter();
            let variants = variants.map(|(place, written)| Variant {
                id: written.id.value.as_str().into(),
                label: written.label.clone(),
                program: program(place),
                from: written.from,
                until: written.until,
                content: written.content.clone(),
            });
            model.slots.push(Slot {
                id: slot.id.value.as_str().into(),
                label: slot.label.clone(),
                control: slot.control,
                choice: slot.choice.clone(),
                variants: variants.collect(),
            });
        }
    }

    /// The variants of a slot by rank, with their places.
    fn ranked(&self, slot: &WrittenSlot) -> Vec<(usize, &WrittenVariant<'a>)> {
        let variants = self.variants.iter().enumerate();
        let mut variants: Vec<_> = variants
            .filter(|(_, variant)| *variant.slot == *slot.id.value)
            .collect();
        // Those without a rank come after those with one, in the order of the text.
        variants.sort_by_key(|(_, variant)| variant.rank.as_ref().map_or(u32::MAX, |r| r.value));
        variants
    }

    /// What only the collector needs of the slots.
    pub(super) fn settings(
        &self,
        source: Source,
    ) -> impl Iterator<Item = SlotSettings> + use<'_, 'a> {
        let condition = |(_, variant): (usize, &WrittenVariant<'_>)| {
            variant.when.as_ref().map(|when| when.value.into())
        };
        self.slots.iter().map(move |slot| SlotSettings {
            conditions: self.ranked(slot).into_iter().map(condition).collect(),
            id: slot.id.value.as_str().into(),
            source,
            goal: slot.goal.as_ref().map(|goal| goal.value.as_str().into()),
            floor: slot.floor,
        })
    }
}

/// What shares can be learned apart for.
pub(super) struct Names<'a> {
    /// Ids of segments.
    pub(super) segments: &'a [String],
    /// Ids of interests that are configured or posted.
    pub(super) interests: &'a [Box<str>],
    /// Whether interests come by themselves, so that any may: posted ones name some of those.
    pub(super) found: bool,
}

fn bytes_of(content: &Content) -> usize {
    match content {
        Content::Html(html) => html.len(),
        Content::Fields(fields) => {
            let fields = fields.iter();
            fields.map(|(name, text)| name.len() + text.len()).sum()
        }
    }
}
