//! Many cells to one number a pixel, so that no outlier vanishes.
//!
//! The extremes of a rectangle of cells are kept as (low, high), where a NaN in `low` stands for
//! "there is a NaN among them" and `low > high` for "no cell at all". A [`Pyramid`] holds them for
//! squares of 4, 8, 16, 32 and 64 cells a side, and of the larger ones the mean and how many numbers are
//! none. It is built band by band while pictures are drawn with what is there: rows of pixels whose
//! bands are not built yet show one of their rows of cells. With a complete one the extremes are the
//! same to the bit as without: the edges of the pixels are laid on the edges of the squares.

mod extremes;

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use fearless_simd::dispatch;
use rayon::prelude::*;

use self::extremes::{Extremes, Spans};
use super::field::{Field, Numbers};
use crate::jobs::{Cancelled, Token};
use crate::view::View;

/// What a pixel shows of the cells under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Reduction {
    /// The value farthest from the middle of the limits; NaN before everything, then infinities.
    #[default]
    Extreme,
    /// The arithmetic mean. A NaN makes it NaN.
    Mean,
}

impl Reduction {
    pub const ALL: [Self; 2] = [Self::Extreme, Self::Mean];

    /// The name that the command line takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extreme => "extreme",
            Self::Mean => "mean",
        }
    }
}

/// The sides of a pyramid's squares: each has twice the one before it.
const SIDES: [usize; 5] = [4, 8, 16, 32, 64];
/// The least side of squares that have a mean and counts.
const SUMMED: usize = 16;
/// The side of the largest squares, and the rows of a band.
const BAND: usize = 64;

/// What is known of squares of cells, for quick redrawing. For a view as it was when the pyramid
/// was made: moving an axis or a slider wants a new one. Takes a sixth of the values' room as float32.
#[derive(Debug)]
pub struct Pyramid {
    rows: usize,
    columns: usize,
    /// Bands are rows of the view turned over, where memory runs down its columns.
    is_turned: bool,
    bands: Vec<OnceLock<Band>>,
    built: AtomicUsize,
}

/// [`BAND`] rows of cells.
#[derive(Debug)]
struct Band {
    /// By [`SIDES`].
    levels: [Level; SIDES.len()],
}

/// A band's squares of `step` cells a side, in rows.
#[derive(Debug)]
struct Level {
    columns: usize,
    low: Vec<f32>,
    high: Vec<f32>,
    /// Means and counts, from [`SUMMED`] on.
    sums: Vec<Sum>,
}

/// What is summed up in a square.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    mean: f32,
    cells: u16,
    nan: u16,
    infinite: u16,
}

impl Pyramid {
    /// An empty one, for a view of so many values.
    pub fn new(view: &View, count: usize) -> Self {
        let is_turned = view.runs_down() && view.transposed().is_some();
        let (rows, columns) = if is_turned { (view.columns(), view.rows()) } else { (view.rows(), view.columns()) };
        // Nothing is allocated by a shape that the values do not fill.
        let is_filled = rows.checked_mul(columns).is_some_and(|cells| cells / 2 <= count);
        let bands = if is_filled { rows.div_ceil(BAND) } else { 0 };
        Self { rows, columns, is_turned, bands: (0..bands).map(|_| OnceLock::new()).collect(), built: AtomicUsize::new(0) }
    }

    /// Builds the bands that are not there yet. Several may do so at once.
    ///
    /// # Errors
    /// [`Cancelled`]; what was built stays.
    pub fn build(&self, numbers: Numbers<'_>, token: &Token) -> Result<(), Cancelled> {
        let (field, _) = Field::lying(numbers);
        token.expect(self.bands.len() as u64);
        // A few at a time: what is to be drawn meanwhile gets its turn in between.
        let group = 2 * rayon::current_num_threads().max(1);
        for (number, bands) in self.bands.chunks(group).enumerate() {
            bands.par_iter().enumerate().try_for_each(|(place, band)| {
                token.check()?;
                if band.get().is_none() {
                    let first = (number * group + place) * BAND;
                    if band.set(Band::of(&field, first..(first + BAND).min(field.rows))).is_ok() {
                        self.built.fetch_add(1, Ordering::Relaxed);
                    }
                }
                token.advance(1);
                Ok(())
            })?;
        }
        Ok(())
    }

