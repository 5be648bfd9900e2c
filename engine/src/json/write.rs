//! Writes JSON: no formatting machinery, no allocation but the text itself.
//!
//! Never writes anything from outside unescaped; `<`, `>` and `&` are escaped as well, so that the
//! text may stand inside an HTML page.

use alloc::string::String;
use core::fmt::Write as _;

use crate::campaign::{self, Campaign};
use crate::time::Timestamp;
use crate::value::{Properties, Value};

/// Appends the decimal digits of a number.
pub fn digits(out: &mut String, value: u64) {
    let mut unit = 1;
    while value / unit >= 10 {
        unit *= 10;
    }
    while unit > 0 {
        out.push(char::from(b'0' + (value / unit % 10) as u8));
        unit /= 10;
    }
}

/// A value as the browser's `JSON.stringify` writes it: the form in which traits and properties are
/// compared.
#[must_use]
pub fn plain(value: &Value) -> String {
    if let Value::Number(number) = value
        && *number != 0.0
        && !(1e-6..1e21).contains(&number.abs())
    {
        // Beyond these the browser writes an exponent, and its sign.
        let text = alloc::format!("{number:e}");
        return if text.contains("e-") {
            text
        } else {
            text.replace('e', "e+")
        };
    }
    let Value::Text(text) = value else {
        let mut json = JsonWriter::default();
        json.value(value);
        return json.out;
    };
    let mut out = String::from("\"");
    for character in text.chars() {
        let short = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..' ' => {
                let digits = b"0123456789abcdef";
                out.push_str("\\u00");
                for digit in [character as usize >> 4, character as usize & 15] {
                    out.push(char::from(digits[digit]));
                }
                continue;
            }
            _ => {
                out.push(character);
                continue;
            }
        };
        out.push_str(short);
    }
    out.push('"');
    out
}

/// Collects JSON text. Commas are put by themselves.
#[derive(Clone, Debug, Default)]
pub struct JsonWriter {
    out: String,
}

impl JsonWriter {
    /// The text so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.out
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    fn separate(&mut self) {
        if !matches!(
            self.out.as_bytes().last(),
            None | Some(b'{' | b'[' | b':' | b'\n')
        ) {
            self.out.push(',');
        }
    }

    /// Opens an object with `{` or a list with `[`.
    pub fn open(&mut self, bracket: char) {
        self.separate();
        self.out.push(bracket);
    }

    /// Closes an object with `}` or a list with `]`.
    pub fn close(&mut self, bracket: char) {
        self.out.push(bracket);
    }

    /// Name of a member.
    pub fn name(&mut self, name: &str) {
        self.text(name);
        self.out.push(':');
    }

    /// `null`.
    pub fn null(&mut self) {
        self.literal("null");
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.literal(if value { "true" } else { "false" });
    }

    fn literal(&mut self, text: &str) {
        self.separate();
        self.out.push_str(text);
    }

    /// A text that is JSON already. What may not stand inside an HTML page or on a terminal can only
    /// lie in its texts, where it is escaped.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        for character in json.chars() {
            match character {
                '<' => self.out.push_str("\\u003c"),
                '>' => self.out.push_str("\\u003e"),
                '&' => self.out.push_str("\\u0026"),
                '\u{7f}' => self.out.push_str("\\u007f"),
                other => self.out.push(other),
            }
        }
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.separate();
        self.out.push('"');
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate() {
            let short = match byte {
                b'"' => "\\\"",
                b'\\' => "\\\\",
                b'\n' => "\\n",
                0..0x20 | b'<' | b'>' | b'&' | 0x7f => "\\u00",
                _ => continue,
            };
            self.out.push_str(text.get(written..at).unwrap_or_default());
            self.out.push_str(short);
            if short.len() > 2 {
                for digit in [byte >> 4, byte & 15] {
                    self.out
                        .push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
            written = at + 1;
        }
        self.out.push_str(text.get(written..).unwrap_or_default());
        self.out.push('"');
    }

    /// A moment.
    pub fn moment(&mut self, moment: Timestamp) {
        self.separate();
        self.out.push('"');
        moment.write_rfc3339(&mut self.out);
        self.out.push('"');
    }

    /// An integer.
    pub fn integer(&mut self, value: u64) {
        self.separate();
        digits(&mut self.out, value);
    }

    /// A number; what JSON cannot say becomes null.
    pub fn number(&mut self, value: f64) {
        const SAFE: f64 = 9_007_199_254_740_991.0;
        if !value.is_finite() {
            self.null();
        } else if value == 0.0 || (value.abs() <= SAFE && value as i64 as f64 == value) {
            if value < 0.0 {
                self.separate();
                self.out.push('-');
                digits(&mut self.out, value.abs() as u64);
            } else {
                self.integer(value as u64);
            }
        } else {
            self.separate();
            // Writing to a String cannot fail.
            let _ = write!(self.out, "{value}");
        }
    }

    /// A number that is not negative, rounded to so many decimals.
    pub fn rounded(&mut self, value: f64, decimals: u32) {
        let scale = 10_u64.pow(decimals);
        let scaled = (value.max(0.0) * scale as f64 + 0.5) as u64;
        self.integer(scaled / scale);
        let mut fraction = scaled % scale;
        if fraction > 0 {
            self.out.push('.');
            let mut unit = scale / 10;
            while fraction > 0 {
                self.out.push(char::from(b'0' + (fraction / unit) as u8));
                fraction %= unit;
                unit /= 10;
            }
        }
    }

    /// A value.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Number(number) => self.number(*number),
            Value::Text(text) => self.text(text),
            Value::List(list) => {
                self.open('[');
                for value in list {
                    self.value(value);
                }
                self.close(']');
            }
            Value::Object(properties) => self.properties(properties),
        }
    }

    /// An object of properties.
    pub fn properties(&mut self, properties: &Properties) {
        self.open('{');
        for (name, value) in properties.iter() {
            self.name(name);
            self.value(value);
        }
        self.close('}');
    }

    /// The UTM parameters of a campaign as an object.
    pub fn campaign(&mut self, campaign: &Campaign) {
        self.open('{');
        for parameter in campaign::fields() {
            self.text_member(campaign::field_name(parameter), campaign.get(parameter));
        }
        self.close('}');
    }

    /// A member that is a text, unless it is empty.
    pub fn text_member(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.name(name);
            self.text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;
    use std::vec;

    use super::*;

    #[test]
    fn values() {
        for (value, expected) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Number(0.0), "0"),
            (Value::Number(-0.0), "0"),
            (Value::Number(-12.0), "-12"),
            (Value::Number(1.5), "1.5"),
            (Value::Number(9_007_199_254_740_991.0), "9007199254740991"),
            (Value::from(f64::NAN), "null"),
            (
                Value::from("a\"\\\n\u{1}</script>é"),
                r#""a\"\\\n\u0001\u003c/script\u003eé""#,
            ),
            (
                Value::List(vec![Value::Null, Value::from("x")]),
                r#"[null,"x"]"#,
            ),
        ] {
            let mut json = JsonWriter::default();
            json.value(&value);
            assert_eq!(json.as_str(), expected);
        }
    }

    #[test]
    fn rounding() {
        for (value, decimals, expected) in [
            (0.0, 3, "0"),
            (0.6204, 3, "0.62"),
            (0.9996, 3, "1"),
            (12.05, 1, "12.1"),
            (0.001, 3, "0.001"),
            (-1.0, 3, "0"),
        ] {
            let mut json = JsonWriter::default();
            json.rounded(value, decimals);
            assert_eq!(json.as_str(), expected);
        }
    }
}
