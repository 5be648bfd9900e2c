//! Names of messages, visitors and users, as they come from outside, bounded and printable.
//!
//! Never makes an id up: ids come in as arguments.

use alloc::boxed::Box;
use alloc::string::String;

use core::fmt;

/// Longest id, in bytes of UTF-8. The Segment libraries send at most 100.
pub const MAX_ID_BYTES: usize = 200;

/// Ids of visitors that are known only by a user id start so.
const USER_PREFIX: &str = "user:";

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdError {
    /// It is empty.
    Empty,
    /// It is longer than [`MAX_ID_BYTES`].
    TooLong,
    /// It has a control character, or starts or ends in white space.
    Unprintable,
    /// It starts with `user:`, which is kept for visitors known only by their user id.
    Reserved,
}

impl fmt::Display for IdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "must not be empty",
            Self::TooLong => "must be at most 200 bytes long",
            Self::Unprintable => {
                "must not contain control characters, nor start or end with white space"
            }
            Self::Reserved => "must not start with \"user:\"",
        })
    }
}

impl core::error::Error for IdError {}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong);
    }
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) || text.trim_ascii().len() < text.len()
    {
        return Err(IdError::Unprintable);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Names one message, so that a message sent twice counts once for its visitor.
    MessageId
}
id! {
    /// Names a person in the site owner's own systems (`userId`).
    UserId
}
id! {
    /// Names one visitor: a browser's or device's anonymous id or, where a message has none,
    /// `user:` and the user id.
    VisitorId
}

impl MessageId {
    /// A message id from outside.
    ///
    /// # Errors
    /// [`IdError`] tells what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text).map(|()| Self(text.into()))
    }
}

impl UserId {
    /// A user id from outside. It leaves room for the prefix in [`VisitorId::of_user`].
    ///
    /// # Errors
    /// [`IdError`] tells what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text)?;
        if text.len() > MAX_ID_BYTES - USER_PREFIX.len() {
            return Err(IdError::TooLong);
        }
        Ok(Self(text.into()))
    }
}

impl VisitorId {
    /// An anonymous id from outside.
    ///
    /// # Errors
    /// [`IdError`] tells what is wrong with it.
    pub fn anonymous(text: &str) -> Result<Self, IdError> {
        check(text)?;
        if text.starts_with(USER_PREFIX) {
            return Err(IdError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The visitor of messages that carry a user id and no anonymous id.
    #[must_use]
    pub fn of_user(user: &UserId) -> Self {
        let mut text = String::with_capacity(USER_PREFIX.len() + user.0.len());
        text.push_str(USER_PREFIX);
        text.push_str(&user.0);
        Self(text.into())
    }

    /// Either form, as stored or as named in an administrator's request.
    ///
    /// # Errors
    /// [`IdError`] tells what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check(text).map(|()| Self(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn what_is_an_id() {
        let long = "x".repeat(201);
        for (text, expected) in [
            ("a", Ok(())),
            ("5f2c-é ü", Ok(())),
            ("", Err(IdError::Empty)),
            (" a", Err(IdError::Unprintable)),
            ("a\u{0}b", Err(IdError::Unprintable)),
            (long.as_str(), Err(IdError::TooLong)),
            ("user:7", Err(IdError::Reserved)),
        ] {
            assert_eq!(VisitorId::anonymous(text).map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn a_user_without_anonymous_id_is_a_visitor_of_its_own() {
        let user = UserId::parse("7").unwrap();
        let visitor = VisitorId::of_user(&user);
        assert_eq!(visitor.as_str(), "user:7");
        assert_eq!(VisitorId::parse("user:7"), Ok(visitor));
    }
}
