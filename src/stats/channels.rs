//! Figures of every channel: the slices of a tensor along one axis.

use rayon::prelude::*;

use super::BLOCK;
use crate::jobs::{Cancelled, Token};

/// One index of the axis. `min` to `std` are over the finite values, and NaN where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// All values, finite or not.
    pub count: u64,
    /// Values that are NaN or infinite.
    pub not_finite: u64,
    pub zeros: u64,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Population standard deviation (ddof 0).
    pub std: f64,
}

impl Channel {
    /// Whether every value is zero.
    pub fn is_dead(&self) -> bool {
        self.count > 0 && self.zeros == self.count
    }
}

/// The figures of every index of `axis` of a row-major tensor; nothing where `shape` has no such
/// axis or another number of elements than there are values.
///
/// # Errors
/// [`Cancelled`].
pub fn channels(values: &[f32], shape: &[usize], axis: usize, token: &Token) -> Result<Vec<Channel>, Cancelled> {
    let Some(grid) = Grid::of(values, shape, axis) else {
        return Ok(Vec::new());
    };
    let first = grid.each(token, Sums::default(), Sums::add_value, Sums::plus)?;
    let means: Vec<f64> = first.iter().map(Sums::mean).collect();
    let squares = grid.each(token, 0.0, |sum, channel, value| sum + square(value, means.get(channel)), |a, b| a + b)?;
    Ok(first.iter().zip(squares).map(|(sums, squares)| sums.channel(squares)).collect())
}

fn square(value: f32, mean: Option<&f64>) -> f64 {
    match mean {
        Some(mean) if value.is_finite() => (f64::from(value) - mean).powi(2),
        _ => 0.0,
    }
}

/// The tensor as `outer x channels x inner`.
struct Grid<'a> {
    values: &'a [f32],
    channels: usize,
    inner: usize,
}

impl<'a> Grid<'a> {
    fn of(values: &'a [f32], shape: &[usize], axis: usize) -> Option<Self> {
        let product = |dims: &[usize]| dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
        let channels = *shape.get(axis)?;
        let inner = product(shape.get(axis + 1..)?)?;
        // No values: no channels either, however many a damaged shape names.
        (!values.is_empty() && product(shape)? == values.len()).then_some(Self { values, channels, inner })
    }

    /// One result a channel. The tensor is cut into the same parts whatever the number of threads:
    /// along its outer dimensions, or into channels where it has few of those.
    fn each<R: Copy + Send + Sync>(
        &self,
        token: &Token,
        start: R,
        add: impl Fn(R, usize, f32) -> R + Sync,
        merge: impl Fn(R, R) -> R,
    ) -> Result<Vec<R>, Cancelled> {
        /// Rows a part has at least, so that the parts' results take less memory than the values.
        const ROWS: usize = 64;
        const PARTS: usize = 64;
        let row = self.channels * self.inner;
        let rows = self.values.len() / row;
        if rows < 2 * ROWS {
            return self.each_channel(token, start, add);
        }
        let part = rows.div_ceil(PARTS).max(ROWS) * row;
        let work = |part: &[f32]| {
            let mut results = vec![start; self.channels];
            let mut until_check = 0usize;
            for runs in part.chunks(row) {
                if until_check == 0 {
                    token.check()?;
                    until_check = BLOCK.div_ceil(row);
                }
                until_check -= 1;
                for (channel, (result, run)) in results.iter_mut().zip(runs.chunks(self.inner)).enumerate() {
                    *result = run.iter().fold(*result, |result, value| add(result, channel, *value));
                }
            }
            Ok(results)
        };
        let parts: Vec<Vec<R>> = self.values.par_chunks(part).map(work).collect::<Result<_, _>>()?;
        let mut sums = vec![start; self.channels];
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum = merge(*sum, part));
        }
        Ok(sums)
    }

    fn each_channel<R: Copy + Send + Sync>(
        &self,
        token: &Token,
        start: R,
        add: impl Fn(R, usize, f32) -> R + Sync,
    ) -> Result<Vec<R>, Cancelled> {
        let work = |channel: usize| {
            let mut result = start;
            for row in self.values.chunks(self.channels * self.inner) {
                let begin = channel * self.inner;
                for block in row.get(begin..begin + self.inner).unwrap_or_default().chunks(BLOCK) {
                    token.check()?;
                    result = block.iter().fold(result, |result, value| add(result, channel, *value));
                }
            }
            Ok(result)
        };
        // A few channels a task: they may be as short as one value.
        (0..self.channels).into_par_iter().with_min_len((BLOCK / self.inner).max(1)).map(work).collect()
    }
}

