//! Parameters of an address.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use firstglance_engine::Timestamp;
use firstglance_engine::address::Address;
use hyper::Uri;

use super::error::HttpError;

/// The value of a parameter; of several, the first.
pub(super) fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<Cow<'a, str>> {
    all(uri).find_map(|(key, value)| (key == name).then_some(value))
}

/// Names and values of all parameters.
pub(super) fn all(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let address = Address {
        query: uri.query().unwrap_or_default(),
        ..Address::default()
    };
    address.parameters()
}

/// The value of a parameter that is read in its own way; nothing where it is not given.
pub(super) fn parsed<T: FromStr<Err: Display>>(
    uri: &Uri,
    name: &'static str,
) -> Result<Option<T>, HttpError> {
    read(uri, name, str::parse)
}

/// The moment that a parameter says.
pub(super) fn moment(uri: &Uri, name: &'static str) -> Result<Option<Timestamp>, HttpError> {
    read(uri, name, Timestamp::parse)
}

fn read<T, E: Display>(
    uri: &Uri,
    name: &'static str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, HttpError> {
    let given = parameter(uri, name).filter(|text| !text.is_empty());
    let value = given.map(|text| read(&text)).transpose();
    value.map_err(|error| HttpError::Query {
        name,
        detail: format!("\"{name}\" {error}"),
    })
}

/// What a parameter may say that is a yes or no. Being there is a yes.
pub(super) const FLAG: [&str; 3] = ["", "true", "false"];

/// Whether a parameter says yes.
pub(super) fn flag(uri: &Uri, name: &'static str) -> Result<bool, HttpError> {
    match parameter(uri, name).as_deref() {
        None | Some("false") => Ok(false),
        Some("" | "true") => Ok(true),
        Some(_) => Err(HttpError::Query {
            name,
            detail: format!("\"{name}\" says yes by being there; it may be true or false"),
        }),
    }
}

/// The parameter `cursor`, which `read` makes something of where an answer has given it.
pub(super) fn cursor<T>(
    uri: &Uri,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, HttpError> {
    let Some(cursor) = parameter(uri, "cursor") else {
        return Ok(None);
    };
    match read(&cursor) {
        Some(place) => Ok(Some(place)),
        None => Err(HttpError::Query {
            name: "cursor",
            detail: "\"cursor\" must be the \"next\" of the answer before".to_owned(),
        }),
    }
}

/// The parameter `cursor` where it is a number.
pub(super) fn number_cursor(uri: &Uri) -> Result<Option<u64>, HttpError> {
    cursor(uri, |text| text.parse().ok())
}

/// What matches a number in the parameter `cursor`.
pub(super) const NUMBER: &str = "^[0-9]{1,19}$";

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
