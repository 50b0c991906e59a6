//! Indices beside the picture, as many as there is room for.

use egui::{Align2, Rect, pos2, vec2};

use crate::gui::theme::{self, Tokens};
use crate::render::Viewport;
use crate::render::figure::corner;
use crate::view::{Place, Span, View};

/// Room for the indices above and, at least, to the left of the picture.
const TOP: f32 = 22.0;
const LEFT: f32 = 44.0;
/// From the picture to the indices beside it.
const GAP: f32 = 8.0;
/// Room above the indices for the names of marked columns.
const NAMES_ABOVE: f32 = 18.0;

/// The room that indices and the names of marked ranges take: to the left, above.
pub fn margins(ui: &egui::Ui, view: &View) -> egui::Vec2 {
    let width = |name: &str| ui.painter().layout_no_wrap(name.to_owned(), theme::small_font(), Tokens::of(ui).dim).size().x;
    let names = view.row_spans().iter().map(|span| width(&span.name)).fold(0.0, f32::max);
    let names = if names > 0.0 { names + 14.0 } else { 0.0 };
    vec2(left(ui, view) + names, TOP + if view.column_spans().is_empty() { 0.0 } else { NAMES_ABOVE })
}

/// The axes' names stand once, in the corner; the indices are bare numbers.
fn axis_names(ui: &egui::Ui, view: &View) -> std::sync::Arc<egui::Galley> {
    let text = corner(view, view.block_rows() > 1, view.block_columns() > 1);
    ui.painter().layout_no_wrap(text, theme::small_font(), Tokens::of(ui).text)
}

/// The room of the indices to the left of the picture, which the corner shares.
fn left(ui: &egui::Ui, view: &View) -> f32 {
    LEFT.max((axis_names(ui, view).size().x + GAP + 8.0).ceil())
}

/// Paints the indices of blocks (or of cells, in a matrix) along the visible part of the picture.
pub fn show(ui: &egui::Ui, picture: Rect, view: &View, viewport: &Viewport, pixels_per_point: f32) {
    let (cell_rows, cell_columns) = view.block_size();
    let across = Axis {
        count: view.block_columns(),
        cells: cell_columns,
        origin: viewport.origin[0],
        scale: viewport.scale[0] / f64::from(pixels_per_point),
        start: picture.left(),
        end: picture.right(),
    };
    let down = Axis {
        count: view.block_rows(),
        cells: cell_rows,
        origin: viewport.origin[1],
        scale: viewport.scale[1] / f64::from(pixels_per_point),
        start: picture.top(),
        end: picture.bottom(),
    };
    let tokens = Tokens::of(ui);
    let font = theme::small_number_font();
    let wrap = view.wrap().unwrap_or(1);
    let is_wrapped = view.wrap().is_some();
    let top_edge = (picture.top() - f64::from(down.shift()) as f32).max(picture.top());
    let left_edge = (picture.left() - f64::from(across.shift()) as f32).max(picture.left());
    // A wrapped sequence has indices at its rows only: the first one of each.
    let number = |index: usize| ui.painter().layout_no_wrap(index.to_string(), font.clone(), tokens.dim);
    let room = if is_wrapped { f32::INFINITY } else { number(across.count.saturating_sub(1)).size().x + 12.0 };
    let baseline = top_edge - 6.0;
    across.each(room, |index, x| {
        let galley = number(view.index_at(Place::Columns, index));
        let at = pos2(x - galley.size().x / 2.0, baseline - galley.size().y);
        // One at the edge of a part of the picture leaves the corner to the axes' names.
        if at.x >= left_edge - GAP / 2.0 {
            ui.painter().galley(at, galley, tokens.dim);
        }
    });
    let galley = axis_names(ui, view);
    let at = pos2(left_edge - GAP, baseline) - galley.size();
    ui.painter().galley(at, galley, tokens.text);
    names(ui, view, [&across, &down], vec2(left_edge - left(ui, view), top_edge - TOP));
    down.each(16.0, |index, y| {
        ui.painter().text(
            pos2(left_edge - GAP, y),
            Align2::RIGHT_CENTER,
            view.index_at(Place::Rows, index * wrap).to_string(),
            font.clone(),
            tokens.dim,
        );
    });
}

