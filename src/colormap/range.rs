//! Which values the colours span.

use crate::jobs::{Cancelled, Token};
use crate::stats::{Moments, percentiles};

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
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn default_for(values: &[f32], symmetric: bool, token: &Token) -> Result<Self, Cancelled> {
        if values.len() < MIN_COUNT {
            return Ok(Self::Full);
        }
        let (full, inner) = (Self::Full.limits(values, symmetric, token)?, Self::PERCENTILE.limits(values, symmetric, token)?);
        let has_outliers = inner.span() > 0.0 && full.span() > OUTLIER_RATIO * inner.span();
        Ok(if has_outliers { Self::PERCENTILE } else { Self::Full })
    }

    /// The limits for given values; symmetric about 0 on request, as a diverging map wants them.
    /// Without any finite value: 0 to 0.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn limits(self, values: &[f32], symmetric: bool, token: &Token) -> Result<Limits, Cancelled> {
        let limits = match self {
            Self::Full => {
                let moments = Moments::of(values, token)?;
                Limits::new(moments.min as f32, moments.max as f32)
            }
            Self::Percentile { low, high } => match *percentiles(values, &[low.min(high), low.max(high)], token)?.as_slice() {
                [low, high] => Limits::new(low as f32, high as f32),
                _ => Limits::default(),
            },
            Self::Deviations(k) => {
                let Moments { min, max, mean, std, .. } = Moments::of(values, token)?;
                let reach = k.abs() * std;
                Limits::new((mean - reach).max(min) as f32, (mean + reach).min(max) as f32)
            }
            Self::Manual(limits) => Limits::new(limits.low, limits.high),
        };
        Ok(if symmetric { limits.symmetric() } else { limits })
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

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f32; 13] = [3.0, -1.0, 4.0, 1.0, f32::NAN, -5.0, 9.0, 2.0, 6.0, -5.0, 3.5, f32::INFINITY, f32::NEG_INFINITY];

    /// numpy 2.4: `percentile`, `mean`, `std` of the finite ones.
    #[test]
    fn ranges() {
        let deviations = Range::Deviations(1.0).limits(&VALUES, false, &Token::new()).unwrap();
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
            assert_eq!(range.limits(&VALUES, symmetric, &Token::new()), Ok(Limits { low, high }), "{range:?}");
        }
    }

    #[test]
    fn no_finite_value() {
        for range in [Range::Full, Range::PERCENTILE, Range::Deviations(3.0)] {
            for values in [&[][..], &[f32::NAN, f32::INFINITY]] {
                assert_eq!(range.limits(values, true, &Token::new()), Ok(Limits { low: -0.0, high: 0.0 }));
            }
        }
    }

    #[test]
    fn outliers_bite() {
        let mut values: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.7).sin()).collect();
        assert_eq!(Range::default_for(&values, true, &Token::new()), Ok(Range::Full));
        values[7] = 50.0;
        assert_eq!(Range::default_for(&values, true, &Token::new()), Ok(Range::PERCENTILE));
        assert_eq!(Range::default_for(&values[..20], true, &Token::new()), Ok(Range::Full));
    }
}
