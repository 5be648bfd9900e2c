//! The frame of every page: head, navigation, and what is at the end. And pages of errors, which say
//! what is wrong and what to do.

use hyper::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::language::Language;
use super::parts::{Tone, name, notice};
use super::view::View;
use super::{NAVIGATION, Theme, theme_of};
use crate::assets;
use crate::http::App;

/// The beginning of every address of the console's own files.
pub(super) const FILES: &str = "/console/-/assets/";

/// The file that ends so.
fn file(ending: &str) -> Option<String> {
    let mut all = assets::console().iter();
    let found = all.find(|asset| asset.name.ends_with(ending))?;
    Some(format!("{FILES}{}", found.name))
}

/// A whole document.
pub(super) fn document(language: Language, theme: Theme, title: &str, body: &Markup) -> Markup {
    // Nothing is made of text, and no style is put into the page.
    let htmx = r#"{"allowEval":false,"includeIndicatorStyles":false,"allowScriptTags":false,"historyCacheSize":0,"selfRequestsOnly":true,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"422|409","swap":true},{"code":"[45]..","swap":false,"error":true}]}"#;
    html! {
        (DOCTYPE)
        html lang=(language.code()) data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="htmx-config" content=(htmx);
                title { (title) " · Firstglance" }
                @if let Some(icon) = file(".svg") { link rel="icon" href=(icon) type="image/svg+xml"; }
                @if let Some(style) = file(".css") { link rel="stylesheet" href=(style); }
                @if let Some(script) = file(".js") { script src=(script) defer {} }
            }
            (body)
        }
    }
}

/// A page for somebody who is signed in.
pub(super) fn page(view: &View<'_>, place: &str, title: &str, content: &Markup) -> Markup {
    let theme = view.theme();
    let site = view.app.site.name.as_deref().unwrap_or(view.app.site.id());
    let full = format!("{title} – {site}");
    let body = html! {
        body hx-headers=(format!("{{\"X-CSRF-Token\":\"{}\"}}", view.session.csrf)) {
            a class="skip" href="#content" { (view.say("Skip to the content", "Naar de inhoud")) }
            header class="side" {
                div class="brand" {
                    a href=(view.link("today", &[])) { (logo()) "Firstglance" }
                }
                (choose_site(view, place))
                nav aria-label=(view.say("Pages", "Pagina's")) {
                    ul {
                        @for item in NAVIGATION.iter().filter(|item| item.is_for(view)) {
                            @let is_present = item.path == place;
                            li {
                                a href=(view.link(item.path, &[])) aria-current=[is_present.then_some("page")] {
                                    (icon(item.icon)) (view.say(item.english, item.dutch))
                                }
                            }
                        }
                    }
                }
                (settings(view, place))
            }
            main id="content" tabindex="-1" {
                h1 { (name(view.language, title)) }
                @if assets::console().is_empty() {
                    (notice(
                        Tone::Warning,
                        view.say("This program was built without the console's files", "Dit programma is gebouwd zonder de bestanden van de console"),
                        &html! { (view.say("Pages work, but without style and charts. `cargo xtask build` makes a whole one.", "Pagina's werken, maar zonder opmaak en grafieken. `cargo xtask build` maakt een heel programma.")) },
                    ))
                }
                (content)
                p class="foot" { a href="/console/-/licences" { (view.say("Licences", "Licenties")) } }
            }
            (signed_out_dialog(view.language))
            p id="announcements" class="visually-hidden" role="status" {}
        }
    };
    document(view.language, theme, &full, &body)
}

/// What opens when a session has ended under somebody's hands: signing in again loses nothing.
fn signed_out_dialog(language: Language) -> Markup {
    html! {
        dialog id="signed-out" aria-labelledby="signed-out-title" {
            form method="post" action="/console/-/sign-in" {
                h2 id="signed-out-title" { (language.say("You were signed out", "U bent uitgelogd")) }
                p { (language.say("Nothing on this page is lost. Sign in again, then go on where you were.", "Niets op deze pagina is verloren. Log opnieuw in en ga verder waar u was.")) }
                label for="signed-out-token" { (language.say("Token", "Token")) }
                input id="signed-out-token" name="token" type="password" autocomplete="current-password" required;
                p class="mistake" role="alert" hidden {}
                div class="actions" {
                    button type="submit" class="primary" { (language.say("Sign in", "Inloggen")) }
                    button type="button" data-close { (language.say("Later", "Later")) }
                }
            }
        }
    }
}

