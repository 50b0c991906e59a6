//! How often each code of a quantised tensor occurs: codes used, entropy, saturation.
//!
//! For integer types of up to 16 bits, from one counter a code. Wider integers (biases, indices)
//! are no codes of a quantiser, and the figures mean nothing for them.

use rayon::prelude::*;
use thiserror::Error;

use super::BLOCK;
use crate::jobs::{Cancelled, Token};
use crate::model::DType;
use crate::values::{self, DecodeError};

/// The number of values at each code of an integer type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCounts {
    lowest: i64,
    /// One a code of the type, from the lowest on.
    counts: Vec<u64>,
    /// Values that the type can't hold.
    strays: u64,
}

/// Why codes can't be counted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodeError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("codes are counted for integers of up to 16 bits, not for {0}")]
    Type(DType),
}

impl CodeCounts {
    /// Counts codes that are decoded already; `dtype` is the type they are stored as.
    ///
    /// # Errors
    /// [`CodeError`]: cancelled, or a type that is no integer of up to 16 bits.
    pub fn of(dtype: DType, codes: &[i64], token: &Token) -> Result<Self, CodeError> {
        let mut counts = Self::none(dtype)?;
        for block in codes.chunks(BLOCK) {
            token.check()?;
            block.iter().for_each(|code| counts.add(*code, 1));
        }
        Ok(counts)
    }

    /// Counts the first `count` codes of `bytes`, as a file holds them. `stored` is the type in the
    /// bytes, which may be wider than that of the codes.
    ///
    /// # Errors
    /// [`CodeError`]: cancelled, a type that is no integer of up to 16 bits, or too few bytes.
    pub fn of_stored(dtype: DType, stored: DType, bytes: &[u8], count: usize, token: &Token) -> Result<Self, CodeError> {
        let mut counts = Self::none(dtype)?;
        values::check_size(stored, count as u64, bytes.len() as u64, false)?;
        // What occurs is counted by its bytes; only then is every byte that occurs decoded, once.
        match (stored.bits(), stored) {
            (8, _) | (_, DType::I4 | DType::U4 | DType::I2 | DType::U2) => {
                let a_byte = 8 / stored.bits().clamp(1, 8) as usize;
                let whole = count / a_byte;
                let tables = in_parts(bytes.get(..whole).unwrap_or_default(), 1 << 8, token, |part, table| {
                    part.iter().for_each(|byte| table[usize::from(*byte)] += 1);
                })?;
                let mut codes = [0; 4];
                let codes = &mut codes[..a_byte];
                for (byte, occurs) in (0..=u8::MAX).zip(tables).filter(|(_, occurs)| *occurs > 0) {
                    values::decode_i64(stored, &[byte], 0, codes)?;
                    codes.iter().for_each(|code| counts.add(*code, occurs));
                }
                let rest = &mut codes[..count - whole * a_byte];
                values::decode_i64(stored, bytes, whole * a_byte, rest)?;
                rest.iter().for_each(|code| counts.add(*code, 1));
            }
            (16, _) => {
                let tables = in_parts(bytes.get(..count * 2).unwrap_or_default(), 1 << 16, token, |part, table| {
                    part.as_chunks().0.iter().for_each(|pair| table[usize::from(u16::from_le_bytes(*pair))] += 1);
                })?;
                let mut code = [0];
                for (pair, occurs) in (0..=u16::MAX).zip(tables).filter(|(_, occurs)| *occurs > 0) {
                    values::decode_i64(stored, &pair.to_le_bytes(), 0, &mut code)?;
                    counts.add(code[0], occurs);
                }
            }
            _ => {
                let mut block = vec![0i64; count.min(BLOCK)];
                for start in (0..count).step_by(BLOCK) {
                    token.check()?;
                    let block = &mut block[..BLOCK.min(count - start)];
                    values::decode_i64(stored, bytes, start, block)?;
                    block.iter().for_each(|code| counts.add(*code, 1));
                }
            }
        }
        Ok(counts)
    }

    /// Values counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Codes that occur.
    pub fn used(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// Codes that the type has.
    pub fn possible(&self) -> usize {
        self.counts.len()
    }

    /// `-sum p log2 p`, in bits; NaN of nothing.
    pub fn entropy_bits(&self) -> f64 {
        let total = self.total() as f64;
        if total == 0.0 {
            return f64::NAN;
        }
        let terms = self.counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / total).map(|p| p * p.log2());
        // Adding zero makes the -0 of a single code 0.
        -terms.sum::<f64>() + 0.0
    }

    /// The part of the values at the type's lowest or highest code; NaN of nothing.
    pub fn saturation(&self) -> f64 {
        let ends = self.counts.first().zip(self.counts.last()).map_or(0, |(low, high)| low + high);
        ends as f64 / self.total() as f64
    }

