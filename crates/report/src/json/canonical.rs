//! One way to write JSON: two blanks of indent, whole numbers without fraction, others by the fewest digits that read back
//! the same, and escapes for every character that could act on a terminal. It never changes what a reader gets.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use crate::sanitise::is_dangerous;

/// Whole numbers up to here are exact in binary64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes a value; one trailing line break.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    let mut out = Vec::with_capacity(4096);
    let mut serializer = Serializer::with_formatter(&mut out, Canonical(PrettyFormatter::new()));
    // Writing to memory does not fail, and the values hold no map whose keys are not text, the one thing that is refused.
    let _ = value.serialize(&mut serializer);
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default()
}

struct Canonical(PrettyFormatter<'static>);

impl Formatter for Canonical {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value == 0.0 {
            writer.write_all(b"0")
        } else if value.fract() == 0.0 && value.abs() <= EXACT {
            write!(writer, "{value:.0}")
        } else if value.abs() < 1e-6 || value.abs() >= 1e21 {
            write!(writer, "{value:e}")
        } else {
            write!(writer, "{value}")
        }
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| c.is_control() || is_dangerous(*c)) {
            writer.write_all(&fragment.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[from..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        let numbers = [0.0, -0.0, 2_000_000.0, 41.2, 0.1 + 0.2, 1e-9, 1e300, -7.0, 9e15];
        let text = pretty(&numbers).replace([' ', '\n'], "");
        assert_eq!(text, "[0,0,2000000,41.2,0.30000000000000004,1e-9,1e300,-7,9000000000000000]");
        let back: Vec<f64> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, numbers);
    }

    #[test]
    fn characters_that_act_are_escaped_and_read_back() {
        let text = "a\u{9b}b\u{202e}c\u{e0041}d\u{1b}é键";
        let written = pretty(&text);
        assert_eq!(written, "\"a\\u009bb\\u202ec\\udb40\\udc41d\\u001bé键\"\n");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
