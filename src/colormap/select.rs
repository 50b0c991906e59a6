//! Percentiles of very many floats, exactly and without sorting or copying them.

use rayon::prelude::*;

/// Percentiles (0 to 100) of the finite values, interpolated linearly between the two nearest
/// (numpy's default method, in float64). `None` if there is no finite value.
pub fn percentiles(values: &[f32], wanted: &[f64]) -> Option<Vec<f64>> {
    let high = histogram(values, |_| true, |key| key >> 16);
    let count: u64 = high.iter().sum();
    let last = count.checked_sub(1)?;
    let mut known: Option<(u32, Vec<u64>)> = None;
    let mut at_rank = |rank: u64| {
        let (bucket, below) = find(&high, rank);
        let low = match &known {
            Some((of, low)) if *of == bucket => low,
            _ => &known.insert((bucket, histogram(values, |key| key >> 16 == bucket, |key| key & 0xffff))).1,
        };
        value((bucket << 16) | find(low, rank - below).0)
    };
    Some(
        wanted
            .iter()
            .map(|percentile| {
                let position = percentile.clamp(0.0, 100.0) / 100.0 * last as f64;
                let rank = (position.floor() as u64).min(last);
                let lower = f64::from(at_rank(rank));
                let part = position - rank as f64;
                if part > 0.0 { lower + (f64::from(at_rank((rank + 1).min(last))) - lower) * part } else { lower }
            })
            .collect(),
    )
}

/// A float as an integer of the same order: `a < b` as floats if and only if so as integers, but
/// that -0 comes before +0. NaNs lie beyond the infinities.
pub fn order(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 0x8000_0000 } else { !bits }
}

/// The inverse of [`order`].
pub fn value(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & 0x7fff_ffff } else { !order })
}

/// Counts 16 bits of the finite values' [`order`].
fn histogram(values: &[f32], wanted: impl Fn(u32) -> bool + Sync, digits: impl Fn(u32) -> u32 + Sync) -> Vec<u64> {
    let count = |mut counts: Vec<u64>, chunk: &[f32]| {
        for key in chunk.iter().filter(|value| value.is_finite()).map(|value| order(*value)).filter(|key| wanted(*key)) {
            if let Some(count) = counts.get_mut(digits(key) as usize) {
                *count += 1;
            }
        }
        counts
    };
    let empty = || vec![0u64; 1 << 16];
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    // One table a thread, not one a chunk: a table is half a megabyte.
    let chunk = values.len().div_ceil(rayon::current_num_threads()).max(1 << 16);
    values.par_chunks(chunk).map(|chunk| count(empty(), chunk)).reduce(empty, add)
}

/// The bin that holds the value of a rank, and how many values lie in bins before it.
fn find(counts: &[u64], rank: u64) -> (u32, u64) {
    let mut below = 0;
    for (bin, count) in (0..).zip(counts) {
        if rank < below + count {
            return (bin, below);
        }
        below += count;
    }
    (0, below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept() {
        let sorted = [f32::NEG_INFINITY, f32::MIN, -1.0, -1e-45, -0.0, 0.0, 1e-45, 1.0, f32::MAX, f32::INFINITY];
        assert!(sorted.windows(2).all(|pair| order(pair[0]) < order(pair[1])));
        assert!(sorted.iter().all(|number| value(order(*number)).to_bits() == number.to_bits()));
    }

    /// numpy 2.4, `percentile`.
    #[test]
    fn percentiles_are_numpys() {
        let values = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0, -5.0, 3.5, f32::NAN, f32::NEG_INFINITY];
        let found = percentiles(&values, &[0.0, 0.5, 25.0, 50.0, 75.0, 99.5, 100.0]).unwrap();
        for (found, expected) in found.iter().zip([-5.0, -5.0, -0.5, 2.5, 3.875, 8.865, 9.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(percentiles(&[f32::NAN], &[50.0]), None);
    }
}
