//! Rules that were posted: segments, and names for topics that pages declare. As JSON they have the
//! shape of the configuration's tables.
//!
//! They are made TOML and read like the configuration, so that there is one reader and one set of
//! sentences; problems are told where they are in what was posted. Whether they are in order only the
//! configuration beside which they stand can tell.

use firstglance_engine::model::{InterestRule, TOPIC};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::ContentProblem;
use super::duration;

/// Bytes that posted rules may have.
const MOST_BYTES: usize = 256 * 1024;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PostedRules {
    /// Segments. One with the id of a configured one takes its place.
    #[serde(default)]
    pub segment: Vec<PostedSegment>,
    /// Interests. One with the id of a configured one takes its place.
    #[serde(default)]
    pub interest: Vec<PostedInterest>,
}

/// A segment that was posted: the fields of `[[segment]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PostedSegment {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The condition.
    pub when: String,
}

/// An interest that was posted: the fields of `[[interest]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PostedInterest {
    /// Its id.
    pub id: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Paths of pages about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Words that are about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<String>,
    /// Topics of pages that are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// Evidence counts for half after so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life: Option<String>,
}

impl PostedInterest {
    /// As an interest would be posted that is in force.
    #[must_use]
    pub fn of(rule: &InterestRule) -> Self {
        let terms = rule.terms.iter().filter(|term| !term.starts_with(TOPIC));
        Self {
            id: rule.id.to_string(),
            label: Some(rule.label.to_string()),
            paths: rule.paths.iter().map(ToString::to_string).collect(),
            terms: terms.map(ToString::to_string).collect(),
            topics: rule.topics().map(str::to_owned).collect(),
            half_life: Some(duration::written(rule.half_life)),
        }
    }
}

impl PostedRules {
    /// Reads what was posted.
    ///
    /// # Errors
    /// Where it is no JSON, or cannot be rules whatever the configuration is.
    pub fn parse(json: &str) -> Result<Self, ContentProblem> {
        if json.len() > MOST_BYTES {
            let wrong = format!("this has {} bytes", json.len());
            let right = format!("it may have {MOST_BYTES}");
            return Err(ContentProblem::whole(wrong, &right));
        }
        let right = "it must be an object with the lists \"segment\" and \"interest\"";
        // A list would be taken for the fields in their order.
        let object = serde_json::from_str::<Map<String, Value>>(json);
        let read = object.and_then(|object| serde_json::from_value(Value::Object(object)));
        read.map_err(|error| ContentProblem::whole(error.to_string(), right))
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts and lists of them can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether nothing is posted: the configuration alone is in force.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segment.is_empty() && self.interest.is_empty()
    }

