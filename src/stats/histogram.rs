//! Histograms with the semantics of `numpy.histogram`.
//!
//! Edges are `numpy.linspace(lo, hi, n + 1)` in float64; bins hold their lower edge and not their
//! upper one, but the last holds both. Counts equal numpy's for the values taken as float64.

use rayon::prelude::*;

use super::bins::{self, Bins, MAX_BINS};
use super::blocks::{Piece, pieces};
use super::even::Even;
use super::select::Value;
use super::{BLOCK, CodeCounts, Readable, Summary};
use crate::jobs::{Cancelled, Token};

/// How many values fall where. Every value is counted exactly once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Ascending, one more than there are bins.
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
    /// Finite values below the first edge.
    pub below: u64,
    /// Finite values above the last edge.
    pub above: u64,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
    /// Whether more bins were wanted than a histogram may have.
    pub capped: bool,
}

impl Histogram {
    /// Bins the values from `range.0` to `range.1`, or from the lowest to the highest finite one.
    /// A range that stands the wrong way round is turned, one that is not finite is not heeded, and
    /// one without width becomes half a unit wider at either end, as numpy has it. Whole numbers
    /// get bins at least 1 wide when a rule finds the number of bins.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of<T: Value>(values: &[T], range: Option<(f64, f64)>, bins: Bins, token: &Token) -> Result<Self, Cancelled> {
        let range = match range {
            Some((lo, hi)) if lo.is_finite() && hi.is_finite() => widened((lo.min(hi), lo.max(hi))),
            _ => widened(extremes(values, token)?),
        };
        let wanted = bins::count(values, range, bins, token)?;
        let edges = edges(range, wanted.min(MAX_BINS));
        let mut histogram = count(values, &edges, token)?;
        histogram.edges = edges;
        histogram.capped = wanted > MAX_BINS;
        Ok(histogram)
    }

    /// [`Histogram::of`] the whole range, of values whose figures are known: one pass, and they need
    /// not be in memory.
    ///
    /// # Errors
    /// Cancelled, or why the values can't be read.
    pub fn of_summarised<S: Readable + ?Sized>(values: &S, summary: &Summary, bins: Bins, token: &Token) -> Result<Self, S::Error> {
        let moments = &summary.moments;
        let range = if moments.finite > 0 { (moments.min, moments.max) } else { (0.0, 1.0) };
        Self::of_summarised_in(values, summary, range, bins, token)
    }

    /// [`of_summarised`](Self::of_summarised) over a range, finite and in order, that all finite values lie in.
    ///
    /// # Errors
    /// As for [`of_summarised`](Self::of_summarised).
    pub fn of_summarised_in<S: Readable + ?Sized>(
        values: &S,
        summary: &Summary,
        range: (f64, f64),
        bins: Bins,
        token: &Token,
    ) -> Result<Self, S::Error> {
        let range = widened(range);
        let wanted = bins::count_of_summarised(summary, range, bins);
        let histogram = Self::with_edges_of(values, &edges(range, wanted.min(MAX_BINS)), token)?;
        Ok(Self { capped: wanted > MAX_BINS, ..histogram })
    }

    /// [`with_edges`](Self::with_edges) of values that need not be in memory. The edges are those of another
    /// histogram.
    ///
    /// # Errors
    /// Cancelled, or why the values can't be read.
    pub fn with_edges_of<S: Readable + ?Sized>(values: &S, edges: &[f64], token: &Token) -> Result<Self, S::Error> {
        let histogram = match Even::new(edges) {
            Some(even) => even.count(values, token)?,
            None => count_blocks(values, edges, token)?,
        };
        Ok(Self { edges: edges.to_vec(), ..histogram })
    }

    /// Bins the values between edges that are given, such as those of another histogram to compare
    /// with (uneven ones take longer). Edges that do not ascend, or fewer than two, give a histogram
    /// of nothing.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn with_edges<T: Value>(values: &[T], edges: &[f64], token: &Token) -> Result<Self, Cancelled> {
        let is_usable = edges.len() >= 2 && edges.iter().all(|edge| edge.is_finite()) && edges.is_sorted_by(|a, b| a < b);
        if !is_usable {
            return Ok(Self::default());
        }
        let mut histogram = count(values, edges, token)?;
        histogram.edges = edges.to_vec();
        Ok(histogram)
    }

    /// One bar a code, a half to either side of it: the whole range of a type of up to 9 bits, else
    /// from the lowest code that occurs to the highest, with as many codes a bar as the cap on bars
    /// asks for.
    pub fn of_codes(codes: &CodeCounts) -> Self {
        let (first, counts) = codes.bars(MAX_BINS);
        let codes_a_bar = counts.len().div_ceil(MAX_BINS).max(1);
        let edge = |bar: usize| first as f64 - 0.5 + (bar * codes_a_bar) as f64;
        let bars: Vec<u64> = counts.chunks(codes_a_bar).map(|chunk| chunk.iter().sum()).collect();
        if bars.is_empty() {
            return Self::default();
        }
        Self { edges: (0..=bars.len()).map(edge).collect(), counts: bars, capped: codes_a_bar > 1, ..Self::default() }
    }

    /// The values in bins.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The fullest bin's count.
    pub fn peak(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

/// The lowest and highest finite value; numpy's 0 and 1 where there is none.
fn extremes<T: Value>(values: &[T], token: &Token) -> Result<(f64, f64), Cancelled> {
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    let blocks = super::per_block(values, token, |block| {
        let finite = block.iter().map(|value| value.to_f64()).filter(|x| x.is_finite());
        finite.fold(none, |(lo, hi), x| (x.min(lo), x.max(hi)))
    })?;
    let (lo, hi) = blocks.into_iter().fold(none, |(lo, hi), block| (block.0.min(lo), block.1.max(hi)));
    Ok(if lo <= hi { (lo, hi) } else { (0.0, 1.0) })
}

/// A range with some width, whose width is finite.
fn widened((lo, hi): (f64, f64)) -> (f64, f64) {
    const FURTHEST: f64 = 1e300;
    let (lo, hi) = (lo.clamp(-FURTHEST, FURTHEST), hi.clamp(-FURTHEST, FURTHEST));
    if lo == hi { (lo - 0.5, hi + 0.5) } else { (lo, hi) }
}

/// `numpy.linspace(lo, hi, bins + 1)`. Fewer bins where the range is so narrow that float64 has no
/// room for them between its ends, and always edges that ascend.
fn edges((lo, hi): (f64, f64), bins: usize) -> Vec<f64> {
    let delta = hi - lo;
    let at = |edge: usize, bins: usize| {
        let step = delta / bins as f64;
        let offset = if step == 0.0 { edge as f64 / bins as f64 * delta } else { edge as f64 * step };
        if edge == bins { hi } else { offset + lo }
    };
    let mut bins = bins;
    loop {
        let edges: Vec<f64> = (0..=bins).map(|edge| at(edge, bins)).collect();
        if edges.is_sorted_by(|a, b| a < b) {
            return edges;
        }
        if bins <= 1 {
            // So far from zero that half a unit is nothing.
            return vec![lo.next_down(), hi.next_up()];
        }
        bins /= 2;
    }
}

fn count<T: Value>(values: &[T], edges: &[f64], token: &Token) -> Result<Histogram, Cancelled> {
    if let (Some(values), Some(even)) = (T::as_f32(values), Even::new(edges)) {
        return even.count(values, token);
    }
    let bins = edges.len().saturating_sub(1);
    let empty = || Histogram { counts: vec![0; bins], ..Histogram::default() };
    let stretch = values.len().div_ceil(rayon::current_num_threads()).max(BLOCK);
    let work = |stretch: &[T]| {
        let mut histogram = empty();
        for block in stretch.chunks(BLOCK) {
            token.check()?;
            count_block(block, edges, &mut histogram);
        }
        Ok(histogram)
    };
    values.par_chunks(stretch).map(work).try_reduce(empty, |a, b| Ok(sum(a, &b)))
}

fn count_blocks<S: Readable + ?Sized>(values: &S, edges: &[f64], token: &Token) -> Result<Histogram, S::Error> {
    let empty = || Histogram { counts: vec![0; edges.len().saturating_sub(1)], ..Histogram::default() };
    let work = |(): &mut (), piece: &Piece<'_, S>| {
        let mut histogram = empty();
        piece.for_each_block(|_, block| count_block(block, edges, &mut histogram))?;
        Ok(histogram)
    };
    pieces(values, token, || (), work, empty, |a, b| sum(a, &b))
}

