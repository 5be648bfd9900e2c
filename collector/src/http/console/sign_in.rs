//! Signing in and out. A token is asked for once; then a cookie stands for it.

use hyper::{Request, StatusCode};
use maud::{Markup, html};

use super::language::Language;
use super::session;
use super::{Theme, frame, language_of, page_answer, see_other, theme_of};
use crate::clock;
use crate::http::answer::{Answer, empty, set_text};
use crate::http::{Sites, client_address};
use crate::token::Role;
use hyper::header::{RETRY_AFTER, SET_COOKIE};

/// Longest address to come back to.
const LONGEST_RETURN: usize = 2_000;

/// Why somebody is not signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// There is no such token, or not any more.
    Wrong,
    /// The token is for servers.
    NotForPeople,
    /// Too many tries; so many seconds to wait.
    TooMany(u64),
    /// The system gave no randomness.
    Failed,
}

impl Mistake {
    const fn status(self) -> StatusCode {
        match self {
            Self::Wrong => StatusCode::UNAUTHORIZED,
            Self::NotForPeople => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn say(self, language: Language) -> String {
        match self {
            Self::Wrong => language.say(
                "No token that holds at present says this. A token is one line of 43 signs; the owner's is in the file admin-token of the data folder.",
                "Er is geen geldig token dat zo luidt. Een token is een regel van 43 tekens; dat van de eigenaar staat in het bestand admin-token van de gegevensmap.",
            ).to_owned(),
            Self::NotForPeople => language.say(
                "This token is for pages that are made on a server (role decide). The console needs the role read, operate or erase.",
                "Dit token is voor pagina's die op een server gemaakt worden (rol decide). De console vraagt de rol read, operate of erase.",
            ).to_owned(),
            Self::TooMany(seconds) => match language {
                Language::English => format!("Too many tries from this address. Try again in {seconds} seconds."),
                Language::Dutch => format!("Te veel pogingen vanaf dit adres. Probeer het over {seconds} seconden opnieuw."),
            },
            Self::Failed => language.say("The system gave no randomness; try again.", "Het systeem gaf geen willekeur; probeer het opnieuw.").to_owned(),
        }
    }
}

/// Where to go after signing in: an address of the console, and no other.
fn return_to(wanted: Option<&str>) -> &str {
    // Browsers take steps upwards out of a path, also those that are percent-encoded.
    let goes_up = |path: &str| {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.split('/');
        parts.any(|part| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | ".."))
    };
    let is_own = |path: &&str| {
        path.starts_with("/console/")
            && path.len() <= LONGEST_RETURN
            && path
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !goes_up(path)
    };
    wanted.filter(is_own).unwrap_or("/console")
}

/// The page that asks for a token. What was sent meanwhile is kept in it.
pub(super) fn form(
    request: &Request<()>,
    mistake: Option<Mistake>,
    wanted: Option<&str>,
    kept: &[(String, String)],
) -> Answer {
    let language = language_of(request.headers());
    let body = html! {
        body class="alone" {
            main id="content" {
                h1 { "Firstglance" }
                @if !kept.is_empty() {
                    p class="notice warning" { (language.say("Your session ended before this was saved. Sign in, and it goes on with what you had entered.", "Uw sessie eindigde voordat dit was opgeslagen. Log in; het gaat verder met wat u had ingevuld.")) }
                }
                form method="post" action="/console/-/sign-in" data-sign-in {
                    label for="token" { (language.say("Token", "Token")) }
                    input id="token" name="token" type="password" autocomplete="current-password" required autofocus
                        aria-describedby="about-token" aria-invalid=[mistake.map(|_| "true")];
                    @if let Some(mistake) = mistake { p class="mistake" role="alert" { (mistake.say(language)) } }
                    p id="about-token" class="quiet" {
                        (language.say("Your administrator gives you one; the owner's own is in the file admin-token of the data folder. ", "U krijgt er een van uw beheerder; dat van de eigenaar staat in het bestand admin-token van de gegevensmap. "))
                    }
                    input type="hidden" name="return" value=(return_to(wanted));
                    @for (name, value) in kept { input type="hidden" name=(format!("kept:{name}")) value=(value); }
                    button type="submit" class="primary" { (language.say("Sign in", "Inloggen")) }
                }
            }
        }
    };
    let title = language.say("Sign in", "Inloggen");
    let status = mistake.map_or(StatusCode::OK, Mistake::status);
    let document = frame::document(language, theme_of(request.headers()), title, &body);
    let mut answer = page_answer(status, document);
    if let Some(Mistake::TooMany(seconds)) = mistake {
        set_text(&mut answer, RETRY_AFTER, &seconds.to_string());
    }
    answer
}

/// Takes a token, and begins a session.
pub(super) fn take(sites: &Sites, request: &Request<()>, form: &[(String, String)]) -> Answer {
    let field = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value)
    };
    let (wanted, shared) = (field("return"), sites.shared());
    let kept: Vec<(String, String)> = form
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("kept:")?.to_owned(), value.clone())))
        .collect();
    let refuse = |mistake| self::form(request, Some(mistake), wanted, &kept);
    let proxies = sites
        .all()
        .next()
        .map(|app| &app.behind.trusted_proxies[..]);
    let address = client_address::of(request, proxies.unwrap_or_default());
    if let Err(wait) = shared.sessions.attempt(address) {
        return refuse(Mistake::TooMany(wait.as_secs() + 1));
    }
    let now = clock::now();
    let token = field("token").unwrap_or_default().trim();
    let Some(access) = shared.tokens.access(token, now) else {
        tracing::warn!("somebody tried to sign in to the console with a wrong token");
        return refuse(Mistake::Wrong);
    };
    if access.role < Role::Read {
        return refuse(Mistake::NotForPeople);
    }
    let Some(begun) = shared.sessions.begin(&access, now) else {
        return refuse(Mistake::Failed);
    };
    // Whoever signs in anew does not leave the session before behind.
    shared.sessions.end(request);
    let mut answer = match kept.is_empty() {
        true => see_other(return_to(wanted)),
        // What was kept is shown, and sent by whoever sees it: with the new session's own secret.
        false => page_answer(StatusCode::OK, go_on(request, wanted, &kept, &begun.csrf)),
    };
    set_text(
        &mut answer,
        SET_COOKIE,
        &session::cookie(request, Some(&begun.secret)),
    );
    answer
}

