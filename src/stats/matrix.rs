//! Singular values of a weight taken as a matrix: output channels by everything else.
//!
//! Small matrices are decomposed whole (Householder bidiagonalisation and implicit QR, by nalgebra).
//! Of large ones the leading values come from a randomised subspace iteration (Halko, Martinsson and
//! Tropp 2011, algorithm 4.4, with a fixed start): it reads the matrix a few times and never forms
//! more than a few columns beside it.

use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};

/// Singular values, descending, and what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    pub rows: usize,
    pub columns: usize,
    /// All of them, or the leading ones.
    pub values: Vec<f64>,
    pub is_complete: bool,
    /// How they were found, in words.
    pub method: String,
    /// The root of the sum of all squares.
    pub frobenius: f64,
}

/// Multiplications that a whole decomposition may take, about.
const WHOLE: usize = 1 << 29;
/// Columns of the subspace, and how many of its values are good enough to be told.
const SUBSPACE: usize = 16;
const TOLD: usize = 8;
/// Rounds of the iteration at most, and the change of the first value that ends it.
const ROUNDS: usize = 24;
const SETTLED: f64 = 1e-9;
/// Parts of the rows whose sums are added up in order, so that the number of threads changes nothing.
const PARTS: usize = 8;

impl Spectrum {
    /// Of a row-major tensor with `axis` as rows. `None` of what is no matrix, holds values that are not
    /// finite, or has fewer than two rows or columns.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &[f32], shape: &[usize], axis: usize, token: &Token) -> Result<Option<Self>, Cancelled> {
        let Some((matrix, rows, columns)) = unfold(values, shape, axis) else { return Ok(None) };
        if rows < 2 || columns < 2 || !values.iter().all(|value| value.is_finite()) {
            return Ok(None);
        }
        token.check()?;
        let squares: Vec<f64> = matrix.par_chunks(columns).map(|row| row.iter().map(|value| f64::from(*value).powi(2)).sum()).collect();
        let frobenius = squares.iter().sum::<f64>().sqrt();
        let small = rows.min(columns);
        if rows.saturating_mul(columns).saturating_mul(small) <= WHOLE {
            let whole = DMatrix::from_row_iterator(rows, columns, matrix.iter().map(|value| f64::from(*value)));
            let mut values: Vec<f64> = whole.singular_values().iter().copied().collect();
            values.sort_unstable_by(|a, b| b.total_cmp(a));
            let method = "all singular values, by bidiagonalisation and implicit QR".to_owned();
            return Ok(Some(Self { rows, columns, values, is_complete: true, method, frobenius }));
        }
        let (values, rounds) = leading(&matrix, rows, columns, token)?;
        let method = format!("the leading singular values, by randomised subspace iteration: {SUBSPACE} vectors, {rounds} rounds");
        Ok(Some(Self { rows, columns, values, is_complete: false, method, frobenius }))
    }

    /// The square of the Frobenius norm over that of the largest singular value: how many directions
    /// the matrix really has; NaN where it is zero.
    pub fn stable_rank(&self) -> f64 {
        let largest = self.values.first().copied().unwrap_or(f64::NAN);
        (self.frobenius / largest).powi(2)
    }

    /// The largest singular value over the smallest; `None` where not all are known.
    pub fn condition(&self) -> Option<f64> {
        let (largest, smallest) = self.values.first().zip(self.values.last())?;
        self.is_complete.then_some(largest / smallest)
    }

    /// Singular values above the largest times the larger dimension times float32's precision, as
    /// `numpy.linalg.matrix_rank` counts; `None` where not all are known.
    pub fn rank(&self) -> Option<usize> {
        let limit = self.values.first()? * self.rows.max(self.columns) as f64 * f64::from(f32::EPSILON);
        self.is_complete.then(|| self.values.iter().filter(|value| **value > limit).count())
    }
}

