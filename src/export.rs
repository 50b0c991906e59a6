//! Arrays and pictures written to files, whole or not at all.
//!
//! An [`Array`] is a shape and where its values come from: memory, a mapped file, or a function
//! that computes a block at a time. Each format is one module that streams arrays into a writer, so
//! that no array is ever copied whole. [`atomic`] puts the result in its place.

use std::fmt;
use std::io;

use rayon::prelude::*;

use crate::jobs::Token;
use crate::model::DType;
use crate::values;
use crate::values::text::Texts;

pub mod atomic;
pub mod compare;
pub mod csv;
mod drawing;
pub mod files;
pub mod graph;
pub mod json;
pub mod layout;
pub mod manifest;
pub mod names;
pub mod npy;
pub mod npz;
pub mod picture;
pub mod pictures;
pub mod png;
mod rearranged;
pub mod safetensors;
pub mod svg;
pub mod weights;

/// How many times the bytes of the strings an array of them may take.
const MOST_FILLING: u64 = 256;
/// Elements that are handled at a time.
pub(crate) const BLOCK: usize = 1 << 16;
/// Elements that are computed on all threads while those before them are written.
const CHUNK: usize = 1 << 21;

/// The type of an array's elements in a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    F16,
    F32,
    F64,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    Bool,
    /// Texts of up to so many characters; in numpy UTF-32, filled up with zeros.
    Text(u32),
}

/// One array to be written, in row-major order.
pub struct Array<'a> {
    shape: Vec<usize>,
    element: Element,
    count: usize,
    values: Values<'a>,
}

/// Where an array's values come from.
pub enum Values<'a> {
    /// Written as float32.
    Float(&'a [f32]),
    /// Written as `Element`, which can hold them all.
    Int(&'a [i64], Element),
    /// As a model's file holds them; written as [`Element::of`] says.
    Stored(DType, &'a [u8]),
    /// Strings; written as [`Element::Text`] of the longest one's length.
    Texts(Texts<'a>),
    /// Computed block by block, on all threads. What computes them is made when the array is written, and
    /// goes when it is. Written as float32.
    Computed(&'a dyn Fn() -> io::Result<Box<Compute<'a>>>),
}

/// Computes a block of an array's values: the position of its first element, and the block to fill.
pub type Compute<'a> = dyn Fn(usize, &mut [f32]) -> io::Result<()> + Sync + 'a;

/// A block of an array's values.
pub(crate) enum Block<'b> {
    F32(&'b [f32]),
    F64(&'b [f64]),
    Int(&'b [i64]),
    /// `u64` values by their bits.
    Unsigned(&'b [i64]),
    /// Strings, by their numbers.
    Texts(Texts<'b>, std::ops::Range<usize>),
}

impl Block<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Int(values) | Self::Unsigned(values) => values.len(),
            Self::Texts(_, numbers) => numbers.len(),
        }
    }
}

impl Element {
    /// The type that stored values of a type are written as: the same where numpy has it, 8 bits
    /// for smaller integers, float32 for the other floats. `None` for what is not decoded.
    pub fn of(dtype: DType) -> Option<Self> {
        if !values::can_decode(dtype) {
            return None;
        }
        Some(match dtype {
            DType::F16 => Self::F16,
            DType::F64 => Self::F64,
            DType::I8 | DType::I4 | DType::I2 => Self::I8,
            DType::U8 | DType::U1 | DType::U2 | DType::U3 | DType::U4 | DType::U6 => Self::U8,
            DType::I16 => Self::I16,
            DType::U16 => Self::U16,
            DType::I32 => Self::I32,
            DType::U32 => Self::U32,
            DType::I64 => Self::I64,
            DType::U64 => Self::U64,
            DType::Bool => Self::Bool,
            _ if dtype.is_float() => Self::F32,
            _ => return None,
        })
    }

    /// Bytes an element takes.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::Text(characters) => characters as usize * 4,
        }
    }

    fn integer_range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::I64 => (i64::MIN, i64::MAX),
            Self::U64 => (i64::MIN, i64::MAX),
            Self::Bool => (0, 1),
            Self::F16 | Self::F32 | Self::F64 | Self::Text(_) => return None,
        })
    }
}

