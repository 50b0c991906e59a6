//! A view's cells as rows of numbers, read from wherever the values lie.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::jobs::{Cancelled, Token};
use crate::values::Blocks;
use crate::view::View;

/// The numbers of a picture's cells.
#[derive(Clone, Copy)]
pub struct Numbers<'a> {
    pub values: &'a dyn Blocks,
    pub view: &'a View,
    /// Each kernel on its own scale: its numbers become parts of its largest magnitude.
    pub scales: Option<&'a KernelScales>,
    /// Cells that are to be told from the others: a number is then 1 if it lies within, else 0.
    pub test: Option<Test>,
}

/// Which numbers are meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// From the first to the second, both included.
    Within(f32, f32),
    /// Not above the first, or not below the second.
    AtEnds(f32, f32),
}

impl Test {
    pub fn holds(self, value: f32) -> bool {
        match self {
            Self::Within(low, high) => (low..=high).contains(&value),
            Self::AtEnds(low, high) => value <= low || value >= high,
        }
    }
}

/// The largest finite magnitude of every block of a view, in rows from the top; 0 where all is zero,
/// NaN where a block has nothing but zeros and numbers that are not finite.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelScales {
    columns: usize,
    largest: Vec<f32>,
}

impl KernelScales {
    /// # Errors
    /// [`Cancelled`].
    pub fn of(values: &dyn Blocks, view: &View, token: &Token) -> Result<Self, Cancelled> {
        let (rows, columns) = (view.block_rows(), view.block_columns());
        let field = Field::new(Numbers { values, view, scales: None, test: None });
        let mut largest = vec![0.0f32; rows.saturating_mul(columns)];
        largest.par_chunks_mut(columns.max(1)).enumerate().try_for_each_init(Vec::new, |scratch, (row, largest)| {
            token.check()?;
            field.largest(row, 0, largest, scratch);
            Ok(())
        })?;
        Ok(Self { columns, largest })
    }

    pub fn at(&self, block_row: usize, block_column: usize) -> f32 {
        self.largest.get(block_row * self.columns + block_column).copied().unwrap_or(0.0)
    }
}

/// [`Numbers`], with the columns' offsets laid out once.
pub struct Field<'a> {
    numbers: Numbers<'a>,
    view: Cow<'a, View>,
    is_turned: bool,
    offsets: Vec<usize>,
    /// Neighbouring columns are neighbours in memory.
    is_contiguous: bool,
    pub rows: usize,
    pub columns: usize,
    block: (usize, usize),
}

impl<'a> Field<'a> {
    pub fn new(numbers: Numbers<'a>) -> Self {
        Self::over(numbers, Cow::Borrowed(numbers.view), false)
    }

    /// The field turned over, if the tensor's elements lie down the columns: they are read in the order
    /// of memory or not at a bearable speed. Whether it is turned.
    pub fn lying(numbers: Numbers<'a>) -> (Self, bool) {
        match Some(numbers.view).filter(|view| view.runs_down()).and_then(View::transposed) {
            Some(view) => (Self::over(numbers, Cow::Owned(view), true), true),
            None => (Self::new(numbers), false),
        }
    }

    fn over(numbers: Numbers<'a>, view: Cow<'a, View>, is_turned: bool) -> Self {
        // A shape may claim more columns than there are values; those show nothing.
        let columns = view.columns().min(numbers.values.len());
        let offsets = view.column_offsets(0..columns);
        let is_contiguous = offsets.windows(2).all(|pair| matches!(pair, [a, b] if *b == a + 1));
        let rows = view.rows().min(numbers.values.len());
        let block = view.block_size();
        Self { numbers, view, is_turned, is_contiguous, rows, columns: offsets.len(), offsets, block }
    }

