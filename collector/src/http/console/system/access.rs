//! Tokens and roles: who may sign in and what they may, and for those with the role `erase` forms to make
//! and revoke tokens. A token is shown once, to whoever made it, and kept nowhere.
//!
//! Nobody gives more than they have: a token of one site makes tokens of that site alone, and sees no
//! others.

use firstglance_engine::{Milliseconds, Timestamp};
use hyper::StatusCode;
use maud::{Markup, html};

use super::super::parts::{Cell, Column, Table, Tone, Value, empty, notice};
use super::super::view::View;
use super::super::{HttpError, Shown};
use super::Tab;
use crate::http::apart;
use crate::token::{Access, KeptToken, NewToken, Role, TokenError};

/// For how many days a token may be made; none is for always.
const DAYS: [u64; 4] = [7, 30, 90, 365];

/// The page.
pub(in crate::http::console) async fn show(view: &View<'_>) -> Result<Shown, HttpError> {
    let content = content(view, &html! {});
    Ok(Tab::Access.page(view, &content))
}

/// Tokens that whoever looks may know of.
fn known(view: &View<'_>) -> Vec<KeptToken> {
    let mut all = view.sites.shared().tokens.all();
    let own = view.session.access.site.as_deref();
    all.retain(|one| own.is_none_or(|own| one.site.as_deref() == Some(own)));
    all.sort_by(|one, other| (&one.name, one.created).cmp(&(&other.name, other.created)));
    all
}

fn content(view: &View<'_>, told: &Markup) -> Markup {
    let tokens = known(view);
    let revoked = view.parameter("revoked");
    let wanted = view.parameter("revoke");
    let wanted = tokens
        .iter()
        .find(|one| Some(&*one.id) == wanted.as_deref());
    html! {
        (told)
        @if let Some(revoked) = revoked.filter(|id| tokens.iter().all(|one| one.id != **id)) {
            (notice(
                Tone::Good,
                view.say("Revoked", "Ingetrokken"),
                &html! { (view.say("No token of this id holds any more:", "Geen token met dit id geldt nog:")) " " code { (revoked) } },
            ))
        }
        @if let Some(wanted) = wanted.filter(|_| view.may(Role::Erase)) { (confirm(view, wanted)) }
        (list(view, &tokens).show(view))
        @if view.may(Role::Erase) { (make(view, "", None)) }
        (roles(view).show(view))
    }
}

