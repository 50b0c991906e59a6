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

/// How much wider than the percentiles the full range must be for [`Range::default_from`].
const OUTLIER_RATIO: f32 = 4.0;
/// Too few values for a percentile of 0.5 to mean something.
const MIN_COUNT: u64 = 400;

impl Range {
    pub const PERCENTILE: Self = Self::Percentile { low: 0.5, high: 99.5 };

    /// The range to begin with: full, but where outliers bite (they take three quarters of the
    /// colours and more) the percentiles 0.5 and 99.5. For `percentile` see
    /// [`limits_from`](Self::limits_from).
    pub fn default_from(moments: &Moments, percentile: impl Fn(f64) -> f64, symmetric: bool) -> Self {
        let inner = Self::PERCENTILE.limits_from(moments, percentile, symmetric);
        let full = Self::Full.limits_from(moments, |_| f64::NAN, symmetric);
        let has_outliers = moments.count >= MIN_COUNT && inner.span() > 0.0 && full.span() > OUTLIER_RATIO * inner.span();
        if has_outliers { Self::PERCENTILE } else { Self::Full }
    }

    /// As the command line takes it: `full`, `0.5-99.5%`, `3std`, `-1:1`.
    pub fn text(self) -> String {
        match self {
            Self::Full => "full".to_owned(),
            Self::Percentile { low, high } => format!("{low}-{high}%"),
            Self::Deviations(k) => format!("{k}std"),
            Self::Manual(limits) => format!("{}:{}", limits.low, limits.high),
        }
    }

    /// The limits for given values; symmetric about 0 on request, as a diverging map wants them.
    /// Without any finite value: 0 to 0.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn limits(self, values: &[f32], symmetric: bool, token: &Token) -> Result<Limits, Cancelled> {
        let moments = Moments::of(values, token)?;
        let asked: &[f64] = if let Self::Percentile { low, high } = &self { &[*low, *high] } else { &[] };
        let found = percentiles(values, asked, token)?;
        let percentile = |percent: f64| {
            let position = asked.iter().position(|asked| *asked == percent);
            position.and_then(|position| found.get(position)).copied().unwrap_or(f64::NAN)
        };
        Ok(self.limits_from(&moments, percentile, symmetric))
    }

    /// As [`limits`](Self::limits), from figures of the values: their moments and, of a percentage,
    /// their percentile.
    pub fn limits_from(self, moments: &Moments, percentile: impl Fn(f64) -> f64, symmetric: bool) -> Limits {
        let Moments { min, max, mean, std, .. } = *moments;
        let limits = match self {
            Self::Manual(limits) => Limits::new(limits.low, limits.high),
            _ if moments.finite == 0 => Limits::default(),
            Self::Full => Limits::new(min as f32, max as f32),
            Self::Percentile { low, high } => Limits::new(percentile(low) as f32, percentile(high) as f32),
            Self::Deviations(k) => {
                let reach = k.abs() * std;
                Limits::new((mean - reach).max(min) as f32, (mean + reach).min(max) as f32)
            }
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
        let default = |values: &[f32]| {
            let percentile = |percent| percentiles(values, &[percent], &Token::new()).unwrap()[0];
            Range::default_from(&Moments::of(values, &Token::new()).unwrap(), percentile, true)
        };
        assert_eq!(default(&values), Range::Full);
        values[7] = 50.0;
        assert_eq!(default(&values), Range::PERCENTILE);
        assert_eq!(default(&values[..20]), Range::Full);
        assert_eq!(default(&[]), Range::Full);
    }
}
