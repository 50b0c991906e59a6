//! Counts, extremes and moments: sums of small parts, put together.
//!
//! Each part holds central moments about its own mean, which lose no digits however far the mean is
//! from zero; joining shifts them to the common one (Pébay 2008, "Formulas for robust, one-pass
//! parallel computation of covariances and arbitrary-order statistical moments").

use super::blocks::{Readable, pieces};
use super::loops::{self, PREFIXES};
use crate::jobs::Token;

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

impl Moments {
    /// One pass over the values.
    ///
    /// # Errors
    /// Cancelled, or why the values can't be read.
    pub fn of<S: Readable + ?Sized>(values: &S, token: &Token) -> Result<Self, S::Error> {
        let parts = pieces(
            values,
            token,
            || (),
            |(), piece| {
                let mut parts = Vec::new();
                piece.for_each_block(|_, block| parts.push(loops::scan(block, None)))?;
                Ok(parts)
            },
            Vec::new,
            appended,
        )?;
        Ok(Part::join(&parts).moments())
    }

    pub fn inf(&self) -> u64 {
        self.pos_inf + self.neg_inf
    }

    /// The part of all values that is zero; NaN of nothing.
    pub fn sparsity(&self) -> f64 {
        self.zeros as f64 / self.count as f64
    }

    /// Sample standard deviation (`numpy.std`, ddof 1).
    pub fn std_of_sample(&self) -> f64 {
        let n = self.finite as f64;
        self.std * (n / (n - 1.0)).sqrt()
    }

    /// Unbiased excess kurtosis (`scipy.stats.kurtosis` with `bias=False`); for four values or more.
    pub fn kurtosis_unbiased(&self) -> f64 {
        let n = self.finite as f64;
        if n < 4.0 {
            return f64::NAN;
        }
        ((n * n - 1.0) * (self.kurtosis + 3.0) - 3.0 * (n - 1.0).powi(2)) / ((n - 2.0) * (n - 3.0))
    }
}

/// [`Moments`] of a block, and how many values begin with each 16 bits.
pub(super) struct Scanned {
    pub parts: Vec<Part>,
    /// By the bits themselves; of all values, finite or not.
    pub counts: Vec<u64>,
}

/// One pass that finds moments, and where values lie.
pub(super) fn scan<S: Readable + ?Sized>(values: &S, token: &Token) -> Result<Scanned, S::Error> {
    let table = || -> Box<[u32; PREFIXES]> { vec![0u32; PREFIXES].try_into().unwrap_or_else(|_| Box::new([0; PREFIXES])) };
    pieces(
        values,
        token,
        table,
        |table, piece| {
            table.fill(0);
            let mut parts = Vec::new();
            piece.for_each_block(|_, block| parts.push(loops::scan(block, Some(table))))?;
            Ok(Scanned { parts, counts: table.iter().copied().map(u64::from).collect() })
        },
        || Scanned { parts: Vec::new(), counts: Vec::new() },
        |mut a, mut b| {
            if a.counts.is_empty() {
                return b;
            }
            a.counts.iter_mut().zip(&b.counts).for_each(|(a, b)| *a += b);
            a.parts.append(&mut b.parts);
            a
        },
    )
}

pub(super) fn appended<T>(mut a: Vec<T>, mut b: Vec<T>) -> Vec<T> {
    a.append(&mut b);
    a
}

/// The figures of some values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub finite: u64,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
    pub zeros: u64,
    pub min: f32,
    pub max: f32,
    pub mean: f64,
    /// Sums of the second, third and fourth powers of the distances from `mean`.
    pub central: [f64; 3],
}

impl Part {
    pub const NONE: Self = Self {
        finite: 0,
        nan: 0,
        pos_inf: 0,
        neg_inf: 0,
        zeros: 0,
        min: f32::INFINITY,
        max: f32::NEG_INFINITY,
        mean: 0.0,
        central: [0.0; 3],
    };

    /// From the sums of the first four powers of the distances from `center`.
    #[inline(always)]
    pub fn of_sums(finite: u64, center: f64, [s1, s2, s3, s4]: [f64; 4]) -> Self {
        let n = finite as f64;
        if finite == 0 {
            return Self::NONE;
        }
        let shift = s1 / n;
        let square = shift * shift;
        let m2 = (s2 - n * square).max(0.0);
        let m3 = s3 - 3.0 * shift * s2 + 2.0 * n * square * shift;
        let m4 = (s4 - 4.0 * shift * s3 + 6.0 * square * s2 - 3.0 * n * square * square).max(0.0);
        Self { finite, mean: center + shift, central: [m2, m3, m4], ..Self::NONE }
    }

    /// The figures of all parts' values.
    pub fn join(parts: &[Self]) -> Self {
        let mut whole = Self::NONE;
        // What rounding takes from the sum is kept beside it (Neumaier).
        let (mut sum, mut lost) = (0.0f64, 0.0f64);
        for part in parts {
            whole.finite += part.finite;
            whole.nan += part.nan;
            whole.pos_inf += part.pos_inf;
            whole.neg_inf += part.neg_inf;
            whole.zeros += part.zeros;
            whole.min = whole.min.min(part.min);
            whole.max = whole.max.max(part.max);
            let term = part.finite as f64 * part.mean;
            let more = sum + term;
            lost += if sum.abs() >= term.abs() { (sum - more) + term } else { (term - more) + sum };
            sum = more;
        }
        if whole.finite == 0 {
            return whole;
        }
        whole.mean = (sum + lost) / whole.finite as f64;
        for part in parts.iter().filter(|part| part.finite > 0) {
            let (n, [m2, m3, m4]) = (part.finite as f64, part.central);
            let shift = part.mean - whole.mean;
            let square = shift * shift;
            whole.central[0] += m2 + n * square;
            whole.central[1] += m3 + 3.0 * shift * m2 + n * square * shift;
            whole.central[2] += m4 + 4.0 * shift * m3 + 6.0 * square * m2 + n * square * square;
        }
        whole
    }

    pub fn moments(&self) -> Moments {
        let n = self.finite as f64;
        let or_nan = |figure: f64| if self.finite > 0 { figure } else { f64::NAN };
        let [m2, m3, m4] = self.central.map(|sum| sum / n);
        // As scipy has it: with so little spread around the mean, rounding is all there is.
        let is_degenerate = m2 <= (f64::EPSILON * self.mean).powi(2);
        Moments {
            count: self.finite + self.nan + self.pos_inf + self.neg_inf,
            finite: self.finite,
            nan: self.nan,
            pos_inf: self.pos_inf,
            neg_inf: self.neg_inf,
            zeros: self.zeros,
            min: or_nan(self.min.into()),
            max: or_nan(self.max.into()),
            mean: or_nan(self.mean),
            std: m2.sqrt(),
            skew: if is_degenerate { f64::NAN } else { m3 / m2.powf(1.5) },
            kurtosis: if is_degenerate { f64::NAN } else { m4 / (m2 * m2) - 3.0 },
        }
    }
}
