//! The table `[limits]`: how much one visitor and one address may send.

use ipnet::IpNet;

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
            visitor_events: Some(1_000),
            address_requests: Some(12_000),
            servers: Vec::new(),
        }
    }
}

const FIELDS: &[&str] = &["visitor_events", "address_requests", "servers"];

/// The greatest limit; who wants more wants none.
const MOST: f64 = 1_000_000.0;

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(table) = root.table("limits", "[limits]", problems) else {
        return limits;
    };
    table.only(FIELDS, "field", problems);
    for (name, limit) in [
        ("visitor_events", &mut limits.visitor_events),
        ("address_requests", &mut limits.address_requests),
    ] {
        if let Some(number) = table.number(name, "1000", problems) {
            *limit = a_minute(name, &number, problems);
        }
    }
    let example = "[\"192.0.2.1\", \"10.0.0.0/8\"]";
    if let Some(texts) = table.texts("servers", example, problems) {
        let servers = texts.iter();
        limits.servers = servers
            .filter_map(|text| network("servers", text, problems))
            .collect();
    }
    limits
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // It has just been looked at.
fn a_minute(name: &str, number: &Placed<f64>, problems: &mut Problems<'_>) -> Option<u32> {
    if number.value.fract() == 0.0 && (0.0..=MOST).contains(&number.value) {
        return Some(number.value as u32).filter(|limit| *limit > 0);
    }
    problems.add(
        number.span.clone(),
        format!("\"{name}\" is {}", number.value),
        format!("it must be a whole number from 1 to {MOST}, or 0 for no limit"),
    );
    None
}
