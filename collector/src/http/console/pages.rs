//! All pages and forms of the console: by which path, which role each needs, and whether it shows
//! visitors, so that the audit log says who looked; and the menu. The one place that says so. Shows
//! nothing itself.

use std::pin::Pin;

use hyper::{Method, StatusCode};
use maud::Markup;

use super::view::View;
use super::{campaigns, content, interests, journeys, live, profiles, segments, system, today};
use crate::http::answer::Answer;
use crate::http::error::HttpError;
use crate::http::pattern;
use crate::token::Role;

/// All pages, by their path below a site's. A name in braces stands for one part of a path.
pub(super) const PAGES: &[Page] = &[
    visitors("live", Role::Read, |view| Box::pin(live::show(view))),
    totals("live/state", Role::Read, |view| Box::pin(live::state(view))),
    visitors("live/stream", Role::Read, |view| {
        Box::pin(live::listen(view))
    }),
    visitors("profiles", Role::Read, |view| {
        Box::pin(profiles::show(view))
    }),
    visitors("profiles/{id}", Role::Read, |view| {
        Box::pin(profiles::one(view))
    }),
    visitors("profiles/{id}/access", Role::Read, |view| {
        Box::pin(profiles::access(view))
    }),
    change("profiles/{id}/erase", Role::Erase, |view| {
        Box::pin(profiles::erase(view))
    }),
    change("profiles/{id}/undo", Role::Operate, |view| {
        Box::pin(profiles::undo(view))
    }),
    visitors("export", Role::Read, |view| {
        Box::pin(profiles::export(view))
    }),
    totals("today", Role::Read, |view| Box::pin(today::show(view))),
    totals("today/reading", Role::Read, |view| {
        Box::pin(today::reading_part(view))
    }),
    totals("journeys", Role::Read, |view| {
        Box::pin(journeys::show(view))
    }),
    totals("campaigns", Role::Read, |view| {
        Box::pin(campaigns::show(view))
    }),
    totals("content", Role::Read, |view| Box::pin(content::show(view))),
    totals("content/{slot}", Role::Read, |view| {
        Box::pin(content::show_slot(view))
    }),
    change("content/restore", Role::Operate, |view| {
        Box::pin(content::restore(view))
    }),
    change("content/preview", Role::Operate, |view| {
        Box::pin(content::preview(view))
    }),
    totals("interests", Role::Read, |view| {
        Box::pin(interests::show(view))
    }),
    totals("interests/{id}", Role::Read, |view| {
        Box::pin(interests::one(view))
    }),
    change("interests/name", Role::Operate, |view| {
        Box::pin(interests::name(view))
    }),
    change("interests/unname", Role::Operate, |view| {
        Box::pin(interests::unname(view))
    }),
    totals("segments", Role::Read, |view| {
        Box::pin(segments::list(view))
    }),
    totals("segments/new", Role::Operate, |view| {
        Box::pin(segments::new(view))
    }),
    totals("segments/versions", Role::Read, |view| {
        Box::pin(segments::versions(view))
    }),
    totals("segments/versions/{number}", Role::Read, |view| {
        Box::pin(segments::version(view))
    }),
    totals("segments/{id}", Role::Read, |view| {
        Box::pin(segments::one(view))
    }),
    question("segments/check", Role::Read, |view| {
        Box::pin(segments::check(view))
    }),
    change("segments/preview", Role::Read, |view| {
        Box::pin(segments::preview(view))
    }),
    change("segments/backtest", Role::Read, |view| {
        Box::pin(segments::backtest(view))
    }),
    change("segments/save", Role::Operate, |view| {
        Box::pin(segments::save(view))
    }),
    change("segments/remove", Role::Operate, |view| {
        Box::pin(segments::remove(view))
    }),
    change(
        "segments/versions/{number}/restore",
        Role::Operate,
        |view| Box::pin(segments::restore(view)),
    ),
    totals("system", Role::Operate, |view| Box::pin(system::show(view))),
    totals("system/requests", Role::Operate, |view| {
        Box::pin(system::requests(view))
    }),
    visitors("system/refused", Role::Operate, |view| {
        Box::pin(system::refused(view))
    }),
    totals("system/configuration", Role::Operate, |view| {
        Box::pin(system::configuration(view))
    }),
    change("system/configuration/reload", Role::Operate, |view| {
        Box::pin(system::reload(view))
    }),
    totals("system/access", Role::Operate, |view| {
        Box::pin(system::access(view))
    }),
    change("system/access/create", Role::Erase, |view| {
        Box::pin(system::create(view))
    }),
    change("system/access/revoke", Role::Erase, |view| {
        Box::pin(system::revoke(view))
    }),
    visitors("system/audit", Role::Operate, |view| {
        Box::pin(system::audit(view))
    }),
    visitors("system/merges", Role::Operate, |view| {
        Box::pin(system::merges(view))
    }),
    totals("system/backup", Role::Operate, |view| {
        Box::pin(system::backups(view))
    }),
    change("system/backup", Role::Operate, |view| {
        Box::pin(system::back_up(view))
    }),
    change("system/compact", Role::Operate, |view| {
        Box::pin(system::compact(view))
    }),
];

