//! What the limits of colours and the place of a value among all are taken from.

use super::{Cancelled, Token};
use crate::colormap::{Limits, Range};
use crate::stats::{self, Moments};
use crate::values::Blocks;
use crate::values::blocks::sample;

/// Values that are decoded at once for their percentiles: 64 MiB.
const AT_ONCE: usize = 1 << 24;

/// Moments, and the values at 0, 0.1, ... 100 percent.
#[derive(Clone, Debug)]
pub struct Figures {
    pub moments: Moments,
    quantiles: Vec<f64>,
}

impl Figures {
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], token: &Token) -> Result<Self, Cancelled> {
        let moments = Moments::of(values, token)?;
        Ok(Self { moments, quantiles: percentiles(values, token)? })
    }

    /// Those of values whose moments are known. The percentiles of more values than are decoded at once, and
    /// do not lie in memory, are a sample's, between the exact extremes.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of_blocks(values: &dyn Blocks, moments: Moments, token: &Token) -> Result<Self, Cancelled> {
        let quantiles = match values.as_slice() {
            Some(values) => percentiles(values, token)?,
            None => {
                let mut quantiles = percentiles(&sample(values, AT_ONCE), token)?;
                if moments.finite > 0 {
                    quantiles.first_mut().into_iter().for_each(|first| *first = moments.min);
                    quantiles.last_mut().into_iter().for_each(|last| *last = moments.max);
                }
                quantiles
            }
        };
        Ok(Self { moments, quantiles })
    }

    /// The values at the ends of the colours, as [`Range::limits`] has them.
    pub fn limits(&self, range: Range, symmetric: bool) -> Limits {
        range.limits_from(&self.moments, |percent| self.percentile(percent), symmetric)
    }

    /// The range to begin with: full, or where outliers would take most of the colours, percentiles.
    pub fn default_range(&self, symmetric: bool) -> Range {
        Range::default_from(&self.moments, |percent| self.percentile(percent), symmetric)
    }

    /// A percentile of the finite values: numpy's at every tenth of a percent, interpolated between.
    pub fn percentile(&self, percent: f64) -> f64 {
        let tenths = (percent * 10.0).clamp(0.0, 1000.0);
        let at = |index: f64| self.quantiles.get(index as usize).copied().unwrap_or(f64::NAN);
        let (below, part) = (tenths.floor(), tenths.fract());
        if part == 0.0 { at(below) } else { at(below) + (at(below + 1.0) - at(below)) * part }
    }

    /// The part of the finite values, 0 to 1, that are below a value; interpolated between the tenths
    /// of a percent.
    pub fn part_below(&self, value: f64) -> f64 {
        self.part(value, |quantile| quantile < value)
    }

    /// The part of the finite values, 0 to 1, that are not above a value; interpolated as
    /// [`part_below`](Self::part_below).
    pub fn part_up_to(&self, value: f64) -> f64 {
        self.part(value, |quantile| quantile <= value)
    }

    /// `is_before` holds for the quantiles up to some place.
    fn part(&self, value: f64, is_before: impl Fn(f64) -> bool) -> f64 {
        let after = self.quantiles.partition_point(|quantile| is_before(*quantile));
        let below = after.checked_sub(1).and_then(|below| self.quantiles.get(below));
        let (Some(low), Some(high)) = (below, self.quantiles.get(after)) else {
            return if after == 0 { 0.0 } else { 1.0 };
        };
        ((after - 1) as f64 + (value - low) / (high - low)) / 1000.0
    }

    /// The percentile that a finite value stands at; of equal values the middle.
    pub fn rank_of(&self, value: f32) -> Option<f64> {
        let value = f64::from(value);
        (value.is_finite() && self.moments.finite > 0).then(|| 50.0 * (self.part_below(value) + self.part_up_to(value)))
    }
}

/// Values at 0, 0.1, ... 100 percent.
fn percentiles(values: &[f32], token: &Token) -> Result<Vec<f64>, Cancelled> {
    let percents: Vec<f64> = (0..=1000).map(|tenth| f64::from(tenth) / 10.0).collect();
    stats::percentiles(values, &percents, token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::percentiles;

    fn figures(values: &[f32]) -> Figures {
        Figures::of(values, &Token::new()).unwrap()
    }

    /// `numpy.percentile`
    #[test]
    fn percentiles_at_tenths_are_exact() {
        let values: Vec<f32> = (0..777u16).map(|i| (f32::from(i) * 0.37).sin() * 3.0 - 1.0).collect();
        let found = figures(&values);
        for percent in [0.0, 0.1, 0.5, 1.1, 2.3, 50.0, 57.3, 99.5, 99.9, 100.0] {
            let exact = percentiles(&values, &[percent], &Token::new()).unwrap();
            assert_eq!(found.percentile(percent), exact[0], "{percent}");
        }
        let between = found.percentile(0.05);
        assert!(found.percentile(0.0) < between && between < found.percentile(0.1));
    }

    #[test]
    fn ranks() {
        // Of n different values, number i stands at i / (n - 1), as `numpy.percentile` has it.
        let four = figures(&[0.0, 1.0, 2.0, 3.0, f32::NAN, f32::INFINITY]);
        for (value, rank) in [(0.0, 0.0), (1.0, 100.0 / 3.0), (1.5, 50.0), (3.0, 100.0), (-1.0, 0.0), (9.0, 100.0)] {
            let found = four.rank_of(value).unwrap();
            assert!((found - rank).abs() < 1e-9, "{value} stands at {found}");
        }
        assert_eq!((four.rank_of(f32::NAN), four.rank_of(f32::INFINITY)), (None, None));
        assert_eq!(figures(&[f32::NAN]).rank_of(1.0), None);
        assert_eq!(figures(&[5.0; 8]).rank_of(5.0), Some(50.0));
    }

    #[test]
    fn equal_values_are_on_one_side_of_an_edge() {
        // Half of the values are 0, the other half lies evenly above.
        let values: Vec<f32> = (0..1000u16).map(|i| f32::from(i.saturating_sub(500))).collect();
        let found = figures(&values);
        assert_eq!(found.part_below(0.0), 0.0);
        assert!((found.part_up_to(0.0) - 0.5).abs() < 2e-3, "{}", found.part_up_to(0.0));
        assert_eq!((found.part_below(-1.0), found.part_up_to(499.0), found.part_below(500.0)), (0.0, 1.0, 1.0));
        let empty = figures(&[]);
        assert_eq!((empty.part_below(0.0), empty.part_up_to(0.0)), (0.0, 0.0));
    }
}