impl<'a> Array<'a> {
    /// # Errors
    /// `InvalidInput`, with one sentence: the shape and the number of values contradict each other,
    /// or the type of the values can't be written.
    pub fn new(shape: &[usize], values: Values<'a>) -> io::Result<Self> {
        let count = if shape.contains(&0) { Some(0) } else { shape.iter().try_fold(1usize, |count, dim| count.checked_mul(*dim)) };
        let count = count.ok_or_else(|| invalid("the array has too many elements"))?;
        let element = match &values {
            Values::Float(_) | Values::Computed(_) => Element::F32,
            Values::Int(_, element) if element.integer_range().is_some() => *element,
            Values::Int(..) => return Err(invalid("whole numbers are written as an integer type")),
            Values::Texts(texts) => Element::Text(longest(texts)),
            Values::Stored(dtype, _) => Element::of(*dtype).ok_or_else(|| invalid(format!("values of type {dtype} can't be written")))?,
        };
        count.checked_mul(element.size()).ok_or_else(|| invalid("the array has too many elements"))?;
        let found = match &values {
            Values::Float(values) => values.len(),
            Values::Int(values, _) => values.len(),
            Values::Computed(_) => count,
            Values::Texts(texts) => texts.len(),
            Values::Stored(dtype, bytes) => {
                values::check_size(*dtype, count as u64, bytes.len() as u64, false).map_err(invalid)?;
                count
            }
        };
        if found != count {
            return Err(invalid(format!("the shape has {count} elements, but there are {found} values")));
        }
        Ok(Self { shape: shape.to_vec(), element, count, values })
    }

