//! The compact binary form in which profiles and models are stored and sent.
//!
//! Layout: unsigned integers are LEB128 (seven bits a byte, low first); texts and lists are a
//! count and then their bytes or items; 64-bit floats are eight bytes, little-endian; a type that
//! can change starts with a version byte. Bytes are never trusted: every count is checked against
//! what is left before anything is allocated.

use alloc::boxed::Box;
use alloc::vec::Vec;

use core::fmt;

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// They end too early, or a count says more than there is.
    Short,
    /// They were written by a version of this code that is not known here.
    Version(u8),
    /// They say something that cannot be.
    Invalid(&'static str),
    /// Something follows after the end.
    Long,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => formatter.write_str("the record ends too early"),
            Self::Version(version) => {
                write!(formatter, "the record has the unknown version {version}")
            }
            Self::Invalid(what) => write!(formatter, "the record has an impossible {what}"),
            Self::Long => formatter.write_str("something follows after the end of the record"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// Something with a binary form.
pub trait Encode: Sized {
    /// Appends the binary form.
    fn encode(&self, out: &mut Writer);

    /// Reads the binary form. Where the bytes are wrong, the reader remembers it and the value is
    /// anything at all: [`Encode::from_bytes`] never gives it out.
    fn decode(reader: &mut Reader<'_>) -> Self;

    /// The binary form alone.
    #[must_use]
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.encode(&mut out);
        out.0
    }

    /// Reads a binary form that must fill the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] tells what is wrong with the bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader);
        match reader.error {
            Some(error) => Err(error),
            None if reader.bytes.is_empty() => Ok(value),
            None => Err(DecodeError::Long),
        }
    }
}

/// Collects bytes.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// An unsigned integer.
    pub fn integer(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A 64-bit float, to the bit.
    pub fn float(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.integer(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A list.
    pub fn list<T: Encode>(&mut self, items: &[T]) {
        self.integer(items.len() as u64);
        for item in items {
            item.encode(self);
        }
    }
}

/// Reads bytes from the front and remembers the first thing that was wrong with them.
///
/// After that there is nothing left to read: numbers are 0, texts and lists empty. A reader that
/// cannot fail at each step makes the page's module a third smaller than one that returns a result
/// for every number.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    error: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// Reads from these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, error: None }
    }

    /// Remembers that the bytes are wrong, unless they were before.
    pub fn fail(&mut self, error: DecodeError) {
        self.bytes = &[];
        self.error.get_or_insert(error);
    }

    fn take(&mut self, count: usize) -> &'a [u8] {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                taken
            }
            None => {
                self.fail(DecodeError::Short);
                &[]
            }
        }
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// One of a few things, by its place.
    pub fn choice<T: Copy>(&mut self, all: &[T], first: T, what: &'static str) -> T {
        match all.get(usize::from(self.byte())) {
            Some(chosen) => *chosen,
            None => {
                self.fail(DecodeError::Invalid(what));
                first
            }
        }
    }

    /// An unsigned integer.
    pub fn integer(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            if shift > 63 || (shift == 63 && byte > 1) {
                self.fail(DecodeError::Invalid("integer"));
                return 0;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    /// A finite 64-bit float.
    pub fn float(&mut self) -> f64 {
        let bytes = self.take(8).try_into().unwrap_or([0; 8]);
        let value = f64::from_bits(u64::from_le_bytes(bytes));
        if value.is_finite() {
            return value;
        }
        self.fail(DecodeError::Invalid("number"));
        0.0
    }

    /// A count of things that take at least one byte each.
    pub fn count(&mut self) -> usize {
        let count = self.integer();
        if count > self.bytes.len() as u64 {
            self.fail(DecodeError::Short);
            return 0;
        }
        count as usize
    }

    /// A text.
    pub fn text(&mut self) -> &'a str {
        let count = self.count();
        core::str::from_utf8(self.take(count)).unwrap_or_else(|_| {
            self.fail(DecodeError::Invalid("text"));
            ""
        })
    }

    /// A list.
    pub fn list<T: Encode>(&mut self) -> Vec<T> {
        let mut list = Vec::new();
        for _ in 0..self.count() {
            list.push(T::decode(self));
            if self.error.is_some() {
                break;
            }
        }
        list
    }
}

impl Encode for Box<str> {
    fn encode(&self, out: &mut Writer) {
        out.text(self);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        reader.text().into()
    }
}

impl Encode for crate::time::Timestamp {
    fn encode(&self, out: &mut Writer) {
        out.integer(self.as_milliseconds());
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self::from_milliseconds(i64::try_from(reader.integer()).unwrap_or(i64::MAX))
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Writer) {
        out.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.encode(out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        reader
            .choice(&[false, true], false, "option")
            .then(|| T::decode(reader))
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn broken_bytes() {
        for (bytes, expected) in [
            (&[][..], DecodeError::Short),
            (&[5, b'a'], DecodeError::Short),
            (&[0xff; 11], DecodeError::Invalid("integer")),
            (&[1, 0xff], DecodeError::Invalid("text")),
            (&[1, b'a', 0], DecodeError::Long),
            (&[0xff, 0xff, 0xff, 0xff, 0xf, b'a'], DecodeError::Short),
        ] {
            assert_eq!(Box::<str>::from_bytes(bytes), Err(expected), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn integers_and_back(value: u64) {
            let mut out = Writer::default();
            out.integer(value);
            let mut reader = Reader::new(&out.0);
            prop_assert_eq!((reader.integer(), reader.error), (value, None));
        }

        #[test]
        fn texts_and_back(text in "\\PC*") {
            let text: Box<str> = text.into();
            prop_assert_eq!(Box::<str>::from_bytes(&text.to_bytes()), Ok(text));
        }
    }
}
