//! Whether the site is seen, and if not, why: what to paste, what to allow, what to change. Judges by
//! what the collector has seen since it started, and says so; no single visitor is told of.

use firstglance_engine::model::Consent;
use firstglance_engine::profile::EntryKind;
use firstglance_engine::{Milliseconds, Timestamp};
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};

use crate::config::{DefaultConsent, Origin};
use crate::hexadecimal::hexadecimal;
use crate::http::console::parts::{Tone, notice};
use crate::http::console::story::shortened;
use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::http::sightings::Refusal;
use crate::store::listing::Listed;
use crate::store::refused::Shelf;

/// What is older than this is no longer news.
const RECENT: Milliseconds = Milliseconds::from_minutes(60);

/// A site that sent nothing for so long is quiet.
const QUIET: Milliseconds = Milliseconds::from_minutes(30);

/// Pages send their first messages after some seconds, when they are idle.
const PATIENCE: Milliseconds = Milliseconds(20_000);

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    /// The latest message, and the path of the latest page.
    heard: Option<Timestamp>,
    page: Option<String>,
    loader: Option<Timestamp>,
    file: Option<Timestamp>,
    keys: Vec<Refusal>,
    origins: Vec<Refusal>,
    robots: Option<Timestamp>,
    faulty: Option<(Timestamp, String)>,
}

/// What may be wrong.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    WrongKey(Refusal),
    WrongOrigin(Refusal),
    Faulty(String),
    RobotsOnly,
    /// The loader was asked for just now.
    Waiting,
    /// The loader was asked for, and nothing that it brings.
    NoScripts,
    /// What the loader brings was asked for, and nothing was sent.
    NothingSent,
    /// Nothing was ever asked for.
    NoTag,
}

impl Seen {
    async fn of(view: &View<'_>, listed: &[Listed]) -> Result<Self, HttpError> {
        let (app, now) = (view.app, view.now);
        let sightings = &app.sightings;
        let since = now.minus(RECENT);
        let latest = listed.iter().max_by_key(|one| one.profile.last_seen);
        let page = latest.and_then(|one| {
            let pages = one.profile.recent(EntryKind::Page);
            pages.first().map(|page| page.text.to_string())
        });
        // After a restart only the profiles remember.
        let seen = latest.map(|one| one.profile.last_seen.min(now));
        let mut kept = [None, None];
        for (kept, shelf) in kept.iter_mut().zip([Shelf::Automated, Shelf::Faulty]) {
            let page = app.store.refused(shelf, None, None, 1).await?;
            let first = page.messages.into_iter().next();
            *kept = first.map(|(_, one)| (one.received_at, one.detail.to_string()));
        }
        let [robots, faulty] = kept.map(|kept| kept.filter(|(at, _)| *at >= since));
        Ok(Self {
            heard: sightings.last_messages().max(seen),
            page,
            loader: sightings.last_loader(),
            file: sightings.last_file(),
            keys: sightings.wrong_keys(since),
            origins: sightings.wrong_origins(since),
            robots: robots.map(|(at, _)| at),
            faulty,
        })
    }

    fn is_seen(&self, now: Timestamp) -> bool {
        self.heard.is_some_and(|heard| heard >= now.minus(QUIET))
    }

    /// What may be wrong, the surest first.
    fn problems(&self, now: Timestamp) -> Vec<Problem> {
        let mut found: Vec<Problem> = self.keys.iter().cloned().map(Problem::WrongKey).collect();
        found.extend(self.origins.iter().cloned().map(Problem::WrongOrigin));
        let since_heard = |at: &Timestamp| self.heard.is_none_or(|heard| *at > heard);
        if let Some((_, detail)) = self.faulty.as_ref().filter(|(at, _)| since_heard(at)) {
            found.push(Problem::Faulty(detail.clone()));
        }
        if self.is_seen(now) {
            return found;
        }
        if self.robots.as_ref().is_some_and(since_heard) {
            found.push(Problem::RobotsOnly);
        }
        // Whoever asked for the loader before the last message has it in the browser's cache.
        let loader = self.loader.filter(since_heard);
        let file = self.file.filter(since_heard);
        match (loader, file) {
            _ if !found.is_empty() => {}
            (Some(at), _) if at > now.minus(PATIENCE) => found.push(Problem::Waiting),
            (_, Some(_)) => found.push(Problem::NothingSent),
            (Some(_), None) => found.push(Problem::NoScripts),
            (None, None) if self.heard.is_none() => found.push(Problem::NoTag),
            (None, None) => {}
        }
        found
    }
}

