//! The table `[limits]`: how much one visitor and one address may send.

use ipnet::IpNet;

use super::fields::Field;
use super::fields::service as fields;
use super::problem::Problems;
use super::server::network;
use super::table::{Placed, Table};

/// How much one visitor and one address may send in a minute. What a request and a message may be
/// at most is not configured, see [`crate::ingest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages of one visitor in a minute; nothing where any number may come.
    pub visitor_events: Option<u32>,
    /// Requests of one address in a minute; nothing where any number may come.
    pub address_requests: Option<u32>,
    /// Networks of the owner's own servers, which are not limited.
    pub servers: Vec<IpNet>,
}

impl Default for Limits {
    /// A page sends a request every few seconds and some tens of messages a minute. A whole batch of
    /// one visitor fits at any time, and several hundred people behind one address do.
    fn default() -> Self {
        Self {
            visitor_events: per_minute(fields::VISITOR_EVENTS.number()),
            address_requests: per_minute(fields::ADDRESS_REQUESTS.number()),
            servers: Vec::new(),
        }
    }
}

/// The greatest limit; who wants more wants none.
const MOST: f64 = 1_000_000.0;

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(table) = root.table(&fields::LIMITS, problems) else {
        return limits;
    };
    for (field, limit) in [
        (&fields::VISITOR_EVENTS, &mut limits.visitor_events),
        (&fields::ADDRESS_REQUESTS, &mut limits.address_requests),
    ] {
        if let Some(number) = table.number(field, problems) {
            *limit = a_minute(field, &number, problems);
        }
    }
    if let Some(texts) = table.texts(&fields::SERVERS, problems) {
        let servers = texts.iter();
        limits.servers = servers
            .filter_map(|text| network(&fields::SERVERS, text, problems))
            .collect();
    }
    limits
}

/// A limit as it is meant: nought is none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most a million, and whole.
fn per_minute(number: f64) -> Option<u32> {
    Some(number as u32).filter(|limit| *limit > 0)
}

fn a_minute(field: &Field, number: &Placed<f64>, problems: &mut Problems<'_>) -> Option<u32> {
    if number.value.fract() == 0.0 && (0.0..=MOST).contains(&number.value) {
        return per_minute(number.value);
    }
    problems.add(
        number.span.clone(),
        format!("\"{}\" is {}", field.name, number.value),
        format!("it must be a whole number from 1 to {MOST}, or 0 for no limit"),
    );
    None
}
