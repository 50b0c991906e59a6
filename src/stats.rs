//! Summary figures and histograms of a tensor's values.
//!
//! The definitions are numpy's and scipy's, named at each figure. Values that are not finite are
//! counted and left out of everything else. Sums are taken in float64, in blocks of a fixed size
//! that are added up in order, so that a figure is the same on every machine, whatever the number
//! of threads. Memory is bounded whatever the size of the tensor: order statistics are found by
//! counting digits (see `select`), not by sorting a copy.

use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};

mod bins;
mod channels;
mod codes;
#[cfg(test)]
pub(crate) mod golden;
mod histogram;
mod select;

pub use bins::{Bins, MAX_BINS, Rule};
pub use channels::{Channel, channels};
pub use codes::{CodeCounts, CodeError};
pub use histogram::Histogram;
pub use select::{Value, percentiles};

/// Values that one piece of work handles between two looks at the [`Token`].
pub(crate) const BLOCK: usize = 1 << 16;

/// Counts, extremes and moments. Everything from `min` on is over the finite values, and NaN
/// where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// All values, finite or not.
    pub count: u64,
    pub finite: u64,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
    /// Values equal to zero; `-0` is one.
    pub zeros: u64,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Population standard deviation (`numpy.std`, ddof 0).
    pub std: f64,
    /// Biased `m3 / m2^1.5`; NaN where the values are all but equal (`scipy.stats.skew`).
    pub skew: f64,
    /// Biased excess kurtosis `m4 / m2^2 - 3`; NaN as for `skew` (`scipy.stats.kurtosis`).
    pub kurtosis: f64,
}

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

impl Moments {
    /// Two passes over the values.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], token: &Token) -> Result<Self, Cancelled> {
        let blocks = per_block(values, token, first_pass)?;
        let first = blocks.iter().fold(First::default(), First::plus);
        let n = first.finite as f64;
        let mean = (first.sum + first.lost) / n;
        let powers = per_block(values, token, |block| central_powers(block, mean))?;
        let [m2, m3, m4] = powers.iter().fold([0.0; 3], |sums, block| add(sums, *block)).map(|sum| sum / n);
        // As scipy has it: with so little spread around the mean, rounding is all there is.
        let is_degenerate = m2 <= (f64::EPSILON * mean).powi(2);
        let (min, max) = if first.finite > 0 { (f64::from(first.min), f64::from(first.max)) } else { (f64::NAN, f64::NAN) };
        Ok(Self {
            count: values.len() as u64,
            finite: first.finite,
            nan: first.nan,
            pos_inf: first.pos_inf,
            neg_inf: values.len() as u64 - first.finite - first.nan - first.pos_inf,
            zeros: first.zeros,
            min,
            max,
            mean,
            std: m2.sqrt(),
            skew: if is_degenerate { f64::NAN } else { m3 / m2.powf(1.5) },
            kurtosis: if is_degenerate { f64::NAN } else { m4 / (m2 * m2) - 3.0 },
        })
    }

    pub fn inf(&self) -> u64 {
        self.pos_inf + self.neg_inf
    }

    /// The part of all values that is zero; NaN of nothing.
    pub fn sparsity(&self) -> f64 {
        self.zeros as f64 / self.count as f64
    }
}

