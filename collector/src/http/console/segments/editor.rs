//! The editor of a segment: its form, and what is answered while somebody writes: what is wrong, who
//! would be in it, and who would have been in it earlier. Nothing in here is saved.

use std::time::Duration;

use firstglance_engine::Milliseconds;
use maud::{Markup, html};

use super::super::parts::{Cell, Column, Figure, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::{problems, words};
use crate::audience::{self, Candidate, Earlier, Member, Present};
use crate::config::{ContentProblem, PostedSegment};
use crate::http::admin::UNNAMED;
use crate::http::rules::candidate;
use crate::scan::Progress;

/// How long messages are folded again while somebody waits.
const MOST_FOLDING: Duration = Duration::from_secs(20);

/// Days back that can be asked for.
const DAYS: [u64; 4] = [1, 7, 14, 28];
const USUAL_DAYS: u64 = 7;

/// Where the form is sent for it.
const PREVIEW: &str = "segments/preview";
const BACKTEST: &str = "segments/backtest";

/// What stands in the form.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) description: String,
    pub(super) when: String,
    pub(super) note: String,
    /// The version that it is based on.
    pub(super) based_on: u64,
    /// Whether it is to become one that is not there yet.
    pub(super) is_new: bool,
}

impl Draft {
    /// What was sent.
    pub(super) fn sent(view: &View<'_>) -> Self {
        let field = |name| view.field(name).unwrap_or_default().trim().to_owned();
        Self {
            id: field("id"),
            label: field("label"),
            description: field("description"),
            // Browsers send line breaks of two characters.
            when: field("when").replace("\r\n", "\n"),
            note: field("note"),
            based_on: field("based_on").parse().unwrap_or(0),
            is_new: view.field("new").is_some(),
        }
    }

    /// The segment that it makes. Without an id it has one that stands for it.
    pub(super) fn segment(&self) -> PostedSegment {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        PostedSegment {
            id: match &*self.id {
                "" => UNNAMED.to_owned(),
                id => id.to_owned(),
            },
            label: text(&self.label),
            description: text(&self.description),
            when: self.when.clone(),
        }
    }
}

/// The form, with what is wrong with what stands in it.
pub(super) fn form(view: &View<'_>, draft: &Draft, wrong: &[ContentProblem]) -> Markup {
    form_with(view, draft, wrong, &html! {})
}

