//! Exact percentiles of any kind of number, as many as are wanted, without sorting a copy.
//!
//! A value becomes an unsigned key of the same order. Small tensors sort their keys. For large ones
//! the keys are found digit by digit: one pass counts the leading 16 bits, which tells those of every
//! wanted rank; the next pass counts the digits that follow in the keys that begin alike, and so on.
//! That takes two passes for a few percentiles of float32 and three for a thousand, with tables of a
//! few megabytes whatever the size of the tensor, and is exact and independent of the number of
//! threads.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::BLOCK;
use super::order::{between, place};
use crate::jobs::{Cancelled, Token};

/// Numbers that figures are computed of: float32 values or whole numbers.
pub trait Value: Copy + Send + Sync {
    /// Bits of a key: 32 or 64.
    const KEY_BITS: u32;
    const IS_INTEGER: bool;

    /// Nearest float64; exact for float32 and for integers up to 2^53.
    fn to_f64(self) -> f64;
    /// An unsigned number of the same order.
    fn key(self) -> u64;
    /// The inverse of [`Value::key`].
    fn from_key(key: u64) -> Self;

    /// The values themselves, if they are float32.
    fn as_f32(_values: &[Self]) -> Option<&[f32]> {
        None
    }
}

impl Value for f32 {
    const KEY_BITS: u32 = 32;
    const IS_INTEGER: bool = false;

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn key(self) -> u64 {
        let bits = self.to_bits();
        u64::from(if bits >> 31 == 0 { bits | 1 << 31 } else { !bits })
    }

    fn from_key(key: u64) -> Self {
        let key = key as u32;
        Self::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
    }

    fn as_f32(values: &[Self]) -> Option<&[f32]> {
        Some(values)
    }
}

impl Value for f64 {
    const KEY_BITS: u32 = 64;
    const IS_INTEGER: bool = false;

    fn to_f64(self) -> f64 {
        self
    }

    fn key(self) -> u64 {
        let bits = self.to_bits();
        if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
    }

    fn from_key(key: u64) -> Self {
        Self::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
    }
}

impl Value for i64 {
    const KEY_BITS: u32 = 64;
    const IS_INTEGER: bool = true;

    fn to_f64(self) -> f64 {
        self as f64
    }

    fn key(self) -> u64 {
        self as u64 ^ 1 << 63
    }

    fn from_key(key: u64) -> Self {
        (key ^ 1 << 63) as Self
    }
}

/// Percentiles (0 to 100) of the finite values, linearly interpolated between neighbours:
/// `numpy.percentile` with method `linear`, that is Hyndman and Fan's definition 7. One for each
/// in `percents`; NaN where there is no finite value.
///
/// # Errors
/// [`Cancelled`].
pub fn percentiles<T: Value>(values: &[T], percents: &[f64], token: &Token) -> Result<Vec<f64>, Cancelled> {
    percentiles_where(
        values,
        T::KEY_BITS,
        |value: T| value.to_f64().is_finite().then(|| value.key()),
        |key| T::from_key(key).to_f64(),
        percents,
        token,
    )
}

/// [`percentiles`] of the values from `lo` to `hi`, both included.
pub(super) fn percentiles_within<T: Value>(
    values: &[T],
    (lo, hi): (f64, f64),
    percents: &[f64],
    token: &Token,
) -> Result<Vec<f64>, Cancelled> {
    let is_inside = |value: T| (lo..=hi).contains(&value.to_f64());
    percentiles_where(
        values,
        T::KEY_BITS,
        |value: T| is_inside(value).then(|| value.key()),
        |key| T::from_key(key).to_f64(),
        percents,
        token,
    )
}

fn percentiles_where<T: Copy + Sync>(
    values: &[T],
    bits: u32,
    key: impl Fn(T) -> Option<u64> + Sync,
    number: impl Fn(u64) -> f64,
    percents: &[f64],
    token: &Token,
) -> Result<Vec<f64>, Cancelled> {
    let counts = super::per_block(values, token, |block| block.iter().filter(|value| key(**value).is_some()).count() as u64)?;
    let count: u64 = counts.iter().sum();
    if count == 0 {
        return Ok(vec![f64::NAN; percents.len()]);
    }
    let last = count - 1;
    let below = |percent: f64| place(percent, count).0;
    let ranks: BTreeSet<u64> = percents.iter().flat_map(|percent| [below(*percent), (below(*percent) + 1).min(last)]).collect();
    let ranks: Vec<u64> = ranks.into_iter().collect();
    let keys = order_statistics(values, bits, &key, &ranks, token)?;
    let at = |rank: u64| ranks.binary_search(&rank).ok().and_then(|index| keys.get(index)).map_or(f64::NAN, |key| number(*key));
    Ok(percents
        .iter()
        .map(|percent| {
            let (rank, part) = place(*percent, count);
            between(at(rank), at((rank + 1).min(last)), part)
        })
        .collect())
}

/// Up to here keys are copied and sorted.
const SMALL: usize = 1 << 18;

/// The keys at `ranks`, which ascend and are below the number of values that have a key.
fn order_statistics<T: Copy + Sync>(
    values: &[T],
    bits: u32,
    key: &(impl Fn(T) -> Option<u64> + Sync),
    ranks: &[u64],
    token: &Token,
) -> Result<Vec<u64>, Cancelled> {
    if values.len() > SMALL {
        return by_digits(values, bits, key, ranks, token);
    }
    let mut keys: Vec<u64> = values.iter().filter_map(|value| key(*value)).collect();
    keys.sort_unstable();
    Ok(ranks.iter().filter_map(|rank| keys.get(usize::try_from(*rank).ok()?).copied()).collect())
}