fn list(view: &View<'_>, tokens: &[KeptToken]) -> Table {
    let shared = view.sites.shared();
    let used = |id: &str| {
        shared
            .tokens
            .last_used(id)
            .map_or(Value::Nothing, Value::Moment)
    };
    let site = |site: Option<&str>| match site {
        Some(site) => site.to_owned(),
        None => view.say("all", "alle").to_owned(),
    };
    let may_change = view.may(Role::Erase);
    let row = |one: &KeptToken| {
        let mut row = vec![
            Cell::text(&*one.name),
            Cell::text(&*one.id),
            Cell::text(one.role.name()),
            Cell::text(site(one.site.as_deref())),
            Cell::from(Value::Moment(one.created)),
            match one.expires {
                Some(end) if !one.holds_at(view.now) => Cell::text(format!(
                    "{} {}",
                    view.say("expired", "verlopen"),
                    view.date(end)
                )),
                Some(end) => Value::Moment(end).into(),
                None => Cell::text(view.say("never", "nooit")),
            },
            used(&one.id).into(),
        ];
        if may_change {
            let link = view.link(Tab::Access.path(), &[("revoke", &*one.id)]);
            row.push(Cell::text(view.say("Revoke…", "Intrekken…")).to(link));
        }
        row
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    if view.session.access.site.is_none() {
        let owner = Access::owner();
        let mut row = vec![
            Cell::text(view.say("The owner's own", "Dat van de eigenaar")),
            Cell::text(&*owner.id),
            Cell::text(owner.role.name()),
            Cell::text(site(None)),
            Cell::from(Value::Nothing),
            Cell::text(view.say("never", "nooit")),
            used(&owner.id).into(),
        ];
        if may_change {
            row.push(Value::Nothing.into());
        }
        rows.push(row);
    }
    rows.extend(tokens.iter().map(row));
    let mut columns = vec![
        Column::new(view.say("Name", "Naam")),
        Column::new("Id").meaning(view.say(
            "Tells tokens apart, also in the audit log; says nothing of the token itself.",
            "Onderscheidt tokens, ook in het auditlog; zegt niets over het token zelf.",
        )),
        Column::new(view.say("Role", "Rol")),
        Column::new("Site"),
        Column::new(view.say("Made", "Gemaakt")),
        Column::new(view.say("Expires", "Verloopt")),
        Column::new(view.say("Last used", "Laatst gebruikt")).meaning(view.say(
            "Since the collector was started, by a program or here.",
            "Sinds de collector is gestart, door een programma of hier.",
        )),
    ];
    if may_change {
        columns.push(Column::new(view.say("Change", "Wijzigen")));
    }
    Table {
        id: "tokens",
        caption: view.say("Tokens", "Tokens").to_owned(),
        columns,
        rows,
        empty: empty(
            view.say(
                "No tokens but the owner's",
                "Geen tokens behalve dat van de eigenaar",
            ),
            &html! { p { (view.say("Make one for each person and program, with no more than it needs.", "Maak er een voor elke persoon en elk programma, met niet meer dan nodig is.")) } },
        ),
    }
}

/// What each role may.
fn roles(view: &View<'_>) -> Table {
    let rows = Role::ALL.map(|role| {
        let may = match role {
            Role::Decide => view.say(
                "Asks what visitors see in slots, for pages and e-mails made on a server. Does not sign in here.",
                "Vraagt wat bezoekers in slots zien, voor pagina's en e-mails die op een server worden gemaakt. Logt hier niet in.",
            ),
            Role::Read => view.say(
                "Sees everything about visitors and all figures; changes nothing.",
                "Ziet alles over bezoekers en alle cijfers; wijzigt niets.",
            ),
            Role::Operate => view.say(
                "Also edits segments, content and topics, undoes merges, and looks after the collector: this page.",
                "Bewerkt ook segmenten, content en onderwerpen, maakt samenvoegingen ongedaan en beheert de collector: deze pagina.",
            ),
            Role::Erase => view.say(
                "Also erases visitors, and makes and revokes tokens.",
                "Wist ook bezoekers, en maakt en trekt tokens in.",
            ),
        };
        vec![Cell::text(role.name()), Cell::text(may)]
    });
    Table {
        id: "roles",
        caption: view
            .say("What each role may", "Wat elke rol mag")
            .to_owned(),
        columns: vec![
            Column::new(view.say("Role", "Rol")),
            Column::new(view.say(
                "May, besides what those above it may",
                "Mag, naast wat die erboven mogen",
            )),
        ],
        rows: rows.into(),
        empty: html! {},
    }
}

/// The form that makes a token.
fn make(view: &View<'_>, name: &str, mistake: Option<&str>) -> Markup {
    let own = view.session.access.site.as_deref();
    let sites = view.sites.all().map(|app| app.site.id());
    let sites: Vec<&str> = sites
        .filter(|id| own.is_none_or(|own| own == *id))
        .collect();
    html! {
        div class="panel" {
            h2 { (view.say("Make a token", "Een token maken")) }
            form class="stacked" method="post" action=(view.link("system/access/create", &[])) {
                (view.csrf())
                label for="token-name" { (view.say("Name", "Naam")) }
                input id="token-name" name="name" value=(name) required maxlength="100"
                    aria-describedby="token-name-about" aria-invalid=[mistake.map(|_| "true")];
                p id="token-name-about" class="quiet" { (view.say("Whose it is: a person or a program. The audit log names it.", "Van wie het is: een persoon of een programma. Het auditlog noemt die naam.")) }
                @if let Some(mistake) = mistake { p class="mistake" role="alert" { (mistake) } }
                label { (view.say("Role", "Rol"))
                    select name="role" {
                        @for role in Role::ALL {
                            option value=(role.name()) selected[role == Role::Read] { (role.name()) }
                        }
                    }
                }
                label { "Site"
                    select name="site" {
                        @if own.is_none() { option value="" { (view.say("all", "alle")) } }
                        @for id in &sites { option value=(id) { (id) } }
                    }
                }
                label { (view.say("Holds for", "Geldt"))
                    select name="days" {
                        @for days in DAYS {
                            option value=(days) selected[days == 90] { (days) " " (view.say("days", "dagen")) }
                        }
                        option value="" { (view.say("always", "altijd")) }
                    }
                }
                div class="actions" {
                    button type="submit" class="primary" { (view.say("Make the token", "Token maken")) }
                }
            }
        }
    }
}

fn confirm(view: &View<'_>, token: &KeptToken) -> Markup {
    html! {
        div class="panel" {
            h2 { (view.say("Revoke this token?", "Dit token intrekken?")) }
            p {
                bdi { strong { (token.name) } } ", " (token.role) ", " code { (token.id) } ". "
                (view.say("Whoever uses it is refused from then on, and signed out of the console.", "Wie het gebruikt wordt vanaf dan geweigerd, en uit de console uitgelogd."))
            }
            form method="post" action=(view.link("system/access/revoke", &[])) {
                (view.csrf())
                input type="hidden" name="id" value=(token.id);
                div class="actions" {
                    button type="submit" class="danger" { (view.say("Revoke", "Intrekken")) }
                    a class="button" href=(view.link(Tab::Access.path(), &[])) { (view.say("Keep it", "Houden")) }
                }
            }
        }
    }
}

/// Makes a token, and shows it this once.
pub(in crate::http::console) async fn create(view: &View<'_>) -> Result<Shown, HttpError> {
    let name = view.field("name").unwrap_or_default().trim().to_owned();
    let new = match wanted(view, &name) {
        Some(new) => new,
        None => {
            let mistake = view.say(
                "Choose a role, a site and a time that this form has.",
                "Kies een rol, een site en een tijd die dit formulier heeft.",
            );
            return Ok(refused(view, &name, mistake));
        }
    };
    let file = view.sites.shared().tokens.file().clone();
    let now = view.now;
    match apart(move || file.create(new, now)).await? {
        Ok((token, kept)) => {
            let told = made_token(view, &token, &kept);
            Ok(Tab::Access.page(view, &told))
        }
        Err(TokenError::Name) => {
            let mistake = view.say(
                "A name has 1 to 100 bytes and no control characters.",
                "Een naam heeft 1 tot 100 bytes en geen stuurtekens.",
            );
            Ok(refused(view, &name, mistake))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// What a form asks for; nothing where it is none of what the form offers.
fn wanted(view: &View<'_>, name: &str) -> Option<NewToken> {
    let role = Role::from_name(view.field("role")?)?;
    // A session has its role at least; more than it has nobody gives.
    let role = Some(role).filter(|role| view.may(*role))?;
    let site = view.field("site").filter(|site| !site.is_empty());
    let own = view.session.access.site.as_deref();
    if own.is_some() && own != site {
        return None;
    }
    if let Some(site) = site {
        view.sites.of_id(site)?;
    }
    let days = view.field("days").unwrap_or_default();
    let expires = match days {
        "" => None,
        days => {
            let days = days.parse().ok().filter(|days| DAYS.contains(days))?;
            Some(view.now.plus(Milliseconds::from_days(days)))
        }
    };
    Some(NewToken {
        name: name.to_owned(),
        role,
        site: site.map(str::to_owned),
        expires,
    })
}

fn made_token(view: &View<'_>, token: &str, kept: &KeptToken) -> Markup {
    let until = |end: Timestamp| view.moment(end);
    html! {
        div class="notice good" role="status" {
            strong { (view.say("The token is made", "Het token is gemaakt")) }
            div {
                p { (view.say(
                    "Copy it now: it is shown this once and kept nowhere.",
                    "Kopieer het nu: het wordt deze ene keer getoond en nergens bewaard.",
                )) }
                p { code class="secret" { (token) } }
                p class="quiet" {
                    bdi { (kept.name) } ", " (kept.role) ", Site: "
                    (kept.site.as_deref().unwrap_or(view.say("all", "alle")))
                    @if let Some(end) = kept.expires {
                        ", " (view.say("until", "tot")) " " (until(end))
                    }
                }
            }
        }
        p { a href=(view.link(Tab::Access.path(), &[])) { (view.say("I have copied it: back to all tokens", "Ik heb het gekopieerd: terug naar alle tokens")) } }
    }
}

fn refused(view: &View<'_>, name: &str, mistake: &str) -> Shown {
    let content = make(view, name, Some(mistake));
    Shown::Refused(
        StatusCode::UNPROCESSABLE_ENTITY,
        Tab::Access.title(view),
        Tab::Access.within(view, &content),
    )
}

/// Takes a token away.
pub(in crate::http::console) async fn revoke(view: &View<'_>) -> Result<Shown, HttpError> {
    let id = view.field("id").unwrap_or_default().to_owned();
    let link = view.link(Tab::Access.path(), &[("revoked", &*id)]);
    // One of another site is as one that is not there.
    if known(view).iter().all(|one| one.id != id) {
        return Ok(Shown::SeeOther(link));
    }
    let file = view.sites.shared().tokens.file().clone();
    match apart(move || file.revoke(&id)).await? {
        Ok(_) | Err(TokenError::Unknown { .. }) => Ok(Shown::SeeOther(link)),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &TokenError) -> HttpError {
    tracing::error!(%error, "the file of tokens cannot be changed");
    HttpError::Internal
}
