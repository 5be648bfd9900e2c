//! Errors that several routes have in common, as samples: only their kind is told.

use std::sync::Arc;

use super::super::error::HttpError;
use crate::ingest::IngestError;
use crate::store::StoreError;

/// A wrong parameter.
pub(in super::super) const fn parameter() -> HttpError {
    HttpError::Query {
        name: "",
        detail: String::new(),
    }
}

/// What can be wrong with any body.
pub(in super::super) fn reading_a_body() -> [HttpError; 8] {
    [
        HttpError::BrokenBody,
        HttpError::SlowBody,
        HttpError::BodyTooLarge,
        HttpError::UnpackedTooLarge,
        HttpError::Encoding,
        HttpError::Packed(""),
        HttpError::MediaType,
        HttpError::Busy,
    ]
}

/// What can be wrong with a body's JSON and its write key.
pub(in super::super) fn reading_json() -> [HttpError; 6] {
    [
        IngestError::BadUtf8 { at: 0 },
        IngestError::Malformed {
            line: 0,
            column: 0,
            detail: String::new(),
        },
        IngestError::InvalidField {
            field: "",
            detail: String::new(),
        },
        IngestError::TooManyMessages { count: 0 },
        IngestError::MissingKey,
        IngestError::WrongKey,
    ]
    .map(HttpError::from)
}

/// What can be wrong with the store.
pub(in super::super) fn using_the_store() -> [HttpError; 3] {
    [
        StoreError::Busy,
        StoreError::Closing,
        StoreError::Failed(Arc::from("")),
    ]
    .map(HttpError::from)
}

/// What was asked of the store came to nothing, and harmed nothing.
pub(in super::super) fn not_done() -> HttpError {
    StoreError::NotDone(Arc::from("")).into()
}

/// More than may come.
pub(in super::super) const fn too_many() -> HttpError {
    HttpError::TooMany {
        what: "",
        seconds: 0,
    }
}
