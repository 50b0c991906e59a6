//! A view's cells as pixels.
//!
//! Magnified, a pixel shows the cell under its centre, with lines between cells and between
//! kernels; reduced, it shows one number for all the cells under it (see [`Reduction`]). Every
//! pixel is computed from the arguments alone, so that a picture is the same on the screen, in a
//! file and in pieces.

use rayon::prelude::*;

use super::field::{Field, KernelScales, Numbers, Test};
use super::font::{self, Font};
use super::paint::{self, Paint, Scratch};
use super::pyramid::{self, Cut};
use super::{Image, Pyramid, Reduction, Rgba, blend, hatch, lines, luminance, number, raster};
use crate::colormap::{Colours, Rgb};
use crate::jobs::Token;
use crate::values::Blocks;
use crate::view::View;

/// The longest side of an image in pixels.
pub const MAX_SIDE: u32 = 32_768;

/// Pixels a cell from which kernels are set apart.
pub const GAP_SCALE: f64 = 3.0;
/// Pixels a cell from which the gap is two pixels wide, one on either side of the edge.
pub(super) const WIDE_GAP_SCALE: f64 = 16.0;
/// Pixels a cell from which lines are drawn between cells.
pub const GRID_SCALE: f64 = 8.0;
/// Pixels a cell from which numbers are written into cells.
pub const NUMBER_SCALE: f64 = 48.0;

/// The part of a picture that an image shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// The place in the picture of the image's upper left corner, in cells: across, down.
    pub origin: [f64; 2],
    /// Pixels a cell: across, down. Above 0; usually the same.
    pub scale: [f64; 2],
    /// In pixels.
    pub width: u32,
    pub height: u32,
}

/// The colours that are not data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink {
    /// Where there is no cell.
    pub background: Rgba,
    /// Between kernels.
    pub gap: Rgb,
}

/// How to draw, the values' colours apart.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub ink: Ink,
    pub reduction: Reduction,
    /// Lines between cells from 8 pixels a cell.
    pub grid: bool,
    /// Numbers in cells from 48 pixels a cell.
    pub numbers: bool,
    /// One that was made for the same values and view, to be quick.
    pub pyramid: Option<&'a Pyramid>,
    /// Each kernel on its own scale: the colours are those of the parts of its largest magnitude.
    pub scales: Option<&'a KernelScales>,
    /// Cells that are meant: the others are dimmed.
    pub marked: Option<Marked<'a>>,
    /// Cells that are painted in [`SATURATED`](crate::colormap::SATURATED).
    pub saturated: Option<Marked<'a>>,
    /// Kernels of nothing but zeros are hatched, from 6 pixels a kernel.
    pub hatched: bool,
    /// Cancelled, a picture is left unfinished.
    pub token: Option<&'a Token>,
}

/// Cells told by numbers of their own, of the same shape as the values.
#[derive(Clone, Copy)]
pub struct Marked<'a> {
    pub values: &'a dyn Blocks,
    pub test: Test,
}

/// A number to be written into a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The cell's middle, in pixels from the image's upper left corner: across, down.
    pub at: [f64; 2],
    pub text: String,
    /// Black or white, what is better to read on the cell.
    pub colour: Rgb,
    /// Font size in pixels.
    pub size: f32,
}

impl Viewport {
    /// The whole picture at a scale, in pixels a cell. No part of a cell is cut off.
    pub fn whole(view: &View, scale: [f64; 2]) -> Self {
        // A product like 3 * (1 / 3) must not become a pixel more.
        let side = |cells: usize, scale: f64| (cells as f64 * scale - 1e-6).ceil().clamp(0.0, f64::from(MAX_SIDE)) as u32;
        Self { origin: [0.0; 2], scale, width: side(view.columns(), scale[0]), height: side(view.rows(), scale[1]) }
    }

    /// The cell (row, column) under a point, in pixels from the image's upper left corner.
    pub fn cell_at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let place = |origin: f64, scale: f64, pixels: f64| {
            let place = (origin + pixels / scale).floor();
            (0.0..usize::MAX as f64).contains(&place).then_some(place as usize)
        };
        Some((place(self.origin[1], self.scale[1], y)?, place(self.origin[0], self.scale[0], x)?))
    }

    fn is_sound(&self) -> bool {
        self.scale.iter().all(|scale| scale.is_finite() && *scale > 0.0) && self.origin.iter().all(|origin| origin.is_finite())
    }
}

