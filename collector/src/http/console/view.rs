//! What a page is shown by: who looks, at which site, in which language, and the addresses of other
//! pages. Remembers the tables that a page has, so that each can be answered as CSV.

use std::sync::{Mutex, MutexGuard, PoisonError};

use firstglance_engine::{Timestamp, VisitorId};
use hyper::Uri;
use hyper::header::HeaderMap;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::language::Language;
use super::parts::Table;
use super::session::Session;
use super::story::Names;
use crate::http::error::HttpError;
use crate::http::{App, Sites, query};
use crate::store::calendar::Calendar;
use crate::store::counting::Period;
use crate::token::Role;

/// What may stand as it is in a part of a path or a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// See the module.
pub(super) struct View<'a> {
    pub(super) app: &'a App,
    pub(super) sites: &'a Sites,
    pub(super) session: &'a Session,
    pub(super) language: Language,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    /// Whether the browser came by TLS.
    pub(super) by_tls: bool,
    pub(super) now: Timestamp,
    /// The part of the path that the name in braces stands for, percent-encoded.
    pub(super) part: &'a str,
    /// What a form has sent.
    pub(super) form: Vec<(String, String)>,
    pub(super) kept: Mutex<Kept>,
}

/// What pages say of themselves while they are made.
#[derive(Default)]
pub(super) struct Kept {
    /// The id of the table that is wanted, and that table.
    pub(super) wanted: Option<String>,
    pub(super) table: Option<Table>,
    /// For the audit log.
    pub(super) count: Option<u64>,
    pub(super) visitor: Option<VisitorId>,
}

impl<'a> View<'a> {
    /// A text in the language of whoever looks.
    pub(super) const fn say<'t>(&self, english: &'t str, dutch: &'t str) -> &'t str {
        self.language.say(english, dutch)
    }

    /// What a count of a time that is over counts, and why no list of visitors is behind it.
    pub(super) fn without_list(&self, english: &str, dutch: &str) -> String {
        let why = self.say(
            "Counts of a time that is over have no list: a profile tells what somebody is, and the timeline what they did.",
            "Tellingen van een tijd die voorbij is hebben geen lijst: een profiel vertelt wat iemand is, en de tijdlijn wat die deed.",
        );
        format!("{} {why}", self.say(english, dutch))
    }

    /// The zone whose clocks the site goes by.
    pub(super) fn zone(&self) -> &'a TimeZone {
        &self.app.site.timezone
    }

    /// A moment in the site's zone, to the minute.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        self.language.moment(at, self.zone())
    }

    /// The time of day in the site's zone, to the second.
    pub(super) fn time(&self, at: Timestamp) -> String {
        self.language.time(at, self.zone())
    }

    /// The date in the site's zone.
    pub(super) fn date(&self, at: Timestamp) -> String {
        self.language.day(at, self.zone())
    }

    /// The calendar of the site, by which days are counted.
    pub(super) fn calendar(&self) -> &'a Calendar {
        self.app.store.calendar()
    }

    /// The date of a day.
    pub(super) fn day(&self, day: Period) -> String {
        self.language.date(day.date())
    }

    /// By what names sentences are told.
    pub(super) fn names(&self) -> Names {
        let present = self.app.contents.present();
        Names {
            language: self.language,
            model: present.model.clone(),
            goals: present.goals.clone(),
            census: self.app.census(),
        }
    }

    /// What people call a segment or an interest.
    pub(super) fn called(&self, id: &str) -> Box<str> {
        self.names().called(id)
    }

    /// The address of a page of this site: its path, and parameters, of which empty ones are left out.
    pub(super) fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        let mut link = format!("/console/{}/{path}", self.app.site.id());
        let mut sign = '?';
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            let (name, value) = (encoded(name), encoded(value));
            link.push_str(&format!("{sign}{name}={value}"));
            sign = '&';
        }
        link
    }

    /// Where visitors who have something in common are listed.
    pub(super) fn profiles(&self, parameters: &[(&str, &str)]) -> String {
        self.link("profiles", parameters)
    }

    /// Where one visitor is shown.
    pub(super) fn profile(&self, visitor: &VisitorId) -> String {
        self.link(&format!("profiles/{}", encoded(visitor.as_str())), &[])
    }

    /// The address of this page with another value of a parameter; without it where that is empty.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let others = query::all(self.uri).filter(|(key, _)| key != name && key != "csv");
        let mut pairs: Vec<(String, String)> = others
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        let pairs = pairs
            .iter()
            .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
        let query: Vec<String> = pairs.collect();
        match query.is_empty() {
            true => self.uri.path().to_owned(),
            false => format!("{}?{}", self.uri.path(), query.join("&")),
        }
    }

    /// Where a table of this page is answered as CSV.
    pub(super) fn csv_of(&self, table: &str) -> String {
        self.with("csv", table)
    }

    /// What the page has said of itself. Whoever panicked with it has left nothing half done.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a table is wanted as CSV.
    pub(super) fn wants(&self, table: &str) -> bool {
        self.kept().wanted.as_deref() == Some(table)
    }

    /// Keeps a table, where it is the one that is wanted.
    pub(super) fn remember(&self, table: Table) {
        if self.wants(table.id) {
            self.kept().table = Some(table);
        }
    }

    /// A parameter of the address; nothing where it is empty.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let found = query::parameter(self.uri, name);
        found
            .map(|value| value.into_owned())
            .filter(|value| !value.is_empty())
    }

    /// Whether a page that is there already asks for a part of itself.
    pub(super) fn is_in_place(&self) -> bool {
        self.headers.contains_key("hx-request")
    }

    /// A field of the form that was sent.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value)
    }

    /// What every form carries.
    pub(super) fn csrf(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.session.csrf); }
    }

    /// Whether whoever looks may do what needs a role. What they may not is not shown.
    pub(super) fn may(&self, role: Role) -> bool {
        self.session.access.role >= role
    }

    /// The visitor that the path names; the audit log says that it was about them.
    pub(super) fn visitor(&self) -> Result<VisitorId, HttpError> {
        let id = percent_decode_str(self.part).decode_utf8();
        let id = id.map_err(|_| HttpError::Visitor)?;
        let visitor = VisitorId::parse(&id).map_err(|_| HttpError::Visitor)?;
        let mut kept = self.kept();
        kept.visitor = Some(visitor.clone());
        Ok(visitor)
    }

    /// Says how many visitors or the like the page is about, for the audit log.
    pub(super) fn told(&self, count: usize) {
        let mut kept = self.kept();
        kept.count = Some(count as u64);
    }
}

/// A text as it may stand in an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
