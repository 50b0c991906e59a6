//! Summary figures and histograms of a tensor's values.
//!
//! The definitions are numpy's and scipy's, named at each figure. Values that are not finite are
//! counted and left out of everything else. Sums are taken in float64, in blocks of a fixed size
//! that are added up in order, so that a figure is the same on every machine, whatever the number
//! of threads. Memory is bounded whatever the size of the tensor: order statistics are found by
//! counting digits (see `select`), not by sorting a copy.

use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};

mod alike;
mod bins;
mod blocks;
mod channels;
mod codes;
mod even;
mod figures;
#[cfg(test)]
pub(crate) mod golden;
mod histogram;
mod loops;
mod matrix;
mod moments;
mod order;
#[cfg(test)]
mod reference;
pub mod report;
mod select;

pub use alike::Alike;
pub use bins::{Bins, MAX_BINS, Rule};
pub use blocks::Readable;
pub use channels::{Channel, RIDGE_BINS, Ridges, channels, dead_channels, outlier_channels};
pub use codes::{CodeCounts, CodeError};
pub use figures::{CodeFigures, Figure, Figures, code_counts};
pub use histogram::Histogram;
pub(crate) use loops::extremes;
pub use matrix::Spectrum;
pub use moments::Moments;
pub use select::{Value, percentiles};

/// Values that one piece of work handles between two looks at the [`Token`].
pub(crate) const BLOCK: usize = 1 << 16;

/// Everything that is told about a tensor's real values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub moments: Moments,
    pub percentiles: Percentiles,
    /// Median absolute deviation from the median, unscaled.
    pub mad: f64,
    /// Finite values further than `6 * 1.4826 * mad` from the median. Where more than half of the
    /// values are equal, `mad` is 0 and every other value counts.
    pub outliers: u64,
}

/// Percentiles of the finite values, linearly interpolated (`numpy.percentile`); NaN where there
/// is no finite value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// The 0.1th.
    pub p01: f64,
    pub p1: f64,
    pub p2: f64,
    pub p25: f64,
    /// The median.
    pub p50: f64,
    pub p75: f64,
    pub p98: f64,
    pub p99: f64,
    /// The 99.9th.
    pub p999: f64,
}

impl Summary {
    /// Two passes over the values: one for the moments that counts where the values lie, one for
    /// what the order of the values tells.
    ///
    /// # Errors
    /// Cancelled, or why the values can't be read.
    pub fn of<S: Readable + ?Sized>(values: &S, token: &Token) -> Result<Self, S::Error> {
        const PERCENTS: [f64; 9] = [0.1, 1.0, 2.0, 25.0, 50.0, 75.0, 98.0, 99.0, 99.9];
        let (moments, counts) = if order::is_small(values.count()) {
            (Moments::of(values, token)?, Vec::new())
        } else {
            let scanned = moments::scan(values, token)?;
            (moments::Part::join(&scanned.parts).moments(), scanned.counts)
        };
        let order = order::order(values, &counts, &PERCENTS, token)?;
        let at = |index: usize| order.percentiles.get(index).copied().unwrap_or(f64::NAN);
        let percentiles =
            Percentiles { p01: at(0), p1: at(1), p2: at(2), p25: at(3), p50: at(4), p75: at(5), p98: at(6), p99: at(7), p999: at(8) };
        Ok(Self { moments, percentiles, mad: order.mad, outliers: order.outliers })
    }

    /// Whether every value is zero. Of an output channel: it is dead.
    pub fn is_all_zero(&self) -> bool {
        self.moments.count > 0 && self.moments.zeros == self.moments.count
    }
}