    /// Float32 values in memory.
    ///
    /// # Errors
    /// As for [`Array::new`].
    pub fn of_f32(shape: &[usize], values: &'a [f32]) -> io::Result<Self> {
        Self::new(shape, Values::Float(values))
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn element(&self) -> Element {
        self.element
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes that the elements take when written.
    pub fn byte_len(&self) -> u64 {
        self.count as u64 * self.element.size() as u64
    }

    /// Whether strings can stand in an array of texts, as CSV needs not ask.
    ///
    /// # Errors
    /// As for [`write_bytes`](Self::write_bytes).
    pub(crate) fn check_texts(&self) -> io::Result<()> {
        let Values::Texts(texts) = &self.values else { return Ok(()) };
        if texts.iter().any(|text| std::str::from_utf8(text).is_err()) {
            return Err(invalid("a string is not UTF-8, which an array of texts can't hold; write .csv for the bytes as they are"));
        }
        let room = texts.lengths().total.saturating_mul(MOST_FILLING).saturating_add(1 << 24);
        if self.byte_len() > room {
            return Err(invalid(
                "its strings are so unlike in length that an array of them would be filling for the most part; write .csv",
            ));
        }
        Ok(())
    }

    /// Hands over all values in order, in blocks of up to [`BLOCK`].
    pub(crate) fn for_each_block(&mut self, token: &Token, mut sink: impl FnMut(Block<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut floats = Vec::new();
        let mut doubles = Vec::new();
        let mut ints = Vec::new();
        let compute = match self.values {
            Values::Computed(make) => Some(make()?),
            _ => None,
        };
        let mut start = 0;
        while start < self.count {
            token.check().map_err(cancelled)?;
            let len = (self.count - start).min(BLOCK);
            let range = start..start + len;
            let is_unsigned = self.element == Element::U64;
            match &mut self.values {
                Values::Float(values) => sink(Block::F32(values.get(range).unwrap_or_default()))?,
                Values::Int(values, element) => {
                    let block = values.get(range).unwrap_or_default();
                    let (lowest, highest) = element.integer_range().unwrap_or_default();
                    if let Some(value) = block.iter().find(|value| !(lowest..=highest).contains(value)) {
                        return Err(invalid(format!("{value} does not fit {element}")));
                    }
                    sink(if is_unsigned { Block::Unsigned(block) } else { Block::Int(block) })?;
                }
                Values::Texts(texts) => sink(Block::Texts(*texts, range))?,
                Values::Computed(_) => {
                    floats.resize(len, 0.0);
                    compute.as_ref().map_or(Ok(()), |compute| compute(start, &mut floats))?;
                    sink(Block::F32(&floats))?;
                }
                Values::Stored(DType::F64, bytes) => {
                    doubles.clear();
                    let (chunks, _) = bytes.get(start * 8..(start + len) * 8).unwrap_or_default().as_chunks::<8>();
                    doubles.extend(chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)));
                    sink(Block::F64(&doubles))?;
                }
                Values::Stored(dtype, bytes) if self.element.integer_range().is_some() => {
                    ints.resize(len, 0);
                    values::decode_i64(*dtype, bytes, start, &mut ints).map_err(invalid)?;
                    sink(if is_unsigned { Block::Unsigned(&ints) } else { Block::Int(&ints) })?;
                }
                Values::Stored(dtype, bytes) => {
                    floats.resize(len, 0.0);
                    values::decode_f32(*dtype, bytes, start, &mut floats).map_err(invalid)?;
                    sink(Block::F32(&floats))?;
                }
            }
            start += len;
            token.advance(len as u64);
        }
        Ok(())
    }

    /// Writes all elements, little-endian and without gaps.
    ///
    /// # Errors
    /// What the writer says; strings that are no UTF-8, or so unlike in length that most of an array of
    /// them would be filling.
    pub(crate) fn write_bytes(&mut self, out: &mut (impl io::Write + Send + ?Sized), token: &Token) -> io::Result<()> {
        let element = self.element;
        self.check_texts()?;
        if let Values::Computed(make) = self.values {
            return write_computed(&*make()?, self.count, out, token);
        }
        if let Values::Stored(DType::F16, bytes) = &self.values {
            // Half-precision values go as they are, NaN payloads and all.
            for block in bytes.get(..self.count * 2).unwrap_or_default().chunks(BLOCK * 2) {
                token.check().map_err(cancelled)?;
                out.write_all(block)?;
                token.advance(block.len() as u64 / 2);
            }
            return Ok(());
        }
        let mut bytes = Vec::new();
        self.for_each_block(token, |block| {
            // Texts, which may be long, go one by one.
            let size = if matches!(element, Element::Text(_)) { 0 } else { element.size() };
            bytes.resize(block.len() * size, 0);
            match block {
                Block::F32(values) => lay_out(&mut bytes, values, f32::to_le_bytes),
                Block::F64(values) => lay_out(&mut bytes, values, f64::to_le_bytes),
                Block::Int(values) | Block::Unsigned(values) => match element.size() {
                    1 => lay_out(&mut bytes, values, lowest_bytes::<1>),
                    2 => lay_out(&mut bytes, values, lowest_bytes::<2>),
                    4 => lay_out(&mut bytes, values, lowest_bytes::<4>),
                    _ => lay_out(&mut bytes, values, lowest_bytes::<8>),
                },
                Block::Texts(texts, range) => return write_texts(out, &texts, range, element.size()),
            }
            out.write_all(&bytes)
        })
    }
}

/// The values one after the other in `N` bytes each. A plain loop over fixed sizes, which the compiler
/// turns into a copy.
fn lay_out<T: Copy, const N: usize>(bytes: &mut [u8], values: &[T], of: impl Fn(T) -> [u8; N]) {
    let (places, _) = bytes.as_chunks_mut::<N>();
    for (place, value) in places.iter_mut().zip(values) {
        *place = of(*value);
    }
}

/// Little-endian integers are narrowed by leaving out their last bytes.
fn lowest_bytes<const N: usize>(value: i64) -> [u8; N] {
    let bytes = value.to_le_bytes();
    std::array::from_fn(|position| bytes[position])
}

/// Computes one chunk while the one before it is written.
fn write_computed(compute: &Compute<'_>, count: usize, out: &mut (impl io::Write + Send + ?Sized), token: &Token) -> io::Result<()> {
    let fill = |start: usize, bytes: &mut Vec<u8>| -> io::Result<()> {
        bytes.resize(count.saturating_sub(start).min(CHUNK) * 4, 0);
        let blocks = bytes.par_chunks_mut(BLOCK * 4).enumerate();
        blocks.try_for_each_init(Vec::new, |values: &mut Vec<f32>, (number, bytes)| {
            token.check().map_err(cancelled)?;
            values.resize(bytes.len() / 4, 0.0);
            compute(start + number * BLOCK, values)?;
            lay_out(bytes, values, f32::to_le_bytes);
            token.advance(values.len() as u64);
            Ok(())
        })
    };
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    fill(0, &mut ready)?;
    let mut start = CHUNK;
    while !ready.is_empty() {
        let (written, filled) = rayon::join(|| out.write_all(&ready), || fill(start, &mut next));
        written.and(filled)?;
        std::mem::swap(&mut ready, &mut next);
        start = start.saturating_add(CHUNK);
    }
    Ok(())
}

/// Characters of the longest string; at least one, which numpy needs.
fn longest(texts: &Texts<'_>) -> u32 {
    let characters = |text: &[u8]| String::from_utf8_lossy(text).chars().count();
    u32::try_from(texts.iter().map(characters).max().unwrap_or(0).max(1)).unwrap_or(u32::MAX)
}

/// Each string as UTF-32, filled up with zeros.
fn write_texts(out: &mut (impl io::Write + ?Sized), texts: &Texts<'_>, range: std::ops::Range<usize>, size: usize) -> io::Result<()> {
    let mut bytes = Vec::new();
    for index in range {
        bytes.clear();
        bytes.extend(String::from_utf8_lossy(texts.get(index)).chars().flat_map(|character| u32::from(character).to_le_bytes()));
        bytes.resize(size, 0);
        out.write_all(&bytes)?;
    }
    Ok(())
}

impl fmt::Debug for Array<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array").field("shape", &self.shape).field("element", &self.element).finish_non_exhaustive()
    }
}