impl Options<'_> {
    /// Grid and numbers where there is room, extremes where there is not.
    pub fn new(ink: Ink) -> Self {
        Self {
            ink,
            reduction: Reduction::Extreme,
            grid: true,
            numbers: true,
            pyramid: None,
            scales: None,
            marked: None,
            saturated: None,
            hatched: true,
            token: None,
        }
    }

    fn is_cancelled(&self) -> bool {
        self.token.is_some_and(Token::is_cancelled)
    }
}

/// Draws the values of a tensor, in C order of the view's shape. Values that are missing at the
/// end are drawn as NaN. Sides above [`MAX_SIDE`] are cut.
pub fn heatmap(values: &dyn Blocks, view: &View, colours: &Colours, viewport: &Viewport, options: &Options<'_>) -> Image {
    let mut image = Image::filled(viewport.width, viewport.height, options.ink.background);
    if image.pixels.is_empty() || values.is_empty() || !viewport.is_sound() {
        return image;
    }
    let planes = paint::planes(view);
    let paint = Paint::new(values, &planes, colours, options);
    if viewport.scale.iter().all(|scale| *scale >= 1.0) {
        magnified(&paint, viewport, &mut image);
    } else {
        reduced(&paint, viewport, &mut image);
    }
    if options.hatched {
        hatch::draw(&Field::new(Numbers { values, view, scales: None, test: None }), view, viewport, options, &mut image);
    }
    lines::draw(view, viewport, options.ink.gap, &mut image);
    let labels = if options.numbers { labels(values, view, colours, viewport, options) } else { Vec::new() };
    if !labels.is_empty() {
        let mut canvas = raster::Canvas::over(image);
        for label in labels {
            let [red, green, blue] = label.colour;
            let at = [label.at[0] as f32, label.at[1] as f32 + font::cap_height(Font::Mono, label.size) / 2.0];
            canvas.text(&label.text, Font::Mono, label.size, at, font::Anchor::Middle, [red, green, blue, 255]);
        }
        image = canvas.into_image();
    }
    image
}

/// The numbers to be written into the cells of an image; none below 48 pixels a cell, and none into
/// cells that show three.
pub fn labels(values: &dyn Blocks, view: &View, colours: &Colours, viewport: &Viewport, options: &Options<'_>) -> Vec<Label> {
    let scale = viewport.scale[0].min(viewport.scale[1]);
    if scale < NUMBER_SCALE || !viewport.is_sound() || view.colour_axis().is_some() || values.is_empty() {
        return Vec::new();
    }
    let span = |axis: usize, pixels: u32, cells: usize| {
        let first = viewport.origin[axis].floor().max(0.0) as usize;
        let last = (viewport.origin[axis] + f64::from(pixels.min(MAX_SIDE)) / viewport.scale[axis]).ceil().max(0.0) as usize;
        first..last.min(cells)
    };
    let mut labels = Vec::new();
    let columns = span(0, viewport.width, view.columns());
    let planes = paint::planes(view);
    let paint = Paint::new(values, &planes, colours, options);
    let plain = Field::new(Numbers { values, view, scales: None, test: None });
    let (mut scratch, mut numbers) = (Scratch::default(), Vec::new());
    for row in span(1, viewport.height, view.rows()) {
        paint.row(row, columns.start, columns.len(), &mut scratch);
        plain.with_row(row, columns.start, columns.len(), &mut numbers, |numbers| {
            for ((column, value), colour) in columns.clone().zip(numbers).zip(&scratch.colours) {
                let at = [(column, 0), (row, 1)]
                    .map(|(cell, axis): (usize, usize)| (cell as f64 + 0.5 - viewport.origin[axis]) * viewport.scale[axis]);
                let text = number::significant(f64::from(*value), 4);
                labels.push(Label { at, text, colour: ink_on(*colour), size: 0.0 });
            }
        });
    }
    // One size for all, so that none stands out: what the longest text needs.
    let widest = labels.iter().map(|label| font::width(Font::Mono, 1.0, &label.text)).fold(1.0, f32::max);
    let size = (viewport.scale[0] as f32 * 0.9 / widest).min(scale as f32 * 0.22).clamp(6.0, 28.0);
    labels.iter_mut().for_each(|label| label.size = size);
    labels
}

