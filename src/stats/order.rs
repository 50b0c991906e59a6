//! Percentiles, the median absolute deviation and the outliers by it, exactly and in one more pass.
//!
//! The first pass counted how many values begin with each 16 bits. That tells in which of these
//! buckets every wanted value lies, and between which bounds the deviations of a bucket's values
//! from the median are. So only the values of a few buckets have to be looked at: the second pass
//! collects them, each distinct value once with its count.

use super::blocks::{Readable, pieces};
use super::loops::{self, PREFIXES};
use super::select::Value;
use crate::jobs::Token;

/// Percentiles, median absolute deviation (unscaled) and the number of values further from the
/// median than [`OUTLIER_FACTOR`] times that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    pub percentiles: Vec<f64>,
    pub mad: f64,
    pub outliers: u64,
}

/// Deviations from the median beyond this multiple of the median absolute deviation are outliers:
/// six standard deviations of a normal distribution.
pub(super) const OUTLIER_FACTOR: f64 = 6.0 * 1.4826;

/// Up to here all values are collected.
const SMALL: usize = 1 << 16;

/// Finds the order figures of the finite values. `counts` are those of `moments::scan`, or empty
/// for few values; NaN where there is no finite value.
pub(super) fn order<S: Readable + ?Sized>(values: &S, counts: &[u64], percents: &[f64], token: &Token) -> Result<Order, S::Error> {
    let buckets = Buckets::of(counts);
    let wanted = if counts.is_empty() { Wanted::everything() } else { buckets.wanted(percents) };
    let found = distinct(values, &wanted.marks, token)?;
    Ok(wanted.evaluate(&buckets, &found, percents))
}

/// Whether so many values are found without counting buckets first.
pub(super) fn is_small(count: usize) -> bool {
    count <= SMALL
}

/// The place of percentile `percent` among `count` values: the rank below, and how far on to the next.
pub(super) fn place(percent: f64, count: u64) -> (u64, f64) {
    let last = count.saturating_sub(1);
    let place = last as f64 * (percent / 100.0).clamp(0.0, 1.0);
    let rank = (place.floor() as u64).min(last);
    (rank, place - rank as f64)
}

/// From the nearer end, as numpy does, so that both ends are exact.
pub(super) fn between(a: f64, b: f64, part: f64) -> f64 {
    if part >= 0.5 { b - (b - a) * (1.0 - part) } else { a + (b - a) * part }
}

/// Buckets of finite values that begin alike, in ascending order of the values.
struct Buckets {
    /// Values in each, and in all before it.
    counts: Vec<u64>,
    before: Vec<u64>,
    total: u64,
}

/// A bucket's least and greatest value.
fn bounds(bucket: usize) -> (f64, f64) {
    let low = (bucket as u64) << 16;
    (f32::from_key(low).to_f64(), f32::from_key(low | 0xffff).to_f64())
}

fn bucket_of(value: f32) -> usize {
    (value.key() >> 16) as usize
}

impl Buckets {
    fn of(counts: &[u64]) -> Self {
        let mut ordered = vec![0; if counts.is_empty() { 0 } else { PREFIXES }];
        for (prefix, count) in (0u32..).zip(counts) {
            let value = f32::from_bits(prefix << 16);
            if let Some(slot) = ordered.get_mut(bucket_of(value)).filter(|_| value.is_finite()) {
                *slot = *count;
            }
        }
        let mut total = 0;
        let before = ordered
            .iter()
            .map(|count| {
                total += count;
                total - count
            })
            .collect();
        Self { counts: ordered, before, total }
    }