impl Summary {
    /// Beside the two passes of [`Moments::of`], two for the percentiles, up to four for the
    /// median absolute deviation and one for the outliers.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], token: &Token) -> Result<Self, Cancelled> {
        let moments = Moments::of(values, token)?;
        let found = percentiles(values, &[0.1, 1.0, 2.0, 25.0, 50.0, 75.0, 98.0, 99.0, 99.9], token)?;
        let at = |index: usize| found.get(index).copied().unwrap_or(f64::NAN);
        let percentiles =
            Percentiles { p01: at(0), p1: at(1), p2: at(2), p25: at(3), p50: at(4), p75: at(5), p98: at(6), p99: at(7), p999: at(8) };
        let mad = select::median_deviation(values, percentiles.p50, token)?;
        let limit = 6.0 * 1.4826 * mad;
        let is_outlier = |value: &&f32| value.is_finite() && (f64::from(**value) - percentiles.p50).abs() > limit;
        let outliers = per_block(values, token, |block| block.iter().filter(is_outlier).count() as u64)?;
        Ok(Self { moments, percentiles, mad, outliers: outliers.iter().sum() })
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

#[derive(Clone, Copy, Debug)]
struct First {
    finite: u64,
    nan: u64,
    pos_inf: u64,
    zeros: u64,
    min: f32,
    max: f32,
    sum: f64,
    /// What rounding took from `sum` (Neumaier's compensation).
    lost: f64,
}

impl Default for First {
    fn default() -> Self {
        Self { finite: 0, nan: 0, pos_inf: 0, zeros: 0, min: f32::INFINITY, max: f32::NEG_INFINITY, sum: 0.0, lost: 0.0 }
    }
}

impl First {
    fn plus(self, other: &Self) -> Self {
        let sum = self.sum + other.sum;
        let lost = if self.sum.abs() >= other.sum.abs() { (self.sum - sum) + other.sum } else { (other.sum - sum) + self.sum };
        Self {
            finite: self.finite + other.finite,
            nan: self.nan + other.nan,
            pos_inf: self.pos_inf + other.pos_inf,
            zeros: self.zeros + other.zeros,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum,
            lost: self.lost + other.lost + lost,
        }
    }
}

/// Independent partial sums: shorter chains of additions lose less, and the compiler can take
/// several at once.
const LANES: usize = 8;

fn first_pass(block: &[f32]) -> First {
    let mut first = First::default();
    let mut sums = [0.0f64; LANES];
    for chunk in block.chunks(LANES) {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            if value.is_finite() {
                first.finite += 1;
                first.min = first.min.min(*value);
                first.max = first.max.max(*value);
                *sum += f64::from(*value);
            }
            first.zeros += u64::from(*value == 0.0);
            first.nan += u64::from(value.is_nan());
            first.pos_inf += u64::from(*value == f32::INFINITY);
        }
    }
    first.sum = sums.iter().sum();
    first
}

/// Sums of the second, third and fourth powers of the finite values' distance from `mean`.
fn central_powers(block: &[f32], mean: f64) -> [f64; 3] {
    let mut sums = [[0.0f64; 3]; LANES];
    for chunk in block.chunks(LANES) {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            let distance = if value.is_finite() { f64::from(*value) - mean } else { 0.0 };
            let square = distance * distance;
            *sum = add(*sum, [square, square * distance, square * square]);
        }
    }
    sums.into_iter().fold([0.0; 3], add)
}

fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

#[cfg(test)]
mod tests {
    use super::golden::{assert_close, vector};
    use super::*;

    /// `metrics_golden.json`: numpy 2.4.6 and scipy 1.17.1.
    #[test]
    fn golden_vector() {
        let values = vector();
        for (value, expected) in
            values.iter().zip([-0.027_752_723_544_836_044, 0.074_723_549_187_183_38, -0.045_454_792_678_356_17, 0.036_289_926_618_337_63])
        {
            assert_eq!(f64::from(*value), expected);
        }
        let Summary { moments, percentiles, .. } = Summary::of(&values, &Token::new()).unwrap();
        assert_eq!((moments.count, moments.finite, moments.nan, moments.inf()), (4096, 4096, 0, 0));
        for (found, expected) in [
            (moments.min, -0.192_292_749_881_744_38),
            (moments.max, 1.5),
            (moments.mean, -0.000_601_161_910_255_498_8),
            (moments.std, 0.054_840_140_307_170_05),
            (moments.skew, 4.974_804_778_992_842_5),
            (moments.kurtosis, 135.911_195_622_658_82),
            (percentiles.p01, -0.149_846_700_206_398_95),
            (percentiles.p1, -0.118_272_853_642_702_1),
            (percentiles.p2, -0.103_659_076_988_697_06),
            (percentiles.p25, -0.034_149_620_682_001_114),
            (percentiles.p50, -0.000_564_576_679_607_853_3),
            (percentiles.p75, 0.032_181_435_264_647_01),
            (percentiles.p98, 0.102_087_216_824_293_1),
            (percentiles.p99, 0.115_504_230_558_872_23),
            (percentiles.p999, 0.158_870_474_994_190_02),
        ] {
            assert_close(found, expected);
        }
    }

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
