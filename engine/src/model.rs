//! The model: the configuration as page and collector evaluate it.
//!
//! The collector compiles it from `firstglance.toml`; the page receives the bytes. It never holds
//! what only the collector needs (keys, origins, folders).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::campaign;
use crate::codec::{DecodeError, Encode, Reader, Writer};
#[cfg(feature = "rules")]
use crate::content::Slot;
use crate::interest::{DEFAULT_HALF_LIFE, Weights};
use crate::program::Program;
use crate::text;
use crate::time::Milliseconds;

/// Version of the binary form. A page that meets another one goes on capturing with
/// [`Model::default`] and leaves the evaluation to the collector.
const VERSION: u8 = 2;

/// Version of the form of a model that has slots, which come last. Another than that of one without
/// any, so that a page which cannot show them takes the same bytes as ever.
#[cfg(feature = "rules")]
const VERSION_WITH_SLOTS: u8 = 3;

/// What a visitor allows where nobody has asked them yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// Full events; storage in the browser.
    #[default]
    Granted,
    /// Segments are derived in the page; only their ids, a coarse score and the model's version
    /// leave it.
    Segments,
    /// Nothing is stored; the id lives as long as the page.
    Session,
    /// Nothing is stored and nothing is sent.
    Denied,
}

impl Consent {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Granted, Self::Segments, Self::Session, Self::Denied];

    /// The state's name in configuration and API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Segments => "segments",
            Self::Session => "session",
            Self::Denied => "denied",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a term begins with that is the slug of a topic which pages declare, and nothing else.
pub const TOPIC: char = '=';

/// One `[[interest]]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterestRule {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// Patterns of paths that are about it.
    pub paths: Vec<Box<str>>,
    /// Patterns of titles, searches, link texts and campaign terms that are about it; slugs with
    /// `*`, matched against every run of whole words. After [`TOPIC`], topics that pages declare and
    /// that are this one by another name.
    pub terms: Vec<Box<str>>,
    /// How long evidence takes to count for half.
    pub half_life: Milliseconds,
}

impl InterestRule {
    /// Whether a path is about it.
    #[must_use]
    pub fn covers_path(&self, path: &str) -> bool {
        self.paths.iter().any(|glob| text::matches(glob, path))
    }

    /// Whether a text is about it: a term matches a run of its words.
    #[must_use]
    pub fn covers_text(&self, text: &str) -> bool {
        !self.terms.is_empty() && self.covers_slug(&text::slug(text))
    }

    /// Topics that pages declare and that are this one by another name.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.terms
            .iter()
            .filter_map(|term| term.strip_prefix(TOPIC))
    }

    /// Whether a slug is about it.
    #[must_use]
    pub fn covers_slug(&self, slug: &str) -> bool {
        text::any_run(slug, &|run| {
            self.terms.iter().any(|term| text::matches(term, run))
        })
    }
}

/// One `[[segment]]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its id, a slug.
    pub id: Box<str>,
    /// What people call it.
    pub label: Box<str>,
    /// The program that says whether a visitor is in it.
    pub program: usize,
}

/// Parts of paths and labels that say nothing about a page's subject. Slugs between spaces.
pub const STOP_WORDS: &str = "about account algemeen archive article articles blog cart categorie \
    category collections contact de en faq fr home index inloggen login magazine news nieuws nl \
    over over-ons page pages post posts privacy product producten products search shop tag tags \
    winkel zoeken";

/// The compiled configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Parts of paths and labels that are no topics: slugs between spaces.
    pub stop_words: Box<str>,
    /// Names of click id parameters, between spaces. Here, and in [`STOP_WORDS`], is what the page
    /// learns from the model: the web changes more often than the page's module.
    pub click_ids: Box<str>,
    /// Configured interests. Where an event is about none of them, topics come from the page.
    pub interests: Vec<InterestRule>,
    /// What counts for how much.
    pub weights: Weights,
    /// Events that conditions count, each up to four lines: a name, or a pattern of names; where the
    /// condition asks for a property, its name and a pattern of its JSON text; and the half-life in
    /// milliseconds, where each time counts for less and less. At most 200 bytes.
    pub watches: Vec<Box<str>>,
    /// Programs, each of which may read those before it.
    pub programs: Vec<Program>,
    /// Configured segments.
    pub segments: Vec<Segment>,
    /// Places in pages and what may stand there.
    #[cfg(feature = "rules")]
    pub slots: Vec<Slot>,
    /// The program that is the lead score; without one it is [`crate::interest::engagement`].
    pub score: Option<usize>,
    /// Ids of the stages, the first one that of a visitor of whom nothing is known.
    pub stages: Vec<Box<str>>,
    /// The program that is the place of the stage.
    pub stage: Option<usize>,
}

impl Model {
    /// No model, not even that of a site without configuration: what a page has that has not
    /// received any.
    #[must_use]
    pub fn new() -> Self {
        Self {
            stop_words: Box::default(),
            click_ids: Box::default(),
            interests: Vec::new(),
            weights: Weights::DEFAULT,
            watches: Vec::new(),
            programs: Vec::new(),
            segments: Vec::new(),
            #[cfg(feature = "rules")]
            slots: Vec::new(),
            score: None,
            stages: Vec::new(),
            stage: None,
        }
    }

    /// The configured interest of that id.
    #[must_use]
    pub fn interest(&self, id: &str) -> Option<&InterestRule> {
        self.rules().iter().find(|rule| &*rule.id == id)
    }

    /// The configured interests: none, for all that the compiler knows, where rules are left out.
    #[must_use]
    pub fn rules(&self) -> &[InterestRule] {
        if cfg!(feature = "rules") {
            &self.interests
        } else {
            &[]
        }
    }