    pub fn is_complete(&self) -> bool {
        self.built.load(Ordering::Relaxed) == self.bands.len()
    }

    /// How far it is built, in so many steps.
    pub fn progress(&self, steps: usize) -> usize {
        (self.built.load(Ordering::Relaxed) * steps).checked_div(self.bands.len()).unwrap_or(steps)
    }

    /// Bytes of memory that the built bands take.
    pub fn bytes(&self) -> usize {
        let level = |level: &Level| (level.low.len() + level.high.len()) * 4 + level.sums.len() * size_of::<Sum>();
        self.bands.iter().filter_map(OnceLock::get).flat_map(|band| &band.levels).map(level).sum()
    }

    /// How many cells are NaN and how many infinite, as far as it is built.
    pub fn odd_cells(&self) -> (u64, u64) {
        let squares = self.bands.iter().filter_map(OnceLock::get).flat_map(|band| &band.levels[SIDES.len() - 1].sums);
        squares.fold((0, 0), |(nan, infinite), sum| (nan + u64::from(sum.nan), infinite + u64::from(sum.infinite)))
    }

    fn fits(&self, field: &Field<'_>) -> bool {
        !self.bands.is_empty() && (self.rows, self.columns) == (field.rows, field.columns)
    }

    /// The level of squares of a side in a band, if it is built.
    fn level(&self, band: usize, step: usize) -> Option<&Level> {
        let level = SIDES.iter().position(|side| *side == step)?;
        self.bands.get(band)?.get()?.levels.get(level)
    }
}

/// The side of the squares to use at so many cells a pixel: at least 2 and below 4 of them lie along
/// a pixel, so that the work a pixel is bounded; 1 (the cells themselves) below 8 cells a pixel.
pub fn step(cells_per_pixel: f64) -> usize {
    SIDES.into_iter().rev().find(|side| (side * 2) as f64 <= cells_per_pixel).unwrap_or(1)
}

/// A picture cut into pixels: pixel `(x, y)` covers the cells `columns[x]` by `rows[y]`, as starts and ends.
pub struct Cut<'a> {
    pub rows: &'a [(usize, usize)],
    pub columns: &'a [(usize, usize)],
    /// The side of the squares on which all the edges lie.
    pub step: usize,
}

/// One number a pixel, row by row; `None` where a pixel covers no cell. A cancelled one is cut short.
pub fn reduce(
    numbers: Numbers<'_>,
    pyramid: Option<&Pyramid>,
    cut: &Cut<'_>,
    reduction: Reduction,
    centre: f32,
    token: &Token,
) -> Vec<Option<f32>> {
    let (field, is_turned) = Field::lying(numbers);
    let (rows, columns) = if is_turned { (cut.columns, cut.rows) } else { (cut.rows, cut.columns) };
    let has_squares = cut.step > 1 && (reduction == Reduction::Extreme || cut.step >= SUMMED);
    let pyramid = pyramid.filter(|pyramid| has_squares && pyramid.fits(&field) && pyramid.is_turned == is_turned);
    let mut found = vec![None; rows.len() * columns.len()];
    let lines = found.par_chunks_mut(columns.len().max(1)).zip(rows);
    let grain = |step| Grain::new(columns, field.columns, step);
    let work = Work { field: &field, pyramid, columns, cells: grain(1), squares: grain(cut.step), centre };
    lines.for_each_init(Scratch::default, |scratch, (found, span)| {
        if token.is_cancelled() {
            return;
        }
        match reduction {
            Reduction::Extreme => work.extremes(*span, found, scratch),
            Reduction::Mean => work.means(*span, found, scratch),
        }
    });
    if is_turned { transposed(&found, cut.rows.len()) } else { found }
}

/// Rows of `width` entries as columns.
fn transposed<T: Copy + Send + Sync>(entries: &[T], width: usize) -> Vec<T> {
    let height = entries.len().checked_div(width).unwrap_or(0);
    (0..width).into_par_iter().flat_map_iter(|x| (0..height).filter_map(move |y| entries.get(y * width + x).copied())).collect()
}

