//! Stored bytes to numbers.
//!
//! Everything here is total: a type that can't be decoded or bytes that are too few are an error,
//! never a panic. Nothing assumes alignment. Work is done block by block, so that a caller can
//! show progress and stop.

use half::slice::HalfFloatSliceExt as _;
use half::{bf16, f16};
use thiserror::Error;

use crate::model::DType;

pub mod affine;
pub mod blocks;
mod small;
pub mod sparse;
pub mod spread;
pub mod text;

pub use blocks::Blocks;

/// Why stored bytes can't become numbers.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    #[error("values of type {0} are not decoded")]
    Type(DType),
    #[error("{expected} elements of {dtype} take {needed} bytes, but the file holds {found}")]
    Size { dtype: DType, expected: u64, needed: u64, found: u64 },
    #[error("the shape has too many elements")]
    Overflow,
    #[error("its sparse form contradicts itself: the index lists of level {0} point outside")]
    Sparse(usize),
    #[error("its strings can't be told apart: {0}")]
    Texts(String),
}

/// Checks that `bytes` can hold `count` elements (more is allowed where `exact` is false).
///
/// # Errors
/// [`DecodeError`]: the type has no fixed size, or the sizes contradict each other.
pub fn check_size(dtype: DType, count: u64, bytes: u64, exact: bool) -> Result<(), DecodeError> {
    if dtype.bits() == 0 {
        return Err(DecodeError::Type(dtype));
    }
    let needed = dtype.packed_bytes(count).ok_or(DecodeError::Overflow)?;
    if bytes < needed || (exact && bytes != needed) {
        return Err(DecodeError::Size { dtype, expected: count, needed, found: bytes });
    }
    Ok(())
}

/// Whether [`decode_f32`] and [`decode_i64`] know the type.
pub fn can_decode(dtype: DType) -> bool {
    !matches!(
        dtype,
        DType::String | DType::Complex64 | DType::Complex128 | DType::Resource | DType::Variant | DType::Dynamic | DType::Unknown(_)
    )
}

/// Decodes `out.len()` elements, the first of them element `start` of the tensor, to float32.
/// 64-bit and 32-bit integers and float64 are rounded to the nearest float32.
///
/// # Errors
/// [`DecodeError`]: a type that is not decoded, or bytes that end too early.
pub fn decode_f32(dtype: DType, bytes: &[u8], start: usize, out: &mut [f32]) -> Result<(), DecodeError> {
    match dtype {
        DType::F32 => fixed(dtype, bytes, start, out, f32::from_le_bytes),
        DType::F16 => halves(bytes, start, out),
        DType::Bf16 => fixed(dtype, bytes, start, out, |b| bf16::from_le_bytes(b).to_f32()),
        DType::F64 => fixed(dtype, bytes, start, out, |b| f64::from_le_bytes(b) as f32),
        DType::I8 => fixed(dtype, bytes, start, out, |b| f32::from(i8::from_le_bytes(b))),
        DType::U8 => fixed(dtype, bytes, start, out, |[b]| f32::from(b)),
        DType::Bool => fixed(dtype, bytes, start, out, |[b]| f32::from(u8::from(b != 0))),
        DType::I16 => fixed(dtype, bytes, start, out, |b| f32::from(i16::from_le_bytes(b))),
        DType::U16 => fixed(dtype, bytes, start, out, |b| f32::from(u16::from_le_bytes(b))),
        DType::I32 => fixed(dtype, bytes, start, out, |b| i32::from_le_bytes(b) as f32),
        DType::U32 => fixed(dtype, bytes, start, out, |b| u32::from_le_bytes(b) as f32),
        DType::I64 => fixed(dtype, bytes, start, out, |b| i64::from_le_bytes(b) as f32),
        DType::U64 => fixed(dtype, bytes, start, out, |b| u64::from_le_bytes(b) as f32),
        DType::F8E4M3 => fixed(dtype, bytes, start, out, |[b]| small::f8e4m3(b)),
        DType::F8E5M2 => fixed(dtype, bytes, start, out, |[b]| small::f8e5m2(b)),
        DType::F8E8M0 => fixed(dtype, bytes, start, out, |[b]| small::f8e8m0(b)),
        DType::Nf4 => packed(dtype, bytes, start, out, |code| small::nf4(code as u8)),
        DType::F4E2M1 => packed(dtype, bytes, start, out, |code| small::f4e2m1(code as u8)),
        DType::I4 | DType::U4 | DType::I2 | DType::U2 => packed(dtype, bytes, start, out, |code| code as f32),
        DType::U1 => odd(dtype, bytes, start, out, small::u1, f32::from),
        DType::U3 => odd(dtype, bytes, start, out, small::u3, f32::from),
        DType::U6 => odd(dtype, bytes, start, out, small::u6, f32::from),
        other => Err(DecodeError::Type(other)),
    }
}

