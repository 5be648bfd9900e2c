//! The latest events: of the visitors seen last, what they did last. Reads so many timelines from so far
//! back, however much is stored.

use firstglance_engine::{Message, Milliseconds, Timestamp, VisitorId};

use crate::http::console::story;
use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::ingest::TYPES;
use crate::store::listing::List;
use crate::store::{Position, Source};

/// Visitors that are looked at, and events of each.
const VISITORS: usize = 24;
const OF_EACH: usize = 60;

/// Events that are shown.
const MOST: usize = 60;

/// How far back before a visitor was last seen.
const BACK: Milliseconds = Milliseconds::from_minutes(10);

/// A stored message.
pub(super) struct Latest {
    pub(super) id: Box<str>,
    pub(super) visitor: VisitorId,
    pub(super) at: Timestamp,
    pub(super) kind: Box<str>,
    pub(super) message: Option<Message>,
}

/// The latest events that the filters of the page let through, newest first.
pub(super) async fn of(view: &View<'_>) -> Result<Vec<Latest>, HttpError> {
    let store = &view.app.store;
    let kind = view.parameter("type");
    if let Some(kind) = kind.as_deref().filter(|kind| !TYPES.contains(kind)) {
        return Err(HttpError::Query {
            name: "type",
            detail: format!(
                "there is no type {kind:?}; those known are: {}",
                TYPES.join(", ")
            ),
        });
    }
    let visitors: Vec<(VisitorId, Timestamp)> = match view.parameter("visitor") {
        Some(id) => {
            let visitor = VisitorId::parse(id.trim()).map_err(|error| HttpError::Query {
                name: "visitor",
                detail: format!("\"visitor\" {error}"),
            })?;
            let profile = store.visitor(&visitor).await?;
            profile
                .map(|profile| (visitor, profile.last_seen))
                .into_iter()
                .collect()
        }
        None => {
            let listed = store.list(vec![List::All], None, VISITORS).await?;
            let seen = listed.into_iter();
            seen.map(|one| (one.position.visitor, one.profile.last_seen))
                .collect()
        }
    };
    let page = view.parameter("page");
    let mut found = Vec::new();
    for (visitor, seen) in visitors {
        let from = i64::try_from(seen.as_milliseconds().saturating_sub(BACK.0));
        let after = Position {
            timestamp: Timestamp::from_milliseconds(from.unwrap_or(i64::MAX)),
            record: 0,
            index: 0,
        };
        for entry in store.timeline(&visitor, Some(after), OF_EACH).await? {
            let is_wanted = kind.as_deref().is_none_or(|kind| kind == &*entry.kind);
            if entry.source != Source::Sender || !is_wanted {
                continue;
            }
            let message = story::read(&entry.raw, &entry.kind, entry.context.as_deref());
            let begins = |page: &String| {
                let path = message.as_ref().map(Message::path);
                path.is_some_and(|path| path.starts_with(&**page))
            };
            if page.as_ref().is_none_or(begins) {
                found.push(Latest {
                    id: entry.message_id,
                    visitor: visitor.clone(),
                    at: entry.position.timestamp,
                    kind: entry.kind,
                    message,
                });
            }
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.at));
    found.truncate(MOST);
    Ok(found)
}
