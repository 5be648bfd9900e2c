//! The configuration in force: its text, when and where it was read, and whether the file says something
//! else by now: checked as `firstglance check` does, with the place of each mistake. A button has it read
//! again, which is what the signal to reload does.

use std::path::Path;

use maud::{Markup, html};

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::Tab;
use crate::config::{Config, ConfigError, Problem};
use crate::http::ReadFrom;
use crate::http::apart;
use crate::http::metrics::may_see_shared;
use hyper::StatusCode;

/// What the file says at present.
enum OnDisk {
    /// Where it was read is not known.
    Unknown,
    /// The same as is in force.
    Same,
    /// Something else, which is in order.
    Other(Box<Config>),
    /// Something that is not.
    Wrong {
        text: String,
        problems: Vec<Problem>,
    },
    /// It cannot be read.
    Unreadable(String),
}

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let content = content(view, &[]).await?;
    Ok(Tab::Configuration.page(view, &content))
}

/// Has the configurations read again, as the signal to reload does.
pub(in crate::http::console) async fn reload(view: &View<'_>) -> Result<Shown, HttpError> {
    if !may_reload(view) {
        return Err(HttpError::Route);
    }
    match view.sites.shared().reload().await {
        None => Err(HttpError::Busy),
        Some(Ok(())) => {
            let link = view.link(Tab::Configuration.path(), &[("reloaded", "yes")]);
            Ok(Shown::SeeOther(link))
        }
        Some(Err(problems)) => {
            let content = content(view, &problems).await?;
            Ok(Shown::Refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                Tab::Configuration.title(view),
                Tab::Configuration.within(view, &content),
            ))
        }
    }
}

/// It concerns all sites.
fn may_reload(view: &View<'_>) -> bool {
    let shared = view.sites.shared();
    shared.reloads.get().is_some() && may_see_shared(view.sites, &view.session.access)
}

async fn content(view: &View<'_>, refused: &[String]) -> Result<Markup, HttpError> {
    let in_force = view.app.contents.present().base.clone();
    let source = view.app.read_from.clone();
    let on_disk = on_disk(source.as_ref(), in_force.text()).await?;
    let (text, problems) = match &on_disk {
        OnDisk::Wrong { text, problems } => (&**text, &**problems),
        _ => (in_force.text(), &[][..]),
    };
    Ok(html! {
        @if !refused.is_empty() {
            (notice(
                Tone::Bad,
                view.say("The configuration cannot be used", "De configuratie is niet te gebruiken"),
                &html! {
                    ul { @for problem in refused { li { (problem) } } }
                    p { (view.say("Everything goes on by the former one.", "Alles gaat verder met de vorige.")) }
                },
            ))
        } @else if view.parameter("reloaded").is_some() {
            (notice(
                Tone::Good,
                view.say("The configuration was read again", "De configuratie is opnieuw gelezen"),
                &html! { (view.say("It holds from now on.", "Die geldt vanaf nu.")) },
            ))
        }
        (state(view, &on_disk))
        div class="panel" {
            p {
                strong { (view.say("In force: ", "Van kracht: ")) } (in_force.summary())
            }
            @if let Some(ReadFrom { path, at }) = &source {
                p class="quiet" {
                    (view.say("Read", "Gelezen")) " " (view.moment(*at)) " "
                    (view.say("from", "uit")) " " code { (path.display()) }
                }
            }
            @if may_reload(view) {
                form method="post" action=(view.link("system/configuration/reload", &[])) {
                    (view.csrf())
                    button type="submit" { (view.say("Read all configurations again", "Alle configuraties opnieuw lezen")) }
                }
                p class="quiet" { (view.say(
                    "All or nothing: where anything is wrong, everything goes on as before. Address and data folder take another start.",
                    "Alles of niets: als er iets mis is gaat alles verder zoals het was. Adres en gegevensmap vragen een herstart.",
                )) }
            }
        }
        @if !problems.is_empty() { (mistakes(view, problems).show(view)) }
        (source_text(view, text, problems))
    })
}

/// What the file says at present, beside what is in force.
async fn on_disk(source: Option<&ReadFrom>, in_force: &str) -> Result<OnDisk, HttpError> {
    let Some(source) = source else {
        return Ok(OnDisk::Unknown);
    };
    let (path, in_force) = (source.path.clone(), in_force.to_owned());
    apart(move || read(&path, &in_force)).await
}

fn read(path: &Path, in_force: &str) -> OnDisk {
    match Config::load(path) {
        Ok(config) if config.text() == in_force => OnDisk::Same,
        Ok(config) => OnDisk::Other(Box::new(config)),
        Err(ConfigError::Invalid { problems, .. }) => match std::fs::read_to_string(path) {
            Ok(text) => OnDisk::Wrong { text, problems },
            Err(error) => OnDisk::Unreadable(error.to_string()),
        },
        Err(error) => OnDisk::Unreadable(error.to_string()),
    }
}