    /// The configured segment of that id.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&Segment> {
        let mut segments = self.segments.iter();
        segments.find(|segment| cfg!(feature = "rules") && &*segment.id == id)
    }

    /// The slot of that id.
    #[cfg(feature = "rules")]
    #[must_use]
    pub fn slot(&self, id: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| &*slot.id == id)
    }

    /// Half-life of the evidence for a topic.
    #[must_use]
    pub fn half_life(&self, id: &str) -> Milliseconds {
        self.interest(id)
            .map_or(DEFAULT_HALF_LIFE, |rule| rule.half_life)
    }
}

impl Default for Model {
    /// The model of a site without configuration.
    fn default() -> Self {
        Self {
            stop_words: STOP_WORDS.into(),
            click_ids: campaign::CLICK_IDS.into(),
            ..Self::new()
        }
    }
}

impl Encode for InterestRule {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.label);
        out.list(&self.paths);
        out.list(&self.terms);
        out.integer(self.half_life.0);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            id: reader.boxed(),
            label: reader.boxed(),
            paths: reader.list(),
            terms: reader.list(),
            half_life: Milliseconds(reader.integer()),
        }
    }
}

impl Encode for Segment {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.label);
        out.integer(self.program as u64);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            id: reader.boxed(),
            label: reader.boxed(),
            program: reader.integer() as usize,
        }
    }
}

impl Encode for Weights {
    fn encode(&self, out: &mut Writer) {
        out.float(self.view);
        out.float(self.reading);
        out.float(self.unmeasured_view);
        out.float(self.search);
        out.float(self.campaign);
        out.float(self.click);
        out.float(self.form);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self {
            view: reader.float(),
            reading: reader.float(),
            unmeasured_view: reader.float(),
            search: reader.float(),
            campaign: reader.float(),
            click: reader.float(),
            form: reader.float(),
        }
    }
}

/// What only rules of the owner's need. Where these are left out, so must the model have.
fn of_rules<T: Encode>(reader: &mut Reader<'_>) -> Vec<T> {
    if cfg!(feature = "rules") {
        return reader.list();
    }
    if reader.integer() != 0 {
        reader.fail(DecodeError::Invalid("rule"));
    }
    Vec::new()
}

impl Encode for Model {
    fn encode(&self, out: &mut Writer) {
        #[cfg(feature = "rules")]
        if !self.slots.is_empty() {
            out.byte(VERSION_WITH_SLOTS);
            self.encode_rest(out);
            out.list(&self.slots);
            return;
        }
        out.byte(VERSION);
        self.encode_rest(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        #[cfg(feature = "rules")]
        if version == VERSION_WITH_SLOTS {
            let mut model = Self::decode_rest(reader);
            model.slots = reader.list();
            return model;
        }
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        Self::decode_rest(reader)
    }
}

impl Model {
    /// All but the version and the slots.
    fn encode_rest(&self, out: &mut Writer) {
        out.text(&self.stop_words);
        out.text(&self.click_ids);
        out.list(&self.interests);
        self.weights.encode(out);
        out.list(&self.watches);
        out.list(&self.programs);
        out.list(&self.segments);
        out.list(&self.stages);
        for program in [self.score, self.stage] {
            out.integer(program.map_or(0, |program| program as u64 + 1));
        }
    }

    fn decode_rest(reader: &mut Reader<'_>) -> Self {
        Self {
            #[cfg(feature = "rules")]
            slots: Vec::new(),
            stop_words: reader.boxed(),
            click_ids: reader.boxed(),
            interests: of_rules(reader),
            weights: Weights::decode(reader),
            watches: of_rules(reader),
            programs: of_rules(reader),
            segments: of_rules(reader),
            stages: reader.list(),
            score: (reader.integer() as usize).checked_sub(1),
            stage: (reader.integer() as usize).checked_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;
    use std::vec;

    use super::*;

    fn crm() -> InterestRule {
        InterestRule {
            id: "crm".into(),
            label: "CRM".into(),
            paths: vec!["/crm/*".into(), "*/klantbeheer*".into()],
            terms: vec!["crm*".into(), "customer-relationship".into()],
            half_life: Milliseconds::from_days(30),
        }
    }

    #[test]
    fn what_an_interest_covers() {
        let rule = crm();
        for (path, expected) in [
            ("/crm/prijs", true),
            ("/nl/klantbeheer", true),
            ("/erp/", false),
        ] {
            assert_eq!(rule.covers_path(path), expected, "{path}");
        }
        for (text, expected) in [
            ("Beste CRM-pakket", true),
            ("Een crmsysteem kiezen", true),
            ("De Customer  Relationship gids", true),
            ("customer of relationship", false),
            ("scrm", false),
            ("", false),
        ] {
            assert_eq!(rule.covers_text(text), expected, "{text}");
        }
    }

    #[test]
    fn stop_words_are_slugs() {
        let mut words = text::pieces(STOP_WORDS, b' ');
        assert!(words.all(|word| !word.is_empty() && text::slug(word) == *word));
    }

    #[test]
    fn bytes_and_back() {
        let model = Model {
            interests: vec![crm()],
            watches: vec!["Order Completed".into()],
            programs: vec![Program::default(); 3],
            segments: vec![Segment {
                id: "warm-crm".into(),
                label: "Warm for CRM".into(),
                program: 1,
            }],
            score: Some(0),
            stages: vec!["cold".into(), "hot".into()],
            stage: Some(2),
            ..Model::default()
        };
        let text = model.to_text();
        assert_eq!(Model::from_text(&text), Ok(model));
        for end in 0..text.len() {
            assert!(Model::from_text(text.get(..end).unwrap_or("é")).is_err());
        }
        assert_eq!(Model::from_text("\u{9}"), Err(DecodeError::Version(9)));
    }
}