/// Of the extremes of some cells the one farther from the centre.
#[inline(always)]
fn farther(low: f32, high: f32, centre: f32) -> Option<f32> {
    if low.is_nan() {
        return Some(f32::NAN);
    }
    if low > high {
        return None;
    }
    let (below, above) = (f64::from(centre) - f64::from(low), f64::from(high) - f64::from(centre));
    Some(std::hint::select_unpredictable(above >= below, high, low))
}

#[derive(Default)]
struct Scratch {
    row: Vec<f32>,
    extremes: Extremes,
    wide: Extremes,
    sums: Vec<(f64, u64)>,
}

struct Work<'a> {
    field: &'a Field<'a>,
    pyramid: Option<&'a Pyramid>,
    columns: &'a [(usize, usize)],
    cells: Grain,
    squares: Grain,
    centre: f32,
}

/// The columns of cells or squares that pixels cover.
struct Grain {
    /// Cells along a side.
    step: usize,
    /// From the first that any pixel covers to behind the last.
    first: usize,
    last: usize,
    /// Those of each pixel, counted from the first.
    spans: Spans,
}

impl Grain {
    fn new(columns: &[(usize, usize)], limit: usize, step: usize) -> Self {
        let (first, last) = hull(columns, limit);
        let (first, last) = (first / step, last.div_ceil(step));
        let spans = columns.iter().map(|(start, end)| match start < end {
            true => within((start / step, end.div_ceil(step)), first, last),
            false => 0..0,
        });
        Self { step, first, last, spans: Spans::new(spans) }
    }
}

/// Where the numbers of a row of pixels come from.
enum Rows {
    Cells(Range<usize>),
    /// Rows of squares.
    Squares(Range<usize>),
}