/// Black or white, whichever stands out more.
pub fn ink_on(colour: Rgb) -> Rgb {
    // Equal contrast with both is at a luminance of 0.179.
    if luminance(colour) > 0.179 { [0; 3] } else { [255; 3] }
}

/// What lies at a pixel column or row.
#[derive(Clone, Copy, PartialEq)]
struct Slot {
    /// The cell under the pixel's middle.
    cell: usize,
    line: Line,
}

#[derive(Clone, Copy, PartialEq)]
enum Line {
    None,
    Grid,
    Gap,
}

fn magnified(paint: &Paint<'_>, viewport: &Viewport, image: &mut Image) {
    let (view, options) = (paint.view, paint.options);
    let (block_rows, block_columns) = view.block_size();
    let least = viewport.scale[0].min(viewport.scale[1]);
    let lines = |block: usize| Lines {
        block: if view.has_gaps() && least >= GAP_SCALE { block } else { 0 },
        is_wide: least >= WIDE_GAP_SCALE,
        has_grid: options.grid && least >= GRID_SCALE,
    };
    let columns = slots(image.width, viewport.origin[0], viewport.scale[0], view.columns(), lines(block_columns));
    let rows = slots(image.height, viewport.origin[1], viewport.scale[1], view.rows(), lines(block_rows));
    // The pixel columns that lie in the picture.
    let Some(left) = columns.iter().position(Option::is_some) else { return };
    let columns: Vec<Slot> = columns.into_iter().flatten().collect();
    let first = columns.first().map_or(0, |slot| slot.cell);
    let count = columns.last().map_or(0, |slot| slot.cell + 1) - first;
    // Of each column of cells the pixels that are alike.
    let runs: Vec<(Slot, usize)> = columns.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let has_grid = runs.iter().any(|(slot, _)| slot.line == Line::Grid);

    let row_bytes = image.row_bytes();
    let bands = image.pixels.par_chunks_mut(row_bytes * 32).zip(rows.par_chunks(32));
    bands.for_each_init(Scratch::default, |scratch, (pixels, rows)| {
        if options.is_cancelled() {
            return;
        }
        let mut shades = Vec::new();
        let mut last: Option<(Slot, usize)> = None;
        for (y, row) in rows.iter().enumerate() {
            let Some(row) = *row else { continue };
            let start = y * row_bytes;
            if let Some((same, from)) = last
                && same == row
            {
                pixels.copy_within(from..from + row_bytes, start);
                continue;
            }
            // Of a grid line's row the cells are those of the rows beside it.
            if last.is_none_or(|(last, _)| last.cell != row.cell) {
                paint.row(row.cell, first, count, scratch);
                shades.clear();
                if has_grid || row.line == Line::Grid {
                    shades.extend(scratch.colours.iter().map(|colour| grid_on(*colour)));
                }
            }
            let row_pixels = pixels.get_mut(start..start + row_bytes).unwrap_or_default();
            let mut rest = row_pixels.as_chunks_mut::<4>().0.get_mut(left..).unwrap_or_default();
            for (slot, len) in &runs {
                let (here, after) = rest.split_at_mut((*len).min(rest.len()));
                rest = after;
                let Some(colour) = scratch.colours.get(slot.cell - first) else { continue };
                let [red, green, blue] = match (row.line, slot.line) {
                    (Line::Gap, _) | (_, Line::Gap) => options.ink.gap,
                    (Line::None, Line::None) => *colour,
                    _ => shades.get(slot.cell - first).copied().unwrap_or(*colour),
                };
                here.fill([red, green, blue, 255]);
            }
            last = Some((row, start));
        }
    });
}

/// A line between cells: a shade of the cell it lies on.
fn grid_on(colour: Rgb) -> Rgb {
    if luminance(colour) > 0.12 { blend(colour, [0; 3], 40) } else { blend(colour, [255; 3], 40) }
}