/// The pages that the menu leads to, in its order, each with an icon in a field of 24 by 24.
pub(super) const NAVIGATION: &[Item] = &[
    item("today", "Today", "Vandaag", "M3 12h4l3-8 4 16 3-8h4"),
    item(
        "live",
        "Live",
        "Live",
        "M12 12h.01M8.500 15.500a5 5 0 0 1 0-7M15.500 8.500a5 5 0 0 1 0 7M5.600 18.400a9 9 0 0 1 0-12.800M18.400 5.600a9 9 0 0 1 0 12.800",
    ),
    item(
        "profiles",
        "Profiles",
        "Profielen",
        "M4 20c0-4 3.500-6 8-6s8 2 8 6M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z",
    ),
    item(
        "segments",
        "Segments",
        "Segmenten",
        "M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12ZM15 21a6 6 0 1 0 0-12 6 6 0 0 0 0 12Z",
    ),
    item(
        "interests",
        "Interests",
        "Interesses",
        "M12 20s-8-5-8-10.500A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 8 2.500C20 15 12 20 12 20Z",
    ),
    item(
        "campaigns",
        "Campaigns",
        "Campagnes",
        "M4 10v4h3l8 5V5L7 10H4ZM18.500 9a4 4 0 0 1 0 6",
    ),
    item(
        "content",
        "Content",
        "Content",
        "M4 5h16v5H4ZM4 14h7v5H4ZM15 14h5v5h-5Z",
    ),
    item(
        "journeys",
        "Journeys",
        "Routes",
        "M6 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 17h6a4 4 0 0 0 0-8h-4a4 4 0 0 1 0-4h6",
    ),
    item(
        "system",
        "System",
        "Systeem",
        "M5 4h14v6H5ZM5 14h14v6H5ZM8 7h.01M8 17h.01",
    ),
];

/// An item of the menu.
pub(super) struct Item {
    pub(super) path: &'static str,
    pub(super) english: &'static str,
    pub(super) dutch: &'static str,
    pub(super) icon: &'static str,
}

pub(super) const fn item(
    path: &'static str,
    english: &'static str,
    dutch: &'static str,
    icon: &'static str,
) -> Item {
    Item {
        path,
        english,
        dutch,
        icon,
    }
}

impl Item {
    /// Whether whoever looks may see the page.
    pub(super) fn is_for(&self, view: &View<'_>) -> bool {
        let mut pages = PAGES.iter();
        pages.any(|page| page.path == self.path && view.may(page.role))
    }
}

/// What a page came to.
pub(super) enum Shown {
    /// A page within the frame, with its title.
    Page(String, Markup),
    /// The same with a status that is no success: what was sent is not in order, and the page says why.
    Refused(StatusCode, String, Markup),
    /// A part of a page, for what changes in place.
    Part(Markup),
    /// Look there now: a change is made.
    SeeOther(String),
    /// Something else.
    Answer(Answer),
}

/// A page that arrives later.
pub(super) type Later<'a> = Pin<Box<dyn Future<Output = Result<Shown, HttpError>> + Send + 'a>>;

pub(super) type Showing = for<'a> fn(&'a View<'a>) -> Later<'a>;

/// A page and what it takes to be shown.
pub(super) struct Page {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) role: Role,
    pub(super) about: About,
    pub(super) show: Showing,
}

/// What a page is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Single visitors, or a change: the audit log has a line of it.
    Visitors,
    /// Counts, or the collector itself.
    Nobody,
}

/// A page that shows something of single visitors.
pub(super) const fn visitors(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::GET,
        path,
        role,
        about: About::Visitors,
        show,
    }
}

/// A page that shows nothing of any single visitor.
pub(super) const fn totals(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::GET,
        path,
        role,
        about: About::Nobody,
        show,
    }
}

/// What a form of a page is sent to.
pub(super) const fn change(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::POST,
        path,
        role,
        about: About::Visitors,
        show,
    }
}

/// What is asked with more than an address has room for, and changes nothing.
pub(super) const fn question(path: &'static str, role: Role, show: Showing) -> Page {
    Page {
        method: Method::POST,
        path,
        role,
        about: About::Nobody,
        show,
    }
}

impl Page {
    /// The part of a path that the name in braces stands for, where the path is this page's.
    pub(super) fn part<'a>(&self, path: &'a str) -> Option<&'a str> {
        pattern::part(self.path, path)
    }

    pub(super) fn takes(&self, method: &Method) -> bool {
        pattern::takes(&self.method, method)
    }
}
