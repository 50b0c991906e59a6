//! Many cells to one number a pixel, so that no outlier vanishes.
//!
//! The extremes of a rectangle of cells are kept as (low, high), where a NaN in `low` stands for
//! "there is a NaN among them" and `low > high` for "no cell at all". A [`Pyramid`] holds them for
//! squares of 4, 16, 64, ... cells a side. Rendering with or without one gives the same pixels:
//! where squares of `step` cells are used, the edges of the pixels are laid on their edges.

use std::ops::Range;

use rayon::prelude::*;

use crate::view::View;

/// What a pixel shows of the cells under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reduction {
    /// The value farthest from the middle of the limits; NaN before everything, then infinities.
    #[default]
    Extreme,
    /// The arithmetic mean, in float64. A NaN makes it NaN.
    Mean,
}

/// The sides of a pyramid's squares are powers of this.
const FACTOR: usize = 4;

/// The extremes of squares of cells, for quick redrawing. For a view as it was when the pyramid
/// was made: moving an axis or a slider wants a new one. Takes an eighth of the values' room.
#[derive(Clone, Debug)]
pub struct Pyramid {
    rows: usize,
    columns: usize,
    levels: Vec<Level>,
}

/// Squares of `step` cells a side.
#[derive(Clone, Debug)]
struct Level {
    step: usize,
    rows: usize,
    columns: usize,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Pyramid {
    pub fn new(values: &[f32], view: &View) -> Self {
        let (rows, columns) = (view.rows(), view.columns());
        let mut pyramid = Self { rows, columns, levels: Vec::new() };
        // Nothing is allocated by a shape that the values do not fill.
        let is_filled = rows.checked_mul(columns).is_some_and(|cells| cells / FACTOR <= values.len().saturating_mul(FACTOR));
        if !is_filled || rows.max(columns) <= FACTOR {
            return pyramid;
        }
        let mut level = match lying(view) {
            Some(lying) => Level::over(&Cells::new(values, &lying), FACTOR).transposed(),
            None => Level::over(&Cells::new(values, view), FACTOR),
        };
        while level.rows.max(level.columns) > FACTOR {
            let next = Level::over(&level, level.step * FACTOR);
            pyramid.levels.push(std::mem::replace(&mut level, next));
        }
        pyramid.levels.push(level);
        pyramid
    }

    /// The squares of a given side, if the pyramid was made for a picture of that size.
    fn level(&self, step: usize, view: &View) -> Option<&Level> {
        let fits = (self.rows, self.columns) == (view.rows(), view.columns());
        self.levels.iter().find(|level| fits && level.step == step)
    }
}

/// The side of the squares to use at so many cells a pixel: at least 2 and below 8 of them lie along
/// a pixel, so that the work a pixel is bounded; 1 (the cells themselves) below 8 cells a pixel.
pub fn step(cells_per_pixel: f64) -> usize {
    let mut step = 1usize;
    while step < usize::MAX / 8 && (step * FACTOR * 2) as f64 <= cells_per_pixel {
        step *= FACTOR;
    }
    step
}

/// A picture cut into pixels: pixel `(x, y)` covers the cells `columns[x]` by `rows[y]`, as starts and ends.
pub struct Cut<'a> {
    pub rows: &'a [(usize, usize)],
    pub columns: &'a [(usize, usize)],
    /// The side of the squares on which all the edges lie.
    pub step: usize,
}

