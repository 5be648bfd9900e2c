//! The latest events: of the visitors seen last, what they did last. Reads the ends of so many
//! timelines, however much is stored.

use firstglance_engine::{Message, Timestamp, VisitorId};

use crate::http::admin::stream::Wanted;
use crate::http::console::view::View;
use crate::http::error::HttpError;
use crate::store::Source;
use crate::store::listing::Listed;

/// Visitors that are looked at, and events of each.
const VISITORS: usize = 24;
const OF_EACH: usize = 60;

/// Events that are shown.
const MOST: usize = 60;

/// A stored message.
pub(super) struct Latest {
    pub(super) id: Box<str>,
    pub(super) visitor: VisitorId,
    pub(super) at: Timestamp,
    pub(super) kind: Box<str>,
    pub(super) message: Option<Message>,
}

/// The latest events that the filters of the page let through, newest first, of those seen last.
pub(super) async fn of(view: &View<'_>, seen: &[Listed]) -> Result<Vec<Latest>, HttpError> {
    let wanted = Wanted::of(view.uri)?;
    let visitors: Vec<&VisitorId> = match wanted.visitor() {
        Some(visitor) => vec![visitor],
        None => {
            let seen = seen.iter().take(VISITORS);
            seen.map(|one| &one.position.visitor).collect()
        }
    };
    let mut found = Vec::new();
    for visitor in visitors {
        for entry in view.app.store.latest(visitor, OF_EACH).await? {
            let message = entry.message();
            if entry.source == Source::Sender && wanted.is(&entry.kind, visitor, || message.clone())
            {
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