fn choose_site(view: &View<'_>, place: &str) -> Markup {
    let own = view.session.access.site.as_deref();
    let sites = view
        .sites
        .all()
        .filter(|app| own.is_none_or(|own| own == app.site.id()));
    let sites: Vec<&App> = sites.map(|app| &**app).collect();
    let name = |app: &App| {
        app.site
            .name
            .clone()
            .unwrap_or_else(|| app.site.id().to_owned())
    };
    html! {
        @if sites.len() > 1 {
            details class="sites" {
                summary { bdi { (name(view.app)) } }
                ul {
                    @for app in sites {
                        li { a href=(format!("/console/{}/{place}", app.site.id())) { bdi { (name(app)) } } }
                    }
                }
            }
        } @else {
            p class="sites" { bdi { (name(view.app)) } }
        }
    }
}

fn settings(view: &View<'_>, place: &str) -> Markup {
    let access = &view.session.access;
    // What a form was sent to may not be a page to come back to.
    let back = match view.form.is_empty() {
        true => view.with("csv", ""),
        false => view.link(place, &[]),
    };
    html! {
        details class="settings" {
            summary { bdi { (access.name) } span class="quiet" { " " (access.role) } }
            form method="post" action="/console/-/settings" {
                (view.csrf())
                input type="hidden" name="return" value=(back);
                label { (view.say("Language", "Taal"))
                    select name="language" {
                        @for language in Language::ALL {
                            option value=(language.code()) lang=(language.code()) selected[language == view.language] { (language.name()) }
                        }
                    }
                }
                label { (view.say("Colours", "Kleuren"))
                    select name="theme" {
                        @for theme in Theme::ALL {
                            option value=(theme.name()) selected[theme == view.theme()] { (theme.say(view.language)) }
                        }
                    }
                }
                button type="submit" { (view.say("Save", "Opslaan")) }
            }
            form method="post" action="/console/-/sign-out" {
                (view.csrf())
                button type="submit" { (view.say("Sign out", "Uitloggen")) }
            }
        }
    }
}

impl View<'_> {
    fn theme(&self) -> Theme {
        theme_of(self.headers)
    }
}

/// What stands in place of a page that cannot be shown.
pub(super) fn error(language: Language, status: StatusCode, detail: &str) -> Markup {
    let title = match status {
        StatusCode::NOT_FOUND => language.say("There is nothing here", "Hier is niets"),
        StatusCode::FORBIDDEN => language.say(
            "Your token does not allow this",
            "Uw token staat dit niet toe",
        ),
        StatusCode::BAD_REQUEST => language.say(
            "Something in the address is wrong",
            "Er klopt iets niet in het adres",
        ),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            language.say("Too busy at present", "Nu even te druk")
        }
        _ => language.say("This could not be shown", "Dit kon niet worden getoond"),
    };
    let advice = match status {
        StatusCode::NOT_FOUND => language.say("Choose a page from the menu, or go back.", "Kies een pagina uit het menu, of ga terug."),
        StatusCode::FORBIDDEN => language.say("Ask whoever runs this collector for a token with a higher role: firstglance token create.", "Vraag de beheerder om een token met een hogere rol: firstglance token create."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => language.say("Try again in a moment.", "Probeer het zo nog eens."),
        _ => "",
    };
    html! {
        (notice(Tone::Bad, title, &html! { p { (detail) } @if !advice.is_empty() { p { (advice) } } }))
    }
}

fn logo() -> Markup {
    html! {
        svg class="logo" viewBox="0 0 32 32" aria-hidden="true" {
            path d="M4 16c3.500-5.500 7.600-8.300 12-8.300S24.500 10.500 28 16c-3.500 5.500-7.600 8.300-12 8.300S7.500 21.500 4 16Z" {}
            circle cx="16" cy="16" r="4" {}
        }
    }
}

/// An icon of lines in a field of 24 by 24.
fn icon(path: &str) -> Markup {
    html! { svg class="icon" viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}
