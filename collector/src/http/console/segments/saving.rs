//! Saving a segment, and taking it out. Where somebody else has changed the same meanwhile, nothing is
//! saved: both are shown, and what was written stays in the form.

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::parts::{Tone, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::editor::Draft;
use super::{author, lines, one, problems};
use crate::config::ContentProblem;
use crate::http::content::RulesVersion;
use crate::http::rules::{Change, Changed, change};

/// Saves what stands in the editor.
pub(in super::super) async fn save(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft::sent(view);
    if let Some(problem) = unfit(view, &draft) {
        return Ok(refused(view, &draft, &[problem]));
    }
    let what = Change::Segment(draft.segment());
    match change(view.app, draft.based_on, what, author(view), None, false).await {
        Ok(Changed::Done { number, .. }) => {
            let number = number.unwrap_or_default().to_string();
            let page = format!("segments/{}", draft.id);
            Ok(Shown::SeeOther(view.link(&page, &[("saved", &number)])))
        }
        Ok(Changed::Conflict(version)) => Ok(conflict(view, draft, &version)),
        Err(HttpError::Content(found)) => Ok(refused(view, &draft, &own(found, &draft.id, view))),
        Err(error) => Err(error),
    }
}

/// What is wrong before anything is compiled.
fn unfit(view: &View<'_>, draft: &Draft) -> Option<ContentProblem> {
    let problem = |place: &str, wrong: &str, right: &str| ContentProblem {
        place: place.to_owned(),
        at: None,
        wrong: wrong.to_owned(),
        right: right.to_owned(),
    };
    if draft.id.is_empty() {
        return Some(problem(
            "id",
            view.say("there is no id", "er is geen id"),
            view.say(
                "choose one; the label can make it",
                "kies er een; de naam kan hem maken",
            ),
        ));
    }
    let present = view.app.contents.present();
    // What came since the form was opened is a conflict, and told as one.
    let is_taken = draft.is_new
        && draft.based_on == present.rules_number()
        && present.segments.iter().any(|one| *one.id == *draft.id);
    is_taken.then(|| {
        problem(
            "id",
            view.say("this id is taken", "dit id is bezet"),
            view.say(
                "choose another one, or open that segment to change it",
                "kies een ander, of open dat segment om het te wijzigen",
            ),
        )
    })
}

/// Problems told as those of the form's fields, where they are.
fn own(found: Vec<ContentProblem>, id: &str, view: &View<'_>) -> Vec<ContentProblem> {
    let present = view.app.contents.present().posted_rules();
    let place = present.segment.iter().position(|one| one.id == id);
    let place = place.unwrap_or(present.segment.len());
    let begin = format!("segment[{place}].");
    let stripped = found.into_iter().map(|mut problem| {
        if let Some(rest) = problem.place.strip_prefix(&begin) {
            problem.place = rest.to_owned();
        }
        problem
    });
    stripped.collect()
}

fn refused(view: &View<'_>, draft: &Draft, wrong: &[ContentProblem]) -> Shown {
    let content = html! {
        (notice(
            Tone::Bad,
            view.say("Not saved: something is not in order", "Niet opgeslagen: er klopt iets niet"),
            &html! { p { (view.say("What you wrote stands below, with what is wrong.", "Wat u schreef staat hieronder, met wat er niet klopt.")) } },
        ))
        (one::alone(view, draft, wrong))
    };
    Shown::Refused(StatusCode::BAD_REQUEST, title(view, draft), content)
}

fn title(view: &View<'_>, draft: &Draft) -> String {
    match &*draft.label {
        "" => view.say("Segment", "Segment").to_owned(),
        label => label.to_owned(),
    }
}

/// Both, side by side; the form has what was written here, based on what is in force now.
fn conflict(view: &View<'_>, draft: Draft, version: &RulesVersion) -> Shown {
    let theirs = version.rules.segment(&draft.id);
    let mine = draft.segment();
    let draft = Draft {
        based_on: version.number,
        is_new: false,
        ..draft
    };
    let their_when = theirs.map_or("", |theirs| &theirs.when);
    let content = html! {
        (notice(
            Tone::Warning,
            view.say("Somebody else has changed this segment meanwhile", "Iemand anders heeft dit segment intussen gewijzigd"),
            &html! {
                p {
                    bdi { (version.version.by.1) } ", " (view.moment(version.version.at)) ", "
                    (view.say("version", "versie")) " " (version.number)
                    @if !version.version.note.is_empty() { ": " bdi { (version.version.note) } }
                }
                p { (view.say(
                    "Nothing was saved. Compare both; what you wrote stands in the form below. Saving it now puts it in the place of theirs.",
                    "Er is niets opgeslagen. Vergelijk beide; wat u schreef staat in het formulier hieronder. Opslaan zet het in de plaats van dat van de ander.",
                )) }
            },
        ))
        div class="grid conflict" {
            (side(view, view.say("Theirs, in force", "Van de ander, van kracht"), theirs.map(|one| (one.label.as_deref(), &*one.when))))
            (side(view, view.say("Yours, not saved", "Van u, niet opgeslagen"), Some((mine.label.as_deref(), &mine.when))))
        }
        h2 { (view.say("From theirs to yours", "Van die van de ander naar die van u")) }
        (lines::show(view, their_when, &mine.when))
        p { a class="button" href=(view.link(&format!("segments/{}", draft.id), &[])) { (view.say("Keep theirs", "Die van de ander houden")) } }
        (one::alone(view, &draft, &[]))
    };
    Shown::Refused(StatusCode::CONFLICT, title(view, &draft), content)
}

fn side(view: &View<'_>, title: &str, one: Option<(Option<&str>, &str)>) -> Markup {
    html! {
        section class="panel" {
            h3 { (title) }
            @match one {
                Some((label, when)) => {
                    @if let Some(label) = label { p { bdi { (label) } } }
                    pre class="code" { bdi { (when) } }
                },
                None => p { (view.say("Removed.", "Verwijderd.")) },
            }
        }
    }
}

/// Takes out what was posted of a segment.
pub(in super::super) async fn remove(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft::sent(view);
    let what = Change::NoSegment(draft.id.clone());
    match change(view.app, draft.based_on, what, author(view), None, false).await {
        Ok(changed) => {
            changed.done(draft.based_on)?;
            Ok(Shown::SeeOther(view.link("segments", &[])))
        }
        Err(HttpError::Content(found)) => {
            let content = html! {
                (notice(
                    Tone::Bad,
                    view.say("Not removed: something else needs it", "Niet verwijderd: iets anders heeft het nodig"),
                    &problems::show(view, "", &found),
                ))
                p { a href=(view.link(&format!("segments/{}", draft.id), &[])) { (view.say("Back to the segment", "Terug naar het segment")) } }
            };
            Ok(Shown::Refused(
                StatusCode::BAD_REQUEST,
                title(view, &draft),
                content,
            ))
        }
        Err(error) => Err(error),
    }
}