/// Decodes integers (and bool) as [`decode_f32`] does floats. Unsigned 64-bit values above
/// `i64::MAX` keep their bits.
///
/// # Errors
/// [`DecodeError`]: not an integer type that is decoded, or bytes that end too early.
pub fn decode_i64(dtype: DType, bytes: &[u8], start: usize, out: &mut [i64]) -> Result<(), DecodeError> {
    match dtype {
        DType::I8 => fixed(dtype, bytes, start, out, |b| i64::from(i8::from_le_bytes(b))),
        DType::U8 => fixed(dtype, bytes, start, out, |[b]| i64::from(b)),
        DType::Bool => fixed(dtype, bytes, start, out, |[b]| i64::from(b != 0)),
        DType::I16 => fixed(dtype, bytes, start, out, |b| i64::from(i16::from_le_bytes(b))),
        DType::U16 => fixed(dtype, bytes, start, out, |b| i64::from(u16::from_le_bytes(b))),
        DType::I32 => fixed(dtype, bytes, start, out, |b| i64::from(i32::from_le_bytes(b))),
        DType::U32 => fixed(dtype, bytes, start, out, |b| i64::from(u32::from_le_bytes(b))),
        DType::I64 => fixed(dtype, bytes, start, out, i64::from_le_bytes),
        DType::U64 => fixed(dtype, bytes, start, out, |b| u64::from_le_bytes(b) as i64),
        DType::I4 | DType::U4 | DType::I2 | DType::U2 => packed(dtype, bytes, start, out, |code| code),
        DType::U1 => odd(dtype, bytes, start, out, small::u1, i64::from),
        DType::U3 => odd(dtype, bytes, start, out, small::u3, i64::from),
        DType::U6 => odd(dtype, bytes, start, out, small::u6, i64::from),
        other => Err(DecodeError::Type(other)),
    }
}

/// The real value of one stored integer: `scale * (code - zero_point)`, the product taken in
/// float64 and rounded once (TensorFlow Lite, `reference/dequantize.h`; equal to its float32
/// product while `|code - zero_point| < 2^24`, which biases exceed).
#[inline]
pub fn dequantize(code: i64, zero_point: i64, scale: f64) -> f32 {
    (scale * (code as f64 - zero_point as f64)) as f32
}

fn fixed<const N: usize, T>(
    dtype: DType,
    bytes: &[u8],
    start: usize,
    out: &mut [T],
    read: impl Fn([u8; N]) -> T,
) -> Result<(), DecodeError> {
    let chunks = chunks(dtype, bytes, start, out.len())?;
    out.iter_mut().zip(chunks).for_each(|(slot, chunk)| *slot = read(*chunk));
    Ok(())
}

/// Half-precision floats, many at once.
fn halves(bytes: &[u8], start: usize, out: &mut [f32]) -> Result<(), DecodeError> {
    let chunks = chunks(DType::F16, bytes, start, out.len())?;
    let mut halves = [f16::ZERO; 256];
    for (out, chunks) in out.chunks_mut(halves.len()).zip(chunks.chunks(halves.len())) {
        let halves = &mut halves[..out.len()];
        halves.iter_mut().zip(chunks).for_each(|(half, chunk)| *half = f16::from_le_bytes(*chunk));
        halves.convert_to_f32_slice(out);
    }
    Ok(())
}