    /// Hands the numbers of a row, `count` of them from column `first` on, to `then`; fewer, where the
    /// row ends early.
    pub fn with_row<R>(&self, row: usize, first: usize, count: usize, scratch: &mut Vec<f32>, then: impl FnOnce(&[f32]) -> R) -> R {
        let count = count.min(self.columns.saturating_sub(first));
        let is_plain = self.numbers.scales.is_none() && self.numbers.test.is_none();
        if let Some(plan) = self.view.row(row).filter(|_| row < self.rows) {
            let count = plan.columns.saturating_sub(first).min(count);
            let start = plan.start + self.offsets.get(first).copied().unwrap_or(0);
            if let Some(values) = self.numbers.values.as_slice()
                && let Some(values) = values.get(start..start + count).filter(|_| is_plain && self.is_contiguous)
            {
                return then(values);
            }
            scratch.resize(count, 0.0);
            if self.is_contiguous {
                self.numbers.values.read(start, scratch);
            } else {
                let offsets = self.offsets.get(first..first + count).unwrap_or_default();
                gather(self.numbers.values, plan.start, offsets, scratch);
            }
        } else {
            let offsets: Vec<usize> = (first..first + count).map_while(|column| self.view.offset(row, column)).collect();
            scratch.resize(offsets.len(), 0.0);
            gather(self.numbers.values, 0, &offsets, scratch);
        }
        self.convert(row, first, scratch);
        then(scratch)
    }

    fn convert(&self, row: usize, first: usize, numbers: &mut [f32]) {
        let (height, width) = (self.block.0.max(1), self.block.1.max(1));
        if let Some(scales) = self.numbers.scales {
            for (column, number) in (first..).zip(&mut *numbers) {
                let (down, across) = (row / height, column / width);
                let largest = if self.is_turned { scales.at(across, down) } else { scales.at(down, across) };
                if largest > 0.0 {
                    *number /= largest;
                }
            }
        }
        if let Some(test) = self.numbers.test {
            numbers.iter_mut().for_each(|number| *number = f32::from(u8::from(test.holds(*number))));
        }
    }

    /// Which blocks of a row of them, from block `first` on, are nothing but zeros. Reads no more rows than it
    /// takes to know.
    pub fn dead(&self, block_row: usize, first: usize, dead: &mut [bool], scratch: &mut Vec<f32>) {
        let (height, width) = (self.block.0.max(1), self.block.1.max(1));
        dead.fill(true);
        for row in block_row * height..(block_row + 1) * height {
            self.with_row(row, first * width, dead.len() * width, scratch, |numbers| {
                for (numbers, dead) in numbers.chunks(width).zip(&mut *dead) {
                    *dead &= numbers.iter().all(|number| *number == 0.0);
                }
            });
            if !dead.contains(&true) {
                return;
            }
        }
    }

    /// The largest finite magnitudes of blocks of a row of them, from block `first` on, as in [`KernelScales`].
    pub fn largest(&self, block_row: usize, first: usize, largest: &mut [f32], scratch: &mut Vec<f32>) {
        let (height, width) = (self.block.0.max(1), self.block.1.max(1));
        largest.fill(0.0);
        let mut has_odd = vec![false; largest.len()];
        for row in block_row * height..(block_row + 1) * height {
            self.with_row(row, first * width, largest.len() * width, scratch, |numbers| {
                for ((numbers, largest), has_odd) in numbers.chunks(width).zip(&mut *largest).zip(&mut has_odd) {
                    for number in numbers {
                        if number.is_finite() {
                            *largest = largest.max(number.abs());
                        } else {
                            *has_odd = true;
                        }
                    }
                }
            });
        }
        for (largest, _) in largest.iter_mut().zip(has_odd).filter(|(largest, has_odd)| *has_odd && **largest == 0.0) {
            *largest = f32::NAN;
        }
    }
}

/// Reads elements at `start` and so far behind it. Those that lie together are read together.
fn gather(values: &dyn Blocks, start: usize, offsets: &[usize], out: &mut [f32]) {
    if let Some(values) = values.as_slice() {
        for (slot, offset) in out.iter_mut().zip(offsets) {
            *slot = values.get(start + offset).copied().unwrap_or(f32::NAN);
        }
        return;
    }
    let ends = offsets.iter().copied().fold(None, |ends: Option<(usize, usize)>, offset| {
        Some(ends.map_or((offset, offset), |(low, high)| (low.min(offset), high.max(offset))))
    });
    let Some((low, high)) = ends else { return };
    if (high - low) / 8 <= offsets.len() {
        let mut hull = vec![0.0; high - low + 1];
        values.read(start + low, &mut hull);
        for (slot, offset) in out.iter_mut().zip(offsets) {
            *slot = hull[offset - low];
        }
        return;
    }
    let mut at = 0;
    while at < offsets.len() {
        let run = offsets[at..].windows(2).take_while(|pair| pair[1] == pair[0] + 1).count() + 1;
        values.read(start + offsets[at], &mut out[at..at + run]);
        at += run;
    }
}
