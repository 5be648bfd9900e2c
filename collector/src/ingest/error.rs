//! Why a request is refused as a whole.

use super::MAX_MESSAGES;

/// Why a request is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The body is not UTF-8.
    #[error("the body is not UTF-8: byte {at} cannot stand there")]
    BadUtf8 {
        /// The first wrong byte, counted from 0.
        at: usize,
    },
    /// The body is not JSON, or not of the right form.
    #[error("line {line}, column {column}: {detail}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        detail: String,
    },
    /// A field that concerns all messages is wrong.
    #[error("{detail}")]
    InvalidField {
        /// The field.
        field: &'static str,
        /// What is wrong with it and what would be right.
        detail: String,
    },
    /// There is no write key.
    #[error(
        "no write key: it must be in \"writeKey\" of the body, or be the user name of Basic \
         authentication"
    )]
    MissingKey,
    /// It is not this site's.
    #[error("the write key is not this site's")]
    WrongKey,
    /// There are too many messages.
    #[error("the batch has {count} messages; it may have {MAX_MESSAGES}")]
    TooManyMessages {
        /// How many.
        count: usize,
    },
}

impl IngestError {
    /// The error's name in answers.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::BadUtf8 { .. } => "bad_utf8",
            Self::Malformed { .. } => "malformed_json",
            Self::InvalidField { .. } => "invalid_field",
            Self::MissingKey => "missing_write_key",
            Self::WrongKey => "wrong_write_key",
            Self::TooManyMessages { .. } => "too_many_messages",
        }
    }

    /// The place in the request, where there is one.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match self {
            Self::BadUtf8 { at } => Some(format!("byte {at}")),
            Self::Malformed { line, column, .. } => Some(format!("line {line}, column {column}")),
            Self::InvalidField { field, .. } => Some((*field).to_owned()),
            Self::MissingKey | Self::WrongKey => Some("writeKey".to_owned()),
            Self::TooManyMessages { .. } => Some("batch".to_owned()),
        }
    }
}