#[derive(Clone, Copy)]
struct Sums {
    count: u64,
    finite: u64,
    zeros: u64,
    min: f32,
    max: f32,
    sum: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self { count: 0, finite: 0, zeros: 0, min: f32::INFINITY, max: f32::NEG_INFINITY, sum: 0.0 }
    }
}

impl Sums {
    fn add_value(mut self, _channel: usize, value: f32) -> Self {
        self.count += 1;
        self.zeros += u64::from(value == 0.0);
        if value.is_finite() {
            self.finite += 1;
            self.min = self.min.min(value);
            self.max = self.max.max(value);
            self.sum += f64::from(value);
        }
        self
    }

    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            finite: self.finite + other.finite,
            zeros: self.zeros + other.zeros,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            sum: self.sum + other.sum,
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.finite as f64
    }

    fn channel(&self, squares: f64) -> Channel {
        let or_nan = |extreme: f32| if self.finite > 0 { f64::from(extreme) } else { f64::NAN };
        Channel {
            count: self.count,
            not_finite: self.count - self.finite,
            zeros: self.zeros,
            min: or_nan(self.min),
            max: or_nan(self.max),
            mean: self.mean(),
            std: (squares / self.finite as f64).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{assert_close, vector};
    use super::*;

    /// numpy 2.4.6 on the golden vector: `x.reshape(shape).mean(axis=others)` and the like.
    #[test]
    fn golden_channels() {
        let values = vector();
        for (shape, axis, channel, [min, max, mean, std]) in [
            (
                &[8usize, 8, 8, 8][..],
                0usize,
                0usize,
                [-0.149_894_073_605_537_41, 1.5, 0.001_747_792_271_260_095_7, 0.081_857_571_938_389_59],
            ),
            (
                &[8, 8, 8, 8][..],
                1,
                3,
                [-0.149_894_073_605_537_41, 0.139_393_657_445_907_6, -0.005_746_965_448_395_258, 0.048_648_229_783_981_776],
            ),
            (&[16, 8, 32][..], 2, 7, [-0.124_245_129_525_661_47, 1.5, 0.003_195_831_495_759_194, 0.142_288_563_564_605_5]),
            (&[2048, 2][..], 1, 1, [-0.192_292_749_881_744_38, 1.5, 0.000_270_218_218_330_065, 0.059_153_393_831_417_524]),
            (
                &[512, 4, 2][..],
                1,
                2,
                [-0.149_395_406_246_185_3, 0.132_322_564_721_107_48, -0.001_481_755_645_762_916_6, 0.049_870_170_712_215_424],
            ),
            (&[1, 4096][..], 0, 0, [-0.192_292_749_881_744_38, 1.5, -0.000_601_161_910_255_498_8, 0.054_840_140_307_170_05]),
        ] {
            let found = channels(&values, shape, axis, &Token::new()).unwrap();
            assert_eq!(found.len(), shape[axis]);
            let found = found[channel];
            assert_eq!((found.min, found.max, found.count), (min, max, (4096 / shape[axis]) as u64), "{shape:?} {axis}");
            assert_close(found.mean, mean);
            assert_close(found.std, std);
        }
    }

    #[test]
    fn dead_and_damaged() {
        let values = [0.0, -0.0, 1.0, f32::NAN, f32::NAN, f32::INFINITY];
        let found = channels(&values, &[3, 2], 0, &Token::new()).unwrap();
        assert!(found[0].is_dead() && !found[1].is_dead());
        assert_eq!((found[1].mean, found[1].not_finite), (1.0, 1));
        assert!(found[2].mean.is_nan() && found[2].std.is_nan() && found[2].min.is_nan());
        for (values, shape, axis) in [
            (&values[..], &[3usize, 3][..], 0),
            (&values, &[6], 1),
            (&values, &[6], usize::MAX - 1),
            (&[], &[usize::MAX, 0], 0),
            (&[], &[usize::MAX, usize::MAX], 0),
        ] {
            assert_eq!(channels(values, shape, axis, &Token::new()), Ok(Vec::new()));
        }
    }
}