/// The panel, and what tells it from another. Where scripts run, it asks for itself anew every few
/// seconds, and is left alone while nothing has changed: somebody may be copying from it.
pub(super) async fn show(
    view: &View<'_>,
    listed: &[Listed],
) -> Result<(Markup, String), HttpError> {
    let seen = Seen::of(view, listed).await?;
    let problems = seen.problems(view.now);
    let content = html! {
        (verdict(view, &seen, &problems))
        @for (place, problem) in problems.iter().enumerate() { (told(view, problem, place)) }
    };
    let digest = hexadecimal(&Sha256::digest(content.0.as_bytes())[..8]);
    let again = view.link("live/state", &[("shown", &digest)]);
    let panel = html! {
        div id="status" hx-get=(again) hx-trigger="every 5s" hx-swap="outerHTML" { (content) }
    };
    Ok((panel, digest))
}

fn verdict(view: &View<'_>, seen: &Seen, problems: &[Problem]) -> Markup {
    let page = seen.page.as_deref().unwrap_or("/");
    match seen.heard {
        Some(heard) if seen.is_seen(view.now) => {
            let ago = view
                .language
                .duration(view.now.since(heard).0 / 1_000 * 1_000);
            notice(
                Tone::Good,
                view.say("We see your site", "We zien uw site"),
                &html! { p {
                    (view.say("The last message came ", "Het laatste bericht kwam ")) strong { (ago) } (view.say(" ago; the page looked at last is ", " geleden; de laatst bekeken pagina is "))
                    code { bdi { (shortened(page)) } } "."
                } },
            )
        }
        Some(heard) => notice(
            if problems.is_empty() {
                Tone::Plain
            } else {
                Tone::Warning
            },
            view.say(
                "We have seen your site, but nothing came of late",
                "We hebben uw site gezien, maar er kwam de laatste tijd niets",
            ),
            &html! { p {
                (view.say("The last message came on ", "Het laatste bericht kwam op ")) (view.moment(heard)) "."
                @if problems.is_empty() { " " (view.say("If nobody was there, that is in order. Open a page of your site: it shows here within seconds.", "Als er niemand was, is dat in orde. Open een pagina van uw site: die verschijnt hier binnen enkele seconden.")) }
            } },
        ),
        None => notice(
            Tone::Warning,
            view.say("We do not see your site yet", "We zien uw site nog niet"),
            &html! { p { (view.say("Nothing was received so far. What we know of why is below; this page looks again every few seconds.", "Er is nog niets ontvangen. Wat we weten over waarom staat hieronder; deze pagina kijkt elke paar seconden opnieuw.")) } },
        ),
    }
}