/// The same with what was found out of it.
fn form_with(view: &View<'_>, draft: &Draft, wrong: &[ContentProblem], found: &Markup) -> Markup {
    let wrong_with = |field: &str| wrong.iter().any(|one| one.place == field);
    let check = view.link("segments/check", &[]);
    let [preview, backtest] = [PREVIEW, BACKTEST].map(|path| view.link(path, &[]));
    let back = view
        .field("days")
        .and_then(|days| days.parse().ok())
        .unwrap_or(USUAL_DAYS);
    html! {
        form id="segment" class="editor panel" method="post" action=(view.link("segments/save", &[])) data-editor {
            // By the first one a form is sent where somebody presses Enter in a field: that saves.
            button type="submit" hidden {}
            (view.csrf())
            input type="hidden" name="based_on" value=(draft.based_on);
            @if draft.is_new {
                input type="hidden" name="new" value="1";
            } @else {
                input type="hidden" name="id" value=(draft.id);
            }
            div class="editor-names" {
                label { (view.say("Label", "Naam"))
                    input name="label" value=(draft.label) maxlength="100" autocomplete="off"
                        aria-invalid=[wrong_with("label").then_some("true")];
                }
                @if draft.is_new {
                    label { (view.say("Id: lower-case letters, digits and -", "Id: kleine letters, cijfers en -"))
                        input name="id" value=(draft.id) required maxlength="80" autocomplete="off" spellcheck="false"
                            pattern="[\\p{L}\\p{N}]+(-[\\p{L}\\p{N}]+)*" data-slug-of="label"
                            aria-invalid=[wrong_with("id").then_some("true")];
                    }
                }
                label { (view.say("Description: who is meant", "Omschrijving: wie er bedoeld wordt"))
                    input name="description" value=(draft.description) maxlength="300" autocomplete="off";
                }
            }
            label for="when" { (view.say("Condition", "Voorwaarde")) }
            div class="editor-condition" {
                textarea id="when" name="when" class="code" rows="5" required spellcheck="false" autocapitalize="off"
                    autocomplete="off" autocorrect="off" dir="ltr" data-words=(words::LIST)
                    aria-describedby="when-help problems"
                    aria-invalid=[wrong_with("when").then_some("true")]
                    hx-post=(check) hx-trigger="input changed delay:350ms" hx-target="#problems" hx-sync="this:replace" {
                    // A line break at the beginning is the element's and not the text's.
                    "\n" (draft.when)
                }
            }
            p id="when-help" class="quiet" {
                (view.say(
                    "CEL: for example interest(\"e-bikes\") >= 0.5 && visits >= 2. Ctrl and Space show what can stand here.",
                    "CEL: bijvoorbeeld interest(\"e-bikes\") >= 0.5 && visits >= 2. Ctrl en spatie tonen wat hier kan staan.",
                ))
            }
            div id="problems" role="status" aria-live="polite" {
                @if !wrong.is_empty() { (problems::show(view, &draft.when, wrong)) }
            }
            (words::list(view))
            div class="actions" {
                button type="submit" formaction=(preview) formnovalidate hx-post=(preview) hx-target="#preview"
                    hx-indicator="#preview-busy" hx-disabled-elt="this" {
                    (view.say("Preview: who would be in it", "Voorbeeld: wie zou erin zitten"))
                }
                span class="together" {
                    label class="visually-hidden" for="days-back" { (view.say("Days back", "Dagen terug")) }
                    select id="days-back" name="days" {
                        @for days in DAYS {
                            option value=(days) selected[days == back] { (days) " " (if days == 1 { view.say("day ago", "dag geleden") } else { view.say("days ago", "dagen geleden") }) }
                        }
                    }
                    button type="submit" formaction=(backtest) formnovalidate hx-post=(backtest) hx-target="#preview"
                        hx-indicator="#preview-busy" hx-disabled-elt="this" {
                        (view.say("Backtest", "Terugkijken"))
                    }
                }
                span id="preview-busy" class="busy" role="status" aria-label=(view.say("Looking", "Bezig")) {}
            }
            div id="preview" aria-live="polite" { (found) }
            div class="actions editor-save" {
                label { (view.say("Note for the version (may be empty)", "Notitie bij de versie (mag leeg)"))
                    input name="note" value=(draft.note) maxlength="250" autocomplete="off";
                }
                button type="submit" class="primary" { (view.say("Save: in force at once", "Opslaan: geldt direct")) }
            }
        }
    }
}

/// What is wrong with what stands in the editor.
pub(in super::super) async fn check(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft::sent(view);
    let wrong = match candidate(view.app, draft.segment()).await {
        Ok(_) => Vec::new(),
        Err(HttpError::Content(problems)) => problems,
        Err(error) => return Ok(Shown::Part(failed(view, &error))),
    };
    Ok(Shown::Part(problems::show(view, &draft.when, &wrong)))
}

/// Who would be in the segment now.
pub(in super::super) async fn preview(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft::sent(view);
    let told = async {
        let candidate = candidate(view.app, draft.segment()).await?;
        let _turn = view.app.long_answer()?;
        let uncounted = candidate.uncounted();
        let store = &view.app.store;
        let progress = Progress::default();
        let found = audience::present(store, candidate.clone(), view.now, &progress).await?;
        Ok::<_, HttpError>((candidate, uncounted, found))
    };
    Ok(match told.await {
        Ok((candidate, uncounted, found)) => {
            view.told(found.sample.len());
            answered(view, &draft, present(view, &candidate, &uncounted, &found))
        }
        Err(error) => refused(view, &draft, &error),
    })
}

