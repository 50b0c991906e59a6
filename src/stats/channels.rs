//! Figures of every channel: the slices of a tensor along one axis.

use rayon::prelude::*;

use super::BLOCK;
use super::blocks::{Readable, pieces};
use super::order::{between, place};
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

    /// From the least value to the greatest.
    pub fn width(&self) -> f64 {
        self.max - self.min
    }

    /// Euclidean norm of the finite values.
    pub fn norm(&self) -> f64 {
        ((self.count - self.not_finite) as f64).sqrt() * self.mean.hypot(self.std)
    }
}

/// For every channel whether its range reaches out of what is usual: its least value below
/// `Q1 - 1.5 IQR` of all channels' least, or its greatest above `Q3 + 1.5 IQR` of their greatest
/// (Tukey's fences, as AIMET draws ranges of channels).
pub fn outlier_channels(channels: &[Channel]) -> Vec<bool> {
    let fences = |end: fn(&Channel) -> f64| {
        let mut ends: Vec<f64> = channels.iter().map(end).filter(|end| end.is_finite()).collect();
        ends.sort_unstable_by(f64::total_cmp);
        let quartile = |percent: f64| {
            let (rank, part) = place(percent, ends.len() as u64);
            let at = |rank: usize| ends.get(rank.min(ends.len().saturating_sub(1))).copied().unwrap_or(f64::NAN);
            between(at(rank as usize), at(rank as usize + 1), part)
        };
        let (q1, q3) = (quartile(25.0), quartile(75.0));
        (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1))
    };
    let (lowest, highest) = (fences(|channel| channel.min).0, fences(|channel| channel.max).1);
    channels.iter().map(|channel| channel.min < lowest || channel.max > highest).collect()
}

/// How the values of every channel are distributed, all between the same ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Ridges {
    pub low: f64,
    pub high: f64,
    /// [`RIDGE_BINS`] a channel, one channel after the other.
    counts: Vec<u32>,
}

/// Bins that a channel's distribution has.
pub const RIDGE_BINS: usize = 64;

