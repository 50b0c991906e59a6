//! Comma-separated values: for spreadsheets and for looking.
//!
//! Numbers have the fewest digits that read back as the same value. What is not finite is `nan`,
//! `inf` or `-inf`, as numpy's and pandas' readers know it. Lines end with a line feed.

use std::io::{self, Write};
use std::path::Path;

use super::{Array, Block, Element, atomic};
use crate::jobs::Token;

/// How an array becomes lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line a row, for `numpy.loadtxt(..., delimiter=",")`: the last axis runs along the line and
    /// the others follow one another down the file. No header.
    Matrix,
    /// A line a value, with a column for the index along each axis. With a header.
    Indexed,
}

/// Writes a file with one array. `layout` names the axes, a letter each (`OHWI`), for the header of
/// [`Form::Indexed`]; they are called `axis0`, `axis1`, ... where it is not known.
///
/// # Errors
/// What the file system says; or [`crate::jobs::Cancelled`] within an [`io::Error`].
pub fn write(path: &Path, array: &mut Array<'_>, form: Form, layout: Option<&str>, token: &Token) -> io::Result<()> {
    atomic::write(path, |out| write_to(out, array, form, layout, token))
}

/// Writes the lines.
///
/// # Errors
/// As for [`write()`].
pub fn write_to(
    out: &mut (impl Write + Send + ?Sized),
    array: &mut Array<'_>,
    form: Form,
    layout: Option<&str>,
    token: &Token,
) -> io::Result<()> {
    let shape = array.shape().to_vec();
    let is_bool = array.element() == Element::Bool;
    if form == Form::Indexed {
        writeln!(out, "{}", header(&shape, layout))?;
    }
    let mut index = vec![0usize; shape.len()];
    let mut column = 0;
    let columns = shape.last().copied().unwrap_or(1).max(1);
    let mut line = Vec::new();
    array.for_each_block(token, |block| {
        line.clear();
        for_each_number(&block, is_bool, &mut line, |line, write_number| {
            match form {
                Form::Indexed => {
                    for position in &index {
                        write!(line, "{position},")?;
                    }
                    write_number(line)?;
                    line.push(b'\n');
                    advance(&mut index, &shape);
                }
                Form::Matrix => {
                    write_number(line)?;
                    column += 1;
                    line.push(if column == columns { b'\n' } else { b',' });
                    column %= columns;
                }
            }
            Ok(())
        })?;
        out.write_all(&line)
    })
}

/// A number of one kind or another, ready to be written.
type WriteNumber<'n> = &'n dyn Fn(&mut Vec<u8>) -> io::Result<()>;