/// The bins of a histogram of any edges.
fn count_block<T: Value>(block: &[T], edges: &[f64], histogram: &mut Histogram) {
    let bins = edges.len().saturating_sub(1);
    let (lo, hi) = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(1.0));
    let edge = |index: usize| edges.get(index).copied().unwrap_or(hi);
    let bin_of = |x: f64| {
        let guess = ((x - lo) / (hi - lo) * bins as f64) as usize;
        let mut bin = guess.min(bins - 1);
        // Rounding puts a value on an edge at most one bin off; edges that are not numpy's, further.
        while bin > 0 && x < edge(bin) {
            bin -= 1;
        }
        while bin + 1 < bins && x >= edge(bin + 1) {
            bin += 1;
        }
        bin
    };
    for x in block.iter().map(|value| value.to_f64()) {
        match x {
            _ if x.is_nan() => histogram.nan += 1,
            f64::INFINITY => histogram.pos_inf += 1,
            f64::NEG_INFINITY => histogram.neg_inf += 1,
            _ if x < lo => histogram.below += 1,
            _ if x > hi => histogram.above += 1,
            _ => histogram.counts[bin_of(x)] += 1,
        }
    }
}

pub(super) fn sum(mut a: Histogram, b: &Histogram) -> Histogram {
    a.counts.iter_mut().zip(&b.counts).for_each(|(a, b)| *a += b);
    a.below += b.below;
    a.above += b.above;
    a.nan += b.nan;
    a.pos_inf += b.pos_inf;
    a.neg_inf += b.neg_inf;
    a
}