/// One number a pixel, row by row; `None` where a pixel covers no cell.
pub fn reduce(
    values: &[f32],
    view: &View,
    pyramid: Option<&Pyramid>,
    cut: &Cut<'_>,
    reduction: Reduction,
    centre: f32,
) -> Vec<Option<f32>> {
    if let (Reduction::Extreme, Some(level)) = (reduction, pyramid.and_then(|pyramid| pyramid.level(cut.step, view))) {
        let squares = |spans: &[(usize, usize)]| -> Vec<(usize, usize)> {
            spans.iter().map(|(start, end)| if start < end { (start / cut.step, end.div_ceil(cut.step)) } else { (0, 0) }).collect()
        };
        return extremes(level, &squares(cut.rows), &squares(cut.columns), centre);
    }
    let along = |view: &View, rows: &[(usize, usize)], columns: &[(usize, usize)]| {
        let cells = Cells::new(values, view);
        match reduction {
            Reduction::Extreme => extremes(&cells, rows, columns, centre),
            Reduction::Mean => means(&cells, rows, columns),
        }
    };
    match lying(view) {
        Some(lying) => transposed(&along(&lying, cut.columns, cut.rows), cut.rows.len()),
        None => along(view, cut.rows, cut.columns),
    }
}

/// The view turned over, if the tensor's elements lie down its columns: they are read in the order
/// of memory or not at a bearable speed.
fn lying(view: &View) -> Option<View> {
    let [here, right, below] = [(0, 0), (0, 1), (1, 0)].map(|(row, column)| view.offset(row, column));
    let (across, down) = (right?.abs_diff(here?), below?.abs_diff(here?));
    if across > down { view.transposed() } else { None }
}

/// Rows of `width` entries as columns.
fn transposed<T: Copy + Send + Sync>(entries: &[T], width: usize) -> Vec<T> {
    let height = entries.len().checked_div(width).unwrap_or(0);
    (0..width).into_par_iter().flat_map_iter(|x| (0..height).filter_map(move |y| entries.get(y * width + x).copied())).collect()
}

/// Of the extremes of some cells the one farther from the centre.
fn farther(low: f32, high: f32, centre: f32) -> Option<f32> {
    if low.is_nan() {
        return Some(f32::NAN);
    }
    if low > high {
        return None;
    }
    let (below, above) = (f64::from(centre) - f64::from(low), f64::from(high) - f64::from(centre));
    Some(if above >= below { high } else { low })
}

fn extremes(source: &impl Source, rows: &[(usize, usize)], columns: &[(usize, usize)], centre: f32) -> Vec<Option<f32>> {
    let (first, last) = hull(columns, source.columns());
    let fresh = || (vec![0.0; last - first], vec![0.0; last - first]);
    let mut numbers = vec![None; rows.len() * columns.len()];
    let lines = numbers.par_chunks_mut(columns.len().max(1)).zip(rows);
    lines.for_each_init(fresh, |(low, high), (numbers, (top, bottom))| {
        low.fill(f32::INFINITY);
        high.fill(f32::NEG_INFINITY);
        for row in *top..(*bottom).min(source.rows()) {
            source.add_row(row, first, low, high);
        }
        for (number, span) in numbers.iter_mut().zip(columns) {
            let span = within(*span, first, last);
            let (low, high) = fold(low.get(span.clone()).unwrap_or_default(), high.get(span).unwrap_or_default());
            *number = farther(low, high, centre);
        }
    });
    numbers
}

fn means(cells: &Cells<'_>, rows: &[(usize, usize)], columns: &[(usize, usize)]) -> Vec<Option<f32>> {
    let (first, last) = hull(columns, cells.columns());
    let mut numbers = vec![None; rows.len() * columns.len()];
    let lines = numbers.par_chunks_mut(columns.len().max(1)).zip(rows);
    lines.for_each_init(
        || vec![(0.0f64, 0u64); last - first],
        |sums, (numbers, (top, bottom))| {
            sums.fill((0.0, 0));
            for row in *top..(*bottom).min(cells.rows()) {
                cells.each(row, first, last - first, |column, value| {
                    if let Some(sum) = sums.get_mut(column) {
                        *sum = (sum.0 + f64::from(value), sum.1 + 1);
                    }
                });
            }
            for (number, span) in numbers.iter_mut().zip(columns) {
                let sums = sums.get(within(*span, first, last)).unwrap_or_default().iter();
                let (sum, count) = sums.fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
                *number = (count > 0).then(|| (sum / count as f64) as f32);
            }
        },
    );
    numbers
}

