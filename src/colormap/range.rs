//! Which values the colours span.

use rayon::prelude::*;

use super::select::percentiles;

/// What the limits follow. Only finite values count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Lowest to highest.
    Full,
    /// Between two percentiles, 0 to 100, interpolated linearly as numpy does.
    Percentile {
        low: f64,
        high: f64,
    },
    /// The mean and so many standard deviations (ddof 0) to either side, but not beyond what there is.
    Deviations(f64),
    Manual(Limits),
}

/// The values at the two ends of the colours. Finite, `low <= high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    pub low: f32,
    pub high: f32,
}

/// How much wider than the percentiles the full range must be for [`Range::default_for`].
const OUTLIER_RATIO: f32 = 4.0;
/// Too few values for a percentile of 0.5 to mean something.
const MIN_COUNT: usize = 400;

impl Range {
    pub const PERCENTILE: Self = Self::Percentile { low: 0.5, high: 99.5 };

    /// The range to begin with: full, but where outliers bite (they take three quarters of the
    /// colours and more) the percentiles 0.5 and 99.5.
    pub fn default_for(values: &[f32], symmetric: bool) -> Self {
        if values.len() < MIN_COUNT {
            return Self::Full;
        }
        let (full, inner) = (Self::Full.limits(values, symmetric), Self::PERCENTILE.limits(values, symmetric));
        let has_outliers = inner.span() > 0.0 && full.span() > OUTLIER_RATIO * inner.span();
        if has_outliers { Self::PERCENTILE } else { Self::Full }
    }

    /// The limits for given values; symmetric about 0 on request, as a diverging map wants them.
    /// Without any finite value: 0 to 0.
    pub fn limits(self, values: &[f32], symmetric: bool) -> Limits {
        let limits = match self {
            Self::Full => extent(values),
            Self::Percentile { low, high } => match percentiles(values, &[low.min(high), low.max(high)]).as_deref() {
                Some(&[low, high]) => Limits::new(low as f32, high as f32),
                _ => Limits::default(),
            },
            Self::Deviations(k) => {
                let full = extent(values);
                let (mean, deviation) = moments(values);
                let reach = k.abs() * deviation;
                Limits::new(((mean - reach) as f32).max(full.low), ((mean + reach) as f32).min(full.high))
            }
            Self::Manual(limits) => Limits::new(limits.low, limits.high),
        };
        if symmetric { limits.symmetric() } else { limits }
    }
}

impl Limits {
    /// Limits in the right order. What is not finite becomes the nearest finite value, NaN 0.
    pub fn new(low: f32, high: f32) -> Self {
        let finite = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(f32::MIN, f32::MAX) };
        let (low, high) = (finite(low), finite(high));
        Self { low: low.min(high), high: low.max(high) }
    }

    /// Widened to be symmetric about 0.
    pub fn symmetric(self) -> Self {
        let reach = self.low.abs().max(self.high.abs());
        Self { low: -reach, high: reach }
    }

    /// The middle; 0 where the limits are symmetric.
    pub fn centre(self) -> f32 {
        self.low / 2.0 + self.high / 2.0
    }

    fn span(self) -> f32 {
        self.high - self.low
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { low: 0.0, high: 0.0 }
    }
}

/// The lowest and highest finite value.
fn extent(values: &[f32]) -> Limits {
    let of = |chunk: &[f32]| {
        let finite = chunk.iter().filter(|value| value.is_finite());
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
    };
    let (low, high) = values.par_chunks(1 << 16).map(of).reduce(|| (f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)));
    if low <= high { Limits { low, high } } else { Limits::default() }
}

/// Mean and standard deviation (ddof 0) of the finite values, in float64.
fn moments(values: &[f32]) -> (f64, f64) {
    // Sums a chunk, added up in order, so that the result does not depend on the threads.
    let sums = |f: &(dyn Fn(f64) -> f64 + Sync)| -> f64 {
        let of = |chunk: &[f32]| chunk.iter().filter(|value| value.is_finite()).map(|value| f(f64::from(*value))).sum::<f64>();
        values.par_chunks(1 << 16).map(of).collect::<Vec<_>>().iter().sum()
    };
    let count = sums(&|_| 1.0);
    if count == 0.0 {
        return (0.0, 0.0);
    }
    let mean = sums(&|value| value) / count;
    (mean, (sums(&|value| (value - mean) * (value - mean)) / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 13] = [3.0, -1.0, 4.0, 1.0, f32::NAN, -5.0, 9.0, 2.0, 6.0, -5.0, 3.5, f32::INFINITY, f32::NEG_INFINITY];

    /// numpy 2.4: `percentile`, `mean`, `std` of the finite ones.
    #[test]
    fn ranges() {
        let deviations = Range::Deviations(1.0).limits(&VALUES, false);
        assert_eq!(
            (deviations.low, deviations.high),
            ((1.75 - 4.238_218_965_556_168_f64) as f32, (1.75 + 4.238_218_965_556_168_f64) as f32)
        );
        for (range, symmetric, low, high) in [
            (Range::Full, false, -5.0, 9.0),
            (Range::Full, true, -9.0, 9.0),
            (Range::Percentile { low: 25.0, high: 75.0 }, false, -0.5, 3.875),
            (Range::Percentile { low: 75.0, high: 25.0 }, true, -3.875, 3.875),
            (Range::PERCENTILE, false, -5.0, 8.865),
            (Range::Deviations(100.0), false, -5.0, 9.0),
            (Range::Manual(Limits { low: 2.0, high: -1.0 }), false, -1.0, 2.0),
            (Range::Manual(Limits { low: f32::NAN, high: f32::INFINITY }), false, 0.0, f32::MAX),
        ] {
            assert_eq!(range.limits(&VALUES, symmetric), Limits { low, high }, "{range:?}");
        }
    }

    #[test]
    fn no_finite_value() {
        for range in [Range::Full, Range::PERCENTILE, Range::Deviations(3.0)] {
            for values in [&[][..], &[f32::NAN, f32::INFINITY]] {
                assert_eq!(range.limits(values, true), Limits { low: -0.0, high: 0.0 });
            }
        }
    }

    #[test]
    fn outliers_bite() {
        let mut values: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.7).sin()).collect();
        assert_eq!(Range::default_for(&values, true), Range::Full);
        values[7] = 50.0;
        assert_eq!(Range::default_for(&values, true), Range::PERCENTILE);
        assert_eq!(Range::default_for(&values[..20], true), Range::Full);
    }
}