impl Ridges {
    /// Counts the finite values of every index of `axis` into even bins from `low` to `high`; none
    /// where `shape` has no such axis or another number of elements than there are values.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], shape: &[usize], axis: usize, (low, high): (f64, f64), token: &Token) -> Result<Self, Cancelled> {
        let Some(grid) = Grid::of(values, shape, axis) else { return Ok(Self { low, high, counts: Vec::new() }) };
        let scale = RIDGE_BINS as f64 / (high - low);
        let add = |mut bins: [u32; RIDGE_BINS], _: usize, value: f32| {
            let place = (f64::from(value) - low) * scale;
            if value.is_finite() && (0.0..=RIDGE_BINS as f64).contains(&place) {
                bins[(place as usize).min(RIDGE_BINS - 1)] += 1;
            }
            bins
        };
        let merge = |mut a: [u32; RIDGE_BINS], b: [u32; RIDGE_BINS]| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let channels = grid.each(token, [0; RIDGE_BINS], add, merge)?;
        Ok(Self { low, high, counts: channels.into_flattened() })
    }

    /// The counts of one channel; nothing of one that there is not.
    pub fn channel(&self, channel: usize) -> &[u32] {
        self.counts.get(channel * RIDGE_BINS..(channel + 1) * RIDGE_BINS).unwrap_or_default()
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

/// How many indices of `axis` hold nothing but zeros, of values that need not be in memory. `None`
/// where `shape` has no such axis or another number of elements than there are values.
///
/// # Errors
/// Cancelled, or why the values can't be read.
pub fn dead_channels<S: Readable + ?Sized>(values: &S, shape: &[usize], axis: usize, token: &Token) -> Result<Option<u64>, S::Error> {
    let product = |dims: &[usize]| dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
    let dims = shape.get(axis).zip(shape.get(axis + 1..)).and_then(|(channels, inner)| Some((*channels, product(inner)?)));
    let Some((channels, inner)) = dims.filter(|_| values.count() > 0 && product(shape) == Some(values.count())) else {
        return Ok(None);
    };
    let alive = pieces(
        values,
        token,
        || (),
        |(), piece| {
            let mut alive = vec![false; channels];
            piece.for_each_block(|start, block| mark_alive(start, block, inner, &mut alive))?;
            Ok(alive)
        },
        Vec::new,
        |mut a, b| {
            if a.is_empty() {
                return b;
            }
            a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
            a
        },
    )?;
    Ok(Some(alive.iter().filter(|alive| !**alive).count() as u64))
}

fn mark_alive(start: usize, block: &[f32], inner: usize, alive: &mut [bool]) {
    let channels = alive.len();
    let mut done = 0;
    while done < block.len() {
        let channel = (start + done) / inner % channels;
        if inner == 1 {
            // A row of channels, one value each.
            let row = block.len().min(done + channels - channel);
            alive[channel..].iter_mut().zip(&block[done..row]).for_each(|(alive, value)| *alive |= *value != 0.0);
            done = row;
        } else {
            let run = block.len().min(done + inner - (start + done) % inner);
            alive[channel] |= block[done..run].iter().any(|value| *value != 0.0);
            done = run;
        }
    }
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
    fn dead_channels_are_those_of_the_figures() {
        for (shape, axis) in
            [(&[7usize, 5, 11][..], 0usize), (&[7, 5, 11], 1), (&[7, 5, 11], 2), (&[300, 700], 0), (&[300, 700], 1), (&[70_000, 3], 1)]
        {
            let inner: usize = shape[axis + 1..].iter().product();
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|place: usize| if (place / inner % shape[axis]).is_multiple_of(3) || place.is_multiple_of(2) { 0.0 } else { f32::NAN })
                .collect();
            let expected = channels(&values, shape, axis, &Token::new()).unwrap().iter().filter(|channel| channel.is_dead()).count() as u64;
            assert!(expected > 0);
            assert_eq!(dead_channels(&values, shape, axis, &Token::new()), Ok(Some(expected)), "{shape:?} {axis}");
        }
        assert_eq!(dead_channels(&vec![0.0; 6], &[4], 0, &Token::new()), Ok(None));
        assert_eq!(dead_channels(&vec![0.0; 6], &[6], 1, &Token::new()), Ok(None));
    }

    /// numpy 2.4.6: `numpy.percentile` of the ends, and `numpy.linalg.norm` of a channel.
    #[test]
    fn outliers_and_norms() {
        let mut values: Vec<f32> = (0..80).map(|i| ((i * 37 % 80) as f32 - 40.0) / 40.0).collect();
        values[33] = 9.0;
        values[50] = f32::NAN;
        let found = channels(&values, &[8, 10], 0, &Token::new()).unwrap();
        let outliers = outlier_channels(&found);
        assert_eq!(outliers, [false, false, false, true, false, false, false, false]);
        let three: [Channel; 1] = channels(&[3.0, -4.0], &[1, 2], 0, &Token::new()).unwrap().try_into().unwrap();
        assert_close(three[0].norm(), 5.0);
        assert_eq!(three[0].width(), 7.0);
        assert!(outlier_channels(&[]).is_empty() && outlier_channels(&three) == [false]);
    }

    #[test]
    fn ridges_are_histograms_of_channels() {
        let values = vector();
        for (shape, axis) in [(&[16usize, 256][..], 0usize), (&[256, 16], 1), (&[4, 16, 64], 1)] {
            let ridges = Ridges::of(&values, shape, axis, (-0.2, 0.2), &Token::new()).unwrap();
            let inner: usize = shape[axis + 1..].iter().product();
            for channel in [0, 7, 15] {
                let of_channel = values.iter().enumerate().filter(|(place, _)| place / inner % shape[axis] == channel);
                let of_channel: Vec<f32> = of_channel.map(|(_, value)| *value).collect();
                let bins = crate::stats::Bins::Count(RIDGE_BINS);
                let expected = crate::stats::Histogram::of(&of_channel, Some((-0.2, 0.2)), bins, &Token::new()).unwrap();
                let found: Vec<u64> = ridges.channel(channel).iter().map(|count| u64::from(*count)).collect();
                assert_eq!(found, expected.counts, "{shape:?} {channel}");
            }
        }
        assert!(Ridges::of(&values, &[5], 0, (0.0, 1.0), &Token::new()).unwrap().channel(0).is_empty());
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