#[cfg(test)]
mod tests {
    use super::super::Rule;
    use super::*;

    fn of<T: Value>(values: &[T], range: Option<(f64, f64)>, bins: Bins) -> Histogram {
        Histogram::of(values, range, bins, &Token::new()).unwrap()
    }

    #[test]
    fn numpy_cases() {
        let tenths: Vec<f32> = (0..=10).map(|i| i as f32 / 10.0).collect();
        let uneven = vec![1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 10.0, 10.5];
        let cases: [(Vec<f32>, _, &str, Vec<u64>); 9] = [
            (tenths.clone(), None, "10", vec![1, 1, 1, 1, 1, 1, 2, 0, 2, 1]),
            (tenths.clone(), Some((0.0, 0.7)), "7", vec![1, 1, 1, 1, 1, 1, 2]),
            (tenths, Some((0.1, 0.9)), "auto", vec![2, 2, 1, 2, 2]),
            (vec![5.0; 4], None, "3", vec![0, 4, 0]),
            (vec![5.0; 4], None, "auto", vec![4]),
            (uneven.clone(), Some((2.0, 10.0)), "fd", vec![2, 3, 0, 0, 0, 0, 0, 0, 0, 1]),
            (uneven.clone(), Some((2.0, 10.0)), "doane", vec![5, 0, 0, 0, 0, 1]),
            (uneven, Some((2.0, 10.0)), "scott", vec![5, 1]),
            (vec![1.0, 2.0], None, "doane", vec![2]),
        ];
        for (values, range, bins, expected) in cases {
            assert_eq!(of(&values, range, bins.parse().unwrap()).counts, expected, "{values:?} {range:?} {bins}");
        }
        let integers = [1i64, 1, 2, 3, 5, 8, 13, 21, 34];
        for (bins, counts, edges) in [
            ("auto", vec![5, 2, 0, 1, 1], vec![1.0, 7.6, 14.2, 20.799_999_999_999_997, 27.4, 34.0]),
            ("fd", vec![6, 1, 1, 1], vec![1.0, 9.25, 17.5, 25.75, 34.0]),
            ("sqrt", vec![6, 2, 1], vec![1.0, 12.0, 23.0, 34.0]),
        ] {
            let histogram = of(&integers, None, bins.parse().unwrap());
            assert_eq!((histogram.counts, histogram.edges), (counts, edges), "{bins}");
        }
    }

