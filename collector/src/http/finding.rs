//! Finding visitors, those seen latest first: by segment, stage, interest, trait, text, consent, what
//! first brought them and when they were last seen. All that is given must hold.
//!
//! Lists of the store narrow the search down where they can; what a visitor is in is worked out at the
//! moment of the request all the same. One request reads a bounded number of profiles: what is not found
//! among them is looked for by the next one, from the cursor on.

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use firstglance_engine::interest::SEGMENT_SCORE;
use firstglance_engine::model::Consent;
use firstglance_engine::origin::CHANNELS;
use firstglance_engine::profile::{EntryKind, Touch};
use firstglance_engine::text::{folded, same_folded};
use firstglance_engine::{Campaign, Profile, Snapshot, Timestamp, VisitorId, snapshot};
use hyper::Uri;
use sha2::{Digest as _, Sha256};

use super::error::HttpError;
use super::{App, query};
use crate::clock;
use crate::store::counting::{Part, channel_of};
use crate::store::listing::{List, NoPosition, Position};

/// Profiles read from the store at once.
const READ_AT_ONCE: usize = 256;

/// What a parameter of a trait's name begins with.
const TRAIT: &str = "trait.";

/// Bytes of a cursor that stand for its filters: against mistakes, not against anybody.
const DIGEST_BYTES: usize = 8;

/// Origins whose channel is remembered while one request looks.
const MOST_ORIGINS: usize = 4_096;

/// Parameters that say what is asked for, besides traits.
const ASKED: [&str; 17] = [
    "segment",
    "also",
    "stage",
    "interest",
    "channel",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "without",
    "text",
    "consent",
    "since",
    "seen_after",
    "first_seen_after",
    "brought_after",
];

/// Visitors that were found.
pub(super) struct Found {
    pub(super) visitors: Vec<FoundVisitor>,
    /// Where to go on; nothing where there is nobody more.
    pub(super) next: Option<String>,
    /// Profiles that were read for it.
    pub(super) read: usize,
}

/// A visitor, and what their profile means now.
pub(super) struct FoundVisitor {
    pub(super) id: VisitorId,
    pub(super) profile: Profile,
    pub(super) snapshot: Snapshot,
    /// The consent that their page said last.
    pub(super) consent: Option<Consent>,
}

/// What an address asks for, and from where on.
pub(super) struct Finding {
    wanted: Wanted,
    filter: Filter,
    after: Option<Position>,
}

impl Finding {
    /// What the parameters of an address ask for.
    ///
    /// # Errors
    /// When one of them says what it cannot.
    pub(super) fn of(uri: &Uri) -> Result<Self, HttpError> {
        let filter = Filter::of(uri);
        Ok(Self {
            after: filter.position(uri)?,
            wanted: Wanted::of(uri)?,
            filter,
        })
    }

    /// Only whoever was last seen then or later.
    pub(super) fn seen_since(mut self, moment: Timestamp) -> Self {
        self.wanted.since = Some(moment);
        self
    }

    /// Only whoever was first seen then or later.
    pub(super) fn first_seen_since(mut self, moment: Timestamp) -> Self {
        self.wanted.first_since = Some(moment);
        self.wanted.since = self.wanted.since.max(Some(moment));
        self
    }

    /// Only whomever something brought then or later; what is asked of a touch, is asked of that.
    pub(super) fn brought_since(mut self, moment: Timestamp) -> Self {
        self.wanted.brought_since = Some(moment);
        self.wanted.since = self.wanted.since.max(Some(moment));
        self
    }