/// The tensor with one axis as rows, or as columns where it is the last: the singular values are the
/// same.
fn unfold<'a>(values: &'a [f32], shape: &[usize], axis: usize) -> Option<(std::borrow::Cow<'a, [f32]>, usize, usize)> {
    let channels = *shape.get(axis)?;
    let inner: usize = shape.get(axis + 1..)?.iter().product();
    let count: usize = shape.iter().product();
    if count == 0 || count != values.len() {
        return None;
    }
    let others = count / channels;
    if inner == 1 {
        return Some((values.into(), others, channels));
    }
    if inner == others {
        return Some((values.into(), channels, others));
    }
    let mut rows = Vec::with_capacity(count);
    for channel in 0..channels {
        values.chunks(channels * inner).for_each(|block| rows.extend(&block[channel * inner..(channel + 1) * inner]));
    }
    Some((rows.into(), channels, others))
}

fn leading(matrix: &[f32], rows: usize, columns: usize, token: &Token) -> Result<(Vec<f64>, usize), Cancelled> {
    token.expect((matrix.len() * 2 * ROUNDS) as u64);
    let width = SUBSPACE.min(columns).min(rows);
    let mut basis = DMatrix::from_fn(columns, width, start).qr().q();
    let mut largest = 0.0;
    let mut values = Vec::new();
    for round in 1..=ROUNDS {
        let images = times(matrix, columns, &basis, token)?;
        // The images' own singular values approach the matrix's from below.
        values = images.clone().singular_values().iter().copied().collect();
        values.sort_unstable_by(|a, b| b.total_cmp(a));
        let first = values.first().copied().unwrap_or(0.0);
        let is_settled = first - largest <= SETTLED * first;
        largest = first;
        if is_settled && round > 2 {
            values.truncate(TOLD);
            return Ok((values, round));
        }
        basis = transposed_times(matrix, rows, columns, &images.qr().q(), token)?.qr().q();
    }
    values.truncate(TOLD);
    Ok((values, ROUNDS))
}

/// Numbers from -1 to 1 without a pattern (SplitMix64).
fn start(row: usize, column: usize) -> f64 {
    let mut z = ((row * SUBSPACE + column) as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

type Lanes = [f64; SUBSPACE];

/// Row-major, a row of lanes each.
fn lanes(matrix: &DMatrix<f64>) -> Vec<Lanes> {
    let lane = |row: usize, column: usize| if column < matrix.ncols() { matrix[(row, column)] } else { 0.0 };
    (0..matrix.nrows()).map(|row| std::array::from_fn(|column| lane(row, column))).collect()
}

fn times(matrix: &[f32], columns: usize, basis: &DMatrix<f64>, token: &Token) -> Result<DMatrix<f64>, Cancelled> {
    let width = basis.ncols();
    let basis = lanes(basis);
    let product = |row: &[f32]| {
        token.check()?;
        token.advance(row.len() as u64);
        let mut sums: Lanes = [0.0; SUBSPACE];
        for (value, lanes) in row.iter().zip(&basis) {
            let value = f64::from(*value);
            sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += value * lane);
        }
        Ok(sums)
    };
    let images: Vec<Lanes> = matrix.par_chunks(columns).map(product).collect::<Result<_, _>>()?;
    Ok(DMatrix::from_fn(images.len(), width, |row, column| images[row][column]))
}

fn transposed_times(matrix: &[f32], rows: usize, columns: usize, images: &DMatrix<f64>, token: &Token) -> Result<DMatrix<f64>, Cancelled> {
    let width = images.ncols();
    let images = lanes(images);
    let part = rows.div_ceil(PARTS);
    let product = |(part, images): (&[f32], &[Lanes])| {
        let mut sums: Vec<Lanes> = vec![[0.0; SUBSPACE]; columns];
        for (row, lanes) in part.chunks(columns).zip(images) {
            token.check()?;
            token.advance(row.len() as u64);
            for (value, sums) in row.iter().zip(&mut sums) {
                let value = f64::from(*value);
                sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += value * lane);
            }
        }
        Ok(sums)
    };
    let parts: Vec<Vec<Lanes>> = matrix.par_chunks(part * columns).zip(images.par_chunks(part)).map(product).collect::<Result<_, _>>()?;
    let sum = |row: usize, column: usize| parts.iter().map(|part| part[row][column]).sum();
    Ok(DMatrix::from_fn(columns, width, sum))
}

