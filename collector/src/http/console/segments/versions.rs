//! Versions of what was posted: who saved what when, what that changed, and going back.

use std::collections::BTreeSet;
use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{author, lines, problems};
use crate::config::{PostedInterest, PostedRules, PostedSegment};
use crate::http::content::{RulesVersion, readable_rules};
use crate::http::rules::{Author, Change, change, rules_of};
use crate::store::content::{MOST, Posting};
use crate::token::Role;

/// A version, and the rules before it.
pub(super) struct Step {
    version: RulesVersion,
    before: Arc<PostedRules>,
}

/// Versions that can be read, latest first, each with the one before: all of them, or those before a
/// number. Each is read when it is asked for.
async fn steps(
    view: &View<'_>,
    before: Option<u64>,
) -> Result<impl Iterator<Item = Step> + use<>, HttpError> {
    let store = &view.app.store;
    let kept = store.versions(Posting::Rules, before, MOST).await?;
    let readable = kept
        .into_iter()
        .filter_map(|kept| readable_rules(kept).ok());
    let mut versions = readable.peekable();
    Ok(std::iter::from_fn(move || {
        let version = versions.next()?;
        // Before the oldest that is kept it is not known: nothing, or what is the same in it.
        let before = match versions.peek() {
            Some(before) => before.rules.clone(),
            None if version.number == 1 => Arc::default(),
            None => version.rules.clone(),
        };
        Some(Step { version, before })
    }))
}

/// What differs between two versions: the id, and how it was and is as text.
struct Difference {
    id: String,
    is_segment: bool,
    before: String,
    after: String,
}

fn differences(before: &PostedRules, after: &PostedRules) -> Vec<Difference> {
    let mut all = Vec::new();
    let ids = |rules: &PostedRules| -> BTreeSet<String> {
        rules.segment.iter().map(|one| one.id.clone()).collect()
    };
    for id in ids(before).union(&ids(after)) {
        let (one, other) = (before.segment(id), after.segment(id));
        if one != other {
            all.push(Difference {
                id: id.clone(),
                is_segment: true,
                before: one.map(text_of).unwrap_or_default(),
                after: other.map(text_of).unwrap_or_default(),
            });
        }
    }
    let ids = |rules: &PostedRules| -> BTreeSet<String> {
        rules.interest.iter().map(|one| one.id.clone()).collect()
    };
    for id in ids(before).union(&ids(after)) {
        let (one, other) = (before.interest(id), after.interest(id));
        if one != other {
            all.push(Difference {
                id: id.clone(),
                is_segment: false,
                before: one.map(text_of_interest).unwrap_or_default(),
                after: other.map(text_of_interest).unwrap_or_default(),
            });
        }
    }
    all
}

/// A segment as lines.
fn text_of(segment: &PostedSegment) -> String {
    let mut text = String::new();
    for part in [&segment.label, &segment.description].into_iter().flatten() {
        text.push_str(part);
        text.push('\n');
    }
    text.push_str(&segment.when);
    text
}

/// An interest as lines.
fn text_of_interest(interest: &PostedInterest) -> String {
    let mut text = interest.label.clone().unwrap_or_default();
    for one in interest
        .paths
        .iter()
        .chain(&interest.terms)
        .chain(&interest.topics)
    {
        text.push('\n');
        text.push_str(one);
    }
    text
}

/// The versions that changed a segment.
pub(super) async fn of_segment(
    view: &View<'_>,
    id: &str,
    most: usize,
) -> Result<Vec<Step>, HttpError> {
    let steps = steps(view, None).await?;
    let changed = steps.filter(|step| step.before.segment(id) != step.version.rules.segment(id));
    Ok(changed.take(most).collect())
}

/// A table of versions, each with a way to what it changed and back to it.
pub(super) fn history(view: &View<'_>, steps: &[Step]) -> Markup {
    let in_force = view.app.contents.present().rules_number();
    let rows = steps.iter().map(|step| {
        let RulesVersion {
            number, version, ..
        } = &step.version;
        let changed: Vec<String> = differences(&step.before, &step.version.rules)
            .into_iter()
            .map(|one| one.id)
            .collect();
        let note = match version.restored {
            Some(restored) => format!(
                "{} {restored}. {}",
                view.say("As version", "Als versie"),
                version.note
            ),
            None => version.note.to_string(),
        };
        let state = match *number == in_force {
            true => view.say("In force", "Van kracht"),
            false => "",
        };
        vec![
            Cell::from(Value::Count(*number))
                .to(view.link(&format!("segments/versions/{number}"), &[])),
            Value::Moment(version.at).into(),
            Cell::text(version.by.1.to_string()),
            Cell::text(changed.join(", ")),
            Cell::text(note),
            Cell::text(state),
        ]
    });
    Table {
        id: "versions",
        caption: view.say("Versions", "Versies").to_owned(),
        columns: vec![
            Column::new(view.say("Version", "Versie")),
            Column::new(view.say("Saved", "Opgeslagen")),
            Column::new(view.say("By", "Door")).meaning(view.say("The name of the token.", "De naam van het token.")),
            Column::new(view.say("Changed", "Gewijzigd")),
            Column::new(view.say("Note", "Notitie")),
            Column::new(view.say("State", "Stand")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nothing was saved in the console yet", "In de console is nog niets opgeslagen"),
            &html! { p { (view.say("What is in force is written in the configuration file alone.", "Wat van kracht is, staat alleen in het configuratiebestand.")) } },
        ),
    }
    .show(view)
}

/// The page of all versions.
pub(in super::super) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let steps: Vec<Step> = steps(view, None).await?.collect();
    let content = html! {
        p { a href=(view.link("segments", &[])) { "← " (view.say("All segments", "Alle segmenten")) } }
        p { (view.say(
            "Each version is all that was saved in the console at that moment: segments, and names of topics. The last 100 are kept.",
            "Elke versie is alles wat op dat moment in de console was opgeslagen: segmenten, en namen van onderwerpen. De laatste 100 blijven bewaard.",
        )) }
        (history(view, &steps))
    };
    Ok(Shown::Page(
        view.say("Versions of segments", "Versies van segmenten")
            .to_owned(),
        content,
    ))
}