    /// Finds at most `limit` visitors, and reads at most `most_read` profiles for it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn run(
        self,
        app: &App,
        limit: usize,
        most_read: usize,
    ) -> Result<Found, HttpError> {
        let Self {
            wanted,
            filter,
            mut after,
        } = self;
        let lists = wanted.lists(app);
        let (model, now) = (app.model(), clock::now());
        let channels = Channels::default();
        let mut visitors = Vec::new();
        let mut read = 0;
        let next = 'reading: loop {
            let page = app
                .store
                .list(lists.clone(), after.clone(), READ_AT_ONCE)
                .await?;
            let last_page = page.len() < READ_AT_ONCE;
            let is_too_old =
                |position: &Position| wanted.since.is_some_and(|since| position.is_before(since));
            for listed in page {
                if is_too_old(&listed.position) {
                    break 'reading None;
                }
                if visitors.len() == limit || read == most_read {
                    break 'reading after;
                }
                read += 1;
                let (id, profile) = (&listed.position.visitor, listed.profile);
                // What the profile alone tells comes first: to evaluate it takes longer.
                let consents = wanted.consent.is_none() || wanted.consent == listed.consent;
                if consents && wanted.may_be(id, &profile, &channels) {
                    let snapshot = Snapshot::of(&profile, &model, now);
                    if wanted.is(&snapshot) {
                        visitors.push(FoundVisitor {
                            id: id.clone(),
                            profile,
                            snapshot,
                            consent: listed.consent,
                        });
                    }
                }
                after = Some(listed.position);
            }
            if last_page {
                break None;
            }
        };
        Ok(Found {
            visitors,
            next: next.map(|position| filter.cursor(&position)),
            read,
        })
    }
}

/// What tells one question from another: a cursor goes on with the one that it was given for.
struct Filter(String);

impl Filter {
    fn of(uri: &Uri) -> Self {
        let mut asked: Vec<_> = query::all(uri)
            .filter(|(name, value)| {
                let asks = ASKED.contains(&&**name) || name.starts_with(TRAIT);
                asks && !value.is_empty()
            })
            .collect();
        asked.sort();
        let mut digest = Sha256::new();
        for part in asked.iter().flat_map(|(name, value)| [name, value]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self(URL_SAFE_NO_PAD.encode(&digest.finalize()[..DIGEST_BYTES]))
    }

    fn cursor(&self, position: &Position) -> String {
        format!("{position}.{}", self.0)
    }

    /// The position of the cursor in an address.
    fn position(&self, uri: &Uri) -> Result<Option<Position>, HttpError> {
        let wrong = |detail: &str| HttpError::Query {
            name: "cursor",
            detail: format!("\"cursor\" {detail}"),
        };
        let Some(cursor) = query::parameter(uri, "cursor").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let none = || wrong(&NoPosition.to_string());
        let (position, filter) = cursor.split_once('.').ok_or_else(none)?;
        let position = position.parse().map_err(|_| none())?;
        if filter != self.0 {
            return Err(wrong(
                "was given for other filters: those of the first request must stay",
            ));
        }
        Ok(Some(position))
    }
}

/// Who is asked for: all of it must hold.
struct Wanted {
    /// Folded; occurs in what names the visitor.
    text: String,
    segment: Option<Box<str>>,
    /// Another segment that they are in as well.
    also: Option<Box<str>>,
    stage: Option<Box<str>>,
    /// Id, and how strong at least.
    interest: Option<(Box<str>, f64)>,
    /// What first brought the visitor.
    channel: Option<Box<str>>,
    /// What of what brought them, and what it is.
    parts: Vec<(Part, Box<str>)>,
    /// What of these it has nothing of.
    without: Option<Part>,
    /// That something brought them then or later, and what: in place of what first did.
    brought_since: Option<Timestamp>,
    /// First seen then or later.
    first_since: Option<Timestamp>,
    /// Name and value of traits.
    traits: Vec<(String, String)>,
    /// The consent that their page said last.
    consent: Option<Consent>,
    /// Last seen then or later.
    since: Option<Timestamp>,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, HttpError> {
        let given = |name| query::parameter(uri, name).filter(|value| !value.is_empty());
        let text = given("text").map(|text| folded(text.trim()).collect());
        let interest = given("interest").map(|interest| match interest.split_once(':') {
            None => Ok((interest.as_ref().into(), SEGMENT_SCORE)),
            Some((id, least)) => match least.parse() {
                Ok(least) if (0.0..=1.0).contains(&least) => Ok((id.into(), least)),
                _ => Err(HttpError::Query {
                    name: "interest",
                    detail:
                        "\"interest\" must be an id, or an id, a colon and a number from 0 to 1"
                            .to_owned(),
                }),
            },
        });
        let traits = query::all(uri).filter_map(|(name, value)| {
            let name = name.strip_prefix(TRAIT)?;
            Some((name.to_owned(), value.into_owned()))
        });
        let channel = given("channel");
        if let Some(channel) = channel.as_deref().filter(|name| !CHANNELS.contains(name)) {
            return Err(HttpError::Query {
                name: "channel",
                detail: format!(
                    "there is no channel {channel:?}; those known are: {}",
                    CHANNELS.join(", ")
                ),
            });
        }
        let consent = given("consent").map(|name| {
            Consent::from_name(&name).ok_or_else(|| HttpError::Query {
                name: "consent",
                detail: format!(
                    "\"consent\" must be one of {}",
                    Consent::ALL.map(Consent::name).join(", ")
                ),
            })
        });
        let parts = Part::ALL.into_iter().filter_map(|part| {
            let wanted = given(part.name())?;
            Some((part, wanted.into()))
        });
        let without = given("without").map(|name| {
            let found = Part::ALL.into_iter().find(|part| part.name() == name);
            found.ok_or_else(|| HttpError::Query {
                name: "without",
                detail: format!(
                    "\"without\" must be one of {}",
                    Part::ALL.map(Part::name).join(", ")
                ),
            })
        });
        Ok(Self {
            text: text.unwrap_or_default(),
            consent: consent.transpose()?,
            segment: given("segment").map(Into::into),
            also: given("also").map(Into::into),
            stage: given("stage").map(Into::into),
            interest: interest.transpose()?,
            channel: channel.map(Into::into),
            parts: parts.collect(),
            without: without.transpose()?,
            brought_since: None,
            first_since: None,
            traits: traits.collect(),
            since: query::moment(uri, "since")?,
        })
    }