/// The bytes of `count` elements of `N` bytes each.
fn chunks<const N: usize>(dtype: DType, bytes: &[u8], start: usize, count: usize) -> Result<&[[u8; N]], DecodeError> {
    let end = (start as u64).saturating_add(count as u64);
    let too_short = || DecodeError::Size { dtype, expected: end, needed: end.saturating_mul(N as u64), found: bytes.len() as u64 };
    let begin = start.checked_mul(N).ok_or_else(too_short)?;
    let end = count.checked_mul(N).and_then(|len| begin.checked_add(len)).ok_or_else(too_short)?;
    Ok(bytes.get(begin..end).ok_or_else(too_short)?.as_chunks::<N>().0)
}

/// 4-bit and 2-bit codes, packed flat over the whole tensor, lowest bits first. What `make` makes of
/// each code is computed once.
fn packed<T: Copy>(dtype: DType, bytes: &[u8], start: usize, out: &mut [T], make: impl Fn(i64) -> T) -> Result<(), DecodeError> {
    match dtype.bits() {
        2 => packed_by::<4, 4, T>(dtype, bytes, start, out, make),
        _ => packed_by::<2, 16, T>(dtype, bytes, start, out, make),
    }
}

/// As [`packed`]: so many codes a byte, of so many that there are.
fn packed_by<const PER_BYTE: usize, const CODES: usize, T: Copy>(
    dtype: DType,
    bytes: &[u8],
    start: usize,
    out: &mut [T],
    make: impl Fn(i64) -> T,
) -> Result<(), DecodeError> {
    let bits = 8 / PER_BYTE;
    let sign = match dtype {
        DType::I4 | DType::I2 => 1i64 << (bits - 1),
        _ => 0,
    };
    let table: [T; CODES] = std::array::from_fn(|code| make((code as i64 ^ sign) - sign));
    let end = start.checked_add(out.len()).ok_or(DecodeError::Overflow)?;
    let needed = end.div_ceil(PER_BYTE);
    let Some(bytes) = bytes.get(start / PER_BYTE..needed) else {
        return Err(DecodeError::Size { dtype, expected: end as u64, needed: needed as u64, found: bytes.len() as u64 });
    };
    let code = |byte: u8, place: usize| table[usize::from(byte) >> (place * bits) & (CODES - 1)];
    // Up to where a byte begins, whole bytes, and what is left.
    let first = start % PER_BYTE;
    let (head, rest) = out.split_at_mut(if first == 0 { 0 } else { (PER_BYTE - first).min(out.len()) });
    for (place, slot) in (first..).zip(&mut *head) {
        *slot = code(bytes[0], place);
    }
    let bytes = if head.is_empty() { bytes } else { &bytes[1..] };
    let (whole, tail) = rest.as_chunks_mut::<PER_BYTE>();
    if whole.len() >= 4 * 256 {
        let of_byte: [[T; PER_BYTE]; 256] = std::array::from_fn(|byte| std::array::from_fn(|place| code(byte as u8, place)));
        whole.iter_mut().zip(bytes).for_each(|(slots, byte)| *slots = of_byte[usize::from(*byte)]);
    } else {
        for (slots, byte) in whole.iter_mut().zip(bytes) {
            *slots = std::array::from_fn(|place| code(*byte, place));
        }
    }
    for (place, slot) in tail.iter_mut().enumerate() {
        *slot = code(bytes[bytes.len() - 1], place);
    }
    Ok(())
}