#[cfg(test)]
mod tests {
    use super::super::golden::vector;
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} instead of {expected}");
    }

    /// numpy 2.4.6: `numpy.linalg.svd(x.reshape(64, 64).astype(float), compute_uv=False)` of the golden vector.
    #[test]
    fn singular_values_are_numpys() {
        let values = vector();
        let spectrum = Spectrum::of(&values, &[64, 64], 0, &Token::new()).unwrap().unwrap();
        assert!(spectrum.is_complete && spectrum.values.len() == 64);
        for (found, expected) in spectrum.values.iter().zip(NUMPY_64) {
            close(*found, expected, 1e-12);
        }
        close(spectrum.stable_rank(), 4.890_333_485_471_411, 1e-9);
        assert_eq!(spectrum.rank(), Some(64));
        // Either way round, and with the axis in the middle.
        let transposed = Spectrum::of(&values, &[64, 64], 1, &Token::new()).unwrap().unwrap();
        close(transposed.values[0], spectrum.values[0], 1e-12);
        let middle = Spectrum::of(&values, &[4, 16, 64], 1, &Token::new()).unwrap().unwrap();
        assert_eq!((middle.rows, middle.columns), (16, 256));
        close(middle.values[0], 1.724_024_567_158_867, 1e-9);
    }

    const NUMPY_64: [f64; 3] = [1.587_213_635_174_378_6, 0.770_580_385_761_509_9, 0.742_483_092_470_499_5];

    /// A large matrix of which the decomposition is known: rows of Walsh functions with weights.
    #[test]
    fn leading_values_of_a_large_matrix() {
        let (rows, columns) = (1024usize, 2048usize);
        let walsh = |a: usize, b: usize| if (a & b).count_ones().is_multiple_of(2) { 1.0f32 } else { -1.0 };
        let weights = [8.0f32, 5.0, 3.0, 2.0, 1.0, 0.5];
        let values: Vec<f32> = (0..rows * columns)
            .map(|place| {
                weights
                    .iter()
                    .enumerate()
                    .map(|(k, weight)| weight * walsh(place / columns, k + 1) * walsh(place % columns, 3 * k + 2))
                    .sum()
            })
            .collect();
        let spectrum = Spectrum::of(&values, &[rows, columns], 0, &Token::new()).unwrap().unwrap();
        assert!(!spectrum.is_complete && spectrum.method.contains("randomised"), "{}", spectrum.method);
        let norm = ((rows * columns) as f64).sqrt();
        for (found, weight) in spectrum.values.iter().zip(weights) {
            close(*found, f64::from(weight) * norm, 1e-9);
        }
        close(spectrum.stable_rank(), 103.25 / 64.0, 1e-9);
        assert_eq!((spectrum.condition(), spectrum.rank()), (None, None));
        let token = Token::new();
        token.cancel();
        assert_eq!(Spectrum::of(&values, &[rows, columns], 0, &token), Err(Cancelled));
    }

    #[test]
    fn what_is_no_matrix() {
        for (values, shape, axis) in
            [(vec![1.0; 4], vec![4], 0), (vec![1.0; 4], vec![2, 3], 0), (vec![f32::NAN; 4], vec![2, 2], 0), (vec![], vec![0, 2], 0)]
        {
            assert_eq!(Spectrum::of(&values, &shape, axis, &Token::new()), Ok(None));
        }
        let zero = Spectrum::of(&[0.0; 6], &[2, 3], 0, &Token::new()).unwrap().unwrap();
        assert!(zero.stable_rank().is_nan() && zero.rank() == Some(0));
    }
}