    /// numpy 2.4.6, thousandths as float32: a tenth of the values lies on an edge or next to one.
    #[test]
    fn values_on_edges() {
        let mut state = 1u64;
        let mut draw = || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            (state % 1000) as f32 / 1000.0
        };
        let values: Vec<f32> = (0..50_000).map(|_| draw()).collect();
        let counts = of(&values, None, Bins::Count(100)).counts;
        assert_eq!(counts[..12], [510, 522, 507, 490, 488, 494, 453, 489, 501, 515, 436, 526]);
        assert_eq!(counts[88..], [458, 513, 494, 517, 470, 506, 532, 444, 493, 490, 470, 475]);
    }

    #[test]
    fn the_cap_is_told() {
        let mut values = vec![0.0f32; 1000];
        values.extend((0..1000).map(|i| i as f32 * 1e-3));
        values.push(1e6);
        let histogram = of(&values, None, Bins::Rule(Rule::FreedmanDiaconis));
        assert!(histogram.capped && histogram.counts.len() == MAX_BINS && histogram.total() == 2001);
        assert!(of(&values, None, Bins::Count(513)).capped && !of(&values, None, Bins::Count(512)).capped);
        assert_eq!(of(&values, None, Bins::Count(0)).counts.len(), 1);
    }

    #[test]
    fn strange_ranges_count_every_value_once() {
        let values = [f32::MIN, -1.0, -0.0, 0.0, 1e-45, 1.0, f32::MAX, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for range in [
            None,
            Some((1.0, -1.0)),
            Some((0.0, 0.0)),
            Some((0.0, f64::MIN_POSITIVE)),
            Some((1e300, 1e300)),
            Some((f64::MIN, f64::MAX)),
            Some((f64::NAN, 1.0)),
            Some((0.0, f64::INFINITY)),
            Some((1.0, 1.0f64.next_up())),
        ] {
            let histogram = of(&values, range, Bins::Count(7));
            let Histogram { below, above, nan, pos_inf, neg_inf, .. } = histogram;
            assert_eq!(histogram.total() + below + above + nan + pos_inf + neg_inf, 10, "{range:?}");
            assert!(histogram.edges.is_sorted_by(|a, b| a < b), "{range:?}");
            assert_eq!(histogram.edges.len(), histogram.counts.len() + 1);
        }
        assert_eq!(of::<f32>(&[], None, Bins::default()).edges, [0.0, 1.0]);
    }

    #[test]
    fn shared_edges() {
        let a = of(&[0.0f32, 1.0, 2.0], None, Bins::Count(4));
        let b = Histogram::with_edges(&[0.5f32, 2.0, 3.0, -1.0], &a.edges, &Token::new()).unwrap();
        assert_eq!((b.counts.as_slice(), b.below, b.above), (&[0, 1, 0, 1][..], 1, 1));
        assert_eq!(Histogram::with_edges(&[0.5f32], &[1.0, 0.0], &Token::new()), Ok(Histogram::default()));
    }
}
