//! NumPy's `.npy`: one array.
//!
//! The format is that of `numpy.lib.format`: a magic string, a Python dictionary that says type,
//! order and shape, and the elements. Always in C order and little-endian.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use super::{Array, Element, atomic, invalid};
use crate::jobs::Token;

/// Writes a file with one array.
///
/// # Errors
/// What the file system says; or [`crate::jobs::Cancelled`] within an [`io::Error`].
pub fn write(path: &Path, array: &mut Array<'_>, token: &Token) -> io::Result<()> {
    atomic::write(path, |out| write_to(out, array, token))
}

/// Writes header and elements.
///
/// # Errors
/// As for [`write()`].
pub fn write_to(out: &mut (impl Write + Send + ?Sized), array: &mut Array<'_>, token: &Token) -> io::Result<()> {
    out.write_all(&header(array.element(), array.shape())?)?;
    array.write_bytes(out, token)
}

/// Everything before the elements; as long as a multiple of 64, so that they are aligned.
///
/// # Errors
/// A shape with so many dimensions that it can't be written.
pub(super) fn header(element: Element, shape: &[usize]) -> io::Result<Vec<u8>> {
    const MAGIC: &[u8] = b"\x93NUMPY";
    const ALIGNMENT: usize = 64;
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one has a comma.
    let comma = if dims.len() == 1 { "," } else { "" };
    let dictionary = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{comma}), }}", descr(element), dims.join(", "));
    // Version 1.0 has two bytes for the length, 2.0 has four.
    let long = dictionary.len() + ALIGNMENT > usize::from(u16::MAX);
    let before = MAGIC.len() + 2 + if long { 4 } else { 2 };
    let total = (before + dictionary.len() + 1).next_multiple_of(ALIGNMENT);
    let len = u32::try_from(total - before).map_err(|_| invalid("the array has too many dimensions"))?;
    let mut header = Vec::with_capacity(total);
    header.extend(MAGIC);
    header.extend(if long { [2, 0] } else { [1, 0] });
    header.extend(len.to_le_bytes().iter().take(if long { 4 } else { 2 }));
    header.extend(dictionary.bytes());
    header.resize(total - 1, b' ');
    header.push(b'\n');
    Ok(header)
}

/// NumPy's name of a type.
fn descr(element: Element) -> Cow<'static, str> {
    Cow::Borrowed(match element {
        Element::F16 => "<f2",
        Element::F32 => "<f4",
        Element::F64 => "<f8",
        Element::I8 => "|i1",
        Element::U8 => "|u1",
        Element::I16 => "<i2",
        Element::U16 => "<u2",
        Element::I32 => "<i4",
        Element::U32 => "<u4",
        Element::I64 => "<i8",
        Element::U64 => "<u8",
        Element::Bool => "|b1",
        Element::Text(characters) => return Cow::Owned(format!("<U{characters}")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;
    use crate::model::DType;

    /// The bytes that `numpy.save` of numpy 2.4.6 writes for the same array.
    #[test]
    fn as_numpy_saves() {
        let mut out = Vec::new();
        let mut array = Array::of_f32(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        write_to(&mut out, &mut array, &Token::new()).unwrap();
        let mut expected = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".to_vec();
        expected.resize(127, b' ');
        expected.push(b'\n');
        expected.extend([0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0xa0, 0x40]);
        assert_eq!(out, expected);
    }

    #[test]
    fn shapes_and_types() {
        for (dtype, shape, expected) in [
            (DType::F16, &[][..], "'descr': '<f2', 'fortran_order': False, 'shape': ()"),
            (DType::I8, &[3][..], "'descr': '|i1', 'fortran_order': False, 'shape': (3,)"),
            (DType::Bool, &[1, 0, 2][..], "'descr': '|b1', 'fortran_order': False, 'shape': (1, 0, 2)"),
            (DType::U4, &[3][..], "'descr': '|u1'"),
            (DType::I64, &[0][..], "'descr': '<i8'"),
        ] {
            let mut out = Vec::new();
            write_to(&mut out, &mut Array::new(shape, Values::Stored(dtype, &[0; 64])).unwrap(), &Token::new()).unwrap();
            assert!(String::from_utf8_lossy(&out).contains(expected), "{dtype} {shape:?}");
        }
    }

    #[test]
    fn many_dimensions() {
        let header = header(Element::F32, &[1; 30_000]).unwrap();
        assert_eq!(header[6..8], [2, 0]);
        assert_eq!(header.len() % 64, 0);
        assert_eq!(u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize, header.len() - 12);
    }

    #[test]
    fn read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        write(&path, &mut Array::of_f32(&[2, 2], &[1.0, -0.0, f32::MAX, 1e-45]).unwrap(), &Token::new()).unwrap();
        let array: ndarray::Array2<f32> = ndarray_npy::read_npy(&path).unwrap();
        assert_eq!(array, ndarray::arr2(&[[1.0, -0.0], [f32::MAX, 1e-45]]));
    }
}