/// The names of marked ranges, each beside a stroke along its range, outside of the indices. `edges`:
/// where they begin, to the left and above.
fn names(ui: &egui::Ui, view: &View, [across, down]: [&Axis; 2], edges: egui::Vec2) {
    let tokens = Tokens::of(ui);
    let name = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::small_font(), tokens.dim);
    for span in view.row_spans() {
        let galley = name(&span.name);
        let Some((top, bottom)) = down.visible(&span).filter(|(top, bottom)| bottom - top >= galley.size().y) else { continue };
        ui.painter().vline(edges.x - 4.0, top + 1.5..=bottom - 1.5, egui::Stroke::new(2.0, tokens.faint));
        ui.painter().galley(pos2(edges.x - 10.0 - galley.size().x, f32::midpoint(top, bottom) - galley.size().y / 2.0), galley, tokens.dim);
    }
    for span in view.column_spans() {
        let galley = name(&span.name);
        let Some((left, right)) = across.visible(&span).filter(|(left, right)| right - left >= galley.size().x + 8.0) else { continue };
        ui.painter().hline(left + 1.5..=right - 1.5, edges.y + 2.0, egui::Stroke::new(2.0, tokens.faint));
        ui.painter().galley(pos2(f32::midpoint(left, right) - galley.size().x / 2.0, edges.y - 2.0 - galley.size().y), galley, tokens.dim);
    }
}

struct Axis {
    /// Blocks along the axis.
    count: usize,
    /// Cells a block.
    cells: usize,
    /// The cell at `start`.
    origin: f64,
    /// Points a cell.
    scale: f64,
    start: f32,
    end: f32,
}

impl Axis {
    /// How far the picture's beginning lies before the edge of the panel, in points (below 0: after).
    fn shift(&self) -> f32 {
        (self.origin * self.scale) as f32
    }

    /// The part of a marked range that is in sight, in points.
    fn visible(&self, span: &Span) -> Option<(f32, f32)> {
        let place = |cell: usize| f64::from(self.start) + (cell as f64 - self.origin) * self.scale;
        let limits = (f64::from(self.start), f64::from(self.end));
        let (start, end) = (place(span.cells.start).max(limits.0), place(span.cells.end).min(limits.1));
        (start < end).then_some((start as f32, end as f32))
    }

    /// Calls `draw` for the visible blocks, thinned so that labels are `room` points apart.
    fn each(&self, room: f32, mut draw: impl FnMut(usize, f32)) {
        let block = self.cells as f64 * self.scale;
        if self.count == 0 || block <= 0.0 || room.is_infinite() {
            return;
        }
        let step = nice_step((f64::from(room) / block).ceil().max(1.0) as usize);
        let first = ((self.origin / self.cells as f64).floor().max(0.0) as usize).next_multiple_of(step);
        for index in (first..self.count).step_by(step) {
            let middle = f64::from(self.start) + ((index as f64 + 0.5) * self.cells as f64 - self.origin) * self.scale;
            if middle > f64::from(self.end) {
                break;
            }
            if middle >= f64::from(self.start) {
                draw(index, middle as f32);
            }
        }
    }
}

/// 1, 2, 5, 10, 20, 50, ...: the first that is not below `at_least`.
fn nice_step(at_least: usize) -> usize {
    let mut decade = 1usize;
    loop {
        for factor in [1, 2, 5] {
            if decade.saturating_mul(factor) >= at_least {
                return decade.saturating_mul(factor);
            }
        }
        decade = decade.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_distance() {
        assert_eq!([1, 2, 3, 6, 11, 201].map(nice_step), [1, 2, 5, 10, 20, 500]);
        let axis = Axis { count: 100, cells: 3, origin: 30.0, scale: 2.0, start: 0.0, end: 60.0 };
        let mut seen = Vec::new();
        axis.each(20.0, |index, x| seen.push((index, x)));
        // Blocks of 6 points, a label every 5 blocks; block 10 is the first in sight.
        assert_eq!(seen, [(10, 3.0), (15, 33.0)]);
    }
}