/// Who would have been in it some days ago.
pub(in super::super) async fn backtest(view: &View<'_>) -> Result<Shown, HttpError> {
    let draft = Draft::sent(view);
    let days = view.field("days").and_then(|days| days.parse().ok());
    let days: u64 = days
        .filter(|days| (1..=400).contains(days))
        .unwrap_or(USUAL_DAYS);
    let at = view.now.minus(Milliseconds::from_days(days));
    let told = async {
        let candidate = candidate(view.app, draft.segment()).await?;
        let _turn = view.app.long_answer()?;
        let moments = (at, view.now);
        let store = &view.app.store;
        let progress = Progress::default();
        let found = audience::earlier(store, candidate, moments, MOST_FOLDING, &progress).await?;
        Ok::<_, HttpError>(found)
    };
    Ok(match told.await {
        Ok(found) => {
            view.told(found.sample.len());
            answered(view, &draft, earlier(view, &found))
        }
        Err(error) => refused(view, &draft, &error),
    })
}

/// What was found out: for a page that puts it into its place, or, for a browser that runs no scripts, on
/// a page of its own with the form as it was sent.
fn answered(view: &View<'_>, draft: &Draft, found: Markup) -> Shown {
    if view.is_in_place() {
        return Shown::Part(found);
    }
    Shown::Page(titled(view, draft), alone(view, draft, &found))
}

/// The same of why nothing was.
fn refused(view: &View<'_>, draft: &Draft, error: &HttpError) -> Shown {
    let why = wrong(view, draft, error);
    if view.is_in_place() {
        return Shown::Part(why);
    }
    Shown::Refused(
        error.status(),
        titled(view, draft),
        alone(view, draft, &why),
    )
}

fn alone(view: &View<'_>, draft: &Draft, found: &Markup) -> Markup {
    html! {
        p { a href=(view.link("segments", &[])) { "← " (view.say("All segments", "Alle segmenten")) } }
        (form_with(view, draft, &[], found))
    }
}

fn titled(view: &View<'_>, draft: &Draft) -> String {
    match &*draft.label {
        "" => view.say("Segment", "Segment").to_owned(),
        label => label.to_owned(),
    }
}

/// Why there is no preview: what is wrong with the condition, or something else.
fn wrong(view: &View<'_>, draft: &Draft, error: &HttpError) -> Markup {
    match error {
        HttpError::Content(wrong) => html! {
            (notice(Tone::Bad, view.say("First mend the condition", "Herstel eerst de voorwaarde"), &problems::show(view, &draft.when, wrong)))
        },
        error => failed(view, error),
    }
}

fn failed(view: &View<'_>, error: &HttpError) -> Markup {
    let title = match error {
        HttpError::Busy => view.say(
            "Too busy at present; try again in a moment",
            "Nu even te druk; probeer het zo nog eens",
        ),
        _ => view.say(
            "This could not be found out",
            "Dit kon niet worden uitgezocht",
        ),
    };
    notice(Tone::Bad, title, &html! { p { (error) } })
}

