//! What is embedded of others, and under which licences: the texts as they came with the packages, and a
//! list of the crates. Whoever gets the program may read it, signed in or not.

use hyper::StatusCode;
use hyper::header::HeaderMap;
use maud::{Markup, html};
use serde::Deserialize;

use super::language::Language;
use super::settings::{language_of, theme_of};
use super::{frame, page_answer};
use crate::assets;
use crate::http::answer::Answer;

/// As the build writes it.
#[derive(Default, Deserialize)]
struct Licences {
    packages: Vec<Embedded>,
    crates: Vec<Embedded>,
}

#[derive(Deserialize)]
struct Embedded {
    name: String,
    version: String,
    licence: Option<String>,
    #[serde(default)]
    text: String,
}

impl Licences {
    /// Those of this program; nothing where it was built without the console's files.
    fn of_this_program() -> Option<Self> {
        let mut files = assets::console().iter();
        let file = files.find(|file| file.name.ends_with(".json"))?;
        match serde_json::from_slice(file.identity) {
            Ok(licences) => Some(licences),
            Err(error) => {
                tracing::error!(%error, "what is embedded of licences cannot be read");
                None
            }
        }
    }
}

/// The page.
pub(super) fn show(headers: &HeaderMap) -> Answer {
    let language = language_of(headers);
    let title = language.say("Licences", "Licenties");
    let body = html! {
        body class="alone" {
            main id="content" class="licences" {
                h1 { (title) }
                @match Licences::of_this_program() {
                    Some(licences) => (told(language, &licences)),
                    None => p { (language.say(
                        "This program was built without the console's files, so nothing of others is in them.",
                        "Dit programma is gebouwd zonder de bestanden van de console; er zit dus niets van anderen in.",
                    )) },
                }
                p { a href="/console" { (language.say("To the console", "Naar de console")) } }
            }
        }
    };
    let document = frame::document(language, theme_of(headers), title, &body);
    page_answer(StatusCode::OK, document)
}

fn told(language: Language, licences: &Licences) -> Markup {
    html! {
        p { (language.say(
            "Firstglance itself is licensed under MIT or Apache-2.0, as you choose. Parts of these are in its console and its pages' scripts:",
            "Firstglance zelf valt onder MIT of Apache-2.0, naar keuze. Delen hiervan zitten in de console en in de scripts van pagina's:",
        )) }
        @for package in &licences.packages {
            h2 { (package.name) " " (package.version) }
            p class="quiet" { (package.licence.as_deref().unwrap_or_default()) }
            pre tabindex="0" role="region" aria-label=(package.name) lang="en" { (package.text) }
        }
        h2 { (language.say("In the program", "In het programma")) }
        p { (language.say(
            "Crates that it is made of, as they are on the machine on which it was built; each one's text is on its page at crates.io.",
            "Crates waaruit het bestaat, zoals op de machine waarop het is gebouwd; de tekst van elk staat op zijn pagina bij crates.io.",
        )) }
        details {
            summary { (licences.crates.len()) " crates" }
            (list(language, &licences.crates))
        }
    }
}

fn list(language: Language, crates: &[Embedded]) -> Markup {
    html! {
        div class="table-scroll" tabindex="0" role="region" aria-label="Crates" {
            table {
                thead { tr {
                    th scope="col" { (language.say("Name", "Naam")) }
                    th scope="col" { (language.say("Version", "Versie")) }
                    th scope="col" { (language.say("Licence", "Licentie")) }
                } }
                tbody {
                    @for one in crates {
                        tr {
                            th scope="row" { (one.name) }
                            td { (one.version) }
                            td { (one.licence.as_deref().unwrap_or("–")) }
                        }
                    }
                }
            }
        }
    }
}
