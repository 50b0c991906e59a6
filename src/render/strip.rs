//! The first kernels of a convolution side by side: a picture for a box in the graph.

use super::Image;
use crate::colormap::{Colours, Rgb};
use crate::values::Blocks;
use crate::view::View;

/// Draws as many kernels as fit into `room` (width, height in pixels), in rows from the left: of a
/// grid of kernels the first input channels of every output channel go below one another. `None`
/// where a single kernel does not fit.
pub fn kernel_strip(values: &dyn Blocks, view: &View, colours: &Colours, room: (u32, u32)) -> Option<Image> {
    const GAP: usize = 4;
    let (height, width) = view.block_size();
    if height == 0 || width == 0 {
        return None;
    }
    let (rows, columns) = (view.block_rows(), view.block_columns());
    // A grid of kernels stands on its side: input channels down, output channels along the strip.
    let is_turned = view.wrap().is_none();
    let (down, along) = if is_turned { (columns, rows) } else { (1, rows * columns) };
    let lines = down.clamp(1, 3);
    let room_for_line = (room.1 as usize + GAP) / lines;
    let scale = room_for_line.checked_sub(GAP)? / height;
    // One line only where several would be too small to see.
    let (lines, scale) = if scale < 4 && lines > 1 { (1, (room.1 as usize) / height) } else { (lines, scale) };
    let scale = scale.min(20).min(room.0 as usize / width);
    if scale == 0 {
        return None;
    }
    let shown = ((room.0 as usize + GAP) / (width * scale + GAP)).min(along).max(1);
    let image_width = shown * (width * scale + GAP) - GAP;
    let image_height = lines * (height * scale + GAP) - GAP;
    let lookup = colours.lookup();
    let mut image = Image::filled(image_width as u32, image_height as u32, [0, 0, 0, 0]);
    for line in 0..lines {
        for position in 0..shown {
            let (block_row, block_column) = if is_turned { (position, line) } else { (position / columns, position % columns) };
            for row in 0..height {
                for column in 0..width {
                    let Some(offset) = view.offset(block_row * height + row, block_column * width + column) else { continue };
                    let mut value = [0.0];
                    values.read(offset, &mut value);
                    let x = position * (width * scale + GAP) + column * scale;
                    let y = line * (height * scale + GAP) + row * scale;
                    fill(&mut image, x, y, scale, lookup.colour(value[0]));
                }
            }
        }
    }
    Some(image)
}

fn fill(image: &mut Image, x: usize, y: usize, side: usize, [red, green, blue]: Rgb) {
    let width = image.width as usize;
    for line in y..y + side {
        let start = (line * width + x) * 4;
        if let Some(pixels) = image.pixels.get_mut(start..start + side * 4) {
            pixels.as_chunks_mut::<4>().0.fill([red, green, blue, 255]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colormap::{Limits, Map, Norm};

    #[test]
    fn output_channels_run_along_the_strip() {
        // Two output channels, one input channel, kernels of 1 by 2.
        let values = [-1.0, 0.0, 1.0, -1.0];
        let view = View::default_for(&[2, 1, 2, 1], Some("OHWI"), 1.0);
        let colours = Colours { map: Map::default_for(true), limits: Limits::new(-1.0, 1.0), norm: Norm::Linear };
        let image = kernel_strip(&values, &view, &colours, (12, 2)).unwrap();
        assert_eq!((image.width(), image.height()), (12, 2));
        let colour = |value: f32| {
            let [red, green, blue] = colours.colour(value);
            Some([red, green, blue, 255])
        };
        let row: Vec<_> = (0..12).map(|x| image.pixel(x, 1)).collect();
        let clear = Some([0; 4]);
        assert_eq!(row[..4], [colour(-1.0), colour(-1.0), colour(0.0), colour(0.0)]);
        assert_eq!(row[4..8], [clear; 4]);
        assert_eq!(row[8..], [colour(1.0), colour(1.0), colour(-1.0), colour(-1.0)]);
        assert!(kernel_strip(&values, &view, &colours, (1, 1)).is_none());
        let empty = View::default_for(&[2, 1, 0, 1], Some("OHWI"), 1.0);
        assert!(kernel_strip(&[0.0; 0], &empty, &colours, (12, 2)).is_none());
    }
}