#[derive(Clone, Copy)]
struct Lines {
    /// Cells from gap to gap; 0 for none.
    block: usize,
    is_wide: bool,
    has_grid: bool,
}

/// The cell and line at every pixel of one direction; `None` outside the picture.
fn slots(pixels: u32, origin: f64, scale: f64, cells: usize, lines: Lines) -> Vec<Option<Slot>> {
    let cell = |pixel: f64| {
        let place = (origin + (pixel + 0.5) / scale).floor();
        if place >= 0.0 && place < cells as f64 { Some(place as usize) } else { None }
    };
    let is_edge = |cell: usize| lines.block > 0 && cell.is_multiple_of(lines.block);
    (0..pixels)
        .map(|pixel| {
            let pixel = f64::from(pixel);
            let here = cell(pixel)?;
            let begins = here > 0 && cell(pixel - 1.0) != Some(here);
            let next = cell(pixel + 1.0).filter(|next| *next != here);
            let line = if (begins && is_edge(here)) || (lines.is_wide && next.is_some_and(is_edge)) {
                Line::Gap
            } else if begins && lines.has_grid {
                Line::Grid
            } else {
                Line::None
            };
            Some(Slot { cell: here, line })
        })
        .collect()
}

fn reduced(paint: &Paint<'_>, viewport: &Viewport, image: &mut Image) {
    let (view, options) = (paint.view, paint.options);
    let step = pyramid::step((1.0 / viewport.scale[0]).min(1.0 / viewport.scale[1]));
    let columns = spans(image.width, viewport.origin[0], viewport.scale[0], view.columns(), step);
    let rows = spans(image.height, viewport.origin[1], viewport.scale[1], view.rows(), step);
    paint.reduced(&Cut { rows: &rows, columns: &columns, step }, &mut image.pixels, options);
}

