//! Brand search: whether a campaign or its search term names the site itself. Who asks for a shop by its
//! name had it in mind already; what it takes to bring others is another question.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::evaluation::Evaluation;
use crate::event::{Event, EventKind, Page};
use crate::model::Model;
use crate::profile::Profile;
use crate::program::{Builder, Instruction, Test, TextSource, Which, holds};
use crate::text::slug;
use crate::time::Timestamp;
use crate::{Campaign, campaign};

use super::sites::{Tests, test};

/// The parameters that may name it.
const PARAMETERS: [&str; 2] = ["utm_campaign", "utm_term"];

/// Pushes whether a campaign or its term has one of these words, one typing error allowed.
#[must_use]
pub fn brand(which: Which, terms: &[String]) -> Vec<Instruction> {
    let mut tests = Tests::default();
    for term in terms {
        let term = slug(term);
        for (place, name) in (0..).zip(campaign::fields()) {
            if PARAMETERS.contains(&name) {
                let source = TextSource::Utm(which, place);
                tests.either(vec![test(source, Test::Near, &term)]);
            }
        }
    }
    if tests.code.is_empty() {
        return vec![Instruction::Number(0.0)];
    }
    tests.code
}

/// Asks it of campaigns that are told apart from visitors.
#[derive(Clone, Debug)]
pub struct BrandWords(Model);

impl BrandWords {
    /// Of a site's words for itself.
    #[must_use]
    pub fn new(terms: &[String]) -> Self {
        let mut model = Model::new();
        let mut builder = Builder::default();
        for instruction in &brand(Which::First, terms) {
            builder.push(instruction, &model.programs);
        }
        model.programs.push(builder.finish(None));
        Self(model)
    }

    /// Whether they are named; nothing where neither campaign nor term is given.
    #[must_use]
    pub fn are_in(&self, campaign: &str, term: &str) -> Option<bool> {
        if campaign.is_empty() && term.is_empty() {
            return None;
        }
        let at = Timestamp::MIN;
        let campaign = Campaign::from_pairs(PARAMETERS.into_iter().zip([campaign, term]));
        let mut profile = Profile::new();
        let event = Event {
            at,
            kind: EventKind::Viewed {
                campaign: &campaign,
                measured: true,
            },
            name: "",
            values: "",
            page: Page::default(),
            topics: "",
            keywords: "",
        };
        profile.take_in(&event, &Model::new());
        Some(holds(Evaluation::of(&profile, &self.0, at).value(0)))
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn campaigns_and_terms_that_name_the_site() {
        let words = BrandWords::new(&["Fietsenmaker".to_owned(), "mijn winkel".to_owned()]);
        for (campaign, term, expected) in [
            ("", "", None),
            ("brand", "fietsenmaker zwolle", Some(true)),
            ("", "fietsenmakr", Some(true)),
            ("Mijn-Winkel 2026", "", Some(true)),
            ("spring", "e-bike", Some(false)),
            ("spring", "", Some(false)),
        ] {
            assert_eq!(words.are_in(campaign, term), expected, "{campaign} {term}");
        }
        assert_eq!(BrandWords::new(&[]).are_in("spring", ""), Some(false));
    }
}
