//! Versions of posted content: what there are, going back to one, and links by which the site can be
//! looked at with one of them.

use firstglance_engine::Milliseconds;
use maud::{Markup, html};

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use crate::cookie::Previewed;
use crate::http::admin::content_versions::{USUAL_HOURS, restored};
use crate::http::preview;
use crate::store::content::{ContentVersion, Posting};
use crate::token::Role;

/// Versions that are shown.
const SHOWN: usize = 20;

/// The table, and what may be done with a version.
pub(super) async fn part(view: &View<'_>) -> Result<Markup, HttpError> {
    let versions = view
        .app
        .store
        .versions(Posting::Content, None, SHOWN)
        .await?;
    let in_force = in_force(view);
    let choices: Vec<(u64, String)> = versions
        .iter()
        .map(|one| (one.number, name(view, one)))
        .collect();
    let table = table(view, versions, in_force);
    Ok(html! {
        (table.show(view))
        @if view.may(Role::Operate) && !choices.is_empty() {
            section class="panel" aria-labelledby="go-back" {
                h2 id="go-back" { (view.say("Look at a version, or go back to it", "Bekijk een versie, of ga ernaar terug")) }
                form method="post" action=(view.link("content/preview", &[])) class="filters" {
                    (view.csrf())
                    (choice(view, &choices))
                    label { (view.say("Page", "Pagina")) input name="page" value="/" required; }
                    button type="submit" { (view.say("Make a link to look at it", "Maak een link om hem te bekijken")) }
                }
                form method="post" action=(view.link("content/restore", &[])) class="filters" {
                    (view.csrf())
                    (choice(view, &choices))
                    button type="submit" { (view.say("Put this version into force", "Maak deze versie actief")) }
                }
            }
        }
    })
}

fn choice(view: &View<'_>, versions: &[(u64, String)]) -> Markup {
    html! {
        label {
            (view.say("Version", "Versie"))
            select name="version" {
                @for (number, name) in versions { option value=(number) { (name) } }
            }
        }
    }
}

/// The number of the version that is in force.
fn in_force(view: &View<'_>) -> Option<u64> {
    let present = view.app.contents.present();
    present.posted.as_ref().map(|posted| posted.number)
}

fn name(view: &View<'_>, version: &ContentVersion) -> String {
    let note = if version.version.note.is_empty() {
        ""
    } else {
        ": "
    };
    format!(
        "{} ({}){note}{}",
        version.number,
        view.moment(version.version.at),
        version.version.note
    )
}

fn table(view: &View<'_>, versions: Vec<ContentVersion>, in_force: Option<u64>) -> Table {
    let rows = versions.into_iter().map(|version| {
        let ContentVersion { number, version } = version;
        let state = match (in_force == Some(number), version.draft) {
            (true, _) => view.say("in force", "actief"),
            (false, true) => view.say("draft", "concept"),
            (false, false) => view.say("before", "eerder"),
        };
        vec![
            Cell::text(number.to_string()),
            Cell::from(Value::Moment(version.at)),
            Cell::text(&*version.by.1),
            Cell::text(state),
            version.restored.map_or(Value::Nothing, Value::Count).into(),
            Cell::text(&*version.note),
        ]
    });
    let column = |english, dutch| Column::new(view.say(english, dutch));
    Table {
        id: "versions",
        caption: view.say("Posted versions", "Ingestuurde versies").to_owned(),
        columns: vec![
            column("Version", "Versie"),
            column("Posted", "Ingestuurd"),
            column("By", "Door"),
            column("State", "Toestand"),
            column("Content of", "Inhoud van").meaning(view.say(
                "The earlier version whose content it has, where somebody went back to it.",
                "De eerdere versie waarvan het de inhoud heeft, als iemand daarnaar is teruggegaan.",
            )),
            column("Note", "Notitie"),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("No content was posted", "Er is geen inhoud ingestuurd"),
            &html! {
                p { (view.say(
                    "What stands in the configuration is in force. Other content can be posted while the collector runs; each post is a version to go back to:",
                    "Wat in de configuratie staat is actief. Andere inhoud kan worden ingestuurd terwijl de collector draait; elke keer is dat een versie om naar terug te gaan:",
                )) }
                pre { code { "POST /admin/v1/content?note=Spring" } }
            },
        ),
    }
}

/// Puts a version into force again.
pub(in crate::http::console) async fn restore(view: &View<'_>) -> Result<Shown, HttpError> {
    let number = version(view)?.ok_or(HttpError::ContentVersion)?;
    restored(view.app, number, &view.session.access).await?;
    Ok(Shown::SeeOther(view.link("content", &[])))
}

/// Makes a link by which the site is seen with a version, or as a visitor of a segment.
pub(in crate::http::console) async fn preview(view: &View<'_>) -> Result<Shown, HttpError> {
    let segment = view.field("segment").filter(|segment| !segment.is_empty());
    let version = version(view)?;
    if let Some(number) = version {
        let kept = view.app.store.version(Posting::Content, number).await?;
        kept.ok_or(HttpError::ContentVersion)?;
    }
    let shown = Previewed {
        version,
        segment: segment.map(Into::into),
    };
    let expires = view.now.plus(Milliseconds::from_minutes(USUAL_HOURS * 60));
    let page = view.field("page").unwrap_or("/").trim();
    let (token, _) = preview::link(view.app, &shown, page, expires)?;
    let parameters = [("preview", &*token), ("page", page)];
    Ok(Shown::SeeOther(view.link("content", &parameters)))
}

/// The link that was made, where the address of the page has its token.
pub(super) fn made(view: &View<'_>) -> Result<Markup, HttpError> {
    let Some(token) = view.parameter("preview") else {
        return Ok(html! {});
    };
    if view.app.cookie.previewed(&token, view.now).is_none() {
        return Err(HttpError::Preview);
    }
    let page = view.parameter("page").unwrap_or_else(|| "/".to_owned());
    let link = preview::link_of(view.app, &token, &page)?;
    Ok(notice(
        Tone::Good,
        view.say("The link is made", "De link is gemaakt"),
        &html! {
            p { a href=(link) target="_blank" rel="noopener" { (link) } }
            p {
                (view.say("Whoever has it sees the site so, for three days. ", "Wie hem heeft ziet de site zo, drie dagen lang. "))
                (view.say("Nothing that is done there is counted.", "Niets wat daar gebeurt wordt geteld."))
            }
        },
    ))
}

/// The version that a form names; nothing where it names none.
fn version(view: &View<'_>) -> Result<Option<u64>, HttpError> {
    let named = view.field("version").filter(|number| !number.is_empty());
    let number = named.map(str::parse).transpose();
    number.map_err(|_| HttpError::ContentVersion)
}