/// `work` of every block of [`BLOCK`] values, in the order of the blocks.
pub(crate) fn per_block<T: Sync, R: Send>(
    values: &[T],
    token: &Token,
    work: impl Fn(&[T]) -> R + Sync + Send,
) -> Result<Vec<R>, Cancelled> {
    let checked = |block| {
        token.check()?;
        Ok(work(block))
    };
    if values.len() <= BLOCK {
        // Most tensors are small; starting threads would take longer than the work.
        return values.chunks(BLOCK).map(checked).collect();
    }
    values.par_chunks(BLOCK).map(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::golden::assert_close;
    use super::*;

    /// Figures of `numpy` 2.4.6 and `scipy` 1.17.1 for the same arithmetic sequence.
    #[test]
    fn many_blocks() {
        // x[i] = f32((i * 2654435761 mod 2^32) / 2^31 - 0.5), 300,000 values: several blocks.
        let values: Vec<f32> =
            (0..300_000u32).map(|i| (f64::from(i.wrapping_mul(2_654_435_761)) / f64::from(1u32 << 31) - 0.5) as f32).collect();
        let summary = Summary::of(&values, &Token::new()).unwrap();
        for (found, expected) in [
            (summary.moments.mean, 0.499_997_457_004_170_86),
            (summary.moments.std, 0.577_351_104_249_28),
            (summary.moments.kurtosis, -1.199_996_714_600_141_3),
            (summary.percentiles.p01, -0.497_998_540_997_505_2),
            (summary.percentiles.p25, -3.651_599_399_745_464_3e-6),
            (summary.percentiles.p50, 0.500_000_402_331_352_2),
            (summary.percentiles.p999, 1.497_999_315_857_887_5),
            (summary.mad, 0.499_995_790_421_962_74),
        ] {
            assert_close(found, expected);
        }
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one_thread.install(|| Summary::of(&values, &Token::new())), Ok(summary));
    }

    #[test]
    fn values_that_are_not_finite() {
        let values = [1.0, f32::NAN, -0.0, f32::INFINITY, 3.0, f32::NEG_INFINITY, f32::INFINITY, 0.0];
        let summary = Summary::of(&values, &Token::new()).unwrap();
        let Moments { count, finite, nan, pos_inf, neg_inf, zeros, min, max, mean, std, .. } = summary.moments;
        assert_eq!((count, finite, nan, pos_inf, neg_inf, zeros), (8, 4, 1, 2, 1, 2));
        assert_eq!((min, max, mean), (0.0, 3.0, 1.0));
        assert_close(std, 1.224_744_871_391_589);
        assert_eq!(summary.percentiles.p50, 0.5);
        assert_eq!(summary.moments.sparsity(), 0.25);
    }

    #[test]
    fn nothing_and_constants() {
        for values in [&[][..], &[f32::NAN][..]] {
            let summary = Summary::of(values, &Token::new()).unwrap();
            let figures = [summary.moments.min, summary.moments.mean, summary.moments.std, summary.percentiles.p50, summary.mad];
            assert!(figures.iter().all(|figure| figure.is_nan()), "{summary:?}");
            assert_eq!(summary.outliers, 0);
        }
        let constant = Summary::of(&[0.1; 100], &Token::new()).unwrap();
        assert!(constant.moments.skew.is_nan() && constant.moments.kurtosis.is_nan());
        assert_eq!((constant.moments.min, constant.moments.max), (f64::from(0.1f32), f64::from(0.1f32)));
        assert!(!constant.is_all_zero() && Summary::of(&[0.0, -0.0], &Token::new()).unwrap().is_all_zero());
    }

    #[test]
    fn outliers_by_median_absolute_deviation() {
        // Median 6, MAD 3, limit 26.69: only 100 is further away.
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 100.0];
        let summary = Summary::of(&values, &Token::new()).unwrap();
        assert_eq!((summary.percentiles.p50, summary.mad, summary.outliers), (6.0, 3.0, 1));
    }

    #[test]
    fn cancelled() {
        let token = Token::new();
        token.cancel();
        assert_eq!(Summary::of(&[1.0], &token), Err(Cancelled));
    }
}