    fn holding(&self, rank: u64) -> usize {
        self.before.partition_point(|before| *before <= rank).saturating_sub(1)
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// What has to be looked at for the percentiles and for the deviations from the median.
    fn wanted(&self, percents: &[f64]) -> Wanted {
        let mut wanted = Wanted::nothing();
        if self.total == 0 {
            return wanted;
        }
        let last = self.total - 1;
        let holding = |percent: f64| {
            let (rank, _) = place(percent, self.total);
            (self.holding(rank), self.holding((rank + 1).min(last)))
        };
        for percent in percents {
            let (a, b) = holding(*percent);
            wanted.mark(a);
            wanted.mark(b);
        }
        let (a, b) = holding(50.0);
        wanted.mark(a);
        wanted.mark(b);
        let (median_low, median_high) = (bounds(a).0, bounds(b).1);
        // Between which bounds the deviations of each bucket's values lie, wherever the median is.
        let deviations: Vec<(usize, u64, f64, f64)> = self
            .filled()
            .map(|(bucket, count)| {
                let (low, high) = bounds(bucket);
                let least = (low - median_high).max(median_low - high).max(0.0);
                (bucket, count, least, (high - median_low).max(median_high - low))
            })
            .collect();
        let (rank, _) = place(50.0, self.total);
        let at = |rank: u64, bound: fn(&(usize, u64, f64, f64)) -> f64| {
            let mut bounds: Vec<(f64, u64)> = deviations.iter().map(|bucket| (bound(bucket), bucket.1)).collect();
            bounds.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            weighted(&bounds, rank)
        };
        let (mad_low, mad_high) = (at(rank, |bucket| bucket.2), at((rank + 1).min(last), |bucket| bucket.3));
        let (limit_low, limit_high) = (OUTLIER_FACTOR * mad_low, OUTLIER_FACTOR * mad_high);
        for (bucket, count, least, most) in deviations {
            if most < mad_low {
                wanted.inside += count;
            } else if least <= mad_high {
                wanted.mark(bucket);
                wanted.near_mad[bucket] = true;
            }
            if least > limit_high {
                wanted.outside += count;
            } else if most > limit_low {
                wanted.mark(bucket);
                wanted.near_limit[bucket] = true;
            }
        }
        wanted
    }
}

/// The buckets to be looked at, and what is known without.
struct Wanted {
    /// By the first 16 bits as they are.
    marks: Box<[u8; PREFIXES]>,
    /// Buckets that the median deviation may lie in, and values that deviate less for certain.
    near_mad: Vec<bool>,
    inside: u64,
    /// Buckets that the limit for outliers may lie in, and values that are outliers for certain.
    near_limit: Vec<bool>,
    outside: u64,
}

impl Wanted {
    fn nothing() -> Self {
        let marks = vec![0u8; PREFIXES].try_into().unwrap_or_else(|_| Box::new([0; PREFIXES]));
        Self { marks, near_mad: vec![false; PREFIXES], inside: 0, near_limit: vec![false; PREFIXES], outside: 0 }
    }

    fn everything() -> Self {
        let mut all = Self::nothing();
        all.near_mad.fill(true);
        all.near_limit.fill(true);
        (0..PREFIXES).filter(|prefix| f32::from_bits((*prefix as u32) << 16).is_finite()).for_each(|prefix| all.marks[prefix] = 1);
        all
    }

    fn mark(&mut self, bucket: usize) {
        let prefix = f32::from_key((bucket as u64) << 16).to_bits() >> 16;
        self.marks[prefix as usize] = 1;
    }

