//! Origins: what brought somebody to a page, as far as it is counted apart, and the names under which
//! that is counted. They name nobody, and not which click it was.

use std::sync::LazyLock;

use firstglance_engine::origin::Grouping;
use firstglance_engine::profile::Touch;
use firstglance_engine::{Campaign, Timestamp};

use super::counting::counted_name;

/// What brought somebody to a page, as far as it is counted apart: not which click it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Host of the page before; empty where there was none.
    pub referrer: String,
    /// `utm_source`.
    pub source: String,
    /// `utm_medium`.
    pub medium: String,
    /// `utm_campaign`.
    pub campaign: String,
    /// The parameter of an advertising platform's click id.
    pub click_id: String,
    /// `utm_term`.
    pub term: String,
    /// `utm_content`: which of a campaign's links or advertisements it was.
    pub content: String,
}

/// A part of what brought somebody, by which visitors are put together and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who sent them.
    Source,
    /// By which kind of link.
    Medium,
    /// For which campaign.
    Campaign,
    /// For which search term.
    Term,
    /// By which of a campaign's links or advertisements.
    Content,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Source,
        Self::Medium,
        Self::Campaign,
        Self::Term,
        Self::Content,
    ];

    /// Its name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Medium => "medium",
            Self::Campaign => "campaign",
            Self::Term => "term",
            Self::Content => "content",
        }
    }

    /// What a touch says of it; empty where that is nothing. Who links without saying so is named by the
    /// host.
    #[must_use]
    pub fn of_touch<'t>(self, touch: &'t Touch<'_>) -> &'t str {
        let said = touch.campaign.get(match self {
            Self::Source => "utm_source",
            Self::Medium => "utm_medium",
            Self::Campaign => "utm_campaign",
            Self::Term => "utm_term",
            Self::Content => "utm_content",
        });
        match self {
            Self::Source if said.is_empty() => touch.referrer,
            _ => said,
        }
    }
}

impl Origin {
    /// What it has of a part, in the same way.
    #[must_use]
    pub fn part(&self, part: Part) -> &str {
        match part {
            Part::Source if self.source.is_empty() => &self.referrer,
            Part::Source => &self.source,
            Part::Medium => &self.medium,
            Part::Campaign => &self.campaign,
            Part::Term => &self.term,
            Part::Content => &self.content,
        }
    }

    /// Of what a page view says.
    #[must_use]
    pub fn new(referrer: &str, campaign: &Campaign) -> Self {
        let counted = |parameter| counted_name(campaign.get(parameter)).into_owned();
        Self {
            referrer: counted_name(referrer).into_owned(),
            source: counted("utm_source"),
            medium: counted("utm_medium"),
            campaign: counted("utm_campaign"),
            click_id: Campaign::click_id_name(campaign.as_lines()).to_owned(),
            term: counted("utm_term"),
            content: counted("utm_content"),
        }
    }

    /// Its parts by name, in the order in which they are counted.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &str); 7] {
        [
            ("referrer", &self.referrer),
            ("source", &self.source),
            ("medium", &self.medium),
            ("campaign", &self.campaign),
            ("click_id", &self.click_id),
            ("term", &self.term),
            ("content", &self.content),
        ]
    }

    /// The name under which it is counted: its parts, a line each. The last two are left out where
    /// neither was given, as in most.
    #[must_use]
    pub fn to_name(&self) -> String {
        let parts = self.parts().map(|(_, part)| part);
        let told = match (&*self.term, &*self.content) {
            ("", "") => 5,
            _ => parts.len(),
        };
        parts[..told].join("\n")
    }

    /// Of the name under which it was counted.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let mut parts = name.split('\n').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self {
            referrer: next(),
            source: next(),
            medium: next(),
            campaign: next(),
            click_id: next(),
            term: next(),
            content: next(),
        }
    }

    /// The name under which something else is counted by it: of a goal or a stage, say. What was
    /// brought by nothing that is known has that name alone.
    #[must_use]
    pub fn beside(what: &str, origin: Option<&Self>) -> String {
        let mut name = counted_name(what).into_owned();
        if let Some(origin) = origin {
            name.push('\n');
            name.push_str(&origin.to_name());
        }
        name
    }

    /// What was counted under such a name, and the name of the origin.
    #[must_use]
    pub fn apart(name: &str) -> (&str, Option<&str>) {
        match name.split_once('\n') {
            Some((what, origin)) => (what, Some(origin)),
            None => (name, None),
        }
    }

    /// Its channel, by the engine's rules of today.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        let pairs = [
            ("utm_source", &*self.source),
            ("utm_medium", &*self.medium),
            ("utm_campaign", &*self.campaign),
            (&*self.click_id, "1"),
        ];
        channel_of(&Touch {
            at: Timestamp::MIN,
            path: "/",
            referrer: &self.referrer,
            campaign: Campaign::from_pairs(pairs),
        })
    }
}

/// The channel of a touch, by the engine's rules of today.
#[must_use]
pub fn channel_of(touch: &Touch<'_>) -> &'static str {
    /// To make them takes longer than to use them.
    static RULES: LazyLock<Grouping> = LazyLock::new(Grouping::new);
    RULES.channel(touch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_their_channels() {
        let long = format!("{}\n", "x".repeat(300));
        for (referrer, pairs, channel) in [
            ("google.com", vec![], "Organic Search"),
            ("", vec![("gclid", "abc")], "Paid Search"),
            (
                "",
                vec![("utm_source", "news"), ("utm_medium", "email")],
                "Email",
            ),
            ("a.example", vec![("utm_campaign", &*long)], "Referral"),
            (
                "",
                vec![("utm_term", "bikes"), ("utm_content", "red")],
                "Direct",
            ),
        ] {
            let origin = Origin::new(referrer, &Campaign::from_pairs(pairs));
            assert_eq!(origin.channel(), channel, "{origin:?}");
            let name = origin.to_name();
            assert_eq!(Origin::of_name(&name), origin);
            assert!(name.len() < 600 && !name.contains("abc"));
            let beside = Origin::beside("sale", Some(&origin));
            assert_eq!(Origin::apart(&beside), ("sale", Some(&*name)));
        }
    }
}
