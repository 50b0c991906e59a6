//! The figures that need the values sorted or binned: on demand, for they copy and sort both sides.

use rayon::prelude::*;

use super::align::Alignment;
use super::side::Side;
use crate::jobs::{Cancelled, Token};
use crate::stats::{Bins, Histogram, Summary};
use crate::values::Blocks;
use crate::weights::FoldError;

/// Bins of the distributions that are compared.
pub const BINS: usize = 256;

/// Over the pairs in which both values are finite; NaN where there are none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distribution {
    /// Median of `|e| / (|R| + 1e-6)` (AI Edge Quantizer).
    pub median_relative_error: f64,
    /// Mean of `|sorted R - sorted T|` (`scipy.stats.wasserstein_distance`).
    pub wasserstein: f64,
    /// Square root of the Jensen-Shannon divergence of both histograms on shared edges, natural logarithm
    /// (`scipy.spatial.distance.jensenshannon`).
    pub js_distance: f64,
    /// `sum p ln(p/q)` on the same histograms; infinite where T leaves a bin empty that R fills.
    pub kl: f64,
    /// The largest distance of the two distribution functions (`scipy.stats.ks_2samp`).
    pub ks: f64,
}

impl Distribution {
    /// Of two aligned weights. Copies both.
    ///
    /// # Errors
    /// [`FoldError`]: cancelled, or values that can't be had.
    pub fn of(a: &Side<'_>, b: &Side<'_>, alignment: &Alignment, token: &Token) -> Result<Self, FoldError> {
        let a = a.value.clone().into_f32(token)?;
        let b = b.value.clone().into_f32(token)?;
        let b = alignment.bring(&b).unwrap_or(b);
        Ok(Self::of_values(&a, &b, token)?)
    }

    /// Of values that lie in one order.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of_values(a: &[f32], b: &[f32], token: &Token) -> Result<Self, Cancelled> {
        let finite = |(r, t): &(&f32, &f32)| r.is_finite() && t.is_finite();
        let (mut r, mut t): (Vec<f32>, Vec<f32>) = a.iter().zip(b).filter(finite).unzip();
        if r.is_empty() {
            let none = f64::NAN;
            return Ok(Self { median_relative_error: none, wasserstein: none, js_distance: none, kl: none, ks: none });
        }
        token.check()?;
        let relative = |(r, t): (&f32, &f32)| {
            let (r, t) = (f64::from(*r), f64::from(*t));
            (t - r).abs() / (r.abs() + 1e-6)
        };
        let median_relative_error = median(&mut r.par_iter().zip(&t).map(relative).collect::<Vec<f64>>());
        token.check()?;
        r.par_sort_unstable_by(f32::total_cmp);
        token.check()?;
        t.par_sort_unstable_by(f32::total_cmp);
        token.check()?;
        let distances = |(r, t): (&[f32], &[f32])| r.iter().zip(t).map(|(r, t)| (f64::from(*r) - f64::from(*t)).abs()).sum::<f64>();
        let blocks: Vec<f64> = r.par_chunks(BLOCK).zip(t.par_chunks(BLOCK)).map(distances).collect();
        let wasserstein = blocks.iter().sum::<f64>() / r.len() as f64;
        let [p, q] = shared_histograms(&r, &t, Bins::Count(BINS), token)?;
        let (js_distance, kl) = divergences(&p.counts, &q.counts);
        Ok(Self { median_relative_error, wasserstein, js_distance, kl, ks: ks(&r, &t) })
    }
}

const BLOCK: usize = 1 << 16;

/// The histograms of two weights on shared edges, over the range of both.
///
/// # Errors
/// [`Cancelled`].
pub fn shared_histograms(a: &[f32], b: &[f32], bins: Bins, token: &Token) -> Result<[Histogram; 2], Cancelled> {
    let range = |values: &[f32]| {
        values
            .iter()
            .filter(|value| value.is_finite())
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
    };
    let ((low_a, high_a), (low_b, high_b)) = (range(a), range(b));
    let (low, high) = (low_a.min(low_b), high_a.max(high_b));
    let range = if low <= high { Some((f64::from(low), f64::from(high))) } else { None };
    let of_a = Histogram::of(a, range, bins, token)?;
    let of_b = Histogram::with_edges(b, &of_a.edges, token)?;
    Ok([of_a, of_b])
}

/// [`shared_histograms`] of values with their figures, which need not be in memory.
///
/// # Errors
/// [`Cancelled`].
pub fn shared_histograms_of(
    (a, of_a): (&dyn Blocks, &Summary),
    (b, of_b): (&dyn Blocks, &Summary),
    bins: Bins,
    token: &Token,
) -> Result<[Histogram; 2], Cancelled> {
    let has_values = |summary: &&Summary| summary.moments.finite > 0;
    let ends = [of_a, of_b].into_iter().filter(has_values).map(|summary| (summary.moments.min, summary.moments.max));
    let range = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0.0, 1.0));
    let of_a = Histogram::of_summarised_in(a, of_a, range, bins, token)?;
    let of_b = Histogram::with_edges_of(b, &of_a.edges, token)?;
    Ok([of_a, of_b])
}

/// B - A, pair by pair.
pub fn differences(a: &[f32], b: &[f32]) -> Vec<f32> {
    super::difference::values(super::difference::Kind::Difference, a, b)
}

/// `numpy.median`; sorts in part.
fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if is_even {
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        return (lower + upper) / 2.0;
    }
    upper
}

/// Jensen-Shannon distance and Kullback-Leibler divergence of counts.
fn divergences(p: &[u64], q: &[u64]) -> (f64, f64) {
    let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let (total_p, total_q) = (total(p), total(q));
    // p ln(p/q), with scipy's rules for zeros.
    let term = |p: f64, q: f64| match (p > 0.0, q > 0.0) {
        (true, true) => p * (p / q).ln(),
        (true, false) => f64::INFINITY,
        _ => 0.0,
    };
    let (mut js, mut kl) = (0.0, 0.0);
    for (p, q) in p.iter().zip(q) {
        let (p, q) = (*p as f64 / total_p, *q as f64 / total_q);
        let middle = (p + q) / 2.0;
        js += term(p, middle) + term(q, middle);
        kl += term(p, q);
    }
    ((js / 2.0).max(0.0).sqrt(), kl)
}

/// Of sorted values.
fn ks(a: &[f32], b: &[f32]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_histograms_are_the_same_read_and_in_memory() {
        let a: Vec<f32> = (0..9000u16).map(|i| (f32::from(i) * 0.37).sin()).chain([f32::NAN]).collect();
        let b: Vec<f32> = (0..9000u16).map(|i| (f32::from(i) * 0.53).cos() * 1.5).chain([f32::INFINITY]).collect();
        let token = Token::new();
        let (of_a, of_b) = (Summary::of(&a, &token).unwrap(), Summary::of(&b, &token).unwrap());
        let bins = Bins::Rule(crate::stats::Rule::Auto);
        let read = shared_histograms_of((&a, &of_a), (&b, &of_b), bins, &token).unwrap();
        assert_eq!(read, shared_histograms(&a, &b, bins, &token).unwrap());
        assert!(read[0].edges[0] < -1.4 && (read[0].nan, read[1].pos_inf) == (1, 1));
    }
}
