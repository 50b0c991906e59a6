//! Orders of an axis' indices by what lies along them: channels by norm, by range, alike ones together.

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};
use crate::values::Blocks;
use crate::values::blocks::BLOCK;
use crate::view::Order;

/// What an order follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// Euclidean norm of the finite values, largest first.
    Norm,
    /// Highest less lowest finite value, largest first.
    Range,
    /// The score on the first principal component of the channels, so that alike ones come together.
    Similarity,
}

/// Pieces that are summed up apart: a fixed number, so that sums do not depend on threads.
const PIECES: usize = 16;
/// Numbers that are looked at for similarity; of more they are taken evenly.
const FEATURES: usize = 1 << 22;
/// Steps of the search for the principal component.
const STEPS: usize = 200;

impl SortKey {
    pub const ALL: [Self; 3] = [Self::Norm, Self::Range, Self::Similarity];

    /// The name that the command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Norm => "norm",
            Self::Range => "range",
            Self::Similarity => "similarity",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }
}

/// An order of the indices of an axis, equal ones as in the file. `None` of an axis that there is not.
///
/// # Errors
/// [`Cancelled`].
pub fn order(values: &dyn Blocks, shape: &[usize], axis: usize, key: SortKey, token: &Token) -> Result<Option<Order>, Cancelled> {
    let (Some(&extent), true) = (shape.get(axis), !values.is_empty()) else { return Ok(None) };
    let Ok(count) = u32::try_from(extent) else { return Ok(None) };
    let inner: usize = shape[axis + 1..].iter().product();
    let scores = match key {
        SortKey::Norm => spreads(values, extent, inner, token)?.iter().map(|spread| -spread.squares).collect(),
        SortKey::Range => spreads(values, extent, inner, token)?.iter().map(|spread| spread.low - spread.high).collect(),
        SortKey::Similarity => principal_scores(&features(values, extent, inner, token)?, extent, token)?,
    };
    let mut indices: Vec<u32> = (0..count).collect();
    let score = |index: u32| scores.get(index as usize).copied().unwrap_or(f64::NAN);
    indices.sort_by(|a, b| score(*a).partial_cmp(&score(*b)).unwrap_or(Ordering::Equal));
    Ok(Order::new(key.name(), indices))
}

#[derive(Clone, Copy)]
struct Spread {
    squares: f64,
    low: f64,
    high: f64,
}

/// Sum of squares and extremes of every index.
fn spreads(values: &dyn Blocks, extent: usize, inner: usize, token: &Token) -> Result<Vec<Spread>, Cancelled> {
    let nothing = Spread { squares: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY };
    let blocks = values.len().div_ceil(BLOCK);
    let per_piece = blocks.div_ceil(PIECES).max(1);
    let pieces = (0..blocks.div_ceil(per_piece)).into_par_iter().map(|piece| {
        let mut spreads = vec![nothing; extent];
        let mut block = Vec::new();
        for number in piece * per_piece..((piece + 1) * per_piece).min(blocks) {
            token.check()?;
            let start = number * BLOCK;
            block.resize(BLOCK.min(values.len() - start), 0.0);
            values.read(start, &mut block);
            let mut at = 0;
            while at < block.len() {
                let run = (inner - (start + at) % inner).min(block.len() - at);
                let spread = &mut spreads[(start + at) / inner % extent];
                for value in block[at..at + run].iter().filter(|value| value.is_finite()) {
                    let value = f64::from(*value);
                    spread.squares += value * value;
                    spread.low = spread.low.min(value);
                    spread.high = spread.high.max(value);
                }
                at += run;
            }
        }
        Ok(spreads)
    });
    let mut all = vec![nothing; extent];
    for spreads in pieces.collect::<Result<Vec<_>, Cancelled>>()? {
        for (all, one) in all.iter_mut().zip(spreads) {
            *all = Spread { squares: all.squares + one.squares, low: all.low.min(one.low), high: all.high.max(one.high) };
        }
    }
    Ok(all)
}

/// A row an index: its values, of many evenly taken ones, less their mean over all indices.
fn features(values: &dyn Blocks, extent: usize, inner: usize, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let each = values.len() / extent;
    let width = each.min((FEATURES / extent).max(1));
    let mut rows = vec![0.0f64; extent * width];
    rows.par_chunks_mut(width).enumerate().try_for_each(|(index, row)| {
        token.check()?;
        for (feature, slot) in row.iter_mut().enumerate() {
            let element = (feature as u128 * each as u128 / width as u128) as usize;
            let mut value = [0.0];
            values.read((element / inner * extent + index) * inner + element % inner, &mut value);
            *slot = if value[0].is_finite() { f64::from(value[0]) } else { 0.0 };
        }
        Ok(())
    })?;
    let mut means = vec![0.0; width];
    for row in rows.chunks(width) {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / extent as f64);
    }
    rows.par_chunks_mut(width).for_each(|row| row.iter_mut().zip(&means).for_each(|(value, mean)| *value -= mean));
    Ok(rows)
}