/// A pixel's columns, counted from the first that any pixel covers.
fn within((start, end): (usize, usize), first: usize, last: usize) -> Range<usize> {
    let start = start.max(first);
    start - first..end.min(last).max(start) - first
}

/// The columns that any pixel covers.
fn hull(columns: &[(usize, usize)], limit: usize) -> (usize, usize) {
    let spans = columns.iter().filter(|(start, end)| start < end);
    let first = spans.clone().map(|(start, _)| *start).min().unwrap_or(0).min(limit);
    (first, spans.map(|(_, end)| *end).max().unwrap_or(0).clamp(first, limit))
}

/// Rows of extremes: cells, or the squares of a pyramid.
trait Source: Sync {
    fn rows(&self) -> usize;
    fn columns(&self) -> usize;
    /// Widens `low` and `high` by a row's entries from column `first` on.
    fn add_row(&self, row: usize, first: usize, low: &mut [f32], high: &mut [f32]);
}

/// A view's cells, with the columns' offsets laid out once.
struct Cells<'a> {
    values: &'a [f32],
    view: &'a View,
    offsets: Vec<usize>,
    /// Neighbouring columns are neighbours in memory.
    is_contiguous: bool,
    rows: usize,
}

impl<'a> Cells<'a> {
    fn new(values: &'a [f32], view: &'a View) -> Self {
        // A shape may claim more columns than there are values; those show nothing.
        let columns = view.columns().min(values.len());
        let offsets = view.column_offsets(0..columns);
        let is_contiguous = offsets.windows(2).all(|pair| matches!(pair, [a, b] if *b == a + 1));
        Self { values, view, is_contiguous, rows: view.rows().min(values.len()), offsets }
    }

    /// Hands every cell of a row, from column `first` on, to `visit(column - first, value)`.
    #[inline]
    fn each(&self, row: usize, first: usize, count: usize, mut visit: impl FnMut(usize, f32)) {
        match self.view.row(row) {
            Some(plan) => {
                let end = plan.columns.min(first.saturating_add(count)).max(first);
                let offsets = self.offsets.get(first..end).unwrap_or_default();
                for (column, offset) in offsets.iter().enumerate() {
                    if let Some(value) = self.values.get(plan.start + offset) {
                        visit(column, *value);
                    }
                }
            }
            None => {
                for column in 0..count {
                    let offset = self.view.offset(row, first + column);
                    if let Some(value) = offset.and_then(|offset| self.values.get(offset)) {
                        visit(column, *value);
                    }
                }
            }
        }
    }
}

impl Source for Cells<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.offsets.len()
    }

    fn add_row(&self, row: usize, first: usize, low: &mut [f32], high: &mut [f32]) {
        let plan = self.view.row(row).filter(|_| self.is_contiguous);
        if let (Some(plan), Some(offset)) = (plan, self.offsets.get(first)) {
            let start = plan.start + offset;
            let count = plan.columns.saturating_sub(first).min(low.len());
            if let Some(values) = self.values.get(start..start + count) {
                widen(low, high, values, values);
                return;
            }
        }
        self.each(row, first, low.len(), |column, value| {
            if let (Some(low), Some(high)) = (low.get_mut(column), high.get_mut(column)) {
                widen_one(low, high, value, value);
            }
        });
    }
}

impl Source for Level {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn add_row(&self, row: usize, first: usize, low: &mut [f32], high: &mut [f32]) {
        let span = row * self.columns + first..(row + 1) * self.columns;
        if let (Some(lows), Some(highs)) = (self.low.get(span.clone()), self.high.get(span)) {
            widen(low, high, lows, highs);
        }
    }
}