fn state(view: &View<'_>, on_disk: &OnDisk) -> Markup {
    match on_disk {
        OnDisk::Unknown => html! {},
        OnDisk::Same => notice(
            Tone::Good,
            view.say(
                "The file is in order, and in force",
                "Het bestand is in orde, en van kracht",
            ),
            &html! {},
        ),
        OnDisk::Other(config) => notice(
            Tone::Warning,
            view.say(
                "The file says something else by now",
                "Het bestand zegt inmiddels iets anders",
            ),
            &html! {
                p { (view.say("It is in order, and holds once it is read again: ", "Het is in orde, en geldt zodra het opnieuw is gelezen: ")) (config.summary()) }
            },
        ),
        OnDisk::Wrong { problems, .. } => notice(
            Tone::Bad,
            view.say("The file has mistakes", "Het bestand heeft fouten"),
            &html! {
                p {
                    (problems.len()) " " (view.say(
                        "of them, listed below. What was read before goes on; a restart would fail.",
                        "stuks, hieronder. Wat eerder is gelezen blijft gelden; een herstart zou mislukken.",
                    ))
                }
            },
        ),
        OnDisk::Unreadable(why) => notice(
            Tone::Bad,
            view.say("The file cannot be read", "Het bestand is niet te lezen"),
            &html! { p { (why) } p { (view.say("What was read before goes on; a restart would fail.", "Wat eerder is gelezen blijft gelden; een herstart zou mislukken.")) } },
        ),
    }
}

fn mistakes(view: &View<'_>, problems: &[Problem]) -> Table {
    let row = |problem: &Problem| {
        vec![
            Cell::from(Value::Count(problem.line as u64)).to(format!("#line-{}", problem.line)),
            Cell::from(Value::Count(problem.column as u64)),
            Cell::text(&*problem.wrong),
            Cell::text(&*problem.right),
        ]
    };
    Table {
        id: "mistakes",
        caption: view
            .say("Mistakes in the file", "Fouten in het bestand")
            .to_owned(),
        columns: vec![
            Column::new(view.say("Line", "Regel")),
            Column::new(view.say("Column", "Kolom")),
            Column::new(view.say("What is wrong", "Wat er mis is")),
            Column::new(view.say("What would be right", "Wat goed zou zijn")),
        ],
        rows: problems.iter().map(row).collect(),
        empty: empty(view.say("None", "Geen"), &html! {}),
    }
}

/// The text with its lines counted, and those with a mistake marked.
fn source_text(view: &View<'_>, text: &str, problems: &[Problem]) -> Markup {
    let label = match problems.is_empty() {
        true => view.say(
            "The configuration in force",
            "De configuratie die van kracht is",
        ),
        false => view.say("The file as it is now", "Het bestand zoals het nu is"),
    };
    html! {
        div class="panel" {
            h2 { (label) }
            p class="quiet" { (view.say(
                "It holds no secrets: the write key stands in every page, and keys of TLS are files of their own.",
                "Er staan geen geheimen in: de write key staat in elke pagina, en sleutels van TLS zijn eigen bestanden.",
            )) }
            div class="table-scroll source" tabindex="0" role="region" aria-label=(label) {
                ol {
                    @for (number, line) in text.lines().enumerate().map(|(place, line)| (place + 1, line)) {
                        @let here = problems.iter().filter(|one| one.line == number);
                        @let wrong = problems.iter().any(|one| one.line == number);
                        li id=(format!("line-{number}")) class=[wrong.then_some("wrong")] {
                            code { (line) }
                            @for problem in here {
                                span class="mistake" { " " (problem.wrong) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_beside_what_is_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let in_force = "[site]\nwrite_key = \"k\"\n";
        assert!(matches!(read(&path, in_force), OnDisk::Unreadable(_)));
        std::fs::write(&path, in_force).unwrap();
        assert!(matches!(read(&path, in_force), OnDisk::Same));
        std::fs::write(&path, format!("{in_force}# more\n")).unwrap();
        assert!(matches!(read(&path, in_force), OnDisk::Other(_)));
        std::fs::write(&path, format!("{in_force}colour = 1\n")).unwrap();
        let OnDisk::Wrong { text, problems } = read(&path, in_force) else {
            panic!("there is no such field");
        };
        assert!(text.ends_with("colour = 1\n"));
        assert_eq!((problems[0].line, problems[0].column), (3, 1));
        std::fs::write(&path, b"\xff").unwrap();
        assert!(matches!(read(&path, in_force), OnDisk::Unreadable(_)));
    }
}
