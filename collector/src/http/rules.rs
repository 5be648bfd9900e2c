//! Rules that are posted: segments, and names for topics. How they change, whoever changes them and by
//! whatever way: checked whole, kept as a version, in force at once.
//!
//! A change says on which version it is based. Where what it changes has changed since then, nothing is
//! done and both are told; what others have changed beside it stays.

use std::sync::Arc;

use firstglance_engine::Timestamp;

use super::content::{RulesVersion, readable_rules};
use super::error::HttpError;
use super::{App, apart};
use crate::audience::Candidate;
use crate::config::{Config, ContentProblem, PostedInterest, PostedRules, PostedSegment};
use crate::store::content::{NewContent, Posting};

/// What is to change.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// All of it.
    All(PostedRules),
    /// One segment.
    Segment(PostedSegment),
    /// What was posted of the segment of an id goes.
    NoSegment(String),
    /// One interest.
    Interest(PostedInterest),
    /// What was posted of the interest of an id goes.
    NoInterest(String),
}

impl Change {
    /// The rules after it.
    fn apply(&self, present: &PostedRules) -> PostedRules {
        let mut rules = present.clone();
        match self {
            Self::All(all) => return all.clone(),
            Self::Segment(segment) => rules.put(segment.clone()),
            Self::NoSegment(id) => rules.segment.retain(|one| one.id != *id),
            Self::Interest(interest) => rules.put_interest(interest.clone()),
            Self::NoInterest(id) => rules.interest.retain(|one| one.id != *id),
        }
        rules
    }

    /// Whether what it changes is the same in two versions.
    fn is_untouched(&self, one: &PostedRules, other: &PostedRules) -> bool {
        match self {
            Self::All(_) => one == other,
            Self::Segment(PostedSegment { id, .. }) | Self::NoSegment(id) => {
                one.segment(id) == other.segment(id)
            }
            Self::Interest(PostedInterest { id, .. }) | Self::NoInterest(id) => {
                one.interest(id) == other.interest(id)
            }
        }
    }
}

/// Who changes rules, and what they say of it.
#[derive(Clone, Debug)]
pub(super) struct Author {
    pub(super) at: Timestamp,
    /// Id and name of the token.
    pub(super) by: (Box<str>, Box<str>),
    pub(super) note: Box<str>,
}

/// What became of a change.
pub(super) enum Changed {
    /// It is in force; or it would be, where it was only to be checked: then without a number.
    Done {
        number: Option<u64>,
        config: Box<Config>,
    },
    /// Somebody else has changed the same meanwhile, as the version says that is in force.
    Conflict(Arc<RulesVersion>),
}

impl Changed {
    /// The number and the configuration of what was done.
    ///
    /// # Errors
    /// That somebody else has changed the same since the version that it is based on.
    pub(super) fn done(self, based_on: u64) -> Result<(Option<u64>, Box<Config>), HttpError> {
        match self {
            Self::Done { number, config } => Ok((number, config)),
            Self::Conflict(version) => Err(HttpError::RulesChanged {
                based_on,
                present: version.number,
            }),
        }
    }
}

/// Changes rules, or with `dry_run` only says whether that would be in order.
///
/// # Errors
/// What is wrong with them, or that they cannot be kept.
pub(super) async fn change(
    app: &App,
    based_on: u64,
    change: Change,
    author: Author,
    restored: Option<u64>,
    dry_run: bool,
) -> Result<Changed, HttpError> {
    // In this order whatever comes at the same time: what is kept last is what is in force.
    let changing = app.contents.change().await;
    let (present, number, version) = {
        let in_force = app.contents.present();
        let version = in_force.rules.clone();
        (in_force.posted_rules(), in_force.rules_number(), version)
    };
    if number != based_on {
        let base = rules_of(app, based_on).await?;
        // What is kept no more cannot be compared: then anything may have changed.
        let untouched = base.is_some_and(|base| change.is_untouched(&base, &present));
        if let Some(version) = version.filter(|_| !untouched) {
            return Ok(Changed::Conflict(version));
        }
        if !untouched {
            return Err(HttpError::ContentVersion);
        }
    }
    let rules = Arc::new(change.apply(&present));
    let (contents, checked) = (Arc::clone(&app.contents), rules.clone());
    let checked = apart(move || contents.with_rules(checked)).await?;
    let config = Box::new(checked.map_err(HttpError::Content)?);
    if dry_run {
        return Ok(Changed::Done {
            number: None,
            config,
        });
    }
    let new = NewContent {
        at: author.at,
        by: author.by,
        note: author.note,
        draft: false,
        restored,
        content: rules.to_json().into(),
    };
    let number = app.store.post(Posting::Rules, new.clone()).await?;
    let version = Arc::new(RulesVersion {
        number,
        version: new,
        rules,
    });
    changing.put_rules(Some(version));
    Ok(Changed::Done {
        number: Some(number),
        config,
    })
}

/// The rules of a version; nothing where it is kept no more. Before the first there are none.
///
/// # Errors
/// Where they cannot be read.
pub(super) async fn rules_of(
    app: &App,
    number: u64,
) -> Result<Option<Arc<PostedRules>>, HttpError> {
    if number == 0 {
        return Ok(Some(Arc::default()));
    }
    let kept = app.store.version(Posting::Rules, number).await?;
    let version = kept.map(readable_rules).transpose();
    let version = version.map_err(|(_, problem)| HttpError::Content(vec![problem]))?;
    Ok(version.map(|version| version.rules))
}

/// A segment as it would be, beside all that is in force.
///
/// # Errors
/// What is wrong with it; problems with other rules than itself among it.
pub(super) async fn candidate(app: &App, segment: PostedSegment) -> Result<Candidate, HttpError> {
    let id: Box<str> = segment.id.as_str().into();
    let (present, in_force) = {
        let present = app.contents.present();
        (present.posted_rules(), present.model.clone())
    };
    let rules = Arc::new(Change::Segment(segment).apply(&present));
    let place = rules.segment.iter().position(|one| *one.id == *id);
    let contents = Arc::clone(&app.contents);
    let config = match apart(move || contents.with_rules(rules)).await? {
        Ok(config) => config,
        Err(problems) => return Err(HttpError::Content(own_first(problems, place))),
    };
    Ok(Candidate {
        // What stands in slots does not say who is in a segment.
        model: Arc::new(config.visitor_model()),
        id,
        in_force,
    })
}

/// Problems of one segment first, told as if it stood alone: `when` for `segment[3].when`.
fn own_first(problems: Vec<ContentProblem>, place: Option<usize>) -> Vec<ContentProblem> {
    let begin = format!("segment[{}].", place.unwrap_or_default());
    let (mut own, others): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|problem| problem.place.starts_with(&begin));
    for problem in &mut own {
        problem.place.drain(..begin.len());
    }
    own.extend(others);
    own
}