impl Level {
    /// Squares made of `FACTOR` by `FACTOR` entries of a source.
    fn over(source: &impl Source, step: usize) -> Self {
        let (rows, columns) = (source.rows().div_ceil(FACTOR), source.columns().div_ceil(FACTOR));
        let mut level = Self { step, rows, columns, low: vec![0.0; rows * columns], high: vec![0.0; rows * columns] };
        let fresh = || (vec![0.0; source.columns()], vec![0.0; source.columns()]);
        let width = columns.max(1);
        let squares = level.low.par_chunks_mut(width).zip(level.high.par_chunks_mut(width)).enumerate();
        squares.for_each_init(fresh, |(low, high), (row, (lows, highs))| {
            low.fill(f32::INFINITY);
            high.fill(f32::NEG_INFINITY);
            for row in row * FACTOR..(row * FACTOR + FACTOR).min(source.rows()) {
                source.add_row(row, 0, low, high);
            }
            let entries = low.chunks(FACTOR).zip(high.chunks(FACTOR));
            for ((to_low, to_high), (low, high)) in lows.iter_mut().zip(highs).zip(entries) {
                (*to_low, *to_high) = fold(low, high);
            }
        });
        level
    }

    fn transposed(self) -> Self {
        Self {
            low: transposed(&self.low, self.columns),
            high: transposed(&self.high, self.columns),
            rows: self.columns,
            columns: self.rows,
            ..self
        }
    }
}

/// The extremes of extremes.
fn fold(low: &[f32], high: &[f32]) -> (f32, f32) {
    let mut all = (f32::INFINITY, f32::NEG_INFINITY);
    for (low, high) in low.iter().zip(high) {
        widen_one(&mut all.0, &mut all.1, *low, *high);
    }
    all
}

fn widen(low: &mut [f32], high: &mut [f32], lows: &[f32], highs: &[f32]) {
    for ((to_low, to_high), (low, high)) in low.iter_mut().zip(high).zip(lows.iter().zip(highs)) {
        widen_one(to_low, to_high, *low, *high);
    }
}

/// Comparisons without branches, so that the loops above become vector instructions. A NaN once in
/// `low` stays: no comparison with it holds.
#[inline]
fn widen_one(to_low: &mut f32, to_high: &mut f32, low: f32, high: f32) {
    *to_low = if (low < *to_low) | low.is_nan() { low } else { *to_low };
    *to_high = if high > *to_high { high } else { *to_high };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        for (cells, expected) in
            [(0.5, 1), (7.9, 1), (8.0, 4), (31.0, 4), (32.0, 16), (1e18, 4usize.pow(29)), (f64::INFINITY, 4usize.pow(31))]
        {
            assert_eq!(step(cells), expected, "{cells}");
        }
    }

    #[test]
    fn the_farther_extreme() {
        let (infinity, nan) = (f32::INFINITY, f32::NAN);
        for (low, high, expected) in
            [(-3.0, 2.0, -3.0), (-2.0, 3.0, 3.0), (-2.0, 2.0, 2.0), (-infinity, 5.0, -infinity), (-infinity, infinity, infinity)]
        {
            assert_eq!(farther(low, high, 0.0), Some(expected));
        }
        assert!(farther(nan, 3.0, 0.0).is_some_and(f32::is_nan));
        assert_eq!(farther(infinity, -infinity, 0.0), None);
        assert_eq!(farther(f32::MIN, f32::MAX, 0.0), Some(f32::MAX));
    }

    #[test]
    fn turned_over() {
        assert_eq!(transposed(&[1, 2, 3, 4, 5, 6], 3), [1, 4, 2, 5, 3, 6]);
        assert!(transposed::<u8>(&[], 0).is_empty());
        let turned = |shape: &[usize], layout| lying(&View::default_for(shape, Some(layout), 1.0)).is_some();
        assert_eq!([turned(&[4, 5], "OI"), turned(&[4, 5], "IO"), turned(&[1, 3, 3, 8], "1HWO")], [false, true, false]);
    }

    #[test]
    fn nan_stays() {
        for values in [[1.0, f32::NAN, 2.0], [f32::NAN, 1.0, 2.0], [1.0, 2.0, f32::NAN]] {
            assert!(fold(&values, &values).0.is_nan());
        }
        assert_eq!(fold(&[3.0, -1.0], &[3.0, -1.0]), (-1.0, 3.0));
    }
}
