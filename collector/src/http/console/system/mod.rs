//! System: how the collector itself is, for whoever looks after it. One page for each concern, each with
//! an address of its own. Shows what programs are told by `/admin/v1/` and `/metrics`, and decides
//! nothing by itself.

mod access;
mod audit;
mod backup;
mod configuration;
mod merges;
mod overview;
mod refused;
mod requests;

use maud::{Markup, html};

use super::Shown;
use super::view::View;
use crate::http::query;

pub(super) use access::{create, revoke, show as access};
pub(super) use audit::show as audit;
pub(super) use backup::{compact, make as back_up, show as backups};
pub(super) use configuration::{reload, show as configuration};
pub(super) use merges::show as merges;
pub(super) use overview::show;
pub(super) use refused::show as refused;
pub(super) use requests::show as requests;

/// Lines of a page of a log.
const LINES: usize = 100;

/// A page of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Overview,
    Requests,
    Refused,
    Configuration,
    Access,
    Audit,
    Merges,
    Backup,
}

impl Tab {
    const ALL: [Self; 8] = [
        Self::Overview,
        Self::Requests,
        Self::Refused,
        Self::Configuration,
        Self::Access,
        Self::Audit,
        Self::Merges,
        Self::Backup,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "system",
            Self::Requests => "system/requests",
            Self::Refused => "system/refused",
            Self::Configuration => "system/configuration",
            Self::Access => "system/access",
            Self::Audit => "system/audit",
            Self::Merges => "system/merges",
            Self::Backup => "system/backup",
        }
    }

    const fn say(self, view: &View<'_>) -> &'static str {
        match self {
            Self::Overview => view.say("Overview", "Overzicht"),
            Self::Requests => view.say("Requests", "Verzoeken"),
            Self::Refused => view.say("Refused messages", "Geweigerde berichten"),
            Self::Configuration => view.say("Configuration", "Configuratie"),
            Self::Access => view.say("Tokens and roles", "Tokens en rollen"),
            Self::Audit => view.say("Audit log", "Auditlog"),
            Self::Merges => view.say("Merges", "Samenvoegingen"),
            Self::Backup => view.say("Backup and space", "Back-up en ruimte"),
        }
    }

    /// The page, with the way to the others above it.
    fn page(self, view: &View<'_>, content: &Markup) -> Shown {
        Shown::Page(self.title(view), self.within(view, content))
    }

    fn title(self, view: &View<'_>) -> String {
        let system = view.say("System", "Systeem");
        match self {
            Self::Overview => system.to_owned(),
            other => format!("{system}: {}", other.say(view)),
        }
    }

    fn within(self, view: &View<'_>, content: &Markup) -> Markup {
        html! {
            nav class="choice" aria-label=(view.say("System", "Systeem")) {
                @for tab in Self::ALL {
                    a href=(view.link(tab.path(), &[])) aria-current=[(tab == self).then_some("page")] {
                        (tab.say(view))
                    }
                }
            }
            (content)
        }
    }
}

/// The way to older lines of a log, and back to the latest.
fn pager(view: &View<'_>, next: Option<u64>) -> Markup {
    let is_first = query::parameter(view.uri, "cursor").is_none();
    html! {
        @if !is_first || next.is_some() {
            nav class="choice" aria-label=(view.say("More", "Meer")) {
                @if !is_first {
                    a href=(view.with("cursor", "")) { (view.say("Latest", "Nieuwste")) }
                }
                @if let Some(next) = next {
                    a rel="next" href=(view.with("cursor", &next.to_string())) { (view.say("Older", "Ouder")) }
                }
            }
        }
    }
}