fn present(
    view: &View<'_>,
    candidate: &Candidate,
    uncounted: &[Box<str>],
    found: &Present,
) -> Markup {
    let share = match found.visitors {
        0 => 0.0,
        visitors => found.members as f64 / visitors as f64,
    };
    let of = format!(
        "{} {} {}",
        view.language.share(share),
        view.say("of", "van"),
        view.language.count(found.visitors)
    );
    let figure = |id, label: &str, count: u64, definition: &str, compared| {
        Figure {
            id,
            label: label.to_owned(),
            value: Value::Count(count),
            definition: definition.to_owned(),
            compared,
            href: None,
        }
        .show(view)
    };
    let replaced = candidate.in_force.segment(&candidate.id).is_some();
    html! {
        div class="figures" {
            (figure(
                "preview-members", view.say("Would be in it now", "Zou er nu in zitten"), found.members,
                view.say(
                    "Stored visitors (browsers) for whom the condition holds at this moment. All stored profiles were evaluated. Until it is saved there is no list of all of them, and those seen latest are below.",
                    "Opgeslagen bezoekers (browsers) voor wie de voorwaarde nu geldt. Alle opgeslagen profielen zijn beoordeeld. Tot het is opgeslagen is er geen lijst van hen allemaal; wie het laatst is gezien, staat hieronder.",
                ),
                Some(of),
            ))
            @if replaced {
                (figure(
                    "preview-entering", view.say("Would come in", "Komt erbij"), found.entering,
                    view.say("Not in the present segment, and in it by this condition. There is no list of them until it is saved.", "Niet in het huidige segment, en volgens deze voorwaarde wel. Er is geen lijst van tot het is opgeslagen."), None,
                ))
                (figure(
                    "preview-leaving", view.say("Would leave", "Valt eraf"), found.leaving,
                    view.say("In the present segment, and not by this condition. There is no list of them alone; the present segment has one.", "In het huidige segment, en volgens deze voorwaarde niet. Van hen alleen is er geen lijst; van het huidige segment wel."), None,
                ))
            }
        }
        @if !uncounted.is_empty() { (not_counted(view, uncounted)) }
        (overlaps(view, found))
        (sample(view, "preview-sample", &found.sample, PREVIEW))
        p class="quiet" data-took=(found.took.as_millis()) {
            (view.language.count(found.visitors)) " " (view.say("profiles evaluated in", "profielen beoordeeld in")) " "
            (view.language.number(found.took.as_secs_f64(), 2)) " s"
        }
    }
}

fn not_counted(view: &View<'_>, names: &[Box<str>]) -> Markup {
    notice(
        Tone::Warning,
        view.say(
            "Events that nobody has counted so far",
            "Gebeurtenissen die tot nu toe niemand telde",
        ),
        &html! {
            p { bdi { (names.join(", ")) } }
            p { (view.say(
                "Stored profiles know nothing of these, so this preview counts none. Once saved, they count from that moment on. The backtest folds the stored messages again and counts them all.",
                "Opgeslagen profielen weten hier niets van, dus dit voorbeeld telt er geen. Na opslaan tellen ze vanaf dat moment. Terugkijken leest de opgeslagen berichten opnieuw en telt ze allemaal.",
            )) }
        },
    )
}

/// Segments shown with which an audience overlaps.
const MOST_OVERLAPS: usize = 10;

fn overlaps(view: &View<'_>, found: &Present) -> Markup {
    let names = view.names();
    let rows = found
        .overlaps
        .iter()
        .take(MOST_OVERLAPS)
        .map(|(id, overlap)| {
            let share = overlap.both as f64 / found.members.max(1) as f64;
            vec![
                Cell::text(names.called(id)).to(view.link(&format!("segments/{id}"), &[])),
                Cell::count(overlap.both).with_bar(share),
                Value::Share(share).into(),
                Cell::count(overlap.size),
            ]
        });
    Table {
        id: "preview-overlaps",
        caption: view.say("They are also in", "Ze zitten ook in").to_owned(),
        columns: vec![
            Column::new(view.say("Segment", "Segment")),
            Column::new(view.say("Both", "Allebei")),
            Column::new(view.say("Share of these", "Aandeel van deze")),
            Column::new(view.say("In that segment", "In dat segment")),
        ],
        rows: rows.collect(),
        empty: html! { p { (view.say("Nobody of these is in another segment.", "Niemand van deze zit in een ander segment.")) } },
    }
    .answered(view, &view.link(PREVIEW, &[]))
}