/// Ranks that begin alike share a table; up to here tables are large, and passes few.
const FEW_TABLES: usize = 16;

fn by_digits<T: Copy + Sync>(
    values: &[T],
    bits: u32,
    key: &(impl Fn(T) -> Option<u64> + Sync),
    ranks: &[u64],
    token: &Token,
) -> Result<Vec<u64>, Cancelled> {
    // For every rank the digits found so far, and its place among the keys that begin so.
    let mut found: Vec<(u64, u64)> = ranks.iter().map(|rank| (0, *rank)).collect();
    let mut shift = bits;
    while shift > 0 {
        let mut prefixes: Vec<u64> = found.iter().map(|(prefix, _)| *prefix).collect();
        prefixes.dedup();
        let digit_bits = if prefixes.len() <= FEW_TABLES { shift.min(16) } else { 8 };
        let digits = 1usize << digit_bits;
        let table_of = |key: u64| {
            let prefix = key.checked_shr(shift).unwrap_or(0);
            prefixes.binary_search(&prefix).ok()
        };
        let below = shift - digit_bits;
        let tables = count_slots(values, prefixes.len() * digits, token, |value| {
            let key = key(value)?;
            Some(table_of(key)? * digits + (key >> below) as usize % digits)
        })?;
        for (prefix, rank) in &mut found {
            let table = prefixes.binary_search(prefix).unwrap_or(0);
            let mut digit = 0;
            for count in tables.iter().skip(table * digits).take(digits - 1) {
                if *rank < *count {
                    break;
                }
                *rank -= count;
                digit += 1;
            }
            *prefix = *prefix << digit_bits | digit;
        }
        shift = below;
    }
    Ok(found.into_iter().map(|(key, _)| key).collect())
}

/// How many values fall into each of `slots` slots.
fn count_slots<T: Copy + Sync>(
    values: &[T],
    slots: usize,
    token: &Token,
    slot: impl Fn(T) -> Option<usize> + Sync,
) -> Result<Vec<u64>, Cancelled> {
    // One stretch a thread, so that there are no more tables than threads.
    let stretch = values.len().div_ceil(rayon::current_num_threads()).max(BLOCK);
    let empty = || vec![0u64; slots];
    let count = |stretch: &[T]| {
        let mut counts = empty();
        for block in stretch.chunks(BLOCK) {
            token.check()?;
            for slot in block.iter().filter_map(|value| slot(*value)) {
                if let Some(count) = counts.get_mut(slot) {
                    *count += 1;
                }
            }
        }
        Ok(counts)
    };
    values.par_chunks(stretch).map(count).try_reduce(empty, |mut sum, counts| {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        Ok(sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order() {
        let floats = [f32::NEG_INFINITY, -1.5, -1e-45, -0.0, 0.0, 1e-45, 2.0, f32::INFINITY];
        assert!(floats.is_sorted_by(|a, b| a.key() < b.key()));
        assert!(floats.iter().all(|float| f32::from_key(float.key()).to_bits() == float.to_bits()));
        let integers = [i64::MIN, -1, 0, 7, i64::MAX];
        assert!(integers.is_sorted_by(|a, b| a.key() < b.key()));
        assert!(integers.iter().all(|integer| i64::from_key(integer.key()) == *integer));
    }

    /// The referee is the sort of the standard library.
    #[test]
    fn digits_find_what_sorting_finds() {
        let values: Vec<f32> = (0..10_000u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761))).collect();
        let key = |value: f32| value.is_finite().then(|| value.key());
        let mut sorted: Vec<u64> = values.iter().filter_map(|value| key(*value)).collect();
        sorted.sort_unstable();
        let ranks: Vec<u64> = [0, 1, 17, 4000, 4001, sorted.len() as u64 - 1].to_vec();
        let expected: Vec<u64> = ranks.iter().map(|rank| sorted[*rank as usize]).collect();
        assert_eq!(by_digits(&values, 32, &key, &ranks, &Token::new()), Ok(expected.clone()));
        assert_eq!(order_statistics(&values, 32, &key, &ranks, &Token::new()), Ok(expected));
        let all: Vec<u64> = (0..sorted.len() as u64).collect();
        assert_eq!(by_digits(&values, 32, &key, &all, &Token::new()), Ok(sorted));
        let integers: Vec<i64> = (0..5000i64).map(|i| i * 7_919 % 5003 - 2500).collect();
        let mut sorted = integers.clone();
        sorted.sort_unstable();
        let found = by_digits(&integers, 64, &|value: i64| Some(value.key()), &[0, 2500, 4999], &Token::new()).unwrap();
        assert_eq!(found.into_iter().map(i64::from_key).collect::<Vec<_>>(), [sorted[0], sorted[2500], sorted[4999]]);
    }

    /// numpy 2.4.6: `numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 10, 33, 50, 90, 100])`.
    #[test]
    fn interpolation() {
        let values = [3.0f32, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, f32::NAN];
        let found = percentiles(&values, &[0.0, 10.0, 33.0, 50.0, 90.0, 100.0], &Token::new()).unwrap();
        assert_eq!(found, [1.0, 1.0, 2.31, 3.5, 6.899_999_999_999_999_5, 9.0]);
        assert_eq!(percentiles(&[5i64], &[0.0, 50.0], &Token::new()).unwrap(), [5.0, 5.0]);
        assert!(percentiles::<f32>(&[], &[50.0], &Token::new()).unwrap()[0].is_nan());
    }
}