/// The cells under every pixel of one direction, as starts and ends that are multiples of `step`
/// or the picture's end. Of neighbouring pixels each begins where the other ends: no cell that
/// lies under the image is left out, none counts twice.
fn spans(pixels: u32, origin: f64, scale: f64, cells: usize, step: usize) -> Vec<(usize, usize)> {
    if scale >= 1.0 {
        let no_lines = Lines { block: 0, is_wide: false, has_grid: false };
        let slots = slots(pixels, origin, scale, cells, no_lines).into_iter();
        return slots.map(|slot| slot.map_or((0, 0), |slot| (slot.cell, slot.cell + 1))).collect();
    }
    let edge = |pixel: u32| {
        let place = origin + f64::from(pixel) / scale;
        if place <= 0.0 {
            0
        } else if place >= cells as f64 - 1e-6 {
            cells
        } else {
            // The last edge before the end stays before it, or the last pixel would be empty.
            ((place / step as f64).round() as usize).min((cells - 1) / step).saturating_mul(step)
        }
    };
    (0..pixels).map(|pixel| (edge(pixel), edge(pixel + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colormap::{self, Limits, Map, Norm};

    const INK: Ink = Ink { background: [0, 0, 0, 0], gap: [9, 9, 9] };
    const CODES: Colours = Colours { map: Map::Viridis, limits: Limits { low: 0.0, high: 255.0 }, norm: Norm::Linear };

    fn options<'a>() -> Options<'a> {
        Options { grid: false, numbers: false, ..Options::new(INK) }
    }

    /// The image as rows of the values whose colour it shows; -1 for background, -2 for a gap.
    fn shown(image: &Image) -> Vec<Vec<i32>> {
        let rows = 0..image.height();
        rows.map(|y| {
            let pixels = (0..image.width()).map(|x| image.pixel(x, y).unwrap());
            let value = |[red, green, blue, opacity]: Rgba| match [red, green, blue] {
                _ if opacity == 0 => -1,
                [9, 9, 9] => -2,
                colour => Map::Viridis.table().iter().position(|entry| *entry == colour).map_or(-3, |entry| entry as i32),
            };
            pixels.map(value).collect()
        })
        .collect()
    }

    #[test]
    fn nearest_neighbour() {
        let view = View::default_for(&[2, 3], None, 1.0);
        let values = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
        let image = heatmap(&values, &view, &CODES, &Viewport::whole(&view, [2.0, 2.0]), &options());
        assert_eq!(shown(&image), [[10, 10, 20, 20, 30, 30], [10, 10, 20, 20, 30, 30], [40, 40, 50, 50, 60, 60], [40, 40, 50, 50, 60, 60]]);
        // A fractional scale and a place half outside.
        let viewport = Viewport { origin: [-1.0, 0.25], scale: [1.5, 1.0], width: 7, height: 3 };
        let image = heatmap(&values, &view, &CODES, &viewport, &options());
        assert_eq!(shown(&image), [[-1, 10, 10, 20, 30, 30, -1], [-1, 40, 40, 50, 60, 60, -1], [-1; 7]]);
    }

    #[test]
    fn gaps_between_kernels_and_the_empty_end() {
        let view = View::default_for(&[3, 1, 2], Some("OHW"), 2.0);
        assert_eq!((view.rows(), view.columns(), view.wrap()), (2, 4, Some(2)));
        let values = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0];
        let image = heatmap(&values, &view, &CODES, &Viewport::whole(&view, [3.0, 3.0]), &options());
        let top = [10, 10, 10, 20, 20, 20, -2, 30, 30, 40, 40, 40];
        let gap = [-2, -2, -2, -2, -2, -2, -1, -1, -1, -1, -1, -1];
        let bottom = [50, 50, 50, 60, 60, 60, -1, -1, -1, -1, -1, -1];
        assert_eq!(shown(&image), [top, top, top, gap, bottom, bottom]);
    }

    #[test]
    fn grid_lines_shade_the_cell() {
        let view = View::default_for(&[2], None, 1.0);
        let options = Options { grid: true, ..options() };
        let greys = Colours { map: Map::Greys, ..CODES };
        let image = heatmap(&[255.0, 0.0], &view, &greys, &Viewport::whole(&view, [8.0, 8.0]), &options);
        let row: Vec<_> = (0..16).map(|x| image.pixel(x, 3).unwrap()[0]).collect();
        assert_eq!(row, [255, 255, 255, 255, 255, 255, 255, 255, 40, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn odd_numbers_have_their_colours() {
        let view = View::default_for(&[4], None, 1.0);
        let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 300.0];
        let image = heatmap(&values, &view, &CODES, &Viewport::whole(&view, [1.0, 1.0]), &options());
        let colours = [colormap::NAN, colormap::POSITIVE_INFINITY, colormap::NEGATIVE_INFINITY, Map::Viridis.table()[255]];
        for (x, [red, green, blue]) in (0..).zip(colours) {
            assert_eq!(image.pixel(x, 0), Some([red, green, blue, 255]));
        }
    }

    /// Whatever the scale and place, every extreme shows, with a pyramid as without.
    #[test]
    fn extremes_never_vanish() {
        let shapes: &[(&[usize], Option<&str>)] =
            &[(&[97, 203], None), (&[203, 97], Some("IO")), (&[16, 11, 5, 3], Some("OHWI")), (&[60, 3, 5, 7], None), (&[5000], None)];
        for (shape, layout) in shapes {
            let mut view = View::default_for(shape, *layout, 1.0);
            if shape.len() == 4 && layout.is_none() {
                // Axes that are not neighbours, wrapped together.
                view.move_axis(1, crate::view::Place::CellRows, 0);
                view.move_axis(2, crate::view::Place::Rows, 9);
                view.set_wrap(Some(11));
            }
            let mut values = vec![100.0; shape.iter().product()];
            let outliers = [0, values.len() / 3, values.len() / 2, values.len() - 1];
            outliers.iter().zip([200.0, f32::NAN, 255.0, 180.0]).for_each(|(at, value)| values[*at] = value);
            let pyramid = Pyramid::new(&view, values.len());
            pyramid.build(Numbers { values: &values, view: &view, scales: None, test: None }, &Token::new()).unwrap();
            for scale in [0.9, 0.5, 0.33, 0.125, 0.1, 1.0 / 17.0, 0.03, 0.01] {
                let viewport = Viewport::whole(&view, [scale, scale]);
                let image = heatmap(&values, &view, &CODES, &viewport, &options());
                let with = Options { pyramid: Some(&pyramid), ..options() };
                assert!(image == heatmap(&values, &view, &CODES, &viewport, &with), "{shape:?} {scale}");
                let pixels = image.pixels().as_chunks::<4>().0;
                assert_eq!(pixels.iter().filter(|pixel| pixel[..3] == colormap::NAN).count(), 1, "{shape:?} {scale}");
                if image.width() > 20 {
                    let shown = shown(&image).concat();
                    assert!([180, 200, 255].iter().all(|value| shown.contains(value)), "{shape:?} {scale}");
                    assert!(shown.iter().all(|value| [-3, -1, 100, 180, 200, 255].contains(value)));
                }
            }
        }
    }

    #[test]
    fn reductions() {
        let view = View::default_for(&[2, 4], None, 1.0);
        let values = [0.0, 10.0, 120.0, 127.0, 20.0, 30.0, 128.0, 140.0];
        let viewport = Viewport::whole(&view, [0.5, 0.5]);
        let mean = Options { reduction: Reduction::Mean, ..options() };
        assert_eq!(shown(&heatmap(&values, &view, &CODES, &viewport, &options())), [[0, 140]]);
        assert_eq!(shown(&heatmap(&values, &view, &CODES, &viewport, &mean)), [[15, 129]]);
        // Reduced across, magnified down.
        let viewport = Viewport::whole(&view, [0.25, 2.0]);
        assert_eq!(shown(&heatmap(&values, &view, &CODES, &viewport, &mean)), [[64], [64], [79], [79]]);
    }

    /// A part of a picture is the same as that part of the whole.
    #[test]
    fn parts_are_the_same_as_the_whole() {
        let view = View::default_for(&[12, 5, 3, 3], Some("OIHW"), 1.0);
        let values: Vec<f32> = (0..540).map(|value| (value % 256) as f32).collect();
        let options = Options { grid: true, ..options() };
        for scale in [3.0, 5.3, 9.0, 17.0] {
            let whole = heatmap(&values, &view, &CODES, &Viewport::whole(&view, [scale; 2]), &options);
            let (x, y) = (31u32, 17u32);
            let origin = [f64::from(x) / scale, f64::from(y) / scale];
            let part = heatmap(&values, &view, &CODES, &Viewport { origin, scale: [scale; 2], width: 10, height: 9 }, &options);
            // The first pixel knows no neighbour outside: both are computed from cells, not pixels.
            for (dx, dy) in (0..10).flat_map(|dx| (0..9).map(move |dy| (dx, dy))) {
                assert_eq!(part.pixel(dx, dy), whole.pixel(x + dx, y + dy), "{scale} {dx} {dy}");
            }
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let empty = View::default_for(&[0, 7], None, 1.0);
        let viewport = Viewport { origin: [0.0; 2], scale: [4.0; 2], width: 3, height: 2 };
        for (view, values) in [(&empty, vec![]), (&View::default_for(&[2, 2], None, 1.0), vec![1.0])] {
            for scale in [4.0, 0.25, f64::NAN, 0.0, -1.0, f64::INFINITY, 1e-300] {
                let image = heatmap(&values, view, &CODES, &Viewport { scale: [scale; 2], ..viewport }, &Options::new(INK));
                assert_eq!((image.width(), image.height()), (3, 2));
            }
        }
        assert_eq!(
            heatmap(&[1.0], &View::default_for(&[], None, 1.0), &CODES, &Viewport { width: 0, ..viewport }, &options()).pixels(),
            [0u8; 0]
        );
    }

    #[test]
    fn numbers_are_written_from_48_pixels() {
        let view = View::default_for(&[2], None, 1.0);
        let at = |scale: f64| labels(&[-0.012_345_6, 250.0], &view, &CODES, &Viewport::whole(&view, [scale; 2]), &options());
        assert_eq!(at(47.0), []);
        let texts: Vec<_> = at(48.0).into_iter().map(|label| (label.text, label.at, label.colour)).collect();
        assert_eq!(texts, [("-0.01235".into(), [24.0, 24.0], [255; 3]), ("250".into(), [72.0, 24.0], [0; 3])]);
    }
}