/// The rows' scores on their first principal component (`U[:, 0] * S[0]` of numpy's `svd`), found by
/// power iteration from the longest row; the score of the largest magnitude is positive.
fn principal_scores(rows: &[f64], extent: usize, token: &Token) -> Result<Vec<f64>, Cancelled> {
    let width = (rows.len() / extent.max(1)).max(1);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let longest = rows.chunks(width).max_by(|a, b| dot(a, a).total_cmp(&dot(b, b))).unwrap_or_default();
    let mut direction = longest.to_vec();
    let mut scores = vec![0.0; extent];
    for _ in 0..STEPS {
        token.check()?;
        let length = dot(&direction, &direction).sqrt();
        if length == 0.0 {
            break;
        }
        direction.iter_mut().for_each(|part| *part /= length);
        scores = rows.par_chunks(width).map(|row| dot(row, &direction)).collect();
        let pieces = rows.par_chunks(width * extent.div_ceil(PIECES)).zip(scores.par_chunks(extent.div_ceil(PIECES)));
        let sums: Vec<Vec<f64>> = pieces
            .map(|(rows, scores)| {
                let mut sum = vec![0.0; width];
                for (row, score) in rows.chunks(width).zip(scores) {
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += score * value);
                }
                sum
            })
            .collect();
        let mut next = vec![0.0; width];
        for sum in sums {
            next.iter_mut().zip(sum).for_each(|(next, sum)| *next += sum);
        }
        let turned = 1.0 - dot(&next, &direction) / dot(&next, &next).sqrt();
        direction = next;
        if turned.abs() < 1e-14 {
            break;
        }
    }
    let farthest = scores.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    if farthest < 0.0 {
        scores.iter_mut().for_each(|score| *score = -*score);
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x[i] = float32(sin(i * i * 0.37) * (1 + i % 7))`, and the orders that numpy 2.4 finds, with
    /// `linalg.norm`, `ptp` and `linalg.svd` of the centred matrix.
    #[test]
    fn orders_of_numpy() {
        let values: Vec<f32> = (0..120u32).map(|i| ((f64::from(i * i) * 0.37).sin() * f64::from(1 + i % 7)) as f32).collect();
        let shape = [4, 6, 5];
        for (axis, key, expected) in ORDERS {
            let order = order(&values, &shape, *axis, *key, &Token::new()).unwrap().unwrap();
            let found: Vec<usize> = (0..order.len()).map(|position| order.index(position)).collect();
            assert_eq!(found, *expected, "{axis} {key:?}");
        }
        assert!(order(&values, &shape, 3, SortKey::Norm, &Token::new()).unwrap().is_none());
        assert!(order(&Vec::new(), &[0], 0, SortKey::Norm, &Token::new()).unwrap().is_none());
    }

    /// As many values as several pieces hold, laid out either way.
    #[test]
    fn many_values() {
        let (rows, columns) = (300usize, 700usize);
        let by_row: Vec<f32> =
            (0..rows * columns).map(|i| ((i / columns * 37 % rows) as f32) * if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let by_column: Vec<f32> = (0..rows * columns).map(|i| by_row[i % rows * columns + i / rows]).collect();
        for key in [SortKey::Norm, SortKey::Range] {
            let a = order(&by_row, &[rows, columns], 0, key, &Token::new()).unwrap().unwrap();
            let b = order(&by_column, &[columns, rows], 1, key, &Token::new()).unwrap().unwrap();
            assert!(a == b && (0..rows).all(|position| a.index(position) * 37 % rows == rows - 1 - position));
        }
    }

    const ORDERS: &[(usize, SortKey, &[usize])] = &[
        (0, SortKey::Norm, &[2, 1, 3, 0]),
        (0, SortKey::Range, &[2, 1, 0, 3]),
        (0, SortKey::Similarity, &[1, 3, 0, 2]),
        (1, SortKey::Norm, &[3, 1, 2, 5, 4, 0]),
        (1, SortKey::Range, &[3, 2, 1, 5, 4, 0]),
        (1, SortKey::Similarity, &[1, 0, 4, 2, 5, 3]),
        (2, SortKey::Norm, &[3, 1, 0, 2, 4]),
        (2, SortKey::Range, &[3, 4, 1, 0, 2]),
        (2, SortKey::Similarity, &[4, 3, 2, 0, 1]),
    ];
}