    /// The lists that have everybody who is wanted.
    fn lists(&self, app: &App) -> Vec<List> {
        if let Some(segment) = &self.segment {
            return vec![List::Segment(segment.clone())];
        }
        if let Some(stage) = &self.stage {
            let mut lists = vec![List::Stage(Some(stage.clone()))];
            if **stage == *snapshot::first_stage(&app.model()) {
                lists.push(List::Stage(None));
            }
            return lists;
        }
        vec![List::All]
    }

    /// Whether what follows from the profile alone holds.
    fn may_be(&self, visitor: &VisitorId, profile: &Profile, channels: &Channels) -> bool {
        let has = |(name, value): &(String, String)| {
            let entry = profile.entries.find(EntryKind::Trait, name);
            // Kept as JSON: a text without its marks, and anything else as it stands.
            let said = entry.map(|entry| serde_json::from_str::<String>(&entry.value));
            match said {
                Some(Ok(text)) => same_folded(&text, value),
                Some(Err(_)) => entry.is_some_and(|entry| *entry.value == **value),
                None => false,
            }
        };
        self.since.is_none_or(|since| profile.last_seen >= since)
            && self
                .first_since
                .is_none_or(|since| profile.first_seen >= since)
            && self.traits.iter().all(has)
            && self.came_so(profile, channels)
            && mentions(visitor, profile, &self.text)
    }

