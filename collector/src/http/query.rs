//! Parameters of an address.

use std::borrow::Cow;

use firstglance_engine::address::Address;
use hyper::Uri;

use super::error::HttpError;

/// The value of a parameter; of several, the first.
pub(super) fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    let address = Address {
        query: uri.query().unwrap_or_default(),
        ..Address::default()
    };
    address
        .parameters()
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The parameter `limit`.
pub(super) fn limit(uri: &Uri, default: usize, most: usize) -> Result<usize, HttpError> {
    let Some(text) = parameter(uri, "limit") else {
        return Ok(default);
    };
    match text.parse() {
        Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(HttpError::Query {
            name: "limit",
            detail: format!("\"limit\" must be a whole number from 1 to {most}"),
        }),
    }
}
