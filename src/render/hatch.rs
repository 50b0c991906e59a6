//! Dead kernels: blocks of nothing but zeros, hatched so that nobody takes them for very small ones.

use super::field::Field;
use super::heatmap::{Options, Viewport};
use super::{Image, blend, luminance};
use crate::view::View;

/// Pixels a kernel from which it is hatched.
const LEAST: f64 = 6.0;
/// Larger blocks are no kernels.
const MOST_CELLS: usize = 1 << 16;
/// Pixels from stroke to stroke, along a row.
const STEP: i64 = 6;

/// Hatches the dead kernels in sight. `field` has the values as they are.
pub fn draw(field: &Field<'_>, view: &View, viewport: &Viewport, options: &Options<'_>, image: &mut Image) {
    let (height, width) = view.block_size();
    let sides = [width as f64 * viewport.scale[0], height as f64 * viewport.scale[1]];
    if !view.has_blocks() || height.saturating_mul(width) > MOST_CELLS || view.colour_axis().is_some() || sides[0].min(sides[1]) < LEAST {
        return;
    }
    let in_sight = |axis: usize, pixels: u32, blocks: usize| {
        let start = (viewport.origin[axis] * viewport.scale[axis] / sides[axis]).floor().max(0.0) as usize;
        let end = ((viewport.origin[axis] * viewport.scale[axis] + f64::from(pixels)) / sides[axis]).ceil().max(0.0) as usize;
        start.min(blocks)..end.min(blocks)
    };
    let columns = in_sight(0, image.width, view.block_columns());
    let mut scratch = Vec::new();
    let mut dead = vec![false; columns.len()];
    for block_row in in_sight(1, image.height, view.block_rows()) {
        if options.token.is_some_and(crate::jobs::Token::is_cancelled) {
            return;
        }
        match options.scales {
            Some(scales) => dead.iter_mut().zip(columns.clone()).for_each(|(dead, column)| *dead = scales.at(block_row, column) == 0.0),
            None => field.dead(block_row, columns.start, &mut dead, &mut scratch),
        }
        for (column, _) in columns.clone().zip(&dead).filter(|(_, dead)| **dead) {
            if view.offset(block_row * height, column * width).is_some() {
                stroke(image, viewport, [column as f64 * sides[0], block_row as f64 * sides[1]], sides);
            }
        }
    }
}

/// Diagonal strokes over a block that begins at a place of the whole picture, in pixels.
fn stroke(image: &mut Image, viewport: &Viewport, corner: [f64; 2], sides: [f64; 2]) {
    let shift = [0, 1].map(|axis| (viewport.origin[axis] * viewport.scale[axis]).round() as i64);
    let range = |axis: usize, size: u32| {
        let from = ((corner[axis] - viewport.origin[axis] * viewport.scale[axis]).round() as i64 + 1).max(0);
        let to = ((corner[axis] + sides[axis] - viewport.origin[axis] * viewport.scale[axis]).round() as i64 - 1).min(i64::from(size));
        from..to
    };
    let (columns, rows) = (range(0, image.width), range(1, image.height));
    for y in rows {
        for x in columns.clone().filter(|x| (x + shift[0] + y + shift[1]).rem_euclid(STEP) == 0) {
            let start = (y as usize * image.width as usize + x as usize) * 4;
            if let Some([red, green, blue, _]) = image.pixels.get_mut(start..start + 4) {
                let colour = [*red, *green, *blue];
                [*red, *green, *blue] = blend(colour, if luminance(colour) > 0.18 { [0; 3] } else { [255; 3] }, 130);
            }
        }
    }
}