    /// Whether the first touch is the one that is wanted, or, where it is asked who was brought from a
    /// moment on, any touch since then.
    fn came_so(&self, profile: &Profile, channels: &Channels) -> bool {
        if let Some(since) = self.brought_since {
            let touches = profile.touches(Timestamp::MAX);
            let mut brought = touches.iter().filter(|touch| {
                let anything = !touch.referrer.is_empty() || !touch.campaign.is_empty();
                touch.at >= since && anything
            });
            return brought.any(|touch| self.is_so(touch, channels));
        }
        if self.without.is_none() && self.channel.is_none() && self.parts.is_empty() {
            return true;
        }
        let first = profile.first_touch();
        first.is_some_and(|touch| self.is_so(&touch, channels))
    }

    /// Whether a touch has what is wanted of one.
    fn is_so(&self, touch: &Touch<'_>, channels: &Channels) -> bool {
        let has = |(part, wanted): &(Part, Box<str>)| same_folded(wanted, part.of_touch(touch));
        let channel = self.channel.as_ref();
        self.parts.iter().all(has)
            && self
                .without
                .is_none_or(|part| part.of_touch(touch).is_empty())
            && channel.is_none_or(|wanted| same_folded(wanted, channels.of(touch)))
    }

    /// Whether what the profile means is what is wanted.
    fn is(&self, snapshot: &Snapshot) -> bool {
        let is_in = |segment: &str| snapshot.segments.iter().any(|one| **one == *segment);
        let likes = |(id, least): &(Box<str>, f64)| {
            let mut interests = snapshot.interests.iter();
            // A star is no id, and stands for any.
            interests.any(|one| (**id == *"*" || one.id == *id) && one.score >= *least)
        };
        self.segment.as_deref().is_none_or(is_in)
            && self.also.as_deref().is_none_or(is_in)
            && self.stage.as_ref().is_none_or(|one| *one == snapshot.stage)
            && self.interest.as_ref().is_none_or(likes)
    }
}

/// Channels of touches: to find one runs programs, and few origins bring most visitors.
#[derive(Default)]
pub(super) struct Channels(RefCell<HashMap<Box<str>, &'static str>>);

impl Channels {
    /// The channel of a touch.
    pub(super) fn of(&self, touch: &Touch<'_>) -> &'static str {
        // What a click id says beside its name is another for each click, and tells no channel.
        let click_id = Campaign::click_id_name(touch.campaign.as_lines());
        let [source, medium, campaign] =
            ["utm_source", "utm_medium", "utm_campaign"].map(|name| touch.campaign.get(name));
        let origin = [touch.referrer, source, medium, campaign, click_id].join("\n");
        let mut known = self.0.borrow_mut();
        if let Some(channel) = known.get(&*origin) {
            return channel;
        }
        if known.len() == MOST_ORIGINS {
            known.clear();
        }
        let channel = channel_of(touch);
        known.insert(origin.into(), channel);
        channel
    }
}

/// Whether the text, which is folded, occurs in what names the visitor: ids, traits, searches,
/// pages.
fn mentions(visitor: &VisitorId, profile: &Profile, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let occurs = |place: &str| {
        let place: String = folded(place).collect();
        place.contains(text) || same_folded(&place, text)
    };
    occurs(visitor.as_str())
        || [EntryKind::User, EntryKind::Trait]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.value)))
        || [EntryKind::Search, EntryKind::Page]
            .into_iter()
            .any(|kind| profile.entries.of(kind).any(|entry| occurs(&entry.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_with_its_own_question() {
        let filter = |query: &str| Filter::of(&format!("/x?{query}").parse().unwrap()).0;
        let asked = filter("segment=a&text=b&trait.x=1");
        for same in [
            "text=b&segment=a&trait.x=1",
            "segment=a&text=b&trait.x=1&cursor=c&limit=7&columns=who&csv=visitors&stage=",
        ] {
            assert_eq!(filter(same), asked, "{same}");
        }
        for other in [
            "segment=a&text=b",
            "segment=a&text=b&trait.x=1&channel=Email",
            "segment=ab&text=&trait.x=1",
        ] {
            assert_ne!(filter(other), asked, "{other}");
        }
    }
}
