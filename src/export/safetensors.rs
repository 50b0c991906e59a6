//! The safetensors format: a JSON header with every array's type, shape and place, and the data.
//!
//! Eight bytes with the header's length, the header padded with spaces to a multiple of eight, then
//! the arrays without gaps (the format's README, "Format"). Arrays of larger elements come first, so
//! that each is aligned to its elements.

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Array, Element, atomic, invalid};
use crate::jobs::Token;

/// Readers refuse a longer header.
const MAX_HEADER: usize = 100_000_000;

/// Writes a file. Names are unique; `metadata` is what the file says about itself.
///
/// # Errors
/// A name that occurs twice or is `__metadata__`; a header longer than the format allows; what the
/// file system says; or [`crate::jobs::Cancelled`] within an [`io::Error`].
pub fn write(path: &Path, arrays: &mut [(String, Array<'_>)], metadata: &[(String, String)], token: &Token) -> io::Result<()> {
    atomic::write(path, |out| write_to(out, arrays, metadata, token))
}

/// [`write()`], but for the file's name.
///
/// # Errors
/// As for [`write()`].
pub fn stage(path: &Path, arrays: &mut [(String, Array<'_>)], metadata: &[(String, String)], token: &Token) -> io::Result<atomic::Staged> {
    atomic::stage(path, |out| write_to(out, arrays, metadata, token))
}

/// Writes header and data.
///
/// # Errors
/// As for [`write()`].
pub fn write_to(
    out: &mut (impl Write + Send + ?Sized),
    arrays: &mut [(String, Array<'_>)],
    metadata: &[(String, String)],
    token: &Token,
) -> io::Result<()> {
    const METADATA: &str = "__metadata__";
    arrays.sort_by_key(|(_, array)| std::cmp::Reverse(array.element().size()));
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert(METADATA.into(), metadata.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect());
    }
    let mut begin = 0u64;
    for (name, array) in arrays.iter() {
        let end = begin.checked_add(array.byte_len()).ok_or_else(|| invalid("the arrays are too large together"))?;
        let Some(dtype) = dtype(array.element()) else {
            return Err(invalid("a safetensors file can't hold strings; write .npz or .csv"));
        };
        let entry = json!({ "dtype": dtype, "shape": array.shape(), "data_offsets": [begin, end] });
        if name == METADATA || header.insert(name.clone(), entry).is_some() {
            return Err(invalid(format!("an array can't be called {name:?} here")));
        }
        begin = end;
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() > MAX_HEADER {
        return Err(invalid("there are more arrays than a safetensors file can list"));
    }
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)?;
    arrays.iter_mut().try_for_each(|(_, array)| array.write_bytes(out, token))
}

/// The format's name of a type; it has none for strings.
fn dtype(element: Element) -> Option<&'static str> {
    Some(match element {
        Element::F16 => "F16",
        Element::F32 => "F32",
        Element::F64 => "F64",
        Element::I8 => "I8",
        Element::U8 => "U8",
        Element::I16 => "I16",
        Element::U16 => "U16",
        Element::I32 => "I32",
        Element::U32 => "U32",
        Element::I64 => "I64",
        Element::U64 => "U64",
        Element::Bool => "BOOL",
        Element::Text(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;
    use crate::model::DType;

    #[test]
    fn header_and_data() {
        let mut arrays = vec![
            ("codes".to_owned(), Array::new(&[3], Values::Stored(DType::I8, &[1, 2, 255])).unwrap()),
            ("conv/kernel".to_owned(), Array::of_f32(&[1, 1], &[1.0]).unwrap()),
        ];
        let mut out = Vec::new();
        write_to(&mut out, &mut arrays, &[("sha256".into(), "00".into())], &Token::new()).unwrap();
        let len = u64::from_le_bytes(out[..8].try_into().unwrap()) as usize;
        assert_eq!(len % 8, 0);
        let header: Value = serde_json::from_slice(&out[8..8 + len]).unwrap();
        assert_eq!(header["conv/kernel"], json!({ "dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4] }));
        assert_eq!(header["codes"], json!({ "dtype": "I8", "shape": [3], "data_offsets": [4, 7] }));
        assert_eq!(header["__metadata__"]["sha256"], "00");
        assert_eq!(out[8 + len..], [0, 0, 0x80, 0x3f, 1, 2, 255]);
    }

    #[test]
    fn names_are_checked() {
        for names in [["a", "a"], ["a", "__metadata__"]] {
            let mut arrays: Vec<_> = names.map(|name| (name.to_owned(), Array::of_f32(&[1], &[1.0]).unwrap())).into();
            assert!(write_to(&mut Vec::new(), &mut arrays, &[("k".into(), "v".into())], &Token::new()).is_err());
        }
    }
}