/// The page of one version: what it changed, what differs from what is in force, and going back to it.
pub(in super::super) async fn version(view: &View<'_>) -> Result<Shown, HttpError> {
    let number = number(view)?;
    let step = steps(view, number.checked_add(1)).await?.next();
    let step = step.filter(|step| step.version.number == number);
    let step = step.ok_or(HttpError::ContentVersion)?;
    let (in_force, present) = {
        let present = view.app.contents.present();
        (present.rules_number(), present.posted_rules())
    };
    let version = &step.version.version;
    let is_present = in_force == number;
    let away = differences(&present, &step.version.rules);
    let content = html! {
        p { a href=(view.link("segments/versions", &[])) { "← " (view.say("All versions", "Alle versies")) } }
        p {
            bdi { (version.by.1) } ", " (view.moment(version.at))
            @if let Some(restored) = version.restored { ", " (view.say("as version", "als versie")) " " (restored) }
            @if !version.note.is_empty() { ": " bdi { (version.note) } }
        }
        @if is_present {
            p { span class="badge good" { (view.say("In force", "Van kracht")) } }
        } @else if view.may(Role::Operate) && !away.is_empty() {
            form class="panel" method="post" action=(view.link(&format!("segments/versions/{number}/restore"), &[])) {
                (view.csrf())
                input type="hidden" name="based_on" value=(in_force);
                p { (view.say(
                    "Going back saves this version's rules as a new version; nothing of the history is lost.",
                    "Teruggaan slaat de regels van deze versie op als een nieuwe versie; er gaat niets van de geschiedenis verloren.",
                )) }
                button type="submit" class="primary" { (view.say("Go back to this version", "Terug naar deze versie")) }
            }
        }
        h2 { (view.say("What it changed", "Wat ze wijzigde")) }
        (all(view, &differences(&step.before, &step.version.rules)))
        @if !is_present {
            h2 { (view.say("What going back would change now", "Wat teruggaan nu zou wijzigen")) }
            (all(view, &away))
        }
    };
    let title = format!("{} {number}", view.say("Version", "Versie"));
    Ok(Shown::Page(title, content))
}

fn all(view: &View<'_>, differences: &[Difference]) -> Markup {
    html! {
        @if differences.is_empty() {
            p class="quiet" { (view.say("Nothing.", "Niets.")) }
        }
        @for one in differences {
            section class="panel" {
                h3 {
                    @match one.is_segment {
                        true => { (view.say("Segment", "Segment")) },
                        false => { (view.say("Topic", "Onderwerp")) },
                    }
                    " " code { (one.id) }
                }
                (lines::show(view, &one.before, &one.after))
            }
        }
    }
}

fn number(view: &View<'_>) -> Result<u64, HttpError> {
    view.part.parse().map_err(|_| HttpError::ContentVersion)
}

/// Puts a version into force again.
pub(in super::super) async fn restore(view: &View<'_>) -> Result<Shown, HttpError> {
    let number = number(view)?;
    let rules = rules_of(view.app, number).await?;
    let rules = rules.ok_or(HttpError::ContentVersion)?;
    let based_on = view
        .field("based_on")
        .and_then(|number| number.parse().ok());
    let based_on: u64 = based_on.unwrap_or_default();
    let what = Change::All((*rules).clone());
    let author = Author {
        note: Box::default(),
        ..author(view)
    };
    match change(view.app, based_on, what, author, Some(number), false).await {
        Ok(changed) => {
            changed.done(based_on)?;
            Ok(Shown::SeeOther(view.link("segments/versions", &[])))
        }
        Err(HttpError::Content(found)) => Ok(Shown::Refused(
            StatusCode::BAD_REQUEST,
            view.say("Not put back", "Niet teruggezet").to_owned(),
            html! {
                (notice(
                    Tone::Bad,
                    view.say("This version does not fit what is configured now", "Deze versie past niet bij wat nu is ingesteld"),
                    &problems::show(view, "", &found),
                ))
                p { a href=(view.link("segments/versions", &[])) { (view.say("All versions", "Alle versies")) } }
            },
        )),
        Err(error) => Err(error),
    }
}
