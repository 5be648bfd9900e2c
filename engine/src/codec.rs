//! The compact form in which profiles and models are stored and sent.
//!
//! The form is a text, so that the page's storage takes it as it is and no reader checks the
//! encoding of each name again. Layout: unsigned integers are LEB128 with six bits a character, low
//! first, and the seventh for "more follows"; texts are their length in bytes and then themselves;
//! lists are a count and their items; 64-bit floats are an integer, their bits; a type that can
//! change starts with a version. Nothing is trusted: every count is
//! checked against what is left before anything is allocated.

use alloc::boxed::Box;
use alloc::string::String;
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

    /// The form alone.
    #[must_use]
    fn to_text(&self) -> String {
        let mut out = Writer::default();
        self.encode(&mut out);
        out.0
    }

    /// Reads a form that must fill the text.
    ///
    /// # Errors
    /// [`DecodeError`] tells what is wrong with the text.
    fn from_text(text: &str) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(text);
        let value = Self::decode(&mut reader);
        match reader.error {
            Some(error) => Err(error),
            None if reader.text.is_empty() => Ok(value),
            None => Err(DecodeError::Long),
        }
    }

    /// The form alone, as bytes.
    #[must_use]
    fn to_bytes(&self) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    /// Reads a form that must fill the bytes.
    ///
    /// # Errors
    /// [`DecodeError`] tells what is wrong with the bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self::from_text(text),
            Err(_) => Err(DecodeError::Invalid("text")),
        }
    }
}

/// Collects characters.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// A small number, below 128.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(char::from(byte & 0x7f));
    }

    /// An unsigned integer.
    #[inline(never)]
    pub fn integer(&mut self, mut value: u64) {
        while value >= 0x40 {
            self.byte(value as u8 | 0x40);
            value >>= 6;
        }
        self.byte(value as u8);
    }

    /// A 64-bit float, to the bit.
    pub fn float(&mut self, value: f64) {
        self.integer(value.to_bits());
    }

    /// A text.
    #[inline(never)]
    pub fn text(&mut self, text: &str) {
        self.integer(text.len() as u64);
        self.0.push_str(text);
    }

    /// A list.
    pub fn list<T: Encode>(&mut self, items: &[T]) {
        self.integer(items.len() as u64);
        for item in items {
            item.encode(self);
        }
    }

    /// What was collected.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }

    /// What was collected so far.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

/// Reads characters from the front and remembers the first thing that was wrong with them.
///
/// After that there is nothing left to read: numbers are 0, texts and lists empty. A reader that
/// cannot fail at each step makes the page's module a third smaller than one that returns a result
/// for every number.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    error: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// Reads from this text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text, error: None }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.text.is_empty()
    }

    /// Remembers that the text is wrong, unless it was before.
    pub fn fail(&mut self, error: DecodeError) {
        self.text = "";
        self.error.get_or_insert(error);
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let Some((taken, rest)) = self.text.split_at_checked(bytes) else {
            self.fail(DecodeError::Short);
            return "";
        };
        self.text = rest;
        taken
    }

    /// A small number.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        match self.take(1).as_bytes() {
            // Cutting a character of several bytes fails.
            [byte] => *byte,
            _ => 0,
        }
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
    #[inline(never)]
    pub fn integer(&mut self) -> u64 {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            if shift > 60 || (shift == 60 && byte > 15) {
                self.fail(DecodeError::Invalid("number"));
                return 0;
            }
            value |= u64::from(byte & 0x3f) << shift;
            if byte < 0x40 {
                return value;
            }
            shift += 6;
        }
    }

    /// A finite 64-bit float.
    #[inline(never)]
    pub fn float(&mut self) -> f64 {
        let value = f64::from_bits(self.integer());
        if value.is_finite() {
            return value;
        }
        self.fail(DecodeError::Invalid("number"));
        0.0
    }

    /// A count of things that take at least one character each.
    pub fn count(&mut self) -> usize {
        let count = self.integer();
        if count > self.text.len() as u64 {
            self.fail(DecodeError::Short);
            return 0;
        }
        count as usize
    }

    /// A text.
    #[inline(never)]
    pub fn text(&mut self) -> &'a str {
        let count = self.count();
        self.take(count)
    }

    /// A text of its own.
    #[inline(never)]
    pub fn boxed(&mut self) -> Box<str> {
        self.text().into()
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
        reader.boxed()
    }
}

impl Encode for u32 {
    fn encode(&self, out: &mut Writer) {
        out.integer(u64::from(*self));
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        Self::try_from(reader.integer()).unwrap_or_else(|_| {
            reader.fail(DecodeError::Invalid("number"));
            0
        })
    }
}

impl<T: Encode, U: Encode> Encode for (T, U) {
    fn encode(&self, out: &mut Writer) {
        self.0.encode(out);
        self.1.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Self {
        (T::decode(reader), U::decode(reader))
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
            (&[0x7f; 11], DecodeError::Invalid("number")),
            (&[1, 0xff], DecodeError::Invalid("text")),
            (&[1, 0xc3, 0xa9], DecodeError::Short),
            (&[1, b'a', 0], DecodeError::Long),
            (&[0x7f, 0x7f, 0x7f, 0x7f, 0xf, b'a'], DecodeError::Short),
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
        fn floats_and_back(value: f64) {
            let mut out = Writer::default();
            out.float(value);
            let read = Reader::new(&out.0).float();
            prop_assert_eq!(read, if value.is_finite() { value } else { 0.0 });
        }

        #[test]
        fn texts_and_back(text in "\\PC*") {
            let text: Box<str> = text.into();
            prop_assert_eq!(Box::<str>::from_bytes(&text.to_bytes()), Ok(text));
        }
    }
}