impl Work<'_> {
    /// Squares, where there are some and all are built; one row of cells for all, where they are not yet.
    fn rows(&self, (top, bottom): (usize, usize)) -> Rows {
        let bottom = bottom.min(self.field.rows);
        let Some(pyramid) = self.pyramid.filter(|_| top < bottom) else { return Rows::Cells(top..bottom.max(top)) };
        let is_built = (top / BAND..bottom.div_ceil(BAND)).all(|band| pyramid.level(band, self.squares.step).is_some());
        if is_built {
            return Rows::Squares(top / self.squares.step..bottom.div_ceil(self.squares.step));
        }
        let middle = usize::midpoint(top, bottom);
        Rows::Cells(middle..middle + 1)
    }

    /// The level that a row of squares lies in, and the squares of that row.
    fn squares(&self, row: usize) -> Option<(&Level, Range<usize>)> {
        let per_band = BAND / self.squares.step;
        let level = self.pyramid?.level(row / per_band, self.squares.step)?;
        let start = row % per_band * level.columns;
        Some((level, start..start + level.columns))
    }

    fn grain(&self, rows: &Rows) -> &Grain {
        match rows {
            Rows::Cells(_) => &self.cells,
            Rows::Squares(_) => &self.squares,
        }
    }

    fn extremes(&self, span: (usize, usize), found: &mut [Option<f32>], scratch: &mut Scratch) {
        let rows = self.rows(span);
        let Grain { first, last, spans, .. } = self.grain(&rows);
        let (first, last) = (*first, *last);
        let Scratch { row: cells, extremes, wide, .. } = scratch;
        extremes.clear(last - first);
        match rows {
            Rows::Cells(rows) => {
                for row in rows {
                    self.field.with_row(row, first, last - first, cells, |cells| extremes.widen(cells, cells));
                }
            }
            Rows::Squares(rows) => {
                for (level, squares) in rows.filter_map(|row| self.squares(row)) {
                    let squares = squares.start + first..squares.end;
                    if let (Some(lows), Some(highs)) = (level.low.get(squares.clone()), level.high.get(squares)) {
                        extremes.widen(lows, highs);
                    }
                }
            }
        }
        spans.each(extremes, wide, |pixel, low, high| found[pixel] = farther(low, high, self.centre));
    }

    fn means(&self, span: (usize, usize), found: &mut [Option<f32>], scratch: &mut Scratch) {
        let rows = self.rows(span);
        let Grain { step, first, last, .. } = self.grain(&rows);
        let (first, last) = (*first, *last);
        let Scratch { row: cells, sums, .. } = scratch;
        sums.clear();
        sums.resize(last - first, (0.0, 0));
        match rows {
            Rows::Cells(rows) => {
                for row in rows {
                    self.field.with_row(row, first, last - first, cells, |cells| {
                        sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum = (sum.0 + f64::from(*cell), sum.1 + 1));
                    });
                }
            }
            Rows::Squares(rows) => {
                for (level, squares) in rows.filter_map(|row| self.squares(row)) {
                    let squares = level.sums.get(squares.start + first..squares.end).unwrap_or_default();
                    for (sum, square) in sums.iter_mut().zip(squares) {
                        if square.cells > 0 {
                            *sum = (sum.0 + f64::from(square.mean) * f64::from(square.cells), sum.1 + u64::from(square.cells));
                        }
                    }
                }
            }
        }
        for (number, (start, end)) in found.iter_mut().zip(self.columns) {
            let span = if start < end { within((start / step, end.div_ceil(*step)), first, last) } else { 0..0 };
            let (sum, count) = sums.get(span).unwrap_or_default().iter().fold((0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            *number = (count > 0).then(|| (sum / count as f64) as f32);
        }
    }
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

impl Band {
    fn of(field: &Field<'_>, rows: Range<usize>) -> Self {
        let width = field.columns;
        let [across4, across16] = [4, 16].map(|side| width.div_ceil(side));
        let [down4, down16] = [4, 16].map(|side| rows.len().div_ceil(side));
        let squares = down4 * across4;
        let (mut low4, mut high4) = (Vec::with_capacity(squares), Vec::with_capacity(squares));
        let mut sums16 = vec![Total::default(); down16 * across16];
        let (mut four, mut scratch) = (Extremes::default(), Vec::new());
        for quad in 0..down4 {
            four.clear(width);
            let sums = &mut sums16[quad / 4 * across16..][..across16];
            for row in (rows.start + quad * 4..rows.end).take(4) {
                field.with_row(row, 0, width, &mut scratch, |cells| {
                    four.widen(cells, cells);
                    dispatch!(fearless_simd::Level::new(), _ => add_up(cells, sums));
                });
            }
            four.fold_by(4, &mut low4, &mut high4);
        }
        let of4 = Level { columns: across4, low: low4, high: high4, sums: Vec::new() };
        let of8 = of4.coarser();
        let of16 = of8.coarser();
        let of32 = of16.coarser();
        let of64 = of32.coarser();
        let sums32 = coarser_sums(&sums16, of16.columns);
        let sums64 = coarser_sums(&sums32, of32.columns);
        let with = |level, totals: &[Total]| Level { sums: totals.iter().map(Total::sum).collect(), ..level };
        Self { levels: [of4, of8, with(of16, &sums16), with(of32, &sums32), with(of64, &sums64)] }
    }
}

/// A [`Sum`] while it is being added up.
#[derive(Clone, Copy, Default)]
struct Total {
    sum: f64,
    cells: u16,
    nan: u16,
    infinite: u16,
}

impl Total {
    #[inline(always)]
    fn add(&mut self, cells: &[f32]) {
        let (mut sum, mut nan, mut infinite) = (0.0f64, 0u16, 0u16);
        for cell in cells {
            sum += f64::from(*cell);
            nan += u16::from(cell.is_nan());
            infinite += u16::from(cell.is_infinite());
        }
        *self = self.plus(&Self { sum, cells: cells.len() as u16, nan, infinite });
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            cells: self.cells + other.cells,
            nan: self.nan + other.nan,
            infinite: self.infinite + other.infinite,
        }
    }

    fn sum(&self) -> Sum {
        let &Self { sum, cells, nan, infinite } = self;
        Sum { mean: (sum / f64::from(cells)) as f32, cells, nan, infinite }
    }
}

/// Adds a row of cells to the squares of 16 that it runs through.
#[inline(always)]
fn add_up(cells: &[f32], sums: &mut [Total]) {
    let (whole, rest) = cells.as_chunks::<16>();
    whole.iter().zip(&mut *sums).for_each(|(cells, sum)| sum.add(cells));
    sums.iter_mut().skip(whole.len()).take(1).for_each(|sum| sum.add(rest));
}

