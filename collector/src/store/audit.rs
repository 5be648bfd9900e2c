//! The audit log: who read or erased what. It lies in the store, because the store is what is
//! durable, backed up and bounded already.
//!
//! It says nothing of visitors but a digest of an id under the site's own key, from the first line
//! on: whoever asks about a visitor finds what was done, and after an erasure nothing has to be
//! taken out of a log that is only ever added to.

use firstglance_engine::json::JsonWriter;
use firstglance_engine::{Milliseconds, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an entry is kept.
pub const WINDOW: Milliseconds = Milliseconds::from_days(400);

/// How many entries are kept; beyond, the oldest are not. On disk they take some 30 MB.
pub const MOST: u64 = 100_000;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AuditEntry {
    /// When, in milliseconds since 1970.
    at: u64,
    /// Id of the token by which it was done.
    pub token: Box<str>,
    /// Whose that is.
    pub name: Box<str>,
    /// The route: method and path, with a name in braces in place of an id.
    pub route: Box<str>,
    /// Which visitor it was about, where it was about one, see the module.
    pub visitor: Option<Box<str>>,
    /// Status of the answer; nothing where the answer was still to be worked out: a line before an
    /// erasure, so that there is one whatever happens then.
    pub status: Option<u16>,
    /// How many visitors, events or the like the answer was about, where that is known.
    pub count: Option<u64>,
}

impl AuditEntry {
    /// What somebody asks for, before it is answered.
    #[must_use]
    pub fn asked(at: Timestamp, token: &str, name: &str, route: &str) -> Self {
        Self {
            at: at.as_milliseconds(),
            token: token.into(),
            name: name.into(),
            route: route.into(),
            visitor: None,
            status: None,
            count: None,
        }
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp::from_milliseconds(i64::try_from(self.at).unwrap_or(i64::MAX))
    }

    /// Writes the entry as members of the present object.
    pub fn write_members(&self, json: &mut JsonWriter) {
        json.name("at");
        json.moment(self.at());
        json.name("token");
        json.open('{');
        json.text_member("id", &self.token);
        json.text_member("name", &self.name);
        json.close('}');
        json.text_member("route", &self.route);
        json.name("visitor");
        match &self.visitor {
            Some(digest) => json.text(digest),
            None => json.null(),
        }
        for (name, number) in [
            ("status", self.status.map(u64::from)),
            ("count", self.count),
        ] {
            json.name(name);
            match number {
                Some(number) => json.integer(number),
                None => json.null(),
            }
        }
    }
}