/// What was sent when there was no session any more: shown, and sent on by whoever signed in again.
fn go_on(
    request: &Request<()>,
    wanted: Option<&str>,
    kept: &[(String, String)],
    csrf: &str,
) -> Markup {
    let language = language_of(request.headers());
    let title = language.say("Go on", "Verder");
    let body = html! {
        body class="alone" {
            main id="content" {
                h1 { (language.say("You are signed in again", "U bent weer ingelogd")) }
                p { (language.say("This was not saved yet:", "Dit was nog niet opgeslagen:")) }
                form method="post" action=(return_to(wanted)) {
                    input type="hidden" name="csrf" value=(csrf);
                    @for (name, value) in kept.iter().filter(|(name, _)| name != "csrf") {
                        label { (name) textarea name=(name) rows="3" {
                            // Browsers drop an end of line that a text area begins with.
                            "\n" (value)
                        } }
                    }
                    button type="submit" class="primary" { (language.say("Save it now", "Nu opslaan")) }
                }
            }
        }
    };
    frame::document(language, theme_of(request.headers()), title, &body)
}

/// Ends a session.
pub(super) fn end(sites: &Sites, request: &Request<()>) -> Answer {
    sites.shared().sessions.end(request);
    let mut answer = see_other("/console/-/sign-in");
    set_text(&mut answer, SET_COOKIE, &session::cookie(request, None));
    answer
}

/// Keeps how somebody reads the console, in cookies that say nothing of who they are.
pub(super) fn settings(form: &[(String, String)]) -> Answer {
    let field = |name: &str| {
        let found = form.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| &**value)
    };
    let mut answer = see_other(return_to(Some(field("return"))));
    let language = Language::of_code(field("language")).map(Language::code);
    let theme = Theme::of_name(field("theme")).map(Theme::name);
    for (name, value) in [
        ("fg-console-language", language),
        ("fg-console-theme", theme),
    ] {
        if let Some(value) = value {
            let cookie =
                format!("{name}={value}; Path=/console; Max-Age=31536000; SameSite=Strict");
            if let Ok(value) = hyper::header::HeaderValue::from_str(&cookie) {
                answer.headers_mut().append(SET_COOKIE, value);
            }
        }
    }
    answer
}

/// Tells pages that ask with which secret forms are sent from now on, where the request's session holds.
pub(super) fn state(session: Option<&session::Session>) -> Answer {
    let mut answer = empty(StatusCode::NO_CONTENT);
    if let Some(session) = session {
        set_text(&mut answer, super::CSRF_HEADER, &session.csrf);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (wanted, expected) in [
            (
                Some("/console/site/today?days=7"),
                "/console/site/today?days=7",
            ),
            (Some("//evil.example"), "/console"),
            (Some("https://evil.example"), "/console"),
            (Some("/console/\\evil"), "/console"),
            (Some("/console/a b"), "/console"),
            (Some("/consoles"), "/console"),
            (Some("/console/../v1/forget"), "/console"),
            (Some("/console/a/%2E./b"), "/console"),
            (
                Some("/console/a/today?path=/../b"),
                "/console/a/today?path=/../b",
            ),
            (Some("/console/a/b..c"), "/console/a/b..c"),
            (None, "/console"),
        ] {
            assert_eq!(return_to(wanted), expected, "{wanted:?}");
        }
    }
}