impl Level {
    /// Squares of twice the side, without sums.
    fn coarser(&self) -> Self {
        let columns = self.columns.max(1);
        let squares = self.low.len().div_ceil(2 * columns) * columns.div_ceil(2);
        let (mut low, mut high) = (Vec::with_capacity(squares), Vec::with_capacity(squares));
        let pairs = self.low.chunks(2 * columns).zip(self.high.chunks(2 * columns));
        for (lows, highs) in pairs {
            let mut row = Extremes::default();
            row.clear(columns);
            lows.chunks(columns).zip(highs.chunks(columns)).for_each(|(lows, highs)| row.widen(lows, highs));
            row.fold_by(2, &mut low, &mut high);
        }
        Self { columns: columns.div_ceil(2), low, high, sums: Vec::new() }
    }
}

/// Sums of squares of twice the side.
fn coarser_sums(totals: &[Total], columns: usize) -> Vec<Total> {
    let columns = columns.max(1);
    let mut coarse = Vec::new();
    for rows in totals.chunks(2 * columns) {
        for left in (0..columns).step_by(2) {
            let squares = rows.chunks(columns).flat_map(|row| row.iter().skip(left).take(2));
            coarse.push(squares.fold(Total::default(), |sum, total| sum.plus(total)));
        }
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        for (cells, expected) in
            [(0.5, 1), (7.9, 1), (8.0, 4), (15.9, 4), (16.0, 8), (32.0, 16), (64.0, 32), (128.0, 64), (1e18, 64), (f64::INFINITY, 64)]
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
        let turned = |shape: &[usize], layout| View::default_for(shape, Some(layout), 1.0).runs_down();
        assert_eq!([turned(&[4, 5], "OI"), turned(&[4, 5], "IO"), turned(&[1, 3, 3, 8], "1HWO")], [false, true, false]);
    }

    fn numbers<'a>(values: &'a Vec<f32>, view: &'a View) -> Numbers<'a> {
        Numbers { values, view, scales: None, test: None }
    }

    /// Means and counts of every square beside those of its cells.
    #[test]
    fn squares_keep_mean_and_counts() {
        for layout in ["OI", "IO"] {
            let view = View::default_for(&[130, 70], Some(layout), 1.0);
            let mut values: Vec<f32> = (0..130 * 70u16).map(|value| f32::from(value % 97) * 0.25).collect();
            (values[5], values[4000], values[9099]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
            let pyramid = Pyramid::new(&view, values.len());
            pyramid.build(numbers(&values, &view), &Token::new()).unwrap();
            assert!(pyramid.is_complete() && pyramid.odd_cells() == (1, 2) && pyramid.is_turned == (layout == "IO"));
            let level = pyramid.level(1, 64).unwrap();
            // Rows 64 to 128, columns 0 to 64 of the tensor, whichever way it lies.
            let cells = (64..128).flat_map(|row| (0..64).map(move |column| row * 70 + column));
            let mean = cells.map(|cell| f64::from(values[cell])).sum::<f64>() / 4096.0;
            assert_eq!((level.sums[0].mean, level.sums[0].cells), (mean as f32, 4096));
            let edge = pyramid.level(2, 16).unwrap().sums.last().copied().unwrap();
            assert_eq!((edge.cells, edge.infinite), (2 * 6, 1));
            assert!(pyramid.bytes() > 0);
        }
    }

    /// While it is built, every pixel shows something, and what is built shows everything.
    #[test]
    fn a_coarse_picture_comes_first() {
        let view = View::default_for(&[256, 256], Some("OI"), 1.0);
        let mut values = vec![1.0; 256 * 256];
        values[3] = 9.0;
        let spans: Vec<_> = (0..16).map(|pixel| (pixel * 16, pixel * 16 + 16)).collect();
        let cut = Cut { rows: &spans, columns: &spans, step: 4 };
        let pyramid = Pyramid::new(&view, values.len());
        let shown = |pyramid: &Pyramid| reduce(numbers(&values, &view), Some(pyramid), &cut, Reduction::Extreme, 0.0, &Token::new());
        assert!(!pyramid.is_complete() && shown(&pyramid).iter().all(|number| *number == Some(1.0)));
        pyramid.build(numbers(&values, &view), &Token::new()).unwrap();
        assert_eq!((pyramid.progress(8), shown(&pyramid)[0]), (8, Some(9.0)));
        let token = Token::new();
        token.cancel();
        assert_eq!(Pyramid::new(&view, values.len()).build(numbers(&values, &view), &token), Err(Cancelled));
    }
}
