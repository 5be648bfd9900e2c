//! What a visitor's messages come to, and whether a profile is that.
//!
//! The fold does not depend on the order of messages but in two respects: sums of floats differ in
//! their last bits, and a full table keeps what it kept. So sums are compared with a tolerance, and
//! of full tables, and of visits that are counted and no longer kept, nothing is
//! said. What a profile remembers of segments and stages depends on when
//! somebody looked, and what counts as evidence on the configuration of that time.

use firstglance_engine::interest::Evidence;
use firstglance_engine::json::SharedFields;
use firstglance_engine::profile::{Entry, EntryKind, Sessions};
use firstglance_engine::{Evaluation, Profile, VisitorId};

use crate::store::ProfileFold;
use crate::store::embedded::record::StoredMessage;
use crate::store::joining;
use crate::store::merges::Said;

/// Part by which two sums of the same weights may differ.
const TOLERANCE: f64 = 1e-6;

/// See the module.
#[derive(Default)]
pub(super) struct Refold {
    pub(super) profile: Profile,
    pub(super) messages: u64,
    /// Whom the visitor was said to be.
    pub(super) said: Said,
    evaluation: Evaluation,
}

impl Refold {
    /// Of nothing yet but what is remembered of what was said.
    pub(super) fn of(said: Said) -> Self {
        Self {
            said,
            ..Self::default()
        }
    }

    /// Folds a message as it was folded when it came. Says what is wrong with it.
    pub(super) fn take_in(
        &mut self,
        fold: &ProfileFold,
        visitor: &VisitorId,
        one: &StoredMessage,
        shared: Option<&SharedFields>,
    ) -> Result<(), String> {
        let message = one.read(shared).map_err(|wrong| wrong.to_string())?;
        if message.id.as_str() != &*one.id {
            return Err(format!("says that it is {:?}", message.id.as_str()));
        }
        if message.visitor != *visitor {
            return Err(format!("is of the visitor {:?}", message.visitor.as_str()));
        }
        self.messages += 1;
        if let Some(user) = &message.user_id {
            let on_purpose = joining::is_on_purpose(&message.kind);
            self.said.hear(user, message.timestamp, on_purpose);
        }
        fold.apply(&mut self.profile, &mut self.evaluation, &message);
        Ok(())
    }
}

/// What came of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Same,
    /// What depends on the configuration differs, and nothing else.
    CountedOtherwise,
    /// What differs.
    Different(&'static str),
}

/// Compares a stored profile with what the messages come to.
pub(super) fn compare(stored: &Profile, meant: &Profile) -> Compared {
    let what = [
        (stored.events == meant.events, "the number of events"),
        (stored.first_seen == meant.first_seen, "the first moment"),
        (stored.last_seen == meant.last_seen, "the last moment"),
        (
            stored.page_views == meant.page_views,
            "the number of page views",
        ),
        (stored.active == meant.active, "the active time"),
        (stored.clicks == meant.clicks, "the number of clicks"),
        (
            same_visits(&stored.sessions, &meant.sessions),
            "the list of visits",
        ),
    ];
    if let Some((_, what)) = what.into_iter().find(|(same, _)| !same) {
        return Compared::Different(what);
    }
    let mut otherwise = !close(stored.observed, meant.observed);
    for kind in EntryKind::ALL {
        let (by_configuration, name) = match kind {
            // When somebody looked decides.
            EntryKind::Stage | EntryKind::Segment | EntryKind::Change => continue,
            EntryKind::Topic | EntryKind::Source | EntryKind::Watch => (true, ""),
            EntryKind::Page => (false, "the table of pages"),
            EntryKind::Search => (false, "the table of searches"),
            EntryKind::Click => (false, "the table of clicks"),
            EntryKind::Named => (false, "the table of named events"),
            EntryKind::Trait => (false, "the table of traits"),
            EntryKind::FirstTouch | EntryKind::Touch => (false, "the table of touches"),
            EntryKind::User => (false, "the user's name"),
            EntryKind::Language => (false, "the language"),
            EntryKind::Agent => (false, "the user agent"),
        };
        if same_entries(stored, meant, kind) {
            continue;
        }
        if !by_configuration {
            return Compared::Different(name);
        }
        otherwise = true;
    }
    if otherwise {
        Compared::CountedOtherwise
    } else {
        Compared::Same
    }
}

fn same_visits(stored: &Sessions, meant: &Sessions) -> bool {
    let whole = |visits: &Sessions| visits.count == visits.recent.len() as u64;
    !whole(stored) || !whole(meant) || stored == meant
}

fn same_entries(stored: &Profile, meant: &Profile, kind: EntryKind) -> bool {
    let (ours, theirs) = (
        stored.entries.of(kind).count(),
        meant.entries.of(kind).count(),
    );
    // A table that was full may have forgotten something else.
    let full = kind.most() > 1 && ours.max(theirs) >= kind.most();
    full || (ours == theirs
        && (stored.entries.of(kind))
            .all(|one| (meant.entries.find(kind, &one.text)).is_some_and(|other| same(one, other))))
}

fn same(one: &Entry, other: &Entry) -> bool {
    // A topic keeps the first label that came, and others the latest.
    (one.value == other.value || one.kind == EntryKind::Topic)
        && one.count == other.count
        && one.last == other.last
        && one.active == other.active
        && one.scroll == other.scroll
        && one.times == other.times
        && close(one.evidence(), other.evidence())
}

fn close(one: Evidence, other: Evidence) -> bool {
    let ((one, one_at), (other, other_at)) = (one.parts(), other.parts());
    one_at == other_at && (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(1.0)
}
