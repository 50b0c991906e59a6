//! Lines between the marked ranges of a view: between the gates of a recurrent kernel.

use super::heatmap::{GAP_SCALE, Viewport, WIDE_GAP_SCALE};
use super::{Image, Rgba};
use crate::colormap::Rgb;
use crate::view::{Span, View};

/// Pixels of a dot and of the room behind it, where lines are dotted.
const DOT: f64 = 3.0;

/// Draws a line where a marked range begins. Where cells are small it is dotted, so that it hides no
/// row or column altogether.
pub fn draw(view: &View, viewport: &Viewport, [red, green, blue]: Rgb, image: &mut Image) {
    let colour = [red, green, blue, 255];
    let least = viewport.scale[0].min(viewport.scale[1]);
    let (columns, rows) =
        (Direction::new(viewport, 0, view.columns(), image.width), Direction::new(viewport, 1, view.rows(), image.height));
    for (spans, across, along) in [(view.row_spans(), &rows, &columns), (view.column_spans(), &columns, &rows)] {
        for place in across.lines(&spans, least >= WIDE_GAP_SCALE) {
            for at in along.pixels().filter(|at| least >= GAP_SCALE || along.is_dot(*at)) {
                let (x, y) = if across.axis == 1 { (at, place) } else { (place, at) };
                set(image, x, y, colour);
            }
        }
    }
}

/// The cells of one direction as pixels.
struct Direction {
    /// 0 across, 1 down.
    axis: usize,
    origin: f64,
    scale: f64,
    cells: usize,
    /// Pixels of the image.
    size: u32,
}

impl Direction {
    fn new(viewport: &Viewport, axis: usize, cells: usize, size: u32) -> Self {
        Self { axis, origin: viewport.origin[axis], scale: viewport.scale[axis], cells, size }
    }

    /// The first pixel whose middle lies at or behind the edge before a cell.
    fn pixel(&self, cell: usize) -> f64 {
        ((cell as f64 - self.origin) * self.scale - 0.5).ceil()
    }

    /// The pixels in which the picture lies.
    fn pixels(&self) -> std::ops::Range<u32> {
        let inside = |pixel: f64| pixel.clamp(0.0, f64::from(self.size)) as u32;
        inside(self.pixel(0))..inside(self.pixel(self.cells))
    }

    /// The pixels of the lines; a wide one has a pixel on either side of the edge.
    fn lines(&self, spans: &[Span], is_wide: bool) -> Vec<u32> {
        let pixels = self.pixels();
        let edges = spans.iter().map(|span| span.cells.start).filter(|edge| (1..self.cells).contains(edge));
        let places = edges.flat_map(|edge| [self.pixel(edge) - f64::from(u8::from(is_wide)), self.pixel(edge)]);
        let places = places.filter(|place| (f64::from(pixels.start)..f64::from(pixels.end)).contains(place));
        places.map(|place| place as u32).collect()
    }

    /// Dots stay where they are when a picture is drawn in pieces.
    fn is_dot(&self, at: u32) -> bool {
        let place = f64::from(at) + (self.origin * self.scale).round();
        (place / DOT).floor().rem_euclid(2.0) == 0.0
    }
}

fn set(image: &mut Image, x: u32, y: u32, colour: Rgba) {
    let start = (y as usize * image.width as usize + x as usize) * 4;
    if let Some(pixel) = image.pixels.get_mut(start..start + 4).filter(|_| x < image.width) {
        pixel.copy_from_slice(&colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Mark;

    /// A 4 by 4 matrix with a mark from its row 2 on, and the pixels that the line takes: `#`.
    fn drawn(scale: f64, origin: f64, sides: (u32, u32)) -> Vec<String> {
        let mut view = View::default_for(&[4, 4], Some("OI"), 1.0);
        view.set_marks(vec![Mark { name: "gate".into(), axis: 0, indices: 2..4 }]);
        let viewport = Viewport { origin: [origin; 2], scale: [scale; 2], width: sides.0, height: sides.1 };
        let mut image = Image::filled(sides.0, sides.1, [0; 4]);
        draw(&view, &viewport, [1, 2, 3], &mut image);
        let symbol = |x, y| if image.pixel(x, y) == Some([1, 2, 3, 255]) { '#' } else { '.' };
        (0..sides.1).map(|y| (0..sides.0).map(|x| symbol(x, y)).collect()).collect()
    }

    #[test]
    fn a_line_before_the_range_and_dots_where_cells_are_small() {
        assert_eq!(drawn(1.0, 0.0, (8, 4)), ["........", "........", "###.....", "........"]);
        assert_eq!(drawn(1.0, -4.0, (8, 7)).iter().filter(|row| row.contains('#')).count(), 1);
        assert_eq!(drawn(3.0, 0.0, (14, 12))[6], "############..");
        assert_eq!(drawn(3.0, 0.0, (14, 12)).concat().matches('#').count(), 12);
        // Wide cells have a line of two pixels; one out of sight none.
        let wide = drawn(16.0, 0.0, (64, 64));
        assert_eq!(
            (wide[30].contains('#'), wide[31].contains('#'), wide[32].contains('#'), wide[33].contains('#')),
            (false, true, true, false)
        );
        assert!(!drawn(16.0, 2.5, (16, 16)).concat().contains('#'));
    }
}