    fn evaluate(&self, buckets: &Buckets, found: &[(f32, u64)], percents: &[f64]) -> Order {
        let total = if buckets.counts.is_empty() { found.iter().map(|(_, count)| count).sum() } else { buckets.total };
        if total == 0 {
            return Order { percentiles: vec![f64::NAN; percents.len()], mad: f64::NAN, outliers: 0 };
        }
        let last = total - 1;
        let value_at = |rank: u64| {
            let (first, before) = if buckets.counts.is_empty() {
                (0, 0)
            } else {
                let bucket = buckets.holding(rank);
                (found.partition_point(|(value, _)| bucket_of(*value) < bucket), buckets.before[bucket])
            };
            weighted(found.get(first..).unwrap_or_default(), rank - before)
        };
        let percentile = |percent: f64| {
            let (rank, part) = place(percent, total);
            between(value_at(rank), value_at((rank + 1).min(last)), part)
        };
        let median = percentile(50.0);
        let deviation = |value: f32| (f64::from(value) - median).abs();
        let near = |buckets: &[bool], value: f32| buckets.get(bucket_of(value)) == Some(&true);
        let candidates = found.iter().filter(|(value, _)| near(&self.near_mad, *value));
        let mut deviations: Vec<(f64, u64)> = candidates.map(|(value, count)| (deviation(*value), *count)).collect();
        deviations.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let deviation_at = |rank: u64| weighted(&deviations, rank.saturating_sub(self.inside));
        let (rank, part) = place(50.0, total);
        let mad = between(deviation_at(rank), deviation_at((rank + 1).min(last)), part);
        let limit = OUTLIER_FACTOR * mad;
        let beyond = found.iter().filter(|(value, _)| near(&self.near_limit, *value) && deviation(*value) > limit);
        let outliers = self.outside + beyond.map(|(_, count)| count).sum::<u64>();
        Order { percentiles: percents.iter().map(|percent| percentile(*percent)).collect(), mad, outliers }
    }
}

/// The value at a rank, of values in ascending order with their counts.
fn weighted<T: Copy + Value>(ascending: &[(T, u64)], rank: u64) -> f64 {
    let mut before = 0;
    let found = ascending.iter().find(|(_, count)| {
        before += count;
        before > rank
    });
    found.or(ascending.last()).map_or(f64::NAN, |(value, _)| value.to_f64())
}

/// The values whose first 16 bits are marked, ascending, each distinct one with its count.
fn distinct<S: Readable + ?Sized>(values: &S, marks: &[u8; PREFIXES], token: &Token) -> Result<Vec<(f32, u64)>, S::Error> {
    pieces(
        values,
        token,
        Vec::new,
        |collected: &mut Vec<f32>, piece| {
            collected.clear();
            piece.for_each_block(|_, block| loops::collect(block, marks, collected))?;
            collected.sort_unstable_by_key(|value| value.key());
            Ok(collected.chunk_by(|a, b| a.to_bits() == b.to_bits()).map(|run| (run[0], run.len() as u64)).collect::<Vec<_>>())
        },
        Vec::new,
        merged,
    )
}

fn merged(a: Vec<(f32, u64)>, b: Vec<(f32, u64)>) -> Vec<(f32, u64)> {
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() { b } else { a };
    }
    let mut out: Vec<(f32, u64)> = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let from_a = match (a.peek(), b.peek()) {
            (Some((x, _)), Some((y, _))) => x.key() <= y.key(),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return out,
        };
        let Some((value, count)) = (if from_a { a.next() } else { b.next() }) else { return out };
        match out.last_mut() {
            Some((last, counted)) if last.to_bits() == value.to_bits() => *counted += count,
            _ => out.push((value, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{moments, percentiles};
    use super::*;

    /// The referee sorts.
    fn sorted(values: &[f32], percents: &[f64]) -> Order {
        let of = |values: &[f64], percent: f64| {
            let (rank, part) = place(percent, values.len() as u64);
            let at = |rank: usize| values[rank.min(values.len() - 1)];
            between(at(rank as usize), at(rank as usize + 1), part)
        };
        let mut finite: Vec<f64> = values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value)).collect();
        finite.sort_by(f64::total_cmp);
        let median = of(&finite, 50.0);
        let mut deviations: Vec<f64> = finite.iter().map(|value| (value - median).abs()).collect();
        deviations.sort_by(f64::total_cmp);
        let mad = of(&deviations, 50.0);
        let outliers = deviations.iter().filter(|deviation| **deviation > OUTLIER_FACTOR * mad).count() as u64;
        Order { percentiles: percents.iter().map(|percent| of(&finite, *percent)).collect(), mad, outliers }
    }

    #[test]
    fn buckets_find_what_sorting_finds() {
        let percents = [0.0, 0.1, 1.0, 25.0, 50.0, 62.5, 99.9, 100.0];
        let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        let bell = move |i: u32| ((noise(i) + noise(i ^ 0x5555) + noise(i.wrapping_mul(7)) - 1.5) * 0.1) as f32;
        type Maker = Box<dyn Fn(u32) -> f32>;
        let cases: [(&str, Maker); 8] = [
            ("bell", Box::new(bell)),
            ("far from zero", Box::new(move |i| 1000.0 + bell(i))),
            ("eight levels", Box::new(|i| (i.wrapping_mul(2_654_435_761) >> 29) as f32 * 0.25)),
            ("nine of ten are zero", Box::new(move |i| if i % 10 == 0 { bell(i) } else { 0.0 })),
            ("all equal", Box::new(|_| 0.1)),
            ("any bits", Box::new(|i| f32::from_bits(i.wrapping_mul(2_654_435_761)))),
            ("outliers", Box::new(move |i| if i % 1000 == 0 { 5.0 + bell(i) } else { bell(i) })),
            ("zeros of both signs", Box::new(|i| [0.0, -0.0, 1e-45, -1e-45][i as usize % 4])),
        ];
        for (name, value) in cases {
            let values: Vec<f32> = (0..100_001).map(value).collect();
            let scanned = moments::scan(&values, &Token::new()).unwrap();
            let expected = sorted(&values, &percents);
            assert_eq!(order(&values, &scanned.counts, &percents, &Token::new()), Ok(expected.clone()), "{name}");
            assert_eq!(order(&values, &[], &percents, &Token::new()), Ok(expected), "{name}, all collected");
            assert_eq!(
                percentiles(&values, &percents, &Token::new()),
                Ok(order(&values, &[], &percents, &Token::new()).unwrap().percentiles)
            );
        }
    }

    #[test]
    fn nothing() {
        for values in [&[][..], &[f32::NAN, f32::INFINITY][..]] {
            let found = order(values, &[], &[50.0], &Token::new()).unwrap();
            assert!(found.percentiles[0].is_nan() && found.mad.is_nan() && found.outliers == 0);
        }
    }
}
