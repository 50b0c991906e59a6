//! Numbers in JSON, and how it is laid out. What JSON can't hold is the string `nan`, `inf` or `-inf`.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter};

/// A scale or zero point as [`scale`] writes it, without a value of JSON between.
#[derive(Clone, Copy, Debug)]
pub struct Shortest(pub f64);

impl Serialize for Shortest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let narrow = self.0 as f32;
        let is_narrow = f64::from(narrow).to_bits() == self.0.to_bits();
        match narrow {
            _ if !is_narrow || !narrow.is_finite() => scale(self.0).serialize(serializer),
            _ if is_whole(narrow) => serializer.serialize_i64(narrow as i64),
            _ => serializer.serialize_f32(narrow),
        }
    }
}

/// Whether a float32 is a whole number that is written without a point.
fn is_whole(value: f32) -> bool {
    const WHOLE: f32 = 16_777_216.0;
    value.fract() == 0.0 && value.abs() <= WHOLE
}

/// JSON for people and programs: a field a line, but lists of numbers and words in one line.
#[derive(Debug, Default)]
pub struct Lines {
    /// For every open list and object, whether something in it stands in a line of its own.
    is_open: Vec<bool>,
    /// Whether an entry of a list has begun whose kind is not known yet.
    is_waiting: bool,
    /// Whether a comma is still to be written before that entry.
    has_comma: bool,
}

impl Lines {
    fn line<W: ?Sized + Write>(&self, writer: &mut W, depth: usize) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..depth).try_for_each(|_| writer.write_all(b"  "))
    }

    /// An entry of a list that is a list or an object itself gets a line of its own.
    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if std::mem::take(&mut self.is_waiting) {
            if std::mem::take(&mut self.has_comma) {
                writer.write_all(b",")?;
            }
            self.is_open.last_mut().into_iter().for_each(|is_open| *is_open = true);
            self.line(writer, self.is_open.len())?;
        }
        self.is_open.push(false);
        writer.write_all(bracket)
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.is_open.pop() == Some(true) {
            self.line(writer, self.is_open.len())?;
        }
        writer.write_all(bracket)
    }

    /// Before an entry that is no list and no object.
    fn settle<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_waiting = false;
        if std::mem::take(&mut self.has_comma) { writer.write_all(b", ") } else { Ok(()) }
    }
}

macro_rules! plain_entries {
    ($($name:ident($type:ty);)*) => {$(
        fn $name<W: ?Sized + Write>(&mut self, writer: &mut W, value: $type) -> io::Result<()> {
            self.settle(writer)?;
            CompactFormatter.$name(writer, value)
        }
    )*};
}

impl Formatter for Lines {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.settle(writer)?;
        CompactFormatter.write_null(writer)
    }

    plain_entries! {
        write_bool(bool);
        write_i8(i8);
        write_i16(i16);
        write_i32(i32);
        write_i64(i64);
        write_i128(i128);
        write_u8(u8);
        write_u16(u16);
        write_u32(u32);
        write_u64(u64);
        write_u128(u128);
        write_f32(f32);
        write_f64(f64);
        write_number_str(&str);
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.settle(writer)?;
        CompactFormatter.begin_string(writer)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _writer: &mut W, first: bool) -> io::Result<()> {
        (self.is_waiting, self.has_comma) = (true, !first);
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.is_open.last_mut().into_iter().for_each(|is_open| *is_open = true);
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer, self.is_open.len())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// A float64 with the digits that tell it from its neighbours.
pub fn number(value: f64) -> Value {
    match value {
        _ if value.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        _ => value.into(),
    }
}

/// A float32 with as many digits as tell it from its neighbours, whole numbers without a point.
/// Going through float64 would add digits that mean nothing.
pub fn short(value: f32) -> Value {
    if is_whole(value) {
        return (value as i64).into();
    }
    value.to_string().parse().map_or_else(|_| number(f64::from(value)), number)
}

/// A scale or zero point: as [`short`] where it is a float32 number, which the file's own are.
pub fn scale(value: f64) -> Value {
    if f64::from(value as f32).to_bits() == value.to_bits() { short(value as f32) } else { number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_stand_in_one_line() {
        let value = serde_json::json!({"a": [1, 2.5, "x", null, true], "b": [], "c": {}, "d": [[1, 2], {"e": -1}], "f": [[], 3]});
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Lines::default());
        value.serialize(&mut serializer).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let expected = [
            "{",
            r#"  "a": [1, 2.5, "x", null, true],"#,
            r#"  "b": [],"#,
            r#"  "c": {},"#,
            r#"  "d": ["#,
            "    [1, 2],",
            "    {",
            r#"      "e": -1"#,
            "    }",
            "  ],",
            r#"  "f": ["#,
            "    [], 3",
            "  ]",
            "}",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn scales_are_written_as_their_values_are() {
        let narrow = [0.1f32, 1.0, -3.0, 1e-40, 3.4e38, 16_777_216.0, f32::NAN, f32::INFINITY, -0.0].map(f64::from);
        for value in narrow.into_iter().chain([0.1, 1e300]) {
            assert_eq!(serde_json::to_string(&Shortest(value)).unwrap(), scale(value).to_string(), "{value}");
        }
    }

    #[test]
    fn as_few_digits_as_needed() {
        for (value, text) in [(0.1, "0.1"), (-3.0, "-3"), (1e-40, "1e-40"), (f32::NAN, "\"nan\""), (f32::INFINITY, "\"inf\"")] {
            assert_eq!(short(value).to_string(), text);
        }
        assert_eq!((scale(f64::from(0.1f32)).to_string(), scale(0.1).to_string()), ("0.1".to_owned(), "0.1".to_owned()));
        assert_eq!(scale(f64::from(0.1f32) * f64::from(0.3f32)).to_string(), "0.03000000163912775");
        assert_eq!(number(f64::NEG_INFINITY).to_string(), "\"-inf\"");
    }
}