fn for_each_number(
    block: &Block<'_>,
    is_bool: bool,
    line: &mut Vec<u8>,
    mut each: impl FnMut(&mut Vec<u8>, WriteNumber<'_>) -> io::Result<()>,
) -> io::Result<()> {
    match block {
        Block::F32(values) => values.iter().try_for_each(|value| each(line, &|line| float(line, f64::from(*value), value))),
        Block::F64(values) => values.iter().try_for_each(|value| each(line, &|line| float(line, *value, value))),
        Block::Int(values) if is_bool => values.iter().try_for_each(|value| each(line, &|line| write!(line, "{}", *value != 0))),
        Block::Int(values) => values.iter().try_for_each(|value| each(line, &|line| write!(line, "{value}"))),
        Block::Unsigned(values) => values.iter().try_for_each(|value| each(line, &|line| write!(line, "{}", *value as u64))),
        Block::Texts(texts, range) => range.clone().try_for_each(|index| each(line, &|line| quoted(line, texts.get(index)))),
    }
}

/// Shortest digits, with an exponent where the number is very large or small (`1e-7`).
fn float(line: &mut Vec<u8>, value: f64, digits: &dyn std::fmt::Debug) -> io::Result<()> {
    if value.is_nan() {
        line.extend(b"nan");
        return Ok(());
    }
    write!(line, "{digits:?}")
}

/// In quotation marks, and those within it doubled (RFC 4180); the bytes as they are.
fn quoted(line: &mut Vec<u8>, text: &[u8]) -> io::Result<()> {
    line.push(b'"');
    for byte in text {
        line.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
    }
    line.push(b'"');
    Ok(())
}

fn header(shape: &[usize], layout: Option<&str>) -> String {
    let letters = layout.map(str::to_lowercase).filter(|letters| letters.chars().count() == shape.len());
    let mut columns: Vec<String> = match letters {
        Some(letters) => letters.chars().map(String::from).collect(),
        None => (0..shape.len()).map(|axis| format!("axis{axis}")).collect(),
    };
    columns.push("value".into());
    columns.join(",")
}

/// The next index in row-major order.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (position, dim) in index.iter_mut().zip(shape).rev() {
        *position += 1;
        if *position < *dim {
            return;
        }
        *position = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;
    use crate::model::{DType, FormatName};
    use crate::values::text::Texts;

    fn text(array: io::Result<Array<'_>>, form: Form, layout: Option<&str>) -> String {
        let mut out = Vec::new();
        write_to(&mut out, &mut array.unwrap(), form, layout, &Token::new()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn forms() {
        let values = [0.1, -0.0, f32::NAN, f32::NEG_INFINITY, 1e-7, 16_777_216.0];
        let matrix = "0.1,-0.0,nan\n-inf,1e-7,16777216.0\n";
        assert_eq!(text(Array::of_f32(&[2, 3], &values), Form::Matrix, None), matrix);
        let indexed = "o,i,value\n0,0,0.1\n0,1,-0.0\n0,2,nan\n1,0,-inf\n1,1,1e-7\n1,2,16777216.0\n";
        assert_eq!(text(Array::of_f32(&[2, 3], &values), Form::Indexed, Some("OI")), indexed);
        assert_eq!(text(Array::of_f32(&[2], &[1.0, 2.5]), Form::Matrix, None), "1.0,2.5\n");
        assert_eq!(text(Array::of_f32(&[2], &[1.0, 2.5]), Form::Indexed, Some("OI")), "axis0,value\n0,1.0\n1,2.5\n");
        assert_eq!(text(Array::of_f32(&[], &[1.0]), Form::Indexed, None), "value\n1.0\n");
        assert_eq!(text(Array::of_f32(&[3, 0], &[]), Form::Matrix, None), "");
    }

    #[test]
    fn types() {
        let big = u64::MAX.to_le_bytes();
        assert_eq!(text(Array::new(&[1], Values::Stored(DType::U64, &big)), Form::Matrix, None), "18446744073709551615\n");
        assert_eq!(text(Array::new(&[2], Values::Stored(DType::Bool, &[0, 2])), Form::Matrix, None), "false,true\n");
        assert_eq!(text(Array::new(&[2], Values::Stored(DType::I4, &[0x8f])), Form::Matrix, None), "-1,-8\n");
        let tenth = 0.1f64.to_le_bytes();
        assert_eq!(text(Array::new(&[1], Values::Stored(DType::F64, &tenth)), Form::Matrix, None), "0.1\n");
    }

    #[test]
    fn strings() {
        let bytes: Vec<u8> = [2i32, 16, 21, 22].iter().flat_map(|number| number.to_le_bytes()).chain(*b"a\"b,\nc").collect();
        let texts = Texts::new(FormatName::Tflite, &bytes, 2).unwrap();
        let found = text(Array::new(&[2], Values::Texts(texts)), Form::Indexed, None);
        assert_eq!(found, "axis0,value\n0,\"a\"\"b,\n\"\n1,\"c\"\n");
    }

    #[test]
    fn every_float_reads_back() {
        let values: Vec<f32> =
            (0..2000u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761))).filter(|value| !value.is_nan()).collect();
        let text = text(Array::of_f32(&[values.len()], &values), Form::Matrix, None);
        let read: Vec<f32> = text.trim_end().split(',').map(|number| number.parse().unwrap()).collect();
        assert_eq!(read, values);
    }
}