fn sample(view: &View<'_>, id: &'static str, members: &[Member], action: &str) -> Markup {
    let rows = members.iter().map(|one| {
        vec![
            Cell::text(one.visitor.as_str()).to(view.profile(&one.visitor)),
            Value::Moment(one.last_seen).into(),
            Cell::count(one.visits),
            Cell::count(one.page_views),
            Cell::text(one.interest.as_deref().unwrap_or_default()),
        ]
    });
    Table {
        id,
        caption: view.say("Some of them, seen latest first", "Enkelen van hen, laatst gezien eerst").to_owned(),
        columns: vec![
            Column::new(view.say("Visitor", "Bezoeker")),
            Column::new(view.say("Last seen", "Laatst gezien")),
            Column::new(view.say("Visits", "Bezoeken")),
            Column::new(view.say("Page views", "Paginaweergaven")),
            Column::new(view.say("Strongest interest", "Sterkste interesse")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("Nobody", "Niemand"),
            &html! { p { (view.say("Loosen the condition, or wait until visitors do what it asks for.", "Maak de voorwaarde ruimer, of wacht tot bezoekers doen wat ze vraagt.")) } },
        ),
    }
    .answered(view, &view.link(action, &[]))
}

fn earlier(view: &View<'_>, found: &Earlier) -> Markup {
    let figure = |id, label: String, count: u64, definition: &str| {
        Figure {
            id,
            label,
            value: Value::Count(count),
            definition: definition.to_owned(),
            compared: None,
            href: None,
        }
        .show(view)
    };
    html! {
        div class="figures" {
            (figure(
                "backtest-then", format!("{} {}", view.say("In it on", "Erin op"), view.moment(found.at)), found.members,
                view.say(
                    "Visitors for whom the condition would have held at that moment, by what they had done until then. What was is in no list; those seen latest of them are below.",
                    "Bezoekers voor wie de voorwaarde op dat moment zou hebben gegolden, naar wat ze tot dan hadden gedaan. Van wat was is er geen lijst; wie van hen het laatst is gezien, staat hieronder.",
                ),
            ))
            (figure(
                "backtest-now", view.say("In it now", "Nu erin").to_owned(), found.now,
                view.say(
                    "Visitors for whom it holds now, had the events that it counts always been counted.",
                    "Bezoekers voor wie ze nu geldt, als de gebeurtenissen die ze telt altijd waren geteld.",
                ),
            ))
            (figure(
                "backtest-still", view.say("In it then and now", "Toen en nu erin").to_owned(), found.still,
                view.say("Those of the first who are among the second.", "Wie van de eersten bij de tweeden hoort."),
            ))
            (figure(
                "backtest-visitors", view.say("Visitors known then", "Bezoekers toen bekend").to_owned(), found.visitors,
                view.say("Stored visitors of whom there was a message until that moment. Whoever was erased or expired since is not among them.", "Opgeslagen bezoekers van wie er tot dat moment een bericht was. Wie sindsdien is gewist of verlopen, hoort er niet bij."),
            ))
        }
        @if found.left > 0 {
            (notice(Tone::Warning, view.say("Not everybody was looked at", "Niet iedereen is bekeken"), &html! { p {
                (view.language.count(found.left)) " "
                (view.say("visitors were not reached in the time that there is for this; the figures are without them.", "bezoekers zijn niet bereikt in de tijd die hiervoor is; de cijfers zijn zonder hen."))
            } }))
        }
        @if found.incomplete > 0 {
            (notice(Tone::Plain, view.say("Older messages are gone", "Oudere berichten zijn weg"), &html! { p {
                (view.language.count(found.incomplete)) " "
                (view.say("visitors have messages that are too old to be kept; they are told of by what is left.", "bezoekers hebben berichten die te oud zijn om te bewaren; over hen gaat het naar wat er over is."))
            } }))
        }
        (sample(view, "backtest-sample", &found.sample, BACKTEST))
        p class="quiet" data-took=(found.took.as_millis()) {
            (view.say(
                "A profile is what a visitor's messages come to, so the one of that moment is made again from the messages until then. What counts is when something happened, not when it arrived. Folded again:",
                "Een profiel is wat de berichten van een bezoeker opleveren, dus dat van toen is opnieuw gemaakt uit de berichten tot dan. Het gaat om wanneer iets gebeurde, niet wanneer het binnenkwam. Opnieuw gemaakt:",
            ))
            " " (view.language.count(found.folded)) ", "
            (view.language.number(found.took.as_secs_f64(), 2)) " s"
        }
    }
}
