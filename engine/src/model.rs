//! The model: the configuration as page and collector evaluate it.
//!
//! The collector compiles it from `firstglance.toml`; the page receives the bytes. It never holds
//! what only the collector needs (keys, origins, folders).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Encode, Reader, Writer};
use crate::interest::DEFAULT_HALF_LIFE;
use crate::text;
use crate::time::Milliseconds;

/// Version of the binary form. A page that meets another one goes on capturing with
/// [`Model::default`] and leaves the evaluation to the collector.
const VERSION: u8 = 1;

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
    /// `*`, matched against every run of whole words.
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
        if self.terms.is_empty() {
            return false;
        }
        let text = text::slug(text);
        let edges = |from: usize| {
            let bytes = text.bytes().enumerate().skip(from);
            bytes.filter_map(|(place, byte)| (byte == b'-').then_some(place))
        };
        let starts = core::iter::once(0).chain(edges(0).map(|edge| edge + 1));
        starts.into_iter().any(|start| {
            edges(start)
                .chain(core::iter::once(text.len()))
                .filter_map(|end| text.get(start..end))
                .any(|run| self.terms.iter().any(|term| text::matches(term, run)))
        })
    }
}

/// The compiled configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Configured interests. Where an event is about none of them, topics come from the page.
    pub interests: Vec<InterestRule>,
}

impl Model {
    /// The model of a site without configuration.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            interests: Vec::new(),
        }
    }

    /// The configured interest of that id.
    #[must_use]
    pub fn interest(&self, id: &str) -> Option<&InterestRule> {
        self.interests.iter().find(|rule| &*rule.id == id)
    }

    /// Half-life of the evidence for a topic.
    #[must_use]
    pub fn half_life(&self, id: &str) -> Milliseconds {
        self.interest(id)
            .map_or(DEFAULT_HALF_LIFE, |rule| rule.half_life)
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
            id: reader.text().into(),
            label: reader.text().into(),
            paths: reader.list(),
            terms: reader.list(),
            half_life: Milliseconds(reader.integer()),
        }
    }
}

impl Encode for Model {
    fn encode(&self, out: &mut Writer) {
        out.byte(VERSION);
        out.list(&self.interests);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        let version = reader.byte();
        if version != VERSION {
            reader.fail(DecodeError::Version(version));
        }
        Self {
            interests: reader.list(),
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
    fn bytes_and_back() {
        let model = Model {
            interests: vec![crm()],
        };
        let bytes = model.to_bytes();
        assert_eq!(Model::from_bytes(&bytes), Ok(model));
        for end in 0..bytes.len() {
            assert!(Model::from_bytes(&bytes[..end]).is_err());
        }
        assert_eq!(Model::from_bytes(&[9]), Err(DecodeError::Version(9)));
    }
}
