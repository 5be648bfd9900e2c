//! Backups and space: what there is, and buttons to make one and to give space back.

use maud::html;

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::Tab;
use crate::http::admin::backup;
use crate::http::apart;
use crate::store::Compact;

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let size = view.app.store.size().await.ok();
    let made = view.parameter("made");
    let (kept, room) = match view.app.backups.clone() {
        Some(backups) => apart(move || (backups.all(), backups.room().ok())).await?,
        None => (Ok(Vec::new()), None),
    };
    let kept = kept.map_err(|error| HttpError::Backup(error.to_string()))?;
    // What an address says may not be so.
    let made = kept.iter().find(|one| Some(&*one.name) == made.as_deref());
    let rows = kept.iter().map(|one| {
        vec![
            Cell::text(&*one.name),
            Cell::from(Value::Moment(one.at)),
            Cell::from(Value::Bytes(one.bytes)),
        ]
    });
    let table = Table {
        id: "backups",
        caption: view.say("Backups", "Back-ups").to_owned(),
        columns: vec![
            Column::new(view.say("File", "Bestand")),
            Column::new(view.say("Made", "Gemaakt")),
            Column::new(view.say("Size", "Grootte")),
        ],
        rows: rows.collect(),
        empty: empty(
            view.say("There is no backup here", "Hier is geen back-up"),
            &html! { p { (view.say(
                "Make one now, and let a timer make one each night: firstglance backup. Backups that were moved elsewhere are not listed.",
                "Maak er nu een, en laat een timer er elke nacht een maken: firstglance backup. Back-ups die ergens anders heen zijn verplaatst staan hier niet.",
            )) } },
        ),
    };
    let told = |bytes| Value::Bytes(bytes).shown(view.language, view.zone());
    let content = html! {
        @if let (Some(size), Some(_)) = (size, view.parameter("compacted")) {
            (notice(
                Tone::Good,
                view.say("Space is given back", "De ruimte is vrijgegeven"),
                &html! { (view.say("The store takes", "De opslag neemt")) " " (told(size)) "." },
            ))
        }
        @if let Some(made) = made {
            (notice(Tone::Good, view.say("The backup is made", "De back-up is gemaakt"), &html! { (made.name) }))
        }
        @if let Some(backups) = &view.app.backups {
            div class="panel" {
                h2 { (view.say("Make a backup", "Een back-up maken")) }
                p { (view.say(
                    "Everything that was acknowledged until now goes into one file on the collector's own disk. It holds the secrets as well: whoever has it can read all there is. Messages are taken in meanwhile.",
                    "Alles wat tot nu toe bevestigd is komt in één bestand op de schijf van de collector. De geheimen zitten er ook in: wie het heeft kan alles lezen. Ondertussen komen berichten gewoon binnen.",
                )) }
                p class="quiet" { (view.say("They lie in", "Ze staan in")) " " code { (backups.folder().display()) }
                    @if let Some(room) = room {
                        "; " (view.say("free on this disk:", "vrij op deze schijf:")) " "
                        (told(room.free))
                    }
                }
                form method="post" action=(view.link("system/backup", &[])) {
                    (view.csrf())
                    button type="submit" class="primary" { (view.say("Make a backup now", "Nu een back-up maken")) }
                }
            }
        }
        (table.show(view))
        div class="panel" {
            h2 { (view.say("Give space back", "Ruimte vrijgeven")) }
            p { (view.say(
                "The store gives space back by itself. Do it now where nothing may be left on the disk of whoever was erased, or where the disk is nearly full. With much data it takes minutes; messages are taken in meanwhile.",
                "De opslag geeft vanzelf ruimte terug. Doe het nu als er op de schijf niets mag achterblijven van wie gewist is, of als de schijf bijna vol is. Met veel gegevens duurt het minuten; ondertussen komen berichten gewoon binnen.",
            )) }
            form method="post" action=(view.link("system/compact", &[])) {
                (view.csrf())
                button type="submit" { (view.say("Give space back now", "Nu ruimte vrijgeven")) }
            }
        }
    };
    Ok(Tab::Backup.page(view, &content))
}

/// Makes a backup.
pub(in crate::http::console) async fn make(view: &View<'_>) -> Result<Shown, HttpError> {
    let (file, _) = backup::make(view.app).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(Shown::SeeOther(
        view.link(Tab::Backup.path(), &[("made", &*name)]),
    ))
}

/// Gives space back.
pub(in crate::http::console) async fn compact(view: &View<'_>) -> Result<Shown, HttpError> {
    view.app.store.compact(Compact::Now).await?;
    Ok(Shown::SeeOther(
        view.link(Tab::Backup.path(), &[("compacted", "yes")]),
    ))
}