    /// Values at one code, such as the zero point.
    pub fn at(&self, code: i64) -> u64 {
        code.checked_sub(self.lowest)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.counts.get(index))
            .copied()
            .unwrap_or(0)
    }

    /// Values that the type can't hold; a sign that the codes were decoded as another type.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// The first code and the counts from it on: of all codes if they are at most `limit`, else of
    /// those from the lowest to the highest that occur.
    pub(super) fn bars(&self, limit: usize) -> (i64, &[u64]) {
        if self.counts.len() <= limit {
            return (self.lowest, &self.counts);
        }
        let first = self.counts.iter().position(|count| *count > 0);
        let last = self.counts.iter().rposition(|count| *count > 0);
        match first.zip(last) {
            Some((first, last)) => (self.lowest + first as i64, &self.counts[first..=last]),
            None => (self.lowest, &[]),
        }
    }

    fn none(dtype: DType) -> Result<Self, CodeError> {
        let range = dtype.integer_range().filter(|_| dtype.bits() <= 16);
        let (lowest, highest) = range.ok_or(CodeError::Type(dtype))?;
        // Both fit: a type of 16 bits has 65,536 codes.
        Ok(Self { lowest: lowest as i64, counts: vec![0; (highest - lowest + 1) as usize], strays: 0 })
    }

    fn add(&mut self, code: i64, occurs: u64) {
        let index = code.wrapping_sub(self.lowest);
        match usize::try_from(index).ok().and_then(|index| self.counts.get_mut(index)) {
            Some(count) => *count += occurs,
            None => self.strays += occurs,
        }
    }
}

/// Sums of the tables that `count` fills from parts of an even number of bytes.
fn in_parts(bytes: &[u8], slots: usize, token: &Token, count: impl Fn(&[u8], &mut [u32]) + Sync) -> Result<Vec<u64>, Cancelled> {
    /// A part's counters can't overflow, and are few beside it.
    const PART: usize = 1 << 22;
    let work = |part: &[u8]| {
        token.check()?;
        let mut table = vec![0u32; slots];
        count(part, &mut table);
        Ok(table.into_iter().map(u64::from).collect::<Vec<u64>>())
    };
    let sum = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        Ok(a)
    };
    bytes.par_chunks(PART).map(work).try_reduce(|| vec![0; slots], sum)
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;
    use super::*;

    #[test]
    fn packed_codes() {
        let counts = CodeCounts::of_stored(DType::I4, DType::I4, &[0x80, 0x07], 3, &Token::new()).unwrap();
        assert_eq!((counts.at(0), counts.at(-8), counts.at(7), counts.at(8)), (1, 1, 1, 0));
        assert_eq!(counts.saturation(), 2.0 / 3.0);
        let histogram = Histogram::of_codes(&counts);
        assert_eq!((histogram.counts.len(), histogram.edges[0], histogram.edges[16]), (16, -8.5, 7.5));
    }

    /// The referee decodes one after the other.
    #[test]
    fn counting_bytes_is_counting_codes() {
        let bytes: Vec<u8> = (0..6000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for stored in
            [DType::I8, DType::U8, DType::I4, DType::U4, DType::I2, DType::U2, DType::I16, DType::U16, DType::U1, DType::U3, DType::U6]
        {
            for count in [0usize, 1, 5, 2399] {
                let mut codes = vec![0; count];
                values::decode_i64(stored, &bytes, 0, &mut codes).unwrap();
                let expected = CodeCounts::of(stored, &codes, &Token::new());
                assert_eq!(CodeCounts::of_stored(stored, stored, &bytes, count, &Token::new()), expected, "{stored} {count}");
            }
        }
        let wide = CodeCounts::of_stored(DType::I4, DType::I8, &[0xf8, 7, 0, 9], 4, &Token::new()).unwrap();
        assert_eq!((wide.at(-8), wide.at(7), wide.at(0), wide.strays(), wide.possible()), (1, 1, 1, 1, 16));
    }

    #[test]
    fn wide_codes_share_bars() {
        let counts = CodeCounts::of(DType::I16, &[-1000, 0, 500, 500], &Token::new()).unwrap();
        let histogram = Histogram::of_codes(&counts);
        assert!(histogram.capped && histogram.counts.len() <= crate::stats::MAX_BINS);
        assert_eq!((histogram.edges[0], histogram.edges[1], histogram.total()), (-1000.5, -997.5, 4));
    }

    #[test]
    fn what_has_no_codes() {
        for dtype in [DType::F32, DType::I32, DType::Bool, DType::String] {
            assert_eq!(CodeCounts::of(dtype, &[], &Token::new()), Err(CodeError::Type(dtype)));
        }
        assert!(matches!(CodeCounts::of_stored(DType::I8, DType::I8, &[0; 3], 4, &Token::new()), Err(CodeError::Decode(_))));
        let none = CodeCounts::of(DType::U8, &[], &Token::new()).unwrap();
        assert!(none.entropy_bits().is_nan() && none.saturation().is_nan());
        let strays = CodeCounts::of(DType::U8, &[-1, 256, i64::MIN, i64::MAX, 255], &Token::new()).unwrap();
        assert_eq!((strays.strays(), strays.total(), strays.entropy_bits()), (4, 1, 0.0));
    }
}