/// What is wrong, and what to do.
fn told(view: &View<'_>, problem: &Problem, place: usize) -> Markup {
    let say = |english, dutch| view.say(english, dutch);
    let times = |refusal: &Refusal| {
        html! { span class="quiet" { " (" (view.language.count(refusal.count)) "×, " (say("last at ", "laatst om ")) (view.time(refusal.last)) ")" } }
    };
    match problem {
        Problem::WrongKey(refusal) => notice(
            Tone::Bad,
            say(
                "Messages come with a wrong key",
                "Er komen berichten met een verkeerde sleutel",
            ),
            &html! {
                p {
                    @match refusal.what.is_empty() {
                        true => (say("The key is that of no site here.", "De sleutel is van geen site hier.")),
                        false => { (say("The key begins with ", "De sleutel begint met ")) code { bdi { (refusal.what) "…" } } "." },
                    }
                    (times(refusal))
                    " " (say("Put this site's key into the script tag:", "Zet de sleutel van deze site in de script-tag:"))
                }
                (tag(view, place))
            },
        ),
        Problem::WrongOrigin(refusal) => notice(
            Tone::Bad,
            say(
                "Pages of an origin that is not allowed want to send",
                "Pagina's van een niet toegestane herkomst willen sturen",
            ),
            &html! {
                p { code { bdi { (refusal.what) } } (times(refusal)) }
                @if let Some(allowed) = Origin::parse(&refusal.what) {
                p { (say("If these are your pages, put this line into [site] of firstglance.toml; it holds after a reload:", "Als dit uw pagina's zijn, zet dan deze regel in [site] van firstglance.toml; hij geldt na herladen:")) }
                (copied(view, &format!("origins-{place}"), &allowing(view, allowed.as_str())))
                } @else {
                    p { (say("Pages that browsers give no origin, such as sandboxed frames and files, cannot be allowed.", "Pagina's die van browsers geen herkomst krijgen, zoals afgeschermde frames en bestanden, kunnen niet worden toegestaan.")) }
                }
            },
        ),
        Problem::Faulty(detail) => notice(
            Tone::Warning,
            say("Messages were refused", "Er zijn berichten geweigerd"),
            &html! {
                p { (say("The latest because: ", "Het laatste omdat: ")) bdi { (shortened(detail)) } }
                @if view.may(crate::token::Role::Operate) { p { a href=(view.link("system", &[])) { (say("All refused messages", "Alle geweigerde berichten")) } } }
            },
        ),
        Problem::RobotsOnly => notice(
            Tone::Warning,
            say("Only robots came", "Er kwamen alleen robots"),
            &html! { p { (say("Your pages send, but everything of late came from programs that look like robots, and is kept apart. Open a page of your site in an ordinary browser. A monitor or a test that runs a browser counts as one, too.", "Uw pagina's sturen, maar alles van de laatste tijd kwam van programma's die op robots lijken, en blijft apart. Open een pagina van uw site in een gewone browser. Een bewaking of test die een browser bestuurt telt ook als robot.")) } },
        ),
        Problem::Waiting => notice(
            Tone::Plain,
            say(
                "A page has just loaded the script",
                "Een pagina heeft zojuist het script geladen",
            ),
            &html! { p { (say("It sends its first message within seconds, when the page is idle.", "Binnen enkele seconden, als de pagina rustig is, komt het eerste bericht.")) } },
        ),
        Problem::NoScripts => notice(
            Tone::Bad,
            say(
                "Pages load the script, but not what it brings",
                "Pagina's laden het script, maar niet wat het meebrengt",
            ),
            &html! {
                p { (say("Most likely the Content-Security-Policy of your pages forbids it. Allow in it:", "Waarschijnlijk verbiedt de Content-Security-Policy van uw pagina's het. Sta daarin toe:")) }
                (copied(view, &format!("policy-{place}"), &policy(view)))
                (debug(view))
            },
        ),
        Problem::NothingSent => {
            let is_asking = !matches!(
                view.app.site.consent,
                DefaultConsent::State(Consent::Granted | Consent::Session)
            );
            notice(
                Tone::Bad,
                say(
                    "Pages load everything, but send nothing",
                    "Pagina's laden alles, maar sturen niets",
                ),
                &html! {
                    @if is_asking {
                        p { (say("Your configuration asks for consent first (", "Uw configuratie vraagt eerst toestemming (")) code { "consent = " (view.app.site.consent.name()) } (say("). Until a visitor consents, pages send nothing: give consent on a page of yours and look again.", "). Tot een bezoeker toestemt sturen pagina's niets: geef toestemming op een pagina van uzelf en kijk opnieuw.")) }
                    } @else {
                        p { (say("Either no visitor has consented where the page asks for it, or the Content-Security-Policy of your pages forbids sending. Allow in it:", "Of geen bezoeker heeft toegestemd waar de pagina dat vraagt, of de Content-Security-Policy van uw pagina's verbiedt het sturen. Sta daarin toe:")) }
                    }
                    (copied(view, &format!("policy-{place}"), &policy(view)))
                    (debug(view))
                },
            )
        }
        Problem::NoTag => notice(
            Tone::Plain,
            say(
                "Put the script tag into your pages",
                "Zet de script-tag in uw pagina's",
            ),
            &html! {
                p { (say("Nobody has asked for the script since the collector started. Paste this into the head of every page:", "Sinds de start van de collector heeft niemand om het script gevraagd. Plak dit in de head van elke pagina:")) }
                (tag(view, place))
                p { (say("If it stands there already: does the address lead here from a visitor's browser, and does the Content-Security-Policy allow it?", "Staat het er al: leidt het adres vanuit de browser van een bezoeker hierheen, en staat de Content-Security-Policy het toe?")) }
                (copied(view, &format!("policy-{place}"), &policy(view)))
            },
        ),
    }
}