    /// The segment of an id.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&PostedSegment> {
        self.segment.iter().find(|one| one.id == id)
    }

    /// The interest of an id.
    #[must_use]
    pub fn interest(&self, id: &str) -> Option<&PostedInterest> {
        self.interest.iter().find(|one| one.id == id)
    }

    /// Puts a segment in the place of the one with its id, or after all.
    pub fn put(&mut self, segment: PostedSegment) {
        match self.segment.iter_mut().find(|one| one.id == segment.id) {
            Some(known) => *known = segment,
            None => self.segment.push(segment),
        }
    }

    /// Puts an interest in the place of the one with its id, or after all.
    pub fn put_interest(&mut self, interest: PostedInterest) {
        match self.interest.iter_mut().find(|one| one.id == interest.id) {
            Some(known) => *known = interest,
            None => self.interest.push(interest),
        }
    }

    /// The text that is read.
    ///
    /// # Errors
    /// Where a text cannot be written in TOML.
    pub(super) fn to_toml(&self) -> Result<String, ContentProblem> {
        let right = "leave out what is no text";
        toml::to_string(self).map_err(|error| ContentProblem::whole(error.to_string(), right))
    }

    /// Without what problems are about; says which of it went. Nothing where they are about none of it.
    #[must_use]
    pub fn without(&self, problems: &[ContentProblem]) -> Option<(Self, Vec<String>)> {
        fn kept<T: Clone>(
            all: &[T],
            list: &str,
            id: impl Fn(&T) -> &String,
            (problems, gone): (&[ContentProblem], &mut Vec<String>),
        ) -> Vec<T> {
            let places = all.iter().enumerate();
            let kept = places.filter(|(place, one)| {
                let begin = format!("{list}[{place}]");
                let mut problems = problems.iter();
                let wrong = problems.any(|problem| problem.place.starts_with(&begin));
                if wrong {
                    gone.push(id(one).clone());
                }
                !wrong
            });
            kept.map(|(_, one)| one.clone()).collect()
        }
        let mut gone = Vec::new();
        let segment = kept(
            &self.segment,
            "segment",
            |one| &one.id,
            (problems, &mut gone),
        );
        let interest = kept(
            &self.interest,
            "interest",
            |one| &one.id,
            (problems, &mut gone),
        );
        (!gone.is_empty()).then_some((Self { segment, interest }, gone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let json = r#"{"segment":[{"id":"hot","when":"visits > 1"}],"interest":[{"id":"a","topics":["b"]}]}"#;
        let rules = PostedRules::parse(json).unwrap();
        assert_eq!(rules.to_json(), json);
        assert_eq!(rules.segment("hot").unwrap().when, "visits > 1");
        assert!(PostedRules::parse("{}").unwrap().is_empty());
        for wrong in ["", "[]", r#"{"slot":[]}"#, r#"{"segment":[{"id":"a"}]}"#] {
            assert!(PostedRules::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_interest_in_force_and_back() {
        let text = "[site]\nwrite_key = \"k\"\n[[interest]]\nid = \"e-bikes\"\nlabel = \"E-bikes\"\n\
                    paths = [\"/e/*\"]\nterms = [\"E-Bike*\"]\ntopics = [\"Elektrische fietsen\"]\nhalf_life = \"3d\"\n";
        let config = crate::config::Config::parse(text).unwrap();
        let posted = PostedInterest::of(&config.model.interests[0]);
        assert_eq!(posted.topics, ["elektrische-fietsen"]);
        let rules = PostedRules {
            interest: vec![posted],
            ..PostedRules::default()
        };
        let after = config.with_rules(std::sync::Arc::new(rules)).unwrap();
        assert_eq!(after.model, config.model);
    }

    /// Where interests come by themselves, naming one leaves all others what they are, also for those who
    /// ask for them.
    #[test]
    fn a_name_takes_nothing_from_others() {
        let site = "[site]\nwrite_key = \"k\"\n";
        let asks = "[[segment]]\nid = \"a\"\nwhen = 'interest(\"helmets\") >= 0.5'\n";
        let rules = PostedRules::parse(r#"{"interest":[{"id":"bikes","topics":["City bikes"]}]}"#);
        let rules = std::sync::Arc::new(rules.unwrap());
        let config = crate::config::Config::parse(&format!("{site}{asks}")).unwrap();
        assert!(config.with_rules(rules.clone()).is_ok());
        // Where the configuration's file has its own, a name that is none of them is a mistake as before.
        let own = "[[interest]]\nid = \"crm\"\n";
        assert!(crate::config::Config::parse(&format!("{site}{asks}{own}")).is_err());
        let config = crate::config::Config::parse(&format!("{site}{own}")).unwrap();
        let after = config.with_rules(rules).unwrap();
        assert_eq!(after.interests.len(), 2);
    }

    #[test]
    fn what_problems_are_about_goes() {
        let rules = PostedRules::parse(
            r#"{"segment":[{"id":"a","when":"x"},{"id":"b","when":"y"}],"interest":[{"id":"c"}]}"#,
        )
        .unwrap();
        let problem = |place: &str| ContentProblem {
            place: place.to_owned(),
            at: None,
            wrong: String::new(),
            right: String::new(),
        };
        let (left, gone) = rules.without(&[problem("segment[1].when")]).unwrap();
        assert_eq!((left.segment.len(), gone), (1, vec!["b".to_owned()]));
        assert!(rules.without(&[problem("")]).is_none());
        assert!(rules.without(&[problem("segment[11].when")]).is_none());
    }
}