/// Codes that are not packed lowest bits first; `read` finds one by its index.
fn odd<T>(
    dtype: DType,
    bytes: &[u8],
    start: usize,
    out: &mut [T],
    read: impl Fn(&[u8], usize) -> Option<u8>,
    make: impl Fn(u8) -> T,
) -> Result<(), DecodeError> {
    let expected = start.checked_add(out.len()).ok_or(DecodeError::Overflow)? as u64;
    let too_short =
        || DecodeError::Size { dtype, expected, needed: dtype.packed_bytes(expected).unwrap_or(u64::MAX), found: bytes.len() as u64 };
    for (index, slot) in (start..).zip(out) {
        *slot = make(read(bytes, index).ok_or_else(too_short)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(dtype: DType, bytes: &[u8], count: usize) -> Vec<f32> {
        let mut out = vec![0.0; count];
        decode_f32(dtype, bytes, 0, &mut out).unwrap();
        out
    }

    #[test]
    fn every_fixed_type() {
        assert_eq!(floats(DType::F32, &1.5f32.to_le_bytes(), 1), [1.5]);
        assert_eq!(floats(DType::F16, &[0x00, 0x3c, 0x01, 0x00], 2), [1.0, 5.960_464_5e-8]);
        assert_eq!(floats(DType::Bf16, &[0x80, 0x3f], 1), [1.0]);
        assert_eq!(floats(DType::I8, &[0x80, 0x7f], 2), [-128.0, 127.0]);
        assert_eq!(floats(DType::U8, &[0x80, 0xff], 2), [128.0, 255.0]);
        assert_eq!(floats(DType::Bool, &[0, 1, 7], 3), [0.0, 1.0, 1.0]);
        assert_eq!(floats(DType::I64, &(-3i64).to_le_bytes(), 1), [-3.0]);
        assert_eq!(floats(DType::U64, &u64::MAX.to_le_bytes(), 1), [18_446_744_073_709_551_615.0]);
    }

    #[test]
    fn low_nibble_comes_first() {
        assert_eq!(floats(DType::I4, &[0x21, 0x0f], 3), [1.0, 2.0, -1.0]);
        assert_eq!(floats(DType::U4, &[0x21, 0x0f], 3), [1.0, 2.0, 15.0]);
        assert_eq!(floats(DType::I2, &[0b1110_0100], 4), [0.0, 1.0, -2.0, -1.0]);
        assert_eq!(floats(DType::U2, &[0b1110_0100], 4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(floats(DType::Nf4, &[0xf0], 2), [-1.0, 1.0]);
        assert_eq!(floats(DType::F4E2M1, &[0xf7], 2), [6.0, -6.0]);
        let mut from_the_middle = [0i64; 2];
        decode_i64(DType::I4, &[0x21, 0x8f], 1, &mut from_the_middle).unwrap();
        assert_eq!(from_the_middle, [2, -1]);
        // Every start and length, beside the codes one by one.
        let bytes = [0x21, 0x8f, 0x47];
        for dtype in [DType::I4, DType::U2] {
            let all = 24 / dtype.bits() as usize;
            let mut codes = vec![0i64; all];
            for (start, code) in codes.iter_mut().enumerate() {
                decode_i64(dtype, &bytes, start, std::slice::from_mut(code)).unwrap();
            }
            for (start, end) in (0..=all).flat_map(|start| (start..=all).map(move |end| (start, end))) {
                let mut found = vec![0i64; end - start];
                decode_i64(dtype, &bytes, start, &mut found).unwrap();
                assert_eq!(found, codes[start..end], "{dtype} {start}..{end}");
            }
        }
    }

    #[test]
    fn too_few_bytes_are_an_error() {
        let mut out = [0.0; 2];
        assert!(matches!(decode_f32(DType::F32, &[0; 7], 0, &mut out), Err(DecodeError::Size { needed: 8, found: 7, .. })));
        assert!(matches!(decode_f32(DType::I4, &[0; 1], 1, &mut out), Err(DecodeError::Size { .. })));
        assert!(matches!(decode_f32(DType::U1, &[0; 1], 7, &mut out), Err(DecodeError::Size { needed: 2, found: 1, .. })));
        assert!(matches!(decode_f32(DType::U6, &[0; 4], 3, &mut out), Err(DecodeError::Size { needed: 6, found: 4, .. })));
        assert!(decode_f32(DType::F32, &[0; 8], usize::MAX, &mut out).is_err());
        assert_eq!(decode_f32(DType::String, &[], 0, &mut out), Err(DecodeError::Type(DType::String)));
        assert!(check_size(DType::F32, u64::MAX, 4, false).is_err());
        assert!(check_size(DType::I8, 3, 4, true).is_err() && check_size(DType::I8, 3, 4, false).is_ok());
    }

    #[test]
    fn dequantize_rounds_once() {
        // 0.1f32 * 16777217 in float32 would first round the code to 16777216.
        assert_eq!(dequantize(16_777_217, 0, f64::from(0.1f32)), (f64::from(0.1f32) * 16_777_217.0) as f32);
        assert_eq!(dequantize(10, 128, 0.5), -59.0);
    }
}