fn debug(view: &View<'_>) -> Markup {
    html! { p { (view.say("Open a page with ", "Open een pagina met ")) code { "?fg_debug" } (view.say(" in its address: the browser's console then says what is in the way.", " in het adres: de console van de browser zegt dan wat er in de weg zit.")) } }
}

/// The address by which the console was reached, without a path.
fn origin(view: &View<'_>) -> String {
    let host = view
        .headers
        .get(hyper::header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = if view.by_tls { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// The script tag for this site.
fn tag(view: &View<'_>, place: usize) -> Markup {
    let names = &view.app.tracker.names;
    let key = view
        .app
        .site
        .write_key
        .replace('&', "&amp;")
        .replace('"', "&quot;");
    let tag = format!(
        "<script async src=\"{}{}{}\" data-site=\"{key}\"></script>",
        origin(view),
        names.path,
        names.script,
    );
    copied(view, &format!("tag-{place}"), &tag)
}

fn policy(view: &View<'_>) -> String {
    let origin = origin(view);
    format!("script-src {origin} 'wasm-unsafe-eval'; connect-src {origin}")
}

/// The line of the configuration that allows one origin more.
fn allowing(view: &View<'_>, origin: &str) -> String {
    let listed = view
        .app
        .site
        .allowed_origins
        .iter()
        .map(|one| one.as_str().to_owned());
    let all = listed.chain([origin.to_owned()]);
    let quoted = all.map(|one| serde_json::Value::from(one).to_string());
    format!(
        "allowed_origins = [{}]",
        quoted.collect::<Vec<_>>().join(", ")
    )
}

/// A text to take along.
fn copied(view: &View<'_>, id: &str, text: &str) -> Markup {
    html! {
        div class="copied" {
            pre tabindex="0" { code id=(format!("copy-{id}")) { (text) } }
            button type="button" id=(format!("take-{id}")) hidden data-copy=(format!("copy-{id}")) data-done=(view.say("Copied", "Gekopieerd")) { (view.say("Copy", "Kopieer")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 100_000_000;

    fn ago(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_milliseconds(NOW - seconds * 1_000))
    }

    fn refusal(what: &str) -> Refusal {
        Refusal {
            what: what.into(),
            count: 1,
            last: Timestamp::from_milliseconds(NOW),
        }
    }

    #[test]
    fn what_is_wrong() {
        let seen = |heard, loader, file| Seen {
            heard,
            loader,
            file,
            ..Seen::default()
        };
        let with = |change: fn(&mut Seen)| {
            let mut seen = seen(None, ago(300), ago(300));
            change(&mut seen);
            seen
        };
        for (seen, expected) in [
            (seen(None, None, None), vec![Problem::NoTag]),
            (seen(None, ago(5), None), vec![Problem::Waiting]),
            (seen(None, ago(300), None), vec![Problem::NoScripts]),
            (seen(None, ago(300), ago(299)), vec![Problem::NothingSent]),
            (seen(ago(10), ago(300), ago(299)), vec![]),
            // Everything was well before, and nobody came since.
            (seen(ago(9_000), ago(9_010), ago(9_009)), vec![]),
            (seen(ago(9_000), None, None), vec![]),
            (seen(ago(9_000), ago(60), None), vec![Problem::NoScripts]),
            (
                with(|seen| seen.keys.push(refusal("demo"))),
                vec![Problem::WrongKey(refusal("demo"))],
            ),
            (
                with(|seen| seen.origins.push(refusal("o"))),
                vec![Problem::WrongOrigin(refusal("o"))],
            ),
            (with(|seen| seen.robots = ago(3)), vec![Problem::RobotsOnly]),
            (
                with(|seen| seen.faulty = Some((ago(3).unwrap(), "x".to_owned()))),
                vec![Problem::Faulty("x".to_owned())],
            ),
            // What a site that is seen also gets.
            (
                with(|seen| {
                    seen.heard = ago(1);
                    seen.robots = ago(3);
                    seen.keys.push(refusal("old"));
                }),
                vec![Problem::WrongKey(refusal("old"))],
            ),
        ] {
            assert_eq!(
                seen.problems(Timestamp::from_milliseconds(NOW)),
                expected,
                "{seen:?}"
            );
        }
    }
}