impl fmt::Display for Element {
    /// As Rust names it: `f32`, `bool`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::I16 => "i16",
            Self::U16 => "u16",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::I64 => "i64",
            Self::U64 => "u64",
            Self::Bool => "bool",
            Self::Text(_) => "string",
        })
    }
}

pub(crate) fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

/// The kind is not `Interrupted`, which writers take as a hint to try again.
pub(crate) fn cancelled(error: crate::jobs::Cancelled) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FormatName;

    fn bytes(shape: &[usize], values: Values<'_>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Array::new(shape, values)?.write_bytes(&mut out, &Token::new())?;
        Ok(out)
    }

    #[test]
    fn every_source_of_values() {
        assert_eq!(bytes(&[1], Values::Float(&[1.0])).unwrap(), [0, 0, 0x80, 0x3f]);
        assert_eq!(bytes(&[2], Values::Int(&[-1, 2], Element::I16)).unwrap(), [0xff, 0xff, 2, 0]);
        assert_eq!(bytes(&[3], Values::Stored(DType::I4, &[0x21, 0x0f])).unwrap(), [1, 2, 0xff]);
        assert_eq!(bytes(&[1], Values::Stored(DType::F16, &[1, 0x7e])).unwrap(), [1, 0x7e]);
        assert_eq!(bytes(&[1], Values::Stored(DType::Bf16, &[0x80, 0x3f])).unwrap(), [0, 0, 0x80, 0x3f]);
        assert_eq!(bytes(&[2], Values::Stored(DType::Bool, &[0, 7])).unwrap(), [0, 1]);
        let wide = u64::MAX.to_le_bytes();
        assert_eq!(bytes(&[], Values::Stored(DType::U64, &wide)).unwrap(), wide);
        let precise = 0.1f64.to_le_bytes();
        assert_eq!(bytes(&[1], Values::Stored(DType::F64, &precise)).unwrap(), precise);
        assert!(bytes(&[0, usize::MAX, 3], Values::Float(&[])).unwrap().is_empty());
    }

    /// `numpy.array(["ab", "", "ü"]).tobytes()`, as `<U2`.
    #[test]
    fn texts_are_utf_32() {
        let packed = |numbers: &[i32], characters: &[u8]| -> Vec<u8> {
            numbers.iter().flat_map(|number| number.to_le_bytes()).chain(characters.iter().copied()).collect()
        };
        let stored = packed(&[3, 20, 22, 22, 24], "abü".as_bytes());
        let texts = |bytes| Values::Texts(Texts::new(FormatName::Tflite, bytes, 3).unwrap());
        let array = Array::new(&[3], texts(&stored)).unwrap();
        assert_eq!((array.element(), array.byte_len()), (Element::Text(2), 24));
        let characters = [u32::from('a'), u32::from('b'), 0, 0, u32::from('ü'), 0];
        assert_eq!(bytes(&[3], texts(&stored)).unwrap(), characters.iter().flat_map(|c| c.to_le_bytes()).collect::<Vec<_>>());
        let broken = packed(&[3, 20, 22, 22, 24], b"ab\xff\xfe");
        assert!(bytes(&[3], texts(&broken)).is_err());
        // 999 empty strings and a long one: 400 MB, nearly all of it filling.
        let mut numbers = vec![4008; 1001];
        numbers[1000] = 104_008;
        numbers.insert(0, 1000);
        let uneven = packed(&numbers, &[b'x'; 100_000]);
        let texts = Texts::new(FormatName::Tflite, &uneven, 1000).unwrap();
        assert!(bytes(&[1000], Values::Texts(texts)).is_err());
    }

    #[test]
    fn computed_block_by_block() {
        let count_up = |start: usize, block: &mut [f32]| -> io::Result<()> {
            block.iter_mut().zip(start..).for_each(|(value, index)| *value = index as f32);
            Ok(())
        };
        let make = || -> io::Result<Box<Compute<'_>>> { Ok(Box::new(count_up)) };
        for count in [0, 1, BLOCK + 2, CHUNK, CHUNK + BLOCK + 3] {
            let found = bytes(&[count], Values::Computed(&make)).unwrap();
            let expected: Vec<u8> = (0..count).flat_map(|index| (index as f32).to_le_bytes()).collect();
            assert!(found == expected, "{count}");
        }
        let failing = |start: usize, _: &mut [f32]| if start < CHUNK { Ok(()) } else { Err(invalid("no more")) };
        let make = || -> io::Result<Box<Compute<'_>>> { Ok(Box::new(failing)) };
        assert!(bytes(&[CHUNK + 1], Values::Computed(&make)).is_err());
    }

    #[test]
    fn contradictions_are_errors() {
        assert!(bytes(&[2], Values::Float(&[1.0])).is_err());
        assert!(bytes(&[usize::MAX, 2], Values::Float(&[1.0])).is_err());
        assert!(bytes(&[usize::MAX], Values::Stored(DType::F64, &[])).is_err());
        assert!(bytes(&[1], Values::Stored(DType::String, &[0])).is_err());
        assert!(bytes(&[2], Values::Stored(DType::F16, &[0; 3])).is_err());
        assert!(bytes(&[1], Values::Int(&[128], Element::I8)).is_err());
        assert!(bytes(&[1], Values::Int(&[1], Element::F32)).is_err());
    }

    #[test]
    fn cancelled_between_blocks() {
        let token = Token::new();
        token.cancel();
        let mut array = Array::of_f32(&[1], &[1.0]).unwrap();
        let error = array.write_bytes(&mut Vec::new(), &token).unwrap_err();
        assert_eq!(error.to_string(), "cancelled");
        assert!(error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<crate::jobs::Cancelled>));
    }
}
